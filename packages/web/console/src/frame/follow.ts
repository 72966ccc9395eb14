/**
 * What happens in a system, followed as it comes: one answer of the node that goes on, with the token in its header as ever. A
 * connection that is cut is asked for again from where it was; while nobody sees the page there is none, since a browser has
 * few for one place.
 */
import { useEffect, useState } from 'react'
import { ApiError, readJson, send } from '../api.ts'
import { linesOf } from '../lines.ts'

/** `at` in milliseconds. */
export type Row = { id: string; at: number }

type Line<T> = { rows?: T[]; beat?: true; end?: string }

/** The node says something every 15 seconds; a connection that is silent for longer is dead. */
const silentMs = 40_000
const pauseMs = 1_000
const longPauseMs = 5_000

/** Newest first; the very same list where nothing is new. */
export function merged<T extends Row>(known: readonly T[], fresh: readonly T[], keep: number): T[] {
  const seen = new Set(known.map(({ id }) => id))
  const added = fresh.filter(({ id }) => !seen.has(id))
  if (added.length === 0) return known as T[]
  return [...added, ...known].sort((one, other) => other.at - one.at).slice(0, keep)
}

/** `rows` is undefined until the node has answered. `restart` begins anew, for what was removed meanwhile. */
export function useFollowed<T extends Row>(key: string, what: 'sign-ins' | 'failed-runs' | 'inbox', keep: number) {
  const [rows, setRows] = useState<T[]>()
  const [error, setError] = useState<unknown>()
  const [begun, setBegun] = useState(0)
  // biome-ignore lint/correctness/useExhaustiveDependencies: `begun` is there to begin anew
  useEffect(() => {
    setRows(undefined)
    setError(undefined)
    let newest: number | undefined
    const take = (fresh: T[]): void => {
      for (const { at } of fresh) newest = Math.max(newest ?? 0, at)
      setRows((known) => merged(known ?? [], fresh, keep))
      setError(undefined)
    }
    const path = () =>
      `/admin/v/4/system/${key}/follow/${what}${newest === undefined ? '' : `?after=${Math.floor(newest)}`}`
    return whileSeen((signal) => goOn(path, take, setError, signal))
  }, [key, what, keep, begun])
  const add = (older: T[]): void => setRows((known) => merged(known ?? [], older, (known?.length ?? 0) + older.length))
  return { rows, error, add, restart: () => setBegun((count) => count + 1) }
}

/** Something that is as it is, and by its id: the node tells of it again when it is another, and with `gone` when it is not. */
export type Thing = { id: string; gone?: boolean }

/** By id; undefined until the node has answered. Whoever was cut off is told of all of them anew. */
export function useFollowedThings<T extends Thing>(key: string, what: 'edges') {
  const [things, setThings] = useState<ReadonlyMap<string, T>>()
  const [error, setError] = useState<unknown>()
  useEffect(() => {
    setThings(undefined)
    setError(undefined)
    let isFirst = true
    const take = (rows: (T & Row)[]): void => {
      const known = isFirst
      isFirst = false
      setThings((before) => changed(known ? undefined : before, rows))
      setError(undefined)
    }
    const path = (): string => {
      isFirst = true
      return `/admin/v/4/system/${key}/follow/${what}`
    }
    return whileSeen((signal) => goOn(path, take, setError, signal))
  }, [key, what])
  return { things, error }
}

function changed<T extends Thing>(before: ReadonlyMap<string, T> | undefined, rows: readonly T[]): Map<string, T> {
  const after = new Map(before)
  for (const row of rows) {
    if (row.gone === true) after.delete(row.id)
    else after.set(row.id, row)
  }
  return after
}

/** Runs while the page is to be seen; answers what ends it. */
function whileSeen(run: (signal: AbortSignal) => Promise<void>): () => void {
  let running: AbortController | undefined
  const look = (): void => {
    if (document.visibilityState === 'hidden') {
      running?.abort()
      running = undefined
    } else if (running === undefined) {
      running = new AbortController()
      void run(running.signal)
    }
  }
  document.addEventListener('visibilitychange', look)
  look()
  return () => {
    document.removeEventListener('visibilitychange', look)
    running?.abort()
  }
}

async function goOn<T>(
  path: () => string,
  take: (rows: T[]) => void,
  tellError: (error: unknown) => void,
  ended: AbortSignal,
): Promise<void> {
  while (!ended.aborted) {
    let pause = pauseMs
    try {
      await followOnce(path(), take, ended)
    } catch (cause) {
      if (ended.aborted) return
      tellError(cause)
      if (cause instanceof ApiError && cause.status >= 400) pause = longPauseMs
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pause)
      ended.addEventListener('abort', () => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}

async function followOnce<T>(path: string, take: (rows: T[]) => void, ended: AbortSignal): Promise<void> {
  const dead = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const alive = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => dead.abort(), silentMs)
  }
  alive()
  try {
    const signal = AbortSignal.any([ended, dead.signal])
    const response = await send(path, { accept: 'application/x-ndjson', signal })
    for await (const text of linesOf(response)) {
      alive()
      const line = readJson(text) as Line<T> | undefined
      if (Array.isArray(line?.rows)) take(line.rows)
      if (typeof line?.end === 'string') throw new ApiError(401, line.end, '', '')
    }
  } catch (cause) {
    // Silence is a cut as any other.
    if (!dead.signal.aborted) throw cause
  } finally {
    clearTimeout(timer)
  }
}
