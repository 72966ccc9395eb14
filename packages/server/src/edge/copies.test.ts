/** What is deployed without being kept in step: it is copied once, and stays as it is there until it is pushed. Single rows too. */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { sql } from 'kysely'
import { createTestApp, type TestApp } from '../../../../test/support/app.ts'
import { makePortal } from '../../../../test/support/portals.ts'
import { databaseOf } from '../store/store.ts'
import { upCursor } from '../store/tables/edge-words.ts'
import { listKeptFiles } from '../store/tables/packages.ts'
import { findPlatformLink } from '../store/tables/platform-links.ts'
import { findSafeVersion } from '../store/tables/safe-versions.ts'
import { adminOf, endings, startEdge, type TestEdge, until } from './edge.fixture.ts'
import { Taking } from './taking.ts'

const email = 'op@example.com'
const password = 'the plant is quiet'
const names = ['Marks', 'Recipes', 'Reports', 'Limits', 'Targets'] as const
type Name = (typeof names)[number]

describe('what is copied to an edge once', () => {
  let app: TestApp
  let system: { key: string; secret: string }
  let edge: TestEdge
  let session: string
  const ids = {} as Record<Name, string>
  const row = {} as Record<
    'recipe' | 'follows' | 'copied' | 'stays behind' | 'both ways' | 'up only' | 'down' | 'no matter',
    string
  >
  const t = endings()

  const admin = adminOf(() => app)
  const add = async (name: Name, value: number): Promise<string> =>
    (await admin('POST', `/api/v/1/data/${ids[name]}`, { value }))[0].item_id
  const change = (name: Name, item_id: string, value: number) =>
    admin('PUT', `/api/v/1/data/${ids[name]}`, { query: [[{ EQ: [{ item_id }] }]], $set: { value } })
  const atEdge = async (method: 'POST' | 'PUT', name: Name, body: object) => {
    const got = await edge.call(method, `/api/v/1/data/${ids[name]}`, { token: session, body })
    assert.equal(got.status, 200, got.text)
    return got.body
  }
  const rows = async (name: Name): Promise<any[]> =>
    (await edge.call('GET', `/api/v/1/data/${ids[name]}`, { token: session })).body?.DATA ?? []
  const valueAt = async (name: Name, id: string): Promise<number | undefined> =>
    (await rows(name)).find(({ item_id }) => item_id === id)?.value
  const isValue = (name: Name, id: string, value: number) =>
    until(
      () => valueAt(name, id),
      (found) => found === value,
    )
  let marks = 0
  /** All that was changed before is there, if it is to be: this comes behind it. */
  const settle = async (): Promise<void> => {
    const id = await add('Marks', ++marks)
    assert.equal(await isValue('Marks', id, marks), marks)
    const status = () => admin('GET', `/admin/v/4/system/${system.key}/edges`)
    await until(status, ([one]) => one.behind_since === null)
  }
  const says = async (): Promise<string> =>
    (await edge.call('POST', `/api/v/1/code/${system.key}/frozen`, { token: session, body: {} })).body?.results
  const asset = (asset_class: string, asset_id: string, to: object = {}) => ({ asset_class, asset_id, ...to })
  const once = { sync_to_edge: false }
  const configOf = (name: string) => ({ pages: { Home: { id: 'Home', name } }, panes: {}, widgets: {} })
  const changePortal = (name: string, title: string) =>
    admin('PUT', `/api/v/2/portals/${system.key}/${name}`, { config: JSON.stringify(configOf(title)) })
  const portalsThere = async (): Promise<string> => {
    const files = await listKeptFiles(edge.app.means.store.forSystem(system.key), { kind: 'portal' })
    return files.map(({ bytes }) => bytes.toString()).join('')
  }
  const onPlatform = async (name: Name): Promise<Record<string, number>> => {
    const found = (await admin('GET', `/api/v/1/data/${ids[name]}`)).DATA
    return Object.fromEntries(found.map(({ item_id, value }: any) => [item_id, value]))
  }

  before(async () => {
    app = await createTestApp(t)
    system = await app.createSystem()
    for (const name of names) {
      ids[name] = await app.createCollection(system, name, { value: 'int' })
      await app.grant(system, 'Authenticated', { collections: [{ itemInfo: { name }, permissions: 15 }] })
    }
    await app.createLibrary(system, 'units', "var units = { say: function () { return 'bar' } }")
    await app.createService(system, 'frozen', "resp.success('one ' + units.say())", {
      ...{ requires: 'clearblade,units', executableBy: ['Authenticated'] },
    })
    await app.createUser(system, email, password)
    row.recipe = await add('Recipes', 1)
    row.follows = await add('Limits', 1)
    row.copied = await add('Limits', 2)
    row['stays behind'] = await add('Limits', 3)
    await add('Reports', 1)
    for (const name of ['both ways', 'up only', 'down', 'no matter'] as const) row[name] = await add('Targets', 1)
    await makePortal(app, system, 'Board', configOf('one'), ['Authenticated'])
    await admin('POST', `/admin/${system.key}/deployments`, {
      ...{ name: 'hall', edges: ['hall'] },
      assets: [
        asset('Marks', ''),
        asset('Recipes', '', { sync: false }),
        asset('Reports', '', { ...once, sync_to_platform: true }),
        asset('Limits', row.follows),
        asset('Limits', row.copied, once),
        asset('Limits', 'no-such-row'),
        asset('services', 'frozen', once),
        asset('portals', 'Board', once),
        asset('Targets', row['both ways'], { sync: true }),
        asset('Targets', row['up only'], { ...once, sync_to_platform: true }),
        asset('Targets', row.down),
      ],
      sign_in: { users: { emails: [email] } },
    })
    const { token } = await admin('POST', `/admin/edges/${system.key}/hall`, {})
    edge = await startEdge(t, app, { system, name: 'hall', token })
    const cursors = async () => (await findPlatformLink(edge.app.means.store))!.cursors
    await until(cursors, ({ data }) => data?.at === null)
    session = (await edge.call('POST', '/api/v/1/user/auth', { system, body: { email, password } })).body.user_token
  })

  test('columns, rows and code stay as they were when they were deployed', async () => {
    assert.deepEqual([await valueAt('Recipes', row.recipe), await says()], [1, 'one bar'])
    await change('Recipes', row.recipe, 2)
    await add('Recipes', 3)
    await admin('PUT', '/admin/collectionmanagement', { id: ids.Recipes, addColumn: { name: 'more', type: 'string' } })
    await admin('PUT', `/admin/code/v/1/${system.key}/frozen`, { code: "resp.success('two ' + units.say())" })
    const code = "var units = { say: function () { return 'psi' } }"
    await admin('PUT', `/codeadmin/v/2/library/${system.key}/units`, { code, dependencies: '', description: '' })
    await settle()
    const found = await rows('Recipes')
    assert.deepEqual(
      found.map(({ item_id, value, more }) => [item_id, value, more]),
      [[row.recipe, 1, undefined]],
    )
    assert.equal(await says(), 'one bar')
  })

  test('what users write into it stays there, and goes up where the deployment says so', async () => {
    await atEdge('PUT', 'Recipes', { query: [[{ EQ: [{ item_id: row.recipe }] }]], $set: { value: 50 } })
    const own = (await atEdge('POST', 'Recipes', { value: 51 }))[0].item_id
    const sent = (await atEdge('POST', 'Reports', { value: 9 }))[0].item_id
    const onPlatform = async () => (await admin('GET', `/api/v/1/data/${ids.Reports}`)).DATA
    const got = await until(onPlatform, (found) => found.some(({ item_id }: any) => item_id === sent))
    assert.ok(got.some(({ item_id, value }: any) => item_id === sent && value === 9))
    await change('Reports', sent, 10)
    await settle()
    assert.equal(await valueAt('Reports', sent), 9, 'what the platform changes does not come down')
    assert.deepEqual([await valueAt('Recipes', row.recipe), await valueAt('Recipes', own)], [50, 51])
    const recipes = (await admin('GET', `/api/v/1/data/${ids.Recipes}`)).DATA
    assert.ok(
      recipes.every(({ value }: any) => value < 50),
      'nothing of it goes up',
    )
  })

  test('of a collection of which single rows are named no other goes there', async () => {
    const there = async () => (await rows('Limits')).map(({ item_id, value }) => [item_id, value])
    const wanted = [
      [row.follows, 1],
      [row.copied, 2],
    ]
    assert.deepEqual((await there()).sort(), wanted.sort())
    await change('Limits', row.follows, 10)
    await change('Limits', row.copied, 20)
    await change('Limits', row['stays behind'], 30)
    await isValue('Limits', row.follows, 10)
    await settle()
    assert.deepEqual(
      (await there()).sort(),
      [
        [row.follows, 10],
        [row.copied, 2],
      ].sort(),
    )
  })

  test('a portal that is copied once stays as it was', async () => {
    assert.match(await portalsThere(), /one/)
    await changePortal('Board', 'two')
    await settle()
    assert.match(await portalsThere(), /one/)
  })

  test('a single row goes both ways, and no other of its collection goes up, be it new, changed or deleted', async () => {
    const at = (id: string) => [[{ EQ: [{ item_id: id }] }]]
    const there = async () => (await rows('Targets')).map(({ item_id }) => item_id).sort()
    assert.deepEqual(await there(), [row['both ways'], row['up only'], row.down].sort())
    const own = (await atEdge('POST', 'Targets', { value: 7 }))[0].item_id
    for (const name of ['both ways', 'up only', 'down'] as const) {
      await atEdge('PUT', 'Targets', { query: at(row[name]), $set: { value: 5 } })
    }
    const got = await until(
      () => onPlatform('Targets'),
      (found) => found[row['both ways']] === 5 && found[row['up only']] === 5,
    )
    assert.deepEqual(got, { [row['both ways']]: 5, [row['up only']]: 5, [row.down]: 1, [row['no matter']]: 1 })
    for (const name of ['both ways', 'up only'] as const) await change('Targets', row[name], 6)
    assert.equal(await isValue('Targets', row['both ways'], 6), 6)
    await settle()
    assert.deepEqual([await valueAt('Targets', row['up only']), await valueAt('Targets', own)], [5, 7])
    await atEdge('PUT', 'Targets', { query: at(row['both ways']), $set: { value: 8 } })
    assert.equal(
      (
        await until(
          () => onPlatform('Targets'),
          (found) => found[row['both ways']] === 8,
        )
      )[row['both ways']],
      8,
    )
    const remove = async (id: string) => {
      const path = `/api/v/1/data/${ids.Targets}?query=${encodeURIComponent(JSON.stringify({ FILTERS: at(id) }))}`
      const answer = await edge.call('DELETE', path, { token: session })
      assert.equal(answer.status, 200, answer.text)
    }
    await remove(row.down)
    await remove(row['both ways'])
    const left = await until(
      () => onPlatform('Targets'),
      (found) => found[row['both ways']] === undefined,
    )
    assert.deepEqual(left, { [row['up only']]: 6, [row.down]: 1, [row['no matter']]: 1 })
  })

  test('another asset of the deployment brings nothing of it anew', async () => {
    const body = { assets: { add: [asset('Limits', row['stays behind'])] } }
    await admin('PUT', `/admin/${system.key}/deployments/hall`, body)
    assert.equal(await isValue('Limits', row['stays behind'], 30), 30)
    await settle()
    assert.deepEqual([await valueAt('Recipes', row.recipe), (await rows('Recipes')).length], [50, 2])
    assert.equal(await valueAt('Limits', row.copied), 2)
    assert.equal(await says(), 'one bar')
    const text = JSON.stringify(await admin('GET', `/admin/${system.key}/deployments/hall`))
    assert.ok(!text.includes('"copy"'), 'how it is noted is nobody else’s')
  })

  test('a push copies it anew, and keeps what users added there', async () => {
    await admin('POST', `/admin/v/4/system/${system.key}/deployments/hall/push`, {})
    assert.equal(await isValue('Recipes', row.recipe, 2), 2)
    await settle()
    const recipes = await rows('Recipes')
    assert.deepEqual(recipes.map(({ value }) => value).sort(), [2, 3, 51])
    assert.ok(recipes.every((one) => 'more' in one))
    assert.equal(await valueAt('Limits', row.copied), 20)
    assert.equal(await says(), 'two psi')
    assert.match(await portalsThere(), /two/)
    await changePortal('Board', 'three')
    await change('Recipes', row.recipe, 4)
    await settle()
    assert.equal(await valueAt('Recipes', row.recipe), 2, 'and follows no more than before')
    assert.match(await portalsThere(), /two/)
  })

  test('what is lost of it is found and copied anew, and what was written there stays where its table is still there', async () => {
    const status = async () => {
      edge.app.edgeLink!.hurry()
      return (await admin('GET', `/admin/v/4/system/${system.key}/edges`))[0]
    }
    /** Looks through all of it until something is found, and answers how often that was by then. */
    const compare = async (): Promise<number> => {
      const rests = ({ state, behind_since, checked }: any) =>
        state === 'connected' && behind_since === null && checked.at !== null
      const cursors = async () => Object.values((await findPlatformLink(edge.app.means.store))!.cursors)
      const isWhole = (all: { at: string | null }[]) => all.length === 3 && all.every(({ at }) => at === null)
      await until(cursors, isWhole)
      const before = await until(status, rests)
      app.advance(1)
      await admin('POST', `/admin/${system.key}/sync/retry/edge/hall`, {})
      const { checked } = await until(status, (one) => rests(one) && one.checked.at > before.checked.at)
      await until(cursors, isWhole)
      return checked.differences
    }
    const byHand = (text: string) => sql.raw(text).execute(databaseOf(edge.app.means.store))
    await atEdge('PUT', 'Recipes', { query: [[{ EQ: [{ item_id: row.recipe }] }]], $set: { value: 60 } })
    const known = await compare()
    await byHand(`delete from collection_columns where collection_id = '${ids.Recipes}'`)
    for (const name of ['Limits', 'Reports'] as const) await byHand(`drop table c_${ids[name]}`)
    await byHand(`delete from c_${ids.Targets} where item_id = '${row['up only']}'`)
    for (const table of ['code_units', 'code_versions']) await byHand(`delete from ${table} where name = 'frozen'`)
    await byHand("delete from kept_assets where name = 'Board'")
    const found = []
    for (const what of ['code', 'tables', 'a portal', 'a row', 'nothing']) found.push([what, (await compare()) - known])
    assert.deepEqual(found, [
      ['code', 1],
      ['tables', 2],
      ['a portal', 3],
      ['a row', 4],
      ['nothing', 4],
    ])
    assert.deepEqual((await rows('Recipes')).map(({ value }) => value).sort(), [3, 51, 60])
    assert.deepEqual([await valueAt('Limits', row.follows), await valueAt('Limits', row.copied)], [10, 20])
    assert.deepEqual(new Set((await rows('Reports')).map(({ value }) => value)), new Set([1, 10]))
    assert.equal(await valueAt('Targets', row['up only']), 6)
    assert.equal(await says(), 'two psi')
    assert.match(await portalsThere(), /three/)
    await change('Recipes', row.recipe, 3)
    await settle()
    assert.equal(await valueAt('Recipes', row.recipe), 60, 'and follows no more than before')
    await change('Recipes', row.recipe, 4)
  })

  test('what of it could not be written comes when it is tried again, and nothing else of it', async () => {
    const status = async () => (await admin('GET', `/admin/v/4/system/${system.key}/edges`))[0]
    const byHand = (text: string) => sql.raw(text).execute(databaseOf(edge.app.means.store))
    const triggers = { no_recipe: `c_${ids.Recipes}`, no_limit: `c_${ids.Limits}`, no_code: 'code_versions' }
    for (const [name, on] of Object.entries(triggers)) {
      const when = name === 'no_code' ? "new.source like '%three%'" : 'new.value = 70'
      await byHand(
        `create trigger ${name} before insert on "${on}" when ${when} begin select raise(abort, '${name}'); end`,
      )
    }
    const [recipe, limit] = [await add('Recipes', 70), await add('Limits', 70)]
    await admin('PUT', `/admin/code/v/1/${system.key}/frozen`, { code: "resp.success('three ' + units.say())" })
    await admin('PUT', `/admin/${system.key}/deployments/hall`, { assets: { add: [asset('Limits', limit, once)] } })
    await admin('POST', `/admin/v/4/system/${system.key}/deployments/hall/push`, {})
    const held = await until(status, (one) => one.set_aside.length === 3)
    const classes = held.set_aside.map(({ asset_class }: any) => asset_class)
    assert.deepEqual(classes.sort(), ['Limits', 'Recipes', 'services'])
    await settle()
    await change('Recipes', row.recipe, 6)
    await admin('PUT', '/admin/collectionmanagement', { id: ids.Recipes, addColumn: { name: 'late', type: 'string' } })
    for (const name of Object.keys(triggers)) await byHand(`drop trigger ${name}`)
    await admin('POST', `/admin/${system.key}/sync/retry/edge/hall`, {})
    assert.deepEqual((await until(status, (one) => one.set_aside.length === 0)).set_aside, [])
    assert.deepEqual([await valueAt('Recipes', recipe), await valueAt('Limits', limit)], [70, 70])
    assert.equal(await says(), 'three psi')
    await settle()
    assert.equal(await valueAt('Recipes', row.recipe), 4)
    assert.ok((await rows('Recipes')).every((one) => !('late' in one)))
  })

  test('what the sign-in rests on follows, also where a deployment would only copy it', async () => {
    await app.createService(system, 'door', "resp.error('closed')", { executableBy: ['Anonymous'] })
    await admin('PUT', `/admin/${system.key}/deployments/hall`, { assets: { add: [asset('services', 'door', once)] } })
    await app.set(system, { auth_service: 'door' })
    const answer = async () =>
      (await edge.call('POST', '/api/v/1/user/auth', { system, body: { email, password } })).text
    await until(answer, (text) => text.includes('closed'))
    await admin('PUT', `/admin/code/v/1/${system.key}/door`, { code: "resp.error('shut for good')" })
    assert.match(await until(answer, (text) => text.includes('shut for good')), /shut for good/)
    // And what takes its place where it withdraws itself.
    const path = `/admin/v/4/system/${system.key}/auth-service/versions/safe`
    const safe = () => findSafeVersion(edge.app.means.store.forSystem(system.key), 'door')
    await admin('POST', path)
    assert.match((await until(safe, (found) => found !== undefined))?.assembly ?? '', /shut for good/)
    await admin('DELETE', path)
    assert.equal(await until(safe, (found) => found === undefined), undefined)
  })

  test('a row that follows counts as waiting while the edge is away, and one that was copied does not', async () => {
    const status = async () => (await admin('GET', `/admin/v/4/system/${system.key}/edges`))[0]
    await until(status, (one) => one.behind_since === null)
    await edge.app.close()
    await until(status, ({ state }) => state === 'away')
    const stateOf = async () => (await status()).assets.find((one: any) => one.asset_class === 'Limits').state
    await change('Limits', row.copied, 31)
    assert.deepEqual([(await status()).lanes.data.queued, await stateOf()], [0, 'there'])
    await change('Limits', row.follows, 32)
    assert.deepEqual([(await status()).lanes.data.queued, await stateOf()], [1, 'behind'])
  })

  test('what an edge sends of other rows of it is refused', async () => {
    const data = app.app.means.store.forSystem(system.key)
    const { public_key: publicKey, link_number: number } = (await databaseOf(data)
      .selectFrom('edges')
      .selectAll()
      .executeTakeFirstOrThrow()) as any
    const taking = new Taking(app.app.means, { systemKey: system.key, name: 'hall', publicKey, number })
    const from = (await upCursor(data, 'hall', 'rows'))!
    const mark = { stamp: '000000000000-0000-x', seen: 0 }
    const sent = (key: string) => ({
      collection: ids.Targets,
      key,
      row: { item_id: key, value: 66 },
      columns: { value: mark },
    })
    const items = [
      sent(row['no matter']),
      sent(row.down),
      { collection: ids.Targets, key: row['no matter'], deleted: mark },
    ]
    const to = { ...from, position: from.position + 3 }
    const outcome = await taking.take({ type: 'told', lane: 'rows', from, to, lost: 0, items, of: 'x' })
    assert.match(outcome.problem ?? '', /3 rows of collections that do not go up/)
    assert.deepEqual([(await onPlatform('Targets'))[row['no matter']], (await onPlatform('Targets'))[row.down]], [1, 1])
  })
})
