import { createTestDatabase } from '../../../../test/support/postgres.ts'
import { changesSuite } from './changes.suite.ts'
import { openPostgres } from './dialect/postgres.ts'

changesSuite('PostgreSQL', async () => {
  const { url, drop } = await createTestDatabase()
  return { open: () => openPostgres({ connectionString: url }), remove: drop }
})
