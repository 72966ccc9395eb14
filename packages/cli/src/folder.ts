/**
 * Folders of this machine as files in memory, and back; zips of them. What is refused and left out is as in packages from
 * elsewhere (`deploy/sources`), of which nothing else of the server is loaded.
 */
import { lstat, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { unpackArchive } from '@gatehouse/server/deploy/sources/archive.ts'
import { readFolder as readWhole } from '@gatehouse/server/deploy/sources/folder.ts'
import { createPace, sourceLimits } from '@gatehouse/server/deploy/sources/limits.ts'
import { findRoot } from '@gatehouse/server/deploy/sources/root.ts'
import yazl from 'yazl'
import { CommandError } from './failure.ts'

/** Path with `/` between folders → content. */
export type Files = Map<string, Buffer>

const reading = (root: (paths: string[]) => string) => ({
  limits: sourceLimits,
  pace: createPace(AbortSignal.timeout(sourceLimits.timeMs)),
  root,
  onFile: () => {},
})

/** The package in a folder, which may lie deeper in it; `inside` is the folder to look in. Throws CommandError. */
export async function readPackageFolder(folder: string, inside?: string): Promise<Files> {
  const root = (paths: string[]): string => {
    try {
      return findRoot(paths, inside)
    } catch (error) {
      if (error instanceof GatehouseError) throw new CommandError(`${folder}: ${sentencesOf(error)}`)
      throw error
    }
  }
  return withoutSessions((await inSentences(() => readWhole(folder, reading(root)))).files)
}

/** All files of a folder. Throws CommandError. */
export const readFolder = async (folder: string): Promise<Files> =>
  withoutSessions(
    (
      await inSentences(() =>
        readWhole(
          folder,
          reading(() => ''),
        ),
      )
    ).files,
  )

/** The files of a zip, whose names are safe to write. Throws CommandError. */
export const unzip = async (bytes: Buffer): Promise<Files> =>
  (
    await inSentences(() =>
      unpackArchive(
        bytes,
        reading(() => ''),
      ),
    )
  ).files

/** cb-cli keeps a developer's token in its own folder, which is nobody else's. */
const withoutSessions = (files: Files): Files =>
  new Map([...files].filter(([path]) => !path.split('/').some((part) => part === '.cb-cli' || part === '.cbmeta')))

async function inSentences<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof GatehouseError) throw new CommandError(sentencesOf(error))
    if ((error as Error).name === 'TimeoutError') throw new CommandError('Reading the files took too long.')
    throw error
  }
}

const sentencesOf = ({ detail, hint }: GatehouseError): string =>
  hint === undefined || detail.includes(hint) ? detail : `${detail} ${hint}`

/** The same bytes for the same files. */
export async function zipOf(files: Files): Promise<Buffer> {
  const zip = new yazl.ZipFile()
  const mtime = new Date(Date.UTC(2026, 0, 1))
  for (const path of [...files.keys()].sort()) zip.addBuffer(files.get(path)!, path, { mtime, mode: 0o100644 })
  zip.end()
  return buffer(zip.outputStream)
}

/** Writes one file below a folder. Links on the way are refused: they would lead out of it. Throws CommandError. */
export async function writeInto(folder: string, path: string, bytes: Uint8Array): Promise<void> {
  await demandNoLinks(folder, path)
  const file = join(folder, path)
  try {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, bytes)
  } catch (error) {
    throw new CommandError(`${file} cannot be written: ${(error as Error).message}.`)
  }
}

export async function demandNoLinks(folder: string, path: string): Promise<void> {
  const parts = path.split('/')
  for (let count = 1; count <= parts.length; count++) {
    const place = join(folder, ...parts.slice(0, count))
    const found = await lstat(place).catch(() => undefined)
    if (found?.isSymbolicLink() === true) throw new CommandError(`${place} is a symbolic link, which is not followed.`)
  }
}

/** Names in a folder; none where it is not there yet. Throws CommandError. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return []
    throw new CommandError(code === 'ENOTDIR' ? `${folder} is not a folder.` : `${folder} cannot be read: ${message}.`)
  }
}

/** undefined where there is no such file. Throws CommandError. */
export async function readIfThere(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new CommandError(
      code === 'ENOTDIR' ? `${dirname(file)} is not a folder.` : `${file} cannot be read: ${message}.`,
    )
  }
}
