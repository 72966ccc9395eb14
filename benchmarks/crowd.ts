/** Whether a sign-in costs more where there are many systems, or many users: two nodes, asked in turns. SQLite alone. */
import { join } from 'node:path'
import BetterSqlite from 'better-sqlite3'
import type { Children, Worker } from './children.ts'
import type { Measured, Pace } from './closed-loop.ts'
import type { Load } from './load.ts'
import { openGround } from './loopback.ts'
import { median } from './measure.ts'
import { type NodeOptions, startNode } from './node-process.ts'
import { treeUsage } from './processes.ts'
import { systemHeaders } from './scene.ts'

const asked = 16
const password = 'the plant is quiet'

export type Crowd = {
  systems: number
  users: number
  /** Of each kind of request, on the empty and on the crowded node: a second, and processor milliseconds of the node for one. */
  rows: { title: string; few: Cost; many: Cost; ratio: number }[]
}
type Cost = { perSecond: number; nodeMs: number }
type Side = { pid: number; signIn: Load; check: Load; end(): Promise<void> }

export async function inACrowd(
  children: Children,
  load: Worker,
  folders: { few: NodeOptions; many: NodeOptions },
  pace: Pace,
  rounds: number,
  size = { systems: 1_000, users: 1_000_000 },
): Promise<Crowd> {
  const few = await open(children, folders.few, { systems: 1, users: asked })
  const many = await open(children, folders.many, size)
  const rows = []
  for (const [title, kind] of [
    ['password sign-in', 'signIn'],
    ['token check', 'check'],
  ] as const) {
    const costs: { few: Cost[]; many: Cost[] } = { few: [], many: [] }
    for (let round = 0; round < rounds; round++) {
      costs.few.push(await costOf(few, load, few[kind], pace))
      costs.many.push(await costOf(many, load, many[kind], pace))
    }
    const [less, more] = [typical(costs.few), typical(costs.many)]
    rows.push({ title, few: less, many: more, ratio: more.nodeMs / less.nodeMs })
  }
  await few.end()
  await many.end()
  return { ...size, rows }
}

async function costOf({ pid }: Side, worker: Worker, load: Load, pace: Pace): Promise<Cost> {
  const before = treeUsage(pid)
  const { perSecond } = await worker.ask<Measured>('send', { load, pace })
  const after = treeUsage(pid)
  if (before === undefined || after === undefined) throw new Error('The node is gone.')
  const answered = perSecond * (pace.seconds + pace.warmSeconds)
  return { perSecond, nodeMs: ((after.selfSeconds - before.selfSeconds) * 1000) / answered }
}

const typical = (costs: readonly Cost[]): Cost => ({
  perSecond: median(costs.map(({ perSecond }) => perSecond)),
  nodeMs: median(costs.map(({ nodeMs }) => nodeMs)),
})

async function open(children: Children, options: NodeOptions, size: { systems: number; users: number }): Promise<Side> {
  const ground = await openGround(children, options)
  const system = await ground.newSystem('crowd')
  for (let n = 1; n < size.systems; n++) await ground.newSystem(`other ${n}`)
  const emails = Array.from({ length: asked }, (_, n) => `asked-${n}@example.com`)
  for (const email of emails) await ground.develop('POST', `/admin/user/${system.key}`, { email, password })
  await ground.node.end()
  multiply(join(options.folder, 'gatehouse.db'), system.key, size.users - asked)
  const node = await startNode(children, options)
  const headers = systemHeaders(system)
  const path = '/api/v/1/user/auth'
  const response = await fetch(`http://127.0.0.1:${node.port}${path}`, {
    ...{ method: 'POST', headers },
    body: JSON.stringify({ email: emails[0], password }),
  })
  const { user_token: token } = (await response.json()) as { user_token: string }
  const { port } = node
  return {
    pid: node.pid,
    end: () => node.end(),
    signIn: {
      port,
      requests: emails.map((email) => ({ method: 'POST', path, headers, body: { email, password } })),
      expect: '"user_token":"gh',
    },
    check: {
      port,
      requests: [
        {
          ...{ method: 'POST', path: '/api/v/1/user/checkauth', body: {} },
          headers: { ...headers, 'ClearBlade-UserToken': token },
        },
      ],
      expect: '"is_authenticated":true',
    },
  }
}

/** Copies of one user under other names: each made over HTTP would cost a password hash. */
function multiply(file: string, systemKey: string, users: number): void {
  const db = new BetterSqlite(file)
  try {
    const { table } = db
      .prepare(`select table_name as "table" from collections where system_key = ? and kind = 'users'`)
      .get(systemKey) as { table: string }
    const numbers = `with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < ${users})`
    const copy = (name: string, where: string, values: Record<string, string>) => {
      const columns = (db.pragma(`table_info("${name}")`) as { name: string }[]).map((column) => column.name)
      const list = columns.map((column) => `"${column}"`).join(', ')
      const chosen = columns.map((column) => values[column] ?? `one."${column}"`).join(', ')
      db.exec(
        `insert into "${name}" (${list}) ${numbers} select ${chosen} from numbers, (select * from "${name}" where ${where} limit 1) one`,
      )
    }
    const id = `printf('%032x', numbers.n)`
    const email = `printf('crowd-%d@example.com', numbers.n)`
    db.transaction(() => {
      copy('accounts', `system_key = '${systemKey}'`, { user_id: id, email_key: email })
      copy(table, 'true', { user_id: id, email })
      copy('memberships', `system_key = '${systemKey}'`, { user_id: id })
    })()
  } finally {
    db.close()
  }
}
