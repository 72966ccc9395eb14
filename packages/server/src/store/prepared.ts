/** Queries of files in `tables/` whose text is made once; see `kept-queries.ts`. In a transaction they run in it. */
import type { Compilable, CompiledQuery, Insertable, Kysely } from 'kysely'
import { keptInsert, keptQuery } from './kept-queries.ts'
import type { Tables } from './schema.ts'
import { databaseOf, dialectOf, keptQueriesOf, type Store, type SystemStore } from './store.ts'

type Build<Values, Row> = (db: Kysely<Tables>, values: Values) => Compilable<Row>

const asked = (store: Store | SystemStore) => ({ db: databaseOf(store), keptQueries: keptQueriesOf(store) })

/** Answers the rows. `build` cannot look at the values. */
export function prepared<Values extends object, Row>(
  build: Build<Values, Row>,
): (store: Store | SystemStore, values: Values) => Promise<Row[]> {
  return async (store, values) => {
    const db = databaseOf(store)
    const query = keptQuery(asked(store), build, values)
    const { read } = dialectOf(store)
    if (read !== undefined && !db.isTransaction && isSelect(query)) return read(query.sql, query.parameters) as Row[]
    return (await db.executeQuery(query)).rows as Row[]
  }
}

const isSelect = (query: CompiledQuery): boolean => query.query.kind === 'SelectQueryNode'

/** The same for what changes rows; answers how many it changed. */
export function preparedChange<Values extends object>(
  build: Build<Values, unknown>,
): (store: Store | SystemStore, values: Values) => Promise<number> {
  return async (store, values) => {
    const { numAffectedRows } = await databaseOf(store).executeQuery(keptQuery(asked(store), build, values))
    return Number(numAffectedRows ?? 0n)
  }
}

/** Adds one row. */
export async function insertOne<Table extends keyof Tables & string>(
  store: Store | SystemStore,
  table: Table,
  row: Insertable<Tables[Table]>,
): Promise<void> {
  await databaseOf(store).executeQuery(keptInsert(asked(store), table, row))
}
