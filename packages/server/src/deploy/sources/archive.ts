/** An archive as bytes → the files of the package in it. What kind it is, its content says, never its name. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { Pace, SourceLimits } from './limits.ts'
import { unpackTar } from './tar.ts'
import { unpackZip } from './zip.ts'

export type Unpacking = {
  limits: SourceLimits
  pace: Pace
  /** Which of all paths is the package's folder, as `findRoot` answers it. */
  root: (paths: string[]) => string
  onFile: (done: number, total?: number) => void
}

export type Unpacked = {
  /** Paths from the package's folder. */
  files: Map<string, Buffer>
  /** The package's folder, `''` or ending with `/`; without the top folder that an archive has round everything. */
  root: string
  /** The git commit that the archive says it was made from; nobody vouches for it. */
  commit: string | undefined
}

/** @throws GatehouseError `badPackage`, naming the entry that is at fault */
export async function unpackArchive(bytes: Buffer, unpacking: Unpacking): Promise<Unpacked> {
  if (bytes.length > unpacking.limits.transferBytes) {
    throw new GatehouseError(
      'badPackage',
      `The archive has ${bytes.length} bytes, more than the ${unpacking.limits.transferBytes} that are accepted.`,
      { hint: 'Take out what is no part of the system, such as builds and images.' },
    )
  }
  const kind = archiveKind(bytes)
  if (kind === 'zip') return unpackZip(bytes, unpacking)
  if (kind !== undefined) return unpackTar(bytes, kind, unpacking)
  throw new GatehouseError('badPackage', `This is no archive that can be read: it is ${described(bytes)}.`, {
    hint: 'Packages come as zip or tar.gz.',
  })
}

export function archiveKind(bytes: Buffer): 'zip' | 'tar.gz' | 'tar' | undefined {
  const start = bytes.subarray(0, 4).toString('latin1')
  if (start === 'PK\x03\x04' || start === 'PK\x05\x06') return 'zip'
  if (start.startsWith('\x1f\x8b')) return 'tar.gz'
  if (bytes.subarray(257, 262).toString('latin1') === 'ustar') return 'tar'
  return undefined
}

const otherKinds: [start: string, name: string][] = [
  ['7z\xbc\xaf\x27\x1c', 'a 7z archive'],
  ['Rar!', 'a RAR archive'],
  ['BZh', 'packed with bzip2'],
  ['\xfd7zXZ', 'packed with xz'],
  ['\x28\xb5\x2f\xfd', 'packed with zstd'],
  ['PK', 'a piece of a zip'],
  ['%PDF', 'a PDF'],
]

function described(bytes: Buffer): string {
  if (bytes.length === 0) return 'empty'
  if (isWebPage(bytes)) return 'a web page'
  const start = bytes.subarray(0, 8).toString('latin1')
  return otherKinds.find(([begin]) => start.startsWith(begin))?.[1] ?? 'neither zip nor tar.gz'
}

export function isWebPage(bytes: Buffer): boolean {
  return /^\s*<(?:!doctype html|html|head|body)\b/i.test(
    bytes
      .subarray(0, 1024)
      .toString('utf8')
      .replace(/^\ufeff/, ''),
  )
}

/** The files below `root`, named from there. */
export function below<T>(all: Map<string, T>, root: string): Map<string, T> {
  return new Map([...all].flatMap(([path, each]) => (path.startsWith(root) ? [[path.slice(root.length), each]] : [])))
}
