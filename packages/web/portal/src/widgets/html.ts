/**
 * HTML_WIDGET_COMPONENT: HTML, CSS and JavaScript of the portal. The JavaScript runs when its page is shown, after the HTML is
 * there; a dynamic one is shown and run again with every newer data of its datasource.
 */
import $ from 'jquery'
import { fields, isObject, shown, text } from '../model/fields.ts'
import type { WidgetContext, WidgetKind } from './widget.ts'

type Parts = { HTML: string; CSS: string; JavaScript: string }

const partsOf = (value: unknown): Parts =>
  isObject(value)
    ? { HTML: text(value.HTML), CSS: text(value.CSS), JavaScript: text(value.JavaScript) }
    : { HTML: shown(value), CSS: '', JavaScript: '' }

export const htmlWidget: WidgetKind = {
  show(context) {
    const setting = fields(context.settings.html)
    context.element.classList.add('gh-html')
    const held = fields(setting.incoming_parser).value
    if (setting.dataType === 'DYNAMIC_DATA_TYPE' && isObject(held)) {
      const parts = partsOf(held)
      // What it looks like does not wait for data; its code waits where data will come by themselves.
      if (context.latest('html') === undefined) draw(context, parts, context.waiting('html') === undefined)
      context.read('html', () => draw(context, parts, true))
      return
    }
    context.read('html', (value) => draw(context, partsOf(value), true))
  },
}

function draw(context: WidgetContext, { HTML, CSS, JavaScript }: Parts, run: boolean): void {
  const { element } = context
  const style = document.createElement('style')
  style.textContent = CSS
  const body = document.createElement('div')
  element.replaceChildren(style, body)
  try {
    // jQuery parses what is not well-formed too, and runs script elements as the page of a portal expects.
    $(body).html(HTML)
    if (run && JavaScript.trim() !== '') context.run(JavaScript, context.latest('html'))
    context.fail(undefined)
  } catch (error) {
    context.fail(error)
  }
}
