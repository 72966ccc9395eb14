/**
 * Files of a package as one value for the database: paths and contents with their lengths in front, compressed. Packed one
 * after the other, since a package may be as large as a node should need in all.
 */

import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { createGzip, gunzip, gzipSync } from 'node:zlib'

const unpack = promisify(gunzip)

type Files = Iterable<[path: string, pieces: Iterable<Buffer>]>

/** Takes the files as they come; each piece may be forgotten once it is taken. */
export const packFiles = (files: Files): Promise<Buffer> => buffer(Readable.from(framed(files)).pipe(createGzip()))

/** The same without waiting, for a transaction, which may wait for nothing but its store. */
export const packFilesNow = (files: Files): Buffer => gzipSync(Buffer.concat([...framed(files)]))

/** The length of the path, the path, then pieces with their lengths; a length of 0 ends the file. */
function* framed(files: Files): Generator<Buffer> {
  for (const [path, pieces] of files) {
    const name = Buffer.from(path)
    yield lengthOf(name)
    yield name
    for (const piece of pieces) {
      if (piece.length === 0) continue
      yield lengthOf(piece)
      yield piece
    }
    yield lengthOf(Buffer.alloc(0))
  }
}

function lengthOf({ length }: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt32BE(length)
  return head
}

export async function unpackFiles(packed: Buffer): Promise<Map<string, Buffer>> {
  const all = await unpack(packed)
  const files = new Map<string, Buffer>()
  let at = 0
  const next = (): Buffer => {
    const start = at + 4
    at = start + all.readUInt32BE(at)
    return all.subarray(start, at)
  }
  while (at < all.length) {
    const path = next().toString('utf8')
    const pieces: Buffer[] = []
    for (let piece = next(); piece.length > 0; piece = next()) pieces.push(piece)
    files.set(path, pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces))
  }
  return files
}
