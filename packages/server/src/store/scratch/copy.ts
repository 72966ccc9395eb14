/**
 * Reads what a copy of one system is made of, in one consistent look at the database and within bounds: no row of another
 * system, no session that works, nothing of developers, no sign-in that is under way. Writing the copy is `scratch.ts`.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { uuid } from '../../base/ids.ts'
import type { Tables } from '../schema.ts'
import { databaseOf, dialectOf, type SystemStore } from '../store.ts'
import { emailKey } from '../tables/developers.ts'
import { type CopyAsked, copyLimits, type PlainRows, pieces, type Reading, type SystemCopy } from './bounds.ts'
import { readCode } from './code.ts'
import { readTyped } from './rows.ts'

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
      .where('place', 'is', null)
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
    ...{ data_age: null, place: null, roles: null },
  }
}
