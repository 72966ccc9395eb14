/** The package calls over HTTP: our own, and those that existing tools make. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { createTestApp, type TestApp } from '../../../../../test/support/app.ts'
import { archiveOf } from '../../deploy/catalogue.ts'
import { column, filesOf, role, service, twoFactorFiles } from '../../deploy/import.fixture.ts'
import { anotherDeveloper } from './people.fixture.ts'

const zipOf = async (files: Record<string, unknown>, prefix = ''): Promise<string> =>
  (await archiveOf(filesOf(files), prefix)).toString('base64')

const post = (app: TestApp, path: string, body: unknown, developer = app.developer) =>
  app.call('POST', path, { developer, body })

const fetchPath = '/admin/v/4/packages/fetch'
const installPath = '/admin/v/4/packages/install'

const systemCount = async (app: TestApp): Promise<number> =>
  (await app.call('GET', '/admin/allsystems', { developer: app.developer })).body.length

test('fetching says what is in a package and what it may do, and changes nothing', async (t) => {
  const app = await createTestApp(t)
  const contents = await zipOf(twoFactorFiles, 'two-factor-master/')
  const { status, body } = await post(app, fetchPath, { contents })
  assert.equal(status, 200)
  assert.equal(body.name, 'two-factor')
  assert.match(body.contentHash, /^[0-9a-f]{64}$/)
  assert.equal(body.source.kind, 'upload')
  assert.deepEqual(body.review.anonymous, ['authOverride'])
  assert.ok(body.assets.some((one: any) => one.kind === 'service' && one.name === 'setUp'))
  assert.ok(body.notes.some((one: any) => one.kind === 'secret'))
  assert.equal(await systemCount(app), 0)
})

test('a package is installed, listed with its README, exported, and installs again from the export', async (t) => {
  const app = await createTestApp(t)
  const contents = await zipOf(twoFactorFiles)
  const { body: fetched } = await post(app, fetchPath, { contents })
  const refused = await post(app, installPath, { contents, content_hash: '0'.repeat(64) })
  assert.equal(refused.status, 400)
  const dry = await post(app, installPath, { contents, dry_run: true })
  assert.equal(dry.body.system.key, '')
  assert.equal(await systemCount(app), 0)

  const { body: report, status } = await post(app, installPath, {
    contents,
    name: 'mine',
    content_hash: fetched.contentHash,
  })
  assert.equal(status, 200)
  assert.equal(report.system.name, 'mine')
  assert.equal(report.passwords.length, 1)
  const at = `/admin/v/4/system/${report.system.key}`
  const list = await app.call('GET', `${at}/packages`, { developer: app.developer })
  assert.deepEqual(
    list.body.map((one: any) => [one.name, one.contentHash]),
    [['two-factor', fetched.contentHash]],
  )
  assert.ok(!list.text.includes(report.passwords[0].password))
  const query = { name: 'two-factor' }
  const readme = await app.call('GET', `${at}/packages/readme`, { developer: app.developer, query })
  assert.match(readme.body.html, /<h1>Two factor/)
  assert.doesNotMatch(readme.body.html, /<script/)

  const again = await post(app, installPath, { contents, system: report.system.key })
  assert.equal(again.status, 200, again.text)
  assert.ok(
    again.body.items.every((one: any) => ['unchanged', 'keep'].includes(one.action)),
    again.text,
  )

  const response = await app.app.server.inject({
    method: 'GET',
    url: `${at}/export`,
    headers: { 'clearblade-devtoken': app.developer },
  })
  assert.equal(response.headers['content-type'], 'application/zip')
  const exported = { contents: response.rawPayload.toString('base64') }
  const before = await systemCount(app)
  for (const more of [{}, { name: ' mine ' }, { dry_run: true }]) {
    const taken = await post(app, installPath, { ...exported, ...more })
    assert.equal(taken.status, 400)
    assert.match(taken.body.error.detail, /You have a system "mine" already.*--name NAME/)
  }
  assert.equal(await systemCount(app), before, 'nothing was made')
  const copy = await post(app, installPath, { ...exported, name: 'copy' })
  assert.equal(copy.body.system.name, 'copy')
  assert.notEqual(copy.body.system.key, report.system.key)
})

test('the address of a package in the catalogue of this node can be installed, and nothing else of the node fetched', async (t) => {
  const app = await createTestApp(t)
  const { body: catalogue } = await app.call('GET', '/packages')
  const { url, name } = catalogue[0]
  const { body, status, text } = await post(app, installPath, { url })
  assert.equal(status, 200, text)
  assert.equal(body.system.name, name)
  const base = new URL(url).origin
  for (const path of ['/openapi.json', '/metrics', '/admin/allsystems', '/packages/../metrics'])
    assert.equal((await post(app, fetchPath, { url: base + path })).status, 400, path)
})

test('package calls are for developers, and for systems of their own', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem()
  await app.createUser(system, 'jo@example.com', 'a long password')
  const token = await app.signIn(system, 'jo@example.com', 'a long password')
  const contents = await zipOf(twoFactorFiles)
  for (const path of [fetchPath, installPath, '/console-api/importAssetsIntoNewSystem'])
    for (const who of [{}, { token }]) {
      const { status } = await app.call('POST', path, {
        ...who,
        body: { contents, repoURL: 'https://example.com/x.zip' },
      })
      assert.ok(status === 401 || status === 403, `${path} ${status}`)
    }
  for (const path of [`/admin/v/4/system/${system.key}/export`, `/admin/v/4/system/${system.key}/packages`])
    assert.ok([401, 403].includes((await app.call('GET', path, { token })).status))
  const stranger = await anotherDeveloper(app)
  const foreign = await post(app, installPath, { contents, system: system.key }, stranger)
  assert.equal(foreign.status, 400)
  assert.match(foreign.body.error.detail, /no such system, or it is not yours/)
  const console = { repoURL: 'https://example.com/x.zip', importIntoExistingSystem: true, system_key: system.key }
  const byConsole = await post(app, '/console-api/importAssetsIntoNewSystem', console, stranger)
  assert.match(byConsole.body.error.detail, /no such system, or it is not yours/)
  for (const path of [`admin/v/4/system/${system.key}/export`, `api/v/1/systemmigration/${system.key}/upload`])
    assert.equal((await app.call('GET', `/${path}`, { developer: stranger })).status, 400)
})

test('what is in the way is told with nothing changed, and power that stands is asked for by name', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem()
  await app.createCollection(system, 'Payroll', { amount: 'int' })
  const contents = await zipOf({
    'roles/Anonymous.json': role('Anonymous', { Collections: [{ Name: 'Payroll', Level: 1 }] }),
  })
  const { status, body } = await post(app, installPath, { contents, system: system.key })
  assert.equal(status, 400)
  assert.match(body.error.detail, /right:Anonymous:collections\/Payroll:read/)
  const allow = ['right:Anonymous:collections/Payroll:read']
  assert.equal((await post(app, installPath, { contents, system: system.key, allow })).status, 200)
  const broken = Buffer.from('no archive').toString('base64')
  assert.match((await post(app, installPath, { contents: broken })).body.error.detail, /no archive/)
  assert.equal((await post(app, installPath, {})).status, 400)
  assert.equal((await post(app, installPath, { contents, choose: 'service' })).status, 400)
})

test('existing tools upload a part of a system: a dry run tells, the real run does, with the fields they expect', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem()
  const path = `/api/v/1/systemmigration/${system.key}/upload`
  const { body: version } = await app.call('GET', path, { developer: app.developer })
  assert.deepEqual(version, { version: '5' })
  const { 'system.json': _, ...files } = {
    'system.json': '',
    ...service('hello', { run_user: '' }),
    'data/Notes.json': { name: 'Notes', schema: [column('text', 'string')], items: [{ text: 'a' }] },
    'roles/Authenticated.json': role('Authenticated', { CodeServices: [{ Name: 'hello', Level: 1 }] }),
    'portals/Home.json': { name: 'Home', config: {} },
  }
  const all = filesOf(files)
  all.delete('system.json')
  const contents = (await archiveOf(all, '')).toString('base64')
  const send = (dryRun: string, body: unknown = { contents }) =>
    app.call('POST', path, { developer: app.developer, body, query: { dryRun } })
  const { body: dry } = await send('true')
  assert.deepEqual(dry.services_to_create, ['hello'])
  assert.deepEqual(dry.services_to_update, [])
  assert.deepEqual(dry.roles_to_update, ['Authenticated'])
  assert.deepEqual(dry.portals_to_create, ['Home'])
  assert.deepEqual(dry.collections_to_create, [
    {
      name: 'Notes',
      added_columns: ['text'],
      removed_columns: [],
      added_indexes: [],
      removed_indexes: [],
      num_upserts: 1,
      updated_hypertable_properties: [],
    },
  ])
  assert.deepEqual(dry.errors, [])
  assert.ok(dry.warnings.some((one: string) => /Authenticated.*services\/hello/.test(one)))
  const names = await app.call('GET', `/admin/code/v/1/${system.key}`, { developer: app.developer })
  assert.deepEqual(names.body.code, [])

  const { body: real } = await send('false')
  assert.deepEqual(real.created_services, ['hello'])
  assert.match(real.collection_name_to_id.Notes, /^[0-9a-f]{24}$/)
  assert.equal(real.role_name_to_id.Authenticated, 'Authenticated')

  const taken = filesOf({ 'roles/Authenticated.json': role('Authenticated', { CodeServices: [] }) })
  taken.delete('system.json')
  await send('false', { contents: (await archiveOf(taken, '')).toString('base64') })
  const roles = await app.call('GET', `/admin/user/${system.key}/roles`, { developer: app.developer })
  const authenticated = roles.body.find((one: any) => one.Name === 'Authenticated')
  assert.deepEqual(authenticated.Permissions.CodeServices, [])
})

/** A stand-in for GitHub that has one archive. */
async function archiveServer(t: TestContext, zip: Buffer): Promise<string> {
  const server = createServer((request, response) => {
    const isArchive = /\/(?:archive|zip|zipball)\b|\.zip$/.test(request.url ?? '')
    response.statusCode = isArchive ? 200 : 404
    response.end(isArchive ? zip : 'not here')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('the console calls of the original list the files of a repository and import chosen ones', async (t) => {
  const zip = await archiveOf(filesOf({ ...twoFactorFiles }), 'two-factor-master/')
  const route = `https://github.com=${await archiveServer(t, zip)}`
  const app = await createTestApp(t, { args: ['--route', route] })
  const query = { username: 'owner', systemRepoName: 'two-factor', branch: 'master' }
  const listed = await app.call('GET', '/console-api/systemStructureFromGithub', { developer: app.developer, query })
  assert.equal(listed.status, 200, listed.text)
  assert.ok(listed.body.tree.some((one: any) => one.type === 'blob' && one.path === 'data/Tokens.json'))
  const strange = { ...query, username: '../..' }
  const refused = await app.call('GET', '/console-api/systemStructureFromGithub', {
    developer: app.developer,
    query: strange,
  })
  assert.equal(refused.status, 400)

  const { body, status, text } = await post(app, '/console-api/importAssetsIntoNewSystem', {
    repoURL: 'https://github.com/owner/two-factor/archive/master.zip',
    developerEmail: 'dev@example.com',
    listOfFilesToImport: ['two-factor-master/data/Tokens.json', 'two-factor-master/roles/helper.json'],
    systemName: 'from the console',
    importFullSystem: false,
    importIntoExistingSystem: false,
  })
  assert.equal(status, 200, text)
  assert.equal(body.name, 'from the console')
  const code = await app.call('GET', `/admin/code/v/1/${body.systemKey}`, { developer: app.developer })
  assert.deepEqual(code.body.code, [])
  const system = { key: body.systemKey, secret: body.systemSecret }
  const anonymous = await app.call('POST', '/api/v/1/user/anon', { system })
  assert.equal(anonymous.status, 200)
})
