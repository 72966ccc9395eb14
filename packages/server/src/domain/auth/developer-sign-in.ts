/**
 * How developers come in. Nothing that a system's code does can change this door. Who has bound a second factor gets no token
 * for the password but an attempt to answer; binding one is `developer-factors.ts`.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { type DeveloperRecord, findDeveloper, updateDeveloper } from '../../store/tables/developers.ts'
import { endSessions } from '../../store/tables/sessions.ts'
import { audit } from '../access/audit.ts'
import type { NodeScope } from '../access/scope.ts'
import { demandStillSignedIn } from '../access/still-signed-in.ts'
import { checkDeveloperPassword, refusalError } from '../accounts/credentials.ts'
import { type NewDeveloper, newDeveloperHash, registerDeveloper } from '../accounts/developers.ts'
import { askFor, type Challenge, takeAnswer, weighAnswer } from './challenges.ts'
import {
  chooseKind,
  developerSignIn,
  developersData,
  developersScope,
  heldBy,
  helpedByOperator,
  sendsNothing,
  stampOf,
} from './developer-place.ts'
import { notGood } from './factor-check.ts'
import { type OpenedSession, openDeveloperSession, refreshDeveloperSession } from './sessions.ts'

export type DeveloperSession = OpenedSession & { developerId: string }

/** The password was right, and is not enough. `handle` names the attempt: it opens nothing by itself. */
export type SecondFactorOwed = { owed: Challenge }

/**
 * `{email, password, factor?}`, or a refresh. Throws developerCredentials, tooManyRequests, and challengeRefused where the
 * second factor that is owed cannot be asked for.
 */
export async function signInDeveloper(
  scope: NodeScope,
  body: Record<string, unknown>,
): Promise<DeveloperSession | SecondFactorOwed> {
  if (body.grant_type === 'refresh_token') {
    if (typeof body.refresh_token !== 'string')
      throw new GatehouseError('badRequest', 'A refresh needs the text refresh_token.')
    return refreshDeveloperSession(scope, body.refresh_token)
  }
  const check = await checkDeveloperPassword(scope, body.email ?? body.username, body.password)
  if (!check.ok) throw refusalError(check, 'developerCredentials')
  const { developer } = check
  const opened = await scope.store.transaction(async (tx) => {
    if (!(await stillTheSame(scope, tx, developer))) return undefined
    // With the account held: a factor that is being bound is either seen here, or binds after this session was opened.
    if ((await heldBy(developersData(tx), developer.id)).length > 0) return 'owed'
    return { ...(await openDeveloperSession(scope, tx, developer.id, 'password')), developerId: developer.id }
  })
  if (opened === undefined) {
    throw refusalError({ ok: false, reason: 'disabled', accountId: developer.id }, 'developerCredentials')
  }
  return opened === 'owed' ? { owed: await askForFactor(scope, developer, body.factor) } : opened
}

/** In the transaction: writing first holds the row, and the account must be as it was when its password was compared. */
async function stillTheSame(
  scope: NodeScope,
  tx: NodeScope['store'],
  { id, passwordHash }: DeveloperRecord,
): Promise<boolean> {
  await updateDeveloper(tx, id, { lastLoginAt: scope.clock.now() })
  const now = await findDeveloper(tx, { id })
  return now !== undefined && !now.disabled && now.passwordHash === passwordHash
}

const askForFactor = (node: NodeScope, developer: DeveloperRecord, named: unknown): Promise<Challenge> =>
  helpedByOperator(async () => {
    const scope = developersScope(node)
    const kind = await chooseKind(scope, developer.id, named)
    const who = { userId: developer.id, passwordStamp: stampOf(developer) }
    return askFor(scope, sendsNothing, { ...who, service: developerSignIn, kind, wording: {} })
  })

/**
 * Answers an attempt: the code, or what the browser says for a passkey. Checking, consuming and opening the session are one
 * transaction. Throws challengeRefused, the same for whatever is not right, and tooManyRequests.
 */
export async function answerDeveloper(
  node: NodeScope,
  answer: { handle: string; code: string | Record<string, unknown> },
): Promise<DeveloperSession> {
  const scope = developersScope(node)
  const input = { ...answer, service: developerSignIn }
  const weighed = await weighAnswer(scope, input)
  const opened = await scope.store.transaction(async (tx): Promise<DeveloperSession | GatehouseError> => {
    const taken = await takeAnswer(scope, developersData(tx), input, weighed)
    if (taken instanceof GatehouseError) return taken
    const { challenge, authenticator } = taken
    await updateDeveloper(tx, challenge.userId, { lastLoginAt: scope.clock.now() })
    const developer = await findDeveloper(tx, { id: challenge.userId })
    // What was proved is worth nothing for an account that is gone, switched off, or has another password since.
    if (developer === undefined || developer.disabled || stampOf(developer) !== challenge.passwordStamp)
      return notGood()
    const session = await openDeveloperSession(node, tx, developer.id, `password ${authenticator.kind}`)
    return { ...session, developerId: developer.id }
  })
  return helpedByOperator(async () => {
    if (opened instanceof GatehouseError) throw opened
    return opened
  })
}

export async function registerAndSignIn(
  scope: NodeScope,
  input: NewDeveloper & { key: string | undefined },
): Promise<DeveloperSession> {
  const developer = await registerDeveloper(scope, input)
  return scope.store.transaction(async (tx) => ({
    ...(await openDeveloperSession(scope, tx, developer.id, 'password')),
    developerId: developer.id,
  }))
}

/** The developer's own new password; ends the developer's other sessions. */
export async function changeDeveloperPassword(
  scope: NodeScope,
  oldPassword: unknown,
  newPassword: unknown,
): Promise<void> {
  const { caller } = scope
  if (caller.kind !== 'developer') throw new GatehouseError('notSignedIn', 'Sign in as a developer first.')
  const check = await checkDeveloperPassword(scope, caller.email, oldPassword)
  if (!check.ok) throw refusalError(check, 'developerCredentials')
  if (typeof newPassword !== 'string') throw new GatehouseError('badPassword', 'new_password must be a text.')
  const passwordHash = await newDeveloperHash(scope, check.developer, newPassword)
  const sparing = caller.sessionId === undefined ? {} : { exceptId: caller.sessionId }
  const which = { systemKey: '', kind: 'developer' as const, subjectId: caller.developerId, ...sparing }
  // One step: no moment at which the password is new and a session of the old one lives.
  await scope.store.transaction(async (tx) => {
    // Writing first holds the row. The hashes took their time: the account must still be as it was, and the session alive.
    await updateDeveloper(tx, check.developer.id, { lastLoginAt: check.developer.lastLoginAt })
    const now = await findDeveloper(tx, { id: check.developer.id })
    if (now === undefined || now.disabled || now.passwordHash !== check.developer.passwordHash) {
      throw new GatehouseError('notSignedIn', 'The account was changed meanwhile.', { hint: 'Sign in again.' })
    }
    await demandStillSignedIn(scope, tx)
    await updateDeveloper(tx, check.developer.id, { passwordHash })
    await endSessions(tx, which, scope.clock.now(), 'the password was changed')
    audit(tx, scope, { kind: 'developer', action: 'new password', subject: caller.email })
  })
}

export async function developerRecord(scope: NodeScope) {
  const { caller } = scope
  const developer =
    caller.kind === 'developer' ? await findDeveloper(scope.store, { id: caller.developerId }) : undefined
  if (developer === undefined) throw new GatehouseError('notSignedIn', 'Sign in as a developer first.')
  return developer
}
