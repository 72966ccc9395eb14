/**
 * Asking users for a new password. Until one is set the one they have opens nothing, at no door and at no edge. There are two
 * reasons: `asked`, where a developer wants a change, and `exposed`, where others may know the password. Which proofs a change
 * takes then is `domain/auth/password-change.ts`.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { bits } from '@gatehouse/contract/permissions.ts'
import { hexId } from '../../base/ids.ts'
import { type AccountRecord, findAccount, voidPassword } from '../../store/tables/accounts.ts'
import { deleteDevices } from '../../store/tables/devices.ts'
import { endSessions } from '../../store/tables/sessions.ts'
import { audit } from '../access/audit.ts'
import { demand } from '../access/rights.ts'
import type { SystemScope } from '../access/scope.ts'
import { demandStillSignedIn } from '../access/still-signed-in.ts'
import { noteNotice } from './notices.ts'

export type AskedWhy = 'asked' | 'exposed'

/** Undefined where the password is good. Whatever is noted and is not `asked`, as that an edge was lost, is the graver one. */
export const askedWhy = ({ passwordVoid }: Pick<AccountRecord, 'passwordVoid'>): AskedWhy | undefined =>
  passwordVoid == null ? undefined : passwordVoid === 'asked' ? 'asked' : 'exposed'

/** Said to whoever entered the right password, and to nobody else. */
export const newPasswordNeeded = (why: AskedWhy): GatehouseError =>
  why === 'asked'
    ? new GatehouseError('newPasswordNeeded', 'A new password is asked for; this one opens nothing until then.', {
        hint: 'Set another one where your system offers it, or ask whoever runs it for one.',
      })
    : new GatehouseError('newPasswordNeeded', 'This password is good no more, since others may know it.', {
        hint: 'Set another one by e-mail or a second factor where your system offers it, or ask whoever runs it.',
      })

/**
 * From now on: sessions end, devices are forgotten, and whoever waits with a proof waits in vain. An account that is `exposed`
 * stays so. By somebody who manages users. Throws permissionDenied, noSuchUser, badRequest.
 */
export async function askForNewPassword(
  scope: SystemScope,
  userId: string,
  reason: unknown,
): Promise<{ user_id: string; new_password: AskedWhy; ended_sessions: number }> {
  await demand(scope, { kind: 'manageusers', level: bits.update }, 'manage users')
  if (reason !== 'asked' && reason !== 'exposed') {
    throw new GatehouseError('badRequest', 'reason must be "asked" or "exposed".', {
      hint: '"exposed" where others may know the password: then it takes a second factor to change it.',
    })
  }
  return scope.data.transaction(async (tx) => {
    await demandStillSignedIn(scope, tx.node)
    const isNew = await voidPassword(tx, userId, { why: reason, stamp: hexId(8), ifGood: reason === 'asked' })
    const account = await findAccount(tx, { userId })
    if (account === undefined) throw new GatehouseError('noSuchUser', 'There is no such user.')
    if (account.passwordHash === null) throw new GatehouseError('badRequest', 'This account has no password.')
    const which = { systemKey: tx.key, kind: 'user' as const, subjectId: userId }
    const ended = await endSessions(tx.node, which, scope.clock.now(), 'a new password is asked for')
    await deleteDevices(tx, userId)
    if (isNew) await noteNotice({ ...scope, data: tx }, userId, { what: 'new password asked for' })
    audit(tx, scope, {
      ...{ kind: 'user', action: 'ask for new password', subject: account.emailKey },
      details: { id: userId, reason, ended_sessions: ended },
    })
    return { user_id: userId, new_password: askedWhy(account)!, ended_sessions: ended }
  })
}
