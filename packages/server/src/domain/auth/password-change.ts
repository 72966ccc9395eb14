/**
 * How a user sets a new password where one is asked for (`domain/accounts/new-password.ts`) and no session is to be had: by the
 * password that opens nothing any more and a second factor. The password alone is enough where a developer merely wants a change
 * and the account has no second factor. It opens no session.
 *
 * At a door of its own, past the auth service, since that lets nobody in by such a password. So it says of no other account
 * whether a password was right, and counts as every door does.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { hexId } from '../../base/ids.ts'
import type { SystemStore } from '../../store/store.ts'
import { type AccountRecord, replacePassword } from '../../store/tables/accounts.ts'
import { listAuthenticators } from '../../store/tables/authenticators.ts'
import { deleteDevices } from '../../store/tables/devices.ts'
import { countRecoveryCodes } from '../../store/tables/recovery-codes.ts'
import { endSessions } from '../../store/tables/sessions.ts'
import { audit } from '../access/audit.ts'
import type { SystemScope } from '../access/scope.ts'
import { checkVoidPassword, refusalError } from '../accounts/credentials.ts'
import { askedWhy } from '../accounts/new-password.ts'
import { noteNotice } from '../accounts/notices.ts'
import { demandStrong, demandUsable, ownNames } from '../accounts/password-rules.ts'
import { slowHash } from '../accounts/users.ts'
import type { SendMessage } from '../sending/send.ts'
import { noteAnswered } from './challenges.ts'
import { askFresh, type Body, type Fresh, type FreshAsked, readAsked, takeFreshCode, weighFresh } from './enrolment.ts'
import { notGood, refused } from './factor-check.ts'
import { maySignIn } from './proofs.ts'
import { SignInTrace } from './trace.ts'

/** No service has such a name: what is asked for here is answered here alone. */
const ownPassword = ' own password'

/**
 * Asks whoever has to set a new password for a code of the phone, or for a passkey: `{email, password, factor?}`. Throws
 * wrongCredentials, challengeRefused, tooManyRequests, notOffered.
 */
export async function sendPasswordCode(scope: SystemScope, send: SendMessage, body: Body): Promise<FreshAsked> {
  demandPlatform(scope)
  const kind = readAsked(body.factor)
  const account = await demandVoidPassword(scope, traceOf(scope, body), body)
  return askFresh(scope, send, account, { kind, service: ownPassword, purpose: 'setting a new password' })
}

/**
 * `{email, password, new_password, code?, factor?, challenge_id?}`: `code` of the app (`totp`, where nothing is said), a
 * recovery code, or the answer to `sendPasswordCode`. Throws wrongCredentials, challengeRefused, tooManyRequests, badPassword,
 * notOffered.
 */
export async function changeVoidPassword(scope: SystemScope, body: Body): Promise<{ user_id: string }> {
  demandPlatform(scope)
  const { email, password, new_password: next } = body
  demandUsable(next)
  demandStrong(next, { minLength: scope.system.settings.password_min_length, context: ownNames(String(email)) })
  if (next === password) throw new GatehouseError('badPassword', 'This is the password as it was: choose another.')
  const trace = traceOf(scope, body)
  const account = await demandVoidPassword(scope, trace, body)
  const { userId } = account
  const hasCode = body.code !== undefined && body.code !== null && body.code !== ''
  const fresh = hasCode ? await weighFresh(scope, account, body, ownPassword) : undefined
  if (fresh === undefined && !(await isPasswordEnough(scope.data, account))) return refuse(trace, passwordIsNotEnough())
  // A slow hash is made for a code that seems right alone; whether it is, is decided below.
  const hash = fresh?.weighed.seemsRight === false ? undefined : await slowHash(scope, next)
  let sent: string | undefined
  const problem = await scope.data.transaction(async (tx): Promise<GatehouseError | undefined> => {
    if (fresh === undefined) {
      if (!(await isPasswordEnough(tx, account))) return passwordIsNotEnough()
    } else {
      const taken = await takeFreshCode(scope, tx, userId, hash === undefined ? { ...fresh, code: '' } : fresh)
      if (taken instanceof GatehouseError) return taken
      sent = taken.sent
    }
    if (hash === undefined || !(await maySignIn(tx, scope.system.settings, userId))) return notGood()
    const { passwordStamp: before } = account
    if (!(await replacePassword(tx, userId, { before, hash, stamp: hexId(8), ifVoid: true }))) return notGood()
    await endAfterNewPassword({ ...scope, data: tx }, account, {
      what: 'password changed',
      by: fresh?.kind ?? 'password',
    })
    return undefined
  })
  // Whatever became of the password.
  await noteAnswered(scope, sent)
  if (problem !== undefined) return refuse(trace, problem)
  return { user_id: userId }
}

/** What is refused here stands among the sign-ins; what is done, in the audit. */
const traceOf = (scope: SystemScope, { email }: Body): SignInTrace => new SignInTrace(scope, 'new password', { email })

async function demandVoidPassword(
  scope: SystemScope,
  trace: SignInTrace,
  { email, password }: Body,
): Promise<AccountRecord> {
  const check = await checkVoidPassword(scope, email, password)
  const userId = check.ok ? check.account.userId : check.accountId
  if (userId !== undefined) trace.note({ userId })
  if (check.ok) return check.account
  await trace.write('refused', { why: `password: ${check.reason}` })
  throw refusalError(check, 'wrongCredentials')
}

async function refuse(trace: SignInTrace, problem: GatehouseError): Promise<never> {
  await trace.write('refused', { why: problem.detail })
  throw problem
}

/** After a new password, in its transaction; the user is told. `by`: what vouched beside the password before, or for it. */
export async function endAfterNewPassword(
  scope: SystemScope,
  { userId, emailKey }: Pick<AccountRecord, 'userId' | 'emailKey'>,
  { what, by }: { what: 'password changed' | 'password reset'; by: Fresh['kind'] | 'password' | 'link' },
): Promise<void> {
  const { data: tx, clock } = scope
  const details = { id: userId, by }
  audit(tx, scope, { kind: 'user', action: 'set a new password', subject: emailKey, details })
  const which = { systemKey: tx.key, kind: 'user' as const, subjectId: userId }
  await endSessions(tx.node, which, clock.now(), 'the password was changed')
  await deleteDevices(tx, userId)
  await noteNotice(scope, userId, { what })
}

/** One that is switched off is still owed, so that nobody gets round it by wrong codes. */
async function isPasswordEnough(
  store: SystemStore,
  account: { userId: string; passwordVoid?: string | null },
): Promise<boolean> {
  if (askedWhy(account) !== 'asked') return false
  const held = await listAuthenticators(store, account.userId)
  if (held.some(({ kind }) => kind !== 'recovery')) return false
  return held.length === 0 || (await countRecoveryCodes(store, account.userId)) === 0
}

const passwordIsNotEnough = (): GatehouseError =>
  refused(
    'The password alone is not enough to set another one: a second factor goes with it.',
    'Who has none gets a new password by e-mail where the system offers that, or from whoever runs it.',
  )

/** Throws notOffered at an edge, before anything is looked at. */
export function demandPlatform(scope: Pick<SystemScope, 'edge'>): void {
  if (scope.edge === undefined) return
  throw new GatehouseError('notOffered', 'Passwords are not changed at an edge.', { hint: 'Do it at the platform.' })
}
