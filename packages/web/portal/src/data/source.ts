/**
 * Datasources as widgets and code of a portal have them: `sendData`, `latestData`, `refresh`, `settings`, `lastUpdated`
 * (packages-portals-edge.md §3.3). Kinds are in the files beside this one.
 */
import { codeOf, messageOf, type RunCode } from '../code/run.ts'
import { type Fields, flag, number } from '../model/fields.ts'
import type { Datasource } from '../model/model.ts'

export type Source = {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly settings: Fields
  readonly lastUpdated: Date | undefined
  /** Sends a payload, and answers with the newest data after it. */
  sendData(payload?: unknown): Promise<unknown>
  latestData(): unknown
  refresh(): Promise<unknown>
  /** Calls at once where there are data, unless `later`, and whenever newer ones come; answers what ends that. */
  follow(listener: () => void, more?: { later?: boolean }): () => void
  /** Why there are no data, for people; undefined where all is well. */
  problem(): string | undefined
}

export type Sources = {
  withId(id: string): Source | undefined
  named(name: string): Source | undefined
  /** As code of a portal sees them, under their names. */
  byName: Readonly<Record<string, Source>>
  all: readonly Source[]
  start(): void
  stop(): void
}

/** What is particular about a kind. `load` asks for data; `send` says what becomes of a payload, the newest data as an answer. */
export type SourceKind = {
  load?: (payload: unknown) => Promise<unknown>
  send?: (payload: unknown) => Promise<unknown> | unknown
  /** What is there from the beginning. */
  initial?: unknown
  /** Kinds that come with other parts of the platform say so, and never have data. */
  waitsFor?: string
  /** Follows other sources; answers what ends that. */
  join?: (sources: Sources, changed: (data: unknown) => void) => () => void
  /** What `refresh` sends. */
  payload?: () => unknown
  loadsAtStart?: boolean
}

export type MakeKind = (source: Datasource) => SourceKind

/** Asking more often would only load the node. */
const shortestIntervalMs = 1_000
const longestIntervalMs = 24 * 60 * 60 * 1_000

export function createSources(
  declared: readonly Datasource[],
  kindOf: MakeKind,
  means: { run: RunCode; failed: (source: Datasource, message: string) => void },
): Sources {
  const made = declared.map((source) => createSource(source, kindOf(source), means))
  const byName = Object.fromEntries(made.map(({ source }) => [source.name, source]))
  const ids = new Map(made.map(({ source }) => [source.id, source]))
  const sources: Sources = {
    withId: (id) => ids.get(id),
    named: (name) => (Object.hasOwn(byName, name) ? byName[name] : undefined),
    byName,
    all: made.map(({ source }) => source),
    start: () => {
      for (const one of made) one.start(sources)
    },
    stop: () => {
      for (const one of made) one.stop()
    },
  }
  return sources
}

function createSource(
  declared: Datasource,
  kind: SourceKind,
  { run, failed }: { run: RunCode; failed: (source: Datasource, message: string) => void },
) {
  const { settings } = declared
  const listeners = new Set<() => void>()
  let data: unknown = kind.initial
  let updated: Date | undefined
  let problem = kind.waitsFor === undefined ? undefined : `${declared.name} waits for ${kind.waitsFor}.`
  const ends: (() => void)[] = []

  const take = async (fresh: unknown): Promise<unknown> => {
    const parser = flag(settings.USE_PARSER) ? codeOf(settings.DATASOURCE_PARSER) : ''
    data = parser === '' ? fresh : await run(parser, { datasource: fresh })
    updated = new Date()
    problem = undefined
    for (const listener of [...listeners]) listener()
    return data
  }
  const attempt = async (act: () => unknown): Promise<unknown> => {
    try {
      return await take(await act())
    } catch (error) {
      const known = problem
      problem = messageOf(error)
      // One that is asked again and again fails in the same way, which is told once.
      if (problem !== known && !flag(settings.SUPPRESS_DATASOURCE_ERRORS)) failed(declared, problem)
      for (const listener of [...listeners]) if (data !== undefined) listener()
      throw error
    }
  }
  const nothing = (): never => {
    throw new Error(problem ?? `${declared.name} takes no data.`)
  }
  const source: Source = {
    id: declared.id,
    name: declared.name,
    type: declared.type,
    settings,
    get lastUpdated() {
      return updated
    },
    latestData: () => data,
    problem: () => problem,
    sendData: (payload) => attempt(() => (kind.send === undefined ? nothing() : kind.send(payload))),
    refresh: () => (kind.load === undefined ? Promise.resolve(data) : attempt(() => kind.load!(kind.payload?.()))),
    follow(listener, more = {}) {
      listeners.add(listener)
      if (data !== undefined && more.later !== true) listener()
      return () => listeners.delete(listener)
    },
  }
  return {
    source,
    start(sources: Sources) {
      if (kind.join !== undefined) ends.push(kind.join(sources, (fresh) => void take(fresh).catch(() => {})))
      if (kind.load === undefined) return
      const seconds = number(settings.refresh_interval, 0)
      const quietly = () => void source.refresh().catch(() => {})
      if (kind.loadsAtStart ?? flag(settings.CALL_ON_LOAD, true)) quietly()
      if (seconds <= 0) return
      const timer = setInterval(quietly, Math.min(longestIntervalMs, Math.max(shortestIntervalMs, seconds * 1_000)))
      ends.push(() => clearInterval(timer))
    },
    stop() {
      for (const end of ends.splice(0)) end()
    },
  }
}
