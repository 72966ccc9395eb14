import { startDurablePostgres } from '../support/postgres.ts'
import { stormSuite } from './storm.suite.ts'

stormSuite('PostgreSQL', 5, startDurablePostgres)
