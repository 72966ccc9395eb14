/**
 * The development gateway over HTTP, at the paths that Twilio's API has, for programs outside the node. Basic credentials are
 * those of a system's gateway account. Not listed in production.
 */
import type { NodeScope, SystemScope } from '../../domain/access/scope.ts'
import { answerAsTwilio } from '../../domain/sending/gateway.ts'
import { systemOfAccount } from '../../domain/sending/gateway-account.ts'
import { unauthenticated } from '../../domain/sending/gateway-shapes.ts'
import { systemByKey } from '../../domain/systems/systems.ts'
import { readBasic } from '../basic.ts'
import { gatewayHeaders } from '../inside-gateway.ts'
import { type Method, Reply, type RouteInput, route } from '../route.ts'

const methods: Method[] = ['GET', 'POST', 'PUT', 'DELETE']

export const gatewayRoutes = methods.map((method) =>
  route({
    method,
    path: '/2010-04-01/*',
    allow: 'anybody',
    form: true,
    summary: "Development: answers as Twilio's API does, and puts messages into the inbox of the account's system",
    handle: (scope, input) => answer(scope, method, input),
  }),
)

async function answer(node: NodeScope, method: Method, input: RouteInput<unknown>): Promise<Reply> {
  const path = `/2010-04-01/${input.params['*'] ?? ''}`
  const scope = await scopeOf(node, path, input.headers.authorization)
  if (scope === undefined) return reply(unauthenticated(), { 'www-authenticate': 'Basic realm="Twilio API"' })
  const query = new URLSearchParams()
  for (const [name, values] of Object.entries(input.query)) {
    for (const value of [values ?? []].flat()) query.append(name, value)
  }
  const form = new URLSearchParams(typeof input.body === 'string' ? input.body : '')
  return reply(await answerAsTwilio(scope, { method, path, query, form }))
}

const reply = ({ status, body }: { status: number; body: unknown }, more: Record<string, string> = {}): Reply =>
  new Reply(JSON.stringify(body), { status, headers: { ...gatewayHeaders, ...more } })

/** The system of the account, whose SID must also be the one in the path. */
async function scopeOf(
  node: NodeScope,
  path: string,
  authorization: string | string[] | undefined,
): Promise<SystemScope | undefined> {
  const credentials = readBasic(authorization)
  const account = /^\/2010-04-01\/Accounts\/([^/.]*)/.exec(path)?.[1]
  if (credentials === undefined || (account !== undefined && account !== credentials.user)) return undefined
  const key = systemOfAccount(node.key, credentials.user, credentials.password)
  const system = key === undefined ? undefined : await systemByKey(node, key)
  return system && { ...node, system, data: node.store.forSystem(system.key) }
}
