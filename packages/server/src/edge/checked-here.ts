/**
 * Whether this edge holds what the platform says it holds, worked out in one transaction, when everything that was sent before is
 * written. What is set aside, what is copied once, rows that were written here, and what is tighter here are no differences.
 */
import type { NodeKey } from '../base/node-key.ts'
import type { Means } from '../domain/access/scope.ts'
import { placeOf } from '../domain/accounts/authenticators.ts'
import { credentialUnder, type PasskeySecret } from '../domain/accounts/passkeys.ts'
import { type Aside, listAsides } from '../store/down/aside.ts'
import { copiedRows, forgetCopies, listCopied, lostRows } from '../store/down/copies.ts'
import {
  keysWithin,
  type Listed,
  listCodeHere,
  listRolesHere,
  sumRows,
  sumUsersHere,
  systemHash,
} from '../store/down/digest.ts'
import { listHeldHere, type SealedHere } from '../store/down/digest-held.ts'
import { anyHash, listPortalsHere, listTablesHere, noteWhatIsThere, notWhole } from '../store/down/digest-tables.ts'
import type { Lane } from '../store/down/groups.ts'
import { idsBesideTable } from '../store/down/users-here.ts'
import type { SystemStore } from '../store/store.ts'
import { findCollection } from '../store/tables/collections.ts'
import { dropCursor, findPlatformLink } from '../store/tables/platform-links.ts'
import type { UpCursor } from '../store/up/facts.ts'
import { ownKeysWithin } from '../store/up/local.ts'
import type { Check, Checked } from './messages.ts'

/** More of them are not named: then it is not known, and not asked any further. */
const mostExcepted = 1_000

/**
 * With a difference the lane has no cursor any more, and comes anew with the next link; with a collection that is not as it should
 * be its rows do too. `anew`: those lanes. `taken`: own rows that the platform has.
 */
export async function checkHere(
  { store, key }: Pick<Means, 'store' | 'key'>,
  system: string,
  check: Check,
  taken: UpCursor | null,
): Promise<{ checked: Checked; anew: Lane[] }> {
  const { lane, part, after } = check
  // Nothing but the link writes portals, and it waits for this answer.
  const portals = part === 'portals' ? await listPortalsHere(store.forSystem(system)) : []
  return store.forSystem(system).transaction(async (tx) => {
    const opens = (one: SealedHere): boolean => isWhole(key, system, one)
    const { result, except = [], alsoRows } = await differenceIn(tx, check, taken, opens, portals)
    const anew: Lane[] = result !== 'anew' ? [] : alsoRows ? [lane, 'data'] : [lane]
    for (const one of anew) await dropCursor(tx, one)
    return { checked: { type: 'checked', lane, part, after, result, except }, anew }
  })
}

type Found = { result: Checked['result']; except?: string[]; alsoRows?: boolean }
const same: Found = { result: 'same' }
const anew: Found = { result: 'anew' }

async function differenceIn(
  tx: SystemStore,
  check: Check,
  taken: UpCursor | null,
  opens: (one: SealedHere) => boolean,
  portals: Listed,
): Promise<Found> {
  const { part, list } = check
  if (part === 'roles') {
    const here: Listed = [['system', await systemHash(tx)], ...(await listRolesHere(tx))]
    const other = differing([...here, ...(await listTablesHere(tx, 'users'))], list)
    if (other.some((thing) => thing === 'users')) await noteWhatIsThere(tx, 'users')
    return other.length === 0 ? same : anew
  }
  if (part === 'users') {
    const found = await findCollection(tx, { kind: 'users' })
    if (found === undefined) return anew
    // Whoever has no row in that table is one too many.
    const keys = [...new Set([...(await keysWithin(tx, found, check)), ...(await idsBesideTable(tx, check))])]
    if ((await sumUsersHere(tx, keys)) !== check.sum) return anew
    return differing(await listHeldHere(tx, keys, opens), list).length === 0 ? same : anew
  }
  const asides = await listAsides(tx)
  const apart = new Set(asides.map(({ kind, id }) => `${kind} ${id}`))
  if (part === 'code') return code(tx, list, apart)
  if (part === 'portals') {
    const other = differing(portals, list, apart)
    const names = other.map((thing) => thing.slice(thing.indexOf(' ') + 1))
    await forgetCopies(tx, 'portal', names)
    return other.length === 0 ? same : anew
  }
  if (part === 'tables') return tables(tx, list, asides)
  return rows(tx, check, taken, asides)
}

/** What is copied once is there, whatever is in it; what is lost of it is to be copied anew. */
async function code(tx: SystemStore, list: Listed, asides: ReadonlySet<string>): Promise<Found> {
  const here = await listCodeHere(tx)
  const copied = await listCopied(tx, ['service', 'library'])
  const there = new Set(here.map(([thing]) => thing))
  const lost = copied.filter((one) => !there.has(one) && !asides.has(one))
  for (const kind of ['service', 'library'] as const) {
    const names = lost.filter((one) => one.startsWith(`${kind} `)).map((one) => one.slice(kind.length + 1))
    await forgetCopies(tx, kind, names)
  }
  const apart = new Set([...asides, ...copied])
  // Libraries stay with what is copied once, so that more may be here than is listed.
  const other = differing(here, list, apart, copied.length === 0)
  return lost.length + other.length === 0 ? same : anew
}

async function tables(tx: SystemStore, list: Listed, asides: readonly Aside[]): Promise<Found> {
  const apart = new Set(asides.map(({ kind, id }) => `${kind} ${id}`))
  // Of what is copied once it is only said that it is there; its indexes are no matter.
  const once = new Set(list.flatMap(([thing, hash]) => (hash === anyHash ? [thing] : [])))
  const isApart = (thing: string): boolean => {
    const collection = `collection ${thing.slice(thing.indexOf(' ') + 1).split('/')[0]}`
    return apart.has(thing) || apart.has(collection) || (once.has(collection) && thing !== collection)
  }
  const here = await listTablesHere(tx, 'items')
  const things = [...here, ...list].map(([thing]) => thing).filter(isApart)
  const other = new Set(differing(here, list, new Set(things)))
  if ((await findPlatformLink(tx.node))?.cursors.data?.at === null) {
    const copied = new Set(await listCopied(tx, ['collection']))
    for (const thing of once) if (!copied.has(thing) && !isApart(thing)) other.add(thing)
  }
  const ids = [...other].filter((thing) => thing.startsWith('collection ')).map((thing) => thing.slice(11))
  await noteWhatIsThere(tx, 'items', ids)
  return other.size === 0 ? same : { ...anew, alsoRows: ids.length > 0 }
}

async function rows(tx: SystemStore, check: Check, taken: UpCursor | null, asides: readonly Aside[]): Promise<Found> {
  const { part } = check
  if (asides.some(({ kind, id }) => kind === 'collection' && id === part)) return same
  const found = await findCollection(tx, { id: part })
  if (found === undefined) return anew
  const copied = await copiedRows(tx, part)
  const all = await keysWithin(tx, found, check)
  if (await forgetLost(tx, check, all, copied, asides)) return anew
  const keys = all.filter((key) => !copied.has(key))
  const except = new Set(check.except)
  if ((await sumRows(tx, found, keys, except)) === check.sum) return same
  const own = await ownKeysWithin(tx, part, check, taken)
  const apart = asides.filter(({ kind, id }) => kind === 'row' && id.startsWith(`${part}/`))
  for (const { id } of apart) own.add(id.slice(part.length + 1))
  const more = [...own].filter((key) => !except.has(key))
  if (more.length === 0) return anew
  // A second time: what was written here meanwhile is looked at another day.
  return except.size > 0 || own.size > mostExcepted ? same : { result: 'except', except: [...own] }
}

/** Single rows that were copied once and are gone, though nobody deleted them here: they are to be copied anew. */
async function forgetLost(
  tx: SystemStore,
  { part, after, upTo }: Check,
  keys: readonly string[],
  copied: ReadonlySet<string>,
  asides: readonly Aside[],
): Promise<boolean> {
  const apart = new Set([
    ...keys,
    ...asides.flatMap(({ kind, id }) => (kind === 'row' ? [id.slice(part.length + 1)] : [])),
  ])
  const missing = [...copied].filter((key) => key > after && (upTo === null || key <= upTo) && !apart.has(key))
  const lost = await lostRows(tx, part, missing)
  await forgetCopies(
    tx,
    'row',
    lost.map((key) => `${part}/${key}`),
  )
  return lost.length > 0
}

/** Things that are otherwise, missing, or (`demandAll`) too many. What only grows may be more here. */
function differing(here: Listed, there: Listed, apart: ReadonlySet<string> = new Set(), demandAll = true): string[] {
  const held = new Map(here.map((one) => [one[0], one]))
  const isSame = ([thing, hash, least = []]: Listed[number]): boolean => {
    if (apart.has(thing)) return true
    const [, hashHere, grown = []] = held.get(thing) ?? []
    if (hash === anyHash) return hashHere !== undefined && hashHere !== notWhole
    return hashHere === hash && least.every((count, index) => (grown[index] ?? -1) >= count)
  }
  const listed = new Set(there.map(([thing]) => thing))
  const more = demandAll ? here.filter(([thing]) => !listed.has(thing) && !apart.has(thing)) : []
  return [...there.filter((one) => !isSame(one)), ...more].map(([thing]) => thing)
}

/** Whether what is sealed here opens as what it is. */
function isWhole(key: NodeKey, system: string, one: SealedHere): boolean {
  if (one.kind === 'recovery' || (one.kind === 'phone' && one.sealed === '')) return true
  try {
    const value = key.unseal('authenticators', placeOf(system, { id: one.id, userId: one.user_id }), one.sealed)
    if (one.kind !== 'passkey') return true
    const { credentialId }: PasskeySecret = JSON.parse(value)
    return credentialUnder(key, system, credentialId) === one.credential_hash
  } catch {
    return false
  }
}
