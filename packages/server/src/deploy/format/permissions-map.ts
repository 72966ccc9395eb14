/** Levels, and the old `permissions` maps of services, collections and the user table: role name to level. */
import { allBits, type ResourceKind } from '@gatehouse/contract/permissions.ts'
import { fieldsOf, keyed, type Place, wrongType } from './fields.ts'
import type { PackageGrant } from './model.ts'
import type { Reading } from './tree.ts'

/** The four known bits of a level; missing and null are none. Throws badPackage. */
export function levelOf({ notes }: Reading, place: Place, value: unknown): number {
  if (value === undefined || value === null) return 0
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 0x7fff_ffff) {
    throw wrongType(place, 'a level, a whole number from 0 to 15', value)
  }
  if (value > allBits) {
    const message = `${place.path}: ${place.inside} is ${value}; only read, create, update and delete are taken of it.`
    notes.add('skipped', message, { path: place.path })
  }
  return value & allBits
}

export function readPermissionsMap(
  reading: Reading,
  file: Place,
  value: unknown,
  kind: ResourceKind,
  item: string,
): PackageGrant[] {
  const place = keyed(file, 'permissions')
  return Object.entries(fieldsOf(place, value)).flatMap(([role, given]) => {
    const level = levelOf(reading, keyed(place, role), given)
    return level === 0 || role === '' ? [] : [{ role, kind, item, level }]
  })
}
