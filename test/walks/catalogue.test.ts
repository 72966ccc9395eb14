/** A package from the node's own catalogue, installed by its address, set up as its README says, and used. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestApp } from '../support/app.ts'

test('shift-sign-in is installed by its address and lets operators in during their shift alone', async (t) => {
  const app = await createTestApp(t)
  const asDeveloper = { developer: app.developer }
  const url = `${app.app.means.publicUrl()}/packages/shift-sign-in`
  const fetched = await app.call('POST', '/admin/v/4/packages/fetch', { ...asDeveloper, body: { url } })
  assert.equal(fetched.status, 200, fetched.text)
  assert.deepEqual(fetched.body.review.anonymous, ['shiftSignIn'])
  const systems = await app.call('GET', '/admin/allsystems', asDeveloper)
  assert.deepEqual(systems.body, [], 'fetching changes nothing')

  const installed = await app.call('POST', '/admin/v/4/packages/install', {
    ...asDeveloper,
    body: { url, name: 'shifts' },
  })
  assert.equal(installed.status, 200, installed.text)
  const { system } = installed.body
  const hour = new Date().getUTCHours()
  const password = 'the plant is quiet'
  await app.createUser(system, 'now@example.com', password, { shift_from: hour, shift_to: (hour + 2) % 24 })
  await app.createUser(system, 'later@example.com', password, {
    shift_from: (hour + 12) % 24,
    shift_to: (hour + 14) % 24,
  })
  await app.set(system, { auth_service: 'shiftSignIn' })

  const signIn = (email: string) => app.call('POST', '/api/v/1/user/auth', { system, body: { email, password } })
  const inside = await signIn('now@example.com')
  assert.ok(inside.body.user_token, inside.text)
  assert.match(inside.body.options.shift, /^\d+-\d+$/)
  const outside = await signIn('later@example.com')
  assert.equal(outside.body.user_token, '')
  assert.match(outside.body.options.reason, /^Your shift is from/)
  const rows = await app.call('GET', `/api/v/1/collection/${system.key}/ShiftSignIns`, asDeveloper)
  assert.deepEqual(
    rows.body.DATA.map((row: any) => [row.email, row.decision]),
    [
      ['now@example.com', 'let in'],
      ['later@example.com', 'outside the shift'],
    ],
  )
})
