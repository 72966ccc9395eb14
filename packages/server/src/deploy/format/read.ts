/** `readPackage`: the files of a package, of either era, as a model and notes. Nothing of the package runs. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { readLibraries, readServices, sortGrants } from './code.ts'
import { readCollections } from './collections.ts'
import { readKept } from './kept.ts'
import type { PackageFiles, PackageGrant, PackageModel, PackageRole, PackageService } from './model.ts'
import { type Note, NoteList, shown } from './notes.ts'
import { noteDangling } from './references.ts'
import { readRoles, unionOf } from './roles.ts'
import { readSystem } from './system.ts'
import { type Reading, sortFiles } from './tree.ts'
import { readUsers, readUserTable } from './users.ts'

export type ReadOptions = {
  /** Take a part of a system, which has no `system.json`. */
  partial?: boolean
  /** Libraries that every system has. Without them, requirements of libraries are not checked. */
  platformLibraries?: readonly string[]
}

/** More is no package that a person made, and every one of them becomes rows and lines on a screen. */
export const mostAssets = 10_000

/**
 * Throws GatehouseError badPackage, with file and line or key, for what cannot be read at all: no `system.json`, broken
 * JSON, a value of the wrong type, more than `mostAssets`. Everything that can be left out or kept becomes a note.
 */
export function readPackage(files: PackageFiles, options: ReadOptions = {}): { model: PackageModel; notes: Note[] } {
  const notes = new NoteList()
  const reading: Reading = { tree: sortFiles(files, notes), notes }
  const system = readSystem(reading, options.partial ?? false)
  const { services, grants: onServices } = readServices(reading)
  const libraries = readLibraries(reading)
  const { collections, grants: onCollections, external, nameById } = readCollections(reading)
  const { userTable, grants: onUsers } = readUserTable(reading)
  const { users, emailById } = readUsers(reading, userTable.columns)
  const kept = readKept(reading, external)
  const given = giveGrants(readRoles(reading, nameById), [...onServices, ...onCollections, ...onUsers])
  const model: PackageModel = {
    system,
    services: services.map((service) => namedRunAs(service, emailById, notes)),
    libraries,
    collections,
    ...given,
    userTable,
    users,
    kept: kept.map(({ asset }) => asset),
  }
  checkSize(model)
  noteDangling(model, kept, notes, options.platformLibraries)
  return { model, notes: notes.all() }
}

/** Rights of old `permissions` maps become rights of the role, where the package has one of that name. */
function giveGrants(
  roles: readonly PackageRole[],
  grants: readonly PackageGrant[],
): { roles: PackageRole[]; grants: PackageGrant[] } {
  const names = new Set(roles.map((role) => role.name))
  const loose = grants.filter(({ role }) => !names.has(role))
  return {
    roles: roles.map((role) => {
      const own = grants.filter((grant) => grant.role === role.name)
      return { ...role, rights: unionOf([...role.rights, ...own.map(({ role: _, ...right }) => right)]) }
    }),
    grants: sortGrants(loose),
  }
}

/** Old services name the user by an id of the exporter; a package that brings the user's file says who that is. */
function namedRunAs(service: PackageService, emailById: ReadonlyMap<string, string>, notes: NoteList): PackageService {
  const email = service.runAs?.looksLike === 'id' ? emailById.get(service.runAs.text) : undefined
  if (email === undefined) return service
  const message = `The service ${shown(service.name)} runs as ${shown(email)}, whom it names by an id of the exporter.`
  notes.add('mismatch', message, { asset: { kind: 'service', name: service.name } })
  return { ...service, runAs: { text: email, looksLike: 'email' } }
}

function checkSize({ services, libraries, collections, roles, users, kept }: PackageModel): void {
  const lists = [services, libraries, collections, roles, users, kept]
  const count = lists.reduce((sum, list) => sum + list.length, 0)
  if (count <= mostAssets) return
  throw new GatehouseError('badPackage', `The package has ${count} assets, and ${mostAssets} is the most.`)
}
