/**
 * Auth services that withdraw themselves. Where the system says so, a state of the code that errs for too many accounts
 * serves no more: the one that the developer named as safe takes its place, and where none is named sign-in refuses. To err
 * is to end without a verdict; a refusal is none. Which code serves is asked by the engine; how a sign-in ended is told by
 * sign-in.
 */
import { minute, second } from '../../base/clock.ts'
import { findAccount } from '../../store/tables/accounts.ts'
import { deleteSafeVersion, putSafeVersion } from '../../store/tables/safe-versions.ts'
import { lockSystem, updateSystem } from '../../store/tables/systems.ts'
import { deleteVersionOutcomes, noteVersionOutcome, tallyVersionOutcomes } from '../../store/tables/version-outcomes.ts'
import { addressKey } from '../access/attempt-gate.ts'
import { type Actor, audit } from '../access/audit.ts'
import { callerLabel } from '../access/caller.ts'
import type { SafeVersion, SystemScope, SystemSettings } from '../access/scope.ts'
import { readSettings } from '../systems/settings.ts'
import type { OverrideOutcome, OverrideRequest } from './override.ts'

/** Of no interest after this long, whatever the window. */
export const outcomesKeptMs = 1440 * minute

export const isWithdrawn = (settings: SystemSettings, service: string, code: string): boolean =>
  settings.auth_withdrawn?.service === service && settings.auth_withdrawn.code === code

/** The named safe version of the auth service, where one is named. */
export const safeVersion = ({ auth_safe: safe, auth_service }: SystemSettings): SafeVersion | undefined =>
  safe !== null && safe.service === auth_service ? safe : undefined

/** What runs is named as safe and kept, whatever becomes of service and libraries. `assembly` is the engine's own text. */
export async function nameSafeVersion(
  scope: SystemScope,
  named: { service: string; version: number; code: string; assembly: string },
): Promise<SafeVersion> {
  const { service, version, code, assembly } = named
  const safe: SafeVersion = { service, version, code, at: scope.clock.now(), by: callerLabel(scope.caller) }
  await changeSettings(scope, async (tx, settings) => {
    await putSafeVersion(tx, { service, code, assembly })
    noted(tx, scope, 'name safe version', service, { version })
    return { ...settings, auth_safe: safe }
  })
  return safe
}

export async function forgetSafeVersion(scope: SystemScope): Promise<void> {
  await changeSettings(scope, async (tx, settings) => {
    const { auth_safe: safe } = readSettings(settings)
    if (safe !== null) await deleteSafeVersion(tx, safe.service)
    noted(tx, scope, 'forget safe version', safe?.service ?? '')
    return { ...settings, auth_safe: null }
  })
}

/** What withdrew itself serves again, and is counted anew. */
export async function restoreVersion(scope: SystemScope): Promise<void> {
  await changeSettings(scope, async (tx, settings) => {
    const { auth_withdrawn: withdrawn } = readSettings(settings)
    if (withdrawn !== null) await deleteVersionOutcomes(tx, { code: withdrawn.code })
    noted(tx, scope, 'restore', withdrawn?.service ?? '', { version: withdrawn?.version ?? null })
    return { ...settings, auth_withdrawn: null }
  })
}

/**
 * Counts how a sign-in ended, and withdraws the code where it has erred too often. Comes after the decision and changes
 * nothing about it: what fails here is logged.
 */
export async function noteOutcome(
  scope: SystemScope,
  request: OverrideRequest,
  outcome: OverrideOutcome,
  erred: boolean,
): Promise<void> {
  const { auth_withdraw: rule, auth_service: service } = scope.system.settings
  const { code, version, notes } = outcome
  if (rule === null || request.purpose !== 'auth' || request.service !== service) return
  if (code === undefined || version === undefined || code === safeVersion(scope.system.settings)?.code) return
  try {
    const who = await accountOf(scope, request, notes)
    if (who === undefined) return
    const now = scope.clock.now()
    const since = now - rule.window * second
    await noteVersionOutcome(
      scope.data,
      {
        code,
        accountId: who.userId,
        erred: !erred ? 'no' : who.proven ? 'proven' : 'claimed',
        addressHash: scope.key.keyedHash('names', `${scope.system.key}/${addressKey(scope.origin.address)}`),
      },
      now,
      since,
    )
    if (erred) await withdrawWhereDue(scope, { service, version, code })
  } catch (error) {
    scope.log.warn({ err: error, system: scope.system.key }, 'How a sign-in ended could not be counted')
  }
}

/** An e-mail that nobody has counts for nothing: anybody can make up as many as he likes. */
async function accountOf(
  scope: SystemScope,
  { params }: OverrideRequest,
  notes: Record<string, unknown> = {},
): Promise<{ userId: string; proven: boolean } | undefined> {
  const { userId, password, secondFactor } = notes
  if (typeof userId === 'string') return { userId, proven: password === 'right' }
  const answered = Array.isArray(secondFactor) ? secondFactor.find((one) => one?.step === 'right') : undefined
  if (typeof answered?.userId === 'string') return { userId: answered.userId, proven: true }
  if (typeof params.email !== 'string') return undefined
  const account = await findAccount(scope.data, { email: params.email })
  return account === undefined ? undefined : { userId: account.userId, proven: false }
}

async function withdrawWhereDue(
  scope: SystemScope,
  one: { service: string; version: number; code: string },
): Promise<void> {
  const withdrawn = await scope.data.transaction(async (tx) => {
    const row = await lockSystem(tx)
    if (row === undefined) return undefined
    const settings = readSettings(row.settings)
    const { auth_withdraw: rule } = settings
    if (rule === null || settings.auth_service !== one.service || isWithdrawn(settings, one.service, one.code)) return
    if (safeVersion(settings)?.code === one.code) return
    const now = scope.clock.now()
    const { seen, erred } = await tallyVersionOutcomes(tx, one.code, now - rule.window * second)
    if (erred < rule.least || erred < rule.share * seen) return
    const found = { ...one, at: now, erred, seen }
    await updateSystem(tx, { settings: { ...row.settings, auth_withdrawn: found } })
    const { clock } = scope
    noted(tx, { clock, by: 'node' }, 'withdraw', one.service, { version: one.version, erred, seen })
    return found
  })
  if (withdrawn === undefined) return
  const { service, version, erred, seen } = withdrawn
  scope.log.warn(
    { system: scope.system.key, service, version, erred, seen },
    'A version of an auth service erred too often and withdrew itself',
  )
}

const noted = (
  tx: SystemScope['data'],
  actor: Actor,
  action: string,
  subject: string,
  details: Record<string, unknown> = {},
): void => audit(tx, actor, { kind: 'auth-service', action, subject, details })

async function changeSettings(
  scope: SystemScope,
  change: (tx: SystemScope['data'], settings: Record<string, unknown>) => Promise<Record<string, unknown>>,
): Promise<void> {
  await scope.data.transaction(async (tx) => {
    const row = await lockSystem(tx)
    if (row !== undefined) await updateSystem(tx, { settings: await change(tx, row.settings) })
  })
}
