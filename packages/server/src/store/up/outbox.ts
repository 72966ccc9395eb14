/** Reads what an edge has to tell its platform, and forgets what was taken. Writing it is `facts.ts`. */
import { databaseOf, type Store, type SystemStore } from '../store.ts'
import type { ToldFact, UpCursor } from './facts.ts'

/** Undefined where nothing was ever told. */
export async function outboxHead(store: SystemStore): Promise<UpCursor | undefined> {
  return databaseOf(store)
    .selectFrom('outbox_heads')
    .select(['incarnation', 'position'])
    .where('system_key', '=', store.key)
    .executeTakeFirst()
}

export async function countFacts(store: SystemStore, after: number): Promise<number> {
  const { count } = await databaseOf(store)
    .selectFrom('outbox')
    .select((eb) => eb.fn.countAll().as('count'))
    .where('system_key', '=', store.key)
    .where('position', '>', after)
    .executeTakeFirstOrThrow()
  return Number(count)
}

export async function factsAfter(store: SystemStore, after: number, limit: number): Promise<ToldFact[]> {
  const rows = await databaseOf(store)
    .selectFrom('outbox')
    .select(['position', 'at', 'fact'])
    .where('system_key', '=', store.key)
    .where('position', '>', after)
    .orderBy('position')
    .limit(limit)
    .execute()
  return rows.map(({ fact, ...row }) => ({ ...row, fact: JSON.parse(fact) }))
}

/** What the platform has taken, and was told before `before`: one that is restored may ask for what is younger again. */
export async function forgetFacts(store: SystemStore, upTo: number, before: number): Promise<void> {
  await databaseOf(store)
    .deleteFrom('outbox')
    .where('system_key', '=', store.key)
    .where('position', '<=', upTo)
    .where('at', '<', before)
    .execute()
}

/** Of an edge that was away for too long: the platform hears how many there were. */
export async function deleteOldFacts(store: Store, before: number): Promise<void> {
  await databaseOf(store).deleteFrom('outbox').where('at', '<', before).execute()
}
