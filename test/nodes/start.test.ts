import { startSuite } from './start.suite.ts'

startSuite('SQLite', async () => undefined)
