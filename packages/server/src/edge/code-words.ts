/** What the two ends of a link say to each other about codes to phones: the code and whose it is, never a text or a number. */
import type { CodeSent } from '../domain/access/scope.ts'

/** From the edge: `id` is that of the challenge. The platform takes each once. */
export type AskedCode = { type: 'code'; id: string; user: string; code: string }
/** From the edge: the code of this challenge was entered rightly, which the breaker of prefixes counts by. */
export type EnteredCode = { type: 'entered'; id: string }
/** From the platform: what became of the message. */
export type AnsweredCode = { type: 'code'; id: string } & CodeSent

type Fields = Record<string, unknown>

const fieldsOf = (message: unknown): Fields =>
  typeof message === 'object' && message !== null && !Array.isArray(message) ? (message as Fields) : {}

const isId = (value: unknown): value is string => typeof value === 'string' && /^[\w-]{1,60}$/.test(value)

/** On the platform. Whether the code has as many digits as it must have is looked at there (`code-requests.ts`). */
export function readAsked(message: unknown): AskedCode | EnteredCode | undefined {
  const { type, id, user, code, ...more } = fieldsOf(message)
  if (!isId(id) || Object.keys(more).length > 0) return undefined
  if (type === 'entered') return user === undefined && code === undefined ? { type, id } : undefined
  const isCode = type === 'code' && typeof code === 'string' && /^[0-9]{1,20}$/.test(code)
  return isCode && isId(user) ? { type, id, user, code } : undefined
}

const isShort = (value: unknown): value is string => typeof value === 'string' && value.length <= 500

/** On the edge. */
export function readAnswered(message: unknown): AnsweredCode | undefined {
  const { type, id, state, where, provider, reason, retryAfter } = fieldsOf(message)
  const known = (['accepted', 'refused', 'unknown'] as const).find((one) => one === state)
  const place = (['inbox', 'provider'] as const).find((one) => one === where)
  if (type !== 'code' || !isId(id) || known === undefined || place === undefined) return undefined
  if (!isShort(provider) || !isShort(reason)) return undefined
  const after = Number.isSafeInteger(retryAfter) && (retryAfter as number) > 0 ? (retryAfter as number) : undefined
  return { type, id, state: known, where: place, provider, reason, ...(after !== undefined && { retryAfter: after }) }
}
