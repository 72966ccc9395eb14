/** FORM_WIDGET_COMPONENT: a row of its source as a form, and what was made of it, given out. */
import { element as make } from '../frame/dom.ts'
import { type Fields, flag, isObject, shown, text } from '../model/fields.ts'
import { safeColour } from '../model/theme.ts'
import { columnsIn, editorFor, emptyNote, rowsIn } from './shared.ts'
import type { WidgetContext, WidgetKind } from './widget.ts'

export const formWidget: WidgetKind = {
  show(context) {
    const { element, settings, style, read } = context
    element.classList.add('gh-form')
    element.style.color = safeColour(text(style.fontColor), 'inherit')
    const body = make('div')
    const title = text(settings.listTitle)
    if (title !== '') {
      const colour = safeColour(text(style.titleColor), 'inherit')
      element.append(make('h3', { class: 'gh-widget-title', text: title, style: { color: colour } }))
    }
    element.append(body)
    let given = false
    read('listSource', (value) => {
      given = true
      const rows = Array.isArray(value) ? rowsIn(value) : isObject(value) ? sourceRows(value) : []
      showRows(context, body, rows)
    })
    // Fields that are declared can be filled in without any data.
    if (!given) showRows(context, body, [])
  },
}

/** A single row, or an answer with rows in it. */
const sourceRows = (value: Fields): Fields[] => {
  const rows = rowsIn(value)
  return rows.length > 0 ? rows : [value]
}

function showRows(context: WidgetContext, body: HTMLElement, rows: Fields[]): void {
  const { settings } = context
  const declared = columnsIn(settings.editColumns, [])
  if (rows.length === 0 && declared.length === 0) {
    body.replaceChildren(emptyNote(text(settings.noDataText, 'No data')))
    return
  }
  const place = make('div')
  body.replaceChildren(place)
  if (rows.length > 1) {
    const name = text(settings.displayColumn)
    const choice = make('select', { class: 'form-select mb-3', attributes: { 'aria-label': 'Which one' } })
    choice.append(
      ...rows.map((row, index) =>
        make('option', { text: shown(row[name]) || `${index + 1}`, attributes: { value: String(index) } }),
      ),
    )
    choice.addEventListener('change', () => showRow(context, place, rows[Number(choice.value)] ?? {}))
    body.prepend(choice)
  }
  showRow(context, place, rows[0] ?? {})
}

function showRow(context: WidgetContext, place: HTMLElement, row: Fields): void {
  const { settings, id, give, notify } = context
  const readOnly = flag(settings.isReadOnly)
  const editors = columnsIn(settings.editColumns, [row]).map((column) => {
    const own = `${id}-${column.name}`
    const editor = editorFor({ ...column, readOnly: readOnly || column.readOnly }, row[column.name], own)
    const field = make('div', {
      class: 'gh-field',
      children: [make('label', { text: column.label, attributes: { for: own } }), editor.box],
    })
    return { column, field, read: editor.read }
  })
  const form = make('form', { children: editors.map(({ field }) => field) })
  if (!readOnly) {
    const button = make('button', {
      class: 'btn btn-primary',
      text: text(settings.submitText, 'Submit'),
      attributes: { type: 'submit' },
    })
    form.append(button)
    form.addEventListener('submit', async (event) => {
      event.preventDefault()
      button.disabled = true
      const made = Object.fromEntries(editors.map(({ column, read }) => [column.name, read()]))
      const well = await give('eventTarget', { ...row, ...made })
      button.disabled = false
      if (well) notify(text(settings.successNotificationText, 'Form submitted'))
    })
  }
  place.replaceChildren(form)
}
