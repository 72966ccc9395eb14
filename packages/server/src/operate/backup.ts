/**
 * `gatehouse backup`: the SQLite database of a node, while it runs, in one file. The node key is not in it unless that is
 * asked for, and then under a passphrase. PostgreSQL has a tool of its own for this, which is better than ours would be.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, rmSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { sealKey } from '../base/key-in-backup.ts'
import { nodeKey, readKeyFile } from '../base/node-key.ts'
import { type Config, ConfigError } from '../config/config.ts'
import { audit } from '../domain/access/audit.ts'
import { factsOf, writeSnapshot } from '../store/backup/snapshot.ts'
import { openSqlite } from '../store/dialect/sqlite.ts'
import { migrations } from '../store/migrations.ts'
import { storeOn } from '../store/store.ts'
import { auditChain } from './audit-chain.ts'
import { databaseFile, placeNew } from './own-files.ts'

export type BackupReport = { file: string; bytes: number; madeAt: number; withKey: boolean }

/** Throws ConfigError, and leaves no half of a file behind. */
export async function backup(
  config: Config,
  target: string,
  { clock, version, passphrase }: { clock: Clock; version: string; passphrase?: string },
): Promise<BackupReport> {
  if (config.databaseUrl !== undefined) {
    throw new ConfigError(
      'This node keeps its data in PostgreSQL: back that up with pg_dump, and copy the node key. docs/operate.md shows how.',
    )
  }
  const file = resolve(target)
  if (existsSync(file))
    throw new ConfigError(`${file} is there already. Choose another name; no backup is overwritten.`)
  const database = databaseFile(config.dataFolder)
  if (!existsSync(database)) throw new ConfigError(`There is no database in ${config.dataFolder}. Point --data to it.`)
  const facts = factsOf(database)
  if (facts === undefined) throw new ConfigError(`${database} is no database of Gatehouse.`)
  const master = keyOf(config)
  if (nodeKey(master).fingerprint !== facts.fingerprint) {
    throw new ConfigError(
      `The node key ${config.keyFile} is not the one of this database, so a backup would be of no use. Point --key-file to it.`,
    )
  }
  const madeAt = clock.now()
  // An older schema is backed up as it is: that is what one does before an upgrade.
  if (facts.schema === migrations.length) await note(config, master, clock, file)
  const draft = join(dirname(file), `.${randomBytes(6).toString('hex')}.part`)
  try {
    const sealedKey = passphrase === undefined ? undefined : await sealKey(master, passphrase, facts.fingerprint)
    writeSnapshot(database, draft, { madeAt, version, ...(sealedKey !== undefined && { sealedKey }) })
    placeNew(draft, file)
  } catch (error) {
    if (error instanceof ConfigError) throw error
    throw new ConfigError(`No backup was made: ${(error as Error).message}.`)
  } finally {
    rmSync(draft, { force: true })
  }
  return { file, bytes: statSync(file).size, madeAt, withKey: passphrase !== undefined }
}

function keyOf({ keyFile }: Config): Buffer {
  if (!existsSync(keyFile)) throw new ConfigError(`There is no node key at ${keyFile}. Point --key-file to it.`)
  try {
    return readKeyFile(keyFile)
  } catch (error) {
    throw new ConfigError((error as Error).message)
  }
}

/** A whole copy leaves the node: that is in its audit, as an export is. */
async function note({ dataFolder }: Config, master: Buffer, clock: Clock, file: string): Promise<void> {
  const database = openSqlite({ file: databaseFile(dataFolder) })
  const store = storeOn(database, clock, auditChain(dataFolder, nodeKey(master)))
  try {
    await store.transaction(async (tx) =>
      audit(tx, { clock, by: 'operator' }, { kind: 'node', action: 'backup', subject: file }),
    )
  } finally {
    await store.close()
  }
}
