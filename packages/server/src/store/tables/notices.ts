/** Notices to users: noted in the transaction of what they tell, then sent once by whichever node takes one first. */
import { databaseOf, type Store, type SystemStore, writerOf } from '../store.ts'

export type NoticeChannel = 'phone' | 'email'

/**
 * `sending` is how one stays whose node died over it: whether it went out is not known, so it is not sent again.
 * `skipped`: there was no way to send it.
 */
export type NoticeState = 'intended' | 'sending' | 'sent' | 'failed' | 'skipped'

export type NoticeRecord = {
  id: string
  userId: string
  channel: NoticeChannel
  /** Sealed; empty once nothing is to be sent any more. */
  recipient: string
  body: string
  attempts: number
  createdAt: number
}

/** In the transaction of what it tells; the bell rings after it. */
export async function insertNotice(store: SystemStore, one: Omit<NoticeRecord, 'attempts'>): Promise<void> {
  await writerOf(store)
    .insertInto('notices')
    .values({
      id: one.id,
      system_key: store.key,
      user_id: one.userId,
      channel: one.channel,
      recipient: one.recipient,
      body: one.body,
      state: 'intended',
      attempts: 0,
      created_at: one.createdAt,
      due_at: one.createdAt,
    })
    .execute()
  store.ringForNotices()
}

/** Checks and takes in one statement: of several nodes one sends it. Oldest first; undefined where none is due. */
export async function takeNotice(store: SystemStore, now: number): Promise<NoticeRecord | undefined> {
  for (;;) {
    const next = await databaseOf(store)
      .selectFrom('notices')
      .select('id')
      .where('system_key', '=', store.key)
      .where('state', '=', 'intended')
      .where('due_at', '<=', now)
      .orderBy('created_at')
      .orderBy('channel', 'desc')
      .limit(1)
      .executeTakeFirst()
    if (next === undefined) return undefined
    const taken = await databaseOf(store)
      .updateTable('notices')
      .set((eb) => ({ state: 'sending', attempts: eb('attempts', '+', 1) }))
      .where('system_key', '=', store.key)
      .where('id', '=', next.id)
      .where('state', '=', 'intended')
      .returning(['id', 'user_id as userId', 'channel', 'recipient', 'body', 'attempts', 'created_at as createdAt'])
      .executeTakeFirst()
    // Another node was quicker with this one.
    if (taken !== undefined) return { ...taken, channel: taken.channel as NoticeChannel }
  }
}

/** Whom it went to is not kept. With `dueAt` it is tried again from then on. */
export async function settleNotice(
  store: SystemStore,
  id: string,
  to: { state: Exclude<NoticeState, 'intended' | 'sending'> } | { dueAt: number },
): Promise<void> {
  await databaseOf(store)
    .updateTable('notices')
    .set('dueAt' in to ? { state: 'intended', due_at: to.dueAt } : { state: to.state, recipient: '' })
    .where('system_key', '=', store.key)
    .where('id', '=', id)
    .where('state', '=', 'sending')
    .execute()
}

/** The systems that have some to send. */
export async function systemsWithNotices(store: Store, now: number): Promise<string[]> {
  const rows = await databaseOf(store)
    .selectFrom('notices')
    .select('system_key as key')
    .distinct()
    .where('state', '=', 'intended')
    .where('due_at', '<=', now)
    .execute()
  return rows.map(({ key }) => key)
}

export async function deleteOldNotices(store: Store, before: number): Promise<void> {
  await databaseOf(store).deleteFrom('notices').where('created_at', '<', before).execute()
}
