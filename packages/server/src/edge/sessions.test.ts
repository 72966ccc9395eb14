/** Sessions between platform and edges: what they are good for at the other end, and what they never are. Two edges, one platform. */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { createTestApp, type TestApp } from '../../../../test/support/app.ts'
import type { App } from '../app.ts'
import { day, hour, minute } from '../base/clock.ts'
import { newKeyPair } from '../base/link-keys.ts'
import { hashToken } from '../base/secrets.ts'
import { userTable } from '../store/down/read.ts'
import { insertItems } from '../store/rows.ts'
import { databaseOf } from '../store/store.ts'
import { findAccount, insertAccount } from '../store/tables/accounts.ts'
import { upCursor } from '../store/tables/edge-words.ts'
import { findEdge } from '../store/tables/edges.ts'
import { findPlatformLink } from '../store/tables/platform-links.ts'
import { addMembership } from '../store/tables/roles.ts'
import { lastSession } from '../store/tables/sessions.ts'
import { outboxHead } from '../store/up/outbox.ts'
import { adminOf, endings, startEdge, type TestEdge, until } from './edge.fixture.ts'
import { EdgeScopes } from './edge-scopes.ts'
import { type FaultProxy, faultProxy } from './fault-proxy.fixture.ts'
import { Feed } from './feed.ts'
import { Taking } from './taking.ts'

const password = 'the plant is quiet'
const email = 'op@example.com'

describe('sessions between platform and edges', () => {
  let app: TestApp
  let system: { key: string; secret: string }
  let hall: TestEdge
  let dock: TestEdge
  let network: FaultProxy
  let userId: string
  let otherId: string
  let strangerId: string
  /** Readings for Operators, Safe for Wardens, who are privileged, and Ledger for Clerks, who stay at the platform. */
  let collections: Record<'Readings' | 'Safe' | 'Ledger', string>
  const t = endings()

  type At = TestApp | TestEdge
  const admin = adminOf(() => app)
  const dataOf = (at: App) => at.means.store.forSystem(system.key)
  const signInAt = async (at: At, who: string = email): Promise<{ token: string; refresh: string }> => {
    const got = await at.call('POST', '/api/v/1/user/auth', { system, body: { email: who, password } })
    assert.match(got.body?.user_token ?? '', /^ghu_/, got.text)
    return { token: got.body.user_token, refresh: got.body.refresh_token }
  }
  const asks = async (at: At, token: string): Promise<number> =>
    (await at.call('GET', '/api/v/1/user/info', { token, system })).status
  const reads = async (at: At, token: string, name: keyof typeof collections): Promise<number> =>
    (await at.call('GET', `/api/v/1/data/${collections[name]}`, { token, system })).status
  const isIn = async (at: At, token: string): Promise<void> =>
    assert.equal(
      await until(
        () => asks(at, token),
        (status) => status === 200,
      ),
      200,
    )
  const isOut = async (at: At, token: string): Promise<void> =>
    assert.equal(
      await until(
        () => asks(at, token),
        (status) => status === 401,
      ),
      401,
    )
  const signOut = (at: At, token: string) => at.call('POST', '/api/v/1/user/logout', { token, system })
  const roles = (user: string, change: object) =>
    admin('PUT', `/admin/user/${system.key}`, { user, changes: { roles: change } })
  const statusOf = async (name: string) =>
    (await admin('GET', `/admin/edges/${system.key}`)).find((one: any) => one.name === name)
  /** Rows of a node by the token that they are for. */
  const rowsFor = (at: App, token: string) =>
    databaseOf(at.means.store).selectFrom('sessions').selectAll().where('token_hash', '=', hashToken(token)).execute()
  const sessionsOf = (name: string): Promise<any[]> =>
    admin('GET', `/admin/v/4/system/${system.key}/edges/${name}/sessions`)
  const allIsTold = (edge: TestEdge, name: string) =>
    until(
      async () => {
        edge.app.edgeLink!.hurry()
        return [await outboxHead(dataOf(edge.app)), await upCursor(dataOf(app.app), name, 'facts')] as const
      },
      ([told, taken]) => told !== undefined && told.position === taken?.position,
    )
  const deploy = (signIn: object) =>
    admin('PUT', `/admin/${system.key}/deployments/all`, {
      sign_in: { users: { roles: ['Operators'] }, roles: ['Wardens'], ...signIn },
    })

  before(async () => {
    app = await createTestApp(t)
    system = await app.createSystem()
    const made = async (name: string) => app.createCollection(system, name, { text: 'string' })
    collections = { Readings: await made('Readings'), Safe: await made('Safe'), Ledger: await made('Ledger') }
    for (const [name, collection, privileged] of [
      ['Operators', 'Readings', false],
      ['Wardens', 'Safe', true],
      ['Clerks', 'Ledger', false],
    ] as const) {
      const rights = [{ itemInfo: { name: collection }, permissions: 1 }]
      await admin('POST', `/admin/user/${system.key}/roles`, { name, privileged, collections: rights })
    }
    userId = await app.createUser(system, email, password)
    otherId = await app.createUser(system, 'other@example.com', password)
    strangerId = await app.createUser(system, 'stranger@example.com', password)
    await roles(userId, { add: ['Operators', 'Wardens', 'Clerks'] })
    await roles(otherId, { add: ['Operators'] })
    const assets = Object.keys(collections).map((name) => ({
      ...{ asset_class: name, asset_id: '', sync_to_edge: true, sync_to_platform: false },
    }))
    await admin('POST', `/admin/${system.key}/deployments`, {
      ...{ name: 'all', edges: ['___ALL_EDGES___'], assets },
      sign_in: { users: { roles: ['Operators'] }, roles: ['Wardens'] },
    })
    network = await faultProxy(t, (app.app.server.server.address() as any).port)
    const token = async (name: string) => (await admin('POST', `/admin/edges/${system.key}/${name}`, {})).token
    hall = await startEdge(t, app, { system, name: 'hall', token: await token('hall'), platform: network.url })
    dock = await startEdge(t, app, { system, name: 'dock', token: await token('dock') })
    for (const edge of [hall, dock]) {
      for (const id of [userId, otherId]) await until(() => findAccount(dataOf(edge.app), { userId: id }), Boolean)
    }
  })

  test('one that an edge made is good at the platform and at another edge, and never with a privileged role', async () => {
    const { token } = await signInAt(hall)
    assert.equal(await reads(hall, token, 'Safe'), 200, 'where it was made all roles count that are there')
    await isIn(app, token)
    assert.equal(await reads(app, token, 'Readings'), 200)
    assert.equal(await reads(app, token, 'Safe'), 403, 'privileged')
    assert.equal(await reads(app, token, 'Ledger'), 403, 'the deployment does not name it')
    await isIn(dock, token)
    assert.equal(await reads(dock, token, 'Readings'), 200)
    assert.equal(await reads(dock, token, 'Safe'), 403)
    const shown = await app.call('GET', `/api/v/3/user/roles/${system.key}`, { token, query: { user: userId } })
    assert.deepEqual(shown.body.map((role: any) => role.Name).sort(), ['Authenticated', 'Operators'])
    // A mark that comes later holds at once, and so does one that is taken off.
    const mark = (privileged: boolean) =>
      admin('PUT', `/admin/user/${system.key}/roles`, { id: 'Operators', changes: { privileged } })
    await mark(true)
    assert.equal(await reads(app, token, 'Readings'), 403)
    await until(
      () => reads(dock, token, 'Readings'),
      (status) => status === 403,
    )
    assert.equal(await reads(dock, token, 'Readings'), 403)
    assert.equal(await reads(hall, token, 'Readings'), 200)
    await mark(false)
    await until(
      () => reads(dock, token, 'Readings'),
      (status) => status === 200,
    )
    assert.equal(await reads(app, token, 'Readings'), 200)
    // No token has travelled, and no edge was told of anonymous ones.
    for (const at of [app.app, dock.app]) {
      const [row] = await rowsFor(at, token)
      assert.deepEqual([row?.place, row?.refresh_hash], ['hall', null])
    }
  })

  test('one that the platform made is good at the edges of its user, and nobody else has any there', async () => {
    const { token } = await signInAt(app)
    assert.equal(await reads(app, token, 'Safe'), 200)
    for (const edge of [hall, dock]) {
      await isIn(edge, token)
      assert.equal(await reads(edge, token, 'Readings'), 200)
      assert.equal(await reads(edge, token, 'Safe'), 403)
      assert.equal(await reads(edge, token, 'Ledger'), 403)
    }
    const stranger = await signInAt(app, 'stranger@example.com')
    const anonymous = (await app.call('POST', '/api/v/1/user/anon', { system })).body.user_token
    const anonymousThere = (await hall.call('POST', '/api/v/1/user/anon', { system })).body.user_token
    assert.equal((await hall.call('POST', '/api/v/1/user/checkauth', { token: anonymousThere, system })).status, 200)
    const last = await signInAt(app, 'other@example.com')
    await isIn(hall, last.token)
    for (const one of [stranger.token, anonymous]) {
      assert.equal(await asks(hall, one), 401)
      assert.deepEqual(await rowsFor(hall.app, one), [])
    }
    await allIsTold(hall, 'hall')
    assert.deepEqual(await rowsFor(app.app, anonymousThere), [])
    // Whoever comes to an edge brings those that he has.
    await roles(strangerId, { add: ['Operators'] })
    await isIn(hall, stranger.token)
    await roles(strangerId, { delete: ['Operators'] })
    await isOut(hall, stranger.token)
    assert.equal(await asks(app, stranger.token), 200, 'it was made here, and stays')
  })

  test('whoever is out at one place is out at all of them', async () => {
    const made: [At, string][] = []
    for (const at of [app, hall, dock]) made.push([at, (await signInAt(at)).token])
    for (const [, token] of made) for (const at of [app, hall, dock]) await isIn(at, token)
    // Each ends at another place than the one where it was made.
    for (const [index, [, token]] of made.entries()) {
      const ends = [hall, dock, app][index]!
      assert.equal((await signOut(ends, token)).status, 200)
      for (const at of [app, hall, dock]) await isOut(at, token)
    }
    // A new password ends those of edges, but not the one in which it was set.
    const [mine, atHall] = [(await signInAt(app)).token, (await signInAt(hall)).token]
    for (const at of [app, hall, dock]) for (const token of [mine, atHall]) await isIn(at, token)
    const changed = await app.call('PUT', '/api/v/1/user/pass', {
      ...{ token: mine, body: { old_password: password, new_password: 'the plant is quiet again' } },
    })
    assert.equal(changed.status, 200, changed.text)
    for (const at of [app, hall, dock]) await isOut(at, atHall)
    await allIsTold(hall, 'hall')
    await allIsTold(dock, 'dock')
    for (const at of [app, hall, dock]) assert.equal(await asks(at, mine), 200)
    await admin('PUT', `/admin/user/${system.key}`, { user: userId, changes: { password } })
    for (const at of [app, hall, dock]) await isOut(at, mine)
    await until(
      async () => (await findAccount(dataOf(hall.app), { userId }))?.passwordStamp,
      (stamp) => stamp !== undefined,
    )
  })

  test('through one from an edge nothing of the account can be changed at the platform, and each refusal says why', async () => {
    const { token, refresh } = await signInAt(hall)
    await isIn(app, token)
    const own = '/api/v/4/user/authenticators'
    const factor = { password, code: '123456' }
    for (const [method, path, body, what] of [
      ['PUT', '/api/v/1/user/pass', { old_password: password, new_password: 'something quite new' }, 'the password'],
      ['POST', `${own}/enrol`, { ...factor, kind: 'totp' }, 'second factors'],
      ['POST', `${own}/enrol`, { ...factor, kind: 'phone', phone: '+41791234567' }, 'second factors'],
      ['POST', `${own}/confirm`, { ...factor, kind: 'totp' }, 'second factors'],
      ['POST', `${own}/code`, { password }, 'second factors'],
      ['POST', `${own}/recovery-codes`, factor, 'second factors'],
      ['POST', `${own}/recovery-codes`, { ...factor, edge: 'hall' }, 'second factors'],
    ] as const) {
      const got = await app.call(method, path, { token, system, body })
      assert.equal(got.status, 403, `${path}: ${got.text}`)
      assert.match(got.body.error.detail, new RegExp(`made at the edge hall: it does not let you change ${what}`))
      assert.match(got.text, /Sign in here/)
    }
    const rights = (permissions: number) =>
      admin('PUT', `/admin/user/${system.key}/roles`, {
        id: 'Operators',
        changes: {
          ...{ manageusers: { permissions }, users: { permissions }, roles: { permissions } },
          ...{ allservices: { permissions }, allcollections: { permissions } },
        },
      })
    await rights(15)
    const state = async () => ({
      accounts: await databaseOf(app.app.means.store).selectFrom('accounts').selectAll().orderBy('user_id').execute(),
      roles: await databaseOf(app.app.means.store).selectFrom('memberships').selectAll().orderBy('user_id').execute(),
      users: await admin('GET', `/admin/user/${system.key}`),
    })
    const before = await state()
    const code = 'function steal(req, resp) { resp.success(1) }'
    for (const [method, path, body] of [
      ['POST', '/api/v/1/user/info', { email: 'new@example.com', password: 'quite a new one here' }],
      ['PUT', '/api/v/1/user/info', { nickname: 'x' }],
      ['PUT', '/api/v/4/user/manage', { user: strangerId, changes: { password: 'a new one for him' } }],
      ['PUT', '/api/v/4/user/manage', { user: strangerId, changes: { roles: { add: ['Operators'] } } }],
      ['PUT', '/api/v/4/user/manage', { user: strangerId, changes: { disabled: true } }],
      // It would act with all roles of its user, privileged ones too, and outlive the session.
      ['POST', `/api/v/3/code/${system.key}/service/steal`, { code, run_user: userId }],
      ['POST', '/api/v/3/collectionmanagement', { appID: system.key, name: 'Mine' }],
    ] as const) {
      const got = await app.call(method, path, { token, system, body })
      assert.equal(got.status, 403, `${method} ${path}: ${got.text}`)
      assert.match(got.text, /made at the edge hall: it does not let you/, path)
    }
    assert.deepEqual(await state(), before)
    await rights(0)
    const renewed = await app.call('POST', '/api/v/1/user/auth', {
      system,
      body: { refresh_token: refresh, grant_type: 'refresh_token' },
    })
    assert.notEqual(renewed.status, 200)
    assert.match(renewed.text, /good only where that was made/)
    for (const headers of [{ token }, { developer: token }]) {
      const got = await app.call('GET', `/admin/v/4/system/${system.key}/edges`, headers)
      assert.ok([401, 403].includes(got.status), got.text)
    }
    assert.equal(await asks(app, token), 200)
    // What is asked before a sign-in knows of sign-ins here alone.
    const [row] = await rowsFor(app.app, token)
    assert.notEqual((await lastSession(dataOf(app.app), userId))?.createdAt, row!.created_at)
    await signOut(hall, token)
  })

  test('an edge that is dark takes those of the platform as long as its own, and what it makes meanwhile is weighed', async () => {
    await deploy({ offline: { limit: 3_600 } })
    const [here, there] = [(await signInAt(app)).token, (await signInAt(hall)).token]
    await isIn(hall, here)
    await isIn(app, there)
    await isIn(dock, there)
    network.dark()
    app.advance(30 * minute)
    for (const token of [here, there]) assert.equal(await asks(hall, token), 200)
    app.advance(hour)
    for (const token of [here, there]) {
      const got = await hall.call('GET', '/api/v/1/user/info', { token, system })
      assert.deepEqual([got.status, got.body.error.code], [401, 931], got.text)
    }
    await deploy({})
    network.light()
    await allIsTold(hall, 'hall')
    await isIn(hall, here)
    network.dark()
    // With the password that the platform has given another for since.
    const late = (await signInAt(hall)).token
    const { passwordStamp } = (await findAccount(dataOf(app.app), { userId }))!
    await admin('PUT', `/admin/user/${system.key}`, { user: userId, changes: { password: 'another for now' } })
    network.light()
    await allIsTold(hall, 'hall')
    const [row] = await rowsFor(app.app, late)
    assert.equal(row?.end_reason, 'the password was changed')
    for (const at of [app, hall, dock]) await isOut(at, late)
    await admin('PUT', `/admin/user/${system.key}`, { user: userId, changes: { password } })
    // All of a user's sessions end while nobody knows of one.
    network.dark()
    const unknown = (await signInAt(hall, 'other@example.com')).token
    for (const disabled of [true, false])
      await admin('PUT', `/admin/user/${system.key}`, { user: otherId, changes: { disabled } })
    network.light()
    await allIsTold(hall, 'hall')
    assert.equal((await rowsFor(app.app, unknown))[0]?.end_reason, 'all sessions of the user were ended')
    for (const at of [app, hall, dock]) await isOut(at, unknown)
    await until(
      async () => (await findAccount(dataOf(hall.app), { userId }))?.passwordStamp,
      (stamp) => stamp !== passwordStamp,
    )
  })

  test('whoever leaves the deployment has nothing left of what edges made, also when he comes back', async () => {
    await until(
      () => hall.call('POST', '/api/v/1/user/auth', { system, body: { email, password } }),
      ({ status }) => status === 200,
    )
    const [here, there] = [(await signInAt(app)).token, (await signInAt(hall)).token]
    for (const at of [app, hall, dock]) for (const token of [here, there]) await isIn(at, token)
    await roles(userId, { delete: ['Operators'] })
    assert.equal(await asks(app, there), 401, 'from that moment on')
    for (const at of [hall, dock]) for (const token of [here, there]) await isOut(at, token)
    assert.equal(await asks(app, here), 200)
    await roles(userId, { add: ['Operators'] })
    await isIn(hall, here)
    for (const at of [app, hall, dock]) assert.equal(await asks(at, there), 401)
    await allIsTold(hall, 'hall')
    assert.equal((await statusOf('hall')).problem, '')
  })

  test('developers see the sessions of an edge and where they were made, and end one everywhere', async () => {
    const [here, there] = [(await signInAt(app)).token, (await signInAt(hall, 'other@example.com')).token]
    for (const at of [app, hall, dock]) for (const token of [here, there]) await isIn(at, token)
    const [[mine], [theirs]] = [await rowsFor(app.app, here), await rowsFor(app.app, there)]
    const listed = await sessionsOf('hall')
    const shown = (id: string) => listed.find((one) => one.id === id)
    assert.deepEqual([shown(mine!.id).made_at, shown(mine!.id).email], ['', email])
    assert.deepEqual([shown(theirs!.id).made_at, shown(theirs!.id).email], ['hall', 'other@example.com'])
    assert.ok(listed.every((one) => !JSON.stringify(one).includes(mine!.token_hash)))
    const path = (id: string) => `/admin/v/4/system/${system.key}/edges/hall/sessions/${id}`
    for (const [id, status] of [
      ['no-such', 400],
      [(await rowsFor(app.app, (await signInAt(app, 'stranger@example.com')).token))[0]!.id, 400],
    ] as const) {
      const got = await app.call('DELETE', path(id), { developer: app.developer })
      assert.equal(got.status, status, got.text)
    }
    assert.equal((await app.call('DELETE', path(mine!.id), { token: here })).status, 403)
    await admin('DELETE', path(theirs!.id))
    for (const at of [app, hall, dock]) await isOut(at, there)
    const audited = await app.call('GET', '/admin/audit', {
      ...{ developer: app.developer, query: { system: system.key, kind: 'session' } },
    })
    assert.match(audited.text, new RegExp(theirs!.id))
    assert.equal(await asks(hall, here), 200)
  })

  test('kept apart, they are good only where they were made, and end together all the same', async () => {
    const [before_, beforeHere] = [(await signInAt(hall)).token, (await signInAt(app)).token]
    for (const at of [app, hall, dock]) for (const token of [before_, beforeHere]) await isIn(at, token)
    await deploy({ sessions: 'apart' })
    assert.deepEqual([await asks(app, before_), await asks(hall, before_)], [401, 200])
    for (const [at, token] of [
      [dock, before_],
      [hall, beforeHere],
      [dock, beforeHere],
    ] as const)
      await isOut(at, token)
    const [here, there] = [(await signInAt(app)).token, (await signInAt(hall)).token]
    await allIsTold(hall, 'hall')
    const [row] = await rowsFor(app.app, there)
    assert.deepEqual([row?.ended_at, await asks(app, there), await asks(dock, there)], [null, 401, 401])
    assert.deepEqual([await asks(app, here), await asks(hall, here), await asks(dock, here)], [200, 401, 401])
    assert.deepEqual(await rowsFor(hall.app, here), [])
    await admin('DELETE', `/admin/v/4/system/${system.key}/edges/hall/sessions/${row!.id}`)
    await isOut(hall, there)
    const wrong = await app.call('PUT', `/admin/${system.key}/deployments/all`, {
      ...{ developer: app.developer, body: { sign_in: { users: { roles: ['Operators'] }, sessions: 'no' } } },
    })
    assert.equal(wrong.status, 400)
    await deploy({})
    for (const [at, token] of [
      [app, before_],
      [dock, before_],
      [hall, here],
    ] as const) {
      await isIn(at, token)
    }
  })

  test('an edge hears of an end at once, also while all its users are sent to it anew', async () => {
    const many = await app.createSystem()
    const { clock, key, store } = app.app.means
    const data = store.forSystem(many.key)
    const developer = { developer: app.developer }
    await app.call('POST', `/admin/edges/${many.key}/far`, { ...developer, body: {} })
    const sign_in = { users: { roles: ['Authenticated'] } }
    const made = await app.call('POST', `/admin/${many.key}/deployments`, {
      ...{ ...developer, body: { name: 'all', edges: ['far'], assets: [], sign_in } },
    })
    assert.equal(made.status, 200, made.text)
    const id = await app.createUser(many, email, password)
    await data.transaction(async (tx) => {
      const table = await userTable(tx)
      for (let n = 0; n < 450; n++) {
        const [user, address] = [`00${n}`, `${n}@example.com`]
        await insertItems(tx, table, [{ user_id: user, email: address, cb_service_account: false }])
        const none = { passwordHash: null, passwordStamp: '', passwordWeak: false, disabled: false, createdAt: 0 }
        await insertAccount(tx, { ...none, userId: user, emailKey: address })
        await addMembership(tx, user, 'Authenticated')
      }
    })
    const token = async () =>
      (await app.call('POST', '/api/v/1/user/auth', { system: many, body: { email, password } })).body.user_token
    const tokens = [await token(), await token()]
    const edge = { name: 'far', sealKey: newKeyPair('x25519').publicKey }
    const feed = new Feed(data, edge, { key, clock, scopes: new EdgeScopes(store) }, {})
    await feed.look()
    const next = async () => {
      await feed.look()
      return (await feed.next('identity'))!.groups.filter(({ what }) => what === 'sessions') as any[]
    }
    assert.deepEqual(await next(), [], 'the first users')
    assert.equal((await app.call('POST', '/api/v/1/user/logout', { token: tokens[0] })).status, 200)
    const ended = (await rowsFor(app.app, tokens[0]!))[0]!
    assert.deepEqual(
      (await next()).map(({ gone }) => gone),
      [[{ id: ended.id, reason: 'signed out' }]],
    )
    assert.deepEqual(await next(), [], 'once')
    const [last] = await next()
    assert.deepEqual(
      last.put.map((one: any) => [one.userId, one.tokenHash]),
      [[id, hashToken(tokens[1]!)]],
    )
    assert.ok(feed.isWhole('identity'))
  })

  test('an edge that is added or described concerns no other: nothing is worked out anew for them, and nothing is sent', async () => {
    await isIn(app, (await signInAt(hall)).token)
    const { store, key, clock } = app.app.means
    const { cursors } = (await findPlatformLink(dock.app.means.store))!
    const around = { key, clock, scopes: new EdgeScopes(store) }
    const feed = new Feed(dataOf(app.app), { name: 'dock', sealKey: newKeyPair('x25519').publicKey }, around, cursors)
    const next = async () => ({ changed: (await feed.look())?.changed, groups: (await feed.next('identity'))?.groups })
    for (let left: unknown = true; left !== undefined; ) left = (await next()).groups
    const { scope } = feed
    const path = `/admin/edges/${system.key}/gate`
    await admin('POST', path, {})
    await admin('PUT', path, { description: 'at the north gate' })
    assert.deepEqual(await next(), { changed: false, groups: undefined })
    assert.equal(feed.scope, scope)
    await admin('DELETE', path)
    const { changed, groups } = await next()
    assert.deepEqual(
      [changed, groups?.map(({ what }) => what)],
      [true, ['places']],
      'sessions may hang on one that goes',
    )
  })

  test('a rooted edge makes no session of a stranger, takes none of another, and none lives longer than one of the platform', async () => {
    const [mine, stranger, ended] = [
      (await signInAt(app)).token,
      (await signInAt(app, 'stranger@example.com')).token,
      (await signInAt(app)).token,
    ]
    await signOut(app, ended)
    await allIsTold(dock, 'dock')
    await dock.app.close()
    const { publicKey, linkNumber } = (await findEdge(dataOf(app.app), 'dock'))!
    const means = app.app.means
    const taking = new Taking(means, { systemKey: system.key, name: 'dock', publicKey: publicKey!, number: linkNumber })
    const at = means.clock.now()
    const { passwordStamp } = (await findAccount(dataOf(app.app), { userId }))!
    const said = (more: object) => ({
      ...{ kind: 'session', at, user: userId, id: 'mine', token_hash: hashToken('mine'), granted_by: 'password' },
      ...{
        factors: 'password',
        password_stamp: passwordStamp,
        created_at: at,
        expires_at: at + hour,
        data_age: 0,
      },
      ...more,
    })
    const tell = async (...items: object[]) => {
      const from = (await upCursor(dataOf(app.app), 'dock', 'facts')) ?? null
      const to = { incarnation: from!.incarnation, position: from!.position + items.length }
      return taking.take({ type: 'told', lane: 'facts', from, to, lost: 0, items })
    }
    const everything = async () => ({
      sessions: await databaseOf(means.store).selectFrom('sessions').selectAll().orderBy('id').execute(),
      roles: await databaseOf(means.store).selectFrom('memberships').selectAll().orderBy('user_id').execute(),
    })
    const still = await everything()
    const id = (token: string) => still.sessions.find((one) => one.token_hash === hashToken(token))!.id
    const never = await tell(
      said({ user: strangerId }),
      said({ user: 'nobody' }),
      said({ token_hash: hashToken(stranger) }),
      said({ token_hash: hashToken(mine) }),
      said({ token_hash: hashToken(app.developer) }),
      said({ id: id(mine) }),
      said({ id: id(stranger), token_hash: hashToken(stranger) }),
      said({ id: id(ended), token_hash: hashToken(ended) }),
      said({ roles: ['Administrator'] }),
      said({ place: '' }),
      said({ token_hash: 'no hash' }),
      { kind: 'ended', at, user: strangerId, id: id(stranger), reason: 'x' },
      { kind: 'ended', at, user: userId, id: id(stranger), reason: 'x' },
    )
    assert.equal(never.taken, true)
    assert.match(never.problem!, /told 3 things that no edge may tell/)
    assert.match(never.problem!, /3 facts of what no deployment brings there/)
    assert.match(never.problem!, /6 sessions with the id or the token of another: they were refused/)
    assert.deepEqual(await everything(), still)
    for (const [token, status] of [
      [mine, 200],
      [stranger, 200],
      [ended, 401],
    ] as const) {
      assert.equal(await asks(app, token), status)
    }
    const long = await tell(said({ at: at + 10 * minute, created_at: at + 90 * day, expires_at: at + 900 * day }))
    assert.match(long.problem!, /clock is not believed/)
    const [row] = await rowsFor(app.app, 'mine')
    assert.equal(row!.place, 'dock')
    assert.ok(row!.created_at <= means.clock.now(), 'it was not made in the future')
    const life = app.app.means.clock.now() + 5 * day
    assert.ok(row!.expires_at <= life, `${row!.expires_at} is no later than ${life}`)
    // It is what root at an edge can do: be that user here, with what the deployment names, and prove nothing more.
    assert.deepEqual([await reads(app, 'mine', 'Readings'), await reads(app, 'mine', 'Safe')], [200, 403])
    const fresh = await app.call('POST', '/api/v/4/user/authenticators/enrol', {
      ...{ token: 'mine', system, body: { kind: 'totp', password, code: '123456' } },
    })
    assert.equal(fresh.status, 403, fresh.text)
    // What the platform says of the user stands, whatever is told.
    await admin('PUT', `/admin/user/${system.key}`, { user: userId, changes: { disabled: true } })
    await tell(said({ id: 'again', token_hash: hashToken('again') }))
    for (const token of ['mine', 'again']) assert.equal(await asks(app, token), 401)
    await admin('PUT', `/admin/user/${system.key}`, { user: userId, changes: { disabled: false } })
    for (const token of ['mine', 'again']) assert.equal(await asks(app, token), 401)
    await tell(said({ id: 'before', token_hash: hashToken('before') }))
    assert.equal(await asks(app, 'before'), 401, 'all that he had were ended since it was made')
    app.advance(minute)
    const since = { at: at + minute, created_at: at + minute }
    await tell(said({ ...since, id: 'old', token_hash: hashToken('old'), password_stamp: 'one before' }))
    await tell(said({ ...since, id: 'app', token_hash: hashToken('app'), factors: 'password totp' }))
    await tell(said({ ...since, id: 'key', token_hash: hashToken('key'), factors: 'password passkey' }))
    for (const token of ['old', 'app', 'key'])
      assert.equal(await asks(app, token), 401, 'he has no such password, no app and no passkey')
    await tell(said({ ...since, id: 'last', token_hash: hashToken('last') }))
    assert.equal(await asks(app, 'last'), 200)
    await isIn(hall, 'last')
    await admin('DELETE', `/admin/edges/${system.key}/dock`)
    assert.equal(await asks(app, 'last'), 401, 'the edge was removed')
    await isOut(hall, 'last')
  })

  test('where the key of an edge is in two places, what was made there is over', async () => {
    const { token } = await signInAt(hall, 'other@example.com')
    await isIn(app, token)
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-copy-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    await hall.app.close()
    cpSync(hall.folder, folder, { recursive: true })
    const again = await startEdge(t, app, { system, name: 'hall', folder: hall.folder })
    await isIn(again, token)
    const copy = await startEdge(t, app, { system, name: 'hall', folder })
    const refused = await until(
      () => copy.app.edgeLink!.state,
      ({ state }) => state === 'refused',
    )
    assert.match(refused.problem, /two places/)
    await isOut(app, token)
    await isOut(again, token)
  })
})
