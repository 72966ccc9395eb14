/** What holds for packages that nobody here has seen: a broken import changes nothing, and an upgrade can be taken back. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import fc from 'fast-check'
import { createTestApp } from '../../../../test/support/app.ts'
import { packages } from '../../../../test/support/package-generator.ts'
import type { NodeScope, SystemScope } from '../domain/access/scope.ts'
import { deleteSystem } from '../domain/systems/systems.ts'
import { systemModel } from './export.ts'
import type { PackageModel } from './format/model.ts'
import { readPackage } from './format/read.ts'
import { developerScope, everythingIn, systemScope } from './import.fixture.ts'
import { type ImportOptions, type ImportReport, importPackage } from './import.ts'
import { installedPackages, recordOf, undoPackage, upgradePackage } from './installed.ts'
import { plainText } from './plan-compare.ts'

const runs = process.env.GATEHOUSE_TEST_DATABASE === 'postgres' ? 10 : 25

describe('any package', () => {
  let scope: NodeScope
  const ends: (() => unknown)[] = []
  after(async () => {
    for (const end of ends) await end()
  })
  before(async () => {
    scope = await developerScope(await createTestApp({ after: (end: () => unknown) => ends.push(end) }))
  })

  const anyModel = packages().map(({ files }) => readPackage(files).model)
  const from = { source: { kind: 'upload', address: 'any.zip' }, contentHash: 'h' }
  /** One name for all, so that each is a version of the same package. */
  const recordFor = async (model: PackageModel) => ({ ...(await recordOf(model, from)), name: 'any' })

  async function installed(model: PackageModel): Promise<SystemScope> {
    const { system } = await importPackage(scope, model, { record: await recordFor(model) })
    return systemScope(scope, system.key)
  }

  /** Says yes to every growth of power; undefined where the two versions cannot stand in one system. */
  async function withEveryYes(
    into: SystemScope,
    work: (into: SystemScope, options: Pick<ImportOptions, 'allow' | 'dryRun'>) => Promise<ImportReport>,
  ): Promise<ImportReport | undefined> {
    const dry = await work(into, { dryRun: true })
    if (dry.items.some(({ action }) => action === 'conflict')) return undefined
    return work(into, { allow: dry.widening.map(({ name }) => name) })
  }

  test('that breaks at any step of its import leaves a new and an existing system as they were', async () => {
    await fc.assert(
      fc.asyncProperty(anyModel, anyModel, fc.nat(), async (first, second, at) => {
        const into = await installed(first)
        const steps: string[] = []
        const onProgress = ({ phase, done }: { phase: string; done: number }) => steps.push(`${phase} ${done}`)
        const probe = await importPackage(scope, second, { onProgress })
        await deleteSystem(await systemScope(scope, probe.system.key))
        const before = await everythingIn(scope)
        const breaking: Pick<ImportOptions, 'onProgress'> = {
          onProgress: ({ phase, done }) => {
            if (`${phase} ${done}` === steps[at % steps.length]) throw new Error('stop')
          },
        }
        await assert.rejects(importPackage(scope, second, breaking), /stop/)
        assert.deepEqual(await everythingIn(scope), before)
        const dry = await importPackage(scope, second, { into, dryRun: true })
        const allow = dry.widening.map(({ name }) => name)
        const ended = await importPackage(scope, second, { into, allow, ...breaking }).catch((error: unknown) => error)
        // It may be in the way of itself, or not come to that step in a system that has the thing already.
        if (ended instanceof Error)
          assert.ok(ended instanceof GatehouseError || /stop/.test(ended.message), String(ended))
        if (ended instanceof Error) assert.deepEqual(await everythingIn(scope), before)
        await deleteSystem(into)
      }),
      { numRuns: runs },
    )
  })

  /**
   * Without what an upgrade leaves behind when it is taken back: collections, columns and indexes that hold data, and the mark of
   * roles, which only a developer takes off.
   */
  const within = (model: PackageModel, kept: PackageModel, now: ReadonlySet<string>) => {
    const columns = new Set(kept.userTable.columns.map(({ name }) => name))
    const collections = new Map(kept.collections.map((one) => [one.name, one]))
    const only = <T extends { name: string }>(list: readonly T[], of: readonly { name: string }[]) =>
      list.filter(({ name }) => of.some((one) => one.name === name))
    return {
      ...model,
      system: undefined,
      roles: model.roles.map(({ privileged, ...role }) => {
        const wasMarked = kept.roles.some(({ name, privileged: marked }) => name === role.name && marked)
        return privileged && wasMarked ? { ...role, privileged } : role
      }),
      collections: only(model.collections, kept.collections).map((one) => {
        const { columns: own, indexes } = collections.get(one.name)!
        const names = new Set(['item_id', ...own.map(({ name }) => name)])
        const rows = one.rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => names.has(name))))
        const sameIndex = (index: (typeof indexes)[number]) =>
          indexes.some(({ name, type }) => name === index.name && type === index.type)
        return {
          ...one,
          extra: {},
          columns: only(one.columns, own).map(({ name, type }) => [name, type]),
          indexes: one.indexes.filter(sameIndex).map(({ name, type }) => [name, type]),
          rows,
        }
      }),
      userTable: only(model.userTable.columns, kept.userTable.columns).map(({ name, type }) => [name, type]),
      users: model.users.map((user) => ({
        ...user,
        columns: Object.fromEntries(Object.entries(user.columns).filter(([name]) => columns.has(name))),
        // What was no column before and is one now is a value of it.
        extra: Object.fromEntries(Object.entries(user.extra).filter(([name]) => !now.has(name))),
      })),
    }
  }

  test('that replaces another as its next version is taken back to what was before', async () => {
    let taken = 0
    await fc.assert(
      fc.asyncProperty(anyModel, anyModel, async (first, second) => {
        const into = await installed(first)
        const before = await systemModel(into)
        const record = await recordFor(second)
        const upgraded = await withEveryYes(into, (now, options) => upgradePackage(now, second, { ...options, record }))
        if (upgraded !== undefined) {
          taken += 1
          const now = await systemScope(scope, into.system.key)
          assert.equal((await installedPackages(now))[0]?.canUndo, true)
          const undone = await withEveryYes(now, (then, options) => undoPackage(then, 'any', options))
          assert.ok(undone !== undefined, 'something stood in the way of what had just been done')
          const then = await systemModel(await systemScope(scope, into.system.key))
          const columns = new Set(then.userTable.columns.map(({ name }) => name))
          const [wanted, got] = [within(before, before, columns), within(then, before, columns)]
          for (const part of Object.keys(wanted) as (keyof typeof wanted)[]) {
            assert.equal(plainText(got[part]), plainText(wanted[part]), part)
          }
        }
        await deleteSystem(into)
      }),
      { numRuns: runs },
    )
    assert.ok(taken > runs / 4, `only ${taken} of ${runs} pairs could be tried`)
  })
})
