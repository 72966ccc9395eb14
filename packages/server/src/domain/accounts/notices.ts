/**
 * What a user is told of his account: that a second factor was bound, replaced or taken away, that somebody knows his
 * password. Noted in the transaction of what happened, so that there is no notice without it and it never waits for one;
 * sending is `domain/sending/notices.ts`. The texts are made here of fixed sentences and can hold no code.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { day, hour } from '../../base/clock.ts'
import { uuid } from '../../base/ids.ts'
import { getItem } from '../../store/rows.ts'
import { findAuthenticator } from '../../store/tables/authenticators.ts'
import { findCollection } from '../../store/tables/collections.ts'
import { insertNotice, type NoticeChannel } from '../../store/tables/notices.ts'
import { takeCount } from '../../store/tables/send-counts.ts'
import type { SystemScope } from '../access/scope.ts'
import { openValue } from './authenticators.ts'

export const noticeRules = {
  /** Of one account in a day: what comes after is not told. */
  accountDay: 20,
  /** A right password with a wrong second factor is told once within it. */
  wrongFactorMs: hour,
} as const

export type Happened =
  /** `label` as `phone +1 ••• 0123`. */
  | { what: 'bound' | 'replaced' | 'removed'; label: string }
  /** `label` is the name of the edge. */
  | { what: 'recovery codes for a place' | 'edge lost'; label: string }
  | { what: 'new password asked for' | 'password changed' | 'password reset' }
  | { what: 'recovery code used' | 'recovery codes renewed' | 'passkey closed' | 'app closed' | 'code used twice' }
  /** The password was right, the second factor was not; told once an hour at most. */
  | { what: 'wrong second factor' }

/** Where the recipient of a notice is sealed for. */
export const noticePlace = (system: string, id: string): string[] => ['notice', system, id]

/** In the body of a notice, where the link goes that lies sealed with its recipient. */
export const placeOfLink = '{link}'

/** To whom a notice goes, '' for nobody; and what nobody is to read from the database until it is sent. */
type Recipient = { to: string; link?: string }

export const sealRecipient = (scope: SystemScope, id: string, { to, link = '' }: Recipient): string =>
  scope.key.seal('authenticators', noticePlace(scope.system.key, id), link === '' ? to : `${to}\n${link}`)

export function openRecipient(scope: SystemScope, id: string, sealed: string): Required<Recipient> {
  const [to = '', link = ''] = scope.key.unseal('authenticators', noticePlace(scope.system.key, id), sealed).split('\n')
  return { to, link }
}

/**
 * In the transaction that `scope` holds. `formerPhone` is the number that was bound until now, where it is the phone that
 * changed: that is whom it concerns.
 */
export async function noteNotice(
  scope: SystemScope,
  userId: string,
  happened: Happened,
  formerPhone?: string | undefined,
): Promise<void> {
  const now = scope.clock.now()
  // Whoever guesses must not use up what tells of a change.
  const limit =
    happened.what === 'wrong second factor'
      ? { kind: 'notices of wrong factors', subject: userId, most: 1, windowMs: noticeRules.wrongFactorMs }
      : { kind: 'notices of account', subject: userId, most: noticeRules.accountDay, windowMs: day }
  if ((await takeCount(scope.data, limit, now)) !== undefined) return
  const body = textOf(scope, happened, now)
  const note = async (channel: NoticeChannel, to: string): Promise<void> => {
    const id = uuid()
    const recipient = sealRecipient(scope, id, { to })
    await insertNotice(scope.data, { id, userId, channel, recipient, body, createdAt: now })
  }
  const phone = formerPhone ?? (await boundPhone(scope, userId))
  if (phone !== undefined) await note('phone', phone)
  const table = await findCollection(scope.data, { kind: 'users' })
  const row = table && (await getItem(scope.data, table, userId))
  if (typeof row?.email === 'string') await note('email', row.email)
}

async function boundPhone(scope: SystemScope, userId: string): Promise<string | undefined> {
  const held = await findAuthenticator(scope.data, { userId, kind: 'phone' })
  return held === undefined ? undefined : numberOf(scope, held)
}

/** The number of a phone that is bound; undefined where it does not open, and then nobody can be told there. */
export function numberOf(scope: SystemScope, held: Parameters<typeof openValue>[1]): string | undefined {
  try {
    return openValue(scope, held)
  } catch (error) {
    if (error instanceof GatehouseError) throw error
    return undefined
  }
}

function sentenceOf(happened: Happened): string {
  switch (happened.what) {
    case 'bound':
      return `A second factor was added to your account: ${happened.label}.`
    case 'replaced':
      return `A second factor of your account was replaced. It is now: ${happened.label}.`
    case 'removed':
      return `A second factor was taken away from your account: ${happened.label}.`
    case 'recovery code used':
      return 'One of your recovery codes was used.'
    case 'recovery codes renewed':
      return 'New recovery codes were made for your account; those before are good no more.'
    case 'recovery codes for a place':
      return `Recovery codes that are good at ${happened.label} alone were made for your account.`
    case 'new password asked for':
      return 'You need a new password: the one you have opens nothing any more.'
    case 'password changed':
      return 'Your password was changed.'
    case 'password reset':
      return 'Your password was changed, by a link in an e-mail.'
    case 'edge lost':
      return `${happened.label}, where you could sign in, was lost: your password, and your authenticator app where you have one, are good no more.`
    case 'passkey closed':
      return 'A passkey of your account seems to have been copied, and was switched off.'
    case 'app closed':
      return 'There were too many wrong codes for your authenticator app, and it was switched off.'
    case 'code used twice':
      return 'A code of your authenticator app was used at two places, so the app was switched off and you were signed out.'
    case 'wrong second factor':
      return 'Somebody entered your password rightly and a wrong second factor.'
  }
}

export const systemNameIn = ({ system }: SystemScope): string => system.name.replace(/[\s\p{Cc}]+/gu, ' ').slice(0, 60)

export const timeOf = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`

function textOf(scope: SystemScope, happened: Happened, now: number): string {
  const [name, at] = [systemNameIn(scope), timeOf(now)]
  const who =
    scope.caller.kind === 'developer' ? 'by a developer of the system' : `from ${scope.origin.address.slice(0, 60)}`
  const advice =
    happened.what === 'wrong second factor'
      ? 'If it was not you, change your password.'
      : `If you did not expect this, tell whoever runs ${name}.`
  return `${name}: ${sentenceOf(happened)} ${at}, ${who}. ${advice}`
}
