import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { secondFactorService, secondFactorSystem } from '../../server/src/domain/auth/second-factor.fixture.ts'
import { signedIn } from './command.fixture.ts'

const email = 'op@example.com'
const password = 'the plant is quiet'

test('auth replay shows what would flip and what is unknown, and ends with 2 where there is any', async (t) => {
  const { app, person } = await signedIn(t)
  const system = await secondFactorSystem(app)
  await app.createUser(system, email, password, { sms_phone: '+1 415 555 0123' })
  const none = await person.run(['auth', 'replay'])
  assert.equal(none.code, 0)
  assert.match(none.stderr, /system set --record-sign-ins 100/)
  const set = await person.run(['system', 'set', '--record-sign-ins', '50'])
  assert.equal(set.code, 0, set.stderr)
  assert.match((await person.run(['auth', 'recorded'])).stderr, /No sign-in is recorded yet/)
  await app.call('POST', '/api/v/1/user/auth', { system, body: { email, password } })
  await app.call('POST', '/api/v/1/user/auth', { system, body: { email, password: 'the plant is loud' } })
  await app.app.settled()

  const recorded = await person.run(['auth', 'recorded', '--limit', '10'])
  assert.match(
    recorded.stdout,
    /^AT +SERVICE +VERSION +DECISION +WHY +ID\n\S+ +secondFactor +1 +refused .*\n\S+ +secondFactor +1 +more /,
  )
  const same = await person.run(['auth', 'replay'])
  assert.deepEqual(
    [same.code, same.stdout],
    [0, 'secondFactor, version 1: of 2 sign-ins 2 the same, 0 would flip, 0 unknown.\n'],
  )

  const file = join(person.home, 'careless.js')
  const by = (from: string, to: string) => writeFileSync(file, secondFactorService.replace(from, to))
  by('signin.challenge({', "return resp.success({ authToken: body.authToken, user_id: '' })\n signin.challenge({")
  const flips = await person.run(['auth', 'replay', '--code', 'careless.js', '--last', '10'])
  assert.equal(flips.code, 2)
  assert.match(
    flips.stdout,
    /^secondFactor, code that is not saved: of 2 sign-ins 1 the same, 1 would flip, 0 unknown\.\n/,
  )
  assert.match(
    flips.stdout,
    /\n\nWould flip\nAT +WAS +WOULD BE +WHY +ID\n\S+ +more +granted \(password\) +the service returned a proof/,
  )
  by("'Your code is {code}'", "'Code: {code}'")
  const unknown = await person.run(['auth', 'replay', '--code', 'careless.js'])
  assert.equal(unknown.code, 2)
  assert.match(
    unknown.stdout,
    /\n\nUnknown\n.*\n\S+ +more +unknown +It asks auth\.challenge, which the record does not have\./,
  )

  assert.deepEqual(await person.json(['auth', 'recorded', '--forget']), { forgotten: 2 })
  await person.run(['system', 'set', '--record-sign-ins', '0'])
  const { body } = await app.call('GET', '/admin/v/4/systemmanagement', {
    developer: app.developer,
    query: { id: system.key },
  })
  assert.equal(body.record_sign_ins, null)
  const wrong = await person.run(['auth', 'replay', '--version', '1', '--code', 'careless.js'])
  assert.deepEqual([wrong.code, wrong.stdout], [1, ''])
})
