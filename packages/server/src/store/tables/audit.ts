/** Reading the audit, walking its chains, and removing what is too old. Appending is `store/audit.ts`. */
import { type AuditChain, type AuditHead, type AuditRow, hashOf, putHead, sealOf } from '../audit.ts'
import { databaseOf, dialectOf, type Store } from '../store.ts'

export type AuditFilter = {
  /** The empty text is what belongs to no system. */
  systems?: readonly string[]
  /** Beside those of `systems`: whatever this account did. */
  orBy?: string
  kind?: string
  /** As rows have it, or the e-mail or id in it. */
  who?: string
  since?: number
  until?: number
  limit: number
  /** Rows after this one, in the order of the list. */
  after?: Pick<AuditRow, 'at' | 'node' | 'position'>
}

/** Newest first. */
export async function listAudit(store: Store, filter: AuditFilter): Promise<AuditRow[]> {
  const { systems, orBy, kind, who, since, until, after } = filter
  let query = databaseOf(store)
    .selectFrom('audit_rows')
    .selectAll()
    .orderBy('at', 'desc')
    .orderBy('node')
    .orderBy('position', 'desc')
    .limit(filter.limit)
  if (systems !== undefined) {
    query = query.where((eb) =>
      eb.or([
        ...(systems.length === 0 ? [] : [eb('system_key', 'in', systems)]),
        ...(orBy === undefined ? [] : [eb('who_id', '=', orBy)]),
      ]),
    )
  }
  if (kind !== undefined) query = query.where('kind', '=', kind)
  if (who !== undefined) {
    query = query.where((eb) =>
      eb.or([eb('who', 'in', [who, `developer ${who}`, `user ${who}`]), eb('who_id', '=', who)]),
    )
  }
  if (since !== undefined) query = query.where('at', '>=', since)
  if (until !== undefined) query = query.where('at', '<', until)
  if (after !== undefined) {
    query = query.where((eb) =>
      eb.or([
        eb('at', '<', after.at),
        eb.and([
          eb('at', '=', after.at),
          eb.or([
            eb('node', '>', after.node),
            eb.and([eb('node', '=', after.node), eb('position', '<', after.position)]),
          ]),
        ]),
      ]),
    )
  }
  return query.execute()
}

export const listAuditHeads = (store: Store): Promise<AuditHead[]> =>
  databaseOf(store).selectFrom('audit_heads').selectAll().orderBy('node').execute()

/** What was found of one chain: `problem` names the first row that does not fit, undefined where all do. */
export type ChainFinding = { node: string; rows: number; head: AuditHead | undefined; problem?: string }

const rowsAtOnce = 1_000

/** Walks every chain from its beginning, in one look at the database. */
export function verifyAudit(store: Store, chain: Pick<AuditChain, 'seal'>): Promise<ChainFinding[]> {
  return databaseOf(store)
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (db) => {
      const heads = await db.selectFrom('audit_heads').selectAll().orderBy('node').execute()
      const found: ChainFinding[] = []
      const known = heads.map(({ node }) => node)
      const strays = await db
        .selectFrom('audit_rows')
        .select('node')
        .distinct()
        .$if(known.length > 0, (query) => query.where('node', 'not in', known))
        .orderBy('node')
        .execute()
      for (const head of heads) {
        const { node } = head
        const say = (rows: number, problem?: string): void => {
          found.push({ node, rows, head, ...(problem !== undefined && { problem }) })
        }
        if (sealOf(chain, head) !== head.seal) {
          say(0, 'The head of the chain was changed by something that does not hold the node key.')
          continue
        }
        let before = { position: head.removed, hash: head.anchor }
        let problem: string | undefined
        while (problem === undefined) {
          const rows = await db
            .selectFrom('audit_rows')
            .selectAll()
            .where('node', '=', node)
            // From the very first: what was removed must not be there either.
            .where('position', '>', before.position === head.removed ? 0 : before.position)
            .orderBy('position')
            .limit(rowsAtOnce)
            .execute()
          for (const row of rows) {
            problem = misfit(before, row)
            if (problem !== undefined) break
            before = row
          }
          if (rows.length < rowsAtOnce) break
        }
        if (problem === undefined && before.position !== head.position) {
          problem = `Row ${before.position + 1} is gone, though the chain goes up to row ${head.position}.`
        } else if (problem === undefined && before.hash !== head.hash) {
          problem = `Row ${before.position} is not the one that the head of the chain knows.`
        }
        say(before.position - head.removed, problem)
      }
      for (const { node } of strays) {
        found.push({ node, rows: 0, head: undefined, problem: 'There are rows of this node, and its head is gone.' })
      }
      return found
    })
}

function misfit(before: { position: number; hash: string }, row: AuditRow): string | undefined {
  if (row.position !== before.position + 1) {
    return row.position <= before.position
      ? `Row ${row.position} is there, though it was removed.`
      : `Row ${before.position + 1} is gone.`
  }
  if (row.previous !== before.hash) return `Row ${row.position} does not follow the row before it.`
  return hashOf(row) === row.hash ? undefined : `Row ${row.position} was changed.`
}

/** Removes the beginning of each chain up to the first row that is not older; the head keeps where, and the last hash. */
export async function deleteOldAudit(
  store: Store,
  chain: Pick<AuditChain, 'seal'>,
  before: number,
  now: number,
): Promise<number> {
  let removed = 0
  for (const { node } of await listAuditHeads(store)) {
    removed += await store.transaction(async (inside) => {
      const tx = databaseOf(inside) as Parameters<typeof putHead>[0]
      const head = await tx
        .selectFrom('audit_heads')
        .selectAll()
        .where('node', '=', node)
        .$if(dialectOf(inside).kind === 'postgres', (query) => query.forUpdate())
        .executeTakeFirst()
      // A head that does not fit is left for whoever looks at it: sealing it again would hide that.
      if (head === undefined || sealOf(chain, head) !== head.seal) return 0
      const young = await tx
        .selectFrom('audit_rows')
        .select((eb) => eb.fn.min('position').as('position'))
        .where('node', '=', node)
        .where('at', '>=', before)
        .executeTakeFirst()
      const upTo = young?.position == null ? head.position : Number(young.position) - 1
      const last = await tx
        .selectFrom('audit_rows')
        .select('hash')
        .where('node', '=', node)
        .where('position', '=', upTo)
        .executeTakeFirst()
      if (last === undefined || upTo <= head.removed) return 0
      await tx.deleteFrom('audit_rows').where('node', '=', node).where('position', '<=', upTo).execute()
      await putHead(tx, chain, { ...head, removed: upTo, anchor: last.hash, removed_at: now })
      return upTo - head.removed
    })
  }
  return removed
}
