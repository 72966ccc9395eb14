/** A grid of panes or widgets that is laid out again as its width changes. Rows grow with what is in them. */
import { aloneInRows, type Breakpoint, breakpointAt, type Cols, type Layouts, placesAt } from '../model/layout.ts'

export type GridItem = { id: string; element: HTMLElement; narrow?: boolean; hiddenAt?: ReadonlySet<string> }

type Options = {
  layouts: Layouts
  cols: Cols
  /** Height of a row in pixels, at least. */
  rowHeight: number
  gap: number
  /** One that stands alone gets the whole width, as the originals have it for widgets. */
  stretch?: boolean
}

/** Answers what ends it. */
export function layOut(container: HTMLElement, items: readonly GridItem[], options: Options): () => void {
  const { layouts, cols, rowHeight, gap, stretch = false } = options
  container.classList.add('gh-grid')
  const arrange = (breakpoint: Breakpoint): void => {
    const visible = items.filter(({ hiddenAt }) => hiddenAt?.has(breakpoint) !== true)
    const places = placesAt(
      layouts,
      breakpoint,
      visible.map(({ id }) => id),
      cols,
    )
    const fine = cols[breakpoint] > 24
    // Of the fine grids a cell is a few pixels, so gaps between cells would be all there is.
    const scale = fine ? cols[breakpoint] / 24 : 1
    container.style.gridTemplateColumns = `repeat(${fine ? 24 : cols[breakpoint]}, minmax(0, 1fr))`
    container.style.gap = `${gap}px`
    container.style.gridAutoRows = `minmax(${rowHeight}px, auto)`
    for (const { id, element, narrow } of items) {
      const place = places.find(({ i }) => i === id)
      element.hidden = place === undefined
      if (place === undefined) continue
      const whole = stretch && narrow !== true && aloneInRows(place, places)
      const from = Math.floor(place.x / scale) + 1
      const to = Math.max(from + 1, Math.round((place.x + place.w) / scale) + 1)
      const rows = Math.max(1, Math.round(place.h / scale))
      element.style.gridColumn = whole ? '1 / -1' : `${from} / ${to}`
      element.style.gridRow = `${Math.round(place.y / scale) + 1} / span ${rows}`
      element.style.setProperty('--gh-height', `${rows * rowHeight + (rows - 1) * gap}px`)
    }
  }
  let now: Breakpoint | undefined
  const look = (width: number): void => {
    const breakpoint = breakpointAt(width)
    if (breakpoint === now) return
    now = breakpoint
    arrange(breakpoint)
  }
  const observer = new ResizeObserver(([entry]) => {
    if (entry !== undefined && entry.contentRect.width > 0) look(entry.contentRect.width)
  })
  observer.observe(container)
  look(container.clientWidth || window.innerWidth)
  return () => observer.disconnect()
}
