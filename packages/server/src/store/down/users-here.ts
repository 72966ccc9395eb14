/** Users of whom an edge holds anything, wherever it stands: also one whose row in the table of users is gone there. */
import { sql } from 'kysely'
import { databaseOf, type SystemStore } from '../store.ts'
import { findCollection } from '../tables/collections.ts'
import type { Range } from './groups.ts'

/** Their ids, by what stands beside the table of users: an account lets in without it. */
export async function idsBesideTable(tx: SystemStore, { after, upTo }: Range): Promise<string[]> {
  const ids = new Set<string>()
  for (const table of ['accounts', 'memberships', 'authenticators'] as const) {
    const rows = await databaseOf(tx)
      .selectFrom(table)
      .select('user_id')
      .distinct()
      .where('system_key', '=', tx.key)
      .where('user_id', '>', after)
      .$if(upTo !== null, (query) => query.where('user_id', '<=', upTo!))
      .execute()
    for (const { user_id: id } of rows) ids.add(id)
  }
  return [...ids]
}

/** Whether there is a row of this user in the table of users, as there is of each that the platform brought. */
export async function isInTable(tx: SystemStore, userId: string): Promise<boolean> {
  const found = await findCollection(tx, { kind: 'users' })
  if (found === undefined) return false
  const { table, key } = found.table
  const { rows } = await sql`select 1 from ${sql.id(table)} where ${sql.id(key)} = ${userId}`.execute(databaseOf(tx))
  return rows.length > 0
}
