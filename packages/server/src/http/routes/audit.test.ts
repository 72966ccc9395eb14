/** Whatever a developer changes leaves a row in the audit, whatever is refused leaves none, and nobody can take one away. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { type CallOptions, createTestApp, developerPassword } from '../../../../../test/support/app.ts'
import { clean } from '../../app.ts'
import { day, hour } from '../../base/clock.ts'
import { archiveOf } from '../../deploy/catalogue.ts'
import { everyKindFiles } from '../../deploy/every-kind.fixture.ts'
import { filesOf, service } from '../../deploy/import.fixture.ts'
import { audit } from '../../domain/access/audit.ts'
import { databaseOf, dialectOf, storeOn } from '../../store/store.ts'
import { verifyAudit } from '../../store/tables/audit.ts'
import { insertRequest } from '../../store/tables/edge-requests.ts'
import { putEdgeSession } from '../../store/tables/edge-sessions.ts'
import { insertFailedRun } from '../../store/tables/records.ts'
import { routesOf } from '../routes.ts'
import { anotherDeveloper } from './people.fixture.ts'

const index = createServer((_request, response) => response.end(JSON.stringify({ name: 'Far', packages: [] })))
await once(index.listen(0, '127.0.0.1'), 'listening')
after(() => index.close())
const far = `https://far.example.com=http://127.0.0.1:${(index.address() as AddressInfo).port}`

const app = await createTestApp({ after }, { args: ['--route', far] })
const { developer, call } = app
const { means } = app.app
const chain = {
  node: (await databaseOf(means.store).selectFrom('audit_heads').select('node').executeTakeFirstOrThrow()).node,
  seal: (text: string) => means.key.keyedHash('audit', text),
}

const contents = (await archiveOf(filesOf({ ...service('packed'), 'system.json': { name: 'Packed' } }), '')).toString(
  'base64',
)
const kept = new Map([...everyKindFiles()].filter(([path]) => !/^(code|data|roles|users)\//.test(path)))
const keptContents = (await archiveOf(kept, '')).toString('base64')

const rowsOf = async (query: Record<string, string> = {}): Promise<any[]> => {
  const { body, text } = await call('GET', '/admin/audit', { developer, query: { limit: '500', ...query } })
  assert.ok(Array.isArray(body.rows), text)
  return body.rows
}

const count = async (): Promise<number> => {
  const { total } = await databaseOf(means.store)
    .selectFrom('audit_rows')
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow()
  return Number(total)
}

type Step = CallOptions & { params?: Record<string, string>; noted: string[]; before?: () => Promise<unknown> }

/** Calls that change nothing, or nothing that the audit is about. */
const quiet: Record<string, string> = {
  'POST /admin/v/4/packages/fetch': 'only looks',
  'POST /api/v/1/code/:key/:name': 'what the service changes is noted where it changes it',
  'POST /admin/v/4/system/:key/auth-service/try': 'a trial changes nothing',
  'POST /admin/v/4/system/:key/auth-service/replay': 'a replay changes nothing',
  'POST /api/v/1/user/checkauth': 'only looks',
  'POST /api/v/1/user/logout': 'the own session',
  'PUT /api/v/1/user/info': 'the own record of a user',
  'PUT /api/v/1/user/pass': 'the own password of a user',
  'POST /admin/checkauth': 'only looks',
  'POST /admin/logout': 'the own session',
  'DELETE /admin/v/4/system/:key/inbox': 'messages of development',
  'DELETE /api/v/4/user/devices': 'of the user himself',
  'POST /api/v/4/user/authenticators/code': 'of the user himself',
  'POST /api/v/4/user/authenticators/enrol': 'of the user himself',
  'POST /api/v/4/user/authenticators/confirm': 'of the user himself',
  'POST /api/v/4/user/authenticators/recovery-codes': 'of the user himself',
  'POST /codeadmin/failed/:key': 'not available yet',
  'POST /admin/v/4/system/:key/portal-draft/:name': 'a look at what is not saved, for minutes',
  'POST /admin/userinfo/authenticators/challenge': 'asks for an answer and changes nothing',
  'POST /admin/userinfo/authenticators/enrol': 'binds nothing yet',
  ...Object.fromEntries(
    ['confirm', 'recovery-codes', 'remove'].map((what) => [
      `POST /admin/userinfo/authenticators/${what}`,
      'needs an answer of the factor: played in developer-factors.test.ts, with its rows',
    ]),
  ),
  ...Object.fromEntries(
    ['/api/v/1/data/:id', '/api/v/1/collection/:key/:name'].flatMap((path) =>
      ['POST', 'PUT', 'DELETE'].map((method) => [`${method} ${path}`, 'rows of collections']),
    ),
  ),
  'PUT /api/v/4/data/:id/upsert': 'rows of collections',
  'PUT /api/v/4/collection/:key/:name/upsert': 'rows of collections',
}

const system = await app.createSystem()
const { key } = system
const user = await app.createUser(system, 'op@example.com', 'three unrelated words')
const other = () => app.createUser(system, `gone${Math.random()}@example.com`, 'three unrelated words')
const things = await app.createCollection(system, 'things', { n: 'int' })
await app.createService(system, 'judge', 'function judge(req, resp) { resp.error("no") }')
const stranger = await anotherDeveloper(app)
const collectionNamed = (name: string) => app.createCollection(system, name)
const portal = { name: 'Line', description: '', config: '{}' }

const tellSession = async (edge: string, id: string): Promise<void> => {
  const now = means.clock.now()
  const one = { id, tokenHash: id.padEnd(43, 'x'), userId: user, grantedBy: 'password', factors: 'password' }
  const told = { ...one, createdAt: now, expiresAt: now + hour, dataAge: 0 }
  await means.store.forSystem(key).transaction((tx) => putEdgeSession(tx, edge, told, { now, endReason: undefined }))
}

const askAtEdge = async (edge: string, id: string): Promise<void> => {
  const asked = { id, edge, userId: user, changes: { desk: 'never-told-8' }, askedAt: means.clock.now() }
  await means.store.forSystem(key).transaction((tx) => insertRequest(tx, asked))
}

/** In this order, on one system; each names the kinds of the rows that it leaves. */
const steps = async (): Promise<[string, Step][]> => [
  ['POST /admin/v/4/catalogues', { body: { url: 'https://far.example.com/index' }, noted: ['catalogue'] }],
  ['DELETE /admin/v/4/catalogues', { query: { url: 'https://far.example.com/index' }, noted: ['catalogue'] }],
  ['POST /admin/v/4/packages/install', { body: { contents, system: key }, noted: ['service', 'import'] }],
  ['POST /admin/v/4/system/:key/packages/undo', { body: { name: 'Packed' }, noted: ['service', 'import'] }],
  ['POST /admin/v/4/system/:key/push', { body: { contents }, noted: ['service', 'import'] }],
  ['POST /api/v/1/systemmigration/:key/upload', { body: { contents: keptContents }, noted: ['import'] }],
  [
    'POST /admin/v/4/system/:key/kept/activate',
    { body: { kind: 'secret', name: 'api', hosts: ['a.example.com'] }, noted: ['kept', 'secret'] },
  ],
  ['DELETE /admin/v/4/system/:key/kept', { query: { kind: 'secret', name: 'api' }, noted: ['kept'] }],
  ['GET /admin/v/4/system/:key/export', { noted: ['export'] }],
  ['PUT /admin/systemmanagement', { body: { id: key, auth_service: 'judge' }, noted: ['auth-service'] }],
  ['POST /admin/v/4/system/:key/auth-service/versions/safe', { noted: ['auth-service'] }],
  ['DELETE /admin/v/4/system/:key/auth-service/versions/safe', { noted: ['auth-service'] }],
  ['POST /admin/v/4/system/:key/auth-service/versions/restore', { noted: ['auth-service'] }],
  ['DELETE /admin/v/4/system/:key/auth-service/recorded', { noted: ['records'] }],
  ['POST /admin/v/4/system/:key/accounts/unlock', { body: { user }, noted: ['unlock'] }],
  ['POST /api/v/1/user/info', { body: { email: 'a@example.com', password: 'wide grey river bank' }, noted: ['user'] }],
  ['PUT /api/v/4/user/manage', { body: { user, changes: { disabled: false } }, noted: ['user'] }],
  ['POST /admin/user/:key/columns', { body: { column_name: 'city', type: 'string' }, noted: ['user'] }],
  ['PUT /api/v/2/user/info', { body: { query: [], changes: { city: 'Ulm' } }, noted: ['user'] }],
  ['DELETE /admin/user/:key/columns', { query: { column: 'city' }, noted: ['user'] }],
  ['DELETE /api/v/1/user/info', { body: { user_id: await other() }, noted: ['user'] }],
  ['PUT /admin/userinfo', { body: { fname: 'Jo' }, noted: ['developer'] }],
  [
    'PUT /admin/putpass',
    { body: { old_password: developerPassword, new_password: 'another horse battery' }, noted: ['developer'] },
  ],
  ['POST /admin/systemmanagement', { body: { name: 'second' }, noted: ['system'] }],
  ['POST /admin/v/4/systemmanagement', { body: { name: 'third' }, noted: ['system'] }],
  ['PUT /admin/regensystemsecret', { body: { id: key }, noted: ['system'] }],
  [
    'PUT /admin/developers/:key',
    {
      body: { change: { add: ['colleague@example.com'] } },
      before: () =>
        call('POST', '/admin/reg', { body: { email: 'colleague@example.com', password: 'quite unlike the others' } }),
      noted: ['system'],
    },
  ],
  [
    'POST /admin/v/4/system/:key/secrets',
    { body: { name: 'K', value: 'never-told-1', hosts: ['a.example.com'] }, noted: ['secret'] },
  ],
  ['PUT /admin/v/4/system/:key/secrets', { body: { name: 'K', value: 'never-told-2' }, noted: ['secret'] }],
  ['DELETE /admin/v/4/system/:key/secrets', { body: { name: 'K' }, noted: ['secret'] }],
  ['POST /api/v/4/user_secrets/:key/:name', { params: { name: 'L' }, body: '"never-told-3"', noted: ['secret'] }],
  ['PUT /api/v/4/user_secrets/:key/:name', { params: { name: 'L' }, body: '"never-told-4"', noted: ['secret'] }],
  ['DELETE /api/v/4/user_secrets/:key/:name', { params: { name: 'L' }, noted: ['secret'] }],
  ['DELETE /api/v/4/user_secrets/:key', { noted: ['secret'] }],
  ['POST /admin/user/:key', { body: { email: 'b@example.com', password: 'never-told-5' }, noted: ['user'] }],
  [
    'PUT /admin/user/:key',
    {
      body: { user, changes: { password: 'never-told-6', roles: { add: ['Administrator'] } } },
      noted: ['user', 'role'],
    },
  ],
  ['DELETE /admin/user/:key', { query: { user: await other() }, noted: ['user'] }],
  ['DELETE /admin/v/4/session/:key/user', { noted: ['session'] }],
  [
    'DELETE /admin/v/4/system/:key/users/:user/authenticators',
    {
      params: { user },
      query: { kind: 'phone' },
      before: async () => {
        const column = { column_name: 'sms_phone', type: 'string' }
        await call('POST', `/admin/user/${key}/columns`, { developer, body: column })
        const changes = { sms_phone: '+4915112345678' }
        await call('PUT', `/admin/user/${key}`, { developer, body: { user, changes } })
      },
      noted: ['authenticator'],
    },
  ],
  [
    'POST /admin/v/4/system/:key/users/:user/new-password',
    { params: { user }, body: { reason: 'asked' }, noted: ['user'] },
  ],
  ['POST /admin/v/4/system/:key/users/:user/enrolment', { params: { user }, noted: ['authenticator'] }],
  ['DELETE /admin/v/4/system/:key/users/:user/devices', { params: { user }, noted: ['authenticator'] }],
  ['POST /admin/user/:key/roles', { body: { name: 'watch' }, noted: ['role'] }],
  [
    'PUT /admin/user/:key/roles',
    {
      body: { id: 'watch', changes: { services: [{ itemInfo: { name: 'judge' }, permissions: 1 }] } },
      noted: ['rights'],
    },
  ],
  ['DELETE /admin/user/:key/roles', { query: { role: 'watch' }, noted: ['role'] }],
  ['POST /api/v/3/user/roles/:key', { body: { name: 'other' }, noted: ['role'] }],
  ['PUT /api/v/3/user/roles/:key', { body: { id: 'other', changes: { description: 'x' } }, noted: ['role'] }],
  ['DELETE /api/v/3/user/roles/:key', { query: { role: 'other' }, noted: ['role'] }],
  ['POST /admin/collectionmanagement', { body: { name: 'c1', appID: key }, noted: ['collection'] }],
  [
    'PUT /admin/collectionmanagement',
    { body: { id: things, addColumn: { name: 'm', type: 'int' } }, noted: ['collection'] },
  ],
  ['DELETE /admin/collectionmanagement', { query: { id: await collectionNamed('c2') }, noted: ['collection'] }],
  ['POST /api/v/3/collectionmanagement', { body: { name: 'c3', appID: key }, noted: ['collection'] }],
  [
    'PUT /api/v/3/collectionmanagement',
    { body: { id: things, renameColumn: { from: 'm', to: 'k' } }, noted: ['collection'] },
  ],
  ['DELETE /api/v/3/collectionmanagement', { query: { id: await collectionNamed('c4') }, noted: ['collection'] }],
  ...(['index', 'uniqueindex'] as const).flatMap((name): [string, Step][] =>
    (['POST', 'DELETE'] as const).map((method) => [
      `${method} /api/v/4/collection/:key/:name/${name}`,
      { params: { name: 'things' }, query: { columnName: 'n' }, noted: ['collection'] },
    ]),
  ),
  [
    'POST /admin/code/v/1/:key/:name',
    {
      params: { name: 's1' },
      body: { code: 'function s1() {}', run_user: user, dependencies: 'http' },
      noted: ['service', 'run-as', 'requires'],
    },
  ],
  [
    'PUT /admin/code/v/1/:key/:name',
    { params: { name: 's1' }, body: { code: 'function s1() { /* 2 */ }', run_user: '' }, noted: ['service', 'run-as'] },
  ],
  ['POST /codeadmin/v/2/logs/:key/:name', { params: { name: 's1' }, body: { logging: true }, noted: ['service'] }],
  [
    'PUT /codeadmin/v/2/history/service/:key/:name/:version',
    { params: { name: 's1', version: '1' }, noted: ['service'] },
  ],
  ['DELETE /admin/code/v/1/:key/:name', { params: { name: 's1' }, noted: ['service'] }],
  [
    'POST /api/v/3/code/:key/service/:name',
    { params: { name: 's2' }, body: { code: 'function s2() {}' }, noted: ['service'] },
  ],
  [
    'PUT /api/v/3/code/:key/service/:name',
    { params: { name: 's2' }, body: { dependencies: 'clearblade' }, noted: ['service', 'requires'] },
  ],
  ['DELETE /api/v/3/code/:key/service/:name', { params: { name: 's2' }, noted: ['service'] }],
  [
    'DELETE /codeadmin/failed/:key',
    {
      body: { id: ['f1'] },
      before: () => insertFailedRun(means.store.forSystem(key), { id: 'f1', service: 'judge', at: 1, record: {} }),
      noted: ['records'],
    },
  ],
  ['POST /codeadmin/v/2/library/:key/:name', { params: { name: 'lib' }, body: { code: 'var a' }, noted: ['library'] }],
  [
    'PUT /codeadmin/v/2/library/:key/:name',
    { params: { name: 'lib' }, body: { code: 'var MY_TOKEN = "never-told-7"' }, noted: ['library'] },
  ],
  [
    'POST /admin/v/4/system/:key/code/:kind/:name/typed-secrets',
    { params: { kind: 'library', name: 'lib' }, body: {}, noted: ['library', 'secret'] },
  ],
  [
    'PUT /codeadmin/v/2/history/library/:key/:name/:version',
    { params: { name: 'lib', version: '1' }, noted: ['library'] },
  ],
  ['DELETE /codeadmin/v/2/library/:key/:name', { params: { name: 'lib' }, noted: ['library'] }],
  ['POST /api/v/2/portals/:key/:name', { params: { name: 'Fresh' }, body: portal, noted: ['portal'] }],
  ['PUT /api/v/2/portals/:key/:name', { params: { name: 'Fresh' }, body: { description: 'x' }, noted: ['portal'] }],
  ['DELETE /api/v/2/portals/:key/:name', { params: { name: 'Fresh' }, noted: ['portal'] }],
  ['POST /admin/edges/:key/:name', { params: { name: 'hall' }, body: {}, noted: ['edge'] }],
  ['POST /admin/:key/deployments', { body: { name: 'all', edges: ['hall'], assets: [] }, noted: ['deployment'] }],
  ['PUT /admin/:key/deployments/:name', { params: { name: 'all' }, body: { description: 'x' }, noted: ['deployment'] }],
  ['POST /admin/v/4/system/:key/deployments/:name/push', { params: { name: 'all' }, body: {}, noted: ['deployment'] }],
  ['DELETE /admin/:key/deployments/:name', { params: { name: 'all' }, noted: ['deployment'] }],
  ['DELETE /admin/v/4/system/:key/conflicts', { noted: ['records'] }],
  ['POST /admin/v/4/system/:key/deployments/:name/activate', { params: { name: 'all' }, noted: ['deployment'] }],
  ['PUT /admin/edges/:key/:name', { params: { name: 'hall' }, body: { description: 'north' }, noted: ['edge'] }],
  ['POST /admin/v/4/system/:key/edges/:name/token', { params: { name: 'hall' }, noted: ['edge'] }],
  ['POST /admin/:key/sync/retry/edge/:name', { params: { name: 'hall' }, body: {}, noted: ['edge'] }],
  ['POST /admin/edges/:key/:name', { params: { name: 'yard' }, body: {}, noted: ['edge'] }],
  ['POST /admin/v/4/system/:key/edges/:name/lost', { params: { name: 'yard' }, body: {}, noted: ['edge'] }],
  [
    'DELETE /admin/v/4/system/:key/edges/:name/sessions/:session',
    { params: { name: 'hall', session: 'told' }, noted: ['session'], before: () => tellSession('hall', 'told') },
  ],
  ['POST /admin/user/:key/columns', { body: { column_name: 'desk', type: 'string' }, noted: ['user'] }],
  ...['approve', 'turn-down'].map((what): [string, Step] => [
    `POST /admin/v/4/system/:key/edges/:name/requests/:id/${what}`,
    { params: { name: 'hall', id: what }, body: {}, noted: ['user'], before: () => askAtEdge('hall', what) },
  ]),
  ['DELETE /admin/edges/:key/:name', { params: { name: 'hall' }, noted: ['edge'] }],
  ['DELETE /admin/systemmanagement', { query: { id: key }, noted: ['system'] }],
]

/** The same import as that of the package calls; it fetches from a repository on the internet. */
const elsewhere = ['POST /console-api/importAssetsIntoNewSystem']

test('every call by which a developer changes something leaves its rows; one that is refused leaves none', async () => {
  const all = await steps()
  const stub = {} as never
  const known = routesOf(stub, stub, stub, stub, 'development', stub, stub, stub, stub)
    .filter(({ method, allow }) => method !== 'GET' && /developer|session/.test(allow))
    .map(({ method, paths }) => `${method} ${paths[0]}`)
  const told = new Set([...all.map(([name]) => name), ...Object.keys(quiet), ...elsewhere])
  assert.deepEqual(
    known.filter((name) => !told.has(name)),
    [],
    'routes that neither leave a row nor say why not',
  )
  const headers = { 'clearblade-systemkey': key }
  for (const [name, { params = {}, noted, before, ...options }] of all) {
    const [method, path] = name.split(' ') as ['GET' | 'POST' | 'PUT' | 'DELETE', string]
    const url = path.replace(/:(\w+)/g, (_, part: string) => ({ key, ...params })[part] ?? part)
    await before?.()
    const start = await count()
    if (url.includes(key) || JSON.stringify(options).includes(key)) {
      const refused = await call(method, url, { developer: stranger, headers, ...options })
      assert.ok(refused.status >= 400, `${name} by a stranger: ${refused.status}`)
    }
    const unknown = await call(method, url, { ...options, headers, developer: 'nobody' })
    assert.ok(unknown.status >= 400, `${name} by nobody: ${unknown.status}`)
    assert.equal(await count(), start, `${name}: what is refused leaves no row`)
    const answer = await call(method, url, { developer, headers, ...options })
    assert.equal(answer.status, 200, `${name}: ${answer.text}`)
    const rows = await databaseOf(means.store)
      .selectFrom('audit_rows')
      .select(['kind', 'who', 'address', 'details'])
      .orderBy('position')
      .offset(start)
      .limit(100)
      .execute()
    const kinds = [...new Set(rows.map(({ kind }) => kind))]
    assert.deepEqual(kinds.sort(), [...noted].sort(), name)
    for (const row of rows) assert.deepEqual([row.who, row.address], ['developer dev@example.com', '127.0.0.1'], name)
  }
  const text = JSON.stringify(await rowsOf())
  assert.ok(!text.includes('never-told'), 'no value of a secret and no password is in the audit')
})

test('a developer who registers is noted, with where from and not with the password', async () => {
  const rows = await rowsOf({ kind: 'developer' })
  const made = rows.filter(({ action, subject }) => action === 'create' && subject !== 'colleague@example.com')
  assert.deepEqual(
    made.map(({ who, subject, address }) => [who, /^dev/.test(subject), address]),
    [
      ['nobody', true, '127.0.0.1'],
      ['operator', true, ''],
    ],
  )
})

test('a change whose row cannot be written does not happen', async () => {
  const { key: own } = await app.createSystem('held')
  const db = databaseOf(means.store)
  await db.schema.alterTable('audit_rows').renameTo('audit_rows_away').execute()
  try {
    const { status } = await call('PUT', '/admin/systemmanagement', { developer, body: { id: own, name: 'changed' } })
    assert.equal(status, 500)
  } finally {
    await db.schema.alterTable('audit_rows_away').renameTo('audit_rows').execute()
  }
  const { body } = await call('GET', '/admin/systemmanagement', { developer, query: { id: own } })
  assert.equal(body.name, 'held')
})

test('a developer reads the rows of his own systems; the administrator those of all', async () => {
  const theirs = await call('POST', '/admin/systemmanagement', { developer: stranger, body: { name: 'theirs' } })
  const { rows } = (await call('GET', '/admin/audit', { developer: stranger })).body
  assert.deepEqual(
    rows.map(({ subject }: any) => subject),
    ['theirs'],
  )
  const { body } = await call('GET', '/admin/audit', { developer: stranger, query: { system: key } })
  assert.match(body.error.message, /No such system/)
  assert.equal((await call('GET', '/admin/audit')).status, 401)
  assert.equal((await rowsOf({ system: theirs.body.appID })).length, 1)
  const user = await app.createSystem('with users')
  await app.createUser(user, 'u@example.com', 'three unrelated words')
  const token = await app.signIn(user, 'u@example.com', 'three unrelated words')
  assert.ok((await call('GET', '/admin/audit', { token })).status >= 400)
})

test('rows are found by system, kind, person and time, page by page', async () => {
  const made = await app.createSystem('paged')
  for (let n = 0; n < 5; n++) await app.set(made, { description: `number ${n}` })
  const all = await rowsOf({ system: made.key })
  assert.equal(all.length, 6)
  const pages: any[] = []
  let cursor: string | null = null
  do {
    const query: Record<string, string> = { system: made.key, limit: '4', ...(cursor !== null && { cursor }) }
    const { body } = await call('GET', '/admin/audit', { developer, query })
    pages.push(...body.rows)
    cursor = body.next
  } while (cursor !== null && pages.length < 100)
  assert.deepEqual(pages, all)
  assert.deepEqual(all[0].details.description, { from: 'number 3', to: 'number 4' })
  assert.equal((await rowsOf({ system: made.key, kind: 'system' })).length, 1)
  assert.equal((await rowsOf({ system: made.key, who: 'dev@example.com' })).length, 6)
  assert.equal((await rowsOf({ system: made.key, who: 'else@example.com' })).length, 0)
  assert.equal((await rowsOf({ system: made.key, since: all[0].at, until: all[0].at })).length, 0)
  const wrong: Record<string, string>[] = [{ kind: 'weather' }, { limit: '0' }, { since: 'noon' }, { cursor: '1' }]
  for (const query of wrong) {
    const { status } = await call('GET', '/admin/audit', { developer, query })
    assert.equal(status, 400, JSON.stringify(query))
  }
})

test('changes at once on one node stand in one chain without a gap', async () => {
  const made = await app.createSystem('busy')
  await Promise.all(Array.from({ length: 20 }, (_, n) => roleAt(made.key, `role ${n}`)))
  const [found] = await verifyAudit(means.store, chain)
  assert.equal(found?.problem, undefined)
  assert.equal(found?.rows, await count())
})

test('two nodes on one database have a chain each, and do not wait for one another for ever', async () => {
  const other = { ...chain, node: 'ffffffffffff' }
  const { store, clock } = means
  const open = { db: databaseOf(store), dialect: dialectOf(store), close: async () => {} }
  const second = storeOn(open, clock, other)
  const note = (at: typeof store) =>
    at.transaction(async (tx) =>
      audit(tx, { clock, by: 'operator' }, { kind: 'node', action: 'tried', subject: 'both' }),
    )
  await Promise.all(Array.from({ length: 10 }, (_, n) => note(n % 2 === 0 ? store : second)))
  const found = await verifyAudit(store, chain)
  assert.deepEqual(
    found.map(({ node, problem }) => [node, problem]),
    [chain.node, other.node].sort().map((node) => [node, undefined]),
  )
  assert.equal(found.find(({ node }) => node === other.node)?.rows, 5)
  // The rest of this file looks at the first.
  for (const table of ['audit_rows', 'audit_heads'] as const) {
    await databaseOf(store).deleteFrom(table).where('node', '=', other.node).execute()
  }
})

const roleAt = (system: string, name: string) =>
  call('POST', `/admin/user/${system}/roles`, { developer, body: { name } })

test('the first row that does not fit is named, whatever was done to the database', async () => {
  const db = databaseOf(means.store)
  const row = await db.selectFrom('audit_rows').selectAll().where('position', '=', 7).executeTakeFirstOrThrow()
  const problem = async () => (await verifyAudit(means.store, chain))[0]?.problem
  const at = (position: number) => db.updateTable('audit_rows').where('position', '=', position)
  await at(7).set({ who: 'developer somebody@example.com' }).execute()
  assert.match((await problem())!, /Row 7 was changed/)
  await at(7).set(row).execute()
  await db.deleteFrom('audit_rows').where('position', '=', 7).execute()
  assert.match((await problem())!, /Row 7 is gone/)
  await db.insertInto('audit_rows').values(row).execute()
  assert.equal(await problem(), undefined)

  const head = await db.selectFrom('audit_heads').selectAll().executeTakeFirstOrThrow()
  const last = await db
    .selectFrom('audit_rows')
    .selectAll()
    .where('position', '=', head.position)
    .executeTakeFirstOrThrow()
  await db.deleteFrom('audit_rows').where('position', '=', last.position).execute()
  assert.match((await problem())!, new RegExp(`Row ${last.position} is gone`))
  // And whoever moves the head with it does not hold the node key.
  await db
    .updateTable('audit_heads')
    .set({ position: head.position - 1, hash: last.previous })
    .execute()
  assert.match((await problem())!, /head of the chain was changed/)
  await db.insertInto('audit_rows').values(last).execute()
  await db.updateTable('audit_heads').set(head).execute()
  assert.equal(await problem(), undefined)
})

test('rows that are too old go, from the beginning, and the chain still fits', async () => {
  const before = await count()
  app.advance(91 * day)
  // Sessions have ended by then.
  const body = { email: 'dev@example.com', password: 'another horse battery' }
  const { dev_token: again } = (await call('POST', '/admin/auth', { body })).body
  await call('POST', '/admin/systemmanagement', { developer: again, body: { name: 'young' } })
  await clean(means, { chain, days: 90 })
  assert.ok((await count()) < before)
  const { rows } = (await call('GET', '/admin/audit', { developer: again })).body
  assert.deepEqual(
    rows.map(({ subject }: any) => subject),
    ['young'],
  )
  const [found] = await verifyAudit(means.store, chain)
  assert.equal(found?.problem, undefined)
  assert.equal(found?.head?.removed, before)
  await databaseOf(means.store)
    .insertInto('audit_rows')
    .values({ ...(await anyRow()), position: 1 })
    .execute()
  assert.match((await verifyAudit(means.store, chain))[0]!.problem!, /Row 1 is there, though it was removed/)
})

const anyRow = () => databaseOf(means.store).selectFrom('audit_rows').selectAll().executeTakeFirstOrThrow()
