import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keySequence } from './keys.ts'

test('keys are UUIDs of version 7, each greater than the one before', () => {
  const next = keySequence()
  let last = ''
  for (let index = 0; index < 20_000; index++) {
    const key = next()
    assert.match(key, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.ok(key > last)
    last = key
  }
})

test('keys keep their order when the clock is set back', () => {
  let now = 1_800_000_000_000
  const next = keySequence(() => now)
  const first = next()
  now -= 3_600_000
  assert.ok(next() > first)
})

test('two sequences at one moment do not give the same key', () => {
  const [left, right] = [keySequence(() => 5), keySequence(() => 5)]
  const keys = Array.from({ length: 1_000 }, () => [left(), right()]).flat()
  assert.equal(new Set(keys).size, 2_000)
})
