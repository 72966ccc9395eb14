/**
 * Files of a package as one value for the database: paths and contents with their lengths in front, compressed. Packed one
 * after the other, since a package may be as large as a node should need in all.
 */

import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { createGzip, gunzip, gzipSync } from 'node:zlib'

const unpack = promisify(gunzip)

/** Takes the files as they come; each may be forgotten once it is taken. */
export function packFiles(files: Iterable<[path: string, bytes: Buffer]>): Promise<Buffer> {
  return buffer(Readable.from(framed(files)).pipe(createGzip()))
}

/** The same without waiting, for a transaction, which may wait for nothing but its store. */
export const packFilesNow = (files: Iterable<[path: string, bytes: Buffer]>): Buffer =>
  gzipSync(Buffer.concat([...framed(files)]))

function* framed(files: Iterable<[string, Buffer]>): Generator<Buffer> {
  for (const [path, bytes] of files) {
    const name = Buffer.from(path)
    const head = Buffer.alloc(8)
    head.writeUInt32BE(name.length, 0)
    head.writeUInt32BE(bytes.length, 4)
    yield Buffer.concat([head, name])
    if (bytes.length > 0) yield bytes
  }
}

export async function unpackFiles(packed: Buffer): Promise<Map<string, Buffer>> {
  const all = await unpack(packed)
  const files = new Map<string, Buffer>()
  for (let at = 0; at < all.length; ) {
    const [name, length] = [all.readUInt32BE(at), all.readUInt32BE(at + 4)]
    const start = at + 8 + name
    files.set(all.toString('utf8', at + 8, start), all.subarray(start, start + length))
    at = start + length
  }
  return files
}
