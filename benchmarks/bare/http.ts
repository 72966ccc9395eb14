/** A Fastify server with the four answers that the node is compared with, and nothing of the product. */
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import type { Reading } from '../rows.ts'
import type { BareDatabase } from './database.ts'

/** Listens on a free loopback port and answers it. */
export async function serve(database: BareDatabase): Promise<number> {
  const server = Fastify()
  server.get<{ Params: { key: string } }>('/row/:key', async ({ params }) => page(await database.byKey(params.key)))
  server.get<{ Params: { site: string } }>('/site/:site', async ({ params }) =>
    page(await database.bySite(params.site)),
  )
  server.post<{ Body: Reading }>('/row', async ({ body }) => [{ item_id: await database.insert(body) }])
  server.post('/hello', async () => ({ is_authenticated: true }))
  await server.listen({ port: 0, host: '127.0.0.1' })
  return (server.server.address() as AddressInfo).port
}

/** The shape in which the node answers rows. */
const page = (rows: unknown) => ({
  DATA: rows,
  TOTAL: (rows as unknown[]).length,
  CURRENTPAGE: 1,
  NEXTPAGEURL: null,
  PREVPAGEURL: null,
})
