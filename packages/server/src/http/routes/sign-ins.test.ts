import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestApp, type TestApp } from '../../../../../test/support/app.ts'

const password = 'a quiet long password'

async function plant(app: TestApp) {
  const system = await app.createSystem()
  const userId = await app.createUser(system, 'ada@example.com', password)
  const path = `/admin/v/4/system/${system.key}`
  const attempt = (secret: string) =>
    app.call('POST', '/api/v/1/user/auth', { system, body: { email: 'ada@example.com', password: secret } })
  const get = (rest: string) => app.call('GET', `${path}/${rest}`, { developer: app.developer })
  return { system, userId, path, attempt, get }
}

test('traces can be asked for from a moment on, and are counted by how they ended', async (t) => {
  const app = await createTestApp(t)
  const { attempt, get } = await plant(app)
  await attempt(password)
  app.advance(60 * 60 * 1000)
  await attempt('wrong')
  await attempt(password)
  const all = (await get('sign-ins')).body
  assert.equal(all.length, 3)
  const since = (await get(`sign-ins?since=${all[1].at}`)).body
  assert.deepEqual(
    since.map(({ id }: { id: string }) => id),
    all.slice(0, 2).map(({ id }: { id: string }) => id),
  )
  const counted = async (rest: string) => {
    const totals: Record<string, number> = {}
    for (const { decision, count } of (await get(`sign-ins/counts?${rest}`)).body.counts)
      totals[decision] = (totals[decision] ?? 0) + count
    return totals
  }
  assert.deepEqual(await counted('span=3600&spans=3'), { granted: 2, refused: 1 })
  assert.deepEqual(await counted('span=600&spans=2'), { granted: 1, refused: 1 })
  const { from, span, counts } = (await get('sign-ins/counts?span=3600&spans=3')).body
  assert.equal(span, 3_600_000)
  for (const { at } of counts) assert.equal((at - from) % span, 0)
  for (const bad of [
    'sign-ins?since=soon',
    'sign-ins/counts?span=0',
    'sign-ins/counts?span=1.5',
    'sign-ins/counts?spans=-1',
  ])
    assert.equal((await get(bad)).status, 400, bad)
})

test('the check looks at a service before it is set, and sets nothing', async (t) => {
  const app = await createTestApp(t)
  const { system, get } = await plant(app)
  await app.createService(system, 'gate', 'function gate(req, resp) { resp.error("no") }')
  assert.deepEqual((await get('auth-service/check')).body, { service: '', ok: true, findings: [] })
  const checks = async (name: string) =>
    (await get(`auth-service/check?service=${name}`)).body.findings.map(({ check }: { check: string }) => check)
  assert.deepEqual(await checks('gone'), ['service'])
  assert.deepEqual(await checks('gate'), ['anonymous'])
  assert.deepEqual(await checks(''), [])
  const { body } = await app.call('GET', `/admin/v/4/systemmanagement?id=${system.key}`, { developer: app.developer })
  assert.equal(body.auth_service, '')
})

test('an account that waits is listed, and can be let in at once by a developer of its system alone', async (t) => {
  const app = await createTestApp(t)
  const { userId, path, attempt, get } = await plant(app)
  assert.deepEqual((await get('accounts?waiting=true')).body, [])
  for (let wrong = 0; wrong < 9; wrong += 1) {
    app.advance(60_000)
    await attempt('wrong')
  }
  const waiting = (await get('accounts?waiting=true')).body
  assert.deepEqual(
    waiting.map(({ user_id, email }: Record<string, string>) => [user_id, email]),
    [[userId, 'ada@example.com']],
  )
  assert.equal((await attempt(password)).body.user_token ?? '', '')
  const asked = (await get(`accounts?user=${userId}&user=nobody`)).body
  assert.deepEqual(
    asked.map((one: Record<string, unknown>) => [one.user_id, one.failed_sign_ins, one.disabled]),
    [[userId, 9, false]],
  )
  const unlock = (developer: string | undefined, user: unknown) =>
    app.call('POST', `${path}/accounts/unlock`, { ...(developer !== undefined && { developer }), body: { user } })
  assert.equal((await unlock(undefined, userId)).status, 401)
  assert.notEqual((await unlock(app.developer, 'nobody')).status, 200)
  assert.equal((await get('accounts?waiting=true')).body.length, 1)
  assert.equal((await unlock(app.developer, userId)).status, 200)
  assert.deepEqual((await get('accounts?waiting=true')).body, [])
  assert.notEqual((await attempt(password)).body.user_token, '')
})

test('settings are not saved over what somebody else saved meanwhile', async (t) => {
  const app = await createTestApp(t)
  const { system } = await plant(app)
  const put = (body: object) =>
    app.call('PUT', '/admin/v/4/systemmanagement', { developer: app.developer, body: { id: system.key, ...body } })
  const read = async () =>
    (await app.call('GET', `/admin/v/4/systemmanagement?id=${system.key}`, { developer: app.developer })).body
  assert.equal((await put({ auth_service: 'theirs' })).status, 200)
  const refused = await put({ auth_service: 'mine', name: 'renamed', if_unchanged: { auth_service: '' } })
  assert.equal(refused.status, 400)
  assert.equal(refused.body.error.code, 314)
  assert.match(refused.body.error.detail, /auth_service/)
  const { auth_service, name } = await read()
  assert.deepEqual([auth_service, name], ['theirs', 'plant'])
  for (const bad of ['', [], 1]) assert.equal((await put({ name: 'x', if_unchanged: bad })).status, 400)
  assert.equal((await put({ name: 'x', if_unchanged: { no_such_setting: 1 } })).status, 400)
  const expected = { auth_service: 'theirs', message_providers: [], name: 'plant' }
  assert.equal((await put({ auth_service: 'mine', if_unchanged: expected })).status, 200)
  assert.equal((await read()).auth_service, 'mine')
})
