import pg from 'pg'
import { descendants, type NodeProcess, processFacts, startNode, until } from '../../support/node-process.ts'
import type { DurableCluster } from '../../support/postgres.ts'
import { makePlace, signInDeveloper } from '../plant.ts'
import { type Field, makeField } from './field.ts'
import { count, randomFrom } from './ledger.ts'
import { counterLanes, type Load, runLoad, type Work } from './load.ts'
import { look } from './look.ts'

export type Storm = {
  kills: number
  /** Kinds of work of which one at least is to be answered: on a slow machine it goes on for that, three times as long at most. */
  answered?: readonly string[]
  seed: number
  /** Absent for SQLite, whose only process is the node. */
  cluster?: DurableCluster
  /** Nodes on the one database, which are asked in turns; one unless it is given, two at most. */
  nodes?: number
  /** Systems are made anew after so many kills. */
  killsPerField?: number
  /** Told after each kill. */
  onKill?: (line: string) => void
}

export type Found = {
  kills: Map<string, number>
  done: Map<string, number>
  undone: Map<string, number>
  wrong: string[]
}

type Target = 'node' | 'engine' | 'database' | 'a database process'
type Cleanup = { after(fn: () => unknown): void }

const works: readonly Work[] = ['create', 'service', 'update', 'import', 'code', 'sign out', 'refresh', 'settings']

/** Milliseconds from the start of a request of the kind that was chosen until the kill, at most. */
const longest: Partial<Record<Work, number>> = { import: 120, code: 60, service: 30 }

const patienceMs = 120_000

/** Resolves with what was found when every kill is done; `wrong` is empty where all held. */
export async function storm(
  t: Cleanup,
  { kills, answered = [], seed, cluster, nodes: many = 1, killsPerField = 10, onKill }: Storm,
): Promise<Found> {
  const random = randomFrom(seed)
  const place = await makePlace(t, cluster?.url)
  const found: Found = { kills: new Map(), done: new Map(), undone: new Map(), wrong: [] }
  const fields: Field[] = []
  const nodes = [await startNode(t, place.args, place.env)]
  const developer = await signInDeveloper(nodes[0]!)
  while (nodes.length < many) nodes.push(await startNode(t, place.args, place.env))
  let turn = 0
  const node: Load['node'] = { call: (...asked) => nodes[turn++ % nodes.length]!.call(...asked) }
  const loadOf = (field: Field): Load => ({ node, developer, field, random, stopped: false, begins: () => {} })

  const isAnswered = (work: string) => fields.some(({ ledger }) => (ledger.done.get(work) ?? 0) > 0)
  const goesOn = (kill: number) => kill < kills || (kill < 3 * kills && !answered.every(isAnswered))
  for (let kill = 0; goesOn(kill) && found.wrong.length === 0; kill++) {
    if (kill % killsPerField === 0) {
      fields.push(await makeField(nodes[0]!, developer, place, { emails: 6, people: 8, counters: counterLanes }))
    }
    const field = fields.at(-1)!
    const load = loadOf(field)
    const target = targetOf(kill, random(), cluster !== undefined)
    const aim = works[Math.floor(random() * works.length)]!
    const under = runLoad(load)
    await moment(load, under, aim)
    const struck = Math.floor(random() * nodes.length)
    const killed = await strike(target, nodes[struck]!, random, cluster)
    if (target === 'node' && many === 1) {
      load.stopped = true
      await within(under, 'the load did not end with the node')
    }
    if (target === 'node') nodes[struck] = await startNode(t, place.args, place.env)
    if (target !== 'node' || many > 1) {
      await moment(load, under, aim)
      load.stopped = true
      await within(under, `requests hang after the end of ${target}`)
      for (const one of nodes) {
        if (!one.running()) throw new Error(`A node ended with ${target}:\n${one.output()}`)
      }
    }
    load.begins = () => {}
    if (killed) count(found.kills, target)
    else kill -= 1
    await within(look(load, place, false), 'the look did not end')
    found.wrong.push(...field.ledger.wrong.map((what) => `after kill ${kill + 1}, of ${target} at ${aim}: ${what}`))
    onKill?.(
      `${kill + 1} ${target} at ${aim}: ${field.ledger.rows.size} rows, ${field.ledger.sessions.length} sessions`,
    )
  }
  for (const field of fields) {
    if (found.wrong.length > 0) break
    await look(loadOf(field), place, true)
    found.wrong.push(...field.ledger.wrong.map((what) => `at the end: ${what}`))
  }
  for (const { ledger } of fields) {
    for (const counts of ['done', 'undone'] as const) {
      for (const [name, times] of ledger[counts]) found[counts].set(name, (found[counts].get(name) ?? 0) + times)
    }
  }
  for (const one of nodes) {
    one.signal('SIGTERM')
    await one.ended
  }
  return found
}

/** Each once, so that a few kills meet all; then by chance, the node most often. */
function targetOf(kill: number, share: number, postgres: boolean): Target {
  const targets: readonly Target[] = postgres
    ? ['node', 'a database process', 'engine', 'database', 'node']
    : ['node', 'engine', 'node', 'node']
  return targets[kill < targets.length ? kill : Math.floor(share * targets.length)]!
}

/** When some requests were sent, one of the chosen kind is, and a moment has passed: the load is in the middle of it. */
async function moment(load: Load, under: Promise<void>, aim: Work): Promise<void> {
  const least = 40 + Math.floor(load.random() * 200)
  // A kind that this round does not come to, as codes that are all used, must not be waited for.
  const most = least + 400
  const late = Math.floor(load.random() * (longest[aim] ?? 8))
  await new Promise<void>((resolve) => {
    let sent = 0
    load.begins = (work) => {
      sent += 1
      if ((sent >= least && work === aim) || sent >= most) setTimeout(resolve, late)
    }
    void under.finally(resolve)
  })
}

/** False where there was nothing to kill. */
async function strike(
  target: Target,
  node: NodeProcess,
  random: () => number,
  cluster: DurableCluster | undefined,
): Promise<boolean> {
  const below = descendants(node.pid)
  if (target === 'node') {
    node.signal('SIGKILL')
    await node.ended
    await until(() => (below.every((pid) => processFacts(pid) === undefined) ? true : undefined), 10_000)
    return true
  }
  if (target === 'engine') {
    const engine = below[Math.floor(random() * below.length)]
    return engine !== undefined && tryKill(engine)
  }
  if (target === 'database') {
    await cluster!.kill()
    return true
  }
  const client = new pg.Client({ connectionString: cluster!.url })
  client.on('error', () => {})
  await client.connect()
  const { rows } = await client.query(
    `select pid from pg_stat_activity where application_name = 'gatehouse' order by state = 'active' desc, pid`,
  )
  const chosen: number | undefined = rows[Math.floor((random() * rows.length) / 2)]?.pid
  const killed = chosen !== undefined && tryKill(chosen)
  await client.end().catch(() => {})
  return killed
}

function tryKill(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL')
    return true
  } catch {
    return false
  }
}

async function within(work: Promise<void>, late: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(late)), patienceMs)
  })
  try {
    await Promise.race([work, tooLate])
  } finally {
    clearTimeout(timer)
  }
}

/** Kills, and what the load was told, as lines to print. */
export function summary({ kills, done, undone }: Found): string {
  const list = (counts: Map<string, number>) => [...counts].map(([name, times]) => `${times} × ${name}`)
  return [
    `killed: ${list(kills).join(', ')}`,
    `answered: ${list(done).join(', ')}`,
    ...list(undone).map((line) => `  not done: ${line}`),
  ].join('\n')
}
