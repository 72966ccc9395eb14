/** What came down the link, written into the database of the edge. */
import { hexId } from '../base/ids.ts'
import { type KeyPairText, openSealed } from '../base/link-keys.ts'
import type { Means } from '../domain/access/scope.ts'
import { placeOf } from '../domain/accounts/authenticators.ts'
import { credentialUnder, type PasskeySecret } from '../domain/accounts/passkeys.ts'
import { applyGroups } from '../store/down/apply.ts'
import { noteStopped, SettingAside } from '../store/down/aside.ts'
import type { Group } from '../store/down/groups.ts'
import { countHeld } from '../store/down/held.ts'
import { dropCursor, writeCursor } from '../store/tables/platform-links.ts'
import { moveLogClock, noteSeen, type Pending } from '../store/up/local.ts'
import { aheadMs } from '../store/up/merge.ts'
import type { Frame } from './messages.ts'
import { sealedPlace } from './users-down.ts'

/** Whose edge it is, and the key that the platform seals to. */
type Place = { system: string; name: string; seal: KeyPairText; version: string }

/** `aside`: what is set aside is another than before. `rowsAnew`: the data lane has no cursor any more, and comes anew. */
export type Written = { aside: boolean; rowsAnew: boolean }

/**
 * `isOver`: whether a stop of the lane is over with it. Rows, what of them had to be set aside, and the cursor in one transaction: either all are there, or none. Throws what may pass
 * by itself, LaneStopped, and whatever an identity lane cannot hold.
 */
export async function writeFrame(
  means: Means,
  place: Place,
  waiting: Pending,
  { lane, to, groups, taken = null, stamp }: Frame,
  isOver: boolean,
): Promise<Written> {
  const opened = groups.map((group) => openedBy(means, place, group))
  const { failures, ...written } = await means.store.forSystem(place.system).transaction(async (tx) => {
    const now = means.clock.now()
    const pending = stamp === undefined ? new Map() : await waiting.rows(tx, taken)
    const aside = await SettingAside.open(tx, now, place.version)
    const { rowsAnew } = await applyGroups({ tx, now, incarnation: hexId(8), pending, aside }, opened)
    await aside.close((one) => countHeld(tx, one))
    if (stamp !== undefined) {
      await noteSeen(tx, { incarnation: to.incarnation, position: to.position }, taken)
      await moveLogClock(tx, stamp, now + aheadMs)
    }
    await writeCursor(tx, lane, to)
    if (isOver) await noteStopped(tx, lane, undefined, now)
    if (rowsAnew) await dropCursor(tx, 'data')
    return { aside: aside.changed, rowsAnew, failures: aside.failures }
  })
  for (const { kind, id, error } of failures) {
    means.log.warn({ kind, id, err: error }, 'What came from the platform could not be written, and is set aside')
  }
  return written
}

/** What was sealed to this edge, sealed under its node key from here on. */
function openedBy({ key }: Means, { system, name, seal }: Place, group: Group): Group {
  if (group.what !== 'users') return group
  const opened = (userId: string, id: string, sealed: string): string =>
    openSealed(seal, sealedPlace(name, system, userId, id), sealed)
  const again = (userId: string, id: string, sealed: string): string => {
    const value = opened(userId, id, sealed)
    return key.seal('authenticators', placeOf(system, { id, userId }), value)
  }
  const put = group.put.map((user) => ({
    ...user,
    apps: user.apps.map((app) => ({ ...app, sealed: again(user.id, app.id, app.sealed) })),
    passkeys: user.passkeys.map((one) => {
      const { credentialId }: PasskeySecret = JSON.parse(opened(user.id, one.id, one.sealed))
      const credentialHash = credentialUnder(key, system, credentialId)
      return { ...one, credentialHash, sealed: again(user.id, one.id, one.sealed) }
    }),
    phones: user.phones.map((one) =>
      one.sealed === '' ? one : { ...one, sealed: again(user.id, one.id, one.sealed) },
    ),
    codes: user.codes.map((set) => ({ ...set, codes: opened(user.id, set.id, set.codes) })),
  }))
  return { ...group, put }
}
