/**
 * On an edge: what came down and cannot be written there. It is set aside with a reason that a person understands, in the
 * transaction of the frame that brought it, so that what follows goes on; what may pass by itself (a busy database, a full disk)
 * is thrown and tried again. Too much of it, or what a sign-in rests on, stops the lane. What keeps users is never set aside.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { sql } from 'kysely'
import { mapDatabaseError } from '../dialect/failure.ts'
import { databaseOf, type SystemStore } from '../store.ts'
import type { Lane } from './groups.ts'

export const asideKinds = ['row', 'service', 'library', 'portal', 'collection', 'index'] as const
export type AsideKind = (typeof asideKinds)[number]

/** `id`: `COLLECTION/KEY` of a row, `COLLECTION/COLUMN` of an index, the id of a collection, the name of code or a portal. */
export type Aside = { kind: AsideKind; id: string; reason: string; at: number; version: string }

export const laneOfAside = (kind: AsideKind): Lane => (kind === 'row' ? 'data' : 'configuration')

/** Of what the edge holds in the lane, within bounds: one bad row of ten is no reason to stop, and a hundred of a million are. */
export const asideRules = { share: 0.01, least: 10, most: 100 } as const

/** Nothing of the frame was written, and the lane waits until it is tried again. `words` are for people. */
export class LaneStopped extends Error {
  override readonly name = 'LaneStopped'

  constructor(words: string, cause?: unknown) {
    super(words, { cause })
  }
}

/** May pass by itself: the same is tried again. */
export function isPassing(error: unknown): boolean {
  if (error instanceof GatehouseError) return error.kind === 'unavailable'
  const kind = mapDatabaseError(error)?.kind
  return kind === 'busy' || kind === 'full' || kind === 'unavailable'
}

/** Never what the database says, since that may hold what stands in a row. */
export function reasonOf(error: unknown): string {
  if (error instanceof GatehouseError) return error.detail.slice(0, 300)
  const failure = mapDatabaseError(error)
  if (failure?.kind === 'conflict') {
    const where = failure.column === undefined ? 'A column' : `The column "${failure.column.slice(0, 100)}"`
    return `${where} must be unique at the edge, and another row there holds this value.`
  }
  if (failure?.kind === 'tooLong') return 'A value is longer than the database of the edge can hold.'
  if (failure?.kind === 'unfit') return 'A text holds a character that the database of the edge cannot hold.'
  return 'The database of the edge refused it. The log of the edge says more.'
}

export async function listAsides(store: SystemStore): Promise<Aside[]> {
  const rows = await databaseOf(store)
    .selectFrom('set_aside')
    .select(['kind', 'id', 'reason', 'at', 'version'])
    .where('system_key', '=', store.key)
    .where('kind', 'in', [...asideKinds])
    .orderBy('kind')
    .orderBy('id')
    .execute()
  return rows as Aside[]
}

/** Kept beside what is set aside, so that an edge which is started anew still knows. */
const stopKind = 'lane'

/** Why the last thing that came could not be written, by lane. */
export async function stoppedLanes(store: SystemStore): Promise<Partial<Record<Lane, string>>> {
  const rows = await databaseOf(store)
    .selectFrom('set_aside')
    .select(['id', 'reason'])
    .where('system_key', '=', store.key)
    .where('kind', '=', stopKind)
    .execute()
  return Object.fromEntries(rows.map(({ id, reason }) => [id, reason]))
}

/** Undefined where it goes on. */
export async function noteStopped(
  store: SystemStore,
  lane: Lane,
  reason: string | undefined,
  at: number,
): Promise<void> {
  const db = databaseOf(store)
  const gone = db.deleteFrom('set_aside').where('system_key', '=', store.key).where('kind', '=', stopKind)
  await gone.where('id', '=', lane).execute()
  if (reason === undefined) return
  const one = { system_key: store.key, kind: stopKind, id: lane, reason, at, version: '' }
  await db.insertInto('set_aside').values(one).execute()
}

type Held = (lane: Lane) => Promise<number>

/** What is set aside, in one transaction. */
export class SettingAside {
  readonly #tx: SystemStore
  readonly #now: number
  readonly #version: string
  readonly #present: Map<string, Aside>
  /** For the log of the edge. */
  readonly failures: { kind: AsideKind; id: string; error: unknown }[] = []
  #changed = false

  private constructor(tx: SystemStore, now: number, version: string, present: readonly Aside[]) {
    this.#tx = tx
    this.#now = now
    this.#version = version
    this.#present = new Map(present.map((one) => [keyOf(one.kind, one.id), one]))
  }

  static async open(tx: SystemStore, now: number, version: string): Promise<SettingAside> {
    return new SettingAside(tx, now, version, await listAsides(tx))
  }

  get changed(): boolean {
    return this.#changed
  }

  has(kind: AsideKind, id: string): boolean {
    return this.#present.has(keyOf(kind, id))
  }

  all(): Aside[] {
    return [...this.#present.values()]
  }

  /** Whether all of `work` was written; where not, nothing of it was. Throws what may pass by itself. */
  async try(work: () => Promise<void>): Promise<{ error?: unknown }> {
    const db = databaseOf(this.#tx)
    await sql`savepoint coming_down`.execute(db)
    try {
      await work()
    } catch (error) {
      if (isPassing(error) || error instanceof LaneStopped) throw error
      await sql`rollback to savepoint coming_down`.execute(db)
      await sql`release savepoint coming_down`.execute(db)
      return { error }
    }
    await sql`release savepoint coming_down`.execute(db)
    return {}
  }

  /** The same for one thing, which is set aside where it cannot be written. */
  async attempt(kind: AsideKind, id: string, work: () => Promise<void>): Promise<{ error?: unknown }> {
    const tried = await this.try(work)
    if ('error' in tried) await this.#note(kind, id, tried.error)
    else await this.settle(kind, [id])
    return tried
  }

  /** It is written, or gone on the platform. */
  async settle(kind: AsideKind, ids: Iterable<string>): Promise<void> {
    if (this.#present.size === 0) return
    for (const id of ids) {
      if (!this.#present.delete(keyOf(kind, id))) continue
      this.#changed = true
      await this.#delete(kind, id)
    }
  }

  /** Those of a kind that are no concern of this edge any more. */
  async settleWhere(kind: AsideKind, isOver: (id: string) => boolean): Promise<void> {
    const over = [...this.#present.values()].filter((one) => one.kind === kind && isOver(one.id))
    await this.settle(
      kind,
      over.map(({ id }) => id),
    )
  }

  /** Throws LaneStopped where more is set aside in a lane than should be. */
  async close(held: Held): Promise<void> {
    for (const lane of ['configuration', 'data'] as const) {
      const count = [...this.#present.values()].filter(({ kind }) => laneOfAside(kind) === lane).length
      if (this.failures.every(({ kind }) => laneOfAside(kind) !== lane) || count <= asideRules.least) continue
      const { share, least, most } = asideRules
      const allowed = Math.min(most, Math.max(least, Math.floor((await held(lane)) * share)))
      if (count <= allowed) continue
      const { error } = this.failures.at(-1)!
      const words = `More than ${allowed} of what came could not be written there, and nothing more is taken. The last: ${reasonOf(error)}`
      throw new LaneStopped(words, error)
    }
  }

  async #note(kind: AsideKind, id: string, error: unknown): Promise<void> {
    this.failures.push({ kind, id, error })
    const one: Aside = { kind, id, reason: reasonOf(error), at: this.#now, version: this.#version }
    this.#present.set(keyOf(kind, id), one)
    this.#changed = true
    const facts = { reason: one.reason, at: one.at, version: one.version }
    await databaseOf(this.#tx)
      .insertInto('set_aside')
      .values({ system_key: this.#tx.key, kind, id, ...facts })
      .onConflict((conflict) => conflict.columns(['system_key', 'kind', 'id']).doUpdateSet(facts))
      .execute()
  }

  async #delete(kind: AsideKind, id: string): Promise<void> {
    await databaseOf(this.#tx)
      .deleteFrom('set_aside')
      .where('system_key', '=', this.#tx.key)
      .where('kind', '=', kind)
      .where('id', '=', id)
      .execute()
  }
}

const keyOf = (kind: AsideKind, id: string): string => `${kind} ${id}`
