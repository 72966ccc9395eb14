/** Every error on its way out: one mapping to status and envelope, private causes to the log under the same id. */
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { errorEnvelope, GatehouseError } from '@gatehouse/contract/errors.ts'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { second } from '../base/clock.ts'
import { uuid } from '../base/ids.ts'
import type { Log } from '../base/log.ts'
import { readFailure } from '../store/read-failure.ts'

export function sendError(log: Log, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = readError(error)
  const id = noteError(log, error, known, { method: request.method, route: request.routeOptions.url })
  if (known.retryAfter !== undefined) reply.header('retry-after', String(known.retryAfter))
  return reply.status(known.status).send(errorEnvelope(known, id))
}

/** What was asked for where no route is may be anything, also a token that slipped into an address; only its caller is told. */
const noPlace = 'There is nothing at that address.'

/** Into the log, where its private cause belongs; answers the id that the caller is told. */
export function noteError(log: Log, error: unknown, known: GatehouseError, place: Record<string, unknown>): string {
  const errorId = uuid()
  if (known.status >= 500 && known.kind !== 'notAvailableYet')
    log.error({ errorId, ...place, err: known.cause ?? error }, known.detail)
  else
    log.debug(
      { errorId, ...place, code: known.code },
      'route' in place && place.route === undefined ? noPlace : known.detail,
    )
  return errorId
}

/**
 * Answers, on the bare socket, what is no HTTP request or has too large a head. The socket is read on for a moment: closed
 * with bytes still unread, it would take the answer away from the client.
 */
export function answerUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (socket.writableEnded) return
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const refusal =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new GatehouseError('tooLarge', 'The address and headers of the request are larger than this node takes.')
      : new GatehouseError('badRequest', 'This is not an HTTP request, or it came too slowly.')
  const body = JSON.stringify(errorEnvelope(refusal, uuid()))
  const head = [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}`,
    'content-type: application/json; charset=utf-8',
    'access-control-allow-origin: *',
    'connection: close',
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
  setTimeout(() => socket.destroy(), second).unref()
}

/** Any error as one that callers may read; what it was is its cause. */
export function readError(error: unknown): GatehouseError {
  if (error instanceof GatehouseError) return error
  const { code, validation, statusCode, message } = error as Partial<FastifyError>
  if (validation !== undefined)
    return new GatehouseError('badRequest', `The request is not as it should be: ${message}.`)
  if (code === 'FST_ERR_BAD_URL')
    return new GatehouseError('badRequest', 'The address cannot be read: a % in it must be written as %25.')
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new GatehouseError('tooLarge', 'The request body is larger than this node takes.')
  if (error instanceof SyntaxError || code === 'FST_ERR_CTP_INVALID_JSON_BODY') {
    return new GatehouseError('badJson', 'The request body is not valid JSON.')
  }
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return new GatehouseError('badRequest', 'The request cannot be read.')
  }
  const failure = readFailure(error)
  if (failure !== undefined) return failure
  return new GatehouseError('internal', 'Something went wrong on our side; the error id names it in the log.', {
    cause: error,
  })
}
