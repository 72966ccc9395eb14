/**
 * What packages bring that nobody may read out of a copy of the database: kept files that may hold credentials, and packages
 * as they were installed, which hold the same files. Sealed under the node key, each for the place where it stands.
 */
import type { SystemScope } from '../domain/access/scope.ts'
import type { InstalledPackage, KeptFile } from '../store/tables/packages.ts'

type Keyed = Pick<SystemScope, 'key' | 'data'>

const placeOfFile = ({ data }: Keyed, file: KeptFile): string[] => filePlace(data.key, file)

export const filePlace = (
  systemKey: string,
  { kind, name, path }: Pick<KeptFile, 'kind' | 'name' | 'path'>,
): string[] => ['kept', systemKey, kind, name, path]

export const sealedFile = (scope: Keyed, file: KeptFile): KeptFile =>
  file.sensitive ? { ...file, bytes: scope.key.sealBytes('secrets', placeOfFile(scope, file), file.bytes) } : file

export const openedFile = (scope: Keyed, file: KeptFile): KeptFile =>
  file.sensitive ? { ...file, bytes: scope.key.unsealBytes('secrets', placeOfFile(scope, file), file.bytes) } : file

const placeOfPackage = ({ data }: Keyed, name: string, part: string): string[] => packagePlace(data.key, name, part)

export const packagePlace = (systemKey: string, name: string, part: string): string[] => [
  'package',
  systemKey,
  name,
  part,
]

export function sealedPackage(scope: Keyed, installed: InstalledPackage): InstalledPackage {
  const seal = (part: string, bytes: Buffer): Buffer =>
    scope.key.sealBytes('secrets', placeOfPackage(scope, installed.name, part), bytes)
  const { files, undo } = installed
  return { ...installed, files: seal('files', files), undo: undo && seal('undo', undo) }
}

export function openedPackage(scope: Keyed, installed: InstalledPackage): InstalledPackage {
  const open = (part: string, bytes: Buffer): Buffer =>
    scope.key.unsealBytes('secrets', placeOfPackage(scope, installed.name, part), bytes)
  const { files, undo } = installed
  return { ...installed, files: open('files', files), undo: undo && open('undo', undo) }
}
