/** How often strangers and edges may come, and that nobody keeps others out or fills the memory. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CatchUps, catchUpRules } from './catch-ups.ts'
import { HandshakeGate, handshakeRules } from './handshake-gate.ts'

const finish = (knock: ReturnType<HandshakeGate['knock']>): boolean => {
  if ('done' in knock) knock.done()
  return 'done' in knock
}

test('an address that comes too often is told to wait, and others are not', () => {
  let now = 0
  const gate = new HandshakeGate(() => now)
  for (let count = 0; count < handshakeRules.address.burst; count++) assert.ok(finish(gate.knock('192.0.2.1')))
  const refused = gate.knock('192.0.2.1')
  assert.deepEqual(refused, { refused: 'address', retryAfter: 1 })
  assert.ok(finish(gate.knock('192.0.2.2')))
  now += 1000 / handshakeRules.address.perSecond
  assert.ok(finish(gate.knock('192.0.2.1')))
  assert.ok(!finish(gate.knock('192.0.2.1')))
  // Whoever has one address of a /64 has all of them.
  const of64 = Array.from({ length: handshakeRules.address.burst + 1 }, (_, n) => finish(gate.knock(`2001:db8::${n}`)))
  assert.deepEqual([of64.filter(Boolean).length, of64.at(-1)], [handshakeRules.address.burst, false])
})

test('of one address and of all together only so many handshakes are unfinished, and the node takes so many a second', () => {
  let now = 0
  const gate = new HandshakeGate(() => now)
  const open = Array.from({ length: handshakeRules.unfinishedOfAddress }, () => gate.knock('192.0.2.1'))
  assert.ok(open.every((one) => 'done' in one))
  assert.equal((gate.knock('192.0.2.1') as any).refused, 'address')
  for (let n = 2; gate.knock(`192.0.2.${n % 4}`) && n < 200; n++) now += 100
  assert.equal((gate.knock('198.51.100.1') as any).refused, 'node')
  for (const one of open) {
    finish(one)
    finish(one)
  }
  assert.ok(finish(gate.knock('198.51.100.1')))
  const crowd = new HandshakeGate(() => 0)
  const taken = Array.from({ length: 500 }, (_, n) => finish(crowd.knock(`10.0.${n >> 8}.${n & 255}`))).filter(Boolean)
  assert.equal(taken.length, handshakeRules.node.burst)
})

test('an edge that links again and again waits, and what is kept stays small', () => {
  let now = 0
  const gate = new HandshakeGate(() => now)
  for (let count = 0; count < handshakeRules.edge.burst; count++) assert.ok(gate.mayLink('a'))
  assert.ok(!gate.mayLink('a'))
  assert.ok(gate.mayLink('b'))
  now += 1000
  assert.ok(gate.mayLink('a'))
  for (let n = 0; n < 3 * handshakeRules.kept; n++) {
    now += 100
    finish(gate.knock(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`))
  }
  assert.ok(gate.size <= handshakeRules.kept + 2)
})

test('so many edges catch up at once; the others follow in order, and one that is slow lets them by', () => {
  let now = 0
  const turns = new CatchUps(() => now)
  const woken: string[] = []
  const edges = Array.from({ length: catchUpRules.atOnce + 3 }, (_, n) => ({ name: `edge ${n}` }))
  const may = (edge: { name: string }): boolean => turns.may(edge, () => woken.push(edge.name))
  assert.deepEqual(edges.map(may).filter(Boolean).length, catchUpRules.atOnce)
  const [first, second, , ...others] = edges as [{ name: string }, { name: string }, ...{ name: string }[]]
  turns.done(first)
  assert.deepEqual(woken, [others.at(-3)!.name])
  assert.ok(may(second), 'its turn lasts')
  now += catchUpRules.turnMs
  assert.ok(!may(second))
  assert.deepEqual(woken, [others.at(-3)!.name, others.at(-2)!.name])
  turns.done(others.at(-1)!)
  turns.done(others.at(-2)!)
  assert.equal(woken.at(-1), second.name)
  assert.ok(may(second))
})
