/**
 * The process that sends load: so many keep-alive connections to one port of this machine, one request at a time on each.
 * It writes prepared bytes to sockets and reads no more of an answer than it must, because on a small machine what a
 * client library costs would be taken from the node.
 */
import { connect, type Socket } from 'node:net'
import { answerQuestions } from './children.ts'
import { closedLoop, type Measured, type Pace } from './closed-loop.ts'
import { Crowd, type TwoSteps } from './two-steps.ts'

export type Request = { method: 'GET' | 'POST'; path: string; headers?: Record<string, string>; body?: unknown }

export type Load = { port: number } & (Repeated | { twoSteps: TwoSteps })

type Repeated = {
  /** Sent in turn; with as many as connections, each keeps its own. */
  requests: Request[]
  /** A text that every good answer holds. */
  expect: string
}

const answerMs = 20_000

/** One connection: sends a request and answers with the body, as text of single bytes. Throws unless it is a 200. */
class Connection {
  readonly #socket: Socket
  #received = ''
  #waiting: { resolve: (body: string) => void; reject: (error: Error) => void } | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.setNoDelay(true)
    socket.setTimeout(answerMs, () => this.#fail(new Error(`No answer within ${answerMs / 1000} s`)))
    socket.on('data', (chunk) => this.#read(chunk as unknown as string))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('The connection was closed')))
  }

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1' }, () => resolve(new Connection(socket)))
      socket.once('error', reject)
    })
  }

  send(bytes: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#socket.write(bytes, 'latin1')
    })
  }

  close(): void {
    this.#waiting = undefined
    this.#socket.destroy()
  }

  #read(chunk: string): void {
    this.#received = this.#received === '' ? chunk : this.#received + chunk
    const headEnd = this.#received.indexOf('\r\n\r\n')
    if (headEnd === -1) return
    const length = /\r\ncontent-length: *(\d+)/i.exec(this.#received.slice(0, headEnd + 2))?.[1]
    if (length === undefined) this.#fail(new Error(`An answer without a length: ${this.#received.slice(0, 2000)}`))
    else if (this.#received.length >= headEnd + 4 + Number(length)) this.#take(headEnd + 4)
  }

  #take(bodyStart: number): void {
    const answer = this.#received
    this.#received = ''
    if (answer.startsWith('HTTP/1.1 200 ')) this.#waiting?.resolve(answer.slice(bodyStart))
    else this.#fail(new Error(answer.slice(0, 2000)))
  }

  #fail(error: Error): void {
    this.#waiting?.reject(error)
    this.#waiting = undefined
  }
}

/** As it goes over the wire, one character a byte. */
function bytesOf({ method, path, headers = {}, body }: Request): string {
  const payload = body === undefined ? '' : JSON.stringify(body)
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(body === undefined ? [] : ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(payload)}`]),
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${payload}`).toString('latin1')
}

/** People and the codes they have used, over all rounds. */
let crowd: Crowd | undefined

async function send(load: Load, pace: Pace): Promise<Measured> {
  const connections = await Promise.all(Array.from({ length: pace.inFlight }, () => Connection.open(load.port)))
  try {
    if ('twoSteps' in load) {
      crowd ??= new Crowd(load.twoSteps)
      return await closedLoop(pace, (lane) => crowd!.signIn((request) => connections[lane]!.send(bytesOf(request))))
    }
    const { requests, expect } = load
    const prepared = requests.map(bytesOf)
    return await closedLoop(pace, async (lane, turn) => {
      const body = await connections[lane]!.send(prepared[(lane + turn * pace.inFlight) % prepared.length]!)
      if (!body.includes(expect)) throw new Error(`An answer without ${expect}: ${body.slice(0, 2000)}`)
    })
  } finally {
    for (const connection of connections) connection.close()
  }
}

answerQuestions({ send: ({ load, pace }: { load: Load; pace: Pace }) => send(load, pace) })
