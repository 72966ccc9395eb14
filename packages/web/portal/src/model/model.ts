/**
 * The config of a portal as the page uses it (packages-portals-edge.md §3.1). Every part may be missing or be something else;
 * what cannot be read is left out, so a portal shows as much as there is of it.
 */
import { type Fields, fields, flag, isObject, list, number, text } from './fields.ts'
import { breakpoints, type Cols, type Layouts, type Place } from './layout.ts'
import { readOldConfig } from './old-format.ts'

export type Page = { id: string; name: string; children: string[]; isChild: boolean; isParam: boolean }

export type Pane = {
  id: string
  pageId: string
  title: string
  headerHidden: boolean
  bordersHidden: boolean
  theme: string
  customId: string
  tabs: { id: string; title: string }[]
  tabbed: boolean
  activeTab: string
  hiddenAt: ReadonlySet<string>
}

export type Widget = { id: string; type: string; props: Fields; tab: string | undefined; scripts: string[] }

export type Datasource = { id: string; name: string; type: string; settings: Fields }

export type Resource = { name: string; kind: 'js' | 'css'; code: string }

export type Modal = { id: string; name: string; title: string }

export type PortalModel = {
  name: string
  /** As it came, for code of the portal. */
  source: Fields
  pages: Page[]
  panes: Pane[]
  widgets: Widget[]
  datasources: Datasource[]
  scripts: string[]
  resources: Resource[]
  modals: Modal[]
  theme: Fields
  cols: Cols
  paneLayouts: ReadonlyMap<string, Layouts>
  tabLayouts: ReadonlyMap<string, Layouts>
  headerLayout: Layouts
  flyoutLayout: Layouts
  modalLayouts: ReadonlyMap<string, Layouts>
}

export const headerTab = 'HEADER'

export function readModel(portal: Fields): PortalModel {
  const raw = fields(portal.config)
  const config = Array.isArray(raw.panes) ? readOldConfig(raw) : raw
  const pages = entries(config.pages).map(([id, page]) => readPage(id, page))
  return {
    name: text(portal.name),
    source: portal,
    pages: pages.length > 0 ? pages : [{ id: 'Home', name: 'Home', children: [], isChild: false, isParam: false }],
    panes: entries(config.panes).map(([id, pane]) => readPane(id, pane)),
    widgets: entries(config.widgets).map(([id, widget]) => readWidget(id, widget)),
    datasources: entries(config.datasources).map(([id, source]) => ({
      id: text(source.id, id),
      name: text(source.name, id),
      type: text(source.type),
      settings: fields(source.settings),
    })),
    scripts: readScripts(config.externalScripts),
    resources: readResources(config),
    modals: entries(config.userModals).map(([id, modal]) => ({
      id,
      name: text(modal.name, text(modal.title, id)),
      title: text(modal.title, text(modal.name)),
    })),
    theme: fields(config.theme),
    cols: readCols(config.cols),
    paneLayouts: readLayoutMap(config.paneLayouts),
    tabLayouts: readLayoutMap(config.paneGridWidgetLayouts),
    headerLayout: readLayouts(config.headerWidgetLayout),
    flyoutLayout: readLayouts(config.flyoutWidgetLayout),
    modalLayouts: readLayoutMap(config.userModalWidgetLayout),
  }
}

const entries = (value: unknown): [string, Fields][] =>
  Object.entries(fields(value)).filter((entry): entry is [string, Fields] => isObject(entry[1]))

const texts = (value: unknown): string[] =>
  list(value)
    .map((one) => text(one))
    .filter((one) => one !== '')

const readPage = (id: string, page: Fields): Page => ({
  id: text(page.id, id),
  name: text(page.name, id),
  children: texts(page.children),
  isChild: flag(page.isChild),
  isParam: flag(page.isParam),
})

function readPane(id: string, pane: Fields): Pane {
  const header = fields(pane.header)
  const info = fields(pane.tabInfo)
  const titles = fields(info.tabTitles)
  const tabs = texts(info.tabIds).map((tab) => ({ id: tab, title: text(titles[tab]) }))
  const hidden = fields(pane.hiddenBreakpoints)
  const active = text(info.activeTab)
  return {
    id: text(pane.id, id),
    pageId: text(pane.pageId, 'Home'),
    title: text(header.title),
    headerHidden: flag(header.hide),
    bordersHidden: flag(pane.hideBorders),
    theme: text(pane.themeType, 'primary'),
    customId: text(pane.customPaneId),
    tabs,
    tabbed: flag(info.tabbed),
    activeTab: tabs.some((tab) => tab.id === active) ? active : (tabs[0]?.id ?? ''),
    hiddenAt: new Set(Object.keys(hidden).filter((breakpoint) => hidden[breakpoint] === true)),
  }
}

const readWidget = (id: string, widget: Fields): Widget => ({
  id: text(widget.id, id),
  type: text(widget.type),
  props: fields(widget.props),
  tab: text(widget.tab) || undefined,
  scripts: readScripts(widget.externalScripts),
})

/** A text, or an object with one under `url`. */
const readScripts = (value: unknown): string[] =>
  list(value)
    .map((one) => text(isObject(one) ? one.url : one).trim())
    .filter((url) => url !== '')

function readResources(config: Fields): Resource[] {
  const all = entries(config.internalResources)
  const order = texts(config.internalResourceOrder)
  const rank = ([id, resource]: [string, Fields]): number => {
    const found = order.findIndex((one) => one === id || one === resource.name || one === resource.id)
    return found === -1 ? order.length : found
  }
  return all
    .sort((one, other) => rank(one) - rank(other))
    .map(([id, resource]) => {
      const name = text(resource.name, id)
      const kind = /css/i.test(text(resource.type)) || /\.css$/i.test(name) ? 'css' : 'js'
      return { name, kind, code: text(resource.file) }
    })
}

function readCols(value: unknown): Cols {
  const given = fields(value)
  const usual: Cols = { xl: 12, lg: 12, md: 10, sm: 6, xs: 4, xxs: 2 }
  const usualOf = (breakpoint: keyof Cols): number =>
    breakpoint === 'xl' ? number(given.lg, usual.lg) : usual[breakpoint]
  return Object.fromEntries(
    breakpoints.map(({ name }) => [name, Math.min(600, Math.max(1, Math.round(number(given[name], usualOf(name)))))]),
  ) as Cols
}

const readLayoutMap = (value: unknown): Map<string, Layouts> =>
  new Map(entries(value).map(([id, layouts]) => [id, readLayouts(layouts)]))

function readLayouts(value: unknown): Layouts {
  const given = fields(value)
  const layouts: Layouts = {}
  for (const { name } of breakpoints) {
    const places = list(given[name]).filter(isObject).map(readPlace)
    if (places.length > 0) layouts[name] = places
  }
  return layouts
}

const mostRows = 5_000

const readPlace = (place: Fields): Place => ({
  i: text(place.i),
  x: Math.max(0, Math.min(600, number(place.x, 0))),
  y: Math.max(0, Math.min(mostRows, number(place.y, 0))),
  w: Math.max(0.5, Math.min(600, number(place.w, 1))),
  h: Math.max(0.5, Math.min(mostRows, number(place.h, 1))),
})
