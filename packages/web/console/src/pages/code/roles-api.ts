/** Rights of roles on one service or one collection, read and written. */
import { ask } from '../../api.ts'

type Item = { ID?: string; Name: string; Level: number }

export type Role = {
  ID: string
  Name: string
  Permissions: {
    CodeServices: Item[]
    Collections: Item[]
    AllServices: { Level: number }
    AllCollections: { Level: number }
  }
}

/** `id` of a collection, `name` of a service: what names them for good. */
export type Resource = { kind: 'services'; name: string } | { kind: 'collections'; id: string }

/** Level by id of a role: the sum of read 1 (or execute), create 2, update 4, delete 8. */
export type Levels = Readonly<Record<string, number>>

const path = (key: string): string => `/admin/user/${encodeURIComponent(key)}/roles`

export const rolesQuery = (key: string) => ({
  queryKey: ['system', key, 'roles-of-code'],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    ask<Role[]>(`${path(key)}?query=${encodeURIComponent(JSON.stringify({ ALL: true }))}`, { signal }),
})

const levelOf = ({ Permissions }: Role, resource: Resource): number =>
  resource.kind === 'services'
    ? (Permissions.CodeServices.find(({ Name }) => Name === resource.name)?.Level ?? 0)
    : (Permissions.Collections.find(({ ID }) => ID === resource.id)?.Level ?? 0)

/** What a role may do with every service, or every collection. */
export const generalLevel = ({ Permissions }: Role, { kind }: Resource): number =>
  kind === 'services' ? Permissions.AllServices.Level : Permissions.AllCollections.Level

/** Roles that have any right on this one. */
export const levelsOf = (roles: Role[], resource: Resource): Levels =>
  Object.fromEntries(roles.map((role) => [role.ID, levelOf(role, resource)] as const).filter(([, level]) => level > 0))

/** Writes what differs. Less is allowed before more. */
export async function writeLevels(key: string, resource: Resource, before: Levels, after: Levels): Promise<void> {
  const ids = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  const changes = ids
    .map((id) => ({ id, from: before[id] ?? 0, to: after[id] ?? 0 }))
    .filter(({ from, to }) => from !== to)
    .sort((a, b) => Number((a.from & ~a.to) === 0) - Number((b.from & ~b.to) === 0))
  const itemInfo = resource.kind === 'services' ? { name: resource.name } : { id: resource.id }
  for (const { id, to } of changes) {
    await ask(path(key), { method: 'PUT', body: { id, changes: { [resource.kind]: [{ itemInfo, permissions: to }] } } })
  }
}
