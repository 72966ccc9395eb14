/** What installed packages and their upgrades promise, on a real node. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { everything } from '@gatehouse/contract/query.ts'
import { createTestApp, type TestApp } from '../../../../test/support/app.ts'
import type { NodeScope } from '../domain/access/scope.ts'
import { currentCode } from '../domain/code/code.ts'
import { selectItems } from '../store/rows.ts'
import { findCollection } from '../store/tables/collections.ts'
import { systemModel } from './export.ts'
import {
  column,
  developerScope,
  everythingIn,
  library,
  packageOf,
  role,
  rowId,
  service,
  systemScope,
} from './import.fixture.ts'
import { importPackage } from './import.ts'
import {
  installedModel,
  installedPackages,
  installedReadme,
  installedWithVersions,
  recordOf,
  undoPackage,
  upgradePackage,
} from './installed.ts'

const rows = (...items: [number, string][]) => ({
  'data/Notes.json': {
    name: 'Notes',
    schema: [column('text', 'string'), column('at', 'timestamp')],
    items: items.map(([id, text]) => ({ item_id: rowId(id), text, at: '2020-01-01T00:00:00Z' })),
  },
})

const common = {
  'package.json': { name: 'notes', version: '1' },
  'README.md':
    '# Notes\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1)) ![p](https://tracker.example.com/p.png)\n',
  ...service('one', {}, 'resp.success(1)'),
  ...service('two', {}, 'resp.success(1)'),
  ...service('three', {}, 'resp.success(1)'),
  ...rows([1, 'a'], [2, 'b'], [3, 'c'], [4, 'd']),
  'roles/reader.json': role('reader', { Collections: [{ Name: 'Notes', Level: 15 }] }),
}
const base = { ...common, ...service('gone', {}, 'resp.success(1)') }

const next = {
  ...common,
  'package.json': { name: 'notes', version: '2' },
  ...service('two', {}, 'resp.success(2)'),
  ...service('three', {}, 'resp.success(2)'),
  ...service('new', {}, 'resp.success(2)'),
  ...rows([1, 'a'], [2, 'B'], [3, 'C'], [4, 'd'], [5, 'e']),
  'roles/reader.json': role('reader', { Collections: [{ Name: 'Notes', Level: 1 }] }),
}

describe('an installed package', () => {
  let app: TestApp
  let scope: NodeScope
  const ends: (() => unknown)[] = []
  after(async () => {
    for (const end of ends) await end()
  })
  before(async () => {
    app = await createTestApp({ after: (end: () => unknown) => ends.push(end) })
    scope = await developerScope(app)
  })

  const from = {
    source: { kind: 'git', address: 'https://git.example.com/notes', commit: 'c0ffee' },
    contentHash: 'h1',
  }

  async function install() {
    const model = packageOf(base)
    const record = await recordOf(model, from)
    const { system } = await importPackage(scope, model, { record })
    return systemScope(scope, system.key)
  }

  test('is written down with source, commit and content hash, and as it was', async () => {
    const into = await install()
    const [one, ...others] = await installedPackages(into)
    assert.deepEqual(others, [])
    assert.equal(one?.name, 'notes')
    assert.deepEqual(one?.source, from.source)
    assert.equal(one?.contentHash, 'h1')
    assert.equal(one?.installedBy, 'developer dev@example.com')
    assert.deepEqual(await installedWithVersions(into), [{ ...one, version: '1' }])
    assert.deepEqual(await installedModel(into, 'notes'), packageOf(base))
    await assert.rejects(installedModel(into, 'other'), /No package "other"/)
  })

  test('shows its README without anything in it that runs or calls home', async () => {
    const { html, markdown } = await installedReadme(await install(), 'notes')
    assert.equal(markdown, base['README.md'])
    assert.match(html, /<h1>Notes<\/h1>/)
    assert.doesNotMatch(html, /<script|<img|href="javascript/)
  })

  test('is upgraded where only the package changed, and left where only the developer did', async () => {
    const into = await install()
    const system = into.system
    await app.call('PUT', `/admin/code/v/1/${system.key}/one`, {
      developer: app.developer,
      body: { code: "function one(req, resp) { resp.success('mine') }" },
    })
    const now = await systemScope(scope, system.key)
    const report = await upgradePackage(now, packageOf(next), { record: await recordOf(packageOf(next), from) })
    const actions = new Map(report.items.map(({ kind, name, action }) => [`${kind}/${name}`, action]))
    assert.equal(actions.get('service/one'), 'unchanged')
    assert.equal(actions.get('service/two'), 'update')
    assert.equal(actions.get('service/new'), 'create')
    assert.match((await currentCode(now, 'service', 'one'))!.version.source, /mine/)
    assert.match((await currentCode(now, 'service', 'two'))!.version.source, /success\(2\)/)
    assert.ok((await currentCode(now, 'service', 'gone')) !== undefined)
    assert.ok(report.notes.some(({ asset, message }) => asset?.name === 'gone' && /stays/.test(message)))
    const reader = (await systemModel(now)).roles.find(({ name }) => name === 'reader')
    assert.deepEqual(reader?.rights, [{ kind: 'collections', item: 'Notes', level: 1 }])
    const [installed] = await installedPackages(now)
    assert.equal(installed?.contentHash, 'h1')
    assert.equal((await installedPackages(now)).length, 1)
  })

  test('is not upgraded over what developer and package both changed, unless that is said by name', async () => {
    const into = await install()
    await app.call('PUT', `/admin/code/v/1/${into.system.key}/three`, {
      developer: app.developer,
      body: { code: "function three(req, resp) { resp.success('mine') }" },
    })
    const now = await systemScope(scope, into.system.key)
    const before = await everythingIn(scope)
    await assert.rejects(upgradePackage(now, packageOf(next), {}), /"three".*changed here and in the package/)
    assert.deepEqual(await everythingIn(scope), before)
    await upgradePackage(now, packageOf(next), { overwrite: ['service/three'] })
    assert.match((await currentCode(now, 'service', 'three'))!.version.source, /success\(2\)/)
  })

  test('leaves rows as they live on: changed ones stay, deleted ones stay deleted, new ones come', async () => {
    const into = await install()
    const notes = (await findCollection(into.data, { name: 'Notes' }))!
    const at = (id: number) => JSON.stringify([[{ EQ: [{ item_id: rowId(id) }] }]])
    const path = `/api/v/1/data/${notes.id}`
    const change = { query: [[{ EQ: [{ item_id: rowId(3) }] }]], $set: { text: 'live' } }
    assert.equal((await app.call('PUT', path, { developer: app.developer, body: change })).status, 200)
    assert.equal((await app.call('DELETE', path, { developer: app.developer, query: { query: at(4) } })).status, 200)
    const now = await systemScope(scope, into.system.key)
    await upgradePackage(now, packageOf(next), {})
    const { rows: after } = await selectItems(now.data, notes, everything)
    assert.deepEqual(
      after.map(({ text }) => text),
      ['a', 'B', 'live', 'e'],
    )
  })

  test('leaves away what was deleted or taken away here since, unless that is said by name', async () => {
    const into = await install()
    const path = `/admin/code/v/1/${into.system.key}/two`
    await app.call('DELETE', path, { developer: app.developer })
    const notes = (await findCollection(into.data, { name: 'Notes' }))!
    await app.grant(into.system, 'reader', { collections: [{ itemInfo: { id: notes.id }, permissions: 0 }] })
    const now = await systemScope(scope, into.system.key)
    const report = await upgradePackage(now, packageOf(next), {})
    assert.match(report.items.find(({ name }) => name === 'two')?.reason ?? '', /deleted here/)
    assert.equal(await currentCode(now, 'service', 'two'), undefined)
    const reader = (await systemModel(now)).roles.find(({ name }) => name === 'reader')
    assert.deepEqual(reader?.rights, [])
    await upgradePackage(now, packageOf(next), { overwrite: ['service/two'] })
    assert.match((await currentCode(now, 'service', 'two'))!.version.source, /success\(2\)/)
  })

  test('does not take what stands here under a name that is new in it', async () => {
    const into = await install()
    await app.createService(into.system, 'new', "function new_(req, resp) { resp.success('mine') }")
    const now = await systemScope(scope, into.system.key)
    await assert.rejects(upgradePackage(now, packageOf(next), {}), /"new".*is not from this package/)
  })

  test('asks again where an upgrade widens power', async () => {
    const into = await install()
    const wider = { ...base, 'roles/Anonymous.json': role('Anonymous', { Collections: [{ Name: 'Notes', Level: 1 }] }) }
    await assert.rejects(upgradePackage(into, packageOf(wider), {}), /right:Anonymous:collections\/Notes:read/)
    await upgradePackage(into, packageOf(wider), { allow: ['right:Anonymous:collections/Notes:read'] })
  })
})

describe('undoing an upgrade', () => {
  let app: TestApp
  let scope: NodeScope
  const ends: (() => unknown)[] = []
  after(async () => {
    for (const end of ends) await end()
  })
  before(async () => {
    app = await createTestApp({ after: (end: () => unknown) => ends.push(end) })
    scope = await developerScope(app)
  })

  const from = (contentHash: string) => ({
    source: { kind: 'git', address: 'https://git.example.com/notes' },
    contentHash,
  })

  const bigger = {
    ...next,
    ...library('helper', 'var x = 1'),
    ...service('signIn', { run_user: 'robot@example.com' }, 'resp.success(1)'),
    'users/robot@example.com.json': { email: 'robot@example.com', roles: ['reader'] },
    'roles/writer.json': role('writer', { Collections: [{ Name: 'Notes', Level: 15 }] }),
    'portals/Start.json': { name: 'Start', config: {} },
    'data/More.json': { name: 'More', schema: [column('text', 'string')], items: [] },
  }

  async function upgraded(files: Record<string, unknown> = bigger) {
    const first = packageOf(base)
    const { system } = await importPackage(scope, first, { record: await recordOf(first, from('h1')) })
    const into = await systemScope(scope, system.key)
    const second = packageOf(files)
    const before = await systemModel(into)
    const allow = ['member:robot@example.com:reader', 'right:writer:collections/Notes:read+create+update+delete']
    await upgradePackage(into, second, { record: await recordOf(second, from('h2')), allow })
    return { into: await systemScope(scope, system.key), before }
  }

  test('gives everything back as it was, but for collections and columns, which hold data', async () => {
    const { into, before } = await upgraded()
    assert.equal((await installedPackages(into))[0]?.canUndo, true)
    const report = await undoPackage(into, 'notes', { allow: ['right:reader:collections/Notes:create+update+delete'] })
    assert.deepEqual(
      report.items.filter(({ action }) => action === 'delete').map(({ kind, name }) => `${kind}/${name}`),
      ['service/new', 'service/signIn', 'library/helper', 'role/writer', 'user/robot@example.com', 'portal/Start'],
    )
    assert.ok(report.notes.some(({ asset, message }) => asset?.name === 'More' && /holds data/.test(message)))
    const now = await systemModel(await systemScope(scope, into.system.key))
    assert.deepEqual({ ...now, collections: now.collections.filter(({ name }) => name !== 'More') }, before)
    const [installed] = await installedPackages(into)
    assert.equal(installed?.contentHash, 'h1')
    assert.equal(installed?.canUndo, false)
    await assert.rejects(undoPackage(into, 'notes', {}), /cannot be undone/)
  })

  test('says in a dry run what it would do, and does nothing', async () => {
    const { into } = await upgraded()
    const before = await everythingIn(scope)
    const report = await undoPackage(into, 'notes', { dryRun: true })
    assert.ok(report.items.some(({ name, action }) => name === 'new' && action === 'delete'))
    assert.deepEqual(await everythingIn(scope), before)
  })

  test('asks for power that comes back', async () => {
    const { into } = await upgraded()
    await assert.rejects(undoPackage(into, 'notes', {}), /right:reader:collections\/Notes:create\+update\+delete/)
  })

  test('leaves what was changed since, unless that is said by name', async () => {
    const { into } = await upgraded()
    const change = async (name: string) => {
      const body = { code: `function ${name}(req, resp) { resp.success('mine') }` }
      await app.call('PUT', `/admin/code/v/1/${into.system.key}/${name}`, { developer: app.developer, body })
    }
    await change('new')
    await change('two')
    const now = await systemScope(scope, into.system.key)
    const allow = ['right:reader:collections/Notes:create+update+delete']
    const before = await everythingIn(scope)
    await assert.rejects(undoPackage(now, 'notes', { allow }), /"two".*"new".*changed here/s)
    assert.deepEqual(await everythingIn(scope), before)
    await undoPackage(now, 'notes', { allow, overwrite: ['service/new', 'service/two'] })
    assert.equal(await currentCode(now, 'service', 'new'), undefined)
    assert.match((await currentCode(now, 'service', 'two'))!.version.source, /success\(1\)/)
  })

  test('never deletes the service that decides who gets in', async () => {
    const { into } = await upgraded()
    await app.set(into.system, { auth_service: 'new' })
    const now = await systemScope(scope, into.system.key)
    const allow = ['right:reader:collections/Notes:create+update+delete']
    await assert.rejects(undoPackage(now, 'notes', { allow }), /"new".*decides who gets in/)
  })

  test('leaves rows that people changed, and takes back those that the upgrade wrote', async () => {
    const { into } = await upgraded()
    const notes = (await findCollection(into.data, { name: 'Notes' }))!
    const change = { query: [[{ EQ: [{ item_id: rowId(3) }] }]], $set: { text: 'live' } }
    await app.call('PUT', `/api/v/1/data/${notes.id}`, { developer: app.developer, body: change })
    await undoPackage(into, 'notes', { allow: ['right:reader:collections/Notes:create+update+delete'] })
    const { rows: after } = await selectItems(into.data, notes, everything)
    assert.deepEqual(
      after.map(({ text }) => text),
      ['a', 'b', 'live', 'd'],
    )
  })
})
