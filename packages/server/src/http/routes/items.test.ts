import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp } from '../../../../../test/support/app.ts'
import { anotherDeveloper, onCollection, userWith } from './people.fixture.ts'

const app = await createTestApp({ after })
const { developer, call } = app

type System = { key: string; secret: string }
const filter = (conditions: unknown, more: Record<string, unknown> = {}) => ({
  query: JSON.stringify({ FILTERS: conditions, ...more }),
})

/** A collection with rows 1 to 5, and the two paths to it. */
async function withRows(): Promise<{ system: System; id: string; paths: string[]; rows: { item_id: string }[] }> {
  const system = await app.createSystem()
  const id = await app.createCollection(system, 'my things', { n: 'int', name: 'string', data: 'jsonb' })
  const body = [1, 2, 3, 4, 5].map((n) => ({ n, name: `row ${n}` }))
  const made = await call('POST', `/api/v/1/data/${id}`, { developer, body })
  return {
    system,
    id,
    rows: made.body,
    paths: [`/api/v/1/data/${id}`, `/api/v/1/collection/${system.key}/my%20things`],
  }
}

const numbers = (rows: { n: number | null }[]) => rows.map((row) => row.n)
const countOf = async (id: string) => (await call('GET', `/api/v/1/data/${id}/count`, { developer })).body.count

test('rows are created, fetched, changed and deleted alike by the id and by the name of the collection', async () => {
  const { id, paths } = await withRows()
  for (const [index, path] of paths.entries()) {
    const n = 100 + index
    const one = await call('POST', path, { developer, body: { n, data: { deep: [1] } } })
    assert.equal(one.status, 200)
    const [{ item_id: item }] = one.body
    const where = [[{ EQ: [{ item_id: item }] }]]
    const got = await call('GET', path, { developer, query: filter(where) })
    assert.deepEqual(got.body, {
      DATA: [{ item_id: item, n, name: null, data: { deep: [1] } }],
      TOTAL: 1,
      CURRENTPAGE: 1,
      NEXTPAGEURL: null,
      PREVPAGEURL: null,
    })
    const bare = await call('PUT', path, { developer, body: { query: where, $set: { name: 'x', item_id: item } } })
    assert.deepEqual(bare.body, { count: 1 })
    const full = { FILTERS: where, PAGENUM: 0, PAGESIZE: 0, SELECTCOLUMNS: null, SORT: [] }
    assert.deepEqual((await call('PUT', path, { developer, body: { query: full, $set: { n: 7 } } })).body, { count: 1 })
    assert.deepEqual(
      (await call('PUT', path, { developer, body: { query: [[{ EQ: [{ n: 99 }] }]], $set: { n: 1 } } })).body,
      { count: 0 },
    )
    const java = await call('PUT', path, { developer, body: { item_id: item, $set: '{"n":8}' } })
    assert.deepEqual(java.body, { count: 1 })
    const gone = await call('DELETE', path, { developer, query: { query: JSON.stringify(where) } })
    assert.deepEqual(gone.body, { count: 1 })
    assert.equal(await countOf(id), 5)
  }
})

test('created rows answer their ids in the order they came; an empty object is a row, an empty list is none', async () => {
  const { id, paths } = await withRows()
  for (const path of paths) {
    const made = await call('POST', path, { developer, body: [{ n: 30 }, { n: 10 }, { n: 20 }] })
    const ids = made.body.map((row: { item_id: string }) => row.item_id)
    for (const [index, n] of [30, 10, 20].entries()) {
      const { body } = await call('GET', path, { developer, query: filter([[{ EQ: [{ item_id: ids[index] }] }]]) })
      assert.equal(body.DATA[0].n, n)
    }
  }
  const before = await countOf(id)
  assert.equal((await call('POST', paths[0]!, { developer, body: {} })).body.length, 1)
  assert.deepEqual((await call('POST', paths[0]!, { developer, body: [] })).body, [])
  assert.equal(await countOf(id), before + 1)
})

test('a create with one bad row creates none', async () => {
  const { id, paths } = await withRows()
  for (const bad of [
    { n: 'five' },
    { nope: 1 },
    null,
    5,
    'x',
    [],
    { n: 1.5 },
    { name: 'a\u0000b' },
    { item_id: 'x' },
    { n: 2 ** 40 },
  ]) {
    const answer = await call('POST', paths[1]!, { developer, body: [{ n: 1 }, bad] })
    assert.equal(answer.status, 400, JSON.stringify(bad))
  }
  for (const bad of ['"text"', '5', 'true', '{"n":', '[1,']) {
    assert.equal((await call('POST', paths[0]!, { developer, body: bad })).status, 400, bad)
  }
  assert.equal(await countOf(id), 5)
})

test('pages follow each other by the addresses that they name', async () => {
  const { paths } = await withRows()
  for (const path of paths) {
    const query = filter([[{ RE: [{ name: '^row|/' }] }]], { PAGESIZE: 2, SORT: [{ DESC: 'n' }], SELECTCOLUMNS: ['n'] })
    const seen: number[] = []
    let page = (await call('GET', path, { developer, query })).body
    assert.equal(page.PREVPAGEURL, null)
    for (let guard = 0; guard < 10; guard++) {
      seen.push(...numbers(page.DATA).map(Number))
      assert.equal(page.TOTAL, page.DATA.length)
      if (page.NEXTPAGEURL === null) break
      // The Python SDK keeps what follows the last slash.
      assert.equal(page.NEXTPAGEURL.split('?')[0], path)
      assert.ok(!page.NEXTPAGEURL.split('?')[1].includes('/'))
      page = (await call('GET', page.NEXTPAGEURL, { developer })).body
    }
    assert.deepEqual(seen, [5, 4, 3, 2, 1])
    assert.equal(page.CURRENTPAGE, 3)
    const back = await call('GET', page.PREVPAGEURL, { developer })
    assert.deepEqual(numbers(back.body.DATA), [3, 2])
    assert.deepEqual(Object.keys(back.body.DATA[0]), ['n'])
  }
})

test('of two queries the first counts, slashes may double, and the body of a GET is not looked at', async () => {
  const { id } = await withRows()
  const one = encodeURIComponent('{"FILTERS":[[{"EQ":[{"n":1}]}]]}')
  const other = encodeURIComponent('{"PAGESIZE":100,"PAGENUM":1,"FILTERS":[],"SORT":[]}')
  const python = await call('GET', `/api/v/1/data/${id}?query=${one}&query=${other}`, { developer })
  assert.deepEqual(numbers(python.body.DATA), [1])
  const go = await call('GET', `/api/v/1//data/${id}/?query=${one.replaceAll('%20', '+')}`, { developer })
  assert.deepEqual(numbers(go.body.DATA), [1])
  const node = await call('GET', `/api/v/1/data/${id}?query=${one}`, {
    developer,
    body: '{}',
    headers: { 'content-type': 'text/plain' },
  })
  assert.deepEqual(numbers(node.body.DATA), [1])
})

test('a delete that names nothing, or a query that was never set, deletes nothing', async () => {
  const { id, paths } = await withRows()
  for (const path of paths) {
    for (const query of [
      '',
      ' ',
      'undefined',
      'null',
      '"[]"',
      '5',
      '{',
      '{"PAGESIZE":1}',
      '{"SORT":[]}',
      '{"FILTERS":null}',
      '{"filters":[]}',
    ]) {
      assert.equal((await call('DELETE', path, { developer, query: { query } })).status, 400, query)
    }
    assert.equal((await call('DELETE', path, { developer })).status, 400)
    assert.equal((await call('DELETE', path, { developer, body: { query: [] } })).status, 400)
  }
  assert.equal(await countOf(id), 5)
})

test('a delete with an empty query that is sent deletes all', async () => {
  for (const query of [
    '[]',
    '[[]]',
    '{}',
    '{"FILTERS":[]}',
    '{"FILTERS":[[]],"PAGENUM":0,"PAGESIZE":0,"SELECTCOLUMNS":null,"SORT":[]}',
  ]) {
    const { id, paths } = await withRows()
    assert.deepEqual((await call('DELETE', paths[0]!, { developer, query: { query } })).body, { count: 5 }, query)
    assert.equal(await countOf(id), 0)
  }
})

test('a change without a query, or without changes, changes nothing', async () => {
  const { id, paths } = await withRows()
  const all = [[{ GT: [{ n: 0 }] }]]
  const bad = [
    { $set: { n: 9 } },
    { query: null, $set: { n: 9 } },
    { query: '', $set: { n: 9 } },
    { query: 'undefined', $set: { n: 9 } },
    { query: { PAGESIZE: 1 }, $set: { n: 9 } },
    { query: [[{ EQ: [{}] }]], $set: { n: 9 } },
    { query: [[{ EQ: [{ n: [1] }] }]], $set: { n: 9 } },
    { query: [[{ EQ: [{ n: 'one' }] }]], $set: { n: 9 } },
    { item_id: '', $set: { n: 9 } },
    { item_id: null, $set: { n: 9 } },
    { query: all },
    { query: all, $set: {} },
    { query: all, $set: null },
    { query: all, $set: [] },
    { query: all, $set: 'n = 9' },
    { query: all, $set: { nope: 1 } },
    { query: all, $set: { n: 'nine' } },
    { query: all, $set: { 'n" = 9; --': 1 } },
    [],
  ]
  for (const path of paths) {
    for (const body of bad)
      assert.equal((await call('PUT', path, { developer, body })).status, 400, JSON.stringify(body))
  }
  const { body } = await call('GET', `/api/v/1/data/${id}`, { developer, query: filter([], { SORT: [{ ASC: 'n' }] }) })
  assert.deepEqual(numbers(body.DATA), [1, 2, 3, 4, 5])
  assert.deepEqual((await call('PUT', paths[0]!, { developer, body: { query: [], $set: { n: 9 } } })).body, {
    count: 5,
  })
})

test('no text of a query becomes part of a statement', async () => {
  const { id, paths } = await withRows()
  const evil = `'; delete from "c_${id}"; --`
  for (const conditions of [
    [[{ EQ: [{ name: evil }] }]],
    [[{ EQ: [{ [evil]: 1 }] }]],
    [[{ EQ: [{ [`data->>${evil}`]: 1 }] }]],
    [[{ EQ: [{ 'n" = 1 or 1=1 --': 1 }] }]],
    [[{ RE: [{ name: evil }] }]],
    [[{ [evil]: [{ n: 1 }] }]],
  ]) {
    for (const method of ['GET', 'DELETE'] as const) {
      const answer = await call(method, paths[0]!, { developer, query: { query: JSON.stringify(conditions) } })
      assert.ok(
        answer.status === 400 || answer.body.DATA?.length === 0 || answer.body.count === 0,
        JSON.stringify(conditions),
      )
    }
  }
  for (const more of [{ SORT: [{ ASC: evil }] }, { SELECTCOLUMNS: [evil] }, { GROUPBY: [evil] }, { PAGESIZE: evil }]) {
    assert.equal((await call('GET', paths[0]!, { developer, query: filter([], more) })).status, 400)
  }
  assert.equal(await countOf(id), 5)
})

test('columns and counts are found by id under v1 and by name under v2', async () => {
  const { system, id } = await withRows()
  const byName = `/api/v/2/collection/${system.key}/my%20things`
  for (const base of [`/api/v/1/data/${id}`, byName]) {
    const columns = (await call('GET', `${base}/columns`, { developer })).body
    assert.deepEqual(columns.slice(0, 2), [
      { ColumnName: 'item_id', ColumnType: 'uuid', PK: true },
      { ColumnName: 'n', ColumnType: 'int', PK: false },
    ])
    assert.deepEqual((await call('GET', `${base}/count`, { developer })).body, { count: 5 })
    const some = filter([[{ GTE: [{ n: 4 }] }]], { PAGESIZE: 1 })
    assert.deepEqual((await call('GET', `${base}/count`, { developer, query: some })).body, { count: 2 })
  }
})

test('indexes are made, listed and dropped by both spellings of the path, and a unique one holds', async () => {
  const { system, id } = await withRows()
  const query = { columnName: 'n' }
  const spellings = [`/api/v/4/collection/${system.key}/my%20things`, `/api/v/4/data/${system.key}/my%20things`]
  for (const base of spellings) {
    assert.deepEqual((await call('POST', `${base}/uniqueindex`, { developer, query })).body, { success: true })
    assert.deepEqual((await call('POST', `${base}/index`, { developer, query: { columnName: 'name' } })).body, {
      success: true,
    })
    const expected = {
      Total: 3,
      Data: [
        { name: 'item_id', type: 'Primary Key' },
        { name: 'n', type: 'Unique Index' },
        { name: 'name', type: 'Nonunique Index' },
      ],
    }
    for (const list of [`${base}/listindexes`, `/api/v/4/data/${id}/listindexes`]) {
      assert.deepEqual((await call('GET', list, { developer })).body, expected)
    }
    assert.equal((await call('POST', `/api/v/1/data/${id}`, { developer, body: { n: 1 } })).status, 400)
    assert.deepEqual((await call('DELETE', `${base}/uniqueindex`, { developer, query })).body, { success: true })
    assert.deepEqual((await call('DELETE', `${base}/index`, { developer, query: { columnName: 'name' } })).body, {
      success: true,
    })
    for (const columnName of ['nope', '', 'data', 'n"']) {
      assert.equal((await call('POST', `${base}/index`, { developer, query: { columnName } })).status, 400, columnName)
    }
    assert.equal((await call('POST', `${base}/index`, { developer })).status, 400)
    assert.equal((await call('DELETE', `${base}/index`, { developer, query })).status, 400)
  }
  assert.equal((await call('GET', `/api/v/4/data/${id}/listindexes`, { developer })).body.Total, 1)
})

test('an upsert creates a row or changes the one that holds the same value', async () => {
  const { system, id } = await withRows()
  const paths = [
    `/api/v/4/data/${id}/upsert`,
    `/api/v/4/collection/${system.key}/my%20things/upsert`,
    `/api/v/4/data/${system.key}/my%20things/upsert`,
  ]
  const query = { conflictColumn: 'n' }
  assert.equal((await call('PUT', paths[0]!, { developer, query, body: { n: 1 } })).status, 400)
  await call('POST', `/api/v/4/collection/${system.key}/my%20things/uniqueindex`, {
    developer,
    query: { columnName: 'n' },
  })
  for (const path of paths) {
    const changed = await call('PUT', path, { developer, query, body: { n: 1, name: path } })
    assert.equal(changed.status, 200)
    assert.equal(changed.body.name, path)
    for (const [given, body] of [
      [{}, { n: 1 }],
      [{ conflictColumn: 'nope' }, { n: 1 }],
      [query, { name: 'no n' }],
      [query, { n: null }],
      [query, { n: 'one' }],
      [query, [{ n: 1 }]],
    ] as const) {
      assert.equal((await call('PUT', path, { developer, query: given as Record<string, string>, body })).status, 400)
    }
  }
  assert.equal(await countOf(id), 5)
  await call('PUT', paths[1]!, { developer, query, body: { n: 6 } })
  assert.equal(await countOf(id), 6)
})

test('each data call needs its own right on the collection, and no other will do', async () => {
  const { system, id, paths, rows } = await withRows()
  await call('POST', `/api/v/4/collection/${system.key}/my%20things/uniqueindex`, {
    developer,
    query: { columnName: 'n' },
  })
  const one = [[{ EQ: [{ item_id: rows[0]!.item_id }] }]]
  const byName = `/api/v/2/collection/${system.key}/my%20things`
  const calls = [
    ...paths.flatMap((path, index) => [
      ['GET', path, 1, {}] as const,
      ['POST', path, 2, { body: { name: 'made' } }] as const,
      ['PUT', path, 4, { body: { query: one, $set: { name: 'set' } } }] as const,
      ['DELETE', path, 8, { query: filter([[{ EQ: [{ item_id: rows[1 + index]!.item_id }] }]]) }] as const,
    ]),
    ['GET', `${paths[0]}/columns`, 1, {}] as const,
    ['GET', `${paths[0]}/count`, 1, {}] as const,
    ['GET', `${byName}/columns`, 1, {}] as const,
    ['GET', `${byName}/count`, 1, {}] as const,
    ['GET', `/api/v/4/data/${id}/listindexes`, 1, {}] as const,
    ['PUT', `/api/v/4/data/${id}/upsert`, 6, { query: { conflictColumn: 'n' }, body: { n: 50 } }] as const,
  ]
  const before = await countOf(id)
  const people = new Map<number, string>()
  const tokenWith = async (level: number): Promise<string> => {
    if (!people.has(level)) people.set(level, (await userWith(app, system, onCollection(id, level))).token)
    return people.get(level)!
  }
  for (const [method, path, needed, options] of calls) {
    for (const bit of [1, 2, 4, 8]) {
      if ((needed & bit) === 0) continue
      const refused = await call(method, path, { ...options, token: await tokenWith(15 & ~bit) })
      assert.equal(refused.status, 403, `${method} ${path} without ${bit}`)
    }
  }
  assert.equal(await countOf(id), before)
  for (const [method, path, needed, options] of calls) {
    const allowed = await call(method, path, { ...options, token: await tokenWith(needed) })
    assert.equal(allowed.status, 200, `${method} ${path} with ${needed}: ${allowed.text}`)
  }
  const owner = await userWith(app, system, onCollection(id, 15))
  for (const index of ['index', 'uniqueindex']) {
    const url = `/api/v/4/collection/${system.key}/my%20things/${index}`
    assert.equal((await call('POST', url, { token: owner.token, query: { columnName: 'name' } })).status, 403)
    assert.equal((await call('DELETE', url, { token: owner.token, query: { columnName: 'n' } })).status, 403)
  }
})

test('rights on one collection are none on another, and rights of several roles add up', async () => {
  const { system, id } = await withRows()
  const other = await app.createCollection(system, 'other')
  const { token, id: user } = await userWith(app, system, onCollection(id, 1))
  const second = await userWith(app, system, onCollection(id, 2))
  assert.equal((await call('GET', `/api/v/1/data/${other}`, { token })).status, 403)
  assert.equal((await call('POST', `/api/v/1/data/${id}`, { token, body: {} })).status, 403)
  const changes = { roles: { add: [second.role] } }
  await call('PUT', `/admin/user/${system.key}`, { developer, body: { user, changes } })
  assert.equal((await call('POST', `/api/v/1/data/${id}`, { token, body: {} })).status, 200)
  assert.equal((await call('GET', `/api/v/1/data/${id}`, { token })).status, 200)
})

test('anonymous sessions do what the role Anonymous may, and key and secret alone do nothing', async () => {
  const { system, id } = await withRows()
  const path = `/api/v/1/data/${id}`
  const token = (await call('POST', '/api/v/1/user/anon', { system })).body.user_token
  assert.equal((await call('GET', path, { token })).status, 403)
  await app.grant(system, 'Authenticated', onCollection(id, 15))
  assert.equal((await call('GET', path, { token })).status, 403)
  await app.grant(system, 'Anonymous', onCollection(id, 1))
  assert.equal((await call('GET', path, { token })).status, 200)
  assert.equal((await call('POST', path, { token, body: {} })).status, 403)
  assert.equal((await call('GET', path, { system })).status, 401)
  assert.equal((await call('GET', path)).status, 401)
})

test('rows are closed to other developers and to users of other systems, by id and by name', async () => {
  const { system, id, paths } = await withRows()
  const elsewhere = await app.createSystem('elsewhere')
  await app.createCollection(elsewhere, 'my things', { n: 'int' })
  const admin = await userWith(app, elsewhere, { allcollections: { permissions: 15 } })
  const stranger = await anotherDeveloper(app)
  const all = { query: '[]' }
  const urls = [...paths, `/api/v/4/data/${id}/listindexes`, `/api/v/2/collection/${system.key}/my%20things/columns`]
  for (const url of urls) {
    for (const credentials of [
      { developer: stranger },
      { token: admin.token },
      { token: admin.token, system: elsewhere },
      { token: admin.token, system },
      { developer: admin.token },
      { token: 'ghu_made_up' },
    ]) {
      for (const [method, options] of [
        ['GET', {}],
        ['POST', { body: { n: 1 } }],
        ['PUT', { body: { query: [], $set: { n: 0 } } }],
        ['DELETE', { query: all }],
      ] as const) {
        const answer = await call(method, url, { ...options, ...credentials })
        assert.ok([400, 401, 403, 404].includes(answer.status), `${method} ${url} gave ${answer.status}`)
        assert.ok(!answer.text.includes('row 1'))
      }
    }
  }
  assert.equal(await countOf(id), 5)
  // The same name in his own system is his own collection.
  const own = await call('GET', `/api/v/1/collection/${elsewhere.key}/my%20things`, { token: admin.token })
  assert.deepEqual(own.body.DATA, [])
})

test('columns that come and go while rows are written never make it our fault', async () => {
  const { id, paths } = await withRows()
  const management = (body: unknown) =>
    call('PUT', '/admin/collectionmanagement', { developer, body: { id, ...(body as object) } })
  for (let round = 0; round < 8; round++) {
    const answers = await Promise.all([
      management({ addColumn: { name: 'brief', type: 'int' } }),
      call('POST', paths[0]!, { developer, body: { n: round, brief: 1 } }),
      call('GET', paths[0]!, { developer }),
      call('PUT', paths[1]!, { developer, body: { query: [], $set: { brief: round } } }),
      management({ deleteColumn: 'brief' }),
      call('GET', paths[1]!, { developer, query: filter([[{ EQ: [{ brief: 1 }] }]]) }),
      call('POST', paths[1]!, { developer, body: { brief: 2 } }),
      call('DELETE', paths[1]!, { developer, query: filter([[{ EQ: [{ brief: 2 }] }]]) }),
    ])
    for (const answer of answers) assert.ok(answer.status < 500, answer.text)
    await management({ deleteColumn: 'brief' })
  }
})

test('a row that is pushed with nothing but its id is counted where it is there, and not where it is not', async () => {
  const { paths, rows } = await withRows()
  const [{ item_id: there }] = rows as [{ item_id: string }]
  const gone = '00000000-0000-4000-8000-000000000000'
  for (const path of paths) {
    const push = (id: string, $set: unknown) =>
      call('PUT', path, { developer, body: { query: [[{ EQ: [{ item_id: id }] }]], $set } })
    assert.deepEqual((await push(there, { item_id: there })).body, { count: 1 })
    assert.deepEqual((await push(gone, { item_id: gone })).body, { count: 0 })
    assert.equal((await push(there, {})).status, 400)
  }
})
