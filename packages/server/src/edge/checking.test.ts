/** What is not at an edge as it is on the platform, though nobody changed it: it is found, healed, counted, and nothing else is. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import { createTestApp, type TestApp } from '../../../../test/support/app.ts'
import { day } from '../base/clock.ts'
import { databaseOf } from '../store/store.ts'
import { findPlatformLink } from '../store/tables/platform-links.ts'
import { startEdge, type TestEdge, until } from './edge.fixture.ts'
import { readFromEdge } from './messages.ts'

const email = 'op@example.com'
const password = 'the plant is quiet'

describe('what an edge holds is compared with the platform', () => {
  let app: TestApp
  let system: { key: string; secret: string }
  let edge: TestEdge
  let session: string
  let readings: string
  let both: string
  const ends: (() => unknown)[] = []
  const t = { after: (end: () => unknown) => void ends.push(end) }
  after(async () => {
    for (const end of ends.reverse()) await end()
  })

  const admin = async (method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown) => {
    const got = await app.call(method, path, { developer: app.developer, ...(body !== undefined && { body }) })
    assert.equal(got.status, 200, `${method} ${path}: ${got.text}`)
    return got.body
  }
  const status = async () => (await admin('GET', `/admin/v/4/system/${system.key}/edges`))[0]
  const at = () => databaseOf(edge.app.means.store) as any
  const byHand = (text: string) => sql.raw(text).execute(at())
  const atEdge = async (method: 'POST' | 'PUT', collection: string, body: object) => {
    const got = await edge.call(method, `/api/v/1/data/${collection}`, { token: session, body })
    assert.equal(got.status, 200, got.text)
    return got.body
  }
  const isWhole = async (): Promise<boolean> => {
    edge.app.edgeLink!.hurry()
    const { identity, configuration, data } = (await findPlatformLink(edge.app.means.store))!.cursors
    return [identity, configuration, data].every((cursor) => cursor?.at === null)
  }
  /** Looks through all of it now, and answers how often something was found until then. */
  const compare = async (): Promise<number> => {
    await until(isWhole, (whole) => whole)
    await until(status, (one) => one.behind_since === null && one.state === 'connected')
    const before = (await status()).checked
    app.advance(1)
    await admin('POST', `/admin/${system.key}/sync/retry/edge/hall`, {})
    const after = await until(
      async () => {
        edge.app.edgeLink!.hurry()
        return status()
      },
      (one) => one.checked.at > before.at && one.behind_since === null && one.state === 'connected',
    )
    return after.checked.differences
  }

  before(async () => {
    app = await createTestApp(t)
    system = await app.createSystem()
    readings = await app.createCollection(system, 'Readings', {
      ...{ text: 'string', whole: 'int', large: 'bigint', part: 'double', single: 'float' },
      ...{ is: 'bool', at: 'timestamp', any: 'jsonb', bytes: 'blob', id: 'uuid' },
    })
    both = await app.createCollection(system, 'Both', { value: 'int' })
    for (const name of ['Readings', 'Both']) {
      await app.grant(system, 'Authenticated', { collections: [{ itemInfo: { name }, permissions: 15 }] })
    }
    await app.createLibrary(system, 'units', "var units = { say: function () { return 'bar' } }")
    await app.createService(system, 'report', "resp.success('one')", {
      ...{ requires: 'clearblade,units', executableBy: ['Authenticated'] },
    })
    await app.createUser(system, email, password)
    const row = { text: 'é "x" \u2028', whole: -7, large: 9_007_199_254_740_000, part: 0.1, single: 1.5, is: true }
    const more = { at: '2026-11-26T05:00:00.123Z', any: { b: [1, 2.5, null], a: { z: 'ü', y: false } } }
    const rows = Array.from({ length: 1_100 }, (_, whole) => ({ ...row, ...more, whole }))
    await admin('POST', `/api/v/1/data/${readings}`, [
      ...rows,
      { bytes: 'AAEC', id: '01a21644-ddca-7000-9413-360a856923f2' },
    ])
    await admin('POST', `/api/v/1/data/${both}`, [{ value: 1 }, { value: 2 }])
    await admin('POST', `/admin/${system.key}/deployments`, {
      ...{ name: 'hall', edges: ['hall'] },
      assets: [
        { asset_class: 'Readings' },
        { asset_class: 'Both', sync: true },
        { asset_class: 'services', asset_id: 'report' },
      ],
      sign_in: { users: { emails: [email] } },
    })
    const { token } = await admin('POST', `/admin/edges/${system.key}/hall`, {})
    edge = await startEdge(t, app, { system, name: 'hall', token })
    await until(
      async () => (await findPlatformLink(edge.app.means.store))!.cursors,
      ({ data }) => data?.at === null,
    )
    session = (await edge.call('POST', '/api/v/1/user/auth', { system, body: { email, password } })).body.user_token
    await until(status, (one) => one.checked.at !== null)
  })

  test('where all is the same nothing is found, whatever the columns are, and what was written at the edge is no difference', async () => {
    assert.equal(await compare(), 0)
    const [{ item_id }] = await atEdge('POST', readings, { text: 'of the edge', whole: 1 })
    const [first] = (await admin('GET', `/api/v/1/data/${readings}`)).DATA
    await atEdge('PUT', readings, { query: [[{ EQ: [{ item_id: first.item_id }] }]], $set: { text: 'changed there' } })
    await atEdge('POST', both, { value: 3 })
    assert.equal(await compare(), 0)
    const held = await at().selectFrom(`c_${readings}`).select('text').where('item_id', 'in', [item_id, first.item_id])
    assert.deepEqual((await held.execute()).map(({ text }: any) => text).sort(), ['changed there', 'of the edge'])
  })

  test('a value that was changed by hand, a row that is gone and one that is too many are healed', async () => {
    const wanted = async (): Promise<string> => JSON.stringify((await admin('GET', `/api/v/1/data/${both}`)).DATA)
    const there = async (): Promise<string> =>
      JSON.stringify((await edge.call('GET', `/api/v/1/data/${both}`, { token: session })).body?.DATA)
    await byHand(`update c_${both} set value = 9 where value = 1`)
    assert.notEqual(await there(), await wanted())
    assert.equal(await compare(), 1)
    const isHealed = async () => assert.equal(await until(there, (held) => held === rows), rows)
    const rows = await wanted()
    await isHealed()
    await byHand(`delete from c_${both} where value = 2`)
    await byHand(`insert into c_${both} (item_id, value) values ('01a21644-ddca-7000-9413-360a856923f3', 5)`)
    assert.equal(await compare(), 2)
    await isHealed()
    const { checked, problem } = await status()
    assert.equal(checked.lane, 'data')
    assert.match(problem, /Not all of data/)
    assert.equal(await compare(), 2, 'and it is the same from then on')
  })

  test('a collection that is gone there is there again', async () => {
    await byHand(`drop table c_${both}`)
    for (const table of ['collection_columns', 'synced_collections']) {
      await byHand(`delete from ${table} where collection_id = '${both}'`)
    }
    await byHand(`delete from collections where id = '${both}'`)
    assert.equal(await compare(), 3)
    const held = () =>
      at()
        .selectFrom(`c_${both}`)
        .select('value')
        .execute()
        .catch(() => [])
    assert.equal((await until<any[]>(held, (found) => found.length === 3)).length, 3)
  })

  test('so are code, rights and users', async () => {
    await byHand(
      `update code_versions set source = replace(source, 'bar', 'psi'), compiled = null where name = 'units'`,
    )
    assert.equal(await compare(), 4)
    const units = () => at().selectFrom('code_versions').select('source').where('name', '=', 'units').executeTakeFirst()
    assert.match((await until<any>(units, (one) => /bar/.test(one.source))).source, /bar/)
    await byHand(`update grants set level = 1 where level = 15`)
    assert.equal(await compare(), 5)
    const full = () => at().selectFrom('grants').select('level').where('level', '=', 15).execute()
    assert.equal((await until<any[]>(full, (found) => found.length === 2)).length, 2)
    await byHand(`update accounts set email_key = 'thief@example.com'`)
    assert.equal(await compare(), 6)
    const keys = () => at().selectFrom('accounts').select('email_key').execute()
    assert.deepEqual(await until<any[]>(keys, ([one]) => one?.email_key === email), [{ email_key: email }])
    assert.equal((await status()).checked.lane, 'identity')
  })

  test('it is done once a day by itself', async () => {
    await byHand(`update c_${both} set value = 90 where value = 1`)
    app.advance(day + 1)
    // Whatever wakes the link.
    await admin('POST', `/api/v/1/data/${readings}`, { whole: 1 })
    const found = await until(status, (one) => one.checked.differences === 7)
    assert.equal(found.checked.differences, 7)
  })
})

test('of an answer about what an edge holds only its form is read', () => {
  const said = { type: 'checked', lane: 'data', part: 'c', after: '', result: 'except', except: ['1'] }
  assert.deepEqual(readFromEdge(said), said)
  for (const wrong of [
    { ...said, lane: 'all' },
    { ...said, part: 'x'.repeat(101) },
    { ...said, result: 'better' },
    { ...said, except: [1] },
    { ...said, except: Array.from({ length: 1_001 }, () => '1') },
    { ...said, rows: [] },
  ]) {
    assert.equal(readFromEdge(wrong), undefined, JSON.stringify(wrong).slice(0, 100))
  }
})
