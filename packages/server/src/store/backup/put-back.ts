/**
 * A database that comes out of a backup: what it says of itself, and what must not come back with it. A session that was
 * ended since, a code that was used since, or an invitation that was spent since would be good again.
 */
import { randomBytes } from 'node:crypto'
import { renameSync } from 'node:fs'
import BetterSqlite from 'better-sqlite3'
import { lockOut } from '../dialect/sqlite.ts'
import { databaseOf, type Store } from '../store.ts'
import { factNames, type SnapshotFacts } from './snapshot.ts'

/** Undefined where the file is no backup, or a spoiled one. */
export function readSnapshotFacts(file: string): (SnapshotFacts & { fingerprint: string }) | undefined {
  let connection: BetterSqlite.Database | undefined
  try {
    connection = new BetterSqlite(file, { readonly: true, fileMustExist: true })
    if (connection.pragma('quick_check', { simple: true }) !== 'ok') return undefined
    const rows = connection.prepare('select name, value from meta').all() as { name: string; value: string }[]
    const meta = new Map(rows.map(({ name, value }) => [name, value]))
    const [madeAt, version] = [meta.get(factNames.madeAt), meta.get(factNames.version)]
    const [fingerprint, sealedKey] = [meta.get('key_fingerprint'), meta.get(factNames.sealedKey)]
    if (madeAt === undefined || version === undefined || fingerprint === undefined) return undefined
    return { madeAt: Number(madeAt), version, fingerprint, ...(sealedKey !== undefined && { sealedKey }) }
  } catch (error) {
    if (String((error as { code?: unknown }).code).startsWith('SQLITE_')) return undefined
    throw error
  } finally {
    connection?.close()
  }
}

/** How many of each were ended or removed. */
export type Ended = { sessions: number; devices: number; codes: number; invitations: number }

/**
 * In one transaction of a database that was just restored. One-time things end in any case; sessions and remembered devices
 * unless they are kept. Each change log gets a new incarnation (`changes.ts`): its positions may have been given before.
 */
export async function endWhatMustNotReturn(
  tx: Store,
  { keepSessions, now }: { keepSessions: boolean; now: number },
): Promise<Ended> {
  const db = databaseOf(tx)
  const removed = async (
    table: 'proofs' | 'enrolments' | 'pending_authenticators' | 'password_resets' | 'remembered_devices',
  ) => Number((await db.deleteFrom(table).executeTakeFirstOrThrow()).numDeletedRows)
  const ended: Ended = { sessions: 0, devices: 0, codes: 0, invitations: 0 }
  if (!keepSessions) {
    const { numUpdatedRows } = await db
      .updateTable('sessions')
      .set({ ended_at: now, end_reason: 'the database was restored from a backup' })
      .where('ended_at', 'is', null)
      .executeTakeFirstOrThrow()
    ended.sessions = Number(numUpdatedRows)
    ended.devices = await removed('remembered_devices')
    await db.deleteFrom('edge_account_sessions').execute()
  }
  const { numUpdatedRows: challenges } = await db
    .updateTable('challenges')
    .set({ ended_at: now, end_reason: 'operator' })
    .where('ended_at', 'is', null)
    .executeTakeFirstOrThrow()
  ended.codes = Number(challenges)
  for (const table of ['proofs', 'enrolments', 'pending_authenticators', 'password_resets'] as const) {
    ended.codes += await removed(table)
  }
  const { numUpdatedRows: invitations } = await db
    .updateTable('invitations')
    .set({ used_at: now })
    .where('used_at', 'is', null)
    .executeTakeFirstOrThrow()
  ended.invitations = Number(invitations)
  for (const { system_key } of await db.selectFrom('change_heads').select('system_key').execute()) {
    await db
      .updateTable('change_heads')
      .set({ incarnation: randomBytes(8).toString('hex') })
      .where('system_key', '=', system_key)
      .execute()
  }
  await db.deleteFrom('meta').where('name', 'in', Object.values(factNames)).execute()
  return ended
}

/** Takes a closed database out of write-ahead mode, so that it is one file. */
export function makeOneFile(file: string): void {
  const connection = new BetterSqlite(file)
  try {
    connection.pragma('journal_mode = DELETE')
  } finally {
    connection.close()
  }
}

/**
 * Puts `draft` in the place of the database at `file`, in one step; whoever is cut off before it leaves the old one. Throws
 * DatabaseInUse where a node works on that.
 */
export function replaceDatabase(draft: string, file: string): void {
  const old = new BetterSqlite(file, { timeout: 500 })
  try {
    lockOut(old)
    // What stands in the log of the old database must not be read into the new one.
    old.pragma('journal_mode = DELETE')
    // Windows renames over no file that is open.
    if (process.platform === 'win32') old.close()
    renameSync(draft, file)
  } finally {
    if (old.open) old.close()
  }
}
