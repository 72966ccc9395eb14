/**
 * A new password by a link in an e-mail. The link is 256 random bits, good for half an hour, once, and for the password that the
 * account had; what is kept is its hash. It sets a password and no more: it opens no session, and a second factor is owed as
 * before (ASVS 6.4.3).
 *
 * Whoever asks hears the same whether there is such an account or not, after the same statements: where there is none, or it may
 * not be helped, what is noted is a link for nobody and a notice to nobody. The e-mail itself goes out afterwards, as notices do.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { day, hour, minute, second } from '../../base/clock.ts'
import { bearerToken, hexId, uuid } from '../../base/ids.ts'
import { hashToken } from '../../base/secrets.ts'
import { getItem } from '../../store/rows.ts'
import type { SystemStore } from '../../store/store.ts'
import { findAccount, replacePassword } from '../../store/tables/accounts.ts'
import { emailKey } from '../../store/tables/developers.ts'
import { deleteFailures } from '../../store/tables/failures.ts'
import { insertNotice } from '../../store/tables/notices.ts'
import { deleteResets, findReset, insertReset, spendReset } from '../../store/tables/password-resets.ts'
import { type Counted, takeCount } from '../../store/tables/send-counts.ts'
import { addressKey, addressPrefix } from '../access/attempt-gate.ts'
import type { NodeScope, SystemScope } from '../access/scope.ts'
import { demandEmail } from '../accounts/email.ts'
import { placeOfLink, sealRecipient, systemNameIn, timeOf } from '../accounts/notices.ts'
import { demandStrong, demandUsable, ownNames } from '../accounts/password-rules.ts'
import { demandAnother, slowHash, userTable } from '../accounts/users.ts'
import { messagesTo } from '../sending/inbox.ts'
import { systemByKey } from '../systems/systems.ts'
import { refused } from './factor-check.ts'
import { demandPlatform, endAfterNewPassword } from './password-change.ts'
import { maySignIn } from './proofs.ts'

export const resetRules = {
  lifeMs: 30 * minute,
  /** Of one e-mail, whether anybody has it or not. */
  emailHour: 3,
  emailDay: 10,
  addressHour: 20,
  networkHour: 100,
  systemDay: 1_000,
} as const

/** Where the link leads; behind the `#` stand system and token, which no server on the way is told. */
export const resetPath = '/password-reset'

/** `{email}`. Throws notOffered, badRequest, tooManyRequests; never by what accounts there are. */
export async function askForReset(scope: SystemScope, body: Record<string, unknown>): Promise<{ asked: true }> {
  demandPlatform(scope)
  const { system } = scope
  if (!offersReset(scope)) {
    throw new GatehouseError('notOffered', 'This system sends no links for new passwords.', {
      hint: 'Ask whoever runs it for a new password.',
    })
  }
  const email = demandEmail(body.email)
  const now = scope.clock.now()
  const token = bearerToken('ghw')
  await scope.data.transaction(async (tx) => {
    await takeLimits(scope, tx, email, now)
    const account = await findAccount(tx, { email })
    const row = await getItem(tx, await userTable(tx), account?.userId ?? '')
    const isOpen = await maySignIn(tx, system.settings, account?.userId ?? '')
    const to = isOpen && account?.disabled === false && account.passwordHash !== null ? row?.email : undefined
    const userId = typeof to === 'string' ? account!.userId : ''
    const passwordStamp = account?.passwordStamp ?? ''
    await insertReset(tx, {
      hash: hashToken(token),
      userId,
      passwordStamp,
      createdAt: now,
      expiresAt: now + resetRules.lifeMs,
    })
    const id = uuid()
    const link = `${scope.publicUrl()}${resetPath}#${system.key}.${token}`
    const recipient = sealRecipient(scope, id, typeof to === 'string' ? { to, link } : { to: '' })
    await insertNotice(tx, { id, userId, channel: 'email', recipient, body: textOf(scope, now), createdAt: now })
  })
  return { asked: true }
}

/**
 * `{system_key, token, new_password}`; the token is what vouches, so no secret of the system goes with it. Throws
 * challengeRefused, badPassword, notOffered. A password that is refused spends nothing.
 */
export async function setByReset(from: NodeScope, body: Record<string, unknown>): Promise<{ user_id: string }> {
  demandPlatform(from)
  const { system_key: key, token, new_password: next } = body
  if (typeof key !== 'string' || typeof token !== 'string') {
    throw new GatehouseError('badRequest', 'This needs the texts system_key and token, which stand in the link.')
  }
  demandUsable(next)
  const system = await systemByKey(from, key)
  if (system === undefined) throw notGood()
  const scope: SystemScope = { ...from, system, data: from.store.forSystem(key), caller: { kind: 'nobody' } }
  const hash = hashToken(token)
  const found = offersReset(scope) ? await findReset(scope.data, { hash, now: scope.clock.now() }) : undefined
  const account = found && (await findAccount(scope.data, { userId: found.userId }))
  if (found === undefined || account === undefined) throw notGood()
  const { userId, passwordStamp: before } = found
  const { emailKey: email } = account
  demandStrong(next, { minLength: system.settings.password_min_length, context: ownNames(email) })
  await demandAnother(scope, userId, next)
  const passwordHash = await slowHash(scope, next)
  const isSet = await scope.data.transaction(async (tx): Promise<boolean> => {
    // Spent whatever comes after: account and password must still be as they were when it was asked for.
    if (!(await spendReset(tx, { hash, now: scope.clock.now() }))) return false
    if (!(await maySignIn(tx, system.settings, userId))) return false
    if (!(await replacePassword(tx, userId, { before, hash: passwordHash, stamp: hexId(8) }))) return false
    await deleteResets(tx, userId)
    // Who has the e-mail need not wait for guesses at the password before.
    await deleteFailures(tx.node, tx.key, userId)
    await endAfterNewPassword({ ...scope, data: tx }, account, { what: 'password reset', by: 'link' })
    return true
  })
  if (!isSet) throw notGood()
  return { user_id: userId }
}

/** By the system's setting, and where an e-mail goes anywhere at all. Never at an edge, whose settings close it. */
export function offersReset(scope: SystemScope): boolean {
  const { password_reset: setting, mail } = scope.system.settings
  const isSent = messagesTo(scope) === 'inbox' ? scope.mode === 'development' : mail !== null
  return setting === 'open' && isSent
}

async function takeLimits(scope: SystemScope, tx: SystemStore, email: string, now: number): Promise<void> {
  const { address } = scope.origin
  const { emailHour, emailDay, addressHour, networkHour, systemDay } = resetRules
  const of = scope.key.keyedHash('names', `password reset ${scope.system.key}/${emailKey(email)}`)
  const limits: Counted[] = [
    { kind: 'resets of address', subject: addressKey(address), most: addressHour, windowMs: hour },
    { kind: 'resets of network', subject: addressPrefix(address), most: networkHour, windowMs: hour },
    { kind: 'resets of e-mail in an hour', subject: of, most: emailHour, windowMs: hour },
    { kind: 'resets of e-mail', subject: of, most: emailDay, windowMs: day },
    { kind: 'resets', subject: '', most: systemDay, windowMs: day },
  ]
  for (const limit of limits) {
    const until = await takeCount(tx, limit, now)
    if (until === undefined) continue
    throw new GatehouseError('tooManyRequests', 'New passwords were asked for too often.', {
      hint: 'Look into your e-mail, or try again later.',
      retryAfter: Math.max(1, Math.ceil((until - now) / second)),
    })
  }
}

function textOf(scope: SystemScope, now: number): string {
  const from = scope.origin.address.slice(0, 60)
  const asked = `${systemNameIn(scope)}: A new password was asked for your account, ${timeOf(now)}, from ${from}.`
  const life = `The link is good once, for ${resetRules.lifeMs / minute} minutes.`
  return `${asked} Set it here: ${placeOfLink} ${life} If it was not you, do nothing: your password stays as it is.`
}

/** The same whether it is wrong, spent, too old, of another password or was never given. */
const notGood = (): GatehouseError =>
  refused('This link is not right, or no longer good.', 'Ask for another one where you sign in.')
