/** The least that a Node server with Fastify takes to start: what the node's cold start is compared with. */
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'

const server = Fastify()
server.get('/healthz', async () => ({ status: 'ok' }))
await server.listen({ port: 0, host: '127.0.0.1' })
console.log(`Bare Fastify is ready at http://127.0.0.1:${(server.server.address() as AddressInfo).port}`)
process.once('SIGTERM', () => process.exit(0))
