/**
 * The change log does not grow for ever. What lies below its floor is gone: whoever stands there is brought everything anew.
 * Above it, of several changes of one thing the newest is kept, where nobody needs the others. The floor is written before
 * anything below it is removed, so that whoever reads the log and then the floor knows whether something is missing. In small
 * transactions, with other work between them.
 */
import { sql } from 'kysely'
import { formatStamp } from './changes.ts'
import { databaseOf, type Store, type SystemStore } from './store.ts'

const atOnce = 1_000
/** Below which a log is not looked through for what is there several times, counted from the last time. */
const compactFrom = 10_000
/** Things that are remembered while a log is looked through; what is beyond stays. */
const mostRemembered = 300_000
/** Each says something that the newest does not: that a column was renamed. */
const keptWhole = ['collection']

export type LogState = { position: number; floor: number; compacted: number; fold: number | undefined }

export const systemsWithLogs = async (store: Store): Promise<string[]> =>
  (await databaseOf(store).selectFrom('change_heads').select('system_key').execute()).map((row) => row.system_key)

export async function logState(store: SystemStore): Promise<LogState | undefined> {
  const db = databaseOf(store)
  const head = await db
    .selectFrom('change_heads')
    .select(['position', 'floor', 'compacted'])
    .where('system_key', '=', store.key)
    .executeTakeFirst()
  if (head === undefined) return undefined
  const fold = await db
    .selectFrom('sync_folds')
    .select('position')
    .where('system_key', '=', store.key)
    .executeTakeFirst()
  return { ...head, fold: fold?.position }
}

/** The highest position of what was written before that moment: stamps grow with positions. `low` where nothing was. */
export async function positionBefore(store: SystemStore, ms: number, low: number, high: number): Promise<number> {
  const stamp = formatStamp(Math.max(0, ms), 0, '')
  let [from, to] = [low, high]
  while (from < to) {
    const middle = Math.floor((from + to) / 2) + 1
    const row = await databaseOf(store)
      .selectFrom('changes')
      .select(['position', 'stamp'])
      .where('system_key', '=', store.key)
      .where('position', '>=', middle)
      .orderBy('position')
      .limit(1)
      .executeTakeFirst()
    if (row === undefined || row.position > to || row.stamp >= stamp) to = middle - 1
    else from = row.position
  }
  return from
}

/** Answers how many rows were removed. `pause` between two transactions. */
export async function raiseFloor(store: SystemStore, floor: number, pause: () => Promise<void>): Promise<number> {
  const db = databaseOf(store)
  await db
    .updateTable('change_heads')
    .set({ floor })
    .where('system_key', '=', store.key)
    .where('floor', '<', floor)
    .execute()
  let removed = 0
  for (;;) {
    const rows = await db
      .selectFrom('changes')
      .select('position')
      .where('system_key', '=', store.key)
      .where('position', '<=', floor)
      .orderBy('position')
      .limit(atOnce)
      .execute()
    removed += await remove(
      store,
      rows.map(({ position }) => position),
    )
    if (rows.length < atOnce) return removed
    await pause()
  }
}

/** Of what lies above the floor and up to `upTo`, what a newer change of the same thing stands for. */
export async function compactLog(store: SystemStore, upTo: number, pause: () => Promise<void>): Promise<number> {
  const before = await logState(store)
  if (before === undefined || before.position - before.compacted < compactFrom) return 0
  const db = databaseOf(store)
  const seen = new Set<string>()
  let removed = 0
  for (let below = before.position + 1; ; ) {
    const rows = await db
      .selectFrom('changes')
      .select(['position', 'kind', 'id'])
      .where('system_key', '=', store.key)
      .where('position', '<', below)
      .orderBy('position', 'desc')
      .limit(atOnce)
      .execute()
    const over: number[] = []
    for (const { position, kind, id } of rows) {
      if (keptWhole.includes(kind)) continue
      const key = `${kind} ${id}`
      if (!seen.has(key)) {
        if (seen.size < mostRemembered) seen.add(key)
      } else if (position <= upTo) over.push(position)
    }
    removed += await remove(store, over)
    if (rows.length < atOnce) break
    below = rows.at(-1)!.position
    await pause()
  }
  await db.updateTable('change_heads').set({ compacted: before.position }).where('system_key', '=', store.key).execute()
  return removed
}

/** On an edge: of its own log what is of no row, which nobody there asks for. */
export async function forgetOtherThanRows(store: SystemStore, upTo: number): Promise<void> {
  await databaseOf(store)
    .deleteFrom('changes')
    .where('system_key', '=', store.key)
    .where('position', '<=', upTo)
    .where('kind', '!=', 'item')
    .execute()
}

async function remove(store: SystemStore, positions: readonly number[]): Promise<number> {
  if (positions.length === 0) return 0
  await databaseOf(store)
    .deleteFrom('changes')
    .where('system_key', '=', store.key)
    .where(sql<boolean>`position in (${sql.join(positions)})`)
    .execute()
  return positions.length
}
