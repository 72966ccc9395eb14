/** Keys that stand in code as typed: what is found, and moving them into the system's secrets. Gatehouse's own calls. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { type Move, moveTypedSecrets, typedSecrets } from '../../engine/typed-secrets.ts'
import type { CodeKind } from '../../store/tables/code.ts'
import { route } from '../route.ts'
import { AnyObject } from './shapes.ts'

const path = '/admin/v/4/system/:key/code/:kind/:name/typed-secrets'

function kindOf({ kind }: Record<string, string>): CodeKind {
  if (kind === 'service' || kind === 'library') return kind
  throw new GatehouseError('badRequest', 'Code is a "service" or a "library".')
}

function movesOf(given: unknown): Move[] | undefined {
  if (given === undefined || given === null) return undefined
  const isMove = (one: unknown): one is Move => {
    const { constant, secret } = (one ?? {}) as Partial<Move>
    return typeof constant === 'string' && (secret === undefined || typeof secret === 'string')
  }
  if (Array.isArray(given) && given.length <= 50 && given.every(isMove)) return given
  throw new GatehouseError('badRequest', 'move must be a list of at most 50 {"constant", "secret"?, "hosts"?}.')
}

export const typedSecretRoutes = [
  route({
    method: 'GET',
    path,
    allow: 'system developer',
    summary: 'Constants of a service or library that look like keys of a provider: [{constant, line, secret, hosts}]',
    handle: (scope, { params }) => typedSecrets(scope, kindOf(params), params.name!),
  }),
  route({
    method: 'POST',
    path,
    allow: 'system developer',
    summary:
      'Move them into the secrets of the system: {move?: [{constant, secret?, hosts?}]}; a new version names them',
    body: AnyObject,
    handle: (scope, { params, body }) => moveTypedSecrets(scope, kindOf(params), params.name!, movesOf(body.move)),
  }),
]
