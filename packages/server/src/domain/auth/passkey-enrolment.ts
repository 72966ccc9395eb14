/**
 * A passkey on its way to a user: what the browser is asked to make, and whether it made that. Who may bind one, and when it is
 * bound, is `enrolment.ts`.
 */
import { randomBytes } from 'node:crypto'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { sameText } from '../../base/secrets.ts'
import type { AuthenticatorRecord, PasskeyFacts } from '../../store/tables/authenticators.ts'
import type { PendingRecord } from '../../store/tables/enrolments.ts'
import type { SystemScope } from '../access/scope.ts'
import { labels, openValue, placeOf } from '../accounts/authenticators.ts'
import { passkeySites, siteAsking } from '../accounts/passkey-sites.ts'
import {
  creationOptions,
  credentialHash,
  type PasskeyOptions,
  type PasskeySecret,
  passkeyRules,
  verifyCreation,
} from '../accounts/passkeys.ts'
import type { Answer } from './factor-check.ts'
import { secretOf } from './passkey-check.ts'

/** Of what was begun. What the passkey is to sign is nowhere but as a keyed hash. */
type Kept = { nonceHash: string; rpId: string; label: string }

const nonceHashOf = (scope: SystemScope, id: string, nonce: string): string =>
  scope.key.keyedHash('codes', `passkey ${scope.system.key}/${id}/${nonce}`)

/** What the user calls it, so that he and the developer know which one it is. Throws badRequest. */
export function readLabel(label: unknown): string {
  if (label === undefined || label === null || label === '') return labels.passkey
  if (typeof label !== 'string' || label.length > passkeyRules.labelLength || /\p{Cc}/u.test(label)) {
    throw new GatehouseError('badRequest', `label must be a text of ${passkeyRules.labelLength} characters at most.`)
  }
  return label.trim() || labels.passkey
}

/** `held` is all that the user has: a passkey that is good is not made twice. Throws notOffered, badRequest. */
export function beginPasskey(
  scope: SystemScope,
  { id, label, ...user }: { id: string; userId: string; email: string; label: string },
  held: readonly AuthenticatorRecord[],
): { kept: string; shown: { kind: 'passkey'; passkey: PasskeyOptions } } {
  const site = siteAsking(scope, passkeySites(scope))
  if (site === undefined) {
    throw new GatehouseError('notOffered', 'Browsers have no passkeys at the address of this node.', {
      hint: 'The node needs an https:// address with a name, or the system passkey_rp_id and passkey_origins.',
    })
  }
  const passkeys = held.filter(({ kind }) => kind === 'passkey')
  if (passkeys.length >= passkeyRules.most) {
    throw new GatehouseError('badRequest', `A user has ${passkeyRules.most} passkeys at most.`, {
      hint: 'A developer of the system takes one away.',
    })
  }
  const nonce = randomBytes(passkeyRules.nonceBytes).toString('base64url')
  const kept: Kept = { nonceHash: nonceHashOf(scope, id, nonce), rpId: site.rpId, label }
  const there = passkeys.filter(({ state, passkey }) => state === 'bound' && passkey?.rpId === site.rpId)
  const secrets = there.map((one) => secretOf(scope, one))
  return {
    kept: JSON.stringify(kept),
    shown: { kind: 'passkey', passkey: creationOptions(scope, site, user, nonce, secrets) },
  }
}

export type NewPasskey = { label: string; sealed: string; passkey: PasskeyFacts }

/** What is to be bound; undefined for an answer that is not right. */
export async function verifyPasskey(
  scope: SystemScope,
  pending: PendingRecord,
  answer: Answer,
): Promise<NewPasskey | undefined> {
  const { nonceHash, rpId, label }: Kept = JSON.parse(openValue(scope, pending))
  const site = passkeySites(scope).find((one) => one.rpId === rpId)
  if (site === undefined) return undefined
  const isNonce = (nonce: string): boolean => sameText(nonceHashOf(scope, pending.id, nonce), nonceHash)
  const made = await verifyCreation(answer, site, isNonce)
  if (made === undefined) return undefined
  const { signCount, backedUp, ...secret } = made
  const place = placeOf(scope.system.key, pending)
  return {
    label,
    sealed: scope.key.seal('authenticators', place, JSON.stringify(secret satisfies PasskeySecret)),
    passkey: { credentialHash: credentialHash(scope, secret.credentialId), rpId, signCount, backedUp },
  }
}
