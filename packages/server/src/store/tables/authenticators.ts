/**
 * What a user holds beside the password, as it is bound to the account. Its failures in a row stand with it, so that no new
 * challenge and no other door begins to count anew. Values are sealed; here they are only carried.
 */
import type { Kysely } from 'kysely'
import { prepared, preparedChange } from '../prepared.ts'
import type { Tables } from '../schema.ts'
import { databaseOf, dialectOf, inTransaction, type SystemStore, writerOf } from '../store.ts'
import { deleteDevices } from './devices.ts'
import { noteOwnCount, noteOwnStep } from './edge-words.ts'

export type AuthenticatorKind = 'phone' | 'totp' | 'passkey' | 'recovery'
/** `disabled`: too many failures, or a passkey that seems copied; it is good again only once it is bound anew. */
export type AuthenticatorState = 'bound' | 'disabled'

export type AuthenticatorRecord = {
  id: string
  userId: string
  kind: AuthenticatorKind
  /** For people: enough to know it again, not enough to use it. */
  label: string
  sealed: string
  state: AuthenticatorState
  /** Wrong answers in a row, over all challenges. */
  failures: number
  blockedUntil: number
  boundAt: number
  boundBy: string
  usedAt: number | null
  /** Of an authenticator app: the last step whose code was taken. */
  lastStep: number
  /** Of a passkey alone. */
  passkey: PasskeyFacts | undefined
}

export type PasskeyFacts = {
  /** Keyed hash of the credential id, which no other passkey of the system has. */
  credentialHash: string
  /** The domain whose pages it answers to. */
  rpId: string
  /** What its counter said last; some always say 0. */
  signCount: number
  /** Whether the service of its maker keeps a copy, as it said last. */
  backedUp: boolean
}

/**
 * They travel with their user. On an edge only `step` and `state` are written, which tighten; a copy in memory has nobody to
 * travel to, and developers' own are of no system.
 */
const recordAuthenticator = (store: SystemStore, userId: string, columns: ('bound' | 'step' | 'state')[]): void => {
  if (store.key !== '' && inTransaction(store))
    store.record({ kind: 'authenticator', id: userId, operation: 'put', columns })
}

type NewAuthenticator = Pick<
  AuthenticatorRecord,
  'id' | 'userId' | 'kind' | 'label' | 'sealed' | 'boundAt' | 'boundBy'
> & { lastStep?: number; passkey?: PasskeyFacts }

const rowOf = (store: SystemStore, record: NewAuthenticator): Tables['authenticators'] => ({
  id: record.id,
  system_key: store.key,
  user_id: record.userId,
  kind: record.kind,
  label: record.label,
  sealed: record.sealed,
  state: 'bound',
  failures: 0,
  blocked_until: 0,
  bound_at: record.boundAt,
  bound_by: record.boundBy,
  used_at: null,
  last_step: record.lastStep ?? 0,
  credential_hash: record.passkey?.credentialHash ?? null,
  rp_id: record.passkey?.rpId ?? null,
  sign_count: record.passkey?.signCount ?? 0,
  backed_up: record.passkey === undefined ? null : Number(record.passkey.backedUp),
})

/** Binding one of a kind replaces the one before, with all that was counted against it. For all but passkeys. */
export async function bindAuthenticator(
  store: SystemStore,
  record: NewAuthenticator & { kind: Exclude<AuthenticatorKind, 'passkey'> },
): Promise<void> {
  await unbindAuthenticator(store, record)
  await writerOf(store).insertInto('authenticators').values(rowOf(store, record)).execute()
  recordAuthenticator(store, record.userId, ['bound'])
}

/** Beside those that are bound. False where this credential is bound in the system already, to whomever. */
export async function bindPasskey(
  store: SystemStore,
  record: Omit<NewAuthenticator, 'kind' | 'passkey'> & { passkey: PasskeyFacts },
): Promise<boolean> {
  await deleteDevices(store, record.userId)
  const { numInsertedOrUpdatedRows } = await writerOf(store)
    .insertInto('authenticators')
    .values(rowOf(store, { ...record, kind: 'passkey' }))
    .onConflict((conflict) => conflict.columns(['system_key', 'credential_hash']).doNothing())
    .executeTakeFirstOrThrow()
  const bound = (numInsertedOrUpdatedRows ?? 0n) > 0n
  if (bound) recordAuthenticator(store, record.userId, ['bound'])
  return bound
}

/**
 * False where none was bound. Of passkeys one by its id, or all. Recovery codes go with theirs; devices that are remembered
 * rest on the factors as they were, so whatever binds or takes away one ends them.
 */
export async function unbindAuthenticator(
  store: SystemStore,
  { userId, kind, id }: Pick<AuthenticatorRecord, 'userId' | 'kind'> & { id?: string },
): Promise<boolean> {
  await deleteDevices(store, userId)
  if (kind === 'recovery') {
    await writerOf(store)
      .deleteFrom('recovery_codes')
      .where('system_key', '=', store.key)
      .where('user_id', '=', userId)
      .execute()
  }
  const { numDeletedRows } = await writerOf(store)
    .deleteFrom('authenticators')
    .where('system_key', '=', store.key)
    .where('user_id', '=', userId)
    .where('kind', '=', kind)
    .$if(kind === 'passkey' && id !== undefined, (remove) => remove.where('id', '=', id!))
    .executeTakeFirstOrThrow()
  if (numDeletedRows > 0n) recordAuthenticator(store, userId, ['bound'])
  return numDeletedRows > 0n
}

const tablesOfUser = [
  'authenticators',
  'recovery_codes',
  'enrolments',
  'pending_authenticators',
  'notices',
  'password_resets',
  'remembered_devices',
  'edge_recovery_codes',
  'edge_requests',
] as const

/** With all that was on its way to one, or rests on one. */
export async function deleteAuthenticators(store: SystemStore, userId: string): Promise<void> {
  for (const table of tablesOfUser) {
    await writerOf(store).deleteFrom(table).where('system_key', '=', store.key).where('user_id', '=', userId).execute()
  }
}

/** `hold` keeps it as it is until the transaction ends: nobody else counts or checks beside this one. */
export async function findAuthenticator(
  store: SystemStore,
  by: { id: string } | { userId: string; kind: Exclude<AuthenticatorKind, 'passkey'> },
  { hold = false }: { hold?: boolean } = {},
): Promise<AuthenticatorRecord | undefined> {
  // SQLite has one writer, so there a transaction holds everything.
  const held = hold && dialectOf(store).kind === 'postgres'
  const { key } = store
  const [row] =
    'id' in by
      ? await (held ? byIdForUpdate : byId)(store, { key, id: by.id })
      : await (held ? byKindForUpdate : byKind)(store, { key, userId: by.userId, kind: by.kind })
  return row && recordOf(row)
}

type ById = { key: string; id: string }
const ofId = (db: Kysely<Tables>, { key, id }: ById) =>
  db.selectFrom('authenticators').selectAll().where('system_key', '=', key).where('id', '=', id)
const byId = prepared(ofId)
const byIdForUpdate = prepared((db, by: ById) => ofId(db, by).forUpdate())

type ByKind = { key: string; userId: string; kind: AuthenticatorKind }
const ofKind = (db: Kysely<Tables>, { key, userId, kind }: ByKind) =>
  db
    .selectFrom('authenticators')
    .selectAll()
    .where('system_key', '=', key)
    .where('user_id', '=', userId)
    .where('kind', '=', kind)
const byKind = prepared(ofKind)
const byKindForUpdate = prepared((db, by: ByKind) => ofKind(db, by).forUpdate())

export async function listAuthenticators(store: SystemStore, userId: string): Promise<AuthenticatorRecord[]> {
  const rows = await allOfUser(store, { key: store.key, userId })
  return rows.map(recordOf)
}

const allOfUser = prepared((db, { key, userId }: { key: string; userId: string }) =>
  db
    .selectFrom('authenticators')
    .selectAll()
    .where('system_key', '=', key)
    .where('user_id', '=', userId)
    .orderBy('kind')
    .orderBy('bound_at')
    .orderBy('id'),
)

const recordOf = (row: Tables['authenticators']): AuthenticatorRecord => ({
  id: row.id,
  userId: row.user_id,
  kind: row.kind as AuthenticatorKind,
  label: row.label,
  sealed: row.sealed,
  state: row.state as AuthenticatorState,
  failures: row.failures,
  blockedUntil: row.blocked_until,
  boundAt: row.bound_at,
  boundBy: row.bound_by,
  usedAt: row.used_at,
  lastStep: row.last_step,
  passkey:
    row.credential_hash === null || row.rp_id === null
      ? undefined
      : {
          credentialHash: row.credential_hash,
          rpId: row.rp_id,
          signCount: row.sign_count,
          backedUp: row.backed_up === 1,
        },
})

/** Of whoever has one that is bound: it answers nothing until it is bound anew. False where there is none. */
export async function disableApp(store: SystemStore, userId: string): Promise<boolean> {
  const disabled = await writerOf(store)
    .updateTable('authenticators')
    .set({ state: 'disabled' })
    .where('system_key', '=', store.key)
    .where('user_id', '=', userId)
    .where('kind', '=', 'totp')
    .where('state', '=', 'bound')
    .returning('id')
    .execute()
  if (disabled.length > 0) recordAuthenticator(store, userId, ['state'])
  return disabled.length > 0
}

export async function countAgainst(
  store: SystemStore,
  id: string,
  to: Pick<AuthenticatorRecord, 'failures' | 'blockedUntil' | 'state'>,
): Promise<void> {
  const [held] = await databaseOf(store)
    .updateTable('authenticators')
    .set({ failures: to.failures, blocked_until: to.blockedUntil, state: to.state })
    .where('system_key', '=', store.key)
    .where('id', '=', id)
    .returning(['user_id', 'kind'])
    .execute()
  if (held === undefined) return
  if (store.tells) store.tell({ kind: 'failure', user: held.user_id, what: 'factor' })
  if (to.state !== 'disabled') return
  recordAuthenticator(store, held.user_id, ['state'])
  if (held.kind === 'totp' || held.kind === 'passkey') {
    store.tell({ kind: 'disabled', user: held.user_id, authenticator: id })
  }
}

/** A right answer clears what was counted against this one, and nothing else. */
export async function markUsed(store: SystemStore, id: string, now: number): Promise<void> {
  await used(store, { key: store.key, id, now })
}

const used = preparedChange((db, { key, id, now }: { key: string; id: string; now: number }) =>
  db
    .updateTable('authenticators')
    .set({ failures: 0, blocked_until: 0, used_at: now })
    .where('system_key', '=', key)
    .where('id', '=', id),
)

/** False where this step or a later one was taken before: of many that try at once, one takes it. */
export async function takeStep(store: SystemStore, id: string, step: number): Promise<boolean> {
  const [taken] = await stepTo(store, { key: store.key, id, step })
  if (taken === undefined) return false
  recordAuthenticator(store, taken.user_id, ['step'])
  if (store.tells) store.tell({ kind: 'step', user: taken.user_id, authenticator: id, step })
  else await noteOwnStep(store, id, step)
  return true
}

const stepTo = prepared((db, { key, id, step }: { key: string; id: string; step: number }) =>
  db
    .updateTable('authenticators')
    .set({ last_step: step })
    .where('system_key', '=', key)
    .where('id', '=', id)
    .where('last_step', '<', step)
    .returning('user_id'),
)

/** Taken elsewhere: here it is good no more, nor is one before it. */
export async function raiseStep(store: SystemStore, id: string, step: number): Promise<void> {
  const [raised] = await stepTo(store, { key: store.key, id, step })
  if (raised !== undefined) recordAuthenticator(store, raised.user_id, ['step'])
}

/** False where it was switched off before. */
export async function switchOff(store: SystemStore, id: string): Promise<boolean> {
  const [off] = await databaseOf(store)
    .updateTable('authenticators')
    .set({ state: 'disabled' })
    .where('system_key', '=', store.key)
    .where('id', '=', id)
    .where('state', '=', 'bound')
    .returning('user_id')
    .execute()
  if (off !== undefined) recordAuthenticator(store, off.user_id, ['state'])
  return off !== undefined
}

/**
 * False unless the counter of this passkey goes forward: of two that answer at once, one takes it. A counter that stands at
 * 0 says that its passkey has none (Web Authentication §6.1.1).
 */
export async function takeSignCount(
  store: SystemStore,
  id: string,
  said: Pick<PasskeyFacts, 'signCount' | 'backedUp'>,
  now: number,
): Promise<boolean> {
  const [taken] = await databaseOf(store)
    .updateTable('authenticators')
    .set({ sign_count: said.signCount, backed_up: Number(said.backedUp) })
    .where('system_key', '=', store.key)
    .where('id', '=', id)
    .where('state', '=', 'bound')
    .where((eb) => (said.signCount === 0 ? eb('sign_count', '=', 0) : eb('sign_count', '<', said.signCount)))
    .returning('user_id')
    .execute()
  if (taken === undefined) return false
  if (said.signCount === 0) return true
  recordAuthenticator(store, taken.user_id, ['step'])
  if (store.tells) store.tell({ kind: 'counter', user: taken.user_id, authenticator: id, count: said.signCount })
  else await noteOwnCount(store, id, said.signCount, now)
  return true
}

/** Seen elsewhere: here it is good only beyond that. */
export async function raiseSignCount(store: SystemStore, id: string, count: number): Promise<void> {
  const [raised] = await databaseOf(store)
    .updateTable('authenticators')
    .set({ sign_count: count })
    .where('system_key', '=', store.key)
    .where('id', '=', id)
    .where('sign_count', '<', count)
    .returning('user_id')
    .execute()
  if (raised !== undefined) recordAuthenticator(store, raised.user_id, ['step'])
}

/** Every one of this kind in the system. */
export async function allOfKind(store: SystemStore, kind: AuthenticatorKind): Promise<AuthenticatorRecord[]> {
  const rows = await databaseOf(store)
    .selectFrom('authenticators')
    .selectAll()
    .where('system_key', '=', store.key)
    .where('kind', '=', kind)
    .execute()
  return rows.map(recordOf)
}

/** Another value in the place of the one before, of which no step was taken yet. */
export async function reseal(store: SystemStore, id: string, sealed: string): Promise<void> {
  await databaseOf(store)
    .updateTable('authenticators')
    .set({ sealed, last_step: 0 })
    .where('system_key', '=', store.key)
    .where('id', '=', id)
    .execute()
}
