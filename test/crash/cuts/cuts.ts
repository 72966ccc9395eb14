/**
 * A platform and its edges that all write the same rows while their network is cut, slow, dark and gone in the middle of
 * messages, and while nodes stop: when it is quiet again all hold the same, nothing is lost and nothing is there twice. What
 * must be so is worked out beside them, from the writes that were answered.
 */
import { startEdge, type TestEdge } from '../../../packages/server/src/edge/edge.fixture.ts'
import { type FaultProxy, faultProxy } from '../../../packages/server/src/edge/fault-proxy.fixture.ts'
import { databaseOf } from '../../../packages/server/src/store/store.ts'
import { upCursor } from '../../../packages/server/src/store/tables/edge-words.ts'
import { findPlatformLink } from '../../../packages/server/src/store/tables/platform-links.ts'
import type { createTestApp, TestApp } from '../../support/app.ts'

/** `open` makes the platform, and another node in its place after a stop. */
export type CutsAsked = {
  open: typeof createTestApp
  cuts: number
  seed: number
  edges?: number
  onStep?: (line: string) => void
}

export type CutsFound = {
  cuts: number
  stops: number
  writes: number
  rows: number
  conflicts: number
  /** Until all held the same, in milliseconds, after the last write. */
  quietMs: number
  wrong: string[]
}

type Ends = { after(fn: () => unknown): void }
type Place = { name: string; at: TestApp | TestEdge; token: string }

/** Each place has a column that it alone writes, and all write `shared`. */
const columnOf = (place: number): string => `own_${place}`
const password = 'the plant is quiet'
const email = 'op@example.com'

/** What was answered, by row. */
type Known = { last: Map<string, unknown>; shared: Set<unknown>; deleted: boolean }

export async function cutStorm(t: Ends, { open, cuts, seed, edges: count = 3, onStep }: CutsAsked): Promise<CutsFound> {
  const random = randomFrom(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  let app = stoppable(await open(t))
  const system = await app.createSystem()
  const columns = Object.fromEntries(Array.from({ length: count + 1 }, (_, n) => [columnOf(n), 'int']))
  const id = await app.createCollection(system, 'Rows', { ...columns, shared: 'int' })
  await app.grant(system, 'Authenticated', { collections: [{ itemInfo: { name: 'Rows' }, permissions: 15 }] })
  await app.createUser(system, email, password)
  const admin = async (method: 'GET' | 'POST', path: string, body?: unknown) => {
    const got = await app.call(method, path, { developer: app.developer, ...(body !== undefined && { body }) })
    if (got.status !== 200) throw new Error(`${method} ${path}: ${got.text}`)
    return got.body
  }
  await admin('POST', `/admin/${system.key}/deployments`, {
    ...{ name: 'all', edges: ['___ALL_EDGES___'], sign_in: { users: { emails: [email] } } },
    assets: [{ asset_class: 'Rows', asset_id: '', sync_to_edge: true, sync_to_platform: true }],
  })
  const portOf = (): number => (app.app.server.server.address() as { port: number }).port
  const networks: FaultProxy[] = []
  const edges: TestEdge[] = []
  for (let n = 1; n <= count; n++) {
    const network = await faultProxy(t, portOf())
    const { token } = await admin('POST', `/admin/edges/${system.key}/edge-${n}`, {})
    networks.push(network)
    edges.push(await startEdge(t, app, { system, name: `edge-${n}`, token, platform: network.url }))
  }
  for (const edge of edges) {
    await soon(
      async () => {
        const { cursors } = (await findPlatformLink(edge.app.means.store))!
        return cursors.data?.at === null && cursors.identity?.at === null
      },
      () => {},
    )
  }
  const signedIn = async (at: TestApp | TestEdge): Promise<string> => {
    const got = await at.call('POST', '/api/v/1/user/auth', { system, body: { email, password } })
    if (got.status !== 200) throw new Error(`no sign-in: ${got.text}`)
    return got.body.user_token
  }
  const places: Place[] = [{ name: 'platform', at: app, token: await signedIn(app) }]
  for (const [n, edge] of edges.entries()) {
    places.push({ name: `edge-${n + 1}`, at: edge, token: await signedIn(edge) })
  }

  const known = new Map<string, Known>()
  const wrong: string[] = []
  let [stops, writes, value] = [0, 0, 0]
  const cutsBy = (): number => networks.reduce((sum, network) => sum + network.cuts(), 0)

  const call = async (
    place: Place,
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    body?: unknown,
    query = '',
  ): Promise<any> => {
    const response = await place.at.app.server.inject({
      ...{ method, url: `/api/v/1/data/${id}${query}`, headers: { 'clearblade-usertoken': place.token } },
      ...(body !== undefined && { payload: JSON.stringify(body) }),
    })
    if (response.statusCode !== 200) throw new Error(`${method} at ${place.name}: ${response.body}`)
    return JSON.parse(response.body)
  }
  const rowsAt = async (place: Place): Promise<Map<string, any>> => {
    const { DATA } = await call(place, 'GET', undefined, '?query=%7B%22PAGESIZE%22%3A100000%7D')
    return new Map(DATA.map((row: any) => [row.item_id, row]))
  }
  const writeAt = async (n: number): Promise<void> => {
    const place = places[n]!
    writes += 1
    value += 1
    const [own, both] = [columnOf(n), random() < 0.5]
    const row = { [own]: value, ...(both && { shared: value }) }
    const ids = [...(await rowsAt(place)).keys()].sort()
    const choice = random()
    if (ids.length < 5 || choice < 0.3) {
      const [{ item_id }] = await call(place, 'POST', row)
      if (known.has(item_id)) wrong.push(`${item_id} was given twice`)
      known.set(item_id, { last: new Map([[own, value]]), shared: new Set(both ? [value] : []), deleted: false })
      return
    }
    const item = pick(ids)
    const condition = [[{ EQ: [{ item_id: item }] }]]
    const of = known.get(item)
    if (of === undefined) {
      wrong.push(`${item} at ${place.name} was written by nobody`)
      return
    }
    if (choice > 0.93) {
      await call(place, 'DELETE', undefined, `?query=${encodeURIComponent(JSON.stringify(condition))}`)
      of.deleted = true
      return
    }
    await call(place, 'PUT', { query: condition, $set: row })
    of.last.set(own, value)
    if (both) of.shared.add(value)
  }

  const hurry = (): void => {
    for (const { at } of places.slice(1)) (at as TestEdge).app.edgeLink!.hurry()
  }
  const restartEdge = async (n: number): Promise<void> => {
    const place = places[n]!
    const { folder, app: node } = place.at as TestEdge
    await node.close()
    place.at = await startEdge({ after: t.after }, app, {
      system,
      name: place.name,
      folder,
      platform: networks[n - 1]!.url,
    })
    stops += 1
  }
  const restartPlatform = async (): Promise<void> => {
    await app.app.close()
    app = stoppable(await open(t, { beside: app }))
    places[0]!.at = app
    for (const network of networks) network.lead(portOf())
    stops += 1
  }
  const faults: [string, (n: number) => unknown][] = [
    ['cut', (n) => networks[n]!.cut()],
    ['cut in a message', (n) => networks[n]!.cutAfter(1 + Math.floor(random() * 3_000))],
    ['cut in a message', (n) => networks[n]!.cutAfter(1 + Math.floor(random() * 3_000))],
    ['dark', (n) => networks[n]!.dark()],
    ['light', (n) => networks[n]!.light()],
    ['slow', (n) => networks[n]!.delay(Math.floor(random() * 20))],
    [
      'twice in a row',
      async (n) => {
        networks[n]!.light()
        const link = (places[n + 1]!.at as TestEdge).app.edgeLink!
        networks[n]!.cut()
        link.hurry()
        await new Promise((resolve) => setImmediate(resolve))
        networks[n]!.cut()
        link.hurry()
      },
    ],
    ['stop of an edge', (n) => restartEdge(n + 1)],
    ['stop of the platform', restartPlatform],
  ]

  for (let step = 0; (cutsBy() < cuts || step < 18) && step < cuts * 20; step++) {
    const [what, fault] = step % 9 === 8 ? pick(faults.slice(7)) : pick(faults.slice(0, 7))
    const n = Math.floor(random() * networks.length)
    await fault(n)
    hurry()
    for (let write = 0; write < 6; write++) await writeAt(Math.floor(random() * places.length))
    // What is dark comes back at some time.
    if (random() < 0.4) for (const network of networks) network.light()
    hurry()
    onStep?.(`${String(cutsBy()).padStart(4)} ${what} ${n + 1}: ${writes} writes, ${known.size} rows`)
  }

  for (const network of networks) {
    network.light()
    network.delay(0)
    network.cutAfter(Number.POSITIVE_INFINITY)
  }
  const began = performance.now()
  const isQuiet = async (): Promise<boolean> => {
    for (const place of places.slice(1)) {
      const last = await databaseOf(place.at.app.means.store)
        .selectFrom('changes')
        .select(({ fn }) => fn.max('position').as('last'))
        .where('kind', '=', 'item')
        .executeTakeFirst()
      const taken = await upCursor(app.app.means.store.forSystem(system.key), place.name, 'rows')
      if (Number(last?.last ?? 0) > (taken?.position ?? 0)) return false
    }
    const [first, ...others] = await Promise.all(places.map(async (place) => textOf(await rowsAt(place))))
    return others.every((other) => other === first)
  }
  const isSame = await soon(isQuiet, hurry)
  const quietMs = Math.round(performance.now() - began)
  const all = await Promise.all(places.map(rowsAt))
  if (!isSame) {
    for (const [n, rows] of all.entries()) {
      for (const [key, row] of rows) {
        const here = all[0]!.get(key)
        if (JSON.stringify(here) !== JSON.stringify(row)) {
          wrong.push(`${places[n]!.name} has ${JSON.stringify(row)}, the platform ${JSON.stringify(here)}`)
        }
      }
      for (const key of all[0]!.keys()) if (!rows.has(key)) wrong.push(`${places[n]!.name} has not ${key}`)
    }
  }
  const rows = all[0]!
  for (const [key, of] of known) {
    const row = rows.get(key)
    if (of.deleted) continue
    if (row === undefined) {
      wrong.push(`${key} is lost`)
      continue
    }
    for (const [column, written] of of.last) {
      if (row[column] !== written) wrong.push(`${key}: ${column} is ${row[column]} and was written as ${written}`)
    }
    if (row.shared !== null && row.shared !== undefined ? !of.shared.has(row.shared) : of.shared.size > 0) {
      wrong.push(`${key}: shared is ${row.shared}, which nobody wrote last`)
    }
  }
  for (const key of rows.keys()) if (!known.has(key)) wrong.push(`${key} was made by nobody`)
  const conflicts = await databaseOf(app.app.means.store).selectFrom('sync_conflicts').select('id').execute()
  return { cuts: cutsBy(), stops, writes, rows: rows.size, conflicts: conflicts.length, quietMs, wrong }
}

export const summary = ({ cuts, stops, writes, rows, conflicts, quietMs, wrong }: CutsFound): string =>
  `${cuts} cuts and ${stops} stops under ${writes} writes: ${rows} rows, ${conflicts} conflicts, the same everywhere after ${quietMs} ms; ${wrong.length} wrong`

const textOf = (rows: ReadonlyMap<string, unknown>): string =>
  JSON.stringify([...rows].sort(([one], [other]) => (one < other ? -1 : 1)))

/** Asks until it is so, within a time that no honest network needs. */
async function soon(isSo: () => Promise<boolean>, between: () => void): Promise<boolean> {
  const end = Date.now() + 60_000
  while (Date.now() < end) {
    if (await isSo()) return true
    between()
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  return false
}

/** May be closed more than once. */
function stoppable(app: TestApp): TestApp {
  const { close } = app.app
  let closing: Promise<void> | undefined
  app.app.close = () => {
    closing ??= close()
    return closing
  }
  return app
}

/** Mulberry32: the same numbers for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
