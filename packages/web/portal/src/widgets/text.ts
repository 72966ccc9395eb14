/** TEXT_WIDGET_COMPONENT: a line of text in its own font. */
import { number, shown, text } from '../model/fields.ts'
import { safeColour } from '../model/theme.ts'
import type { WidgetKind } from './widget.ts'

export const textWidget: WidgetKind = {
  show({ element, style, read }) {
    element.classList.add('gh-text')
    element.style.color = safeColour(text(style.fontColor), 'inherit')
    element.style.fontSize = `${Math.max(6, Math.min(200, number(style.fontSize, 18)))}px`
    const font = text(style.fontFamily)
    if (font !== '') element.style.fontFamily = `${JSON.stringify(font)}, Helvetica, Arial, sans-serif`
    read('textContent', (value) => {
      element.textContent = shown(value)
    })
  },
}
