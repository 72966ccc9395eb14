/**
 * Reads what a copy of one system is made of, in one consistent look at the database and within bounds: no row of another
 * system, no session that works, nothing of developers, no sign-in that is under way. Writing the copy is `scratch.ts`.
 */
import type { Column, ColumnType, Row } from '@gatehouse/contract/columns.ts'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { type RawBuilder, sql, type Transaction } from 'kysely'
import { uuid } from '../base/ids.ts'
import type { AnyTables, Dialect } from './dialect/database.ts'
import type { Tables } from './schema.ts'
import { databaseOf, dialectOf, type SystemStore } from './store.ts'
import { emailKey } from './tables/developers.ts'
import { getRows } from './typed-table/read.ts'
import { readIndexes } from './typed-table/structure.ts'
import type { TypedTable } from './typed-table/table.ts'

/** Of one copy. They keep a copy in memory small, and the database free for others soon. */
export const copyLimits = {
  /** Rows of a table that is copied whole or not at all. */
  whole: 20_000,
  /** Newest users, beside those that are named. */
  users: 1_000,
  /** Newest rows of each collection. */
  rows: 1_000,
  /** Of all rows of collections and users together, as texts. */
  rowBytes: 16 * 1024 * 1024,
  /** Of all compiled code together. */
  codeBytes: 16 * 1024 * 1024,
} as const

export type CopyAsked = {
  /** Whose accounts must be in it, however many there are. */
  emails: readonly string[]
  /** Ids in the ledger of failures that belong to no account. */
  ledgers: readonly string[]
  /** The service that must be in it with this version and all that it requires; without a version the current one. */
  service: { name: string; version: number | undefined }
}

type TableName = keyof Tables
export type PlainRows = { table: TableName; rows: Record<string, unknown>[] }
export type TypedRows = { table: TypedTable; indexes: { column: string; unique: boolean }[]; rows: Row[] }
/** What is not in it as a whole: `copied` newest rows of `what`, which has more. */
export type Cut = { what: string; copied: number }
export type SystemCopy = { plain: PlainRows[]; typed: TypedRows[]; cut: Cut[] }

type Reading = { db: Transaction<Tables>; dialect: Dialect; key: string; cut: Cut[] }

/** Throws badRequest for a system that is too large to be copied. */
export function readCopy(from: SystemStore, asked: CopyAsked): Promise<SystemCopy> {
  const dialect = dialectOf(from)
  return (
    databaseOf(from)
      .transaction()
      // On PostgreSQL one snapshot for all that is read; on SQLite a transaction is one anyway.
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute(async (db) => {
        const reading: Reading = { db, dialect, key: from.key, cut: [] }
        const plain = await readWhole(reading)
        const users = await chosenUsers(reading, asked.emails)
        plain.push(...(await readUsers(reading, users, asked.ledgers)))
        plain.push({ table: 'code_versions', rows: await readCode(reading, asked.service) })
        return { plain, typed: await readTyped(reading, users.ids), cut: reading.cut }
      })
  )
}

const wholeTables = [
  'change_heads',
  'collections',
  'roles',
  'grants',
  'code_units',
  'secrets',
  'safe_versions',
] as const

async function readWhole({ db, key }: Reading): Promise<PlainRows[]> {
  const plain: PlainRows[] = [
    { table: 'systems', rows: await db.selectFrom('systems').selectAll().where('key', '=', key).execute() },
  ]
  for (const table of wholeTables) {
    const rows = await db
      .selectFrom(table)
      .selectAll()
      .where('system_key', '=', key)
      .limit(copyLimits.whole + 1)
      .execute()
    if (rows.length > copyLimits.whole) throw tooLarge(table)
    plain.push({ table, rows })
  }
  const columns = await db
    .selectFrom('collection_columns')
    .selectAll()
    .where('collection_id', 'in', (eb) => eb.selectFrom('collections').select('id').where('system_key', '=', key))
    .orderBy('position')
    .limit(copyLimits.whole + 1)
    .execute()
  if (columns.length > copyLimits.whole) throw tooLarge('collection_columns')
  return [...plain, { table: 'collection_columns', rows: columns }]
}

const tooLarge = (table: string): GatehouseError =>
  new GatehouseError(
    'badRequest',
    `The system is too large for a trial: it has more than ${copyLimits.whole} rows in ${table}.`,
  )

type Chosen = { ids: string[]; named: string[] }

/** The newest, those who are named, and those whom services run as. */
async function chosenUsers({ db, key, cut }: Reading, emails: readonly string[]): Promise<Chosen> {
  const accounts = db.selectFrom('accounts').select('user_id').where('system_key', '=', key)
  const newest = await accounts
    .orderBy('created_at', 'desc')
    .orderBy('user_id', 'desc')
    .limit(copyLimits.users + 1)
    .execute()
  if (newest.length > copyLimits.users) cut.push({ what: 'users', copied: copyLimits.users })
  const keys = emails.map(emailKey)
  const named = keys.length === 0 ? [] : await accounts.where('email_key', 'in', keys).execute()
  const units = await db.selectFrom('code_units').select('settings').where('system_key', '=', key).execute()
  const runAs = units.map(({ settings }) => JSON.parse(settings).run_user).filter((id) => typeof id === 'string')
  const idsOf = (rows: { user_id: string }[]) => rows.map((row) => row.user_id)
  const ids = new Set([...idsOf(named), ...runAs, ...idsOf(newest.slice(0, copyLimits.users))])
  ids.delete('')
  return { ids: [...ids], named: idsOf(named) }
}

const userTables = ['accounts', 'memberships', 'authenticators', 'recovery_codes'] as const

async function readUsers({ db, key }: Reading, users: Chosen, ledgers: readonly string[]): Promise<PlainRows[]> {
  const plain: PlainRows[] = []
  for (const table of userTables) {
    const rows: Record<string, unknown>[] = []
    for (const some of pieces(users.ids)) {
      rows.push(
        ...(await db
          .selectFrom(table)
          .selectAll()
          .where('system_key', '=', key)
          .where('user_id', 'in', some)
          .execute()),
      )
    }
    plain.push({ table, rows: table === 'recovery_codes' ? rows.map(withoutCode) : rows })
  }
  const failures: Record<string, unknown>[] = []
  for (const some of pieces([...users.ids, ...ledgers])) {
    const found = db.selectFrom('failures').selectAll().where('system_key', '=', key).where('account_id', 'in', some)
    failures.push(...(await found.execute()))
  }
  plain.push({ table: 'failures', rows: failures })
  const sessions: Record<string, unknown>[] = []
  for (const id of users.named) {
    const last = await db
      .selectFrom('sessions')
      .select(['created_at', 'address', 'factors'])
      .where('system_key', '=', key)
      .where('kind', '=', 'user')
      .where('subject_id', '=', id)
      .orderBy('created_at', 'desc')
      .limit(1)
      .executeTakeFirst()
    if (last !== undefined) sessions.push(endedSession(key, id, last))
  }
  return [...plain, { table: 'sessions', rows: sessions }]
}

/** That there is one, and nothing to compare a text with. */
const withoutCode = (row: Record<string, unknown>) => ({ ...row, selector: row.id, code_hash: '' })

/** That there was one, which sign-ins may be judged by; no token leads to it. */
export const endedSession = (
  systemKey: string,
  userId: string,
  last: { created_at: number; address: string; factors: string },
): Tables['sessions'] => {
  const id = uuid()
  return {
    ...{ id, token_hash: `none ${id}`, refresh_hash: null, family: id, kind: 'user', system_key: systemKey },
    ...{ subject_id: userId, granted_by: '', ...last },
    ...{ expires_at: 0, refresh_until: null, ended_at: last.created_at, end_reason: 'a copy' },
  }
}

/**
 * Current versions without their sources, which no run needs: of the service, of what it requires, then of all others as
 * long as there is room.
 */
async function readCode(
  { db, key, cut }: Reading,
  { name, version }: CopyAsked['service'],
): Promise<Record<string, unknown>[]> {
  const current = await db
    .selectFrom('code_versions as version')
    .innerJoin('code_units as unit', (join) =>
      join
        .onRef('unit.system_key', '=', 'version.system_key')
        .onRef('unit.kind', '=', 'version.kind')
        .onRef('unit.name', '=', 'version.name'),
    )
    .select(['version.kind', 'version.name', 'version.version', 'version.dependencies'])
    .select(sql<number>`length(coalesce(version.compiled, ''))`.as('size'))
    .where('version.system_key', '=', key)
    .where((eb) =>
      eb.or([
        eb('version.version', '=', eb.ref('unit.current_version')),
        eb.and([
          eb('version.kind', '=', 'service'),
          eb('version.name', '=', name),
          eb('version.version', '=', version ?? -1),
        ]),
      ]),
    )
    .execute()
  const needed = new Set<string>()
  const visit = (unit: { dependencies: string }): void => {
    for (const library of unit.dependencies.split(',')) {
      if (needed.has(library)) continue
      needed.add(library)
      current.filter((one) => one.kind === 'library' && one.name === library).forEach(visit)
    }
  }
  const asked = current.filter((one) => one.kind === 'service' && one.name === name)
  asked.forEach(visit)
  const rank = (one: (typeof current)[number]): number =>
    asked.includes(one) ? 0 : one.kind === 'library' && needed.has(one.name) ? 1 : 2
  const rows: Record<string, unknown>[] = []
  let left: number = copyLimits.codeBytes
  for (const one of current.sort((a, b) => rank(a) - rank(b))) {
    left -= one.size
    if (left < 0) break
    const row = await db
      .selectFrom('code_versions')
      .select(['system_key', 'kind', 'name', 'version', 'compiled', 'problem', 'dialect', 'dependencies'])
      .select(['created_at', 'created_by'])
      .where('system_key', '=', key)
      .where('kind', '=', one.kind)
      .where('name', '=', one.name)
      .where('version', '=', one.version)
      .executeTakeFirstOrThrow()
    rows.push({ ...row, source: '' })
  }
  if (rows.length < current.length) cut.push({ what: 'services and libraries', copied: rows.length })
  return rows
}

/** The user table first, so that it always has room. */
async function readTyped(reading: Reading, userIds: readonly string[]): Promise<TypedRows[]> {
  const { db, dialect, key, cut } = reading
  const found = await db
    .selectFrom('collections')
    .select(['id', 'kind', 'name', 'table_name'])
    .where('system_key', '=', key)
    .orderBy('created_at')
    .orderBy('id')
    .execute()
  const typed: TypedRows[] = []
  const budget = { left: copyLimits.rowBytes as number }
  for (const one of found.sort((a, b) => Number(b.kind === 'users') - Number(a.kind === 'users'))) {
    const columns = await db
      .selectFrom('collection_columns')
      .select(['name', 'type'])
      .where('collection_id', '=', one.id)
      .orderBy('position')
      .execute()
    const keyColumn = one.kind === 'users' ? 'user_id' : 'item_id'
    const table: TypedTable = {
      table: one.table_name,
      key: keyColumn,
      columns: columns.map(({ name, type }): Column => ({ name, type: type as ColumnType })),
    }
    const { keys, whole } = await keysWithin(reading, table, one.kind === 'users' ? userIds : undefined, budget)
    if (!whole)
      cut.push({ what: one.kind === 'users' ? 'columns of users' : `collection ${one.name}`, copied: keys.length })
    const indexes = (await readIndexes(db as AnyTables, dialect, table)).filter(({ primary }) => !primary)
    typed.push({ table, indexes, rows: await getRows(db as AnyTables, dialect, table, keys) })
  }
  return typed
}

/** Keys of the newest rows that there is room for, measured before any of them is read: a row may hold many megabytes. */
async function keysWithin(
  { db }: Reading,
  table: TypedTable,
  only: readonly string[] | undefined,
  budget: { left: number },
): Promise<{ keys: string[]; whole: boolean }> {
  const key = sql.id(table.key)
  const sizes = table.columns.map(({ name }) => sql`coalesce(length(cast(${sql.id(name)} as text)), 0)`)
  const head = sql`select ${key} as key, ${summed(sizes)} as size from ${sql.id(table.table)}`
  const measured: { key: string; size: number }[] = []
  for (const some of only === undefined ? [undefined] : pieces(only)) {
    const tail =
      some === undefined
        ? sql`order by ${key} desc limit ${copyLimits.rows + 1}`
        : sql`where ${key} in (${sql.join([...some])})`
    measured.push(...(await sql<{ key: string; size: number }>`${head} ${tail}`.execute(db)).rows)
  }
  const keys: string[] = []
  for (const { key: name, size } of measured) {
    if ((only === undefined && keys.length === copyLimits.rows) || size > budget.left) return { keys, whole: false }
    budget.left -= size
    keys.push(name)
  }
  return { keys, whole: true }
}

/** In groups, since SQLite refuses expressions that are too deep. */
function summed(parts: RawBuilder<unknown>[]): RawBuilder<unknown> {
  const groups = pieces(parts, 50).map((some) => sql`(${sql.join([...some], sql` + `)})`)
  return sql`(${sql.join(groups, sql` + `)})`
}

function pieces<T>(all: readonly T[], size = 500): T[][] {
  const found: T[][] = []
  for (let start = 0; start < all.length; start += size) found.push(all.slice(start, start + size))
  return found
}
