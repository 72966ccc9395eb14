/**
 * Changing the config of a portal as it is stored (packages-portals-edge.md §3.1), one thing at a time. Every function gives a
 * new config and leaves the one it was given; whatever it does not name stays as it is, known to the editor or not.
 */
import { type Fields, fields, isObject, list, text } from '../../../../../portal/src/model/fields.ts'

export type Config = Fields

/** Sections of a config that hold things by their id. */
export type Section =
  | 'pages'
  | 'panes'
  | 'widgets'
  | 'datasources'
  | 'internalResources'
  | 'paneLayouts'
  | 'paneGridWidgetLayouts'
  | 'userModals'
  | 'userModalWidgetLayout'

/** The key under which a thing stands, which in some portals is not its id. */
export function keyOf(config: Config, section: Section, id: string): string | undefined {
  const held = fields(config[section])
  const named = Object.keys(held).find((key) => text(fields(held[key]).id) === id)
  return named ?? (Object.hasOwn(held, id) ? id : undefined)
}

export const thing = (config: Config, section: Section, id: string): Fields => {
  const key = keyOf(config, section, id)
  return key === undefined ? {} : fields(fields(config[section])[key])
}

export const put = (config: Config, section: Section, key: string, value: unknown): Config => ({
  ...config,
  [section]: { ...fields(config[section]), [key]: value },
})

/** Where there is no such thing the config stays. */
export function change(config: Config, section: Section, id: string, make: (held: Fields) => Fields): Config {
  const key = keyOf(config, section, id)
  return key === undefined ? config : put(config, section, key, make(thing(config, section, id)))
}

export function without(held: Fields, key: string): Fields {
  const { [key]: _gone, ...rest } = held
  return rest
}

export function remove(config: Config, section: Section, id: string): Config {
  const key = keyOf(config, section, id)
  return key === undefined ? config : { ...config, [section]: without(fields(config[section]), key) }
}

/** Sets the value at a dotted way, and makes what is missing on it; undefined takes the value away. */
export function setAt(held: Fields, way: string, value: unknown): Fields {
  const [first = '', ...rest] = way.split('.')
  if (rest.length > 0) return { ...held, [first]: setAt(fields(held[first]), rest.join('.'), value) }
  return value === undefined ? without(held, first) : { ...held, [first]: value }
}

/** Texts in a list, where it is one. */
export const textsIn = (value: unknown): string[] => list(value).filter((one) => typeof one === 'string')

/** A name that none of `taken` has, whatever their case: `wanted`, or with a number behind it. */
export function freeName(wanted: string, taken: readonly string[]): string {
  const held = new Set(taken.map((one) => one.trim().toLowerCase()))
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? wanted : `${wanted} ${count}`
    if (!held.has(name.toLowerCase())) return name
  }
}

/** Portals from before pages; they are turned into today's shape before they are edited. */
export const isOldConfig = (config: Config): boolean => Array.isArray(config.panes)

export { type Fields, fields, isObject, list, text }
