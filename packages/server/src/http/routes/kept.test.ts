/** What developers and their tools read of assets that are kept and not active, and what nobody reads. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { createTestApp } from '../../../../../test/support/app.ts'
import { archiveOf } from '../../deploy/catalogue.ts'
import { everyKindFiles, secretTexts, wholePortal } from '../../deploy/every-kind.fixture.ts'
import { filesOf } from '../../deploy/import.fixture.ts'
import { keptRoutes } from './kept.ts'
import { anotherDeveloper, userWith } from './people.fixture.ts'

const app = await createTestApp({ after })
const { developer, call } = app

async function install(files: Map<string, Buffer>, name = 'every kind'): Promise<{ key: string; secret: string }> {
  const contents = (await archiveOf(files, '')).toString('base64')
  const { body, status, text } = await call('POST', '/admin/v/4/packages/install', {
    developer,
    body: { contents, name },
  })
  assert.equal(status, 200, text)
  return body.system
}

const system = await install(everyKindFiles())
const { key } = system
const empty = await app.createSystem('empty')

const get = async (path: string, query: Record<string, string> = {}, of = key): Promise<any> => {
  const { status, body, text } = await call('GET', path.replace(':key', of), { developer, query })
  assert.equal(status, 200, `${path}: ${text}`)
  return body ?? text
}

const query = (value: unknown) => ({ query: JSON.stringify(value) })
const names = (list: any[]): string[] => list.map(({ name }) => name)

/** Every address that reads one thing or a list, with what stands in it for names. */
const addresses = keptRoutes
  .filter(({ method, paths }) => method === 'GET' && !paths[0]!.includes('/v/4/system/'))
  .flatMap(({ paths }) => paths)

const lists = addresses.filter((path) => !/:name|:file|\*/.test(path))

test('a system where nothing is kept answers empty lists in the shape of each client', async () => {
  for (const path of lists) {
    const body = await get(path, {}, empty.key)
    if (path.endsWith('/count')) assert.deepEqual(body, { count: 0 }, path)
    else if (path.includes('user_secrets')) assert.deepEqual(body, {}, path)
    else if (path.endsWith('/columns'))
      assert.ok(body.every((one: any) => one.UserDefined === false) && body.length > 5)
    else assert.deepEqual(body, [], path)
  }
  assert.deepEqual(await get('/admin/v/4/system/:key/kept', {}, empty.key), [])
})

test('what is not there is refused by name, with a body that clients can read', async () => {
  for (const path of addresses.filter((one) => one.includes(':name'))) {
    const url = path.replace(':key', key).replace(':name', 'nope').replace(':file', 'f').replace('*', 'f')
    const { status, body } = await call('GET', url, { developer, query: { box: 'inbox', path: 'x' } })
    assert.equal(status, 400, url)
    assert.match(body.error.detail, /There is no .*"nope"/, url)
    assert.equal(body.statusCode, 400)
  }
})

test('users hear that none of it is available to them, and other developers nothing at all', async () => {
  const { token } = await userWith(app, system, { devices: { permissions: 15 }, edges: { permissions: 15 } })
  const stranger = await anotherDeveloper(app)
  for (const path of addresses) {
    const url = path.replace(':key', key).replace(':name', 'meter').replace(':file', 'run').replace('*', 'f')
    const mine = await call('GET', url, { token })
    assert.equal(mine.status, path.startsWith('/admin/') ? 403 : 501, `${url}: ${mine.text}`)
    const theirs = await call('GET', url, { developer: stranger })
    assert.equal(theirs.status, 400, url)
    assert.equal(theirs.body.error.code, 1404, url)
    assert.equal((await call('GET', url)).status, 401, url)
  }
  for (const method of ['GET', 'DELETE'] as const) {
    const path = `/admin/v/4/system/${key}/kept`
    const which = { kind: 'timer', name: 'daily' }
    assert.equal((await call(method, path, { token, query: which })).status, 403)
    assert.equal((await call(method, path, { developer: stranger, query: which })).body.error.code, 1404)
    assert.equal((await call(method, path, { query: which })).status, 401)
  }
})

test('no secret of a package can be read, only that it is there', async () => {
  const sensitive = [
    '/api/v/4/user_secrets/:key',
    '/api/v/4/user_secrets/:key/api',
    '/api/v/4/external-db/:key',
    '/api/v/4/external-db/:key/erp',
    '/api/v/4/bucket_sets/:key',
    '/api/v/4/bucket_sets/:key/docs',
    '/api/v/1/filestore/:key',
    '/api/v/1/filestore/:key/archive',
    '/admin/v/4/system/:key/kept',
  ]
  for (const path of sensitive) {
    const text = JSON.stringify(await get(path, { decrypt: 'true' }))
    for (const secret of secretTexts) assert.ok(!text.includes(secret), `${path} shows ${secret}`)
  }
  assert.deepEqual(await get('/api/v/4/user_secrets/:key'), { api: '' })
  // The Go SDK takes anything but an object or a list for the secret, and panics without a body.
  assert.equal((await call('GET', `/api/v/4/user_secrets/${key}/api`, { developer })).text, '""')
  assert.deepEqual(await get('/api/v/4/external-db/:key'), [{ name: 'erp', dbtype: 'postgres' }])
  assert.deepEqual(await get('/api/v/4/external-db/:key/erp'), {
    ...{ id: 'erp', name: 'erp', dbtype: 'postgres', credentials: {}, system_key: key },
  })
  const [set] = await get('/api/v/4/bucket_sets/:key')
  assert.deepEqual(
    [set.name, set.deployment_name, set.platform_storage, set.platform_config, set.edge_storage, set.edge_config],
    ['docs', 'docs', 'google', {}, 'local', {}],
  )
  const [store] = await get('/api/v/1/filestore/:key', { decrypt: 'true' })
  assert.deepEqual(store, {
    ...{ name: 'archive', storage_type: 's3', storage_config: {}, read_auth_method: 'token' },
    ...{ write_auth_method: 'token', system_key: key },
  })
  assert.equal((await get('/api/v/1/filestore/:key/archive')).storage_config, '')
})

test('keys that were blanked on import stay blank', async () => {
  const [meter] = await get('/admin/devices/:key', query([[{ EQ: [{ name: 'meter' }] }]]))
  assert.deepEqual([meter.active_key, meter.cb_token], ['', ''])
  const [hall] = await get('/admin/edges/:key')
  assert.deepEqual([hall.token, hall.system_secret], ['', ''])
  const timer = await get('/admin/triggers/timers/:key/daily')
  assert.deepEqual([timer.user_token, timer.user_id, timer.system_secret], ['', '', ''])
})

test('devices and edges are rows with columns, counts, queries and pages', async () => {
  assert.deepEqual(names(await get('/admin/devices/:key')), ['meter', 'valve'])
  assert.deepEqual(names(await get('/api/v/2/devices/:key', query({ PAGESIZE: 1, PAGENUM: 2 }))), ['valve'])
  assert.deepEqual(await get('/api/v/2/devices/:key', query({ PAGESIZE: 2, PAGENUM: 2 })), [])
  assert.deepEqual(await get('/api/v/3/devices/:key/count'), { count: 2 })
  assert.deepEqual(await get('/api/v/3/devices/:key/count', query([[{ EQ: [{ site: 'north' }] }]])), { count: 1 })
  assert.deepEqual(names(await get('/admin/devices/:key', query([[{ EQ: [{ enabled: true }] }]]))), ['meter'])
  const meter = await get('/admin/devices/:key/meter')
  assert.equal(meter.device_key, `${key} :: meter`)
  assert.deepEqual([meter.system_key, meter.site, meter.has_keys, meter.created_date], [key, 'north', false, 0])
  const columns = await get('/admin/devices/:key/columns')
  assert.ok(columns.every((one: any) => typeof one.UserDefined === 'boolean' && typeof one.ColumnName === 'string'))
  assert.deepEqual(
    columns.filter((one: any) => one.UserDefined),
    [{ ColumnName: 'site', ColumnType: 'string', PK: false, UserDefined: true }],
  )
  const { roles } = await get('/admin/devices/roles/:key/meter')
  assert.deepEqual(
    roles.map(({ Name }: any) => Name),
    ['Authenticated', 'helper'],
  )
  const { body } = await call('GET', `/admin/devices/roles/${key}/valve`, { developer })
  assert.deepEqual(
    body.roles.map(({ Name }: any) => Name),
    ['Authenticated'],
  )
  assert.equal((await get('/api/v/3/edges/:key/hall')).edge_key, `${key}:hall`)
  assert.deepEqual(await get('/api/v/3/edges/:key/count'), { count: 1 })
  const odd = await call('GET', `/admin/devices/${key}`, { developer, query: query([[{ EQ: [{ nope: 1 }] }]]) })
  assert.equal(odd.status, 400)
})

test('a portal is one config, also where the package has it in pieces', async () => {
  const portals = await get('/admin/portals/:key')
  assert.deepEqual(names(portals), ['Line', 'Old'])
  for (const portal of [...portals, await get('/api/v/2/portals/:key/Line')]) {
    assert.equal(typeof portal.config, 'string')
    assert.deepEqual(JSON.parse(portal.config), wholePortal.config, portal.name)
    assert.deepEqual([portal.namespace, portal.system_key, portal.type], [key, key, 'custom_v2'])
  }
})

test('a portal with pieces that cannot be read is what can be read of it', async () => {
  const at = 'portals/P/config'
  const { key: other } = await install(
    filesOf({
      'portals/P/P.json': { name: 'P', config: { widgets: './config/widgets', datasources: './config/datasources' } },
      [`${at}/widgets/A_1/meta.json`]: '{ broken',
      [`${at}/widgets/B_2/meta.json`]: { id: '__proto__', type: 'B' },
      [`${at}/widgets/C_3/settings.json`]: [1],
      [`${at}/datasources/d.json`]: { id: 'd', name: 'd' },
      'portals/Q.json': { name: 'Q', config: '{"pages": {}}' },
      'portals/R.json': { name: 'R', config: '{' },
      'triggers/odd.json': [1],
      'deployments/odd.json': { name: 'odd', edges: null, assets: [1, {}] },
    }),
    'odd portals',
  )
  const config = async (name: string) => JSON.parse((await get(`/api/v/2/portals/:key/${name}`, {}, other)).config)
  const found = await config('P')
  assert.deepEqual(Object.keys(found.widgets), ['__proto__'])
  assert.deepEqual(found.datasources, { d: { id: 'd', name: 'd' } })
  assert.deepEqual(await config('Q'), { pages: {} })
  assert.deepEqual(await config('R'), {})
  const [trigger] = await get('/admin/triggers/handlers/:key', {}, other)
  assert.deepEqual(trigger.key_value_pairs, {})
  assert.equal(trigger.event_definition.def_module, '')
  const { assets, edges } = await get('/admin/:key/deployments/odd', {}, other)
  assert.deepEqual(edges, [])
  assert.deepEqual(assets, [{ asset_class: '', asset_id: '', sync_to_edge: false, sync_to_platform: false }])
})

/** Files of kept assets, each of which is one asset's main file. */
const mainFiles = [...everyKindFiles()].filter(
  ([path]) => path.endsWith('.json') && !/^(code|data|roles|users|[^/]*$)|^(bucket-set|file-stores)-files/.test(path),
)

const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom('', '__proto__', -1, [[]], [null], [{}], { name: 7 }),
)

test('whatever stands in the files of a package, lists stay lists and nothing fails', async () => {
  const { key: other } = await app.createSystem('odd')
  let read = 0
  const spoil = fc.record({ file: fc.nat(mainFiles.length - 1), at: fc.nat(12), value: odd })
  await fc.assert(
    fc.asyncProperty(fc.array(spoil, { minLength: 5, maxLength: 30 }), async (spoils) => {
      const files = new Map(mainFiles)
      for (const { file, at, value } of spoils) {
        const [path, bytes] = mainFiles[file]!
        const whole = JSON.parse(String(bytes))
        const keys = Object.keys(whole)
        const spoiled = at < keys.length && !Array.isArray(whole) ? { ...whole, [keys[at]!]: value } : value
        files.set(path, Buffer.from(JSON.stringify(spoiled).replaceAll('\\u0000', '')))
      }
      const contents = (await archiveOf(files, '')).toString('base64')
      const path = `/api/v/1/systemmigration/${other}/upload`
      const brought = await call('POST', path, { developer, body: { contents } })
      assert.ok(brought.status < 500, brought.text)
      read += brought.status === 200 ? 1 : 0
      for (const address of lists) {
        const body = await get(address, {}, other)
        if (!/count$|user_secrets/.test(address)) assert.ok(Array.isArray(body), address)
        if (!/devices|edges|portals|msgtype|storage|user_secrets/.test(address)) {
          for (const { name } of body) assert.equal(typeof name, 'string', address)
        }
      }
      for (const { kind, name } of await get('/admin/v/4/system/:key/kept', {}, other)) {
        const at = `/admin/v/4/system/${other}/kept`
        assert.equal((await call('DELETE', at, { developer, query: { kind, name } })).status, 200, `${kind} ${name}`)
      }
    }),
    { numRuns: 12 },
  )
  assert.ok(read > 6, `${read} packages were taken`)
})

test('adapters and stored files come with their contents', async () => {
  const expected = everyKindFiles()
  const files = await get('/admin/:key/adaptors/modbus/files')
  assert.deepEqual(names(files), ['list.json', 'run'])
  const run = await get('/admin/:key/adaptors/modbus/files/run')
  assert.deepEqual([run.adaptor_name, run.permissions, run.path_name], ['modbus', '755', './run'])
  assert.deepEqual(Buffer.from(run.file, 'base64'), expected.get('adapters/modbus/files/run/run'))
  const all = await get('/api/v/4/bucket_sets/:key/docs/files', { box: '' })
  assert.deepEqual(Object.keys(all), ['inbox/deep/a.bin', 'outbox/b.txt'])
  const inbox = await get('/api/v/4/bucket_sets/:key/docs/files', { box: 'inbox' })
  assert.deepEqual(Object.keys(inbox), ['deep/a.bin'])
  const where = { box: 'inbox', path: 'deep/a.bin' }
  const meta = await get('/api/v/4/bucket_sets/:key/docs/file/meta', where)
  assert.deepEqual(
    [meta.bucket_name, meta.relative_name, meta.base_name, meta.size],
    ['inbox', 'deep/a.bin', 'a.bin', 3],
  )
  assert.equal(
    (await call('GET', `/api/v/4/bucket_sets/${key}/docs/file/read`, { developer, query: where })).text,
    'AQD/',
  )
  const first = await get('/api/v/1/filestore/:key/archive/list/', { depth: '-1', limit: '1' })
  assert.deepEqual([first.files.length, first.files[0].full_path], [1, '2024/a b.txt'])
  const { continuation_token } = first
  const rest = await get('/api/v/1/filestore/:key/archive/list/', { limit: '1', continuation_token })
  assert.deepEqual([rest.files[0].full_path, rest.continuation_token], ['c.txt', ''])
  assert.equal((await get('/api/v/1/filestore/:key/archive/list/2024')).files.length, 1)
  assert.equal(await get('/api/v/1/filestore/:key/archive/file/2024/a%20b.txt'), 'one line')
})

test('the list of what is kept says sizes and states, and one asset can be removed', async () => {
  const other = await install(everyKindFiles(), 'another')
  const path = `/admin/v/4/system/${other.key}/kept`
  const all = await get(path)
  const timer = all.find((one: any) => one.kind === 'timer')
  const bytes = everyKindFiles().get('timers/daily.json')!.length
  const files = [{ path: 'timers/daily.json', bytes }]
  assert.deepEqual(timer, { kind: 'timer', name: 'daily', sensitive: false, state: 'not active', files })
  assert.equal(all.find((one: any) => one.kind === 'secret').sensitive, true)
  assert.equal(all.find((one: any) => one.kind === 'portal' && one.name === 'Line').files.length > 5, true)

  const which = { kind: 'portal', name: 'Line' }
  const count = async () => (await get(path)).length
  const before = await count()
  assert.equal((await call('DELETE', path, { developer, query: which })).status, 200)
  assert.equal(await count(), before - 1)
  assert.deepEqual(names(await get('/admin/portals/:key', {}, other.key)), ['Old'])
  const again = await call('DELETE', path, { developer, query: which })
  assert.deepEqual([again.status, again.body.error.code], [400, 5003])
  assert.equal((await call('DELETE', path, { developer, query: { kind: 'portal' } })).status, 400)
  assert.deepEqual(names(await get('/admin/portals/:key')), ['Line', 'Old'], 'another system lost its portal')
})

test('a kept secret becomes one of the system when a developer says so, for the hosts that are named, and only once', async () => {
  const other = await install(everyKindFiles(), 'activated')
  const base = `/admin/v/4/system/${other.key}`
  const activate = (body: object) => call('POST', `${base}/kept/activate`, { developer, body })
  const secrets = () => get(`${base}/secrets`)
  assert.deepEqual(await secrets(), [], 'a secret became active by itself')

  const secret = { kind: 'secret', name: 'api' }
  const refused = async (body: object, status: number, why: RegExp) => {
    const answer = await activate(body)
    assert.equal(answer.status, status, answer.text)
    assert.match(answer.text, why)
    for (const text of secretTexts) assert.ok(!answer.text.includes(text), answer.text)
  }
  await refused({ kind: 'timer', name: 'daily' }, 501, /nothing yet of the kind timer/)
  await refused({ kind: 'secret', name: 'nope' }, 400, /no secret \\"nope\\"/)
  await refused({ kind: ['secret'], name: 'api' }, 400, /no asset/)
  await refused({ ...secret, hosts: ['*.example.com'] }, 400, /one host name/)
  assert.deepEqual(await secrets(), [])

  const { body } = await activate({ ...secret, hosts: ['api.example.com'] })
  assert.deepEqual([body.name, body.hosts], ['api', ['api.example.com']])
  await refused(secret, 400, /no value/)
  assert.deepEqual(names(await secrets()), ['api'])
  const { token } = await userWith(app, other, {})
  const user = await call('POST', `${base}/kept/activate`, { headers: { 'clearblade-usertoken': token }, body: secret })
  assert.equal(user.status, 403)
})

test('making or changing one by one is refused, with the way that there is', async () => {
  const path = (name: string) => name.replace(':key', key)
  for (const [method, url] of [
    ['POST', '/admin/triggers/handlers/:key/t'],
    ['PUT', '/admin/triggers/timers/:key/t'],
    ['POST', '/admin/:key/msgtypetriggers'],
    ['PUT', '/api/v/4/message/:key/storage'],
    ['POST', '/api/v/2/plugins/:key'],
    ['POST', '/admin/devices/:key/d'],
    ['POST', '/admin/devices/:key/columns'],
    ['PUT', '/admin/devices/roles/:key/d'],
    ['POST', '/admin/edges/:key/columns/e'],
    ['POST', '/admin/:key/adaptors/a/files/f'],
    ['POST', '/admin/v/4/webhook/:key/w'],
    ['POST', '/admin/v/4/service_caches/:key/c'],
    ['POST', '/api/v/4/external-db/:key'],
    ['POST', '/api/v/4/bucket_sets/:key/docs/file/create'],
    ['PUT', '/api/v/1/filestore/:key/archive/file/c.txt'],
  ] as const) {
    const { status, body } = await call(method, path(url), { developer, body: { name: 'x' } })
    assert.equal(status, 501, url)
    assert.match(body.error.detail, /not available yet.*package or the system upload/, url)
  }
  assert.equal((await call('POST', path('/api/v/1/message/:key/publish'), { developer, body: {} })).status, 404)
})
