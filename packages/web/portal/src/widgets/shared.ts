/** What several kinds of widgets read of their settings. */

import { element } from '../frame/dom.ts'
import { type Fields, fields, isObject, list, text } from '../model/fields.ts'

/** The setting that a widget's data come by: one of those named, or the first that is wired to something. */
export function dataSetting(settings: Fields, ...named: string[]): string {
  const wired = (name: string): boolean => typeof fields(settings[name]).dataType === 'string'
  const gives = (name: string): boolean => fields(settings[name]).outgoing_parser !== undefined
  return (
    named.find(wired) ??
    Object.keys(settings).find((name) => wired(name) && !gives(name) && name !== 'eventTarget') ??
    named[0]!
  )
}

/** Rows in whatever an answer has them under: a list, or `DATA`, `Data`, `data`, `items` or `results` of it. */
export function rowsIn(value: unknown): Fields[] {
  const held = listIn(value)
  return held.map((one) => (isObject(one) ? one : { value: one }))
}

export function listIn(value: unknown, depth = 0): unknown[] {
  if (Array.isArray(value)) return value
  if (!isObject(value) || depth > 3) return []
  for (const name of ['DATA', 'Data', 'data', 'items', 'results', 'value']) {
    if (value[name] !== undefined && typeof value[name] === 'object') return listIn(value[name], depth + 1)
  }
  return []
}

/** Colours that a widget names, as `[{fill}]` or `[{stroke}]`, else those of the theme. */
export function coloursIn(value: unknown, fallback: readonly string[]): string[] {
  const own = list(value).flatMap((one) => text(fields(one).fill) || text(fields(one).stroke) || [])
  return own.length > 0 ? own : [...fallback]
}

export type Column = {
  name: string
  label: string
  dataType: string
  inputType: string
  readOnly: boolean
  required: boolean
  errorText: string
  options: { label: string; value: string }[]
}

/** Columns of forms and grids, in their order; those that are hidden are left out. `rows` name them where nothing else does. */
export function columnsIn(declared: unknown, rows: readonly Fields[]): Column[] {
  const own = Object.entries(fields(declared)).filter((entry): entry is [string, Fields] => isObject(entry[1]))
  if (own.length === 0) {
    const names = new Set(rows.slice(0, 50).flatMap((row) => Object.keys(row)))
    return [...names].map((name) => columnOf(name, {}))
  }
  return own
    .filter(([, column]) => column.display !== false)
    .sort(([, one], [, other]) => Number(one.orderIdx ?? 0) - Number(other.orderIdx ?? 0))
    .map(([name, column]) => columnOf(name, column))
}

const columnOf = (name: string, column: Fields): Column => ({
  name: text(column.name, name),
  label: text(column.label) || text(column.displayName) || text(column.name, name),
  dataType: text(column.dataType, 'string'),
  inputType: text(column.inputType),
  readOnly: column.isReadOnly === true,
  required: column.required === true,
  errorText: text(column.errorText),
  options: list(column.options ?? column.selectOptions).map((one) => ({
    label: text(isObject(one) ? (one.label ?? one.value) : one),
    value: text(isObject(one) ? (one.value ?? one.label) : one),
  })),
})

/** A box for a value of a column; `read` answers with a value of the column's type. */
export function editorFor(column: Column, value: unknown, id: string) {
  const isFlag = /bool/i.test(column.dataType) || /checkbox|toggle/i.test(column.inputType)
  const isNumber = /int|float|double|number/i.test(column.dataType) || /number|slider/i.test(column.inputType)
  const isLong = /textarea|json/i.test(column.inputType) || typeof value === 'object'
  const common = { id, ...(column.required && !isFlag && { required: '' }), ...(column.readOnly && { readonly: '' }) }
  const shown =
    value === undefined || value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value)
  if (column.options.length > 0) {
    const box = element('select', { class: 'form-select', attributes: common })
    box.append(
      ...column.options.map((option) => element('option', { text: option.label, attributes: { value: option.value } })),
    )
    box.value = shown
    return { box, read: (): unknown => box.value }
  }
  if (isLong) {
    const box = element('textarea', { class: 'form-control', attributes: { ...common, rows: '3' } })
    box.value = shown
    return { box, read: (): unknown => (typeof value === 'object' && value !== null ? jsonOr(box.value) : box.value) }
  }
  const type = isFlag ? 'checkbox' : isNumber ? 'number' : /password|email|date|time|color/.exec(column.inputType)?.[0]
  const box = element('input', {
    class: isFlag ? 'form-check-input' : 'form-control',
    attributes: { ...common, type: type ?? 'text', ...(isNumber && { step: 'any' }) },
  })
  if (isFlag) box.checked = value === true || value === 'true'
  else box.value = shown
  return {
    box,
    read: (): unknown => (isFlag ? box.checked : isNumber && box.value !== '' ? Number(box.value) : box.value),
  }
}

function jsonOr(words: string): unknown {
  try {
    return JSON.parse(words)
  } catch {
    return words
  }
}

export const emptyNote = (words: string): HTMLElement => element('p', { class: 'gh-empty', text: words })
