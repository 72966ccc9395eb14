/** What the two ends of a link say to each other, and reading it: nothing of the other end is believed before it was parsed. */
import { isPublicKey } from '../base/link-keys.ts'
import { type Cursor, type Cursors, type Group, type Lane, lanes } from '../store/down/groups.ts'

/** Grows when an end could not understand the other any more. */
export const linkProtocol = 1
export const linkPath = '/edge/link'

/** Why a link is refused; the edge says it to its operator in words of its own. */
export type Refusal = 'protocol' | 'token' | 'key' | 'proof' | 'two places' | 'busy' | 'message'

/** The first message of the edge, in the clear. Nothing in it says who it is. */
export type Hello = { type: 'hello'; protocol: number; version: string; share: string }
/** The answer: `share` of the key agreement, and the platform's own key with its signature over both shares. */
export type Challenge = {
  type: 'challenge'
  protocol: number
  version: string
  share: string
  key: string
  signature: string
}
/** Sealed from here on. `token` comes once; `sealKey` with it. */
export type Proof = {
  type: 'proof'
  key: string
  sealKey: string
  signature: string
  number: number
  token: string | null
  cursors: Cursors
  /** What its clock says, in milliseconds: shown, and nothing is decided by it. */
  clock?: number
}
export type Welcome = { type: 'welcome'; system: string; edge: string; now: number }
export type Refused = { type: 'refused'; why: Refusal; words: string }
export type Frame = { type: 'frame'; lane: Lane; from: Cursor | null; to: Cursor; groups: Group[] }
/** The platform's time, and whether all of the identity lane is on its way before this that was there by then. */
export type Word = { type: 'word'; now: number; identity: boolean }
export type Ack = { type: 'ack'; lane: Lane; cursor: Cursor }
/** The edge could not write what it was sent; the link ends with it. */
export type Trouble = { type: 'trouble'; lane: Lane; words: string }

type Fields = Record<string, unknown>

const fieldsOf = (message: unknown): Fields =>
  typeof message === 'object' && message !== null && !Array.isArray(message) ? (message as Fields) : {}

const isText = (value: unknown, most: number): value is string => typeof value === 'string' && value.length <= most
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

export function readHello(message: unknown): Hello | undefined {
  const { type, protocol, version, share } = fieldsOf(message)
  const fits = type === 'hello' && isCount(protocol) && isText(version, 40) && isPublicKey('x25519', share)
  return fits ? { type, protocol, version, share } : undefined
}

export function readChallenge(message: unknown): Challenge | undefined {
  const { type, protocol, version, share, key, signature } = fieldsOf(message)
  if (type !== 'challenge' || !isCount(protocol) || !isText(version, 40)) return undefined
  if (!isPublicKey('x25519', share) || !isPublicKey('ed25519', key) || !isText(signature, 200)) return undefined
  return { type, protocol, version, share, key, signature }
}

export function readProof(message: unknown): Proof | undefined {
  const { type, key, sealKey, signature, number, token, cursors, clock } = fieldsOf(message)
  if (type !== 'proof' || !isPublicKey('ed25519', key) || !isPublicKey('x25519', sealKey)) return undefined
  if (!isText(signature, 200) || !isCount(number) || (token !== null && !isText(token, 200))) return undefined
  const read = readCursors(cursors)
  if (read === undefined) return undefined
  return { type, key, sealKey, signature, number, token, cursors: read, ...(isCount(clock) && { clock }) }
}

function readCursors(value: unknown): Cursors | undefined {
  const found: Cursors = {}
  for (const [lane, cursor] of Object.entries(fieldsOf(value))) {
    const read = readCursor(cursor)
    if (!isLane(lane) || read === undefined) return undefined
    found[lane] = read
  }
  return found
}

const isLane = (value: unknown): value is Lane => lanes.some((lane) => lane === value)

function readCursor(value: unknown): Cursor | undefined {
  const { incarnation, scope, position, at } = fieldsOf(value)
  const fits = isText(incarnation, 100) && isText(scope, 100) && isCount(position) && (at === null || isText(at, 400))
  return fits ? { incarnation, scope, position, at } : undefined
}

/** Undefined for everything but the two things that an edge says once it is in. */
export function readFromEdge(message: unknown): Ack | Trouble | undefined {
  const { type, lane, cursor, words, ...more } = fieldsOf(message)
  if (!isLane(lane) || Object.keys(more).length > 0) return undefined
  if (type === 'trouble') return isText(words, 500) && cursor === undefined ? { type, lane, words } : undefined
  const read = readCursor(cursor)
  return type === 'ack' && words === undefined && read !== undefined ? { type, lane, cursor: read } : undefined
}

/** The platform is proved by then, and what it sends is its own: only the shape that the edge walks by is looked at. */
export function readFromPlatform(message: unknown): Welcome | Refused | Word | Frame | undefined {
  const fields = fieldsOf(message)
  if (fields.type === 'welcome') {
    const { type, system, edge, now } = fields
    return isText(system, 100) && isText(edge, 100) && isCount(now) ? { type, system, edge, now } : undefined
  }
  if (fields.type === 'word') {
    const { type, now, identity } = fields
    return isCount(now) && typeof identity === 'boolean' ? { type, now, identity } : undefined
  }
  if (fields.type === 'refused') {
    const { type, why, words } = fields
    return isText(why, 20) && isText(words, 500) ? { type, why: why as Refusal, words } : undefined
  }
  const { type, lane, from, to, groups } = fields
  const start = from === null ? null : readCursor(from)
  const end = readCursor(to)
  if (type !== 'frame' || !isLane(lane) || start === undefined || end === undefined || !Array.isArray(groups)) {
    return undefined
  }
  return { type, lane, from: start, to: end, groups: groups as Group[] }
}

export const sameCursor = (one: Cursor | null, other: Cursor | null): boolean =>
  one === null || other === null
    ? one === other
    : one.incarnation === other.incarnation &&
      one.scope === other.scope &&
      one.position === other.position &&
      one.at === other.at
