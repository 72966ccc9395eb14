import pg from 'pg'
import { postgresUrl } from '../support/postgres.ts'
import { secrecySuite } from './secrecy.suite.ts'

secrecySuite('PostgreSQL', async () => {
  const url = await postgresUrl()
  const asked = async <T>(work: (client: pg.Client) => Promise<T>): Promise<T> => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      return await work(client)
    } finally {
      await client.end()
    }
  }
  return {
    url,
    change: async (_dataFolder, statement) => {
      await asked((client) => client.query(statement))
    },
    tables: () =>
      asked(async (client) => {
        const { rows: names } = await client.query("select tablename from pg_tables where schemaname = 'public'")
        const tables = []
        for (const { tablename: name } of names) {
          const { fields, rows } = await client.query({ text: `select * from "${name}"`, rowMode: 'array' })
          tables.push({ name, columns: fields.map((field) => field.name), rows })
        }
        return tables
      }),
  }
})
