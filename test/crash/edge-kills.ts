/**
 * A platform and two edges as processes, rows written on all sides, and `kill -9` of one after another in the middle of it.
 * What was answered must be everywhere in the end, once, and what was deleted nowhere.
 */
import { createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { type NodeProcess, startNode, until } from '../support/node-process.ts'
import { createSystem, makePlace, signInDeveloper } from './plant.ts'
import { randomFrom } from './storm/ledger.ts'

type Cleanup = { after(fn: () => unknown): void }
type Row = { id: string; by: string; state: 'there' | 'leaving' | 'gone' }
type Side = { name: string; node: NodeProcess; token: string; restart(): Promise<NodeProcess> }

export type EdgeKills = { killed: Map<string, number>; answered: number; cutOff: number; rows: number; wrong: string[] }

const password = 'the plant is quiet'
const email = 'op@example.com'
const edges = ['hall', 'dock'] as const

export async function killEdges(
  t: Cleanup,
  { kills, seed, onKill }: { kills: number; seed: number; onKill?: (line: string) => void },
): Promise<EdgeKills> {
  const random = randomFrom(seed)
  const { sides, collection, developer } = await open(t)
  const rows = new Map<number, Row>()
  const found: EdgeKills = { killed: new Map(), answered: 0, cutOff: 0, rows: 0, wrong: [] }
  let last = 0

  /** One lane of one side; a request that is cut off leaves open whether it happened. */
  const write = async (side: Side, isOver: () => boolean): Promise<void> => {
    const path = `/api/v/1/data/${collection}`
    const asked = side.name === 'platform' ? { developer } : { token: side.token }
    while (!isOver()) {
      try {
        const mine = [...rows].filter(([, row]) => row.by === side.name && row.state === 'there')
        if (mine.length > 4 && random() < 0.3) {
          const [, row] = mine[Math.floor(random() * mine.length)]!
          row.state = 'leaving'
          const query = encodeURIComponent(JSON.stringify({ FILTERS: [[{ EQ: [{ item_id: row.id }] }]] }))
          const answer = await side.node.call('DELETE', `${path}?query=${query}`, asked)
          if (answer.status === 200) row.state = 'gone'
        } else {
          last += 1
          const n = last
          const answer = await side.node.call('POST', path, { ...asked, body: { n } })
          if (answer.status !== 200) throw new Error(`${side.name} answered ${answer.status}: ${answer.text}`)
          rows.set(n, { id: answer.body[0].item_id, by: side.name, state: 'there' })
        }
        found.answered += 1
      } catch (error) {
        if (!(error instanceof TypeError)) throw error
        found.cutOff += 1
        await wait(20)
      }
      await wait(5)
    }
  }

  for (let kill = 0; kill < kills; kill++) {
    let isOver = false
    const under = Promise.all(sides.map((side) => write(side, () => isOver)))
    await wait(150 + random() * 350)
    const side = sides[kill < sides.length ? kill : Math.floor(random() * sides.length)]!
    side.node.signal('SIGKILL')
    await side.node.ended
    await wait(random() * 300)
    side.node = await side.restart()
    await wait(200)
    isOver = true
    await under
    found.killed.set(side.name, (found.killed.get(side.name) ?? 0) + 1)
    onKill?.(`${kill + 1} ${side.name}: ${rows.size} rows were answered`)
  }

  const wrong = async (): Promise<string[]> => {
    const held = await Promise.all(sides.map((side) => rowsAt(side, collection, developer)))
    const first = held[0]!
    const problems: string[] = []
    for (const [index, numbers] of held.entries()) {
      const { name } = sides[index]!
      if (JSON.stringify(numbers) !== JSON.stringify(first)) problems.push(`${name} holds other rows than the platform`)
      if (new Set(numbers).size !== numbers.length) problems.push(`${name} holds a row twice`)
      const there = new Set(numbers)
      for (const [n, row] of rows) {
        if (row.state === 'there' && !there.has(n))
          problems.push(`row ${n} of ${row.by} was answered and is not at ${name}`)
        if (row.state === 'gone' && there.has(n)) problems.push(`row ${n} of ${row.by} was deleted and is at ${name}`)
      }
    }
    found.rows = first.length
    return problems
  }
  const end = performance.now() + 90_000
  do {
    found.wrong = await wrong()
    if (found.wrong.length > 0) await wait(250)
  } while (found.wrong.length > 0 && performance.now() < end)
  for (const { node } of sides) {
    node.signal('SIGTERM')
    await node.ended
  }
  return found
}

export const edgeSummary = ({ killed, answered, cutOff, rows, wrong }: EdgeKills): string =>
  `killed: ${[...killed].map(([name, times]) => `${times} × ${name}`).join(', ')}; ` +
  `${answered} writes answered, ${cutOff} cut off, ${rows} rows in the end; ${wrong.length} wrong`

async function rowsAt(side: Side, collection: string, developer: string): Promise<number[]> {
  const asked = side.name === 'platform' ? { developer } : { token: side.token }
  const query = encodeURIComponent('{"PAGESIZE":100000}')
  const answer = await side.node.call('GET', `/api/v/1/data/${collection}?query=${query}`, asked)
  if (answer.status !== 200) throw new Error(`${side.name} cannot be read: ${answer.text}`)
  return (answer.body.DATA as { n: number }[]).map(({ n }) => n).sort((a, b) => a - b)
}

async function open(t: Cleanup) {
  const place = await makePlace(t)
  const port = await freePort()
  const startPlatform = () => startNode(t, [...place.args, '--port', String(port)], place.env)
  const platform = await startPlatform()
  const developer = await signInDeveloper(platform)
  const system = await createSystem(platform, developer)
  const develop = async (method: 'POST' | 'PUT', path: string, body: unknown) => {
    const answer = await platform.call(method, path, { developer, body })
    if (answer.status !== 200) throw new Error(`${path}: ${answer.text}`)
    return answer.body
  }
  const { collectionID: collection } = await develop('POST', '/admin/collectionmanagement', {
    ...{ name: 'Things', appID: system.key },
  })
  await develop('PUT', '/admin/collectionmanagement', { id: collection, addColumn: { name: 'n', type: 'int' } })
  const grant = { collections: [{ itemInfo: { name: 'Things' }, permissions: 15 }] }
  await develop('PUT', `/admin/user/${system.key}/roles`, { id: 'Authenticated', changes: grant })
  await develop('POST', `/admin/user/${system.key}`, { email, password })
  await develop('POST', `/admin/${system.key}/deployments`, {
    ...{ name: 'all', edges: [...edges] },
    assets: [{ asset_class: 'Things', asset_id: '', sync_to_edge: true, sync_to_platform: true }],
    sign_in: { collections: [], roles: ['Authenticated'], users: { roles: ['Authenticated'], emails: [] } },
  })
  const sides: Side[] = [{ name: 'platform', node: platform, token: '', restart: startPlatform }]
  for (const name of edges) {
    const { token } = await develop('POST', `/admin/edges/${system.key}/${name}`, {})
    const { dataFolder } = await makePlace(t)
    const flags = ['--platform', `http://127.0.0.1:${port}`, '--system', system.key, '--name', name]
    const restart = () =>
      startNode(t, [...flags, '--data', dataFolder, '--weak-sandbox'], { GATEHOUSE_EDGE_TOKEN: token }, 'edge')
    const node = await restart()
    const signedIn = await until(async () => {
      const { body } = await node.call('POST', '/api/v/1/user/auth', { system, body: { email, password } })
      return body?.user_token ? String(body.user_token) : undefined
    }, 30_000)
    sides.push({ name, node, token: signedIn, restart })
  }
  return { sides, collection, developer }
}

/** One that nobody listens at just now: the platform has to come back where its edges look for it. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
