import { stormSuite } from './storm.suite.ts'

stormSuite('SQLite', 4, async () => undefined)
