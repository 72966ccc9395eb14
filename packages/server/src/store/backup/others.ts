/** Whether somebody else is on a PostgreSQL database: what the operator's commands ask before they change all of it. */
import { sql } from 'kysely'
import { databaseOf, dialectOf, type Store } from '../store.ts'

/** Other sessions of this database's user, as nodes are; for a store with one connection. 0 on SQLite, which locks files. */
export async function otherSessions(store: Store): Promise<number> {
  if (dialectOf(store).kind === 'sqlite') return 0
  const { rows } = await sql<{ others: number }>`select count(*)::int as others from pg_stat_activity
    where datname = current_database() and usename = current_user and pid <> pg_backend_pid()
    and backend_type = 'client backend'`.execute(databaseOf(store))
  return Number(rows[0]?.others ?? 0)
}
