/** The grid: rows of a collection as far as they are in sight, moved through by mouse, finger or keyboard. */
// biome-ignore-all lint/a11y/useSemanticElements: a table cannot hold rows that are not there
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the keyboard, and names its active cell
// biome-ignore-all lint/a11y/useKeyWithClickEvents: the keys are the grid's
import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { Failure } from '../../frame/failure.tsx'
import { CellDialog } from './cell-dialog.tsx'
import classes from './data.module.css'
import type { Column, Row, View } from './data-api.ts'
import { GridHead } from './grid-head.tsx'
import { cellId, GridRow, type RowActions, selectWidth, widthOf } from './grid-row.tsx'
import { StaleCell } from './stale-cell.tsx'
import { useCells } from './use-cells.ts'
import { useRows } from './use-rows.ts'
import { needsRoom, shown } from './values.ts'

type Props = {
  id: string
  name: string
  columns: Column[]
  count: number
  view: View
  onView: (view: View) => void
  selected: ReadonlySet<string>
  onSelect: (selected: ReadonlySet<string>) => void
}

const rowHeight = 34

export function Grid({ id, name, columns, count, view, onView, selected, onSelect }: Props) {
  const scroller = useRef<HTMLDivElement>(null)
  const [active, setActive] = useState({ index: 0, column: 0 })
  const cells = useCells(id, () => scroller.current?.focus())
  const { editing } = cells
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 10,
    scrollPaddingStart: 36,
    // A cell that is being written stays, wherever one scrolls.
    rangeExtractor: (range) => {
      const seen = defaultRangeExtractor(range)
      const at = editing?.index
      return at === undefined || seen.includes(at) || at >= count ? seen : [...seen, at].sort((a, b) => a - b)
    },
  })
  // Other rows, or another order: from the top.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the scrolling is not what it waits for
  useEffect(() => {
    virtual.scrollToOffset(0)
    setActive({ index: 0, column: 0 })
  }, [view])
  const items = virtual.getVirtualItems()
  const isActiveInPage = items.some(({ index }) => index === active.index)
  const { startIndex = 0, endIndex = 0 } = virtual.range ?? {}
  const rows = useRows(id, view, startIndex, Math.max(endIndex, 0), editing !== undefined)
  const width = selectWidth + columns.reduce((sum, column) => sum + widthOf(column), 0)

  function select(row: Row): void {
    const next = new Set(selected)
    if (!next.delete(row.item_id)) next.add(row.item_id)
    onSelect(next)
  }

  function begin(index: number, at: number, text?: string): void {
    const row = rows.at(index)
    const column = columns[at]
    if (row === undefined || column === undefined || column.PK) return
    const before = row[column.ColumnName]
    cells.begin({
      index,
      row,
      column,
      before,
      wide: needsRoom(column.ColumnType, before),
      ...(text !== undefined && { text }),
    })
  }

  function go(index: number, column: number): void {
    const to = { index: clamp(index, count - 1), column: clamp(column, columns.length - 1) }
    setActive(to)
    virtual.scrollToIndex(to.index)
    const left = selectWidth + columns.slice(0, to.column).reduce((sum, one) => sum + widthOf(one), 0)
    const box = scroller.current!
    const right = left + widthOf(columns[to.column]!)
    if (left < box.scrollLeft) box.scrollLeft = to.column === 0 ? 0 : left
    else if (right > box.scrollLeft + box.clientWidth) box.scrollLeft = right - box.clientWidth
  }

  // Rows hold on to one object; what it does is always the newest.
  const newest = useRef<RowActions>(undefined)
  newest.current = {
    activate(index, column) {
      setActive({ index, column })
      scroller.current?.focus({ preventScroll: true })
    },
    begin,
    select(index) {
      const row = rows.at(index)
      if (row !== undefined) select(row)
    },
    next: (index, step) => go(index, active.column + step),
  }
  const [actions] = useState<RowActions>(() => ({
    activate: (index, column) => newest.current?.activate(index, column),
    begin: (index, column) => newest.current?.begin(index, column),
    select: (index) => newest.current?.select(index),
    next: (index, step) => newest.current?.next(index, step),
  }))

  function onKeyDown(event: KeyboardEvent): void {
    // What is pressed within a cell's own box or button is its own business.
    if (event.target !== scroller.current || count === 0) return
    const { index, column } = active
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight) - 2)
    const moves: Record<string, [number, number]> = {
      ArrowUp: [index - 1, column],
      ArrowDown: [index + 1, column],
      ArrowLeft: [index, column - 1],
      ArrowRight: [index, column + 1],
      PageUp: [index - page, column],
      PageDown: [index + page, column],
      Home: [event.ctrlKey ? 0 : index, 0],
      End: [event.ctrlKey ? count - 1 : index, columns.length - 1],
    }
    const move = moves[event.key]
    const row = rows.at(index)
    if (move !== undefined) go(...move)
    else if (event.key === 'Enter' || event.key === 'F2') begin(index, column)
    else if (event.key === ' ' && row !== undefined) select(row)
    else if (event.key === 'c' && (event.ctrlKey || event.metaKey) && row !== undefined) {
      void navigator.clipboard?.writeText(shown(row[columns[column]!.ColumnName]))
    } else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey)
      begin(index, column, event.key)
    else return
    event.preventDefault()
  }

  return (
    <>
      {rows.error !== null && <Failure error={rows.error} title="The rows cannot be read" />}
      <div
        ref={scroller}
        role="grid"
        aria-label={`Rows of ${name}`}
        aria-rowcount={count + 1}
        aria-colcount={columns.length + 1}
        aria-activedescendant={isActiveInPage ? cellId(active.index, active.column) : undefined}
        aria-multiselectable
        tabIndex={0}
        className={classes.grid}
        onKeyDown={onKeyDown}
      >
        <GridHead columns={columns} width={width} view={view} onView={onView} />
        <div role="rowgroup" style={{ position: 'relative', height: virtual.getTotalSize(), width, minWidth: '100%' }}>
          {items.map(({ index, start }) => {
            const row = rows.at(index) ?? (editing?.index === index ? editing.row : undefined)
            return (
              <GridRow
                key={index}
                index={index}
                top={start}
                width={width}
                row={row}
                columns={columns}
                activeColumn={active.index === index ? active.column : -1}
                selected={row !== undefined && selected.has(row.item_id)}
                editing={editing?.index === index && !editing.wide ? editing : undefined}
                cells={editing?.index === index && !editing.wide ? cells : undefined}
                actions={actions}
              />
            )
          })}
        </div>
      </div>
      <CellDialog cells={cells} />
      <StaleCell cells={cells} />
    </>
  )
}

const clamp = (value: number, most: number): number => Math.min(Math.max(value, 0), Math.max(most, 0))
