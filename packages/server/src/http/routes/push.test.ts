/** Pushing a system's files back, taking a package back, and telling how far a long call is. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { createTestApp, type TestApp } from '../../../../../test/support/app.ts'
import { archiveOf } from '../../deploy/catalogue.ts'
import { filesOf, role, service } from '../../deploy/import.fixture.ts'
import { unpackArchive } from '../../deploy/sources/archive.ts'
import { createPace, sourceLimits } from '../../deploy/sources/limits.ts'

const zipOf = async (files: ReadonlyMap<string, Buffer>): Promise<string> =>
  (await archiveOf(files, '')).toString('base64')

const post = (app: TestApp, path: string, body: unknown, headers: Record<string, string> = {}) =>
  app.call('POST', path, { developer: app.developer, body, headers })

const codeOf = async (app: TestApp, key: string, name: string): Promise<string | undefined> => {
  const { body } = await app.call('GET', `/admin/code/v/1/${key}/${name}`, { developer: app.developer })
  return body.code
}

/** A system with a service that decides sign-ins, and its files as they are pulled. */
async function pulled(t: TestContext) {
  const app = await createTestApp(t)
  const system = await app.createSystem()
  await app.createService(system, 'gate', 'function gate(req, resp) { resp.error("no") }')
  await app.createService(system, 'other', 'function other(req, resp) { resp.success(1) }')
  await app.set(system, { auth_service: 'gate' })
  const at = `/admin/v/4/system/${system.key}`
  const { app: node } = app
  const { rawPayload } = await node.server.inject({
    url: `${at}/export`,
    headers: { 'clearblade-devtoken': app.developer },
  })
  const { files } = await unpackArchive(rawPayload, {
    limits: sourceLimits,
    pace: createPace(AbortSignal.timeout(10_000)),
    root: () => '',
    onFile: () => {},
  })
  return { app, system, at, files: new Map(files), base: rawPayload.toString('base64') }
}

const code = (name: string, answer: string): Buffer =>
  Buffer.from(`function ${name}(req, resp) { resp.success('${answer}') }`)

test('files that were edited are pushed back, code that decides sign-ins included; rights are asked for by name', async (t) => {
  const { app, system, at, files, base } = await pulled(t)
  files.set('code/services/gate/gate.js', code('gate', 'edited'))
  const again = await post(app, `${at}/push`, { contents: base, base, dry_run: true })
  assert.ok(
    again.body.items.every((one: any) => one.action === 'unchanged'),
    again.text,
  )
  const dry = await post(app, `${at}/push`, { contents: await zipOf(files), base, dry_run: true })
  assert.deepEqual(
    dry.body.items.filter((one: any) => one.action !== 'unchanged').map((one: any) => [one.name, one.action]),
    [['gate', 'update']],
  )
  assert.deepEqual(dry.body.widening, [])
  assert.match((await codeOf(app, system.key, 'gate'))!, /"no"/)
  assert.equal((await post(app, `${at}/push`, { contents: await zipOf(files), base })).status, 200)
  assert.match((await codeOf(app, system.key, 'gate'))!, /edited/)

  const wider = role('Anonymous', { CodeServices: [{ Name: 'other', Level: 1 }] })
  files.set('roles/Anonymous.json', Buffer.from(JSON.stringify(wider)))
  files.set('code/services/other/other.js', code('other', 'never'))
  const contents = await zipOf(files)
  const refused = await post(app, `${at}/push`, { contents, base })
  assert.equal(refused.status, 400)
  assert.match(refused.body.error.detail, /right:Anonymous:services\/other:read/)
  assert.match((await codeOf(app, system.key, 'other'))!, /success\(1\)/)
  const allow = ['right:Anonymous:services/other:read']
  assert.equal((await post(app, `${at}/push`, { contents, base, allow })).status, 200)
  assert.match((await codeOf(app, system.key, 'other'))!, /never/)
})

test('code that does not compile is told with its place, before and after it is pushed', async (t) => {
  const { app, at, files, base } = await pulled(t)
  files.set('code/services/other/other.js', Buffer.from('function other(req, resp) {\n  var = 1\n}'))
  const contents = await zipOf(files)
  const problem = { kind: 'service', name: 'other', line: 2, column: 6, message: 'Unexpected token' }
  for (const dry_run of [true, false]) {
    const { body } = await post(app, `${at}/push`, { contents, base, dry_run })
    assert.deepEqual(body.problems, [problem])
    assert.deepEqual(
      body.notes.filter(({ kind }: any) => kind === 'code').map(({ asset, level }: any) => [asset.name, level]),
      [['other', 'warning']],
    )
  }
  const well = await post(app, `${at}/push`, { contents: base, base })
  assert.deepEqual(well.body.problems, [])
})

test('what was changed on the node since the pull is not pushed over, unless it is said by name', async (t) => {
  const { app, system, at, files, base } = await pulled(t)
  files.set('code/services/other/other.js', code('other', 'mine'))
  const path = `/admin/code/v/1/${system.key}/other`
  await app.call('PUT', path, { developer: app.developer, body: { code: String(code('other', 'theirs')) } })
  await app.createService(system, 'fresh', 'function fresh(req, resp) { resp.success(1) }')
  const contents = await zipOf(files)
  const refused = await post(app, `${at}/push`, { contents, base, delete: true })
  assert.match(refused.body.error.detail, /"other".*changed here and in the package/)
  assert.match((await codeOf(app, system.key, 'other'))!, /theirs/)
  assert.equal((await post(app, `${at}/push`, { contents, base, overwrite: ['service/other'] })).status, 200)
  assert.match((await codeOf(app, system.key, 'other'))!, /mine/)
  assert.ok((await codeOf(app, system.key, 'fresh')) !== undefined)
})

test('what is no longer in the files stays, or goes where that is asked for', async (t) => {
  const { app, system, at, files, base } = await pulled(t)
  for (const file of ['other.js', 'other.json']) files.delete(`code/services/other/${file}`)
  const contents = await zipOf(files)
  const kept = await post(app, `${at}/push`, { contents, base })
  assert.ok(kept.body.notes.some((one: any) => one.asset?.name === 'other' && /stays here/.test(one.message)))
  assert.ok((await codeOf(app, system.key, 'other')) !== undefined)
  const gone = await post(app, `${at}/push`, { contents, base, delete: true })
  assert.ok(gone.body.items.some((one: any) => one.name === 'other' && one.action === 'delete'))
  assert.equal(await codeOf(app, system.key, 'other'), undefined)
})

test('an upgrade is taken back over HTTP', async (t) => {
  const app = await createTestApp(t)
  const version = async (answer: string) =>
    zipOf(filesOf({ 'package.json': { name: 'p' }, ...service('s', {}, `resp.success('${answer}')`) }))
  const { body } = await post(app, '/admin/v/4/packages/install', { contents: await version('one'), name: 'p' })
  const { key } = body.system
  await post(app, '/admin/v/4/packages/install', { contents: await version('two'), system: key })
  assert.match((await codeOf(app, key, 's'))!, /two/)
  const path = `/admin/v/4/system/${key}/packages/undo`
  assert.equal((await post(app, path, {})).status, 400)
  assert.equal((await post(app, path, { name: 'p', dry_run: true })).status, 200)
  assert.match((await codeOf(app, key, 's'))!, /two/)
  assert.equal((await post(app, path, { name: 'p' })).status, 200)
  assert.match((await codeOf(app, key, 's'))!, /one/)
  assert.equal((await post(app, path, { name: 'p' })).status, 400)
})

test('who accepts lines is told how far a call is, and how it ended', async (t) => {
  const app = await createTestApp(t)
  const accept = { accept: 'application/x-ndjson' }
  const contents = await zipOf(filesOf(service('s')))
  const installed = await post(app, '/admin/v/4/packages/install', { contents, name: 'lines' }, accept)
  assert.equal(installed.headers['content-type'], 'application/x-ndjson')
  const lines = installed.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.ok(lines.slice(0, -1).every((line) => typeof line.progress.phase === 'string'))
  assert.ok(lines.some((line) => line.progress?.phase === 'code'))
  assert.equal(lines.at(-1).result.system.name, 'lines')

  const refused = await post(app, '/admin/v/4/packages/install', { contents: 'AAAA' }, accept)
  const last = JSON.parse(refused.text.trimEnd().split('\n').at(-1)!)
  assert.equal(last.statusCode, 400)
  assert.match(last.error.detail, /no archive/)
  const nobody = await app.call('POST', '/admin/v/4/packages/install', { body: { contents }, headers: accept })
  assert.equal(nobody.status, 401)
})

test('a large archive is taken from developers, and from nobody else is its body even read', async (t) => {
  const app = await createTestApp(t)
  const contents = await zipOf(filesOf(service('s')))
  const large = await zipOf(
    new Map([...filesOf(service('s')), ['adapters/A/files/blob/blob', randomBytes(18 * 1024 * 1024)]]),
  )
  assert.ok(large.length > 20 * 1024 * 1024)
  assert.equal((await post(app, '/admin/v/4/packages/fetch', { contents: large })).status, 200)
  const answer = await app.call('POST', '/admin/v/4/packages/fetch', { body: `{"contents": "${contents}` })
  assert.equal(answer.status, 401, 'the unfinished body was read before the caller was asked for')
})
