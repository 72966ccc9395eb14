/** Panes of a page and their tabs. A pane has one tab at least; widgets hang on the tab. */
import { type Config, change, type Fields, fields, put, remove, text, textsIn, thing, without } from './config.ts'
import { addPlace, type Cols, removeGrid, removePlace } from './places.ts'
import { removeWidget } from './widgets.ts'

type NewPane = { id: string; tab: string; page: string; title: string }

export function addPane(config: Config, { id, tab, page, title }: NewPane, cols: Cols): Config {
  const pane = {
    id,
    pageId: page,
    header: { hide: false, title },
    hideBorders: false,
    themeType: 'primary',
    customPaneId: '',
    hiddenBreakpoints: {},
    tabInfo: { activeTab: tab, tabIds: [tab], tabTitles: { [tab]: 'Tab 1' }, tabbed: false },
  }
  return addPlace(put(config, 'panes', id, pane), { kind: 'page', id: page }, id, { w: 6, h: 4 }, cols)
}

/** `header` is put over what it has. */
export function changePane(config: Config, id: string, { header, ...rest }: Fields): Config {
  return change(config, 'panes', id, (pane) => ({
    ...pane,
    ...rest,
    ...(header !== undefined && { header: { ...fields(pane.header), ...fields(header) } }),
  }))
}

/** With the widgets in it. */
export function removePane(config: Config, id: string): Config {
  const pane = thing(config, 'panes', id)
  let made = config
  for (const tab of textsIn(fields(pane.tabInfo).tabIds)) made = emptyTab(made, tab)
  made = removePlace(made, { kind: 'page', id: text(pane.pageId, 'Home') }, id)
  return remove(made, 'panes', id)
}

function emptyTab(config: Config, tab: string): Config {
  let made = config
  for (const [key, widget] of Object.entries(fields(config.widgets))) {
    if (text(fields(widget).tab) === tab) made = removeWidget(made, text(fields(widget).id, key))
  }
  return removeGrid(made, { kind: 'tab', id: tab })
}

const changeTabs = (config: Config, id: string, make: (info: Fields) => Fields): Config =>
  change(config, 'panes', id, (pane) => ({ ...pane, tabInfo: make(fields(pane.tabInfo)) }))

export const addTab = (config: Config, id: string, tab: string, title: string): Config =>
  changeTabs(config, id, (info) => ({
    ...info,
    tabbed: true,
    tabIds: [...textsIn(info.tabIds), tab],
    tabTitles: { ...fields(info.tabTitles), [tab]: title },
  }))

export const renameTab = (config: Config, id: string, tab: string, title: string): Config =>
  changeTabs(config, id, (info) => ({ ...info, tabTitles: { ...fields(info.tabTitles), [tab]: title } }))

/** With its widgets. The last one stays. */
export function removeTab(config: Config, id: string, tab: string): Config {
  const held = textsIn(fields(thing(config, 'panes', id).tabInfo).tabIds)
  const tabIds = held.filter((one) => one !== tab)
  if (tabIds.length === 0 || tabIds.length === held.length) return config
  return changeTabs(emptyTab(config, tab), id, (info) => ({
    ...info,
    tabIds,
    tabTitles: without(fields(info.tabTitles), tab),
    ...(text(info.activeTab) === tab && { activeTab: tabIds[0] }),
    ...(tabIds.length === 1 && { tabbed: false }),
  }))
}
