'use strict'

/**
 * The engine process's end of the pipe: whole frames, written while blocking, and read either while blocking or as they come. Its counterpart in the node is
 * `../frames.ts`; what the frames mean is not known here.
 * A frame is: total length (u32, little endian, of all that follows), length of the head (u32), head (JSON), body (text).
 */

const fs = require('node:fs')

/** Writes what cannot be sent at once wait this long before the next try. */
const RETRY_MS = 1

/**
 * The first whole frame of what has come in, and what is left behind it.
 * @param {Buffer} held
 * @param {number} maxBytes longest frame that is believed
 * @returns {{ frame: { head: any, body: string }, rest: Buffer } | { wanted: number }} how many bytes it takes, where it is not whole
 */
function firstFrame(held, maxBytes) {
  if (held.length < 8) return { wanted: 8 }
  const total = held.readUInt32LE(0)
  const headBytes = held.readUInt32LE(4)
  if (total > maxBytes || total < 4 || headBytes > total - 4) leave()
  if (held.length < 4 + total) return { wanted: 4 + total }
  const head = JSON.parse(held.toString('utf8', 8, 8 + headBytes))
  const body = held.toString('utf8', 8 + headBytes, 4 + total)
  return { frame: { head, body }, rest: held.length === 4 + total ? Buffer.alloc(0) : held.subarray(4 + total) }
}

/** @param {unknown} error */
const isLater = (error) => /** @type {NodeJS.ErrnoException} */ (error).code === 'EAGAIN'

/**
 * @param {number} fd the pipe
 * @param {number} maxBytes longest frame that is believed
 * @returns {{
 *   read(): { head: any, body: string },
 *   listen(hear: (frame: { head: any, body: string }) => void): void,
 *   send(head: object, body?: string): void,
 * }} `read` waits for the next frame and nothing else goes on meanwhile; `listen` hands over each as it comes
 */
function openChannel(fd, maxBytes) {
  let held = Buffer.alloc(0)
  const chunk = Buffer.allocUnsafe(64 * 1024)
  const pause = new Int32Array(new SharedArrayBuffer(4))

  /** @param {number} wanted */
  function fill(wanted) {
    const parts = [held]
    let have = held.length
    while (have < wanted) {
      let got = 0
      try {
        got = fs.readSync(fd, chunk, 0, chunk.length, null)
      } catch (error) {
        if (!isLater(error)) leave()
        Atomics.wait(pause, 0, 0, RETRY_MS)
        continue
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
      for (;;) {
        const found = firstFrame(held, maxBytes)
        if ('frame' in found) {
          held = found.rest
          return found.frame
        }
        fill(found.wanted)
      }
    },

    listen(hear) {
      /** @type {Buffer[]} */
      let parts = [held]
      let have = held.length
      let wanted = 8
      const take = (/** @type {number} */ got) => {
        parts.push(Buffer.from(chunk.subarray(0, got)))
        have += got
        while (have >= wanted) {
          const found = firstFrame(
            parts.length === 1 ? /** @type {Buffer} */ (parts[0]) : Buffer.concat(parts, have),
            maxBytes,
          )
          if ('wanted' in found) {
            parts = [Buffer.concat(parts, have)]
            wanted = found.wanted
            continue
          }
          parts = [found.rest]
          have = found.rest.length
          wanted = 8
          hear(found.frame)
        }
      }
      const next = () =>
        fs.read(fd, chunk, 0, chunk.length, null, (error, got) => {
          if (error && !isLater(error)) leave()
          if (error) {
            setTimeout(next, RETRY_MS)
            return
          }
          if (got === 0) leave()
          take(got)
          next()
        })
      next()
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
          if (!isLater(error)) leave()
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
