/**
 * Mixed load: lanes that work one request after another until they are told to stop, and write into the ledger what they
 * were told. A connection that is cut, or a 503, leaves open whether it happened; every other answer is looked at.
 */
import { archiveOf } from '../../../packages/server/src/deploy/catalogue.ts'
import { stepAt, totpCode } from '../../../packages/server/src/domain/accounts/totp.ts'
import type { Answer, Asked, NodeProcess } from '../../support/node-process.ts'
import { type Field, password } from './field.ts'
import { type Code, count, type Row, type Session } from './ledger.ts'

export type Work =
  | 'create'
  | 'service'
  | 'update'
  | 'import'
  | 'password'
  | 'code'
  | 'sign out'
  | 'refresh'
  | 'settings'

export type Load = {
  /** Where there are two nodes, now this one and now the other. */
  node: Pick<NodeProcess, 'call'>
  developer: string
  field: Field
  random: () => number
  stopped: boolean
  /** Called before each request. */
  begins(work: Work): void
}

/** Numbers of rows and packages, never given twice. */
let last = 0
const nextNumbers = (many: number): number => {
  last += many
  return last - many + 1
}

/** `undone`: the node could not, and says that nothing was changed. */
type Told = Answer | 'refused' | 'undone' | undefined

const notDone = (told: Told): boolean => told === 'refused' || told === 'undone'

/** What was answered with 200; undefined where it stays open whether anything happened. */
async function ask(
  load: Load,
  work: Work,
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  asked: Asked,
  mayRefuse?: 'may be refused',
): Promise<Told> {
  const { ledger } = load.field
  load.begins(work)
  let answer: Answer
  try {
    answer = await load.node.call(method, path, asked)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    count(ledger.undone, `${work}: cut off`)
    return undefined
  }
  if (answer.status === 200) return answer
  count(ledger.undone, `${work}: ${answer.status} ${answer.body?.error?.detail ?? answer.text}`.slice(0, 120))
  if (answer.body?.user_token) ledger.wrong.push(`${work}: a token came with ${answer.status}`)
  if (answer.status >= 500 && answer.status !== 503) ledger.wrong.push(`${work}: ${answer.status} ${answer.text}`)
  if (answer.status < 500 && answer.status !== 429) {
    if (mayRefuse === undefined) ledger.wrong.push(`${work}, ${method} ${path}: ${answer.status} ${answer.text}`)
    return 'refused'
  }
  // A 503 that says so is held to it.
  return answer.status === 429 || /nothing was changed/.test(answer.text) ? 'undone' : undefined
}

const rowQuery = (id: string): string => encodeURIComponent(JSON.stringify({ FILTERS: [[{ EQ: [{ item_id: id }] }]] }))

/** Creates, now and then refused half way, reads at once what was answered, and deletes some of it. */
async function creates(load: Load): Promise<void> {
  const { field, developer } = load
  const { ledger } = field
  const path = `/api/v/1/data/${field.collection}`
  while (!load.stopped) {
    const n = nextNumbers(1)
    if (load.random() < 0.1 && ledger.counters[0] !== undefined) {
      // The second row has a key that is taken, so neither may be there.
      const body = [{ n }, { n, item_id: ledger.counters[0].id }]
      const answer = await ask(load, 'create', 'POST', path, { developer, body }, 'may be refused')
      ledger.refused.add(n)
      if (typeof answer === 'object') ledger.wrong.push('a key that is taken was given to another row')
      continue
    }
    const row: Row = { state: 'begun' }
    ledger.rows.set(n, row)
    const made = await ask(load, 'create', 'POST', path, { developer, body: { n } })
    if (notDone(made)) {
      ledger.rows.delete(n)
      ledger.refused.add(n)
    }
    if (typeof made !== 'object') continue
    row.id = made.body[0].item_id
    row.state = 'there'
    count(ledger.done, 'create')
    const query = rowQuery(row.id!)
    const found = await ask(load, 'create', 'GET', `${path}?query=${query}`, { developer })
    if (typeof found === 'object' && found.body.DATA[0]?.n !== n)
      ledger.wrong.push(`row ${n} was answered and not found`)
    if (load.random() > 0.2) continue
    row.state = 'leaving'
    row.deleted = true
    const gone = await ask(load, 'create', 'DELETE', `${path}?query=${query}`, { developer })
    if (notDone(gone)) row.state = 'there'
    if (typeof gone !== 'object') continue
    row.state = 'gone'
    count(ledger.done, 'delete')
  }
}

/** A service that creates two rows; what is told of a run that fails leaves open which are there. */
async function services(load: Load): Promise<void> {
  const { field, developer } = load
  const { ledger } = field
  while (!load.stopped) {
    const n = nextNumbers(2)
    const rows = [n, n + 1].map((number) => {
      const row: Row = { state: 'begun' }
      ledger.rows.set(number, row)
      return row
    })
    const path = `/api/v/1/code/${field.plain.key}/createTwo`
    const answer = await ask(load, 'service', 'POST', path, { developer, body: { n } })
    if (typeof answer !== 'object') continue
    if (answer.body.success !== true) {
      count(ledger.undone, `service: ${JSON.stringify(answer.body.results)}`.slice(0, 120))
      continue
    }
    for (const [index, row] of rows.entries()) {
      row.id = answer.body.results[index]
      row.state = 'there'
    }
    count(ledger.done, 'service')
  }
}

/** Counts one row up, and reads what it holds at once. */
const updates =
  (lane: number) =>
  async (load: Load): Promise<void> => {
    const { field, developer } = load
    const { ledger } = field
    const counter = ledger.counters[lane]!
    const path = `/api/v/1/data/${field.collection}`
    while (!load.stopped) {
      const n = -2 - nextNumbers(1)
      const before = counter.sent
      counter.sent = n
      const query = [[{ EQ: [{ item_id: counter.id }] }]]
      const answer = await ask(load, 'update', 'PUT', path, { developer, body: { query, $set: { n } } })
      if (notDone(answer)) counter.sent = before
      // Where it is open no other value is sent, so that two are possible and not more.
      if (answer === undefined) return
      if (typeof answer !== 'object') continue
      counter.answered = n
      count(ledger.done, 'update')
      const found = await ask(load, 'update', 'GET', `${path}?query=${rowQuery(counter.id)}`, { developer })
      if (typeof found === 'object' && found.body.DATA[0]?.n !== n)
        ledger.wrong.push('a change was answered, not found')
    }
  }

/** Reads the newest rows: what anybody saw is committed, so it outlives the node. */
async function reads(load: Load): Promise<void> {
  const { field, developer } = load
  const newest = encodeURIComponent(JSON.stringify({ SORT: [{ DESC: 'n' }], PAGESIZE: 20 }))
  while (!load.stopped) {
    const page = await ask(load, 'create', 'GET', `/api/v/1/data/${field.collection}?query=${newest}`, { developer })
    if (typeof page !== 'object') continue
    for (const { item_id: id, n } of page.body.DATA) if (n >= 0) field.ledger.seen.set(id, n)
    count(field.ledger.done, 'read')
  }
}

export const rowsOfPackage = 25

/** Packages of a collection with rows, two services and a role, into the system where all else goes on. */
async function imports(load: Load): Promise<void> {
  const { field, developer } = load
  while (!load.stopped) {
    const n = nextNumbers(1)
    const contents = await packed(n)
    field.ledger.imports.set(n, 'begun')
    const body = { contents, system: field.plain.key }
    const answer = await ask(load, 'import', 'POST', '/admin/v/4/packages/install', { developer, body })
    if (notDone(answer)) field.ledger.imports.set(n, 'not')
    if (typeof answer !== 'object') continue
    field.ledger.imports.set(n, 'done')
    count(field.ledger.done, 'import')
  }
}

async function packed(n: number): Promise<string> {
  const files = new Map<string, Buffer>()
  const put = (path: string, value: unknown) =>
    files.set(path, Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)))
  const items = Array.from({ length: rowsOfPackage }, (_, index) => ({ name: `row ${index}` }))
  put('system.json', { name: `P${n}` })
  put(`data/P${n}.json`, { name: `P${n}`, schema: [{ ColumnName: 'name', ColumnType: 'string', PK: false }], items })
  for (const name of [`p${n}a`, `p${n}b`]) {
    put(`code/services/${name}/${name}.json`, { name, dependencies: 'clearblade' })
    put(`code/services/${name}/${name}.js`, `function ${name}(req, resp) {\n  resp.success('${name}')\n}\n`)
  }
  put(`roles/R${n}.json`, { Name: `R${n}`, Description: '', Permissions: {} })
  return (await archiveOf(files, '')).toString('base64')
}

const door = '/api/v/1/user/auth'

function opened(load: Load, system: Session['system'], body: any): Session {
  const { user_token: token, refresh_token: refresh } = body
  const session: Session = { token, refresh, system, state: 'open' }
  load.field.ledger.sessions.push(session)
  return session
}

/** What follows a sign-in: the token is good at once; then it is left, refreshed or signed out. */
async function live(load: Load, session: Session): Promise<void> {
  const { ledger } = load.field
  const system = load.field[session.system]
  const check = async (token: string) => {
    const path = '/api/v/1/user/checkauth'
    return ask(load, 'sign out', 'POST', path, { token, system, body: {} }, 'may be refused')
  }
  if ((await check(session.token)) === 'refused') ledger.wrong.push('a session that was answered is not good')
  const choice = load.random()
  if (choice < 0.3) return
  session.state = 'ending'
  if (choice < 0.75) {
    const left = await ask(load, 'sign out', 'POST', '/api/v/1/user/logout', { token: session.token, system, body: {} })
    if (left === 'undone') session.state = 'open'
    if (typeof left !== 'object') return
    session.state = 'ended'
    count(ledger.done, 'sign out')
    if (typeof (await check(session.token)) === 'object')
      ledger.wrong.push('a session is good after its end was answered')
    return
  }
  const body = { grant_type: 'refresh_token', refresh_token: session.refresh }
  const next = await ask(load, 'refresh', 'POST', door, { system, body })
  if (next === 'undone') session.state = 'open'
  if (typeof next !== 'object') return
  session.state = 'ended'
  ledger.spent.push({ refresh: session.refresh, session: opened(load, session.system, next.body) })
  count(ledger.done, 'refresh')
}

/** Sign-ins of one user after another, by the password alone. */
const passwords =
  (lane: number) =>
  async (load: Load): Promise<void> => {
    const { plain, emails, ledger } = load.field
    for (let turn = lane; !load.stopped; turn += passwordLanes) {
      const body = { email: emails[turn % emails.length], password }
      const answer = await ask(load, 'password', 'POST', door, { system: plain, body })
      if (typeof answer !== 'object') continue
      if (!answer.body.user_token) ledger.wrong.push(`the right password got no token: ${answer.text}`)
      count(ledger.done, 'password')
      await live(load, opened(load, 'plain', answer.body))
    }
  }

/** Sign-ins in two steps; each code is sent twice at once, so that one of the two finds it spent. */
async function codes(load: Load): Promise<void> {
  const { guarded: system, people, ledger } = load.field
  for (let turn = 0; !load.stopped; turn++) {
    const person = people[turn % people.length]!
    const now = stepAt(Date.now())
    const step = Math.max(now, person.lastStep + 1)
    if (step > now + 1) {
      if (people.every((one) => one.lastStep > now)) return count(ledger.undone, 'code: all are used for now')
      continue
    }
    person.lastStep = step
    const { email, userId } = person
    // The engine that its auth service runs in may be what is killed.
    const first = await ask(load, 'password', 'POST', door, { system, body: { email, password } }, 'may be refused')
    const challenge = typeof first === 'object' ? first.body.options?.factor_id : undefined
    if (typeof first === 'object' && first.body.user_token) ledger.wrong.push('a password alone opened two steps')
    if (challenge === undefined) continue
    const code: Code = { userId, email, challenge, code: totpCode(person.secret, step), granted: 0, open: true }
    ledger.codes.push(code)
    const both = await Promise.all([answerChallenge(load, code), answerChallenge(load, code)])
    code.open = !both.some((session) => session !== undefined)
    for (const session of both) if (session !== undefined) await live(load, session)
  }
}

/** Sends a code once; counts the session that it opened. */
export async function answerChallenge(load: Load, code: Code): Promise<Session | undefined> {
  const { ledger, guarded: system } = load.field
  const body = { email: code.email, factor_id: code.challenge, code: code.code }
  const answer = await ask(load, 'code', 'POST', door, { system, body }, 'may be refused')
  if (typeof answer !== 'object' || !answer.body.user_token) return undefined
  code.granted += 1
  if (code.granted > 1) ledger.wrong.push(`a code of ${code.email} opened ${code.granted} sessions`)
  count(ledger.done, 'code')
  return opened(load, 'guarded', answer.body)
}

/** Two settings of one row by two lanes: neither may undo the other. */
const settings =
  (which: 'name' | 'description') =>
  async (load: Load): Promise<void> => {
    const { plain, ledger } = load.field
    const facts = which === 'name' ? ledger.names : ledger.descriptions
    while (!load.stopped) {
      const n = nextNumbers(1)
      const before = facts.sent
      facts.sent = n
      if (which === 'name') ledger.names.all.set(n, false)
      const body = { id: plain.key, [which]: `plant ${n}` }
      const { developer } = load
      const answer = await ask(load, 'settings', 'PUT', '/admin/v/4/systemmanagement', { developer, body })
      if (notDone(answer)) {
        facts.sent = before
        ledger.names.all.delete(n)
        continue
      }
      if (typeof answer !== 'object') return
      facts.answered = n
      if (which === 'name') ledger.names.all.set(n, true)
      count(ledger.done, 'settings')
    }
  }

const passwordLanes = 2
export const counterLanes = 2

const lanes: ((load: Load) => Promise<void>)[] = [
  ...[creates, creates, creates, services, imports, reads, codes],
  ...Array.from({ length: counterLanes }, (_, lane) => updates(lane)),
  ...Array.from({ length: passwordLanes }, (_, lane) => passwords(lane)),
  ...[settings('name'), settings('description')],
]

/** Resolves when every lane has come to rest, which is soon after `stopped`. */
export const runLoad = async (load: Load): Promise<void> => {
  await Promise.all(lanes.map((lane) => lane(load)))
}
