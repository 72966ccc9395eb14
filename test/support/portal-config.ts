/** Configs of portals for tests, in the shape that packages have, of widgets given one by one. */

export type TestWidget = {
  type: string
  props?: Record<string, unknown>
  page?: string
  pane?: string
  tab?: string
  scripts?: unknown[]
}

type Source = { name: string; type: string; settings?: Record<string, unknown> }

export const fixed = (value: unknown) => ({ dataType: 'STATIC_DATA_TYPE', value })

export const calculated = (value: string) => ({ dataType: 'CALCULATED_DATA_TYPE', value })

/** `incoming` and `outgoing` are code; an HTML widget's three parts may stand for the first. */
export const dynamic = (id: string, incoming?: unknown, outgoing?: string) => ({
  dataType: 'DYNAMIC_DATA_TYPE',
  id,
  ...(incoming !== undefined && { incoming_parser: { isDebugOn: false, value: incoming } }),
  ...(outgoing !== undefined && { outgoing_parser: { isDebugOn: false, value: outgoing } }),
})

export const html = (HTML: string, JavaScript = '', CSS = '') => ({ html: fixed({ HTML, CSS, JavaScript }) })

/** Each widget in a pane of its own, of half the width, under its title. */
export function portalConfig(widgets: Record<string, TestWidget>, more: Record<string, unknown> = {}) {
  const pages: Record<string, unknown> = {}
  const panes: Record<string, unknown> = {}
  const paneLayouts: Record<string, { lg: unknown[] }> = {}
  const tabs: Record<string, unknown> = {}
  for (const [index, [id, { page = 'Home' }]] of Object.entries(widgets).entries()) {
    pages[page] = { id: page, name: page, children: [], isChild: false }
    paneLayouts[page] ??= { lg: [] }
    paneLayouts[page].lg.push({ i: `${id}-pane`, x: (index % 2) * 6, y: Math.floor(index / 2) * 5, w: 6, h: 5 })
    panes[`${id}-pane`] = {
      id: `${id}-pane`,
      pageId: page,
      header: { hide: false, title: id },
      tabInfo: { activeTab: `${id}-tab`, tabIds: [`${id}-tab`], tabTitles: {}, tabbed: false },
      themeType: 'primary',
    }
    tabs[`${id}-tab`] = { lg: [{ i: id, x: 0, y: 0, w: 12, h: 20 }] }
  }
  return {
    cols: { lg: 12, md: 10, sm: 6, xs: 4, xxs: 2 },
    pages: { Home: { id: 'Home', name: 'Home', children: [] }, ...pages },
    panes,
    paneLayouts,
    paneGridWidgetLayouts: tabs,
    datasources: {},
    externalScripts: [],
    widgets: Object.fromEntries(
      Object.entries(widgets).map(([id, { type, props = {}, tab, scripts = [] }]) => [
        id,
        { id, type, props, tab: tab ?? `${id}-tab`, externalScripts: scripts },
      ]),
    ),
    ...more,
  }
}

/** The id of a datasource is its name with `id-` before it. */
export const datasources = (...sources: Source[]) => ({
  datasources: Object.fromEntries(
    sources.map(({ name, type, settings = {} }) => [`id-${name}`, { id: `id-${name}`, name, type, settings }]),
  ),
})
