/**
 * Changes of one's own profile that are asked for at an edge, where nothing of a user may be changed: which columns may be asked
 * for, and the asking. The platform's developer decides (`edge/requests.ts`). Nothing that a sign-in rests on, and nothing
 * that may be a secret, is ever part of one.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { day } from '../../base/clock.ts'
import { takeCount } from '../../store/tables/send-counts.ts'
import type { SystemScope } from '../access/scope.ts'
import { phoneColumn } from './authenticators.ts'
import { builtInUserColumns, userTable } from './users.ts'

export const requestRules = {
  columns: 20,
  textLength: 1_000,
  /** Of a user at one edge; what is asked for beyond is refused. */
  userDay: 10,
  /** Of one edge; the platform takes no more. */
  edgeDay: 500,
  /** Of one user, and of one edge, that nobody has decided on. */
  openOfUser: 20,
  openOfEdge: 500,
} as const

export type ProfileChanges = Record<string, string | number | boolean | null>

const restedOn = new Set([...builtInUserColumns, 'password', 'roles', 'disabled', phoneColumn])
const secretNames = /(^|_)(pass(word|wd|phrase|code)?|secret|token|pin|otp|totp|key|seed|factor|recovery)s?(_|\d*$)/

const isAskable = (name: string): boolean => {
  const plain = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase()
  return !restedOn.has(plain) && !plain.startsWith('cb_') && !secretNames.test(plain)
}

/** Undefined for what is none: wherever it comes from, it was written by a stranger. Names are looked at by `refusedNames`. */
export function readProfileChanges(value: unknown): ProfileChanges | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const entries = Object.entries(value)
  const isText = (text: unknown, most: number): boolean =>
    typeof text === 'string' && text.length <= most && !text.includes('\0') && text.isWellFormed()
  const fits = entries.every(
    ([name, one]) =>
      name !== '' &&
      isText(name, 100) &&
      (one === null || typeof one === 'boolean' || Number.isFinite(one) || isText(one, requestRules.textLength)),
  )
  return fits && entries.length > 0 && entries.length <= requestRules.columns ? (value as ProfileChanges) : undefined
}

/** Of what is asked for: what no request may hold. */
export const refusedNames = (changes: Readonly<Record<string, unknown>>): string[] =>
  Object.keys(changes).filter((name) => !isAskable(name))

/**
 * At an edge whose deployments let users ask: keeps what is asked for until the platform has it, and changes nothing. Throws
 * notSignedIn, permissionDenied for what is changed at the platform alone, badValue, tooManyRequests.
 */
export async function askForOwnColumns(scope: SystemScope, given: Record<string, unknown>): Promise<void> {
  const { caller } = scope
  if (caller.kind !== 'user') throw new GatehouseError('notSignedIn', 'This needs a signed-in user.')
  const refused = refusedNames(given)
  if (refused.length > 0) {
    throw new GatehouseError(
      'permissionDenied',
      `This is an edge: ${refused.join(', ').slice(0, 200)} cannot be asked for here. Passwords, e-mails, phones, roles and secrets are changed at the platform.`,
    )
  }
  const changes = readProfileChanges(given)
  if (changes === undefined) {
    throw new GatehouseError(
      'badValue',
      `A request is 1 to ${requestRules.columns} columns with texts of up to ${requestRules.textLength} characters, numbers, true, false or null.`,
    )
  }
  await scope.data.transaction(async (tx) => {
    const own = new Set((await userTable(tx)).table.columns.map(({ name }) => name))
    const unknown = Object.keys(changes).filter((name) => !own.has(name))
    if (unknown.length > 0) {
      throw new GatehouseError('badValue', `The user table has no column ${unknown.join(', ').slice(0, 200)}.`)
    }
    const now = scope.clock.now()
    const counted = { kind: 'requests of a user', subject: caller.userId, windowMs: day, most: requestRules.userDay }
    const next = await takeCount(tx, counted, now)
    if (next !== undefined) {
      throw new GatehouseError('tooManyRequests', 'You asked for too many changes today.', {
        retryAfter: Math.ceil((next - now) / 1000),
      })
    }
    tx.tell({ kind: 'request', user: caller.userId, changes })
  })
}
