/** The kinds of widgets by their type. What needs a library is loaded when a portal has such a widget, and not before. */
import { htmlWidget } from './html.ts'
import { textWidget } from './text.ts'
import type { WidgetKind } from './widget.ts'

type Load = () => WidgetKind | Promise<WidgetKind>

const kinds: Readonly<Record<string, Load>> = {
  TEXT: () => textWidget,
  HTML: () => htmlWidget,
  BUTTON: async () => (await import('./button.ts')).buttonWidget,
  FORM: async () => (await import('./form.ts')).formWidget,
  INPUT: async () => (await import('./input.ts')).inputWidget,
  TOGGLE: async () => (await import('./toggle.ts')).toggleWidget,
  LIST: async () => (await import('./list.ts')).listWidget,
  FILTERABLE_LIST: async () => (await import('./list.ts')).filterableList,
  GROUPING_LIST: async () => (await import('./list.ts')).groupingList,
  LINE_CHART: async () => (await import('./charts.ts')).lineChart,
  BAR_CHART: async () => (await import('./charts.ts')).barChart,
  PIE_CHART: async () => (await import('./charts.ts')).pie,
  CB_SCATTER_P: async () => (await import('./charts.ts')).scatter,
  SPEEDOMETER: async () => (await import('./charts.ts')).speedometer,
  RADIAL_GAUGE: async () => (await import('./charts.ts')).radialGauge,
  Crudgrid: async () => (await import('./data-grid.ts')).dataGrid,
  GOOGLE_MAP: async () => (await import('./map.ts')).mapWidget,
  JsonEditor: async () => (await import('./json-editor.ts')).jsonEditor,
}

/** A place that the editor kept free. */
const emptyKind: WidgetKind = { show: () => {} }

/** A kind that is not known shows its name, and nothing else is touched by it. */
const unknownKind = (type: string): WidgetKind => ({
  show({ element }) {
    element.classList.add('gh-unknown')
    element.textContent = `A widget of the type ${type} is not known here.`
  },
})

/** Types end in `_WIDGET_COMPONENT`, `_WIDGET`, `Widget`, or in nothing, as packages of all ages have them. */
const bare = (type: string): string => {
  const name = type.replace(/(?:_WIDGET_COMPONENT|_WIDGET|_COMPONENT|Widget)$/, '')
  return name.startsWith('CB_SCATTER_P') ? 'CB_SCATTER_P' : name
}

export function kindNamed(type: string): WidgetKind | Promise<WidgetKind> {
  if (type === '') return emptyKind
  const name = bare(type)
  return Object.hasOwn(kinds, name) ? kinds[name]!() : unknownKind(type)
}
