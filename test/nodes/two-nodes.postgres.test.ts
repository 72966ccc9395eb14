/** Two nodes on one PostgreSQL: what is changed through one holds on the other for its next request. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { before, test } from 'node:test'
import { invite } from '../../packages/server/src/domain/accounts/developers.ts'
import { SoftwarePasskey } from '../../packages/server/src/domain/accounts/software-passkey.fixture.ts'
import { createTestApp, developerEmail, developerPassword, type TestApp } from '../support/app.ts'

before(() => {
  // Also where this file is run by itself.
  process.env.GATEHOUSE_TEST_DATABASE = 'postgres'
})

const email = 'op@example.com'
const password = 'the plant is quiet'
const service = (name: string): string =>
  readFileSync(new URL(`../services/${name}.service.js`, import.meta.url), 'utf8')

type System = { key: string; secret: string }
type Pair = { a: TestApp; b: TestApp; system: System; userId: string }

/** Both nodes up, and both have served this system already, so that whatever they keep of it is kept. */
async function pair(t: Parameters<typeof createTestApp>[0]): Promise<Pair> {
  const a = await createTestApp(t)
  const b = await createTestApp(t, { beside: a })
  const system = await a.createSystem()
  const userId = await a.createUser(system, email, password)
  await a.createService(system, 'which', 'function which(req, resp) { resp.success("first") }', {
    executableBy: ['Authenticated'],
  })
  for (const node of [a, b]) {
    const token = await node.signIn(system, email, password)
    assert.equal((await node.run(system, 'which', {}, { token })).body.results, 'first')
  }
  return { a, b, system, userId }
}

const auth = (node: TestApp, system: System, body: unknown = { email, password }) =>
  node.call('POST', '/api/v/1/user/auth', { system, body })

const check = async (node: TestApp, system: System, token: string): Promise<number> =>
  (await node.call('POST', '/api/v/1/user/checkauth', { system, token })).status

const manage = async ({ a, system, userId }: Pair, changes: Record<string, unknown>) => {
  const answer = await a.call('PUT', `/admin/user/${system.key}`, {
    developer: a.developer,
    body: { user: userId, changes },
  })
  assert.equal(answer.status, 200, answer.text)
}

test('an auth service set, changed or cleared on one node decides the next sign-in on the other', async (t) => {
  const { a, b, system, userId } = await pair(t)
  await a.createService(system, 'decide', 'resp.error({options: {says: "closed"}})', { executableBy: ['Anonymous'] })
  const before = await b.signIn(system, email, password)
  await a.set(system, { auth_service: 'decide' })
  assert.notEqual(await check(b, system, before), 200, 'sessions it did not grant are over on both')
  assert.deepEqual((await auth(b, system)).body, { user_token: '', user_id: '', options: { says: 'closed' } })

  const code = service('init-in-function').replaceAll('authOverride', 'decide')
  const changed = await a.call('PUT', `/admin/code/v/1/${system.key}/decide`, {
    developer: a.developer,
    body: { code },
  })
  assert.equal(changed.status, 200, changed.text)
  assert.equal((await auth(b, system)).body.user_id, userId)

  await a.grant(system, 'Anonymous', { services: [{ itemInfo: { name: 'decide' }, permissions: 0 }] })
  assert.equal((await auth(b, system)).status, 401, 'nor may it be executed on the other node any more')

  await a.set(system, { auth_service: '' })
  assert.equal((await auth(b, system)).body.user_id, userId)
})

test('new code, an older version made current, and a changed library run on the other node at once', async (t) => {
  const { a, b, system } = await pair(t)
  const developer = a.developer
  const answer = async () => (await b.run(system, 'which', {}, { developer: b.developer })).body.results
  const put = async (path: string, body: unknown) => {
    const { status, text } = await a.call('PUT', path, { developer, body })
    assert.equal(status, 200, text)
  }
  await put(`/admin/code/v/1/${system.key}/which`, { code: 'function which(req, resp) { resp.success("second") }' })
  assert.equal(await answer(), 'second')
  await put(`/codeadmin/v/2/history/service/${system.key}/which/1`, {})
  assert.equal(await answer(), 'first')

  await a.createLibrary(system, 'words', 'function word() { return "old" }')
  const code = 'function which(req, resp) { resp.success(word()) }'
  await put(`/admin/code/v/1/${system.key}/which`, { code, dependencies: 'words' })
  assert.equal(await answer(), 'old')
  await put(`/codeadmin/v/2/library/${system.key}/words`, { code: 'function word() { return "new" }' })
  assert.equal(await answer(), 'new')
  await a.call('DELETE', `/admin/code/v/1/${system.key}/which`, { developer })
  const gone = await b.run(system, 'which', {}, { developer: b.developer })
  assert.equal(gone.body.error.code, 419, gone.text)
})

test('a right, a membership or a role taken away on one node is gone on the other', async (t) => {
  const both = await pair(t)
  const { a, b, system, userId } = both
  const token = await b.signIn(system, email, password)
  const run = async () => (await b.run(system, 'which', {}, { token })).status
  const level = (permissions: number) => ({ services: [{ itemInfo: { name: 'which' }, permissions }] })
  assert.equal(await run(), 200)
  await a.grant(system, 'Authenticated', level(0))
  assert.equal(await run(), 403)
  await a.call('POST', `/admin/user/${system.key}/roles`, { developer: a.developer, body: { name: 'Night' } })
  await a.grant(system, 'Night', level(1))
  assert.equal(await run(), 403)
  await manage(both, { roles: { add: ['Night'] } })
  assert.equal(await run(), 200)
  await manage(both, { roles: { delete: ['Night'] } })
  assert.equal(await run(), 403)
  await manage(both, { roles: { add: ['Night'] } })
  assert.equal(await run(), 200)
  const gone = await a.call('DELETE', `/admin/user/${system.key}/roles`, {
    developer: a.developer,
    query: { role: 'Night' },
  })
  assert.equal(gone.status, 200, gone.text)
  assert.equal(await run(), 403)
  assert.equal(await check(b, system, token), 200, `the session of ${userId} itself stands`)
})

test('a session ended on one node is over on the other, whoever ended it and why', async (t) => {
  const both = await pair(t)
  const { a, b, system, userId } = both
  const ends: [string, (token: string) => Promise<unknown>][] = [
    ['signed out', (token) => a.call('POST', '/api/v/1/user/logout', { token, system })],
    [
      'ended by the developer',
      () => a.call('DELETE', `/admin/v/4/session/${system.key}/user`, { developer: a.developer }),
    ],
    ['new password', () => manage(both, { password })],
    ['switched off', () => manage(both, { disabled: true })],
    [
      'deleted',
      () => a.call('DELETE', `/admin/user/${system.key}`, { developer: a.developer, query: { user: userId } }),
    ],
  ]
  for (const [why, end] of ends) {
    const token = await b.signIn(system, email, password)
    assert.equal(await check(b, system, token), 200)
    await end(token)
    assert.notEqual(await check(b, system, token), 200, why)
    assert.equal((await b.call('GET', '/api/v/1/user/info', { token })).status, 401, why)
    if (why === 'switched off') {
      assert.equal((await auth(b, system)).status, 401)
      await manage(both, { disabled: false })
    }
  }
  assert.equal((await auth(b, system)).status, 401, 'and the deleted user stays out')

  const { body } = await b.call('POST', '/admin/auth', { body: { email: developerEmail, password: developerPassword } })
  await a.call('POST', '/admin/logout', { developer: body.dev_token })
  assert.equal((await b.call('POST', '/admin/checkauth', { developer: body.dev_token })).status, 401)
})

test('a new secret, a new column and a deleted collection hold on both', async (t) => {
  const { a, b, system } = await pair(t)
  const developer = a.developer
  const id = await a.createCollection(system, 'Things', { n: 'int' })
  const insert = (row: unknown) => b.call('POST', `/api/v/1/data/${id}`, { developer: b.developer, body: row })
  assert.equal((await insert({ n: 1 })).status, 200)
  await a.call('PUT', '/admin/collectionmanagement', { developer, body: { id, addColumn: { name: 'm', type: 'int' } } })
  assert.equal((await insert({ n: 1, m: 2 })).status, 200)
  await a.call('PUT', '/admin/collectionmanagement', { developer, body: { id, deleteColumn: 'm' } })
  const stale = await insert({ n: 1, m: 2 })
  assert.ok(stale.status >= 400 && stale.status < 500, stale.text)
  await a.call('DELETE', '/admin/collectionmanagement', { developer, query: { id } })
  const gone = await insert({ n: 1 })
  assert.ok(gone.status >= 400 && gone.status < 500, gone.text)

  const renewed = await a.call('PUT', '/admin/regensystemsecret', {
    developer,
    body: { system_key: system.key, id: system.key },
  })
  assert.equal(renewed.status, 200, renewed.text)
  assert.notEqual((await auth(b, system)).status, 200, 'the old secret opens nothing')
})

test('a proof redeemed on both nodes at once opens one session', async (t) => {
  const { a, b, system } = await pair(t)
  await a.createService(system, 'authOverride', service('two-calls-in-memory'), { executableBy: ['Anonymous'] })
  await a.set(system, { auth_service: 'authOverride' })
  for (let round = 0; round < 3; round++) {
    const { proof } = (await auth(a, system, { email, password, step: 1 })).body.options
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) => auth(index % 2 === 0 ? a : b, system, { proof, step: 2 })),
    )
    const opened = answers.filter((answer) => answer.body.user_token)
    assert.equal(opened.length, 1)
    assert.ok(answers.every((answer) => answer.status === 200 || answer.status === 401))
  }
  const sessions = await b.call('GET', `/admin/v/4/session/${system.key}/user`, { developer: b.developer })
  assert.equal(sessions.body.length, 3)
})

test('a refresh token used on both nodes at once opens at most one session, which the second use ends', async (t) => {
  const { a, b, system } = await pair(t)
  const developer = b.developer
  for (let round = 0; round < 6; round++) {
    const { refresh_token } = (await auth(a, system)).body
    const body = { grant_type: 'refresh_token', refresh_token }
    const answers = await Promise.all([a, b].map((node) => auth(node, system, body)))
    const opened = answers.filter((answer) => answer.status === 200)
    assert.equal(opened.length, 1, answers.map((answer) => answer.text).join('\n'))
    const { user_token: token, refresh_token: next } = opened[0]!.body
    assert.notEqual(await check(a, system, token), 200, 'one of the two stole it, so neither keeps a session')
    const again = await auth(b, system, { grant_type: 'refresh_token', refresh_token: next })
    assert.notEqual(again.status, 200, 'nor a way to another')
    await a.call('DELETE', `/admin/v/4/session/${system.key}/user`, { developer })
  }
})

test('an account switched off on one node while it signs in on the other ends without a session', async (t) => {
  const both = await pair(t)
  const { a, b, system } = both
  const developer = a.developer
  await a.call('DELETE', `/admin/v/4/session/${system.key}/user`, { developer })
  for (let round = 0; round < 5; round++) {
    const coming = [auth(b, system), auth(b, system), auth(b, system)]
    await manage(both, { disabled: true })
    await Promise.all(coming)
    const { body } = await b.call('GET', `/admin/v/4/session/${system.key}/user`, { developer })
    assert.deepEqual(body, [], 'nobody is in with an account that is switched off')
    await manage(both, { disabled: false })
  }
})

test('an auth service set on one node while somebody signs in or refreshes on the other leaves no session it did not grant', async (t) => {
  const { a, b, system } = await pair(t)
  await a.createService(system, 'closed', 'resp.error("closed")', { executableBy: ['Anonymous'] })
  const list = `/admin/v/4/session/${system.key}/user`
  for (let round = 0; round < 6; round++) {
    const refreshable = await Promise.all([auth(a, system), auth(b, system)])
    const coming = [
      auth(b, system),
      auth(a, system),
      ...refreshable.map(({ body: { refresh_token } }) =>
        auth(b, system, { grant_type: 'refresh_token', refresh_token }),
      ),
    ]
    const setting = a.set(system, { auth_service: 'closed' })
    await Promise.all([...coming, setting])
    const { body } = await b.call('GET', list, { developer: b.developer })
    assert.deepEqual(body, [], `round ${round}`)
    await a.set(system, { auth_service: '' })
  }
})

test('wrong passwords are counted over both nodes', async (t) => {
  const { a, b, system } = await pair(t)
  for (let attempt = 0; attempt < 6; attempt++) {
    await auth(attempt % 2 === 0 ? a : b, system, { email, password: `wrong ${attempt}` })
  }
  for (const node of [a, b]) {
    const answer = await auth(node, system)
    assert.equal(answer.status, 429, answer.text)
    assert.ok(Number(answer.headers['retry-after']) >= 1)
  }
})

test('of two registrations with one invitation, at once on both nodes, one makes a developer', async (t) => {
  const { a, b } = await pair(t)
  const { key } = await invite(a.app.means, { ...a.app.means, by: 'operator' }, 'developer')
  const answers = await Promise.all(
    [a, b, a, b].map((node, index) =>
      node.call('POST', '/admin/reg', {
        body: { email: `new${index}@example.com`, password: 'a long enough password', key },
      }),
    ),
  )
  assert.equal(answers.filter((answer) => answer.status === 200).length, 1, answers.map((one) => one.text).join('\n'))
})

test('of fifty right answers to a challenge on both nodes at once one lets in, and wrong ones on both are counted together', async (t) => {
  const { a, b, system, userId } = await pair(t)
  const column = { column_name: 'sms_phone', type: 'string' }
  await a.call('POST', `/admin/user/${system.key}/columns`, { developer: a.developer, body: column })
  await manage({ a, b, system, userId }, { sms_phone: '+1 415 555 0123' })
  const more = { requires: 'clearblade,signin', executableBy: ['Anonymous'] }
  await a.createService(system, 'secondFactor', service('second-factor'), more)
  await a.set(system, { auth_service: 'secondFactor' })
  const begin = async (node: TestApp) => (await auth(node, system)).body.options as { factor_id: string; code: string }
  const first = await begin(a)
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) => auth(index % 2 === 0 ? a : b, system, first)),
  )
  assert.equal(answers.filter(({ body }) => String(body.user_token).startsWith('ghu_')).length, 1)

  const second = await begin(b)
  const wrong = { ...second, code: second.code === '000000' ? '111111' : '000000' }
  await Promise.all(Array.from({ length: 8 }, (_, index) => auth(index % 2 === 0 ? a : b, system, wrong)))
  const path = `/admin/v/4/system/${system.key}/users/${userId}/authenticators`
  const { body } = await b.call('GET', path, { developer: a.developer })
  assert.equal(body[0].failures, 5, 'five tries of a code, and not one more')
  assert.equal((await auth(a, system, second)).body.user_token, '')
})

test('a passkey that is begun on one node is bound on the other, and of fifty right answers on both at once one lets in', async (t) => {
  const { a, b, system, userId } = await pair(t)
  const page = 'https://app.example.com'
  await a.set(system, { passkey_rp_id: 'example.com', passkey_origins: [page] })
  const more = { requires: 'clearblade,signin', executableBy: ['Anonymous'] }
  await a.createService(system, 'secondFactor', service('second-factor'), more)
  await a.set(system, { auth_service: 'secondFactor' })
  const path = `/admin/v/4/system/${system.key}/users/${userId}/enrolment`
  const { enrolment } = (await a.call('POST', path, { developer: a.developer })).body
  const own = (node: TestApp, what: string, body: Record<string, unknown>) =>
    node.call('POST', `/api/v/4/user/authenticators/${what}`, { system, body: { email, password, enrolment, ...body } })
  const passkey = new SoftwarePasskey({ signCount: 3 })
  const code = passkey.create((await own(a, 'enrol', { kind: 'passkey' })).body.passkey, page)
  const confirms = await Promise.all([a, b, a, b].map((node) => own(node, 'confirm', { code })))
  assert.equal(confirms.filter(({ status }) => status === 200).length, 1)
  for (const node of [a, b]) {
    const { factor_id, passkey: options } = (await auth(node, system)).body.options
    const right = { factor_id, code: passkey.get(options, page) }
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => auth(index % 2 === 0 ? a : b, system, right)),
    )
    assert.equal(answers.filter(({ body }) => String(body.user_token).startsWith('ghu_')).length, 1)
  }
})

test('once the end of a session was answered on one node, no request on the other is let in by it', async (t) => {
  const { a, b, system } = await pair(t)
  for (let round = 0; round < 4; round++) {
    const token = await b.signIn(system, email, password)
    let answered = false
    const late: number[] = []
    const hammer = async () => {
      while (!answered) await check(b, system, token)
      late.push(await check(b, system, token), (await b.call('GET', '/api/v/1/user/info', { token })).status)
    }
    const hammers = Array.from({ length: 8 }, hammer)
    const end = await a.call('POST', '/api/v/1/user/logout', { token, system })
    answered = true
    assert.equal(end.status, 200)
    await Promise.all(hammers)
    assert.ok(late.length === 16 && late.every((status) => status === 400 || status === 401), late.join(' '))
  }
})

test('guesses on both nodes at once meet one ledger: when the free ones are used up, one is tried at a time', async (t) => {
  const { a, b, system, userId } = await pair(t)
  const guess = (node: TestApp) => auth(node, system, { email, password: 'wrong' })
  // The first waits are of a second: a slow machine must not sit them out.
  let at = a.app.means.clock.now()
  for (const node of [a, b]) node.app.means.clock.now = () => at
  for (let count = 0; count < 5; count++) assert.equal((await guess(count % 2 === 0 ? a : b)).status, 401)
  assert.equal((await auth(b, system)).status, 429)
  for (const wait of [1_100, 2_100, 4_100]) {
    at += wait
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => guess(index % 2 === 0 ? a : b)))
    assert.deepEqual(
      answers.filter(({ status }) => status !== 429).map(({ status }) => status),
      [401],
    )
  }
  const path = `/admin/v/4/system/${system.key}/accounts/unlock`
  assert.equal((await a.call('POST', path, { developer: a.developer, body: { user: userId } })).status, 200)
  assert.equal((await auth(b, system)).status, 200)
})
