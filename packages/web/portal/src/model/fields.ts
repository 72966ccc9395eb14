/** Reading what a stranger wrote: values of any type, and what they are taken for. */

export type Fields = Record<string, unknown>

export const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const fields = (value: unknown): Fields => (isObject(value) ? value : {})

export const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

/** A text, or the fallback; numbers count as texts. */
export function text(value: unknown, fallback = ''): string {
  if (typeof value === 'string') return value
  return typeof value === 'number' ? String(value) : fallback
}

/** A finite number, also one in a text; the editor leaves other things in its place, which count as none. */
export function number(value: unknown, fallback: number): number {
  const read = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof read === 'number' && Number.isFinite(read) ? read : fallback
}

export const flag = (value: unknown, fallback = false): boolean =>
  typeof value === 'boolean' ? value : value === 'true' ? true : value === 'false' ? false : fallback

/** The value at a dotted way. */
export function at(value: unknown, way: string): unknown {
  return way
    .split('.')
    .reduce<unknown>((held, key) => (isObject(held) && Object.hasOwn(held, key) ? held[key] : undefined), value)
}

/** A value as people read it. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'object') {
    try {
      return JSON.stringify(value)
    } catch {
      return '[…]'
    }
  }
  return String(value)
}
