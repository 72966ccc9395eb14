/** Roles: `roles/<name>.json` with all rights of the role, by the names of what they are on. */
import {
  defaultRoles,
  type ResourceKind,
  resourceKind,
  resourceKindNames,
  resourceKinds,
} from '@gatehouse/contract/permissions.ts'
import {
  extraOf,
  type Fields,
  fieldsOf,
  isObject,
  keyed,
  listOf,
  objectOf,
  type Place,
  textOf,
  truthOf,
} from './fields.ts'
import type { Extra, PackageRight, PackageRole } from './model.ts'
import { byCodePoint } from './names.ts'
import { shown } from './notes.ts'
import { levelOf } from './permissions-map.ts'
import { isFilled, type JsonRecord, nameOf, noteSecrets, oneOfEach, type Reading, recordsIn } from './tree.ts'

const known = new Set(['Name', 'Description', 'Permissions', 'Privileged', 'ID'])

export function readRoles(reading: Reading, collectionNames: ReadonlyMap<string, string>): PackageRole[] {
  const all = recordsIn(reading, 'roles').map((record) => {
    const name = nameOf(reading, 'role', record, 'Name')
    return { name, path: record.path, stem: record.stem, record }
  })
  return oneOfEach(reading, 'role', all).map(({ name, record }) => readRole(reading, name, record, collectionNames))
}

function readRole(
  reading: Reading,
  name: string,
  record: JsonRecord,
  collectionNames: ReadonlyMap<string, string>,
): PackageRole {
  const { path, fields } = record
  const file = { path, inside: '' }
  const permissions = keyed(file, 'Permissions')
  const rights: PackageRight[] = []
  // Of those that every system has, one always has the mark, and the two that stand for everybody never.
  const isMarked = truthOf(keyed(file, 'Privileged'), fields.Privileged) && !defaultRoles.some((one) => one === name)
  const limited: Extra[] = []
  const others: [string, unknown][] = []
  const dropped = new Set<string>()
  for (const [key, value] of Object.entries(fieldsOf(permissions, fields.Permissions))) {
    const place = keyed(permissions, key)
    const kind = resourceKind(key)
    if (kind === undefined) {
      others.push([key, Array.isArray(value) ? value.map((entry) => withoutIds(key, entry, dropped)) : value])
    } else if (resourceKinds[kind].items) {
      const found = listOf(place, value).map((one, index) => objectOf(keyed(place, index), one))
      for (const [index, entry] of found.entries()) {
        withoutIds(key, entry, dropped)
        readEntry(reading, { name, kind, place: keyed(place, index), entry, collectionNames, rights, limited })
      }
    } else {
      const level = levelOf(reading, keyed(place, 'Level'), fieldsOf(place, value).Level)
      if (level !== 0) rights.push({ kind, item: '', level })
    }
  }
  // The id of a role that every system has is its name, which is no secret.
  noteSecrets(reading, record, fields.ID === name ? [] : ['ID'], [...dropped])
  return {
    name,
    description: textOf(keyed(file, 'Description'), fields.Description),
    ...(isMarked && { privileged: true as const }),
    rights: unionOf(rights, (right) => {
      const message = `${path} gives ${shown(name)} rights on ${right.kind} ${shown(right.item)} more than once; together they count.`
      reading.notes.add('duplicate', message, { path, asset: { kind: 'role', name } })
    }),
    limited,
    otherRights: Object.fromEntries(others),
    extra: extraOf(fields, known),
  }
}

const exportersIds = new Set(['ID', 'SystemKey'])

/** The entry of a list of rights without the exporter's ids, of which those that were there are put down. */
function withoutIds(key: string, entry: unknown, dropped: Set<string>): unknown {
  if (!isObject(entry)) return entry
  for (const secret of exportersIds) if (isFilled(entry[secret])) dropped.add(`${key}[].${secret}`)
  return extraOf(entry, exportersIds)
}

type Entry = {
  name: string
  kind: ResourceKind
  place: Place
  entry: Fields
  collectionNames: ReadonlyMap<string, string>
  rights: PackageRight[]
  limited: Extra[]
}

function readEntry(reading: Reading, { name, kind, place, entry, collectionNames, rights, limited }: Entry): void {
  const { path } = place
  const asset = { kind: 'role', name } as const
  const level = levelOf(reading, keyed(place, 'Level'), entry.Level)
  const named = textOf(keyed(place, 'Name'), entry.Name)
  const byId = kind === 'collections' && typeof entry.ID === 'string' ? collectionNames.get(entry.ID) : undefined
  const item = named === '' ? (byId ?? '') : named
  if (item === '') {
    const message = `${path}: ${place.inside} names nothing that the package has; it is left out.`
    reading.notes.add('dangling', message, { path, asset })
  } else if (kind === 'collections' && (isLimiting(entry.Columns) || isLimiting(entry.Items))) {
    const message = `${path} limits the right on ${shown(item)} to single columns or rows, which is not offered; the right is not given.`
    reading.notes.add('skipped', message, { path, asset })
    limited.push({ ...extraOf(entry, exportersIds), Name: item })
  } else if (level !== 0) rights.push({ kind, item, level })
}

const isLimiting = (value: unknown): boolean => (Array.isArray(value) ? value.length > 0 : isObject(value))

/** One right for each kind and item, with the bits of all, sorted. */
export function unionOf(rights: readonly PackageRight[], onTwice?: (right: PackageRight) => void): PackageRight[] {
  const union = new Map<string, PackageRight>()
  const twice = new Set<string>()
  for (const right of rights) {
    const key = `${right.kind} ${right.item}`
    const held = union.get(key)
    union.set(key, { ...right, level: right.level | (held?.level ?? 0) })
    if (held !== undefined && !twice.has(key)) {
      twice.add(key)
      onTwice?.(right)
    }
  }
  return [...union.values()].sort(
    (one, other) => order(one.kind) - order(other.kind) || byCodePoint(one.item, other.item),
  )
}

const order = (kind: ResourceKind): number => resourceKindNames.indexOf(kind)

/** All kinds are written, since cb-cli sets a right to nothing only where the file says so. */
export function roleFile(role: PackageRole): Fields {
  const permissions: Fields = { ...role.otherRights }
  for (const kind of resourceKindNames) {
    const { read, items } = resourceKinds[kind]
    const rights = role.rights.filter((right) => right.kind === kind)
    if (!items) permissions[read] = { Level: rights[0]?.level ?? 0 }
    else if (kind === 'collections') {
      const entries = rights.map(({ item, level }) => ({ Name: item, Level: level, Columns: [], Items: [] }))
      permissions[read] = [...entries, ...role.limited]
    } else permissions[read] = rights.map(({ item, level }) => ({ Name: item, Level: level }))
  }
  const mark = role.privileged === true ? { Privileged: true } : {}
  return { ...role.extra, Name: role.name, Description: role.description, ...mark, Permissions: permissions }
}
