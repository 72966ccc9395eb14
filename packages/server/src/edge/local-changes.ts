/** What may be changed on an edge by itself: rows of collections, sessions, and what only tightens. All else comes down. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { Change } from '../store/changes.ts'

const tightening = new Set(['step', 'state'])

/** Asked for every change that is not written by the link. Throws permissionDenied: the transaction is undone. */
export function demandLocal({ kind, columns }: Change): void {
  if (kind === 'item' || kind === 'session') return
  if (kind === 'authenticator' && columns.every((column) => tightening.has(column))) return
  throw new GatehouseError(
    'permissionDenied',
    'This is an edge: users, roles, rights, authenticators, settings, collections, portals and code are changed at the platform.',
  )
}

/** Paths that an edge answers at; what is not named here is not there, whoever asks. */
const paths = [
  /^\/api\/v\/1\/user\/(auth|anon|checkauth|logout|info)$/,
  // Says that it is done at the platform.
  /^\/api\/v\/4\/user\/password\//,
  /^\/api\/v\/[0-9]+\/(data|collection|code)\//,
  // Portals are opened here; they are changed and drafted at the platform.
  /^\/console-api\/portal\/(open|init\/user)$/,
  /^\/(healthz|metrics|api\/about)$/,
  // The page on the edge's own state, which the platform does not have.
  /^\/edge(\/(state|sign-in|sign-out))?$/,
]

/** And of portals one is read. */
const read = /^\/api\/v\/2\/portals\//

export const answersOnEdge = (path: string, method: string): boolean =>
  paths.some((pattern) => pattern.test(path)) || (method === 'GET' && read.test(path))
