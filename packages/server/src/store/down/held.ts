/** On an edge: how much it holds of a lane. */
import { sql } from 'kysely'
import { databaseOf, type SystemStore } from '../store.ts'
import type { Lane } from './groups.ts'

/** Rows of collections, or of code and collections together. */
export async function countHeld(store: SystemStore, lane: Lane): Promise<number> {
  const db = databaseOf(store)
  const collections = await db
    .selectFrom('collections')
    .select('table_name')
    .where('system_key', '=', store.key)
    .where('kind', '=', 'items')
    .execute()
  if (lane !== 'data') {
    const units = await db.selectFrom('code_units').select('name').where('system_key', '=', store.key).execute()
    return collections.length + units.length
  }
  let count = 0
  for (const { table_name: table } of collections) {
    const { rows } = await sql<{ n: number }>`select count(*) as n from ${sql.id(table)}`.execute(db)
    count += Number(rows[0]!.n)
  }
  return count
}
