/**
 * Zip bytes → files. yauzl reads the format; here is what it leaves to its caller: a hostile list of entries is judged as
 * a whole before a single byte is unpacked, and each file is held to the size and checksum that the list gives it.
 */
import { promisify } from 'node:util'
import { crc32, inflateRaw, inflateRawSync } from 'node:zlib'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { Entry, ZipFile } from 'yauzl'
import type { Unpacked, Unpacking } from './archive.ts'
import { createBudget, type SourceLimits } from './limits.ts'
import { createNames } from './names.ts'
import { printable, refused } from './refusal.ts'
import { withoutTop } from './root.ts'

const inflate = promisify(inflateRaw)

/** `data` is as it lies in the archive. */
type Listed = { path: string; entry: Entry; data: Buffer }

/** @throws GatehouseError `badPackage`, naming the entry that is at fault */
export async function unpackZip(bytes: Buffer, { limits, pace, root: rootOf, onFile }: Unpacking): Promise<Unpacked> {
  // Names stay bytes, so that they are judged here and every refusal can show one.
  const { fromBufferPromise } = await import('yauzl')
  const zip = await fromBufferPromise(bytes, { decodeStrings: false }).catch((error: unknown) => {
    throw damaged(error)
  })
  if (!(zip.entryCount <= limits.entries)) {
    throw new GatehouseError(
      'badPackage',
      `The archive announces ${zip.entryCount} entries; ${limits.entries} are looked at.`,
    )
  }
  const listed = await list(zip, bytes, limits)
  const paths = listed.map(({ path }) => path)
  const root = rootOf(paths)
  const chosen = listed.filter(({ path }) => path.startsWith(root))
  const budget = createBudget(limits, 'archive')
  for (const { path, entry } of chosen) {
    budget.take(path, entry.uncompressedSize)
    if (entry.uncompressedSize > 1024 * 1024 && entry.uncompressedSize > entry.compressedSize * limits.ratio) {
      throw refused('archive', path, `unpacks to more than ${limits.ratio} times its size`)
    }
  }
  const files = new Map<string, Buffer>()
  for (const { path, entry, data } of chosen) {
    files.set(path.slice(root.length), await read(path, entry, data))
    onFile(files.size, chosen.length)
    await pace(entry.uncompressedSize)
  }
  return { files, root: withoutTop(root, paths), commit: /^[0-9a-f]{40}$/.exec(String(zip.comment))?.[0] }
}

/** All files of the zip; folders and what is left out have been judged and dropped. */
async function list(zip: ZipFile, bytes: Buffer, limits: SourceLimits): Promise<Listed[]> {
  const { getFileNameLowLevel } = await import('yauzl')
  const names = createNames(limits, 'archive')
  const listed: Listed[] = []
  const places: { path: string; start: number; end: number }[] = []
  // Where the next entry of the directory begins. Only to name it when yauzl cannot, and to see that none is hidden.
  let at = Number(Reflect.get(zip, 'readEntryCursor'))
  const start = at
  try {
    for await (const entry of zip.eachEntry()) {
      at += 46 + entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength
      const raw = getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, true)
      const isFolder = raw.endsWith('/')
      const path = names.take(raw, isFolder ? 'folder' : 'file')
      if (path === undefined) continue
      judge(raw, entry, isFolder)
      const local = await zip.readLocalFileHeaderPromise(entry).catch((error: unknown) => {
        throw refused('archive', raw, 'is not where the archive says it is', error)
      })
      if (!local.fileName.equals(entry.fileNameRaw)) {
        throw refused('archive', raw, `has another name in another place of the archive (${String(local.fileName)})`)
      }
      if ((local.generalPurposeBitFlag & 1) !== 0) throw refused('archive', raw, 'is encrypted')
      places.push({
        path: raw,
        start: entry.relativeOffsetOfLocalHeader,
        end: local.fileDataStart + entry.compressedSize,
      })
      const data = bytes.subarray(local.fileDataStart, local.fileDataStart + entry.compressedSize)
      if (!isFolder) listed.push({ path, entry, data })
    }
  } catch (error) {
    if (error instanceof GatehouseError) throw error
    const text = error instanceof Error ? error.message : ''
    const because = /encryption/.test(text)
      ? 'is encrypted'
      : /zip64/.test(text)
        ? 'leaves out the zip64 sizes it announces'
        : /size mismatch/.test(text)
          ? 'has two sizes'
          : 'cannot be read, or the list of entries is cut off there'
    throw refused('archive', nameAt(bytes, at), because, error)
  }
  places.push({ path: 'the list of entries', start, end: start })
  places.sort((a, b) => a.start - b.start)
  for (const [index, place] of places.entries()) {
    const next = places[index + 1]
    if (next !== undefined && place.end > next.start) {
      throw refused('archive', place.path, `shares bytes with "${printable(next.path)}", as only bombs do`)
    }
  }
  refuseHidden(bytes, at)
  return listed
}

function judge(raw: string, entry: Entry, isFolder: boolean): void {
  const wrong = (because: string) => refused('archive', raw, because)
  if (entry.isEncrypted()) throw wrong('is encrypted')
  // APPNOTE 4.4.15: the upper half holds the Unix mode, whoever wrote it; 0 where there was none.
  const type = (entry.externalFileAttributes >>> 16) & 0o170000
  if (type === 0o120000) throw wrong('is a symbolic link')
  if (type !== 0 && type !== 0o100000 && type !== 0o040000) throw wrong('is a device or another special file')
  if (isFolder !== (type === 0o040000) && type !== 0)
    throw wrong('is a folder by one of its marks and a file by another')
  if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8) {
    throw wrong(`is packed in a way that is not read here (method ${entry.compressionMethod})`)
  }
  if (isFolder && entry.uncompressedSize > 0) throw wrong('is a folder with content')
}

/** After the last announced entry stands the end of the directory (APPNOTE 4.3.6); another entry there is a smuggled one. */
function refuseHidden(bytes: Buffer, at: number): void {
  const signature = at + 4 <= bytes.length ? bytes.readUInt32LE(at) : 0
  if (![0x06054b50, 0x06064b50, 0x05054b50].includes(signature)) {
    throw refused('archive', nameAt(bytes, at), 'is in the archive but not announced by it')
  }
}

function nameAt(bytes: Buffer, at: number): string {
  if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== 0x02014b50) return 'an entry without a readable name'
  return bytes.subarray(at + 46, at + 46 + Math.min(bytes.readUInt16LE(at + 28), 1024)).toString('utf8')
}

/** In one piece: the budget has seen the announced size, and more than that is never unpacked. */
async function read(path: string, { compressionMethod, uncompressedSize: size, crc32: sum }: Entry, data: Buffer) {
  const more = { chunkSize: Math.max(64, size + 1), maxOutputLength: Math.max(64, size + 1) }
  let file = data
  try {
    if (compressionMethod !== 0) file = size < smallFile ? inflateRawSync(data, more) : await inflate(data, more)
  } catch (error) {
    throw refused('archive', path, 'is damaged, or has another size than the archive says', error)
  }
  if (file.length !== size) throw refused('archive', path, 'is damaged, or has another size than the archive says')
  if (crc32(file) !== sum) throw refused('archive', path, 'is damaged: its checksum is wrong')
  return file
}

/** Handing less than this to another thread takes longer than unpacking it. */
const smallFile = 64 * 1024

function damaged(error: unknown): GatehouseError {
  const text = error instanceof Error ? error.message : ''
  const because = /multi-disk/.test(text)
    ? 'it is one part of several'
    : /zip64/.test(text)
      ? 'its zip64 records contradict each other'
      : 'its list of entries is missing, so it is cut off or damaged'
  return new GatehouseError('badPackage', `The zip cannot be read: ${because}.`, {
    hint: 'Fetch or make it again.',
    cause: error,
  })
}
