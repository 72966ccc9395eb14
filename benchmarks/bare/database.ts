/** A table like that of a collection, asked without anything between: better-sqlite3, or pg. */
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import pg from 'pg'
import { keySequence } from '../../packages/server/src/store/dialect/keys.ts'
import { perSite, type Reading, readings } from '../rows.ts'

export type BareDatabase = {
  /** Keys of the rows that were there from the start. */
  keys: string[]
  byKey(key: string): unknown
  bySite(site: string): unknown
  /** Answers the new key when the row will last. */
  insert(reading: Reading): string | Promise<string>
  /** Inserts that make sense at once: a synchronous library has one. */
  insertsAtOnce: number
  name: string
}

const columns = 'item_id, site, name, level'
const filter = `where site = PARAMETER order by item_id limit ${perSite + 1}`
const insertion = `insert into TABLE (${columns})`

/** The settings under which the node opens its own file. */
export function openSqlite(folder: string): BareDatabase {
  const db = new Sqlite(join(folder, 'bare.db'))
  for (const setting of ['journal_mode = WAL', 'synchronous = FULL', 'fullfsync = ON', 'checkpoint_fullfsync = ON']) {
    db.pragma(setting)
  }
  const table = '(item_id text not null primary key, site text, name text, level integer) strict'
  db.exec(`create table readings ${table}; create index by_site on readings (site); create table copies ${table}`)
  const prepareInsert = (name: string) => db.prepare(`${insertion.replace('TABLE', name)} values (?, ?, ?, ?)`)
  const fill = prepareInsert('readings')
  const insert = prepareInsert('copies')
  const newKey = keySequence()
  const keys = db.transaction(() =>
    readings.map(({ site, name, level }) => {
      const key = newKey()
      fill.run(key, site, name, level)
      return key
    }),
  )()
  const byKey = db.prepare(`select ${columns} from readings where item_id = ?`)
  const bySite = db.prepare(`select ${columns} from readings ${filter.replace('PARAMETER', '?')}`)
  return {
    keys,
    name: 'better-sqlite3',
    insertsAtOnce: 1,
    byKey: (key) => byKey.all(key),
    bySite: (site) => bySite.all(site).slice(0, perSite),
    insert: ({ site, name, level }) => {
      const key = newKey()
      insert.run(key, site, name, level)
      return key
    },
  }
}

/** As many connections as the node holds, statements prepared once on each. */
export async function openPostgres(url: string): Promise<BareDatabase> {
  const pool = new pg.Pool({ connectionString: url, max: 10 })
  const table = '(item_id uuid not null primary key, site text collate "C", name text collate "C", level integer)'
  await pool.query(
    `create table readings ${table}; create index by_site on readings (site); create table copies ${table}`,
  )
  const newKey = keySequence()
  const keys = readings.map(() => newKey())
  const insertInto = (table: string, key: string, { site, name, level }: Reading) =>
    pool.query({
      name: `insert ${table}`,
      text: `${insertion.replace('TABLE', table)} values ($1, $2, $3, $4)`,
      values: [key, site, name, level],
    })
  for (const [index, reading] of readings.entries()) await insertInto('readings', keys[index]!, reading)
  const select = async (name: string, condition: string, value: string) =>
    (await pool.query({ name, text: `select ${columns} from readings ${condition}`, values: [value] })).rows
  return {
    keys,
    name: 'pg',
    insertsAtOnce: Number.POSITIVE_INFINITY,
    byKey: (key) => select('by key', 'where item_id = $1', key),
    bySite: async (site) => (await select('by site', filter.replace('PARAMETER', '$1'), site)).slice(0, perSite),
    insert: async (reading) => {
      const key = newKey()
      await insertInto('copies', key, reading)
      return key
    },
  }
}
