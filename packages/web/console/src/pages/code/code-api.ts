/** What the pages of code ask the node: services and libraries, their versions and their runs. Both kinds in one shape. */
import type { QueryClient } from '@tanstack/react-query'
import { ask, send } from '../../api.ts'

export type Kind = 'service' | 'library'

export type Listed = { kind: Kind; name: string; version: number }

/** `line` counts from 1, `column` from 0. */
export type Problem = { message: string; line: number; column: number }

export type Unit = {
  kind: Kind
  name: string
  code: string
  version: number
  dependencies: string[]
  params: string[]
  /** Id of the user it runs as; '' is the caller. */
  runAs: string
  logging: boolean
  /** Seconds; -1 is no limit. */
  timeout: number
  modern: boolean
  description: string
  problem: Problem | undefined
}

export type Version = { version: number; current: boolean; creation_date: string; created_by: string }

export type UnitPlace = { key: string; kind: Kind; name: string }

const segment = encodeURIComponent

export const unitPath = ({ key, kind, name }: UnitPlace): string =>
  kind === 'service'
    ? `/admin/code/v/1/${segment(key)}/${segment(name)}`
    : `/codeadmin/v/2/library/${segment(key)}/${segment(name)}`

const historyPath = ({ key, kind, name }: UnitPlace): string =>
  `/codeadmin/v/2/history/${kind}/${segment(key)}/${segment(name)}`

type Wire = Record<string, unknown> & { name: string; code: string; version: number; current_version: number }

function unitOf(kind: Kind, wire: Wire): Unit {
  const text = (name: string): string => (typeof wire[name] === 'string' ? wire[name] : '')
  const dependencies = text('dependencies')
  return {
    kind,
    name: wire.name,
    code: wire.code,
    version: wire.version,
    dependencies: dependencies === '' ? [] : dependencies.split(','),
    params: Array.isArray(wire.params) ? (wire.params as string[]) : [],
    runAs: text('run_user'),
    logging: wire.logging_enabled === true,
    timeout: typeof wire.execution_timeout === 'number' ? wire.execution_timeout : 60,
    modern: wire.engine_type === 1,
    description: text('description'),
    problem: wire.problem as Problem | undefined,
  }
}

export const listKey = (key: string) => ['code', key]

export const listQuery = (key: string) => ({
  queryKey: listKey(key),
  queryFn: async ({ signal }: { signal: AbortSignal }): Promise<Listed[]> => {
    const [services, libraries] = await Promise.all([
      ask<{ code: Listed[] }>(`/codeadmin/v/4/codemeta/${segment(key)}/latest`, { signal }),
      ask<Listed[]>(`/codeadmin/v/2/library/${segment(key)}`, { signal }),
    ])
    const listed = (kind: Kind) => (one: Listed) => ({ kind, name: one.name, version: one.version })
    return [...services.code.map(listed('service')), ...libraries.map(listed('library'))]
  },
})

export const unitQuery = (place: UnitPlace) => ({
  queryKey: ['code', place.key, place.kind, place.name],
  queryFn: async ({ signal }: { signal: AbortSignal }): Promise<Unit> =>
    unitOf(place.kind, await ask<Wire>(unitPath(place), { signal })),
})

export const versionsQuery = (place: UnitPlace) => ({
  queryKey: [...unitQuery(place).queryKey, 'versions'],
  queryFn: ({ signal }: { signal: AbortSignal }) => ask<Version[]>(historyPath(place), { signal }),
})

export const versionQuery = (place: UnitPlace, version: number) => ({
  queryKey: [...unitQuery(place).queryKey, 'versions', version],
  // A version never changes.
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: async ({ signal }: { signal: AbortSignal }): Promise<Unit> =>
    unitOf(place.kind, await ask<Wire>(`${historyPath(place)}/${version}`, { signal })),
})

export async function makeCurrent(queries: QueryClient, place: UnitPlace, version: number): Promise<void> {
  await ask(`${historyPath(place)}/${version}`, { method: 'PUT' })
  await queries.invalidateQueries({ queryKey: listKey(place.key) })
}

export async function createUnit(
  queries: QueryClient,
  place: UnitPlace,
  fields: Record<string, unknown>,
): Promise<void> {
  await ask(unitPath(place), { method: 'POST', body: fields })
  await queries.invalidateQueries({ queryKey: listKey(place.key) })
}

/** `leave` closes its page; what a page still shows stays, since it would be asked for again. */
export async function removeUnit(queries: QueryClient, place: UnitPlace, leave: () => unknown): Promise<void> {
  await ask(unitPath(place), { method: 'DELETE' })
  await leave()
  queries.removeQueries({ queryKey: unitQuery(place).queryKey, type: 'inactive' })
  await queries.invalidateQueries({ queryKey: listKey(place.key), exact: true })
}

/** A run that is kept because it failed. */
export type FailedRun = {
  Id: string
  Service: string
  Datetime: string
  Args: unknown
  Response: { results?: unknown; logs?: string }
  Error: { error?: string }
}

export type RunLog = { service_execution_time: string; log: string }

export const logsQuery = ({ key, name }: UnitPlace) => ({
  queryKey: ['code', key, 'logs', name],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    ask<RunLog[]>(`/codeadmin/v/2/logs/${segment(key)}/${segment(name)}`, { signal }),
})

export type RunAnswer = { success: boolean; results: unknown; logs: string; ms: number; status?: number }

/** What `resp.send` of a service made is marked by the node with the policy for strangers' pages. */
const isOfService = ({ headers }: Response): boolean =>
  headers.get('content-security-policy')?.startsWith('sandbox') === true

/** Runs a service as the developer who is signed in, with its log. */
export async function runService(key: string, name: string, params: Record<string, unknown>): Promise<RunAnswer> {
  const began = performance.now()
  const response = await send(`/api/v/1/code/${segment(key)}/${segment(name)}`, {
    method: 'POST',
    body: params,
    headers: { 'logging-enabled': 'true' },
    foreign: isOfService,
  })
  const text = await response.text()
  const ms = Math.round(performance.now() - began)
  if (!isOfService(response)) {
    const { success, results, logs } = JSON.parse(text) as RunAnswer
    return { success, results, logs: logs ?? '', ms }
  }
  return { success: response.status < 400, results: text, logs: '', ms, status: response.status }
}
