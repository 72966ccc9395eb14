/** What an edge tells its platform: what comes of it, and what never does. Two edges, one of them behind a network that fails. */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { WebSocket } from 'ws'
import { createTestApp, type TestApp } from '../../../../test/support/app.ts'
import type { App } from '../app.ts'
import { hour, minute, second } from '../base/clock.ts'
import { newKeyPair } from '../base/link-keys.ts'
import { stepAt, totpCode, totpRules } from '../domain/accounts/totp.ts'
import { challengeRules } from '../domain/auth/challenges.ts'
import { secondFactorService } from '../domain/auth/second-factor.fixture.ts'
import { platformKey } from '../domain/edges/platform-key.ts'
import { changesAfter } from '../store/down/read.ts'
import { databaseOf } from '../store/store.ts'
import { bindPasskey, countAgainst, findAuthenticator, takeSignCount } from '../store/tables/authenticators.ts'
import { listEdgeCodes, putEdgeCodes } from '../store/tables/edge-recovery-codes.ts'
import { upCursor } from '../store/tables/edge-words.ts'
import { listEdges } from '../store/tables/edges.ts'
import { findBudgets } from '../store/tables/failures.ts'
import { outboxHead } from '../store/up/outbox.ts'
import { Channel } from './channel.ts'
import { adminOf, endings, startEdge, type TestEdge, until } from './edge.fixture.ts'
import { type FaultProxy, faultProxy } from './fault-proxy.fixture.ts'
import { greetPlatform, signProof } from './handshake.ts'
import { linkPath } from './messages.ts'
import { Taking } from './taking.ts'

const password = 'the plant is quiet'
const email = 'op@example.com'

describe('what an edge tells', () => {
  let app: TestApp
  let system: { key: string; secret: string }
  let hall: TestEdge
  let dock: TestEdge
  let network: FaultProxy
  let userId: string
  let otherId: string
  let strangerId: string
  let secret: string
  let secrets: string
  const t = endings()

  const admin = adminOf(() => app)
  const addEdge = async (name: string): Promise<string> =>
    (await admin('POST', `/admin/edges/${system.key}/${name}`, {})).token
  const statusOf = async (name: string) =>
    (await admin('GET', `/admin/edges/${system.key}`)).find((one: any) => one.name === name)
  const records = async (): Promise<any[]> => admin('GET', `/admin/v/4/system/${system.key}/sign-ins?limit=500`)
  const findEdge = async (name: string) => (await listEdges(dataOf(app.app))).find((one) => one.name === name)
  const signInAt = (at: TestApp | TestEdge, body: Record<string, unknown>) =>
    at.call('POST', '/api/v/1/user/auth', { system, body })
  const dataOf = (at: App) => at.means.store.forSystem(system.key)
  const appOf = async (at: App) => (await findAuthenticator(dataOf(at), { userId, kind: 'totp' }))!
  const shows = (): string => totpCode(base32(secret), stepAt(app.app.means.clock.now()))
  const nextStep = () => app.advance(totpRules.stepMs - (app.app.means.clock.now() % totpRules.stepMs))
  /** What the platform said of the time before is heard: a clock that is moved on meanwhile would be set back by it. */
  const goDark = async (): Promise<void> => {
    await until(
      () => Math.abs(hall.app.means.clock.now() - app.app.means.clock.now()),
      (apart) => apart < second,
    )
    network.dark()
    await until(
      () => hall.app.edgeLink!.state.state,
      (state) => state !== 'connected',
    )
  }
  /** All that the edge has told is taken. */
  const isTaken = (edge: TestEdge, name: string) =>
    until(
      async () => {
        edge.app.edgeLink!.hurry()
        return [await outboxHead(dataOf(edge.app)), await upCursor(dataOf(app.app), name, 'facts')] as const
      },
      ([told, taken]) => told !== undefined && told.position === taken?.position,
    )
  const begin = async (at: TestApp | TestEdge): Promise<string> => {
    app.advance(challengeRules.resendAfterMs + second)
    const got = await signInAt(at, { email, password, kind: 'totp' })
    return got.body?.options?.factor_id ?? assert.fail(got.text)
  }
  const bindApp = async (): Promise<void> => {
    const { enrolment } = await admin('POST', `/admin/v/4/system/${system.key}/users/${userId}/enrolment`)
    const with_ = { email, password, enrolment }
    const path = '/api/v/4/user/authenticators'
    const begun = await app.call('POST', `${path}/enrol`, { system, body: { ...with_, kind: 'totp' } })
    assert.equal(begun.status, 200, begun.text)
    secret = begun.body.secret
    const done = await app.call('POST', `${path}/confirm`, { system, body: { ...with_, code: shows() } })
    assert.equal(done.status, 200, done.text)
    nextStep()
  }
  const hasApp = async (edge: TestEdge): Promise<void> => {
    const { id } = await appOf(app.app)
    await until(
      async () => findAuthenticator(dataOf(edge.app), { userId, kind: 'totp' }),
      (held) => held?.id === id,
    )
  }

  before(async () => {
    app = await createTestApp(t)
    system = await app.createSystem()
    await app.createService(system, 'secondFactor', secondFactorService, {
      requires: 'clearblade,signin',
      executableBy: ['Anonymous'],
    })
    await admin('POST', `/admin/user/${system.key}/roles`, { name: 'Operators', description: '' })
    userId = await app.createUser(system, email, password)
    otherId = await app.createUser(system, 'other@example.com', password)
    strangerId = await app.createUser(system, 'stranger@example.com', password)
    const roles = await admin('GET', `/admin/user/${system.key}/roles`)
    const operators = roles.find((one: any) => one.Name === 'Operators').ID
    for (const user of [userId, otherId]) {
      await admin('PUT', `/admin/user/${system.key}`, { user, changes: { roles: { add: [operators] } } })
    }
    secrets = await app.createCollection(system, 'Secrets', { text: 'string' })
    await bindApp()
    await admin('POST', `/admin/${system.key}/deployments`, {
      ...{ name: 'all', edges: ['___ALL_EDGES___'], assets: [] },
      sign_in: { users: { roles: ['Operators'] } },
    })
    network = await faultProxy(t, (app.app.server.server.address() as any).port)
    hall = await startEdge(t, app, { system, name: 'hall', token: await addEdge('hall'), platform: network.url })
    dock = await startEdge(t, app, { system, name: 'dock', token: await addEdge('dock') })
    await hasApp(hall)
    await hasApp(dock)
  })

  test('sign-ins of a dark edge stand on the platform once it is back: each once, with its name, as its word', async () => {
    network.dark()
    const tokens = []
    for (let n = 0; n < 3; n++) tokens.push((await signInAt(hall, { email, password })).body.user_token)
    assert.equal((await signInAt(hall, { email, password: 'not that one' })).status, 401)
    assert.equal((await signInAt(hall, { email: 'nobody@example.com', password })).status, 401)
    assert.equal((await hall.call('POST', '/api/v/1/user/logout', { token: tokens[0], system })).status, 200)
    assert.deepEqual(
      (await records()).filter(({ edge }) => edge !== undefined),
      [],
    )
    network.light()
    await isTaken(hall, 'hall')
    const told = (await records()).filter(({ edge }) => edge === 'hall')
    assert.deepEqual(told.map(({ decision }) => decision).sort(), ['granted', 'granted', 'granted', 'refused'])
    assert.ok(told.every(({ userId: user, why }) => user === userId && why.startsWith('At edge hall, by its own word')))
    const sessions: any[] = await admin('GET', `/admin/v/4/system/${system.key}/edges/hall/sessions`)
    assert.deepEqual(sessions.map((one) => one.end_reason).sort(), ['', '', 'signed out'])
    assert.ok(sessions.every((one) => one.user_id === userId && one.factors === 'password'))
    assert.equal((await statusOf('hall')).problem, '')
    // Those that are open there are good here too (sessions.test.ts).
    const asks = (token: string) => app.call('GET', '/api/v/1/user/info', { token })
    assert.deepEqual([(await asks(tokens[0])).status, (await asks(tokens[1])).status], [401, 200])
  })

  test('a link that is cut in the middle of what is told goes on from where the platform stands', async () => {
    const before_ = (await records()).length
    network.cutAfter(700)
    for (let n = 0; n < 12; n++) {
      assert.equal((await signInAt(hall, { email, password })).status, 200)
      if (n === 6) network.cutAfter(900)
    }
    await isTaken(hall, 'hall')
    assert.equal((await records()).length, before_ + 12)
  })

  test('wrong passwords at an edge slow a place that is not known, and lock nobody out', async () => {
    const other = { email: 'other@example.com', password }
    for (let n = 0; n < 5; n++) await signInAt(hall, { ...other, password: `wrong ${n}` })
    await isTaken(hall, 'hall')
    assert.equal((await signInAt(app, { ...other, password: 'wrong' })).status, 401)
    const slowed = await signInAt(app, other)
    assert.equal(slowed.status, 429, slowed.text)
    app.advance(31 * second)
    assert.equal((await signInAt(app, other)).status, 200)
    // At another edge too, without a word of where it was.
    const heard = await until(
      () => findBudgets(dock.app.means.store, system.key, otherId, ['']),
      (rows) => rows.some(({ count }) => count >= 5),
    )
    assert.deepEqual(
      heard.map(({ place, count }) => [place, count]),
      [['edge *', 5]],
    )
    assert.equal((await signInAt(dock, { ...other, password: 'wrong' })).status, 401)
    assert.equal((await signInAt(dock, other)).status, 429)
    app.advance(31 * second)
    assert.equal((await signInAt(dock, other)).status, 200)
    const own = await findBudgets(hall.app.means.store, system.key, otherId, [''])
    assert.ok(!own.some(({ place, count }) => place === 'edge *' && count >= 5), 'its own do not come back to an edge')
    // Who signed in where it was wrong before is not slowed by it any more.
    assert.equal((await signInAt(hall, other)).status, 200)
    await isTaken(hall, 'hall')
    const cleared = await until(
      () => findBudgets(dock.app.means.store, system.key, otherId, ['']),
      (rows) => !rows.some(({ place }) => place === 'edge *'),
    )
    assert.ok(!cleared.some(({ place }) => place === 'edge *'))
  })

  test('a code that was taken at an edge is good nowhere any more once that is synced', async () => {
    await app.set(system, { auth_service: 'secondFactor' })
    app.advance(hour)
    nextStep()
    await until(
      () => signInAt(hall, { email, password, kind: 'totp' }),
      ({ body }) => body?.options?.factor_id !== undefined,
    )
    const [there, here, dockside] = [await begin(hall), await begin(app), await begin(dock)]
    nextStep()
    const code = shows()
    assert.match((await signInAt(hall, { factor_id: there, code })).body.user_token, /^ghu_/)
    await isTaken(hall, 'hall')
    assert.equal((await appOf(app.app)).lastStep, (await appOf(hall.app)).lastStep)
    assert.ok(!(await signInAt(app, { factor_id: here, code })).body.user_token)
    const { lastStep } = await appOf(app.app)
    await until(
      () => appOf(dock.app),
      (held) => held.lastStep === lastStep,
    )
    assert.ok(!(await signInAt(dock, { factor_id: dockside, code })).body.user_token)
    assert.equal((await appOf(app.app)).state, 'bound')
  })

  test('the same code at two places ends both sessions, switches the app off, and user and developer are told', async () => {
    await goDark()
    nextStep()
    const [there, here] = [await begin(hall), await begin(app)]
    nextStep()
    const code = shows()
    const said = await signInAt(hall, { factor_id: there, code })
    assert.match(said.body.user_token || said.text, /^ghu_/)
    const tokens = {
      hall: said.body.user_token,
      platform: (await signInAt(app, { factor_id: here, code })).body.user_token,
    }
    const asks = (at: TestApp | TestEdge, token: string) => at.call('GET', '/api/v/1/user/info', { token, system })
    assert.equal((await asks(hall, tokens.hall)).status, 200)
    assert.equal((await asks(app, tokens.platform)).status, 200)
    network.light()
    await isTaken(hall, 'hall')
    const isOut = ({ status }: { status: number }) => status !== 200
    assert.ok(isOut(await asks(app, tokens.hall)), 'what was told with it is over as it comes')
    assert.ok(isOut(await until(() => asks(app, tokens.platform), isOut)))
    assert.ok(isOut(await until(() => asks(hall, tokens.hall), isOut)))
    assert.deepEqual([(await appOf(app.app)).state, (await appOf(hall.app)).state], ['disabled', 'disabled'])
    const told = (await records()).find(({ why }) => /same code .* at the platform and at edge hall/.test(why))
    assert.deepEqual([told?.decision, told?.userId], ['failed', userId])
    const [review] = await admin('GET', `/admin/v/4/system/${system.key}/edges/hall/reviews`)
    assert.deepEqual(
      review.rows.map((row: any) => row.otherwise.map(({ what }: any) => what)),
      [['used elsewhere'], []],
      JSON.stringify(review.rows),
    )
    const notices = await databaseOf(app.app.means.store).selectFrom('notices').select('body').execute()
    assert.ok(notices.some(({ body }) => body.includes('used at two places')))
    const audited = await app.call('GET', '/admin/audit', {
      ...{ developer: app.developer, query: { system: system.key, kind: 'authenticator' } },
    })
    assert.match(audited.text, /used at two places/)
    nextStep()
    const again = await signInAt(app, { email, password, kind: 'totp' })
    assert.ok(again.body?.options?.factor_id === undefined, again.text)
  })

  test('an app that was taken away and an auth service that was changed while the link was cut stand in the review', async () => {
    await bindApp()
    await hasApp(hall)
    await goDark()
    const unbind = `/admin/v/4/system/${system.key}/users/${userId}/authenticators`
    const gone = await app.call('DELETE', unbind, { developer: app.developer, query: { kind: 'totp' } })
    assert.equal(gone.status, 200, gone.text)
    const code = `${secondFactorService}\n// another version`
    await admin('PUT', `/admin/code/v/1/${system.key}/secondFactor`, { code })
    nextStep()
    const factor_id = await begin(hall)
    nextStep()
    const said = await signInAt(hall, { factor_id, code: shows() })
    assert.match(said.body.user_token || said.text, /^ghu_/)
    network.light()
    await isTaken(hall, 'hall')
    const [review] = await admin('GET', `/admin/v/4/system/${system.key}/edges/hall/reviews`)
    const granted = review.rows.find(({ decision }: any) => decision === 'granted')
    assert.deepEqual(
      granted.otherwise.map(({ what }: any) => what),
      ['totp', 'version'],
    )
    assert.deepEqual(granted.not_known, [])
  })

  test('an app that is switched off at one edge for its wrong codes is so everywhere', async () => {
    await bindApp()
    await hasApp(hall)
    await hasApp(dock)
    const { id } = await appOf(dock.app)
    await dataOf(dock.app).transaction((tx) =>
      countAgainst(tx, id, { failures: 50, blockedUntil: 0, state: 'disabled' }),
    )
    for (const at of [app.app, hall.app]) {
      const held = await until(
        () => appOf(at),
        ({ state }) => state === 'disabled',
      )
      assert.equal(held.state, 'disabled')
    }
  })

  test('a rooted edge changes nothing but its own status', async () => {
    const sign = newKeyPair('ed25519')
    const seal = newKeyPair('x25519')
    const { publicKey } = await platformKey(app.app.means)
    let number = 0
    let given: string | null = await addEdge('rooted')
    const link = async () => {
      const socket = new WebSocket(`${app.app.means.publicUrl().replace('http', 'ws')}${linkPath}`)
      const channel = new Channel(socket, 32 * 1024 * 1024)
      await new Promise((resolve) => socket.once('open', resolve))
      const agreed = await greetPlatform(channel, { key: publicKey }, '0.1.0')
      number += 1
      const said = { key: sign.publicKey, sealKey: seal.publicKey, number, token: given }
      channel.send({ type: 'proof', ...said, signature: signProof(agreed, sign.privateKey, said), cursors: {} })
      given = null
      const welcome = (await channel.next()).message as any
      assert.equal(welcome.type, 'welcome', JSON.stringify(welcome))
      return { channel, taken: welcome.taken.facts }
    }
    const isCut = async (channel: Channel): Promise<void> => {
      await assert.rejects(async () => {
        for (;;) await channel.next()
      })
    }
    const first = await link()
    await app.app.notices.idle()
    const still = await everythingOf(app)
    const at = app.app.means.clock.now()
    const told = (items: unknown[], from: any, more: object = {}) => {
      const position = (from?.position ?? 0) + items.length
      return { type: 'told', lane: 'facts', from, to: { incarnation: 'mine', position }, lost: 0, items, ...more }
    }
    const fact = (kind: string, said: object) => ({ kind, at, ...said })
    const session = {
      ...{ id: 's', token_hash: 'x'.repeat(43), granted_by: 'password', factors: 'password', password_stamp: '' },
      ...{ created_at: at, expires_at: at + hour, data_age: 0 },
    }
    const failure = fact('failure', { user: userId, what: 'password' })
    let from: any = null
    /** Sends one after the other, each taken and refused; answers what the status says then. */
    const refuse = async (channel: Channel, items: unknown[], words: RegExp): Promise<void> => {
      const message = told(items, from)
      channel.send(message)
      for (;;) if (((await channel.next()).message as any).type === 'taken') break
      from = message.to
      const status = await until(
        () => statusOf('rooted'),
        ({ problem }) => words.test(problem),
      )
      assert.match(status.problem, words)
    }
    const record = { user: userId, decision: 'granted', record: { why: 'x', system: 'another' } }
    const never = [
      fact('grant', { user: userId, role: 'Administrator' }),
      fact('settings', { user: userId, auth_service: '' }),
      fact('failure', { user: userId, what: 'password', system: 'another' }),
      fact('enabled', { user: userId, authenticator: 'x' }),
      fact('disabled', { user: userId }),
      fact('sign-in', record),
      fact('counter', { user: userId, authenticator: 'x', count: 0 }),
      fact('counter', { user: userId, authenticator: 'x', count: 2 ** 32 }),
      fact('spent', { user: userId, authenticator: 'x', count: -1 }),
      'x',
    ]
    await refuse(first.channel, never, /10 things that no edge may tell: they were refused/)
    const ofStrangers = [
      fact('failure', { user: strangerId, what: 'password' }),
      fact('session', { user: strangerId, ...session }),
      fact('step', { user: 'nobody', authenticator: 'x', step: 1 }),
      fact('counter', { user: strangerId, authenticator: 'x', count: 1 }),
      fact('spent', { user: strangerId, authenticator: 'x', count: 1 }),
    ]
    await refuse(first.channel, ofStrangers, /5 facts of what no deployment brings there: they were refused/)
    let open: Channel | undefined = first.channel
    for (const message of [
      { type: 'frame', lane: 'identity', groups: [{ what: 'users', put: [{ id: userId, roles: ['Administrator'] }] }] },
      told([failure], from, { system: 'another' }),
      told([failure], { incarnation: 'mine', position: 70 }),
      { type: 'told', lane: 'identity', from, to: { incarnation: 'mine', position: 1 }, lost: 0, items: [{}] },
      { type: 'ack', lane: 'identity', cursor: { incarnation: 'x', scope: 'x', position: 1, at: null } },
    ]) {
      const channel: Channel = open ?? (await link()).channel
      open = undefined
      channel.send(message)
      await isCut(channel)
      const status = await until(
        () => statusOf('rooted'),
        ({ isConnected, problem }) => !isConnected && /no edge may send|is missing/.test(problem),
      )
      assert.match(status.problem, /no edge may send|is missing/)
    }
    demandSame(await everythingOf(app), still)
    // A row of a collection that is not its own.
    const key = '00000000-0000-7000-8000-000000000000'
    const row = {
      collection: secrets,
      key,
      row: { text: 'mine' },
      columns: { text: { stamp: '000000000000-0000-x', seen: 0 } },
    }
    const { channel: other } = await link()
    const position = { incarnation: 'mine', position: 1 }
    other.send({ type: 'told', lane: 'rows', from: null, to: position, lost: 0, of: '', items: [row] })
    const refused = await until(
      () => statusOf('rooted'),
      ({ problem }) => /do not go up/.test(problem),
    )
    assert.match(refused.problem, /1 rows of collections that do not go up from there/)
    other.socket.terminate()
    await until(
      () => statusOf('rooted'),
      ({ isConnected }) => !isConnected,
    )
    demandSame(await everythingOf(app), still)
    // Of users that no deployment brings there, in thousands.
    const { channel, taken } = await link()
    from = taken
    for (let n = 0; n < 150 && channel.open; n++) {
      const facts = Array.from({ length: 20 }, (_, k) => [
        fact('session', { user: strangerId, ...session, id: `s${n}/${k}` }),
        fact('step', { user: strangerId, authenticator: 'x', step: n }),
        fact('failure', { user: k % 2 === 0 ? strangerId : `${n}`, what: 'password' }),
      ]).flat()
      const message = told(facts, from)
      channel.send(message)
      from = message.to
    }
    const status = await until(
      () => statusOf('rooted'),
      ({ problem }) => /more at once than any edge may/.test(problem),
    )
    assert.match(status.problem, /more at once than any edge may/)
    await isCut(channel)
    // And one after the other, as an honest edge would.
    const patient = await link()
    from = patient.taken
    for (let n = 0; n < 20; n++) {
      const message = told(
        [fact('session', { user: strangerId, ...session }), fact('failure', { user: strangerId, what: 'password' })],
        from,
      )
      patient.channel.send(message)
      for (;;) if (((await patient.channel.next()).message as any).type === 'taken') break
      from = message.to
    }
    const refusedAll = await until(
      () => statusOf('rooted'),
      ({ problem }) => /they were refused/.test(problem),
    )
    assert.match(refusedAll.problem, /2 facts of what no deployment brings there: they were refused/)
    patient.channel.socket.terminate()
    await until(
      () => statusOf('rooted'),
      ({ isConnected }) => !isConnected,
    )
    demandSame(await everythingOf(app), still)
  })

  /** A counter only grows, and one that stood at two places closes its passkey; what is spent is never unspent. */
  const demandCounters = async (tell: (facts: object[]) => Promise<void>): Promise<void> => {
    const data = dataOf(app.app)
    const now = app.app.means.clock.now()
    const passkeyOf = async (id: string) => (await findAuthenticator(data, { id }))!
    for (const [id, owner] of [
      ['mine', userId],
      ['copied', userId],
      ['theirs', strangerId],
    ] as const) {
      const passkey = { credentialHash: id, rpId: 'localhost', signCount: 4, backedUp: false }
      const facts = { id, userId: owner, label: id, sealed: '', boundAt: now, boundBy: 'test', passkey }
      await data.transaction((tx) => bindPasskey(tx, facts))
    }
    const codes = { userId, codes: '', madeAt: now, madeBy: 'test' }
    await data.transaction(async (tx) => {
      await putEdgeCodes(tx, { ...codes, id: 'here', edge: 'dock' })
      await putEdgeCodes(tx, { ...codes, id: 'elsewhere', edge: 'hall' })
      assert.ok(await takeSignCount(tx, 'copied', { signCount: 5, backedUp: false }, now))
    })
    const counter = (authenticator: string, count: number) => ({ kind: 'counter', authenticator, count })
    const spent = (authenticator: string, count: number) => ({ kind: 'spent', authenticator, count })
    await tell([counter('mine', 9), counter('mine', 3), counter('theirs', 7), counter('no-such', 7)])
    await tell([spent('here', 3), spent('here', 1), spent('elsewhere', 2), spent('no-such', 2)])
    assert.deepEqual([(await passkeyOf('mine')).passkey?.signCount, (await passkeyOf('mine')).state], [9, 'bound'])
    assert.deepEqual([(await passkeyOf('theirs')).passkey?.signCount, (await passkeyOf('theirs')).state], [4, 'bound'])
    assert.equal((await passkeyOf('copied')).state, 'bound')
    const shown: any[] = await admin('GET', `/admin/v/4/system/${system.key}/users/${userId}/authenticators`)
    const sets = shown.filter(({ edge }) => edge !== undefined).map(({ edge, spent: used }) => [edge, used])
    assert.deepEqual(sets, [
      ['dock', 3],
      ['hall', 0],
    ])
    await tell([spent('here', 1_000_000), counter('copied', 5), { kind: 'disabled', authenticator: 'theirs' }])
    assert.equal((await listEdgeCodes(data, [userId]))[0]!.spent, 10)
    assert.deepEqual([(await passkeyOf('copied')).state, (await passkeyOf('theirs')).state], ['disabled', 'bound'])
    const told = (await records()).find(({ why }) =>
      /counter of a passkey .* at the platform and at edge dock/.test(why),
    )
    assert.deepEqual([told?.decision, told?.userId], ['failed', userId])
    // Said again, it is no news to anybody.
    const noted = async () => [
      await databaseOf(app.app.means.store).selectFrom('notices').select('id').execute(),
      await databaseOf(app.app.means.store).selectFrom('audit_rows').select('subject').execute(),
    ]
    const before = await noted()
    for (let i = 0; i < 3; i++) await tell([counter('copied', 5)])
    assert.deepEqual(await noted(), before)
    await tell([{ kind: 'disabled', authenticator: 'mine' }])
    assert.equal((await passkeyOf('mine')).state, 'disabled')
  }

  test('of failures that an edge tells in masses the most are not counted, and what it dates ahead is not believed', async () => {
    const means = app.app.means
    const { publicKey, linkNumber } = (await findEdge('dock'))!
    const taking = new Taking(means, { systemKey: system.key, name: 'dock', publicKey: publicKey!, number: linkNumber })
    const from = (await upCursor(dataOf(app.app), 'dock', 'facts')) ?? null
    app.advance(2 * minute)
    await dock.app.close()
    const at = means.clock.now()
    const { id, lastStep } = await appOf(app.app)
    const items = [
      ...Array.from({ length: 400 }, () => ({ kind: 'failure', at, user: otherId, what: 'password' })),
      { kind: 'step', at: at + hour, user: userId, authenticator: id, step: stepAt(at) + 1_000 },
    ]
    const to = { incarnation: from!.incarnation, position: from!.position + items.length }
    const told = { type: 'told' as const, lane: 'facts' as const, from, to, lost: 0, items }
    const outcome = await taking.take(told)
    assert.equal(outcome.taken, true)
    assert.match(outcome.problem!, /more than 300 failures a minute.*/)
    assert.match(outcome.problem!, /clock is not believed/)
    assert.equal((await appOf(app.app)).lastStep, lastStep)
    const counted = await findBudgets(means.store, system.key, otherId, [''])
    assert.equal(counted.find(({ place }) => place === 'edge dock')?.count, 300)
    const { changes: gone } = await changesAfter(dataOf(app.app), ['credential'], 0, 10_000)
    const ofFailures = gone.filter(({ id: user, columns }) => user === otherId && columns.includes('failures'))
    assert.ok(ofFailures.length < 40, 'what makes nobody wait longer goes no further')
    // The same again is not taken twice.
    assert.equal((await taking.take(told)).taken, false)
    await demandCounters(async (facts) => {
      const before_ = (await upCursor(dataOf(app.app), 'dock', 'facts'))!
      const { incarnation, position } = before_
      const next = { incarnation, position: position + facts.length }
      const said = facts.map((fact) => ({ at, user: userId, ...fact }))
      const { problem = '' } = await taking.take({ ...told, from: before_, to: next, items: said })
      assert.equal(problem, '')
    })
    await admin('DELETE', `/admin/edges/${system.key}/dock`)
    assert.equal((await taking.take({ ...told, from: null })).taken, false, 'one that was removed tells nothing more')
  })
})

/** Every row of the platform but what stands of edges themselves, and of what developers' own requests leave. */
async function everythingOf({ app }: TestApp): Promise<Record<string, string[]>> {
  const db = databaseOf(app.means.store)
  const all: Record<string, string[]> = {}
  for (const { name } of await db.introspection.getTables()) {
    if (['edges', 'edge_cursors', 'edge_users'].includes(name)) continue
    const rows = await db
      .selectFrom(name as 'meta')
      .selectAll()
      .execute()
    all[name] = rows
      .map((row) => JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? `${value}` : value)))
      .sort()
  }
  return all
}

/** Says which table is another, and not all that stands in all of them. */
function demandSame(now: Record<string, string[]>, before: Record<string, string[]>): void {
  for (const [name, rows] of Object.entries(now)) assert.deepEqual(rows, before[name], name)
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

function base32(text: string): string {
  const bits = [...text].map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0')).join('')
  return Buffer.from(bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2))).toString('hex')
}
