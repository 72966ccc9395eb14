/**
 * The powers of a package, for a person to judge before anything changes: who may call what, who it runs as, what it
 * reaches, which hosts its code names. Read from the model; nothing of the package runs. What is already in the target is
 * `plan.ts`.
 */
import {
  allItemsKind,
  bits,
  defaultRoles,
  executeBit,
  type ResourceKind,
  resourceKinds,
} from '@gatehouse/contract/permissions.ts'
import {
  type KeptKind,
  type PackageModel,
  type PackageRight,
  type PackageService,
  rightsByRole,
} from './format/model.ts'
import { byCodePoint } from './format/names.ts'
import { unionOf } from './format/roles.ts'
import { hostsIn } from './review-hosts.ts'

export type Reach = {
  service: string
  /**
   * `user`: the package says whom it runs as, and its rights are those of his roles in the package. `callers`: it has the
   * rights of whoever calls it; `roles` are those that may, and the rights are what all of them together hold.
   */
  as: { kind: 'user'; name: string; brought: boolean } | { kind: 'callers' }
  roles: string[]
  collections: { name: string; level: number; may: string[] }[]
  /** Rights on all collections, on users, roles and what else has no items. */
  wide: { kind: ResourceKind; level: number; may: string[] }[]
  /** Collections of the package whose names stand in its code or its libraries'. */
  named: string[]
}

export type Review = {
  /** Services that somebody who has not signed in may execute. */
  anonymous: string[]
  /** Services that run with somebody's rights, whoever calls. `brought`: the package has that user. */
  runAs: { service: string; user: string; brought: boolean }[]
  reach: Reach[]
  /** Found by searching the texts of services and libraries; an address that code puts together is not found. */
  hosts: { host: string; as: 'address' | 'name'; in: string[] }[]
  hostsAreScanned: true
  users: { email: string; bringsPassword: boolean; serviceAccount: boolean; roles: string[] }[]
  /** Rights of roles that every system has and people hold without being given them, or that stand for power. */
  gains: { role: string; rights: { kind: ResourceKind; item: string; level: number; may: string[] }[] }[]
  kept: { kind: KeptKind; name: string; files: number; sensitive: boolean }[]
}

export function reviewPackage(model: PackageModel): Review {
  const rights = rightsByRole(model)
  const emails = new Map(model.users.map((user) => [user.email.toLowerCase(), user]))
  const anonymousRights = rights.get('Anonymous') ?? []
  return {
    anonymous: model.services.filter(({ name }) => mayExecute(anonymousRights, name)).map(({ name }) => name),
    runAs: model.services.flatMap(({ name, runAs }) =>
      runAs === null
        ? []
        : [{ service: name, user: runAs.text, brought: runAs.looksLike === 'email' && emails.has(low(runAs.text)) }],
    ),
    reach: model.services.map((service) => reachOf(model, service, rights, emails)),
    hosts: hostsOf(model),
    hostsAreScanned: true,
    users: model.users.map(({ email, bringsPassword, serviceAccount, roles }) => ({
      email,
      bringsPassword,
      serviceAccount,
      roles,
    })),
    gains: defaultRoles.flatMap((role) => {
      const held = unionOf(rights.get(role) ?? [])
      return held.length === 0
        ? []
        : [{ role, rights: held.map((right) => ({ ...right, may: wordsOf(right.kind, right.level) })) }]
    }),
    kept: model.kept.map(({ kind, name, files, sensitive }) => ({ kind, name, files: files.length, sensitive })),
  }
}

const low = (text: string): string => text.toLowerCase()

function mayExecute(rights: readonly PackageRight[], service: string): boolean {
  return rights.some(
    ({ kind, item, level }) =>
      (level & executeBit) !== 0 && ((kind === 'services' && item === service) || kind === allItemsKind.services),
  )
}

function reachOf(
  model: PackageModel,
  service: PackageService,
  rights: ReadonlyMap<string, PackageRight[]>,
  emails: ReadonlyMap<string, PackageModel['users'][number]>,
): Reach {
  const { runAs } = service
  const user = runAs?.looksLike === 'email' ? emails.get(low(runAs.text)) : undefined
  const roles =
    runAs === null
      ? [...rights].filter(([, held]) => mayExecute(held, service.name)).map(([role]) => role)
      : (user?.roles ?? [])
  const held = unionOf(roles.flatMap((role) => rights.get(role) ?? []))
  const all = held.find(({ kind }) => kind === 'allcollections')?.level ?? 0
  const single = new Map(held.filter(({ kind }) => kind === 'collections').map(({ item, level }) => [item, level]))
  if (all !== 0) for (const { name } of model.collections) single.set(name, (single.get(name) ?? 0) | all)
  const collections = [...single].sort(([one], [other]) => byCodePoint(one, other))
  return {
    service: service.name,
    as: runAs === null ? { kind: 'callers' } : { kind: 'user', name: runAs.text, brought: user !== undefined },
    roles: roles.toSorted(byCodePoint),
    collections: collections.map(([name, level]) => ({ name, level, may: wordsOf('collections', level) })),
    wide: held
      .filter(({ kind }) => !resourceKinds[kind].items)
      .map(({ kind, level }) => ({ kind, level, may: wordsOf(kind, level) })),
    named: namedCollections(model, service),
  }
}

/** The service's own code and that of all libraries of the package which it requires, also through others. */
export function codeOf(model: PackageModel, service: PackageService): { where: string; code: string }[] {
  const libraries = new Map(model.libraries.map((library) => [library.name, library]))
  const found = [{ where: `service/${service.name}`, code: service.code ?? '' }]
  const seen = new Set<string>()
  const open = [...service.dependencies]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const library = libraries.get(name)
    if (seen.has(name) || library === undefined) continue
    seen.add(name)
    found.push({ where: `library/${name}`, code: library.code ?? '' })
    open.push(...library.dependencies)
  }
  return found
}

function namedCollections(model: PackageModel, service: PackageService): string[] {
  const texts = codeOf(model, service)
  return model.collections
    .filter(({ name }) =>
      texts.some(({ code }) => ['"', "'", '`'].some((quote) => code.includes(`${quote}${name}${quote}`))),
    )
    .map(({ name }) => name)
}

function hostsOf(model: PackageModel): Review['hosts'] {
  const hosts = new Map<string, Review['hosts'][number]>()
  const units = [
    ...model.services.map((one) => ({ ...one, where: `service/${one.name}` })),
    ...model.libraries.map((one) => ({ ...one, where: `library/${one.name}` })),
  ]
  for (const { where, code } of units) {
    for (const { host, as } of hostsIn(code ?? '')) {
      const known = hosts.get(host)
      if (known === undefined) hosts.set(host, { host, as, in: [where] })
      else hosts.set(host, { host, as: known.as === 'address' ? 'address' : as, in: [...known.in, where] })
    }
  }
  return [...hosts.values()].sort((one, other) => byCodePoint(one.host, other.host))
}

/** A level in words: what the bits mean for this kind of thing. */
export function wordsOf(kind: ResourceKind, level: number): string[] {
  const names: Partial<Record<ResourceKind, Record<keyof typeof bits, string>>> = {
    services: { read: 'execute', create: 'create', update: 'update', delete: 'delete' },
    allservices: { read: 'execute', create: 'create', update: 'update', delete: 'delete' },
    topics: { read: 'subscribe', create: 'publish', update: 'update', delete: 'delete' },
    portals: { read: 'view', create: 'create', update: 'edit', delete: 'delete' },
  }
  return Object.entries(bits)
    .filter(([, bit]) => (level & bit) !== 0)
    .map(([name]) => names[kind]?.[name as keyof typeof bits] ?? name)
}
