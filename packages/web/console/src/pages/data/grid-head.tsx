/** The head of the grid: `name (type)` of each column; a click sorts by it. */
// biome-ignore-all lint/a11y/useSemanticElements: a table cannot hold rows that are not there
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the keyboard, and names its active cell
// biome-ignore-all lint/a11y/useKeyWithClickEvents: the keys are the grid's
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react'
import classes from './data.module.css'
import type { Column, View } from './data-api.ts'
import { numeric, selectWidth, widthOf } from './grid-row.tsx'

type Props = { columns: Column[]; width: number; view: View; onView: (view: View) => void }

export function GridHead({ columns, width, view, onView }: Props) {
  const { sort } = view
  /** Upwards, downwards, not at all. */
  const turn = (column: string): void => {
    const next = sort?.column !== column ? 'ASC' : sort.direction === 'ASC' ? 'DESC' : undefined
    onView({ ...view, sort: next && { column, direction: next } })
  }
  return (
    <div role="rowgroup" className={classes.head} style={{ width }}>
      <div role="row" aria-rowindex={1} style={{ display: 'flex' }}>
        <div role="columnheader" aria-label="Selected" className={classes.headCell} style={{ width: selectWidth }} />
        {columns.map((column) => {
          const { ColumnName: name, ColumnType: type } = column
          const sorted = sort?.column === name ? sort.direction : undefined
          return (
            <div
              key={name}
              role="columnheader"
              aria-sort={sorted === undefined ? 'none' : sorted === 'ASC' ? 'ascending' : 'descending'}
              className={`${classes.headCell} ${numeric.has(type) ? classes.number : ''}`}
              style={{ width: widthOf(column) }}
            >
              <button
                type="button"
                className={classes.sort}
                title={type === 'jsonb' ? undefined : `Sort by ${name}`}
                disabled={type === 'jsonb'}
                onClick={() => turn(name)}
              >
                <span>
                  {name} ({type})
                </span>
                {sorted === 'ASC' && <IconArrowUp size={14} aria-hidden />}
                {sorted === 'DESC' && <IconArrowDown size={14} aria-hidden />}
              </button>
            </div>
          )
        })}
      </div>
    </div>
  )
}
