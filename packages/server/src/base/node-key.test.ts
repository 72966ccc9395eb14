import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { nodeKey } from './node-key.ts'

const key = nodeKey(randomBytes(32))
const place = ['secret', 'c0ffee', 'TWILIO_TOKEN']

test('what was sealed opens at its place, and never looks the same twice', () => {
  for (const text of ['', 'token', 'é😀\n', 'x'.repeat(10_000)]) {
    const [one, other] = [key.seal('secrets', place, text), key.seal('secrets', place, text)]
    assert.notEqual(one, other)
    assert.match(one, /^v1\.[A-Za-z0-9_-]+$/)
    if (text.length > 3) assert.ok(!Buffer.from(one.slice(3), 'base64url').includes(text))
    assert.equal(key.unseal('secrets', place, one), text)
  }
})

test('a sealed value that was moved does not open', () => {
  const sealed = key.seal('secrets', place, 'token')
  const elsewhere = [
    ['secret', 'c0ffee', 'OTHER'],
    ['secret', 'beef', 'TWILIO_TOKEN'],
    ['secret', 'c0ffeeTWILIO_TOKEN'],
    ['secret', 'c0ffee', 'TWILIO_TOKEN', ''],
    [],
  ]
  for (const other of elsewhere) assert.throws(() => key.unseal('secrets', other, sealed), /does not open/)
  assert.throws(() => key.unseal('seeds', place, sealed), /does not open/)
  assert.throws(() => nodeKey(randomBytes(32)).unseal('secrets', place, sealed), /does not open/)
})

test('a sealed value of which any bit was changed does not open, nor does what is none', () => {
  const sealed = key.seal('secrets', place, 'token')
  const bytes = Buffer.from(sealed.slice(3), 'base64url')
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes)
    changed[at]! ^= 1
    assert.throws(() => key.unseal('secrets', place, `v1.${changed.toString('base64url')}`), /does not open/)
  }
  const short = `v1.${bytes.subarray(0, bytes.length - 1).toString('base64url')}`
  for (const text of ['', 'v1', 'v1.', 'token', sealed.replace('v1', 'v2'), `${sealed}.x`, short]) {
    assert.throws(() => key.unseal('secrets', place, text), /does not open/)
  }
})

test('an error of opening tells nothing of the value', () => {
  const sealed = key.seal('secrets', place, 'token of the provider')
  assert.throws(
    () => key.unseal('secrets', ['x'], sealed),
    (error: Error) => !`${error.message}${error.stack}`.includes('token of the provider') && error.cause === undefined,
  )
})
