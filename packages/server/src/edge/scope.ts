/**
 * What of a system goes to one edge, worked out from its deployments: names and ids, nothing else is ever read for it. No
 * developer, no other system, no value of a secret, nothing of a provider. Users come with the system's sign-in alone, so that
 * no edge lets anybody in by less than the auth service asks for.
 */
import { createHash } from 'node:crypto'
import { defaultOfflineLimits } from '../domain/access/offline-limits.ts'
import type { OfflineLimits } from '../domain/access/scope.ts'
import { goesTo } from '../domain/edges/deployments.ts'
import { readSettings } from '../domain/systems/settings.ts'
import type { ConflictRule, Lane } from '../store/down/groups.ts'
import { listPortalSizes } from '../store/down/portals.ts'
import type { SystemStore } from '../store/store.ts'
import { findUnit, findVersion, listUnits } from '../store/tables/code.ts'
import { listCollections } from '../store/tables/collections.ts'
import { type DeployedAsset, type DeployedSignIn, listDeployments } from '../store/tables/edges.ts'
import { listMemberships, listRoles } from '../store/tables/roles.ts'
import type { SystemRow } from '../store/tables/systems.ts'

export type EdgeScope = {
  /** By lane; another one means that what the edge holds of the lane is looked through anew. */
  marks: Record<Lane, string>
  signIn: boolean
  /** Sessions that were made here and there are good only where they were: one of its deployments says so. */
  apart: boolean
  /** Roles of the system that count only where their user signed in. */
  privileged: ReadonlySet<string>
  roles: ReadonlySet<string>
  /** Of those that services there run as: with all their roles, without a password. */
  runAs: ReadonlySet<string>
  /** Roles that users hold there; whatever else they hold stays behind. */
  userRoles: ReadonlySet<string>
  /** Whose members are there, but for administrators. */
  byRole: ReadonlySet<string>
  byEmail: ReadonlySet<string>
  services: ReadonlySet<string>
  libraries: ReadonlySet<string>
  collections: ReadonlySet<string>
  /** By name. */
  portals: ReadonlySet<string>
  /** Named as well, and too large for a link. */
  largePortals: ReadonlySet<string>
  /** Whether numbers of phones may go there: every sign-in that is there says so. */
  phones: boolean
  /** Of all deployments that name this edge the strictest; `roles` by id, in seconds. */
  offline: OfflineLimits & { roles: Record<string, number> }
  /** Whether users there may ask for changes of their own columns: where all deployments that bring users say so. */
  requests: boolean
  /** Of these the ones whose rows go up as well, with their rules for conflicts. */
  upward: ReadonlyMap<string, ConflictRule>
  /** Of these the ones of which single rows alone go up: keys by id, as they are named. */
  upwardRows: ReadonlyMap<string, ReadonlySet<string>>
  /**
   * What is copied once and does not follow, each with the mark of that time: `service NAME`, `library NAME`, `portal NAME`,
   * `collection ID`.
   */
  copies: ReadonlyMap<string, string>
  /** Of collections of which single rows alone go there: keys by id, each with its mark, or '' where it follows. */
  rows: ReadonlyMap<string, ReadonlyMap<string, string>>
}

const administrator = 'Administrator'
/** Every signed-in user, and everybody who is not, rests on one of them. */
const everywhere = ['Authenticated', 'Anonymous']

export async function scopeOfEdge(store: SystemStore, system: SystemRow, edge: string): Promise<EdgeScope> {
  const all = await listDeployments(store)
  const deployments = all.filter((one) => goesTo(one, edge))
  const signIns = deployments.flatMap(({ signIn }) => (signIn === null ? [] : [signIn]))
  const assets = deployments.flatMap(({ assets: listed }) => listed)
  const { auth_service: authService } = readSettings(system.settings)
  const isSignIn = signIns.length > 0

  const services = await namedCode(store, 'service', assets)
  const libraries = await namedCode(store, 'library', assets)
  // What the sign-in rests on follows whatever deployments say.
  if (isSignIn && authService !== '') services.set(authService, '')
  const runAs = new Set<string>()
  for (const [name, mark] of services) {
    const { required, runUser } = await codeNeeds(store, 'service', name)
    if (runUser !== '') runAs.add(runUser)
    await addLibraries(store, required, mark, libraries, new Set())
  }

  const known = await listRoles(store)
  const idsOf = (names: readonly string[]): string[] =>
    known.filter(({ id, name }) => names.includes(id) || names.includes(name)).map(({ id }) => id)
  const byRole = new Set(idsOf(signIns.flatMap(({ users }) => users.roles)))
  const userRoles = new Set(idsOf([...everywhere, ...signIns.flatMap(({ roles }) => roles), ...byRole]))
  const roles = new Set(userRoles)
  for (const user of runAs) for (const { id } of await listMemberships(store, user)) roles.add(id)

  const { there, whole, rows } = namedCollections(await listCollections(store), assets, signIns)
  const collections = new Set(there.map(({ id }) => id))
  const copies = new Map([
    ...copied([...services].map(([name, mark]) => [`service ${name}`, mark])),
    ...copied([...libraries].map(([name, mark]) => [`library ${name}`, mark])),
    ...copied([...whole].map(([id, mark]) => [`collection ${id}`, mark])),
  ])
  const upward = upwardOf(there, assets)
  const { portals, largePortals, marks: portalMarks } = await namedPortals(store, assets)
  for (const [name, mark] of copied([...portalMarks])) copies.set(`portal ${name}`, mark)
  const phones = isSignIn && signIns.every((one) => one.phones === true)
  const byEmail = new Set(signIns.flatMap(({ users }) => users.emails.map((email) => email.toLowerCase())))
  const offline = strictest(signIns, idsOf)
  const requests = isSignIn && signIns.every((one) => one.requests === true)
  const facts = {
    signIn: isSignIn,
    apart: signIns.some(({ sessions }) => sessions === 'apart'),
    privileged: new Set(known.flatMap(({ id, privileged }) => (privileged ? [id] : []))),
    roles,
    runAs,
    userRoles,
    byRole,
    byEmail,
    services: new Set(services.keys()),
    libraries: new Set(libraries.keys()),
    collections,
    portals,
    largePortals,
    phones,
    offline,
    requests,
    upward,
    upwardRows: upwardRowsOf(there, assets),
    copies,
    rows,
  }
  // What other edges made comes and goes with it, so all sessions are looked through.
  const apart = all.filter(({ signIn }) => signIn?.sessions === 'apart').map(({ name, edges }) => [name, edges])
  return { ...facts, marks: marksOf(facts, apart) }
}

/** A role that is not there, or not by this name any more, must not leave its users with a longer limit. */
function strictest(
  signIns: readonly DeployedSignIn[],
  idsOf: (names: readonly string[]) => string[],
): EdgeScope['offline'] {
  const found: EdgeScope['offline'] = { ...defaultOfflineLimits, roles: {} }
  const said = signIns.map(({ offline }) => ({ ...found, ...offline }))
  if (said.length === 0) return found
  found.limit = Math.min(...said.map(({ limit }) => limit))
  found.near = Math.min(...said.map(({ near }) => near))
  for (const [name, seconds] of said.flatMap(({ roles }) => Object.entries(roles))) {
    const ids = idsOf([name])
    if (ids.length === 0) found.limit = Math.min(found.limit, seconds)
    for (const id of ids) found.roles[id] = Math.min(found.roles[id] ?? seconds, seconds)
  }
  return found
}

/** By id. */
const upwardOf = (
  collections: readonly { id: string; name: string }[],
  assets: readonly DeployedAsset[],
): Map<string, ConflictRule> =>
  new Map(
    collections.flatMap(({ id, name }) => {
      const asset = assets.find(
        (one) => one.conflicts !== undefined && one.asset_class.toLowerCase() === name.toLowerCase(),
      )
      return asset?.conflicts === undefined ? [] : [[id, asset.conflicts] as const]
    }),
  )

/** Where no deployment says it of the whole collection. */
const upwardRowsOf = (
  collections: readonly { id: string; name: string }[],
  assets: readonly DeployedAsset[],
): Map<string, Set<string>> =>
  new Map(
    collections.flatMap(({ id, name }) => {
      const up = assets.filter(
        (one) => one.conflicts !== undefined && one.asset_class.toLowerCase() === name.toLowerCase(),
      )
      const keys = up.map(({ asset_id: key }) => key)
      return keys.length === 0 || keys.includes('') ? [] : [[id, new Set(keys)] as const]
    }),
  )

/** Those whose rows come up from any edge. */
export async function upwardOfSystem(store: SystemStore): Promise<ReadonlySet<string>> {
  const assets = (await listDeployments(store)).flatMap((one) => one.assets)
  return new Set(upwardOf(await listCollections(store), assets).keys())
}

/** '' where it follows: whoever keeps it in step does so for all. Of several times of deploying each makes it another. */
const markOf = (before: string | undefined, { copy = '' }: { copy?: string }): string =>
  before === undefined
    ? copy
    : before === '' || copy === ''
      ? ''
      : [...new Set([...before.split('+'), copy])].sort().join('+')

const copied = (marks: [string, string][]): [string, string][] => marks.filter(([, mark]) => mark !== '')

/** A row of a collection that goes there as a whole goes with it. */
function namedCollections(
  known: readonly { id: string; name: string }[],
  assets: readonly DeployedAsset[],
  signIns: readonly DeployedSignIn[],
) {
  const whole = new Map<string, string>()
  const rows = new Map<string, Map<string, string>>()
  const rests = new Set(signIns.flatMap(({ collections }) => collections.map((name) => name.toLowerCase())))
  for (const { id, name } of known) {
    const of = assets.filter((one) => one.asset_class.toLowerCase() === name.toLowerCase())
    for (const one of of.filter(({ asset_id }) => asset_id === '')) whole.set(id, markOf(whole.get(id), one))
    if (rests.has(name.toLowerCase())) whole.set(id, '')
    if (whole.has(id) || of.length === 0) continue
    const marks = new Map<string, string>()
    for (const one of of) marks.set(one.asset_id, markOf(marks.get(one.asset_id), one))
    rows.set(id, marks)
  }
  return { there: known.filter(({ id }) => whole.has(id) || rows.has(id)), whole, rows }
}

/** With the mark of each, '' where it follows. */
async function namedCode(
  store: SystemStore,
  kind: 'service' | 'library',
  assets: readonly DeployedAsset[],
): Promise<Map<string, string>> {
  const kindClass = kind === 'service' ? 'services' : 'libraries'
  const names = new Map<string, string>()
  for (const one of assets.filter(({ asset_class }) => asset_class === kindClass)) {
    const all = one.asset_id === '' ? (await listUnits(store, kind)).map(({ name }) => name) : [one.asset_id]
    for (const name of all) names.set(name, markOf(names.get(name), one))
  }
  return names
}

/** `marks` as of code. One that is gone on the platform leaves its edges, also where it was copied once. */
async function namedPortals(
  store: SystemStore,
  assets: readonly DeployedAsset[],
): Promise<Pick<EdgeScope, 'portals' | 'largePortals'> & { marks: Map<string, string> }> {
  const marks = new Map<string, string>()
  const of = assets.filter((one) => one.asset_class === 'portals')
  if (of.length === 0) return { portals: new Set(), largePortals: new Set(), marks }
  const there = (await listPortalSizes(store)).filter(({ name }) =>
    of.some(({ asset_id: id }) => id === '' || id === name),
  )
  for (const one of of) {
    const all = one.asset_id === '' ? there.map(({ name }) => name) : [one.asset_id]
    for (const name of all) marks.set(name, markOf(marks.get(name), one))
  }
  const names = (fits: boolean): Set<string> =>
    new Set(there.filter((one) => one.fits === fits).map(({ name }) => name))
  const portals = names(true)
  for (const name of [...marks.keys()]) if (!portals.has(name)) marks.delete(name)
  return { portals, largePortals: names(false), marks }
}

async function codeNeeds(store: SystemStore, kind: 'service' | 'library', name: string) {
  const unit = await findUnit(store, kind, name)
  const version = unit && (await findVersion(store, kind, name, unit.currentVersion))
  const runUser = unit?.settings.run_user
  return { required: version?.dependencies ?? [], runUser: typeof runUser === 'string' ? runUser : '' }
}

/** A library is as its services are: one that follows makes it follow. */
async function addLibraries(
  store: SystemStore,
  names: readonly string[],
  mark: string,
  found: Map<string, string>,
  visited: Set<string>,
): Promise<void> {
  for (const name of names) {
    if (visited.has(name)) continue
    visited.add(name)
    found.set(name, markOf(found.get(name), { copy: mark }))
    await addLibraries(store, (await codeNeeds(store, 'library', name)).required, mark, found, visited)
  }
}

function marksOf(facts: Omit<EdgeScope, 'marks'>, apart: readonly unknown[]): Record<Lane, string> {
  const mark = (parts: unknown[]): string =>
    createHash('sha256')
      .update(JSON.stringify(parts.map((part) => (part instanceof Set ? [...part].sort() : part))))
      .digest('base64url')
      .slice(0, 22)
  const { signIn, roles, runAs, userRoles, byRole, byEmail, services, libraries, collections, offline, upward } = facts
  const { portals, phones } = facts
  const said = [...apart, ...(facts.requests ? ['requests'] : [])]
  const { copies, rows, upwardRows } = facts
  const single = [...upwardRows].map(([id, keys]) => [id, [...keys].sort()]).sort()
  const rules = upward.size === 0 ? [] : [[...upward].sort(), ...(single.length === 0 ? [] : [single])]
  const once =
    copies.size + rows.size === 0 ? [] : [[...copies].sort(), [...rows].map(([id, of]) => [id, [...of].sort()]).sort()]
  const rights = [services, collections, portals]
  return {
    // Rights on what does not go there are left out, so those follow from it as well.
    identity: mark(['1', signIn, roles, runAs, userRoles, byRole, byEmail, ...rights, offline, phones, ...said]),
    configuration: mark(['1', services, libraries, collections, portals, ...rules, ...once]),
    data: mark(['1', collections, ...rules, ...once]),
  }
}

/** As the edge of that link is given it: one that sends messages by itself gets numbers of phones, and any other does not. */
export const markOnEdge = ({ marks, phones }: EdgeScope, lane: Lane, gateway: boolean): string =>
  lane === 'identity' && phones && gateway ? `${marks.identity}.numbers` : marks[lane]

/** What the edge may know of a user; undefined for one who is not there. */
export function userOnEdge(
  scope: EdgeScope,
  user: { id: string; emailKey: string; roles: readonly string[] },
): { roles: string[]; canSignIn: boolean } | undefined {
  const isNamed =
    scope.signIn &&
    (scope.byEmail.has(user.emailKey) ||
      (!user.roles.includes(administrator) && user.roles.some((role) => scope.byRole.has(role))))
  const isRunAs = scope.runAs.has(user.id)
  if (!isNamed && !isRunAs) return undefined
  const roles = user.roles.filter((role) => (isRunAs ? scope.roles : scope.userRoles).has(role))
  return { roles, canSignIn: isNamed && !isRunAs }
}

/** In seconds, by all roles of the user, also those that stay behind: of several the shortest counts. */
export function offlineLimitOf({ offline }: EdgeScope, { roles }: { roles: readonly string[] }): number {
  const own = roles.map((id) => offline.roles[id]).filter((seconds) => seconds !== undefined)
  return own.length === 0 ? offline.limit : Math.min(...own)
}

/** The settings that a sign-in at the edge rests on. Whatever is not named here has its default there, or is closed. */
export function settingsOnEdge(scope: EdgeScope, system: SystemRow): Record<string, unknown> {
  const all = readSettings(system.settings)
  return {
    ...{ token_ttl: all.token_ttl, token_ttl_user: all.token_ttl_user, token_ttl_device: all.token_ttl_device },
    ...{ token_ttl_anon: all.token_ttl_anon, refresh_max_age: all.refresh_max_age },
    ...{ auth_error_status: all.auth_error_status, anonymous: all.anonymous, run_as_sign_in: 'refused' },
    ...{ password_min_length: all.password_min_length, sign_in_limits: all.sign_in_limits },
    ...{ phone_country: all.phone_country, code_digits: all.code_digits, auth_epoch: all.auth_epoch },
    offline: { limit: scope.offline.limit, near: scope.offline.near },
    edge_requests: scope.requests,
    ...(scope.signIn
      ? {
          ...{ auth_service: all.auth_service, auth_withdrawn: all.auth_withdrawn },
          ...{ passkey_rp_id: all.passkey_rp_id, passkey_origins: all.passkey_origins },
          // Without the developer who named it so.
          auth_safe: all.auth_safe && { ...all.auth_safe, by: '' },
        }
      : { auth_service: '' }),
    ...{ registration: 'closed', password_reset: 'closed', reg_service: '', messages_to: 'provider' },
  }
}
