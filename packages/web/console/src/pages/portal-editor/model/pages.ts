/** Pages of a portal: adding, naming, ordering and deleting them, with all that stands on them. */
import { type Config, change, fields, keyOf, put, remove, text, textsIn, thing, without } from './config.ts'
import { removePane } from './panes.ts'
import { removeGrid } from './places.ts'

/** The page that a portal begins with has this id. */
export const homeId = 'Home'

const newPage = (id: string, name: string) => ({
  ...{ id, name, children: [], isChild: false, isParam: false },
  ...{ href: '', path: '', defaultValue: '' },
})

/** A portal without pages shows an empty first one, which is written down as soon as there is another. */
const withHome = (config: Config): Config =>
  Object.keys(fields(config.pages)).length > 0 ? config : put(config, 'pages', homeId, newPage(homeId, 'Home'))

export function addPage(config: Config, { id, name }: { id: string; name: string }): Config {
  const made = put(withHome(config), 'pages', id, newPage(id, name))
  return Array.isArray(made.pageOrder) ? { ...made, pageOrder: [...made.pageOrder, id] } : made
}

export const renamePage = (config: Config, id: string, name: string): Config =>
  change(withHome(config), 'pages', id, (page) => ({ ...page, name }))

/**
 * Stored sections have no order: their keys are sorted. So the order that a person gives stands beside them, as
 * `internalResourceOrder` does; nothing but editors reads it.
 */
export const orderPages = (config: Config, ids: readonly string[]): Config => ({ ...config, pageOrder: [...ids] })

/** Pages in the order given, the first page before those that it does not name. */
export function inOrder<T extends { id: string }>(config: Config, pages: readonly T[]): T[] {
  const order = textsIn(config.pageOrder)
  const rank = ({ id }: T): number => {
    const at = order.indexOf(id)
    if (at !== -1) return at
    return id === homeId ? -1 : order.length
  }
  return [...pages].sort((one, other) => rank(one) - rank(other))
}

/** With its panes and their widgets. Pages below it stand by themselves then. */
export function removePage(config: Config, id: string): Config {
  const { children } = thing(config, 'pages', id)
  let made = config
  for (const [key, pane] of Object.entries(fields(config.panes))) {
    if (text(fields(pane).pageId, homeId) === id) made = removePane(made, text(fields(pane).id, key))
  }
  for (const child of textsIn(children)) made = change(made, 'pages', child, (page) => ({ ...page, isChild: false }))
  for (const [key, page] of Object.entries(fields(made.pages))) {
    const own = fields(page)
    if (textsIn(own.children).includes(id)) {
      made = put(made, 'pages', key, { ...own, children: textsIn(own.children).filter((one) => one !== id) })
    }
  }
  made = removeGrid(remove(made, 'pages', id), { kind: 'page', id })
  const order = textsIn(made.pageOrder)
  return order.includes(id) ? { ...made, pageOrder: order.filter((one) => one !== id) } : made
}

/** Why a page cannot have this name; undefined where it can. `id` is its own. */
export function whyNotNamed(config: Config, name: string, id?: string): string | undefined {
  if (name.trim() === '') return 'A page needs a name.'
  if (name.length > 100) return 'A name has 100 characters at most.'
  const own = id === undefined ? undefined : keyOf(config, 'pages', id)
  const others = Object.entries(without(fields(config.pages), own ?? '')).map(([key, page]) =>
    text(fields(page).name, key),
  )
  const taken = others.some((other) => other.trim().toLowerCase() === name.trim().toLowerCase())
  return taken ? 'There is a page of this name already.' : undefined
}

/** The page that a page stands below; its address is that of both. */
export function parentOf(config: Config, id: string): string | undefined {
  if (thing(config, 'pages', id).isChild !== true) return undefined
  const found = Object.entries(fields(config.pages)).find(([, page]) => textsIn(fields(page).children).includes(id))
  return found === undefined ? undefined : text(fields(found[1]).id, found[0])
}

/** Puts a page below another, or by itself. Pages stand one deep: what is below one takes none. */
export function putBelow(config: Config, id: string, parent: string | undefined): Config {
  let made = change(config, 'pages', id, (page) => ({ ...page, isChild: parent !== undefined }))
  for (const [key, page] of Object.entries(fields(made.pages))) {
    const held = fields(page)
    const others = textsIn(held.children).filter((one) => one !== id)
    const children = text(held.id, key) === parent ? [...others, id] : others
    if (children.length === textsIn(held.children).length && text(held.id, key) !== parent) continue
    made = put(made, 'pages', key, { ...held, children })
  }
  return made
}
