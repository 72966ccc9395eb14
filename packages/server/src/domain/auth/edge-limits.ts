/**
 * What an edge may decide by what it last knew of users. Until its platform has said that all of it is here, what it holds
 * is as old as the last time that was so, and each role has a limit to that age. Near it whoever has a second factor needs
 * it; past it, and where the age is not known, nobody is let in and no session counts. Whatever is not sure refuses. On the
 * platform nothing of this is asked.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { day, hour, minute } from '../../base/clock.ts'
import { isInTable } from '../../store/down/users-here.ts'
import type { SystemStore } from '../../store/store.ts'
import { findAccount } from '../../store/tables/accounts.ts'
import { findSystem } from '../../store/tables/systems.ts'
import { clockProblem } from '../access/offline-limits.ts'
import type { Means, OfflineLimits, SystemScope } from '../access/scope.ts'
import { readSettings } from '../systems/settings.ts'
import { kindsInOrder, usableKinds } from './factor-check.ts'

export const edgeLimitRules = {
  /** An edge that all was sent to this long ago is in step; the platform says so three times as often. */
  inStepMs: minute,
} as const

const secondFactors = new Set<string>(kindsInOrder)

const proved = (factors: string): string[] => factors.split(' ')
const hasRecovery = (factors: string): boolean => proved(factors).includes('recovery')

/**
 * How old what this is decided on is, in milliseconds; null on the platform, which knows. Or why the session may not be opened.
 * `factors` as they will stand in the session.
 */
export async function weighAge(
  scope: SystemScope,
  tx: SystemStore,
  { userId, factors }: { userId: string; factors: string },
): Promise<number | null | GatehouseError> {
  const { edge } = scope
  if (edge === undefined) return null
  const row = await findSystem(tx.node, tx.key)
  if (row === undefined) return tooOld(Number.POSITIVE_INFINITY)
  const { offline } = readSettings(row.settings)
  // Recovery codes of this place need no clock; how old the rest is may be more than is counted, and never less.
  const problem =
    (hasRecovery(factors) ? undefined : clockProblem(scope)) ?? (await ageProblem(edge, tx, offline, userId))
  if (problem !== undefined) return problem
  if (!(await isInTable(tx, userId))) return notWhole()
  const age = edge.identityAge()
  const limit = await limitOf(tx, offline, userId)
  if (age > limit * offline.near && !proved(factors).some((one) => secondFactors.has(one))) {
    const kinds = await usableKinds(scope, tx, userId)
    if (kinds.length > 0) return nearLimit(age, kinds)
  }
  return Math.floor(age)
}

/** The same where there is no other way than to undo what was begun. Throws edgeTooOld. */
export async function demandFresh(
  scope: SystemScope,
  tx: SystemStore,
  who: { userId: string; factors: string },
): Promise<number | null> {
  const age = await weighAge(scope, tx, who)
  if (age instanceof GatehouseError) throw age
  return age
}

/**
 * Whether a session that was opened still counts here. A doubt about the clock ends none while it is sure how much time went by
 * since, whatever the clock says. Throws edgeTooOld.
 */
export async function demandStillFresh(
  { edge, store }: Pick<Means, 'edge' | 'store'>,
  session: { systemKey: string; subjectId: string; factors: string; place?: string | null },
): Promise<void> {
  if (edge === undefined || (edge.doubt() === '' && edge.identityAge() <= edgeLimitRules.inStepMs)) return
  const { systemKey, subjectId, factors } = session
  const row = await findSystem(store, systemKey)
  if (row === undefined) throw tooOld(Number.POSITIVE_INFINITY)
  const { offline } = readSettings(row.settings)
  // A recovery code that was taken elsewhere is none that was made for this edge.
  const isOfHere = typeof session.place !== 'string' && hasRecovery(factors)
  const problem =
    (edge.isCounted() || isOfHere ? undefined : clockProblem({ edge })) ??
    (await ageProblem(edge, store.forSystem(systemKey), offline, subjectId))
  if (problem !== undefined) throw problem
}

async function ageProblem(
  edge: NonNullable<Means['edge']>,
  store: SystemStore,
  offline: OfflineLimits,
  userId: string,
): Promise<GatehouseError | undefined> {
  const age = edge.identityAge()
  return age > (await limitOf(store, offline, userId)) ? tooOld(age) : undefined
}

/** In milliseconds, as the platform worked it out by the roles of the user. Nothing at all for one who is not here. */
async function limitOf(store: SystemStore, { limit }: OfflineLimits, userId: string): Promise<number> {
  const account = await findAccount(store, { userId })
  return account === undefined ? 0 : (account.offlineLimit ?? limit) * 1000
}

const tooOld = (age: number): GatehouseError =>
  new GatehouseError(
    'edgeTooOld',
    Number.isFinite(age)
      ? `This edge heard the last of its users from its platform ${spanOf(age)} ago, which is too long to let you in by it.`
      : 'This edge has no users that its platform stands by: it is new, or it was removed there.',
    { hint: 'Sign in at the platform, or have the link of this edge brought back.' },
  )

/** Of a user without a row nothing says that the platform still has him. */
const notWhole = (): GatehouseError =>
  new GatehouseError(
    'edgeTooOld',
    'What this edge holds of your account is not whole: it is brought anew by the platform.',
    { hint: 'Sign in at the platform, or try again when the edge has been linked for a while.' },
  )

const nearLimit = (age: number, kinds: readonly string[]): GatehouseError =>
  new GatehouseError(
    'edgeTooOld',
    `This edge heard the last of its users from its platform ${spanOf(age)} ago: by now it asks for a second factor.`,
    { hint: `Sign in with one of yours: ${kinds.join(', ')}.` },
  )

function spanOf(ms: number): string {
  const [unit, name] = ms >= 2 * day ? [day, 'days'] : ms >= 2 * hour ? [hour, 'hours'] : [minute, 'minutes']
  return `${Math.floor(ms / unit)} ${name}`
}
