/**
 * The writing part of an import: everything of a plan's work, in the transaction that the caller holds. It waits for the
 * store, and for its turn: statements of SQLite never leave the node's one thread to anybody else.
 */
import { setImmediate } from 'node:timers/promises'
import type { Row } from '@gatehouse/contract/columns.ts'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { SystemScope } from '../domain/access/scope.ts'
import { createRole, removeRole, roleNamed } from '../domain/accounts/roles.ts'
import { addPreparedUser, addUserColumn, deleteUser, manageUser } from '../domain/accounts/users.ts'
import { currentCode, type PreparedCode, putCode, removeCode, updateCode } from '../domain/code/code.ts'
import { createCollection } from '../domain/data/collections.ts'
import { addItemColumn, createItemIndex, insertItems, removeItems, rowsWhere, updateItems } from '../store/rows.ts'
import { findAccount } from '../store/tables/accounts.ts'
import { type CollectionRecord, findCollection, listCollections } from '../store/tables/collections.ts'
import { type AssetExtra, deleteKeptFiles, type KeptFile, putExtras, putKeptFiles } from '../store/tables/packages.ts'
import { listRoles, putGrant, updateRole } from '../store/tables/roles.ts'
import { indexKey } from './export.ts'
import type { Extra, PackageColumn, PackageModel } from './format/model.ts'
import { shown } from './format/notes.ts'
import type { ImportProgress } from './import.ts'
import type { Removed, Work } from './plan.ts'
import { kindAndName } from './plan-choice.ts'
import { sealedFile } from './sealed.ts'

export type ApplyMeans = {
  code: ReadonlyMap<string, PreparedCode>
  /** By e-mail, as it is written in the package. */
  passwordHashes: ReadonlyMap<string, string>
  systemExtra: Extra | undefined
  userTableExtra: PackageModel['userTable']
  onProgress: (progress: ImportProgress) => void
}

type Ids = { collections: Record<string, string>; roles: Record<string, string>; users: Record<string, string> }

/** Answers the ids of what was written, by name. Throws what the domain and the database refuse, saying which asset it was. */
export async function applyWork(scope: SystemScope, work: Work, means: ApplyMeans): Promise<Ids> {
  const collections = await writeCollections(scope, work, means)
  await inAsset('the user table', async () => {
    for (const { name, type } of work.userColumns) await addUserColumn(scope, name, type)
  })
  const roles = await writeRoles(scope, work)
  const users = await writeUsers(scope, work, means)
  await writeCode(scope, work, means)
  for (const one of work.removed) await inAsset(`The ${one.kind} ${shown(one.name)}`, () => remove(scope, one))
  means.onProgress({ phase: 'keeping', done: 0, total: work.kept.length })
  await putKeptFiles(
    scope.data,
    work.kept.flatMap(keptFiles).map((file) => sealedFile(scope, file)),
  )
  await putExtras(scope.data, extrasOf(work, means))
  means.onProgress({ phase: 'keeping', done: work.kept.length, total: work.kept.length })
  return { collections, roles, users }
}

/** The same error, with what it was about in front: a package has hundreds of assets. */
async function inAsset<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof GatehouseError)) throw error
    const { hint, retryAfter } = error
    throw new GatehouseError(error.kind, `${what}: ${error.detail}`, {
      ...(hint !== undefined && { hint }),
      ...(retryAfter !== undefined && { retryAfter }),
      // The store looks for the database's own word there, to try a lost race again.
      cause: error.cause ?? error,
    })
  }
}

const rowsAtOnce = 1_000

async function writeCollections(scope: SystemScope, work: Work, { onProgress }: ApplyMeans) {
  const { data } = scope
  const ids: Record<string, string> = Object.create(null)
  const total = work.collections.reduce((sum, { rows }) => sum + changesIn(rows), 0)
  let written = 0
  const wrote = (count: number): void => {
    written += count
    onProgress({ phase: 'rows', done: written, total })
  }
  for (const [index, { asset, isNew, rows, schema }] of work.collections.entries()) {
    await inAsset(`The collection ${shown(asset.name)}`, async () => {
      const record = isNew
        ? await createCollection(scope, asset.name, asset.columns.map(plainColumn))
        : await addColumns(scope, asset.name, schema.added)
      ids[asset.name] = record.id
      const fresh = [...rows.added, ...rows.unnamed]
      for (let start = 0; start < fresh.length; start += rowsAtOnce) {
        const some = fresh.slice(start, start + rowsAtOnce)
        await insertItems(data, record, some)
        wrote(some.length)
        await setImmediate()
      }
      for (const { item_id: id, ...columns } of rows.changed) {
        await updateItems(data, record, rowsWhere('item_id', String(id)), columns as Row)
        wrote(1)
      }
      for (const { item_id: id } of rows.removed) {
        await removeItems(data, record, rowsWhere('item_id', String(id)))
        wrote(1)
      }
      for (const { name, type } of schema.indexes) {
        await createItemIndex(data, record, name, type === 'Unique Index')
      }
    })
    onProgress({ phase: 'collections', done: index + 1, total: work.collections.length })
  }
  return ids
}

const changesIn = (rows: Work['collections'][number]['rows']): number =>
  rows.added.length + rows.changed.length + rows.removed.length + rows.unnamed.length

const plainColumn = ({ name, type }: PackageColumn) => ({ name, type })

async function addColumns(scope: SystemScope, name: string, columns: readonly PackageColumn[]) {
  for (const column of columns) await addItemColumn(scope.data, await recordOf(scope, name), plainColumn(column))
  return recordOf(scope, name)
}

async function recordOf({ data }: SystemScope, name: string): Promise<CollectionRecord> {
  const record = await findCollection(data, { name })
  if (record === undefined) throw new GatehouseError('noSuchCollection', 'The collection is gone.')
  return record
}

async function writeRoles(scope: SystemScope, work: Work): Promise<Record<string, string>> {
  const { data } = scope
  const ids: Record<string, string> = Object.create(null)
  const idByName = new Map((await listRoles(data)).map(({ id, name }) => [name, id]))
  const collectionIds = new Map((await listCollections(data)).map(({ id, name }) => [name, id]))
  for (const { name, asset, isNew, set, describe } of work.roles) {
    await inAsset(`The role ${shown(name)}`, async () => {
      const description = asset?.description ?? ''
      const mark = asset?.privileged === true ? { privileged: true } : {}
      const id = isNew ? await createRole(scope, { name, description, rights: [], ...mark }) : idByName.get(name)!
      if (!isNew && describe) await updateRole(data, id, { description, ...mark })
      for (const { kind, item, level } of set) {
        const held = kind === 'collections' ? collectionIds.get(item) : item
        if (held === undefined) throw new GatehouseError('noSuchCollection', `There is no collection ${shown(item)}.`)
        await putGrant(data, { roleId: id, kind, item: held, level })
      }
      ids[name] = id
    })
  }
  return ids
}

async function writeUsers(scope: SystemScope, work: Work, means: ApplyMeans): Promise<Record<string, string>> {
  const ids: Record<string, string> = Object.create(null)
  const idByName = new Map((await listRoles(scope.data)).map(({ id, name }) => [name, id]))
  for (const [index, { asset, isNew, roles, rolesLost, columns }] of work.users.entries()) {
    const { email } = asset
    await inAsset(`The user ${shown(email)}`, async () => {
      if (isNew) {
        const passwordHash = means.passwordHashes.get(email)
        if (passwordHash === undefined) throw changedMeanwhile()
        const roleIds = roles.map((role) => idByName.get(role)!)
        const { serviceAccount } = asset
        ids[email] = await addPreparedUser(scope, { email, passwordHash, fields: columns, serviceAccount, roleIds })
        return
      }
      const account = await findAccount(scope.data, { email })
      if (account === undefined) throw changedMeanwhile()
      ids[email] = account.userId
      await manageUser(scope, account.userId, { columns, roles: { add: roles, delete: rolesLost } })
    })
    means.onProgress({ phase: 'users', done: index + 1, total: work.users.length })
  }
  return ids
}

const changedMeanwhile = (): GatehouseError =>
  new GatehouseError('conflict', 'Somebody else changed this at the same moment.', { hint: 'Try again.' })

async function writeCode(scope: SystemScope, work: Work, means: ApplyMeans): Promise<void> {
  const total = work.libraries.length + work.services.length
  let done = 0
  const step = async (): Promise<void> => {
    done += 1
    means.onProgress({ phase: 'code', done, total })
    if (done % 50 === 0) await setImmediate()
  }
  for (const { name } of work.libraries) {
    await inAsset(`The library ${shown(name)}`, () => putCode(scope, means.code.get(kindAndName('library', name))!))
    await step()
  }
  for (const { asset, code, runAs } of work.services) {
    const { name } = asset
    await inAsset(`The service ${shown(name)}`, async () => {
      const userId = typeof runAs === 'string' ? await userIdOf(scope, runAs) : runAs === null ? '' : undefined
      if (code) await putCode(scope, means.code.get(kindAndName('service', name))!, userId)
      else if (userId !== undefined) await updateCode(scope, 'service', name, { run_user: userId })
    })
    await step()
  }
}

async function userIdOf(scope: SystemScope, email: string): Promise<string> {
  const account = await findAccount(scope.data, { email })
  if (account === undefined) throw changedMeanwhile()
  return account.userId
}

async function remove(scope: SystemScope, { kind, name }: Removed): Promise<void> {
  if (kind === 'service' || kind === 'library') {
    // One that came without code is nothing but what is kept of its file.
    if ((await currentCode(scope, kind, name)) !== undefined) await removeCode(scope, kind, name)
  } else if (kind === 'role') await removeRole(scope, await roleNamed(scope, name))
  else if (kind === 'user') await deleteUser(scope, await userIdOf(scope, name))
  else await deleteKeptFiles(scope.data, kind, name)
  await putExtras(scope.data, [{ kind, name, extra: {} }])
}

const keptFiles = ({ kind, name, files, sensitive }: Work['kept'][number]): KeptFile[] =>
  files.map(({ path, bytes }) => ({ kind, name, sensitive, path, bytes }))

/** What the files said beyond what the system knows; nothing is stored where there is nothing. */
function extrasOf(work: Work, { systemExtra, userTableExtra }: ApplyMeans): AssetExtra[] {
  const extras: AssetExtra[] = []
  const add = (kind: string, name: string, extra: Record<string, unknown>): void => {
    const filled = Object.entries(extra).filter(([, value]) => value !== undefined && !isEmpty(value))
    extras.push({ kind, name, extra: Object.fromEntries(filled) })
  }
  if (systemExtra !== undefined) add('system', '', { extra: systemExtra })
  for (const { asset } of work.collections) {
    add('collection', asset.name, {
      extra: asset.extra,
      columns: columnExtras(asset.columns),
      indexes: Object.fromEntries(
        asset.indexes.filter(({ extra }) => !isEmpty(extra)).map((index) => [indexKey(index), index.extra]),
      ),
    })
  }
  for (const { asset } of work.roles) {
    if (asset === undefined) continue
    add('role', asset.name, { extra: asset.extra, limited: asset.limited, otherRights: asset.otherRights })
  }
  const userColumns = columnExtras(userTableExtra.columns)
  if (!isEmpty(userColumns) || !isEmpty(userTableExtra.extra)) {
    add('user-columns', '', { extra: userTableExtra.extra, columns: userColumns })
  }
  for (const { asset } of work.users) add('user', asset.email, { extra: asset.extra })
  for (const { name, extra } of work.libraries) add('library', name, { extra })
  for (const { asset, code } of work.services) if (code) add('service', asset.name, { extra: asset.extra })
  for (const asset of work.codeless) add('params' in asset ? 'service' : 'library', asset.name, { codeless: asset })
  return extras
}

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0

const columnExtras = (columns: readonly PackageColumn[]) =>
  Object.fromEntries(
    columns
      .filter(({ primaryKey, extra }) => primaryKey || !isEmpty(extra))
      .map(({ name, primaryKey, extra }) => [name, { primaryKey, extra }]),
  )
