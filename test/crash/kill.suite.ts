/** What holds when a node is killed in the middle of its work: run by `kill.test.ts` and `kill.postgres.test.ts`. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { sql } from 'kysely'
import { openPostgres } from '../../packages/server/src/store/dialect/postgres.ts'
import { openSqlite } from '../../packages/server/src/store/dialect/sqlite.ts'
import { descendants, processFacts, startNode, until } from '../support/node-process.ts'
import { createService, makePlace, type Place, signInDeveloper, startPlant } from './plant.ts'

const openDatabase = ({ databaseUrl, dataFolder }: Place) =>
  databaseUrl === undefined
    ? openSqlite({ file: join(dataFolder, 'gatehouse.db') })
    : openPostgres({ connectionString: databaseUrl })

export function killSuite(name: string, newDatabase: () => Promise<string | undefined>): void {
  describe(`a killed node on ${name}`, () => {
    test('kill -9 in a stream of creates: every answered create is there after the restart, and each is in the log once', async (t) => {
      const place = await makePlace(t, await newDatabase())
      const plant = await startPlant(t, place)
      const { node, developer, system } = plant
      const made = await node.call('POST', '/admin/collectionmanagement', {
        developer,
        body: { name: 'Things', appID: system.key },
      })
      const id: string = made.body.collectionID
      const column = { id, addColumn: { name: 'n', type: 'int' } }
      assert.equal((await node.call('PUT', '/admin/collectionmanagement', { developer, body: column })).status, 200)
      const user = { email: 'op@example.com', password: 'the plant is quiet' }
      assert.equal((await node.call('POST', `/admin/user/${system.key}`, { developer, body: user })).status, 200)

      const answered: { id: string; n: number }[] = []
      const tokens: string[] = []
      let sent = 0
      let killed = false
      const enough = Promise.withResolvers<void>()
      const create = async () => {
        while (!killed) {
          const n = ++sent
          const { status, body } = await node.call('POST', `/api/v/1/data/${id}`, { developer, body: { n } })
          assert.equal(status, 200)
          answered.push({ id: body[0].item_id, n })
          if (answered.length === 300) enough.resolve()
        }
      }
      const signIn = async () => {
        while (!killed) {
          const { status, body } = await node.call('POST', '/api/v/1/user/auth', { system, body: user })
          assert.equal(status, 200)
          tokens.push(body.user_token)
        }
      }
      // A connection that the kill cuts is how each of these ends; what was not answered may be there or not.
      const streams = [create, create, create, create, create, create, signIn].map((stream) =>
        stream().catch((error) => {
          if (!(error instanceof TypeError)) throw error
        }),
      )
      await Promise.race([enough.promise, node.ended])
      const below = process.platform === 'linux' ? descendants(node.pid) : []
      node.signal('SIGKILL')
      killed = true
      assert.equal((await node.ended).signal, 'SIGKILL')
      await Promise.all(streams)
      await until(() => (below.every((pid) => processFacts(pid) === undefined) ? true : undefined), 2_000)

      const again = await startNode(t, place.args, place.env)
      const newToken = await signInDeveloper(again)
      const { body: page } = await again.call(
        'GET',
        `/api/v/1/data/${id}?query=${encodeURIComponent('{"PAGESIZE":100000}')}`,
        {
          developer: newToken,
        },
      )
      const all: { item_id: string; n: number }[] = page.DATA
      const byId = new Map(all.map((row) => [row.item_id, row.n]))
      const missing = answered.filter((row) => byId.get(row.id) !== row.n)
      assert.equal(missing.length, 0, `answered, and gone: ${JSON.stringify(missing)}`)
      assert.equal(new Set(all.map((row) => row.n)).size, all.length, 'nothing came twice')
      assert.ok(all.length <= sent)
      assert.ok(tokens.length > 0)
      for (const token of tokens) {
        assert.equal(
          (await again.call('POST', '/api/v/1/user/checkauth', { system, token })).status,
          200,
          'a session is gone',
        )
      }
      const more = await again.call('POST', `/api/v/1/data/${id}`, { developer: newToken, body: { n: -1 } })
      assert.equal(more.status, 200, 'and it goes on')
      again.signal('SIGTERM')
      assert.deepEqual(await again.ended, { code: 0, signal: null })

      const { db, close } = openDatabase(place)
      try {
        const { rows: log } = await sql<{ position: number; id: string; kind: string }>`
      select position, id, kind from changes where system_key = ${system.key} order by position`.execute(db)
        assert.deepEqual(
          log.map((row) => Number(row.position)),
          log.map((_, index) => index + 1),
          'positions have no hole',
        )
        const logged = log
          .filter((row) => row.kind === 'item')
          .map((row) => row.id)
          .sort()
        const stored = [...all.map((row) => row.item_id), more.body[0].item_id].map((item) => `${id}/${item}`).sort()
        assert.deepEqual(logged, stored, 'rows and log tell the same')
      } finally {
        await close()
      }
    })

    test('kill -9 of a node takes its engine processes with it', { skip: process.platform !== 'linux' }, async (t) => {
      const plant = await startPlant(t, await makePlace(t, await newDatabase()))
      const { node, developer, system } = plant
      await createService(plant, 'spin', 'function spin() { while (true) { try { throw 1 } catch (e) { continue } } }')
      const running = node
        .call('POST', `/api/v/1/code/${system.key}/spin`, { developer, body: {} })
        .catch(() => 'cut off')
      const spinning = await until(() => {
        const busy = descendants(node.pid).filter((pid) => (processFacts(pid)?.ticks ?? 0) > 30)
        return busy.length > 0 ? busy : undefined
      })
      node.signal('SIGKILL')
      await node.ended
      assert.equal(await running, 'cut off')
      await until(() => (spinning.every((pid) => processFacts(pid) === undefined) ? true : undefined), 2_000)
    })
  })
}
