/**
 * The audit: who changed what and from where, one chain of rows for each node. A row is written in the transaction that makes
 * the change, as its last step, and holds the hash of the row before it. One row of `audit_heads` for each node says where its
 * chain ends and where what is kept of it begins; it is locked until commit, so two nodes on one database never wait for one
 * another, and it is sealed under the node key, so that nobody who has the database alone can make a chain that fits.
 *
 * Nothing here changes a row. Removing is for those that are too old, from the beginning of a chain alone, and leaves the hash
 * of the last one removed in the head. What is noted and in which words is `domain/access/audit.ts`.
 */
import { createHash } from 'node:crypto'
import type { Transaction } from 'kysely'
import type { Dialect } from './dialect/database.ts'
import type { Tables } from './schema.ts'

/** Whose chain rows of this process go to. */
export type AuditChain = {
  node: string
  /** A keyed hash under the node key. */
  seal(text: string): string
}

export type AuditEntry = {
  at: number
  /** Empty for what belongs to no system. */
  system: string
  kind: string
  action: string
  /** What was changed: a name, an e-mail, an id; never a secret. */
  subject: string
  who: string
  /** Id of that account; empty where there is none. */
  whoId: string
  address: string
  userAgent: string
  /** Id of the run on whose behalf it happened; empty for what came from outside. */
  run: string
  details: Record<string, unknown>
}

export type AuditRow = Tables['audit_rows']
export type AuditHead = Tables['audit_heads']

/** Appends in the given transaction; the head is the last thing that it locks. */
export async function appendAudit(
  tx: Transaction<Tables>,
  dialect: Dialect,
  chain: AuditChain,
  entries: readonly AuditEntry[],
): Promise<void> {
  const { node } = chain
  const head = (await lockHead(tx, dialect, node)) ?? (await firstHead(tx, dialect, chain))
  let { position, hash } = head
  const rows = entries.map((entry): AuditRow => {
    position += 1
    const row = { node, position, previous: hash, ...columnsOf(entry) }
    hash = hashOf(row)
    return { ...row, hash }
  })
  for (let start = 0; start < rows.length; start += rowsAtOnce) {
    await tx
      .insertInto('audit_rows')
      .values(rows.slice(start, start + rowsAtOnce))
      .execute()
  }
  await putHead(tx, chain, { ...head, position, hash })
}

const lockHead = (tx: Transaction<Tables>, dialect: Dialect, node: string): Promise<AuditHead | undefined> =>
  tx
    .selectFrom('audit_heads')
    .selectAll()
    .where('node', '=', node)
    .$if(dialect.kind === 'postgres', (query) => query.forUpdate())
    .executeTakeFirst()

/** Of two that begin a chain at once, the second waits for the first and goes on from there. */
async function firstHead(tx: Transaction<Tables>, dialect: Dialect, chain: AuditChain): Promise<AuditHead> {
  const { node } = chain
  const fresh = { node, position: 0, hash: '', removed: 0, anchor: '', removed_at: null }
  await tx
    .insertInto('audit_heads')
    .values({ ...fresh, seal: sealOf(chain, fresh) })
    .onConflict((conflict) => conflict.column('node').doNothing())
    .execute()
  const head = await lockHead(tx, dialect, node)
  if (head === undefined) throw new Error('The head of the audit is gone.')
  return head
}

const rowsAtOnce = 500

const columnsOf = (entry: AuditEntry) => ({
  at: entry.at,
  system_key: entry.system,
  kind: entry.kind,
  action: entry.action,
  subject: entry.subject,
  who: entry.who,
  who_id: entry.whoId,
  address: entry.address,
  user_agent: entry.userAgent,
  run: entry.run,
  details: JSON.stringify(entry.details),
})

/** Covers every column, and by `previous` all rows before. */
export const hashOf = (row: Omit<AuditRow, 'hash'>): string =>
  createHash('sha256')
    .update(
      JSON.stringify([
        ...[row.previous, row.node, row.position, row.at, row.system_key, row.kind, row.action, row.subject],
        ...[row.who, row.who_id, row.address, row.user_agent, row.run, row.details],
      ]),
    )
    .digest('base64url')

export const sealOf = (
  { seal }: Pick<AuditChain, 'seal'>,
  { node, position, hash, removed, anchor, removed_at }: Omit<AuditHead, 'seal'>,
): string => seal(JSON.stringify([node, position, hash, removed, anchor, removed_at]))

export async function putHead(
  tx: Transaction<Tables>,
  chain: Pick<AuditChain, 'seal'>,
  { seal: _, ...head }: AuditHead,
): Promise<void> {
  await tx
    .updateTable('audit_heads')
    .set({ ...head, seal: sealOf(chain, head) })
    .where('node', '=', head.node)
    .execute()
}
