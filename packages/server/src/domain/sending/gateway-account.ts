/**
 * The account by which a program outside reaches the development gateway as one system: a SID in the form of Twilio's, which
 * leads to the system, and a token, which nobody without the node key can make.
 */
import { createHash } from 'node:crypto'
import type { NodeKey } from '../../base/node-key.ts'
import { sameText } from '../../base/secrets.ts'

export type GatewayAccount = { accountSid: string; authToken: string }

export const gatewayAccount = (key: NodeKey, systemKey: string): GatewayAccount => ({
  accountSid: `AC${systemKey}${checkOf(systemKey)}`,
  authToken: Buffer.from(key.keyedHash('gateway', systemKey), 'base64url').toString('hex').slice(0, 32),
})

/** 24 digits of the system key and 8 that make it a SID. */
const checkOf = (systemKey: string): string => createHash('sha256').update(systemKey).digest('hex').slice(0, 8)

/** The key of the system whose account this is; undefined for any other SID and any other token. */
export function systemOfAccount(key: NodeKey, accountSid: string, authToken: string): string | undefined {
  const systemKey = /^AC([0-9a-f]{24})[0-9a-f]{8}$/.exec(accountSid)?.[1]
  if (systemKey === undefined) return undefined
  const known = gatewayAccount(key, systemKey)
  return known.accountSid === accountSid && sameText(known.authToken, authToken) ? systemKey : undefined
}
