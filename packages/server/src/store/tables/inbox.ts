/** Messages that the development gateway took. Kept for a day, and only so many of one system. */
import { databaseOf, type Store, type SystemStore } from '../store.ts'

export type InboxRecord = {
  id: string
  to: string
  from: string
  serviceSid: string | null
  body: string
  at: number
}

const columns = ['id', 'recipient as to', 'sender as from', 'service_sid as serviceSid', 'body', 'at'] as const

const mostOfSystem = 1_000

/** Adds it once: the same id again changes nothing. */
export async function insertInboxMessage(store: SystemStore, message: InboxRecord): Promise<void> {
  const db = databaseOf(store)
  await db
    .insertInto('inbox_messages')
    .values({
      id: message.id,
      system_key: store.key,
      recipient: message.to,
      sender: message.from,
      service_sid: message.serviceSid,
      body: message.body,
      at: message.at,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
  await db
    .deleteFrom('inbox_messages')
    .where('system_key', '=', store.key)
    .where('position', '<=', (eb) =>
      eb
        .selectFrom('inbox_messages')
        .select('position')
        .where('system_key', '=', store.key)
        .orderBy('position', 'desc')
        .offset(mostOfSystem)
        .limit(1),
    )
    .execute()
}

export async function findInboxMessage(store: SystemStore, id: string): Promise<InboxRecord | undefined> {
  return databaseOf(store)
    .selectFrom('inbox_messages')
    .select(columns)
    .where('system_key', '=', store.key)
    .where('id', '=', id)
    .executeTakeFirst()
}

/** The newest `limit` that came after `since`, oldest first. */
export async function listInbox(store: SystemStore, page: { since?: number; limit: number }): Promise<InboxRecord[]> {
  let query = databaseOf(store).selectFrom('inbox_messages').select(columns).where('system_key', '=', store.key)
  if (page.since !== undefined) query = query.where('at', '>', page.since)
  return (await query.orderBy('position', 'desc').limit(page.limit).execute()).reverse()
}

export type InboxFilter = {
  to?: string
  from?: string
  /** At or after, at or before. */
  notBefore?: number
  notAfter?: number
}

/** Messages to phones, newest first, with how many there are in all. */
export async function searchInbox(
  store: SystemStore,
  filter: InboxFilter,
  page: { offset: number; limit: number },
): Promise<{ messages: InboxRecord[]; total: number }> {
  let query = databaseOf(store)
    .selectFrom('inbox_messages')
    .where('system_key', '=', store.key)
    .where('recipient', 'not like', '%@%')
  if (filter.to !== undefined) query = query.where('recipient', '=', filter.to)
  if (filter.from !== undefined) query = query.where('sender', '=', filter.from)
  if (filter.notBefore !== undefined) query = query.where('at', '>=', filter.notBefore)
  if (filter.notAfter !== undefined) query = query.where('at', '<=', filter.notAfter)
  const messages = await query
    .select(columns)
    .orderBy('position', 'desc')
    .offset(page.offset)
    .limit(page.limit)
    .execute()
  const { total } = await query.select((eb) => eb.fn.countAll().as('total')).executeTakeFirstOrThrow()
  return { messages, total: Number(total) }
}

export async function clearInbox(store: SystemStore): Promise<number> {
  const result = await databaseOf(store)
    .deleteFrom('inbox_messages')
    .where('system_key', '=', store.key)
    .executeTakeFirst()
  return Number(result.numDeletedRows)
}

export async function deleteOldInboxMessages(store: Store, before: number): Promise<void> {
  await databaseOf(store).deleteFrom('inbox_messages').where('at', '<', before).execute()
}
