/** `writePackage`: a model as files in the layout of today's cb-cli, the same bytes for the same model. */
import { codeFiles, libraryFile, serviceFile } from './code.ts'
import { collectionFile } from './collections.ts'
import { writeJson } from './json.ts'
import type { PackageGrant, PackageModel } from './model.ts'
import { byCodePoint, fileNameOf } from './names.ts'
import { roleFile } from './roles.ts'
import { systemFile } from './system.ts'
import { userFile, userTableFile } from './users.ts'

/**
 * Sorted by path. `identity` is what `system.json` shall say the system's key and secret are; nothing by default. Kept
 * assets stand where they stood, byte for byte. No password is ever written.
 */
export function writePackage(
  model: PackageModel,
  identity: { key: string; secret: string } = { key: '', secret: '' },
): Map<string, Buffer> {
  const files = new Map<string, Buffer>()
  for (const { files: own } of model.kept) for (const { path, bytes } of own) files.set(path, bytes)
  const stems = new FreeStems(files.keys())

  if (model.system !== undefined) files.set('system.json', writeJson(systemFile(model.system, identity)))
  for (const service of model.services) {
    const file = serviceFile(service, grantsOn(model, 'services', service.name))
    writeCode(files, stems, 'code/services', service, file)
  }
  for (const library of model.libraries) writeCode(files, stems, 'code/libraries', library, libraryFile(library))
  for (const collection of model.collections) {
    const file = collectionFile(collection, grantsOn(model, 'collections', collection.name))
    files.set(`data/${stems.take('data', collection.name)}.json`, writeJson(file))
  }
  for (const role of model.roles) files.set(`roles/${stems.take('roles', role.name)}.json`, writeJson(roleFile(role)))
  files.set('users/schema.json', writeJson(userTableFile(model.userTable, grantsOn(model, 'users', ''))))
  for (const user of model.users) {
    files.set(`users/${stems.take('users', user.email)}.json`, writeJson(userFile(user)))
    files.set(`users/roles/${fileNameOf(user.email)}.json`, writeJson(user.roles))
  }
  return new Map([...files].sort(([one], [other]) => byCodePoint(one, other)))
}

const grantsOn = ({ grants }: PackageModel, kind: PackageGrant['kind'], item: string): PackageGrant[] =>
  grants.filter((grant) => grant.kind === kind && grant.item === item)

type Code = { name: string; code: string | null; sourceMap: string | null }

function writeCode(
  files: Map<string, Buffer>,
  stems: FreeStems,
  folder: string,
  one: Code,
  settings: Record<string, unknown>,
): void {
  const stem = stems.take(folder, one.name)
  files.set(`${folder}/${stem}/${stem}.json`, writeJson(settings))
  for (const [extension, text] of codeFiles(one)) {
    files.set(`${folder}/${stem}/${stem}${extension}`, Buffer.from(text, 'utf8'))
  }
}

/** Names of files that are still free, also on disks that take `a` and `A` for one name. */
class FreeStems {
  readonly #taken: Set<string>

  constructor(paths: Iterable<string>) {
    this.#taken = new Set(Array.from(paths, (path) => path.replace(/\.json$/, '').toLowerCase()))
  }

  take(folder: string, name: string): string {
    const plain = fileNameOf(name)
    let stem = plain
    for (let count = 2; this.#taken.has(`${folder}/${stem}`.toLowerCase()); count += 1) stem = `${plain}~${count}`
    this.#taken.add(`${folder}/${stem}`.toLowerCase())
    return stem
  }
}
