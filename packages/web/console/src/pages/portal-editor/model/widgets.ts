/** Widgets: where they hang, and their settings (packages-portals-edge.md §3.3). */
import {
  type Config,
  change,
  type Fields,
  fields,
  isObject,
  keyOf,
  put,
  remove,
  text,
  thing,
  without,
} from './config.ts'
import { addPlace, type Cols, type Grid, removePlace } from './places.ts'

export const headerTab = 'HEADER'

/** What a widget hangs on in a grid: a tab, a modal, the header, or nothing, which is the flyout. */
export const tabOf = (grid: Grid): string | undefined =>
  grid.kind === 'header' ? headerTab : 'id' in grid ? grid.id : undefined

/** The grid that a widget stands in. */
export function gridOf(config: Config, id: string): Grid {
  const tab = text(thing(config, 'widgets', id).tab)
  if (tab === '') return { kind: 'flyout' }
  if (tab === headerTab) return { kind: 'header' }
  return { kind: keyOf(config, 'userModals', tab) === undefined ? 'tab' : 'modal', id: tab }
}

type NewWidget = { id: string; type: string; props: Fields; size: { w: number; h: number } }

export function addWidget(config: Config, grid: Grid, { id, type, props, size }: NewWidget, cols: Cols): Config {
  const tab = tabOf(grid)
  const widget = { id, type, props, externalScripts: [], ...(tab !== undefined && { tab }) }
  return addPlace(put(config, 'widgets', id, widget), grid, id, size, cols)
}

export function removeWidget(config: Config, id: string): Config {
  return remove(removePlace(config, gridOf(config, id), id), 'widgets', id)
}

/** Into another tab, at its bottom. */
export function moveWidget(config: Config, id: string, to: Grid, size: { w: number; h: number }, cols: Cols): Config {
  const tab = tabOf(to)
  const moved = change(removePlace(config, gridOf(config, id), id), 'widgets', id, ({ tab: _old, ...widget }) => ({
    ...widget,
    ...(tab !== undefined && { tab }),
  }))
  return addPlace(moved, to, id, size, cols)
}

/** A copy with an id of its own, below all others in the same grid. */
export function copyWidget(
  config: Config,
  id: string,
  copy: string,
  size: { w: number; h: number },
  cols: Cols,
): Config {
  const widget = { ...structuredClone(thing(config, 'widgets', id)), id: copy }
  return addPlace(put(config, 'widgets', copy, widget), gridOf(config, id), copy, size, cols)
}

export const changeWidget = (config: Config, id: string, changes: Fields): Config =>
  change(config, 'widgets', id, (widget) => ({ ...widget, ...changes }))

/** Sets one setting of a widget; undefined takes it away. */
export const setProp = (config: Config, id: string, name: string, value: unknown): Config =>
  change(config, 'widgets', id, (widget) => {
    const props = fields(widget.props)
    return { ...widget, props: value === undefined ? without(props, name) : { ...props, [name]: value } }
  })

export const sources = {
  static: 'STATIC_DATA_TYPE',
  dynamic: 'DYNAMIC_DATA_TYPE',
  calculated: 'CALCULATED_DATA_TYPE',
} as const

export type SettingSource = keyof typeof sources

/** Undefined for a setting that is a plain value, or none yet. */
export const sourceOf = (setting: unknown): SettingSource | undefined =>
  (Object.keys(sources) as SettingSource[]).find((one) => sources[one] === fields(setting).dataType)

export const codeIn = (parser: unknown): unknown => (isObject(parser) ? parser.value : parser)

/** The value that a setting has by its source: of a dynamic one what its parser is, of the others `value`. */
export function valueIn(setting: unknown): unknown {
  const held = fields(setting)
  if (sourceOf(setting) === 'dynamic') return codeIn(held.incoming_parser)
  if (sourceOf(setting) === 'calculated') return text(held.value) || codeIn(held.incoming_parser)
  return held.value
}

const withParser = (setting: Fields, name: string, value: unknown): Fields => {
  const held = setting[name]
  return { ...setting, [name]: isObject(held) ? { ...held, value } : { isDebugOn: false, value } }
}

/** Sets what `valueIn` reads. */
export function setValue(setting: unknown, value: unknown): Fields {
  const held = fields(setting)
  return sourceOf(setting) === 'dynamic' ? withParser(held, 'incoming_parser', value) : { ...held, value }
}

export const setOutgoing = (setting: unknown, value: string): Fields =>
  withParser(fields(setting), 'outgoing_parser', value)

const returned = /^\s*return\s+(.+?);?\s*$/s

function constantIn(code: unknown): unknown {
  try {
    return JSON.parse(returned.exec(text(code))?.[1] ?? '')
  } catch {
    return code
  }
}

/**
 * Another source for a setting. What it had of the other sources stays beside it; a fixed value and code that only returns it
 * are turned into each other, and so are the three parts of an HTML widget.
 */
export function setSource(setting: unknown, to: SettingSource, html: boolean): Fields {
  const from = sourceOf(setting)
  const held = isObject(setting) && from !== undefined ? setting : { ...(setting !== undefined && { value: setting }) }
  const made: Fields = { ...held, dataType: sources[to] }
  const parser = codeIn(held.incoming_parser)
  if (to === 'dynamic') {
    if (html && !isObject(parser)) return setValue(made, isObject(held.value) ? held.value : emptyHtml)
    return parser === undefined && !html ? setValue(made, 'return this.datasource') : made
  }
  if (html && to === 'static')
    return isObject(held.value) ? made : { ...made, value: isObject(parser) ? parser : emptyHtml }
  if (to === 'calculated' && from !== 'calculated' && typeof held.value !== 'object') {
    return { ...made, value: `return ${JSON.stringify(held.value ?? '')}` }
  }
  if (to === 'static' && from === 'calculated') return { ...made, value: constantIn(held.value) }
  return made
}

export const emptyHtml = { HTML: '', CSS: '', JavaScript: '' }
