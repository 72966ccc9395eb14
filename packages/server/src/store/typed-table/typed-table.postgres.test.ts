import { postgresUrl } from '../../../../../test/support/postgres.ts'
import { openPostgres } from '../dialect/postgres.ts'
import { typedTableSuite } from './typed-table.suite.ts'

typedTableSuite('PostgreSQL', async () => openPostgres({ connectionString: await postgresUrl() }))
