/** How much goes in one message to an edge, in bytes of JSON, and how much is looked at for it. */

/** `bytes` of JSON that make a frame; `most`, beyond which a single thing does not travel. */
export const sizes = {
  ...{ changes: 200, users: 200, keys: 500, rowsAtOnce: 10 },
  ...{ bytes: 256 * 1024, frame: 1024 * 1024, most: 30 * 1024 * 1024 },
} as const

/** A user who makes more than one message can hold: of users nothing is left out. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge'
}

/** Infinity for what makes a longer text than there can be. */
export function sizeOf(value: unknown): number {
  try {
    return Buffer.byteLength(JSON.stringify(value))
  } catch (error) {
    if (error instanceof RangeError) return Number.POSITIVE_INFINITY
    throw error
  }
}

/** Throws TooLarge. */
export function demandSize(value: unknown): void {
  if (sizeOf(value) <= sizes.most) return
  throw new TooLarge('A user makes more than the 30 MiB that one message can hold, and of users nothing is left out.')
}

export const largeIn = (large: string[]): { large?: string[] } => (large.length > 0 ? { large } : {})
