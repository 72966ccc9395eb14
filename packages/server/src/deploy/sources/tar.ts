/**
 * Tar bytes, packed with gzip or not → files. The parser of `tar` reads the format; unpacking is done here in small steps,
 * so that no bomb gets further than the limit.
 */
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { ReadEntry } from 'tar'
import { below, type Unpacked, type Unpacking } from './archive.ts'
import { createBudget } from './limits.ts'
import { createNames } from './names.ts'
import { refused } from './refusal.ts'
import { withoutTop } from './root.ts'

const kinds: Record<string, string> = {
  Link: 'is a hard link',
  SymbolicLink: 'is a symbolic link',
  CharacterDevice: 'is a device',
  BlockDevice: 'is a device',
  FIFO: 'is a pipe',
}

/** @throws GatehouseError `badPackage`, naming the entry that is at fault */
export async function unpackTar(bytes: Buffer, kind: 'tar' | 'tar.gz', unpacking: Unpacking): Promise<Unpacked> {
  const { limits, pace } = unpacking
  const files = new Map<string, Buffer>()
  const reading = await createReading(files, unpacking)
  let unpacked = 0
  try {
    for await (const chunk of kind === 'tar' ? pieces(bytes) : gunzipped(bytes)) {
      const begins = unpacked === 0
      unpacked += chunk.length
      // Left-out entries count too: they have to be unpacked to be passed over.
      if (unpacked > limits.totalBytes + limits.entries * 1024) throw tooMuch(limits.totalBytes)
      if (kind === 'tar.gz' && unpacked > 8 * 1024 * 1024 && unpacked > bytes.length * limits.ratio) {
        throw new GatehouseError('badPackage', `The archive unpacks to more than ${limits.ratio} times its size.`)
      }
      // The parser would unpack again what is packed twice.
      if (begins && /^(?:1f8b|28b52ffd)/.test(chunk.subarray(0, 4).toString('hex'))) {
        throw new GatehouseError('badPackage', 'The archive is packed twice over.')
      }
      reading.write(chunk)
      await pace(chunk.length)
    }
    reading.end()
  } catch (error) {
    if (error instanceof GatehouseError) throw error
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')) throw cutOff(error)
    throw error
  }
  const paths = [...files.keys()]
  const root = unpacking.root(paths)
  return { files: below(files, root), root: withoutTop(root, paths), commit: reading.commit() }
}

type Reading = { write(chunk: Buffer): void; end(): void; commit(): string | undefined }

async function createReading(files: Map<string, Buffer>, { limits, onFile }: Unpacking): Promise<Reading> {
  const { Parser } = await import('tar')
  const names = createNames(limits, 'archive')
  const budget = createBudget(limits, 'archive')
  let failure: unknown
  let ended = false
  let any = false
  let commit: string | undefined
  const fail = (error: unknown) => {
    failure ??= error
  }
  const parser = new Parser({ strict: true, maxMetaEntrySize: 64 * 1024 })
  parser.on('entry', (entry: ReadEntry) => {
    any = true
    if (failure === undefined) {
      try {
        take(entry)
      } catch (error) {
        fail(error)
      }
    }
    entry.resume()
  })
  // Kinds the parser does not know, and extended headers above the limit.
  parser.on('ignoredEntry', (entry: ReadEntry) =>
    fail(refused('archive', entry.path, `is of a kind that has no place in a package (${entry.type})`)),
  )
  parser.on('meta', (text: string) => {
    any = true
    // git archive writes the commit into a global header.
    commit ??= /^52 comment=([0-9a-f]{40})$/m.exec(text)?.[1]
  })
  parser.on('eof', () => {
    ended = true
  })
  parser.on('error', (error: Error & { entry?: { path?: string }; header?: { path?: string } }) => {
    const path = error.entry?.path ?? error.header?.path
    fail(any ? refused('archive', path ?? 'an entry', 'is damaged', error) : notTar(error))
  })

  function take(entry: ReadEntry): void {
    const isFolder = entry.type === 'Directory'
    const path = names.take(entry.path, isFolder ? 'folder' : 'file')
    if (path === undefined || isFolder) return
    if (!['File', 'OldFile', 'ContiguousFile'].includes(entry.type)) {
      throw refused('archive', entry.path, kinds[entry.type] ?? `is of a kind that has no place in a package`)
    }
    if (entry.size !== entry.remain) throw refused('archive', entry.path, 'has two sizes')
    budget.take(path, entry.size)
    const file = Buffer.alloc(entry.size)
    let length = 0
    entry.on('data', (chunk: Buffer) => {
      length += chunk.copy(file, length)
    })
    entry.on('end', () => {
      if (length !== file.length) return fail(refused('archive', path, 'is cut off'))
      files.set(path, file)
      onFile(files.size)
    })
  }

  const check = () => {
    if (failure !== undefined) throw failure
  }
  return {
    write(chunk) {
      // After the end-of-archive blocks only padding may follow, and no one reads it.
      try {
        if (!ended) parser.write(chunk)
      } catch (error) {
        fail(cutOff(error))
      }
      check()
    },
    end() {
      try {
        if (!ended) parser.end()
      } catch (error) {
        fail(cutOff(error))
      }
      check()
      if (!ended) throw cutOff()
    },
    commit: () => commit,
  }
}

function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 64 * 1024) yield bytes.subarray(at, at + 64 * 1024)
}

async function* gunzipped(bytes: Buffer): AsyncGenerator<Buffer> {
  const gunzip = Readable.from(pieces(bytes)).pipe(createGunzip({ chunkSize: 64 * 1024 }))
  // Leaving the loop early destroys the stream.
  for await (const chunk of gunzip) yield chunk as Buffer
}

function tooMuch(limit: number): GatehouseError {
  return new GatehouseError('badPackage', `The archive unpacks to more than the ${limit} bytes that are accepted.`, {
    hint: 'Take out what is no part of the system.',
  })
}

function cutOff(cause?: unknown): GatehouseError {
  return new GatehouseError('badPackage', 'The archive is cut off or damaged.', {
    hint: 'Fetch or make it again.',
    ...(cause === undefined ? {} : { cause }),
  })
}

function notTar(cause: unknown): GatehouseError {
  return new GatehouseError('badPackage', 'What the gzip holds is no tar archive.', {
    hint: 'Packages come as zip or tar.gz.',
    cause,
  })
}
