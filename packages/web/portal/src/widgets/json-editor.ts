/** JsonEditorWidget: a value as JSON, to look at and to change. What is no JSON is said and not given out. */
import { element as make } from '../frame/dom.ts'
import { flag, text } from '../model/fields.ts'
import { dataSetting } from './shared.ts'
import type { WidgetKind } from './widget.ts'

export const jsonEditor: WidgetKind = {
  show({ element, settings, read, give }) {
    const readOnly = flag(settings.isReadOnly)
    const html = text(settings.htmlId)
    const box = make('textarea', {
      class: 'form-control gh-json',
      attributes: {
        rows: '12',
        spellcheck: 'false',
        'aria-label': 'JSON',
        ...(html !== '' && { id: html }),
        ...(readOnly && { readonly: '' }),
      },
    })
    const says = make('div', { class: 'gh-message', attributes: { role: 'alert' } })
    element.append(box, says)
    read(dataSetting(settings, 'textContent'), (value) => {
      if (document.activeElement === box) return
      box.value = pretty(value)
      says.textContent = ''
    })
    if (readOnly) return
    const save = make('button', { class: 'btn btn-primary mt-2', text: 'Save', attributes: { type: 'button' } })
    element.append(save)
    save.addEventListener('click', () => {
      try {
        const value = JSON.parse(box.value)
        says.textContent = ''
        void give('updateParser', value)
      } catch (error) {
        says.textContent = `This is no JSON yet. ${(error as Error).message}`
      }
    })
  },
}

function pretty(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value ?? null, null, 2)
  try {
    return JSON.stringify(JSON.parse(value), null, 2)
  } catch {
    return value
  }
}
