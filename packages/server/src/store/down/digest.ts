/**
 * Sums over what a place holds, alike at both ends of a link where the same stands there: of rows, users and code. They travel
 * sealed, and speak of nothing but what both ends have. A sum is that of the hashes of its things, so it does not matter in
 * which order they are read.
 */
import { createHash } from 'node:crypto'
import type { Row } from '@gatehouse/contract/columns.ts'
import { databaseOf, type SystemStore } from '../store.ts'
import type { CollectionRecord } from '../tables/collections.ts'
import type { CodeState, Range, RoleState } from './groups.ts'
import { keysAfter, type ReadUser, readCode, readRoles, readRows, readUsers } from './read.ts'

const keysAtOnce = 500
/** A row may be large, and all that are read at once are held. */
const rowsAtOnce = 20

export class Sum {
  #sum = 0n

  add(text: string): void {
    this.#sum = BigInt.asUintN(64, this.#sum + createHash('sha256').update(text).digest().readBigUInt64BE())
  }

  get value(): string {
    return this.#sum.toString(16)
  }
}

export function hashOf(text: string): string {
  const sum = new Sum()
  sum.add(text)
  return sum.value
}

/** The same text for the same value, in whatever order it has its names. */
export const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, one) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  )

/** Keys within the range, `most` of them; with all of them where it ends. */
export async function keysWithin(
  store: SystemStore,
  found: CollectionRecord,
  { after, upTo }: Range,
): Promise<string[]> {
  const keys: string[] = []
  for (let from = after; ; from = keys.at(-1)!) {
    const more = await keysAfter(store, found, from, keysAtOnce)
    const within = upTo === null ? more : more.filter((key) => key <= upTo)
    keys.push(...within)
    if (within.length < keysAtOnce) return keys
  }
}

export async function sumRows(
  store: SystemStore,
  found: CollectionRecord,
  keys: readonly string[],
  except: ReadonlySet<string>,
): Promise<string> {
  const sum = new Sum()
  const { key } = found.table
  for (let start = 0; start < keys.length; start += rowsAtOnce) {
    const rows = await readRows(store, found, keys.slice(start, start + rowsAtOnce))
    for (const row of rows) if (!except.has(String(row[key]))) sum.add(canonical(row))
  }
  return sum.value
}

export type SummedUser = Omit<ReadUser, 'apps' | 'codes' | 'passkeys' | 'phones'> & { offlineLimit: number | null }

/** The hash of a password is in it as the edge has it anyway. What else the user holds is `digest-held.ts`. */
export const userText = ({ row, emailKey, roles, disabled, ...user }: SummedUser): string =>
  canonical([
    { ...row, cb_token: null } satisfies Row,
    ...[emailKey, [...roles].sort(), disabled, user.passwordHash, user.passwordStamp, user.passwordWeak],
    user.passwordVoid,
    ...[user.createdAt, user.offlineLimit],
  ])

/** On an edge: of all users with these keys. One of whom a part is missing is none that the platform has. */
export async function sumUsersHere(store: SystemStore, keys: readonly string[]): Promise<string> {
  const sum = new Sum()
  for (let start = 0; start < keys.length; start += keysAtOnce) {
    const some = keys.slice(start, start + keysAtOnce)
    const limits = await databaseOf(store)
      .selectFrom('accounts')
      .select(['user_id', 'offline_limit'])
      .where('system_key', '=', store.key)
      .where('user_id', 'in', some)
      .execute()
    const limitOf = new Map(limits.map((row) => [row.user_id, row.offline_limit]))
    const whole = await readUsers(store, some)
    const ids = new Set(whole.map(({ id }) => id))
    for (const id of some) if (!ids.has(id)) sum.add(`not whole ${id}`)
    for (const user of whole) {
      sum.add(userText({ ...user, offlineLimit: limitOf.get(user.id) ?? null }))
    }
  }
  return sum.value
}

/** Things with their hashes, each `KIND NAME`. `least`: what only grows, and may be more at the edge. */
export type Listed = [thing: string, hash: string, least?: number[]][]

export const listRolesOf = (roles: readonly RoleState[]): Listed =>
  roles.map(({ grants, ...role }) => {
    const sorted = grants.map((grant) => canonical(grant)).sort()
    return [`role ${role.id}`, hashOf(canonical([role, sorted]))]
  })

export const listCodeOf = (kind: 'service' | 'library', code: readonly CodeState[]): Listed =>
  code.map(({ copy: _, ...one }) => [`${kind} ${one.name}`, hashOf(canonical(one))])

/** On an edge. */
export async function listRolesHere(store: SystemStore): Promise<Listed> {
  const rows = await databaseOf(store).selectFrom('roles').select('id').where('system_key', '=', store.key).execute()
  return listRolesOf(
    await readRoles(
      store,
      rows.map(({ id }) => id),
    ),
  )
}

/** On an edge. */
export async function listCodeHere(store: SystemStore): Promise<Listed> {
  const units = await databaseOf(store)
    .selectFrom('code_units')
    .select(['kind', 'name'])
    .where('system_key', '=', store.key)
    .execute()
  const listed: Listed = []
  for (const { kind, name } of units) {
    if (kind !== 'service' && kind !== 'library') continue
    listed.push(...listCodeOf(kind, await readCode(store, kind, [name])))
  }
  return listed
}

/** On an edge: what stands of the system there. */
export async function systemHash(store: SystemStore): Promise<string> {
  const row = await databaseOf(store)
    .selectFrom('systems')
    .select(['name', 'secret', 'settings'])
    .where('key', '=', store.key)
    .executeTakeFirst()
  return hashOf(canonical(row && [row.name, row.secret, JSON.parse(row.settings)]))
}
