/** INPUT_WIDGET_COMPONENT: a box whose value comes from a datasource and is given out when it is changed. */
import { element as make } from '../frame/dom.ts'
import { shown, text } from '../model/fields.ts'
import type { WidgetKind } from './widget.ts'

const types = [
  'text',
  'number',
  'password',
  'email',
  'date',
  'time',
  'color',
  'range',
  'url',
  'tel',
  'search',
  'datetime-local',
]

export const inputWidget: WidgetKind = {
  narrow: true,
  show({ element, settings, read, give }) {
    const type = text(settings.inputType, 'text')
    const label = text(settings.label)
    const box = make('input', {
      class: type === 'range' ? 'form-range' : 'form-control',
      attributes: {
        type: types.includes(type) ? type : 'text',
        'aria-label': label || text(settings.placeholder) || 'Value',
        placeholder: text(settings.placeholder),
      },
    })
    element.append(label === '' ? box : make('label', { class: 'w-100', text: label, children: [box] }))
    read('inputVal', (value) => {
      if (document.activeElement !== box) box.value = shown(value)
    })
    box.addEventListener('change', () => {
      void give('target', type === 'number' || type === 'range' ? Number(box.value) : box.value)
    })
  },
}
