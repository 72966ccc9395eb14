/** Services that wait for somebody else: hundreds at once, each for itself, and none of them in the way of the others. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import type { Host, Job, Outcome } from './job.ts'
import { jobOf, smallLimits, testOptions } from './sandbox.suite.ts'
import { createSandbox, type Sandbox } from './sandbox.ts'
import { WaitingServices } from './waiting.ts'

const limits = { ...smallLimits, wallMs: 20_000 }
const answer = (value: unknown) => ({ kind: 'answered', answer: { success: true, value } })

describe('a service that was seen to wait', () => {
  let sandbox: Sandbox
  /** One object, as one version of a service is. */
  const asks: Job = jobOf('function service(req, resp) { resp.success(call("far", req.params).value) }', {
    limits,
  })
  const asked = (more: Partial<Job>, host: Host): Promise<Outcome> => sandbox.run({ ...asks, ...more }, host)

  before(async () => {
    sandbox = await createSandbox({ ...testOptions, waitingPlaces: { all: 60, perTenant: 40 } })
    // Computing goes by the clock: on a machine with too much to do, one run may seem to have done more than it did.
    for (let tries = 0; tries < 20; tries++) {
      const { usage } = await asked({}, (_name, _args, { waiting }) => waiting(wait(60)))
      assert.ok(usage.waitedMs >= 50)
      if (usage.cpuMs <= 20) return
    }
    assert.fail('Each of twenty runs computed for more than 20 ms.')
  })
  after(() => sandbox.close())

  test('runs forty at once where others run two, each with what is its own', async () => {
    const all = Promise.withResolvers<void>()
    let inside = 0
    const host: Host = async (_name, args, { waiting }) => {
      if (++inside === 40) all.resolve()
      await waiting(all.promise)
      return args
    }
    const outcomes = await Promise.all(Array.from({ length: 40 }, (_, i) => asked({ facts: i }, host)))
    assert.deepEqual(
      outcomes.map(({ ending }) => ending),
      Array.from({ length: 40 }, (_, i) => answer(i)),
    )
    assert.equal(sandbox.status().waiting, 0)
  })

  test('the next run in the same isolate sees nothing of the one before', async () => {
    const leaves = jobOf(
      'function service(req, resp) { call("far"); var before = typeof leak; leak = 1; resp.success(before) }',
      { limits },
    )
    for (let i = 0; i < 4; i++) {
      const { ending } = await sandbox.run(leaves, (_name, _args, { waiting }) => waiting(wait(60)))
      assert.deepEqual(ending, answer('undefined'))
    }
  })

  test('one that is cancelled ends at once, and those beside it go on', async () => {
    const cancel = new AbortController()
    const gate = Promise.withResolvers<void>()
    const both = Promise.withResolvers<void>()
    let inside = 0
    const host: Host = async (_name, args, { waiting }) => {
      if (++inside === 2) both.resolve()
      await waiting(gate.promise)
      return args
    }
    const cancelled = asked({ signal: cancel.signal }, host)
    const other = asked({ facts: 'other' }, host)
    await both.promise
    cancel.abort()
    assert.deepEqual((await cancelled).ending, { kind: 'cancelled' })
    gate.resolve()
    assert.deepEqual((await other).ending, answer('other'))
  })

  test('what the host takes time for itself is no waiting', async () => {
    const once = jobOf('function service(req, resp) { resp.success(call("near").value) }', { limits })
    const { ending, usage } = await sandbox.run(once, async (_name, _args, { waiting }) => {
      await wait(60)
      return waiting(Promise.resolve('here'))
    })
    assert.deepEqual(ending, answer('here'))
    assert.ok(usage.wallMs >= 60 && usage.waitedMs < 30)
  })

  test('of two tenants each has processes of its own', async () => {
    const gate = Promise.withResolvers<void>()
    const both = Promise.withResolvers<void>()
    let inside = 0
    const host: Host = async (_name, _args, { waiting }) => {
      if (++inside === 2) both.resolve()
      await waiting(gate.promise)
    }
    const before = sandbox.status().processes
    const runs = [asked({ tenant: 'third' }, host), asked({ tenant: 'fourth' }, host)]
    await both.promise
    assert.ok(sandbox.status().processes >= before + 1)
    gate.resolve()
    for (const { ending } of await Promise.all(runs)) assert.equal(ending.kind, 'answered')
  })
})

describe('what is known of a service', () => {
  const { scripts } = jobOf('function service() {}')
  const script = scripts[0]!
  const outcome = (ending: Outcome['ending'], waitedMs: number, cpuMs = 1): Outcome => ({
    ...{ ending, logs: [], logsCut: false },
    usage: { wallMs: 1000, cpuMs, hostCalls: 1, waitedMs },
  })
  const waitsAfter = (...outcomes: Outcome[]): boolean => {
    const services = new WaitingServices()
    for (const one of outcomes) services.learn(script, one)
    return services.waits(script)
  }
  const silent = { kind: 'silent' } as const

  test('it waits when its last run did, and did not compute much', () => {
    assert.equal(waitsAfter(), false)
    assert.equal(waitsAfter(outcome(silent, 300)), true)
    assert.equal(waitsAfter(outcome(silent, 10)), false)
    assert.equal(waitsAfter(outcome(silent, 300, 100)), false)
    assert.equal(waitsAfter(outcome(silent, 300), outcome(silent, 10)), false)
  })

  test('one that crashed, took too much or would not stop has its process for itself, however it waits later', () => {
    for (const ending of [
      { kind: 'crashed' },
      { kind: 'out-of-memory' },
      { kind: 'too-much', limit: 'host-calls' },
      { kind: 'timed-out', limit: 'cpu' },
      { kind: 'timed-out', limit: 'wall' },
    ] as const) {
      assert.equal(waitsAfter(outcome(silent, 300), outcome(ending, 0), outcome(silent, 300)), false)
    }
    assert.equal(waitsAfter(outcome(silent, 300), outcome({ kind: 'timed-out', limit: 'wall' }, 990)), true)
  })
})
