/** `writePackage`: a model as files in the layout of today's cb-cli, the same bytes for the same model. */
import { codeFiles, libraryFile, serviceFile } from './code.ts'
import { collectionFile } from './collections.ts'
import { jsonPieces } from './json.ts'
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
  const files = [...packageFiles(model, identity)].map(([path, pieces]): [string, Buffer] => [
    path,
    Buffer.concat([...pieces]),
  ])
  return new Map(files.sort(([one], [other]) => byCodePoint(one, other)))
}

/** The same files one after the other, in no order, each in pieces that are written when they are asked for. */
export function* packageFiles(
  model: PackageModel,
  identity: { key: string; secret: string } = { key: '', secret: '' },
): Generator<[path: string, pieces: Iterable<Buffer>]> {
  const kept = model.kept.flatMap(({ files }) => files)
  const stems = new FreeStems(kept.map(({ path }) => path))
  for (const { path, bytes } of kept) yield [path, [bytes]]
  if (model.system !== undefined) yield ['system.json', jsonPieces(systemFile(model.system, identity))]
  for (const service of model.services) {
    const file = serviceFile(service, grantsOn(model, 'services', service.name))
    yield* writeCode(stems, 'code/services', service, file)
  }
  for (const library of model.libraries) yield* writeCode(stems, 'code/libraries', library, libraryFile(library))
  for (const collection of model.collections) {
    const file = collectionFile(collection, grantsOn(model, 'collections', collection.name))
    yield [`data/${stems.take('data', collection.name)}.json`, jsonPieces(file)]
  }
  for (const role of model.roles) yield [`roles/${stems.take('roles', role.name)}.json`, jsonPieces(roleFile(role))]
  yield ['users/schema.json', jsonPieces(userTableFile(model.userTable, grantsOn(model, 'users', '')))]
  for (const user of model.users) {
    yield [`users/${stems.take('users', user.email)}.json`, jsonPieces(userFile(user))]
    yield [`users/roles/${fileNameOf(user.email)}.json`, jsonPieces(user.roles)]
  }
}

const grantsOn = ({ grants }: PackageModel, kind: PackageGrant['kind'], item: string): PackageGrant[] =>
  grants.filter((grant) => grant.kind === kind && grant.item === item)

type Code = { name: string; code: string | null; sourceMap: string | null }

function* writeCode(
  stems: FreeStems,
  folder: string,
  one: Code,
  settings: Record<string, unknown>,
): Generator<[string, Iterable<Buffer>]> {
  const stem = stems.take(folder, one.name)
  yield [`${folder}/${stem}/${stem}.json`, jsonPieces(settings)]
  for (const [extension, text] of codeFiles(one)) {
    yield [`${folder}/${stem}/${stem}${extension}`, [Buffer.from(text, 'utf8')]]
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
