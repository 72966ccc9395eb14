/**
 * Queries that are the same each time but for their values. Building one and making its text costs more than it takes the
 * database to answer, so for what every request asks the text is made once for each open database.
 */
import type { Compilable, CompiledQuery, Kysely } from 'kysely'
import type { Tables } from './schema.ts'
import { databaseOf, dialectOf, keptQueriesOf, type Store, type SystemStore } from './store.ts'

/** Stands for a value while the text is made. */
class Place {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

const places = new Proxy({}, { get: (_, name) => new Place(String(name)) })

/**
 * `build` makes the query out of values that it may use as parameters alone: it cannot look at them. In a transaction the
 * query runs in it.
 */
export function prepared<Values extends object, Row>(
  build: (db: Kysely<Tables>, values: Values) => Compilable<Row>,
): (store: Store | SystemStore, values: Values) => Promise<Row[]> {
  return async (store, values) => {
    const db = databaseOf(store)
    const queries = keptQueriesOf(store)
    let query = queries.get(build) as CompiledQuery<Row> | undefined
    if (query === undefined) {
      query = build(db, places as Values).compile()
      queries.set(build, query)
    }
    const parameters = query.parameters.map((parameter) =>
      parameter instanceof Place ? values[parameter.name as keyof Values] : parameter,
    )
    const { read } = dialectOf(store)
    if (read !== undefined && !db.isTransaction) return read(query.sql, parameters) as Row[]
    return (await db.executeQuery({ ...query, parameters })).rows as Row[]
  }
}
