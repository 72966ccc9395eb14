/** That nothing is answered before it is on the disk, whatever is written meanwhile. The disk's part is played by the test. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import BetterSqlite from 'better-sqlite3'
import { Kysely, sql } from 'kysely'
import { SharedCommitDialect } from './sqlite-driver.ts'

describe('the sync of a commit', () => {
  let folder: string
  let writer: BetterSqlite.Database
  let db: Kysely<unknown>
  const syncs: PromiseWithResolvers<void>[] = []
  let began: PromiseWithResolvers<void>

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-sync-'))
    writer = new BetterSqlite(join(folder, 'a.db'))
    writer.pragma('journal_mode = WAL')
    writer.exec('create table t (a integer)')
    began = Promise.withResolvers()
    const sync = () => {
      const one = Promise.withResolvers<void>()
      syncs.push(one)
      began.resolve()
      return one.promise
    }
    const prepare = (text: string) => writer.prepare(text)
    db = new Kysely({
      dialect: new SharedCommitDialect({ writer, prepare, prepareRead: prepare, sync, patienceMs: 1_000 }),
    })
  })
  after(() => {
    writer.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const insert = (value: number, answered: number[]) =>
    db
      .transaction()
      .execute((tx) => sql`insert into t values (${value})`.execute(tx))
      .then(() => answered.push(value))
  const rows = () => writer.prepare('select a from t order by a').pluck().all()

  const nextSync = async (): Promise<PromiseWithResolvers<void>> => {
    await began.promise
    began = Promise.withResolvers()
    const sync = syncs.shift()
    assert.ok(sync)
    return sync
  }

  const written = async (value: number): Promise<void> => {
    for (let turn = 0; turn < 10_000 && !rows().includes(value); turn += 1) await setImmediate()
    assert.ok(rows().includes(value))
  }

  test('a write is answered after a sync that began after its commit, and others are written meanwhile', async () => {
    const answered: number[] = []
    const first = insert(1, answered)
    const firstSync = await nextSync()
    const second = insert(2, answered)
    await written(2)
    assert.deepEqual([answered, syncs.length], [[], 0])
    firstSync.resolve()
    await first
    const secondSync = await nextSync()
    assert.deepEqual(answered, [1])
    secondSync.resolve()
    await second
    assert.deepEqual(answered, [1, 2])
  })

  test('a sync that failed answers nobody, and nothing is written after it', async () => {
    const answered: number[] = []
    const third = insert(3, answered)
    const sync = await nextSync()
    const waiting = insert(4, answered)
    await written(4)
    sync.reject(new Error('The disk is gone.'))
    await assert.rejects(third, /disk is gone/)
    await assert.rejects(waiting, /disk is gone/)
    await assert.rejects(insert(5, answered), /disk is gone/)
    assert.deepEqual([answered, rows().includes(5)], [[], false])
  })
})
