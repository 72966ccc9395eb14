/**
 * Tables and portals as they can be compared: columns and rules of collections, their indexes, files of portals. What an edge has
 * is what stands in its database itself, and not what is noted of it. Sums of rows, users and code are `digest.ts`.
 */
import { setImmediate } from 'node:timers/promises'
import type { AnyTables } from '../dialect/database.ts'
import { databaseOf, dialectOf, type SystemStore } from '../store.ts'
import { type CollectionRecord, findCollection } from '../tables/collections.ts'
import { listColumns } from '../typed-table/structure.ts'
import { forgetCollections } from './copies.ts'
import { canonical, hashOf, type Listed } from './digest.ts'
import type { ConflictRule, PortalState, TableState } from './groups.ts'
import { listPortalNames, readPortalFiles } from './portals.ts'
import { readTable } from './read.ts'
import { dropCollection, hasTable } from './schema.ts'

/** What is not compared, though it is to be there. */
export const anyHash = ''

/** Of a table that is not in the database as it is noted. */
export const notWhole = 'not whole'

/** Each column that has indexes by itself: one that could not be made is set aside by itself. */
export function listTableOf({ id, kind, name, columns, indexes, rule, up }: TableState): Listed {
  const thing = kind === 'users' ? 'users' : `collection ${id}`
  const byColumn = [...Map.groupBy(indexes, ({ column }) => column)]
  return [
    [thing, hashOf(canonical([name, columns.map((one) => [one.name, one.type]), rule ?? '', up ?? '']))],
    ...byColumn.map(([column, of]): Listed[number] => [
      kind === 'users' ? `users index ${column}` : `index ${id}/${column}`,
      hashOf(canonical(of.map(({ unique }) => unique).sort())),
    ]),
  ]
}

export const listPortalOf = ({ name, files }: PortalState): Listed[number] => [
  `portal ${name}`,
  hashOf(canonical(files.map(({ path, bytes }) => [path, hashOf(bytes)]).sort())),
]

type Tabled = 'users' | 'items'

/** On an edge: of its collections, or of its users. */
export async function listTablesHere(tx: SystemStore, kind: Tabled): Promise<Listed> {
  const listed: Listed = []
  for (const id of await tablesHere(tx, kind)) {
    const found = await findTable(tx, kind, id)
    if (found !== undefined) listed.push(...(await listTable(tx, found)))
  }
  return listed
}

async function listTable(tx: SystemStore, found: CollectionRecord): Promise<Listed> {
  const rule = await databaseOf(tx)
    .selectFrom('synced_collections')
    .select(['rule', 'row_keys'])
    .where('system_key', '=', tx.key)
    .where('collection_id', '=', found.id)
    .executeTakeFirst()
  const state = await readTable(tx, found)
  const up = rule?.row_keys ? (JSON.parse(rule.row_keys) as string[]) : undefined
  const upward = rule && { rule: rule.rule as ConflictRule, ...(up !== undefined && { up }) }
  const listed = listTableOf({ ...state, ...upward })
  const isWhole = (await missingColumns(tx, found)).length === 0
  return isWhole ? listed : listed.map(([thing]) => [thing, notWhole])
}

/** Undefined where no column of it is noted. */
const findTable = (tx: SystemStore, kind: Tabled, id: string): Promise<CollectionRecord | undefined> =>
  findCollection(tx, kind === 'users' ? { kind } : { id })

async function tablesHere(tx: SystemStore, kind: Tabled): Promise<string[]> {
  const rows = await databaseOf(tx)
    .selectFrom('collections')
    .select('id')
    .where('system_key', '=', tx.key)
    .where('kind', '=', kind)
    .execute()
  return rows.map(({ id }) => id)
}

/** That are noted, and are not in the database. */
async function missingColumns(tx: SystemStore, { table }: CollectionRecord): Promise<string[]> {
  const there = new Set(await listColumns(databaseOf(tx) as AnyTables, dialectOf(tx), table))
  return table.columns.flatMap(({ name }) => (there.has(name) ? [] : [name]))
}

/**
 * On an edge, of these collections, or of its users: what is noted is what there is by now, so that what comes down makes the rest.
 * What was copied once and lost its table or columns of it is to be copied anew. A table that can hold rows is never dropped.
 */
export async function noteWhatIsThere(tx: SystemStore, kind: Tabled, only?: readonly string[]): Promise<void> {
  for (const id of only ?? (await tablesHere(tx, kind))) {
    if (!(await hasTable(tx, { kind, id }))) {
      await dropCollection(tx, id)
      await forgetCollections(tx, [id])
      continue
    }
    const found = await findTable(tx, kind, id)
    const missing = found === undefined ? [] : await missingColumns(tx, found)
    if (missing.length > 0) {
      await forgetCollections(tx, [id])
      await databaseOf(tx)
        .deleteFrom('collection_columns')
        .where('collection_id', '=', id)
        .where('name', 'in', missing)
        .execute()
    }
  }
}

/** On an edge, one portal at a time and in no transaction: they are large, and sign-ins there would wait for it. */
export async function listPortalsHere(store: SystemStore): Promise<Listed> {
  const listed: Listed = []
  for (const name of await listPortalNames(store)) {
    const found = await readPortalFiles(store, name)
    if (found !== undefined) listed.push(listPortalOf(found))
    await setImmediate()
  }
  return listed
}
