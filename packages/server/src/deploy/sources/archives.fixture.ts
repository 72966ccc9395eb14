/** For the tests of this folder: zips and tars made byte by byte, so that they can be wrong in every way. */
import { crc32, deflateRawSync, gzipSync } from 'node:zlib'

export type ZipEntry = {
  name: string | Buffer
  data?: Buffer | string
  /** Stored unless 8. */
  method?: number
  flags?: number
  /** Unix mode, into the upper half of the external attributes. */
  mode?: number
  crc?: number
  /** What the list says instead of the truth. */
  size?: number
  packedSize?: number
  localName?: string
  /** Points at this local header instead of an own one. */
  offset?: number
  extra?: Buffer
}

export function zip(entries: ZipEntry[], more: { announced?: number; comment?: string } = {}): Buffer {
  const locals: Buffer[] = []
  const central: Buffer[] = []
  let at = 0
  for (const entry of entries) {
    const name = Buffer.from(entry.name as string)
    const data = Buffer.from((entry.data ?? '') as string)
    const packed = entry.method === 8 ? deflateRawSync(data) : data
    const sum = entry.crc ?? crc32(data)
    const size = entry.size ?? data.length
    const packedSize = entry.packedSize ?? packed.length
    const extra = entry.extra ?? Buffer.alloc(0)
    const common = (given: Buffer, extraLength: number) => {
      const part = Buffer.alloc(26)
      part.writeUInt16LE(20, 0)
      part.writeUInt16LE((entry.flags ?? 0) | 0x800, 2)
      part.writeUInt16LE(entry.method ?? 0, 4)
      part.writeUInt32LE(sum, 10)
      part.writeUInt32LE(packedSize, 14)
      part.writeUInt32LE(size, 18)
      part.writeUInt16LE(given.length, 22)
      part.writeUInt16LE(extraLength, 24)
      return part
    }
    const localName = entry.localName === undefined ? name : Buffer.from(entry.localName)
    const offset = entry.offset ?? at
    if (entry.offset === undefined) {
      const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common(localName, 0), localName, packed])
      locals.push(local)
      at += local.length
    }
    const end = Buffer.alloc(14)
    end.writeUInt32LE((((entry.mode ?? 0) << 16) >>> 0) as number, 6)
    end.writeUInt32LE(offset, 10)
    central.push(Buffer.from('PK\x01\x02\x14\x03', 'latin1'), common(name, extra.length), end, name, extra)
  }
  const directory = Buffer.concat(central)
  const comment = Buffer.from(more.comment ?? '')
  const last = Buffer.alloc(22)
  last.writeUInt32LE(0x06054b50, 0)
  last.writeUInt16LE(more.announced ?? entries.length, 8)
  last.writeUInt16LE(more.announced ?? entries.length, 10)
  last.writeUInt32LE(directory.length, 12)
  last.writeUInt32LE(at, 16)
  last.writeUInt16LE(comment.length, 20)
  return Buffer.concat([...locals, directory, last, comment])
}

export type TarEntry = { name: string; data?: string | Buffer; type?: string; link?: string; size?: number }

/** One header block and its data (POSIX ustar). */
export function tarEntry({ name, data = '', type = '0', link = '', size }: TarEntry): Buffer {
  const content = Buffer.from(data as string)
  const header = Buffer.alloc(512)
  header.write(name, 0, 100)
  header.write('0000644\0', 100)
  header.write('0000000\0', 108)
  header.write('0000000\0', 116)
  header.write(`${(size ?? content.length).toString(8).padStart(11, '0')}\0`, 124)
  header.write('00000000000\0', 136)
  header.write('        ', 148)
  header.write(type, 156)
  header.write(link, 157, 100)
  header.write('ustar\x0000', 257)
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  )
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)])
}

export function tar(entries: (TarEntry | Buffer)[], more: { end?: boolean } = {}): Buffer {
  return Buffer.concat([
    ...entries.map((entry) => (Buffer.isBuffer(entry) ? entry : tarEntry(entry))),
    Buffer.alloc(more.end === false ? 0 : 1024),
  ])
}

export function tarGz(entries: (TarEntry | Buffer)[], more: { end?: boolean } = {}): Buffer {
  return gzipSync(tar(entries, more))
}

/** `length key=value\n`, the length counting itself. */
export function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`)
  let length = rest + 1
  while (rest + String(length).length !== length) length = rest + String(length).length
  return `${length} ${key}=${value}\n`
}
