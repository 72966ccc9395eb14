/**
 * Values as a trial shows them: shortened, since a run may move megabytes, and without passwords and tokens. Handles of
 * challenges stay: the next step names them, and those of a trial open nothing.
 */

const longestText = 500
const mostEntries = 30
const mostValues = 300
const deepest = 10

/** All kinds of tokens but the handles of challenges (`ghf_`). */
const tokens = /\bgh(?!f_)[a-z]_[A-Za-z0-9_-]{20,}/g

/** How texts are shown where these must not be: what is shorter would strike half of every line. */
export type Strike = (text: string) => string

export const striking = (hidden: readonly string[]): Strike => {
  const long = hidden.filter(({ length }) => length >= 3).sort((a, b) => b.length - a.length)
  return (text) => long.reduce((clean, one) => clean.replaceAll(one, '[struck]'), text).replace(tokens, '[struck]')
}

/** A copy of plain JSON for people to look at; `room` is how many values it may have in all. */
export function shown(value: unknown, strike: Strike, depth = 0, room = { left: mostValues }): unknown {
  room.left -= 1
  if (typeof value === 'string') {
    const text = strike(value)
    return text.length > longestText ? `${text.slice(0, longestText)}… (${text.length} characters)` : text
  }
  if (typeof value !== 'object' || value === null) return value
  if (depth === deepest || room.left <= 0) return '…'
  if (Array.isArray(value)) {
    const some: unknown[] = value.slice(0, mostEntries).map((part) => shown(part, strike, depth + 1, room))
    return value.length > mostEntries ? [...some, `… (${value.length} in all)`] : some
  }
  const entries = Object.entries(value)
  const some = entries.slice(0, mostEntries).map(([name, part]) => [name, shown(part, strike, depth + 1, room)])
  if (entries.length > mostEntries) some.push(['…', `${entries.length} in all`])
  return Object.fromEntries(some)
}

/** The same value, whole, its texts as `strike` shows them. */
export function struckAll(value: unknown, strike: Strike): unknown {
  if (typeof value === 'string') return strike(value)
  if (Array.isArray(value)) return value.map((part) => struckAll(part, strike))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, struckAll(part, strike)]))
}
