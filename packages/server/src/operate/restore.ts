/**
 * `gatehouse restore`: puts a backup in the place of a database, whole or not at all. What a backup must not bring back
 * (sessions, codes, invitations) ends before anybody can reach it.
 */
import { constants, copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { keepOnce } from '../base/kept-once.ts'
import { openKey } from '../base/key-in-backup.ts'
import { type NodeKey, nodeKey, readKeyFile } from '../base/node-key.ts'
import { type Config, ConfigError } from '../config/config.ts'
import { audit } from '../domain/access/audit.ts'
import {
  type Ended,
  endWhatMustNotReturn,
  makeOneFile,
  readSnapshotFacts,
  replaceDatabase,
} from '../store/backup/put-back.ts'
import { DatabaseInUse } from '../store/dialect/database.ts'
import { openSqlite } from '../store/dialect/sqlite.ts'
import { DatabaseTooNew, migrate } from '../store/migrations.ts'
import { type Store, storeOn } from '../store/store.ts'
import { auditChain } from './audit-chain.ts'
import { databaseFile, placeNew, sync, syncFolder } from './own-files.ts'

export type RestoreOptions = {
  clock: Clock
  overwrite: boolean
  keepSessions: boolean
  /** Asked where the key comes with the backup and the node has none. */
  passphrase: () => Promise<string>
}

export type RestoreReport = { madeAt: number; ended: Ended; keyRestored: boolean }

const draftName = /^gatehouse\.db\.restoring-\d+(-journal|-wal|-shm)?$/

/** Throws ConfigError; then the database that was there is there as it was. */
export async function restore(config: Config, source: string, options: RestoreOptions): Promise<RestoreReport> {
  const { clock, overwrite, keepSessions } = options
  const { dataFolder } = config
  if (config.databaseUrl !== undefined) {
    throw new ConfigError(
      'This node keeps its data in PostgreSQL: bring it back with pg_restore, then run "gatehouse restore --finish".',
    )
  }
  const file = resolve(source)
  if (!existsSync(file)) throw new ConfigError(`There is no file ${file}.`)
  const target = databaseFile(dataFolder)
  if (existsSync(target) && !overwrite) {
    throw new ConfigError(`There is a database in ${dataFolder} already. Add --overwrite where it is to be lost.`)
  }
  await demandFree(target)
  const facts = readSnapshotFacts(file)
  if (facts === undefined) throw new ConfigError(`${file} is no backup of Gatehouse, or it is spoiled.`)
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 })
  const { key, bring } = await keyFor(config, facts, options)
  // What a restore that was cut off left behind.
  for (const name of readdirSync(dataFolder)) if (draftName.test(name)) rmSync(join(dataFolder, name), { force: true })
  const draft = join(dataFolder, `gatehouse.db.restoring-${process.pid}`)
  try {
    keepOnce(draft, '')
    copyFileSync(file, draft, constants.COPYFILE_FICLONE)
    const database = openSqlite({ file: draft })
    let ended: Ended
    try {
      await migrate(database.db, database.dialect)
      const store = storeOn(database, clock, auditChain(dataFolder, key))
      ended = await finish(store, { clock, keepSessions, subject: file, madeAt: facts.madeAt })
    } finally {
      await database.close()
    }
    makeOneFile(draft)
    sync(draft)
    // The key first: a node that starts without it would make another.
    bring?.()
    if (existsSync(target)) replaceDatabase(draft, target)
    else placeNew(draft, target)
    syncFolder(dataFolder)
    return { madeAt: facts.madeAt, ended, keyRestored: bring !== undefined }
  } catch (error) {
    throw problem(error, dataFolder)
  } finally {
    for (const end of ['', '-journal', '-wal', '-shm']) rmSync(`${draft}${end}`, { force: true })
  }
}

/** Asked at the beginning, so that nobody waits for nothing; what counts is asked again when the file is replaced. */
async function demandFree(target: string): Promise<void> {
  if (!existsSync(target)) return
  try {
    await openSqlite({ file: target, alone: true, busyTimeoutMs: 500 }).close()
  } catch (error) {
    throw error instanceof DatabaseInUse ? problem(error, dirname(target)) : error
  }
}

function problem(error: unknown, dataFolder: string): unknown {
  if (error instanceof ConfigError) return error
  if (error instanceof DatabaseInUse) {
    return new ConfigError(`A node works on the database in ${dataFolder}. Stop it first; nothing was changed.`)
  }
  if (error instanceof DatabaseTooNew) return new ConfigError(error.message)
  return new ConfigError(`Nothing was restored: ${(error as Error).message}.`)
}

/** In the restored database, however it came back; one row of the audit tells of it. */
export const finish = (
  store: Store,
  told: { clock: Clock; keepSessions: boolean; subject: string; madeAt?: number },
): Promise<Ended> =>
  store.transaction(async (tx) => {
    const { clock, keepSessions, subject, madeAt } = told
    const ended = await endWhatMustNotReturn(tx, { keepSessions, now: clock.now() })
    const details = { ...(madeAt !== undefined && { made_at: new Date(madeAt).toISOString() }), ended }
    audit(tx, { clock, by: 'operator' }, { kind: 'node', action: 'restore', subject, details })
    return ended
  })

/** The key that opens the backup: the node's own, or the one that comes along; `bring` then puts it in its place. */
async function keyFor(
  { keyFile }: Config,
  { fingerprint, sealedKey }: { fingerprint: string; sealedKey?: string },
  { passphrase }: RestoreOptions,
): Promise<{ key: NodeKey; bring?: () => void }> {
  if (existsSync(keyFile)) {
    let key: NodeKey
    try {
      key = nodeKey(readKeyFile(keyFile))
    } catch (error) {
      throw new ConfigError((error as Error).message)
    }
    if (key.fingerprint === fingerprint) return { key }
    throw new ConfigError(
      `The node key ${keyFile} is not the one of this backup. Put that one there, or point --key-file to it.`,
    )
  }
  if (sealedKey === undefined) {
    throw new ConfigError(
      `The backup is without its node key, and there is none at ${keyFile}. Put the key there: without it nothing that is sealed opens again.`,
    )
  }
  const master = await openKey(sealedKey, await passphrase(), fingerprint)
  if (master === undefined || nodeKey(master).fingerprint !== fingerprint) {
    throw new ConfigError('The passphrase is not the one that this backup was made with.')
  }
  return { key: nodeKey(master), bring: () => keepOnce(keyFile, `${master.toString('hex')}\n`) }
}
