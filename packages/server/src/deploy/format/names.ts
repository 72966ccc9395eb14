/** Names of assets as names of files. The name inside a file is the one that counts, so this way need not lead back. */
import { createHash } from 'node:crypto'

/**
 * The name of a file or folder for an asset, the name itself wherever every file system takes it. What would leave the
 * folder or is refused somewhere (`/`, `\`, `:`, control characters, `..`, `CON`, a last dot or space) is percent-encoded,
 * and what is too long is cut and ends in a hash.
 */
export function fileNameOf(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what has to go
  const plain = name.toWellFormed().replace(/[\u0000-\u001f\u007f%/\\:*?"<>|]/g, encode)
  const ended = plain.replace(/^\.+$|[. ]$|^ /g, (part) => Array.from(part, encode).join(''))
  const usual = ended.replace(
    /^(?:con|prn|aux|nul|com\d|lpt\d)(?=\.|$)/i,
    (word) => `${encode(word[0]!)}${word.slice(1)}`,
  )
  if (usual === '') return '%00'
  if (Buffer.byteLength(usual) <= longestName) return usual
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 16)
  return `${cut(usual, longestName - 17)}~${hash}`
}

/** File systems take 255 bytes; the extension and a number need room. */
const longestName = 230

const encode = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`

function cut(text: string, bytes: number): string {
  let end = text.length
  while (Buffer.byteLength(text.slice(0, end)) > bytes) end -= 1
  return text
    .slice(0, end)
    .toWellFormed()
    .replace(/\uFFFD$/, '')
}

/** True if a file or folder of that name is one that we or cb-cli would give to the asset. */
export const isFileNameOf = (stem: string, name: string): boolean =>
  stem === name || stem.replace(/~\d{1,6}$/, '') === fileNameOf(name) || stem === fileNameOf(name)

/** By code point, which is how Go sorts; JavaScript's own order puts `😀` before `ﬁ`. */
export function byCodePoint(one: string, other: string): number {
  if (one === other) return 0
  if (late.test(one) && late.test(other))
    return Buffer.compare(Buffer.from(one), Buffer.from(other)) || (one < other ? -1 : 1)
  return one < other ? -1 : 1
}

const late = /[\ud800-\uffff]/

export const byName = (one: { name: string }, other: { name: string }): number => byCodePoint(one.name, other.name)
