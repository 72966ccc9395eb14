/**
 * Signing in from inside a service. A password is checked by the password function, never by sign-in: what a service gets
 * is a proof, so that an auth service cannot ask itself and nothing it holds opens a door.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { bits } from '@gatehouse/contract/permissions.ts'
import { may } from '../../domain/access/rights.ts'
import type { SystemScope } from '../../domain/access/scope.ts'
import { checkUserPassword, refusalError } from '../../domain/accounts/credentials.ts'
import { createUser } from '../../domain/accounts/users.ts'
import { giveProof } from '../../domain/auth/proofs.ts'
import { secretMatches } from '../../domain/systems/systems.ts'
import { type AccountRecord, findAccount } from '../../store/tables/accounts.ts'
import { currentSystem, type Run, scopeOfSession } from '../run.ts'
import { keepOut } from '../secrecy.ts'
import { type Args, type HostTable, textArg } from './table.ts'

/** Doors of sign-in that a service may use while no auth service stands in between; given in `app.ts`. */
export type ServiceDoors = {
  /** A session for a proof, or undefined where only the auth service may redeem it. */
  redeem: (
    scope: SystemScope,
    proof: string,
  ) => Promise<{ token: string; refreshToken: string; expiresAt: number } | undefined>
  anonymous: (scope: SystemScope) => Promise<{ token: string; expiresAt: number }>
  refresh: (
    scope: SystemScope,
    refreshToken: string,
  ) => Promise<{ token: string; refreshToken: string; expiresAt: number; userId: string }>
}

/** `init` may name a system, and it must be this one: a service cannot sign in elsewhere. */
function demandOwnSystem(run: Run, args: Args): void {
  const { systemKey, systemSecret } = args
  const { system } = run.scope
  const keyFits = systemKey === undefined || systemKey === null || systemKey === system.key
  const secretFits =
    systemSecret === undefined ||
    systemSecret === null ||
    (typeof systemSecret === 'string' && secretMatches(system, systemSecret))
  if (!keyFits || !secretFits) {
    throw new GatehouseError(
      'wrongSystem',
      'systemKey and systemSecret must be those of the system that the service is in.',
    )
  }
}

async function prove(
  doors: ServiceDoors,
  run: Run,
  user: { account: AccountRecord; email: unknown },
): Promise<Record<string, unknown>> {
  const scope = { ...run.scope, system: await currentSystem(run.scope) }
  const { account } = user
  const proof = await giveProof(scope, {
    account,
    origin: 'password',
    factors: 'password',
    service: run.service,
    runId: run.id,
  })
  // A door that asked redeems the proof itself; elsewhere, with no auth service in between, the service gets a session.
  const session =
    scope.system.settings.auth_service === '' && !run.tree.asked ? await doors.redeem(scope, proof) : undefined
  const authToken = session?.token ?? proof
  keepOut(run, authToken, session?.refreshToken)
  run.tree.proofs.set(authToken, { kind: 'user', userId: account.userId, sessionId: undefined })
  const { userId } = account
  return {
    authToken,
    user_id: userId,
    email: user.email,
    ...(session !== undefined && { refreshToken: session.refreshToken, expiry: session.expiresAt }),
  }
}

export const authCalls = (doors: ServiceDoors): HostTable => ({
  'auth.password': async ({ run, args }) => {
    demandOwnSystem(run, args)
    const { email, password } = args
    keepOut(run, email, password)
    const check = await checkUserPassword(run.scope, email, password)
    run.tree.passwords.push({
      result: check.ok ? 'right' : check.reason,
      userId: check.ok ? check.account.userId : check.accountId,
    })
    if (!check.ok) throw refusalError(check, 'wrongCredentials')
    return prove(doors, run, { account: check.account, email })
  },
  'auth.register': async ({ run, args }) => {
    demandOwnSystem(run, args)
    const { email, password } = args
    keepOut(run, email, password)
    const fields = typeof args.fields === 'object' && args.fields !== null ? (args.fields as Args) : {}
    const developerRun =
      run.scope.caller.kind === 'developer' || (await may(run.scope, { kind: 'users', level: bits.create }))
    const { settings } = run.scope.system
    if (!developerRun && settings.registration === 'closed' && run.purpose !== 'reg') {
      throw new GatehouseError('registrationRefused', 'This system takes no registrations.')
    }
    const user = await createUser(run.scope, {
      email,
      password,
      fields,
      chosenBy: run.scope.caller.kind === 'developer' ? 'developer' : 'person',
    })
    return { ...(await prove(doors, run, { account: user.account, email })), creation_date: user.row.creation_date }
  },
  'auth.anonymous': async ({ run, args }) => {
    demandOwnSystem(run, args)
    const session = await doors.anonymous({ ...run.scope, system: await currentSystem(run.scope) })
    keepOut(run, session.token)
    return { authToken: session.token, user_id: '', email: null, expiry: session.expiresAt }
  },
  'auth.check': async ({ scope }) => scope.caller.kind !== 'nobody',
  // The caller's own session is not the service's to end; a token that the service holds simply is not used any more.
  'auth.logout': async () => null,
  'auth.reauth': async ({ run, args }) => {
    const scope = { ...run.scope, system: await currentSystem(run.scope) }
    const session = await doors.refresh(scope, textArg(args, 'refreshToken'))
    keepOut(run, session.token, session.refreshToken)
    return {
      authToken: session.token,
      refreshToken: session.refreshToken,
      expiry: session.expiresAt,
      user_id: session.userId,
    }
  },
  'auth.userIdFromToken': async ({ run, args }) => {
    const { caller } = await scopeOfSession(run, textArg(args, 'token'))
    return caller.kind === 'user' ? caller.userId : caller.kind === 'developer' ? caller.developerId : ''
  },
  'auth.grant': async ({ run, args }) => {
    if (!run.asAuthService) {
      throw new GatehouseError(
        'permissionDenied',
        'signin.grant works only while the service runs as the auth service of a sign-in.',
      )
    }
    const userId = textArg(args, 'user_id')
    const account = await findAccount(run.scope.data, { userId })
    if (account === undefined || account.disabled) {
      throw new GatehouseError('noSuchUser', 'signin.grant: there is no such user, or the account is switched off.')
    }
    const authToken = await giveProof(run.scope, {
      account,
      origin: 'grant',
      factors: '',
      service: run.service,
      runId: run.id,
    })
    keepOut(run, authToken)
    run.tree.proofs.set(authToken, { kind: 'user', userId, sessionId: undefined })
    return { authToken, user_id: userId, options: args.options ?? {} }
  },
})
