/** One platform and its edges on loopback: how soon a change is there, how fast a first sync is, and what idle edges cost. */
import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { WebSocket as Socket } from 'ws'
import { type KeyPairText, newKeyPair } from '../packages/server/src/base/link-keys.ts'
import { Channel, linkLimits } from '../packages/server/src/edge/channel.ts'
import { greetPlatform, signProof } from '../packages/server/src/edge/handshake.ts'
import { linkPath } from '../packages/server/src/edge/messages.ts'
import type { Children } from './children.ts'
import { type Ground, openGround } from './loopback.ts'
import { type NodeOptions, type ServerProcess, startServer } from './node-process.ts'
import { residentOf, treeUsage } from './processes.ts'

// The one that the server has; another of our dependencies brings an older one.
const { WebSocket } = createRequire(new URL('../packages/server/package.json', import.meta.url))(
  'ws',
) as typeof import('ws')
const program = resolve(import.meta.dirname, '../packages/cli/src/gatehouse.js')
const changes = 300
const rows = 100_000
const rowsAtOnce = 1_000
const idleEdges = 500
const idleSeconds = 20

export type Edges = {
  /** From the answer to whoever wrote on the platform until an edge gives the row, milliseconds. */
  changes: { count: number; p50: number; p99: number }
  firstSync: { rows: number; seconds: number }
  /** Of the edge process after it was used, MiB: resident, and with pages that are shared counted once. */
  edge: { resident: number; own: number }
  /** On the platform, of each of many edges that only hold their link. */
  idle: { edges: number; mebibytesEach: number; corePercentEach: number }
}

type System = { key: string; secret: string }

export async function besideEdges(children: Children, options: NodeOptions): Promise<Edges> {
  const ground = await openGround(children, options)
  const system = await ground.newSystem('edges')
  const { develop } = ground
  await develop('POST', `/admin/user/${system.key}`, { email: 'op@example.com', password })
  const few = await newCollection(ground, system, 'Few')
  const deploy = (name: string, edge: string, collection: string) =>
    develop('POST', `/admin/${system.key}/deployments`, {
      ...{ name, edges: [edge] },
      assets: [{ asset_class: collection, asset_id: '', sync_to_edge: true, sync_to_platform: false }],
      sign_in: { collections: [], roles: ['Authenticated'], users: { roles: ['Authenticated'], emails: [] } },
    })

  const quick = await newEdge(children, ground, system, options, 'quick', () => deploy('few', 'quick', 'Few'))
  const seen = await changesSeen(ground, few, quick.reader)
  await wait(5_000)
  const used = treeUsage(quick.process.pid)
  await quick.process.end()

  const many = await newCollection(ground, system, 'Many')
  for (let start = 0; start < rows; start += rowsAtOnce) {
    await develop(
      'POST',
      `/api/v/1/data/${many}`,
      Array.from({ length: rowsAtOnce }, (_, n) => ({ n: start + n, site: 'hall 3' })),
    )
  }
  const large = await newEdge(children, ground, system, options, 'large', () => deploy('many', 'large', 'Many'))
  const seconds = await syncedSince(large.began, large.reader, many)
  await large.process.end()

  const held = await idleOnes(ground, system)
  await ground.node.end()
  return {
    changes: { count: changes, ...seen },
    firstSync: { rows, seconds },
    edge: { resident: mebibytes(used?.residentBytes), own: mebibytes(used?.ownBytes) },
    idle: { edges: idleEdges, ...held },
  }
}

const mebibytes = (bytes = 0): number => bytes / 1024 / 1024

const password = 'the plant is quiet'

async function newCollection({ develop }: Ground, { key }: System, name: string): Promise<string> {
  const { collectionID: id } = await develop<{ collectionID: string }>('POST', '/admin/collectionmanagement', {
    name,
    appID: key,
  })
  for (const [column, type] of [
    ['n', 'int'],
    ['site', 'string'],
  ] as const) {
    await develop('PUT', '/admin/collectionmanagement', { id, addColumn: { name: column, type } })
  }
  const changes = { collections: [{ itemInfo: { name }, permissions: 1 }] }
  await develop('PUT', `/admin/user/${key}/roles`, { id: 'Authenticated', changes })
  return id
}

/** What a user at the edge reads; undefined where the answer is no 200. */
type Reader = (path: string) => Promise<{ TOTAL?: number; count?: number; DATA?: { n: number }[] } | undefined>

/** A node of its own that is linked, and where a user is signed in. */
async function newEdge(
  children: Children,
  { develop, node }: Ground,
  system: System,
  { folder }: NodeOptions,
  name: string,
  deploy: () => Promise<unknown>,
): Promise<{ process: ServerProcess; reader: Reader; began: number }> {
  const { token } = await develop<{ token: string }>('POST', `/admin/edges/${system.key}/${name}`, {})
  await deploy()
  const data = join(folder, name)
  mkdirSync(data)
  const place = ['--platform', `http://127.0.0.1:${node.port}`, '--system', system.key, '--name', name]
  const began = performance.now()
  const process = await startServer(children, {
    args: [program, 'edge', ...place, '--data', data, '--port', '0', '--weak-sandbox'],
    env: { GATEHOUSE_EDGE_TOKEN: token },
    cwd: data,
  })
  const base = `http://127.0.0.1:${process.port}`
  const headers = { 'ClearBlade-SystemKey': system.key, 'ClearBlade-SystemSecret': system.secret }
  const signIn = async (): Promise<string> => {
    const body = JSON.stringify({ email: 'op@example.com', password })
    const response = await fetch(`${base}/api/v/1/user/auth`, { method: 'POST', headers, body })
    return ((await response.json()) as { user_token?: string }).user_token ?? ''
  }
  const until = performance.now() + 30_000
  let user = await signIn()
  while (user === '' && performance.now() < until) {
    await wait(200)
    user = await signIn()
  }
  if (user === '') throw new Error(`Nobody can sign in at the edge ${name}: ${process.remarks()}`)
  const reader: Reader = async (path) => {
    const response = await fetch(`${base}${path}`, { headers: { 'ClearBlade-UserToken': user } })
    const text = await response.text()
    return response.status === 200 ? JSON.parse(text) : undefined
  }
  return { process, reader, began }
}

async function changesSeen(
  { develop }: Ground,
  collection: string,
  read: Reader,
): Promise<{ p50: number; p99: number }> {
  const query = encodeURIComponent(JSON.stringify({ PAGESIZE: 1, SORT: [{ DESC: 'n' }] }))
  const times: number[] = []
  for (let n = 1; n <= changes; n++) {
    await develop('POST', `/api/v/1/data/${collection}`, { n, site: 'hall 3' })
    const written = performance.now()
    const until = written + 10_000
    while ((await read(`/api/v/1/data/${collection}?query=${query}`))?.DATA?.[0]?.n !== n) {
      if (performance.now() > until) throw new Error(`Change ${n} did not come within ten seconds.`)
    }
    times.push(performance.now() - written)
  }
  times.sort((a, b) => a - b)
  return { p50: times[Math.floor(times.length / 2)]!, p99: times[Math.floor(times.length * 0.99)]! }
}

/** Seconds from the start of the edge's process until the last row is there. */
async function syncedSince(began: number, read: Reader, collection: string): Promise<number> {
  for (;;) {
    const { count = 0 } = (await read(`/api/v/1/data/${collection}/count`)) ?? {}
    const seconds = (performance.now() - began) / 1000
    if (count === rows) return seconds
    if (seconds > 300) throw new Error(`Only ${count} rows came within five minutes.`)
    await wait(20)
  }
}

/** Links without a node behind them: what the platform spends is what is measured. */
async function idleOnes(ground: Ground, system: System): Promise<{ mebibytesEach: number; corePercentEach: number }> {
  const { node, develop } = ground
  const before = residentOf(node.pid, 'VmRSS')
  const sockets: Socket[] = []
  for (let n = 0; n < idleEdges; n++) {
    const { token } = await develop<{ token: string }>('POST', `/admin/edges/${system.key}/idle-${n}`, {})
    sockets.push(await hold(node.port, token))
  }
  await wait(3_000)
  const cpu = treeUsage(node.pid)
  await wait(idleSeconds * 1_000)
  const later = treeUsage(node.pid)
  const after = residentOf(node.pid, 'VmRSS')
  for (const socket of sockets) {
    if (socket.readyState !== socket.OPEN) throw new Error('An idle edge was cut off.')
    socket.terminate()
  }
  if (!before || !after || !cpu || !later) throw new Error('The node is gone.')
  return {
    mebibytesEach: mebibytes(after - before) / idleEdges,
    corePercentEach: ((later.selfSeconds - cpu.selfSeconds) / idleSeconds / idleEdges) * 100,
  }
}

async function hold(port: number, token: string): Promise<Socket> {
  const keys: { sign: KeyPairText; seal: KeyPairText } = { sign: newKeyPair('ed25519'), seal: newKeyPair('x25519') }
  const fingerprint = token.slice(token.indexOf('.') + 1)
  for (let tries = 0; ; tries++) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${linkPath}`, {
      perMessageDeflate: false,
      maxPayload: linkLimits.piece,
    })
    try {
      await new Promise((open, failed) => socket.once('open', open).once('error', failed))
      const channel = new Channel(socket, linkLimits.fromPlatform)
      const agreed = await greetPlatform(channel, { fingerprint }, 'benchmark')
      const said = { key: keys.sign.publicKey, sealKey: keys.seal.publicKey, number: tries + 1, token }
      const signature = signProof(agreed, keys.sign.privateKey, said)
      channel.send({ type: 'proof', ...said, signature, cursors: {} }, { secret: true })
      const { message } = await channel.next()
      if ((message as { type: string }).type !== 'welcome') throw new Error(JSON.stringify(message))
      void acknowledge(channel)
      return socket
    } catch (error) {
      socket.terminate()
      if (tries === 20) throw error
      await wait(200)
    }
  }
}

/** What comes first of each lane, and whatever comes later. Ends with the link. */
async function acknowledge(channel: Channel): Promise<void> {
  try {
    for (;;) {
      const { message } = await channel.next()
      const { type, lane, to } = message as { type: string; lane: string; to: unknown }
      if (type === 'frame') channel.send({ type: 'ack', lane, cursor: to })
    }
  } catch {}
}
