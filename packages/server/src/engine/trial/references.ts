/**
 * How a later step of a trial takes over what an earlier one was answered: a text that is `$1.options.factor_id` as a whole
 * stands for that part of the body that step 1 was answered with, `$1.code` for the code that step 1 led to. `$$1.x` is the
 * text `$1.x`.
 */

export type Reference = { step: number; path: string[] }

/** Undefined for any other text. */
export function readReference(text: string): Reference | undefined {
  const found = /^\$(\d{1,3})\.([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)$/.exec(text)
  return found === null ? undefined : { step: Number(found[1]), path: found[2]!.split('.') }
}

export class MissingPart extends Error {
  override readonly name = 'MissingPart'
}

/** The same value with its references followed. Throws MissingPart for one that leads nowhere. */
export function followReferences(value: unknown, find: (reference: Reference) => unknown): unknown {
  if (typeof value === 'string') {
    const reference = readReference(value)
    if (reference === undefined) return isEscaped(value) ? value.slice(1) : value
    const found = find(reference)
    if (found === undefined) throw new MissingPart(`Step ${reference.step} has no ${reference.path.join('.')}.`)
    return found
  }
  if (Array.isArray(value)) return value.map((part) => followReferences(part, find))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, followReferences(part, find)]))
}

const isEscaped = (text: string): boolean => text.startsWith('$$') && readReference(text.slice(1)) !== undefined

/** The part of a plain value at a path. */
export function partAt(value: unknown, path: readonly string[]): unknown {
  let part = value
  for (const name of path) {
    if (typeof part !== 'object' || part === null || !Object.hasOwn(part, name)) return undefined
    part = (part as Record<string, unknown>)[name]
  }
  return part
}
