/**
 * A copy of an SQLite database while a node works on it: one consistent look, in a file of its own. What is said about the
 * copy stands in its `meta` table. Reading it back is `put-back.ts`.
 */
import { closeSync, openSync } from 'node:fs'
import BetterSqlite from 'better-sqlite3'

export type SnapshotFacts = {
  /** Milliseconds. */
  madeAt: number
  /** Of the Gatehouse that made it. */
  version: string
  /** The node key, sealed under a passphrase; absent where the backup is without it. */
  sealedKey?: string
}

export const factNames = { madeAt: 'backup_made_at', version: 'backup_version', sealedKey: 'backup_key' } as const

/** `key_fingerprint` and `schema_version` of a database, without changing it. Undefined where it is none of Gatehouse. */
export function factsOf(file: string): { fingerprint: string; schema: number } | undefined {
  const connection = new BetterSqlite(file, { readonly: true, fileMustExist: true })
  try {
    const value = (name: string): string | undefined =>
      (connection.prepare('select value from meta where name = ?').get(name) as { value: string } | undefined)?.value
    const [fingerprint, schema] = [value('key_fingerprint'), value('schema_version')]
    return fingerprint === undefined || schema === undefined ? undefined : { fingerprint, schema: Number(schema) }
  } catch (error) {
    if ((error as Error).message.includes('no such table')) return undefined
    throw error
  } finally {
    connection.close()
  }
}

/** Writes the copy to `target`, which must not be there; for its owner alone. */
export function writeSnapshot(file: string, target: string, facts: SnapshotFacts): void {
  const source = new BetterSqlite(file, { readonly: true, fileMustExist: true })
  try {
    // Made first, with its rights, since the copy takes those of any new file.
    closeSync(openSync(target, 'wx', 0o600))
    source.prepare('vacuum into ?').run(target)
  } finally {
    source.close()
  }
  const copy = new BetterSqlite(target)
  try {
    copy.pragma('journal_mode = DELETE')
    copy.pragma('synchronous = FULL')
    const put = copy.prepare('insert or replace into meta (name, value) values (?, ?)')
    put.run(factNames.madeAt, String(facts.madeAt))
    put.run(factNames.version, facts.version)
    if (facts.sealedKey !== undefined) put.run(factNames.sealedKey, facts.sealedKey)
  } finally {
    copy.close()
  }
}
