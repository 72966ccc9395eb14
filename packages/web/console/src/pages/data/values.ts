/** Values of columns as a person reads and types them. */
import type { ColumnType } from '@gatehouse/contract/columns.ts'

/** One line for a cell; null shows as nothing here. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** What a person edits: JSON of a jsonb column is laid out. */
export function editable(type: ColumnType, value: unknown): string {
  if (value === null || value === undefined) return ''
  if (type === 'jsonb') return JSON.stringify(value, null, 2)
  return typeof value === 'string' ? value : String(value)
}

/** Throws Error with what is wrong. An empty text is no value, but in columns of texts. */
export function typed(type: ColumnType, text: string): unknown {
  const trimmed = text.trim()
  if (type === 'string' || type === 'blob') return text
  if (trimmed === '') return null
  switch (type) {
    case 'int':
    case 'bigint':
      if (!/^[+-]?\d+$/.test(trimmed) || !Number.isSafeInteger(Number(trimmed))) throw new Error('Not a whole number')
      return Number(trimmed)
    case 'float':
    case 'double': {
      const number = Number(trimmed)
      if (!Number.isFinite(number)) throw new Error('Not a number')
      return number
    }
    case 'bool':
      if (!/^(true|false)$/i.test(trimmed)) throw new Error('true or false')
      return trimmed.toLowerCase() === 'true'
    case 'jsonb':
      try {
        return JSON.parse(trimmed)
      } catch {
        throw new Error('Not JSON')
      }
    default:
      return trimmed
  }
}

/** What the box for a new value of this type says. */
export const example: Readonly<Record<ColumnType, string>> = {
  string: '',
  uuid: '123e4567-e89b-12d3-a456-426614174000',
  int: '7',
  bigint: '7',
  float: '1.5',
  double: '1.5',
  bool: 'true or false',
  timestamp: '2026-01-31T10:20:30Z',
  blob: 'base64',
  jsonb: '{"a": 1}',
}

/** Whether a value needs more than a line to be edited. */
export const needsRoom = (type: ColumnType, value: unknown): boolean =>
  type === 'jsonb' || (typeof value === 'string' && (value.length > 200 || value.includes('\n')))
