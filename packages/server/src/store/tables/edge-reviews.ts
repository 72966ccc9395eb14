/**
 * Sign-ins at an edge while its link was cut, with what would have been decided otherwise, as they were weighed when they were
 * told; and what of the change log an edge has missed, from which that follows. Weighing is `edge/review.ts`.
 */
import { uuid } from '../../base/ids.ts'
import { databaseOf, type Store, type SystemStore } from '../store.ts'

/** `what` is for programs, `words` for people; `since` in milliseconds, where it is known. */
export type Finding = { what: string; words: string; since: number | null }

export type ReviewedSignIn = {
  id: string
  at: number
  userId: string
  decision: string
  /** As the edge told it: `door`, `address`, `factors`, `service`, `version`, `dataAge` and more. */
  record: Record<string, unknown>
  otherwise: Finding[]
  unknown: Finding[]
}

/** Between two links of one edge: from when it was last heard (null where that is not known) until the link numbered `link`. */
export type Dark = { link: number; from: number | null; until: number }

export async function insertReviewed(
  tx: SystemStore,
  edge: string,
  dark: Dark,
  one: Omit<ReviewedSignIn, 'id'>,
): Promise<void> {
  const { at, userId, decision, record, otherwise, unknown } = one
  await databaseOf(tx)
    .insertInto('edge_reviews')
    .values({
      ...{ id: uuid(), system_key: tx.key, edge, link: dark.link, dark_from: dark.from, dark_until: dark.until },
      ...{ at, user_id: userId, decision, record: JSON.stringify(record), otherwise: JSON.stringify(otherwise) },
      ...{ unknown: JSON.stringify(unknown), rank: otherwise.length > 0 ? 0 : unknown.length > 0 ? 1 : 2 },
    })
    .execute()
}

export type DarkTime = Dark & { signIns: number; otherwise: number; unknown: number }

/** Newest first: those that ended with the latest links. */
export async function listDarkTimes(store: SystemStore, edge: string, limit: number): Promise<DarkTime[]> {
  const rows = await databaseOf(store)
    .selectFrom('edge_reviews')
    .select((eb) => [
      'link',
      'dark_until as until',
      eb.fn.min('dark_from').as('from'),
      eb.fn.countAll<number | string>().as('signIns'),
      eb.fn.sum<number | string>(eb.case().when('rank', '=', 0).then(1).else(0).end()).as('otherwise'),
      eb.fn.sum<number | string>(eb.case().when('rank', '=', 1).then(1).else(0).end()).as('unknown'),
    ])
    .where('system_key', '=', store.key)
    .where('edge', '=', edge)
    // Numbers of links begin anew with another machine of this name.
    .groupBy(['link', 'dark_until'])
    .orderBy('dark_until', 'desc')
    .limit(limit)
    .execute()
  return rows.map((row) => ({
    ...{ link: row.link, from: row.from === null ? null : Number(row.from), until: Number(row.until) },
    ...{ signIns: Number(row.signIns), otherwise: Number(row.otherwise), unknown: Number(row.unknown) },
  }))
}

/** Those that would have been decided otherwise first, then those of which something is not known; of alike ones the newest. */
export async function listReviewed(
  store: SystemStore,
  edge: string,
  { link, until }: Dark,
  limit: number,
): Promise<ReviewedSignIn[]> {
  const rows = await databaseOf(store)
    .selectFrom('edge_reviews')
    .selectAll()
    .where('system_key', '=', store.key)
    .where('edge', '=', edge)
    .where('link', '=', link)
    .where('dark_until', '=', until)
    .orderBy('rank')
    .orderBy('at', 'desc')
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map((row) => ({
    ...{ id: row.id, at: row.at, userId: row.user_id, decision: row.decision, record: JSON.parse(row.record) },
    ...{ otherwise: JSON.parse(row.otherwise), unknown: JSON.parse(row.unknown) },
  }))
}

/** By the time of the sign-ins, as their records. */
export async function deleteOldReviews(store: Store, before: number): Promise<void> {
  await databaseOf(store).deleteFrom('edge_reviews').where('at', '<', before).execute()
}

export type MissedChange = {
  position: number
  /** Milliseconds, by the clock of the log. */
  at: number
  kind: string
  id: string
  isDelete: boolean
  columns: readonly string[]
}

const missedKinds = [
  'credential',
  'membership',
  'authenticator',
  'role',
  'settings',
  'deployment',
  'service',
  'library',
]

/** What a sign-in may rest on, in order; not every step that was taken, nor that a version was named as safe. */
export async function changesOfSignIn(
  store: SystemStore,
  after: number,
  upTo: number,
  limit: number,
): Promise<MissedChange[]> {
  const rows = await databaseOf(store)
    .selectFrom('changes')
    .select(['position', 'kind', 'id', 'operation', 'columns', 'stamp'])
    .where('system_key', '=', store.key)
    .where('position', '>', after)
    .where('position', '<=', upTo)
    .where('kind', 'in', missedKinds)
    .where('columns', 'not in', ['["step"]', '["failures"]', '["safe"]'])
    .orderBy('position')
    .limit(limit)
    .execute()
  return rows.map(({ stamp, columns, operation, ...row }) => ({
    ...row,
    // A hybrid logical clock: its first twelve digits are milliseconds.
    at: Number.parseInt(stamp.slice(0, 12), 16),
    isDelete: operation === 'delete',
    columns: JSON.parse(columns),
  }))
}

/** The first change that is still known; 0 where there is none. */
export async function oldestChange(store: SystemStore): Promise<number> {
  const row = await databaseOf(store)
    .selectFrom('changes')
    .select('position')
    .where('system_key', '=', store.key)
    .orderBy('position')
    .limit(1)
    .executeTakeFirst()
  return row?.position ?? 0
}
