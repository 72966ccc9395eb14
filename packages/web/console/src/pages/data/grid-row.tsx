/** One row of the grid. */
// biome-ignore-all lint/a11y/useSemanticElements: a table cannot hold rows that are not there
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the keyboard, and names its active cell
// biome-ignore-all lint/a11y/useKeyWithClickEvents: the keys are the grid's
import { IconCheck, IconCopy } from '@tabler/icons-react'
import { memo, useEffect, useState } from 'react'
import { CellInput } from './cell-input.tsx'
import classes from './data.module.css'
import type { Column, Row } from './data-api.ts'
import type { Cells, Editing } from './use-cells.ts'
import { shown } from './values.ts'

export const numeric: ReadonlySet<string> = new Set(['int', 'bigint', 'float', 'double'])

/** Of the column with the boxes to select rows by. */
export const selectWidth = 40

/** Room for the head, and for what such values usually need. */
export function widthOf({ PK, ColumnName, ColumnType }: Column): number {
  const head = 8.5 * (ColumnName.length + ColumnType.length + 3) + 36
  const values = PK ? 160 : numeric.has(ColumnType) || ColumnType === 'bool' ? 110 : 210
  return Math.round(Math.min(Math.max(head, values), 320))
}

export const cellId = (index: number, column: number): string => `cell-${index}-${column}`

/** What a row asks of its grid. The same object for the life of the grid, so that a row is drawn when it changes alone. */
export type RowActions = {
  activate(index: number, column: number): void
  begin(index: number, column: number): void
  select(index: number): void
  /** To the cell so many further on in the row. */
  next(index: number, step: number): void
}

type Props = {
  index: number
  top: number
  width: number
  /** undefined: not read yet. */
  row: Row | undefined
  columns: Column[]
  /** -1: none. */
  activeColumn: number
  selected: boolean
  /** Both where a cell of this row is being written. */
  editing: Editing | undefined
  cells: Cells | undefined
  actions: RowActions
}

export const GridRow = memo(function GridRow(props: Props) {
  const { index, top, width, row, columns, activeColumn, selected, editing, cells, actions } = props
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected}
      className={`${classes.row} ${selected ? classes.selected : ''}`}
      style={{ transform: `translateY(${top}px)`, width, zIndex: editing === undefined ? undefined : 2 }}
    >
      <div role="gridcell" aria-colindex={1} className={classes.cell} style={{ width: selectWidth }}>
        <input
          type="checkbox"
          tabIndex={-1}
          aria-label={`Select row ${index + 1}`}
          disabled={row === undefined}
          checked={selected}
          onChange={() => actions.select(index)}
        />
      </div>
      {columns.map((column, at) => {
        const isEdited = editing?.column.ColumnName === column.ColumnName
        return (
          <div
            key={column.ColumnName}
            id={cellId(index, at)}
            role="gridcell"
            aria-colindex={at + 2}
            aria-readonly={column.PK}
            className={`${classes.cell} ${at === activeColumn ? classes.active : ''} ${
              numeric.has(column.ColumnType) ? classes.number : ''
            }`}
            style={{ width: widthOf(column) }}
            onClick={(event) => {
              if (isEdited) return
              // A finger has no double click: a second tap on the same cell begins.
              const byFinger = (event.nativeEvent as PointerEvent).pointerType === 'touch'
              if (byFinger && at === activeColumn) actions.begin(index, at)
              else actions.activate(index, at)
            }}
            onDoubleClick={() => !isEdited && actions.begin(index, at)}
          >
            {isEdited && cells !== undefined ? (
              <CellInput editing={editing} cells={cells} onNext={(step) => actions.next(index, step)} />
            ) : row === undefined ? (
              <span className={classes.none}>…</span>
            ) : column.PK ? (
              <ItemId id={row.item_id} />
            ) : (
              <Value value={row[column.ColumnName]} />
            )}
          </div>
        )
      })}
    </div>
  )
})

/** What is longer than a cell shows is cut before it becomes part of the page. */
const longestShown = 300

function Value({ value }: { value: unknown }) {
  if (value === null || value === undefined) return <span className={classes.none}>null</span>
  const text = shown(value).slice(0, longestShown)
  return <span title={text}>{text}</span>
}

function ItemId({ id }: { id: string }) {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const over = setTimeout(() => setCopied(false), 1500)
    return () => clearTimeout(over)
  }, [copied])
  const label = copied ? 'Copied' : `Copy item ID ${id}`
  return (
    <>
      <span title={id}>{id}</span>
      <button
        type="button"
        className={classes.copy}
        tabIndex={-1}
        aria-label={label}
        title={label}
        onClick={() => void navigator.clipboard?.writeText(id).then(() => setCopied(true))}
      >
        {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
      </button>
    </>
  )
}
