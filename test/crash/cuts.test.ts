/** A short run of what `npm run cuts` does for longer. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestApp } from '../support/app.ts'
import { cutStorm, summary } from './cuts/cuts.ts'

test('a platform and three edges whose network is cut again and again hold the same rows in the end', async (t) => {
  const seed = Number(process.env.GATEHOUSE_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31))
  t.diagnostic(`seed ${seed}`)
  const endings: (() => unknown)[] = []
  try {
    const found = await cutStorm(
      { after: (fn) => endings.unshift(fn) },
      { open: createTestApp, cuts: Number(process.env.GATEHOUSE_TEST_CUTS ?? 6), seed },
    )
    t.diagnostic(summary(found))
    assert.deepEqual(found.wrong, [], `seed ${seed}`)
  } finally {
    for (const end of endings) await end()
  }
})
