/**
 * Where developers stand in what is kept of second factors: beside all systems, under the key `''`, as their sessions and
 * their wrong passwords do. So the rules and the functions are those of users: `factor-check.ts`, `challenges.ts`,
 * `passkey-check.ts`. A phone is no second factor of a developer, since a node by itself sends no messages.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { hashToken } from '../../base/secrets.ts'
import type { Store, SystemStore } from '../../store/store.ts'
import {
  type AuthenticatorKind,
  type AuthenticatorRecord,
  listAuthenticators,
} from '../../store/tables/authenticators.ts'
import type { DeveloperRecord } from '../../store/tables/developers.ts'
import type { NodeScope, SystemScope } from '../access/scope.ts'
import { readSettings } from '../systems/settings.ts'
import { refused, usableKinds } from './factor-check.ts'

export const developersKey = ''

/** As a scope for the functions named above, and for nothing else: there is no such system. Passkeys are those of the console. */
export const developersScope = (scope: NodeScope): SystemScope => ({
  ...scope,
  system: { key: developersKey, secret: '', name: 'Gatehouse', ownerId: '', settings: readSettings({}), revision: 0 },
  data: scope.store.forSystem(developersKey),
  portalOrigin: () => undefined,
})

export const developersData = (tx: Store): SystemStore => tx.forSystem(developersKey)

/** No service has such a name: what is asked for at the sign-in is answered there. */
export const developerSignIn = ' developer sign-in'

/** Changes with each new password: what was asked for before it is worth nothing afterwards. */
export const stampOf = ({ passwordHash }: Pick<DeveloperRecord, 'passwordHash'>): string => hashToken(passwordHash)

/**
 * All that this developer holds. Where there is anything, a second factor is owed: also one that is switched off after too
 * many wrong answers, or a passkey that this page cannot use. A password never stands for it.
 */
export const heldBy = (store: SystemStore, developerId: string): Promise<AuthenticatorRecord[]> =>
  listAuthenticators(store, developerId)

/** What is asked for: what the client names, else by this order. What is no browser can use no passkey. Throws challengeRefused. */
export async function chooseKind(scope: SystemScope, developerId: string, named: unknown): Promise<AuthenticatorKind> {
  if (named === 'passkey' || named === 'totp' || named === 'recovery') return named
  if (named !== undefined && named !== null && named !== '') {
    throw new GatehouseError('badRequest', 'factor must be "passkey", "totp" or "recovery".')
  }
  const usable = await usableKinds(scope, scope.data, developerId)
  const order: AuthenticatorKind[] = scope.origin.page
    ? ['passkey', 'totp', 'recovery']
    : ['totp', 'recovery', 'passkey']
  const kind = order.find((one) => usable.includes(one))
  if (kind === undefined) throw refused('None of your second factors can be used here.', operatorHelps)
  return kind
}

const operatorHelps = 'The operator of the node takes them away: gatehouse developer reset-factors EMAIL.'

/** The rules are shared with users, whom a developer helps; developers are helped by the operator. */
export async function helpedByOperator<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof GatehouseError) || error.kind !== 'challengeRefused' || error.hint === undefined) throw error
    throw refused(error.detail, operatorHelps)
  }
}

/** No factor of a developer is a phone, so nothing is ever sent. */
export const sendsNothing = async (): Promise<never> => {
  throw refused('The node sends no codes to developers.')
}
