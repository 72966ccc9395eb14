/** Collections of a system: making, changing, finding. Their rows are `items.ts`. */
import { type Column, columnTypes } from '@gatehouse/contract/columns.ts'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { bits } from '@gatehouse/contract/permissions.ts'
import { hexId } from '../../base/ids.ts'
import {
  addItemColumn,
  createItemIndex,
  createItemTable,
  dropItemColumn,
  dropItemIndex,
  dropItemTable,
  listItemIndexes,
  renameItemColumn,
} from '../../store/rows.ts'
import {
  type CollectionRecord,
  findCollection,
  listCollections,
  renameCollectionRow,
} from '../../store/tables/collections.ts'
import { deleteGrantsOn } from '../../store/tables/roles.ts'
import { audit } from '../access/audit.ts'
import { demand, levelOf } from '../access/rights.ts'
import type { SystemScope } from '../access/scope.ts'

export type CollectionRef = { id: string } | { name: string } | { nameOrId: string }

/** Throws noSuchCollection. Whether the caller may touch it is asked by what he does with it. */
export async function collectionAt(scope: SystemScope, ref: CollectionRef): Promise<CollectionRecord> {
  const find = (by: { id: string } | { name: string }) =>
    scope.kept.get(scope, `collection ${JSON.stringify(by)}`, () => findCollection(scope.data, by))
  const found =
    'nameOrId' in ref ? ((await find({ name: ref.nameOrId })) ?? (await find({ id: ref.nameOrId }))) : await find(ref)
  if (found === undefined) {
    const name = 'nameOrId' in ref ? ref.nameOrId : 'id' in ref ? ref.id : ref.name
    throw new GatehouseError('noSuchCollection', `There is no collection "${name}" in this system.`)
  }
  return found
}

/** `columns` without `item_id`, which every collection has. */
export async function createCollection(
  scope: SystemScope,
  name: unknown,
  columns: Column[] = [],
): Promise<CollectionRecord> {
  await demand(scope, { kind: 'allcollections', level: bits.create }, 'create collections')
  const checked = checkName(name)
  return scope.data.transaction(async (tx) => {
    if ((await findCollection(tx, { name: checked })) !== undefined) {
      throw new GatehouseError('badCollection', `There is a collection "${checked}" in this system already.`)
    }
    const made = await createItemTable(tx, { id: hexId(), name: checked, columns, createdAt: scope.clock.now() })
    noted(tx, scope, 'create', checked, { columns: columns.map((column) => column.name) })
    return made
  })
}

function checkName(name: unknown): string {
  if (typeof name !== 'string' || name.trim() === '' || name.length > 200 || /[\p{Cc}/]/u.test(name)) {
    throw new GatehouseError('badCollection', 'A collection needs a name of 1 to 200 characters without "/".')
  }
  return name.trim()
}

export async function allCollections(scope: SystemScope): Promise<{ id: string; name: string }[]> {
  await demand(scope, { kind: 'allcollections', level: bits.read }, 'list collections')
  return listCollections(scope.data)
}

export async function collectionColumns(scope: SystemScope, collection: CollectionRecord): Promise<readonly Column[]> {
  await demandOn(scope, collection, bits.read, 'read the columns of')
  return collection.table.columns
}

/** `what` as in "read rows of"; the collection's name is added. */
export function demandOn(scope: SystemScope, collection: CollectionRecord, level: number, what: string): Promise<void> {
  // Who has not even signed in learns no name by an id.
  const which = scope.caller.kind === 'nobody' ? 'this collection' : `the collection "${collection.name}"`
  return demand(scope, { kind: 'collections', item: collection.id, level }, `${what} ${which}`)
}

/** That there is such a collection is told to whoever has any right on it. */
export async function demandSeen(scope: SystemScope, collection: CollectionRecord): Promise<void> {
  if ((await levelOf(scope, 'collections', collection.id)) === 0) {
    await demandOn(scope, collection, bits.read, 'see')
  }
}

const demandSchema = (scope: SystemScope): Promise<void> =>
  demand(scope, { kind: 'allcollections', level: bits.update }, 'change collections')

export async function addColumn(
  scope: SystemScope,
  collection: CollectionRecord,
  name: unknown,
  type: unknown,
): Promise<void> {
  await demandSchema(scope)
  if (typeof name !== 'string') throw new GatehouseError('badCollection', 'A column needs a name.')
  const known = columnTypes.find((candidate) => candidate === type)
  if (known === undefined) {
    throw new GatehouseError('badCollection', `The column type ${JSON.stringify(type)} is not known.`, {
      hint: `Types are ${columnTypes.join(', ')}.`,
    })
  }
  await scope.data.transaction(async (tx) => {
    await addItemColumn(tx, await fresh(tx, collection), { name, type: known })
    noted(tx, scope, 'add column', collection.name, { column: name, type: known })
  })
}

export async function renameColumn(
  scope: SystemScope,
  collection: CollectionRecord,
  from: unknown,
  to: unknown,
): Promise<void> {
  await demandSchema(scope)
  if (typeof from !== 'string' || typeof to !== 'string') {
    throw new GatehouseError('badCollection', 'renameColumn needs the texts from and to.')
  }
  await scope.data.transaction(async (tx) => {
    await renameItemColumn(tx, await fresh(tx, collection), from, to)
    noted(tx, scope, 'rename column', collection.name, { from, to })
  })
}

export async function dropColumn(scope: SystemScope, collection: CollectionRecord, name: unknown): Promise<void> {
  await demandSchema(scope)
  if (typeof name !== 'string') throw new GatehouseError('badCollection', 'deleteColumn needs the name of a column.')
  await scope.data.transaction(async (tx) => {
    await dropItemColumn(tx, await fresh(tx, collection), name)
    noted(tx, scope, 'drop column', collection.name, { column: name })
  })
}

export async function renameCollection(scope: SystemScope, collection: CollectionRecord, name: unknown): Promise<void> {
  await demandSchema(scope)
  const checked = checkName(name)
  await scope.data.transaction(async (tx) => {
    const other = await findCollection(tx, { name: checked })
    if (other !== undefined && other.id !== collection.id) {
      throw new GatehouseError('badCollection', `There is a collection "${checked}" in this system already.`)
    }
    await renameCollectionRow(tx, collection.id, checked)
    noted(tx, scope, 'rename', collection.name, { to: checked })
  })
}

const collectionChanges = ['addColumn', 'deleteColumn', 'renameColumn', 'renameCollection'] as const

/**
 * One change of a collection as it is written on the wire: `{addColumn: {name, type}}`, `{deleteColumn: name}`,
 * `{renameColumn: {from, to}}` or `{renameCollection: name}`. Throws noSuchCollection, badCollection, conflict.
 */
export async function changeCollection(scope: SystemScope, id: string, body: Record<string, unknown>): Promise<void> {
  await demandSchema(scope)
  const collection = await collectionAt(scope, { id })
  const named = collectionChanges.filter((name) => body[name] !== undefined)
  const [change] = named
  if (change === undefined || named.length > 1) {
    throw new GatehouseError('badCollection', `The body needs one of ${collectionChanges.join(', ')}.`)
  }
  const fields = (typeof body[change] === 'object' ? body[change] : null) as Record<string, unknown> | null
  switch (change) {
    case 'addColumn':
      return addColumn(scope, collection, fields?.name, fields?.type)
    case 'deleteColumn':
      return dropColumn(scope, collection, body[change])
    case 'renameColumn':
      return renameColumn(scope, collection, fields?.from, fields?.to)
    case 'renameCollection':
      return renameCollection(scope, collection, body[change])
  }
}

export async function deleteCollection(scope: SystemScope, collection: CollectionRecord): Promise<void> {
  await demand(scope, { kind: 'allcollections', level: bits.delete }, 'delete collections')
  await scope.data.transaction(async (tx) => {
    await deleteGrantsOn(tx, 'collections', collection.id)
    await dropItemTable(tx, collection)
    noted(tx, scope, 'delete', collection.name)
  })
}

export async function setIndex(
  scope: SystemScope,
  collection: CollectionRecord,
  index: { column: unknown; unique: boolean; present: boolean },
): Promise<void> {
  await demandSchema(scope)
  const { column } = index
  if (typeof column !== 'string' || column === '')
    throw new GatehouseError('badCollection', 'An index needs columnName.')
  await scope.data.transaction(async (tx) => {
    const record = await fresh(tx, collection)
    if (index.present) await createItemIndex(tx, record, column, index.unique)
    else await dropItemIndex(tx, record, column, index.unique)
    noted(tx, scope, index.present ? 'add index' : 'drop index', collection.name, { column, unique: index.unique })
  })
}

export async function indexesOf(
  scope: SystemScope,
  collection: CollectionRecord,
): Promise<{ name: string; type: string }[]> {
  await demandOn(scope, collection, bits.read, 'read the indexes of')
  return listItemIndexes(scope.data, collection)
}

const noted = (
  tx: SystemScope['data'],
  scope: SystemScope,
  action: string,
  subject: string,
  details: Record<string, unknown> = {},
): void => audit(tx, scope, { kind: 'collection', action, subject, details })

/** The collection as it is inside the transaction: another change of its columns may have come first. */
async function fresh(tx: SystemScope['data'], collection: CollectionRecord): Promise<CollectionRecord> {
  const found = await findCollection(tx, { id: collection.id })
  if (found === undefined) throw new GatehouseError('noSuchCollection', `The collection "${collection.name}" is gone.`)
  return found
}
