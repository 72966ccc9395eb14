/** SOURCE of a package command → what the node is sent: an address that it fetches from itself, or the files read here. */
import { lstat, readFile, stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { CommandError } from './failure.ts'
import type { Flag, Given } from './flags.ts'
import { readPackageFolder, zipOf } from './folder.ts'

export const sourceFlags = {
  ref: { value: 'REF', prose: 'branch, tag or commit of a repository' },
  folder: { value: 'FOLDER', prose: 'the folder of the package, where SOURCE holds several' },
} as const satisfies Record<string, Flag>

export type SourceBody = { url: string; ref?: string; folder?: string } | { contents: string; archive_name: string }

export const sourceNotes = `SOURCE is the address of a package (https://github.com/owner/repository, a zip or tar.gz, a package of a catalogue), a
folder, or a .zip or .tar.gz file. Folders and files are read here and sent; an address is fetched by the node.`

/** An address rather than a path, whatever is on the disk. */
export const isAddress = (text: string): boolean =>
  text.includes('://') ||
  /^git@/.test(text) ||
  /^(?:www\.)?(?:github\.com|gitlab\.com|bitbucket\.org|codeberg\.org)\//.test(text)

/** Throws CommandError. */
export async function readSource(source: string, given: Given<'ref' | 'folder'>): Promise<SourceBody> {
  const [ref, folder] = [given.text('ref'), given.text('folder')]
  if (isAddress(source))
    return { url: source, ...(ref !== undefined && { ref }), ...(folder !== undefined && { folder }) }
  if (ref !== undefined) throw new CommandError(`--ref goes with the address of a repository, and ${source} is none.`)
  const found = await stat(source).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'there is no such file or folder' : error.message
    throw new CommandError(`${source} cannot be read: ${why}. ${aboutPaths(source)}`)
  })
  if (found.isDirectory()) {
    const zip = await zipOf(await readPackageFolder(source, folder))
    return { contents: zip.toString('base64'), archive_name: basename(resolve(source)) }
  }
  if (!found.isFile() || !(await lstat(source)).isFile()) {
    throw new CommandError(`${source} is no ordinary file. A package is a folder, or a .zip or .tar.gz file.`)
  }
  if (folder !== undefined) {
    throw new CommandError('--folder goes with an address or a folder. Unpack the file and name the folder in it.')
  }
  const bytes = await readFile(source).catch((error: Error) => {
    throw new CommandError(`${source} cannot be read: ${error.message}.`)
  })
  if (bytes.length === 0)
    throw new CommandError(`${source} is empty. A package is a folder, or a .zip or .tar.gz file.`)
  return { contents: bytes.toString('base64'), archive_name: basename(source) }
}

const aboutPaths = (source: string): string =>
  /^[\w.-]+\/[\w.-]+$/.test(source)
    ? `If it is a repository on GitHub: https://github.com/${source}`
    : 'An address begins with https://.'
