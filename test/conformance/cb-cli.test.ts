/** The sequences of cb-cli (rest-api.md §5.5, §5.6): what it sends, in its order, and that it gets what it needs to go on. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { archiveOf } from '../../packages/server/src/deploy/catalogue.ts'
import { everyKindFiles, wholePortal } from '../../packages/server/src/deploy/every-kind.fixture.ts'
import { systemModel } from '../../packages/server/src/deploy/export.ts'
import type { KeptAsset, PackageModel } from '../../packages/server/src/deploy/format/model.ts'
import { readPackage } from '../../packages/server/src/deploy/format/read.ts'
import { writePackage } from '../../packages/server/src/deploy/format/write.ts'
import { developerScope, systemScope } from '../../packages/server/src/deploy/import.fixture.ts'
import { shownByApp } from '../../packages/server/src/domain/accounts/totp.fixture.ts'
import { createTestApp, developerEmail, developerPassword } from '../support/app.ts'
import { bool, exportSystem, type Go, goClient, goQuery, list, number, object, ok, text } from './cb-cli-client.ts'

const app = await createTestApp({ after })
const url = app.app.means.publicUrl()
const signIn = await ok(
  goClient(url)('POST', '/admin/auth', { body: { email: developerEmail, password: developerPassword } }),
)
const go = goClient(url, text(signIn.dev_token))

/** Installed from a package with an asset of every kind. */
const key = await install(everyKindFiles())

async function install(files: Map<string, Buffer>, name = 'Every kind'): Promise<string> {
  const contents = (await archiveOf(files, '')).toString('base64')
  const { body, status, text: answer } = await go('POST', '/admin/v/4/packages/install', { body: { contents, name } })
  assert.equal(status, 200, answer)
  return body.system.key
}

/** As `import` begins. */
async function newSystem(name: string): Promise<string> {
  const body = { name, description: '', auth_required: true }
  const made = text((await ok(go('POST', '/admin/systemmanagement', { body }))).appID)
  const { appSecret, appID, token_ttl } = object(
    await ok(go('GET', '/admin/systemmanagement', { query: { id: made } })),
  )
  text(appSecret)
  number(token_ttl)
  assert.equal(appID, made)
  return made
}

const ownModel = async (of: string): Promise<PackageModel> =>
  readPackage(writePackage(await systemModel(await systemScope(await developerScope(app), of)))).model

/** Without what a package cannot bring. */
const shownUser = ({ email, roles, columns }: PackageModel['users'][number]) => ({ email, roles, columns })

const exported = (): Promise<Map<string, Buffer>> => exportSystem(go, key)

describe('signing in and init', () => {
  test('a login answers a token as text, and every command begins with a check of it', async () => {
    assert.equal(signIn.is_two_factor, false)
    number(signIn.expires_at)
    assert.deepEqual(await ok(go('POST', '/admin/checkauth')), { is_authenticated: true })
    // The body is read before the status: also of a refusal it must be an object, with what the client reads of errors.
    const { status, body } = await goClient(url, 'no token')('POST', '/admin/checkauth')
    assert.notEqual(status, 200)
    text(object(body.error).id)
    number(body.statusCode)
  })

  test('a developer with a second factor is asked for a code, and gets the token for it', async () => {
    const kim = { email: 'kim@example.com', password: 'kim is at the other plant' }
    const { dev_token: token } = await ok(go('POST', '/admin/reg', { body: kim }))
    const own = (path: string, body: Record<string, unknown>) =>
      ok(
        goClient(url, token)('POST', `/admin/userinfo/authenticators/${path}`, {
          body: { ...body, password: kim.password },
        }),
      )
    const { uri } = await own('enrol', { kind: 'totp' })
    const { recovery_codes: codes } = await own('confirm', { code: shownByApp(uri, app.app.means.clock.now()) })
    const owed = object(await ok(goClient(url)('POST', '/admin/auth', { body: { ...kim, factor: 'recovery' } })))
    assert.equal(bool(owed.is_two_factor), true)
    assert.equal(text(owed.dev_token), '')
    const asked = ['next_step_url', 'intermediate_token', 'two_factor_method', 'otp_id', 'otp_issued']
    const [step, attempt, two_factor_method, otp_id, otp_issued] = asked.map((name) => text(owed[name], name))
    const answer = { code: codes[0], two_factor_method, otp_id, otp_issued }
    const done = object(await ok(goClient(url, attempt)('POST', step!, { body: answer })))
    assert.deepEqual(await ok(goClient(url, text(done.dev_token))('POST', '/admin/checkauth')), {
      is_authenticated: true,
    })
    assert.notEqual((await goClient(url, attempt)('POST', step!, { body: answer })).status, 200)
  })

  test('init finds the system, and the roles, collections and users that the local tree has', async () => {
    const system = object(await ok(go('GET', '/admin/systemmanagement', { query: { id: key } })))
    for (const name of ['appID', 'appSecret', 'name', 'description']) text(system[name], name)
    number(system.token_ttl)
    for (const name of ['helper', 'Administrator']) {
      const query = goQuery({ FILTERS: [[{ EQ: [{ name }] }]] })
      const found = list(await ok(go('GET', `/admin/user/${key}/roles`, { query })))
      assert.deepEqual(
        found.map(({ Name }) => Name),
        [name],
      )
      text(found[0].ID)
    }
    for (const found of list(await ok(go('GET', '/admin/allcollections', { query: { appid: key } })))) {
      text(found.collectionID)
    }
    // Its answer is ignored, but it must be one.
    const odd = goQuery({ FILTERS: [[{ WHAT_THE_HELL_ARE_YOU_DOING: [{ email: ['jo@example.com'] }] }]] })
    assert.equal((await go('GET', `/admin/user/${key}`, { query: odd })).status, 400)
    assert.equal(number((await ok(go('GET', `/admin/user/${key}/count`))).count), 2)
    const query = goQuery({ FILTERS: [[{ EQ: [{ email: 'jo@example.com' }] }]], PAGESIZE: 100, PAGENUM: 1 })
    const [user] = list(await ok(go('GET', `/admin/user/${key}`, { query })))
    text(user.user_id)
  })
})

const json = (bytes: Buffer): unknown => {
  try {
    return JSON.parse(String(bytes))
  } catch {
    return bytes.toString('base64')
  }
}

/** What the files of kept assets say, whatever their layout as text. */
const contentsOf = (kept: readonly KeptAsset[]): Record<string, unknown> =>
  Object.fromEntries(kept.flatMap(({ files }) => files.map(({ path, bytes }) => [path, json(bytes)])))

/** No call hands these out. */
const outside = new Set(['package-json', 'ipm-json', 'readme', 'deploy-list', 'external-collection'])

/** All in which the files that cb-cli writes differ from the node's own export, one by one. */
function asExported(own: readonly KeptAsset[]): Record<string, unknown> {
  const contents: Record<string, any> = contentsOf(own.filter(({ kind }) => !outside.has(kind)))
  // A portal comes as one file, whatever it was.
  for (const path of Object.keys(contents)) if (path.startsWith('portals/Line/')) delete contents[path]
  contents['portals/Line.json'] = wholePortal
  // What may hold credentials comes without them.
  contents['secrets/api.json'].secret = ''
  contents['external-databases/erp.json'].credentials = {}
  contents['bucket-sets/docs.json'].platform_config = {}
  contents['file-stores/archive.json'].storage_config = {}
  // Clients panic where these are missing, so they are there, empty.
  const columns = { allow_key_auth: false, allow_certificate_auth: false, certificate: '' }
  contents['devices/valve.json'] = { ...columns, ...contents['devices/valve.json'] }
  contents['devices/roles/valve.json'] = ['Authenticated']
  contents['deployments/all.json'].assets[1] = {
    ...contents['deployments/all.json'].assets[1],
    ...{ sync_to_edge: true, sync_to_platform: true },
  }
  for (const table of ['devices', 'edges']) {
    for (const column of contents[`${table}/schema.json`].columns) column.UserDefined = true
  }
  return contents
}

describe('export', () => {
  test('finds everything, and its files are the same package as the node’s own export', async () => {
    const { model } = readPackage(await exported())
    const own = await ownModel(key)
    for (const part of ['services', 'libraries', 'collections', 'roles', 'grants', 'userTable'] as const) {
      assert.deepEqual(model[part], own[part], part)
    }
    // A column that every user has and no file of the node's own.
    assert.deepEqual(
      model.users,
      own.users.map((user) => ({ ...user, extra: { cb_ttl_override: null } })),
    )
    const { name, description } = own.system!
    assert.deepEqual([model.system!.name, model.system!.description], [name, description])
    assert.deepEqual(contentsOf(model.kept), asExported(own.kept))
  })

  test('loses nothing of a collection or of the roles between its pages', async () => {
    const { model } = readPackage(await exported())
    assert.equal(model.collections.find(({ name }) => name === 'Readings')!.rows.length, 230)
    assert.equal(model.roles.filter(({ name }) => name.startsWith('crew ')).length, 30)
  })

  test('goes through on a system that has nothing', async () => {
    const files = await exportSystem(go, await newSystem('bare'))
    assert.deepEqual(
      [...files.keys()].sort(),
      [
        ...['Administrator', 'Anonymous', 'Authenticated'].map((name) => `roles/${name}.json`),
        ...['devices', 'edges', 'users'].map((folder) => `${folder}/schema.json`),
        ...['message-history-storage/storage.json', 'message-type-triggers/triggers.json', 'system.json'],
      ].sort(),
    )
  })

  test('pull asks for one by name, and gets what the list has', async () => {
    for (const path of [
      `/admin/triggers/handlers/${key}/onRow`,
      `/admin/triggers/timers/${key}/daily`,
      `/admin/devices/${key}/meter`,
      `/admin/edges/${key}/hall`,
      `/api/v/2/portals/${key}/Line`,
      `/api/v/2/plugins/${key}/dial`,
      `/admin/v/4/service_caches/${key}/last`,
      `/admin/v/4/webhook/${key}/in`,
      `/api/v/4/bucket_sets/${key}/docs`,
    ]) {
      const one = object(await ok(go('GET', path)))
      const parts = path.split('/')
      const listPath = path.includes('portals') ? `/admin/portals/${key}` : parts.slice(0, -1).join('/')
      const all = list(await ok(go('GET', listPath)))
      assert.deepEqual(
        one,
        all.find(({ name }) => name === parts.at(-1)),
        path,
      )
    }
  })
})

const plain = [
  ...['services', 'libraries', 'roles', 'users', 'devices', 'buckets', 'file_stores', 'external_databases', 'webhooks'],
  ...['triggers', 'timers', 'edges', 'secrets', 'plugins', 'caches', 'portals', 'deployments', 'adaptors'],
]
const objects = ['collections', 'bucket_files', 'file_store_files', 'adaptor_files']

/** An answer of the upload by the types that the client holds it to. Answers how many changes it names. */
function checkedUpload(answer: Record<string, any>, dryRun: boolean): number {
  const pair = (what: string) =>
    dryRun ? [`${what}_to_create`, `${what}_to_update`] : [`created_${what}`, `updated_${what}`]
  let changes = 0
  for (const name of plain.flatMap(pair))
    for (const one of list(answer[name])) changes += Number(text(one, name) !== '')
  for (const name of objects.flatMap(pair))
    for (const one of list(answer[name])) changes += Number(object(one) !== null)
  for (const one of pair('collections').flatMap((name) => answer[name])) {
    number(one.num_upserts)
    for (const part of ['added_columns', 'removed_columns', 'added_indexes', 'removed_indexes']) list(one[part])
    list(one.updated_hypertable_properties)
  }
  for (const table of ['user', 'device', 'edge']) {
    const names = dryRun
      ? [`${table}_columns_to_add`, `${table}_columns_to_delete`]
      : [`added_${table}_columns`, `dropped_${table}_columns`]
    for (const name of names) for (const column of list(answer[name])) changes += Number(text(column) !== '')
  }
  list(answer[dryRun ? 'message_history_topics_to_store' : 'message_history_storage_topics'])
  list(answer.message_type_triggers)
  for (const name of ['warnings', 'errors']) for (const one of list(answer[name])) text(one)
  assert.deepEqual(answer.errors, [])
  if (!dryRun) {
    for (const name of ['collection_name_to_id', 'role_name_to_id', 'user_email_to_id']) {
      for (const id of Object.values(object(answer[name]))) text(id)
    }
  }
  return changes
}

/** What cb-cli does with its tree where the node takes uploads: look, ask, do. Answers how many changes the look named. */
async function upload(
  to: string,
  files: Map<string, Buffer>,
): Promise<{ planned: number; answer: Record<string, any> }> {
  await ok(go('POST', '/admin/checkauth'))
  const path = `/api/v/1/systemmigration/${to}/upload`
  assert.ok(Number(text((await ok(go('GET', path))).version)) >= 5)
  const zip = await archiveOf(new Map([...files].filter(([name]) => name !== 'system.json')), '')
  const body = { contents: zip.toString('base64') }
  const planned = checkedUpload(object(await ok(go('POST', path, { query: { dryRun: 'true' }, body }))), true)
  const answer = object(await ok(go('POST', path, { query: { dryRun: 'false' }, body })))
  checkedUpload(answer, false)
  return { planned, answer }
}

/** Of these an export has no contents. */
const blanked = /^(secrets|external-databases|bucket-sets|file-stores)\//

const blankedContents = (model: PackageModel): Record<string, unknown> =>
  contentsOf(model.kept.filter(({ files }) => blanked.test(files[0]!.path)))

describe('import and push by the upload', () => {
  test('what was exported makes the same system elsewhere, and the client gets its maps', async () => {
    const files = await exported()
    const copy = await newSystem('copy')
    const { answer } = await upload(copy, files)
    assert.deepEqual(Object.keys(answer.collection_name_to_id).sort(), ['Empty', 'Readings'])
    assert.deepEqual(Object.keys(answer.user_email_to_id).sort(), ['bot@example.com', 'jo@example.com'])
    text(answer.role_name_to_id.helper)
    const [own, made] = [await ownModel(key), await ownModel(copy)]
    for (const part of ['services', 'libraries', 'collections', 'roles', 'userTable'] as const) {
      assert.deepEqual(made[part], own[part], part)
    }
    assert.deepEqual(made.users.map(shownUser), own.users.map(shownUser))
    assert.deepEqual(contentsOf(made.kept), contentsOf(readPackage(files).model.kept))
  })

  test('a dry run changes nothing; a push brings what was edited; a second one finds nothing to push', async () => {
    const files = await exported()
    const to = await install(everyKindFiles(), 'pushed to')
    const before = await ownModel(to)
    const settings = JSON.parse(String(files.get('code/services/greet/greet.json')))
    files.set('code/services/greet/greet.js', Buffer.from('function greet(req, resp) { resp.success("hi") }'))
    files.set('code/services/greet/greet.json', Buffer.from(JSON.stringify({ ...settings, execution_timeout: 30 })))
    const path = `/api/v/1/systemmigration/${to}/upload`
    const zip = await archiveOf(files, '')
    const query = { dryRun: 'true' }
    const body = { contents: zip.toString('base64') }
    const planned = object(await ok(go('POST', path, { query, body })))
    assert.deepEqual(planned.services_to_update, ['greet'])
    for (const what of ['services', 'libraries', 'roles', 'users', 'collections']) {
      assert.deepEqual(planned[`${what}_to_create`], [], what)
      if (what !== 'services') assert.deepEqual(planned[`${what}_to_update`], [], what)
    }
    assert.deepEqual(await ownModel(to), before)

    assert.ok((await upload(to, files)).planned > 0)
    const service = object(await ok(go('GET', `/api/v/1/code/${to}/greet`)))
    assert.deepEqual([service.execution_timeout, /"hi"/.test(service.code)], [30, true])
    assert.equal((await upload(to, files)).planned, 0)
    assert.equal((await upload(to, await exportSystem(go, to))).planned, 0)
    assert.deepEqual(blankedContents(await ownModel(to)), blankedContents(before), 'credentials were pushed away')
  })
})

/** What a client does that is told version "0": single calls, in the order of §5.6 2b. */
async function importPieces(client: Go, to: string, files: Map<string, Buffer>): Promise<void> {
  const read = (path: string): any => JSON.parse(String(files.get(path)))
  const inFolder = (folder: string): any[] =>
    [...files.keys()].filter((path) => path.startsWith(folder) && path.endsWith('.json')).map(read)

  for (const { name, schema, indexes, items } of inFolder('data/').filter(({ isConnect }) => isConnect !== true)) {
    const body = { name, appID: to }
    const id = text((await ok(client('POST', '/admin/collectionmanagement', { body }))).collectionID)
    for (const { ColumnName, ColumnType } of schema) {
      if (ColumnName === 'item_id') continue
      const addColumn = { id, addColumn: { name: ColumnName, type: ColumnType } }
      await ok(client('PUT', '/admin/collectionmanagement', { body: addColumn }))
    }
    for (const index of indexes.Data) {
      const kind = index.type === 'Unique Index' ? 'uniqueindex' : 'index'
      const query = { columnName: index.name }
      if (index.type !== 'Primary Key') {
        await ok(client('POST', `/api/v/4/collection/${to}/${name}/${kind}`, { query }))
      }
    }
    for (let start = 0; start < items.length; start += 100) {
      const some = items.slice(start, start + 100)
      const made = list(await ok(client('POST', `/api/v/1/data/${id}`, { body: some })))
      assert.deepEqual(
        made.map(({ item_id }) => item_id),
        some.map(({ item_id }: any) => item_id),
      )
    }
  }
  await importRoles(client, to, inFolder('roles/'))
  await importUsers(client, to, files)
  for (const name of ['Shared', 'Based']) {
    const { name: _, version: _version, ...settings } = read(`code/libraries/${name}/${name}.json`)
    const code = String(files.get(`code/libraries/${name}/${name}.js`))
    object(await ok(client('POST', `/codeadmin/v/2/library/${to}/${name}`, { body: { ...settings, code } })))
  }
  for (const settings of inFolder('code/services/')) {
    const { name } = settings
    const body = {
      ...{ logging_enabled: false, execution_timeout: 60, auto_balance: false, auto_restart: false, concurrency: 0 },
      ...{ dependencies: '', run_user: '', log_ttl_minutes: 10_080, run_on_edge: true, run_on_platform: true },
      ...{ log_level: 'debug', engine_type: 0 },
      ...settings,
      parameters: settings.params ?? [],
      code: String(files.get(`code/services/${name}/${name}.js`)),
    }
    await ok(client('POST', `/admin/code/v/1/${to}/${name}`, { body }))
    if (settings.logging_enabled === true) {
      await ok(client('POST', `/codeadmin/v/2/logs/${to}/${name}`, { body: { logging: 'true' } }))
    }
    object(await ok(client('PUT', `/admin/code/v/1/${to}/${name}`, { body })))
  }
}

const defaults = ['Administrator', 'Anonymous', 'Authenticated']

async function importRoles(client: Go, to: string, roles: any[]): Promise<void> {
  const path = `/admin/user/${to}/roles`
  const none = { collections: [], topics: [], services: [], servicecaches: [], externaldatabases: [] }
  for (const { Name: name, Description: description, Permissions: rights } of roles) {
    let id = name
    if (!defaults.includes(name)) {
      id = text((await ok(client('POST', path, { body: { name, description, ...none } }))).role_id)
    }
    const items = (found: any[] | null) =>
      (found ?? []).map(({ Name, Level }) => ({ itemInfo: { name: Name }, permissions: Level }))
    const whole = (found: any) => ({ permissions: found?.Level ?? 0 })
    const changes = {
      ...none,
      ...{ collections: items(rights.Collections), topics: items(rights.Topics), services: items(rights.CodeServices) },
      ...{ portals: items(rights.Portals), files: [], users: whole(rights.UsersList), timers: whole(rights.Timers) },
      ...{ devices: whole(rights.DevicesList), edges: whole(rights.EdgesList), push: whole(rights.Push) },
      ...{ msgHistory: whole(rights.MsgHistory), usersecrets: whole(rights.usersecrets) },
    }
    await ok(client('PUT', path, { body: { id, changes } }))
  }
}

async function importUsers(client: Go, to: string, files: Map<string, Buffer>): Promise<void> {
  const read = (path: string): any => JSON.parse(String(files.get(path)))
  const users = `/admin/user/${to}`
  for (const { ColumnName, ColumnType } of read('users/schema.json').columns) {
    await ok(client('POST', `${users}/columns`, { body: { column_name: ColumnName, type: ColumnType } }))
  }
  for (const email of ['bot@example.com', 'jo@example.com']) {
    const made = await ok(client('POST', users, { body: { email, password: 'abcdefghij' } }))
    const user = text(made.user_id)
    number(made.expires_at)
    const wanted: string[] = read(`users/roles/${email}.json`)
    const add = wanted.filter((role) => role !== 'Authenticated')
    const remove = ['Authenticated'].filter((role) => !wanted.includes(role))
    await ok(client('PUT', users, { body: { user, changes: { roles: { add, delete: remove } } } }))
    // The row as it was exported, whole.
    await ok(client('PUT', users, { body: { user, changes: read(`users/${email}.json`) } }))
  }
}

describe('import and push in pieces', () => {
  test('collections, roles, users, libraries and services are made by single calls, in the order of cb-cli', async () => {
    const files = everyKindFiles()
    const to = await newSystem('in pieces')
    await importPieces(go, to, files)
    const [own, made] = [await ownModel(key), await ownModel(to)]
    for (const part of ['services', 'libraries', 'collections', 'userTable'] as const) {
      assert.deepEqual(made[part], own[part], part)
    }
    const custom = ({ name }: { name: string }): boolean => !defaults.includes(name)
    assert.deepEqual(made.roles.filter(custom), own.roles.filter(custom))
    // Of the roles that every system has, the client names some kinds of rights, and the others stay.
    for (const { name, rights } of own.roles.filter((role) => !custom(role))) {
      const held = made.roles.find((role) => role.name === name)!.rights
      for (const right of rights)
        assert.ok(
          held.some((one) => isDeepStrictEqual(one, right)),
          `${name} ${right.kind}`,
        )
    }
    assert.deepEqual(made.users.map(shownUser), own.users.map(shownUser))
  })

  test('what was exported can be sent in pieces as well', async () => {
    const to = await newSystem('in pieces again')
    await importPieces(go, to, await exported())
    assert.deepEqual((await ownModel(to)).services, (await ownModel(key)).services)
  })

  test('a row is pushed by its id, and made where there is none', async () => {
    const to = await newSystem('rows')
    await importPieces(go, to, everyKindFiles())
    const path = `/api/v/1/collection/${to}/Readings`
    const push = async (row: Record<string, unknown>) => {
      const query = JSON.parse(goQuery({ FILTERS: [[{ EQ: [{ item_id: row.item_id }] }]] }).query!)
      const { count } = object(await ok(go('PUT', path, { body: { query, $set: row } })))
      if (number(count) === 0) list(await ok(go('POST', path, { body: row })))
      return count
    }
    const row = JSON.parse(String(everyKindFiles().get('data/Readings.json'))).items[0]
    assert.equal(await push({ ...row, heat: 99 }), 1)
    const fresh = { ...row, item_id: '00000000-0000-4000-8000-000000009999' }
    assert.equal(await push(fresh), 0)
    assert.equal(await push(fresh), 1)
    assert.equal((await ok(go('GET', `/api/v/2/collection/${to}/Readings/count`))).count, 231)
  })

  test('a user is found, his roles are compared, and his row is sent back as it was exported', async () => {
    const to = await install(everyKindFiles(), 'with users')
    const users = `/admin/user/${to}`
    const query = goQuery({ FILTERS: [[{ EQ: [{ email: 'jo@example.com' }] }]] })
    const [row] = list(await ok(go('GET', users, { query })))
    const roles = list(await ok(go('GET', `${users}/roles`, { query: { user: row.user_id } }))).map(({ Name }) => Name)
    assert.deepEqual(roles, ['Authenticated'])
    const changes = { ...row, sms_phone: '+2', roles: { add: ['helper'], delete: [] } }
    await ok(go('PUT', users, { body: { user: row.user_id, changes } }))
    const [after] = list(await ok(go('GET', users, { query })))
    assert.equal(after.sms_phone, '+2')
    const now = list(await ok(go('GET', `${users}/roles`, { query: { user: row.user_id } })))
    assert.deepEqual(now.map(({ Name }) => Name).sort(), ['Authenticated', 'helper'])
  })

  test('a kind that only a package can bring is refused one by one, and the rest goes on', async () => {
    for (const path of [
      `/admin/v/4/service_caches/${key}/c`,
      `/admin/triggers/handlers/${key}/t`,
      `/admin/devices/${key}/e`,
      `/admin/${key}/adaptors`,
    ]) {
      const { status, body } = await go('POST', path, { body: { name: 'x' } })
      assert.equal(status, 501)
      assert.match(text(body.error.detail), /A package or the system upload can bring it/)
    }
  })
})

test('test and exec run a service: with its log, and with a body that is null', async () => {
  const path = `/api/v/1/code/${key}/greet`
  const { success, results } = object(await ok(go('POST', path, { body: null })))
  assert.deepEqual([success, results], [true, 'ok'])
})
