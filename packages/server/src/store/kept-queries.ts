/**
 * Texts of queries that are the same each time but for their values. Building one and making its text costs more than it
 * takes the database to answer, so for what every request asks the text is made once for each open database.
 */
import type { Compilable, CompiledQuery, Insertable, Kysely } from 'kysely'
import type { Tables } from './schema.ts'

/** By what builds them. */
export type KeptQueries = Map<unknown, CompiledQuery>

export type Asked = { db: Kysely<Tables>; keptQueries: KeptQueries }

/** Stands for a value while the text is made. */
class Place {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

const places = new Proxy({}, { get: (_, name) => new Place(String(name)) })

/** `build` makes the query out of values that it may use as parameters alone: it cannot look at them. */
export function keptQuery<Values extends object, Row>(
  { db, keptQueries }: Asked,
  build: (db: Kysely<Tables>, values: Values) => Compilable<Row>,
  values: Values,
): CompiledQuery<Row> {
  let query = keptQueries.get(build) as CompiledQuery<Row> | undefined
  if (query === undefined) {
    query = build(db, places as Values).compile()
    keptQueries.set(build, query)
  }
  return filled(query, values)
}

/** One row with all the columns that it has; the same columns make the same text. */
export function keptInsert<Table extends keyof Tables & string>(
  { db, keptQueries }: Asked,
  table: Table,
  row: Insertable<Tables[Table]>,
): CompiledQuery {
  const columns = Object.keys(row)
  const name = `insert ${table} ${columns.join(' ')}`
  let query = keptQueries.get(name)
  if (query === undefined) {
    const values = Object.fromEntries(columns.map((column) => [column, new Place(column)]))
    query = db
      .insertInto(table)
      .values(values as never)
      .compile()
    keptQueries.set(name, query)
  }
  return filled(query, row)
}

const filled = <Row>(query: CompiledQuery<Row>, values: object): CompiledQuery<Row> => ({
  ...query,
  parameters: query.parameters.map((parameter) =>
    parameter instanceof Place ? values[parameter.name as keyof typeof values] : parameter,
  ),
})
