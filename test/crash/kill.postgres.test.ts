import { postgresUrl } from '../support/postgres.ts'
import { killSuite } from './kill.suite.ts'

killSuite('PostgreSQL', postgresUrl)
