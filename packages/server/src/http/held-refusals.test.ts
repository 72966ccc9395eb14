import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeldRefusals } from './held-refusals.ts'

test('a 429 is answered a second late, and nothing else is', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const refusals = new HeldRefusals()
  const answered: number[] = []
  for (const status of [200, 401, 429, 503]) refusals.pass(status, () => answered.push(status))
  assert.deepEqual(answered, [200, 401, 503])
  t.mock.timers.tick(999)
  assert.equal(answered.length, 3)
  t.mock.timers.tick(1)
  assert.deepEqual(answered, [200, 401, 503, 429])
})

test('of more than a thousand the rest is answered at once, and room comes back', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const refusals = new HeldRefusals()
  let answered = 0
  const refuse = (times: number) => {
    for (let i = 0; i < times; i++) refusals.pass(429, () => answered++)
  }
  refuse(1200)
  assert.equal(answered, 200)
  t.mock.timers.tick(1000)
  assert.equal(answered, 1200)
  refuse(1)
  assert.equal(answered, 1200)
  t.mock.timers.tick(1000)
  assert.equal(answered, 1201)
})
