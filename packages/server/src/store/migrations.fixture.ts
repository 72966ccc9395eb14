/** A process of its own that brings one database to the present schema, as a starting node does: for `migrations.suite.ts`. */
import { once } from 'node:events'
import { openPostgres } from './dialect/postgres.ts'
import { openSqlite } from './dialect/sqlite.ts'
import { migrate } from './migrations.ts'

const target = process.argv[2]!
process.stdout.write('waiting\n')
await once(process.stdin, 'data')
const database = target.startsWith('postgres')
  ? openPostgres({ connectionString: target })
  : openSqlite({ file: target })
await migrate(database.db, database.dialect)
await database.close()
process.exit(0)
