/** Requests written byte by byte over a socket, for what no HTTP client lets one send. */
import { connect } from 'node:net'

export type RawAnswer = { status: number; headers: Record<string, string>; body: string }

const longestWaitMs = 10_000

/** Sends these lines and this body, with its length where there is one, and reads until the node closes. */
export function raw(url: string, lines: string[], body = ''): Promise<RawAnswer> {
  const { hostname, port } = new URL(url)
  const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]
  const head = [...lines, `Host: ${hostname}:${port}`, 'Connection: close', ...length].join('\r\n')
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: Number(port) }, () => socket.write(`${head}\r\n\r\n${body}`))
    let text = ''
    socket.setEncoding('utf8')
    socket.setTimeout(longestWaitMs, () => socket.destroy(new Error(`no answer within ${longestWaitMs} ms`)))
    socket.on('data', (part: string) => {
      text += part
    })
    socket.on('error', reject)
    socket.on('close', () => {
      const end = text.indexOf('\r\n\r\n')
      const [first = '', ...rest] = text.slice(0, end).split('\r\n')
      const headers = Object.fromEntries(
        rest.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
      )
      resolve({ status: Number(first.split(' ')[1]), headers, body: text.slice(end + 4) })
    })
  })
}
