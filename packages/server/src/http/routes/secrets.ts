/**
 * Secrets of a system, for its developers: Gatehouse's own calls, and those of the contract (rest-api.md §2.15). None of
 * them answers a value; where the contract wants one there stands a fixed text.
 */
import { keptAssets } from '../../deploy/kept-assets.ts'
import {
  changeSecret,
  createSecret,
  demandSecret,
  putSecret,
  removeAllSecrets,
  removeSecret,
  type SecretFacts,
  secretsOf,
  shownForSecret,
} from '../../domain/systems/secrets.ts'
import { Reply, type RouteInput, route } from '../route.ts'
import { type AnyBody, AnyObject, parameter } from './shapes.ts'

const own = '/admin/v/4/system/:key/secrets'
const contract = '/api/v/4/user_secrets/:key'

export const secretShape = ({ name, hosts, updatedAt, updatedBy }: SecretFacts) => ({
  name,
  hosts,
  updated_at: updatedAt,
  updated_by: updatedBy,
})

/** In the path, the query or the body. */
const nameOf = (input: RouteInput<AnyBody>): unknown =>
  input.params.name ?? parameter(input, 'name') ?? (input.body as AnyBody | undefined)?.name

/** The Go SDK takes these answers only as texts. */
const done = (): Reply => new Reply('success')

export const secretRoutes = [
  route({
    method: 'GET',
    path: own,
    allow: 'system developer',
    summary: 'The secrets of a system by name, with the hosts that each may be sent to; never a value',
    handle: async (scope) => (await secretsOf(scope)).map(secretShape),
  }),
  route({
    method: 'POST',
    path: own,
    allow: 'system developer',
    summary: 'Make a secret: {name, value, hosts}',
    body: AnyObject,
    handle: async (scope, { body }) => secretShape(await createSecret(scope, body)),
  }),
  route({
    method: 'PUT',
    path: [own, `${own}/:name`],
    allow: 'system developer',
    summary: 'Give a secret a new value, and other hosts where they are named: {name, value, hosts?}',
    body: AnyObject,
    handle: async (scope, input) => secretShape(await changeSecret(scope, { ...input.body, name: nameOf(input) })),
  }),
  route({
    method: 'DELETE',
    path: [own, `${own}/:name`],
    allow: 'system developer',
    summary: 'Remove a secret',
    body: AnyObject,
    handle: async (scope, input) => {
      const name = nameOf(input)
      await removeSecret(scope, typeof name === 'string' ? name : '')
      return { name }
    },
  }),
  route({
    method: 'GET',
    path: contract,
    allow: 'system developer',
    summary:
      'Names of secrets; a fixed text stands in the place of each value, an empty one where it is kept, not active',
    handle: async (scope) => ({
      ...Object.fromEntries((await keptAssets(scope, 'secret')).map(({ name }) => [name, ''])),
      ...Object.fromEntries((await secretsOf(scope)).map(({ name }) => [name, shownForSecret])),
    }),
  }),
  route({
    method: 'DELETE',
    path: contract,
    allow: 'system developer',
    summary: 'Remove all secrets of a system',
    handle: async (scope) => {
      await removeAllSecrets(scope)
      return done()
    },
  }),
  route({
    method: 'GET',
    path: `${contract}/:name`,
    allow: 'system developer',
    summary: 'Whether there is such a secret; a fixed text stands in the place of its value',
    handle: async (scope, { params }) => {
      const name = params.name!
      const isKept = (await keptAssets(scope, 'secret')).some((one) => one.name === name)
      if (isKept && !(await secretsOf(scope)).some((one) => one.name === name)) {
        // The Go SDK takes a text that is no object for the secret. An empty body would be none.
        return new Reply('""', { headers: { 'content-type': 'application/json; charset=utf-8' } })
      }
      await demandSecret(scope, name)
      return new Reply(shownForSecret)
    },
  }),
  ...(['POST', 'PUT'] as const).map((method) =>
    route({
      method,
      path: `${contract}/:name`,
      allow: 'system developer',
      summary: 'Make or change a secret; the body is the secret, as a JSON text',
      handle: async (scope, { params, body }) => {
        await putSecret(scope, params.name!, body)
        return done()
      },
    }),
  ),
  route({
    method: 'DELETE',
    path: `${contract}/:name`,
    allow: 'system developer',
    summary: 'Remove a secret',
    handle: async (scope, { params }) => {
      await removeSecret(scope, params.name!)
      return done()
    },
  }),
]
