/** What bringing a database to the present schema promises: run by `migrations.test.ts` and `migrations.postgres.test.ts`. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { sql } from 'kysely'
import type { AnyTables, Database } from './dialect/database.ts'
import { DatabaseTooNew, migrate, migrations } from './migrations.ts'

/** An empty database; `target` is its file or URL. */
export type EmptyDatabase = { target: string; open(): Database; remove(): Promise<void> }

const fixture = new URL('./migrations.fixture.ts', import.meta.url).pathname

const versionOf = async (db: AnyTables): Promise<string> =>
  (await db.selectFrom('meta').select('value').where('name', '=', 'schema_version').executeTakeFirstOrThrow()).value

async function tableNames(database: Database): Promise<string[]> {
  const query =
    database.dialect.kind === 'sqlite'
      ? sql<{ name: string }>`select name from sqlite_schema where type = 'table' and name not like 'sqlite%'`
      : sql<{ name: string }>`select table_name as name from information_schema.tables where table_schema = 'public'`
  return (await query.execute(database.db)).rows.map((row) => row.name).sort()
}

/** As a program left it that knew the migrations before this one. */
async function migrateUntil({ db, dialect }: Database, name: string): Promise<void> {
  const at = migrations.findIndex((one) => one.name.includes(name))
  await db.transaction().execute(async (tx) => {
    for (const migration of migrations.slice(0, at)) await migration.up(tx as never, dialect)
    await tx.schema.createTable('meta').addColumn('name', 'text').addColumn('value', 'text').execute()
    const value = String(at)
    await tx.insertInto('meta').values({ name: 'schema_version', value }).execute()
  })
}

export function migrationsSuite(name: string, make: () => Promise<EmptyDatabase>): void {
  describe(`the schema on ${name}`, () => {
    const withDatabase = (work: (place: EmptyDatabase) => Promise<void>) => async () => {
      const place = await make()
      try {
        await work(place)
      } finally {
        await place.remove()
      }
    }
    const opened = async <T>(place: EmptyDatabase, work: (database: Database) => Promise<T>): Promise<T> => {
      const database = place.open()
      try {
        return await work(database)
      } finally {
        await database.close()
      }
    }

    test(
      'several nodes that start at once on an empty database make it once, and all start',
      withDatabase(async (place) => {
        const nodes = Array.from({ length: 4 }, () =>
          spawn(process.execPath, [fixture, place.target], { stdio: ['pipe', 'pipe', 'pipe'] }),
        )
        const errors = nodes.map((node) => text(node.stderr))
        const ends = nodes.map((node) => once(node, 'exit'))
        await Promise.all(nodes.map((node) => once(node.stdout, 'data')))
        for (const node of nodes) node.stdin.end('go\n')
        const codes = (await Promise.all(ends)).map(([code]) => code)
        assert.deepEqual(codes, [0, 0, 0, 0], (await Promise.all(errors)).join('\n'))
        await opened(place, async (database) => {
          assert.equal(await versionOf(database.db), String(migrations.length))
          const known = await tableNames(database)
          for (const table of ['systems', 'changes', 'change_heads', 'sessions', 'code_versions']) {
            assert.ok(known.includes(table), table)
          }
        })
      }),
    )

    test(
      'starting again changes nothing and keeps what is there',
      withDatabase(async (place) => {
        await opened(place, async ({ db, dialect }) => {
          await migrate(db, dialect)
          await db.insertInto('meta').values({ name: 'mine', value: 'kept' }).execute()
        })
        await opened(place, async (database) => {
          const before = await tableNames(database)
          await migrate(database.db, database.dialect)
          await Promise.all([1, 2, 3].map(() => migrate(database.db, database.dialect)))
          assert.deepEqual(await tableNames(database), before)
          const kept = await database.db.selectFrom('meta').selectAll().where('name', '=', 'mine').execute()
          assert.deepEqual(kept, [{ name: 'mine', value: 'kept' }])
        })
      }),
    )

    test(
      'a database that a newer Gatehouse made is refused in one sentence that says what to do, and is left alone',
      withDatabase(async (place) => {
        await opened(place, async ({ db, dialect }) => {
          await migrate(db, dialect)
          const value = String(migrations.length + 1)
          await db.updateTable('meta').set({ value }).where('name', '=', 'schema_version').execute()
        })
        await opened(place, async (database) => {
          const before = await tableNames(database)
          await assert.rejects(migrate(database.db, database.dialect), (error: Error) => {
            assert.ok(error instanceof DatabaseTooNew)
            assert.match(error.message, /newer Gatehouse/)
            assert.match(error.message, /Start the newer version\.$/)
            assert.ok(!error.message.includes('\n'))
            return true
          })
          assert.equal(await versionOf(database.db), String(migrations.length + 1))
          assert.deepEqual(await tableNames(database), before)
        })
      }),
    )

    test(
      'a start that breaks on the way leaves nothing half made',
      withDatabase(async (place) => {
        await opened(place, async (database) => {
          // A table in the way of the last of the first schema's tables.
          await database.db.schema.createTable('changes').addColumn('mine', 'integer').execute()
          await assert.rejects(migrate(database.db, database.dialect), /changes/)
          assert.deepEqual(await tableNames(database), ['changes'])
          await database.db.schema.dropTable('changes').execute()
          await migrate(database.db, database.dialect)
          assert.equal(await versionOf(database.db), String(migrations.length))
        })
      }),
    )

    test(
      'what was bound before there were passkeys stays bound, one of a kind, and passkeys stand beside it',
      withDatabase((place) =>
        opened(place, async (database) => {
          const { db, dialect } = database
          await migrateUntil(database, 'passkeys')
          const row = {
            ...{ id: 'one', system_key: 's', user_id: 'u', kind: 'totp', label: 'app', sealed: 'x', state: 'disabled' },
            ...{ failures: 50, blocked_until: 7, bound_at: 1, bound_by: 'dev', used_at: 3, last_step: 9 },
          }
          await db.insertInto('authenticators').values(row).execute()
          await migrate(db, dialect)
          const [kept] = await db.selectFrom('authenticators').selectAll().execute()
          assert.deepEqual(kept, { ...row, credential_hash: null, rp_id: null, sign_count: 0, backed_up: null })
          await assert.rejects(
            db
              .insertInto('authenticators')
              .values({ ...row, id: 'two' })
              .execute(),
          )
          const passkey = { ...row, kind: 'passkey', rp_id: 'example.com' }
          const add = (id: string, credential_hash: string) =>
            db
              .insertInto('authenticators')
              .values({ ...passkey, id, credential_hash })
              .execute()
          await add('three', 'a')
          await add('four', 'b')
          await assert.rejects(add('five', 'b'))
        }),
      ),
    )

    test(
      'wrong passwords that were counted before there were places are counted on, for all places',
      withDatabase((place) =>
        opened(place, async (database) => {
          const { db, dialect } = database
          await migrateUntil(database, 'by place')
          const row = { system_key: 's', account_id: 'a', count: 7, last_at: 1e12, blocked_until: 2e12 }
          await db.insertInto('failures').values(row).execute()
          await migrate(db, dialect)
          const [kept] = await db.selectFrom('failures').selectAll().execute()
          assert.deepEqual(kept, { ...row, place: '', known_at: null, expires_at: 1e12 + 2_592_000_000 })
        }),
      ),
    )
  })
}
