/** What importing a large package costs: the largest known ones have 21,000 rows and 400 assets. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { archiveOf } from '../packages/server/src/deploy/catalogue.ts'
import type { Children } from './children.ts'
import { developer, type NodeOptions, startNode } from './node-process.ts'
import { residentOf } from './processes.ts'

export type Imported = {
  rows: number
  assets: number
  /** Seconds from the request to the answer. */
  seconds: number
  /** Reading the same rows and inserting them in one transaction, with nothing between. */
  bareSeconds: number
  /** Of the node, not of its engines; undefined where the system does not tell. */
  idleBytes: number | undefined
  peakBytes: number | undefined
}

const rowCount = 21_000
const columns = { name: 'string', site: 'string', value: 'float', count: 'int', at: 'timestamp', data: 'jsonb' }

const rowOf = (index: number) => ({
  item_id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
  name: `row number ${index}`,
  site: `plant ${index % 40}`,
  value: index / 7,
  count: index,
  at: new Date(1.5e12 + index * 1e6).toISOString(),
  data: { list: ['x', 'y'], note: 'some text to make the row as long as rows are' },
})

const rows = Array.from({ length: rowCount }, (_, index) => rowOf(index))

function largePackage(): Map<string, Buffer> {
  const files = new Map<string, Buffer>()
  const put = (path: string, value: unknown): void => {
    files.set(path, Buffer.from(typeof value === 'string' ? value : JSON.stringify(value, null, 4)))
  }
  const schema = Object.entries(columns).map(([ColumnName, ColumnType]) => ({ ColumnName, ColumnType, PK: false }))
  put('system.json', { name: 'large' })
  put('data/Large.json', { name: 'Large', schema, items: rows })
  const lines = Array.from({ length: 200 }, (_, line) => `  var v${line} = "line ${line}";`).join('\n')
  for (let index = 0; index < 260; index++) {
    const [folder, name] = index < 200 ? ['services', `service${index}`] : ['libraries', `library${index}`]
    put(`code/${folder}/${name}/${name}.json`, { name, dependencies: index < 200 ? 'clearblade' : '' })
    put(`code/${folder}/${name}/${name}.js`, `function ${name}(req, resp) {\n${lines}\n  resp.success('${name}')\n}\n`)
  }
  for (let index = 0; index < 20; index++) {
    put(`users/user${index}@example.com.json`, { email: `user${index}@example.com`, roles: [`role${index}`] })
    const grants = Array.from({ length: 40 }, (_, service) => ({ Name: `service${service + index}`, Level: 1 }))
    put(`roles/role${index}.json`, { Name: `role${index}`, Description: '', Permissions: { CodeServices: grants } })
  }
  for (let index = 0; index < 100; index++) put(`triggers/trigger${index}.json`, { name: `trigger${index}` })
  return files
}

/** On a database of its own, so that the first start and its growth are the node's and not of other cases. */
export async function importLarge(children: Children, options: NodeOptions): Promise<Imported> {
  const contents = (await archiveOf(largePackage(), '')).toString('base64')
  const node = await startNode(children, options)
  const call = async <T>(path: string, body: unknown, token = ''): Promise<T> => {
    const headers = { 'content-type': 'application/json', 'clearblade-devtoken': token }
    const url = `http://127.0.0.1:${node.port}${path}`
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
    const text = await response.text()
    if (response.status !== 200) throw new Error(`${path} answered ${response.status}: ${text.slice(0, 300)}`)
    return JSON.parse(text)
  }
  const { dev_token: token } = await call<{ dev_token: string }>('/admin/auth', developer)
  const idleBytes = residentOf(node.pid, 'VmRSS')
  const began = performance.now()
  const report = await call<{ items: unknown[] }>('/admin/v/4/packages/install', { contents }, token)
  const seconds = (performance.now() - began) / 1000
  const peakBytes = residentOf(node.pid, 'VmHWM')
  await node.end()
  return {
    rows: rowCount,
    assets: report.items.length,
    seconds,
    bareSeconds: bare(options.folder),
    idleBytes,
    peakBytes,
  }
}

function bare(folder: string): number {
  mkdirSync(join(folder, 'bare'))
  const text = JSON.stringify(rows)
  const began = performance.now()
  const db = new Sqlite(join(folder, 'bare/rows.db'))
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.exec(
    'create table large (item_id text primary key, name text, site text, value real, count integer, at text, data text)',
  )
  const insert = db.prepare('insert into large values (?, ?, ?, ?, ?, ?, ?)')
  db.transaction(() => {
    for (const row of JSON.parse(text) as typeof rows) {
      insert.run(row.item_id, row.name, row.site, row.value, row.count, row.at, JSON.stringify(row.data))
    }
  })()
  db.close()
  return (performance.now() - began) / 1000
}
