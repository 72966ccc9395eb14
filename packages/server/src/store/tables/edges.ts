/** Edges and deployments of a system as rows, on the platform. What they mean is `domain/edges`. */
import type { AsideKind } from '../down/aside.ts'
import type { ConflictRule, Lane } from '../down/groups.ts'
import type { Tables } from '../schema.ts'
import { databaseOf, dialectOf, inTransaction, type Store, type SystemStore, writerOf } from '../store.ts'
import { forgetEdgeWords } from './edge-words.ts'

/** How far the edge is known to hold everything of the lane, and when it was last seen to, in milliseconds. */
export type HeldLane = { position: number; at: number; idle: boolean }
export type HeldLanes = Partial<Record<Lane, HeldLane>>

export type EdgeRecord = {
  systemKey: string
  name: string
  description: string
  publicKey: string | null
  /** Public key that what only the edge may read is sealed to. */
  sealKey: string | null
  enrolledAt: number | null
  linkNumber: number
  connected: boolean
  seenAt: number | null
  /** What it acknowledged, by lane. */
  cursors: Record<string, unknown>
  problem: string
  problemAt: number | null
  createdAt: number
  createdBy: string
  since: number | null
  refused: boolean
  version: string
  clockOff: number | null
  lanes: HeldLanes
  aside: EdgeAside
  retries: number
  checked: EdgeChecked
}

/**
 * When all that the edge holds was last looked through, of which log; how often something was not as here and came anew, and
 * when and in which lane that was last.
 */
export type EdgeChecked = { at?: number; incarnation?: string; found?: number; foundAt?: number; foundIn?: Lane }

/** What the edge could not write, and why lanes stopped; in words of the edge. */
export type EdgeAside = {
  items?: { kind: AsideKind; id: string; reason: string; at: number }[]
  stopped?: Partial<Record<Lane, string>>
  /** Of `retries`, how many were done. */
  retried?: number
}

const fromRow = (row: Tables['edges']): EdgeRecord => ({
  systemKey: row.system_key,
  name: row.name,
  description: row.description,
  publicKey: row.public_key,
  sealKey: row.seal_key,
  enrolledAt: row.enrolled_at,
  linkNumber: row.link_number,
  connected: row.connected === 1,
  seenAt: row.seen_at,
  cursors: JSON.parse(row.cursors),
  problem: row.problem,
  problemAt: row.problem_at,
  createdAt: row.created_at,
  createdBy: row.created_by,
  since: row.since,
  refused: row.refused === 1,
  version: row.version,
  clockOff: row.clock_off,
  lanes: JSON.parse(row.lanes),
  aside: JSON.parse(row.aside),
  retries: row.retries,
  checked: JSON.parse(row.checked),
})

/** False where there is one of this name. */
export async function insertEdge(
  store: SystemStore,
  edge: { name: string; description: string; tokenHash: string; createdAt: number; createdBy: string },
): Promise<boolean> {
  const made = await writerOf(store)
    .insertInto('edges')
    .values({
      ...{ system_key: store.key, name: edge.name, description: edge.description, token_hash: edge.tokenHash },
      ...{ public_key: null, seal_key: null, enrolled_at: null, link_number: 0, connected: 0, seen_at: null },
      ...{ cursors: '{}', problem: '', problem_at: null, created_at: edge.createdAt, created_by: edge.createdBy },
      ...{ since: edge.createdAt, refused: 0, version: '', clock_off: null, lanes: '{}' },
      ...{ aside: '{}', retries: 0, checked: '{}' },
    })
    .onConflict((conflict) => conflict.columns(['system_key', 'name']).doNothing())
    .returning('name')
    .execute()
  if (made.length > 0) store.record({ kind: 'edge', id: edge.name, operation: 'put', columns: ['edge'] })
  return made.length > 0
}

export async function listEdges(store: SystemStore): Promise<EdgeRecord[]> {
  const rows = await databaseOf(store)
    .selectFrom('edges')
    .selectAll()
    .where('system_key', '=', store.key)
    .orderBy('name')
    .execute()
  return rows.map(fromRow)
}

/** `hold` keeps it from being removed, and another of its name from coming, until the transaction ends. */
export async function findEdge(
  store: SystemStore,
  name: string,
  { hold = false }: { hold?: boolean } = {},
): Promise<EdgeRecord | undefined> {
  const row = await databaseOf(store)
    .selectFrom('edges')
    .selectAll()
    .where('system_key', '=', store.key)
    .where('name', '=', name)
    // SQLite has one writer, so there a transaction holds everything.
    .$if(hold && inTransaction(store) && dialectOf(store).kind === 'postgres', (select) => select.forUpdate())
    .executeTakeFirst()
  return row && fromRow(row)
}

export async function describeEdge(store: SystemStore, name: string, description: string): Promise<boolean> {
  const changed = await writerOf(store)
    .updateTable('edges')
    .set({ description })
    .where('system_key', '=', store.key)
    .where('name', '=', name)
    .returning('name')
    .execute()
  if (changed.length > 0) store.record({ kind: 'edge', id: name, operation: 'put', columns: ['description'] })
  return changed.length > 0
}

export async function deleteEdge(store: SystemStore, name: string): Promise<boolean> {
  const gone = await writerOf(store)
    .deleteFrom('edges')
    .where('system_key', '=', store.key)
    .where('name', '=', name)
    .returning('name')
    .execute()
  if (gone.length === 0) return false
  await forgetEdgeWords(store, name)
  store.record({ kind: 'edge', id: name, operation: 'delete', columns: [] })
  return true
}

export async function findEdgeByKey(store: Store, publicKey: string): Promise<EdgeRecord | undefined> {
  const row = await databaseOf(store)
    .selectFrom('edges')
    .selectAll()
    .where('public_key', '=', publicKey)
    .executeTakeFirst()
  return row && fromRow(row)
}

/** Spends the token: of two that come with it, one enrols. Undefined for a token that is not known or was spent. */
export async function enrolEdge(
  store: Store,
  tokenHash: string,
  keys: { publicKey: string; sealKey: string },
  now: number,
): Promise<EdgeRecord | undefined> {
  const [row] = await databaseOf(store)
    .updateTable('edges')
    .set({ public_key: keys.publicKey, seal_key: keys.sealKey, enrolled_at: now })
    .where('token_hash', '=', tokenHash)
    .where('public_key', 'is', null)
    .returningAll()
    .execute()
  return row && fromRow(row)
}

/** Whose token it is or was. */
export async function findEdgeByToken(store: Store, tokenHash: string): Promise<EdgeRecord | undefined> {
  const row = await databaseOf(store)
    .selectFrom('edges')
    .selectAll()
    .where('token_hash', '=', tokenHash)
    .executeTakeFirst()
  return row && fromRow(row)
}

/** False where a link with this number or a later one was opened before: the number is used once, whoever holds the key. */
export async function takeLinkNumber(
  store: Store,
  { publicKey, number }: { publicKey: string; number: number },
  now: number,
  { version, clockOff }: { version: string; clockOff: number | null },
): Promise<boolean> {
  const taken = await databaseOf(store)
    .updateTable('edges')
    .set({ link_number: number, connected: 1, seen_at: now, since: now, refused: 0, version, clock_off: clockOff })
    .where('public_key', '=', publicKey)
    .where('link_number', '<', number)
    .returning('name')
    .execute()
  return taken.length > 0
}

/** False where the edge is gone, or has opened another link since. */
export async function noteEdge(
  store: Store,
  { publicKey, number }: { publicKey: string; number: number },
  facts: {
    connected: boolean
    seenAt: number
    cursors?: Record<string, unknown>
    lanes?: HeldLanes
    problem?: string
    aside?: EdgeAside
    checked?: EdgeChecked
  },
): Promise<boolean> {
  const { connected, seenAt, cursors, lanes, problem, aside, checked } = facts
  const noted = await databaseOf(store)
    .updateTable('edges')
    .set({
      ...{ connected: connected ? 1 : 0, seen_at: seenAt },
      ...(!connected && { since: seenAt }),
      ...(cursors !== undefined && { cursors: JSON.stringify(cursors) }),
      ...(lanes !== undefined && { lanes: JSON.stringify(lanes) }),
      ...(problem !== undefined && { problem, problem_at: seenAt }),
      ...(aside !== undefined && { aside: JSON.stringify(aside) }),
      ...(checked !== undefined && { checked: JSON.stringify(checked) }),
    })
    .where('public_key', '=', publicKey)
    .where('link_number', '=', number)
    .returning('name')
    .execute()
  return noted.length > 0
}

/** That it be sent once more what it could not write; its link, at whatever node, hears of it. False where there is none. */
export async function askEdgeAgain(store: SystemStore, name: string): Promise<boolean> {
  const asked = await writerOf(store)
    .updateTable('edges')
    .set((eb) => ({ retries: eb('retries', '+', 1) }))
    .where('system_key', '=', store.key)
    .where('name', '=', name)
    .returning('name')
    .execute()
  if (asked.length > 0) store.record({ kind: 'edge', id: name, operation: 'put', columns: ['retries'] })
  return asked.length > 0
}

/** Of an edge that was refused, whatever link it has: one that is linked stays so. */
export async function noteEdgeProblem(store: Store, publicKey: string, problem: string, now: number): Promise<void> {
  await databaseOf(store)
    .updateTable('edges')
    .set((eb) => ({
      ...{ problem, problem_at: now },
      since: eb
        .case()
        .when(eb('connected', '=', 1).or('refused', '=', 1))
        .then(eb.ref('since'))
        .else(now)
        .end(),
      refused: eb.case().when('connected', '=', 1).then(0).else(1).end(),
    }))
    .where('public_key', '=', publicKey)
    .execute()
}

export type DeployedAsset = {
  asset_class: string
  asset_id: string
  sync_to_edge: boolean
  sync_to_platform: boolean
  /** Of a collection that syncs to the platform. */
  conflicts?: ConflictRule
  /** Of what does not sync to the edge: which time it was deployed. With another one it is copied anew. */
  copy?: string
}

/** Names and ids as a developer gave them; the auth service and what it requires is found when it is needed. */
export type DeployedSignIn = {
  collections: string[]
  roles: string[]
  users: { roles: string[]; emails: string[] }
  /** For how long an edge lets users in by what it last knew, in seconds; what is not named has its default. */
  offline?: { limit?: number; near?: number; roles?: Record<string, number> }
  /** Sessions are good only where they were made; where nothing is said, at both ends. */
  sessions?: 'apart'
  /** Whether users there may ask for changes of their own columns. */
  requests?: boolean
  /** Whether the numbers of their phones go to edges that send messages by themselves. */
  phones?: boolean
}

export type DeploymentRecord = {
  name: string
  description: string
  edges: string[]
  assets: DeployedAsset[]
  signIn: DeployedSignIn | null
  updatedAt: number
}

export async function putDeployment(store: SystemStore, deployment: DeploymentRecord): Promise<void> {
  const { name, description, edges, assets, signIn, updatedAt } = deployment
  const facts = {
    ...{ description, edges: JSON.stringify(edges), assets: JSON.stringify(assets), updated_at: updatedAt },
    sign_in: signIn === null ? null : JSON.stringify(signIn),
  }
  await writerOf(store)
    .insertInto('deployments')
    .values({ system_key: store.key, name, ...facts })
    .onConflict((conflict) => conflict.columns(['system_key', 'name']).doUpdateSet(facts))
    .execute()
  store.record({ kind: 'deployment', id: name, operation: 'put', columns: ['deployment'] })
}

export async function deleteDeployment(store: SystemStore, name: string): Promise<boolean> {
  const gone = await writerOf(store)
    .deleteFrom('deployments')
    .where('system_key', '=', store.key)
    .where('name', '=', name)
    .returning('name')
    .execute()
  if (gone.length > 0) store.record({ kind: 'deployment', id: name, operation: 'delete', columns: [] })
  return gone.length > 0
}

export async function listDeployments(store: SystemStore): Promise<DeploymentRecord[]> {
  const rows = await databaseOf(store)
    .selectFrom('deployments')
    .selectAll()
    .where('system_key', '=', store.key)
    .orderBy('name')
    .execute()
  return rows.map((row) => ({
    name: row.name,
    description: row.description,
    edges: JSON.parse(row.edges),
    assets: JSON.parse(row.assets),
    signIn: row.sign_in === null ? null : JSON.parse(row.sign_in),
    updatedAt: row.updated_at,
  }))
}
