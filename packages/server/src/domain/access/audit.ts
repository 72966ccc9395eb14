/**
 * Noting in the audit who changed what. Called inside the transaction that makes the change; the row is written as its last
 * step (`store/audit.ts`), so neither is ever without the other. Reading the audit is `domain/systems/audit-log.ts`.
 */
import { type Caller, callerLabel } from './caller.ts'
import type { NodeScope } from './scope.ts'

/** `auth-service` is the setting of that name and the code of the service that it names. */
export const auditKinds = [
  'settings',
  'auth-service',
  'system',
  'service',
  'library',
  'run-as',
  'requires',
  'role',
  'rights',
  'user',
  'authenticator',
  'session',
  'unlock',
  'secret',
  'collection',
  'portal',
  'kept',
  'import',
  'export',
  'records',
  'catalogue',
  'developer',
  'edge',
  'deployment',
  'node',
] as const

export type AuditKind = (typeof auditKinds)[number]

/** `subject` and `details` hold names, ids and settings; never a secret, a code, a token or a row of a collection. */
export type Audited = { kind: AuditKind; action: string; subject: string; details?: Record<string, unknown> }

/** A person or program through a door; the node by itself; or whoever has the machine, by a command. */
export type Actor = Pick<NodeScope, 'caller' | 'origin' | 'within' | 'clock'> | (Clocked & { by: 'node' | 'operator' })

type Clocked = Pick<NodeScope, 'clock'>

const longest = { subject: 300, who: 300, userAgent: 300, details: 8_000 }

type Auditing = { audit(entry: Entry): void }

type Entry = {
  at: number
  kind: string
  action: string
  subject: string
  who: string
  whoId: string
  address: string
  userAgent: string
  run: string
  details: Record<string, unknown>
}

/** `tx` is the transaction of the change: that of a system notes it there, that of the node outside of all systems. */
export function audit(tx: Auditing, actor: Actor, { kind, action, subject, details = {} }: Audited): void {
  const door = 'by' in actor ? undefined : actor
  tx.audit({
    at: actor.clock.now(),
    kind,
    action,
    subject: plain(subject, longest.subject),
    who: plain('by' in actor ? actor.by : callerLabel(actor.caller), longest.who),
    whoId: door === undefined ? '' : idOf(door.caller),
    address: plain(door?.origin.address ?? '', 100),
    userAgent: plain(door?.origin.userAgent ?? '', longest.userAgent),
    run: door?.within ?? '',
    details: fitting(details),
  })
}

const idOf = (caller: Caller): string =>
  caller.kind === 'developer' ? caller.developerId : caller.kind === 'user' ? caller.userId : ''

/** What both databases take as a text, whatever was called so: the row must not fail where the change does not. */
const plain = (text: string, length: number): string => text.slice(0, length).toWellFormed().replaceAll('\0', '\uFFFD')

/** A change of very much says what it was about, and that there is more. */
function fitting(details: Record<string, unknown>): Record<string, unknown> {
  if (JSON.stringify(details).length <= longest.details) return details
  const short = Object.entries(details).map(([name, value]) => [
    name.slice(0, 100),
    Array.isArray(value) ? { count: value.length, first: value.slice(0, 5).map((one) => brief(one)) } : brief(value),
  ])
  const fits = { ...Object.fromEntries(short.slice(0, 20)), cut: true }
  return JSON.stringify(fits).length <= longest.details ? fits : { cut: true }
}

const brief = (value: unknown): unknown => {
  if (typeof value === 'string') return value.slice(0, 200)
  return typeof value === 'object' && value !== null ? '…' : value
}

/** What was set from what to what; only of values that are short and plain, by name alone of all others. */
export function changesBetween(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
): Record<string, unknown> {
  const isPlain = (value: unknown): boolean =>
    value === null || value === undefined || typeof value === 'number' || typeof value === 'boolean' || isShort(value)
  return Object.fromEntries(
    Object.keys(after)
      .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
      .map((name) => {
        const [from, to] = [before[name], after[name]]
        return [name, isPlain(from) && isPlain(to) ? { from: from ?? null, to: to ?? null } : 'changed']
      }),
  )
}

const isShort = (value: unknown): boolean => typeof value === 'string' && value.length <= 200
