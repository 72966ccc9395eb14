/**
 * Running the texts of a portal: bodies of functions with `return`, and the newer form that assigns a function to `parser`
 * (packages-portals-edge.md §3.3). They see `this.datasource` and `this.widget`, or get both as `ctx`.
 */
import { isObject, text } from '../model/fields.ts'

/** What code is run on: the newest data of its datasource, and what its widget gives out. */
export type RunInput = { datasource?: unknown; widget?: unknown }

/** What every text sees by name beside the globals of the page. */
export type Surroundings = () => Record<string, unknown>

/** Throws what the code throws, and SyntaxError. Answers with what it returns, which may be a promise. */
export type RunCode = (code: string, input?: RunInput) => unknown

const assignsParser = /(?:^|[;\s])(?:(var|let|const)\s+)?parser\s*=(?!=)/

export function codeRunner(surroundings: Surroundings): RunCode {
  const compiled = new Map<string, (...values: unknown[]) => unknown>()
  const compile = (code: string, names: string[]) => {
    const known = compiled.get(code)
    if (known !== undefined) return known
    const assigned = assignsParser.exec(code)
    const declared = assigned !== null && assigned[1] === undefined ? 'var parser;' : ''
    const answer = assigned === null ? '' : '\n;return { gatehouseParser: parser };'
    // The text stands on lines of its own, so that a comment at its end takes nothing with it.
    const made = new Function(...names, `${declared}\n${code}\n${answer}`) as (...values: unknown[]) => unknown
    compiled.set(code, made)
    return made
  }
  return (code, input = {}) => {
    const seen = surroundings()
    const ctx = { ...input, data: input.datasource }
    const ran = compile(code, [...Object.keys(seen), 'ctx']).call({ ...input }, ...Object.values(seen), ctx)
    if (isObject(ran) && typeof ran.gatehouseParser === 'function') return ran.gatehouseParser.call({ ...input }, ctx)
    return ran
  }
}

/** The code of a parser: a text, or an object with one under `value`. */
export const codeOf = (parser: unknown): string => text(isObject(parser) ? parser.value : parser)

/** Names of datasources that a text mentions, as `datasources.name` or `datasources["name"]`. */
export function mentioned(code: string): string[] {
  const found = code.matchAll(/\bdatasources\s*(?:\.\s*([A-Za-z_$][\w$]*)|\[\s*(["'`])(.*?)\2\s*\])/g)
  return [...new Set([...found].map((match) => match[1] ?? match[3]!))]
}

export const messageOf = (error: unknown): string =>
  error instanceof Error ? `${error.name === 'Error' ? '' : `${error.name}: `}${error.message}` : String(error)
