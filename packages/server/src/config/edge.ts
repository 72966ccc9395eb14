/** What `gatehouse edge` is told: where its platform is, and who it is there. Everything else is as with any node. */
import { resolve } from 'node:path'
import { type Config, ConfigError, isLoopbackHost, readConfig } from './config.ts'

export type EdgeOptions = {
  platform: string
  system: string
  name: string
  data: string
  port: string | undefined
  host: string | undefined
  token: string | undefined
  /** Accept a platform without https that is not on this machine. */
  insecure: boolean
  weakSandbox: boolean
  /** Where portals are, as of any node; http://{system}.localhost:PORT where it is not given. */
  portalUrl?: string | undefined
  /** A JSON file with a provider of messages, for its owner's eyes alone. */
  gatewayFile?: string | undefined
}

/** By the contract and the docs; read where no file and no prompt gave it. */
export const edgeTokenVariable = 'GATEHOUSE_EDGE_TOKEN'
export const edgeGatewayVariable = 'GATEHOUSE_EDGE_MESSAGE_GATEWAY_FILE'

/** Throws ConfigError. The environment of ordinary nodes says nothing to an edge but its own token, its gateway and its log level. */
export function readEdgeConfig(
  options: EdgeOptions,
  environment: Record<string, string | undefined> = process.env,
): Config {
  const { system, name } = options
  const url = URL.parse(options.platform)
  const isOrigin = url !== null && url.pathname === '/' && url.search === '' && url.hash === '' && url.username === ''
  if (!isOrigin || !['http:', 'https:'].includes(url.protocol)) {
    throw new ConfigError('--platform must be an address such as https://gatehouse.example.com.')
  }
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname) && !options.insecure) {
    throw new ConfigError(
      '--platform must begin with https:// beyond this machine. For a closed network add --insecure.',
    )
  }
  if (!/^[0-9a-f]{1,64}$/.test(system)) throw new ConfigError('--system must be the key of a system.')
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(name)) throw new ConfigError('--name must be the name of an edge.')
  const host = options.host ?? '127.0.0.1'
  const args = ['--data', options.data, '--port', options.port ?? '9000', '--host', host]
  // Development is open where nobody else can come; an edge never is.
  const mode = ['--mode', 'production', '--insecure-http', ...(options.weakSandbox ? ['--weak-sandbox'] : [])]
  const portals = options.portalUrl === undefined ? [] : ['--portal-url', options.portalUrl]
  const level = environment.GATEHOUSE_LOG_LEVEL
  const config = readConfig([...args, ...mode, ...portals], level === undefined ? {} : { GATEHOUSE_LOG_LEVEL: level })
  const token = options.token ?? (environment[edgeTokenVariable] || undefined)
  const insecure = url.protocol === 'http:' && !isLoopbackHost(url.hostname)
  const gatewayFile = options.gatewayFile ?? (environment[edgeGatewayVariable] || undefined)
  const edge = { platform: url.origin, system, name, token: token?.trim(), insecure }
  return { ...config, edge: { ...edge, ...(gatewayFile !== undefined && { gatewayFile: resolve(gatewayFile) }) } }
}
