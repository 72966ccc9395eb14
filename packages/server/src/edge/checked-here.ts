/**
 * Whether this edge holds what the platform says it holds, worked out in one transaction, when everything that was sent before is
 * written. What is set aside, what is copied once, and rows that were written here are no differences.
 */

import { listAsides } from '../store/down/aside.ts'
import { copiedCode } from '../store/down/copies.ts'
import {
  keysWithin,
  type Listed,
  listCodeHere,
  listRolesHere,
  sumRows,
  sumUsersHere,
  systemHash,
} from '../store/down/digest.ts'
import type { SystemStore } from '../store/store.ts'
import { findCollection } from '../store/tables/collections.ts'
import { dropCursor } from '../store/tables/platform-links.ts'
import type { UpCursor } from '../store/up/facts.ts'
import { ownKeysWithin } from '../store/up/local.ts'
import type { Check, Checked } from './messages.ts'

/** More of them are not named: then it is not known, and not asked any further. */
const mostExcepted = 1_000

/** With a difference the lane has no cursor any more, and comes anew with the next link. `taken`: own rows that the platform has. */
export async function checkHere(store: SystemStore, check: Check, taken: UpCursor | null): Promise<Checked> {
  const { lane, part, after } = check
  return store.transaction(async (tx) => {
    const found = await differenceIn(tx, check, taken)
    if (found === 'anew') await dropCursor(tx, lane)
    const except = typeof found === 'string' ? [] : found
    return { type: 'checked', lane, part, after, result: typeof found === 'string' ? found : 'except', except }
  })
}

async function differenceIn(
  tx: SystemStore,
  check: Check,
  taken: UpCursor | null,
): Promise<'same' | 'anew' | string[]> {
  const { part, list } = check
  if (part === 'roles') {
    return isListed([['system', await systemHash(tx)], ...(await listRolesHere(tx))], list, new Set(), true)
  }
  if (part === 'users') return (await sumUsersHere(tx, check)) === check.sum ? 'same' : 'anew'
  const asides = await listAsides(tx)
  if (part === 'code') {
    const apart = new Set(asides.map(({ kind, id }) => `${kind} ${id}`))
    const copied = await copiedCode(tx)
    for (const one of copied) apart.add(one)
    // Libraries stay with what is copied once, so that more may be here than is listed.
    return isListed(await listCodeHere(tx), list, apart, copied.length === 0)
  }
  if (asides.some(({ kind, id }) => kind === 'collection' && id === part)) return 'same'
  const found = await findCollection(tx, { id: part })
  if (found === undefined) return 'anew'
  const keys = await keysWithin(tx, found, check)
  const except = new Set(check.except)
  if ((await sumRows(tx, found, keys, except)) === check.sum) return 'same'
  const own = await ownKeysWithin(tx, part, check, taken)
  const apart = asides.filter(({ kind, id }) => kind === 'row' && id.startsWith(`${part}/`))
  for (const { id } of apart) own.add(id.slice(part.length + 1))
  const more = [...own].filter((key) => !except.has(key))
  if (more.length === 0) return 'anew'
  // A second time: what was written here meanwhile is looked at another day.
  return except.size > 0 || own.size > mostExcepted ? 'same' : [...own]
}

function isListed(here: Listed, there: Listed, apart: ReadonlySet<string>, demandAll: boolean): 'same' | 'anew' {
  const held = new Map(here)
  const isSame = there.every(([thing, hash]) => apart.has(thing) || held.get(thing) === hash)
  const listed = new Set(there.map(([thing]) => thing))
  const isMore = demandAll && here.some(([thing]) => !listed.has(thing) && !apart.has(thing))
  return isSame && !isMore ? 'same' : 'anew'
}
