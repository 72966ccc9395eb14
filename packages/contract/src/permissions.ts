/**
 * Rights: permission bits on kinds of resources, given by roles (rest-api.md §1.6 and §2.5). Kinds with items name a single
 * collection, service …; the others are one right of the whole system.
 */

export const bits = { read: 1, create: 2, update: 4, delete: 8 } as const
export const allBits = 15

/** May execute a service; exported roles hold it as level 1. */
export const executeBit = 1

type KindNames = {
  /** Key under `changes` when a role is written. */
  write: string
  /** Key under `Permissions` when a role is read. */
  read: string
  items: boolean
}

export const resourceKinds = {
  collections: { write: 'collections', read: 'Collections', items: true },
  services: { write: 'services', read: 'CodeServices', items: true },
  topics: { write: 'topics', read: 'Topics', items: true },
  portals: { write: 'portals', read: 'Portals', items: true },
  servicecaches: { write: 'servicecaches', read: 'ServiceCaches', items: true },
  externaldatabases: { write: 'externaldatabases', read: 'ExternalDatabases', items: true },
  edgeremoteadmin: { write: 'edgeremoteadmin', read: 'EdgeRemoteAdmin', items: true },
  files: { write: 'files', read: 'Files', items: true },
  filestorefiles: { write: 'filestorefiles', read: 'FileStoreFiles', items: true },
  users: { write: 'users', read: 'UsersList', items: false },
  devices: { write: 'devices', read: 'DevicesList', items: false },
  edges: { write: 'edges', read: 'EdgesList', items: false },
  push: { write: 'push', read: 'Push', items: false },
  msghistory: { write: 'msgHistory', read: 'MsgHistory', items: false },
  systemservices: { write: 'system_services', read: 'SystemServices', items: false },
  triggers: { write: 'triggers', read: 'Triggers', items: false },
  timers: { write: 'timers', read: 'Timers', items: false },
  deployments: { write: 'deployments', read: 'Deployments', items: false },
  roles: { write: 'roles', read: 'Roles', items: false },
  allcollections: { write: 'allcollections', read: 'AllCollections', items: false },
  allservices: { write: 'allservices', read: 'AllServices', items: false },
  allexternaldatabases: { write: 'allexternaldatabases', read: 'AllExternalDatabases', items: false },
  manageusers: { write: 'manageusers', read: 'ManageUsers', items: false },
  filestores: { write: 'filestores', read: 'Filestores', items: false },
  usersecrets: { write: 'usersecrets', read: 'usersecrets', items: false },
  adapters: { write: 'adapters', read: 'adapters', items: false },
} as const satisfies Record<string, KindNames>

export type ResourceKind = keyof typeof resourceKinds

export const resourceKindNames = Object.keys(resourceKinds) as ResourceKind[]

/** A right on every item of a kind, held beside the rights on single items. */
export const allItemsKind: Partial<Record<ResourceKind, ResourceKind>> = {
  collections: 'allcollections',
  services: 'allservices',
  externaldatabases: 'allexternaldatabases',
}

/** The kind behind a key of a role's `changes` (or of its `Permissions`), in any spelling of case; undefined if unknown. */
export function resourceKind(key: string): ResourceKind | undefined {
  const wanted = key.toLowerCase()
  return resourceKindNames.find(
    (kind) =>
      kind === wanted ||
      resourceKinds[kind].write.toLowerCase() === wanted ||
      resourceKinds[kind].read.toLowerCase() === wanted,
  )
}

/** Every system has these three; their id is their name. */
export const defaultRoles = ['Administrator', 'Authenticated', 'Anonymous'] as const
