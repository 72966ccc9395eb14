/**
 * The document of a portal, at the origin of its system and nowhere else. Code of a portal is a stranger's and may do in this
 * document what it likes; what keeps it there is the origin, and the policy below, which lets nobody frame it.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import staticFiles from '@fastify/static'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { NodeKey } from '../base/node-key.ts'
import { plainPage } from './pages.ts'
import { keyOfLink, noPortals } from './portal-links.ts'
import { hostOf, type PortalSites } from './portal-sites.ts'

/**
 * Parsers and widgets are texts that run, libraries come from anywhere by https. Requests go to the own origin, or out by
 * https. Workers come as blobs alone, so no service worker outlives the page.
 */
const portalPolicy = [
  "default-src 'none'",
  "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob: https:",
  "style-src 'self' 'unsafe-inline' https:",
  "img-src 'self' data: blob: https:",
  "font-src 'self' data: https:",
  "media-src 'self' data: blob: https:",
  "connect-src 'self' data: blob: https: wss:",
  'frame-src https:',
  'worker-src blob:',
  "form-action 'self' https:",
  "base-uri 'none'",
  "object-src 'none'",
  "frame-ancestors 'none'",
].join('; ')

const headers = {
  'content-security-policy': portalPolicy,
  // The address holds the link.
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  // A process of its own where the browser has one to give, and no handle on whoever opened it.
  'origin-agent-cluster': '?1',
  'cross-origin-opener-policy': 'same-origin',
}

const sentOn = 'sentOn'

const hostIsLost = (): GatehouseError =>
  new GatehouseError('unavailable', 'This request came in under the name of the node, though it was for the portals.', {
    hint: 'The proxy before the node must hand on the Host that the browser sent.',
  })

type Options = { folder: string; sites: PortalSites; key: NodeKey }

export async function servePortalPage(server: FastifyInstance, { folder, sites, key }: Options): Promise<void> {
  const index = join(folder, 'portal/index.html')
  const page = existsSync(index) ? readFileSync(index, 'utf8') : undefined
  await server.register(async (within) => {
    within.addHook('onRoute', (route) => {
      route.config = { ...route.config, portal: true }
    })
    if (page !== undefined) {
      await within.register(staticFiles, {
        root: join(folder, 'portal/assets'),
        prefix: '/portal/assets/',
        preCompressed: true,
        immutable: true,
        maxAge: '365d',
        decorateReply: false,
      })
    }
    within.get('/portal', { schema: { hide: true } }, async (request, reply) => {
      const { search } = new URL(request.url, 'http://node')
      const link = request.query as Record<string, unknown>
      const site = sites.siteOf(hostOf(request))
      const wanted = whose(key, link.systemKey)
      if (wanted instanceof GatehouseError) return refuse(reply, wanted)
      if (site.kind !== 'portals') {
        const origin = sites.originOf(wanted)
        if (origin === undefined) return refuse(reply, noPortals())
        // It was sent on already: what stands before the node says another name than the browser asked for.
        if (link[sentOn] !== undefined) return refuse(reply, hostIsLost())
        return reply.header('cache-control', 'no-store').redirect(`${origin}/portal/${search}&${sentOn}=1`, 302)
      }
      if (site.system !== wanted) {
        return refuse(reply, new GatehouseError('wrongSystem', 'This link is of another system.'))
      }
      if (page === undefined) {
        return refuse(reply, new GatehouseError('unavailable', 'The page of portals is not built. Run: npm run build'))
      }
      return reply.type('text/html; charset=utf-8').headers(headers).send(page.replace('%SYSTEM%', wanted))
    })
  })
}

function whose(key: NodeKey, sealed: unknown): string | GatehouseError {
  try {
    return keyOfLink(key, sealed)
  } catch (error) {
    if (error instanceof GatehouseError) return error
    throw error
  }
}

/** For people, who followed a link. */
function refuse(reply: FastifyReply, { status, detail, hint }: GatehouseError): FastifyReply {
  const { body, headers: plain } = plainPage('This portal cannot be opened', [
    detail,
    ...(hint === undefined ? [] : [hint]),
  ])
  return reply.status(status).headers(plain).send(body)
}
