/** How calls of a replay find their answers: the same words, in order, and nothing else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Tape } from './tape.ts'

const at = Date.parse('2031-01-31T22:00:00Z')
const iso = (ms: number) => new Date(at + ms).toISOString()
const answerTo = (tape: Tape, name: string, args: unknown) => {
  const answered = tape.answer(name, args)
  return 'value' in answered ? answered.value : answered.refused
}

test('calls alike are answered in the order of the record, whatever comes between, and each once', () => {
  const tape = new Tape(
    [
      { name: 'data.fetch', args: { collection: { name: 'A' }, query: 1 }, value: 'first' },
      { name: 'data.create', args: { rows: [] }, value: 'made' },
      { name: 'data.fetch', args: { query: 1, collection: { name: 'A' } }, value: 'second' },
      { name: 'auth.password', args: {}, refused: { kind: 'wrongCredentials', detail: 'no' } },
    ],
    at,
  )
  assert.equal(answerTo(tape, 'data.fetch', { query: 1, collection: { name: 'A' } }), 'first')
  assert.equal(answerTo(tape, 'data.fetch', { collection: { name: 'A' }, query: 1 }), 'second')
  assert.throws(() => tape.answer('data.fetch', { collection: { name: 'A' }, query: 1 }), /data\.fetch/)
  assert.throws(() => tape.answer('data.create', { rows: [1] }), /does not have/)
  assert.throws(() => tape.answer('data.remove', { rows: [] }), /does not have/)
  assert.deepEqual(answerTo(tape, 'auth.password', {}), { kind: 'wrongCredentials', detail: 'no' })
})

test('a moment near the sign-in may be another by seconds, and no other value by anything', () => {
  const tape = () =>
    new Tape(
      [
        {
          name: 'data.fetch',
          args: { before: iso(-900_000), seconds: at / 1000, old: '2020-01-01T00:00:00Z', count: 1000 },
          value: 1,
        },
      ],
      at,
    )
  const args = { before: iso(-899_000), seconds: at / 1000 + 2, old: '2020-01-01T00:00:00Z', count: 1000 }
  assert.equal(answerTo(tape(), 'data.fetch', args), 1)
  const others = [
    { before: iso(-890_000) },
    { before: 'iso' },
    { before: at - 900_000 },
    { seconds: at / 1000 + 60 },
    { old: '2020-01-01T00:00:01Z' },
    { count: 1001 },
  ]
  for (const other of others)
    assert.throws(() => tape().answer('data.fetch', { ...args, ...other }), JSON.stringify(other))
})
