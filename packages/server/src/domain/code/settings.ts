/** Settings of services and libraries beside their code: defaults as cb-cli fills them in, and reading what is sent. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'

export type CodeSettings = {
  params: string[]
  run_user: string
  logging_enabled: boolean
  /** Seconds; −1 is no limit. */
  execution_timeout: number
  auto_balance: boolean
  auto_restart: boolean
  concurrency: number
  log_level: string
  log_ttl_minutes: number
  run_on_edge: boolean
  run_on_platform: boolean
  source_map: string
  description: string
  api: string
  visibility: string
}

const defaults: CodeSettings = {
  params: [],
  run_user: '',
  logging_enabled: false,
  execution_timeout: 60,
  auto_balance: false,
  auto_restart: false,
  concurrency: 0,
  log_level: 'debug',
  log_ttl_minutes: 10_080,
  run_on_edge: true,
  run_on_platform: true,
  source_map: '',
  description: '',
  api: '',
  visibility: 'system',
}

export const storedSettings = (stored: Record<string, unknown>): CodeSettings => ({ ...defaults, ...stored })

const booleans = ['logging_enabled', 'auto_balance', 'auto_restart', 'run_on_edge', 'run_on_platform'] as const
const texts = ['run_user', 'log_level', 'source_map', 'description', 'api', 'visibility'] as const
const numbers = ['execution_timeout', 'concurrency', 'log_ttl_minutes'] as const

/**
 * The settings among the keys of a body. Booleans may come as "true" and "false" (half of all exported services), `params`
 * is read under its other name `parameters` too, null counts as absent. Throws badSetting.
 */
export function readCodeSettings(body: Record<string, unknown>): Partial<CodeSettings> {
  const settings: Partial<CodeSettings> = {}
  for (const name of booleans) {
    const value = body[name]
    if (value === undefined || value === null) continue
    if (value !== true && value !== false && value !== 'true' && value !== 'false') {
      throw new GatehouseError('badSetting', `${name} must be true or false.`)
    }
    settings[name] = value === true || value === 'true'
  }
  for (const name of texts) {
    const value = body[name]
    if (value === undefined || value === null) continue
    if (typeof value !== 'string') throw new GatehouseError('badSetting', `${name} must be a text.`)
    settings[name] = value
  }
  for (const name of numbers) {
    const value = body[name]
    if (value === undefined || value === null) continue
    if (!Number.isInteger(value) || (value as number) < -1 || (value as number) > 2_147_483_647) {
      throw new GatehouseError('badSetting', `${name} must be a whole number, -1 or more.`)
    }
    settings[name] = value as number
  }
  const params = body.parameters ?? body.params
  if (params !== undefined && params !== null) {
    if (!Array.isArray(params) || params.some((one) => typeof one !== 'string')) {
      throw new GatehouseError('badSetting', 'parameters must be a list of texts.')
    }
    settings.params = params
  }
  return settings
}
