/** Attempts to sign in, followed as they happen: the newest of them in memory. */
import { useState } from 'react'
import { ask } from '../../api.ts'
import { useFollowed } from '../../frame/follow.ts'

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
  /** As `password totp`. */
  factors?: string
  /** Where it was an edge that told it. */
  edge?: string
  steps: { step: string; ms: number }[]
}

const most = 2_000
const pageSize = 500

export function useTraces(key: string) {
  const { rows: traces, error, add } = useFollowed<Trace>(key, 'sign-ins', most)
  const [more, setMore] = useState<boolean>()
  const loadOlder = async (): Promise<void> => {
    const oldest = traces?.at(-1)?.at
    if (oldest === undefined) return
    const older = await ask<Trace[]>(`/admin/v/4/system/${key}/sign-ins?limit=${pageSize}&before=${oldest}`)
    setMore(older.length === pageSize)
    add(older)
  }
  // What was there at the beginning is a page; whether there is more is known once it was asked for.
  const hasOlder = more ?? (traces?.length ?? 0) >= pageSize
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
