/**
 * Requests of services to their own platform, answered inside the node and never dialled. They arrive as "service S of
 * system K", with the credential they carry and the limits of any caller, and reach the user and developer API only. The
 * mark that tells such a request from one from outside is a random text that lives as long as the request.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { bearerToken } from '../base/ids.ts'
import type { Origin } from '../domain/access/scope.ts'
import type { EgressResponse, OwnNodeRequest } from '../egress/egress.ts'
import type { Run } from '../engine/run.ts'
import type { RunTokenLookup } from './callers.ts'

export type Inside = { runId: string; origin: Origin; tokens: RunTokenLookup }

const markHeader = 'gatehouse-inside'

/** The API of users and developers, without what makes developers, says who works on a system, or tells about the node. */
const reachable = /^\/(api\/v\/|admin\/|codeadmin\/)/
const closed = /^\/admin\/(reg|settings|platform|developers|userinfo\/authenticators)(\/|$)/

/** Whether services reach this route of their own node. By the route that was found, since paths have many spellings. */
export function demandReachable(route: string | undefined): void {
  if (route !== undefined && (!reachable.test(route) || closed.test(route))) {
    throw new GatehouseError(
      'egressRefused',
      'Services reach the user and developer API of their own node, and nothing else on it.',
    )
  }
}

export class InsideRequests {
  readonly #running = new Map<string, Run>()

  /** Whose request this is, if it is one of ours; a mark works once. */
  recognise(request: FastifyRequest): Inside | undefined {
    const mark = request.headers[markHeader]
    delete request.headers[markHeader]
    if (typeof mark !== 'string') return undefined
    const run = this.#running.get(mark)
    this.#running.delete(mark)
    if (run === undefined) return undefined
    const { key } = run.scope.system
    return {
      runId: run.id,
      origin: { address: `service ${run.service} of ${key}`, userAgent: 'service' },
      tokens: (token) => {
        const caller = run.tokens.callerOf(token)
        return caller && { caller, systemKey: key }
      },
    }
  }

  /** A fetch of the node itself, of its own catalogue and nothing else: it carries no credential. */
  async answerFetch(server: FastifyInstance, { url, signal }: OwnNodeRequest): Promise<EgressResponse> {
    if (!url.pathname.startsWith('/packages/')) {
      throw new GatehouseError(
        'egressRefused',
        'Of this node itself only the packages of its catalogue can be fetched.',
      )
    }
    return toEgress(url, await server.inject({ method: 'GET', url: url.pathname + url.search, signal }))
  }

  async answer(server: FastifyInstance, request: OwnNodeRequest, run: Run): Promise<EgressResponse> {
    const mark = bearerToken('gh_inside')
    this.#running.set(mark, run)
    try {
      const response = await server.inject({
        method: request.method as 'GET',
        url: request.url.pathname + request.url.search,
        headers: { ...request.headers, [markHeader]: mark },
        ...(request.body !== undefined && { payload: request.body }),
        signal: request.signal,
      })
      return toEgress(request.url, response)
    } finally {
      this.#running.delete(mark)
    }
  }
}

type Injected = Awaited<ReturnType<FastifyInstance['inject']>>

function toEgress(url: URL, response: Injected): EgressResponse {
  const headers: Record<string, string[]> = Object.create(null)
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value : [String(value)]
  }
  const { statusCode: status, statusMessage: statusText, rawPayload: body } = response
  return { status, statusText, url: url.href, headers, body }
}
