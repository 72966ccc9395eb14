/**
 * Serves the built pages of `packages/web`: files with hashed names are kept by browsers for ever, the page itself is asked
 * for each time and carries a policy of its own. Which pages there are, `packages/web/build.ts` says.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import staticFiles from '@fastify/static'
import type { FastifyInstance } from 'fastify'

/** The console runs its own files alone and talks to its own node alone; nobody frames it. */
const consolePolicy = (nonce: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')

export const hasConsole = (folder: string): boolean => existsSync(join(folder, 'console/index.html'))

/** `folder` is `packages/web/dist`. Where it was not built, `/console/` says how to. */
export async function serveConsole(server: FastifyInstance, folder: string): Promise<void> {
  const index = join(folder, 'console/index.html')
  const page = existsSync(index) ? readFileSync(index, 'utf8') : undefined
  if (page !== undefined) {
    await server.register(staticFiles, {
      root: join(folder, 'console/assets'),
      prefix: '/console/assets/',
      preCompressed: true,
      immutable: true,
      maxAge: '365d',
      decorateReply: false,
    })
  }
  // Every address below is one of the page's own routes.
  for (const url of ['/console', '/console/*']) {
    server.get(url, { schema: { hide: true } }, async (_request, reply) => {
      if (page === undefined) {
        return reply.status(503).type('text/plain').send('The console is not built. Run: npm run build\n')
      }
      const nonce = randomBytes(16).toString('base64')
      return reply
        .type('text/html; charset=utf-8')
        .headers({
          'content-security-policy': consolePolicy(nonce),
          'referrer-policy': 'no-referrer',
          'cache-control': 'no-store',
        })
        .send(page.replace('%NONCE%', nonce))
    })
  }
}
