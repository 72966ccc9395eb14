/** Where panes and widgets stand on a grid while they are dragged, and how that is written into the layouts of a config. */
import {
  type Breakpoint,
  breakpoints,
  type Cols,
  compact,
  type Layouts,
  nearestFilled,
  type Place,
  pack,
  placesAt,
  within,
} from '../../../../../portal/src/model/layout.ts'
import { type Config, type Fields, fields, isObject, list, text } from './config.ts'

/** The grid that a thing stands in: panes of a page, widgets of a tab or a modal, or one of the fixed areas. */
export type Grid =
  | { kind: 'page'; id: string }
  | { kind: 'tab'; id: string }
  | { kind: 'modal'; id: string }
  | { kind: 'header' }
  | { kind: 'flyout' }

const sections = {
  page: 'paneLayouts',
  tab: 'paneGridWidgetLayouts',
  modal: 'userModalWidgetLayout',
  header: 'headerWidgetLayout',
  flyout: 'flyoutWidgetLayout',
} as const

const layoutsOf = (config: Config, grid: Grid): Fields => {
  const held = fields(config[sections[grid.kind]])
  return 'id' in grid ? fields(held[grid.id]) : held
}

const withLayouts = (config: Config, grid: Grid, layouts: Fields): Config => {
  const section = sections[grid.kind]
  const held = 'id' in grid ? { ...fields(config[section]), [grid.id]: layouts } : layouts
  return { ...config, [section]: held }
}

/** One is moved or sized; the others give way, and all close up to the top. `moved` may lie anywhere. */
export function arrange(places: readonly Place[], moved: Place, cols: number): Place[] {
  const whole = { ...moved, w: Math.max(1, Math.round(moved.w)), h: Math.max(1, Math.round(moved.h)) }
  const wanted = within({ ...whole, x: Math.round(moved.x), y: Math.max(0, Math.round(moved.y)) }, cols)
  const others = compact(places.filter(({ i }) => i !== moved.i).map((place) => within(place, cols)))
  // Whoever lies over it by half goes first, so a thing changes places with its neighbour half-way.
  const before = others.filter(({ y, h }) => y + h / 2 <= wanted.y)
  return pack([...before, wanted, ...others.filter((one) => !before.includes(one))])
}

const farthest = 200

/**
 * One step of a thing by the keyboard: sideways by a column, or up and down to where it changes places with a neighbour.
 * Sizes change by a cell. Where there is nowhere to go, all stay.
 */
export function nudge(places: readonly Place[], i: string, by: Partial<Omit<Place, 'i'>>, cols: number): Place[] {
  const own = places.find((place) => place.i === i)
  if (own === undefined) return [...places]
  const cell = cols > 24 ? Math.round(cols / 24) : 1
  for (let count = 1; count <= farthest; count += 1) {
    const by1 = (key: 'x' | 'y' | 'w' | 'h'): number => own[key] + (by[key] ?? 0) * cell * count
    const made = arrange(places, { i, x: by1('x'), y: by1('y'), w: by1('w'), h: by1('h') }, cols)
    const moved = made.find((place) => place.i === i)!
    if (!same(moved, own)) return made
    if (by.y === undefined || own.y + by.y * cell * count < 0) break
  }
  return [...places]
}

const same = (one: Place, other: Fields | Place): boolean =>
  (['x', 'y', 'w', 'h'] as const).every((key) => one[key] === other[key])

/**
 * Writes places into the layout of one breakpoint. One that was not filled is filled with all of them. Of each item what else
 * stands beside its place is kept, and so are items that are not among `places`.
 */
export function writePlaces(config: Config, grid: Grid, breakpoint: Breakpoint, places: readonly Place[]): Config {
  const layouts = layoutsOf(config, grid)
  const held = list(layouts[breakpoint])
  const nearest = breakpoints.map(({ name }) => list(layouts[name])).find((one) => one.some((item) => isObject(item)))
  const ofItem = (from: readonly unknown[] | undefined, i: string): Fields | undefined =>
    from?.filter(isObject).find((item) => text(item.i) === i)
  const rest = new Map(places.map((place) => [place.i, place]))
  const changed = held.map((item) => {
    const place = isObject(item) ? rest.get(text(item.i)) : undefined
    if (place === undefined) return item
    rest.delete(place.i)
    return same(place, item as Fields) ? item : { ...(item as Fields), ...place }
  })
  const added = [...rest.values()].map((place) => ({
    ...(ofItem(nearest, place.i) ?? { moved: false, static: false }),
    ...place,
  }))
  if (added.length === 0 && changed.every((item, index) => item === held[index])) return config
  return withLayouts(config, grid, { ...layouts, [breakpoint]: [...changed, ...added] })
}

const isFilled = (value: unknown): boolean => list(value).some((item) => isObject(item))

/** A new item at the bottom, at every breakpoint that is filled. `size` is that at 12 columns. */
export function addPlace(config: Config, grid: Grid, i: string, size: { w: number; h: number }, cols: Cols): Config {
  const layouts = layoutsOf(config, grid)
  const filled = breakpoints.map(({ name }) => name).filter((name) => isFilled(layouts[name]))
  let made = config
  for (const name of filled.length > 0 ? filled : (['lg'] as const)) {
    const items = list(layouts[name]).filter(isObject)
    const bottom = Math.max(0, ...items.map(({ y, h }) => (Number(y) || 0) + (Number(h) || 0)))
    made = writePlaces(made, grid, name, [{ i, x: 0, y: bottom, ...sized(size, cols[name]) }])
  }
  return made
}

/** Of grids with hundreds of columns a cell is a few pixels, in both directions. */
function sized({ w, h }: { w: number; h: number }, cols: number): { w: number; h: number } {
  const fine = cols > 24
  return {
    w: Math.max(1, Math.min(cols, fine ? Math.round((w / 12) * cols) : w)),
    h: fine ? Math.round((h * cols) / 24) : h,
  }
}

/** Takes an item out of the layouts of all breakpoints. */
export function removePlace(config: Config, grid: Grid, i: string): Config {
  const layouts = layoutsOf(config, grid)
  const changed: Fields = { ...layouts }
  for (const [name, held] of Object.entries(layouts)) {
    if (!list(held).some((item) => isObject(item) && text(item.i) === i)) continue
    changed[name] = list(held).filter((item) => !isObject(item) || text(item.i) !== i)
  }
  return Object.keys(changed).some((name) => changed[name] !== layouts[name])
    ? withLayouts(config, grid, changed)
    : config
}

/** The whole grid with it, where a page, a tab or a modal goes. */
export function removeGrid(config: Config, grid: Extract<Grid, { id: string }>): Config {
  const section = sections[grid.kind]
  const { [grid.id]: gone, ...rest } = fields(config[section])
  return gone === undefined ? config : { ...config, [section]: rest }
}

/** Whether things have places of their own at a width, or such that are made of another's. */
export const isPlacedAt = (layouts: Layouts, breakpoint: Breakpoint): boolean =>
  nearestFilled(layouts, breakpoint) === breakpoint

export { type Breakpoint, breakpoints, type Cols, type Layouts, type Place, placesAt }
