/**
 * Where a trial runs: a scope over a copy of the system in memory, with the code that is tried as the auth service, and
 * second factors of which nobody but the trial knows the secrets. Nothing that is done in it is done to the system.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { Clock } from '../../base/clock.ts'
import { uuid } from '../../base/ids.ts'
import { hashPassword } from '../../base/secrets.ts'
import { noTracing } from '../../base/tracing.ts'
import { Kept } from '../../domain/access/kept.ts'
import type { SystemScope } from '../../domain/access/scope.ts'
import { openValue, placeOf } from '../../domain/accounts/authenticators.ts'
import { addressCounts } from '../../domain/accounts/ledger.ts'
import { makeRecoveryCodes } from '../../domain/accounts/recovery-codes.ts'
import { newTotpSecret, stepAt, totpCode } from '../../domain/accounts/totp.ts'
import { restoreVersion } from '../../domain/auth/withdrawal.ts'
import { currentCode, makeCurrent, updateCode } from '../../domain/code/code.ts'
import { changeSystem, noSuchSystem, systemByKey } from '../../domain/systems/systems.ts'
import type { Cut } from '../../store/scratch/bounds.ts'
import { openScratch, pretendPast, type Scratch } from '../../store/scratch/scratch.ts'
import { findAccount, updateAccount } from '../../store/tables/accounts.ts'
import { allOfKind, findAuthenticator, reseal } from '../../store/tables/authenticators.ts'
import { newestOpen } from '../../store/tables/challenges.ts'
import { emailKey } from '../../store/tables/developers.ts'
import { strangerPrefix } from '../../store/tables/failures.ts'
import { insertRecoveryCodes } from '../../store/tables/recovery-codes.ts'
import { takeCount } from '../../store/tables/send-counts.ts'
import type { Trial } from './request.ts'

export type Overlay = {
  /** Of whoever tries, over the copy. */
  scope: SystemScope
  service: string
  version: number
  cut: Cut[]
  /** Moves the clock of the trial to a time in milliseconds; it goes on from there. */
  setTime(at: number): void
  /** Milliseconds by which that clock goes before the machine's; 0 until it was set. */
  timeShift(): number
  /** The newest challenge that waits for an answer, and a way to a code that answers it at that moment. */
  pending(): Promise<{ id: string; code: () => Promise<string | undefined> } | undefined>
  close(): Promise<void>
}

/** Throws what says that it cannot be tried: badRequest, noSuchService, codeInvalid. */
export async function openOverlay(scope: SystemScope, trial: Trial): Promise<Overlay> {
  const name = trial.service === '' ? scope.system.settings.auth_service : trial.service
  if (name === '') {
    throw new GatehouseError('badRequest', 'The system has no auth service.', { hint: 'Name a service to try.' })
  }
  const emails = emailsIn(trial)
  const ledgerOf = (email: string) =>
    `${strangerPrefix}${scope.key.keyedHash('names', `${scope.system.key}/${emailKey(email)}`)}`
  const { time } = trial.steps[0]!.context
  let shift = time === undefined ? 0 : time - scope.clock.now()
  const clock: Clock = { now: () => scope.clock.now() + shift }
  const asked = { emails, ledgers: emails.map(ledgerOf), service: { name, version: trial.version } }
  const scratch = await openScratch(scope.data, asked, clock)
  try {
    const { within: _, ...means } = scope
    // What is only tried is no sign-in that anybody should find in the traces.
    const over = { ...means, store: scratch.store, data: scratch.system, clock, tracing: noTracing }
    const kept = new Kept()
    scratch.store.onChange((key, revised) => {
      if (revised) kept.forget(key)
    })
    const before: SystemScope = { ...over, kept }
    const version = await putCandidate(before, name, trial)
    const system = await systemByKey(before, scope.system.key)
    if (system === undefined) throw noSuchSystem()
    const inside: SystemScope = { ...before, system }
    const secrets = await replaceSecrets(inside)
    if (trial.assumePassword) await assumePassword(inside, trial)
    await setPast(inside, scratch, trial, emails[0], ledgerOf)
    return {
      ...{ scope: inside, service: name, version, cut: scratch.cut, close: scratch.close },
      setTime: (at) => {
        shift = at - scope.clock.now()
      },
      timeShift: () => (shift === 0 ? 0 : clock.now() - Date.now()),
      pending: () => pendingIn(inside, secrets),
    }
  } catch (error) {
    await scratch.close()
    throw error
  }
}

/** At the top of the bodies, where sign-ins name people. */
function emailsIn({ steps }: Trial): string[] {
  const texts = steps.flatMap(({ params }) => Object.values(params))
  const emails = texts.filter((text): text is string => typeof text === 'string' && /^[^@\s]+@[^@\s]+$/.test(text))
  return [...new Set(emails)].filter((email) => email.length <= 320).slice(0, 20)
}

/** Answers the number of the version that is tried. */
async function putCandidate(scope: SystemScope, name: string, trial: Trial): Promise<number> {
  if (trial.version !== undefined) await makeCurrent(scope, 'service', name, trial.version)
  await updateCode(scope, 'service', name, {
    logging_enabled: true,
    ...(trial.code !== undefined && { code: trial.code }),
    ...(trial.requires !== undefined && { dependencies: trial.requires }),
  })
  // What serves now may have withdrawn itself; what is asked for by name is tried itself, and stays.
  if (scope.system.settings.auth_service !== name || trial.version !== undefined || trial.code !== undefined) {
    await changeSystem(scope, { auth_service: name, auth_withdraw: null })
    await restoreVersion(scope)
  }
  const unit = await currentCode(scope, 'service', name)
  return unit!.version.version
}

/**
 * Apps and recovery codes get secrets of the trial's own: a right code of a trial then opens nothing outside, and nobody
 * finds out by trials what a real one is.
 */
async function replaceSecrets(scope: SystemScope): Promise<Map<string, string>> {
  const secrets = new Map<string, string>()
  for (const held of await allOfKind(scope.data, 'totp')) {
    const secret = newTotpSecret()
    await reseal(scope.data, held.id, scope.key.seal('authenticators', placeOf(scope.system.key, held), secret))
    secrets.set(held.id, secret)
  }
  return secrets
}

async function pendingIn(scope: SystemScope, secrets: Map<string, string>): ReturnType<Overlay['pending']> {
  const challenge = await newestOpen(scope.data, scope.clock.now())
  if (challenge === undefined) return undefined
  const { id, userId, authenticatorId } = challenge
  const held = await findAuthenticator(scope.data, { id: authenticatorId })
  const code = async (): Promise<string | undefined> => {
    if (held?.kind === 'totp') {
      return totpCode(secrets.get(held.id) ?? openValue(scope, held), stepAt(scope.clock.now()))
    }
    if (held?.kind !== 'recovery') return undefined
    const { codes, rows } = await makeRecoveryCodes(scope, userId, 1)
    await scope.data.transaction((tx) => insertRecoveryCodes(tx, { authenticatorId, userId }, rows))
    return codes[0]
  }
  return { id, code }
}

/** For whoever tries as somebody else: the password that he gives is taken to be the right one, here alone. */
async function assumePassword(scope: SystemScope, { steps }: Trial): Promise<void> {
  const { email, password } = steps[0]!.params
  if (typeof email !== 'string' || typeof password !== 'string') {
    throw new GatehouseError('badRequest', 'assume_password needs the texts email and password in the first step.')
  }
  const account = await findAccount(scope.data, { email })
  if (account === undefined) throw new GatehouseError('noSuchUser', 'assume_password: nobody has this e-mail.')
  const hash = await scope.gate.hash((cost) => hashPassword(password, cost))
  await scope.data.transaction((tx) =>
    updateAccount(tx, account.userId, { password: { hash, stamp: uuid(), weak: false } }),
  )
}

async function setPast(
  scope: SystemScope,
  scratch: Scratch,
  { past, steps }: Trial,
  email: string | undefined,
  ledgerOf: (email: string) => string,
): Promise<void> {
  const { failures, lastSignIn } = past
  const address = steps[0]!.context.address ?? scope.origin.address
  for (const counted of addressCounts({ origin: { ...scope.origin, address } }, scope.system.settings.sign_in_limits)) {
    for (let count = 0; count < (failures?.address ?? 0); count++) {
      await takeCount(scope.data, counted, scope.clock.now())
    }
  }
  if (email === undefined) return
  const account = await findAccount(scope.data, { email })
  const { password, second_factor: secondFactor } = failures ?? {}
  const userId = account?.userId
  await pretendPast(
    scratch,
    {
      ...(password !== undefined && { password: { ledger: userId ?? ledgerOf(email), count: password } }),
      ...(secondFactor !== undefined && userId !== undefined && { secondFactor: { userId, count: secondFactor } }),
      ...(lastSignIn !== undefined && userId !== undefined && { lastSignIn: { userId, last: lastSignIn } }),
    },
    scope.clock.now(),
  )
}
