/** Rows of a grid that grow with what is in them, as those of the page of a portal do. */
import type { Place } from './places.ts'

/**
 * Where each row begins, in pixels, and after them where the last one ends; each has the gap below it. `row` is the height of
 * one with its gap, `need` what a thing takes at least.
 */
export function rowTops(places: readonly Place[], row: number, gap: number, need: (id: string) => number): number[] {
  const count = Math.max(0, ...places.map(({ y, h }) => Math.ceil(y + h)))
  const heights = new Array<number>(count).fill(row)
  // From the top, so that what an upper thing takes counts for those beside it.
  for (const { i, y, h } of [...places].sort((one, other) => one.y + one.h - other.y - other.h)) {
    const rows = rowsOf(y, h)
    const missing = need(i) + gap - rows.reduce((sum, index) => sum + heights[index]!, 0)
    if (missing > 0) for (const index of rows) heights[index]! += missing / rows.length
  }
  const tops = [0]
  for (const height of heights) tops.push(tops.at(-1)! + height)
  return tops
}

const rowsOf = (y: number, h: number): number[] => {
  const from = Math.floor(y)
  return Array.from({ length: Math.max(1, Math.ceil(y + h) - from) }, (_, index) => from + index)
}
