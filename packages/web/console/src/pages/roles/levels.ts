/** Rights of a role that were changed on the page, and how they are told to the node: those alone, item by item. */
import type { Item } from './items.ts'
import { itemKinds, itemLevel, type Role, wideKinds, wideLevel } from './shapes.ts'

/** By kind and item; an empty item is the kind as a whole. */
export type Levels = ReadonlyMap<string, number>

export const levelKey = (kind: string, item: string): string => JSON.stringify([kind, item])

const wideNames = [...wideKinds, ...itemKinds.flatMap(({ all }) => all ?? [])]

/** The body's `changes`; undefined where nothing is another than it was. */
export function changesOf(
  role: Role,
  levels: Levels,
  items: Record<string, Item[]>,
): Record<string, unknown> | undefined {
  const changes: Record<string, unknown> = {}
  for (const { read, write } of itemKinds) {
    const list = [...levels].flatMap(([key, permissions]) => {
      const [kind, name] = JSON.parse(key) as [string, string]
      if (kind !== read || name === '' || permissions === itemLevel(role, read, name)) return []
      const id = items[read]?.find((item) => item.name === name)?.id
      return [{ itemInfo: { name, ...(id !== undefined && { id }) }, permissions }]
    })
    if (list.length > 0) changes[write] = list
  }
  for (const { read, write } of wideNames) {
    const permissions = levels.get(levelKey(read, ''))
    if (permissions !== undefined && permissions !== wideLevel(role, read)) changes[write] = { permissions }
  }
  return Object.keys(changes).length === 0 ? undefined : changes
}
