/** The sandbox of engine processes against the suite; what is particular to processes is in the files beside this one. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { jobOf, sandboxSuite, testOptions } from './sandbox.suite.ts'
import { createSandbox } from './sandbox.ts'
import { allWalls, strongestWalls } from './walls.ts'

sandboxSuite('engine processes', (options) => createSandbox(options))
// The isolate is the same; what differs is how host functions are reached, how a run is stopped, and whose memory it is.
sandboxSuite(
  'engine processes that runs share',
  (options) => createSandbox({ ...options, allWait: true }),
  /^(answer|call|callers|constructor|entry|error-fake|flood|loop-(after|includes|plain|promise)|memory-(arrays|at-call|fill)|missing|object-graph|result|stack|wait)/,
)

const { namespaces, emptyRoot } = (await strongestWalls()).inForce
const skip = namespaces && emptyRoot ? false : 'there are none here'

describe('where the kernel gives no namespaces', () => {
  const weakest = async () => allWalls().at(-1)!

  test('a sandbox that does not accept weak walls does not open, and says what to do', async () => {
    await assert.rejects(createSandbox({ ...testOptions, allowWeakWalls: false }, weakest), {
      name: 'GatehouseError',
      message: /no namespaces/,
      hint: /Allow user namespaces/,
    })
  })

  test('one that accepts them runs, warns, and tells which walls it has', async () => {
    const warnings: string[] = []
    const log = { info: () => {}, error: () => {}, warn: (_details: object, message: string) => warnings.push(message) }
    const sandbox = await createSandbox({ ...testOptions, log }, weakest)
    try {
      const { ending } = await sandbox.run(jobOf('function service(req, resp) { resp.success(1) }'), async () => null)
      assert.equal(ending.kind, 'answered')
      assert.equal(warnings.length, 1)
      assert.equal(sandbox.status().walls.permission, true)
      assert.equal(sandbox.status().walls.namespaces, false)
    } finally {
      await sandbox.close()
    }
  })

  test('where it does give them, strong walls are in force without asking', { skip }, async () => {
    const sandbox = await createSandbox({ ...testOptions, allowWeakWalls: false })
    assert.equal(sandbox.status().walls.emptyRoot, true)
    await sandbox.close()
  })
})

test('when no process can be started, runs end as crashed and nothing else breaks', async () => {
  const nowhere = { ...allWalls().at(-1)!, commandFor: () => ({ command: '/no/such/program', args: [] }) }
  const sandbox = await createSandbox({ ...testOptions, placesPerTenant: 1 }, async () => nowhere)
  for (let i = 0; i < 3; i++) {
    const { ending } = await sandbox.run(jobOf('function service() {}'), async () => null)
    assert.deepEqual(ending, { kind: 'crashed' })
  }
  await assert.rejects(sandbox.checkScript('one', { name: 's', code: '1' }), { name: 'GatehouseError' })
  await sandbox.close()
})
