/** What exporting promises: what came in goes out again, on a real node. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { createTestApp } from '../../../../test/support/app.ts'
import { nativeLibraries, packages } from '../../../../test/support/package-generator.ts'
import type { NodeScope } from '../domain/access/scope.ts'
import { deleteSystem } from '../domain/systems/systems.ts'
import { systemModel } from './export.ts'
import type { PackageModel } from './format/model.ts'
import { readPackage } from './format/read.ts'
import { writePackage } from './format/write.ts'
import { developerScope, everythingIn, packageOf, systemScope, twoFactorFiles } from './import.fixture.ts'
import { importPackage } from './import.ts'
import { plainText } from './plan-compare.ts'

const runs = process.env.GATEHOUSE_TEST_DATABASE === 'postgres' ? 12 : 25

describe('exporting a system', () => {
  let scope: NodeScope
  const ends: (() => unknown)[] = []
  after(async () => {
    for (const end of ends) await end()
  })
  before(async () => {
    scope = await developerScope(await createTestApp({ after: (end: () => unknown) => ends.push(end) }))
  })

  const imported = async (model: PackageModel) => {
    const { system } = await importPackage(scope, model)
    return systemScope(scope, system.key)
  }

  /** What is not a matter of the package: who exports, and the order and values that the database gives rows. */
  const comparable = (model: PackageModel) => {
    const roleNames = new Set([...model.roles.map(({ name }) => name), 'Administrator', 'Anonymous', 'Authenticated'])
    const emails = new Set(model.users.map(({ email }) => email))
    const services = new Set(model.services.filter(({ code }) => code !== null).map(({ name }) => name))
    const collections = new Set(model.collections.map(({ name }) => name))
    const isThere = ({ kind, item }: { kind: string; item: string }) =>
      (kind !== 'services' || services.has(item)) && (kind !== 'collections' || collections.has(item))
    return {
      services: model.services.map((one) => ({
        ...one,
        sourceMap: one.sourceMap || null,
        runAs: one.code !== null && one.runAs !== null && emails.has(one.runAs.text) ? one.runAs.text : null,
      })),
      libraries: model.libraries.map((one) => ({ ...one, sourceMap: one.sourceMap || null })),
      collections: model.collections.map(({ rows, indexes, ...one }) => ({
        ...one,
        ids: rows.map(({ item_id: id }) => id).sort(),
        indexes: indexes
          .filter(({ type }) => type !== 'Primary Key')
          .map(({ name, type }) => `${type} ${name}`)
          .sort(),
      })),
      roles: model.roles.map((one) => ({ ...one, rights: one.rights.filter(isThere) })),
      userTable: model.userTable,
      users: model.users.map(({ email, columns, roles, serviceAccount, extra }) => ({
        email,
        columns: Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== null)),
        roles: roles.filter((role) => roleNames.has(role)),
        serviceAccount,
        extra,
      })),
      kept: model.kept.map(({ files, ...one }) => ({
        ...one,
        files: files.map(({ path, bytes }) => [path, bytes.toString('base64')]),
      })),
    }
  }

  test('gives every part of any package that was imported again, by name, and kept assets byte for byte', async () => {
    await fc.assert(
      fc.asyncProperty(packages(), async ({ files }) => {
        const { model } = readPackage(files, { platformLibraries: nativeLibraries })
        const into = await imported(model)
        const exported = await systemModel(into)
        const own = new Set(model.roles.map(({ name }) => name))
        const wanted = comparable(model)
        const got = comparable({ ...exported, roles: exported.roles.filter(({ name }) => own.has(name)) })
        for (const part of Object.keys(wanted) as (keyof typeof wanted)[]) {
          assert.equal(plainText(got[part]), plainText(wanted[part]), part)
        }
        await deleteSystem(into)
      }),
      { numRuns: runs },
    )
  })

  test('gives the same bytes after import into a new system and export again', async () => {
    await fc.assert(
      fc.asyncProperty(packages(), async ({ files }) => {
        const first = await imported(readPackage(files).model)
        const written = writePackage(await systemModel(first))
        const second = await imported(readPackage(written).model)
        const again = writePackage(await systemModel(second))
        assert.deepEqual([...again.keys()], [...written.keys()])
        for (const [path, bytes] of written) assert.equal(again.get(path)?.toString(), bytes.toString(), path)
        await deleteSystem(first)
        await deleteSystem(second)
      }),
      { numRuns: runs },
    )
  })

  test('names no key, secret, id or password of the system, and leaves nothing behind when the system goes', async () => {
    const before = await everythingBesideAudit()
    const into = await imported(packageOf(twoFactorFiles))
    const text = [...writePackage(await systemModel(into))].map(([path, bytes]) => path + bytes.toString()).join('\n')
    assert.ok(!text.includes(into.system.key))
    assert.ok(!text.includes(into.system.secret))
    assert.ok(!text.includes('argon2'))
    assert.ok(!text.includes('from-the-file'))
    await deleteSystem(into)
    assert.deepEqual(await everythingBesideAudit(), before)
  })

  /** The audit goes on saying that there was a system. */
  async function everythingBesideAudit(): Promise<Record<string, string>> {
    const { audit_rows: _rows, audit_heads: _heads, ...others } = await everythingIn(scope)
    return others
  }
})
