/**
 * Everything in the database that hangs on the node key, for turning it: each kind of sealed value with the place it is
 * sealed for, page by page, and the keyed hashes. Whole node, in one transaction. What a value means is not known here.
 */
import { sql } from 'kysely'
import { type AuditChain, putHead, sealOf } from '../audit.ts'
import { databaseOf, dialectOf, type Store } from '../store.ts'
import { devicePrefix, strangerPrefix } from '../tables/failures.ts'

export type SealedText<Key> = Key & { systemKey: string; sealed: string }
export type SealedSecret = SealedText<{ name: string; hosts: string[] }>
export type SealedAuthenticator = SealedText<{ id: string; userId: string; kind: string }>
export type SealedNotice = SealedText<{ id: string }>
export type SealedFile = { systemKey: string; kind: string; name: string; path: string; bytes: Buffer }
export type SealedPackage = { systemKey: string; name: string; files: Buffer; undo: Buffer | null }

const pageSize = 500

/** Holds off whoever starts in the meantime, as a migration does. */
export async function lockForOperator(tx: Store): Promise<void> {
  if (dialectOf(tx).kind === 'postgres') await sql`select pg_advisory_xact_lock(7046126112)`.execute(databaseOf(tx))
}

export const setFingerprint = async (tx: Store, fingerprint: string): Promise<void> => {
  await databaseOf(tx)
    .updateTable('meta')
    .set({ value: fingerprint })
    .where('name', '=', 'key_fingerprint')
    .executeTakeFirstOrThrow()
}

/** Each in the form that `change` gives it; undefined leaves it as it is. */
export async function changeSecrets(tx: Store, change: (one: SealedSecret) => string | undefined): Promise<void> {
  const db = databaseOf(tx)
  for (const row of await db.selectFrom('secrets').select(['system_key', 'name', 'hosts', 'sealed']).execute()) {
    const { system_key: systemKey, name, sealed } = row
    const changed = change({ systemKey, name, hosts: JSON.parse(row.hosts), sealed })
    if (changed === undefined) continue
    await db
      .updateTable('secrets')
      .set({ sealed: changed })
      .where('system_key', '=', systemKey)
      .where('name', '=', name)
      .execute()
  }
}

/** `credentialHash` is given for passkeys. */
export async function changeAuthenticators(
  tx: Store,
  change: (one: SealedAuthenticator) => { sealed: string; credentialHash?: string } | undefined,
): Promise<void> {
  const db = databaseOf(tx)
  for (let after = ''; ; ) {
    const rows = await db
      .selectFrom('authenticators')
      .select(['id', 'system_key as systemKey', 'user_id as userId', 'kind', 'sealed'])
      .where('id', '>', after)
      .orderBy('id')
      .limit(pageSize)
      .execute()
    for (const row of rows) {
      const changed = row.sealed === '' ? undefined : change(row)
      if (changed === undefined) continue
      const { sealed, credentialHash } = changed
      await db
        .updateTable('authenticators')
        .set({ sealed, ...(credentialHash !== undefined && { credential_hash: credentialHash }) })
        .where('id', '=', row.id)
        .execute()
    }
    if (rows.length < pageSize) return
    after = rows.at(-1)!.id
  }
}

export async function changeNotices(tx: Store, change: (one: SealedNotice) => string | undefined): Promise<void> {
  const db = databaseOf(tx)
  const rows = await db
    .selectFrom('notices')
    .select(['id', 'system_key as systemKey', 'recipient as sealed'])
    .where('recipient', '!=', '')
    .execute()
  for (const row of rows) {
    const recipient = change(row)
    if (recipient !== undefined) await db.updateTable('notices').set({ recipient }).where('id', '=', row.id).execute()
  }
}

/** The platform's own key for links, in `meta` under `name`, and on an edge the keys of its link. */
export async function changeLinkKeys(
  tx: Store,
  name: string,
  change: (one: { systemKey: string | undefined; sealed: string }) => string | undefined,
): Promise<void> {
  const db = databaseOf(tx)
  const meta = await db.selectFrom('meta').select('value').where('name', '=', name).executeTakeFirst()
  const value = meta && change({ systemKey: undefined, sealed: meta.value })
  if (value !== undefined) await db.updateTable('meta').set({ value }).where('name', '=', name).execute()
  for (const row of await db.selectFrom('platform_links').select(['system_key', 'sealed']).execute()) {
    const sealed = change({ systemKey: row.system_key, sealed: row.sealed })
    if (sealed === undefined) continue
    await db.updateTable('platform_links').set({ sealed }).where('system_key', '=', row.system_key).execute()
  }
}

/** One after the other: they may be large. */
export async function changeFiles(tx: Store, change: (one: SealedFile) => Buffer | undefined): Promise<void> {
  const db = databaseOf(tx)
  const names = await db
    .selectFrom('kept_assets')
    .select(['system_key', 'path'])
    .where('sensitive', '=', 1)
    .orderBy('system_key')
    .orderBy('path')
    .execute()
  for (const { system_key, path } of names) {
    const row = await db
      .selectFrom('kept_assets')
      .select(['system_key as systemKey', 'kind', 'name', 'path', 'bytes'])
      .where('system_key', '=', system_key)
      .where('path', '=', path)
      .executeTakeFirstOrThrow()
    const bytes = change(row)
    if (bytes === undefined) continue
    await db
      .updateTable('kept_assets')
      .set({ bytes })
      .where('system_key', '=', system_key)
      .where('path', '=', path)
      .execute()
  }
}

export async function changePackages(
  tx: Store,
  change: (one: SealedPackage) => Pick<SealedPackage, 'files' | 'undo'> | undefined,
): Promise<void> {
  const db = databaseOf(tx)
  for (const { id } of await db.selectFrom('installed_packages').select('id').orderBy('id').execute()) {
    const row = await db
      .selectFrom('installed_packages')
      .select(['system_key as systemKey', 'name', 'files', 'undo'])
      .where('id', '=', id)
      .executeTakeFirstOrThrow()
    const changed = change(row)
    if (changed !== undefined) await db.updateTable('installed_packages').set(changed).where('id', '=', id).execute()
  }
}

/** Counts and notes of one number, under the hash that it has from now on. */
export async function renameNumber(tx: Store, systemKey: string, from: string, to: string): Promise<void> {
  const db = databaseOf(tx)
  await db
    .updateTable('messages')
    .set({ number_hash: to })
    .where('system_key', '=', systemKey)
    .where('number_hash', '=', from)
    .execute()
  await db
    .updateTable('send_counts')
    .set({ subject: to })
    .where('system_key', '=', systemKey)
    .where('subject', '=', from)
    .execute()
}

/** Heads that do not fit are left: sealed anew, they would. Answers how many those are. */
export async function sealHeads(
  tx: Store,
  from: Pick<AuditChain, 'seal'>,
  to: Pick<AuditChain, 'seal'>,
): Promise<number> {
  const db = databaseOf(tx) as Parameters<typeof putHead>[0]
  let left = 0
  for (const head of await db.selectFrom('audit_heads').selectAll().execute()) {
    if (sealOf(from, head) === head.seal) await putHead(db, to, head)
    else left += 1
  }
  return left
}

/** What hangs on the old key and cannot be turned, since what was hashed is known nowhere. Answers how many of each. */
export async function endUnturnable(tx: Store, now: number): Promise<{ challenges: number; begun: number }> {
  const db = databaseOf(tx)
  const { numUpdatedRows } = await db
    .updateTable('challenges')
    .set({ ended_at: now, end_reason: 'operator' })
    .where('ended_at', 'is', null)
    .executeTakeFirstOrThrow()
  const { numDeletedRows } = await db.deleteFrom('pending_authenticators').executeTakeFirstOrThrow()
  await db.deleteFrom('version_outcomes').execute()
  // E-mails that nobody has, and the networks that accounts signed in from, stand there by their keyed hashes.
  await db
    .deleteFrom('failures')
    .where((eb) =>
      eb.or([
        eb('account_id', 'like', `${strangerPrefix}%`),
        eb.and([eb('place', '<>', ''), eb('place', 'not like', `${devicePrefix}%`)]),
      ]),
    )
    .execute()
  return { challenges: Number(numUpdatedRows), begun: Number(numDeletedRows) }
}
