import { join } from 'node:path'
import Database from 'better-sqlite3'
import { secrecySuite } from './secrecy.suite.ts'

const file = (dataFolder: string): string => join(dataFolder, 'gatehouse.db')

secrecySuite('SQLite', async () => ({
  url: undefined,
  async change(dataFolder, statement) {
    const database = new Database(file(dataFolder), { timeout: 5_000 })
    database.exec(statement)
    database.close()
  },
  async tables(dataFolder) {
    const database = new Database(file(dataFolder), { readonly: true })
    const names = database.prepare("select name from sqlite_master where type = 'table'").pluck().all() as string[]
    const tables = names.map((name) => {
      const all = database.prepare(`select * from "${name}"`).raw()
      return { name, columns: all.columns().map((column) => column.name), rows: all.all() as unknown[][] }
    })
    database.close()
    return tables
  },
}))
