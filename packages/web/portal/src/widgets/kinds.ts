/** The kinds of widgets by their type. What needs a library is loaded when a portal has such a widget, and not before. */
import { htmlWidget } from './html.ts'
import { textWidget } from './text.ts'
import type { WidgetKind } from './widget.ts'

const kinds: Readonly<Record<string, () => WidgetKind | Promise<WidgetKind>>> = {
  TEXT_WIDGET_COMPONENT: () => textWidget,
  HTML_WIDGET_COMPONENT: () => htmlWidget,
  // A place that the editor kept free.
  '': () => ({ show: () => {} }),
}

/** A kind that is not known shows its name, and nothing else is touched by it. */
const unknownKind = (type: string): WidgetKind => ({
  show({ element }) {
    element.classList.add('gh-unknown')
    element.textContent = `A widget of the type ${type} is not known here.`
  },
})

export function kindNamed(type: string): WidgetKind | Promise<WidgetKind> {
  return Object.hasOwn(kinds, type) ? kinds[type]!() : unknownKind(type)
}
