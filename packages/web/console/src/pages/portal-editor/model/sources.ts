/** Datasources, resources and scripts of a portal, and who uses a datasource. */
import { type Config, change, type Fields, fields, list, put, remove, text, textsIn } from './config.ts'

export const addDatasource = (config: Config, id: string, name: string, type: string, settings: Fields): Config =>
  put(config, 'datasources', id, { id, name, type, settings })

/** `settings` are put over those that it has, `all` in their place. */
export const changeDatasource = (config: Config, id: string, { settings, all, ...rest }: Fields): Config =>
  change(config, 'datasources', id, (source) => ({
    ...source,
    ...rest,
    ...(settings !== undefined && { settings: { ...fields(source.settings), ...fields(settings) } }),
    ...(all !== undefined && { settings: fields(all) }),
  }))

/** Settings that name it stay; they have no data then, and say so. */
export const removeDatasource = (config: Config, id: string): Config => remove(config, 'datasources', id)

/** Ids of widgets and datasources that take from it or give to it, and those whose code names it. */
export function usersOf(config: Config, { id, name }: { id: string; name: string }): string[] {
  const named = (value: unknown): boolean => {
    if (typeof value === 'string') return value.includes('datasources') && value.includes(name)
    if (typeof value !== 'object' || value === null) return false
    return Object.values(value).some((one) => named(one))
  }
  const wired = ([, widget]: [string, unknown]): boolean => {
    const props = fields(fields(widget).props)
    return Object.values(props).some((setting) => text(fields(setting).id) === id) || named(props)
  }
  const joined = ([key, source]: [string, unknown]): boolean =>
    key !== id && textsIn(fields(fields(source).settings).datasources).includes(id)
  return [
    ...Object.entries(fields(config.widgets)).filter(wired),
    ...Object.entries(fields(config.datasources)).filter(joined),
  ].map(([key]) => key)
}

export type NewResource = { id: string; name: string; type: 'js' | 'css' }

const orderOf = (config: Config): unknown[] => list(config.internalResourceOrder)

export function addResource(config: Config, { id, name, type }: NewResource, now: number): Config {
  const made = put(config, 'internalResources', id, { id, name, type, file: '', lastUpdated: now })
  return { ...made, internalResourceOrder: [...orderOf(config), id] }
}

export const changeResource = (config: Config, id: string, changes: Fields, now: number): Config =>
  change(config, 'internalResources', id, (resource) => ({ ...resource, ...changes, lastUpdated: now }))

export function removeResource(config: Config, id: string): Config {
  const made = remove(config, 'internalResources', id)
  const order = orderOf(made)
  return order.includes(id) ? { ...made, internalResourceOrder: order.filter((one) => one !== id) } : made
}

export const orderResources = (config: Config, ids: readonly string[]): Config => ({
  ...config,
  internalResourceOrder: [...ids],
})

/** One address a line. A script that stays keeps what else stands beside its address. */
export function setScripts(held: unknown, addresses: readonly string[]): unknown[] {
  const known = list(held)
  const addressOf = (one: unknown): string => (typeof one === 'string' ? one : text(fields(one).url))
  return addresses.map((address) => known.find((one) => addressOf(one) === address) ?? address)
}
