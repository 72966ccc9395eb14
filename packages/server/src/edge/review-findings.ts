/**
 * What would have been decided otherwise of one sign-in at an edge. For each thing that it rests on, the changes that the edge had
 * missed say what the platform knew: none until then, and it was as the edge had it; all until then, and it was as it is now;
 * some before and some after, and it is not known.
 */
import { second } from '../base/clock.ts'
import type { SystemScope } from '../domain/access/scope.ts'
import { type ReadUser, readUsers } from '../store/down/read.ts'
import { findUnit } from '../store/tables/code.ts'
import type { Dark, Finding, MissedChange } from '../store/tables/edge-reviews.ts'
import { listRoles } from '../store/tables/roles.ts'
import { type EdgeScope, offlineLimitOf, userOnEdge } from './scope.ts'
import type { FactOfUser } from './taking-facts.ts'

export type Weighing = {
  scope: SystemScope
  of: EdgeScope
  edge: string
  dark: Dark
  fact: Extract<FactOfUser, { kind: 'sign-in' }>
  at: number
}

type Found = { otherwise: Finding[]; unknown: Finding[] }

/** In the transaction that `scope` holds; `ofUsers` and `ofCode` in order. */
export async function otherwiseOf(
  weighing: Weighing,
  ofUsers: readonly MissedChange[],
  ofCode: readonly MissedChange[],
): Promise<Found> {
  const { scope, fact, at } = weighing
  const found: Found = { otherwise: [], unknown: [] }
  const own = ofUsers.filter(({ id }) => id === fact.user || id.startsWith(`${fact.user}/`))
  const deleted = own.find(({ kind, isDelete }) => kind === 'credential' && isDelete)
  if (deleted !== undefined && deleted.at <= at) {
    found.otherwise.push({ what: 'deleted', words: 'The user was deleted.', since: deleted.at })
  } else {
    const [user] = await readUsers(scope.data, [fact.user])
    ofAccount(weighing, own, deleted, user, found)
    await ofDeployment(weighing, ofUsers, own, user, found)
    await ofRoles(weighing, own, found)
    ofFactors(weighing, own, deleted, user, found)
    ofAge(weighing, user, found)
  }
  await ofService(weighing, ofUsers, ofCode, found)
  return found
}

/** What the platform knew at that time; `since` when it last changed by then. */
function standing(changes: readonly MissedChange[], at: number): { as: 'before' | 'now' | 'unknown'; since: number } {
  const until = changes.filter((change) => change.at <= at)
  const since = until.at(-1)?.at ?? 0
  if (until.length === 0) return { as: 'before', since }
  return { as: until.length === changes.length ? 'now' : 'unknown', since }
}

const having = (changes: readonly MissedChange[], kind: string, ...columns: string[]): MissedChange[] =>
  changes.filter((one) => one.kind === kind && one.columns.some((column) => columns.includes(column)))

const withEnd = (changes: readonly MissedChange[], end: MissedChange | undefined): MissedChange[] =>
  end === undefined ? [...changes] : [...changes, end]

/** Adds what is so now where it was so then, and says so where that cannot be told. */
function note(
  found: Found,
  changes: readonly MissedChange[],
  at: number,
  { what, words, unknown, isSo }: { what: string; words: string; unknown: string; isSo: boolean },
): void {
  const { as, since } = standing(changes, at)
  if (as === 'now' && isSo) found.otherwise.push({ what, words, since })
  if (as === 'unknown') found.unknown.push({ what, words: unknown, since: null })
}

function ofAccount(
  { at }: Weighing,
  own: readonly MissedChange[],
  end: MissedChange | undefined,
  user: ReadUser | undefined,
  found: Found,
): void {
  note(found, withEnd(having(own, 'credential', 'disabled'), end), at, {
    ...{ what: 'disabled', words: 'The user was switched off.', isSo: user?.disabled === true },
    unknown: 'The user was switched off or on before, and again later.',
  })
  // Each change gives another one, whatever came after it.
  const password = having(own, 'credential', 'password').findLast((one) => one.at <= at)
  if (password !== undefined) {
    found.otherwise.push({ what: 'password', words: 'The user had another password.', since: password.at })
  }
}

async function ofDeployment(
  { of, at }: Weighing,
  all: readonly MissedChange[],
  own: readonly MissedChange[],
  user: ReadUser | undefined,
  found: Found,
): Promise<void> {
  const changes = all.filter(
    (one) =>
      one.kind === 'deployment' ||
      one.kind === 'role' ||
      (own.includes(one) &&
        (one.kind === 'membership' || (one.kind === 'credential' && one.columns.includes('email')))),
  )
  note(found, changes, at, {
    ...{ what: 'deployment', words: 'No deployment let the user sign in there.' },
    isSo: user !== undefined && userOnEdge(of, user)?.canSignIn !== true,
    unknown: 'Deployments or roles of the user were changed before, and again later.',
  })
}

/** What was done last until then says it, whatever came after. */
async function ofRoles({ scope, of, at, fact }: Weighing, own: readonly MissedChange[], found: Found): Promise<void> {
  const byRole = Map.groupBy(
    own.filter((one) => one.kind === 'membership' && one.at <= at),
    ({ id }) => id.slice(fact.user.length + 1),
  )
  const lost = [...byRole].filter(([, changes]) => changes.at(-1)!.isDelete)
  if (lost.length === 0) return
  const names = new Map((await listRoles(scope.data)).map(({ id, name }) => [id, name]))
  for (const [id, changes] of lost) {
    // Roles that do not go there are no matter of the edge.
    if (names.has(id) && !of.userRoles.has(id)) continue
    const words = `The user had lost the role ${names.get(id) ?? id}.`
    found.otherwise.push({ what: 'role', words, since: changes.at(-1)!.at })
  }
}

/** How people call what is bound. */
const factorNames: Record<string, string> = {
  totp: 'authenticator app',
  passkey: 'passkey',
  phone: 'phone',
  recovery: 'recovery codes',
}

function ofFactors(
  { fact, at, edge, dark }: Weighing,
  own: readonly MissedChange[],
  end: MissedChange | undefined,
  user: ReadUser | undefined,
  found: Found,
): void {
  const factors = typeof fact.record.factors === 'string' ? fact.record.factors.split(' ') : []
  const changes = withEnd(having(own, 'authenticator', 'bound', 'state'), end)
  for (const kind of new Set(factors.filter((one) => Object.hasOwn(factorNames, one)))) {
    const held = user === undefined ? [] : heldOf(user, kind, edge)
    const isOlder = ({ boundAt }: { boundAt: number }): boolean => dark.from === null || boundAt <= dark.from
    // One that is bound since is another than the one that was there.
    const good = held.filter((one) => one.state === 'bound' && isOlder(one))
    note(found, changes, at, {
      ...{ what: kind, words: `The ${factorNames[kind]} of the user was switched off, taken away or another.` },
      isSo: good.length === 0,
      unknown: `What the user holds was changed before, and again later: ${factorNames[kind]}.`,
    })
    // Of several passkeys the edge does not tell which it was.
    if (kind === 'passkey' && good.length > 0 && standing(changes, at).as === 'now') {
      const words = 'What the user holds was changed before: whether it was this passkey is not told.'
      found.unknown.push({ what: kind, words, since: null })
    }
  }
}

function heldOf(user: ReadUser, kind: string, edge: string): { state: string; boundAt: number }[] {
  if (kind === 'totp') return user.apps
  if (kind === 'passkey') return user.passkeys
  // Those that are bound alone are read.
  if (kind === 'phone') return user.phones.map(({ boundAt }) => ({ state: 'bound', boundAt }))
  return user.codes.filter((set) => set.edge === edge).map((set) => ({ state: 'bound', boundAt: set.madeAt }))
}

function ofAge({ of, fact }: Weighing, user: ReadUser | undefined, found: Found): void {
  if (user === undefined) return
  const { dataAge } = fact.record
  const limit = offlineLimitOf(of, user) * second
  if (typeof dataAge !== 'number') {
    found.unknown.push({ what: 'age', words: 'How old what it was decided on was is not told.', since: null })
  } else if (dataAge > limit) {
    const words = 'What it was decided on was older than the present limit.'
    found.otherwise.push({ what: 'age', words, since: null })
  }
}

/** Where no service decided, another one may have been set; where one did, it may have been another version. */
async function ofService(
  { scope, of, fact, at }: Weighing,
  ofUsers: readonly MissedChange[],
  ofCode: readonly MissedChange[],
  found: Found,
): Promise<void> {
  const service = typeof fact.record.service === 'string' ? fact.record.service : ''
  note(found, having(ofUsers, 'settings', 'settings', 'auth_service'), at, {
    ...{ what: 'auth service', words: 'Another auth service was set.' },
    isSo: scope.system.settings.auth_service !== service,
    unknown: 'The settings of the system were changed before, and again later.',
  })
  if (service === '') return
  const unit = await findUnit(scope.data, 'service', service)
  const versions = ofCode.filter((one) => one.kind === 'service' && one.id === service)
  note(found, versions, at, {
    ...{ what: 'version', words: `The auth service was another version: ${unit?.currentVersion ?? 'none'}.` },
    isSo: unit?.currentVersion !== fact.record.version,
    unknown: 'The auth service was changed before, and again later.',
  })
  const libraries = ofCode.filter((one) => one.kind === 'library' && of.libraries.has(one.id) && one.at <= at)
  for (const [name, changes] of Map.groupBy(libraries, ({ id }) => id)) {
    const words = `The library ${name} had been changed.`
    found.otherwise.push({ what: 'library', words, since: changes.at(-1)!.at })
  }
}
