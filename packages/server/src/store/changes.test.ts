import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { changesSuite } from './changes.suite.ts'
import { openSqlite } from './dialect/sqlite.ts'

changesSuite('SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-changes-'))
  return {
    open: () => openSqlite({ file: join(folder, 'gatehouse.db') }),
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  }
})
