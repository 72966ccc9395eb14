/**
 * The files of a package sorted into the folders of the format, and what does not belong to any. What the files hold is
 * the business of the kind they belong to.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { type Fields, keyed, objectOf, textOf } from './fields.ts'
import { readJson } from './json.ts'
import type { PackageFiles } from './model.ts'
import { byCodePoint, isFileNameOf } from './names.ts'
import { type AssetKind, type NoteList, shown } from './notes.ts'
import { type Folder, folderOf } from './places.ts'

/** `within` is the path below the folder. */
export type PackageFile = { path: string; within: string; bytes: Buffer }

export type Tree = {
  /** Files of the package's root by name. */
  root: Map<string, Buffer>
  in(folder: Folder): PackageFile[]
}

/** What reading a kind needs: its files, and where to say what was seen. */
export type Reading = { tree: Tree; notes: NoteList }

/** Throws badPackage for a path that leads out of the package. Files outside of every folder become notes. */
export function sortFiles(files: PackageFiles, notes: NoteList): Tree {
  const root = new Map<string, Buffer>()
  const sorted = new Map<Folder, PackageFile[]>()
  const strays = new Map<string, { first: string; count: number }>()
  for (const path of [...files.keys()].sort(byCodePoint)) {
    checkPath(path)
    const bytes = files.get(path)!
    const folder = folderOf(path)
    if (folder !== undefined) {
      const list = sorted.get(folder) ?? []
      if (list.length === 0) sorted.set(folder, list)
      list.push({ path, within: path.slice(folder.length + 1), bytes })
    } else if (path.includes('/') || path.startsWith('.')) {
      const [top = path] = path.split('/')
      const place = top === 'code' ? path : top
      const stray = strays.get(place)
      strays.set(place, { first: stray?.first ?? path, count: (stray?.count ?? 0) + 1 })
    } else root.set(path, bytes)
  }
  for (const [place, { first, count }] of strays) noteStray(notes, place, first, count)
  return { root, in: (folder) => sorted.get(folder) ?? [] }
}

function checkPath(path: string): void {
  const steps = path.split('/')
  const leaves = steps.some((step) => step === '' || step === '.' || step === '..')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (!leaves && path.length <= 4_000 && !/[\\\u0000-\u001f]/.test(path)) return
  throw new GatehouseError('badPackage', `The package names a file ${shown(path)}, which is no path inside it.`)
}

function noteStray(notes: NoteList, place: string, first: string, count: number): void {
  if (place === '.cbmeta' || place === '.cb-cli') {
    const message = `${place} holds a developer's session and ids of the exporting node; it is ignored.`
    notes.add('secret', message, { path: first, level: 'warning' })
  } else if (place === first) notes.add('unknown', `${place} is no part of the format and is ignored.`, { path: place })
  else {
    const many = count === 1 ? 'its file is' : `its ${count} files are`
    notes.add('unknown', `The folder ${shown(place)} is no part of the format; ${many} ignored.`, { path: place })
  }
}

export const noteStrayFile = ({ notes }: Reading, path: string): void =>
  notes.add('unknown', `${path} is no part of the format and is ignored.`, { path })

export type JsonRecord = { path: string; stem: string; bytes: Buffer; fields: Fields }

/** The `.json` files that stand directly in a folder, each one object; other files become notes. */
export function recordsIn(reading: Reading, folder: Folder, except: readonly string[] = []): JsonRecord[] {
  return reading.tree.in(folder).flatMap(({ path, within, bytes }) => {
    if (except.includes(within)) return []
    if (within.includes('/') || !within.endsWith('.json') || within === '.json') {
      noteStrayFile(reading, path)
      return []
    }
    return [readRecord(reading, path, within.slice(0, -5), bytes)]
  })
}

export function readRecord({ notes }: Reading, path: string, stem: string, bytes: Buffer): JsonRecord {
  const file = readJson(path, bytes)
  if (file.inexactLine !== undefined) {
    const message = `${path}, line ${file.inexactLine}: a whole number has more digits than can be kept; it is rounded.`
    notes.add('skipped', message, { path })
  }
  return { path, stem, bytes, fields: objectOf({ path, inside: '' }, file.value) }
}

/**
 * The name of what a file holds: the one inside, by which cb-cli makes it and other files refer to it; without one, the
 * file's.
 */
export function nameOf(
  { notes }: Reading,
  kind: AssetKind,
  record: Pick<JsonRecord, 'path' | 'stem' | 'fields'>,
  key = 'name',
): string {
  const { path, stem, fields } = record
  const name = textOf(keyed({ path, inside: '' }, key), fields[key])
  if (name === '') return stem
  if (!isFileNameOf(stem, name)) {
    const message = `${path} holds the ${kind} ${shown(name)}. The name inside the file counts: other files refer to it.`
    notes.add('mismatch', message, { path, asset: { kind, name } })
  }
  return name
}

export type Named = { name: string; path: string; stem: string }

/** One of each name, sorted: the one whose file is named like it, else the first by path. The others become notes. */
export function oneOfEach<T extends Named>({ notes }: Reading, kind: AssetKind, all: T[]): T[] {
  const chosen = new Map<string, T>()
  const fits = ({ stem, name }: T): number => Number(isFileNameOf(stem, name))
  const preferred = [...all].sort((one, other) => fits(other) - fits(one))
  for (const one of preferred) {
    const key = kind === 'user' ? one.name.toLowerCase() : one.name
    const first = chosen.get(key)
    if (first === undefined) chosen.set(key, one)
    else {
      const message = `${one.path} holds the ${kind} ${shown(one.name)} once more; ${first.path} counts.`
      notes.add('duplicate', message, { path: one.path, asset: { kind, name: one.name } })
    }
  }
  return [...chosen.values()].sort((one, other) => byCodePoint(one.name, other.name))
}

/** Says once for a file which keys of the exporter were dropped; empty ones were none. */
export function noteSecrets(
  { notes }: Reading,
  record: { path: string; fields: Fields },
  keys: readonly string[],
  more: readonly string[] = [],
): void {
  const present = keys.filter((key) => isFilled(record.fields[key]))
  const dropped = [...present, ...more]
  if (dropped.length === 0) return
  const verb = dropped.length === 1 ? 'is' : 'are'
  const message = `${record.path}: ${dropped.join(', ')} ${verb} the exporter's and left out.`
  notes.add('secret', message, { path: record.path })
}

export const isFilled = (value: unknown): boolean => value !== undefined && value !== null && value !== ''
