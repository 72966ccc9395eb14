/** Who is calling, and which system he means: read from the headers of the contract, decided by sessions and secrets. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { Caller } from '../domain/access/caller.ts'
import type { Means, NodeScope, Origin, SystemFacts, SystemScope } from '../domain/access/scope.ts'
import { identify } from '../domain/auth/sessions.ts'
import { developedBy, noSuchSystem, secretMatches, systemByKey } from '../domain/systems/systems.ts'
import { systemOfCollection } from '../store/tables/collections.ts'
import type { Allow } from './route.ts'

export type Presented = {
  systemKey: string | undefined
  systemSecret: string | undefined
  userToken: string | undefined
  developerToken: string | undefined
}

type Headers = Record<string, string | string[] | undefined>

/** Header names are matched in any case; the Python SDK sends an empty token before it has one. */
export function presented(headers: Headers): Presented {
  const value = (name: string): string | undefined => {
    const header = headers[name]
    const text = Array.isArray(header) ? header[0] : header
    return text === undefined || text === '' ? undefined : text
  }
  return {
    systemKey: value('clearblade-systemkey'),
    systemSecret: value('clearblade-systemsecret'),
    userToken: value('clearblade-usertoken') ?? value('clearblade-devicetoken'),
    developerToken: value('clearblade-devtoken'),
  }
}

/** Tokens that live in memory and are worth something inside one run alone. */
export type RunTokenLookup = (token: string) => { caller: Caller; systemKey: string } | undefined

type Wanted = { pathKey: string | undefined; systemFrom: string | { collection: string } | undefined }

/** The scope that a route with this `allow` is called with. Throws what the caller is to read. */
export async function scopeFor(
  means: Means,
  origin: Origin,
  allow: Allow,
  credentials: Presented,
  wanted: Wanted,
  runToken: RunTokenLookup,
): Promise<NodeScope | SystemScope> {
  const node: NodeScope = { ...means, origin, caller: { kind: 'nobody' } }
  switch (allow) {
    case 'anybody':
      return node
    case 'developer': {
      const { caller, systemKey } = await developerOf(means, credentials, runToken)
      if (systemKey !== '') {
        throw new GatehouseError(
          'permissionDenied',
          'The token of a run works for the developer API of its own system alone.',
        )
      }
      return { ...node, caller }
    }
    case 'system':
      return systemScope(node, await demandSystem(means, credentials), await optionalUser(means, credentials, runToken))
    case 'system or session':
      return credentials.systemSecret === undefined
        ? sessionScope(node, credentials, wanted, runToken)
        : scopeFor(means, origin, 'system', credentials, wanted, runToken)
    case 'session':
      return sessionScope(node, credentials, wanted, runToken)
    case 'system developer': {
      const { caller, systemKey: only } = await developerOf(means, credentials, runToken)
      const key = await wantedKey(means, credentials, wanted)
      const found = key === undefined || (only !== '' && only !== key) ? undefined : await systemByKey(means, key)
      const system = await developedBy(means, caller, found)
      if (system === undefined) throw notYours(wanted)
      return systemScope(node, system, caller)
    }
  }
}

async function sessionScope(
  node: NodeScope,
  credentials: Presented,
  wanted: Wanted,
  runToken: RunTokenLookup,
): Promise<SystemScope> {
  const token = credentials.userToken ?? credentials.developerToken
  if (token === undefined) {
    // The Node SDK signs out with the system's secret alone, and reads own info so before it has a token.
    const system = await demandSystem(node, credentials)
    return systemScope(node, system, { kind: 'nobody' })
  }
  const found = await identified(node, token, runToken)
  const key = found.systemKey === '' ? await wantedKey(node, credentials, wanted) : found.systemKey
  const system = key === undefined ? undefined : await systemByKey(node, key)
  if (found.caller.kind === 'developer') {
    const developed = await developedBy(node, found.caller, system)
    if (developed === undefined) throw notYours(wanted)
    // A run token names its one system, and is worth nothing on a path of another.
    if (found.systemKey !== '') checkSameSystem(developed, credentials, wanted)
    return systemScope(node, developed, found.caller)
  }
  if (system === undefined) throw invalidToken()
  checkSameSystem(system, credentials, wanted)
  return systemScope(node, system, found.caller)
}

/** What is somebody else's and what is not there get the same answer. */
const notYours = ({ systemFrom }: Wanted): GatehouseError =>
  typeof systemFrom === 'object'
    ? new GatehouseError('noSuchCollection', 'There is no such collection, or it is in a system that is not yours.')
    : noSuchSystem()

/** A token of one system with the key of another is a mistake or an attack, and refused as either. */
function checkSameSystem(system: SystemFacts, credentials: Presented, wanted: Wanted): void {
  const { systemKey, systemSecret } = credentials
  const { pathKey, systemFrom } = wanted
  if (
    (systemKey !== undefined && systemKey !== system.key) ||
    (pathKey !== undefined && pathKey !== system.key) ||
    (typeof systemFrom === 'string' && systemFrom !== system.key) ||
    (systemSecret !== undefined && !secretMatches(system, systemSecret))
  ) {
    throw new GatehouseError(
      'wrongSystem',
      'The token is not for this system, or the system key or secret is not right.',
    )
  }
}

async function demandSystem(means: Means, credentials: Presented): Promise<SystemFacts> {
  const { systemKey, systemSecret } = credentials
  if (systemKey === undefined || systemSecret === undefined) {
    throw new GatehouseError('wrongSystem', 'The headers ClearBlade-SystemKey and ClearBlade-SystemSecret are needed.')
  }
  const system = await systemByKey(means, systemKey)
  if (system === undefined || !secretMatches(system, systemSecret)) {
    throw new GatehouseError('wrongSystem', 'The system key or the system secret is not right.')
  }
  return system
}

/** Beside key and secret a token may come along; one of another system, or a dead one, makes its bearer nobody. */
async function optionalUser(means: Means, credentials: Presented, runToken: RunTokenLookup): Promise<Caller> {
  const token = credentials.userToken ?? credentials.developerToken
  if (token === undefined) return { kind: 'nobody' }
  const found = runToken(token) ?? (await identify(means, token).catch(orNobody))
  if (found === undefined) return { kind: 'nobody' }
  if (found.caller.kind === 'developer') {
    const system = await systemByKey(means, credentials.systemKey!)
    return (await developedBy(means, found.caller, system)) === undefined ? { kind: 'nobody' } : found.caller
  }
  return found.systemKey === credentials.systemKey ? found.caller : { kind: 'nobody' }
}

/** One that counts no more at this edge makes its bearer nobody, too. */
function orNobody(error: unknown): undefined {
  if (!(error instanceof GatehouseError) || error.kind !== 'edgeTooOld') throw error
}

async function developerOf(means: Means, credentials: Presented, runToken: RunTokenLookup) {
  const token = credentials.developerToken ?? credentials.userToken
  if (token === undefined) {
    throw new GatehouseError('notSignedIn', 'This needs a developer: the header ClearBlade-DevToken is missing.')
  }
  const found = await identified(means, token, runToken)
  if (found.caller.kind !== 'developer') {
    throw new GatehouseError('permissionDenied', 'This is for developers; the token is that of a user.')
  }
  return found
}

async function identified(means: Means, token: string, runToken: RunTokenLookup) {
  const found = runToken(token) ?? (await identify(means, token))
  if (found === undefined) throw invalidToken()
  return found
}

const invalidToken = (): GatehouseError =>
  new GatehouseError('notSignedIn', 'Invalid token: it is unknown, has expired, or was ended.', {
    hint: 'Sign in again.',
  })

async function wantedKey(means: Means, credentials: Presented, wanted: Wanted): Promise<string | undefined> {
  const { pathKey, systemFrom } = wanted
  if (pathKey !== undefined) return pathKey
  if (typeof systemFrom === 'string') return systemFrom
  if (systemFrom !== undefined) return systemOfCollection(means.store, systemFrom.collection)
  return credentials.systemKey
}

const systemScope = (node: NodeScope, system: SystemFacts, caller: Caller): SystemScope => ({
  ...node,
  caller,
  system,
  data: node.store.forSystem(system.key),
})
