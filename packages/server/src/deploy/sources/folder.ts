/** A folder of this machine → the files of the package in it. Read once, as it stands; links are never followed. */
import { constants } from 'node:fs'
import { lstat, open, opendir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { Unpacked, Unpacking } from './archive.ts'
import { createBudget, type Pace, type SourceLimits } from './limits.ts'
import { createNames, isLeftOut, readPath } from './names.ts'
import { refused } from './refusal.ts'

type Found = { path: string; kind: 'file' | 'link' | 'other' }

/** @throws GatehouseError `packageFetch` when it cannot be read, `badPackage` naming the entry that is at fault */
export async function readFolder(
  folder: string,
  { limits, pace, root: rootOf, onFile }: Unpacking,
): Promise<Omit<Unpacked, 'commit'> & { place: string }> {
  // The folder itself may be reached through links (/tmp is one on some machines); nothing inside it may.
  const place = await realpath(folder).catch((error: unknown) => {
    throw unreadable(folder, error)
  })
  if (!(await lstat(place)).isDirectory()) {
    throw new GatehouseError('packageFetch', `${folder} is not a folder.`, {
      hint: 'Give the folder of a package, or send the file as an archive.',
    })
  }
  const found = await list(place, limits, pace)
  const root = rootOf(found.filter(({ kind }) => kind === 'file').map(({ path }) => path))
  const chosen = found.filter(({ path }) => path.startsWith(root))
  const names = createNames(limits, 'folder')
  const budget = createBudget(limits, 'folder')
  const files = new Map<string, Buffer>()
  for (const { path, kind } of chosen) {
    if (kind === 'link') throw refused('folder', path, 'is a symbolic link')
    if (kind === 'other') throw refused('folder', path, 'is no ordinary file')
    if (names.take(path, 'file') === undefined) continue
    const content = await readFile(join(place, path), path, budget.take, limits)
    files.set(path.slice(root.length), content)
    onFile(files.size, chosen.length)
    await pace(content.length)
  }
  return { files, root, place }
}

async function list(place: string, limits: SourceLimits, pace: Pace): Promise<Found[]> {
  const found: Found[] = []
  const waiting = ['']
  let entries = 0
  for (let prefix = waiting.pop(); prefix !== undefined; prefix = waiting.pop()) {
    const shown = prefix === '' ? place : prefix
    try {
      for await (const entry of await opendir(join(place, prefix))) {
        const raw = prefix + entry.name
        if (++entries > limits.entries) throw refused('folder', raw, `goes beyond ${limits.entries} entries`)
        if (isLeftOut(entry.name)) continue
        const path = readPath(raw, limits, 'folder')
        if (entry.isDirectory()) waiting.push(`${path}/`)
        else found.push({ path, kind: entry.isFile() ? 'file' : entry.isSymbolicLink() ? 'link' : 'other' })
        await pace(64)
      }
    } catch (error) {
      if (error instanceof Error && 'code' in error && 'syscall' in error) throw unreadable(shown, error)
      throw error
    }
  }
  // What a disk lists first is chance.
  return found.sort((a, b) => (a.path < b.path ? -1 : 1))
}

async function readFile(
  file: string,
  path: string,
  take: (path: string, size: number) => void,
  limits: SourceLimits,
): Promise<Buffer> {
  // What was a file when the folder was listed may have become a link or a pipe since.
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
  await using handle = await open(file, flags).catch((error: unknown) => {
    throw unreadable(path, error)
  })
  const stat = await handle.stat()
  if (!stat.isFile()) throw refused('folder', path, 'is no ordinary file')
  take(path, stat.size)
  const content = Buffer.alloc(Math.min(stat.size, limits.fileBytes))
  let length = 0
  while (length < content.length) {
    const { bytesRead } = await handle.read(content, length, content.length - length, length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return content.subarray(0, length)
}

function unreadable(what: string, cause: unknown): GatehouseError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  const because =
    code === 'ENOENT'
      ? 'it does not exist'
      : code === 'EACCES' || code === 'EPERM'
        ? 'this process may not read it'
        : code === 'ELOOP'
          ? 'it is a symbolic link'
          : code
  return new GatehouseError('packageFetch', `"${what}" cannot be read: ${because}.`, {
    hint: 'Check the path and its permissions.',
    cause,
  })
}
