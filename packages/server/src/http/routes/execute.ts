/** Running a service over HTTP (code-engine.md §1.7). */
import type { Engine } from '../../engine/engine.ts'
import type { RunResult } from '../../engine/result.ts'
import { Reply, type Route, route } from '../route.ts'
import { type AnyBody, AnyObject } from './shapes.ts'

const flag = (header: string | string[] | undefined): boolean => header === 'true'

export const executeRoutes = (engine: Engine): Route[] => [
  route({
    method: 'POST',
    path: '/api/v/1/code/:key/:name',
    allow: 'session',
    summary: 'Run a service',
    body: AnyObject,
    handle: async (scope, { params, body, headers }) => {
      const result = await engine.execute(scope, {
        service: params.name!,
        params: body as AnyBody,
        // What a service logs is for those who write it.
        logging: scope.caller.kind === 'developer' && flag(headers['logging-enabled']),
      })
      return answer(result)
    },
  }),
]

/** 200 also for what went wrong in the service: the Node SDK and cb-cli read `success` (rest-api.md §2.7). */
function answer(result: RunResult): unknown {
  const logs = result.logs === undefined ? {} : { logs: result.logs }
  if (result.kind === 'failed') return { success: false, results: result.message, ...logs }
  if (result.answer.kind === 'envelope') {
    return { success: result.answer.success, results: result.answer.value ?? null, ...logs }
  }
  return sent(result.answer)
}

/** Headers that a service may not set: they would speak for the node, or to the browser about its other pages. */
const ownHeaders = new RegExp(
  `^(${[
    'set-cookie2?|set-login|clear-site-data|service-worker-allowed|activate-storage-access',
    'content-security-policy.*|x-content-type-options|x-frame-options|access-control-.*',
    'strict-transport-security|public-key-pins.*|expect-ct|alt-svc|nel|report-to|reporting-endpoints|accept-ch|critical-ch',
    'www-authenticate|proxy-.*|content-length|transfer-encoding|connection|keep-alive|upgrade|trailer|te|date|server',
  ].join('|')})$`,
)

/** Name and value as they may stand in an answer; anything else would break it. */
const headerName = /^[a-z0-9!#$%&'*+.^_`|~-]+$/
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/

/** What clients read: Node takes 16 KiB of headers, and the node adds its own. */
const headerRoom = 12 * 1024

/** What `resp.send` answers is a stranger's page on our origin: no sniffing, no script of its own, no cookie. */
function sent(answer: { body: unknown; status: number; headers: Record<string, string> }): unknown {
  const given = Object.entries(answer.headers)
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name, value]) => headerName.test(name) && headerValue.test(value) && !ownHeaders.test(name))
  if (given.reduce((size, [name, value]) => size + name.length + value.length + 4, 0) > headerRoom) {
    return { success: false, results: 'The headers of the answer are larger than they may be.' }
  }
  const headers = Object.fromEntries(given)
  const { status } = answer
  const text =
    typeof answer.body === 'string' ? answer.body : answer.body === undefined ? '' : JSON.stringify(answer.body)
  const type = typeof answer.body === 'string' ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8'
  return new Reply(text, {
    status: Number.isInteger(status) && status >= 200 && status <= 599 ? status : 200,
    headers: {
      'content-type': type,
      ...headers,
      'x-content-type-options': 'nosniff',
      'content-security-policy': "sandbox; default-src 'none'",
      'x-frame-options': 'DENY',
    },
  })
}
