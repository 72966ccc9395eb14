/** The node itself: what it is, whether it can serve, how its first developer comes in. */

import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { needsFirstDeveloper } from '../../domain/accounts/developers.ts'
import { readMeta } from '../../store/tables/meta.ts'
import { homePage, setupPage } from '../pages.ts'
import { Reply, type Route, route } from '../route.ts'
import { parameter, wantsPage } from './shapes.ts'

const isLoopback = (address: string): boolean => address === '::1' || /^(::ffff:)?127\./.test(address)

/** A person goes on in the console; what the link carries goes with him, and no further. */
const to = (location: string): Reply =>
  new Reply('', { status: 302, headers: { location, 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' } })

export type NodeFacts = {
  version: string
  ready: () => boolean
  metrics: () => Promise<string>
  /** Whether the console was built. */
  hasConsole: boolean
}

export function nodeRoutes(node: NodeFacts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/',
      allow: 'anybody',
      summary: 'What this is and what to do next',
      handle: async (scope, { headers }) =>
        node.hasConsole && wantsPage(headers)
          ? to('/console/')
          : homePage(scope.publicUrl(), await needsFirstDeveloper(scope)),
    }),
    route({
      method: 'GET',
      path: '/setup',
      allow: 'anybody',
      summary: 'The page behind the one-time link of the first start',
      handle: async (_scope, input) => {
        const key = parameter(input, 'key') ?? ''
        return node.hasConsole && wantsPage(input.headers)
          ? to(`/console/setup?key=${encodeURIComponent(key)}`)
          : setupPage(key)
      },
    }),
    route({
      method: 'GET',
      path: '/healthz',
      allow: 'anybody',
      summary: '200 only when the node can serve',
      handle: async (scope) => {
        if (!node.ready())
          throw new GatehouseError('unavailable', 'The node is starting or stopping.', { retryAfter: 2 })
        await readMeta(scope.store, 'schema_version')
        return { status: 'ok' }
      },
    }),
    route({
      method: 'GET',
      path: '/api/about',
      allow: 'anybody',
      summary: 'Name and version of the program, and whether it still waits for its first developer',
      handle: async (scope) => ({
        about: 'Gatehouse',
        buildId: node.version,
        version: node.version,
        needs_developer: await needsFirstDeveloper(scope),
      }),
    }),
    route({
      method: 'GET',
      path: '/metrics',
      allow: 'anybody',
      summary: 'Metrics for Prometheus',
      // Load and habits of a node are nobody's business on the open net: a scraper runs beside it.
      handle: async (scope, { headers }) => {
        // Through a proxy on this machine everybody seems to come from it.
        const proxied = headers.forwarded !== undefined || headers['x-forwarded-for'] !== undefined
        if (proxied || !isLoopback(scope.origin.address)) throw new GatehouseError('noRoute', 'There is nothing here.')
        return new Reply(await node.metrics(), {
          headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
        })
      },
    }),
  ]
}
