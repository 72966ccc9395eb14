/**
 * Edges of a system, as its developers make, see and remove them. The token that enrols one is shown once and works once; the
 * link itself is `edge/`.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { second } from '../../base/clock.ts'
import { bearerToken } from '../../base/ids.ts'
import { fingerprintOf } from '../../base/link-keys.ts'
import { hashToken } from '../../base/secrets.ts'
import type { SystemStore } from '../../store/store.ts'
import { deleteEdgeCodes } from '../../store/tables/edge-recovery-codes.ts'
import {
  askEdgeAgain,
  deleteEdge,
  describeEdge,
  type EdgeRecord,
  insertEdge,
  listEdges,
} from '../../store/tables/edges.ts'
import { endSessions } from '../../store/tables/sessions.ts'
import { audit } from '../access/audit.ts'
import { callerLabel } from '../access/caller.ts'
import type { SystemScope } from '../access/scope.ts'
import { platformKey } from './platform-key.ts'

/** Of one system. */
const mostEdges = 1_000

export type EdgeState = 'waiting' | 'connected' | 'away' | 'refused'

/** A node notes its links every 20 seconds; one that was killed notes nothing any more. */
const notedWithin = 90 * second

/** `since` is null where it is not known. */
export function stateOf(edge: EdgeRecord, now: number): { state: EdgeState; since: number | null } {
  const { enrolledAt, connected, refused, seenAt, since } = edge
  if (enrolledAt === null) return { state: 'waiting', since: since ?? edge.createdAt }
  if (refused) return { state: 'refused', since }
  if (!connected) return { state: 'away', since: since ?? seenAt }
  return now - (seenAt ?? 0) < notedWithin ? { state: 'connected', since } : { state: 'away', since: seenAt }
}

/** Answers the token, which is nowhere else. Throws badRequest, conflict. */
export async function createEdge(
  scope: SystemScope,
  name: string,
  { description, token }: { description: unknown; token: unknown },
): Promise<{ name: string; token: string }> {
  demandDeveloper(scope)
  checkEdgeName(name)
  if (token !== undefined && token !== null && token !== '') {
    throw new GatehouseError('badRequest', 'The token of an edge is made by the platform, and shown once.', {
      hint: 'Leave token out, and give the edge the one of the answer.',
    })
  }
  const text = typeof description === 'string' ? description.slice(0, 1_000) : ''
  const made = await newToken(scope)
  await scope.data.transaction(async (tx) => {
    if ((await listEdges(tx)).length >= mostEdges) {
      throw new GatehouseError('badRequest', `A system has ${mostEdges} edges at most.`)
    }
    const facts = { createdAt: scope.clock.now(), createdBy: callerLabel(scope.caller) }
    const isNew = await insertEdge(tx, { name, description: text, tokenHash: hashToken(made), ...facts })
    if (!isNew) {
      throw new GatehouseError('conflict', `There is an edge ${name} already.`, {
        hint: 'Remove it first if another machine is to take its place.',
      })
    }
    audit(tx, scope, { kind: 'edge', action: 'create', subject: name })
  })
  return { name, token: made }
}

/**
 * Another token, and whoever holds the keys of the old one is refused and cut off: the edge is one that was just made. Throws
 * noSuchAsset.
 */
export async function renewEdgeToken(scope: SystemScope, name: string): Promise<{ name: string; token: string }> {
  demandDeveloper(scope)
  return scope.data.transaction(async (tx) => {
    const before = (await listEdges(tx)).find((one) => one.name === name)
    await forgetEdge(tx, name, scope.clock.now())
    // With the transaction: where there is no such edge, no key is made for it either.
    const token = await newToken({ store: tx.node, key: scope.key })
    const facts = { createdAt: scope.clock.now(), createdBy: callerLabel(scope.caller) }
    await insertEdge(tx, { name, description: before!.description, tokenHash: hashToken(token), ...facts })
    audit(tx, scope, { kind: 'edge', action: 'renew', subject: name })
    return { name, token }
  })
}

/** The description is all that a developer changes of an edge. Throws badRequest, noSuchAsset. */
export async function changeEdge(scope: SystemScope, name: string, description: unknown): Promise<void> {
  demandDeveloper(scope)
  if (typeof description !== 'string' || description.length > 1_000) {
    throw new GatehouseError(
      'badRequest',
      'Of an edge its description can be changed: a text of 1,000 characters at most.',
    )
  }
  await scope.data.transaction(async (tx) => {
    if (!(await describeEdge(tx, name, description))) throw noSuchEdge()
    audit(tx, scope, { kind: 'edge', action: 'change', subject: name })
  })
}

/** What it could not write is sent there once more, and lanes that stopped go on: now, or when it links. Throws noSuchAsset. */
export async function retryEdge(scope: SystemScope, name: string): Promise<void> {
  demandDeveloper(scope)
  await scope.data.transaction(async (tx) => {
    if (!(await askEdgeAgain(tx, name))) throw noSuchEdge()
    audit(tx, scope, { kind: 'edge', action: 'retry', subject: name })
  })
}

/** With all that is known of it, and what users did there is over. Throws noSuchAsset. */
async function forgetEdge(tx: SystemStore, name: string, now: number): Promise<void> {
  if (!(await deleteEdge(tx, name))) throw noSuchEdge()
  // Another machine of this name could not read them.
  await deleteEdgeCodes(tx, { edge: name })
  await endSessions(tx.node, { systemKey: tx.key, kind: 'user', place: name }, now, 'the edge was removed')
}

/** The edge asks for a platform with this key before it shows the token to anybody. */
async function newToken(means: Parameters<typeof platformKey>[0]): Promise<string> {
  const { publicKey } = await platformKey(means)
  return `${bearerToken('ghl')}.${fingerprintOf(publicKey)}`
}

export async function edgesOf(scope: SystemScope): Promise<EdgeRecord[]> {
  demandDeveloperRights(scope)
  return listEdges(scope.data)
}

export const noSuchEdge = (): GatehouseError =>
  new GatehouseError('noSuchAsset', 'There is no such edge in this system.')

/** From now on it is refused, and its link is cut. What it holds already stays on it. Throws noSuchAsset. */
export async function removeEdge(scope: SystemScope, name: string): Promise<void> {
  demandDeveloper(scope)
  await scope.data.transaction(async (tx) => {
    await forgetEdge(tx, name, scope.clock.now())
    audit(tx, scope, { kind: 'edge', action: 'delete', subject: name })
  })
}

/** Code with a developer's rights makes no edges: only a developer who is signed in does. Throws permissionDenied. */
export function demandDeveloper({ caller }: SystemScope): void {
  if (caller.kind === 'developer' && caller.sessionId !== undefined) return
  throw notForThem()
}

/** What reads is also for code that runs with a developer's rights. Throws permissionDenied. */
export function demandDeveloperRights({ caller }: SystemScope): void {
  if (caller.kind !== 'developer') throw notForThem()
}

const notForThem = (): GatehouseError =>
  new GatehouseError('permissionDenied', 'Edges and deployments are for the developers of the system.')

export const isEdgeName = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(name)

/** Throws badRequest. */
export function checkEdgeName(name: string): void {
  if (isEdgeName(name)) return
  throw new GatehouseError('badRequest', 'The name of an edge is 1 to 64 letters, digits, and any of "_", ".", "-".')
}
