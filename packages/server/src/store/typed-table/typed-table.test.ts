import { openSqlite } from '../dialect/sqlite.ts'
import { typedTableSuite } from './typed-table.suite.ts'

typedTableSuite('SQLite', async () => openSqlite({ file: ':memory:' }))
