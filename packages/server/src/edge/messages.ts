/** What the two ends of a link say to each other, and reading it: nothing of the other end is believed before it was parsed. */
import { isPublicKey } from '../base/link-keys.ts'
import { type Aside, asideKinds, asideRules } from '../store/down/aside.ts'
import type { Listed } from '../store/down/digest.ts'
import { type Cursor, type Cursors, type Group, type Lane, lanes } from '../store/down/groups.ts'
import type { UpLane } from '../store/tables/edge-words.ts'
import type { UpCursor } from '../store/up/facts.ts'
import { type AnsweredCode, type AskedCode, type EnteredCode, readAnswered, readAsked } from './code-words.ts'

/** Grows when an end could not understand the other any more. */
export const linkProtocol = 2
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
  /** It sends messages by itself, and has a use for numbers. */
  gateway?: boolean
}
/** `taken`: where the platform stands in what this edge tells; it alone keeps it. */
export type Welcome = {
  type: 'welcome'
  system: string
  edge: string
  now: number
  taken: Record<UpLane, UpCursor | null>
}
export type Refused = { type: 'refused'; why: Refusal; words: string }
/**
 * `stops`: how often the platform had heard on this link that the lane stopped. `taken` and `stamp` where rows go up: what of the
 * edge's own changes is in these rows, and the platform's clock of changes.
 */
export type Frame = {
  type: 'frame'
  lane: Lane
  from: Cursor | null
  to: Cursor
  groups: Group[]
  stops?: number
  taken?: UpCursor | null
  stamp?: [ms: number, count: number]
}
/** The platform's time, and whether all of the identity lane is on its way before this that was there by then. */
export type Word = { type: 'word'; now: number; identity: boolean }
export type Ack = { type: 'ack'; lane: Lane; cursor: Cursor }
/**
 * The edge could not write what it was sent. `stopped`: it takes nothing more of the lane until it is sent again from where the
 * edge stands; else it tries the same again by itself.
 */
export type Trouble = { type: 'trouble'; lane: Lane; words: string; stopped: boolean }
/**
 * What the platform has at this very point of the link: of a part of a lane (roles with the system, users, code, tables, portals,
 * or a collection by its id) the sum of what lies between two keys, or a list of things with their hashes, or both. `except`: rows
 * that do not count.
 */
export type Check = {
  type: 'check'
  lane: Lane
  part: string
  after: string
  upTo: string | null
  sum: string
  list: Listed
  except: string[]
}
/** `anew`: it is otherwise, and the edge begins anew with the lane. `except`: it may be so for these rows, which were written there. */
export type Checked = {
  type: 'checked'
  lane: Lane
  part: string
  after: string
  result: 'same' | 'except' | 'anew'
  except: string[]
}
/** All that is set aside at the edge. `again`: it is another version of the program, and may be able to write it. */
export type AsideTold = { type: 'aside'; items: AsideItem[]; again: boolean }
export type AsideItem = Pick<Aside, 'kind' | 'id' | 'reason' | 'at'>

/**
 * What an edge tells: `items` from behind `from` up to `to`, in order, none left out but the `lost` first ones, which the edge
 * has no more. System and edge stand in none of it.
 */
export type Told = {
  type: 'told'
  lane: UpLane
  from: UpCursor | null
  to: UpCursor
  lost: number
  items: unknown[]
  /** Of rows: the incarnation of the platform's log that they speak of. */
  of?: string
}
/** The platform has it, up to there. `stamp`: of the edge's were some too far ahead, and it is to go on from here. */
export type Taken = { type: 'taken'; lane: UpLane; cursor: UpCursor; stamp?: [ms: number, count: number] }

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
  const { type, key, sealKey, signature, number, token, cursors, clock, gateway } = fieldsOf(message)
  if (type !== 'proof' || !isPublicKey('ed25519', key) || !isPublicKey('x25519', sealKey)) return undefined
  if (!isText(signature, 200) || !isCount(number) || (token !== null && !isText(token, 200))) return undefined
  const read = readCursors(cursors)
  if (read === undefined) return undefined
  const more = { ...(isCount(clock) && { clock }), gateway: gateway === true }
  return { type, key, sealKey, signature, number, token, cursors: read, ...more }
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

export const upLanes: readonly UpLane[] = ['facts', 'rows']

function readUpCursor(value: unknown): UpCursor | undefined {
  const { incarnation, position, ...more } = fieldsOf(value)
  const fits = isText(incarnation, 100) && isCount(position) && Object.keys(more).length === 0
  return fits ? { incarnation, position } : undefined
}

const mostItems = 500

/** What stands in the items is read by whoever takes them. */
function readTold(message: unknown): Told | undefined {
  const { type, lane, from, to, lost, items, of, ...more } = fieldsOf(message)
  const start = from === null ? null : readUpCursor(from)
  const end = readUpCursor(to)
  const fits = upLanes.some((one) => one === lane) && isCount(lost) && Array.isArray(items) && items.length <= mostItems
  const isOf = lane === 'rows' ? isText(of, 100) : of === undefined
  if (!isOf) return undefined
  if (type !== 'told' || start === undefined || end === undefined || !fits || Object.keys(more).length > 0) {
    return undefined
  }
  return {
    type,
    lane: lane as UpLane,
    from: start,
    to: end,
    lost: lost as number,
    items: items as unknown[],
    ...(isText(of, 100) && { of }),
  }
}

const mostExcepted = 1_000

function readChecked(message: unknown): Checked | undefined {
  const { type, lane, part, after, result, except, ...more } = fieldsOf(message)
  if (type !== 'checked' || !isLane(lane) || !isText(part, 100) || !isText(after, 400)) return undefined
  if (result !== 'same' && result !== 'except' && result !== 'anew') return undefined
  if (!Array.isArray(except) || except.length > mostExcepted || Object.keys(more).length > 0) return undefined
  if (!except.every((one): one is string => isText(one, 400))) return undefined
  return { type, lane, part, after, result, except }
}

/** The platform's own, as every frame: only its shape is looked at. */
function readCheck(fields: Fields): Check | undefined {
  const { lane, part, after, upTo, sum, list, except } = fields
  const fits =
    isLane(lane) &&
    isText(part, 100) &&
    isText(after, 400) &&
    (upTo === null || isText(upTo, 400)) &&
    isText(sum, 20) &&
    Array.isArray(list) &&
    Array.isArray(except)
  return fits ? { type: 'check', lane, part, after, upTo, sum, list, except } : undefined
}

/** In the two lanes together. */
const mostAside = 2 * asideRules.most

function readAside(message: unknown): AsideTold | undefined {
  const { type, items, again, ...more } = fieldsOf(message)
  if (type !== 'aside' || !Array.isArray(items) || items.length > mostAside) return undefined
  if (typeof again !== 'boolean' || Object.keys(more).length > 0) return undefined
  const read: AsideItem[] = []
  for (const item of items) {
    const { kind: named, id, reason, at, ...others } = fieldsOf(item)
    const kind = asideKinds.find((one) => one === named)
    if (kind === undefined || !isText(id, 400) || !isText(reason, 300) || !isCount(at)) return undefined
    if (Object.keys(others).length > 0) return undefined
    read.push({ kind, id, reason, at })
  }
  return { type, items: read, again }
}

/** Undefined for everything but what an edge says once it is in. */
export function readFromEdge(
  message: unknown,
): Ack | Trouble | AsideTold | Checked | Told | AskedCode | EnteredCode | undefined {
  const { type, lane, cursor, words, stopped, ...more } = fieldsOf(message)
  if (type === 'told') return readTold(message)
  if (type === 'aside') return readAside(message)
  if (type === 'checked') return readChecked(message)
  if (type === 'code' || type === 'entered') return readAsked(message)
  if (!isLane(lane) || Object.keys(more).length > 0) return undefined
  if (type === 'trouble') {
    const fits = isText(words, 500) && typeof stopped === 'boolean' && cursor === undefined
    return fits ? { type, lane, words, stopped } : undefined
  }
  const read = readCursor(cursor)
  const isAck = type === 'ack' && words === undefined && stopped === undefined
  return isAck && read !== undefined ? { type, lane, cursor: read } : undefined
}

/** The platform is proved by then, and what it sends is its own: only the shape that the edge walks by is looked at. */
export function readFromPlatform(
  message: unknown,
): Welcome | Refused | Word | Check | Frame | Taken | AnsweredCode | undefined {
  const fields = fieldsOf(message)
  if (fields.type === 'code') return readAnswered(message)
  if (fields.type === 'check') return readCheck(fields)
  if (fields.type === 'welcome') {
    const { type, system, edge, now } = fields
    const said = fieldsOf(fields.taken)
    const taken = { facts: readUpCursor(said.facts) ?? null, rows: readUpCursor(said.rows) ?? null }
    return isText(system, 100) && isText(edge, 100) && isCount(now) ? { type, system, edge, now, taken } : undefined
  }
  if (fields.type === 'taken') {
    const cursor = readUpCursor(fields.cursor)
    const lane = upLanes.find((one) => one === fields.lane)
    const stamp = readStamp(fields.stamp)
    return cursor && lane && { type: 'taken', lane, cursor, ...(stamp !== undefined && { stamp }) }
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
  const taken = readUpCursor(fields.taken) ?? null
  const stamp = readStamp(fields.stamp)
  const start = from === null ? null : readCursor(from)
  const end = readCursor(to)
  if (type !== 'frame' || !isLane(lane) || start === undefined || end === undefined || !Array.isArray(groups)) {
    return undefined
  }
  const stops = isCount(fields.stops) ? { stops: fields.stops } : {}
  const frame = { type, lane, from: start, to: end, groups: groups as Group[], ...stops } as const
  return stamp === undefined ? frame : { ...frame, taken, stamp }
}

function readStamp(value: unknown): [number, number] | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined
  const [ms, count] = value
  return isCount(ms) && isCount(count) ? [ms, count] : undefined
}

export const sameUp = (one: UpCursor | null, other: UpCursor | null): boolean =>
  one?.incarnation === other?.incarnation && one?.position === other?.position

export const sameCursor = (one: Cursor | null, other: Cursor | null): boolean =>
  one === null || other === null
    ? one === other
    : one.incarnation === other.incarnation &&
      one.scope === other.scope &&
      one.position === other.position &&
      one.at === other.at
