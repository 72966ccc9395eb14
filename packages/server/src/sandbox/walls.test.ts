/** The walls themselves, tried from inside by a program that needs no hole in the isolate: plain Node in its place. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { allWalls, type Program, strongestWalls, type Walls } from './walls.ts'

type Report = {
  environment: string[]
  read: Record<string, string>
  root: string[] | string
  written: string[]
  parentEnvironment: string
  signal: string
  groups: string
  user: number
  program: string
  worker: string
  neighbour: Record<string, string>
  neighbourMemory: string
  inherited: number[]
  tcp: string
  tcp6: string
  unix: string
  abstract: string
  metadata: string
  outside: string
}

const outside = join(import.meta.dirname, 'hostile', 'outside')
const hereToRead = ['/etc/passwd', '/etc/hosts', import.meta.filename, '/proc/self/environ', '/proc/1/cmdline']

const chosen = await strongestWalls()
/** The same walls without the filter of system calls, so that each is seen to hold without it. */
const strongest =
  allWalls().find(({ inForce }) => isDeepStrictEqual(inForce, { ...chosen.inForce, systemCalls: false })) ?? chosen

describe('walls', () => {
  let folder: string
  /** As a database on this machine has them: one in the file tree, one in the kernel's own name space. */
  let sockets: string[]
  let port: number
  const servers: Server[] = []

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'walls-'))
    sockets = [join(folder, '.s.PGSQL.5432'), `\0gatehouse-walls-${process.pid}`]
    for (const place of [
      { path: sockets[0], writableAll: true },
      { port: 0, host: '127.0.0.1' },
      ...(process.platform === 'linux' ? [{ path: sockets[1] }] : []),
    ]) {
      const server = createServer((socket) => socket.destroy())
      await new Promise<void>((resolve) => server.listen(place, resolve))
      servers.push(server)
    }
    const address = servers[1]!.address()
    port = typeof address === 'object' && address ? address.port : 0
  })
  after(() => {
    for (const server of servers) server.close()
    rmSync(folder, { recursive: true })
  })

  function lookAround(walls: Walls, permission: boolean, neighbour = ''): Promise<Report> {
    // A NUL stands in no argument.
    const paths = sockets.join(',').replace('\0', '@')
    const words = [String(port), paths, hereToRead.join(','), neighbour]
    return told(walls, { folder: outside, file: 'look-around.cjs', permission }, words) as Promise<Report>
  }

  /** What the program says on fd 3, as JSON. */
  function told(walls: Walls, program: Program, words: string[]): Promise<unknown> {
    const { command, args } = walls.commandFor(program)
    const child = spawn(command, [...args, ...words], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      env: {},
      cwd: '/',
    })
    let text = ''
    const pipe = child.stdio[3] as Readable
    pipe.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    return new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => {
        if (text === '') reject(new Error(`nothing was told: ${code} ${signal}`))
        else resolve(JSON.parse(text))
      })
    })
  }

  for (const [i, walls] of allWalls().entries()) {
    const names = Object.entries(walls.inForce).flatMap(([name, there]) => (there ? [name] : []))
    test(`Node's permission model alone refuses files, programs, workers and connections (${i}: ${names.join(' ')})`, async (t) => {
      const report = await lookAround(walls, true).catch(() => undefined)
      if (!report) return t.skip('these walls cannot be built here')
      assert.deepEqual(report.environment, [])
      for (const [file, got] of Object.entries(report.read)) assert.equal(got, 'ERR_ACCESS_DENIED', file)
      assert.deepEqual(report.written, [])
      assert.equal(report.program, 'ERR_ACCESS_DENIED')
      assert.equal(report.worker, 'ERR_ACCESS_DENIED')
      assert.deepEqual([report.tcp, report.unix, report.outside], Array(3).fill('ERR_ACCESS_DENIED'))
    })
  }

  const { namespaces, emptyRoot, otherUser } = strongest.inForce
  const skip = !namespaces || !emptyRoot ? 'the kernel gives no namespaces here' : false

  test('the strongest walls hold without the permission model: no file, no socket, no connection, no privilege', {
    skip,
  }, async () => {
    const report = await lookAround(strongest, false)
    assert.deepEqual(report.environment, [])
    for (const [file, got] of Object.entries(report.read)) assert.equal(got, 'ENOENT', file)
    assert.equal(report.parentEnvironment, 'ENOENT')
    assert.deepEqual(report.written, [])
    assert.ok(Array.isArray(report.root))
    // The way to the code and to Node itself is there, wherever they are installed; nothing else of those folders is.
    const needed = [process.execPath, import.meta.filename].map((path) => path.split('/')[1])
    for (const name of ['home', 'root', 'run', 'tmp', 'var', 'proc', 'sys'])
      if (!needed.includes(name)) assert.ok(!report.root.includes(name), name)
    assert.equal(report.unix, 'ENOENT', 'the socket file of a database is not in sight')
    assert.equal(report.abstract, 'ECONNREFUSED', 'nor one without a file')
    for (const to of ['tcp', 'tcp6', 'metadata', 'outside'] as const)
      assert.match(report[to], /^E(NETUNREACH|ADDRNOTAVAIL)$/, to)
    assert.deepEqual(report.inherited, [])
    assert.match(report.program, /no_new_privs: 1/)
    assert.equal(report.groups, 'EPERM')
    assert.match(report.program, /Capability bounding set: \[none\]/)
  })

  test('a node that runs as root cannot be signalled from inside', {
    skip: skip || (otherUser ? false : 'not root'),
  }, async () => {
    assert.equal((await lookAround(strongest, false)).signal, 'EPERM')
  })

  const stay = { folder: outside, file: 'stay.cjs', permission: true }
  const [one, two] = [strongest, strongest].map((walls) => walls.commandFor(stay).args.join(' '))
  test('nor can the engine of another system be stopped, ended or read from inside', {
    skip: skip || (one === two ? 'engines have no users of their own here' : false),
  }, async () => {
    const { command, args } = strongest.commandFor(stay)
    const neighbour = spawn(command, args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'], env: {}, cwd: '/' })
    try {
      await once(neighbour.stdio[3] as Readable, 'data')
      const report = await lookAround(strongest, false, String(neighbour.pid))
      assert.deepEqual(report.neighbour, { SIGSTOP: 'EPERM', SIGKILL: 'EPERM', 0: 'EPERM' })
      assert.equal(report.neighbourMemory, 'ENOENT')
      assert.equal(neighbour.exitCode ?? neighbour.signalCode, null)
    } finally {
      neighbour.kill('SIGKILL')
    }
  })

  // Behind nothing but the filter, so that it is the filter that refuses.
  const weakest = allWalls().filter(({ inForce }) => inForce.noPrivileges && !inForce.namespaces)
  const filtered = weakest.find(({ inForce }) => inForce.systemCalls)
  test('native code gets no socket, process, namespace, other process or rare call of the kernel', {
    skip: filtered && chosen.inForce.systemCalls ? false : 'no filter of system calls here',
  }, async () => {
    const ask = (walls: Walls) =>
      told(walls, { folder: outside, file: 'call-kernel.cjs', permission: false }, [String(process.pid)])
    const refused = (await ask(filtered!)) as Record<string, number | string>
    const ENOSYS = 38
    assert.deepEqual(
      Object.entries(refused).filter(([, answer]) => answer !== ENOSYS),
      [],
    )
    const free = (await ask(weakest.find(({ inForce }) => !inForce.systemCalls)!)) as typeof refused
    for (const call of [
      'socket',
      'socketpair',
      'memfd',
      'process',
      'unshareFiles',
      'ptrace',
      'signalOther',
      'dumpable',
    ])
      assert.notEqual(free[call], ENOSYS, `${call}, without the filter`)
  })
})
