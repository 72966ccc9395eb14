/** Stands between an edge and its platform as a bad network does: cut, slow, dark, or gone in the middle of a message. */
import { connect, createServer, type Socket } from 'node:net'

export type FaultProxy = {
  url: string
  /** Where it leads to, from the next connection on. */
  lead(port: number): void
  /** Ends all connections on the side of the edge alone: the platform hears nothing more, not even that. */
  halve(): void
  /** Connections that the platform believes in and nobody is behind. */
  halves(): number
  /** Ends all connections; `dark` refuses those to come, until `light`. */
  cut(): void
  dark(): void
  light(): void
  /** Ends the connection after so many more bytes of either way, wherever in a message that is. */
  cutAfter(bytes: number): void
  /** Milliseconds by which whatever passes is late. */
  delay(ms: number): void
  cuts(): number
  /** Bytes that went through, of both ways. */
  passed(): number
}

export async function faultProxy(t: { after(fn: () => unknown): void }, port: number): Promise<FaultProxy> {
  const sockets = new Set<Socket>()
  const farOf = new WeakMap<Socket, Socket>()
  const nearOnes = new Set<Socket>()
  const halved = new Set<Socket>()
  let target = port
  let isDark = false
  let left = Number.POSITIVE_INFINITY
  let late = 0
  let cuts = 0
  let passed = 0
  const cut = (): void => {
    if (sockets.size > 0) cuts += 1
    for (const socket of sockets) socket.destroy()
    left = Number.POSITIVE_INFINITY
  }
  const server = createServer((near) => {
    if (isDark) {
      near.destroy()
      return
    }
    const far = connect(target, '127.0.0.1')
    nearOnes.add(near)
    const pass = (from: Socket, to: Socket): void => {
      sockets.add(from)
      from.on('error', () => {})
      from.on('close', () => {
        for (const set of [sockets, nearOnes, halved]) set.delete(from)
        if (!halved.has(to)) to.destroy()
      })
      from.on('data', (data: Buffer) => {
        const part = data.subarray(0, Math.min(data.length, left))
        left -= part.length
        const isLast = left <= 0
        const hand = (): void => {
          if (to.writable) to.write(part)
          passed += part.length
          if (isLast) cut()
        }
        if (late > 0) setTimeout(hand, late)
        else hand()
      })
    }
    pass(near, far)
    pass(far, near)
    farOf.set(near, far)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    cut()
    server.close()
  })
  const { port: own } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${own}`,
    lead: (to) => {
      target = to
    },
    cut,
    halve() {
      for (const near of nearOnes) {
        halved.add(farOf.get(near)!)
        near.destroy()
      }
    },
    halves: () => halved.size,
    dark() {
      isDark = true
      cut()
    },
    light() {
      isDark = false
    },
    cutAfter(bytes) {
      left = bytes
    },
    delay(ms) {
      late = ms
    },
    cuts: () => cuts,
    passed: () => passed,
  }
}
