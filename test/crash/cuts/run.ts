/**
 * Cuts for as long as you like:
 *
 *   npm run cuts                             200 cuts, the platform on SQLite
 *   npm run cuts -- --cuts 50 --seed 7
 *
 * Prints the seed first and exits with 1 where anything was lost, doubled, or is not the same everywhere.
 */
import { parseArgs } from 'node:util'
import { createTestApp } from '../../support/app.ts'
import { cutStorm, summary } from './cuts.ts'

const { values } = parseArgs({
  options: { cuts: { type: 'string', default: '200' }, seed: { type: 'string' } },
})
const cuts = Number(values.cuts)
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
if (!Number.isInteger(cuts) || cuts < 1 || !Number.isInteger(seed) || seed < 0) {
  console.error('--cuts and --seed are whole numbers, cuts from 1 on.')
  process.exit(1)
}

const endings: (() => unknown)[] = []
console.log(`${cuts} cuts, seed ${seed}`)
try {
  const found = await cutStorm(
    { after: (fn) => endings.unshift(fn) },
    { open: createTestApp, cuts, seed, onStep: (line) => console.log(line) },
  )
  console.log(summary(found))
  for (const what of found.wrong) console.log(`WRONG ${what}`)
  if (found.wrong.length > 0) process.exitCode = 1
} finally {
  for (const end of endings) await end()
}
