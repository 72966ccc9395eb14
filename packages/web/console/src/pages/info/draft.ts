/**
 * Settings while somebody edits them. What was changed is kept beside what it was when the edit began, so that an edit
 * of somebody else is noticed, here and (`if_unchanged`) by the node in the very step that saves.
 */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ApiError, ask, errorCodes } from '../../api.ts'
import { type Settings, systemQuery, useSystemKey } from '../../frame/system-frame.tsx'
import { tellDone } from '../../frame/tell.ts'

export type Name = keyof Settings
export type Clash = { name: Name; mine: unknown; theirs: unknown }

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

const pick = (from: Settings, names: readonly Name[]): Partial<Settings> =>
  Object.fromEntries(names.map((name) => [name, from[name]])) as Partial<Settings>

export function useSettingsDraft(saved: string) {
  const key = useSystemKey()
  const queries = useQueryClient()
  const query = systemQuery(key)
  // Another developer may be at it: what he saves is noticed while this page stands open.
  const now = useQuery({ ...query, refetchInterval: 10_000 }).data!
  const [draft, setDraft] = useState<Partial<Settings>>({})
  const [base, setBase] = useState<Partial<Settings>>({})
  const names = Object.keys(draft) as Name[]
  const clashes: Clash[] = names
    .filter((name) => !isSame(base[name], now[name]) && !isSame(draft[name], now[name]))
    .map((name) => ({ name, mine: draft[name], theirs: now[name] }))
  const reset = (): void => {
    setDraft({})
    setBase({})
  }
  const save = useMutation({
    mutationFn: (more: object) =>
      ask('/admin/v/4/systemmanagement', { method: 'PUT', body: { id: key, ...draft, ...more, if_unchanged: base } }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: query.queryKey })
      await queries.invalidateQueries({ queryKey: ['systems'] })
      reset()
      tellDone(saved)
    },
    onError: async (error) => {
      // What the others saved is fetched, and then shown beside what stands here.
      if (error instanceof ApiError && error.code === errorCodes.conflict)
        await queries.invalidateQueries({ queryKey: query.queryKey })
    },
  })
  return {
    now,
    values: { ...now, ...draft } as Settings,
    isChanged: names.length > 0,
    clashes,
    set<N extends Name>(name: N, value: Settings[N]): void {
      save.reset()
      const { [name]: _, ...others } = draft
      if (isSame(value, now[name])) setDraft(others)
      else setDraft({ ...draft, [name]: value })
      if (!(name in draft)) setBase({ ...base, [name]: now[name] })
    },
    reset,
    /** Goes on with the own values, in the knowledge of theirs. */
    keepMine: (): void => {
      save.reset()
      setBase(pick(now, names))
    },
    save,
  }
}

export type Draft = ReturnType<typeof useSettingsDraft>
