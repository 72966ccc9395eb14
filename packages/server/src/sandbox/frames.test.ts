import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createFrameReader, encodeFrame, parseJson } from './frames.ts'

describe('frames', () => {
  test('arrive as they were sent, however the pipe cuts them', () => {
    const frame = fc.record({
      head: fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 }),
      body: fc.string({ unit: 'grapheme' }),
    })
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 5 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 40 })),
        (sent, sizes) => {
          const bytes = Buffer.concat(sent.map(({ head, body }) => encodeFrame(head, body)))
          const reader = createFrameReader(() => 1_000_000)
          const got: { head: unknown; body: string }[] = []
          for (let at = 0; at < bytes.length; ) {
            const size = sizes.next().value as number
            const frames = reader.push(bytes.subarray(at, at + size))
            assert.ok(frames !== 'nonsense')
            got.push(...frames.map(({ head, body }) => ({ head, body: body.toString() })))
            at += size
          }
          const expected = sent.map(({ head, body }) => ({ head: JSON.parse(JSON.stringify(head)), body }))
          assert.deepEqual(got, expected)
        },
      ),
      { numRuns: 200 },
    )
  })

  test('any bytes at all are frames, not yet enough, or nonsense; never an exception', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 10 }), (chunks) => {
        const reader = createFrameReader(() => 200)
        for (const chunk of chunks) if (reader.push(Buffer.from(chunk)) === 'nonsense') return
      }),
    )
  })

  test('a frame longer than the limit is refused when its length arrives, before its bytes', () => {
    const lengths = Buffer.alloc(8)
    lengths.writeUInt32LE(1001, 0)
    lengths.writeUInt32LE(2, 4)
    assert.equal(createFrameReader(() => 1000).push(lengths), 'nonsense')
  })

  test('JSON deeper than 500 is none', () => {
    const nested = (depth: number) => Buffer.from('['.repeat(depth) + ']'.repeat(depth))
    assert.ok(Array.isArray(parseJson(nested(500))))
    assert.equal(parseJson(nested(501)), undefined)
    assert.equal(parseJson(Buffer.from(`"${'[\\"'.repeat(1000)}"`)), '["'.repeat(1000))
  })
})
