/**
 * Writes on an edge what came down, in one transaction with the cursor that stands for it. It passes by the change log: what
 * came from the platform does not go back there. What a sign-in rests on only tightens here by itself: a disabled authenticator
 * stays so until another is bound, a step that was taken stays taken.
 */
import type { Row } from '@gatehouse/contract/columns.ts'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { day } from '../../base/clock.ts'
import { databaseOf, dialectOf, type SystemStore } from '../store.ts'
import { findCollection } from '../tables/collections.ts'
import { putFailuresElsewhere } from '../tables/failures.ts'
import { endSessions } from '../tables/sessions.ts'
import type { TypedTable } from '../typed-table/table.ts'
import { insertRows } from '../typed-table/write.ts'
import { ensureSynced, type PendingRows } from '../up/local.ts'
import { putHeld, voidCodes } from './apply-held.ts'
import { LaneStopped, reasonOf, type SettingAside } from './aside.ts'
import { clearKeys, clearRange, clearUnique, ownKeys } from './clear.ts'
import { forgetCollections, forgetCopies, isCopied, noteCopied } from './copies.ts'
import type { CodeState, Group, Range, RoleState, TableState, UserState } from './groups.ts'
import { applyPortals, portalsWithin } from './portals.ts'
import { readTable } from './read.ts'
import { dropCollection, ensureTable } from './schema.ts'
import { applyPlaces, applySessions, forgetSessionsFromElsewhere } from './sessions.ts'
import { applySyncedRows } from './synced.ts'
import { idsBesideTable } from './users-here.ts'

/** `pending`: own changes of rows that the platform has not decided on, by collection. */
export type Applying = {
  tx: SystemStore
  now: number
  incarnation: string
  pending: PendingRows
  aside: SettingAside
}

/**
 * In order. Of code, collections and rows each that cannot be written is set aside; all else throws, and then nothing of the
 * frame is written. Answers whether rows were left out before and can be written now: then they are to come anew.
 */
export async function applyGroups(applying: Applying, groups: readonly Group[]): Promise<{ rowsAnew: boolean }> {
  const { tx } = applying
  const before = await asideOfSignIn(applying)
  let rowsAnew = false
  for (const group of groups) {
    if (group.what === 'system') await applySystem(applying, group)
    else if (group.what === 'roles') await applyRoles(tx, group)
    else if (group.what === 'users') await applyUsers(applying, group)
    else if (group.what === 'sessions') await applySessions(applying, group)
    else if (group.what === 'places') await applyPlaces(applying, group)
    else if (group.what === 'code') await applyCode(applying, group)
    else if (group.what === 'collections') rowsAnew = (await applyCollections(applying, group)) || rowsAnew
    else if (group.what === 'portals') await applyPortalsEach(applying, group)
    else rowsAnew = (await applyRows(applying, group)) || rowsAnew
  }
  const now = (await asideOfSignIn(applying)).filter(
    (one) => !before.some(({ id, kind }) => one.id === id && one.kind === kind),
  )
  // Nothing must wait for it here: the code comes in another lane. Where it was set aside before, no old one lets anybody in.
  if (groups.some(({ what }) => what === 'system')) for (const { kind, id } of now) await removeCode(tx, kind, id)
  else if (now[0] !== undefined) throw restsOn(now[0].kind, now[0].id, now[0].reason)
  // What the node keeps between requests hangs on it.
  if (groups.some(({ what }) => what !== 'rows' && what !== 'sessions' && what !== 'places')) {
    await databaseOf(tx)
      .updateTable('systems')
      .set((eb) => ({ revision: eb('revision', '+', 1) }))
      .where('key', '=', tx.key)
      .execute()
  }
  return { rowsAnew }
}

type Of<What extends Group['what']> = Extract<Group, { what: What }>

async function applySystem({ tx, now, incarnation }: Applying, group: Of<'system'>): Promise<void> {
  const db = databaseOf(tx)
  const settings = JSON.stringify(group.settings)
  const before = await db.selectFrom('systems').select('settings').where('key', '=', tx.key).executeTakeFirst()
  if (before === undefined) {
    const facts = { key: tx.key, secret: group.secret, name: group.name, settings }
    await db
      .insertInto('systems')
      .values({ ...facts, description: '', owner_id: '', revision: 1, created_at: now })
      .execute()
    const head = { system_key: tx.key, incarnation, position: 0, stamp_ms: 0, stamp_count: 0, chain: '' }
    await db.insertInto('change_heads').values(head).execute()
    return
  }
  await db
    .updateTable('systems')
    .set({ secret: group.secret, name: group.name, settings })
    .where('key', '=', tx.key)
    .execute()
  const { auth_service: service } = group.settings
  if (service !== JSON.parse(before.settings).auth_service) {
    const made = { systemKey: tx.key, kind: 'user' as const, place: null }
    const sparing = { ...made, exceptGrantedBy: `service:${service}` }
    await endSessions(tx.node, sparing, now, 'another auth service was set')
  }
}

async function applyRoles(tx: SystemStore, { put, gone, whole }: Of<'roles'>): Promise<void> {
  const db = databaseOf(tx)
  const present = await db.selectFrom('roles').select('id').where('system_key', '=', tx.key).execute()
  for (const id of leaving(
    present.map((one) => one.id),
    put.map((one) => one.id),
    gone,
    whole ? { after: '', upTo: null } : null,
  )) {
    for (const table of ['grants', 'memberships'] as const) {
      await db.deleteFrom(table).where('system_key', '=', tx.key).where('role_id', '=', id).execute()
    }
    await db.deleteFrom('roles').where('system_key', '=', tx.key).where('id', '=', id).execute()
  }
  for (const role of put) await putRole(tx, role)
}

const leaving = (
  present: readonly string[],
  put: readonly string[],
  gone: readonly string[],
  range: Range | null,
): string[] => (range === null ? [...gone] : present.filter((one) => isWithin(range, one) && !put.includes(one)))

const isWithin = ({ after, upTo }: Range, key: string): boolean => key > after && (upTo === null || key <= upTo)

const refuseLarge = async (): Promise<void> => {
  throw new GatehouseError('badValue', 'It makes more than the 30 MiB that one message to an edge can hold.')
}

async function putRole(tx: SystemStore, role: RoleState): Promise<void> {
  const db = databaseOf(tx)
  const texts = { name: role.name, description: role.description }
  const facts = { ...texts, created_at: role.createdAt, privileged: role.privileged ? 1 : 0 }
  // Another role may have had this name; if it has another by now, that comes with a change of its own.
  await db
    .deleteFrom('roles')
    .where('system_key', '=', tx.key)
    .where((eb) => eb.or([eb('id', '=', role.id), eb('name', '=', role.name)]))
    .execute()
  await db
    .insertInto('roles')
    .values({ system_key: tx.key, id: role.id, ...facts })
    .execute()
  await db.deleteFrom('grants').where('system_key', '=', tx.key).where('role_id', '=', role.id).execute()
  for (const grant of role.grants) {
    await db
      .insertInto('grants')
      .values({ system_key: tx.key, role_id: role.id, ...grant })
      .execute()
  }
}

async function applyUsers(applying: Applying, { table: state, put, gone, range }: Of<'users'>): Promise<void> {
  const { tx } = applying
  const table = await ensureTable(tx, state)
  const coming = new Set(put.map((one) => one.id))
  const removed = range === null ? [] : await clearRange(tx, table, range, coming)
  // Also whoever has no row there any more: nothing else would ever take his account away.
  const beside = range === null ? [] : (await idsBesideTable(tx, range)).filter((id) => !coming.has(id))
  for (const id of new Set([...gone, ...removed, ...beside])) await removeUser(applying, id)
  await clearKeys(tx, table, [...gone, ...put.map((one) => one.id)])
  const rows = put.map(({ row }) => row)
  await clearUnique(tx, table, state.indexes, rows)
  await insertRows(databaseOf(tx), dialectOf(tx), table, rows)
  for (const user of put) await putUser(applying, user)
}

async function removeUser({ tx, now }: Applying, id: string): Promise<void> {
  const db = databaseOf(tx)
  await forgetSessionsFromElsewhere(tx, id)
  await endSessions(tx.node, { systemKey: tx.key, subjectId: id }, now, 'the user is not on this edge any more')
  for (const table of ['accounts', 'memberships', 'authenticators', 'remembered_devices'] as const) {
    await db.deleteFrom(table).where('system_key', '=', tx.key).where('user_id', '=', id).execute()
  }
  await voidCodes(tx, { userId: id })
}

const failuresKept = 2 * day

async function putUser({ tx, now }: Applying, user: UserState): Promise<void> {
  const db = databaseOf(tx)
  const before = await db
    .selectFrom('accounts')
    .select(['password_stamp', 'password_hash'])
    .where('system_key', '=', tx.key)
    .where('user_id', '=', user.id)
    .executeTakeFirst()
  const isShut = user.disabled || user.passwordVoid !== null
  const isOther = before?.password_stamp !== user.passwordStamp || before.password_hash !== user.passwordHash
  if (isShut || (before !== undefined && isOther)) {
    const why = user.disabled ? 'the account was switched off' : 'the password was changed'
    if (isShut) await forgetSessionsFromElsewhere(tx, user.id)
    // What was made elsewhere rests on what the platform knew: it says itself which of those end.
    await endSessions(tx.node, { systemKey: tx.key, subjectId: user.id, place: null }, now, why)
  }
  await db
    .deleteFrom('accounts')
    .where('system_key', '=', tx.key)
    .where((eb) => eb.or([eb('user_id', '=', user.id), eb('email_key', '=', user.emailKey)]))
    .execute()
  await db
    .insertInto('accounts')
    .values({
      ...{ system_key: tx.key, user_id: user.id, email_key: user.emailKey, password_hash: user.passwordHash },
      ...{ password_stamp: user.passwordStamp, password_weak: user.passwordWeak ? 1 : 0 },
      ...{ disabled: user.disabled ? 1 : 0, created_at: user.createdAt, password_void: user.passwordVoid },
      offline_limit: user.offlineLimit,
    })
    .execute()
  await db.deleteFrom('memberships').where('system_key', '=', tx.key).where('user_id', '=', user.id).execute()
  for (const role_id of user.roles) {
    await db.insertInto('memberships').values({ system_key: tx.key, user_id: user.id, role_id }).execute()
  }
  const of = { systemKey: tx.key, accountId: user.id }
  await putFailuresElsewhere(tx.node, of, user.failures, failuresKept)
  await putApps(tx, user, now)
  await putHeld(tx, user, now)
}

async function putApps(
  tx: SystemStore,
  { id: userId, apps, codes, passkeys, phones }: UserState,
  now: number,
): Promise<void> {
  const db = databaseOf(tx)
  const present = new Set([...apps, ...codes, ...passkeys, ...phones].map(({ id }) => id))
  // Also one that lies there as another user's: it is the same, with what was taken or switched off of it.
  const held = await db
    .selectFrom('authenticators')
    .selectAll()
    .where('system_key', '=', tx.key)
    .where((eb) => eb.or([eb('user_id', '=', userId), ...[...present].map((id) => eb('id', '=', id))]))
    .execute()
  for (const one of held) {
    if (!present.has(one.id)) await db.deleteFrom('authenticators').where('id', '=', one.id).execute()
  }
  for (const app of apps) {
    const before = held.find(({ id }) => id === app.id)
    if (before !== undefined) {
      if (before.state === 'bound' && app.state === 'disabled') {
        const made = { systemKey: tx.key, kind: 'user' as const, place: null }
        const which = { ...made, subjectId: userId, factor: 'totp' }
        await endSessions(tx.node, which, now, 'the authenticator app was switched off')
      }
      await db
        .updateTable('authenticators')
        .set({
          ...{ user_id: userId, kind: 'totp', bound_at: app.boundAt },
          ...{ label: app.label, sealed: app.sealed, last_step: Math.max(before.last_step, app.lastStep) },
          state: before.state === 'disabled' ? 'disabled' : app.state,
        })
        .where('id', '=', app.id)
        .execute()
      continue
    }
    await db
      .insertInto('authenticators')
      .values({
        ...{ id: app.id, system_key: tx.key, user_id: userId, kind: 'totp', label: app.label, sealed: app.sealed },
        ...{ state: app.state, failures: 0, blocked_until: 0, bound_at: app.boundAt, bound_by: app.boundBy },
        ...{
          used_at: null,
          last_step: app.lastStep,
          credential_hash: null,
          rp_id: null,
          sign_count: 0,
          backed_up: null,
        },
      })
      .execute()
  }
}

async function applyCode(
  { tx, aside }: Applying,
  { kind, put: all, gone, range, large = [], keep = [] }: Of<'code'>,
): Promise<void> {
  const put: CodeState[] = []
  for (const one of all) if (!(await isCopied(tx, kind, one.name, one.copy))) put.push(one)
  const db = databaseOf(tx)
  const units = db.selectFrom('code_units').select('name').where('system_key', '=', tx.key).where('kind', '=', kind)
  const present = await units.execute()
  const names = [...all.map(({ name }) => name), ...large]
  const kept = keep.length > 0 ? await requiredBy(tx, keep) : new Set()
  const out = leaving(
    present.map(({ name }) => name),
    names,
    gone,
    range,
  ).filter((name) => !kept.has(`${kind} ${name}`))
  for (const name of out) await removeCode(tx, kind, name)
  await forgetCopies(tx, kind, out)
  await aside.settle(kind, out)
  await aside.settleWhere(kind, (name) => range !== null && isWithin(range, name) && !names.includes(name))
  const writings: [string, () => Promise<void>][] = put.map((one) => [
    one.name,
    async () => {
      await removeCode(tx, kind, one.name)
      await putCode(tx, kind, one)
      await noteCopied(tx, kind, one.name, one.copy)
    },
  ])
  for (const name of large) writings.push([name, refuseLarge])
  for (const [name, write] of writings) {
    const { error } = await aside.attempt(kind, name, write)
    if (error !== undefined && (await signInCode(tx)).has(`${kind} ${name}`)) {
      throw restsOn(kind, name, reasonOf(error), error)
    }
  }
}

async function removeCode(tx: SystemStore, kind: 'service' | 'library', name: string): Promise<void> {
  const db = databaseOf(tx)
  for (const table of ['code_units', 'code_versions'] as const) {
    await db
      .deleteFrom(table)
      .where('system_key', '=', tx.key)
      .where('kind', '=', kind)
      .where('name', '=', name)
      .execute()
  }
  if (kind === 'service') {
    await db.deleteFrom('safe_versions').where('system_key', '=', tx.key).where('service', '=', name).execute()
  }
}

const restsOn = (kind: string, name: string, reason: string, cause?: unknown): LaneStopped =>
  new LaneStopped(
    `The sign-in rests on the ${kind} ${name.slice(0, 100)}, which cannot be written there: ${reason}`,
    cause,
  )

/** What is set aside of the code that the sign-in rests on. */
async function asideOfSignIn({ tx, aside }: Applying) {
  const code = aside
    .all()
    .flatMap(({ kind, id, reason }) => (kind === 'service' || kind === 'library' ? [{ kind, id, reason }] : []))
  if (code.length === 0) return []
  const rested = await signInCode(tx)
  return code.filter(({ kind, id }) => rested.has(`${kind} ${id}`))
}

/** The auth service and all libraries that it requires, as `service NAME` and `library NAME`: an old one lets nobody in. */
async function signInCode(tx: SystemStore): Promise<Set<string>> {
  const db = databaseOf(tx)
  const row = await db.selectFrom('systems').select('settings').where('key', '=', tx.key).executeTakeFirst()
  const service: unknown = row && JSON.parse(row.settings).auth_service
  return typeof service === 'string' && service !== '' ? requiredBy(tx, [`service ${service}`]) : new Set()
}

/** This code and all libraries that it requires, as they are at this edge. */
async function requiredBy(tx: SystemStore, code: readonly string[]): Promise<Set<string>> {
  const db = databaseOf(tx)
  const found = new Set<string>()
  const versions = await db
    .selectFrom('code_versions')
    .select(['kind', 'name', 'dependencies'])
    .where('system_key', '=', tx.key)
    .execute()
  const requires = new Map(versions.map(({ kind, name, dependencies }) => [`${kind} ${name}`, dependencies.split(',')]))
  const open = [...code]
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (found.has(one)) continue
    found.add(one)
    for (const name of requires.get(one) ?? []) open.push(`library ${name}`)
  }
  return found
}

async function putCode(tx: SystemStore, kind: string, code: CodeState): Promise<void> {
  const db = databaseOf(tx)
  const { name, version } = code
  await db
    .insertInto('code_units')
    .values({
      ...{ system_key: tx.key, kind, name, current_version: version, latest_version: version },
      ...{ settings: JSON.stringify(code.settings), created_at: code.createdAt, updated_at: code.updatedAt },
    })
    .execute()
  await db
    .insertInto('code_versions')
    .values({
      ...{ system_key: tx.key, kind, name, version, source: code.source, compiled: code.compiled },
      ...{ problem: code.problem, dialect: code.dialect, dependencies: code.dependencies },
      ...{ created_at: code.createdAt, created_by: 'platform' },
    })
    .execute()
  if (code.safe !== null) {
    await db
      .insertInto('safe_versions')
      .values({ system_key: tx.key, service: name, ...code.safe })
      .execute()
  }
}

async function applyPortalsEach({ tx, aside }: Applying, group: Of<'portals'>): Promise<void> {
  const { put, gone, range } = group
  const names = put.map(({ name }) => name)
  const left = range === null ? gone : await portalsWithin(tx, range)
  const out = left.filter((name) => !names.includes(name))
  await applyPortals(tx, { ...group, put: [], gone: out, range: null })
  await forgetCopies(tx, 'portal', out)
  await aside.settle('portal', out)
  if (range !== null) await aside.settleWhere('portal', (name) => isWithin(range, name) && !names.includes(name))
  for (const one of put) {
    if (await isCopied(tx, 'portal', one.name, one.copy)) continue
    await aside.attempt('portal', one.name, async () => {
      await applyPortals(tx, { ...group, put: [one], gone: [], range: null })
      await noteCopied(tx, 'portal', one.name, one.copy)
    })
  }
}

async function applyCollections(applying: Applying, { put, gone, range }: Of<'collections'>): Promise<boolean> {
  const { tx, aside } = applying
  const ofItems = databaseOf(tx).selectFrom('collections').select('id').where('system_key', '=', tx.key)
  const present = await ofItems.where('kind', '=', 'items').execute()
  const out = leaving(
    present.map((one) => one.id),
    put.map((one) => one.id),
    gone,
    range,
  )
  for (const id of out) await dropCollection(tx, id)
  await forgetCollections(tx, out)
  const isOut = (id: string): boolean =>
    out.includes(id) || (range !== null && isWithin(range, id) && !put.some((one) => one.id === id))
  await aside.settleWhere('collection', isOut)
  for (const kind of ['row', 'index'] as const) {
    await aside.settleWhere(kind, (id) => isOut(id.slice(0, id.indexOf('/'))))
  }
  let rowsAnew = false
  for (const state of put) {
    const was = aside.has('collection', state.id)
    if (await isCopied(tx, 'collection', state.id, state.copy)) {
      // Of which nothing is noted any more: its table is taken as it is, or made, and then its rows are to be copied anew.
      await readyTable(applying, (await asCopied(applying, state)) ?? state, true)
      continue
    }
    const ready = await readyTable(applying, state, true)
    rowsAnew ||= was && ready !== undefined
  }
  return rowsAnew
}

type Ready = { table: TypedTable; begun: Set<string> }

/**
 * The table as it is to be; undefined where it cannot be, and is set aside. An index that cannot be made is set aside by itself,
 * and tried again with a change of the collection (`again`), not with each of its rows.
 */
async function readyTable({ tx, aside }: Applying, state: TableState, again: boolean): Promise<Ready | undefined> {
  const indexId = (column: string): string => `${state.id}/${column}`
  let ready: Ready | undefined
  await aside.attempt('collection', state.id, async () => {
    const table = await ensureTable(tx, state, async (column, make) => {
      if (again || !aside.has('index', indexId(column))) await aside.attempt('index', indexId(column), make)
    })
    ready = { table, begun: await ensureSynced(tx, state, table) }
  })
  const wanted = new Set(state.indexes.map(({ column }) => indexId(column)))
  await aside.settleWhere('index', (id) => id.startsWith(`${state.id}/`) && !wanted.has(id))
  return ready
}

/**
 * What was copied once is as it was then: of what it is on the platform by now only indexes come that could not be made.
 * Undefined where it is not there.
 */
async function asCopied({ tx, aside }: Applying, state: TableState): Promise<TableState | undefined> {
  const found = await findCollection(tx, { id: state.id })
  if (found === undefined) return undefined
  const { indexes } = await readTable(tx, found)
  const { columns } = found.table
  const isMissing = ({ column }: { column: string }): boolean =>
    aside.has('index', `${state.id}/${column}`) && columns.some(({ name }) => name === column)
  return {
    ...state,
    name: found.name,
    columns: [...columns],
    indexes: [...indexes, ...state.indexes.filter(isMissing)],
  }
}

/** Rows that were set aside when the collection was copied, and these alone; undefined where there are none among these. */
async function asidesAmong(applying: Applying, given: Of<'rows'>): Promise<Of<'rows'> | undefined> {
  const { aside } = applying
  const { id } = given.table
  const isAside = (key: string): boolean => aside.has('row', `${id}/${key}`)
  await aside.settle(
    'row',
    given.gone.map((key) => `${id}/${key}`),
  )
  const rows = given.put.filter((row) => isAside(String(row.item_id)))
  const large = given.large?.filter(isAside) ?? []
  const table = rows.length + large.length > 0 ? await asCopied(applying, given.table) : undefined
  if (table === undefined) return undefined
  const has = new Set(table.columns.map(({ name }) => name))
  const put = rows.map((row): Row => Object.fromEntries(Object.entries(row).filter(([name]) => has.has(name))))
  return { ...given, table, put, gone: [], range: null, large }
}

/** All at once, and row by row where that cannot be: then it shows which of them is in the way. */
async function applyRows(applying: Applying, all: Of<'rows'>): Promise<boolean> {
  const { tx, pending, aside } = applying
  const isWhole = await isCopied(tx, 'collection', all.table.id, all.table.copy)
  const given = isWhole ? await asidesAmong(applying, all) : all
  if (given === undefined) return false
  const { table: state, range, large = [], copies = {} } = given
  const gone = given.gone.filter((key) => copies[key] === undefined)
  const was = aside.has('collection', state.id)
  const ready = await readyTable(applying, state, false)
  if (ready === undefined) return false
  const { table, begun } = ready
  // Rows that are copied once and were stay as they are, also where the platform has them no more.
  const put: Row[] = []
  for (const row of given.put) {
    const key = String(row[table.key])
    if (!(await isCopied(tx, 'row', `${state.id}/${key}`, copies[key]))) put.push(row)
  }
  const stay = new Set([...Object.keys(copies).filter((key) => !put.some((row) => row[table.key] === key)), ...large])
  const group = { ...given, put, gone, stay }
  const own = pending.get(state.id) ?? new Map()
  const apart = range === null || state.up === undefined ? new Set<string>() : await ownKeys(tx, state.id)
  for (const key of state.up ?? []) apart.delete(key)
  const write = (part: RowsPart): Promise<void> =>
    state.rule === undefined ? writeRows(tx, table, part) : applySyncedRows(tx, table, part, own, begun, apart)
  const keyOf = (row: Row): string => String(row[table.key])
  const idOf = (key: string): string => `${state.id}/${key}`
  const copied = (row: Row): Promise<void> => noteCopied(tx, 'row', idOf(keyOf(row)), copies[keyOf(row)])
  const keys = new Set([...put.map(keyOf), ...stay])
  await aside.settle('row', given.gone.map(idOf))
  const { error } = await aside.try(() => write(group))
  if (error === undefined) {
    await aside.settle('row', put.map(keyOf).map(idOf))
    for (const row of put) if (copies[keyOf(row)] !== undefined) await copied(row)
  } else {
    if (range !== null) {
      await clearRange(tx, table, range, keys, state.rule === undefined ? state.id : new Set([...own.keys(), ...apart]))
    }
    const part = { ...group, put: [], gone: [], range: null }
    for (const key of gone) await aside.attempt('row', idOf(key), () => write({ ...part, gone: [key] }))
    for (const row of put) {
      await aside.attempt('row', idOf(keyOf(row)), async () => {
        await write({ ...part, put: [row] })
        if (copies[keyOf(row)] !== undefined) await copied(row)
      })
    }
  }
  for (const key of large) await aside.attempt('row', idOf(key), refuseLarge)
  const following = put.map(keyOf).filter((key) => copies[key] === undefined)
  await forgetCopies(tx, 'row', [...gone, ...following].map(idOf))
  // With the last of it the copy is whole.
  if (range?.upTo === null) await noteCopied(tx, 'collection', state.id, state.copy)
  if (range !== null) {
    const [after, upTo] = [idOf(range.after), range.upTo === null ? undefined : idOf(range.upTo)]
    const isIn = (id: string): boolean =>
      id.startsWith(`${state.id}/`) && id > after && (upTo === undefined || id <= upTo)
    await aside.settleWhere('row', (id) => isIn(id) && !keys.has(id.slice(state.id.length + 1)))
  }
  return was
}

/** `stay`: keys of rows that no range takes away, though they are not put. */
type RowsPart = Of<'rows'> & { stay: ReadonlySet<string> }

async function writeRows(tx: SystemStore, table: TypedTable, { table: state, put, gone, range, stay }: RowsPart) {
  const keys = put.map((row) => String(row[table.key]))
  if (range !== null) await clearRange(tx, table, range, new Set([...keys, ...stay]), state.id)
  await clearKeys(tx, table, [...gone, ...keys])
  await clearUnique(tx, table, state.indexes, put)
  await insertRows(databaseOf(tx), dialectOf(tx), table, put)
}
