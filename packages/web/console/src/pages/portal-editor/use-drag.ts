/**
 * Dragging a thing over its grid, or its corner, by mouse, pen or finger. Until it is let go only this editor sees it; Escape
 * leaves all as it was. Where a thing is let go over another grid that takes it, that grid is told.
 */
import { type PointerEvent, useEffect, useRef, useState } from 'react'
import { arrange, type Place } from './model/places.ts'

/** Pixels before a press becomes a drag. */
const slack = 4

type Point = { x: number; y: number }

type Drag = {
  id: string
  corner: boolean
  from: Point
  start: Place
  places: readonly Place[]
  moved: boolean
  pointer: number
  element: HTMLElement
}

type Options = {
  places: readonly Place[]
  cols: number
  units: Point
  /** The grid itself, as other grids know it. */
  target: string
  /** Whether things may be taken into another grid. */
  leaves: boolean
  onPlaces: (places: Place[]) => void
  onLeave: (id: string, target: string, point: Point) => void
}

/** Grids that take widgets have their name in this attribute. */
export const targetAttribute = 'data-takes'

const targetAt = (x: number, y: number): Element | undefined =>
  document
    .elementsFromPoint(x, y)
    .map((element) => element.closest(`[${targetAttribute}]`))
    .find((element) => element !== null) ?? undefined

export function useDrag(options: Options) {
  const newest = useRef(options)
  newest.current = options
  const drag = useRef<Drag>(undefined)
  const over = useRef<Element>(undefined)
  const [shown, setShown] = useState<{ id: string; places: Place[]; leaving: Point | undefined }>()

  function mark(element: Element | undefined): void {
    if (element === over.current) return
    over.current?.removeAttribute('data-target')
    element?.setAttribute('data-target', '')
    over.current = element
  }

  function end(): void {
    drag.current = undefined
    mark(undefined)
    setShown(undefined)
  }

  useEffect(() => {
    const cancel = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape' || drag.current === undefined) return
      drag.current.element.releasePointerCapture(drag.current.pointer)
      end()
    }
    addEventListener('keydown', cancel)
    return () => removeEventListener('keydown', cancel)
  })

  const at = (event: PointerEvent<HTMLElement>, held: Drag): Place => {
    const { x: width, y: height } = newest.current.units
    const dx = (event.pageX - held.from.x) / width
    const dy = (event.pageY - held.from.y) / height
    const { start } = held
    return held.corner ? { ...start, w: start.w + dx, h: start.h + dy } : { ...start, x: start.x + dx, y: start.y + dy }
  }

  return {
    /** The places to be shown; those of a drag while there is one. */
    places: shown?.places ?? options.places,
    dragged: shown?.id,
    /** Where the pointer is in the window, while what is dragged would go into another grid. */
    leaving: shown?.leaving,
    handlers: (id: string) => ({
      onPointerDown(event: PointerEvent<HTMLElement>): void {
        const start = options.places.find((place) => place.i === id)
        if (event.button !== 0 || start === undefined) return
        // Where a finger scrolls it does not drag.
        if (event.pointerType === 'touch' && getComputedStyle(event.currentTarget).touchAction !== 'none') return
        const corner = (event.target as Element).closest('[data-corner]') !== null
        event.currentTarget.setPointerCapture(event.pointerId)
        drag.current = {
          ...{ id, corner, start, places: options.places, moved: false },
          from: { x: event.pageX, y: event.pageY },
          pointer: event.pointerId,
          element: event.currentTarget,
        }
      },
      onPointerMove(event: PointerEvent<HTMLElement>): void {
        const held = drag.current
        if (held === undefined) return
        if (!held.moved && Math.hypot(event.pageX - held.from.x, event.pageY - held.from.y) < slack) return
        held.moved = true
        const { cols, leaves, target } = newest.current
        const under = leaves && !held.corner ? targetAt(event.clientX, event.clientY) : undefined
        mark(under?.getAttribute(targetAttribute) === target ? undefined : under)
        const leaving = over.current === undefined ? undefined : { x: event.clientX, y: event.clientY }
        setShown({ id, places: arrange(held.places, at(event, held), cols), leaving })
      },
      onPointerUp(event: PointerEvent<HTMLElement>): void {
        const held = drag.current
        if (held?.moved !== true) {
          end()
          return
        }
        const { cols, onPlaces, onLeave } = newest.current
        const taker = over.current
        const place = at(event, held)
        end()
        const name = taker?.getAttribute(targetAttribute)
        if (taker === undefined || name === undefined || name === null) {
          onPlaces(arrange(held.places, place, cols))
          return
        }
        const box = taker.getBoundingClientRect()
        onLeave(id, name, { x: (event.clientX - box.left) / box.width, y: event.clientY - box.top })
      },
      onPointerCancel: end,
    }),
  }
}
