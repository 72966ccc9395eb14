/** One row of the grid. */
// biome-ignore-all lint/a11y/useSemanticElements: a table cannot hold rows that are not there
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the keyboard, and names its active cell
// biome-ignore-all lint/a11y/useKeyWithClickEvents: the keys are the grid's
import { ActionIcon, Checkbox } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import { IconCheck, IconCopy } from '@tabler/icons-react'
import { CellInput } from './cell-input.tsx'
import classes from './data.module.css'
import type { Column, Row } from './data-api.ts'
import type { Cells, Editing } from './use-cells.ts'
import { shown } from './values.ts'

/** Of the column with the boxes to select rows by. */
export const selectWidth = 40

export const widthOf = ({ PK, ColumnType }: Column): number => (PK ? 150 : ColumnType === 'bool' ? 130 : 200)

export const cellId = (index: number, column: number): string => `cell-${index}-${column}`

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
  editing: Editing | undefined
  cells: Cells
  onActive: (column: number) => void
  onBegin: (column: number) => void
  onSelect: () => void
  /** To the cell so many further on. */
  onNext: (step: number) => void
}

const numeric = new Set(['int', 'bigint', 'float', 'double'])

export function GridRow(props: Props) {
  const { index, top, width, row, columns, activeColumn, selected, editing, cells } = props
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected}
      className={`${classes.row} ${selected ? classes.selected : ''}`}
      style={{ transform: `translateY(${top}px)`, width, zIndex: editing === undefined ? undefined : 2 }}
    >
      <div role="gridcell" aria-colindex={1} className={classes.cell} style={{ width: selectWidth }}>
        <Checkbox
          size="xs"
          tabIndex={-1}
          aria-label={`Select row ${index + 1}`}
          disabled={row === undefined}
          checked={selected}
          onChange={props.onSelect}
        />
      </div>
      {columns.map((column, at) => {
        const value = row?.[column.ColumnName]
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
            onClick={() => !isEdited && props.onActive(at)}
            onDoubleClick={() => !isEdited && props.onBegin(at)}
          >
            {isEdited && editing !== undefined ? (
              <CellInput editing={editing} cells={cells} onNext={props.onNext} />
            ) : row === undefined ? (
              <span className={classes.none}>…</span>
            ) : column.PK ? (
              <ItemId id={row.item_id} />
            ) : (
              <Value value={value} />
            )}
          </div>
        )
      })}
    </div>
  )
}

/** What is longer than a cell shows is cut before it becomes part of the page. */
const longestShown = 300

function Value({ value }: { value: unknown }) {
  if (value === null || value === undefined) return <span className={classes.none}>null</span>
  const text = shown(value)
  return <span title={text.slice(0, longestShown)}>{text.slice(0, longestShown)}</span>
}

function ItemId({ id }: { id: string }) {
  const { copy, copied } = useClipboard({ timeout: 1500 })
  const label = copied ? 'Copied' : `Copy item ID ${id}`
  return (
    <>
      <span title={id}>{id}</span>
      <ActionIcon variant="subtle" size="sm" tabIndex={-1} aria-label={label} title={label} onClick={() => copy(id)}>
        {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
      </ActionIcon>
    </>
  )
}
