/** Writing one cell: what is being written, what is wrong with it, and what somebody else wrote meanwhile. */
import { notifications } from '@mantine/notifications'
import { useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { ApiError } from '../../api.ts'
import { type Column, type Row, rowsKey, writeCell } from './data-api.ts'
import { typed } from './values.ts'

export type Editing = {
  index: number
  row: Row
  column: Column
  /** What the cell held when the writing began. */
  before: unknown
  /** In a dialog rather than in the cell. */
  wide: boolean
  /** Typed before the box was there; replaces the value. */
  text?: string
}

/** Somebody else's value is in the cell; `mine` is not written. */
export type Stale = { editing: Editing; now: unknown; mine: unknown }

export type Cells = ReturnType<typeof useCells>

/** `onEnd`: the grid has the keyboard again. */
export function useCells(id: string, onEnd: () => void) {
  const queries = useQueryClient()
  const [editing, setEditing] = useState<Editing>()
  const [wrong, setWrong] = useState('')
  const [writing, setWriting] = useState(false)
  const [stale, setStale] = useState<Stale>()

  // A box that goes away loses the keyboard, which counts as leaving it; what is over by then is not written again.
  const live = useRef<'open' | 'writing' | undefined>(undefined)

  function end(): void {
    live.current = undefined
    setEditing(undefined)
    setWrong('')
    onEnd()
  }

  async function put(what: Editing, value: unknown, over: boolean): Promise<void> {
    const { row, column, before } = what
    live.current = 'writing'
    setWriting(true)
    try {
      const written = await writeCell(id, { itemId: row.item_id, column, before, value, over })
      if (written.kind === 'changed') setStale({ editing: what, now: written.now, mine: value })
      else setStale(undefined)
      if (written.kind === 'gone') {
        notifications.show({ color: 'orange', title: 'Nothing was written', message: 'The row is gone meanwhile.' })
      }
      if (written.kind === 'written') {
        const name = column.ColumnName
        const place = (rows: Row[] | number | undefined) =>
          Array.isArray(rows)
            ? rows.map((one) => (one.item_id === row.item_id ? { ...one, [name]: value } : one))
            : rows
        queries.setQueriesData<Row[] | number>({ queryKey: rowsKey(id) }, place)
      }
      void queries.invalidateQueries({ queryKey: rowsKey(id) })
      end()
    } catch (error) {
      live.current = 'open'
      setWrong(error instanceof ApiError ? `${error.message} ${error.hint}`.trim() : String(error))
    } finally {
      setWriting(false)
    }
  }

  return {
    editing,
    wrong,
    writing,
    stale,
    begin(what: Editing): void {
      live.current = 'open'
      setWrong('')
      setEditing(what)
    },
    /** Goes on in a dialog, with what was typed so far. */
    widen: (text: string) => editing !== undefined && setEditing({ ...editing, wide: true, text }),
    cancel: end,
    /** Writes the text as the column's type takes it; `null` is no value. */
    async write(text: string | null): Promise<void> {
      if (editing === undefined || live.current !== 'open') return
      const { column, before } = editing
      let value: unknown
      try {
        value = text === null ? null : typed(column.ColumnType, text)
      } catch (error) {
        setWrong((error as Error).message)
        return
      }
      const isUntouched = text === '' && before === null
      if (isUntouched || JSON.stringify(value) === JSON.stringify(before)) return end()
      await put(editing, value, false)
    },
    keepTheirs: () => setStale(undefined),
    writeMine: () => stale !== undefined && put(stale.editing, stale.mine, true),
  }
}
