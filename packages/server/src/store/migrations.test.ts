import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqlite } from './dialect/sqlite.ts'
import { migrationsSuite } from './migrations.suite.ts'

migrationsSuite('SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-migrations-'))
  const target = join(folder, 'gatehouse.db')
  return {
    target,
    open: () => openSqlite({ file: target }),
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  }
})
