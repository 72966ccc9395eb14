/**
 * The one door that gives out the token of a named user, whatever way he came in. Where an auth service is set, whoever
 * signs in with a password is judged by it; where none is, the password alone decides. Every ending but a clean one denies.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { SystemStore } from '../../store/store.ts'
import { findAccount } from '../../store/tables/accounts.ts'
import { holdSystem } from '../../store/tables/systems.ts'
import type { SystemScope } from '../access/scope.ts'
import { checkUserPassword, type Refusal, refusalError } from '../accounts/credentials.ts'
import { readSettings } from '../systems/settings.ts'
import { demandFresh, weighAge } from './edge-limits.ts'
import { type AskOverride, type OverrideRequest, readVerdict } from './override.ts'
import { maySignIn, redeem } from './proofs.ts'
import { type OpenedSession, openSession, openUserSession, refreshUserSession } from './sessions.ts'
import { SignInTrace } from './trace.ts'
import { noteOutcome } from './withdrawal.ts'

export type SignInResult =
  | {
      state: 'in'
      token: string
      userId: string
      expiresAt: number
      refreshToken: string
      options?: unknown
      /** At an edge: how old what this was decided on is, in milliseconds. */
      dataAge: number | null
    }
  /** The auth service wants another step: nothing was opened, nothing counted. */
  | { state: 'more'; userId: string; options: unknown }
  | { state: 'refused'; userId: string; options: unknown; status: 200 | 401 }

/** Says which device asks, where the body names one that is remembered; whether it is, the ledger finds out. */
const fromDevice = (scope: SystemScope, { device_token: token }: Record<string, unknown>): SystemScope =>
  typeof token === 'string' && token !== '' && token.length <= 200
    ? { ...scope, origin: { ...scope.origin, deviceToken: token } }
    : scope

/** Password sign-in at `/api/v/1/user/auth`; the same path refreshes, by `grant_type`. Throws what the person is to read. */
export async function signIn(
  from: SystemScope,
  body: Record<string, unknown>,
  ask: AskOverride,
): Promise<SignInResult> {
  const scope = fromDevice(from, body)
  if (body.grant_type === 'refresh_token') return refresh(scope, body)
  const { auth_service: service } = scope.system.settings
  const trace = new SignInTrace(scope, 'password', body)
  return service === ''
    ? signInWithPassword(scope, body, trace)
    : askAndDecide(scope, { service, purpose: 'auth', params: body, door: 'password' }, ask, trace)
}

async function signInWithPassword(
  scope: SystemScope,
  body: Record<string, unknown>,
  trace: SignInTrace,
): Promise<SignInResult> {
  if (typeof body.email !== 'string' || typeof body.password !== 'string') {
    throw new GatehouseError('badRequest', 'A sign-in needs the texts email and password.')
  }
  const check = await checkUserPassword(scope, body.email, body.password)
  trace.step('password')
  if (!check.ok) {
    if (check.accountId !== undefined) trace.note({ userId: check.accountId })
    await trace.write('refused', { why: `password: ${check.reason}` })
    throw refusalError(check, 'wrongCredentials')
  }
  const { userId, passwordStamp } = check.account
  trace.note({ userId })
  const signedIn = await inOneStep(
    scope,
    trace,
    async (tx): Promise<SignInResult | GatehouseError | 'run-as' | undefined> => {
      // The hash took its time: the account must still be as it was.
      const account = await findAccount(tx, { userId }, { hold: true })
      if (account === undefined || account.disabled || account.passwordStamp !== passwordStamp) return undefined
      if (!(await maySignIn(tx, scope.system.settings, userId))) return 'run-as'
      const who = { userId, factors: 'password' }
      const dataAge = await weighAge(scope, tx, who)
      if (dataAge instanceof GatehouseError) return dataAge
      const session = await openUserSession(tx.node, scope, { ...who, grantedBy: 'password', dataAge })
      trace.note({ factors: who.factors })
      noteAge(trace, dataAge)
      await trace.write('granted', { why: 'the password was right' }, tx)
      return {
        state: 'in',
        token: session.token,
        userId,
        expiresAt: session.expiresAt,
        refreshToken: session.refreshToken,
        dataAge,
      }
    },
  )
  if (signedIn instanceof GatehouseError) return refuseByAge(trace, signedIn)
  if (signedIn !== undefined && signedIn !== 'run-as') return signedIn
  await (signedIn === undefined
    ? trace.write('refused', { why: 'the account was changed while the password was checked' })
    : trace.write('refused', {
        why: 'services run as this user, who therefore cannot sign in',
        advice: 'Give the services a user of their own, or set run_as_sign_in to "allowed".',
      }))
  const changed: Refusal = { ok: false, reason: 'disabled', accountId: userId }
  throw refusalError(changed, 'wrongCredentials')
}

/** Asks the auth (or registration) service and turns its verdict into a session, a further step, or a refusal. */
export async function askAndDecide(
  scope: SystemScope,
  request: OverrideRequest,
  ask: AskOverride,
  trace: SignInTrace,
): Promise<SignInResult> {
  const outcome = await ask(scope, request)
  trace.step(`service ${request.service}`)
  trace.note({ service: request.service, version: outcome.version, ...outcome.notes })
  const verdict = readVerdict(outcome)
  const ended = (erred: boolean): Promise<void> => noteOutcome(scope, request, outcome, erred)
  switch (verdict.kind) {
    case 'broken':
      await trace.write('failed', { why: verdict.why, advice: verdict.advice })
      outcome.decided?.('broken')
      if (outcome.kind === 'answered' || outcome.erred === true) await ended(true)
      throw overrideFailed()
    case 'refuse': {
      await ended(false)
      await trace.write('refused', { why: 'the service answered with resp.error' })
      outcome.decided?.('refused')
      return {
        state: 'refused',
        userId: verdict.userId,
        options: verdict.options,
        status: scope.system.settings.auth_error_status,
      }
    }
    case 'more':
      await trace.write('more', { why: 'the service asks for another step' })
      outcome.decided?.('more')
      await ended(false)
      return { state: 'more', userId: verdict.userId, options: verdict.options }
    case 'grant': {
      const granted = await inOneStep(
        scope,
        trace,
        async (tx): Promise<SignInResult | GatehouseError | { why: string; erred: boolean }> => {
          const redeemed = await redeem(tx, verdict.token, scope.clock.now(), request.service, scope.system.settings)
          if (!redeemed.ok) return redeemed
          if (request.onlyFor !== undefined && redeemed.userId !== request.onlyFor) {
            return { why: 'a proof for another user than the one who registered', erred: true }
          }
          trace.note({ userId: redeemed.userId, factors: redeemed.factors })
          const dataAge = await weighAge(scope, tx, redeemed)
          if (dataAge instanceof GatehouseError) return dataAge
          const session = await openUserSession(tx.node, scope, {
            userId: redeemed.userId,
            grantedBy: grantedBy(scope, request),
            factors: redeemed.factors,
            dataAge,
          })
          noteAge(trace, dataAge)
          const why = whyGranted[redeemed.origin]
          await trace.write('granted', { why }, tx)
          const { token, expiresAt, refreshToken } = session
          return {
            state: 'in',
            token,
            userId: redeemed.userId,
            expiresAt,
            refreshToken,
            dataAge,
            options: verdict.options,
          }
        },
      )
      if (granted instanceof GatehouseError) {
        outcome.decided?.('refused')
        await ended(false)
        return refuseByAge(trace, granted)
      }
      if ('state' in granted) {
        outcome.decided?.('granted')
        await ended(false)
        return granted
      }
      await trace.write('failed', {
        why: `The service answered with ${granted.why}.`,
        advice: 'Look at what the service returns as authToken.',
      })
      outcome.decided?.('broken')
      await ended(granted.erred)
      throw overrideFailed()
    }
  }
}

const noteAge = (trace: SignInTrace, dataAge: number | null): void => {
  if (dataAge !== null) trace.note({ dataAge })
}

/** What was proved is spent; nothing was opened. */
async function refuseByAge(trace: SignInTrace, problem: GatehouseError): Promise<never> {
  await trace.write('refused', { why: problem.detail })
  throw problem
}

const whyGranted = {
  password: 'the service returned a proof of the password',
  challenge: 'the service returned a proof of the password and of a second factor',
  device: 'the service returned a proof of the password and of a remembered device',
  grant: 'the auth service vouched for the user',
} as const

const grantedBy = (scope: SystemScope, request: OverrideRequest): string =>
  request.purpose === 'auth' ? `service:${scope.system.settings.auth_service}` : 'registration'

/** The person learns that it failed; why it did stands in the trace, for the developer. */
const overrideFailed = (): GatehouseError =>
  new GatehouseError('overrideFailed', 'The sign-in could not be completed.', {
    hint: "The system's developer finds the reason under its sign-ins.",
  })

/**
 * The short transaction that ends a sign-in. Between question and answer a developer may have set another auth service, or
 * cleared it: what was decided under the old rule then opens nothing.
 */
export async function inOneStep<T>(
  scope: SystemScope,
  trace: SignInTrace,
  work: (tx: SystemStore) => Promise<T>,
): Promise<T> {
  const result = await scope.data.transaction(async (tx) => {
    const row = await holdSystem(tx)
    if (row === undefined || readSettings(row.settings).auth_epoch !== scope.system.settings.auth_epoch)
      return undefined
    return { value: await work(tx) }
  })
  if (result !== undefined) return result.value
  await trace.write('failed', { why: 'the auth service of the system was changed meanwhile', advice: 'Sign in again.' })
  throw overrideFailed()
}

/**
 * For services that sign a user in while no auth service is set: their proof becomes a session here, by the rule that holds
 * at this moment. Undefined where an auth service stands in between, which alone may redeem it.
 */
export async function redeemForService(scope: SystemScope, proof: string): Promise<OpenedSession | undefined> {
  if (scope.system.settings.auth_service !== '') return undefined
  const trace = new SignInTrace(scope, 'service')
  return inOneStep(scope, trace, async (tx) => {
    const redeemed = await redeem(tx, proof, scope.clock.now(), undefined, scope.system.settings)
    if (!redeemed.ok) return undefined
    const session = await openUserSession(tx.node, scope, {
      userId: redeemed.userId,
      grantedBy: 'password',
      factors: redeemed.factors,
      dataAge: await demandFresh(scope, tx, redeemed),
    })
    trace.note({ userId: redeemed.userId })
    await trace.write('granted', { why: 'a service proved the password and no auth service is set' }, tx)
    return session
  })
}

async function refresh(scope: SystemScope, body: Record<string, unknown>): Promise<SignInResult> {
  if (typeof body.refresh_token !== 'string' || body.refresh_token === '') {
    throw new GatehouseError('badRequest', 'A refresh needs the text refresh_token.')
  }
  const { token, userId, expiresAt, refreshToken, dataAge } = await refreshUserSession(scope, body.refresh_token)
  return { state: 'in', token, userId, expiresAt, refreshToken, dataAge }
}

/** An anonymous session: proves nobody, holds the role Anonymous alone, is not refreshed. A setting closes them. */
export async function signInAnonymously(scope: SystemScope): Promise<{ token: string; expiresAt: number }> {
  if (scope.system.settings.anonymous === 'closed') {
    throw new GatehouseError('anonymousClosed', 'This system gives out no anonymous sessions.')
  }
  const now = scope.clock.now()
  const session = await scope.store.transaction((tx) =>
    openSession(tx, now, {
      kind: 'anonymous',
      systemKey: scope.system.key,
      subjectId: '',
      grantedBy: 'anonymous',
      factors: '',
      ttlMs: scope.system.settings.token_ttl_anon * 1000,
      refreshUntil: null,
      address: scope.origin.address,
      dataAge: null,
    }),
  )
  return { token: session.token, expiresAt: session.expiresAt }
}
