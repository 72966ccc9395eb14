/** What the queue before the slow hash promises: bounds, turns that go round, and nobody crowded out by a crowd. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { type Asking, AttemptGate, addressKey, addressPrefix } from './attempt-gate.ts'

const limits = { turns: 2, hashes: 1, perAccount: 1, waiting: 10 }

/** A gate whose work ends when the test says so. */
function scene() {
  const gate = new AttemptGate(limits)
  const running: { name: string; end: () => void }[] = []
  const begun: string[] = []
  const refused: string[] = []
  const ask = (name: string, asking: Partial<Asking> = {}): void => {
    const work = () =>
      new Promise<void>((resolve) => {
        begun.push(name)
        running.push({ name, end: resolve })
      })
    gate.pass({ system: 'a', address: '1', ...asking }, work).catch((error) => {
      assert.ok(error instanceof GatehouseError && error.kind === 'tooManyRequests')
      assert.ok((error.retryAfter ?? 0) > 0)
      refused.push(name)
    })
  }
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  const step = async () => {
    running.shift()?.end()
    await settled()
  }
  return { gate, ask, step, settled, begun, refused, running }
}

test('so many turns at once and no more, and few of one account', async () => {
  const { ask, step, begun, running } = scene()
  ask('first', { account: 'x' })
  ask('second', { account: 'x' })
  ask('third', { account: 'y' })
  ask('fourth', { account: 'z' })
  assert.deepEqual(begun, ['first', 'third'], 'who waits for his account holds no place')
  await step()
  assert.deepEqual(begun, ['first', 'third', 'second'])
  await step()
  assert.deepEqual(begun, ['first', 'third', 'second', 'fourth'])
  assert.equal(running.length, 2)
})

test('turns go round among systems, and within one among addresses', async () => {
  const { ask, step, begun } = scene()
  ask('busy')
  ask('busy')
  for (let count = 1; count <= 3; count++) ask(`flood ${count}`)
  ask('neighbour', { address: '2' })
  ask('other system', { system: 'b' })
  for (let count = 0; count < 5; count++) await step()
  assert.deepEqual(begun.slice(2), ['flood 1', 'other system', 'neighbour', 'flood 2', 'flood 3'])
})

test('a full queue refuses whoever fills it, and makes room for others at the cost of whoever has most', async () => {
  const { ask, step, settled, begun, refused } = scene()
  ask('busy')
  ask('busy')
  for (let count = 1; count <= 12; count++) ask(`flood ${count}`)
  await settled()
  assert.deepEqual(refused, ['flood 11', 'flood 12'])
  ask('neighbour', { address: '2' })
  ask('other system', { system: 'b' })
  await settled()
  assert.deepEqual(refused, ['flood 11', 'flood 12', 'flood 10', 'flood 9'])
  for (let count = 0; count < 30; count++) await step()
  assert.ok(begun.includes('neighbour') && begun.includes('other system'))
  assert.equal(begun.length, 2 + 10)
  ask('later')
  assert.ok(begun.includes('later'), 'all places are free again')
})

test('many addresses of one system do not crowd out another system', async () => {
  const { ask, step, settled, begun, refused } = scene()
  ask('busy')
  ask('busy')
  for (let count = 1; count <= 100; count++) ask(`bot ${count}`, { address: `bot ${count}` })
  for (let count = 1; count <= 5; count++) ask(`mine ${count}`, { system: 'b', address: `b${count}` })
  await settled()
  assert.deepEqual(
    refused.filter((name) => name.startsWith('mine')),
    [],
  )
  for (let count = 0; count < 30; count++) await step()
  assert.equal(begun.filter((name) => name.startsWith('mine')).length, 5)
})

test('no more hashes at once than there are processors, and a failed one gives its place back', async () => {
  const gate = new AttemptGate(limits)
  let [most, now] = [0, 0]
  const hash = (fails: boolean) =>
    gate
      .hash(async () => {
        most = Math.max(most, ++now)
        await new Promise((resolve) => setImmediate(resolve))
        now -= 1
        if (fails) throw new Error('no memory')
      })
      .catch(() => {})
  await Promise.all(Array.from({ length: 20 }, (_, index) => hash(index % 3 === 0)))
  assert.equal(most, 1)
  assert.equal(await gate.hash(async () => 'done'), 'done')
})

test('an address counts as what one person has of it, and lies in a network', () => {
  const lines: [string, string, string][] = [
    ['192.0.2.7', '192.0.2.7', '192.0.2.0/24'],
    ['::ffff:192.0.2.7', '192.0.2.7', '192.0.2.0/24'],
    ['2001:DB8:0:1:2::3', '2001:db8:0:1', '2001:db8:0::/48'],
    ['2001:db8:0000:0001:ffff:1:2:3', '2001:db8:0:1', '2001:db8:0::/48'],
    ['fe80::1%eth0', 'fe80:0:0:0', 'fe80:0:0::/48'],
    ['service login of 1234', 'service login of 1234', 'service login of 1234'],
  ]
  for (const [address, key, prefix] of lines)
    assert.deepEqual([addressKey(address), addressPrefix(address)], [key, prefix])
  assert.ok(addressKey('x'.repeat(10_000)).length <= 200)
})
