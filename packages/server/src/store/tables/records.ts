/** Rows that tell what happened: sign-in traces, failed runs, logs of runs. Kept for a while, then removed. */
import { insertOne } from '../prepared.ts'
import { databaseOf, type Store, type SystemStore } from '../store.ts'

/** What goes up from an edge of a record, and how long a text is at most; its user and its time stand beside it. */
export const toldFields = {
  ...{
    door: 20,
    address: 100,
    userAgent: 300,
    service: 200,
    version: 20,
    phase: 20,
    factors: 100,
    why: 500,
    dataAge: 20,
  },
} as const

function toldOf(record: Record<string, unknown>): Record<string, unknown> {
  const told: Record<string, unknown> = {}
  for (const [name, most] of Object.entries(toldFields)) {
    const value = record[name]
    if (typeof value === 'number') told[name] = value
    if (typeof value === 'string') told[name] = value.slice(0, most).toWellFormed().replaceAll('\0', '')
  }
  return told
}

export async function insertTrace(
  store: SystemStore,
  trace: { id: string; at: number; decision: string; record: Record<string, unknown> },
): Promise<void> {
  const { id, at, decision, record } = trace
  const write = async (to: SystemStore): Promise<void> => {
    await insertOne(to, 'sign_in_traces', { id, system_key: to.key, at, decision, record: JSON.stringify(record) })
    if (typeof record.userId === 'string')
      to.tell({ kind: 'sign-in', user: record.userId, decision, record: toldOf(record) })
  }
  await (store.tells ? store.transaction(write) : write(store))
}

export async function listTraces(
  store: SystemStore,
  page: { limit: number; before?: number; since?: number },
): Promise<Record<string, unknown>[]> {
  let query = databaseOf(store)
    .selectFrom('sign_in_traces')
    .selectAll()
    .where('system_key', '=', store.key)
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit)
  if (page.before !== undefined) query = query.where('at', '<', page.before)
  if (page.since !== undefined) query = query.where('at', '>=', page.since)
  const rows = await query.execute()
  return rows.map((row) => ({ id: row.id, at: row.at, decision: row.decision, ...JSON.parse(row.record) }))
}

/** How many sign-ins ended in which way, in spans of `spanMs` that begin at multiples of it; without empty spans. */
export async function countTraces(
  store: SystemStore,
  { since, spanMs }: { since: number; spanMs: number },
): Promise<{ at: number; decision: string; count: number }[]> {
  const rows = await databaseOf(store)
    .selectFrom('sign_in_traces')
    .select((eb) => [
      eb('at', '-', eb('at', '%', spanMs)).as('span'),
      'decision',
      eb.fn.countAll<number | string | bigint>().as('count'),
    ])
    .where('system_key', '=', store.key)
    .where('at', '>=', since)
    .groupBy(['span', 'decision'])
    .orderBy('span')
    .execute()
  return rows.map(({ span, decision, count }) => ({ at: Number(span), decision, count: Number(count) }))
}

export async function insertFailedRun(
  store: SystemStore,
  run: { id: string; service: string; at: number; record: Record<string, unknown> },
): Promise<void> {
  await databaseOf(store)
    .insertInto('failed_runs')
    .values({ id: run.id, system_key: store.key, service: run.service, at: run.at, record: JSON.stringify(run.record) })
    .execute()
}

export async function listFailedRuns(store: SystemStore, limit: number): Promise<Record<string, unknown>[]> {
  const rows = await databaseOf(store)
    .selectFrom('failed_runs')
    .selectAll()
    .where('system_key', '=', store.key)
    .orderBy('at', 'desc')
    .limit(limit)
    .execute()
  return rows.map((row) => JSON.parse(row.record))
}

export async function deleteFailedRuns(store: SystemStore, ids: string[]): Promise<Record<string, unknown>[]> {
  if (ids.length === 0) return []
  const rows = await databaseOf(store)
    .deleteFrom('failed_runs')
    .where('system_key', '=', store.key)
    .where('id', 'in', ids)
    .returning('record')
    .execute()
  return rows.map((row) => JSON.parse(row.record))
}

export async function insertRunLog(
  store: SystemStore,
  log: { id: string; service: string; at: number; runMs: number; text: string },
): Promise<void> {
  await databaseOf(store)
    .insertInto('run_logs')
    .values({ id: log.id, system_key: store.key, service: log.service, at: log.at, run_ms: log.runMs, log: log.text })
    .execute()
}

export async function listRunLogs(
  store: SystemStore,
  service: string,
  limit: number,
): Promise<{ id: string; at: number; runMs: number; text: string }[]> {
  const rows = await databaseOf(store)
    .selectFrom('run_logs')
    .selectAll()
    .where('system_key', '=', store.key)
    .where('service', '=', service)
    .orderBy('at', 'desc')
    .limit(limit)
    .execute()
  return rows.map((row) => ({ id: row.id, at: row.at, runMs: row.run_ms, text: row.log }))
}

export async function deleteOldRecords(
  store: Store,
  before: { traces: number; failedRuns: number; logs: number },
): Promise<void> {
  const db = databaseOf(store)
  await db.deleteFrom('sign_in_traces').where('at', '<', before.traces).execute()
  await db.deleteFrom('failed_runs').where('at', '<', before.failedRuns).execute()
  await db.deleteFrom('run_logs').where('at', '<', before.logs).execute()
}
