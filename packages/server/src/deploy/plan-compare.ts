/** Whether an asset of a package and one of a system say the same, and in which of their parts they do not. */
import type { Row } from '@gatehouse/contract/columns.ts'
import type {
  KeptAsset,
  PackageCollection,
  PackageLibrary,
  PackageRight,
  PackageRole,
  PackageService,
  PackageUser,
} from './format/model.ts'

/** JSON with its keys sorted: databases and people order keys as they like. */
export function plainText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(plainText).join()}]`
  const entries = Object.entries(value).filter(([, one]) => one !== undefined)
  entries.sort(([one], [other]) => (one < other ? -1 : 1))
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${plainText(one)}`).join()}}`
}

export const alike = (one: unknown, other: unknown): boolean => plainText(one) === plainText(other)

function differing<T extends object>(one: T, other: T, parts: readonly (keyof T & string)[]): string[] {
  return parts.filter((part) => !alike(one[part], other[part]))
}

/** Without whom it runs as, which is decided apart from the rest. */
export function serviceDiffers(one: PackageService, other: PackageService): string[] {
  const settings = (Object.keys(one.settings) as (keyof PackageService['settings'])[]).filter(
    (name) => one.settings[name] !== other.settings[name],
  )
  const parts = differing(plainMap(one), plainMap(other), ['code', 'sourceMap', 'params', 'dependencies', 'extra'])
  return [...parts, ...settings]
}

const plainMap = <T extends { sourceMap: string | null }>(one: T): T => ({ ...one, sourceMap: one.sourceMap || null })

export const libraryDiffers = (one: PackageLibrary, other: PackageLibrary): string[] =>
  differing(plainMap(one), plainMap(other), [
    'code',
    'sourceMap',
    'dependencies',
    'description',
    'api',
    'visibility',
    'extra',
  ])

/** Without rights, which are compared one by one. */
/** `one` is what a package has. One that does not mark a role leaves the mark that is there. */
export const roleDiffers = (one: PackageRole, other: PackageRole): string[] => [
  ...differing(one, other, ['description', 'limited', 'otherRights', 'extra']),
  ...(one.privileged && !other.privileged ? ['privileged'] : []),
]

export function keptDiffers(one: KeptAsset, other: KeptAsset): string[] {
  const files = new Map(other.files.map(({ path, bytes }) => [path, bytes]))
  const changed = one.files.filter(({ path, bytes }) => files.get(path)?.equals(bytes) !== true).map(({ path }) => path)
  const own = new Set(one.files.map(({ path }) => path))
  return [...changed, ...other.files.filter(({ path }) => !own.has(path)).map(({ path }) => path)]
}

const credentialKeys = ['secret', 'credentials', 'platform_config', 'edge_config', 'storage_config']

/** Tools are never shown credentials, so what they hand back has nothing where those stand. */
export function isBlanked({ sensitive, files }: KeptAsset): boolean {
  if (!sensitive) return false
  return files.every(({ bytes }) => {
    let fields: unknown
    try {
      fields = JSON.parse(bytes.toString('utf8').replace(/^\uFEFF/, ''))
    } catch {
      return false
    }
    const held = (key: string): unknown => (fields as Record<string, unknown> | null)?.[key]
    return credentialKeys.every((key) => ['', 'null', '""', '{}', '"{}"'].includes(JSON.stringify(held(key)) ?? ''))
  })
}

/** The columns of a user that the package names and that hold something else in the system. */
export const userDiffers = (one: PackageUser, other: PackageUser): string[] =>
  Object.keys(one.columns).filter((name) => !alike(one.columns[name] ?? null, other.columns[name] ?? null))

export type RowChanges = { added: Row[]; changed: Row[]; removed: Row[]; same: number; unnamed: Row[] }

/** Rows as they would be kept, against those that are there, by `item_id`. `unnamed` have none. */
export function rowChanges(rows: readonly Row[], present: readonly Row[]): RowChanges {
  const byId = new Map(present.map((row) => [row.item_id, row]))
  const changes: RowChanges = { added: [], changed: [], removed: [], same: 0, unnamed: [] }
  for (const row of rows) {
    if (row.item_id === undefined || row.item_id === null) {
      changes.unnamed.push(row)
      continue
    }
    const held = byId.get(row.item_id)
    if (held === undefined) changes.added.push(row)
    else if (Object.entries(row).every(([name, value]) => alike(value ?? null, held[name] ?? null))) changes.same += 1
    else changes.changed.push(row)
  }
  return changes
}

/** Columns and indexes that the package's collection has beyond the system's, and columns of another type there. */
export function schemaChanges(one: PackageCollection, other: PackageCollection) {
  const held = new Map(other.columns.map((column) => [column.name.toLowerCase(), column]))
  const contradicting: string[] = []
  const added: PackageCollection['columns'] = []
  for (const column of one.columns) {
    const same = held.get(column.name.toLowerCase())
    if (same === undefined) added.push(column)
    else if (same.name !== column.name) {
      contradicting.push(`the column ${column.name} is called ${same.name} here`)
    } else if (same.type !== column.type) {
      contradicting.push(`the column ${column.name} is ${same.type} here and ${column.type} in the package`)
    }
  }
  const names = new Set(other.indexes.map(({ name, type }) => `${type} ${name}`))
  const indexes = one.indexes.filter(({ name, type }) => type !== 'Primary Key' && !names.has(`${type} ${name}`))
  return { added, contradicting, indexes }
}

/** The bits by which `wanted` goes beyond `held`, right by right. */
export function gainedRights(wanted: readonly PackageRight[], held: readonly PackageRight[]): PackageRight[] {
  const levels = new Map(held.map(({ kind, item, level }) => [`${kind}/${item}`, level]))
  return wanted
    .map((right) => ({ ...right, level: right.level & ~(levels.get(`${right.kind}/${right.item}`) ?? 0) }))
    .filter(({ level }) => level !== 0)
}
