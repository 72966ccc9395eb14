/**
 * Reading the audit: for each developer the rows of the systems that are his, and whatever he did himself; for the
 * administrator of the node all rows, as somebody has to look at those of nobody's systems and of the node. Nothing here
 * changes one.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { type AuditFilter, listAudit } from '../../store/tables/audit.ts'
import { auditKinds } from '../access/audit.ts'
import type { NodeScope } from '../access/scope.ts'
import { developedBy, noSuchSystem, ownSystems, systemByKey } from './systems.ts'

export type AuditRequest = {
  system?: string
  kind?: string
  who?: string
  /** Milliseconds; `until` is not in it. */
  since?: number
  until?: number
  limit: number
  /** As the page before answered it. */
  cursor?: string
}

export type AuditShown = {
  at: string
  system: string
  kind: string
  action: string
  subject: string
  who: string
  address: string
  user_agent: string
  run: string
  details: Record<string, unknown>
  node: string
  position: number
  hash: string
}

/** Newest first; `next` is the cursor of the page after, null where this is the last. Throws noSuchSystem, badRequest. */
export async function readAudit(
  scope: NodeScope,
  { system, cursor, limit, kind, ...asked }: AuditRequest,
): Promise<{ rows: AuditShown[]; next: string | null }> {
  if (scope.caller.kind !== 'developer') throw new GatehouseError('notSignedIn', 'The audit is for developers.')
  if (kind !== undefined && !(auditKinds as readonly string[]).includes(kind)) {
    throw new GatehouseError('badRequest', `There is no kind "${kind.slice(0, 50)}".`, {
      hint: `Kinds are ${auditKinds.join(', ')}.`,
    })
  }
  const filter: AuditFilter = {
    ...asked,
    ...(kind !== undefined && { kind }),
    ...(await seenBy(scope, scope.caller, system)),
    ...(cursor !== undefined && { after: readCursor(cursor) }),
    limit: limit + 1,
  }
  const found = await listAudit(scope.store, filter)
  const rows = found.slice(0, limit)
  const last = rows.at(-1)
  return {
    rows: rows.map((row) => ({
      at: new Date(row.at).toISOString(),
      ...{ system: row.system_key, kind: row.kind, action: row.action, subject: row.subject, who: row.who },
      ...{ address: row.address, user_agent: row.user_agent, run: row.run, details: JSON.parse(row.details) },
      ...{ node: row.node, position: row.position, hash: row.hash },
    })),
    next: found.length > limit && last !== undefined ? `${last.at}.${last.node}.${last.position}` : null,
  }
}

async function seenBy(
  scope: NodeScope,
  caller: Extract<NodeScope['caller'], { kind: 'developer' }>,
  system: string | undefined,
): Promise<Pick<AuditFilter, 'systems' | 'orBy'>> {
  if (system !== undefined) {
    const found = system === '' ? undefined : await systemByKey(scope, system)
    if ((await developedBy(scope, caller, found)) === undefined && !caller.admin) throw noSuchSystem()
    return { systems: [system] }
  }
  if (caller.admin) return {}
  return { systems: (await ownSystems(scope)).map(({ key }) => key), orBy: caller.developerId }
}

function readCursor(text: string): NonNullable<AuditFilter['after']> {
  const [, at, node, position] = /^(\d{1,15})\.([0-9a-f]{1,64})\.(\d{1,15})$/.exec(text) ?? []
  if (at === undefined) throw new GatehouseError('badRequest', 'cursor must be what the page before answered as next.')
  return { at: Number(at), node: node!, position: Number(position) }
}
