/** Turns command-line flags and the environment into one checked value. Says what is wrong in one sentence, or nothing. */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { firstDeveloperEnvironment, type OptionDeclaration, type OptionFlag, optionDeclarations } from './options.ts'
import { readTracing, type TracingConfig } from './tracing.ts'

export type Config = {
  port: number
  host: string
  dataFolder: string
  /** Public URL without a trailing slash; undefined until the port is known where it was not given. */
  url: string | undefined
  /** Origin of a system's portals, with `{system}` for its key; undefined in production where it was not given. */
  portalUrl: string | undefined
  databaseUrl: string | undefined
  mode: 'development' | 'production'
  tls: { certFile: string; keyFile: string } | undefined
  trustedProxies: string[]
  keyFile: string
  routes: { from: string; to: string }[]
  egressAllow: string[]
  /** Country database of the operator. */
  geoipFile: string | undefined
  /** How long rows of the audit are kept. */
  auditDays: number
  /** For how long what changed is kept for edges. */
  changeLogDays: number
  weakSandbox: boolean
  logLevel: string
  firstDeveloper: { email: string; password: string } | undefined
  /** Where spans are sent; undefined for nowhere. */
  tracing: TracingConfig | undefined
  /** Of a node that is an edge; `token` where it was given, for one that is new. */
  edge:
    | {
        platform: string
        system: string
        name: string
        token: string | undefined
        insecure: boolean
        /** Holds the one provider that this edge sends its codes by. */
        gatewayFile?: string | undefined
      }
    | undefined
}

/** A start that cannot be: the message is one sentence for the operator, without a stack. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

type Environment = Record<string, string | undefined>

/** Flags win over the environment. Throws ConfigError. */
export function readConfig(args: string[], environment: Environment = process.env): Config {
  const given = readFlags(args)
  const text = (flag: OptionFlag): string | undefined => {
    const declaration: OptionDeclaration = optionDeclarations.find((option) => option.flag === flag)!
    const value = given[flag] ?? (declaration.env === undefined ? undefined : environment[declaration.env])
    return value === undefined || value === '' ? declaration.default : value
  }
  const on = (flag: OptionFlag): boolean => {
    const value = text(flag)
    if (value === undefined || ['false', '0', 'no'].includes(value)) return false
    if (['true', '1', 'yes'].includes(value)) return true
    throw new ConfigError(`--${flag} is either on or off; "${value}" is neither. Use true or false.`)
  }
  const list = (flag: OptionFlag): string[] =>
    (text(flag) ?? '')
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')

  const mode = text('mode')
  if (mode !== 'development' && mode !== 'production') {
    throw new ConfigError(`--mode is "${mode}", but must be development or production.`)
  }
  const dataFolder = resolve(text('data')!)
  const geoip = text('geoip')
  const config: Config = {
    port: readPort(text('port')!),
    host: text('host')!,
    dataFolder,
    url: readUrl(text('url')),
    portalUrl: readPortalUrl(text('portal-url')),
    databaseUrl: readDatabaseUrl(text('database-url')),
    mode,
    tls: readTls(text('tls-cert'), text('tls-key')),
    trustedProxies: list('trusted-proxies'),
    keyFile: resolve(text('key-file') ?? `${dataFolder}/node.key`),
    routes: list('route').map(readRoute),
    egressAllow: list('egress-allow'),
    geoipFile: geoip === undefined ? undefined : resolve(geoip),
    auditDays: readDays('audit-days', text('audit-days')!, 99_999),
    changeLogDays: readDays('change-log-days', text('change-log-days')!, 30),
    weakSandbox: on('weak-sandbox'),
    logLevel: readLogLevel(text('log-level')!),
    firstDeveloper: readFirstDeveloper(environment),
    tracing: readTracing(environment, (message) => new ConfigError(message)),
    edge: undefined,
  }
  checkExposure(config, on('insecure-http'))
  return config
}

function readFlags(args: string[]): Partial<Record<OptionFlag, string>> {
  const options = Object.fromEntries(
    optionDeclarations.map((option: OptionDeclaration) => [
      option.flag,
      {
        type: option.value === undefined ? ('boolean' as const) : ('string' as const),
        multiple: option.flag === 'route',
      },
    ]),
  )
  // Unknown names are found before parsing, so that the message can suggest the nearest one.
  for (const arg of args) {
    if (!arg.startsWith('--')) continue
    const name = arg.slice(2).split('=')[0]!
    if (!(name in options)) throw new ConfigError(`Unknown option --${name}.${suggest(name, Object.keys(options))}`)
  }
  try {
    const { values } = parseArgs({ args, options, strict: true, allowPositionals: false })
    return Object.fromEntries(
      Object.entries(values).map(([flag, value]) => [flag, Array.isArray(value) ? value.join(',') : String(value)]),
    )
  } catch (error) {
    const [said] = (error as Error).message.split('. To specify')
    throw new ConfigError(`${said!.replace(/\.$/, '')}. See gatehouse start --help.`)
  }
}

/** ` Did you mean --port?`, or nothing where no known name is near. */
export function suggest(name: string, known: string[]): string {
  const nearest = known
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .sort((a, b) => a.distance - b.distance)[0]
  if (nearest === undefined || nearest.distance > Math.max(2, name.length / 3)) return ' See gatehouse start --help.'
  return ` Did you mean --${nearest.candidate}?`
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]!
}

function readPort(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new ConfigError(`--port is "${text}", but must be a number from 0 to 65535.`)
  return port
}

function readDays(flag: string, text: string, most: number): number {
  const days = Number(text)
  if (!/^\d{1,5}$/.test(text) || days < 1 || days > most)
    throw new ConfigError(`--${flag} is "${text}", but must be a number of days from 1 to ${most}.`)
  return days
}

function readUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const url = URL.parse(text)
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new ConfigError(`--url is "${text}", but must be an address such as https://gatehouse.example.com.`)
  }
  return url.href.replace(/\/+$/, '')
}

/** The key of a system is one label of the host, the first, so that every system has an origin of its own. */
function readPortalUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const url = /^https?:\/\/\{system\}\.[^{}]+$/i.test(text) ? URL.parse(text.replace('{system}', 'system')) : null
  if (url === null || url.href !== `${url.origin}/` || !url.hostname.startsWith('system.')) {
    throw new ConfigError(
      `--portal-url is "${text}", but must be an origin that begins with {system}, as https://{system}.portals.example.com.`,
    )
  }
  return url.origin.replace('//system.', '//{system}.')
}

function readDatabaseUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  // The value may hold a password, so the message does not repeat it.
  if (!/^postgres(ql)?:\/\//.test(text))
    throw new ConfigError('DATABASE_URL must begin with postgres:// or postgresql://.')
  return text
}

function readTls(certFile: string | undefined, keyFile: string | undefined): Config['tls'] {
  if (certFile === undefined && keyFile === undefined) return undefined
  if (certFile === undefined || keyFile === undefined)
    throw new ConfigError('--tls-cert and --tls-key go together; one is missing.')
  return { certFile: resolve(certFile), keyFile: resolve(keyFile) }
}

function readRoute(text: string): { from: string; to: string } {
  const [from, to, ...rest] = text.split('=')
  const origins = [from, to].map((part) => URL.parse(part ?? ''))
  if (rest.length > 0 || origins.some((url) => url === null || !['http:', 'https:'].includes(url.protocol))) {
    throw new ConfigError(`--route is "${text}", but must be like https://api.example.com=http://127.0.0.1:9555.`)
  }
  return { from: origins[0]!.origin, to: origins[1]!.origin }
}

function readLogLevel(text: string): string {
  if (!['trace', 'debug', 'info', 'warn', 'error', 'silent'].includes(text)) {
    throw new ConfigError(`--log-level is "${text}", but must be trace, debug, info, warn or error.`)
  }
  return text
}

function readFirstDeveloper(environment: Environment): Config['firstDeveloper'] {
  const email = environment[firstDeveloperEnvironment.email]
  const password = environment[firstDeveloperEnvironment.password]
  if (!email && !password) return undefined
  if (!email || !password) {
    throw new ConfigError('GATEHOUSE_DEVELOPER_EMAIL and GATEHOUSE_DEVELOPER_PASSWORD go together; one is missing.')
  }
  return { email, password }
}

export const isLoopbackHost = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host)

/** Development has open developer registration, so it must not be reachable from another machine. */
function checkExposure(config: Config, insecureHttp: boolean): void {
  if (config.mode === 'development' && !isLoopbackHost(config.host)) {
    throw new ConfigError(
      `In development a node listens on loopback only, and --host is "${config.host}". Use --mode production to be reachable by others.`,
    )
  }
  if (config.mode === 'production' && !insecureHttp && config.portalUrl?.startsWith('http://')) {
    throw new ConfigError(
      'In production --portal-url must begin with https://. For a closed network add --insecure-http.',
    )
  }
  if (config.mode === 'production' && !insecureHttp && !config.url?.startsWith('https://')) {
    throw new ConfigError(
      'In production --url must be an https:// address, since passwords and tokens travel over it. For a closed network add --insecure-http.',
    )
  }
}
