import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { argon2id, argon2idOfLibrary, argon2idOfNode } from './argon2.ts'

const cost = { memory: 64, passes: 2, parallelism: 1, tagLength: 32 }
const salt = Buffer.from('somesalt')

// Of the test vectors of the reference implementation, version 0x13.
const reference = '09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7'

test('both give the tag of the reference implementation', async () => {
  const large = { ...cost, memory: 65_536 }
  for (const hash of [argon2id, argon2idOfNode, await argon2idOfLibrary()]) {
    assert.equal((await hash?.('password', salt, large))?.toString('hex'), reference)
  }
})

test('both give the same tags, whatever the password, the salt and the cost', async () => {
  const library = await argon2idOfLibrary()
  assert.ok(library)
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.uint8Array({ minLength: 8, maxLength: 64 }),
      fc.record({
        memory: fc.integer({ min: 32, max: 2048 }),
        passes: fc.integer({ min: 1, max: 4 }),
        parallelism: fc.integer({ min: 1, max: 4 }),
        tagLength: fc.integer({ min: 16, max: 96 }),
      }),
      async (password, bytes, given) => {
        const [one, other] = await Promise.all([
          library(password, Buffer.from(bytes), given),
          argon2idOfNode(password, Buffer.from(bytes), given),
        ])
        assert.deepEqual(one, other)
      },
    ),
    { numRuns: 200 },
  )
})

test('on this machine it is the library that hashes', async () => {
  // What Node's own refuses: a salt of less than eight bytes is no salt for either, but only one says so in these words.
  const words = async (hash: typeof argon2id | undefined) => hash?.('password', Buffer.alloc(4), cost).catch(String)
  assert.equal(await words(argon2id), await words(await argon2idOfLibrary()))
  assert.notEqual(await words(argon2id), await words(argon2idOfNode))
})
