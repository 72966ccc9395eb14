/** One engine process: whatever comes out of it, the node is unharmed. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { EngineChild } from './engine-child.ts'
import type { Host } from './job.ts'
import { jobOf, testPrelude } from './sandbox.suite.ts'
import { allWalls, strongestWalls } from './walls.ts'

const rogue = join(import.meta.dirname, 'hostile', 'engines', 'rogue.cjs')

/** An engine process that does one deed instead of its work, with a job in it. */
async function jobIn(deed: string, host: Host) {
  const { promise: gone, resolve } = Promise.withResolvers<void>()
  const troubles: string[] = []
  const child = new EngineChild({
    walls: { ...allWalls().at(-1)!, commandFor: () => ({ command: process.execPath, args: [rogue, deed] }) },
    prelude: testPrelude,
    onHostFailure: () => {},
    onTrouble: (trouble) => troubles.push(trouble.what),
    hashOf: (script) => script.name,
    onIdle: () => {},
    onGone: () => resolve(),
  })
  assert.equal(await child.ready, true)
  const began = performance.now()
  const outcome = await child.run(jobOf('function service() {}'), '{}', host)
  await gone
  await child.exited
  return { outcome, troubles, took: performance.now() - began }
}

describe('an engine process that was taken over', () => {
  const never: Host = () => new Promise(() => {})

  for (const deed of [
    'junk',
    'zeros',
    'oversized',
    'head-too-long',
    'bad-json',
    'no-object',
    'deep-arguments',
    'bad-arguments',
    'other-run',
    'no-such-frame',
    'two-blocking',
    'same-call-twice',
    'ready-flood',
    'log-flood',
    'empty-log-flood',
    'odd-ending',
    'answer-too-long',
    'idle-without-end',
    'checked-unasked',
    'leaves',
  ]) {
    test(`${deed}: it is ended at once, its run as crashed, and the operator is told`, async () => {
      const { outcome, troubles, took } = await jobIn(deed, never)
      assert.deepEqual(outcome.ending, { kind: 'crashed' })
      assert.equal(troubles.length, 1)
      assert.ok(took < 1000, `${took} ms`)
    })
  }

  test('many-started: more host calls than the limit end the run', async () => {
    let heard = 0
    const { outcome } = await jobIn('many-started', () => {
      heard++
      return new Promise(() => {})
    })
    assert.deepEqual(outcome.ending, { kind: 'too-much', limit: 'host-calls' })
    assert.equal(heard, 300)
  })

  for (const deed of ['call-after-end', 'end-twice', 'never-idle']) {
    test(`${deed}: the first ending holds, nothing after it is heard, the process goes`, async () => {
      let heard = 0
      const { outcome } = await jobIn(deed, async () => {
        heard++
      })
      assert.deepEqual(outcome.ending, { kind: 'silent' })
      assert.equal(heard, 0)
    })
  }

  test('junk, floods and frames for other runs: another engine beside it goes on answering, with what is its own', async () => {
    const other = new EngineChild({
      walls: await strongestWalls(),
      prelude: testPrelude,
      onHostFailure: () => {},
      onTrouble: () => {},
      hashOf: (script) => script.name,
      onIdle: () => {},
      onGone: () => {},
    })
    assert.equal(await other.ready, true)
    const heard: unknown[] = []
    for (const deed of ['junk', 'oversized', 'ready-flood', 'log-flood', 'other-run', 'forged-answers']) {
      const attack = jobIn(deed, never)
      const { ending } = await other.run(
        jobOf('function service() { resp.success(call("mine", req.params).value) }'),
        JSON.stringify({ deed }),
        async (name, args) => {
          heard.push(name)
          return args
        },
      )
      assert.deepEqual(ending, { kind: 'answered', answer: { success: true, value: { deed } } })
      assert.deepEqual((await attack).outcome.ending, { kind: 'crashed' })
    }
    assert.deepEqual(heard, Array(6).fill('mine'))
    other.kill()
    await other.exited
  })

  test('half-a-frame: the limit on wall time ends it', async () => {
    const { outcome, took } = await jobIn('half-a-frame', never)
    assert.deepEqual(outcome.ending, { kind: 'timed-out', limit: 'wall' })
    assert.ok(took < 3000)
  })
})
