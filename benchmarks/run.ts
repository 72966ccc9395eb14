/**
 * Measures a node as a process of its own, under load from another, beside the bare cost of the same work.
 *
 *   npm run bench                        about two minutes, on SQLite
 *   npm run bench -- --quick             about half a minute: fewer and shorter rounds
 *   npm run bench -- --postgres          on the PostgreSQL that comes with npm ci
 *   npm run bench -- --only constant     one case (several: --only fetch,create)
 *   npm run bench -- --rounds 5 --seconds 5
 *   npm run bench -- --only fetch --profile    also: where the node spent its time
 *   npm run bench -- --only crowd            sign-ins among 1,000 systems and 1,000,000 users; SQLite, some minutes
 *   npm run bench -- --only edges            how soon changes are at an edge, a first sync, 500 idle edges; about two minutes
 *   npm run bench -- --only soak --minutes 30  mixed load, and what it does to memory, handles and latencies
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Cluster, clusterVariable, createTestDatabase, startPostgres } from '../test/support/postgres.ts'
import type { BareFacts } from './bare/worker.ts'
import { cases } from './cases.ts'
import { Children } from './children.ts'
import type { Measured, Pace } from './closed-loop.ts'
import { inACrowd } from './crowd.ts'
import { besideEdges } from './edges.ts'
import { coldStart, type Memory, memoryOf } from './footprint.ts'
import { besideGuesses } from './guesses.ts'
import { besideHostile } from './hostile.ts'
import { importLarge } from './import.ts'
import { measure, type Row } from './measure.ts'
import { startNode } from './node-process.ts'
import { hottest } from './profile.ts'
import {
  crowdTable,
  edgesTable,
  guessesTable,
  hostileTable,
  importTable,
  loadTable,
  machineFacts,
  memoryTable,
  soakHead,
  soakLine,
  startTable,
  waitingTable,
} from './report.ts'
import { makeScene, withApps } from './scene.ts'
import { mixed, soak } from './soak.ts'
import { waitTogether } from './waiting.ts'

const connections = 16
/** Enough codes for all rounds: each person has three at first, then one every half minute. */
const crowd = 320

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    postgres: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    only: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    minutes: { type: 'string', default: '5' },
  },
})

const names = [...cases.map(({ name }) => name), 'start', 'memory', 'import', 'waiting', 'hostile', 'guesses']
const wanted = values.only === undefined ? names : values.only.split(',')
const unknown = wanted.filter((name) => ![...names, 'crowd', 'edges', 'soak'].includes(name))
if (unknown.length > 0) {
  console.error(`There is no case ${unknown.join(', ')}. Cases are ${names.join(', ')}, crowd, edges, soak.`)
  process.exit(1)
}
const rounds = Number(values.rounds ?? (values.quick ? 2 : 3))
const seconds = Number(values.seconds ?? (values.quick ? 0.4 : 1.6))
if (!(rounds >= 1 && rounds <= 100 && seconds >= 0.1 && seconds <= 60)) {
  console.error('Rounds are 1 to 100, of 0.1 to 60 seconds.')
  process.exit(1)
}
const minutes = Number(values.minutes)
if (!(minutes >= 0.1 && minutes <= 480)) {
  console.error('Minutes are 0.1 to 480.')
  process.exit(1)
}
const pace: Pace = { inFlight: connections, warmSeconds: values.quick ? 0.1 : 0.25, seconds }

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
const children = new Children()
let cluster: Cluster | undefined
process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
try {
  if (values.postgres) {
    cluster = await startPostgres()
    process.env[clusterVariable] = cluster.url
  }
  await run()
} catch (error) {
  console.error(`The benchmark ended early. ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
} finally {
  children.killAll()
  await cluster?.stop()
}

async function run(): Promise<void> {
  const databaseUrl = async () => (values.postgres ? (await createTestDatabase()).url : undefined)
  const folderFor = (name: string): string => {
    mkdirSync(join(folder, name))
    return join(folder, name)
  }
  const options = { folder: folderFor('node'), databaseUrl: await databaseUrl() }
  const profiles = folderFor('profiles')

  // Fresh databases are filled by the first start, which is not the one that is measured.
  const first = await startNode(children, options)
  const made = await makeScene(first.port, connections, wanted.includes('two-step') ? crowd : 0)
  await first.end()
  const scene = await withApps(made, options)

  const bare = children.worker(join(import.meta.dirname, 'bare/worker.ts'))
  const load = children.worker(join(import.meta.dirname, 'load.ts'))
  const facts = await bare.ask<BareFacts>('open', { folder: folderFor('bare'), databaseUrl: await databaseUrl() })
  const database = values.postgres ? 'PostgreSQL of the tests, which does not sync' : 'SQLite, a sync at each commit'
  console.log(`${machineFacts(database, facts.walls)}`)
  console.log(`- ${connections} connections, ${rounds} rounds of ${seconds} s for each side in turn, medians\n`)

  if (wanted.includes('start')) {
    console.log(`${startTable(await coldStart(children, options, values.quick ? 2 : 5))}\n`)
  }

  if (wanted.includes('import')) {
    const own = { folder: folderFor('import'), databaseUrl: await databaseUrl() }
    console.log(`${importTable(await importLarge(children, own))}\n`)
  }

  if (wanted.includes('waiting')) {
    const own = { folder: folderFor('waiting'), databaseUrl: await databaseUrl() }
    console.log(`${waitingTable(await waitTogether(children, own, rounds))}\n`)
  }

  if (wanted.includes('hostile')) {
    const own = { folder: folderFor('hostile'), databaseUrl: await databaseUrl() }
    console.log(`${hostileTable(await besideHostile(children, own, rounds, Math.max(seconds, 4)))}\n`)
  }

  if (wanted.includes('guesses')) {
    const own = { folder: folderFor('guesses'), databaseUrl: await databaseUrl() }
    console.log(`${guessesTable(await besideGuesses(children, load, own, pace, rounds))}\n`)
  }

  if (wanted.includes('edges')) {
    const own = { folder: folderFor('edges'), databaseUrl: await databaseUrl() }
    console.log(`${edgesTable(await besideEdges(children, own))}\n`)
  }

  if (wanted.includes('crowd')) {
    const folders = {
      few: { folder: folderFor('few'), databaseUrl: undefined },
      many: { folder: folderFor('many'), databaseUrl: undefined },
    }
    console.log(`${crowdTable(await inACrowd(children, load, folders, pace, rounds))}\n`)
  }

  const nodeFlags = values.profile ? ['--cpu-prof', '--cpu-prof-dir', profiles] : []
  const node = await startNode(children, { ...options, nodeFlags })
  const place = { port: node.port, scene, bare: facts }
  const memories: (Memory | undefined)[] = []
  if (wanted.includes('memory')) {
    memories.push(await memoryOf(node.pid, 'before the first run'))
    const once = { inFlight: 1, warmSeconds: 0, seconds: 0.01 }
    await load.ask<Measured>('send', { load: cases.find(({ name }) => name === 'constant')!.node(place), pace: once })
    memories.push(await memoryOf(node.pid, 'with a warm engine'))
  }
  const rows: Row[] = []
  for (const one of cases.filter(({ name }) => wanted.includes(name))) {
    try {
      rows.push(await measure({ place, nodePid: node.pid, load, bare }, one, pace, rounds))
    } catch (error) {
      throw new Error(`In "${one.name}": ${(error as Error).message}\n${node.remarks()}`, { cause: error })
    }
  }
  if (wanted.includes('soak')) {
    console.log(`load of the machine before: ${loadavg()[0]!.toFixed(1)}`)
    console.log(soakHead(mixed))
    await soak({ place, nodePid: node.pid, load }, minutes, (slice) => console.log(soakLine(slice)))
    console.log('')
  }
  if (wanted.includes('memory') && rows.length > 0) memories.push(await memoryOf(node.pid, 'after all the load'))

  if (rows.length > 0) console.log(`${loadTable(rows)}\n`)
  const told = memories.filter((memory) => memory !== undefined)
  if (told.length > 0) console.log(`${memoryTable(told)}\n`)
  await Promise.all([node.end(), bare.end(), load.end()])
  if (node.remarks() !== '') console.log(`The node said:\n${node.remarks()}`)
  if (values.profile) console.log(hottest(profiles, node.startMs))
}
