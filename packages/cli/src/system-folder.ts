/**
 * A folder that holds a system as files, and what is remembered of it in `.gatehouse`: the export as it was pulled, and
 * what each file was then. From these three (folder, system, what both were) follows what changed on which side.
 */
import { createHash } from 'node:crypto'
import { rename, rm, rmdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { CommandError } from './failure.ts'
import { demandNoLinks, type Files, readIfThere, unzip, writeInto } from './folder.ts'
import { parseJson } from './json.ts'
import type { Parts } from './system-export.ts'

/** `files`: SHA-256 of each file as it was when folder and system agreed. `pulled`: the folder holds the whole system. */
export type Remembered = Parts & { key: string; pulled: boolean; files: Record<string, string> }

const own = '.gatehouse'
const rememberedFile = `${own}/files.json`
const baseFile = `${own}/pulled.zip`

export const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** undefined where nothing was pulled into the folder. Throws CommandError. */
export async function readRemembered(folder: string): Promise<Remembered | undefined> {
  const bytes = await readIfThere(join(folder, rememberedFile))
  if (bytes === undefined) return undefined
  try {
    const { key, rows, users, pulled, files } = JSON.parse(bytes.toString('utf8'))
    if (typeof key !== 'string' || typeof files !== 'object' || files === null) throw new Error()
    return { key, rows: rows !== false, users: users !== false, pulled: pulled === true, files }
  } catch {
    throw new CommandError(`${join(folder, own)} is damaged. Delete it, and pull again.`)
  }
}

/** The export as it was pulled, which a push names as what both sides were. Throws CommandError. */
export const readBase = (folder: string): Promise<Buffer | undefined> => readIfThere(join(folder, baseFile))

/** Throws CommandError. */
export async function remember(folder: string, base: Buffer, remembered: Remembered): Promise<void> {
  // What was pulled holds rows and users: it is no part of a repository.
  await writeInto(folder, `${own}/.gitignore`, Buffer.from('*\n'))
  await replace(folder, baseFile, base)
  await replace(folder, rememberedFile, Buffer.from(`${JSON.stringify(remembered, null, 2)}\n`))
}

/** Whoever reads finds the old file or the new one, whole. */
async function replace(folder: string, path: string, bytes: Buffer): Promise<void> {
  await demandNoLinks(folder, path)
  await writeInto(folder, `${path}.new`, bytes)
  await rename(join(folder, `${path}.new`), join(folder, path))
}

/** The key in the folder's own `system.json`; undefined without the file or where it is empty. Throws CommandError. */
export async function keyOfFolder(folder: string): Promise<string | undefined> {
  const file = join(folder, 'system.json')
  const bytes = await readIfThere(file)
  if (bytes === undefined) return undefined
  const key = (parseJson(file, bytes) as { system_key?: unknown } | null)?.system_key
  return typeof key === 'string' && key !== '' ? key : undefined
}

/** An export, with the system's key in `system.json`, by which later commands find it. The secret stays out. */
export async function filesOfExport(bytes: Buffer, key: string): Promise<Files> {
  const files = await unzip(bytes)
  const text = files.get('system.json')?.toString('utf8') ?? '{}'
  const content = JSON.parse(text)
  if (content.system_key === key) return files
  const filled = text.replace(/^(\s*"system_key": )""/m, (_, start) => start + JSON.stringify(key))
  const done = JSON.parse(filled).system_key === key
  const whole = done ? filled : JSON.stringify({ ...content, system_key: key }, null, 4)
  return new Map([...files, ['system.json', Buffer.from(whole)]])
}

export type Merged = {
  written: string[]
  deleted: string[]
  /** Edited here and not in the system, or gone there: they stay as they are. */
  left: string[]
  files: number
}

export type Bringing = {
  key: string
  bytes: Buffer
  parts: Parts
  /** What was edited here gives way. */
  force?: boolean
  /** What has just been pushed: the system has it, and what was edited since is left. */
  pushed?: Files
}

/**
 * Brings a folder to an export. Files that were edited here stay where the system has not changed them; where both did, the
 * whole is refused and nothing written. Throws CommandError.
 */
export async function bringTo(folder: string, { key, bytes, parts, force, pushed }: Bringing): Promise<Merged> {
  const remembered = await readRemembered(folder)
  if (remembered !== undefined && remembered.key !== key) {
    throw new CommandError(`${folder} holds another system, ${remembered.key}. Pull into another folder.`)
  }
  const next = await filesOfExport(bytes, key)
  const old = remembered === undefined ? undefined : await readBase(folder)
  const base: Files = old === undefined ? new Map() : await filesOfExport(old, key)
  const known = remembered?.files ?? {}
  const isAsItWas = (path: string, here: Buffer): boolean => Object.hasOwn(known, path) && known[path] === hashOf(here)
  const merged: Merged = { written: [], deleted: [], left: [], files: next.size }
  const both: string[] = []
  for (const [path, content] of next) {
    const here = await readHere(folder, path)
    if (here?.equals(content) === true) continue
    // What was deleted here is deleted still, after a push that left it in the system.
    if (here === undefined && pushed !== undefined && base.has(path)) continue
    const mayGo = force === true || here === undefined || isAsItWas(path, here) || pushed?.get(path)?.equals(here)
    if (mayGo === true) merged.written.push(path)
    else if (pushed !== undefined || base.get(path)?.equals(content) === true) merged.left.push(path)
    else both.push(path)
  }
  for (const path of base.keys()) {
    if (next.has(path) || !Object.hasOwn(known, path)) continue
    const here = await readHere(folder, path)
    if (here !== undefined) (isAsItWas(path, here) ? merged.deleted : merged.left).push(path)
  }
  if (both.length > 0) throw wouldOverwrite(both, remembered !== undefined)
  for (const path of merged.deleted) await remove(folder, path)
  for (const path of merged.written) await writeInto(folder, path, next.get(path)!)
  const files = Object.fromEntries([...next].map(([path, content]) => [path, hashOf(content)]))
  await remember(folder, bytes, { key, ...parts, pulled: true, files })
  return merged
}

async function readHere(folder: string, path: string): Promise<Buffer | undefined> {
  await demandNoLinks(folder, path)
  return readIfThere(join(folder, path))
}

function wouldOverwrite(paths: string[], pulledBefore: boolean): CommandError {
  const told = paths.slice(0, 20).map((path) => `- ${path}`)
  const more = paths.length > 20 ? [`- And ${paths.length - 20} more.`] : []
  const why = pulledBefore
    ? 'were edited here and changed in the system too'
    : 'are here already and say something else'
  return new CommandError(
    [
      `Nothing was pulled. These files ${why}:`,
      ...told,
      ...more,
      'Push what you edited first (gatehouse system push), or take what the system has with --force.',
    ].join('\n'),
    { files: paths },
  )
}

/** The file, and the folders that are empty without it. */
async function remove(folder: string, path: string): Promise<void> {
  await rm(join(folder, path), { force: true })
  for (let above = dirname(path); above !== '.'; above = dirname(above)) {
    const emptied = await rmdir(resolve(folder, above)).then(
      () => true,
      () => false,
    )
    if (!emptied) return
  }
}
