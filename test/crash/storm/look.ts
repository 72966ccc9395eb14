/**
 * Looks at a node after a kill: whether all that was answered is there, once, and nothing half. What the load left open is
 * decided by what is found, and must stay so. Reads over HTTP as people do, and in the database as an auditor does.
 */
import { createHash } from 'node:crypto'
import type { Kysely } from 'kysely'
import { openNode } from '../../../packages/server/src/app.ts'
import { createLog } from '../../../packages/server/src/base/log.ts'
import { readConfig } from '../../../packages/server/src/config/config.ts'
import type { Tables } from '../../../packages/server/src/store/schema.ts'
import { verifyAudit } from '../../../packages/server/src/store/tables/audit.ts'
import { type Answer, type NodeProcess, until } from '../../support/node-process.ts'
import type { Place } from '../plant.ts'
import type { Field } from './field.ts'
import type { Session } from './ledger.ts'
import { answerChallenge, type Load, rowsOfPackage } from './load.ts'

type Database = Kysely<Tables>

/** A node whose database has just come back may still hold connections that are dead: a 503 is asked again. */
const ask = (node: Load['node'], ...asked: Parameters<NodeProcess['call']>): Promise<Answer> =>
  until(async () => {
    const answer = await node.call(...asked)
    return answer.status === 503 ? undefined : answer
  }, 30_000)

/** Adds to `wrong` of the ledger. `whole`: every session is asked about, also those that earlier looks saw. */
export async function look(load: Load, place: Place, whole: boolean): Promise<void> {
  await lookAtCodes(load)
  await lookAtSessions(load, whole)
  const rows = await lookAtRows(load)
  const env = place.databaseUrl === undefined ? {} : { DATABASE_URL: place.databaseUrl }
  const config = readConfig(['--data', place.dataFolder], env)
  const { store, database, chain } = await openNode(config, createLog({ format: 'silent', level: 'silent' }))
  try {
    const db = database.db as unknown as Database
    await lookAtImports(load, db)
    await lookAtSettings(load.field, db)
    await lookAtGrants(load.field, db)
    for (const key of [load.field.plain.key, load.field.guarded.key]) await lookAtChanges(load.field, db, key)
    await lookAtItems(load.field, db, rows)
    for (const { node, problem } of await verifyAudit(store, chain)) {
      if (problem !== undefined) load.field.ledger.wrong.push(`audit of ${node}: ${problem}`)
    }
  } finally {
    await store.close()
  }
}

/** Answers the ids of all rows that are there. */
async function lookAtRows({ node, developer, field }: Load): Promise<Set<string>> {
  const { ledger, collection } = field
  const query = encodeURIComponent('{"PAGESIZE":100000}')
  const page = await ask(node, 'GET', `/api/v/1/data/${collection}?query=${query}`, { developer })
  if (page.status !== 200) throw new Error(`The rows cannot be read: ${page.text}`)
  const found: { item_id: string; n: number }[] = page.body.DATA
  const values = new Map(found.map((row) => [row.item_id, row.n]))
  const byNumber = new Map<number, string>()
  const counters = new Set(ledger.counters.map(({ id }) => id))
  for (const { item_id: id, n } of found) {
    if (counters.has(id)) continue
    if (byNumber.has(n)) ledger.wrong.push(`row ${n} is there twice`)
    byNumber.set(n, id)
    if (ledger.refused.has(n)) ledger.wrong.push(`row ${n} was refused, and is there`)
    else if (!ledger.rows.has(n)) ledger.wrong.push(`row ${n} was never sent`)
  }
  for (const [n, row] of ledger.rows) {
    const id = byNumber.get(n)
    if (row.state === 'there' && (id === undefined || id !== row.id))
      ledger.wrong.push(`row ${n} was answered and is gone`)
    if (row.state === 'gone' && id !== undefined) ledger.wrong.push(`row ${n} was deleted or never made, and is there`)
    row.state = id === undefined ? 'gone' : 'there'
    if (id !== undefined) row.id = id
  }
  for (const [id, n] of ledger.seen) {
    if (!values.has(id) && ledger.rows.get(n)?.deleted !== true) ledger.wrong.push(`row ${n} was read and is gone`)
  }
  for (const counter of ledger.counters) {
    const value = values.get(counter.id)
    if (value !== counter.answered && value !== counter.sent) {
      ledger.wrong.push(`a counter is ${value}; ${counter.answered} was answered and ${counter.sent} sent`)
    }
    counter.answered = counter.sent = value!
  }
  return new Set(values.keys())
}

async function lookAtSessions(load: Load, whole: boolean): Promise<void> {
  const { node, field, random } = load
  const { ledger } = field
  const isGood = async ({ token, system }: Session): Promise<boolean> => {
    const asked = { token, system: field[system], body: {} }
    return (await ask(node, 'POST', '/api/v/1/user/checkauth', asked)).status === 200
  }
  const chosen = ledger.sessions.filter((session, index) => {
    return whole || session.state === 'ending' || index >= ledger.sessions.length - 60 || random() < 0.1
  })
  for (let start = 0; start < chosen.length; start += 8) {
    await Promise.all(
      chosen.slice(start, start + 8).map(async (session) => {
        const good = await isGood(session)
        if (session.state === 'open' && !good) ledger.wrong.push('a session that was answered is gone')
        if (session.state === 'ended' && good) ledger.wrong.push('a session that was ended is back')
        session.state = good ? 'open' : 'ended'
      }),
    )
  }
  for (const { refresh, session } of ledger.spent.splice(0, 3)) {
    const body = { grant_type: 'refresh_token', refresh_token: refresh }
    const { body: again } = await ask(node, 'POST', '/api/v/1/user/auth', { system: field[session.system], body })
    if (again.user_token) ledger.wrong.push('a refresh token was spent twice')
    // Whoever sends a spent one ends all that came from it.
    if (await isGood(session)) ledger.wrong.push('a refresh token was sent twice, and its sessions are good')
    session.state = 'ended'
  }
}

/** Sends every code once more, and what may have been lost with its answer twice. */
async function lookAtCodes(load: Load): Promise<void> {
  const { ledger } = load.field
  for (const code of ledger.codes) {
    if (code.challenge === '') continue
    await answerChallenge(load, code)
    if (code.open) await answerChallenge(load, code)
    code.challenge = ''
    code.open = false
  }
}

/** As the database has it: of one code no more than one session, answered or not. */
async function lookAtGrants({ guarded, ledger }: Field, db: Database): Promise<void> {
  const rows = await db
    .selectFrom('sessions')
    .select(['subject_id', 'id', 'family'])
    .where('system_key', '=', guarded.key)
    .execute()
  const families = new Map<string, Set<string>>()
  for (const { subject_id: user, family } of rows) {
    families.set(user, (families.get(user) ?? new Set()).add(family))
  }
  for (const [user, { size }] of families) {
    const sent = ledger.codes.filter(({ userId }) => userId === user).length
    if (size > sent) ledger.wrong.push(`${sent} codes of a person opened ${size} sessions`)
  }
}

async function lookAtImports({ node, developer, field }: Load, db: Database): Promise<void> {
  const { ledger, plain } = field
  const named = async (table: 'collections' | 'code_units' | 'roles' | 'installed_packages') => {
    const rows = await db.selectFrom(table).select('name').where('system_key', '=', plain.key).execute()
    return new Set(rows.map(({ name }) => name))
  }
  const [collections, code, roles, packages] = [
    ...[await named('collections'), await named('code_units'), await named('roles'), await named('installed_packages')],
  ] as [Set<string>, Set<string>, Set<string>, Set<string>]
  for (const [n, state] of ledger.imports) {
    const parts = [
      ...[collections.has(`P${n}`), code.has(`p${n}a`), code.has(`p${n}b`), roles.has(`R${n}`), packages.has(`P${n}`)],
    ]
    const there = parts.filter(Boolean).length
    if (there > 0 && there < parts.length) ledger.wrong.push(`half of package ${n} is there: ${parts}`)
    if (state === 'done' && there === 0) ledger.wrong.push(`package ${n} was answered and is gone`)
    if (state === 'not' && there > 0) ledger.wrong.push(`package ${n} was refused and is there`)
    ledger.imports.set(n, there > 0 ? 'done' : 'not')
    if (there === 0) continue
    const path = `/api/v/2/collection/${plain.key}/P${n}/count`
    const { body } = await ask(node, 'GET', path, { developer })
    if (body?.count !== rowsOfPackage) ledger.wrong.push(`package ${n} has rows: ${JSON.stringify(body)}`)
  }
}

async function lookAtSettings({ plain, ledger }: Field, db: Database): Promise<void> {
  const row = await db.selectFrom('systems').selectAll().where('key', '=', plain.key).executeTakeFirstOrThrow()
  for (const [what, facts, value] of [
    ['name', ledger.names, row.name],
    ['description', ledger.descriptions, row.description],
  ] as const) {
    const n = Number(/^plant (\d+)$/.exec(value)?.[1] ?? 0)
    if (n !== facts.answered && n !== facts.sent) {
      ledger.wrong.push(`the ${what} is ${value}; ${facts.answered} was answered and ${facts.sent} sent`)
    }
    facts.answered = facts.sent = n
  }
  const audited = await db
    .selectFrom('audit_rows')
    .select(['subject', 'details'])
    .where('system_key', '=', plain.key)
    .where('kind', '=', 'settings')
    .execute()
  const times = new Map<string, number>()
  for (const { subject, details } of audited) {
    if (details.includes('"name"')) times.set(subject, (times.get(subject) ?? 0) + 1)
  }
  for (const [n, answered] of ledger.names.all) {
    const found = times.get(`plant ${n}`) ?? 0
    if (found > 1) ledger.wrong.push(`one change of the name stands ${found} times in the audit`)
    if (answered && found === 0) ledger.wrong.push('a change of the name was answered and is not in the audit')
    ledger.names.all.set(n, found > 0)
  }
}

/** The change log has no hole, and each hash covers the row before. */
async function lookAtChanges({ ledger }: Field, db: Database, key: string): Promise<void> {
  const rows = await db.selectFrom('changes').selectAll().where('system_key', '=', key).orderBy('position').execute()
  const head = await db.selectFrom('change_heads').selectAll().where('system_key', '=', key).executeTakeFirstOrThrow()
  let chain = ''
  for (const [index, row] of rows.entries()) {
    const { kind, id, operation, columns, stamp } = row
    if (Number(row.position) !== index + 1) return void ledger.wrong.push(`the change log has a hole at ${index + 1}`)
    const covered = JSON.stringify([chain, index + 1, kind, id, operation, columns, stamp])
    chain = createHash('sha256').update(covered).digest('base64url')
    if (chain !== row.chain) return void ledger.wrong.push(`change ${index + 1} does not follow the one before it`)
  }
  if (Number(head.position) !== rows.length || head.chain !== chain) {
    ledger.wrong.push('the head of the change log is not its last row')
  }
}

/** Rows and log tell the same: the last that is logged of a row says whether it is there. */
async function lookAtItems({ plain, collection, ledger }: Field, db: Database, there: Set<string>): Promise<void> {
  const logged = await db
    .selectFrom('changes')
    .select(['id', 'operation'])
    .where('system_key', '=', plain.key)
    .where('kind', '=', 'item')
    .orderBy('position')
    .execute()
  const last = new Map<string, string>()
  const puts = new Map<string, number>()
  for (const { id, operation } of logged) {
    if (!id.startsWith(`${collection}/`)) continue
    last.set(id, operation)
    if (operation === 'put') puts.set(id, (puts.get(id) ?? 0) + 1)
  }
  const counters = new Set(ledger.counters.map(({ id }) => `${collection}/${id}`))
  for (const [id, operation] of last) {
    if ((operation === 'put') !== there.has(id.slice(collection.length + 1))) {
      ledger.wrong.push(`the log says ${operation} of ${id} last, and the rows say otherwise`)
    }
    if (!counters.has(id) && puts.get(id) !== 1)
      ledger.wrong.push(`${id} was created once, and logged ${puts.get(id)} times`)
  }
  for (const id of there) if (!last.has(`${collection}/${id}`)) ledger.wrong.push(`row ${id} is in no log`)
}
