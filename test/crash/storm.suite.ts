/** What holds after `kill -9` in the middle of everything; `npm run kills` does the same for longer. */
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import type { DurableCluster } from '../support/postgres.ts'
import { storm, summary } from './storm/storm.ts'

const linuxOnly = { skip: process.platform !== 'linux' && 'processes are looked up in /proc' }

const answered = ['create', 'service', 'update', 'password', 'settings']

export function stormSuite(name: string, kills: number, newCluster: () => Promise<DurableCluster | undefined>): void {
  test(
    `${name}: whatever is killed under mixed load, what was answered is there once, and what was spent or ended stays so`,
    linuxOnly,
    async (t) => {
      const cluster = await newCluster()
      if (cluster !== undefined) t.after(cluster.stop)
      const seed = randomInt(2 ** 31)
      t.diagnostic(`seed ${seed}`)
      const found = await storm(t, { kills, seed, answered, ...(cluster && { cluster }) })
      t.diagnostic(summary(found))
      assert.deepEqual(found.wrong, [], `with seed ${seed}`)
      for (const work of answered) {
        assert.ok(found.done.has(work), `no ${work} was answered`)
      }
    },
  )
}
