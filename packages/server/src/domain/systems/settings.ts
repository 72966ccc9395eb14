/** The settings of a system: defaults, reading what is stored, checking what a developer sends. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { defaultOfflineLimits } from '../access/offline-limits.ts'
import type { SignInLimits, SystemSettings } from '../access/scope.ts'
import { defaultSignInLimits } from '../access/sign-in-limits.ts'
import { checkMessageSettings } from './message-settings.ts'
import { checkPasskeySettings } from './passkey-settings.ts'

/** Five days, the example of the public API description. */
const defaultTtl = 432_000
const longestTtl = 10 * 365 * 86_400

export const defaultSettings: SystemSettings = {
  auth_service: '',
  reg_service: '',
  token_ttl: defaultTtl,
  token_ttl_user: defaultTtl,
  token_ttl_device: defaultTtl,
  token_ttl_anon: defaultTtl,
  refresh_max_age: 30 * 86_400,
  auth_error_status: 200,
  anonymous: 'open',
  registration: 'open',
  password_reset: 'open',
  run_as_sign_in: 'refused',
  password_min_length: 8,
  sign_in_limits: defaultSignInLimits,
  messages_to: '',
  message_providers: [],
  phone_country: 'US',
  code_digits: 6,
  code_message: 'Your code is {code}',
  auth_withdraw: null,
  auth_safe: null,
  auth_withdrawn: null,
  passkey_rp_id: '',
  passkey_origins: [],
  record_sign_ins: null,
  mail: null,
  auth_epoch: 0,
  offline: defaultOfflineLimits,
  edge_requests: false,
}

/** What is stored holds only what was changed; the rest are the defaults of the running version. */
export const readSettings = (stored: Record<string, unknown>): SystemSettings => ({ ...defaultSettings, ...stored })

const ttlNames = ['token_ttl', 'token_ttl_user', 'token_ttl_device', 'token_ttl_anon', 'refresh_max_age'] as const

/** The settings among the keys of a request body, checked. Other keys are the caller's business. Throws badSetting, badTtl. */
export function checkSettings(body: Record<string, unknown>): Partial<SystemSettings> {
  const changes: Partial<SystemSettings> = {}
  for (const name of ['auth_service', 'reg_service'] as const) {
    const value = body[name]
    if (value === undefined) continue
    if (value !== null && typeof value !== 'string') {
      throw new GatehouseError('badSetting', `${name} must be the name of a service, or "" for none.`)
    }
    changes[name] = (value ?? '').trim()
  }
  for (const name of ttlNames) {
    const value = body[name]
    if (value === undefined) continue
    if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > longestTtl) {
      throw new GatehouseError('badTtl', `${name} must be a whole number of seconds from 1 to ${longestTtl}.`)
    }
    changes[name] = value as number
  }
  // The older API knows one lifetime for all kinds of tokens.
  if (changes.token_ttl !== undefined) {
    for (const name of ['token_ttl_user', 'token_ttl_device', 'token_ttl_anon'] as const) {
      changes[name] ??= changes.token_ttl
    }
  }
  if (body.auth_error_status !== undefined) {
    if (body.auth_error_status !== 200 && body.auth_error_status !== 401) {
      throw new GatehouseError('badSetting', 'auth_error_status must be 200 or 401.')
    }
    changes.auth_error_status = body.auth_error_status
  }
  for (const name of ['anonymous', 'registration', 'password_reset'] as const) {
    const value = body[name]
    if (value === undefined || value === null) continue
    if (value !== 'open' && value !== 'closed')
      throw new GatehouseError('badSetting', `${name} must be "open" or "closed".`)
    changes[name] = value
  }
  const { run_as_sign_in: runAs } = body
  if (runAs !== undefined && runAs !== null) {
    if (runAs !== 'refused' && runAs !== 'allowed') {
      throw new GatehouseError('badSetting', 'run_as_sign_in must be "refused" or "allowed".')
    }
    changes.run_as_sign_in = runAs
  }
  if (body.password_min_length !== undefined) {
    const value = body.password_min_length
    if (!Number.isInteger(value) || (value as number) < 8 || (value as number) > 128) {
      throw new GatehouseError('badSetting', 'password_min_length must be a whole number from 8 to 128.')
    }
    changes.password_min_length = value as number
  }
  if (body.sign_in_limits !== undefined) changes.sign_in_limits = readLimits(body.sign_in_limits)
  if (body.auth_withdraw !== undefined) changes.auth_withdraw = readWithdraw(body.auth_withdraw)
  if (body.record_sign_ins !== undefined) changes.record_sign_ins = readRecording(body.record_sign_ins)
  return { ...changes, ...checkMessageSettings(body), ...checkPasskeySettings(body) }
}

const limitBounds: Record<keyof SignInLimits, [number, number]> = {
  free: [1, 20],
  longest_wait: [1, 86_400],
  per_address: [5, 100_000],
  per_network: [5, 1_000_000],
  window: [60, 86_400],
}

/** What is not named has its default. */
function readLimits(given: unknown): SignInLimits {
  const wanted = given === null ? {} : given
  const isObject = typeof wanted === 'object' && !Array.isArray(wanted)
  const limits = { ...defaultSignInLimits, ...(isObject && wanted) } as Record<string, unknown>
  for (const [name, value] of Object.entries(limits)) {
    const bounds = Object.hasOwn(limitBounds, name) ? limitBounds[name as keyof SignInLimits] : undefined
    if (
      bounds !== undefined &&
      Number.isInteger(value) &&
      (value as number) >= bounds[0] &&
      (value as number) <= bounds[1]
    )
      continue
    throw badLimits()
  }
  if (!isObject) throw badLimits()
  return limits as SignInLimits
}

const badLimits = (): GatehouseError => {
  const ranges = Object.entries(limitBounds).map(([name, [from, to]]) => `"${name}": from ${from} to ${to}`)
  return new GatehouseError('badSetting', `sign_in_limits must be null, or whole numbers {${ranges.join(', ')}}.`)
}

const longestWindow = 86_400

function readWithdraw(given: unknown): SystemSettings['auth_withdraw'] {
  if (given === null) return null
  const { share, window, least = 3 } = (typeof given === 'object' ? given : {}) as Record<string, unknown>
  const isCount = (value: unknown, from: number, to: number): value is number =>
    Number.isInteger(value) && (value as number) >= from && (value as number) <= to
  if (
    typeof share !== 'number' ||
    !(share > 0 && share <= 1) ||
    !isCount(window, 60, longestWindow) ||
    !isCount(least, 1, 1000)
  ) {
    throw new GatehouseError(
      'badSetting',
      `auth_withdraw must be null, or {"share": more than 0 and at most 1, "window": seconds from 60 to ${longestWindow}, "least": accounts from 1 to 1000}.`,
    )
  }
  return { share, window, least }
}

const mostRecorded = 1000
const longestKept = 90

function readRecording(given: unknown): SystemSettings['record_sign_ins'] {
  if (given === null) return null
  const { keep, share = 1, days = 30, ...more } = (typeof given === 'object' ? given : {}) as Record<string, unknown>
  const isCount = (value: unknown, to: number): value is number =>
    Number.isInteger(value) && (value as number) >= 1 && (value as number) <= to
  const isShare = typeof share === 'number' && share > 0 && share <= 1
  if (!isCount(keep, mostRecorded) || !isCount(days, longestKept) || !isShare || Object.keys(more).length > 0) {
    throw new GatehouseError(
      'badSetting',
      `record_sign_ins must be null, or {"keep": from 1 to ${mostRecorded}, "share": more than 0 and at most 1, "days": from 1 to ${longestKept}}.`,
    )
  }
  return { keep, share, days }
}
