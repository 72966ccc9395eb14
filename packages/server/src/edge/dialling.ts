/** The edge's way to its platform: opens the WebSocket of a link, and tells what may answer there instead. */
import { WebSocket } from 'ws'
import { minute, second } from '../base/clock.ts'
import { Channel, LinkBroken, linkLimits } from './channel.ts'
import { LinkRefused } from './handshake.ts'
import { linkPath } from './messages.ts'

const dialMs = 10 * second

/** `opened` throws LinkBroken, or LinkRefused where the platform takes no more links. Whoever ends the socket ends it too. */
export function dial(platform: string): { channel: Channel; opened: Promise<void> } {
  const url = `${platform.replace(/^http/, 'ws')}${linkPath}`
  const options = { perMessageDeflate: false, maxPayload: linkLimits.piece, handshakeTimeout: dialMs }
  const socket = new WebSocket(url, { ...options, followRedirects: false })
  const channel = new Channel(socket, linkLimits.fromPlatform)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.once('open', resolve)
  socket.once('error', (error) => reject(new LinkBroken(`The platform cannot be reached: ${error.message}`)))
  socket.once('close', () => reject(new LinkBroken('The platform cannot be reached.')))
  // Whoever listens for it ends the connection himself.
  socket.once('unexpected-response', (_request, response) => {
    reject(answeredOtherwise(response.statusCode ?? 0, response.headers['retry-after']))
    socket.terminate()
  })
  return { channel, opened: promise }
}

/** By whoever answers there, who has proved nothing: a wait that he names is believed up to a minute. */
function answeredOtherwise(status: number, retryAfter: string | undefined): Error {
  if (status !== 429 && status !== 503) return new LinkBroken(`The platform cannot be reached: it answers ${status}.`)
  const seconds = /^\d{1,6}$/.test(retryAfter ?? '') ? Number(retryAfter) : undefined
  const after = seconds === undefined ? undefined : Math.min(seconds * second, minute)
  return new LinkRefused('busy', 'The platform takes no more links at this moment. The edge tries again.', after)
}
