/** Attempts to sign in, followed as they happen: the newest of them in memory, asked for again every second. */
import { useEffect, useState } from 'react'
import { ask } from '../../api.ts'

export type Decision = 'granted' | 'more' | 'refused' | 'failed'

/** One attempt, as `GET /admin/v/4/system/KEY/sign-ins` answers it. Times in milliseconds. */
export type Trace = {
  id: string
  at: number
  decision: Decision
  door: string
  address: string
  userAgent: string
  userId?: string
  phase?: number
  service?: string
  version?: number
  why: string
  advice?: string
  denied?: string[]
  factors?: string[]
  steps: { step: string; ms: number }[]
}

const pauseMs = 1_000
const most = 2_000
const pageSize = 500

/** An attempt is dated by its beginning and written at its end, so each round looks back a little. */
const lookBackMs = 3_000
/** And now and then further, for those that took long. */
const longLookBackMs = 70_000
const longEvery = 20

const merge = (known: readonly Trace[], fresh: readonly Trace[], keep: number): Trace[] => {
  const seen = new Set(known.map(({ id }) => id))
  const added = fresh.filter(({ id }) => !seen.has(id))
  if (added.length === 0) return known as Trace[]
  return [...added, ...known].sort((one, other) => other.at - one.at).slice(0, keep)
}

export function useTraces(key: string) {
  const [traces, setTraces] = useState<Trace[]>()
  const [error, setError] = useState<unknown>()
  const [hasOlder, setHasOlder] = useState(false)
  useEffect(() => {
    const ended = new AbortController()
    const { signal } = ended
    let timer: ReturnType<typeof setTimeout> | undefined
    let newest: number | undefined
    let round = 0
    const look = async (): Promise<void> => {
      try {
        const back = round % longEvery === 0 ? longLookBackMs : lookBackMs
        const since = newest === undefined ? '' : `&since=${Math.max(0, newest - back)}`
        const fresh = await ask<Trace[]>(`/admin/v/4/system/${key}/sign-ins?limit=${pageSize}${since}`, { signal })
        if (newest === undefined) setHasOlder(fresh.length === pageSize)
        newest = Math.max(newest ?? 0, fresh[0]?.at ?? 0)
        setTraces((known) => merge(known ?? [], fresh, most))
        setError(undefined)
      } catch (cause) {
        if (signal.aborted) return
        setError(cause)
      }
      round += 1
      if (!signal.aborted) timer = setTimeout(look, pauseMs)
    }
    setTraces(undefined)
    void look()
    return () => {
      ended.abort()
      clearTimeout(timer)
    }
  }, [key])
  const loadOlder = async (): Promise<void> => {
    const oldest = traces?.at(-1)?.at
    if (oldest === undefined) return
    const older = await ask<Trace[]>(`/admin/v/4/system/${key}/sign-ins?limit=${pageSize}&before=${oldest}`)
    setHasOlder(older.length === pageSize)
    setTraces((known) => merge(known ?? [], older, (known?.length ?? 0) + pageSize))
  }
  return { traces, error, hasOlder, loadOlder }
}

export const decisions: Record<Decision, { word: string; color: string; paint: string }> = {
  granted: { word: 'granted', color: 'teal', paint: 'var(--mantine-color-teal-6)' },
  more: { word: 'next step', color: 'blue', paint: 'var(--mantine-color-blue-5)' },
  refused: { word: 'refused', color: 'orange', paint: 'var(--mantine-color-orange-6)' },
  failed: { word: 'failed', color: 'red', paint: 'var(--mantine-color-red-7)' },
}

export const tookMs = ({ steps }: Trace): number => steps.reduce((sum, { ms }) => sum + ms, 0)

const doors: Record<string, string> = {
  password: 'sign-in',
  registration: 'registration',
  anonymous: 'anonymous session',
  refresh: 'refreshed session',
  service: 'by a service',
  code: 'by code',
}

export const doorWords = (door: string): string => (Object.hasOwn(doors, door) ? doors[door]! : door)
