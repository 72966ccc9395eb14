/**
 * What the change log promises, on whichever database: every write of a thing that may travel stands in it, in the
 * transaction that made it, in an order that a reader can follow. Run by `changes.test.ts` and `changes.postgres.test.ts`.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { everything, type Query } from '@gatehouse/contract/query.ts'
import type { Kysely } from 'kysely'
import type { Database } from './dialect/database.ts'
import { migrate } from './migrations.ts'
import * as rows from './rows.ts'
import type { Tables } from './schema.ts'
import { createStore, databaseOf, type Store, type SystemStore } from './store.ts'
import * as accounts from './tables/accounts.ts'
import * as code from './tables/code.ts'
import * as collections from './tables/collections.ts'
import * as edges from './tables/edges.ts'
import * as roles from './tables/roles.ts'
import * as sessions from './tables/sessions.ts'
import * as systems from './tables/systems.ts'

/** A database that can be opened again, and several times at once. */
export type Place = { open(): Database; remove(): Promise<void> }

type Logged = {
  system_key: string
  position: number
  incarnation: string
  kind: string
  id: string
  operation: string
  columns: string
  stamp: string
  chain: string
}

const epoch = Date.UTC(2026, 4, 1)

const readLog = (store: Store, key: string, after = 0): Promise<Logged[]> =>
  databaseOf(store)
    .selectFrom('changes')
    .selectAll()
    .where('system_key', '=', key)
    .where('position', '>', after)
    .orderBy('position')
    .execute()

const told = ({ kind, id, operation, columns }: Logged): string => `${operation} ${kind} ${id} ${columns}`

/** Computes every link anew, as a reader that trusts nothing would. */
function demandWholeChain(log: Logged[]): void {
  let chain = ''
  let stamp = ''
  for (const [index, row] of log.entries()) {
    assert.equal(row.position, index + 1, 'positions have no hole')
    const { position, kind, id, operation, columns } = row
    chain = createHash('sha256')
      .update(JSON.stringify([chain, position, kind, id, operation, columns, row.stamp]))
      .digest('base64url')
    assert.equal(row.chain, chain, `the chain holds at ${position}`)
    assert.ok(row.stamp > stamp, `${row.stamp} comes after ${stamp}`)
    stamp = row.stamp
  }
}

let counter = 0
const fresh = (prefix: string): string => `${prefix}${++counter}`

async function makeSystem(store: Store, key = fresh('system')): Promise<SystemStore> {
  const system = { key, secret: 's', name: key, description: '', ownerId: 'o', settings: {}, revision: 1 }
  await store.transaction((tx) => systems.insertSystem(tx, { ...system, createdAt: epoch, incarnation: `inc-${key}` }))
  return store.forSystem(key)
}

const role = (id: string) => ({ id, name: id, description: '', createdAt: epoch })
const account = (userId: string) => ({
  userId,
  emailKey: `${userId}@example.com`,
  passwordHash: 'h',
  passwordStamp: 's',
  passwordWeak: false,
  disabled: false,
  createdAt: epoch,
})
const session = (
  id: string,
  systemKey: string,
  more: Partial<sessions.SessionRecord> = {},
): sessions.SessionRecord => ({
  id,
  tokenHash: `token ${id}`,
  refreshHash: `refresh ${id}`,
  family: id,
  kind: 'user',
  systemKey,
  subjectId: 'u1',
  grantedBy: 'password',
  factors: 'password',
  createdAt: epoch,
  expiresAt: epoch + 1000,
  refreshUntil: null,
  endedAt: null,
  endReason: null,
  address: '',
  ...more,
})
const unit = (kind: code.CodeKind, name: string): code.CodeUnitRecord => ({
  kind,
  name,
  currentVersion: 1,
  latestVersion: 1,
  settings: {},
  createdAt: epoch,
  updatedAt: epoch,
})
const everyRow: Query = { ...everything, pageSize: 'all' }

/** What the writes below find in place. */
type Furniture = { items: collections.CollectionRecord; users: collections.CollectionRecord; key: string }

async function furnish(system: SystemStore): Promise<Furniture> {
  return system.transaction(async (tx) => {
    const columns = [{ name: 'a', type: 'int' } as const]
    const id = fresh('c')
    const items = await rows.createItemTable(tx, { id, name: 'Things', columns, createdAt: epoch })
    const users = await rows.createUserTable(tx, { id: fresh('u'), createdAt: epoch })
    const [key] = await rows.insertItems(tx, items, [{ a: 1 }])
    await roles.insertRole(tx, role('r1'))
    await roles.putGrant(tx, { roleId: 'r1', kind: 'services', item: 'run', level: 1 })
    await roles.addMembership(tx, 'u1', 'r1')
    await accounts.insertAccount(tx, account('u1'))
    await code.insertUnit(tx, unit('service', 'run'))
    await sessions.insertSession(tx.node, session(fresh('s'), tx.key))
    return { items, users, key: key! }
  })
}

type Write = {
  /** Function of the store that is tried; one entry for each that writes what travels. */
  of: (...given: never[]) => unknown
  what: string
  run: (tx: SystemStore, on: Furniture) => Promise<unknown>
  /** What the log then holds in addition; `*` stands for an id made by the database. */
  logs: (on: Furniture, key: string) => string[]
}

const writes: Write[] = [
  {
    of: systems.updateSystem,
    what: 'settings',
    run: (tx) => systems.updateSystem(tx, { settings: { auth_service: 'x' } }),
    logs: (_on, key) => [`put settings ${key} ["settings"]`],
  },
  {
    of: accounts.insertAccount,
    what: "a user's account",
    run: (tx) => accounts.insertAccount(tx, account('u2')),
    logs: () => ['put credential u2 ["password","disabled"]'],
  },
  {
    of: accounts.updateAccount,
    what: "a user's password, as one thing",
    run: (tx) => accounts.updateAccount(tx, 'u1', { password: { hash: 'h2', stamp: 's2', weak: true } }),
    logs: () => ['put credential u1 ["password"]'],
  },
  {
    of: accounts.deleteAccount,
    what: 'the end of an account',
    run: (tx) => accounts.deleteAccount(tx, 'u1'),
    logs: () => ['delete credential u1 []'],
  },
  {
    of: roles.insertRole,
    what: 'a role',
    run: (tx) => roles.insertRole(tx, role('r2')),
    logs: () => ['put role r2 ["name","description"]'],
  },
  {
    of: roles.updateRole,
    what: "a role's name",
    run: (tx) => roles.updateRole(tx, 'r1', { name: 'other' }),
    logs: () => ['put role r1 ["name"]'],
  },
  {
    of: roles.deleteRole,
    what: 'the end of a role with all that hangs on it',
    run: (tx) => roles.deleteRole(tx, 'r1'),
    logs: () => ['delete membership u1/r1 ["member"]', 'delete grant r1/services/run ["level"]', 'delete role r1 []'],
  },
  {
    of: roles.putGrant,
    what: 'a right given',
    run: (tx) => roles.putGrant(tx, { roleId: 'r1', kind: 'users', item: '', level: 3 }),
    logs: () => ['put grant r1/users/ ["level"]'],
  },
  {
    of: roles.putGrant,
    what: 'a right taken away',
    run: (tx) => roles.putGrant(tx, { roleId: 'r1', kind: 'services', item: 'run', level: 0 }),
    logs: () => ['delete grant r1/services/run ["level"]'],
  },
  {
    of: roles.deleteGrantsOn,
    what: 'the rights on a thing that goes',
    run: (tx) => roles.deleteGrantsOn(tx, 'services', 'run'),
    logs: () => ['delete grant r1/services/run ["level"]'],
  },
  {
    of: roles.addMembership,
    what: 'a membership',
    run: (tx) => roles.addMembership(tx, 'u2', 'r1'),
    logs: () => ['put membership u2/r1 ["member"]'],
  },
  {
    of: roles.removeMembership,
    what: 'the end of a membership',
    run: (tx) => roles.removeMembership(tx, 'u1'),
    logs: () => ['delete membership u1/r1 ["member"]'],
  },
  {
    of: code.insertUnit,
    what: 'a library',
    run: (tx) => code.insertUnit(tx, unit('library', 'lib')),
    logs: () => ['put library lib ["settings","version"]'],
  },
  {
    of: code.updateUnit,
    what: "a service's current version",
    run: (tx) => code.updateUnit(tx, { kind: 'service', name: 'run' }, { currentVersion: 2, updatedAt: epoch }),
    logs: () => ['put service run ["version"]'],
  },
  {
    of: code.updateUnit,
    what: "a service's settings",
    run: (tx) => code.updateUnit(tx, { kind: 'service', name: 'run' }, { settings: { a: 1 }, updatedAt: epoch }),
    logs: () => ['put service run ["settings"]'],
  },
  {
    of: code.deleteUnit,
    what: 'the end of a service',
    run: (tx) => code.deleteUnit(tx, { kind: 'service', name: 'run' }),
    logs: () => ['delete service run []'],
  },
  {
    of: sessions.insertSession,
    what: "a user's session",
    run: (tx) => sessions.insertSession(tx.node, session(`of ${tx.key}`, tx.key)),
    logs: (_on, key) => [`put session of ${key} ["session"]`],
  },
  {
    of: sessions.endSessions,
    what: 'the end of a session',
    run: (tx) => sessions.endSessions(tx.node, { systemKey: tx.key, subjectId: 'u1' }, epoch, 'test'),
    logs: () => ['put session * ["ended"]'],
  },
  {
    of: rows.createItemTable,
    what: 'a collection',
    run: (tx) => rows.createItemTable(tx, { id: `c2${tx.key}`, name: 'More', columns: [], createdAt: epoch }),
    logs: (_on, key) => [`put collection c2${key} ["name","columns"]`],
  },
  {
    of: collections.renameCollectionRow,
    what: "a collection's name",
    run: (tx, { items }) => collections.renameCollectionRow(tx, items.id, 'Others'),
    logs: ({ items }) => [`put collection ${items.id} ["name"]`],
  },
  {
    of: rows.dropItemTable,
    what: 'the end of a collection',
    run: (tx, { items }) => rows.dropItemTable(tx, items),
    logs: ({ items }) => [`delete collection ${items.id} []`],
  },
  {
    of: rows.addItemColumn,
    what: 'a new column',
    run: (tx, { items }) => rows.addItemColumn(tx, items, { name: 'b', type: 'string' }),
    logs: ({ items }) => [`put collection ${items.id} ["columns"]`],
  },
  {
    of: rows.addItemColumn,
    what: 'a new column of users',
    run: (tx, { users }) => rows.addItemColumn(tx, users, { name: 'badge', type: 'string' }),
    logs: ({ users }) => [`put collection ${users.id} ["columns"]`],
  },
  {
    of: rows.renameItemColumn,
    what: "a column's new name",
    run: (tx, { items }) => rows.renameItemColumn(tx, items, 'a', 'z'),
    logs: ({ items }) => [`put collection ${items.id} ["columns","renamed"]`],
  },
  {
    of: rows.dropItemColumn,
    what: 'the end of a column',
    run: (tx, { items }) => rows.dropItemColumn(tx, items, 'a'),
    logs: ({ items }) => [`put collection ${items.id} ["columns"]`],
  },
  {
    of: rows.createItemIndex,
    what: 'an index',
    run: (tx, { items }) => rows.createItemIndex(tx, items, 'a', true),
    logs: ({ items }) => [`put collection ${items.id} ["indexes"]`],
  },
  {
    of: rows.dropItemIndex,
    what: 'the end of an index',
    run: async (tx, { items }) => {
      await rows.createItemIndex(tx, items, 'a', false)
      await rows.dropItemIndex(tx, items, 'a', false)
    },
    logs: ({ items }) => [`put collection ${items.id} ["indexes"]`, `put collection ${items.id} ["indexes"]`],
  },
  {
    of: rows.insertItems,
    what: 'rows',
    run: (tx, { items }) => rows.insertItems(tx, items, [{ a: 2 }, { a: 3 }]),
    logs: () => ['put item * ["a"]', 'put item * ["a"]'],
  },
  {
    of: rows.insertItems,
    what: "a user's row",
    run: (tx, { users }) => rows.insertItems(tx, users, [{ user_id: 'u9', email: 'a@b' }]),
    logs: () => ['put user u9 ["user_id","email"]'],
  },
  {
    of: rows.updateItems,
    what: 'changed columns of rows',
    run: (tx, { items }) => rows.updateItems(tx, items, everyRow, { a: 9 }),
    logs: ({ items, key }) => [`put item ${items.id}/${key} ["a"]`],
  },
  {
    of: rows.upsertItem,
    what: 'an upserted row',
    run: async (tx, { items }) => {
      await rows.createItemIndex(tx, items, 'a', true)
      await rows.upsertItem(tx, items, { a: 1 }, 'a')
    },
    logs: ({ items, key }) => [`put collection ${items.id} ["indexes"]`, `put item ${items.id}/${key} ["a"]`],
  },
  {
    of: rows.removeItems,
    what: 'removed rows',
    run: (tx, { items }) => rows.removeItems(tx, items, everyRow),
    logs: ({ items, key }) => [`delete item ${items.id}/${key} []`],
  },
]

/** Functions that write and are no entry above, each with the reason. */
const coveredElsewhere: ReadonlySet<string> = new Set([
  // Parts of an entry above: called by it, and by nothing else.
  'createUserTable',
  'insertCollection',
  'deleteCollectionRow',
  'insertColumnRow',
  'renameColumnRow',
  'deleteColumnRow',
  // A version says nothing until its unit points to it, and that is an entry.
  'insertVersion',
  // The log itself begins and ends with these.
  'insertSystem',
  'deleteSystemRows',
  'dropTables',
  // Removes what nobody can use any more.
  'deleteOldSessions',
])

const matches = (expected: string, got: string): boolean => {
  const [before, rest] = expected.split('*') as [string, string | undefined]
  return rest === undefined ? expected === got : got.startsWith(before) && got.endsWith(rest)
}

export function changesSuite(name: string, makePlace: () => Promise<Place>): void {
  describe(`the change log on ${name}`, () => {
    let place: Place
    let database: Database
    let store: Store
    let now = epoch
    const clock = { now: () => now }

    const openStore = (opened: Database): Store =>
      createStore(opened.db as Kysely<Tables>, opened.dialect, clock, 'no audit', () => opened.close())

    before(async () => {
      place = await makePlace()
      database = place.open()
      await migrate(database.db, database.dialect)
      store = openStore(database)
    })
    after(async () => {
      await store.close()
      await place.remove()
    })

    test('knows every function that writes what travels', () => {
      const known = new Set([...writes.map((write) => write.of.name), ...coveredElsewhere])
      const writing = /^(insert|update|delete|put|add|remove|create|drop|rename|upsert|end)[A-Z]/
      const found = [rows, accounts, roles, code, collections, sessions, systems]
        .flatMap((module) => Object.keys(module))
        .filter((exported) => writing.test(exported))
      assert.deepEqual(
        found.filter((exported) => !known.has(exported)),
        [],
      )
    })

    for (const { what, run, logs } of writes) {
      test(`holds ${what} once it is written, and nothing when the transaction fails`, async () => {
        const system = await makeSystem(store)
        const furniture = await furnish(system)
        const before = await readLog(store, system.key)
        const failing = system.transaction(async (tx) => {
          await run(tx, furniture)
          throw new Error('it was not to be')
        })
        await assert.rejects(failing, /not to be/)
        assert.deepEqual(await readLog(store, system.key), before)

        await system.transaction((tx) => run(tx, furniture))
        const added = (await readLog(store, system.key, before.length)).map(told)
        const expected = logs(furniture, system.key)
        const unmet = expected.filter((line, index) => !matches(line, added[index] ?? ''))
        assert.deepEqual(unmet, [], `the log holds ${JSON.stringify(added)}`)
        assert.equal(added.length, expected.length, `the log holds ${JSON.stringify(added)}`)
        demandWholeChain(await readLog(store, system.key))
      })

      test(`${what}: refused outside a transaction, before anything is written`, async () => {
        const system = await makeSystem(store)
        const furniture = await furnish(system)
        const held = await heldBy(system, furniture)
        await assert.rejects(run(system, furniture), /in a transaction/)
        assert.deepEqual(await heldBy(system, furniture), held)
      })
    }

    /** Everything of a system that a write could have touched. */
    async function heldBy(system: SystemStore, { items, users }: Furniture): Promise<unknown> {
      const db = databaseOf(system)
      const tables = ['accounts', 'roles', 'grants', 'memberships', 'code_units', 'sessions', 'collections'] as const
      const held: unknown[] = [await systems.findSystem(system.node, system.key)]
      for (const table of tables) {
        const query = db.selectFrom(table).selectAll().where('system_key', '=', system.key)
        held.push(await query.execute())
      }
      held.push(await collections.findCollection(system, { id: items.id }))
      held.push(await rows.selectItems(system, items, everyRow), await rows.selectItems(system, users, everyRow))
      held.push(await rows.listItemIndexes(system, items))
      return held
    }

    test('holds nothing for a write that met nothing', async () => {
      const system = await makeSystem(store)
      const { items } = await furnish(system)
      const before = await readLog(store, system.key)
      await system.transaction(async (tx) => {
        await accounts.updateAccount(tx, 'nobody', { disabled: true })
        await accounts.deleteAccount(tx, 'nobody')
        await roles.updateRole(tx, 'none', { name: 'x' })
        await roles.deleteRole(tx, 'none')
        await roles.putGrant(tx, { roleId: 'none', kind: 'users', item: '', level: 0 })
        await roles.addMembership(tx, 'u1', 'r1')
        await roles.removeMembership(tx, 'nobody')
        await code.updateUnit(tx, { kind: 'library', name: 'none' }, { currentVersion: 2, updatedAt: epoch })
        await code.deleteUnit(tx, { kind: 'library', name: 'none' })
        await sessions.endSessions(tx.node, { systemKey: tx.key, id: 'none' }, epoch, 'test')
        await rows.updateItems(tx, items, rows.rowsWhere('item_id', '00000000-0000-0000-0000-000000000000'), { a: 1 })
      })
      assert.deepEqual(await readLog(store, system.key), before)
    })

    test('holds sessions of users alone: not those of developers or of nobody', async () => {
      const system = await makeSystem(store)
      await store.transaction(async (tx) => {
        await sessions.insertSession(tx, session(fresh('s'), '', { kind: 'developer' }))
        await sessions.insertSession(tx, session(fresh('s'), system.key, { kind: 'anonymous', subjectId: '' }))
        await sessions.endSessions(tx, { systemKey: '', subjectId: 'u1' }, epoch, 'test')
        await sessions.endSessions(tx, { systemKey: system.key, kind: 'anonymous' }, epoch, 'test')
      })
      assert.deepEqual(await readLog(store, system.key), [])
      assert.deepEqual(await readLog(store, ''), [])
    })

    test('is gapless, chained and complete for a reader who polls beside many writers', async () => {
      const system = await makeSystem(store)
      const { items } = await furnish(system)
      const first = (await readLog(store, system.key)).length
      const beside = place.open()
      const reader = openStore(beside)
      const writers = 8
      const rounds = 12
      let writing = true
      const seen: Logged[] = []
      const reading = (async () => {
        let last = first
        while (true) {
          const ending = !writing
          const found = await readLog(reader, system.key, last)
          seen.push(...found)
          last = found.at(-1)?.position ?? last
          if (ending) return
          await new Promise((resolve) => setImmediate(resolve))
        }
      })()
      let committed = 0
      await Promise.all(
        Array.from({ length: writers }, async (_, writer) => {
          for (let round = 0; round < rounds; round++) {
            const fails = (writer + round) % 4 === 0
            const count = 1 + ((writer * 7 + round) % 3)
            const done = system.transaction(async (tx) => {
              await rows.insertItems(
                tx,
                items,
                Array.from({ length: count }, () => ({ a: writer })),
              )
              if (fails) throw new Error('on purpose')
            })
            if (fails) await assert.rejects(done, /on purpose/)
            else {
              await done
              committed += count
            }
          }
        }),
      )
      writing = false
      await reading
      await reader.close()
      const log = await readLog(store, system.key)
      assert.equal(log.length, first + committed)
      demandWholeChain(log)
      assert.deepEqual(seen, log.slice(first), 'the reader saw each change, in order, and once')
    })

    test('a transaction that ends last has the later positions, however early it began', async () => {
      const system = await makeSystem(store)
      let wrote = () => {}
      let release = () => {}
      const slowWrote = new Promise<void>((resolve) => {
        wrote = resolve
      })
      const gate = new Promise<void>((resolve) => {
        release = resolve
      })
      const slow = system.transaction(async (tx) => {
        await roles.insertRole(tx, role('slow'))
        await accounts.insertAccount(tx, account('slow'))
        wrote()
        await gate
      })
      await slowWrote
      const quick = system.transaction((tx) => roles.insertRole(tx, role('quick')))
      let last = 0
      if (database.dialect.kind === 'postgres') {
        await quick
        const early = await readLog(store, system.key)
        assert.deepEqual(early.map(told), ['put role quick ["name","description"]'])
        last = early[0]!.position
      }
      release()
      await Promise.all([slow, quick])
      const rest = await readLog(store, system.key, last)
      assert.equal(rest.length, 3 - last, 'a reader past the quick one finds the slow one behind it')
      demandWholeChain(await readLog(store, system.key))
    })

    test('one transaction over two systems writes to both logs; each has its own positions and sees its own alone', async () => {
      const [one, two] = [await makeSystem(store), await makeSystem(store)]
      await store.transaction(async (tx) => {
        await roles.insertRole(tx.forSystem(two.key), role('only in two'))
        await roles.insertRole(tx.forSystem(one.key), role('only in one'))
        await roles.insertRole(tx.forSystem(two.key), role('also in two'))
      })
      const [logOne, logTwo] = [await readLog(store, one.key), await readLog(store, two.key)]
      assert.deepEqual(logOne.map(told), ['put role only in one ["name","description"]'])
      assert.equal(logTwo.length, 2)
      demandWholeChain(logOne)
      demandWholeChain(logTwo)
      assert.notEqual(logOne[0]!.incarnation, logTwo[0]!.incarnation)
      // The same names in the other system are other things.
      await two.transaction(async (tx) => {
        await roles.deleteRole(tx, 'only in one')
        await roles.updateRole(tx, 'only in one', { name: 'mine now' })
      })
      assert.deepEqual(await readLog(store, two.key), logTwo)
      assert.deepEqual(
        (await roles.listRoles(one)).map((found) => found.name),
        ['only in one'],
      )
      await store.transaction((tx) => systems.deleteSystemRows(tx.forSystem(two.key)))
      assert.deepEqual(await readLog(store, two.key), [])
      assert.deepEqual(await readLog(store, one.key), logOne)
    })

    test('many at once over the same two systems, in either order, all come through', async () => {
      const both = [await makeSystem(store), await makeSystem(store)]
      await Promise.all(
        Array.from({ length: 16 }, (_, index) =>
          store.transaction(async (tx) => {
            const [first, second] = index % 2 === 0 ? both : [...both].reverse()
            await roles.insertRole(tx.forSystem(first!.key), role(`r${index}`))
            await roles.insertRole(tx.forSystem(second!.key), role(`r${index}`))
          }),
        ),
      )
      for (const system of both) {
        const log = await readLog(store, system.key)
        assert.equal(log.length, 16)
        demandWholeChain(log)
      }
    })

    test('stamps go on when the clock stands still or goes back, also over a restart', async () => {
      const system = await makeSystem(store)
      const write = (on: SystemStore, id: string) => on.transaction((tx) => roles.insertRole(tx, role(id)))
      now = epoch + 1000
      await write(system, 'at noon')
      await write(system, 'still noon')
      now = epoch - 86_400_000
      await write(system, 'yesterday')
      const again = place.open()
      now = 0
      const restarted = openStore(again)
      await write(restarted.forSystem(system.key), 'in 1970')
      await restarted.close()
      now = epoch + 2000
      await write(system, 'a second later')
      const log = await readLog(store, system.key)
      demandWholeChain(log)
      const at = (ms: number, count: number) =>
        `${ms.toString(16).padStart(12, '0')}-${count.toString(16).padStart(4, '0')}-inc-${system.key}`
      assert.deepEqual(
        log.map((row) => row.stamp),
        [at(epoch + 1000, 0), at(epoch + 1000, 1), at(epoch + 1000, 2), at(epoch + 1000, 3), at(epoch + 2000, 0)],
      )
    })

    test('a counter that is full moves the stamp to the next millisecond', async () => {
      const system = await makeSystem(store)
      await databaseOf(store)
        .updateTable('change_heads')
        .set({ stamp_ms: epoch + 5000, stamp_count: 0xfffe })
        .where('system_key', '=', system.key)
        .execute()
      now = epoch
      await system.transaction(async (tx) => {
        for (const id of ['a', 'b', 'c']) await roles.insertRole(tx, role(id))
      })
      const log = await readLog(store, system.key)
      demandWholeChain(log)
      assert.deepEqual(
        log.map(({ stamp }) => stamp.slice(0, 17)),
        [epoch + 5000, epoch + 5001, epoch + 5001].map(
          (ms, index) => `${ms.toString(16).padStart(12, '0')}-${['ffff', '0000', '0001'][index]}`,
        ),
      )
    })

    test('thousands of changes in one transaction keep their order', async () => {
      const system = await makeSystem(store)
      const { items } = await furnish(system)
      const before = (await readLog(store, system.key)).length
      const keys = await system.transaction((tx) =>
        rows.insertItems(
          tx,
          items,
          Array.from({ length: 2500 }, (_, a) => ({ a })),
        ),
      )
      const log = await readLog(store, system.key)
      demandWholeChain(log)
      assert.deepEqual(
        log.slice(before).map((row) => row.id),
        keys.map((key) => `${items.id}/${key}`),
      )
    })

    test('rings after the commit, for the systems that changed; a listener that fails does not fail the write', async () => {
      const [one, two] = [await makeSystem(store), await makeSystem(store)]
      const heard: string[] = []
      const stopFailing = store.onChange(() => {
        throw new Error('a listener broke')
      })
      const stop = store.onChange((key) => heard.push(key))
      await one.transaction(async (tx) => {
        await roles.insertRole(tx, role('x'))
        assert.deepEqual(heard, [], 'not before it is true')
      })
      assert.deepEqual(heard, [one.key])
      await assert.rejects(
        two.transaction(async (tx) => {
          await roles.insertRole(tx, role('x'))
          throw new Error('undone')
        }),
      )
      assert.deepEqual(heard, [one.key])
      stop()
      stopFailing()
      await two.transaction((tx) => roles.insertRole(tx, role('y')))
      assert.deepEqual(heard, [one.key])
    })

    test('what rights, code and schema hang on moves the revision of its own system; rows and sessions do not', async () => {
      const [one, two] = [await makeSystem(store), await makeSystem(store)]
      const { items } = await furnish(one)
      const revision = async (system: SystemStore) => (await systems.findSystem(store, system.key))!.revision
      const before = await revision(one)
      await one.transaction((tx) => rows.insertItems(tx, items, [{ a: 5 }]))
      await one.transaction((tx) => sessions.insertSession(tx.node, session(fresh('s'), tx.key)))
      const edge = { name: 'hall', description: '', tokenHash: fresh('t'), createdAt: epoch, createdBy: '' }
      await one.transaction((tx) => edges.insertEdge(tx, edge))
      await one.transaction((tx) => edges.describeEdge(tx, 'hall', 'north'))
      assert.equal(await revision(one), before)
      for (const write of [
        (tx: SystemStore) => roles.putGrant(tx, { roleId: 'r1', kind: 'users', item: '', level: 1 }),
        (tx: SystemStore) => roles.removeMembership(tx, 'u1'),
        (tx: SystemStore) => code.updateUnit(tx, { kind: 'service', name: 'run' }, { settings: {}, updatedAt: epoch }),
        (tx: SystemStore) => rows.addItemColumn(tx, items, { name: 'b', type: 'int' }),
        (tx: SystemStore) => systems.updateSystem(tx, { settings: {} }),
        (tx: SystemStore) => edges.deleteEdge(tx, 'hall').then(() => {}),
      ]) {
        const was = await revision(one)
        await one.transaction(write)
        assert.equal(await revision(one), was + 1)
      }
      assert.equal(await revision(two), 1)
    })

    test('a transaction that loses to another is run again, and is logged once', async (t) => {
      if (database.dialect.kind !== 'postgres')
        return t.skip('SQLite has one writer, so no two can lock each other out')
      const system = await makeSystem(store)
      await furnish(system)
      await system.transaction((tx) => accounts.insertAccount(tx, account('u2')))
      const before = (await readLog(store, system.key)).length
      const bothHold = [0, 0].map(() => Promise.withResolvers<void>())
      let runs = 0
      const crossing = (mine: number, first: string, second: string) =>
        system.transaction(async (tx) => {
          runs++
          await accounts.updateAccount(tx, first, { disabled: true })
          bothHold[mine]!.resolve()
          await bothHold[1 - mine]!.promise
          await accounts.updateAccount(tx, second, { disabled: true })
        })
      await Promise.all([crossing(0, 'u1', 'u2'), crossing(1, 'u2', 'u1')])
      assert.equal(runs, 3, 'the one that was chosen to give way ran twice')
      const log = await readLog(store, system.key)
      assert.equal(log.length, before + 4)
      demandWholeChain(log)
    })
  })
}
