/**
 * The node's end of the pipe to an engine process: frames in and out, and every check a frame must pass before anybody
 * looks at it. The other side is hostile: nothing here throws for what it sends, and nothing is kept beyond the limit.
 * A frame is: total length (u32, little endian, of all that follows), length of the head (u32), head (JSON), body (text).
 * The counterpart is `engine-process/frames.cjs`.
 */

/** Deeper JSON is refused, so that no recursive step of ours ever meets it. */
const MAX_DEPTH = 500
const MAX_HEAD_BYTES = 256 * 1024

export type Frame = { head: Record<string, unknown>; body: Buffer }

/** One frame as bytes. */
export function encodeFrame(head: object, body = ''): Buffer {
  const headBytes = Buffer.from(JSON.stringify(head))
  const bodyBytes = Buffer.from(body)
  const lengths = Buffer.allocUnsafe(8)
  lengths.writeUInt32LE(4 + headBytes.length + bodyBytes.length, 0)
  lengths.writeUInt32LE(headBytes.length, 4)
  return Buffer.concat([lengths, headBytes, bodyBytes])
}

/**
 * Collects chunks into frames. `push` gives the frames that are complete, or `'nonsense'` once, when the bytes cannot be
 * a frame or announce one longer than `maxBytes()`; after that nothing is read any more.
 */
export function createFrameReader(maxBytes: () => number): { push(chunk: Buffer): Frame[] | 'nonsense' } {
  let parts: Buffer[] = []
  let have = 0
  let wanted = 8

  return {
    push(chunk) {
      parts.push(chunk)
      have += chunk.length
      const frames: Frame[] = []
      while (have >= wanted) {
        let held = parts.length === 1 ? parts[0]! : Buffer.concat(parts, have)
        const total = held.readUInt32LE(0)
        const headBytes = held.readUInt32LE(4)
        if (total > maxBytes() || headBytes > MAX_HEAD_BYTES || total < 4 + headBytes) {
          parts = []
          return 'nonsense'
        }
        if (have < 4 + total) {
          parts = [held]
          wanted = 4 + total
          break
        }
        const head = parseJson(held.subarray(8, 8 + headBytes))
        if (!isRecord(head)) {
          parts = []
          return 'nonsense'
        }
        frames.push({ head, body: held.subarray(8 + headBytes, 4 + total) })
        held = held.subarray(4 + total)
        have = held.length
        parts = [held]
        wanted = 8
      }
      return frames
    },
  }
}

/** The value of a JSON text, or undefined when it is none or is nested too deeply. */
export function parseJson(bytes: Buffer): unknown {
  if (tooDeep(bytes)) return undefined
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function tooDeep(bytes: Buffer): boolean {
  if (bytes.length < 2 * MAX_DEPTH) return false
  let depth = 0
  let inString = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    if (inString) {
      if (byte === 0x5c) i++
      else if (byte === 0x22) inString = false
    } else if (byte === 0x22) inString = true
    else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > MAX_DEPTH) return true
    } else if (byte === 0x5d || byte === 0x7d) depth--
  }
  return false
}
