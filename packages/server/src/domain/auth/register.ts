/**
 * Registration: makes the account, then lets in by the rules of sign-in. A registration service, where one is set, makes
 * the account itself (with `registerUser`); an auth service, where one is set, decides in both cases whether the new user
 * is let in at once.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { SystemStore } from '../../store/store.ts'
import { findAccount } from '../../store/tables/accounts.ts'
import type { SystemScope } from '../access/scope.ts'
import { createUser, userRow } from '../accounts/users.ts'
import { demandFresh } from './edge-limits.ts'
import { type AskOverride, readVerdict } from './override.ts'
import { redeem } from './proofs.ts'
import { openUserSession } from './sessions.ts'
import { askAndDecide, inOneStep, type SignInResult } from './sign-in.ts'
import { SignInTrace } from './trace.ts'

export type Registration = {
  userId: string
  email: string
  creationDate: string
  /** Empty where nothing was granted. */
  token: string
  refreshToken: string
  expiresAt: number
  /** `''` without an override, as on the wire. */
  options: unknown
  status: 200 | 401
}

export async function register(
  scope: SystemScope,
  body: Record<string, unknown>,
  ask: AskOverride,
): Promise<Registration> {
  if (scope.system.settings.registration === 'closed') {
    throw new GatehouseError('registrationRefused', 'This system takes no registrations.', {
      hint: 'Ask the people who run it for an account.',
    })
  }
  const { reg_service: service } = scope.system.settings
  return service === '' ? registerHere(scope, body, ask) : registerByService(scope, service, body, ask)
}

async function registerHere(
  scope: SystemScope,
  body: Record<string, unknown>,
  ask: AskOverride,
): Promise<Registration> {
  const { email, password, ...fields } = body
  const user = await createUser(scope, { email, password, fields, chosenBy: 'person' })
  const trace = new SignInTrace(scope, 'registration', body)
  trace.step('registration')
  trace.note({ userId: user.userId })
  const base = { userId: user.userId, email: String(user.row.email), creationDate: String(user.row.creation_date) }
  const { auth_service: authService } = scope.system.settings
  if (authService !== '') return judged(base, await letIn(scope, authService, user.userId, body, ask, trace), '')
  const session = await inOneStep(scope, trace, async (tx) => {
    await trace.write('granted', { why: 'the user registered and no auth service is set' }, tx)
    const who = { userId: user.userId, factors: 'password' }
    const dataAge = await demandFresh(scope, tx, who)
    return openUserSession(tx.node, scope, { ...who, grantedBy: 'registration', dataAge })
  })
  const { token, refreshToken, expiresAt } = session
  return { ...base, token, refreshToken, expiresAt, options: '', status: 200 }
}

/** The account stands whatever the auth service says; a refusal or a failure only means that nobody is let in yet. */
async function letIn(
  scope: SystemScope,
  service: string,
  userId: string,
  body: Record<string, unknown>,
  ask: AskOverride,
  trace: SignInTrace,
): Promise<SignInResult> {
  try {
    const request = { service, purpose: 'auth', params: body, door: 'registration', onlyFor: userId } as const
    return await askAndDecide(scope, request, ask, trace)
  } catch (error) {
    if (!(error instanceof GatehouseError)) throw error
    return { state: 'refused', userId: '', options: {}, status: 200 }
  }
}

async function registerByService(
  scope: SystemScope,
  service: string,
  body: Record<string, unknown>,
  ask: AskOverride,
): Promise<Registration> {
  const trace = new SignInTrace(scope, 'registration', body)
  const outcome = await ask(scope, { service, purpose: 'reg', params: body, door: 'registration' })
  trace.step(`service ${service}`)
  trace.note({ service, version: outcome.version, ...outcome.notes })
  const verdict = readVerdict(outcome)
  if (verdict.kind === 'broken') {
    await trace.write('failed', { why: verdict.why, advice: verdict.advice })
    throw new GatehouseError('overrideFailed', 'The registration could not be completed.')
  }
  const nobody = { userId: verdict.userId, email: '', creationDate: '' }
  if (verdict.kind === 'refuse') {
    await trace.write('refused', { why: 'the registration service answered with resp.error' })
    return { ...nobody, ...nothing, options: verdict.options, status: scope.system.settings.auth_error_status }
  }
  const { auth_service: authService } = scope.system.settings
  const base = await registered(scope, verdict.userId)
  if (authService !== '') {
    if (base === undefined) {
      await trace.write('more', { why: 'the registration service named no user that exists' })
      return { ...nobody, ...nothing, options: verdict.options, status: 200 }
    }
    return judged(base, await letIn(scope, authService, base.userId, body, ask, trace), verdict.options)
  }
  if (verdict.kind === 'more') {
    await trace.write('more', { why: 'the registration service granted no token' })
    return { ...(base ?? nobody), ...nothing, options: verdict.options, status: 200 }
  }
  const granted = await inOneStep(scope, trace, async (tx) => {
    const redeemed = await redeem(tx, verdict.token, scope.clock.now(), undefined, scope.system.settings)
    if (!redeemed.ok) return redeemed.why
    trace.note({ userId: redeemed.userId })
    await trace.write('granted', { why: 'the registration service returned a proof' }, tx)
    const session = await openUserSession(tx.node, scope, {
      userId: redeemed.userId,
      grantedBy: 'registration',
      factors: redeemed.factors,
      dataAge: await demandFresh(scope, tx, redeemed),
    })
    return { session, userId: redeemed.userId }
  })
  if (typeof granted === 'string') {
    await trace.write('failed', { why: `The registration service answered with ${granted}.` })
    throw new GatehouseError('overrideFailed', 'The registration could not be completed.')
  }
  const { token, refreshToken, expiresAt } = granted.session
  const person = (await registered(scope, granted.userId)) ?? nobody
  return { ...person, token, refreshToken, expiresAt, options: verdict.options, status: 200 }
}

const nothing = { token: '', refreshToken: '', expiresAt: 0 } as const

/** The user that the service says it made, if there is one. */
async function registered(scope: SystemScope, userId: string) {
  if (!(await exists(scope.data, userId))) return undefined
  const row = await userRow(scope, userId)
  return { userId, email: String(row.email), creationDate: String(row.creation_date) }
}

const exists = async (store: SystemStore, userId: string): Promise<boolean> =>
  userId !== '' && (await findAccount(store, { userId })) !== undefined

function judged(
  base: { userId: string; email: string; creationDate: string },
  result: SignInResult,
  registrationOptions: unknown,
): Registration {
  const options =
    registrationOptions === '' || isEmpty(registrationOptions) ? (result.options ?? '') : registrationOptions
  if (result.state !== 'in') return { ...base, ...nothing, options, status: 200 }
  const { token, refreshToken, expiresAt } = result
  return { ...base, token, refreshToken, expiresAt, options, status: 200 }
}

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0
