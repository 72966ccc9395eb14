/** The user table (`users/schema.json`), its users (`users/<email>.json`) and their roles (`users/roles/<email>.json`). */
import { builtInUserColumns } from '../../domain/accounts/users.ts'
import { columnFields, readColumns } from './columns.ts'
import { extraOf, type Fields, keyed, textsOf, truthOf } from './fields.ts'
import { readJson } from './json.ts'
import type { PackageGrant, PackageModel, PackageUser } from './model.ts'
import { byCodePoint, fileNameOf } from './names.ts'
import { readPermissionsMap } from './permissions-map.ts'
import {
  isFilled,
  type JsonRecord,
  nameOf,
  noteSecrets,
  noteStrayFile,
  oneOfEach,
  type Reading,
  readRecord,
  recordsIn,
} from './tree.ts'

const schemaName = 'schema.json'

export function readUserTable(reading: Reading): { userTable: PackageModel['userTable']; grants: PackageGrant[] } {
  const found = reading.tree.in('users').find(({ within }) => within === schemaName)
  if (found === undefined) return { userTable: { columns: [], extra: {} }, grants: [] }
  const { path, fields } = readRecord(reading, found.path, 'schema', found.bytes)
  const file = { path, inside: '' }
  const asset = { kind: 'user-columns', name: 'users' } as const
  const columns = readColumns(reading, keyed(file, 'columns'), fields.columns, asset, builtInUserColumns)
  const grants = readPermissionsMap(reading, file, fields.permissions, 'users', '')
  return { userTable: { columns, extra: extraOf(fields, new Set(['columns', 'permissions'])) }, grants }
}

const identity = ['user_id', 'cb_token']

/** cb-cli never takes these from a file either: they are the exporting node's. */
const exportersOwn = ['creation_date', 'two_factor_enabled', 'two_factor_method', 'phone_validated', 'email_validated']

const known = ['email', 'roles', 'cb_service_account', ...identity]

export type ReadUsers = {
  users: PackageUser[]
  /** Ids of the exporter, by which old services name the user they run as. */
  emailById: ReadonlyMap<string, string>
}

export function readUsers(reading: Reading, columns: readonly { name: string }[]): ReadUsers {
  const emailById = new Map<string, string>()
  const roles = readRoleFiles(reading)
  const names = new Set(columns.map((column) => column.name))
  const all = recordsIn(reading, 'users', [schemaName]).flatMap((record) => {
    const email = nameOf(reading, 'user', record, 'email')
    if (isEmail(email)) return [{ name: email, path: record.path, stem: record.stem, record }]
    noteStrayFile(reading, record.path)
    return []
  })
  const users = oneOfEach(reading, 'user', all).map(({ name, record }): PackageUser => {
    const { user_id: id } = record.fields
    if (typeof id === 'string' && id !== '') emailById.set(id, name)
    // By the e-mail and never by the name of the user's file: roles must not reach another user.
    const roleFileName = [name, fileNameOf(name)].find((one) => roles.has(one)) ?? name
    const roleFile = roles.get(roleFileName)
    roles.delete(roleFileName)
    return readUser(reading, name, record, names, roleFile)
  })
  for (const { path } of roles.values()) {
    const message = `${path} gives roles to a user that the package does not have; it is ignored.`
    reading.notes.add('dangling', message, { path })
  }
  return { users, emailById }
}

const isEmail = (text: string): boolean => /^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u.test(text) && text.length <= 254

type RoleFile = { path: string; names: string[] }

function readRoleFiles(reading: Reading): Map<string, RoleFile> {
  const files = new Map<string, RoleFile>()
  for (const { path, within, bytes } of reading.tree.in('users/roles')) {
    if (within.includes('/') || !within.endsWith('.json')) noteStrayFile(reading, path)
    else files.set(within.slice(0, -5), { path, names: textsOf({ path, inside: '' }, readJson(path, bytes).value) })
  }
  return files
}

function readUser(
  reading: Reading,
  email: string,
  record: JsonRecord,
  columns: ReadonlySet<string>,
  roleFile: RoleFile | undefined,
): PackageUser {
  const { path, fields } = record
  const file = { path, inside: '' }
  const asset = { kind: 'user', name: email } as const
  noteSecrets(reading, record, identity)
  const bringsPassword = isFilled(fields.password)
  if (bringsPassword) {
    reading.notes.add('secret', `${path} brings a password; it is not used, the user gets a new one.`, {
      path,
      asset,
      level: 'warning',
    })
  }
  const inline = textsOf(keyed(file, 'roles'), fields.roles)
  const hasRoles = roleFile !== undefined || (fields.roles !== undefined && fields.roles !== null)
  const roles = new Set([...inline, ...(roleFile?.names ?? [])].filter((role) => role !== ''))
  // A column of the user table may bear one of the other names, but a key `password` is a password whatever else it is.
  const taken = new Set([...known, 'password', ...exportersOwn, ...columns])
  return {
    email,
    columns: Object.fromEntries(
      Object.entries(fields).filter(([key]) => columns.has(key) && !known.includes(key) && key !== 'password'),
    ),
    roles: hasRoles ? [...roles].sort(byCodePoint) : ['Authenticated'],
    serviceAccount: truthOf(keyed(file, 'cb_service_account'), fields.cb_service_account),
    bringsPassword,
    extra: extraOf(fields, taken),
  }
}

/** `grants` are the rights whose role has no file of its own. */
export const userTableFile = (userTable: PackageModel['userTable'], grants: readonly PackageGrant[]): Fields => ({
  ...userTable.extra,
  columns: userTable.columns.map(columnFields),
  permissions: grants.length === 0 ? undefined : Object.fromEntries(grants.map((one) => [one.role, one.level])),
})

/** Without roles, which stand in a file of their own, and without a password. */
export const userFile = (user: PackageUser): Fields => ({
  ...user.extra,
  ...user.columns,
  email: user.email,
  cb_service_account: user.serviceAccount,
})
