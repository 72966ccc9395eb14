/** What makes a message too large is found out before it is sent, also where it makes no text at all. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { demandSize, sizeOf, sizes, TooLarge } from './frame-sizes.ts'

/** As V8 says it of more than half a gibibyte, without making that much. */
const endless = {
  toJSON() {
    throw new RangeError('Invalid string length')
  },
}

test('a size is in bytes, and what makes a longer text than there can be is larger than anything', () => {
  assert.equal(sizeOf({ a: 'ä' }), 10)
  assert.equal(sizeOf([endless]), Number.POSITIVE_INFINITY)
  assert.throws(() => demandSize([endless]), TooLarge)
  assert.throws(() => demandSize('x'.repeat(sizes.most)), TooLarge)
  demandSize('x'.repeat(sizes.most - 2))
})

test('any other failure is none of size', () => {
  const failing = {
    toJSON() {
      throw new TypeError('no')
    },
  }
  assert.throws(() => sizeOf(failing), TypeError)
})
