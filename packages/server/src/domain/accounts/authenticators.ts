/**
 * What a user holds beside the password: bound to the account, shown, taken away. Only somebody who vouches for it binds
 * one: a developer, or the user by what he holds already; a password alone never does. Asking for a code is
 * `domain/auth/challenges.ts`; how a user comes to an authenticator app or a passkey, `domain/auth/enrolment.ts`.
 */
import type { Row } from '@gatehouse/contract/columns.ts'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { uuid } from '../../base/ids.ts'
import type { SystemStore } from '../../store/store.ts'
import {
  type AuthenticatorRecord,
  bindAuthenticator,
  findAuthenticator,
  listAuthenticators,
  type PasskeyFacts,
  unbindAuthenticator,
} from '../../store/tables/authenticators.ts'
import { deletePending, findPending, type PendingRecord } from '../../store/tables/enrolments.ts'
import { countRecoveryCodes, insertRecoveryCodes } from '../../store/tables/recovery-codes.ts'
import { callerLabel } from '../access/caller.ts'
import type { SystemScope } from '../access/scope.ts'
import { readPhoneNumber } from './phone-number.ts'
import type { MadeRecoveryCodes } from './recovery-codes.ts'

/** A column of the user table of this name shows the number of the phone that is bound. */
export const phoneColumn = 'sms_phone'

/** Where the value of an authenticator is sealed for: it opens for no other user and in no other system. */
export const placeOf = (system: string, { id, userId }: Pick<AuthenticatorRecord, 'id' | 'userId'>): string[] => [
  'authenticator',
  system,
  userId,
  id,
]

/** In the transaction that `scope` holds. Throws badPhoneNumber; never shows the number. */
async function bindPhone(scope: SystemScope, userId: string, text: unknown): Promise<void> {
  // A made-up number is good for an inbox. Whether a message can be sent to it is asked again when one is.
  const { number, prefix } = readPhoneNumber(text, scope.system.settings.phone_country, scope.mode === 'development')
  const id = uuid()
  const sealed = scope.key.seal('authenticators', placeOf(scope.system.key, { id, userId }), number)
  await bindAuthenticator(scope.data, {
    id,
    userId,
    kind: 'phone',
    label: masked(number, prefix),
    sealed,
    boundAt: scope.clock.now(),
    boundBy: callerLabel(scope.caller),
  })
}

/** As `+1 ••• 0123`: the country, and the digits by which its owner knows it. */
const masked = (number: string, prefix: string): string => `${prefix.slice(0, -3)} ••• ${number.slice(-4)}`

/**
 * Called where columns of users are written, in the same transaction: what a developer writes is bound as vouched for, and
 * an empty value takes the phone away. Nobody else changes the number of a phone that is bound. A text that is no phone
 * number stands in the column and is bound to nothing: then no code can be sent. Throws permissionDenied.
 */
export async function mirrorPhone(scope: SystemScope, userIds: readonly string[], fields: Row): Promise<void> {
  if (!Object.hasOwn(fields, phoneColumn)) return
  const value = fields[phoneColumn]
  for (const userId of userIds) {
    const held = await findAuthenticator(scope.data, { userId, kind: 'phone' })
    if (held !== undefined && isSame(scope, held, value)) continue
    if (scope.caller.kind !== 'developer') {
      if (held === undefined) continue
      throw new GatehouseError(
        'permissionDenied',
        'This phone number is a second factor: only a developer changes it.',
        {
          hint: `Leave ${phoneColumn} out, or ask a developer of the system.`,
        },
      )
    }
    await unbindAuthenticator(scope.data, { userId, kind: 'phone' })
    try {
      if (typeof value === 'string' && value.trim() !== '') await bindPhone(scope, userId, value)
    } catch (error) {
      if (!(error instanceof GatehouseError) || error.kind !== 'badPhoneNumber') throw error
    }
  }
}

/** A row that is sent back as it was read must not take away what was counted against the phone. */
function isSame(scope: SystemScope, held: AuthenticatorRecord, value: unknown): boolean {
  if (held.state !== 'bound' || typeof value !== 'string') return false
  try {
    const { number } = readPhoneNumber(value, scope.system.settings.phone_country, scope.mode === 'development')
    return number === openValue(scope, held)
  } catch (error) {
    if (error instanceof GatehouseError) return false
    throw error
  }
}

/** What was sealed. Throws where the row was changed by hand or the node key is another one. */
export const openValue = (scope: SystemScope, held: Pick<AuthenticatorRecord, 'id' | 'userId' | 'sealed'>): string =>
  scope.key.unseal('authenticators', placeOf(scope.system.key, held), held.sealed)

/** For people, in messages and lists. */
export const labels = { totp: 'authenticator app', passkey: 'passkey', recovery: 'recovery codes' } as const

/** In the transaction that `scope` holds: the ones before are good no more. */
export async function bindRecoveryCodes(
  scope: SystemScope,
  userId: string,
  { rows }: MadeRecoveryCodes,
  boundBy: string,
): Promise<void> {
  const id = uuid()
  await bindAuthenticator(scope.data, {
    ...{ id, userId, kind: 'recovery', label: labels.recovery },
    // Its codes are rows of their own, hashed.
    sealed: '',
    boundAt: scope.clock.now(),
    boundBy,
  })
  await insertRecoveryCodes(scope.data, { authenticatorId: id, userId }, rows)
}

export type ShownAuthenticator =
  | (Omit<AuthenticatorRecord, 'sealed' | 'userId' | 'lastStep' | 'passkey'> & {
      left?: number
      passkey?: Pick<PasskeyFacts, 'rpId' | 'backedUp'>
    })
  /** Begun and not confirmed: nobody signs in with it. */
  | {
      id: string
      kind: PendingRecord['kind']
      label: string
      state: 'pending'
      failures: number
      begunAt: number
      expiresAt: number
    }

/** For developers of the system, whom the door has let in. */
export async function authenticatorsOf(scope: SystemScope, userId: string): Promise<ShownAuthenticator[]> {
  const shown: ShownAuthenticator[] = []
  for (const { sealed: _, userId: __, lastStep: ___, passkey, ...one } of await listAuthenticators(
    scope.data,
    userId,
  )) {
    if (one.kind === 'recovery') shown.push({ ...one, left: await countRecoveryCodes(scope.data, userId) })
    else if (passkey === undefined) shown.push(one)
    else shown.push({ ...one, passkey: { rpId: passkey.rpId, backedUp: passkey.backedUp } })
  }
  const pending = await findPending(scope.data, userId, scope.clock.now())
  if (pending !== undefined) {
    const { id, kind, failures, createdAt: begunAt, expiresAt } = pending
    shown.push({ id, kind, label: labels[kind], state: 'pending', failures, begunAt, expiresAt })
  }
  return shown
}

/**
 * The same; takes away what was counted with it. Of passkeys the one of `id`, or all. Throws badRequest where it is not bound.
 */
export async function removeAuthenticator(
  scope: SystemScope,
  userId: string,
  kind: unknown,
  id?: string,
): Promise<void> {
  const gone =
    (kind === 'phone' || kind === 'totp' || kind === 'passkey' || kind === 'recovery') &&
    (await scope.data.transaction(async (tx: SystemStore) => {
      const bound = await unbindAuthenticator(tx, { userId, kind, ...(id !== undefined && { id }) })
      if (kind !== 'totp' && kind !== 'passkey') return bound
      return (id === undefined && (await deletePending(tx, userId, kind))) || bound
    }))
  if (!gone) throw new GatehouseError('badRequest', 'The user has no such authenticator.')
}
