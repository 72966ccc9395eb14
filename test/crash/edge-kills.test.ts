/** A short run of what `npm run kills -- --edges` does for longer. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { edgeSummary, killEdges } from './edge-kills.ts'

test('a platform and two edges that are killed with kill -9 while rows are written hold the same ones in the end', async (t) => {
  const seed = Number(process.env.GATEHOUSE_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31))
  t.diagnostic(`seed ${seed}`)
  const found = await killEdges(t, { kills: 3, seed })
  t.diagnostic(edgeSummary(found))
  assert.deepEqual(found.wrong, [], `seed ${seed}`)
})
