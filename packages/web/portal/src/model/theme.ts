/** Colours of a portal: from its theme, or the standard ones. Text upon a colour is dark or light, whichever can be read. */
import { at, type Fields, fields, isObject, text } from './fields.ts'

export type PaneTheme = {
  body: string
  header: string
  headerText: string
  tabs: string
  tabText: string
  line: string
}

const colour = (theme: Fields, way: string, fallback: string): string => safeColour(text(at(theme, way)), fallback)

/** Only what is a colour to a style sheet. */
export const safeColour = (value: string, fallback: string): string =>
  /^#[0-9a-f]{3,8}$|^(?:rgb|hsl)a?\([\d\s.,%/deg-]+\)$|^[a-z]{3,30}$/i.test(value.trim()) ? value.trim() : fallback

export function portalColours(theme: Fields): { background: string; header: string; headerText: string } {
  const header = colour(theme, 'items.main.header.styles.backgroundColor', '#4d6473')
  return {
    background: colour(theme, 'items.main.portal.styles.backgroundColor', '#ffffff'),
    header,
    headerText: colour(theme, 'items.main.header.burgerBars.fontColor', readableOn(header)),
  }
}

export function paneColours(theme: Fields, name: string): PaneTheme {
  const panes = at(theme, 'items.main.panes')
  const base = `items.main.panes.${isObject(panes) && Object.hasOwn(panes, name) ? name : 'primary'}`
  const header = colour(theme, `${base}.header.backgroundColor`, '#4d6473')
  const tabs = colour(theme, `${base}.tabs.backgroundColor`, header)
  return {
    body: colour(theme, `${base}.body.backgroundColor`, '#f5f5f5'),
    header,
    headerText: colour(theme, `${base}.header.fontColor`, readableOn(header)),
    tabs,
    tabText: colour(theme, `${base}.tabs.fontColor`, readableOn(tabs)),
    line: colour(theme, `${base}.tabs.activeTabUnderlineColor`, '#425864'),
  }
}

/** What a widget looks like: its own style where it has one, and that of its type in the theme. */
export const styleOf = (theme: Fields, type: string, props: Fields): Fields =>
  props.HAS_UNIQUE_STYLE === false
    ? { ...props, ...fields(at(theme, `items.main.widgets.${type}`)) }
    : { ...fields(at(theme, `items.main.widgets.${type}`)), ...props }

/** The colours of graphs, first to fourth. */
export const graphColours = (theme: Fields): string[] =>
  ['one', 'two', 'three', 'four'].map((name, index) =>
    colour(theme, `graph.${name}`, ['#6e8592', '#c0504d', '#4f81bd', '#9bbb59'][index]!),
  )

/** Black or white, whichever has more contrast (WCAG 2.2, relative luminance). */
function readableOn(background: string): string {
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(background)?.[1]
  if (hex === undefined) return '#ffffff'
  const parts = hex.length === 3 ? Array.from(hex, (one) => one + one) : (hex.match(/../g) ?? [])
  const [red = 0, green = 0, blue = 0] = parts.map((part) => {
    const share = Number.parseInt(part, 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? '#000000' : '#ffffff'
}
