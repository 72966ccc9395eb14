import { postgresUrl } from '../support/postgres.ts'
import { startSuite } from './start.suite.ts'

startSuite('PostgreSQL', postgresUrl)
