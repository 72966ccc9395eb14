/**
 * Looks through a git pack before isomorphic-git does: sizes as declared and as they are, deltas and what they build. What
 * passes cannot unpack to more than the limits allow, neither in bytes nor in steps. Objects are not resolved here.
 * The format: gitformat-pack(5).
 */
import { inflateSync } from 'node:zlib'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { Pace, SourceLimits } from './limits.ts'

/** isomorphic-git keeps an object per step of a delta; git itself writes a few thousand at the most. */
const maxDeltaSteps = 250_000
/** `git gc --aggressive` makes chains of 50, the format allows 4095; each link is unpacked again for the next. */
const maxDeltaChain = 250

/** @throws GatehouseError `badPackage` */
export async function checkPack(pack: Buffer, limits: SourceLimits, pace: Pace): Promise<void> {
  const reader = createReader(pack)
  if (pack.length < 32 || pack.toString('latin1', 0, 4) !== 'PACK' || pack.readUInt32BE(4) !== 2) throw damaged()
  const count = pack.readUInt32BE(8)
  // Files and folders, the commit, and a tag.
  if (count > limits.entries * 2 + 2) throw tooLarge(`${count} objects`)
  reader.at = 12
  const chains = new Map<number, number>()
  let total = 0
  for (let index = 0; index < count; index++) {
    const offset = reader.at
    const { type, size } = objectHeader(reader)
    if (size > limits.fileBytes) throw tooLarge(`an object of ${size} bytes`)
    let chain = 0
    if (type === 6) {
      chain = (chains.get(offset - ofsDeltaBase(reader)) ?? Number.NaN) + 1
      if (!(chain <= maxDeltaChain)) throw damaged()
    } else if (type === 7) reader.at += 20
    else if (type < 1 || type > 4) throw damaged()
    chains.set(offset, chain)
    const data = inflated(reader, size)
    const result = type >= 6 ? deltaResult(data, limits) : size
    total += result + (type >= 6 ? size : 0)
    if (total > limits.totalBytes * 2) throw tooLarge(`more than ${limits.totalBytes * 2} bytes unpacked`)
    await pace(size + result)
  }
  if (reader.at !== pack.length - 20) throw damaged()
}

type Reader = { at: number; bytes: Buffer; next(): number }

function createReader(bytes: Buffer): Reader {
  return {
    at: 0,
    bytes,
    next() {
      const byte = this.bytes[this.at++]
      if (byte === undefined) throw damaged()
      return byte
    },
  }
}

function objectHeader(reader: Reader): { type: number; size: number } {
  let byte = reader.next()
  const type = (byte >> 4) & 7
  let size = byte & 15
  for (let factor = 16; byte & 128; factor *= 128) {
    byte = reader.next()
    size += (byte & 127) * factor
    // The library counts in 32 bits.
    if (size > 0x7fffffff) throw tooLarge('an object of more than 2 GiB')
  }
  return { type, size }
}

/** How far before the delta its base begins. */
function ofsDeltaBase(reader: Reader): number {
  let byte = reader.next()
  let distance = byte & 127
  while (byte & 128) {
    byte = reader.next()
    distance = (distance + 1) * 128 + (byte & 127)
    if (distance > 0x7fffffff) throw damaged()
  }
  return distance
}

function inflated(reader: Reader, size: number): Buffer {
  const { bytes } = reader
  let answer: { buffer: Buffer; engine: { bytesWritten: number } }
  try {
    // With `info`, zlib also says how much of the input it took; the types do not know.
    answer = inflateSync(bytes.subarray(reader.at, bytes.length - 20), {
      info: true,
      maxOutputLength: Math.max(1, size),
    }) as unknown as typeof answer
  } catch (error) {
    throw damaged(error)
  }
  if (answer.buffer.length !== size) throw damaged()
  reader.at += answer.engine.bytesWritten
  return answer.buffer
}

/** How large the object is that a delta builds. Every step is looked at: what it announces alone proves nothing. */
function deltaResult(delta: Buffer, limits: SourceLimits): number {
  const reader = createReader(delta)
  deltaSize(reader)
  const announced = deltaSize(reader)
  if (announced > limits.fileBytes) throw tooLarge(`an object of ${announced} bytes`)
  let built = 0
  for (let steps = 0; reader.at < delta.length; steps++) {
    if (steps >= maxDeltaSteps) throw tooLarge(`a delta of more than ${maxDeltaSteps} steps`)
    const step = reader.next()
    if (step & 128) {
      let size = 0
      for (let bit = 0; bit < 4; bit++) if (step & (1 << bit)) reader.next()
      for (let bit = 0; bit < 3; bit++) if (step & (16 << bit)) size += reader.next() * 256 ** bit
      built += size === 0 ? 0x10000 : size
    } else {
      if (step === 0) throw damaged()
      reader.at += step
      built += step
    }
    if (built > announced) throw damaged()
  }
  if (built !== announced) throw damaged()
  return announced
}

function deltaSize(reader: Reader): number {
  let size = 0
  for (let factor = 1; ; factor *= 128) {
    const byte = reader.next()
    size += (byte & 127) * factor
    if (size > 0x7fffffff) throw tooLarge('an object of more than 2 GiB')
    if ((byte & 128) === 0) return size
  }
}

function tooLarge(what: string): GatehouseError {
  return new GatehouseError('badPackage', `The repository is larger than a package may be: it has ${what}.`, {
    hint: 'Take out what is no part of the system, such as builds and images.',
  })
}

function damaged(cause?: unknown): GatehouseError {
  return new GatehouseError('badPackage', 'What the git server sent is cut off or damaged.', {
    hint: 'Try again; if it stays so, the repository itself is damaged.',
    ...(cause === undefined ? {} : { cause }),
  })
}
