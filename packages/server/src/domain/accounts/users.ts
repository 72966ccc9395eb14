/**
 * Users of a system: their rows and custom columns. Passwords, e-mail, roles and `cb_*` columns have doors of their own
 * here; plain column writes cannot reach them.
 */
import { type Column, columnTypes, type Row } from '@gatehouse/contract/columns.ts'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { bits, type ResourceKind } from '@gatehouse/contract/permissions.ts'
import type { Query } from '@gatehouse/contract/query.ts'
import { hexId } from '../../base/ids.ts'
import { hashPassword, verifyPassword } from '../../base/secrets.ts'
import {
  addItemColumn,
  countItems,
  dropItemColumn,
  getItem,
  insertItems,
  removeItems,
  rowsWhere,
  selectItems,
  updateItems,
} from '../../store/rows.ts'
import type { SystemStore } from '../../store/store.ts'
import {
  type AccountRecord,
  deleteAccount,
  findAccount,
  insertAccount,
  updateAccount,
} from '../../store/tables/accounts.ts'
import { deleteAuthenticators } from '../../store/tables/authenticators.ts'
import { type CollectionRecord, findCollection } from '../../store/tables/collections.ts'
import { emailKey } from '../../store/tables/developers.ts'
import { deleteDevices } from '../../store/tables/devices.ts'
import { noteUserGone } from '../../store/tables/edge-users.ts'
import { deleteFailures } from '../../store/tables/failures.ts'
import { addMembership, listGrants, removeMembership } from '../../store/tables/roles.ts'
import { endSessions } from '../../store/tables/sessions.ts'
import { addressKey } from '../access/attempt-gate.ts'
import { audit } from '../access/audit.ts'
import { demandMadeHere } from '../access/made-here.ts'
import { demand, heldRights } from '../access/rights.ts'
import type { SystemScope } from '../access/scope.ts'
import { demandStillSignedIn } from '../access/still-signed-in.ts'
import { mirrorPhone } from './authenticators.ts'
import { demandEmail } from './email.ts'
import { demandStrong, demandUsable, ownNames, weakness } from './password-rules.ts'
import { changeMemberships, type RoleChanges } from './roles.ts'

/** Columns of every user table; all others are the system's own. */
export const builtInUserColumns: ReadonlySet<string> = new Set([
  'user_id',
  'email',
  'creation_date',
  'cb_service_account',
  'cb_ttl_override',
  'cb_token',
])

export type NewUser = {
  email: unknown
  password: unknown
  fields: Record<string, unknown>
  /** Who chose the password: a person is held to the rules, what a developer sets is taken and marked where weak. */
  chosenBy: 'person' | 'developer'
}

/** In its turn; throws tooManyRequests where too many wait. */
export const slowHash = ({ gate, origin, system }: SystemScope, password: string): Promise<string> =>
  gate.pass({ system: system.key, address: addressKey(origin.address) }, () =>
    gate.hash((cost) => hashPassword(password, cost)),
  )

/**
 * Makes a user with the role Authenticated. Asks for no right: the doors that register do. Throws badPassword, badRequest,
 * badValue, emailTaken.
 */
export async function createUser(
  scope: SystemScope,
  input: NewUser,
): Promise<{ userId: string; row: Row; account: AccountRecord }> {
  // Else it would outlive its end in the account that it made.
  demandMadeHere(scope, 'make users')
  const email = demandEmail(input.email)
  const rules = { minLength: scope.system.settings.password_min_length, context: ownNames(email) }
  demandUsable(input.password)
  if (input.chosenBy === 'person') demandStrong(input.password, rules)
  const { password } = input
  // In line like the checking of passwords, so that a flood of registrations cannot take the processor.
  const passwordHash = await slowHash(scope, password)
  const passwordWeak = weakness(input.password, rules) !== undefined
  const createdAt = scope.clock.now()
  const account: AccountRecord = {
    userId: hexId(),
    emailKey: emailKey(email),
    passwordHash,
    passwordStamp: hexId(8),
    passwordWeak,
    disabled: false,
    createdAt,
  }
  const row = await scope.data.transaction(async (tx) => {
    const table = await userTable(tx)
    if ((await findAccount(tx, { email })) !== undefined) {
      throw new GatehouseError('emailTaken', 'There is a user with this e-mail already.')
    }
    const values = {
      ...customFields(table, input.fields),
      user_id: account.userId,
      email,
      creation_date: new Date(createdAt).toISOString(),
      cb_service_account: false,
    }
    await insertItems(tx, table, [values])
    await insertAccount(tx, account)
    await addMembership(tx, account.userId, 'Authenticated')
    await mirrorPhone({ ...scope, data: tx }, [account.userId], values)
    // Who registers himself is nobody yet: that is a sign-in with a trace, and no change by somebody else.
    if (scope.caller.kind === 'developer' || scope.caller.kind === 'user') {
      const details = { id: account.userId, weak_password: passwordWeak, columns: Object.keys(input.fields) }
      audit(tx, scope, { kind: 'user', action: 'create', subject: email, details })
    }
    return (await getItem(tx, table, account.userId))!
  })
  return { userId: account.userId, row, account }
}

/**
 * Makes a user whose password is hashed already, with exactly these roles (by id); `fields` are custom columns. For what is
 * one step of a larger transaction of a developer: hashing takes long and cannot be waited for in there. Throws badRequest,
 * badValue, emailTaken.
 */
export async function addPreparedUser(
  scope: SystemScope,
  input: { email: unknown; passwordHash: string; fields: Row; serviceAccount: boolean; roleIds: readonly string[] },
): Promise<string> {
  await demand(scope, { kind: 'manageusers', level: bits.create }, 'make users')
  const email = demandEmail(input.email)
  const createdAt = scope.clock.now()
  const userId = hexId()
  await scope.data.transaction(async (tx) => {
    const table = await userTable(tx)
    if ((await findAccount(tx, { email })) !== undefined) {
      throw new GatehouseError('emailTaken', 'There is a user with this e-mail already.')
    }
    const values = {
      ...customFields(table, input.fields),
      user_id: userId,
      email,
      creation_date: new Date(createdAt).toISOString(),
      cb_service_account: input.serviceAccount,
    }
    await insertItems(tx, table, [values])
    await insertAccount(tx, {
      userId,
      emailKey: emailKey(email),
      passwordHash: input.passwordHash,
      passwordStamp: hexId(8),
      passwordWeak: false,
      disabled: false,
      createdAt,
    })
    for (const roleId of input.roleIds) await addMembership(tx, userId, roleId)
    await mirrorPhone({ ...scope, data: tx }, [userId], values)
    const details = { id: userId, roles: input.roleIds, service_account: input.serviceAccount }
    audit(tx, scope, { kind: 'user', action: 'create', subject: email, details })
  })
  return userId
}

/** Columns that user tables of the original platform have by themselves, as they stand in rows that cb-cli brings from there. */
const foreignColumns = ['two_factor_enabled', 'two_factor_method', 'phone_validated', 'email_validated']

/**
 * The same without what is no column here and says nothing that matters. A second factor that is switched on is refused like
 * any unknown column: whoever asks for it must not hear that all is well.
 */
const withoutForeign = (table: CollectionRecord, fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields).filter(
      ([name, value]) =>
        !foreignColumns.includes(name) ||
        table.table.columns.some((column) => column.name === name) ||
        (name === 'two_factor_enabled' && value !== null && value !== false && value !== 'false'),
    ),
  )

/** Custom columns only; names that have a door of their own are refused by name, unknown ones by the table. */
function customFields(table: CollectionRecord, fields: Record<string, unknown>): Row {
  const taken = Object.keys(fields).filter(
    (name) => builtInUserColumns.has(name) || name === 'password' || name === 'roles',
  )
  if (taken.length > 0) {
    throw new GatehouseError(
      'badValue',
      `${taken.join(', ')} cannot be written here: only the system's own columns can.`,
      {
        hint: 'Passwords, e-mails and roles have calls of their own.',
      },
    )
  }
  const own = new Set(table.table.columns.map((column) => column.name))
  const unknown = Object.keys(fields).filter((name) => !own.has(name))
  if (unknown.length > 0) {
    throw new GatehouseError('badValue', `The user table has no column ${unknown.join(', ')}.`, {
      hint: 'A developer can add it to the user table.',
    })
  }
  return fields
}

export async function userTable(store: SystemStore): Promise<CollectionRecord> {
  const table = await findCollection(store, { kind: 'users' })
  if (table === undefined) throw new GatehouseError('noSuchSystem', 'The system is gone.')
  return table
}

/** As `userTable`, kept between requests; for reading. */
const knownUserTable = (scope: SystemScope): Promise<CollectionRecord> =>
  scope.kept.get(scope, 'user table', () => userTable(scope.data))

export async function userRow(scope: SystemScope, userId: string): Promise<Row> {
  const row = await getItem(scope.data, await knownUserTable(scope), userId)
  if (row === undefined) throw new GatehouseError('noSuchUser', 'There is no such user.')
  return row
}

const notAUser = (): GatehouseError =>
  new GatehouseError('notSignedIn', 'This needs a signed-in user; anonymous sessions have no record of their own.')

export async function ownRow(scope: SystemScope): Promise<Row> {
  if (scope.caller.kind !== 'user') throw notAUser()
  return visible(await userRow(scope, scope.caller.userId))
}

/** Token columns never leave the node. */
const visible = (row: Row): Row => ('cb_token' in row ? { ...row, cb_token: row.cb_token === null ? null : '' } : row)

export async function setOwnRow(scope: SystemScope, changes: Record<string, unknown>): Promise<void> {
  const { caller } = scope
  if (caller.kind !== 'user') throw notAUser()
  demandMadeHere(scope, 'change your account')
  await writeColumns(scope, rowsWhere('user_id', caller.userId), changes)
}

export async function findUsers(scope: SystemScope, query: Query): Promise<{ rows: Row[]; total: number }> {
  await demand(scope, { kind: 'users', level: bits.read }, 'read users')
  const table = await userTable(scope.data)
  hideSecretColumns(query)
  const { rows } = await selectItems(scope.data, table, query)
  const total = await countItems(scope.data, table, query)
  return { rows: rows.map(visible), total }
}

/** `cb_token` may be asked for by nobody, not even by comparing, sorting or grouping. */
function hideSecretColumns(query: Query): void {
  const secret = ({ column }: { column: string }): boolean => column === 'cb_token'
  if (query.any.some((group) => group.some(secret)) || query.sort.some(secret) || query.groupBy.includes('cb_token')) {
    throw new GatehouseError('badQuery', 'Users cannot be searched, sorted or grouped by cb_token.')
  }
}

export async function countUsers(scope: SystemScope, query: Query): Promise<number> {
  await demand(scope, { kind: 'users', level: bits.read }, 'count users')
  hideSecretColumns(query)
  return countItems(scope.data, await userTable(scope.data), query)
}

/** Custom columns of the users that match; answers how many. */
export async function updateUsers(scope: SystemScope, query: Query, changes: Record<string, unknown>): Promise<number> {
  await demand(scope, { kind: 'users', level: bits.update }, 'change users')
  hideSecretColumns(query)
  return writeColumns(scope, query, changes)
}

async function writeColumns(scope: SystemScope, query: Query, changes: Record<string, unknown>): Promise<number> {
  return scope.data.transaction(async (tx) => {
    const table = await userTable(tx)
    const fields = customFields(table, changes)
    if (Object.keys(fields).length === 0) throw new GatehouseError('noChanges', 'There is nothing to change.')
    const changed = await updateItems(tx, table, query, fields)
    await mirrorPhone({ ...scope, data: tx }, changed, fields)
    // What a program of the system writes there is data of it; a developer's hand is not.
    if (scope.caller.kind === 'developer') {
      const details = { count: changed.length, users: changed.slice(0, 20), columns: Object.keys(fields) }
      audit(tx, scope, { kind: 'user', action: 'change columns', subject: '', details })
    }
    return changed.length
  })
}

export type UserChanges = {
  columns: Record<string, unknown>
  email?: unknown
  password?: unknown
  disabled?: boolean
  roles?: RoleChanges
}

/**
 * Sorts the `changes` of a manage call. What a whole exported row carries besides (ids, dates, `cb_*`) is left out rather
 * than refused, since cb-cli sends rows back as they came.
 */
export function readUserChanges(changes: Record<string, unknown>): UserChanges {
  const { password, roles, email, disabled, ...rest } = changes
  // Whoever wants an account switched off and writes it in another way must not hear that all is well.
  if (disabled !== undefined && disabled !== null && typeof disabled !== 'boolean') {
    throw new GatehouseError('badValue', 'disabled must be true or false.')
  }
  const columns = Object.fromEntries(Object.entries(rest).filter(([name]) => !builtInUserColumns.has(name)))
  return {
    columns,
    ...(password !== undefined && { password }),
    ...(typeof email === 'string' && { email }),
    ...(typeof disabled === 'boolean' && { disabled }),
    ...(typeof roles === 'object' && roles !== null && { roles: roles as RoleChanges }),
  }
}

/**
 * Changes a user on behalf of somebody who manages users: a developer, or a user whose roles let him. A new password or
 * a disabled account ends the user's sessions. Throws permissionDenied, noSuchUser, badValue, badPassword, emailTaken.
 */
export async function manageUser(scope: SystemScope, userId: string, changes: UserChanges): Promise<void> {
  await demand(scope, { kind: 'manageusers', level: bits.update }, 'manage users')
  const { password, disabled } = changes
  let newPassword: { hash: string; stamp: string; weak: boolean } | undefined
  if (password !== undefined) {
    demandUsable(password)
    await demandAnother(scope, userId, password)
    const rules = { minLength: scope.system.settings.password_min_length, context: [] }
    const hash = await slowHash(scope, password)
    newPassword = { hash, stamp: hexId(8), weak: weakness(password, rules) !== undefined }
  }
  const email = changes.email === undefined ? undefined : demandEmail(changes.email)
  await scope.data.transaction(async (tx) => {
    const account = await findAccount(tx, { userId }, { hold: true })
    if (account === undefined) throw new GatehouseError('noSuchUser', 'There is no such user.')
    await demandStillSignedIn(scope, tx.node)
    if (password !== undefined || (email !== undefined && emailKey(email) !== account.emailKey)) {
      await demandNoMoreRights({ ...scope, data: tx }, userId, 'set the password or the e-mail of')
    }
    const table = await userTable(tx)
    const fields = customFields(table, withoutForeign(table, changes.columns))
    if (Object.keys(fields).length > 0) {
      await updateItems(tx, table, rowsWhere('user_id', userId), fields)
      await mirrorPhone({ ...scope, data: tx }, [userId], fields)
    }
    if (email !== undefined && emailKey(email) !== account.emailKey) {
      if ((await findAccount(tx, { email })) !== undefined) {
        throw new GatehouseError('emailTaken', 'There is a user with this e-mail already.')
      }
      await updateItems(tx, table, rowsWhere('user_id', userId), { email })
      await updateAccount(tx, userId, { email })
    }
    await updateAccount(tx, userId, {
      ...(newPassword !== undefined && { password: newPassword }),
      ...(disabled !== undefined && { disabled }),
    })
    // Who sets a new password knows the account: it need not wait for guesses at the old one. Where it was signed in to with
    // that one says nothing any more.
    if (newPassword !== undefined) await deleteFailures(tx.node, tx.key, userId)
    if (newPassword !== undefined || disabled === true) {
      const reason = disabled === true ? 'the account was disabled' : 'the password was changed'
      await endSessions(tx.node, { systemKey: tx.key, kind: 'user', subjectId: userId }, scope.clock.now(), reason)
      await deleteDevices(tx, userId)
    }
    audit(tx, scope, {
      ...{ kind: 'user', action: 'change', subject: email ?? account.emailKey },
      details: {
        id: userId,
        ...(Object.keys(fields).length > 0 && { columns: Object.keys(fields) }),
        ...(email !== undefined && emailKey(email) !== account.emailKey && { email_before: account.emailKey }),
        ...(newPassword !== undefined && { password: 'set', weak_password: newPassword.weak }),
        ...(disabled !== undefined && { disabled: { from: account.disabled, to: disabled } }),
      },
    })
    if (changes.roles !== undefined) await changeMemberships({ ...scope, data: tx }, userId, changes.roles)
  })
}

/** Where a new password is asked for, it is another one. Throws badPassword. */
export async function demandAnother({ data, gate, origin, system }: SystemScope, userId: string, password: string) {
  const account = await findAccount(data, { userId })
  const former = account?.passwordVoid === null ? undefined : account?.passwordHash
  if (typeof former !== 'string') return
  const asking = { system: system.key, address: addressKey(origin.address) }
  if (!(await gate.pass(asking, () => gate.hash(() => verifyPassword(former, password))))) return
  throw new GatehouseError('badPassword', 'This is the password in whose place another is asked for: choose another.')
}

/**
 * Who sets the password or the e-mail of an account can sign in as it, which must not give him a right he does not hold;
 * nor may he delete somebody above him. `what` finishes "You may not …".
 */
async function demandNoMoreRights(scope: SystemScope, userId: string, what: string): Promise<void> {
  if (scope.caller.kind === 'developer') return
  const held = await heldRights(scope)
  const theirs = await listGrants(scope.data, { userId })
  if (theirs.some((right) => (right.level & ~held(right.kind as ResourceKind, right.item)) !== 0)) {
    throw new GatehouseError('permissionDenied', `You may not ${what} this user, who has rights that you do not hold.`)
  }
}

/** The user's own new password, after the old one was proven. Ends his other sessions. */
export async function setOwnPassword(scope: SystemScope, account: AccountRecord, password: unknown): Promise<void> {
  demandMadeHere(scope, 'change the password')
  demandUsable(password)
  const { caller } = scope
  demandStrong(password, { minLength: scope.system.settings.password_min_length, context: ownNames(account.emailKey) })
  const hash = await slowHash(scope, password)
  const sparing = caller.kind === 'user' && caller.sessionId !== undefined ? { exceptId: caller.sessionId } : {}
  await scope.data.transaction(async (tx) => {
    // The hashes took their time: the account must still be as it was, and the session alive.
    const now = await findAccount(tx, { userId: account.userId }, { hold: true })
    if (now === undefined || now.disabled || now.passwordStamp !== account.passwordStamp) {
      throw new GatehouseError('notSignedIn', 'The account was changed meanwhile.', { hint: 'Sign in again.' })
    }
    await demandStillSignedIn(scope, tx.node)
    await updateAccount(tx, account.userId, { password: { hash, stamp: hexId(8), weak: false } })
    const which = { systemKey: tx.key, kind: 'user' as const, subjectId: account.userId, ...sparing }
    await endSessions(tx.node, which, scope.clock.now(), 'the password was changed')
    await deleteDevices(tx, account.userId)
  })
}

export async function deleteUser(scope: SystemScope, userId: string): Promise<void> {
  await demand(scope, { kind: 'users', level: bits.delete }, 'delete users')
  await demandNoMoreRights(scope, userId, 'delete')
  await scope.data.transaction(async (tx) => {
    const account = await findAccount(tx, { userId })
    if (!(await deleteAccount(tx, userId))) throw new GatehouseError('noSuchUser', 'There is no such user.')
    await removeItems(tx, await userTable(tx), rowsWhere('user_id', userId))
    await removeMembership(tx, userId)
    await deleteAuthenticators(tx, userId)
    await noteUserGone(tx, userId, scope.clock.now())
    await deleteFailures(tx.node, tx.key, userId)
    const which = { systemKey: tx.key, kind: 'user' as const, subjectId: userId }
    await endSessions(tx.node, which, scope.clock.now(), 'the user was deleted')
    audit(tx, scope, { kind: 'user', action: 'delete', subject: account?.emailKey ?? userId, details: { id: userId } })
  })
}

/** All users that match, for the asynchronous library; answers how many. */
export async function deleteUsers(scope: SystemScope, query: Query): Promise<number> {
  await demand(scope, { kind: 'users', level: bits.delete }, 'delete users')
  const { rows } = await selectItems(scope.data, await userTable(scope.data), {
    ...query,
    pageSize: 'all',
    columns: ['user_id'],
  })
  for (const row of rows) await deleteUser(scope, String(row.user_id))
  return rows.length
}

export async function userColumns(scope: SystemScope): Promise<{ column: Column; userDefined: boolean }[]> {
  const table = await userTable(scope.data)
  return table.table.columns.map((column) => ({ column, userDefined: !builtInUserColumns.has(column.name) }))
}

export async function addUserColumn(scope: SystemScope, name: unknown, type: unknown): Promise<void> {
  const column = readColumn(name, type)
  if (['password', 'roles', 'disabled'].includes(column.name.toLowerCase())) {
    throw new GatehouseError(
      'userColumns',
      `A column of users cannot be called ${column.name}; the name has a meaning of its own.`,
    )
  }
  if (column.name.toLowerCase().startsWith('cb_')) {
    throw new GatehouseError('userColumns', 'Column names that begin with cb_ are kept for the platform.')
  }
  await scope.data.transaction(async (tx) => {
    await addItemColumn(tx, await userTable(tx), column)
    audit(tx, scope, { kind: 'user', action: 'add column', subject: column.name, details: { type: column.type } })
  })
}

export async function dropUserColumn(scope: SystemScope, name: unknown): Promise<void> {
  if (typeof name !== 'string' || builtInUserColumns.has(name)) {
    throw new GatehouseError('userColumns', `The column ${String(name)} belongs to every user table and stays.`)
  }
  await scope.data.transaction(async (tx) => {
    await dropItemColumn(tx, await userTable(tx), name)
    audit(tx, scope, { kind: 'user', action: 'drop column', subject: name })
  })
}

export function readColumn(name: unknown, type: unknown): Column {
  if (typeof name !== 'string') throw new GatehouseError('badCollection', 'A column needs a name.')
  const known = columnTypes.find((candidate) => candidate === type)
  if (known === undefined) {
    throw new GatehouseError('badCollection', `The column type ${JSON.stringify(type)} is not known.`, {
      hint: `Types are ${columnTypes.join(', ')}.`,
    })
  }
  return { name, type: known }
}
