/** How large, how many and how long a package may be, and the pace that keeps long work from holding up the node. */
import { setImmediate } from 'node:timers/promises'
import { refused } from './refusal.ts'

export type SourceLimits = {
  /** What arrives: an archive as it is packed, or a git pack. The egress needs `maxResponseBytes` of at least this. */
  transferBytes: number
  /** All files of the package together, unpacked. */
  totalBytes: number
  /** One file, unpacked. */
  fileBytes: number
  /** Files of the package. */
  files: number
  /** Everything an archive, repository or folder lists, whether it belongs to the package or not. */
  entries: number
  /** One path, in bytes of UTF-8. */
  pathBytes: number
  /** Folders within folders. */
  depth: number
  /** How many times its packed size a file above 1 MiB may have. Deflate reaches 1000 only with nothing but repetition. */
  ratio: number
  /** From the first request to the last file. The egress needs `maxTimeoutMs` of at least this. */
  timeMs: number
}

const mib = 1024 * 1024

/**
 * Several times what the largest known packages need (21,000 rows, 400 assets), and small enough to be held in memory:
 * reading a git pack takes about six times its size at the peak, the files of the package included.
 */
export const sourceLimits: SourceLimits = {
  transferBytes: 32 * mib,
  totalBytes: 128 * mib,
  fileBytes: 48 * mib,
  files: 20_000,
  entries: 100_000,
  pathBytes: 1024,
  depth: 32,
  ratio: 300,
  timeMs: 120_000,
}

/** Counts the files that are kept. `size` is what is declared before anything is unpacked; the caller holds it to that. */
export type Budget = { take(path: string, size: number): void }

/** @param what - `archive`, `repository` or `folder`, for the message */
export function createBudget(limits: SourceLimits, what: string): Budget {
  let files = 0
  let total = 0
  return {
    take(path, size) {
      files++
      total += size
      if (size > limits.fileBytes) {
        throw refused(what, path, `has ${size} bytes, more than the ${limits.fileBytes} that a file may have`)
      }
      if (total > limits.totalBytes) {
        throw refused(what, path, `goes beyond the ${limits.totalBytes} bytes that a package may have in all`)
      }
      if (files > limits.files) {
        throw refused(what, path, `goes beyond the ${limits.files} files that a package may have`)
      }
    },
  }
}

/** Ask for it after each piece of work; `bytes` says how large the piece was. Rejects when the work is to stop. */
export type Pace = (bytes: number) => Promise<void>

/** Lets the node do other things after every 2 MiB of work, since unpacking happens on its one thread. */
export function createPace(signal: AbortSignal): Pace {
  let since = 0
  return async (bytes) => {
    signal.throwIfAborted()
    since += bytes + 512
    if (since < 2 * mib) return
    since = 0
    await setImmediate()
    signal.throwIfAborted()
  }
}
