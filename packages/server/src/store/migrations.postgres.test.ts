import { createTestDatabase } from '../../../../test/support/postgres.ts'
import { openPostgres } from './dialect/postgres.ts'
import { migrationsSuite } from './migrations.suite.ts'

migrationsSuite('PostgreSQL', async () => {
  const { url, drop } = await createTestDatabase()
  return { target: url, open: () => openPostgres({ connectionString: url }), remove: drop }
})
