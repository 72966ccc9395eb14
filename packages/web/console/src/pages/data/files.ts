/** Rows as files: CSV and JSON, out and in. */
import type { ColumnType } from '@gatehouse/contract/columns.ts'
import Papa from 'papaparse'
import { type Column, fetchPage, type Row, type View } from './data-api.ts'
import { shown, typed } from './values.ts'

export type Format = 'csv' | 'json'

const exportedAtOnce = 2_000

/** Hands the rows of the view to the browser as a file. Answers how many. In CSV no value is an empty field. */
export async function download(
  id: string,
  name: string,
  columns: Column[],
  view: View,
  format: Format,
): Promise<number> {
  const names = columns.map(({ ColumnName }) => ColumnName)
  const parts: string[] = format === 'csv' ? [csvLine(names)] : ['[']
  let count = 0
  for (let page = 0; ; page++) {
    const rows = await fetchPage(id, view, exportedAtOnce, page)
    for (const row of rows) {
      if (format === 'csv') parts.push(csvLine(names.map((column) => shown(row[column]))))
      else parts.push(`${count === 0 ? '' : ','}\n${JSON.stringify(row)}`)
      count++
    }
    if (rows.length < exportedAtOnce) break
  }
  if (format === 'json') parts.push('\n]\n')
  const file = new Blob(parts, { type: format === 'csv' ? 'text/csv' : 'application/json' })
  const link = document.createElement('a')
  link.href = URL.createObjectURL(file)
  link.download = `${name}.${format}`
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
  return count
}

const csvLine = (fields: string[]): string => `${Papa.unparse([fields], { header: false })}\r\n`

/** What a file holds. `texts`: every value is a text, since the format knows no other. */
export type Parsed = { names: string[]; rows: Record<string, unknown>[]; texts: boolean }

/** Throws Error with what is wrong with the file. */
export async function readRows(file: File): Promise<Parsed> {
  const text = await file.text()
  const isJson = /\.json$/i.test(file.name) || /^\s*[[{]/.test(text)
  return isJson ? readJson(text) : readCsv(text)
}

function readCsv(text: string): Parsed {
  const { data, errors, meta } = Papa.parse<Record<string, string>>(text, { header: true, skipEmptyLines: true })
  const [wrong] = errors.filter(({ code }) => code !== 'UndetectableDelimiter')
  if (wrong !== undefined) throw new Error(`Row ${(wrong.row ?? 0) + 1}: ${wrong.message}`)
  return { names: meta.fields ?? [], rows: data, texts: true }
}

function readJson(text: string): Parsed {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Error(`This is no JSON: ${(error as Error).message}`)
  }
  const { DATA } = (value ?? {}) as { DATA?: unknown }
  const list = Array.isArray(value) ? value : Array.isArray(DATA) ? DATA : [value]
  const wrong = list.findIndex((row) => typeof row !== 'object' || row === null || Array.isArray(row))
  if (wrong !== -1) throw new Error(`Row ${wrong + 1} is no object of column names and values.`)
  const rows = list as Row[]
  return { names: [...new Set(rows.flatMap((row) => Object.keys(row)))], rows, texts: false }
}

/** Rows as the collection takes them, of these columns alone. Throws Error naming the first row that does not fit. */
export function rowsFor(
  { rows, texts }: Parsed,
  columns: { name: string; type: ColumnType }[],
): Record<string, unknown>[] {
  return rows.map((row, at) => {
    const made: Record<string, unknown> = {}
    for (const { name, type } of columns) {
      const value = row[name]
      if (value === undefined || value === null || (texts && value === '')) continue
      try {
        made[name] = texts ? typed(type, value as string) : value
      } catch (error) {
        throw new Error(`Row ${at + 1}, ${name}: ${(error as Error).message}`)
      }
    }
    return made
  })
}

/** The type that fits all values of a column that is not there yet. */
export function guessType({ rows, texts }: Parsed, name: string): ColumnType {
  const values = rows.map((row) => row[name]).filter((value) => value !== null && value !== undefined && value !== '')
  if (values.length === 0) return 'string'
  const fits = (type: ColumnType): boolean =>
    values.every((value) => {
      if (!texts) return jsonFits(type, value)
      try {
        typed(type, value as string)
        return type !== 'timestamp' || isTime(value)
      } catch {
        return false
      }
    })
  return (['bool', 'bigint', 'double', 'timestamp'] as const).find(fits) ?? (texts ? 'string' : otherType(values))
}

const isTime = (value: unknown): boolean => typeof value === 'string' && /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(value)

function jsonFits(type: ColumnType, value: unknown): boolean {
  if (type === 'bool') return typeof value === 'boolean'
  if (type === 'bigint') return Number.isSafeInteger(value)
  return type === 'double' ? typeof value === 'number' : isTime(value)
}

const otherType = (values: unknown[]): ColumnType =>
  values.some((value) => typeof value === 'object') ? 'jsonb' : 'string'
