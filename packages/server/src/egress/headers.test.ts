import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { incomingHeaders, inwardHeaders, outgoingHeaders, withoutBodyHeaders, withoutCredentials } from './headers.ts'

function isRefused(error: unknown): boolean {
  return error instanceof GatehouseError && error.kind === 'egressRefused'
}

test('leaves out the headers that frame a message, in any spelling', () => {
  const sent = outgoingHeaders({
    HOST: 'evil.example',
    'Content-length': '5',
    'Transfer-Encoding': 'chunked',
    connection: 'X-Keep, close',
    'keep-alive': '1',
    Upgrade: 'websocket',
    TE: 'trailers',
    Trailer: 'X',
    Expect: '100-continue',
    'Proxy-Authorization': 'Basic x',
    'Accept-Encoding': 'zstd',
    'X-Keep': 'yes',
  })
  assert.deepEqual(sent, [['X-Keep', 'yes']])
})

test('refuses line breaks, NUL and names that are none, without showing the value', () => {
  for (const headers of [
    { 'X-A': 'secret\r\nHost: evil' },
    { 'X-A': 'secret\nb' },
    { 'X-A': 'secret\rb' },
    { 'X-A': 'secret\0' },
    { 'X-A': ['fine', 'secret\r\n'] },
    { 'X-A': 'secret\u010d\u010a' },
    { 'X-A\r\nHost': 'secret' },
    { 'X A': 'secret' },
    { 'X-A:': 'secret' },
    { '': 'secret' },
  ]) {
    assert.throws(
      () => outgoingHeaders(headers as unknown as Record<string, string>),
      (error: unknown) => isRefused(error) && !String(error).includes('secret') && !/[\r\n]/.test(String(error)),
    )
  }
  assert.throws(() => outgoingHeaders({ 'X-A': 5 as unknown as string }), isRefused)
})

test('keeps repeated values and the spelling of names', () => {
  assert.deepEqual(outgoingHeaders({ 'X-Many': ['a', 'b'] }), [
    ['X-Many', 'a'],
    ['X-Many', 'b'],
  ])
})

test('drops whatever sounds like a credential for another origin and keeps the rest', () => {
  const kept = withoutCredentials([
    ['Authorization', 'a'],
    ['Cookie', 'a'],
    ['ClearBlade-UserToken', 'a'],
    ['ClearBlade-DevToken', 'a'],
    ['ClearBlade-SystemKey', 'a'],
    ['X-API-Key', 'a'],
    ['X-Auth', 'a'],
    ['X-Hub-Signature', 'a'],
    ['Accept', 'a'],
    ['Content-Type', 'a'],
  ])
  assert.deepEqual(
    kept.map(([name]) => name),
    ['Accept', 'Content-Type'],
  )
})

test('leaves behind what described a body that is no longer sent', () => {
  const kept = withoutBodyHeaders([
    ['content-type', 'a'],
    ['Content-Language', 'a'],
    ['X-Content-Type-Options', 'a'],
  ])
  assert.deepEqual(kept, [['X-Content-Type-Options', 'a']])
})

test('does not let code speak as a proxy towards the node itself', () => {
  const headers = inwardHeaders([
    ['X-Forwarded-For', '1.2.3.4'],
    ['Forwarded', 'for=1.2.3.4'],
    ['X-Real-IP', '1.2.3.4'],
    ['Via', 'x'],
    ['X-A', '1'],
    ['x-a', '2'],
  ])
  assert.deepEqual({ ...headers }, { 'x-a': '1, 2' })
})

test('a header called __proto__ is a header', () => {
  const headers = incomingHeaders(['__proto__', 'x', 'Set-Cookie', 'a', 'set-cookie', 'b', 'Connection', 'close'])
  assert.deepEqual(Object.keys(headers), ['__proto__', 'set-cookie'])
  assert.deepEqual(headers['set-cookie'], ['a', 'b'])
  assert.equal(Object.getPrototypeOf(headers), null)
})
