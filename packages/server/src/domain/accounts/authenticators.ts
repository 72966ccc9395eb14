/**
 * What a user holds beside the password: bound to the account, shown, taken away. Only somebody who vouches for it binds
 * one: a developer, or the user by what he holds already; a password alone never does. Asking for a code is
 * `domain/auth/challenges.ts`; how a user comes to an authenticator app or a passkey, `domain/auth/enrolment.ts`.
 */
import type { Row } from '@gatehouse/contract/columns.ts'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { uuid } from '../../base/ids.ts'
import { rowsWhere, updateItems } from '../../store/rows.ts'
import type { SystemStore } from '../../store/store.ts'
import {
  type AuthenticatorRecord,
  bindAuthenticator,
  findAuthenticator,
  listAuthenticators,
  type PasskeyFacts,
  unbindAuthenticator,
} from '../../store/tables/authenticators.ts'
import { findCollection } from '../../store/tables/collections.ts'
import { deleteEdgeCodes, listEdgeCodes } from '../../store/tables/edge-recovery-codes.ts'
import { deletePending, findPending, type PendingRecord } from '../../store/tables/enrolments.ts'
import { countRecoveryCodes, insertRecoveryCodes } from '../../store/tables/recovery-codes.ts'
import { audit } from '../access/audit.ts'
import { callerLabel } from '../access/caller.ts'
import type { SystemScope } from '../access/scope.ts'
import { noteNotice, numberOf } from './notices.ts'
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

/** As it is bound: in full, and as it is shown. Throws badPhoneNumber; never shows the number. */
export function readPhone(scope: SystemScope, text: unknown): { number: string; label: string } {
  // A made-up number is good for an inbox. Whether a message can be sent to it is asked again when one is.
  const { number, prefix } = readPhoneNumber(text, scope.system.settings.phone_country, scope.mode === 'development')
  return { number, label: masked(number, prefix) }
}

/** In the transaction that `scope` holds. */
async function bindPhone(
  scope: SystemScope,
  userId: string,
  { number, label }: { number: string; label: string },
  boundBy: string,
): Promise<void> {
  const id = uuid()
  const sealed = scope.key.seal('authenticators', placeOf(scope.system.key, { id, userId }), number)
  const boundAt = scope.clock.now()
  await bindAuthenticator(scope.data, { id, userId, kind: 'phone', label, sealed, boundAt, boundBy })
}

/** The same for a phone that the user proved to hold: the column follows, and the phone before is told. */
export async function bindProvenPhone(
  scope: SystemScope,
  userId: string,
  phone: { number: string; label: string },
  boundBy: string,
): Promise<void> {
  const before = await findAuthenticator(scope.data, { userId, kind: 'phone' }, { hold: true })
  await bindPhone(scope, userId, phone, boundBy)
  const table = await findCollection(scope.data, { kind: 'users' })
  if (table?.table.columns.some(({ name, type }) => name === phoneColumn && type === 'string')) {
    await updateItems(scope.data, table, rowsWhere('user_id', userId), { [phoneColumn]: phone.number })
  }
  const what = before === undefined ? 'bound' : 'replaced'
  await noteNotice(scope, userId, { what, label: `phone ${phone.label}` }, before && numberOf(scope, before))
}

/** As `+1 ••• 0123`: the country, and the digits by which its owner knows it. */
const masked = (number: string, prefix: string): string => `${prefix.slice(0, -3)} ••• ${number.slice(-4)}`

/**
 * Called where columns of users are written, in the same transaction: what a developer writes is bound as vouched for, and
 * an empty value takes the phone away; a phone that was bound before is told. For anybody else the column only shows: who
 * changes his number begins a binding (`domain/auth/phone-change.ts`). Not even where no phone is bound: a developer who
 * sends such a row back would vouch for what he never saw. A developer's text that is no phone number stands in the column
 * and is bound to nothing: then no code can be sent. Throws permissionDenied.
 */
export async function mirrorPhone(scope: SystemScope, userIds: readonly string[], fields: Row): Promise<void> {
  if (!Object.hasOwn(fields, phoneColumn)) return
  const value = fields[phoneColumn]
  const isEmpty = value === null || value === undefined || (typeof value === 'string' && value.trim() === '')
  for (const userId of userIds) {
    const held = await findAuthenticator(scope.data, { userId, kind: 'phone' })
    if (held === undefined ? isEmpty : isSame(scope, held, value)) continue
    if (scope.caller.kind !== 'developer') {
      throw new GatehouseError('permissionDenied', `${phoneColumn} is a second factor: writing it changes nothing.`, {
        hint: `Leave it out. A user changes his number by POST /api/v/4/user/authenticators/enrol with kind "phone".`,
      })
    }
    const phone = isEmpty ? undefined : phoneOrNone(scope, value)
    await unbindAuthenticator(scope.data, { userId, kind: 'phone' })
    // What the user himself had begun does not come after what a developer said.
    await deletePending(scope.data, userId, 'phone')
    if (phone !== undefined) await bindPhone(scope, userId, phone, callerLabel(scope.caller))
    if (phone !== undefined || held !== undefined) {
      const action = phone === undefined ? 'remove' : held === undefined ? 'bind' : 'replace'
      audit(scope.data, scope, { kind: 'authenticator', action, subject: userId, details: { kind: 'phone' } })
    }
    // Where there was none, nobody but the developer knows of a phone, and the account is just being set up.
    if (held === undefined) continue
    const happened =
      phone === undefined
        ? ({ what: 'removed', label: `phone ${held.label}` } as const)
        : ({ what: 'replaced', label: `phone ${phone.label}` } as const)
    await noteNotice(scope, userId, happened, numberOf(scope, held))
  }
}

function phoneOrNone(scope: SystemScope, value: unknown): { number: string; label: string } | undefined {
  try {
    return typeof value === 'string' ? readPhone(scope, value) : undefined
  } catch (error) {
    if (!(error instanceof GatehouseError) || error.kind !== 'badPhoneNumber') throw error
    return undefined
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

/** As notices name it: without what the user called it, which may have been written to mislead. */
const labelOf = ({ kind, label }: Pick<AuthenticatorRecord, 'kind' | 'label'>): string =>
  kind === 'phone' ? `phone ${label}` : labels[kind]

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
      /** Of recovery codes that are good at that edge alone. */
      edge?: string
      /** Of those, how many were used, by what that edge told. */
      spent?: number
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
  for (const { id, edge, madeAt: boundAt, madeBy: boundBy, spent } of await listEdgeCodes(scope.data, [userId])) {
    const standing = { state: 'bound', failures: 0, blockedUntil: 0, usedAt: null } as const
    const label = `${labels.recovery} for ${edge}`
    shown.push({ id, kind: 'recovery', label, ...standing, boundAt, boundBy, edge, spent })
  }
  const pending = await findPending(scope.data, userId, scope.clock.now())
  if (pending !== undefined) {
    const { id, kind, failures, createdAt: begunAt, expiresAt } = pending
    const label = kind === 'phone' ? (phoneOrNone(scope, openValue(scope, pending))?.label ?? '') : labels[kind]
    shown.push({ id, kind, label, state: 'pending', failures, begunAt, expiresAt })
  }
  return shown
}

/**
 * The same; takes away what was counted with it, and tells the user. Of passkeys the one of `id`, or all; of recovery codes those
 * for the edge that `id` stands for, or all of every place. Throws badRequest where it is not bound.
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
      const placed =
        kind === 'recovery' && (await deleteEdgeCodes(tx, { userId, ...(id !== undefined && { id }) })).length > 0
      if (placed) {
        const label = id === undefined ? labels.recovery : `${labels.recovery} for one place`
        await noteNotice({ ...scope, data: tx }, userId, { what: 'removed', label })
        audit(tx, scope, { kind: 'authenticator', action: 'remove', subject: userId, details: { kind, places: true } })
        if (id !== undefined) return true
      }
      const held = (await listAuthenticators(tx, userId)).filter(
        (one) => one.kind === kind && (kind !== 'passkey' || id === undefined || one.id === id),
      )
      const [first] = held
      const isOther = kind === 'recovery' && id !== undefined && !held.some((one) => one.id === id)
      const bound = !isOther && (await unbindAuthenticator(tx, { userId, kind, ...(id !== undefined && { id }) }))
      const begun = kind !== 'recovery' && id === undefined && (await deletePending(tx, userId, kind))
      if (bound && first !== undefined) {
        const former = kind === 'phone' ? numberOf(scope, first) : undefined
        await noteNotice({ ...scope, data: tx }, userId, { what: 'removed', label: labelOf(first) }, former)
      }
      if (begun || bound) {
        const details = { kind, ...(id !== undefined && { id }), count: held.length }
        audit(tx, scope, { kind: 'authenticator', action: 'remove', subject: userId, details })
      }
      return begun || bound || placed
    }))
  if (!gone) throw new GatehouseError('badRequest', 'The user has no such authenticator.')
}
