/** The text in the editor and the version that it was made from: what is unsaved, and saving it. */
import type { Text } from '@codemirror/state'
import { useDebouncedCallback } from '@mantine/hooks'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import { type Unit, type UnitPlace, unitQuery } from './code-api.ts'
import { dropDraft, keepDraft, readDraft } from './drafts.ts'
import type { EditorHandle } from './editor.tsx'
import { saveUnit } from './save.ts'

/** `current` is what the node has now; it may be newer than what the text was made from. */
export function useEditing(place: UnitPlace, current: Unit) {
  const queries = useQueryClient()
  const editor = useRef<EditorHandle>(null)
  const [base, showBase] = useState(current)
  // Read by what the editor calls, which may be before the next render.
  const newestBase = useRef(current)
  const [dirty, setDirty] = useState(false)
  const [draft, setDraft] = useState(() => readDraft(place))

  const keep = useDebouncedCallback((doc: Text) => {
    const { code, version } = newestBase.current
    const text = doc.toString()
    if (text === code) dropDraft(place)
    else keepDraft(place, { version, text, at: Date.now() })
  }, 400)

  const setBase = useCallback((unit: Unit): void => {
    newestBase.current = unit
    showBase(unit)
  }, [])

  const edited = (doc: Text): void => {
    const { code } = newestBase.current
    setDirty(doc.length !== code.length || doc.toString() !== code)
    keep(doc)
  }

  const save = useMutation({
    /** `over`: on top of what is current now, whatever the text was made from. */
    mutationFn: async ({ over = false }: { over?: boolean }) => {
      const code = editor.current!.text()
      const answer = await saveUnit(queries, place, over ? current.version : newestBase.current.version, { code })
      if (answer.kind === 'saved') {
        const { version, problem } = answer
        setBase({ ...current, code, version, problem })
        setDirty(editor.current?.text() !== code)
        forget()
      } else await queries.refetchQueries({ queryKey: unitQuery(place).queryKey, exact: true })
      return answer
    },
  })

  const overtaken = dirty && !save.isPending && current.version !== base.version && current.code !== base.code

  // What somebody else saved comes in by itself, unless there is text here that it would overwrite.
  useEffect(() => {
    if (save.isPending || current === newestBase.current) return
    const sameText = current.code === newestBase.current.code
    if (dirty && !sameText) return
    setBase(current)
    if (!sameText) editor.current?.replace(current.code)
  }, [current, dirty, save.isPending, setBase])

  function forget(): void {
    setDraft(undefined)
    keep.cancel()
    dropDraft(place)
  }

  return {
    editor,
    base,
    dirty,
    /** Somebody else's version is current, and there is unsaved text here. */
    overtaken,
    edited,
    save,
    draft: draft === undefined || draft.text === base.code ? undefined : draft,
    restoreDraft(): void {
      if (draft === undefined) return
      // Made from another version, of which the text is not at hand: so that saving asks, the base is no text of anybody.
      if (draft.version !== base.version) setBase({ ...base, version: draft.version, code: '', problem: undefined })
      editor.current?.replace(draft.text)
      setDraft(undefined)
    },
    forget,
    /** Shows what is current and forgets the text here. */
    takeCurrent(): void {
      setBase(current)
      editor.current?.replace(current.code)
      setDirty(false)
    },
  }
}
