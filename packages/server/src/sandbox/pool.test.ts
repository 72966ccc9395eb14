/** Engine processes as the operating system sees them: whose they are, when they go, and that nothing outlives the node. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { Host } from './job.ts'
import { jobOf, testOptions } from './sandbox.suite.ts'
import { createSandbox, type Sandbox } from './sandbox.ts'

const skip = process.platform === 'linux' ? false : 'reads /proc'

/** Engine processes started by this process, the oldest first. */
function enginesOf(parent: number): number[] {
  const found: { pid: number; began: number }[] = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      if (Number(fields[1]) !== parent || fields[0] === 'Z') continue
      if (!readFileSync(`/proc/${name}/cmdline`, 'latin1').includes('engine-process')) continue
      found.push({ pid: Number(name), began: Number(fields[19]) })
    } catch {}
  }
  return found.sort((a, b) => a.began - b.began || a.pid - b.pid).map(({ pid }) => pid)
}

async function until(holds: () => boolean, ms: number): Promise<boolean> {
  for (let waited = 0; waited < ms && !holds(); waited += 20) await wait(20)
  return holds()
}

const constant = 'function service(req, resp) { resp.success(1) }'
const echo: Host = async (_name, args) => args

describe('engine processes', { skip }, () => {
  let sandbox: Sandbox
  before(async () => {
    sandbox = await createSandbox({ ...testOptions, maxProcesses: 3, idleMs: 400 })
  })
  after(() => sandbox.close())

  test('one that is killed from outside ends its run within a second, and nothing else', async () => {
    const waiting = Promise.withResolvers<void>()
    const stuck = sandbox.run(jobOf('function service() { call("x") }', { tenant: 'victim' }), () => {
      waiting.resolve()
      return new Promise(() => {})
    })
    await waiting.promise
    const [pid] = enginesOf(process.pid)
    const other = sandbox.run(
      jobOf('function service(req, resp) { start("sleep", { ms: 300 }).then(function () { resp.success(1) }) }', {
        tenant: 'other',
      }),
      echo,
    )
    const began = performance.now()
    process.kill(pid!, 'SIGKILL')
    assert.deepEqual((await stuck).ending, { kind: 'crashed' })
    assert.ok(performance.now() - began < 1000)
    assert.equal((await other).ending.kind, 'answered')
    assert.equal((await sandbox.run(jobOf(constant, { tenant: 'victim' }), echo)).ending.kind, 'answered')
  })

  test('one is never handed to another tenant, and there are no more of them than allowed', async () => {
    const seen = new Set<number>()
    for (let i = 0; i < 12; i++) {
      const host: Host = async () => {
        for (const pid of enginesOf(process.pid)) seen.add(pid)
      }
      const job = jobOf('function service(req, resp) { call("x"); resp.success(1) }', { tenant: `tenant ${i % 4}` })
      assert.equal((await sandbox.run(job, host)).ending.kind, 'answered')
      assert.ok(sandbox.status().processes <= 4, String(sandbox.status().processes))
    }
    // Four tenants in turn on three places: each time the longest idle process had to end, and a new one to start.
    assert.ok(seen.size >= 12, String(seen.size))
  })

  test('idle ones end after a while, all but the spare', async () => {
    await sandbox.run(jobOf(constant), echo)
    assert.ok(await until(() => sandbox.status().processes === 1, 3000), JSON.stringify(sandbox.status()))
    assert.equal((await sandbox.run(jobOf(constant), echo)).ending.kind, 'answered')
  })

  test('a run that waits too long for a place is told so, and a place that frees goes to who waits', async () => {
    const narrow = await createSandbox({ ...testOptions, maxProcesses: 1, placesPerTenant: 1, waitMs: 200 })
    try {
      const gate = Promise.withResolvers<void>()
      const inside = Promise.withResolvers<void>()
      const slow = narrow.run(jobOf('function service(req, resp) { call("x"); resp.success(1) }'), async () => {
        inside.resolve()
        await gate.promise
      })
      await inside.promise
      assert.deepEqual((await narrow.run(jobOf(constant), echo)).ending, { kind: 'no-place' })
      const cancel = new AbortController()
      const cancelled = narrow.run(jobOf(constant, { signal: cancel.signal }), echo)
      cancel.abort()
      assert.deepEqual((await cancelled).ending, { kind: 'cancelled' })
      const next = narrow.run(jobOf(constant, { tenant: 'two' }), echo)
      gate.resolve()
      assert.equal((await slow).ending.kind, 'answered')
      assert.equal((await next).ending.kind, 'answered')
    } finally {
      await narrow.close()
    }
  })

  test('a tenant with many waiting does not keep another waiting behind them', async () => {
    const narrow = await createSandbox({ ...testOptions, maxProcesses: 2, placesPerTenant: 2 })
    try {
      const order: string[] = []
      const slow = (tenant: string) =>
        narrow
          .run(jobOf('function service(req, resp) { call("sleep", { ms: 150 }); resp.success(1) }', { tenant }), echo)
          .then(() => order.push(tenant))
      const many = Array.from({ length: 6 }, () => slow('many'))
      const one = slow('one')
      await Promise.all([...many, one])
      assert.ok(order.indexOf('one') <= 4, order.join(' '))
    } finally {
      await narrow.close()
    }
  })

  test('closing ends them all, and the runs in them', async () => {
    const others = enginesOf(process.pid)
    const own = await createSandbox(testOptions)
    const inside = Promise.withResolvers<void>()
    const run = own.run(jobOf('function service() { call("x") }'), () => {
      inside.resolve()
      return new Promise(() => {})
    })
    await inside.promise
    const started = enginesOf(process.pid).filter((pid) => !others.includes(pid))
    assert.ok(started.length >= 1)
    await own.close()
    assert.deepEqual((await run).ending, { kind: 'crashed' })
    assert.deepEqual(
      started.filter((pid) => isAlive(pid)),
      [],
    )
    assert.deepEqual((await own.run(jobOf(constant), echo)).ending, { kind: 'no-place' })
  })
})

describe('a node', { skip }, () => {
  const script = (body: string) => `
    import { createSandbox } from ${JSON.stringify(pathToFileURL(`${import.meta.dirname}/sandbox.ts`).href)}
    import { jobOf, testOptions } from ${JSON.stringify(pathToFileURL(`${import.meta.dirname}/sandbox.suite.ts`).href)}
    const sandbox = await createSandbox(testOptions)
    ${body}`
  const start = (body: string): ChildProcess =>
    spawn(process.execPath, ['--input-type=module', '-e', script(body)], { stdio: ['ignore', 'pipe', 'inherit'] })

  test('exits by itself once the sandbox is closed', async () => {
    const node = start(
      `await sandbox.run(jobOf('function service(q, r) { r.success(1) }'), async () => 1); await sandbox.close()`,
    )
    const timer = setTimeout(() => node.kill('SIGKILL'), 8000)
    const [code] = await new Promise<[number | null]>((resolve) => node.once('exit', (c) => resolve([c])))
    clearTimeout(timer)
    assert.equal(code, 0)
  })

  test('that is killed takes its engine processes along, even one in an endless loop', async () => {
    const loop = `function service() { log('in'); for (;;) {} }`
    const node = start(`
      const limits = { wallMs: 0, cpuMs: 0, memoryMb: 32, resultBytes: 1000, logBytes: 1000, hostCalls: 0 }
      sandbox.run(jobOf(${JSON.stringify(loop)}, { limits }), async () => 1)
      setTimeout(() => console.log('looping'), 400)`)
    await new Promise((resolve) => node.stdout!.once('data', resolve))
    const engines = enginesOf(node.pid!)
    assert.ok(engines.length >= 1)
    node.kill('SIGKILL')
    const alive = () => engines.filter((pid) => isAlive(pid))
    assert.ok(await until(() => alive().length === 0, 2000), `left: ${alive()}`)
  })
})

/** Alive and not merely waiting to be collected. */
function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return !stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')
  } catch {
    return false
  }
}
