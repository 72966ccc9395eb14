/**
 * The shape of portals of type `custom`, from before pages (packages-portals-edge.md §3.5): panes as a list, each with a
 * place per number of columns, and widgets as a list in each tab. Turned into today's shape with one page.
 */
import { type Fields, fields, isObject, list, number, text } from './fields.ts'

const types: Readonly<Record<string, string>> = {
  gauge: 'SPEEDOMETER_WIDGET',
  html: 'HTML_WIDGET_COMPONENT',
  text_widget: 'TEXT_WIDGET_COMPONENT',
  lineGraph: 'LINE_CHART_WIDGET_COMPONENT',
  picture: 'PICTURE',
}

const sources: Readonly<Record<string, string>> = {
  messageTopic: 'CB_MESSAGE_TOPIC',
  clearblade_execute_code: 'CB_CODE_SERVICE',
}

/** Settings of the old shape are code that is calculated, or a plain value. */
const calculated = (value: unknown): Fields => ({
  dataType: 'CALCULATED_DATA_TYPE',
  value: /\bdatasources\b|\breturn\b/.test(text(value)) ? asBody(text(value)) : `return ${JSON.stringify(value ?? '')}`,
})

const asBody = (code: string): string => (/\breturn\b/.test(code) ? code : `return (${code})`)

export function readOldConfig(config: Fields): Fields {
  const panes: Fields = {}
  const widgets: Fields = {}
  const places: Fields[] = []
  const tabLayouts: Fields = {}
  const cols = Math.max(1, Math.min(12, number(config.columns, 3)))
  for (const [index, pane] of list(config.panes).filter(isObject).entries()) {
    const id = `pane-${index}`
    const tabs = list(pane.tabs).filter(isObject)
    const tabIds = tabs.map((_, tab) => `${id}-tab-${tab}`)
    for (const [tab, { widgets: held }] of tabs.entries()) {
      const layout: Fields[] = []
      for (const [position, widget] of list(held).filter(isObject).entries()) {
        const own = `${tabIds[tab]}-${position}`
        widgets[own] = readWidget(own, tabIds[tab]!, widget)
        layout.push({ i: own, x: 0, y: position * 6, w: 12, h: 6 })
      }
      tabLayouts[tabIds[tab]!] = { lg: layout }
    }
    panes[id] = {
      id,
      pageId: 'Home',
      header: { title: text(pane.title), hide: text(pane.title) === '' },
      tabInfo: {
        tabbed: tabs.length > 1,
        activeTab: tabIds[0],
        tabIds,
        tabTitles: Object.fromEntries(tabIds.map((tab, at) => [tab, text(tabs[at]!.title)])),
      },
    }
    const w = Math.max(1, Math.min(cols, number(pane.col_width, 1)))
    places.push({
      i: id,
      x: inColumns(pane.col, cols, index % cols, 1),
      y: inColumns(pane.row, cols, index, 1) * 2,
      w,
      h: 2,
    })
  }
  return {
    pages: { Home: { id: 'Home', name: 'Home' } },
    cols: { xl: cols, lg: cols, md: cols, sm: Math.min(cols, 2), xs: 1, xxs: 1 },
    panes,
    widgets,
    paneLayouts: { Home: { lg: places } },
    paneGridWidgetLayouts: tabLayouts,
    datasources: Object.fromEntries(list(config.datasources).filter(isObject).map(readSource)),
  }
}

/** A number, or one for each number of columns; counted from `first`. */
function inColumns(value: unknown, cols: number, fallback: number, first: number): number {
  const byCount = fields(value)
  const found = number(isObject(value) ? (byCount[cols] ?? Object.values(byCount).at(-1)) : value, fallback + first)
  return Math.max(0, found - first)
}

function readWidget(id: string, tab: string, widget: Fields): Fields {
  const settings = fields(widget.settings)
  const own = text(widget.type)
  const type = types[own] ?? own
  const props: Fields = { ...settings }
  if (own === 'html') props.html = calculated(settings.html)
  if (own === 'text_widget') props.textContent = calculated(settings.value ?? settings.title)
  if (own === 'gauge') {
    props.value = calculated(settings.value)
    Object.assign(props, { min: settings.min_value, max: settings.max_value, label: settings.title })
  }
  if (own === 'lineGraph') props.chartData = calculated(settings.value ?? settings.data)
  return { id, tab, type, props }
}

function readSource(source: Fields): [string, Fields] {
  const name = text(source.name)
  const settings = fields(source.settings)
  const type = text(source.type)
  return [
    name,
    {
      id: name,
      name,
      type: sources[type] ?? type,
      settings: {
        ...settings,
        code_name: settings.code_name ?? settings.service_name ?? settings.name,
        TOPIC_NAME: settings.TOPIC_NAME ?? settings.topic,
        refresh_interval: settings.refresh_interval ?? settings.refresh,
        CALL_ON_LOAD: true,
      },
    },
  ]
}
