/** Whatever a stranger sends to these routes is answered or refused, never our fault; and a refusal has changed nothing. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import { createTestApp } from '../../../../../test/support/app.ts'
import { databaseOf } from '../../store/store.ts'
import { adminUserRoutes } from './admin-users.ts'
import { codeRoutes } from './code.ts'
import { collectionRoutes } from './collections.ts'
import { itemRoutes } from './items.ts'
import { libraryRoutes } from './libraries.ts'
import { userWith } from './people.fixture.ts'
import { roleRoutes } from './roles.ts'

const app = await createTestApp({ after })
const { developer, call } = app
const database = databaseOf(app.app.means.store)

const runsPerPath = process.env.GATEHOUSE_TEST_DATABASE === 'postgres' ? 10 : 30

type Place = { key: string; secret: string; id: string; user: string; token: string; tables: string[] }

/** A system with something of everything. */
async function seed(): Promise<Place> {
  const system = await app.createSystem()
  const path = `/admin/user/${system.key}`
  const id = await app.createCollection(system, 'things', { n: 'int', name: 'string', data: 'jsonb', at: 'timestamp' })
  await call('POST', `/api/v/1/data/${id}`, {
    developer,
    body: [
      { n: 1, name: 'a' },
      { n: 2, name: 'b', data: { a: [1] } },
    ],
  })
  await call('POST', `/api/v/4/data/${system.key}/things/uniqueindex`, { developer, query: { columnName: 'n' } })
  await call('POST', `${path}/columns`, { developer, body: { column_name: 'city', type: 'string' } })
  await app.createService(system, 'hello', 'function hello(req, resp) { resp.success(1) }')
  await app.createLibrary(system, 'shared', 'var x = 1')
  const { token, id: user } = await userWith(app, system, {
    users: { permissions: 15 },
    roles: { permissions: 15 },
    allcollections: { permissions: 15 },
    allservices: { permissions: 15 },
  })
  const rows = await database
    .selectFrom('collections')
    .select('table_name')
    .where('system_key', '=', system.key)
    .execute()
  return { ...system, id, user, token, tables: rows.map((row) => row.table_name) }
}

const ofSystem = [
  'sessions',
  'accounts',
  'collections',
  'roles',
  'grants',
  'memberships',
  'code_units',
  'code_versions',
  'failed_runs',
  'run_logs',
  'changes',
] as const

/** All that is stored of a system, as one text. */
async function everythingOf({ key, tables }: Place): Promise<string> {
  const parts: unknown[] = []
  for (const table of ofSystem) {
    const { rows } = await sql`select * from ${sql.table(table)} where system_key = ${key}`.execute(database)
    parts.push(rows.map((row) => JSON.stringify(row)).sort())
  }
  parts.push(await database.selectFrom('systems').selectAll().where('key', '=', key).execute())
  for (const table of tables) parts.push(await rowsOf(table))
  return JSON.stringify(parts)
}

/** A dropped table has no rows. */
async function rowsOf(table: string): Promise<unknown> {
  const { length } = await database.selectFrom('collections').select('id').where('table_name', '=', table).execute()
  if (length === 0) return 'gone'
  const { rows } = await sql`select * from ${sql.table(table)}`.execute(database)
  return rows.map((row) => JSON.stringify(row)).sort()
}

/** Stands for what only the running system knows. */
const known = fc.constantFrom('$key', '$id', '$user')

const word = fc.constantFrom(
  ...[
    'n',
    'name',
    'Name',
    'data',
    'city',
    'item_id',
    'user_id',
    'email',
    'cb_token',
    'data->>a',
    'things',
    'hello',
    'shared',
  ],
  ...[
    'Administrator',
    'Authenticated',
    'jo@example.com',
    'int',
    'string',
    'jsonb',
    '1',
    '2',
    'true',
    '',
    ' ',
    'undefined',
  ],
  ...[
    'null',
    '[]',
    '{}',
    '\0',
    'a\0b',
    '\ud800',
    "'; drop table systems; --",
    '" or 1=1 --',
    '__proto__',
    'constructor',
  ],
  ...['%', '%00', '../..', 'a/b', '(', '^a{9}{9}$', '2026-01-31T10:20:30Z', 'x'.repeat(300), '1e400', '99999999999'],
)

const text = fc.oneof(
  { weight: 5, arbitrary: word },
  { weight: 2, arbitrary: known },
  fc.string({ unit: 'binary', maxLength: 12 }),
)

const number = fc.oneof(
  fc.integer({ min: -2, max: 20 }),
  fc.constantFrom(2 ** 31, 2 ** 53, -1e308, 0.5),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
)

const scalar = fc.oneof({ weight: 4, arbitrary: text }, number, fc.boolean(), fc.constant(null))

const anything = fc.oneof(
  { weight: 4, arbitrary: scalar },
  fc.jsonValue({ maxDepth: 3 }),
  fc.dictionary(text, scalar, { maxKeys: 3 }),
)

const condition = fc.dictionary(
  fc.constantFrom('EQ', 'NEQ', 'GT', 'GTE', 'LT', 'LTE', 'RE', 'IN', 'WHAT_THE_HELL_ARE_YOU_DOING'),
  fc.oneof(
    { weight: 4, arbitrary: fc.array(fc.dictionary(text, anything, { maxKeys: 2 }), { maxLength: 2 }) },
    anything,
  ),
  { maxKeys: 2 },
)

const filters = fc.oneof(
  { weight: 4, arbitrary: fc.array(fc.array(condition, { maxLength: 2 }), { maxLength: 2 }) },
  fc.constantFrom([], [[]], null),
)

const query = fc.oneof(
  { weight: 3, arbitrary: filters },
  {
    weight: 3,
    arbitrary: fc.record(
      {
        FILTERS: filters,
        SORT: fc.oneof(
          fc.array(fc.dictionary(fc.constantFrom('ASC', 'DESC'), text, { maxKeys: 1 }), { maxLength: 2 }),
          anything,
        ),
        PAGESIZE: anything,
        PAGENUM: anything,
        SELECTCOLUMNS: fc.oneof(fc.array(text, { maxLength: 2 }), anything),
        GROUPBY: fc.oneof(fc.array(text, { maxLength: 2 }), anything),
      },
      { requiredKeys: [] },
    ),
  },
  anything,
)

const rights = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.array(
      fc.record(
        {
          itemInfo: fc.oneof(fc.record({ name: text, id: text }), anything),
          permissions: fc.oneof(fc.integer({ min: -1, max: 17 }), anything),
        },
        { requiredKeys: [] },
      ),
      { maxLength: 2 },
    ),
  },
  fc.record({ permissions: anything }),
  anything,
)

const changes: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.dictionary(
      fc.oneof(fc.constantFrom('collections', 'services', 'topics', 'users', 'roles', 'edges', 'description'), text),
      rights,
      { maxKeys: 3 },
    ),
  },
  fc.record(
    {
      password: anything,
      email: anything,
      disabled: anything,
      city: anything,
      roles: fc.record({ add: anything, delete: anything }, { requiredKeys: [] }),
    },
    { requiredKeys: [] },
  ),
  fc.record({ changes: fc.dictionary(text, rights, { maxKeys: 2 }) }),
  anything,
)

const named = fc.record(
  {
    id: fc.oneof(text, fc.array(text, { maxLength: 2 }), anything),
    name: fc.oneof(text, anything),
    appID: fc.oneof(fc.constant('$key'), text, anything),
    user: fc.oneof(text, anything),
    changes,
    query,
    $set: fc.oneof(fc.dictionary(text, anything, { maxKeys: 2 }), anything),
    n: anything,
    data: anything,
    at: anything,
    email: fc.oneof(fc.emailAddress(), anything),
    password: fc.oneof(text, anything),
    column_name: fc.oneof(text, anything),
    type: fc.oneof(text, anything),
    addColumn: fc.oneof(fc.record({ name: text, type: fc.oneof(fc.constantFrom('int', 'jsonb'), text) }), anything),
    deleteColumn: fc.oneof(text, anything),
    renameColumn: fc.oneof(fc.record({ from: text, to: text }), anything),
    renameCollection: fc.oneof(text, anything),
    collections: rights,
    services: rights,
    users: rights,
    description: anything,
    code: fc.oneof(
      fc.constantFrom('function hello(req, resp) {}', 'var x = {', 'const a = 1; try { a } finally { b }'),
      text,
      anything,
    ),
    parameters: fc.oneof(fc.array(text, { maxLength: 2 }), anything),
    dependencies: fc.oneof(text, anything),
    run_user: fc.oneof(text, anything),
    execution_timeout: anything,
    engine_type: anything,
    logging: anything,
    logging_enabled: anything,
    source_map: anything,
  },
  { requiredKeys: [] },
)

/** Few keys at a time: with all of them the first one that is wrong would hide the others. */
const fewOf = named.chain((whole) =>
  fc
    .subarray(Object.keys(whole), { maxLength: 4 })
    .map((keys) => Object.fromEntries(keys.map((key) => [key, whole[key as keyof typeof whole]]))),
)

const body = fc.oneof(
  { weight: 8, arbitrary: fewOf.map((value) => JSON.stringify(value)) },
  { weight: 2, arbitrary: fc.array(fewOf, { maxLength: 3 }).map((value) => JSON.stringify(value)) },
  { weight: 2, arbitrary: anything.map((value) => JSON.stringify(value)) },
  fc.constantFrom(
    '',
    'null',
    '{',
    '[1',
    '"',
    '\0',
    '{"__proto__":{"a":1}}',
    '{"a":1}{"b":2}',
    `${'['.repeat(2000)}${']'.repeat(2000)}`,
  ),
)

const parameters = fc.dictionary(
  fc.constantFrom('query', 'query', 'user', 'role', 'column', 'columnName', 'conflictColumn', 'id', 'appid'),
  fc.oneof({ weight: 3, arbitrary: query.map((value) => JSON.stringify(value) ?? '') }, { weight: 3, arbitrary: text }),
  { maxKeys: 3 },
)

const segments = fc.record({
  key: fc.oneof({ weight: 12, arbitrary: fc.constant('$key') }, text),
  id: fc.oneof({ weight: 8, arbitrary: fc.constant('$id') }, text),
  name: fc.oneof({ weight: 6, arbitrary: fc.constantFrom('things', 'hello', 'shared', 'fresh') }, text),
  version: fc.oneof(fc.constantFrom('1', '2', '0', '99999999999'), text),
})

const request = fc.record({ segments, parameters, body, as: fc.constantFrom('developer', 'developer', 'user') })

/** Puts in what only the running system knows. Half a surrogate pair can stand in no address. */
const fill = (place: Place, given: string): string =>
  given.replaceAll('$key', place.key).replaceAll('$id', place.id).replaceAll('$user', place.user)
const inAddress = (place: Place, given: string): string => encodeURIComponent(fill(place, given).toWellFormed())

const routes = [
  ...adminUserRoutes,
  ...roleRoutes,
  ...collectionRoutes,
  ...itemRoutes,
  ...codeRoutes,
  ...libraryRoutes,
].flatMap(({ method, paths }) => paths.map((path) => ({ method, path })))

const areas = Map.groupBy(routes, ({ path }) =>
  path
    .split('/')
    .slice(1, path.startsWith('/api') ? 5 : 4)
    .join('/'),
)

const bystander = await seed()
const untouched = await everythingOf(bystander)

for (const [area, members] of areas) {
  test(`/${area}: anything is answered or refused, and a refusal changes nothing`, async () => {
    let place = await seed()
    for (const { method, path } of members) {
      let before = await everythingOf(place)
      await fc.assert(
        fc.asyncProperty(request, async (given) => {
          const url = path.replace(/:(\w+)/g, (_, name: string) => inAddress(place, given.segments[name as 'key']))
          const search = Object.entries(given.parameters).map(([name, value]) => `${name}=${inAddress(place, value)}`)
          const answer = await call(method, search.length === 0 ? url : `${url}?${search.join('&')}`, {
            ...(given.as === 'developer' ? { developer } : { token: place.token }),
            ...(method !== 'GET' && { body: fill(place, given.body) }),
          })
          const yet = answer.status === 501 && /not available yet/.test(answer.body.error.detail)
          assert.ok(answer.status < 500 || yet, `${method} ${url}: ${answer.status} ${answer.text}`)
          if (answer.status >= 400) {
            assert.equal(typeof answer.body.error.detail, 'string')
            assert.equal(answer.body.statusCode, answer.status)
            assert.equal(await everythingOf(place), before, `${method} ${url} was refused and changed something`)
          } else if (method !== 'GET') {
            if (method === 'DELETE') place = await seed()
            before = await everythingOf(place)
          }
        }),
        { numRuns: runsPerPath },
      )
    }
    assert.equal(await everythingOf(bystander), untouched, 'another system was changed')
  })
}
