/** The examples of docs/services.md, exactly as they stand there, saved and run on a node. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { createTestApp, type TestApp } from './support/app.ts'

type Example = { name: string; library: boolean; auth: boolean; modern: boolean; requires: string; code: string }

const text = readFileSync(new URL('../docs/services.md', import.meta.url), 'utf8')
const examples: Example[] = [...text.matchAll(/<!-- example: (\w+)([^>]*?) ?-->\n```js\n([\s\S]*?)```/g)].map(
  (match) => {
    const words = match[2]!.trim().split(/\s+/)
    return {
      name: match[1]!,
      library: words.includes('library'),
      auth: words.includes('auth'),
      modern: words.includes('modern'),
      requires: words.includes('requires') ? words[words.indexOf('requires') + 1]! : '',
      code: match[3]!,
    }
  },
)

const email = 'op@example.com'
const password = 'the plant is quiet'

let app: TestApp
const ends: (() => unknown)[] = []
after(async () => {
  for (const end of ends) await end()
})
let system: { key: string; secret: string }
let userId: string

before(async () => {
  app = await createTestApp({ after: (end: () => unknown) => ends.push(end) })
  system = await app.createSystem()
  await app.call('POST', `/admin/user/${system.key}/columns`, {
    developer: app.developer,
    body: { column_name: 'sms_phone', type: 'string' },
  })
  userId = await app.createUser(system, email, password, { sms_phone: '+1 415 555 0123' })
  const runAs = await app.createUser(system, 'runner@example.com', 'runs the services')
  await app.createCollection(system, 'readings', { sensor: 'string', value: 'double' })
  await app.createCollection(system, 'badges', { number: 'string', user_id: 'string' })
  const everything = { allcollections: { permissions: 15 }, users: { permissions: 1 } }
  await app.grant(system, 'Administrator', everything)
  const roles = { add: ['Administrator'] }
  await app.call('PUT', `/admin/user/${system.key}`, {
    developer: app.developer,
    body: { user: runAs, changes: { roles } },
  })
  for (const { name, library, auth, modern, requires, code } of examples) {
    if (library) await app.createLibrary(system, name, code)
    else {
      const ownUrl = `var ownUrl = ${JSON.stringify(app.app.means.publicUrl())}\n`
      await app.createService(system, name, name === 'whoAmI' ? ownUrl + code : code, {
        requires: requires === '' && auth ? 'clearblade' : requires,
        executableBy: auth ? ['Anonymous'] : [],
        fields: { engine_type: modern ? 1 : 0 },
        ...(auth && { runAs }),
      })
    }
  }
})

const run = async (name: string, params: unknown) => {
  const answer = await app.run(system, name, params, { developer: app.developer })
  assert.equal(answer.body.success, true, answer.text)
  return answer.body.results
}

const auth = async (service: string, body: unknown) => {
  await app.set(system, { auth_service: service })
  return app.call('POST', '/api/v/1/user/auth', { system, body })
}

test('every example is tried here', () => {
  const tried = 'greet clock page units convert addReading highest dayShift twoSteps fromThePlant badge whoAmI'.split(
    ' ',
  )
  assert.deepEqual(
    examples.map((example) => example.name),
    tried,
  )
})

test('a service answers from its entry function, or while it loads', async () => {
  assert.equal(await run('greet', { name: 'Jo' }), 'Good day, Jo')
  assert.equal(typeof (await run('clock', {})).hour, 'number')
})

test('resp.send answers a page of its own', async () => {
  const page = await app.run(system, 'page', {}, { developer: app.developer })
  assert.equal(page.status, 201)
  assert.equal(page.text, 'name,count\nbolts,7\n')
})

test('a library offers what it declares', async () => {
  assert.equal(await run('convert', { fahrenheit: 212 }), 100)
})

test('rows are written and read, in the blocking and in the modern way', async () => {
  assert.deepEqual(await run('addReading', { sensor: 's1', value: 7 }), [7])
  assert.deepEqual(await run('addReading', { sensor: 's1', value: 9 }), [9, 7])
  assert.equal(await run('highest', { sensor: 's1' }), 9)
})

test('an auth service adds its options', async () => {
  const answer = await auth('dayShift', { email, password })
  assert.equal(answer.body.user_id, userId, answer.text)
  assert.deepEqual(answer.body.options, { shift: 'day' })
})

test('a badge signs its holder in', async () => {
  const body = { number: '17', user_id: userId }
  await app.call('POST', `/api/v/1/collection/${system.key}/badges`, { developer: app.developer, body })
  assert.equal((await auth('badge', { badge: '17' })).body.user_id, userId)
  assert.equal((await auth('badge', { badge: '18' })).body.user_token, '')
})

test('two steps end in a session; another code, and a code used twice, do not', async () => {
  const first = await auth('twoSteps', { email, password })
  const { ticket, to } = first.body.options
  assert.equal(to, '+1 ••• 0123', first.text)
  const inbox = await app.call('GET', `/admin/v/4/system/${system.key}/inbox`, { developer: app.developer })
  const code = /^Your code is (\d{6})$/.exec(inbox.body.at(-1).body)![1]!
  const wrong = code === '000000' ? '111111' : '000000'
  assert.equal((await auth('twoSteps', { ticket, code: wrong })).body.user_token, '')
  const second = await auth('twoSteps', { ticket, code })
  assert.equal(second.body.user_id, userId, second.text)
  assert.deepEqual(second.body.options, { factor: 'phone' })
  assert.equal((await auth('twoSteps', { ticket, code })).body.user_token, '')
  assert.match((await auth('twoSteps', { email, password: 'wrong' })).body.options.message, /e-mail or the password/)
})

test('an auth service sees where a sign-in comes from, and when the last one was', async () => {
  const body = { email, password, position: { latitude: 52.5, longitude: 200 } }
  const first = await auth('fromThePlant', body)
  assert.equal(first.body.user_id, userId, first.text)
  const { body: again } = await auth('fromThePlant', body)
  assert.equal(again.options.last.address, '127.0.0.1')
  assert.equal(again.options.last.factors, 'password')
})

test('a service asks its own node with the token of its run', async () => {
  await app.set(system, { auth_service: '' })
  const token = await app.signIn(system, email, password)
  await app.grant(system, 'Authenticated', { services: [{ itemInfo: { name: 'whoAmI' }, permissions: 1 }] })
  const answer = await app.run(system, 'whoAmI', {}, { token })
  assert.equal(answer.body.results, email, answer.text)
})
