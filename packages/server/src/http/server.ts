/** Turns routes into a server: parsing by the contract's habits, callers, errors, CORS, documentation. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import cors from '@fastify/cors'
import proxyAddress from '@fastify/proxy-addr'
import swagger from '@fastify/swagger'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import Fastify, { type FastifyInstance, type FastifyRequest, LogController } from 'fastify'
import { noTracing, type Span, type Tracing } from '../base/tracing.ts'
import type { Means, SystemScope } from '../domain/access/scope.ts'
import type { AskOverride } from '../domain/auth/override.ts'
import { presented, scopeFor } from './callers.ts'
import { answerUnreadable, sendError } from './errors.ts'
import { HeldRefusals } from './held-refusals.ts'
import { demandReachable, type Inside } from './inside.ts'
import { servePortalPage } from './portal-page.ts'
import { demandOfPortals, demandPlace, hostOf, type PortalSites, servesPortals } from './portal-sites.ts'
import { Reply, type Route, type RouteInput } from './route.ts'
import { refusedWrite } from './routes/kept.ts'
import { serveConsole } from './web-files.ts'

export type ServerOptions = {
  means: Means
  routes: readonly Route[]
  ask: AskOverride
  /** Tells a request that a service made inside the node; undefined for one from outside. */
  inside: (request: FastifyRequest) => Inside | undefined
  trustedProxies: string[]
  tls: { cert: string; key: string } | undefined
  /** Where `packages/web` was built to. */
  webFiles: string
  sites: PortalSites
  /** An edge has none: developers do not sign in there. */
  console: boolean
  /** Takes over connections that become something else than HTTP; undefined where none does. */
  upgrades?: {
    takes: (request: IncomingMessage) => boolean
    /** `address` as routes see it. */
    upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer, address: string) => void
  }
  /** Given by tests alone. */
  refusalHoldMs?: number | undefined
  onAnswer?: (facts: { method: string; route: string; status: number; seconds: number }) => void
}

/** Bundles of code reach 1.6 MB, rows come in thousands. */
const bodyLimit = 16 * 1024 * 1024

/** Of routes that take forms: what comes to them is a text message or less. */
const formLimit = 64 * 1024

declare module 'fastify' {
  interface FastifyContextConfig {
    form?: boolean
    /** Answers at the origin of portals. */
    portal?: boolean
  }
}

/** All SDKs put queries into the address, which counts as head; Node's own limit of 16 KiB is a few hundred conditions. */
const maxHeaderSize = 64 * 1024

export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const { means, upgrades } = options
  // Whatever else asks for an upgrade is answered as if it had not.
  const sockets = {
    maxHeaderSize,
    shouldUpgradeCallback: (request: IncomingMessage) => upgrades?.takes(request) === true,
  }
  const server = Fastify({
    // What the framework itself finds worth telling is of no use to an operator, but its warnings are.
    loggerInstance: means.log.child({}, { level: 'warn' }),
    // A logger for each request would say nothing more, and costs each.
    childLoggerFactory: (logger) => logger,
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: options.trustedProxies.length === 0 ? false : options.trustedProxies,
    bodyLimit,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 500 },
    // The Go SDK builds paths with `//` (rest-api.md §1.2); collapsed without a redirect, which it would not follow.
    rewriteUrl: (request) => collapseSlashes(request.url ?? '/'),
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: false } },
    forceCloseConnections: 'idle',
    // What never reaches a route gets the envelope too; no hook runs for it, so the header for pages of elsewhere is set here.
    frameworkErrors: (error, request, reply) =>
      sendError(means.log, error, request, reply.header('access-control-allow-origin', '*')),
    clientErrorHandler: answerUnreadable,
    ...(options.tls === undefined ? { http: sockets } : { https: { ...options.tls, ...sockets } }),
  }) as unknown as FastifyInstance
  // The same reading of X-Forwarded-For as the framework's own, whose requests these never become.
  const trust = proxyAddress.compile(options.trustedProxies)
  const addressOf = (request: IncomingMessage): string =>
    options.trustedProxies.length === 0 ? (request.socket.remoteAddress ?? '') : proxyAddress(request, trust)
  if (upgrades !== undefined)
    server.server.on('upgrade', (request, socket, head) => upgrades?.upgrade(request, socket, head, addressOf(request)))
  // Tokens travel in headers and never in cookies, so any page may call; what it cannot present, it does not have.
  await server.register(cors, {
    origin: '*',
    methods: ['GET', 'POST', 'PUT', 'DELETE'],
    allowedHeaders: [
      'Accept',
      'Content-Type',
      'ClearBlade-SystemKey',
      'ClearBlade-SystemSecret',
      'ClearBlade-UserToken',
      'ClearBlade-DevToken',
      'ClearBlade-DeviceToken',
      'Logging-enabled',
    ],
    maxAge: 86_400,
  })
  await server.register(swagger, {
    openapi: { info: { title: 'Gatehouse', version: '0.1.0', description: 'The HTTP interface of a Gatehouse node' } },
  })
  // Before anything of the request is read; what goes before it answers questions of browsers alone.
  server.addHook('onRequest', (request, _reply, done) => {
    const { url, config } = request.routeOptions
    demandPlace(options.sites.siteOf(hostOf(request)), url, config.portal === true)
    done()
  })
  // A mark works once, so what it said is remembered as long as its request. What stands here holds for pages too.
  const insides = new WeakMap<FastifyRequest, Inside>()
  server.addHook('onRequest', (request, _reply, done) => {
    const inside = options.inside(request)
    if (inside !== undefined) {
      demandReachable(request.routeOptions.url)
      insides.set(request, inside)
    }
    done()
  })
  if (means.tracing !== noTracing) traceRequests(server, means.tracing)
  readEveryBodyAsJson(server)
  server.addHook('onResponse', (request, reply, done) => {
    options.onAnswer?.({
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status: reply.statusCode,
      seconds: reply.elapsedTime / 1000,
    })
    done()
  })
  const refusals = new HeldRefusals(options.refusalHoldMs)
  server.addHook('onSend', (_request, reply, payload, done) => {
    reply.header('x-content-type-options', 'nosniff')
    refusals.pass(reply.statusCode, () => done(null, payload))
  })
  server.setErrorHandler((error, request, reply) => sendError(means.log, error, request, reply))
  server.setNotFoundHandler((request, reply) => {
    const { method } = request
    const path = request.url.split('?')[0]!
    const refusal =
      refusedWrite(method, path) ?? new GatehouseError('noRoute', `There is nothing at ${method} ${path}.`)
    return sendError(means.log, refusal, request, reply)
  })
  for (const route of options.routes) addRoute(server, route, options, insides)
  if (options.console) await serveConsole(server, options.webFiles)
  await servePortalPage(server, { folder: options.webFiles, sites: options.sites, key: means.key })
  server.get('/openapi.json', { schema: { hide: true } }, async () => server.swagger())
  return server
}

/** Asked for all the time, by machines. */
const untraced = new Set(['/healthz', '/metrics'])

/**
 * A span for each request, by its route: the path as it was sent may hold names. Whoever calls cannot continue a trace of his
 * own, or he could write into those of the operator.
 */
function traceRequests(server: FastifyInstance, tracing: Tracing): void {
  const spans = new WeakMap<FastifyRequest, Span>()
  server.addHook('onRequest', (request, _reply, done) => {
    const route = request.routeOptions.url
    if (route !== undefined && untraced.has(route)) return done()
    const span = tracing.start(route === undefined ? request.method : `${request.method} ${route}`, 'server', {
      'http.request.method': request.method,
      ...(route !== undefined && { 'http.route': route }),
    })
    spans.set(request, span)
    tracing.within(span, done)
  })
  // Reading a body leaves the context of what began before it.
  server.addHook('preValidation', (request, _reply, done) => {
    const span = spans.get(request)
    if (span === undefined) done()
    else tracing.within(span, done)
  })
  server.addHook('onResponse', async (request, reply) => {
    const span = spans.get(request)
    span?.set({ 'http.response.status_code': reply.statusCode })
    span?.end(reply.statusCode >= 500 ? 'error' : 'ok')
  })
}

const formType = 'application/x-www-form-urlencoded'

/**
 * GO sends no content type, browsers text/plain: a body that is not empty is JSON (rest-api.md §1.1), but for the routes
 * that take forms.
 */
function readEveryBodyAsJson(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser('error', 'error')
  server.removeAllContentTypeParsers()
  // Also where the header names no type at all.
  server.addHook('onRequest', (request, _reply, done) => {
    // Where there is no route nobody reads the body, so it cannot be wrong.
    if (request.is404 || request.routeOptions.config.form === true) request.headers['content-type'] = formType
    else if (request.headers['content-type'] !== undefined) request.headers['content-type'] = 'application/json'
    done()
  })
  server.addContentTypeParser(formType, { parseAs: 'string' }, (_request, body, done) => done(null, body))
  server.addContentTypeParser('*', { parseAs: 'string' }, (request, body, done) => {
    if (body.length === 0) done(null, undefined)
    else parse(request, body as string, done)
  })
}

function addRoute(
  server: FastifyInstance,
  route: Route,
  options: ServerOptions,
  insides: WeakMap<FastifyRequest, Inside>,
): void {
  const scopeOf = async (request: FastifyRequest, input: RouteInput<unknown>, inside: Inside | undefined) => {
    const origin = inside?.origin ?? {
      address: request.ip,
      userAgent: request.headers['user-agent'] ?? '',
      page: request.headers.origin ?? '',
    }
    const wanted = { pathKey: input.params.key, systemFrom: route.systemFrom?.(input) }
    const runTokens = inside?.tokens ?? noRunTokens
    const credentials = { ...presented(request.headers), ...route.systemIn?.(input, options.means.key) }
    const scope = await scopeFor(options.means, origin, route.allow, credentials, wanted, runTokens)
    demandOfPortals(options.sites.siteOf(hostOf(request)), scope, credentials.developerToken)
    return scope
  }
  for (const url of route.paths) {
    server.route({
      method: route.method,
      url,
      config: { form: route.form, portal: servesPortals(route, url) },
      ...(route.form && { bodyLimit: formLimit }),
      ...(route.bodyLimit !== undefined && {
        bodyLimit: route.bodyLimit,
        // Nobody fills the memory of a node with bodies that he may not send.
        onRequest: async (request) => {
          await scopeOf(request, inputOf(request, options), insides.get(request))
        },
      }),
      schema: { summary: route.summary, ...(route.body !== undefined && { body: route.body }) },
      // `{}`, `null` and nothing are alike (rest-api.md §1.2).
      preValidation: (request, _reply, done) => {
        request.body ??= {}
        done()
      },
      handler: async (request, reply) => {
        const input = inputOf(request, options)
        const inside = insides.get(request)
        const scope = await scopeOf(request, input, inside)
        if (inside !== undefined) scope.within = inside.runId
        const answer = await route.handle(scope as SystemScope, input)
        if (!(answer instanceof Reply)) return reply.send(answer === undefined ? '' : answer)
        reply.status(answer.status).headers(answer.headers)
        return reply.send(answer.body)
      },
    })
  }
}

const inputOf = (request: FastifyRequest, { ask }: ServerOptions): RouteInput<unknown> => ({
  params: request.params as Record<string, string>,
  query: request.query as RouteInput<unknown>['query'],
  body: request.body,
  headers: request.headers,
  ask,
})

const noRunTokens = () => undefined

const collapseSlashes = (url: string): string => {
  const query = url.indexOf('?')
  const path = query === -1 ? url : url.slice(0, query)
  return path.includes('//') ? path.replace(/\/{2,}/g, '/') + (query === -1 ? '' : url.slice(query)) : url
}
