/**
 * The names inside archives, repositories and folders: which are refused, which are left out, which are the same file
 * twice. Names only; what the entries hold is none of its business.
 */
import type { SourceLimits } from './limits.ts'
import { printable, refused } from './refusal.ts'

/**
 * Left out without a word, with all that is below them: what version control, operating systems and package managers
 * leave in folders and what is never part of a system; `.gatehouse` is what our own command line remembers of a folder.
 * `._*` are the AppleDouble files of macOS archives.
 */
const leftOutNames = new Set(['.git', '.DS_Store', '__MACOSX', 'node_modules', 'Thumbs.db', '.gatehouse'])

export function isLeftOut(path: string): boolean {
  return path.split('/').some((segment) => leftOutNames.has(segment) || segment.startsWith('._'))
}

export type Names = {
  /**
   * Judges one entry and answers its path with `/` between folders, or undefined if it is left out.
   * @throws GatehouseError `badPackage` that names the entry
   */
  take(raw: string, kind: 'file' | 'folder'): string | undefined
}

/** @param what - `archive`, `repository` or `folder`, for the message */
export function createNames(limits: SourceLimits, what: string): Names {
  const files = new Map<string, string>()
  const folders = new Map<string, string>()
  let entries = 0
  return {
    take(raw, kind) {
      if (++entries > limits.entries) {
        throw refused(what, raw, `goes beyond the ${limits.entries} entries that are looked at`)
      }
      const path = readPath(raw, limits, what)
      if (path === '' || isLeftOut(path)) return undefined
      const key = folded(path)
      const twin = files.get(key)
      if (twin !== undefined) {
        if (kind === 'folder') throw refused(what, raw, 'is there both as a file and as a folder')
        throw refused(
          what,
          raw,
          twin === path
            ? 'is there twice'
            : `and "${printable(twin)}" are one and the same file on many machines (names that differ in case or in the coding of accents only)`,
        )
      }
      if (kind === 'file') {
        if (folders.has(key)) throw refused(what, raw, 'is there both as a file and as a folder')
        files.set(key, path)
      } else folders.set(key, path)
      for (let end = key.lastIndexOf('/'); end > 0; end = key.lastIndexOf('/', end - 1)) {
        const above = key.slice(0, end)
        if (files.has(above)) throw refused(what, raw, `lies in "${printable(files.get(above)!)}", which is a file`)
        if (folders.has(above)) break
        folders.set(above, above)
      }
      return path
    },
  }
}

/** The path with `./` in front and `/` behind removed; `''` is the top itself. */
export function readPath(raw: string, limits: SourceLimits, what: string): string {
  const wrong = (because: string) => refused(what, raw, because)
  if (Buffer.byteLength(raw) > limits.pathBytes) {
    throw wrong(`has a path of more than ${limits.pathBytes} bytes`)
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\x00-\x1f\x7f]/.test(raw)) throw wrong('has a control character in its name')
  if (raw.includes('\ufffd') || !raw.isWellFormed()) throw wrong('has a name that is not valid UTF-8')
  if (/[\u202a-\u202e\u2066-\u2069]/.test(raw)) {
    throw wrong('has characters in its name that make it look like another one')
  }
  if (raw.includes('\\')) throw wrong('has a backslash in its name, which leads to other folders on some machines')
  if (raw.startsWith('/')) throw wrong('has an absolute path')
  if (/^[a-z]:/i.test(raw)) throw wrong('begins with a drive letter')
  const path = raw.replace(/^(?:\.\/)+/, '').replace(/\/$/, '')
  if (path === '' || path === '.') return ''
  const segments = path.split('/')
  if (segments.includes('..')) throw wrong('leads out of its folder')
  if (segments.some((segment) => segment === '' || segment === '.')) throw wrong('has an empty part in its path')
  if (segments.some((segment) => Buffer.byteLength(segment) > 255)) throw wrong('has a name of more than 255 bytes')
  if (segments.length > limits.depth + 1) throw wrong(`lies deeper than ${limits.depth} folders`)
  return path
}

/** Equal for names that a case-insensitive or normalising file system holds for one. */
function folded(path: string): string {
  return path.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC')
}
