/** The settings about passkeys, checked: the domain they are bound to, and the pages that may ask for them. */
import { isIP } from 'node:net'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { SystemSettings } from '../access/scope.ts'

type PasskeySettings = Pick<SystemSettings, 'passkey_rp_id' | 'passkey_origins'>

const mostOrigins = 10

/**
 * Both or neither, since each is worth nothing without the other: a passkey that is bound to a domain answers to pages of it
 * and of its subdomains (Web Authentication §5.1.3), and of those to the ones that are named. @throws GatehouseError `badSetting`
 */
export function checkPasskeySettings(body: Record<string, unknown>): Partial<PasskeySettings> {
  const { passkey_rp_id: rpId, passkey_origins: origins } = body
  const left = (value: unknown): boolean => value === undefined || value === null
  if (left(rpId) && left(origins)) return {}
  if (rpId === '' && (left(origins) || isEmpty(origins))) return { passkey_rp_id: '', passkey_origins: [] }
  if (typeof rpId !== 'string' || !isDomain(rpId)) {
    throw bad(
      'passkey_rp_id must be a domain as "example.com", without scheme and port, or "" for the pages of the node.',
    )
  }
  if (!Array.isArray(origins) || origins.length === 0 || origins.length > mostOrigins) {
    throw bad(`passkey_origins goes with passkey_rp_id: a list of 1 to ${mostOrigins} origins.`)
  }
  return { passkey_rp_id: rpId, passkey_origins: origins.map((one, index) => readOrigin(one, rpId, index)) }
}

const isEmpty = (value: unknown): boolean => Array.isArray(value) && value.length === 0

/** Browsers take no addresses, and domains in lower case, of more than one label unless it is localhost. */
const isDomain = (text: string): boolean =>
  text.length <= 253 &&
  /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text) &&
  (text.includes('.') || text === 'localhost') &&
  isIP(text) === 0

function readOrigin(given: unknown, rpId: string, index: number): string {
  const place = `passkey_origins[${index}]`
  const url = typeof given === 'string' && given.length <= 300 ? URL.parse(given) : null
  if (url === null || url.origin !== given) {
    throw bad(`${place} must be an origin as "https://app.example.com": scheme, host, port, and nothing after it.`)
  }
  const { hostname, protocol } = url
  const isLocal = hostname === 'localhost' || hostname.endsWith('.localhost')
  if (protocol !== 'https:' && !(protocol === 'http:' && isLocal)) {
    throw bad(`${place} must begin with https://; browsers have no passkeys elsewhere, but for localhost.`)
  }
  if (hostname !== rpId && !hostname.endsWith(`.${rpId}`)) {
    throw bad(`${place} must be of ${rpId} or of a subdomain: browsers refuse the passkeys of other domains.`)
  }
  return given as string
}

const bad = (detail: string): GatehouseError => new GatehouseError('badSetting', detail)
