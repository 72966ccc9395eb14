/** A grid of panes or of widgets as it is edited: each thing in its place, dragged by mouse or moved by keys. */
import { VisuallyHidden } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { type KeyboardEvent, type ReactNode, useLayoutEffect, useRef, useState } from 'react'
import { nudge, type Place } from './model/places.ts'
import { rowTops } from './model/rows.ts'
import classes from './portal-editor.module.css'
import { targetAttribute, useDrag } from './use-drag.ts'

/** What the thing that a person takes hold of is given. */
export type Hold = {
  onPointerDown: React.PointerEventHandler<HTMLElement>
  onPointerMove: React.PointerEventHandler<HTMLElement>
  onPointerUp: React.PointerEventHandler<HTMLElement>
  onPointerCancel: React.PointerEventHandler<HTMLElement>
  onKeyDown: React.KeyboardEventHandler<HTMLElement>
}

type Props = {
  /** Its name among the grids that take widgets; '' takes none. */
  name: string
  places: readonly Place[]
  cols: number
  /** Height of a row with the gap below it, in pixels, at 12 columns. */
  row: number
  gap: number
  /** Height of a thing at least, in pixels. */
  least: (id: string) => number
  empty: string
  onPlaces: (places: Place[]) => void
  onLeave?: (id: string, target: string, point: { x: number; y: number }) => void
  onRemove: (id: string) => void
  /** `height` in pixels. */
  children: (id: string, hold: Hold, height: number) => ReactNode
}

/** As people read a place: from one, and in words. */
export const placeWords = ({ x, y, w, h }: Place): string =>
  `column ${Math.round(x) + 1}, row ${Math.round(y) + 1}, ${Math.round(w)} wide, ${Math.round(h)} high`

const moves: Record<string, { x?: number; y?: number }> = {
  ArrowLeft: { x: -1 },
  ArrowRight: { x: 1 },
  ArrowUp: { y: -1 },
  ArrowDown: { y: 1 },
}

export function GridBox(props: Props) {
  const { name, cols, row, gap, least, empty, onPlaces, onLeave, onRemove, children } = props
  const { ref, width } = useElementSize<HTMLDivElement>()
  const [said, setSaid] = useState('')
  // Of the fine grids a cell is a few pixels in both directions.
  const unit = { x: (width + gap) / cols, y: cols > 24 ? (row * 24) / cols : row }
  const drag = useDrag({
    ...{ places: props.places, cols, units: unit, target: name, leaves: onLeave !== undefined, onPlaces },
    onLeave: onLeave ?? (() => undefined),
  })
  const tops = rowTops(drag.places, unit.y, gap, least)
  const heightOf = ({ y, h }: Place): number => tops[Math.ceil(y + h)]! - tops[Math.floor(y)]! - gap

  // In the order in which they are read; a thing that goes elsewhere in it keeps the focus.
  const order = props.places.toSorted((one, other) => one.y - other.y || one.x - other.x).map(({ i }) => i)
  const held = useRef<HTMLElement>(undefined)
  // biome-ignore lint/correctness/useExhaustiveDependencies: with each order
  useLayoutEffect(() => {
    if (held.current !== document.activeElement) held.current?.focus()
    held.current = undefined
  }, [order.join()])

  const onKeyDown = (id: string) => (event: KeyboardEvent<HTMLElement>) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    if (event.key === 'Delete') {
      event.preventDefault()
      onRemove(id)
      return
    }
    const move = moves[event.key]
    if (move === undefined) return
    event.preventDefault()
    const by = event.shiftKey
      ? { ...(move.x !== undefined && { w: move.x }), ...(move.y !== undefined && { h: move.y }) }
      : move
    const made = nudge(props.places, id, by, cols)
    held.current = event.currentTarget
    setSaid(placeWords(made.find(({ i }) => i === id)!))
    onPlaces(made)
  }

  return (
    <div
      ref={ref}
      className={classes.grid}
      style={{ height: Math.max(44, tops.at(-1)! - gap) }}
      {...(name !== '' && { [targetAttribute]: name })}
    >
      {drag.places.length === 0 && <div className={classes.empty}>{empty}</div>}
      {width > 0 &&
        order
          .flatMap((id) => drag.places.find(({ i }) => i === id) ?? [])
          .map((place) => ({ ...place, height: heightOf(place) }))
          .map(({ i, x, y, w, height }) => (
            <div
              key={i}
              className={classes.item}
              {...(drag.dragged === i && { 'data-dragged': '' })}
              style={{
                left: x * unit.x,
                top: tops[Math.floor(y)]!,
                width: Math.max(12, w * unit.x - gap),
                height,
              }}
            >
              {children(i, { ...drag.handlers(i), onKeyDown: onKeyDown(i) }, height)}
            </div>
          ))}
      {drag.leaving !== undefined && (
        <div className={classes.ghost} style={{ left: drag.leaving.x + 14, top: drag.leaving.y + 14 }}>
          Moves here
        </div>
      )}
      <VisuallyHidden role="status">{said}</VisuallyHidden>
    </div>
  )
}

export const Corner = () => <span className={classes.corner} data-corner="" aria-hidden />
