/** What the platform knows by the word of its edges: how far it has taken it, steps taken there. */
import { day } from '../../base/clock.ts'
import { prepared } from '../prepared.ts'
import { databaseOf, dialectOf, type Store, type SystemStore } from '../store.ts'
import type { UpCursor } from '../up/facts.ts'

export type UpLane = 'facts' | 'rows'

/** How long a step is of interest: longer than an edge may be away without being thought lost. */
const stepsKept = 90 * day
/** RFC 6238: a step is half a minute. */
const stepMs = 30_000

/** Undefined where nothing was taken yet. */
export async function upCursor(store: SystemStore, edge: string, lane: UpLane): Promise<UpCursor | undefined> {
  return databaseOf(store)
    .selectFrom('edge_cursors')
    .select(['incarnation', 'position'])
    .where('system_key', '=', store.key)
    .where('edge', '=', edge)
    .where('lane', '=', lane)
    .executeTakeFirst()
}

/** In the transaction that takes what lies between. False where it stands elsewhere: another link was quicker, or a part is missing. */
export async function moveUpCursor(
  tx: SystemStore,
  { edge, lane }: { edge: string; lane: UpLane },
  from: UpCursor | null,
  to: UpCursor,
): Promise<boolean> {
  const db = databaseOf(tx)
  if (from === null) {
    const made = await db
      .insertInto('edge_cursors')
      .values({ system_key: tx.key, edge, lane, ...to })
      .onConflict((conflict) => conflict.columns(['system_key', 'edge', 'lane']).doNothing())
      .returning('edge')
      .execute()
    return made.length > 0
  }
  const moved = await db
    .updateTable('edge_cursors')
    .set(to)
    .where('system_key', '=', tx.key)
    .where('edge', '=', edge)
    .where('lane', '=', lane)
    .where('incarnation', '=', from.incarnation)
    .where('position', '=', from.position)
    .returning('edge')
    .execute()
  return moved.length > 0
}

/** Held until the transaction ends. False where the edge was removed, or has opened another link since. */
export async function holdEdge(tx: Store, { publicKey, number }: { publicKey: string; number: number }) {
  const row = await databaseOf(tx)
    .selectFrom('edges')
    .select('name')
    .where('public_key', '=', publicKey)
    .where('link_number', '=', number)
    // SQLite has one writer, so there a transaction holds everything.
    .$if(dialectOf(tx).kind === 'postgres', (select) => select.forUpdate())
    .executeTakeFirst()
  return row !== undefined
}

/** Of an edge that is removed: another of its name begins anew. */
export async function forgetEdgeWords(tx: SystemStore, edge: string): Promise<void> {
  for (const table of ['edge_cursors', 'edge_requests'] as const) {
    await databaseOf(tx).deleteFrom(table).where('system_key', '=', tx.key).where('edge', '=', edge).execute()
  }
}

/** A step that was taken here. Without edges there is nobody to compare it with. */
export async function noteOwnStep(store: SystemStore, authenticator: string, step: number): Promise<void> {
  if (store.key === '') return
  if (!(await hasEdges(store))) return
  await databaseOf(store)
    .insertInto('taken_steps')
    .values({ system_key: store.key, authenticator_id: authenticator, step, place: '' })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

const hasEdges = async (store: SystemStore): Promise<boolean> => (await anyEdge(store, { key: store.key })).length > 0

const anyEdge = prepared((db, { key }: { key: string }) =>
  db.selectFrom('edges').select('name').where('system_key', '=', key).limit(1),
)

/** In the transaction that holds the authenticator. Answers the other places where this step was taken before. */
export async function noteStepAt(
  tx: SystemStore,
  authenticator: string,
  step: number,
  edge: string,
): Promise<string[]> {
  const db = databaseOf(tx)
  const made = await db
    .insertInto('taken_steps')
    .values({ system_key: tx.key, authenticator_id: authenticator, step, place: edge })
    .onConflict((conflict) => conflict.columns(['system_key', 'authenticator_id', 'step', 'place']).doNothing())
    .returning('place')
    .execute()
  if (made.length === 0) return []
  const others = await db
    .selectFrom('taken_steps')
    .select('place')
    .where('system_key', '=', tx.key)
    .where('authenticator_id', '=', authenticator)
    .where('step', '=', step)
    .where('place', '!=', edge)
    .execute()
  return others.map(({ place }) => place)
}

/** The same of the counter of a passkey. */
export async function noteOwnCount(
  store: SystemStore,
  authenticator: string,
  count: number,
  now: number,
): Promise<void> {
  if (store.key === '') return
  if (!(await hasEdges(store))) return
  await databaseOf(store)
    .insertInto('taken_counts')
    .values({ system_key: store.key, authenticator_id: authenticator, count, place: '', taken_at: now })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** In the transaction that holds the passkey. Answers the other places where its counter stood there before. */
export async function noteCountAt(
  tx: SystemStore,
  authenticator: string,
  count: number,
  edge: string,
  now: number,
): Promise<string[]> {
  const db = databaseOf(tx)
  const made = await db
    .insertInto('taken_counts')
    .values({ system_key: tx.key, authenticator_id: authenticator, count, place: edge, taken_at: now })
    .onConflict((conflict) => conflict.columns(['system_key', 'authenticator_id', 'count', 'place']).doNothing())
    .returning('place')
    .execute()
  if (made.length === 0) return []
  const others = await db
    .selectFrom('taken_counts')
    .select('place')
    .where('system_key', '=', tx.key)
    .where('authenticator_id', '=', authenticator)
    .where('count', '=', count)
    .where('place', '!=', edge)
    .execute()
  return others.map(({ place }) => place)
}

export async function deleteOldEdgeWords(store: Store, now: number): Promise<void> {
  await databaseOf(store)
    .deleteFrom('taken_steps')
    .where('step', '<', Math.floor((now - stepsKept) / stepMs))
    .execute()
  await databaseOf(store)
    .deleteFrom('session_ends')
    .where('at', '<', now - stepsKept)
    .execute()
  await databaseOf(store)
    .deleteFrom('taken_counts')
    .where('taken_at', '<', now - stepsKept)
    .execute()
  await databaseOf(store)
    .deleteFrom('edge_users')
    .where('gone_at', '<', now - stepsKept)
    .execute()
  // Whoever was away for longer than this may bring a deleted row back.
  await databaseOf(store)
    .deleteFrom('row_stamps')
    .where('deleted', 'is not', null)
    .where('written_at', '<', now - stepsKept)
    .execute()
}
