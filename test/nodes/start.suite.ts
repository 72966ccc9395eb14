/** Several nodes that start at the same moment on nothing: run by `start.test.ts` and `start.postgres.test.ts`. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { makePlace, signInDeveloper } from '../crash/plant.ts'
import { startNode } from '../support/node-process.ts'

export function startSuite(name: string, newDatabase: () => Promise<string | undefined>): void {
  describe(`nodes that start at once on ${name}`, () => {
    test('agree on one key, one schema and one first developer, and all serve', async (t) => {
      const place = await makePlace(t, await newDatabase())
      const nodes = await Promise.all([1, 2, 3].map(() => startNode(t, place.args, place.env)))
      const key = join(place.dataFolder, 'node.key')
      assert.match(readFileSync(key, 'utf8'), /^[0-9a-f]{64}\n$/)
      assert.equal(statSync(key).mode & 0o077, 0, 'nobody else may read the key')
      const leftOver = readdirSync(place.dataFolder).filter(
        (file) => !/^(node\.(key|id)|gatehouse\.db(-wal|-shm)?)$/.test(file),
      )
      assert.deepEqual(leftOver, [])
      const ids = new Set<string>()
      for (const node of nodes) {
        const developer = await signInDeveloper(node)
        const { body } = await node.call('GET', '/admin/userinfo', { developer })
        assert.equal(body.admin, true)
        ids.add(body.userid)
        assert.equal((await node.call('GET', '/healthz')).status, 200)
      }
      assert.equal(ids.size, 1)
    })
  })
}
