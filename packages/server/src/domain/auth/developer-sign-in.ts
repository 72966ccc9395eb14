/** How developers come in. Nothing that a system's code does can change this door. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { findDeveloper, updateDeveloper } from '../../store/tables/developers.ts'
import { endSessions } from '../../store/tables/sessions.ts'
import type { NodeScope } from '../access/scope.ts'
import { demandStillSignedIn } from '../access/still-signed-in.ts'
import { checkDeveloperPassword, refusalError } from '../accounts/credentials.ts'
import { type NewDeveloper, newDeveloperHash, registerDeveloper } from '../accounts/developers.ts'
import { type OpenedSession, openDeveloperSession, refreshDeveloperSession } from './sessions.ts'

export type DeveloperSession = OpenedSession & { developerId: string }

export async function signInDeveloper(scope: NodeScope, body: Record<string, unknown>): Promise<DeveloperSession> {
  if (body.grant_type === 'refresh_token') {
    if (typeof body.refresh_token !== 'string')
      throw new GatehouseError('badRequest', 'A refresh needs the text refresh_token.')
    return refreshDeveloperSession(scope, body.refresh_token)
  }
  const check = await checkDeveloperPassword(scope, body.email ?? body.username, body.password)
  if (!check.ok) throw refusalError(check, 'developerCredentials')
  const { id, passwordHash } = check.developer
  const opened = await scope.store.transaction(async (tx) => {
    // Writing first holds the row: the account must still be as it was when the hash was compared.
    await updateDeveloper(tx, id, { lastLoginAt: scope.clock.now() })
    const now = await findDeveloper(tx, { id })
    if (now === undefined || now.disabled || now.passwordHash !== passwordHash) return undefined
    return { ...(await openDeveloperSession(scope, tx, id)), developerId: id }
  })
  if (opened === undefined) throw refusalError({ ok: false, reason: 'disabled', accountId: id }, 'developerCredentials')
  return opened
}

export async function registerAndSignIn(
  scope: NodeScope,
  input: NewDeveloper & { key: string | undefined },
): Promise<DeveloperSession> {
  const developer = await registerDeveloper(scope, input)
  return scope.store.transaction(async (tx) => ({
    ...(await openDeveloperSession(scope, tx, developer.id)),
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
  })
}

export async function developerRecord(scope: NodeScope) {
  const { caller } = scope
  const developer =
    caller.kind === 'developer' ? await findDeveloper(scope.store, { id: caller.developerId }) : undefined
  if (developer === undefined) throw new GatehouseError('notSignedIn', 'Sign in as a developer first.')
  return developer
}
