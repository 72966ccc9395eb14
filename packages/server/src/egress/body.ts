/** Reads and decodes the body of an answer, never more than the limit at any step, so that no answer fills the memory. */
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib'
import { GatehouseError } from '@gatehouse/contract/errors.ts'

/** `origin` is who answered, for the message. */
type Limits = { maxResponseBytes: number; origin: string }

const decoders = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  br: promisify(brotliDecompress),
  // Servers send both the zlib form, which the name means, and the bare one; the first byte tells (RFC 1950 §2.2).
  deflate: (body: Buffer, options: { maxOutputLength: number }) =>
    promisify((body[0]! & 0x0f) === 8 ? inflate : inflateRaw)(body, options),
} satisfies Record<string, (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>>

/** What is asked for is what `decodeBody` reads. */
export const acceptEncoding = 'gzip, deflate, br'

/** More layers than any honest server uses; each would be a bomb of its own. */
const maxLayers = 2

/** @throws GatehouseError `egressFailed` when more arrives, or is announced, than the limit. */
export async function readLimited(source: Readable, length: string | undefined, limits: Limits): Promise<Buffer> {
  if (length !== undefined && Number(length) > limits.maxResponseBytes) {
    source.on('error', () => {}).destroy()
    throw tooLarge(limits)
  }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of source as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limits.maxResponseBytes) throw tooLarge(limits)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/**
 * Undoes `Content-Encoding`. A body in an encoding nobody asked for is handed on as it came (`decoded` false).
 * @throws GatehouseError `egressFailed` when it unpacks to more than the limit or is damaged.
 */
export async function decodeBody(
  sent: Buffer,
  contentEncoding: string[] | undefined,
  limits: Limits,
): Promise<{ body: Buffer; decoded: boolean }> {
  const layers = (contentEncoding ?? [])
    .flatMap((value) => value.split(','))
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && name !== 'identity')
  if (layers.length === 0 || sent.length === 0) return { body: sent, decoded: false }
  if (!layers.every((name): name is keyof typeof decoders => Object.hasOwn(decoders, name))) {
    return { body: sent, decoded: false }
  }
  if (layers.length > maxLayers) {
    throw new GatehouseError('egressFailed', `The answer of ${limits.origin} is packed too many times over.`)
  }
  let body = sent
  for (const name of layers.reverse()) {
    try {
      body = await decoders[name](body, { maxOutputLength: Math.max(1, limits.maxResponseBytes) })
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(limits)
      throw new GatehouseError('egressFailed', `The answer of ${limits.origin} is damaged: not valid ${name}.`, {
        cause: error,
      })
    }
  }
  return { body, decoded: true }
}

export function tooLarge(limits: Limits): GatehouseError {
  return new GatehouseError(
    'egressFailed',
    `The answer of ${limits.origin} is larger than the ${limits.maxResponseBytes} bytes that are accepted.`,
    { hint: 'Ask for less at a time, for example by pages.' },
  )
}
