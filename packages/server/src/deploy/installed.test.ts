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
import { column, developerScope, everythingIn, packageOf, role, rowId, service, systemScope } from './import.fixture.ts'
import { importPackage } from './import.ts'
import {
  installedModel,
  installedPackages,
  installedReadme,
  installedWithVersions,
  recordOf,
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

  test('asks again where an upgrade widens power', async () => {
    const into = await install()
    const wider = { ...base, 'roles/Anonymous.json': role('Anonymous', { Collections: [{ Name: 'Notes', Level: 1 }] }) }
    await assert.rejects(upgradePackage(into, packageOf(wider), {}), /right:Anonymous:collections\/Notes:read/)
    await upgradePackage(into, packageOf(wider), { allow: ['right:Anonymous:collections/Notes:read'] })
  })
})
