/** Whatever a stranger sends to these routes is answered or refused, never our fault; and a refusal has changed nothing. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import { createTestApp } from '../../../../../test/support/app.ts'
import { archiveOf } from '../../deploy/catalogue.ts'
import { everyKindFiles } from '../../deploy/every-kind.fixture.ts'
import { filesOf, service } from '../../deploy/import.fixture.ts'
import { databaseOf } from '../../store/store.ts'
import { adminUserRoutes } from './admin-users.ts'
import { codeRoutes } from './code.ts'
import { collectionRoutes } from './collections.ts'
import { itemRoutes } from './items.ts'
import { keptRoutes } from './kept.ts'
import { libraryRoutes } from './libraries.ts'
import { packageRoutes } from './packages.ts'
import { userWith } from './people.fixture.ts'
import { roleRoutes } from './roles.ts'
import { secretRoutes } from './secrets.ts'
import { inboxRoutes, sendingRoutes } from './sending.ts'

/** A package whose assets are kept but for one service, and some that are no good. */
const kept = new Map(
  [...everyKindFiles()].filter(
    ([path]) => !/^(code|data|roles|users|portals\/Line)\//.test(path) && path !== 'README.md',
  ),
)
const good = new Map([...kept, ...filesOf(service('packed'))])
const zipOf = async (files: Map<string, Buffer>): Promise<Buffer> => archiveOf(files, '')
const archive = await zipOf(good)
const contents = archive.toString('base64')
const archives = [
  contents,
  contents.slice(0, contents.length >> 1),
  Buffer.concat([archive.subarray(0, 40), Buffer.from('spoiled'), archive.subarray(47)]).toString('base64'),
  (await zipOf(filesOf({ 'roles/R.json': '{"Name": 1' }))).toString('base64'),
  (await zipOf(filesOf({ 'portals/P.json': [], 'devices/schema.json': '7', 'triggers/t.json': 'null' }))).toString(
    'base64',
  ),
  (await zipOf(filesOf(service('things', { execution_timeout: -7 })))).toString('base64'),
]

/** Stands for every place on the internet that these requests may name. */
const outside = createServer((_request, response) => response.end(archive)).listen(0, '127.0.0.1')
await once(outside, 'listening')
after(() => outside.close())
const routed = ['github.com', 'codeload.github.com', 'api.github.com', 'example.com'].flatMap((host) => [
  '--route',
  `https://${host}=http://127.0.0.1:${(outside.address() as AddressInfo).port}`,
])

const app = await createTestApp({ after }, { args: routed })
const { developer, call } = app
const database = databaseOf(app.app.means.store)

/** Fewer where each costs more. A call that only reads needs fewer still. */
const most = Number(process.env.GATEHOUSE_FUZZ_RUNS ?? (process.env.GATEHOUSE_TEST_DATABASE === 'postgres' ? 10 : 20))
const runsOf = (method: string): number => (method === 'GET' ? Math.ceil(most / 4) : most)

type Place = { key: string; secret: string; id: string; user: string; token: string; tables: string[] }

/** A system with something of everything. */
async function seed(): Promise<Place> {
  const system = await app.createSystem()
  const { token, id: user } = await userWith(app, system, {
    users: { permissions: 15 },
    roles: { permissions: 15 },
    allcollections: { permissions: 15 },
    allservices: { permissions: 15 },
  })
  return furnish({ ...system, user, token, id: '', tables: [] })
}

/** Puts back what a request took away, but users. */
async function furnish(place: Place): Promise<Place> {
  const { key } = place
  await call('DELETE', '/admin/collectionmanagement', { developer, query: { id: place.id } })
  const body = { name: 'things', appID: key }
  const made = await call('POST', '/admin/collectionmanagement', { developer, body })
  // Another collection may have been given the name.
  if (made.status !== 200) return seed()
  const id = made.body.collectionID
  for (const [name, type] of [
    ['n', 'int'],
    ['name', 'string'],
    ['data', 'jsonb'],
    ['at', 'timestamp'],
  ]) {
    await call('PUT', '/admin/collectionmanagement', { developer, body: { id, addColumn: { name, type } } })
  }
  const rows = [
    { n: 1, name: 'a' },
    { n: 2, name: 'b', data: { a: [1] } },
  ]
  await call('POST', `/api/v/1/data/${id}`, { developer, body: rows })
  const columnName = 'n'
  await call('POST', `/api/v/4/data/${key}/things/uniqueindex`, { developer, query: { columnName } })
  const column = { column_name: 'city', type: 'string' }
  await call('POST', `/admin/user/${key}/columns`, { developer, body: column })
  const service = { code: 'function hello(req, resp) { resp.success(1) }' }
  await call('POST', `/admin/code/v/1/${key}/hello`, { developer, body: service })
  await call('POST', `/codeadmin/v/2/library/${key}/shared`, { developer, body: { code: 'var x = 1' } })
  const uploaded = await call('POST', `/api/v/1/systemmigration/${key}/upload`, { developer, body: { contents } })
  assert.equal(uploaded.status, 200, uploaded.text)
  const tables = await database.selectFrom('collections').select('table_name').where('system_key', '=', key).execute()
  return { ...place, id, tables: tables.map((table) => table.table_name) }
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
  'secrets',
  'messages',
  'changes',
  'kept_assets',
  'asset_extras',
  'installed_packages',
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

/** The same, and how many systems there are: an import can make one. */
async function stateOf(place: Place): Promise<string> {
  const { length } = await database.selectFrom('systems').select('key').execute()
  return `${length} ${await everythingOf(place)}`
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

const body = fc.oneof(
  { weight: 2, arbitrary: anything.map((value) => JSON.stringify(value)) },
  fc.constantFrom(
    ...['', 'null', '{', '[1', '"', '\0', '{"__proto__":{"a":1}}', '{"a":1}{"b":2}', '[]', '[{},{}]'],
    `${'['.repeat(2000)}${']'.repeat(2000)}`,
  ),
)

const parameters = fc.dictionary(
  fc.constantFrom(
    ...['query', 'query', 'user', 'role', 'column', 'columnName', 'conflictColumn', 'id', 'appid'],
    ...['dryRun', 'kind', 'name', 'box', 'path', 'limit', 'continuation_token', 'decrypt', 'rows', 'users'],
    ...['username', 'systemRepoName', 'branch'],
  ),
  fc.oneof({ weight: 3, arbitrary: query.map((value) => JSON.stringify(value) ?? '') }, { weight: 3, arbitrary: text }),
  { maxKeys: 3 },
)

const segments = fc.record({
  key: fc.oneof({ weight: 8, arbitrary: fc.constant('$key') }, text),
  id: fc.oneof({ weight: 8, arbitrary: fc.constant('$id') }, text),
  name: fc.oneof(
    fc.constantFrom('things', 'hello', 'shared', 'fresh', 'meter', 'docs', 'modbus', 'archive', 'all', 'in'),
    text,
  ),
  file: fc.oneof(fc.constantFrom('run', 'c.txt', '2024/a b.txt'), text),
  version: fc.oneof(fc.constantFrom('1', '2', '0', '99999999999'), text),
})

type Sample = { name: string; parameters: Record<string, unknown>; body: unknown }

const every = [[{ GTE: [{ n: 1 }] }], [{ EQ: [{ name: 'a' }] }, { RE: [{ name: '^a' }] }]]
const page = {
  FILTERS: every,
  SORT: [{ DESC: 'n' }, { ASC: 'name' }],
  PAGESIZE: 10,
  PAGENUM: 1,
  SELECTCOLUMNS: ['n', 'name'],
}
const users = {
  ...page,
  FILTERS: [[{ NEQ: [{ email: 'x' }] }]],
  SORT: [{ ASC: 'email' }],
  SELECTCOLUMNS: ['user_id', 'city'],
}
const roles = {
  ...page,
  FILTERS: [[{ EQ: [{ Name: 'Administrator' }] }], [{ RE: [{ ID: '^A' }] }]],
  SORT: [{ DESC: 'name' }],
}
const sessions = { FILTERS: [[{ EQ: [{ user_id: '$user' }] }, { GT: [{ issued: 0 }] }]], SORT: [{ DESC: 'issued' }] }
const rights = {
  collections: [{ itemInfo: { id: '$id', name: 'things' }, permissions: 1 }],
  services: [{ itemInfo: { name: 'hello' }, permissions: 1 }],
  topics: [],
  users: { permissions: 1 },
  edges: [{ permissions: 0 }],
}
const code = {
  code: 'const a = 1; try { a } finally { resp.success(a) }',
  parameters: ['a'],
  dependencies: 'clearblade,shared',
  run_user: '$user',
  logging_enabled: 'true',
  execution_timeout: 60,
  concurrency: 0,
  engine_type: 0,
  source_map: '',
  description: 'x',
}

const devices = { FILTERS: [[{ EQ: [{ name: 'meter' }] }], [{ RE: [{ site: '^n' }] }]], SORT: [{ DESC: 'name' }] }
const repository = { username: 'owner', systemRepoName: 'two-factor', branch: 'master' }
const imported = {
  repoURL: 'https://github.com/owner/two-factor/archive/master.zip',
  developerEmail: 'dev@example.com',
  listOfFilesToImport: ['two-factor-master/timers/daily.json'],
  systemName: 'fresh',
  importFullSystem: false,
  importIntoExistingSystem: false,
}
const installed = {
  contents,
  system: '$key',
  dry_run: false,
  name: 'fresh',
  choose: ['timer/daily'],
  allow: ['services/packed'],
  overwrite: ['service/packed'],
  confirm_run_as: { packed: 'jo@example.com' },
}

/** Requests that are good as they stand, by how their path ends; the test spoils one thing or two of them. */
const samples: [RegExp, Partial<Sample>[]][] = [
  [
    /packages\/fetch/,
    [
      ...archives.map((one) => ({ body: { contents: one } })),
      { body: { url: 'owner/two-factor', ref: 'master', folder: 'a' } },
    ],
  ],
  [
    /packages\/install/,
    [
      { body: { ...installed, dry_run: true } },
      { body: { contents } },
      ...archives.map((one) => ({ body: { ...installed, contents: one } })),
    ],
  ],
  [/packages\/readme/, [{ parameters: { name: 'every-kind' } }]],
  [/\/export/, [{ parameters: { rows: 'false', users: 'true' } }]],
  [
    /upload$/,
    archives.flatMap((one) => [
      { body: { contents: one }, parameters: { dryRun: 'true' } },
      { body: { contents: one }, parameters: { dryRun: 'false' } },
    ]),
  ],
  [/systemStructure/, [{ parameters: repository }]],
  [/importAssets/, [{ body: imported }, { body: { ...imported, importIntoExistingSystem: true, system_key: '$key' } }]],
  [/\/kept$/, [{ parameters: { kind: 'timer', name: 'daily' } }]],
  [/bucket_sets/, [{ name: 'docs', parameters: { box: 'inbox', path: 'deep/a.bin' } }]],
  [/filestore/, [{ name: 'archive', parameters: { limit: '1', continuation_token: '1', decrypt: 'true' } }]],
  [/adap?to?e?rs/, [{ name: 'modbus' }]],
  [/(devices|edges)/, [{ name: 'meter', parameters: { query: devices } }]],
  [/portals/, [{ name: 'Old' }]],
  [
    /(triggers|plugins|deployments|webhook|service_caches|external-db|user_secrets)/,
    [{ name: 'daily' }, { name: 'erp' }],
  ],
  [/^GET .*(session.*user|user\/count)$/, [{ parameters: { query: sessions } }]],
  [/^DELETE .*session/, [{ parameters: { query: sessions } }]],
  [/^GET .*roles/, [{ parameters: { query: roles } }, { parameters: { user: '$user' } }]],
  [/^POST .*roles/, [{ body: { name: 'fresh', description: 'x', ...rights } }]],
  [
    /^PUT .*roles/,
    [
      { body: { id: 'Authenticated', changes: { ...rights, description: 'x' } } },
      { body: { id: 'Anonymous', changes: { changes: rights } } },
    ],
  ],
  [/^DELETE .*roles/, [{ parameters: { role: 'role' } }]],
  [/^POST .*user.*columns/, [{ body: { column_name: 'phone', type: 'string' } }]],
  [/^DELETE .*user.*columns/, [{ parameters: { column: 'city' } }]],
  [/^GET .*admin\/user/, [{ parameters: { query: users } }]],
  [/^POST .*admin\/user/, [{ body: { email: 'new@example.com', password: 'pw', city: 'Ulm' } }]],
  [
    /^PUT .*admin\/user/,
    [
      {
        body: {
          user: '$user',
          changes: { city: 'Ulm', disabled: false, roles: { add: ['Anonymous'], delete: ['Anonymous'] } },
        },
      },
    ],
  ],
  [/^DELETE .*admin\/user/, [{ parameters: { user: '$user' } }]],
  [/^POST .*collectionmanagement/, [{ body: { name: 'fresh', appID: '$key' } }]],
  [
    /^PUT .*collectionmanagement/,
    [
      { body: { id: '$id', addColumn: { name: 'more', type: 'int' } } },
      { body: { id: '$id', renameColumn: { from: 'at', to: 'when' } } },
      { body: { id: '$id', deleteColumn: 'data' } },
      { body: { id: '$id', renameCollection: 'stuff' } },
    ],
  ],
  [/collectionmanagement/, [{ parameters: { id: '$id' } }]],
  [/allcollections/, [{ parameters: { appid: '$key' } }]],
  [/upsert$/, [{ name: 'things', parameters: { conflictColumn: 'n' }, body: { n: 1, name: 'x', data: { a: 1 } } }]],
  [
    /index(es)?$/,
    [
      { name: 'things', parameters: { columnName: 'name' } },
      { name: 'things', parameters: { columnName: 'n' } },
    ],
  ],
  [
    /^POST .*(data|collection)\//,
    [
      { name: 'things', body: [{ n: 7, name: 'x', at: '2026-01-31' }, { data: [1] }] },
      { name: 'things', body: { name: 'x' } },
    ],
  ],
  [
    /^PUT .*(data|collection)\//,
    [
      { name: 'things', body: { query: every, $set: { name: 'x', data: { a: null } } } },
      { name: 'things', body: { query: page, $set: { at: '2026-01-31' } } },
    ],
  ],
  [
    /^(GET|DELETE) .*(data|collection)\//,
    [
      { name: 'things', parameters: { query: page } },
      { name: 'things', parameters: { query: every } },
    ],
  ],
  [/^POST .*logs/, [{ name: 'hello', body: { logging: 'true' } }]],
  [/failed/, [{ body: { id: ['one', 'two'] } }]],
  [
    /^(POST|PUT) .*library/,
    [
      { name: 'shared', body: code },
      { name: 'fresh', body: code },
    ],
  ],
  [/library/, [{ name: 'shared' }]],
  [
    /^(POST|PUT) .*code/,
    [
      { name: 'hello', body: code },
      { name: 'fresh', body: code },
    ],
  ],
  [/code/, [{ name: 'hello' }]],
]

const samplesFor = (route: string): Sample[] =>
  (samples.find(([pattern]) => pattern.test(route))?.[1] ?? [{}]).map((sample) => ({
    name: sample.name ?? 'things',
    parameters: sample.parameters ?? {},
    body: sample.body ?? {},
  }))

type Spoil = { at: number; value: unknown }

/** The same with one value replaced: the `at`th, counting all that hold others as well. */
function spoiled(given: unknown, { at, value }: Spoil): unknown {
  let left = at % sizeOf(given)
  const walk = (one: unknown): unknown => {
    if (left-- === 0) return value
    if (Array.isArray(one)) return one.map(walk)
    if (typeof one !== 'object' || one === null) return one
    return Object.fromEntries(Object.entries(one).map(([name, inner]) => [name, walk(inner)]))
  }
  return walk(given)
}

const sizeOf = (given: unknown): number =>
  1 +
  (typeof given === 'object' && given !== null
    ? Object.values(given).reduce((sum: number, one) => sum + sizeOf(one), 0)
    : 0)

const request = fc.record({
  wild: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, fc.record({ segments, parameters, body })),
  sample: fc.nat(11),
  spoils: fc.array(fc.record({ at: fc.nat(40), value: fc.oneof(anything, filters) }), { maxLength: 2 }),
  as: fc.constantFrom('developer', 'developer', 'developer', 'user'),
})

type Given = typeof request extends fc.Arbitrary<infer T> ? T : never

/** Puts in what only the running system knows. Half a surrogate pair can stand in no address. */
const fill = (place: Place, given: string): string =>
  given.replaceAll('$key', place.key).replaceAll('$id', place.id).replaceAll('$user', place.user)
const inAddress = (place: Place, given: unknown): string =>
  encodeURIComponent(fill(place, typeof given === 'string' ? given : (JSON.stringify(given) ?? '')).toWellFormed())

function written(place: Place, method: string, path: string, { wild, sample, spoils }: Given) {
  const choices = samplesFor(`${method} ${path}`)
  const chosen = choices[sample % choices.length]!
  const tame = spoils.reduce<unknown>(spoiled, { parameters: chosen.parameters, body: chosen.body }) as Sample
  const parts = wild?.segments ?? { key: '$key', id: '$id', name: chosen.name, version: '1', file: 'run' }
  const search = Object.entries(Object(wild?.parameters ?? tame?.parameters)).map(
    ([name, value]) => `${name}=${inAddress(place, value)}`,
  )
  const url = path
    .replace(/:(\w+)/g, (_, name: string) => inAddress(place, parts[name as keyof typeof parts]))
    .replace('*', () => inAddress(place, parts.file))
  return {
    url: search.length === 0 ? url : `${url}?${search.join('&')}`,
    body: fill(place, wild?.body ?? JSON.stringify(tame?.body) ?? ''),
  }
}

const routes = [
  ...adminUserRoutes,
  ...roleRoutes,
  ...collectionRoutes,
  ...itemRoutes,
  ...codeRoutes,
  ...libraryRoutes,
  ...secretRoutes,
  ...sendingRoutes,
  ...inboxRoutes,
  ...keptRoutes,
  // Where they are is all that is read of them.
  ...packageRoutes({} as Parameters<typeof packageRoutes>[0]),
].flatMap(({ method, paths }) => paths.map((path) => ({ method, path })))

const areas = Map.groupBy(routes, ({ path }) =>
  path
    .split('/')
    .slice(1, path.startsWith('/api') ? 5 : 4)
    .join('/'),
)

/** After these the next request would find too little. */
const takesAway = (method: string, path: string): boolean =>
  (method === 'DELETE' && !/failed|index/.test(path)) || (method === 'PUT' && /collectionmanagement/.test(path))

const bystander = await seed()
const untouched = await everythingOf(bystander)

for (const [area, members] of areas) {
  test(`/${area}: anything is answered or refused, and a refusal changes nothing`, async () => {
    let place = await seed()
    for (const { method, path } of members) {
      let before = await stateOf(place)
      await fc.assert(
        fc.asyncProperty(request, async (given) => {
          const { url, body } = written(place, method, path, given)
          const answer = await call(method, url, {
            ...(given.as === 'developer' ? { developer } : { token: place.token }),
            ...(method !== 'GET' && { body }),
          })
          const yet = answer.status === 501 && /not available yet/.test(answer.body.error.detail)
          assert.ok(answer.status < 500 || yet, `${method} ${url}: ${answer.status} ${answer.text}`)
          if (answer.status >= 400) {
            assert.equal(typeof answer.body.error.detail, 'string')
            assert.equal(answer.body.statusCode, answer.status)
            assert.equal(await stateOf(place), before, `${method} ${url} was refused and changed something`)
          } else if (method !== 'GET') {
            if (takesAway(method, path)) place = await (/\/(user|session)\//.test(path) ? seed() : furnish(place))
            before = await stateOf(place)
          }
        }),
        { numRuns: runsOf(method) },
      )
    }
    assert.equal(await everythingOf(bystander), untouched, 'another system was changed')
  })
}
