/**
 * Passkeys as answers to a challenge: which of the user's are asked for, whether what came back is right, and taking it once.
 * A challenge asks for any of the passkeys that are good on the page; the answer names one of them, and what is wrong is
 * counted against that one. Signatures are looked at in `accounts/passkeys.ts`, before the transaction.
 */
import type { SystemStore } from '../../store/store.ts'
import {
  type AuthenticatorRecord,
  countAgainst,
  listAuthenticators,
  takeSignCount,
} from '../../store/tables/authenticators.ts'
import type { FoundChallenge } from '../../store/tables/challenges.ts'
import type { SystemScope } from '../access/scope.ts'
import { labels, placeOf } from '../accounts/authenticators.ts'
import { passkeySites, passkeysHere } from '../accounts/passkey-sites.ts'
import {
  credentialHash,
  credentialOf,
  openPasskey,
  type PasskeyOptions,
  type PasskeySecret,
  requestOptions,
  verifyAssertion,
} from '../accounts/passkeys.ts'
import { type Answer, demandGood, type Weighed } from './factor-check.ts'

/** What was sealed of a passkey. Throws where the row was changed by hand or the node key is another one. */
export const secretOf = (scope: SystemScope, held: AuthenticatorRecord): PasskeySecret =>
  openPasskey(scope, held, placeOf(scope.system.key, held))

/** The one that a challenge is made for: good here and now, used last; where none is, one by which the user hears why. */
export async function choosePasskey(
  scope: SystemScope,
  tx: SystemStore,
  userId: string,
): Promise<{ id: string } | undefined> {
  const all = await listAuthenticators(tx, userId)
  const good = goodHere(scope, all)
  const bound = passkeysHere(
    scope,
    all.filter(({ state }) => state === 'bound'),
  )
  return good[0] ?? bound[0] ?? passkeysHere(scope, all)[0]
}

function goodHere(scope: SystemScope, all: readonly AuthenticatorRecord[]): AuthenticatorRecord[] {
  const now = scope.clock.now()
  const good = passkeysHere(
    scope,
    all.filter((one) => demandGood(one, now) === undefined),
  )
  return good.sort((a, b) => (b.usedAt ?? 0) - (a.usedAt ?? 0))
}

/** In the transaction that makes the challenge: any of them may answer. */
export async function passkeyRequest(
  scope: SystemScope,
  tx: SystemStore,
  chosen: AuthenticatorRecord,
  nonce: string,
): Promise<{ passkey: PasskeyOptions; to: string }> {
  const { rpId } = chosen.passkey!
  const all = await listAuthenticators(tx, chosen.userId)
  const offered = goodHere(scope, all).filter(({ passkey }) => passkey?.rpId === rpId)
  const secrets = offered.map((one) => secretOf(scope, one))
  return { passkey: requestOptions(rpId, nonce, secrets), to: offered.length === 1 ? chosen.label : labels.passkey }
}

/** Before the transaction, of a challenge that is open. `isNonce` knows what this challenge asked to sign. */
export async function weighAssertion(
  scope: SystemScope,
  challenge: FoundChallenge,
  answer: Answer,
  isNonce: (nonce: string) => boolean,
): Promise<Weighed> {
  const credentialId = credentialOf(answer)
  if (credentialId === undefined) return { seemsRight: false }
  const hash = credentialHash(scope, credentialId)
  const held = (await listAuthenticators(scope.data, challenge.userId)).find(
    ({ passkey }) => passkey?.credentialHash === hash,
  )
  if (held === undefined) return { seemsRight: false }
  const wrong: Weighed = { seemsRight: false, passkey: held.id }
  const site = passkeySites(scope).find(({ rpId }) => rpId === held.passkey?.rpId)
  if (site === undefined || demandGood(held, scope.clock.now()) !== undefined) return wrong
  const secret = { ...secretOf(scope, held), userId: held.userId }
  const said = await verifyAssertion(scope, answer, site, secret, isNonce)
  if (said === undefined) return wrong
  return { seemsRight: true, passkey: held.id, assertion: { ...said, codeHash: challenge.codeHash } }
}

/**
 * In the transaction that holds challenge and passkey. `copied` where the signature was right and the counter did not go
 * forward: somebody else signs with the same key (Web Authentication §6.1.1).
 */
export async function takeAssertion(
  tx: SystemStore,
  challenge: FoundChallenge,
  held: AuthenticatorRecord,
  { assertion, passkey }: Weighed,
  now: number,
): Promise<'right' | 'wrong' | 'copied'> {
  if (assertion === undefined || passkey !== held.id || assertion.codeHash !== challenge.codeHash) return 'wrong'
  // It was not asked for: bound since.
  if (held.boundAt > challenge.createdAt) return 'wrong'
  return (await takeSignCount(tx, held.id, assertion, now)) ? 'right' : 'copied'
}

/** It is good again only once a passkey is bound anew; nothing else of the user is touched. */
export const closeCopied = (tx: SystemStore, { id, failures, blockedUntil }: AuthenticatorRecord): Promise<void> =>
  countAgainst(tx, id, { failures, blockedUntil, state: 'disabled' })
