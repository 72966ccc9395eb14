/** What becomes of a change that an edge cannot write: it is set aside and shown, or the lane stops; it never blocks the rest. */
import assert from 'node:assert/strict'
import { afterEach, before, beforeEach, describe, test } from 'node:test'
import { sql } from 'kysely'
import { createTestApp, type TestApp } from '../../../../test/support/app.ts'
import { minute } from '../base/clock.ts'
import { addEdgeAccount } from '../domain/accounts/edge-accounts.ts'
import { databaseOf } from '../store/store.ts'
import { findCollection } from '../store/tables/collections.ts'
import { findPlatformLink } from '../store/tables/platform-links.ts'
import { adminOf, endings, startEdge, type TestEdge, until } from './edge.fixture.ts'
import { readFromEdge } from './messages.ts'

const email = 'op@example.com'
const password = 'the plant is quiet'

describe('a change that an edge cannot write', () => {
  let app: TestApp
  let system: { key: string; secret: string }
  let edge: TestEdge
  let readings: string
  let session: string
  const t = endings()

  const admin = adminOf(() => app)
  const addRow = async (row: object): Promise<string> =>
    (await admin('POST', `/api/v/1/data/${readings}`, row))[0].item_id
  const changeRow = (item_id: string, $set: object) =>
    admin('PUT', `/api/v/1/data/${readings}`, { query: [[{ EQ: [{ item_id }] }]], $set })
  const rows = async (): Promise<any[]> =>
    (await edge.call('GET', `/api/v/1/data/${readings}`, { token: session })).body?.DATA ?? []
  const hasRow = (isIt: (row: any) => boolean) => until(rows, (found) => found.some(isIt))
  const status = async () => (await admin('GET', `/admin/v/4/system/${system.key}/edges`))[0]
  const stateOf = async (name: string): Promise<string> =>
    (await status()).assets.find((one: any) => [one.asset_class, one.asset_id].includes(name))?.state
  const retry = () => admin('POST', `/admin/${system.key}/sync/retry/edge/hall`, {})
  const cursors = async () => (await findPlatformLink(edge.app.means.store))!.cursors
  /** What the database of this edge is told by hand. */
  const atEdge = (text: string) => sql.raw(text).execute(databaseOf(edge.app.means.store))
  const table = async () =>
    (await findCollection(edge.app.means.store.forSystem(system.key), { id: readings }))!.table.table
  const refuse = async (name: string, on: string, when: string) =>
    atEdge(`create trigger ${name} before insert on "${on}" when ${when} begin select raise(abort, 'no ${name}'); end`)
  const says = async (): Promise<string> =>
    (await edge.call('POST', `/api/v/1/code/${system.key}/report`, { token: session, body: {} })).body?.results
  const putService = (name: string, code: string) => admin('PUT', `/admin/code/v/1/${system.key}/${name}`, { code })

  before(async () => {
    app = await createTestApp(t)
    system = await app.createSystem()
    readings = await app.createCollection(system, 'Readings', { sensor: 'string', value: 'int' })
    await app.grant(system, 'Authenticated', { collections: [{ itemInfo: { name: 'Readings' }, permissions: 15 }] })
    await app.createService(system, 'report', "resp.success('one')", { executableBy: ['Authenticated'] })
    await app.createService(system, 'door', "resp.error('closed')", { executableBy: ['Anonymous'] })
    await app.createUser(system, email, password)
    await admin('POST', `/admin/${system.key}/deployments`, {
      ...{ name: 'hall', edges: ['hall'] },
      assets: [{ asset_class: 'Readings' }, { asset_class: 'services', asset_id: 'report' }],
      sign_in: { users: { emails: [email, 'next@example.com'] } },
    })
    const { token } = await admin('POST', `/admin/edges/${system.key}/hall`, {})
    edge = await startEdge(t, app, { system, name: 'hall', token })
    await until(cursors, ({ data }) => data?.at === null)
    const body = { email, password }
    session = (await edge.call('POST', '/api/v/1/user/auth', { system, body })).body.user_token
  })

  afterEach(async () => {
    const { rows: left } = await sql<{ name: string }>`select name from sqlite_master where type = 'trigger'`.execute(
      databaseOf(edge.app.means.store),
    )
    for (const { name } of left) await atEdge(`drop trigger ${name}`)
    if (left.length > 0) await retry()
  })

  beforeEach(async () => {
    await until(status, (one) => one.behind_since === null)
  })

  test('a row is set aside with its reason at both ends, what follows goes on, and another value of it is written', async () => {
    await refuse('high', await table(), 'new.value > 1000')
    const first = await addRow({ sensor: 'a', value: 1001 })
    await addRow({ sensor: 'b', value: 2 })
    assert.ok((await hasRow(({ sensor }) => sensor === 'b')).every(({ item_id }) => item_id !== first))
    const shown = await until(status, (one) => one.set_aside.length === 1)
    const [one] = shown.set_aside
    assert.deepEqual([one.asset_class, one.part], ['Readings', `row ${first}`])
    assert.match(one.reason, /refused it/)
    assert.equal(shown.lanes.data.set_aside, 1)
    assert.equal(shown.lanes.data.stopped, '')
    assert.equal(await stateOf('Readings'), 'set aside')
    assert.ok(!JSON.stringify(shown).includes('1001'), 'no value of the row')
    const account = { name: 'jo', password: 'a long and quiet password' }
    await addEdgeAccount(edge.app.means, { clock: edge.app.means.clock, by: 'operator' }, account)
    const made = await edge.call('POST', '/edge/sign-in', {
      body: account,
    })
    const page = await edge.app.server.inject({
      ...{ method: 'GET', url: '/edge/state', headers: { 'gatehouse-edge-token': made.body.token } },
    })
    assert.deepEqual(
      page.json().set_aside.map(({ what }: any) => what),
      [`row ${first} of Readings`],
    )
    await changeRow(first, { value: 3 })
    await hasRow(({ item_id, value }) => item_id === first && value === 3)
    const after = await until(status, (now) => now.set_aside.length === 0)
    assert.deepEqual(after.set_aside, [])
    assert.equal(await stateOf('Readings'), 'there')
  })

  test('it is written when a developer asks for it once more, and not before', async () => {
    await refuse('high', await table(), 'new.value > 1000')
    const late = await addRow({ sensor: 'late', value: 2000 })
    await until(status, (one) => one.set_aside.length === 1)
    await atEdge('drop trigger high')
    await addRow({ sensor: 'other', value: 4 })
    assert.ok((await hasRow(({ sensor }) => sensor === 'other')).every(({ item_id }) => item_id !== late))
    await retry()
    assert.ok((await hasRow(({ item_id }) => item_id === late)).some(({ value }) => value === 2000))
    assert.equal((await until(status, (one) => one.set_aside.length === 0)).set_aside.length, 0)
  })

  test('a row that is removed on the platform is set aside no more', async () => {
    await refuse('high', await table(), 'new.value > 1000')
    const gone = await addRow({ sensor: 'gone', value: 3000 })
    await until(status, (one) => one.set_aside.length === 1)
    const query = JSON.stringify([[{ EQ: [{ item_id: gone }] }]])
    const { status: answer } = await app.call('DELETE', `/api/v/1/data/${readings}`, {
      ...{ developer: app.developer, query: { query } },
    })
    assert.equal(answer, 200)
    assert.equal((await until(status, (one) => one.set_aside.length === 0)).set_aside.length, 0)
    await atEdge('drop trigger high')
  })

  test('code that cannot be written stays as it was, and another version of the program tries it again', async () => {
    await refuse('text', 'code_versions', "new.source like '%two%'")
    await putService('report', "resp.success('two')")
    const shown = await until(status, (one) => one.set_aside.length === 1)
    assert.deepEqual([shown.set_aside[0].asset_class, shown.set_aside[0].asset_id], ['services', 'report'])
    assert.equal(await stateOf('report'), 'set aside')
    assert.equal(await says(), 'one')
    await addRow({ sensor: 'beside', value: 5 })
    await hasRow(({ sensor }) => sensor === 'beside')
    await atEdge('drop trigger text')
    // The same version does not.
    edge.app.edgeLink!.cut()
    await until(status, (one) => one.state === 'connected' && one.behind_since === null)
    assert.equal(await says(), 'one')
    await atEdge("update set_aside set version = '0.0.9'")
    edge.app.edgeLink!.cut()
    assert.equal(
      await until(
        () => {
          edge.app.edgeLink!.hurry()
          return says()
        },
        (said) => said === 'two',
      ),
      'two',
    )
    assert.equal((await until(status, (one) => one.set_aside.length === 0)).set_aside.length, 0)
  })

  test('a portal that cannot be written is set aside, and is there when it can', async () => {
    await refuse('pages', 'kept_assets', "new.name = 'Hall'")
    await admin('POST', `/api/v/2/portals/${system.key}/Hall`, { config: { pages: [] }, description: '' })
    await admin('PUT', `/admin/${system.key}/deployments/hall`, { assets: { add: [{ asset_class: 'portals' }] } })
    const shown = await until(status, (one) => one.set_aside.length === 1)
    assert.deepEqual([shown.set_aside[0].asset_class, shown.set_aside[0].asset_id], ['portals', 'Hall'])
    assert.equal(await stateOf('Hall'), 'set aside')
    await atEdge('drop trigger pages')
    await retry()
    assert.equal((await until(status, (one) => one.set_aside.length === 0)).set_aside.length, 0)
    assert.equal(
      await until(
        () => stateOf('Hall'),
        (state) => state === 'there',
      ),
      'there',
    )
  })

  test('an index that rows of the edge are in the way of is set aside alone, and rows go on', async () => {
    for (const sensor of ['same', 'same']) {
      const made = await edge.call('POST', `/api/v/1/data/${readings}`, { token: session, body: { sensor, value: 6 } })
      assert.equal(made.status, 200, made.text)
    }
    const index = { developer: app.developer, query: { columnName: 'sensor' } }
    assert.equal((await app.call('POST', `/api/v/4/data/${system.key}/Readings/uniqueindex`, index)).status, 200)
    const shown = await until(status, (one) => one.set_aside.length === 1)
    assert.equal(shown.set_aside[0].part, 'index of sensor')
    assert.match(shown.set_aside[0].reason, /holds the same value/)
    await addRow({ sensor: 'after the index', value: 7 })
    await hasRow(({ sensor }) => sensor === 'after the index')
    assert.equal((await rows()).filter(({ sensor }) => sensor === 'same').length, 2, 'nothing of the edge was lost')
    const query = encodeURIComponent(JSON.stringify([[{ EQ: [{ sensor: 'same' }] }]]))
    await edge.app.server.inject({
      ...{ method: 'DELETE', url: `/api/v/1/data/${readings}?query=${query}` },
      headers: { 'clearblade-usertoken': session },
    })
    await retry()
    assert.equal((await until(status, (one) => one.set_aside.length === 0)).set_aside.length, 0)
  })

  test('two collections that change names with each other are both there', async () => {
    const other = await app.createCollection(system, 'Other', { sensor: 'string' })
    await admin('PUT', `/admin/${system.key}/deployments/hall`, { assets: { add: [{ asset_class: 'Other' }] } })
    await until(cursors, ({ data }) => data?.at === null)
    await until(
      async () => findCollection(edge.app.means.store.forSystem(system.key), { id: other }),
      (found) => found !== undefined,
    )
    edge.app.edgeLink!.cut()
    const rename = (id: string, name: string) =>
      admin('PUT', '/admin/collectionmanagement', { id, renameCollection: name })
    await rename(other, 'Between')
    await rename(readings, 'Other')
    await rename(other, 'Readings')
    const named = async () => {
      const at = edge.app.means.store.forSystem(system.key)
      return [(await findCollection(at, { id: readings }))?.name, (await findCollection(at, { id: other }))?.name]
    }
    edge.app.edgeLink!.hurry()
    assert.deepEqual(await until(named, ([one]) => one === 'Other'), ['Other', 'Readings'])
    await rename(other, 'Between')
    await rename(readings, 'Readings')
    await rename(other, 'Other')
    await until(named, ([one]) => one === 'Readings')
  })

  test('a full disk sets nothing aside: it is said, and tried until there is room', async () => {
    const pages = async (what: string) =>
      Number(Object.values((await sql.raw(`pragma ${what}`).execute(databaseOf(edge.app.means.store))).rows[0]!)[0])
    const used = await pages('page_count')
    await atEdge(`pragma max_page_count = ${used}`)
    await addRow({ sensor: 'large'.repeat(40_000), value: 8 })
    const shown = await until(status, ({ problem }) => /full/.test(problem))
    assert.match(shown.problem, /tries again/)
    assert.equal(shown.set_aside.length, 0)
    assert.equal(edge.app.edgeLink!.state.state, 'connected')
    await atEdge(`pragma max_page_count = ${used + 10_000}`)
    edge.app.edgeLink!.hurry()
    const found = await hasRow(({ value }) => value === 8)
    assert.ok(found.some(({ value }) => value === 8))
    assert.equal((await status()).set_aside.length, 0)
  })

  test('too much of it stops the lane: nothing of it is written, the rest goes on, and a retry goes on from there', async () => {
    await refuse('high', await table(), 'new.value > 1000')
    const before = (await cursors()).data
    const many = Array.from({ length: 30 }, (_, at) => ({ sensor: `s${at}`, value: 5000 + at }))
    await admin('POST', `/api/v/1/data/${readings}`, [...many, { sensor: 'good of them', value: 9 }])
    const shown = await until(status, (one) => one.lanes.data.stopped !== '')
    assert.match(shown.lanes.data.stopped, /More than 10/)
    assert.equal(shown.lanes.data.set_aside, 0)
    assert.equal(await stateOf('Readings'), 'stopped')
    assert.deepEqual((await cursors()).data, before)
    assert.ok(!(await rows()).some(({ sensor }) => sensor === 'good of them'))
    await putService('report', "resp.success('three')")
    assert.equal(await until(says, (said) => said === 'three'), 'three')
    await atEdge('drop trigger high')
    await retry()
    const found = await hasRow(({ sensor }) => sensor === 'good of them')
    assert.equal(found.filter(({ value }) => value >= 5000).length, 30)
    assert.equal((await until(status, (one) => one.lanes.data.stopped === '')).lanes.data.stopped, '')
  })

  test('of users nothing is left out: the lane stops, how old they are counts on, and data goes on', async () => {
    await refuse('people', 'accounts', "new.email_key = 'next@example.com'")
    await app.createUser(system, 'next@example.com', password)
    const shown = await until(status, (one) => one.lanes.identity.stopped !== '')
    assert.equal(shown.lanes.identity.set_aside, 0)
    assert.equal(shown.set_aside.length, 0)
    const known = edge.app.edgeLink!.standing.identityAt
    app.advance(minute)
    // Another link brings word of the platform, but none that all is there.
    edge.app.edgeLink!.cut()
    edge.app.edgeLink!.hurry()
    await until(status, (one) => one.state === 'connected' && one.lanes.identity.stopped !== '')
    await addRow({ sensor: 'while users wait', value: 10 })
    await hasRow(({ sensor }) => sensor === 'while users wait')
    assert.equal(edge.app.edgeLink!.standing.identityAt, known)
    await atEdge('drop trigger people')
    await retry()
    await until(status, (one) => one.lanes.identity.stopped === '')
    assert.ok(
      await until(
        () => (edge.app.edgeLink!.standing.identityAt ?? 0) > known!,
        (isNewer) => isNewer,
      ),
    )
  })

  test('code that the sign-in rests on is never left as it was: the lane stops, and nobody believes that all is there', async () => {
    await app.set(system, { auth_service: 'door' })
    await until(
      () => databaseOf(edge.app.means.store).selectFrom('code_units').select('name').execute(),
      (found) => found.some(({ name }) => name === 'door'),
    )
    await refuse('text', 'code_versions', "new.source like '%shut%'")
    await putService('door', "resp.error('shut')")
    const shown = await until(status, (one) => one.lanes.configuration.stopped !== '')
    assert.match(shown.lanes.configuration.stopped, /The sign-in rests on the service door/)
    assert.equal(shown.set_aside.length, 0)
    const known = edge.app.edgeLink!.standing.identityAt
    app.advance(minute)
    edge.app.edgeLink!.cut()
    edge.app.edgeLink!.hurry()
    await until(status, (one) => one.state === 'connected' && one.lanes.configuration.stopped !== '')
    assert.equal(edge.app.edgeLink!.standing.identityAt, known)
    await atEdge('drop trigger text')
    await retry()
    assert.equal((await until(status, (one) => one.lanes.configuration.stopped === '')).lanes.configuration.stopped, '')
  })

  test('code that was set aside before the sign-in came to rest on it lets nobody in', async () => {
    const signIn = async () =>
      (await edge.call('POST', '/api/v/1/user/auth', { system, body: { email, password } })).text
    const open = "resp.success('open')"
    await app.set(system, { auth_service: '' })
    await app.createLibrary(system, 'rules', 'var rules = 1')
    await app.createService(system, 'gate', "resp.error('the old gate')", { executableBy: ['Anonymous'] })
    const assets = ['gate', 'door'].map((asset_id) => ({ asset_class: 'services', asset_id }))
    await admin('PUT', `/admin/${system.key}/deployments/hall`, {
      assets: { add: [...assets, { asset_class: 'libraries', asset_id: 'rules' }] },
    })
    const has = (name: string) =>
      until(
        () => databaseOf(edge.app.means.store).selectFrom('code_units').select('name').execute(),
        (found) => found.some((one) => one.name === name),
      )
    await has('gate')
    await has('rules')
    // A service that is named afterwards: the old one is there no more.
    await refuse('text', 'code_versions', "new.source like '%second%'")
    await putService('gate', "resp.error('the second gate')")
    await until(status, (one) => one.set_aside.length === 1)
    await app.set(system, { auth_service: 'gate' })
    await until(status, (one) => one.lanes.identity.queued === 0)
    const answer = await until(signIn, (text) => !text.includes('user_token'))
    assert.ok(!answer.includes('user_token') && !answer.includes('the old gate'), answer)
    await atEdge('drop trigger text')
    await retry()
    assert.match(await until(signIn, (text) => text.includes('the second gate')), /the second gate/)
    // A library that a service comes to require afterwards: that service stops the lane.
    await refuse('more', 'code_versions', "new.source like '%stricter%'")
    const library = { code: "var rules = 'stricter'", dependencies: '', description: '' }
    await admin('PUT', `/codeadmin/v/2/library/${system.key}/rules`, library)
    await until(status, (one) => one.set_aside.length === 1)
    await admin('PUT', `/admin/code/v/1/${system.key}/gate`, { code: open, dependencies: 'rules' })
    const shown = await until(status, (one) => one.lanes.configuration.stopped !== '')
    assert.match(shown.lanes.configuration.stopped, /The sign-in rests on the library rules/)
    assert.match(await signIn(), /the second gate/)
    await atEdge('drop trigger more')
    await retry()
    assert.equal((await until(status, (one) => one.lanes.configuration.stopped === '')).lanes.configuration.stopped, '')
  })
})

test('of what an edge says that it set aside, only the form that an edge has is read', () => {
  const item = { kind: 'row', id: 'c/1', reason: 'no', at: 1 }
  const said = { type: 'aside', items: [item], again: false }
  assert.deepEqual(readFromEdge(said), said)
  for (const wrong of [
    { ...said, items: 'all' },
    { ...said, again: 1 },
    { ...said, system: 'other' },
    { ...said, items: Array.from({ length: 201 }, () => item) },
    { ...said, items: [{ ...item, kind: 'user' }] },
    { ...said, items: [{ ...item, id: 'x'.repeat(401) }] },
    { ...said, items: [{ ...item, reason: 'x'.repeat(301) }] },
    { ...said, items: [{ ...item, at: -1 }] },
    { ...said, items: [{ ...item, lane: 'identity' }] },
    { ...said, items: [null] },
    { type: 'trouble', lane: 'data', words: 'no' },
    { type: 'trouble', lane: 'data', words: 'no', stopped: 'yes' },
  ]) {
    assert.equal(readFromEdge(wrong), undefined, JSON.stringify(wrong).slice(0, 200))
  }
})
