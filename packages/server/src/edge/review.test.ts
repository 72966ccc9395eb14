/** What a platform says of sign-ins at an edge whose link was cut: what is known to be otherwise, and what is not known. */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { createTestApp, type TestApp } from '../../../../test/support/app.ts'
import type { App } from '../app.ts'
import { hour, minute, second } from '../base/clock.ts'
import { hashToken } from '../base/secrets.ts'
import { readRows, userTable } from '../store/down/read.ts'
import { databaseOf, type Store, type SystemStore } from '../store/store.ts'
import { upCursor } from '../store/tables/edge-words.ts'
import { listEdges } from '../store/tables/edges.ts'
import { outboxHead } from '../store/up/outbox.ts'
import { adminOf, endings, startEdge, type TestEdge, until } from './edge.fixture.ts'
import { type FaultProxy, faultProxy } from './fault-proxy.fixture.ts'
import { Taking } from './taking.ts'

const password = 'the plant is quiet'
const names = ['calm', 'late', 'off', 'pass', 'gone', 'moved', 'back'] as const
const toOperators = { users: { roles: ['Operators'] } }
type Name = (typeof names)[number]

describe('the review of an edge that was away', () => {
  let app: TestApp
  let system: { key: string; secret: string }
  let hall: TestEdge
  let network: FaultProxy
  let operators: string
  const users = {} as Record<Name, string>
  const t = endings()

  const admin = adminOf(() => app)
  const signIn = (name: Name, with_ = password) =>
    hall.call('POST', '/api/v/1/user/auth', { system, body: { email: `${name}@example.com`, password: with_ } })
  const change = (name: Name, changes: Record<string, unknown>) =>
    admin('PUT', `/admin/user/${system.key}`, { user: users[name], changes })
  const dataOf = (at: App) => at.means.store.forSystem(system.key)
  const reviews = (): Promise<any[]> => admin('GET', `/admin/v/4/system/${system.key}/edges/hall/reviews`)
  const statusOf = async () => (await admin('GET', `/admin/edges/${system.key}`))[0]
  const isTaken = () =>
    until(
      async () => {
        hall.app.edgeLink!.hurry()
        return [await outboxHead(dataOf(hall.app)), await upCursor(dataOf(app.app), 'hall', 'facts')] as const
      },
      ([told, taken]) => told !== undefined && told.position === taken?.position,
    )
  const goDark = async (): Promise<void> => {
    // What the platform said of the time before is heard: a clock that is moved on meanwhile would be set back by it.
    await until(
      () => Math.abs(hall.app.means.clock.now() - app.app.means.clock.now()),
      (apart) => apart < second,
    )
    network.dark()
    await until(statusOf, ({ isConnected }) => !isConnected)
    await until(
      () => hall.app.edgeLink!.state.state,
      (state) => state !== 'connected',
    )
  }
  const whats = (found: { what: string }[]): string[] => found.map(({ what }) => what)

  before(async () => {
    app = await createTestApp(t)
    system = await app.createSystem()
    await admin('POST', `/admin/user/${system.key}/roles`, { name: 'Operators', description: '' })
    const roles = await admin('GET', `/admin/user/${system.key}/roles`)
    operators = roles.find((one: any) => one.Name === 'Operators').ID
    for (const name of names) {
      users[name] = await app.createUser(system, `${name}@example.com`, password)
      await change(name, { roles: { add: [operators] } })
    }
    await admin('POST', `/admin/${system.key}/deployments`, {
      ...{ name: 'all', edges: ['hall'], assets: [], sign_in: toOperators },
    })
    network = await faultProxy(t, (app.app.server.server.address() as any).port)
    const { token } = await admin('POST', `/admin/edges/${system.key}/hall`, {})
    hall = await startEdge(t, app, { system, name: 'hall', token, platform: network.url })
    for (const name of names) {
      await until(
        () => signIn(name),
        ({ status }) => status === 200,
      )
    }
    await isTaken()
  })

  test('what was told while the link stood is in no review', async () => {
    assert.deepEqual(await reviews(), [])
  })

  test('each sign-in of a dark time is there once, with what the platform knew to be otherwise, and nothing that it did not', async () => {
    await goDark()
    app.advance(minute)
    await change('off', { disabled: true })
    await change('back', { disabled: true })
    await change('pass', { password: 'another one of mine' })
    await change('moved', { roles: { delete: [operators] } })
    await admin('DELETE', `/admin/user/${system.key}`, undefined, { user: users.gone })
    app.advance(minute)
    const { body } = await signIn('late')
    const tokens: Record<string, string> = { late: body.user_token }
    for (const name of names) if (name !== 'late') tokens[name] = (await signIn(name)).body.user_token
    assert.equal((await signIn('calm', 'not that one')).status, 401)
    app.advance(minute)
    await change('back', { disabled: false })
    await change('late', { disabled: true })
    const asks = (name: string) => hall.call('GET', '/api/v/1/user/info', { token: tokens[name]!, system })
    for (const name of names) assert.equal((await asks(name)).status, 200, name)
    network.light()
    // Who is in no deployment any more is out with the link, whatever he holds.
    for (const name of ['late', 'off', 'pass', 'gone', 'moved']) {
      const is = await until(
        () => {
          hall.app.edgeLink!.hurry()
          return asks(name)
        },
        ({ status }) => status !== 200,
      )
      assert.notEqual(is.status, 200, name)
    }
    assert.equal((await asks('calm')).status, 200)
    await isTaken()
    const [review, ...more] = await reviews()
    assert.equal(more.length, 0)
    assert.deepEqual([review.sign_ins, review.otherwise, review.not_known, review.left_out], [8, 4, 1, 0])
    assert.ok(review.from < review.until)
    const found: Record<string, any> = {}
    for (const row of review.rows) if (row.decision === 'granted') found[row.user_id] = row
    const of = (name: Name) => [whats(found[users[name]].otherwise), whats(found[users[name]].not_known)]
    assert.deepEqual(of('calm'), [[], []])
    assert.deepEqual(of('late'), [[], []])
    assert.deepEqual(of('off'), [['disabled'], []])
    assert.deepEqual(of('pass'), [['password'], []])
    assert.deepEqual(of('gone'), [['deleted'], []])
    assert.deepEqual(of('moved'), [['deployment', 'role'], []])
    assert.deepEqual(of('back'), [[], ['disabled']])
    // Otherwise comes first, then what is not known.
    assert.deepEqual(review.rows.map((row: any) => [row.otherwise.length > 0, row.not_known.length > 0]).slice(0, 5), [
      ...Array.from({ length: 4 }, () => [true, false]),
      [false, true],
    ])
    assert.match(found[users.moved].otherwise[1].words, /lost the role Operators/)
    assert.equal(found[users.off].email, 'off@example.com')
    assert.equal(found[users.gone].email, '')
    assert.ok(found[users.calm].data_age_seconds >= 120)
    const words = /^While the link was cut 4 sign-ins were let in .* review\.$/
    const { problem } = await until(statusOf, (status) => words.test(status.problem))
    assert.match(problem, words)
    const told: any[] = await admin('GET', `/admin/v/4/system/${system.key}/sign-ins?limit=500`)
    assert.ok(told.some(({ userId, edge }) => userId === users.gone && edge === 'hall'))
  })

  test('what a user asks for at an edge is shown, changes nothing, and is done by a developer of the platform alone', async () => {
    for (const [name, type] of Object.entries({
      desk: 'string',
      level: 'int',
      api_token: 'string',
      sms_phone: 'string',
    })) {
      await admin('POST', `/admin/user/${system.key}/columns`, { column_name: name, type })
    }
    const { user_token: token } = (await signIn('calm')).body
    const own = async (at: TestApp | TestEdge) => {
      const data = dataOf(at.app)
      return (await readRows(data, await userTable(data), [users.calm]))[0]!
    }
    const change_ = (body: unknown) => hall.call('PUT', '/api/v/1/user/info', { token, system, body })
    const told = async () => (await outboxHead(dataOf(hall.app)))!.position
    const list = (): Promise<any[]> => admin('GET', `/admin/v/4/system/${system.key}/edges/hall/requests`)
    const decide = (edge: string, id: string, what: string, more: object = { developer: app.developer }) =>
      app.call('POST', `/admin/v/4/system/${system.key}/edges/${edge}/requests/${id}/${what}`, more)
    await until(
      () => own(hall),
      (row) => 'sms_phone' in row,
    )
    const none = await change_({ desk: '4' })
    assert.equal(none.status, 403, none.text)
    assert.match(none.text, /This is an edge/)
    await admin('PUT', `/admin/${system.key}/deployments/all`, { sign_in: { ...toOperators, requests: true } })
    const asked = await until(
      () => change_({ desk: '4' }),
      ({ status }) => status === 200,
    )
    assert.deepEqual(asked.body, { requested: true })
    await isTaken()
    const before_ = await told()
    for (const name of ['password', 'newPassword', 'email', 'roles', 'user_id', 'sms_phone', 'api_token', 'cb_token']) {
      const refused = await change_({ desk: '5', [name]: 'x' })
      assert.equal(refused.status, 403, name)
      assert.match(refused.text, /changed at the platform/)
    }
    for (const body of [{}, { nope: 1 }, { desk: {} }, { desk: 'x'.repeat(1_001) }, { desk: 'a\0b' }]) {
      assert.equal((await change_(body)).status, 400, JSON.stringify(body))
    }
    assert.equal(await told(), before_)
    const [open, ...others] = await list()
    assert.deepEqual([others, open.state, open.email], [[], 'open', 'calm@example.com'])
    assert.deepEqual([open.changes, open.present], [{ desk: '4' }, { desk: null }])
    for (const at of [app, hall]) assert.equal((await own(at)).desk, null)

    assert.equal((await decide('none', open.id, 'approve')).status, 400)
    assert.equal((await decide('hall', 'none', 'approve')).status, 400)
    assert.ok((await decide('hall', open.id, 'approve', { token, system })).status >= 400)
    const there = `/admin/v/4/system/${system.key}/edges/hall/requests/${open.id}/approve`
    assert.equal((await hall.call('POST', there, { developer: app.developer })).status, 404)
    assert.equal((await own(app)).desk, null)
    const both = await Promise.all([decide('hall', open.id, 'approve'), decide('hall', open.id, 'approve')])
    assert.deepEqual(both.map(({ status }) => status).sort(), [200, 400], 'it is decided once')
    assert.equal((await own(app)).desk, '4')
    const down = await until(
      () => own(hall),
      ({ desk }) => desk === '4',
    )
    assert.equal(down.desk, '4')
    for (const what of ['approve', 'turn-down']) assert.equal((await decide('hall', open.id, what)).status, 400)
    const audited = await app.call('GET', '/admin/audit', {
      ...{ developer: app.developer, query: { system: system.key, kind: 'user' } },
    })
    assert.match(audited.text, /approve request/)

    assert.equal((await change_({ desk: '6', level: 'high' })).status, 200)
    await isTaken()
    const [unfit] = await list()
    assert.equal((await decide('hall', unfit.id, 'approve')).status, 400)
    assert.deepEqual([(await own(app)).desk, (await list())[0].state], ['4', 'open'], 'all of it or nothing')
    assert.equal((await decide('hall', unfit.id, 'turn-down')).status, 200)
    assert.deepEqual(
      (await list()).map(({ state }) => state),
      ['turned down', 'approved'],
    )
    assert.equal((await own(app)).desk, '4')
    const tries = []
    for (let n = 0; n < 10; n++) tries.push((await change_({ desk: `${n}` })).status)
    assert.deepEqual([tries.filter((status) => status === 200).length, tries.at(-1)], [8, 429])
    await isTaken()
  })

  test('another auth service and an age that is past the limit by now are said', async () => {
    await goDark()
    app.advance(minute)
    await app.createService(system, 'gate', 'function gate(req, resp) { resp.error("closed") }', {
      executableBy: ['Anonymous'],
    })
    await app.set(system, { auth_service: 'gate' })
    const sign_in = { ...toOperators, offline: { limit: 60 } }
    await admin('PUT', `/admin/${system.key}/deployments/all`, { sign_in })
    app.advance(minute)
    assert.equal((await signIn('calm')).status, 200)
    network.light()
    await isTaken()
    const [review] = await reviews()
    assert.deepEqual(whats(review.rows[0].otherwise), ['age', 'auth service'])
    assert.deepEqual(review.rows[0].not_known, [])
  })

  test('an edge that lies puts nothing but its own words into its review', async () => {
    await hall.app.close()
    const means = app.app.means
    const { publicKey, linkNumber } = (await listEdges(dataOf(app.app)))[0]!
    const now = means.clock.now()
    const dark = { link: linkNumber, from: now - minute, until: now, identity: 1_000_000, configuration: 1_000_000 }
    const edge = { systemKey: system.key, name: 'hall', publicKey: publicKey!, number: linkNumber }
    const stranger = await app.createUser(system, 'stranger@example.com', password)
    const fresh = await app.createUser(system, 'fresh@example.com', password)
    await admin('PUT', `/admin/user/${system.key}`, { user: fresh, changes: { roles: { add: [operators] } } })
    await app.app.notices.idle()
    const before_ = await rowsOf(app)
    let from = (await upCursor(dataOf(app.app), 'hall', 'facts'))!
    const tell = async (facts: object[], absence: ConstructorParameters<typeof Taking>[2]) => {
      const items = facts.map((fact) => ({ at: now - 1, ...fact }))
      const to = { ...from, position: from.position + items.length }
      const told = { type: 'told' as const, lane: 'facts' as const, from, to, lost: 0, items }
      const outcome = await new Taking(means, edge, absence).take(told)
      from = to
      return outcome.problem ?? ''
    }
    const record = { door: 'password', factors: 'password constructor toString', dataAge: 1, why: 'x' }
    const signedIn = (user: string, more: object = {}) => ({
      kind: 'sign-in',
      user,
      decision: 'granted',
      record,
      ...more,
    })
    const session = {
      ...{ id: 's', token_hash: hashToken('s'), granted_by: 'password', factors: 'password', password_stamp: 'x' },
      ...{ created_at: now, expires_at: now + hour, data_age: 0 },
    }
    const problem = await tell(
      [
        signedIn(stranger),
        signedIn('nobody'),
        signedIn(users.calm, { record: { ...record, otherwise: [] } }),
        signedIn(users.calm, { review: [] }),
        // Of one who was there: what he did stands, and nothing else comes of it.
        { kind: 'session', user: users.gone, ...session },
        { kind: 'disabled', user: users.gone, authenticator: 'x' },
        { kind: 'failure', user: users.moved, what: 'password' },
      ],
      dark,
    )
    assert.match(problem, /told 2 things that no edge may tell/)
    assert.match(problem, /told 2 facts of what no deployment brings there/)
    assert.deepEqual(await rowsOf(app), before_)
    // One who was never there, one dated before the link was cut, and a log that is not known.
    const ask = (changes: unknown, user = users.calm) => ({ kind: 'request', user, changes })
    assert.match(await tell([ask({ desk: 'mine' })], dark), /told 1 requests that nobody may make there/)
    await admin('PUT', `/admin/${system.key}/deployments/all`, { sign_in: { ...toOperators, requests: true } })
    const never = [{ password: 'x' }, { roles: 'Administrator' }, { sms_phone: '+1' }, { Email: 'me' }, { apiKey: 'x' }]
    const refused = await tell([...never.map((one) => ask(one)), ask({ desk: 'x' }, stranger), ask({ desk: {} })], dark)
    assert.match(refused, /told 5 requests that nobody may make/)
    assert.match(refused, /told 1 facts of what no deployment brings there/)
    const masses = await tell(
      Array.from({ length: 30 }, (_, n) => ask({ desk: `${n}` })),
      dark,
    )
    assert.match(masses, /18 requests of the edge are too many/)
    const open: any[] = await admin('GET', `/admin/v/4/system/${system.key}/edge-requests`)
    assert.deepEqual([open.length, open.every(({ changes }) => Object.keys(changes).join() === 'desk')], [20, true])
    const asIs = await rowsOf(app)
    await tell([signedIn(fresh)], dark)
    await tell([signedIn(users.calm, { at: now - hour })], { ...dark, until: now + 1 })
    await tell([signedIn(users.calm)], { ...dark, until: now + 2, identity: null })
    await tell([signedIn(users.calm, { at: now + hour })], { ...dark, until: now + 3 })
    const [unlogged, backdated, first] = await reviews()
    assert.deepEqual(whats(first.rows[0].otherwise), ['not there'])
    assert.deepEqual(whats(backdated.rows[0].not_known), ['time'])
    assert.deepEqual([unlogged.sign_ins, ...whats(unlogged.rows[0].not_known)], [1, 'platform'])
    const after_ = await rowsOf(app)
    const changed = Object.keys(after_).filter((name) => after_[name] !== asIs[name])
    assert.deepEqual(changed.sort(), ['edge_reviews', 'sign_in_traces'])
  })

  test('what the database undid and took once more is counted once', async () => {
    const { means } = app.app
    const { linkNumber, publicKey } = (await listEdges(dataOf(app.app)))[0]!
    const edge = { systemKey: system.key, name: 'hall', publicKey: publicKey!, number: linkNumber }
    const now = means.clock.now()
    const dark = { link: linkNumber, from: now - minute, until: now, identity: 1_000_000, configuration: 1_000_000 }
    const user = await app.createUser(system, 'never@example.com', password)
    await admin('PUT', `/admin/user/${system.key}`, { user, changes: { roles: { add: [operators] } } })
    const from = (await upCursor(dataOf(app.app), 'hall', 'facts'))!
    const items = [{ kind: 'sign-in', at: now - 1, user, decision: 'granted', record: { door: 'password' } }]
    const to = { ...from, position: from.position + 1 }
    // As after a deadlock.
    const twice: Store = {
      ...means.store,
      forSystem(key) {
        const data = means.store.forSystem(key)
        const undone = new Error('undone')
        const transaction: SystemStore['transaction'] = async (work) => {
          const first = data.transaction(async (tx) => {
            await work(tx)
            throw undone
          })
          await assert.rejects(first, undone)
          return data.transaction(work)
        }
        return { ...data, transaction }
      },
    }
    const taking = new Taking({ ...means, store: twice }, edge, dark)
    const outcome = await taking.take({ type: 'told', lane: 'facts', from, to, lost: 0, items })
    assert.equal(outcome.taken, true)
    assert.match(outcome.problem ?? '', /was cut 1 sign-ins/)
  })

  test('a review stays when its edge is removed, and is for developers alone', async () => {
    await admin('DELETE', `/admin/edges/${system.key}/hall`)
    assert.ok((await reviews()).length > 0)
    const path = `/admin/v/4/system/${system.key}/edges/${'none'}/reviews`
    assert.equal((await app.call('GET', path, { developer: app.developer })).status, 400)
    assert.ok((await app.call('GET', path, { system })).status >= 400)
  })
})

/** Every table of the platform but what counts and what stands of edges themselves. */
async function rowsOf({ app }: TestApp): Promise<Record<string, string>> {
  const db = databaseOf(app.means.store)
  const all: Record<string, string> = {}
  for (const { name } of await db.introspection.getTables()) {
    if (['edges', 'edge_cursors', 'send_counts'].includes(name)) continue
    const rows = await db
      .selectFrom(name as 'meta')
      .selectAll()
      .execute()
    all[name] = rows
      .map((row) => JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? `${value}` : value)))
      .sort()
      .join('\n')
  }
  return all
}
