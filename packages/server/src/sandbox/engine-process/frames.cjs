'use strict'

/**
 * The engine process's end of the pipe: whole frames, read and written while blocking. Its counterpart in the node is
 * `../frames.ts`; what the frames mean is not known here.
 * A frame is: total length (u32, little endian, of all that follows), length of the head (u32), head (JSON), body (text).
 */

const fs = require('node:fs')

/** Writes what cannot be sent at once wait this long before the next try. */
const RETRY_MS = 1

/**
 * @param {number} fd the pipe
 * @param {number} maxBytes longest frame that is believed
 * @returns {{ read(): { head: any, body: string }, send(head: object, body?: string): void }}
 */
function openChannel(fd, maxBytes) {
  let held = Buffer.alloc(0)
  const chunk = Buffer.allocUnsafe(64 * 1024)
  const pause = new Int32Array(new SharedArrayBuffer(4))

  /** @param {number} wanted */
  function fill(wanted) {
    if (held.length >= wanted) return
    const parts = [held]
    let have = held.length
    while (have < wanted) {
      let got = 0
      try {
        got = fs.readSync(fd, chunk, 0, chunk.length, null)
      } catch (error) {
        if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EAGAIN') {
          Atomics.wait(pause, 0, 0, RETRY_MS)
          continue
        }
        leave()
      }
      // The node has closed its end or is gone: there is nobody left to work for.
      if (got === 0) leave()
      parts.push(Buffer.from(chunk.subarray(0, got)))
      have += got
    }
    held = Buffer.concat(parts, have)
  }

  return {
    read() {
      fill(8)
      const total = held.readUInt32LE(0)
      const headBytes = held.readUInt32LE(4)
      if (total > maxBytes || total < 4 || headBytes > total - 4) leave()
      fill(4 + total)
      const head = JSON.parse(held.toString('utf8', 8, 8 + headBytes))
      const body = held.toString('utf8', 8 + headBytes, 4 + total)
      held = held.length === 4 + total ? Buffer.alloc(0) : held.subarray(4 + total)
      return { head, body }
    },

    send(head, body = '') {
      const headText = Buffer.from(JSON.stringify(head))
      const bodyBytes = Buffer.byteLength(body)
      const frame = Buffer.allocUnsafe(8 + headText.length + bodyBytes)
      frame.writeUInt32LE(4 + headText.length + bodyBytes, 0)
      frame.writeUInt32LE(headText.length, 4)
      headText.copy(frame, 8)
      if (bodyBytes > 0) frame.write(body, 8 + headText.length, 'utf8')
      let done = 0
      while (done < frame.length) {
        try {
          done += fs.writeSync(fd, frame, done, frame.length - done)
        } catch (error) {
          if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EAGAIN') leave()
          Atomics.wait(pause, 0, 0, RETRY_MS)
        }
      }
    },
  }
}

/** Ends this process without running anything more: an ordinary exit has been seen to hang and to crash. */
function leave() {
  process.kill(process.pid, 'SIGKILL')
  for (;;);
}

module.exports = { openChannel, leave }
