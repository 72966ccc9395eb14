/** TOGGLE_WIDGET: on or off, as its datasource says, and given out when it is switched. */
import { element as make } from '../frame/dom.ts'
import { flag, text } from '../model/fields.ts'
import { safeColour } from '../model/theme.ts'
import { dataSetting } from './shared.ts'
import type { WidgetKind } from './widget.ts'

export const toggleWidget: WidgetKind = {
  narrow: true,
  show({ id, element, settings, style, read, give }) {
    const box = make('input', {
      class: 'form-check-input',
      attributes: { type: 'checkbox', role: 'switch', id: `${id}-toggle` },
    })
    const label = make('label', {
      class: 'form-check-label',
      text: text(settings.label) || text(settings.title) || 'On',
      attributes: { for: `${id}-toggle` },
      style: { color: safeColour(text(style.fontColor), 'inherit') },
    })
    const on = safeColour(text(style.onColor), '#6e8592')
    const paint = (): void => {
      box.style.backgroundColor = box.checked ? on : ''
      box.style.borderColor = box.checked ? on : ''
    }
    element.append(make('div', { class: 'form-check form-switch', children: [box, label] }))
    read(dataSetting(settings, 'toggleState', 'value', 'currentState'), (value) => {
      box.checked = flag(value, value === 1 || value === '1' || value === 'on')
      paint()
    })
    const target = ['eventTarget', 'target', 'updateParser', 'toggleTarget'].find(
      (name) => settings[name] !== undefined,
    )
    box.addEventListener('change', () => {
      paint()
      void give(target ?? dataSetting(settings, 'toggleState', 'value', 'currentState'), box.checked)
    })
  },
}
