/**
 * The ledger of wrong passwords: how often an account may be tried, over every door and every node. Failures stand on the
 * account that was found, in budgets: a place that the account signed in from before has one of its own, all other places
 * share one. So whoever guesses from elsewhere makes himself wait, and not the person. A place is a network (`/24`, of IPv6
 * `/48`) or a remembered device. Beside it stand limits for each address and each network, whatever accounts they try.
 *
 * Second factors are counted apart, with the authenticator (`domain/auth/factor-check.ts`).
 */
import { day, hour, second } from '../../base/clock.ts'
import { hashToken } from '../../base/secrets.ts'
import type { Store, SystemStore } from '../../store/store.ts'
import { findDevice } from '../../store/tables/devices.ts'
import {
  addFailure,
  type Budget,
  blockUntil,
  clearFailures,
  devicePrefix,
  edgePrefix,
  findBudgets,
  giveTryBack,
  notePlace,
  strangerPrefix,
  takeTry,
} from '../../store/tables/failures.ts'
import { type Counted, countsFullUntil, takeCount } from '../../store/tables/send-counts.ts'
import { addressKey, addressPrefix } from '../access/attempt-gate.ts'
import type { NodeScope, SignInLimits } from '../access/scope.ts'

/** Longer than NIST's sense of a row of failures needs; a place is known a little longer than a device may be remembered. */
const [strangerLife, failureLife, placeLife] = [day, 30 * day, 90 * day]
const longestRestByEdges = 30 * second
/** Beyond those that are free: a second doubles to more than half a minute. */
const triesToLongestRest = 6

/** How long an account rests after so many failures in a row, in milliseconds: a second, then each time twice as long. */
export const delayAfter = (failures: number, limits: SignInLimits): number =>
  failures < limits.free ? 0 : Math.min(limits.longest_wait, 2 ** (failures - limits.free)) * second

/** Whoever is tried: an account, or an e-mail that nobody has, which must look like one that somebody has. */
export type Tried = {
  systemKey: string
  limits: SignInLimits
  /** Undefined where nobody has the e-mail. */
  account: { id: string; passwordStamp?: string } | undefined
  /** Names the e-mail within the node; of it only a keyed hash is kept. */
  name: string
}

/** A try that may be made. */
export type Try = { budget: Budget; seen: number; isCounted: boolean; limits: SignInLimits }

/** In a turn of the gate. Answers milliseconds to wait where no try may be made now. */
export async function beginTry(scope: NodeScope, tried: Tried): Promise<Try | { waitMs: number }> {
  const { systemKey, limits } = tried
  const now = scope.clock.now()
  const data = scope.store.forSystem(systemKey)
  const full = await countsFullUntil(data, addressCounts(scope, limits), now)
  if (full > now) return { waitMs: full - now }
  const accountId = ledgerId(scope, tried)
  const place = placeOf(scope, systemKey, accountId)
  const device = await knownDevice(scope, tried)
  const places = device === undefined ? ['', place] : ['', place, device]
  const rows = await findBudgets(scope.store, systemKey, accountId, places)
  const own = device ?? (rows.some((row) => row.place === place && row.isKnown) ? place : '')
  const budget: Budget = { systemKey, accountId, place: own }
  const { count, blockedUntil } = rows.find((row) => row.place === own) ?? { count: 0, blockedUntil: 0 }
  if (blockedUntil > now) return { waitMs: blockedUntil - now }
  const restMs = own === '' ? restAfterEdges(rows, limits, now) : 0
  if (restMs > 0) return { waitMs: restMs }
  if (count < limits.free) return { budget, seen: count, isCounted: false, limits }
  // From here on each try is counted before it is made, and one is made at a time, over all nodes.
  const nextBlock = now + delayAfter(count + 1, limits)
  if (await takeTry(scope.store, budget, { count }, { blockedUntil: nextBlock }, now)) {
    return { budget, seen: count, isCounted: true, limits }
  }
  return { waitMs: delayAfter(count + 1, limits) }
}

/**
 * What edges tell of failures there slows who comes from a place that is not known, and nobody else: from one try here to the
 * next, so that no edge, whatever it says, locks anybody out.
 */
function restAfterEdges(rows: Awaited<ReturnType<typeof findBudgets>>, limits: SignInLimits, now: number): number {
  const told = rows.filter(({ place, lastAt }) => place.startsWith(edgePrefix) && lastAt > now - day)
  if (told.length === 0) return 0
  const { count, lastAt } = rows.find(({ place }) => place === '') ?? { count: 0, lastAt: 0 }
  const sum = told.reduce((all, one) => all + one.count, count)
  return lastAt + Math.min(longestRestByEdges, delayAfter(sum, limits)) - now
}

/** What an edge tells of one account, in the transaction that takes it. */
export type AtEdge = Omit<Budget, 'place'> & { edge: string; limits: SignInLimits }

/** Failures at an edge, by its word; they go on to the other edges of the account. */
export async function noteWrongAtEdge(tx: Store, of: AtEdge, now: number): Promise<void> {
  const { systemKey, accountId, edge } = of
  await addFailure(tx, { systemKey, accountId, place: `${edgePrefix}${edge}` }, now, now + failureLife)
  await goOn(tx, of, now)
}

/** The account signed in at that edge: what was wrong there before counts no more. */
export async function noteRightAtEdge(tx: Store, of: AtEdge, now: number): Promise<void> {
  if (await clearFailures(tx, of.systemKey, of.accountId, `${edgePrefix}${of.edge}`)) await goOn(tx, of, now)
}

/** More in an hour than the longest wait needs makes nobody wait longer, and does not go on. */
async function goOn(tx: Store, { systemKey, accountId, edge, limits }: AtEdge, now: number): Promise<void> {
  const counted = { kind: 'failures that go on', subject: `${edge}/${accountId}`, windowMs: hour }
  const data = tx.forSystem(systemKey)
  if ((await takeCount(data, { ...counted, most: limits.free + triesToLongestRest }, now)) !== undefined) return
  recordFailures(data, accountId)
}

/** Edges hear of what other edges told. */
const recordFailures = (tx: SystemStore, accountId: string): void =>
  tx.record({ kind: 'credential', id: accountId, operation: 'put', columns: ['failures'] })

/** Of a developer who lets the account be tried again at once, at all places; in a transaction. */
export async function forgetWrong(tx: Store, systemKey: string, accountId: string): Promise<void> {
  if (await clearFailures(tx, systemKey, accountId)) recordFailures(tx.forSystem(systemKey), accountId)
}

/** The account rests where it has failed often enough. */
export async function noteWrong(scope: NodeScope, made: Try): Promise<void> {
  const { budget, limits } = made
  const now = scope.clock.now()
  await scope.store.transaction(async (tx) => {
    if (!made.isCounted) {
      const life = budget.accountId.startsWith(strangerPrefix) ? strangerLife : failureLife
      const delay = delayAfter(await addFailure(tx, budget, now, now + life), limits)
      if (delay > 0) await blockUntil(tx, budget, now + delay)
    }
    const data = tx.forSystem(budget.systemKey)
    if (!budget.accountId.startsWith(strangerPrefix)) {
      data.tell({ kind: 'failure', user: budget.accountId, what: 'password' })
    }
    for (const counted of addressCounts(scope, limits)) await takeCount(data, counted, now)
  })
}

/**
 * The password was right, but opens nothing since another is asked for. That is no guess, and no success either: what is counted
 * stays as it was.
 */
export async function noteNeither(scope: NodeScope, { budget, seen, isCounted }: Try): Promise<void> {
  if (isCounted) await giveTryBack(scope.store, budget, { count: seen }, scope.clock.now())
}

/** Clears what was counted in this budget, and nothing else. */
export async function noteRight(scope: NodeScope, { budget, seen }: Try): Promise<void> {
  if (seen > 0) await clearFailures(scope.store, budget.systemKey, budget.accountId, budget.place)
}

/** In the transaction that opens a session: from now on this network has a budget of its own. */
export async function noteSignedIn(scope: NodeScope, tx: Store, systemKey: string, accountId: string): Promise<void> {
  const now = scope.clock.now()
  const place = placeOf(scope, systemKey, accountId)
  const times = { now, freshMs: day, expiresAt: now + placeLife }
  await notePlace(tx, { systemKey, accountId, place }, times)
}

/** Under which id failures stand. */
export const ledgerId = (scope: NodeScope, { account, name }: Pick<Tried, 'account' | 'name'>): string =>
  account?.id ?? `${strangerPrefix}${scope.key.keyedHash('names', name)}`

/** For nobody to read from the database where people were. */
const placeOf = (scope: NodeScope, systemKey: string, accountId: string): string =>
  scope.key.keyedHash('names', `place ${systemKey}/${accountId}/${addressPrefix(scope.origin.address)}`)

/** The device whose token came along, where it is this account's and good. Looked for whether there is an account or not. */
async function knownDevice(scope: NodeScope, { systemKey, account }: Tried): Promise<string | undefined> {
  const { deviceToken } = scope.origin
  if (deviceToken === undefined) return undefined
  const device = await findDevice(scope.store.forSystem(systemKey), hashToken(deviceToken))
  const isGood =
    device !== undefined &&
    device.userId === account?.id &&
    device.passwordStamp === account.passwordStamp &&
    device.expiresAt > scope.clock.now()
  return isGood ? `${devicePrefix}${device.id}` : undefined
}

/** What is counted of wrong passwords by where they come from. */
export function addressCounts({ origin }: Pick<NodeScope, 'origin'>, limits: SignInLimits): [Counted, Counted] {
  const windowMs = limits.window * second
  return [
    { kind: 'wrong passwords', subject: addressKey(origin.address), windowMs, most: limits.per_address },
    {
      kind: 'wrong passwords of a network',
      subject: addressPrefix(origin.address),
      windowMs,
      most: limits.per_network,
    },
  ]
}
