/** New keys for rows: UUIDs of version 7 (RFC 9562), each greater than the one before from the same sequence. */
import { randomBytes } from 'node:crypto'

/**
 * 48 bits of milliseconds, 12 bits that count within one, 62 random bits: rows sort in the order they were made, and nobody
 * can guess the key of a row from another's. A clock set back, or more than 4,096 keys in a millisecond, borrow from the
 * milliseconds to come.
 */
export function keySequence(now: () => number = Date.now): () => string {
  let time = 0
  let count = 0
  return () => {
    const current = now()
    if (current > time) {
      time = current
      count = 0
    } else if (++count > 0xfff) {
      time++
      count = 0
    }
    const random = randomBytes(8)
    random[0] = 0x80 | ((random[0] ?? 0) & 0x3f)
    const head = time.toString(16).padStart(12, '0')
    const tail = random.toString('hex')
    return `${head.slice(0, 8)}-${head.slice(8)}-7${count.toString(16).padStart(3, '0')}-${tail.slice(0, 4)}-${tail.slice(4)}`
  }
}
