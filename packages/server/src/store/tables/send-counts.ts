/** How often something was sent, or was wrong, within a while: what limits are counted by. */
import { prepared } from '../prepared.ts'
import { databaseOf, type Store, type SystemStore } from '../store.ts'

export type Counted = {
  kind: string
  subject: string
  /** Within so many milliseconds from the first. */
  windowMs: number
  most: number
}

/**
 * Takes one of what is left, in a single statement, so that of parallel senders no more pass than there are places. Answers
 * undefined where there was one, else when the next window begins.
 */
export async function takeCount(store: SystemStore, counted: Counted, now: number): Promise<number | undefined> {
  const { kind, subject, windowMs, most } = counted
  const over = now - windowMs
  const row = await databaseOf(store)
    .insertInto('send_counts')
    .values({ system_key: store.key, kind, subject, began_at: now, count: 1 })
    .onConflict((conflict) =>
      conflict
        .columns(['system_key', 'kind', 'subject'])
        .doUpdateSet((eb) => ({
          count: eb
            .case()
            .when('send_counts.began_at', '<=', over)
            .then(eb.lit(1))
            .else(eb('send_counts.count', '+', eb.lit(1)))
            .end(),
          began_at: eb
            .case()
            .when('send_counts.began_at', '<=', over)
            .then(eb.ref('excluded.began_at'))
            .else(eb.ref('send_counts.began_at'))
            .end(),
        }))
        .where((eb) => eb.or([eb('send_counts.began_at', '<=', over), eb('send_counts.count', '<', most)])),
    )
    .returning('count')
    .executeTakeFirst()
  if (row !== undefined) return undefined
  const full = await databaseOf(store)
    .selectFrom('send_counts')
    .select('began_at')
    .where('system_key', '=', store.key)
    .where('kind', '=', kind)
    .where('subject', '=', subject)
    .executeTakeFirst()
  return (full?.began_at ?? now) + windowMs
}

/** Whether nothing is left of it now; takes none. */
export async function isCountFull(store: SystemStore, counted: Counted, now: number): Promise<boolean> {
  return (await countTaken(store, counted, now)) >= counted.most
}

/** When both have something left again: 0 where they have now. Takes none. */
export async function countsFullUntil(
  store: SystemStore,
  both: readonly [Counted, Counted],
  now: number,
): Promise<number> {
  const [one, other] = both
  const asked = { key: store.key, kind: one.kind, subject: one.subject }
  const rows = await twoCounts(store, { ...asked, otherKind: other.kind, otherSubject: other.subject })
  let until = 0
  for (const { kind, subject, windowMs, most } of both) {
    const row = rows.find((one) => one.kind === kind && one.subject === subject)
    if (row !== undefined && row.count >= most) until = Math.max(until, row.began_at + windowMs)
  }
  return until > now ? until : 0
}

type TwoCounts = { key: string; kind: string; subject: string; otherKind: string; otherSubject: string }
const twoCounts = prepared((db, { key, kind, subject, otherKind, otherSubject }: TwoCounts) =>
  db
    .selectFrom('send_counts')
    .select(['kind', 'subject', 'count', 'began_at'])
    .where('system_key', '=', key)
    .where((eb) => eb.or([eb.and({ kind, subject }), eb.and({ kind: otherKind, subject: otherSubject })])),
)

/** How many were taken in the running window. */
export async function countTaken(store: SystemStore, counted: Omit<Counted, 'most'>, now: number): Promise<number> {
  const { kind, subject, windowMs } = counted
  const [row] = await takenSince(store, { key: store.key, kind, subject, since: now - windowMs })
  return row?.count ?? 0
}

const takenSince = prepared(
  (db, { key, kind, subject, since }: { key: string; kind: string; subject: string; since: number }) =>
    db
      .selectFrom('send_counts')
      .select('count')
      .where('system_key', '=', key)
      .where('kind', '=', kind)
      .where('subject', '=', subject)
      .where('began_at', '>', since),
)

/** Windows that are over, whatever their length. */
export async function deleteOldCounts(store: Store, before: number): Promise<void> {
  await databaseOf(store).deleteFrom('send_counts').where('began_at', '<', before).execute()
}
