/**
 * Notes of messages: one row for each provider that one is given to, written before it is. Never the text and never the
 * number: both stand as keyed hashes.
 */
import { databaseOf, type Store, type SystemStore } from '../store.ts'

export type MessageState = 'intended' | 'accepted' | 'refused' | 'unknown' | 'delivered' | 'undelivered' | 'failed'

export type MessageNote = {
  id: string
  challengeId: string | null
  accountId: string | null
  numberHash: string
  bodyHash: string
  prefix: string
  provider: string
  state: MessageState
  providerId: string
  attempts: number
  createdAt: number
  updatedAt: number
}

const columns = [
  'id',
  'challenge_id as challengeId',
  'account_id as accountId',
  'number_hash as numberHash',
  'body_hash as bodyHash',
  'prefix',
  'provider',
  'state',
  'provider_id as providerId',
  'attempts',
  'created_at as createdAt',
  'updated_at as updatedAt',
] as const

/** False where this challenge has a note with this provider already. */
export async function insertNote(store: SystemStore, note: MessageNote): Promise<boolean> {
  const row = await databaseOf(store)
    .insertInto('messages')
    .values({
      id: note.id,
      system_key: store.key,
      challenge_id: note.challengeId,
      account_id: note.accountId,
      number_hash: note.numberHash,
      body_hash: note.bodyHash,
      prefix: note.prefix,
      provider: note.provider,
      state: note.state,
      provider_id: note.providerId,
      attempts: note.attempts,
      created_at: note.createdAt,
      updated_at: note.updatedAt,
      entered_at: null,
    })
    .onConflict((conflict) => conflict.columns(['system_key', 'challenge_id', 'provider']).doNothing())
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

export async function notesOfChallenge(store: SystemStore, challengeId: string): Promise<MessageNote[]> {
  const rows = await databaseOf(store)
    .selectFrom('messages')
    .select(columns)
    .where('system_key', '=', store.key)
    .where('challenge_id', '=', challengeId)
    .orderBy('created_at')
    .execute()
  return rows as MessageNote[]
}

/** The note is the caller's from here on; false where somebody else was quicker since it was read. */
export async function claimNote(store: SystemStore, note: MessageNote, now: number): Promise<boolean> {
  const row = await databaseOf(store)
    .updateTable('messages')
    .set((eb) => ({ attempts: eb('attempts', '+', 1), updated_at: now }))
    .where('system_key', '=', store.key)
    .where('id', '=', note.id)
    .where('state', '=', note.state)
    .where('attempts', '=', note.attempts)
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

/** Only from one of the states `from`: what is known already is not forgotten. */
export async function moveNote(
  store: SystemStore,
  id: string,
  from: readonly MessageState[],
  change: { state: MessageState; providerId?: string; bodyHash?: string },
  now: number,
): Promise<boolean> {
  const row = await databaseOf(store)
    .updateTable('messages')
    .set({
      state: change.state,
      updated_at: now,
      ...(change.providerId !== undefined && { provider_id: change.providerId }),
      ...(change.bodyHash !== undefined && { body_hash: change.bodyHash }),
    })
    .where('system_key', '=', store.key)
    .where('id', '=', id)
    .where('state', 'in', from)
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

/** The code of this challenge was entered rightly. */
export async function markEntered(store: SystemStore, challengeId: string, now: number): Promise<void> {
  await databaseOf(store)
    .updateTable('messages')
    .set({ entered_at: now })
    .where('system_key', '=', store.key)
    .where('challenge_id', '=', challengeId)
    .where('entered_at', 'is', null)
    .execute()
}

/** Of the codes sent to numbers of a prefix since then: how many, how many of them were entered, and when the first went. */
export async function tallyPrefix(
  store: SystemStore,
  prefix: string,
  since: number,
): Promise<{ sent: number; entered: number; firstAt: number }> {
  const row = await databaseOf(store)
    .selectFrom('messages')
    .select((eb) => [
      eb.fn.count('challenge_id').distinct().as('sent'),
      eb.fn
        .count(eb.case().when('entered_at', 'is not', null).then(eb.ref('challenge_id')).end())
        .distinct()
        .as('entered'),
      eb.fn.min('created_at').as('firstAt'),
    ])
    .where('system_key', '=', store.key)
    .where('prefix', '=', prefix)
    .where('created_at', '>', since)
    .where('challenge_id', 'is not', null)
    .where('state', 'not in', ['intended', 'refused'])
    .executeTakeFirstOrThrow()
  return { sent: Number(row.sent), entered: Number(row.entered), firstAt: Number(row.firstAt ?? since) }
}

export async function deleteOldNotes(store: Store, before: number): Promise<void> {
  await databaseOf(store).deleteFrom('messages').where('created_at', '<', before).execute()
}
