/** Roles and their rights as the node answers them, and the kinds of rights that a person is shown. */
import { ask } from '../../api.ts'

type ItemRight = { ID?: string; Name: string; Level: number }

export type Role = {
  ID: string
  Name: string
  Description: string
  Privileged: boolean
  Permissions: Record<string, ItemRight[] | { Level: number } | null>
}

const most = 1_000

export const rolesQuery = (key: string) => ({
  queryKey: ['roles', key],
  queryFn: ({ signal }: { signal: AbortSignal }) => {
    const query = encodeURIComponent(JSON.stringify({ PAGESIZE: most, PAGENUM: 1 }))
    return ask<Role[]>(`/admin/user/${key}/roles?query=${query}`, { signal })
  },
})

type Bit = { bit: number; word: string }

const bits: Bit[] = [
  { bit: 1, word: 'Read' },
  { bit: 2, word: 'Create' },
  { bit: 4, word: 'Update' },
  { bit: 8, word: 'Delete' },
]

const executable: Bit[] = [{ bit: 1, word: 'Executable' }]

const ofKinds: Record<string, Bit[]> = {
  CodeServices: executable,
  AllServices: executable,
  Portals: [
    { bit: 1, word: 'Open' },
    { bit: 4, word: 'Edit' },
  ],
  Topics: [
    { bit: 1, word: 'Subscribe' },
    { bit: 2, word: 'Publish' },
  ],
}

/** What the bits of a level mean for a kind, as far as they mean something. */
export const bitsOf = (kind: string): Bit[] => (Object.hasOwn(ofKinds, kind) ? ofKinds[kind]! : bits)

/** `read` is the name in answers, `write` the one in changes. `all`: the kind that stands for every item of this one. */
export type ItemKind = { read: string; write: string; title: string; all?: { read: string; write: string } }

export const itemKinds: ItemKind[] = [
  {
    read: 'Collections',
    write: 'collections',
    title: 'Collections',
    all: { read: 'AllCollections', write: 'allcollections' },
  },
  { read: 'CodeServices', write: 'services', title: 'Services', all: { read: 'AllServices', write: 'allservices' } },
  { read: 'Portals', write: 'portals', title: 'Portals' },
  { read: 'Topics', write: 'topics', title: 'Topics' },
]

export type WideKind = { read: string; write: string; title: string; text: string }

/** Rights of the whole system. */
export const wideKinds: WideKind[] = [
  { read: 'UsersList', write: 'users', title: 'Users', text: 'see and make users' },
  { read: 'ManageUsers', write: 'manageusers', title: 'Manage users', text: 'their passwords, roles, sessions' },
  { read: 'Roles', write: 'roles', title: 'Roles', text: 'what roles may do' },
  { read: 'usersecrets', write: 'usersecrets', title: 'Secrets', text: '' },
  { read: 'DevicesList', write: 'devices', title: 'Devices', text: '' },
  { read: 'EdgesList', write: 'edges', title: 'Edges', text: '' },
  { read: 'Triggers', write: 'triggers', title: 'Triggers', text: '' },
  { read: 'Timers', write: 'timers', title: 'Timers', text: '' },
  { read: 'Deployments', write: 'deployments', title: 'Deployments', text: '' },
  { read: 'MsgHistory', write: 'msgHistory', title: 'Message history', text: '' },
  { read: 'Push', write: 'push', title: 'Push', text: '' },
]

export const itemsOf = (role: Role, kind: string): ItemRight[] => {
  const rights = role.Permissions[kind]
  return Array.isArray(rights) ? rights : []
}

export const itemLevel = (role: Role, kind: string, name: string): number =>
  itemsOf(role, kind).find((right) => right.Name === name)?.Level ?? 0

export const wideLevel = (role: Role, kind: string): number => {
  const right = role.Permissions[kind]
  return right === null || right === undefined || Array.isArray(right) ? 0 : right.Level
}

/** As "Read, Update"; empty for none. */
export const levelWords = (level: number, kind: string): string =>
  bitsOf(kind)
    .filter(({ bit }) => (level & bit) !== 0)
    .map(({ word }) => word)
    .join(', ')

/** Everybody holds one of them, so they cannot be privileged. */
export const standsForAll = ['Authenticated', 'Anonymous']
export const defaultRoles = ['Administrator', 'Authenticated', 'Anonymous']
