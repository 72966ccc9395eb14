/** Builds a whole node from its configuration and starts it. The one place where the parts meet. */
import { accessSync, closeSync, constants, mkdirSync, openSync, readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { FastifyInstance } from 'fastify'
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import type { Argon2Cost } from './base/argon2.ts'
import { type Clock, day, hour, second, systemClock } from './base/clock.ts'
import { type CountryOf, noCountries, readCountries } from './base/countries.ts'
import { hexId } from './base/ids.ts'
import type { Log } from './base/log.ts'
import { loadNodeKey, type NodeKey } from './base/node-key.ts'
import { hashPassword } from './base/secrets.ts'
import { noTracing, type Tracing } from './base/tracing.ts'
import { type Config, ConfigError } from './config/config.ts'
import { openCatalogue } from './deploy/catalogue.ts'
import { sourceLimits } from './deploy/sources/limits.ts'
import { AttemptGate } from './domain/access/attempt-gate.ts'
import { Kept } from './domain/access/kept.ts'
import type { Means, MessageProvider } from './domain/access/scope.ts'
import { addDeveloper, invite, needsFirstDeveloper } from './domain/accounts/developers.ts'
import { refreshUserSession } from './domain/auth/sessions.ts'
import { redeemForService, signInAnonymously } from './domain/auth/sign-in.ts'
import { outcomesKeptMs } from './domain/auth/withdrawal.ts'
import { carrierTimeoutMs } from './domain/sending/carrier.ts'
import { sendMail } from './domain/sending/mail.ts'
import { NoticeSender } from './domain/sending/notices.ts'
import { type SendMessage, sendMessage } from './domain/sending/send.ts'
import { CodeAsking } from './edge/code-asking.ts'
import { EdgeClock } from './edge/edge-clock.ts'
import { EdgeLink } from './edge/edge-link.ts'
import { EdgeScopes, GoneSweeper } from './edge/edge-scopes.ts'
import { GatewayCodes, readGatewayFile } from './edge/gateway-codes.ts'
import { answersOnEdge, demandLocal } from './edge/local-changes.ts'
import { PlatformLinks } from './edge/platform-links.ts'
import { trimLogs, trimOwnLog } from './edge/trimming.ts'
import { createDial } from './egress/dial.ts'
import { createEgress, type EgressLimits } from './egress/egress.ts'
import { ownUrlMatcher } from './egress/own-url.ts'
import { createEngine } from './engine/engine.ts'
import { nativeLibraries, preludeSource } from './engine/prelude/prelude.ts'
import { Recorder } from './engine/replay/recorder.ts'
import { Replays } from './engine/replay/replay.ts'
import type { Run } from './engine/run.ts'
import { traced } from './engine/traced.ts'
import { Trials } from './engine/trial/trial.ts'
import { edgePageRoutes } from './http/edge-page.ts'
import { Followers } from './http/follow.ts'
import { InsideRequests } from './http/inside.ts'
import { insideGateway } from './http/inside-gateway.ts'
import { portalSites } from './http/portal-sites.ts'
import type { Route } from './http/route.ts'
import { signInDoor } from './http/routes/user-auth.ts'
import { routesOf } from './http/routes.ts'
import { createServer } from './http/server.ts'
import { hasConsole } from './http/web-files.ts'
import { auditChain } from './operate/audit-chain.ts'
import { adoptNextKey } from './operate/key-files.ts'
import { createSandbox, type SandboxOptions } from './sandbox/sandbox.ts'
import type { Walls } from './sandbox/walls.ts'
import type { AuditChain } from './store/audit.ts'
import type { Database } from './store/dialect/database.ts'
import { openSqlite } from './store/dialect/sqlite.ts'
import { DatabaseTooNew, migrate } from './store/migrations.ts'
import { type Store, storeOn } from './store/store.ts'
import { deleteOldAudit } from './store/tables/audit.ts'
import { deleteOldChallenges } from './store/tables/challenges.ts'
import { deleteOldDevices } from './store/tables/devices.ts'
import { deleteOldEdgeAccountSessions } from './store/tables/edge-accounts.ts'
import { deleteOldRequests } from './store/tables/edge-requests.ts'
import { deleteOldReviews } from './store/tables/edge-reviews.ts'
import { deleteOldEdgeWords } from './store/tables/edge-words.ts'
import { deleteOldEnrolments } from './store/tables/enrolments.ts'
import { deleteOldFailures } from './store/tables/failures.ts'
import { deleteOldInboxMessages } from './store/tables/inbox.ts'
import { deleteOldNotes } from './store/tables/messages.ts'
import { readMeta, writeMetaOnce } from './store/tables/meta.ts'
import { deleteOldNotices } from './store/tables/notices.ts'
import { deleteOldResets } from './store/tables/password-resets.ts'
import { findPlatformLink, holdsDevelopers } from './store/tables/platform-links.ts'
import { deleteOldDrafts } from './store/tables/portal-drafts.ts'
import { deleteOldProofs } from './store/tables/proofs.ts'
import { deleteOldRecorded } from './store/tables/recorded-sign-ins.ts'
import { deleteOldRecords } from './store/tables/records.ts'
import { deleteOldCounts } from './store/tables/send-counts.ts'
import { deleteOldSessions } from './store/tables/sessions.ts'
import { deleteOldConflicts } from './store/tables/sync-conflicts.ts'
import { deleteOldVersionOutcomes } from './store/tables/version-outcomes.ts'
import { deleteOldFacts } from './store/up/outbox.ts'

export const version = '0.1.0'

/** What one request of a service may take. */
const egressLimits: EgressLimits = {
  maxResponseBytes: 16 * 1024 * 1024,
  maxRequestBytes: 16 * 1024 * 1024,
  defaultTimeoutMs: 30 * second,
  maxTimeoutMs: 120 * second,
  maxRedirects: 10,
}

/** What a request to a provider of messages may take. A list of a hundred messages is what is longest. */
const messageLimits: EgressLimits = {
  maxResponseBytes: 1024 * 1024,
  maxRequestBytes: 64 * 1024,
  defaultTimeoutMs: carrierTimeoutMs,
  maxTimeoutMs: carrierTimeoutMs,
  maxRedirects: 0,
}

export type App = {
  means: Means
  server: FastifyInstance
  /** All that the server answers, but for pages. */
  routes: readonly Route[]
  notices: NoticeSender
  /** Of an edge. */
  edgeLink: EdgeLink | undefined
  /** Listens; answers the URL that the node is reached at. */
  listen(): Promise<string>
  close(): Promise<void>
  /** When the node has found that its database is under another key: then it is of no use any more. */
  outdated: Promise<void>
  /** When what is recorded of sign-ins that were answered is kept, or given up. */
  settled(): Promise<void>
}

export type Opened = { store: Store; key: NodeKey; database: Database; chain: AuditChain }

/** Opens folder, key and database: what `start`, `developer` and `doctor` have in common. Throws ConfigError. */
export async function openNode(config: Config, log: Log, clock: Clock = systemClock): Promise<Opened> {
  demandFolder(config.dataFolder)
  const held = readKey(config.keyFile)
  const database = await openDatabase(config, log)
  try {
    await migrate(database.db, database.dialect)
    const fingerprint = await writeMetaOnce(storeOn(database, clock, 'no audit'), 'key_fingerprint', held.fingerprint)
    const key = held.fingerprint === fingerprint ? held : nextKey(config, fingerprint)
    if (key === undefined) {
      throw new ConfigError(
        `The node key ${config.keyFile} is not the one that this database was made with. Point --key-file to that key, or restore it from your backup.`,
      )
    }
    const chain = auditChain(config.dataFolder, key)
    const store = storeOn(database, clock, chain, config.edge === undefined ? undefined : demandLocal)
    await demandOwnKind(config, store)
    return { store, key, database, chain }
  } catch (error) {
    await database.close()
    throw databaseProblem(config, error)
  }
}

/** The folder of an edge starts as that edge alone, and that of a platform never as an edge. */
async function demandOwnKind({ edge, dataFolder }: Config, store: Store): Promise<void> {
  const link = await findPlatformLink(store)
  if (edge === undefined && link !== undefined) {
    throw new ConfigError(
      `${dataFolder} is the folder of edge ${link.edgeName}. Start it with gatehouse edge, or choose another with --data.`,
    )
  }
  if (edge !== undefined && link === undefined && (await holdsDevelopers(store))) {
    throw new ConfigError(`${dataFolder} is the folder of a platform. Choose another for the edge with --data.`)
  }
}

/** What an operator can mend, in one sentence. The URL may hold a password, so it is not repeated. */
function databaseProblem(config: Config, error: unknown): unknown {
  if (error instanceof ConfigError) return error
  if (error instanceof DatabaseTooNew) return new ConfigError(error.message)
  const failure = error instanceof GatehouseError ? (error.cause ?? error) : error
  const { code, message } = failure as NodeJS.ErrnoException
  if (code === undefined) return error
  const what = message === '' ? code : message
  return new ConfigError(
    config.databaseUrl === undefined
      ? `The database in ${config.dataFolder} cannot be used: ${what}. If another program holds it, end that first.`
      : `The database cannot be used: ${what}. Check DATABASE_URL and that PostgreSQL runs.`,
  )
}

function demandFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    accessSync(folder, constants.W_OK | constants.R_OK)
  } catch (error) {
    throw new ConfigError(
      `The data folder ${folder} cannot be written: ${(error as Error).message}. Choose another with --data.`,
    )
  }
}

function readKey(file: string): NodeKey {
  try {
    return loadNodeKey(file)
  } catch (error) {
    throw new ConfigError((error as Error).message)
  }
}

/** Where the key was being turned when whoever did it was cut off. Another node may have been quicker. */
function nextKey({ keyFile }: Config, fingerprint: string): NodeKey | undefined {
  const adopted = adoptNextKey(keyFile, fingerprint)
  if (adopted !== undefined) return adopted
  const again = readKey(keyFile)
  return again.fingerprint === fingerprint ? again : undefined
}

function countriesOf({ geoipFile }: Config): CountryOf {
  try {
    return geoipFile === undefined ? noCountries : readCountries(geoipFile)
  } catch (error) {
    throw new ConfigError(`--geoip: ${(error as Error).message}`)
  }
}

function gatewayOf({ edge }: Config): MessageProvider | undefined {
  try {
    return edge?.gatewayFile === undefined ? undefined : readGatewayFile(edge.gatewayFile)
  } catch (error) {
    throw new ConfigError((error as Error).message)
  }
}

function hostAndPort(text: string): string {
  const { hostname, port } = new URL(text)
  return `${hostname}:${port === '' ? '443' : port}`
}

/** Read and tried at once, since a pair that does not fit would only show at the first connection. */
function readCertificate({ certFile, keyFile }: NonNullable<Config['tls']>): { cert: string; key: string } {
  try {
    const pair = { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') }
    createSecureContext(pair)
    return pair
  } catch (error) {
    throw new ConfigError(
      `--tls-cert ${certFile} and --tls-key ${keyFile} cannot be used: ${(error as Error).message}. Both must be PEM files that belong together.`,
    )
  }
}

async function openDatabase(config: Config, log: Log): Promise<Database> {
  if (config.databaseUrl !== undefined) {
    const { openPostgres } = await import('./store/dialect/postgres.ts')
    return openPostgres({
      connectionString: config.databaseUrl,
      onError: (error) => log.warn({ err: error }, 'A connection to the database broke'),
    })
  }
  try {
    const file = join(config.dataFolder, 'gatehouse.db')
    // It holds the hashes of passwords: for its owner alone, also in a folder that others may enter.
    closeSync(openSync(file, 'a', 0o600))
    return openSqlite({ file })
  } catch (error) {
    throw new ConfigError(`The database in ${config.dataFolder} cannot be opened: ${(error as Error).message}.`)
  }
}

/** What only tests give, so that a thousand nodes start soon. No configuration leads here. */
export type GivenByTests = { passwordCost?: Argon2Cost; findWalls?: () => Promise<Walls>; refusalHoldMs?: number }

export async function createApp(
  config: Config,
  log: Log,
  wall: Clock = systemClock,
  { passwordCost, findWalls, refusalHoldMs }: GivenByTests = {},
): Promise<App> {
  const edgeClock = config.edge && new EdgeClock(config.edge, wall)
  const clock = edgeClock ?? wall
  const tls = config.tls && readCertificate(config.tls)
  const gateway = gatewayOf(config)
  const countryOf = countriesOf(config)
  const { store, key, chain } = await openNode(config, log, clock)
  await edgeClock?.open(store, log)
  const nodeId = hexId(6)
  const tracing = await tracingOf(config, nodeId, log)
  let publicUrl = config.url ?? `http://localhost:${config.port}`
  let ready = false
  let ending = false
  const kept = new Kept()
  store.onChange((systemKey, revised) => {
    if (revised) kept.forget(systemKey)
  })
  let listeningPort = config.port
  const development = config.mode === 'development'
  // Browsers lead every *.localhost to loopback by themselves; that is what a developer has, and an edge by itself.
  const ownPortals = `${tls === undefined ? 'http' : 'https'}://{system}.localhost`
  const portalPattern = () =>
    config.portalUrl ?? (development || config.edge !== undefined ? `${ownPortals}:${listeningPort}` : undefined)
  const sites = portalSites({ pattern: portalPattern, publicUrl: () => publicUrl })
  const scopes = new EdgeScopes(store)
  const means: Means = {
    store,
    clock,
    log,
    key,
    gate: new AttemptGate({}, passwordCost),
    kept,
    mode: config.mode,
    publicUrl: () => publicUrl,
    portalOrigin: sites.originOf,
    countryOf,
    tracing,
    ...(edgeClock !== undefined ? { edge: edgeClock } : { throughEdge: scopes.throughEdge }),
  }
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const seconds = new Histogram({
    name: 'gatehouse_http_request_seconds',
    help: 'Time to answer a request, by route',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
  })
  const inside = new InsideRequests()
  const isOwn = (url: URL): boolean =>
    ownUrlMatcher({ publicUrl, port: listeningPort, development, portalOrigin: sites.originOf })(url)
  const egress = createEgress({
    allow: config.egressAllow,
    routes: config.routes,
    limits: egressLimits,
    ownNode: {
      matches: isOwn,
      answer: (request, run) => inside.answer(server, request, run as Run),
      port: () => listeningPort,
    },
    inside: insideGateway,
  })
  // Packages are larger and slower than what services ask for; the policy is the same.
  const packageEgress = createEgress({
    allow: config.egressAllow,
    routes: config.routes,
    limits: { ...egressLimits, maxResponseBytes: sourceLimits.transferBytes, maxTimeoutMs: sourceLimits.timeMs },
    ownNode: {
      matches: isOwn,
      answer: (request) => inside.answerFetch(server, request),
      port: () => listeningPort,
    },
  })
  // What carries messages is asked for little, answers soon, and is never this node itself. Who configures a gateway on the
  // machine of an edge means its place, wherever that is.
  const messageEgress = createEgress({
    allow: [...config.egressAllow, ...(gateway?.kind === 'webhook' ? [hostAndPort(gateway.url)] : [])],
    routes: config.routes,
    limits: messageLimits,
    ownNode: {
      matches: isOwn,
      answer: async () => {
        throw new GatehouseError('egressRefused', 'The node itself is no provider of messages.')
      },
      port: () => listeningPort,
    },
  })
  const send: SendMessage = (scope, message) => sendMessage(scope, messageEgress, message)
  const asking = config.edge && gateway === undefined ? new CodeAsking(config.edge.name) : undefined
  if (gateway !== undefined) means.edgeCodes = new GatewayCodes(config.edge!.name, gateway, send)
  else if (asking !== undefined) means.edgeCodes = asking
  const dial = createDial({ allow: config.egressAllow, ownPort: () => listeningPort })
  const notices = new NoticeSender(means, send, (scope, mail, signal) => sendMail(scope, dial, mail, signal))
  const sandboxOptions: SandboxOptions = {
    prelude: preludeSource(),
    // A run that waits for the world holds its process, so there are more of them than processors.
    maxProcesses: Math.max(12, availableParallelism() * 4),
    // A busy system leaves places to the others.
    placesPerTenant: Math.max(6, availableParallelism() * 2),
    waitingPlaces: { all: 512, perTenant: 256 },
    waitMs: 10_000,
    allowWeakWalls: config.mode === 'development' || config.weakSandbox,
    log,
  }
  const sandbox = await createSandbox(sandboxOptions, findWalls)
  const doors = { redeem: redeemForService, anonymous: signInAnonymously, refresh: refreshUserSession }
  const stage = { sandbox, node: { publicUrl: means.publicUrl, nodeId, version } }
  const recorder = new Recorder(stage, log)
  const { edge: place } = config
  const engine = createEngine({
    ...{ means, sandbox: traced(sandbox, tracing), egress, send, doors, nodeId, version, recorder },
    ...(place !== undefined && { edge: place.name }),
  })
  const edgeLink = place && new EdgeLink(means, place, version, edgeClock!, asking)
  const links = place === undefined ? new PlatformLinks(means, version, send, scopes) : undefined
  const sweeper = place === undefined ? new GoneSweeper(means, scopes) : undefined
  const trials = new Trials({
    ...{ sandbox, doors, nodeId, version, isOwn },
    door: signInDoor(log),
    inside: insideGateway,
  })
  const followers = new Followers()
  const webFiles = join(import.meta.dirname, '../../web/dist')
  const all = routesOf(
    engine,
    openCatalogue(join(import.meta.dirname, '../../../catalogue')),
    { egress: packageEgress, platformLibraries: nativeLibraries, isOwn },
    { version, ready: () => ready, metrics: () => registry.metrics(), hasConsole: hasConsole(webFiles) },
    config.mode,
    send,
    sites,
    { trials, replays: new Replays(stage) },
    followers,
  )
  const routes =
    place === undefined
      ? all
      : [...all, ...edgePageRoutes(means, edgeLink!, version, sites)]
          .map((one) => ({ ...one, paths: one.paths.filter((path) => answersOnEdge(path, one.method)) }))
          .filter(({ allow, paths }) => paths.length > 0 && allow !== 'developer' && allow !== 'system developer')
  const server: FastifyInstance = await createServer({
    means,
    routes,
    console: place === undefined,
    ...(links !== undefined && {
      upgrades: { takes: PlatformLinks.takes, upgrade: (...given) => links.upgrade(...given) },
    }),
    ask: engine.ask,
    inside: (request) => inside.recognise(request),
    trustedProxies: config.trustedProxies,
    tls,
    webFiles,
    sites,
    refusalHoldMs,
    onAnswer: ({ method, route, status, seconds: duration }) => {
      seconds.observe({ method, route, status: String(status) }, duration)
      // A client keeps its connection for the next request, and the end would wait for it.
      if (ending) setImmediate(() => server.server.closeIdleConnections())
    },
  })
  const cleaning = setInterval(() => {
    void clean(means, { chain, days: config.auditDays })
    void sweeper?.sweepAll().catch(() => {})
    void trim(means, config.changeLogDays, edgeLink)
  }, hour)
  cleaning.unref()
  const { promise: outdated, resolve: isOutdated } = Promise.withResolvers<void>()
  // Nobody turns the key of an SQLite database under a node that has it open; a PostgreSQL may be reached meanwhile.
  const watching =
    config.databaseUrl === undefined
      ? undefined
      : setInterval(() => {
          void isUnder(store, key).then((isOurs) => {
            if (isOurs) return
            ready = false
            isOutdated()
          })
        }, 5 * second)
  watching?.unref()
  return {
    outdated,
    means,
    server,
    routes,
    notices,
    edgeLink,
    async listen() {
      await firstDeveloper(config, means)
      if (edgeLink !== undefined) await startLink(edgeLink)
      await server.listen({ port: config.port, host: config.host })
      const { port } = server.server.address() as AddressInfo
      listeningPort = port
      publicUrl = config.url ?? `${config.tls === undefined ? 'http' : 'https'}://localhost:${port}`
      ready = true
      void notices.sweep()
      void sweeper?.sweepAll().catch(() => {})
      return publicUrl
    },
    settled: () => recorder.settled(),
    async close() {
      ready = false
      ending = true
      clearInterval(cleaning)
      clearInterval(watching)
      followers.close()
      await edgeLink?.close()
      await edgeClock?.close()
      await links?.close()
      await sweeper?.close()
      await server.close()
      await sandbox.close()
      await recorder.settled()
      await notices.close()
      await tracing.close()
      await store.close()
    },
  }
}

/** Loaded only where somebody wants it. */
async function tracingOf({ tracing }: Config, instance: string, log: Log): Promise<Tracing> {
  if (tracing === undefined) return noTracing
  const { createTracing } = await import('./base/tracing-otlp.ts')
  return createTracing({ ...tracing, version, instance }, log)
}

/** An edge that is new answers nobody before its platform knows it; one that is enrolled waits for nothing. */
async function startLink(link: EdgeLink): Promise<void> {
  try {
    const { enrolled } = await link.prepare()
    link.start()
    if (!enrolled) await link.enrolled()
  } catch (error) {
    throw new ConfigError((error as Error).message)
  }
}

/** A database that does not answer has not said otherwise. */
async function isUnder(store: Store, key: NodeKey): Promise<boolean> {
  const fingerprint = await readMeta(store, 'key_fingerprint').catch(() => key.fingerprint)
  return fingerprint === key.fingerprint
}

/** Only an empty database listens to the environment: later the values are not looked at. */
async function firstDeveloper(config: Config, means: Means): Promise<void> {
  if (config.firstDeveloper === undefined || !(await needsFirstDeveloper(means))) return
  const person = { ...config.firstDeveloper, firstName: '', lastName: '', organisation: '' }
  const onlyFirst = async (_tx: Store, first: boolean): Promise<void> => {
    if (!first) throw new GatehouseError('developerRegistration', 'There is a first developer already.')
  }
  const hash = (password: string) => means.gate.hash((cost) => hashPassword(password, cost))
  await addDeveloper(means, { ...means, by: 'operator' }, person, onlyFirst, hash).catch(async (error) => {
    // Another node that starts beside this one may have been quicker.
    if (await needsFirstDeveloper(means)) throw error
  })
}

/** The address of the one-time page, where there is nobody yet to sign in. */
export async function setupLink(means: Means): Promise<string | undefined> {
  if (!(await needsFirstDeveloper(means))) return undefined
  const { key } = await invite(means, { ...means, by: 'node' }, 'first')
  return `${means.publicUrl()}/setup?key=${key}`
}

/** What no edge needs of what changed. By itself, since it takes its time. */
async function trim(means: Means, days: number, link: EdgeLink | undefined): Promise<void> {
  try {
    if (link === undefined) await trimLogs(means, days)
    else await trimOwnLog(means, link.place.system, link.taken?.rows ?? null, days)
  } catch (error) {
    means.log.warn({ err: error }, 'The change log could not be trimmed; the next round tries again')
  }
}

/** Rows that are of no use any more. */
export async function clean(means: Means, audit: { chain: AuditChain; days: number }): Promise<void> {
  const now = means.clock.now()
  try {
    await deleteOldSessions(means.store, now - 30 * day)
    await deleteOldProofs(means.store, now - day)
    await deleteOldChallenges(means.store, now - day)
    await deleteOldVersionOutcomes(means.store, now - outcomesKeptMs)
    await deleteOldEnrolments(means.store, now)
    await deleteOldResets(means.store, now)
    await deleteOldDevices(means.store, now)
    await deleteOldFailures(means.store, now)
    await deleteOldDrafts(means.store, now)
    await deleteOldInboxMessages(means.store, now - day)
    await deleteOldNotes(means.store, now - 30 * day)
    await deleteOldNotices(means.store, now - 30 * day)
    await deleteOldCounts(means.store, now - 2 * day)
    await deleteOldRecorded(means.store, now)
    await deleteOldEdgeAccountSessions(means.store, now)
    await deleteOldEdgeWords(means.store, now)
    await deleteOldFacts(means.store, now - 90 * day)
    await deleteOldConflicts(means.store, now - 30 * day)
    await deleteOldRequests(means.store, now - 90 * day)
    await deleteOldReviews(means.store, now - 90 * day)
    await deleteOldRecords(means.store, { traces: now - 90 * day, failedRuns: now - 30 * day, logs: now - 7 * day })
    await deleteOldAudit(means.store, audit.chain, now - audit.days * day, now)
  } catch (error) {
    means.log.warn({ err: error }, 'Old rows could not be removed; the next round tries again')
  }
}
