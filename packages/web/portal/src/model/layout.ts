/**
 * Where panes and widgets stand at a width. Layouts are those of react-grid-layout: columns per breakpoint, each item with
 * place and size in cells. Most portals fill one breakpoint; the others are derived from the nearest filled one.
 */

/** Widest first; `from` is the width in pixels at which one begins. */
export const breakpoints = [
  { name: 'xl', from: 1600 },
  { name: 'lg', from: 1200 },
  { name: 'md', from: 996 },
  { name: 'sm', from: 768 },
  { name: 'xs', from: 480 },
  { name: 'xxs', from: 0 },
] as const

export type Breakpoint = (typeof breakpoints)[number]['name']

export type Cols = Record<Breakpoint, number>

export type Place = { i: string; x: number; y: number; w: number; h: number }

export type Layouts = Partial<Record<Breakpoint, Place[]>>

export const breakpointAt = (width: number): Breakpoint => breakpoints.find(({ from }) => width >= from)!.name

/** The filled breakpoint that is nearest, the wider one of two. */
export function nearestFilled(layouts: Layouts, wanted: Breakpoint): Breakpoint | undefined {
  const names = breakpoints.map(({ name }) => name)
  const own = names.indexOf(wanted)
  return names
    .filter((name) => (layouts[name] ?? []).length > 0)
    .sort((one, other) => Math.abs(names.indexOf(one) - own) - Math.abs(names.indexOf(other) - own))[0]
}

/**
 * Every one of `ids` with its place, none over another, in `cols` columns. Items without a place follow below over the whole
 * width, and what the layout names beyond `ids` is left out.
 */
export function placesAt(layouts: Layouts, breakpoint: Breakpoint, ids: readonly string[], cols: Cols): Place[] {
  const from = nearestFilled(layouts, breakpoint)
  const known = new Map((from === undefined ? [] : layouts[from]!).map((place) => [place.i, place]))
  const count = cols[breakpoint]
  // As they are read, before a narrow screen moves them together.
  const held = ids.flatMap((id) => known.get(id) ?? []).sort((one, other) => one.y - other.y || one.x - other.x)
  const bottom = Math.max(0, ...held.map(({ y, h }) => y + h))
  const rest = ids.filter((id) => !known.has(id)).map((i, index) => ({ i, x: 0, y: bottom + index, w: count, h: 1 }))
  return compact([...held, ...rest].map((place) => within(place, count)))
}

/** As react-grid-layout does it: what is too wide is cut, what stands out is moved in. */
export function within(place: Place, cols: number): Place {
  const w = Math.min(place.w, cols)
  return { ...place, w, x: Math.max(0, Math.min(place.x, cols - w)) }
}

const overlap = (one: Place, other: Place): boolean =>
  one.x < other.x + other.w && other.x < one.x + one.w && one.y < other.y + other.h && other.y < one.y + one.h

/** From the top, each as high as it can be. */
export const compact = (places: readonly Place[]): Place[] =>
  pack([...places].sort((one, other) => one.y - other.y || one.x - other.x))

/** One after the other, each as high as those before it let it be. */
export function pack(places: readonly Place[]): Place[] {
  const placed: Place[] = []
  for (const place of places) {
    const beside = placed.filter(({ x, w }) => x < place.x + place.w && place.x < x + w)
    const floors = [0, ...beside.map(({ y, h }) => y + h)].sort((one, other) => one - other)
    const y = floors.find((floor) => !beside.some((other) => overlap({ ...place, y: floor }, other)))!
    placed.push({ ...place, y })
  }
  return placed
}

/** Whether nothing stands beside it. */
export const aloneInRows = (place: Place, places: readonly Place[]): boolean =>
  !places.some((other) => other.i !== place.i && other.y < place.y + place.h && place.y < other.y + other.h)
