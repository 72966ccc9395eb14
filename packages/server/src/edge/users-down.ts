/** What an edge is given of users and roles: no more than it may have, and what opens something sealed to its key alone. */
import type { Row } from '@gatehouse/contract/columns.ts'
import { sealTo } from '../base/link-keys.ts'
import type { NodeKey } from '../base/node-key.ts'
import { phoneColumn, placeOf } from '../domain/accounts/authenticators.ts'
import { askedWhy } from '../domain/accounts/new-password.ts'
import { handleUnder, type PasskeySecret } from '../domain/accounts/passkeys.ts'
import type { AuthenticatorState, PasskeyState, RoleState, UserState } from '../store/down/groups.ts'
import { type ReadUser, readRoles, readUsers } from '../store/down/read.ts'
import type { SystemStore } from '../store/store.ts'
import { type EdgeScope, offlineLimitOf, userOnEdge } from './scope.ts'

/** `gateway`: it says that it sends messages by itself. */
export type FedEdge = { name: string; sealKey: string; gateway?: boolean }

/** To whom, out of which system, and the key that opens what is sealed here. */
export type Giving = { store: SystemStore; edge: FedEdge; key: NodeKey; scope: EdgeScope }

/** Place that an authenticator is sealed for on its way: it opens on no other edge and for nobody else. */
export const sealedPlace = (edge: string, system: string, userId: string, id: string): string[] => [
  ...['authenticator', edge, system],
  ...[userId, id],
]

/** Numbers of phones go there by another way, or not at all. */
export const rowOnEdge = (row: Row): Row => ({
  ...row,
  cb_token: null,
  ...(Object.hasOwn(row, phoneColumn) && { [phoneColumn]: null }),
})

/**
 * Why another one is asked for goes there as one of two words, so that no edge is told of another that was lost. One that others
 * may know opens nothing anywhere and is checked at no edge, so its hash stays behind.
 */
export function passwordOnEdge(user: ReadUser): Pick<UserState, 'passwordHash' | 'passwordVoid'> {
  const why = askedWhy(user)
  return { passwordHash: why === 'exposed' ? null : user.passwordHash, passwordVoid: why ?? null }
}

/** Of users whom services run as. */
const nothingHeld = { passwordHash: null, apps: [], codes: [], passkeys: [], phones: [], failures: null }

/** Of these roles those that are there. */
export async function rolesDown(
  { store, scope }: Pick<Giving, 'store' | 'scope'>,
  ids: readonly string[],
): Promise<RoleState[]> {
  const { services, collections, portals } = scope
  const goes = ({ kind, item }: { kind: string; item: string }): boolean =>
    item === '' || (kind === 'portals' ? portals.has(item) : services.has(item) || collections.has(item))
  return (await readRoles(store, ids)).map((role) => ({
    ...role,
    // Rights on what is not there would only tell that it exists.
    grants: role.grants.filter(goes),
  }))
}

/** Of these users those who may be there. */
export async function usersDown(giving: Giving, ids: readonly string[]): Promise<UserState[]> {
  const { store, edge, scope } = giving
  return (await readUsers(store, ids)).flatMap((user) => {
    const there = userOnEdge(scope, user)
    if (there === undefined) return []
    const { roles, canSignIn } = there
    const row = rowOnEdge(user.row)
    const base = {
      ...{ ...user, ...passwordOnEdge(user), row, roles },
      ...{ offlineLimit: offlineLimitOf(scope, user), failures: failuresOf(edge, user) },
    }
    if (!canSignIn) return { ...base, ...nothingHeld }
    const apps = user.apps.map((app) => appOf(giving, user.id, app))
    const passkeys = user.passkeys.map((one) => passkeyOf(giving, user.id, one))
    const phones = user.phones.map((one) => phoneOf(giving, user.id, one))
    return { ...base, apps, passkeys, phones, codes: user.codes.filter((one) => one.edge === edge.name) }
  })
}

/** Numbers of phones go where the deployments say so, and the edge has a use for them. */
export const sendsNumbers = ({ edge, scope }: Pick<Giving, 'edge' | 'scope'>): boolean =>
  scope.phones && edge.gateway === true

/** The edge has its own. */
function failuresOf(edge: FedEdge, { failures }: ReadUser): UserState['failures'] {
  const others = failures.filter((one) => one.edge !== edge.name)
  if (others.length === 0) return null
  const count = others.reduce((sum, one) => sum + one.count, 0)
  return { count, lastAt: Math.max(...others.map(({ lastAt }) => lastAt)) }
}

/** Who bound it stays behind: it may name a developer. */
const appOf = (giving: Giving, userId: string, app: AuthenticatorState): AuthenticatorState => ({
  ...app,
  sealed: sealed(giving, userId, app.id, openValue(giving, userId, app)),
  boundBy: 'platform',
})

/** With the name by which it knows its user, which follows from the node key here. */
function passkeyOf(giving: Giving, userId: string, one: PasskeyState): PasskeyState {
  const { key, store } = giving
  const secret: PasskeySecret = JSON.parse(openValue(giving, userId, one))
  const named = { ...secret, userHandle: secret.userHandle ?? handleUnder(key, store.key, userId) }
  return { ...one, sealed: sealed(giving, userId, one.id, JSON.stringify(named)) }
}

const phoneOf = (giving: Giving, userId: string, phone: UserState['phones'][number]): UserState['phones'][number] => ({
  ...phone,
  sealed: sendsNumbers(giving) ? sealed(giving, userId, phone.id, openValue(giving, userId, phone)) : '',
})

const openValue = (
  { key, store }: Giving,
  userId: string,
  { id, sealed: kept }: { id: string; sealed: string },
): string => key.unseal('authenticators', placeOf(store.key, { id, userId }), kept)

const sealed = ({ edge, store }: Giving, userId: string, id: string, value: string): string =>
  sealTo(edge.sealKey, sealedPlace(edge.name, store.key, userId, id), value)
