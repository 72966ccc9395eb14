/**
 * Kills for as long as you like:
 *
 *   npm run kills                             200 kills on SQLite
 *   npm run kills -- --postgres               the same on the PostgreSQL that comes with npm ci
 *   npm run kills -- --postgres --two-nodes   two nodes on one database, which are asked in turns
 *   npm run kills -- --edges                  a platform and two edges, on SQLite
 *   npm run kills -- --kills 50 --seed 7
 *
 * Prints the seed first and exits with 1 where anything was lost, doubled, halved or came back.
 */
import { parseArgs } from 'node:util'
import { startDurablePostgres } from '../../support/postgres.ts'
import { edgeSummary, killEdges } from '../edge-kills.ts'
import { storm, summary } from './storm.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string' },
    postgres: { type: 'boolean', default: false },
    'two-nodes': { type: 'boolean', default: false },
    edges: { type: 'boolean', default: false },
  },
})
const kills = Number(values.kills)
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
if (!Number.isInteger(kills) || kills < 1 || !Number.isInteger(seed) || seed < 0) {
  console.error('--kills and --seed are whole numbers, kills from 1 on.')
  process.exit(1)
}

if (values['two-nodes'] && !values.postgres) {
  console.error('Two nodes need --postgres.')
  process.exit(1)
}

const endings: (() => unknown)[] = []
if (values.edges) {
  console.log(`${kills} kills of a platform and two edges, seed ${seed}`)
  try {
    const found = await killEdges(
      { after: (fn) => endings.unshift(fn) },
      { kills, seed, onKill: (line) => console.log(line) },
    )
    console.log(edgeSummary(found))
    for (const what of found.wrong.slice(0, 50)) console.log(`WRONG ${what}`)
    process.exitCode = found.wrong.length > 0 ? 1 : 0
  } finally {
    for (const end of endings) await end()
  }
  process.exit()
}
const cluster = values.postgres ? await startDurablePostgres() : undefined
console.log(`${kills} kills on ${values.postgres ? 'PostgreSQL' : 'SQLite'}, seed ${seed}`)
try {
  const found = await storm(
    { after: (fn) => endings.unshift(fn) },
    {
      kills,
      seed,
      ...(cluster && { cluster }),
      nodes: values['two-nodes'] ? 2 : 1,
      onKill: (line) => console.log(line),
    },
  )
  console.log(summary(found))
  for (const what of found.wrong) console.log(`WRONG ${what}`)
  if (found.wrong.length > 0) process.exitCode = 1
} finally {
  for (const end of endings) await end()
  await cluster?.stop()
}
