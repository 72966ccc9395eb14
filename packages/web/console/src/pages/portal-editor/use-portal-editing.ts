/** The portal in the editor and the state that it was made from: what is unsaved, undoing, and saving. */
import { useDebouncedCallback } from '@mantine/hooks'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo, useRef, useState } from 'react'
import { dropDraft, keepDraft, readDraft } from './drafts.ts'
import type { Config } from './model/config.ts'
import { begin, redo, step, undo } from './model/history.ts'
import { isSame, type Stored, textOf, type Work, workOf } from './model/portal.ts'
import { type Base, portalQuery, savePortal } from './portal-api.ts'

const baseOf = (stored: Stored): Base => ({ work: workOf(stored), hash: stored.content_hash })

/** `current` is what the node has now; it may be newer than what the work was made from. */
export function usePortalEditing(key: string, name: string, current: Stored) {
  const queries = useQueryClient()
  const [base, setBase] = useState(() => baseOf(current))
  const [history, setHistory] = useState(() => begin(base.work))
  const [draft, setDraft] = useState(() => readDraft(key, name))
  const { now } = history
  const dirty = useMemo(() => !isSame(base.work, now), [base.work, now])
  const isOld = useMemo(() => draft === undefined || isSame(draft.work, now), [draft, now])
  const steps = history.past.length + history.future.length
  // Hashes that were saved over here: where an answer still says one, it is older than what is here.
  const passed = useRef(new Set<string>())
  const isPassed = passed.current.has(current.content_hash)
  // Read when an answer arrives, by when more may have been edited.
  const newest = useRef(now)
  newest.current = now

  const keep = useDebouncedCallback(
    (work: Work, hash: string) => keepDraft(key, name, { hash, work, at: Date.now() }),
    400,
  )

  useEffect(() => {
    if (dirty) keep(now, base.hash)
    else if (steps > 0) {
      keep.cancel()
      dropDraft(key, name)
    }
  }, [now, base.hash, dirty, steps, keep, key, name])

  function forget(): void {
    setDraft(undefined)
    keep.cancel()
    dropDraft(key, name)
  }

  const save = useMutation({
    /** `over`: on top of what is current now, whatever the work was made from. */
    mutationFn: async ({ over = false }: { over?: boolean }) => {
      const work = newest.current
      const onto = over ? baseOf(current) : base
      const answer = await savePortal(key, name, onto, work)
      const { queryKey } = portalQuery(key, name)
      await queries.cancelQueries({ queryKey })
      if (answer.kind === 'stale') {
        await queries.refetchQueries({ queryKey, exact: true })
        return answer
      }
      passed.current.add(onto.hash)
      setBase({ work, hash: answer.hash })
      const { description, type } = work
      queries.setQueryData<Stored>(queryKey, (old) =>
        old === undefined ? old : { ...old, description, type, config: textOf(work), content_hash: answer.hash },
      )
      void queries.invalidateQueries({ queryKey: ['portals', key] })
      if (newest.current === work) forget()
      return answer
    },
  })

  // What somebody else saved comes in by itself, unless there is work here that it would overwrite.
  useEffect(() => {
    if (save.isPending || dirty || isPassed || current.content_hash === base.hash) return
    const next = baseOf(current)
    setBase(next)
    setHistory(begin(next.work))
  }, [current, base.hash, dirty, isPassed, save.isPending])

  const editWork = (make: (work: Work) => Work, joins?: string): void =>
    setHistory((held) => step(held, make(held.now), joins))

  return {
    work: now,
    dirty,
    save,
    /** Somebody else's state is current, and there is unsaved work here. */
    overtaken: dirty && !save.isPending && !isPassed && current.content_hash !== base.hash,
    editWork,
    edit: (make: (config: Config) => Config, joins?: string): void =>
      editWork((work) => {
        const config = make(work.config)
        return config === work.config ? work : { ...work, config }
      }, joins),
    canUndo: history.past.length > 0,
    canRedo: history.future.length > 0,
    undo: () => setHistory(undo),
    redo: () => setHistory(redo),
    draft: isOld ? undefined : draft,
    restoreDraft(): void {
      if (draft === undefined) return
      // Made from another state: so that saving asks, the base is that one.
      if (draft.hash !== base.hash) setBase({ ...base, hash: draft.hash })
      setHistory((held) => step(held, draft.work))
      setDraft(undefined)
    },
    forget,
    /** Shows what is current and forgets the work here. */
    takeCurrent(): void {
      const next = baseOf(current)
      setBase(next)
      setHistory(begin(next.work))
      forget()
    },
  }
}

export type Editing = ReturnType<typeof usePortalEditing>
