/** What importing a package promises, on a real node. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { everything } from '@gatehouse/contract/query.ts'
import { sql } from 'kysely'
import { createTestApp, type TestApp } from '../../../../test/support/app.ts'
import type { NodeScope } from '../domain/access/scope.ts'
import { currentCode } from '../domain/code/code.ts'
import { selectItems } from '../store/rows.ts'
import { databaseOf, dialectOf } from '../store/store.ts'
import { findAccount } from '../store/tables/accounts.ts'
import { findCollection } from '../store/tables/collections.ts'
import { listKeptFiles } from '../store/tables/packages.ts'
import { listRoles } from '../store/tables/roles.ts'
import { systemModel } from './export.ts'
import {
  column,
  developerScope,
  everythingIn,
  library,
  packageOf,
  role,
  rowId,
  service,
  systemScope,
  twoFactorFiles,
} from './import.fixture.ts'
import { freshSystem, type ImportOptions, importPackage } from './import.ts'
import { installedModel, recordOf, upgradePackage } from './installed.ts'

describe('importing a package', () => {
  let app: TestApp
  let scope: NodeScope

  const ends: (() => unknown)[] = []
  after(async () => {
    for (const end of ends) await end()
  })
  before(async () => {
    app = await createTestApp({ after: (end: () => unknown) => ends.push(end) })
    scope = await developerScope(app)
  })

  /** A system that is in use: an auth service with a library, a service that runs as somebody, a role with people. */
  async function inUse() {
    const system = await app.createSystem('in use')
    const admin = await app.createUser(system, 'admin@example.com', 'a long password')
    await app.createCollection(system, 'Payroll', { amount: 'int' })
    await app.createLibrary(system, 'Checks', 'function check() { return true }')
    await app.createService(system, 'gate', 'function gate(req, resp) { resp.error("no") }', { requires: 'Checks' })
    await app.createService(system, 'nightly', 'function nightly(req, resp) { resp.success(1) }', { runAs: admin })
    await app.set(system, { auth_service: 'gate' })
    return { system, into: await systemScope(scope, system.key), admin }
  }

  const refused = async (files: Record<string, unknown>, options: ImportOptions, wanted: RegExp): Promise<void> => {
    const before = await everythingIn(scope)
    await assert.rejects(importPackage(scope, packageOf(files), options), (error: unknown) => {
      assert.ok(error instanceof GatehouseError, String(error))
      assert.match(`${error.detail} ${error.hint ?? ''}`, wanted)
      return true
    })
    assert.deepEqual(await everythingIn(scope), before)
  }

  describe('into a new system', () => {
    test('gives it a key and secret of its own, and everything works by name', async () => {
      const report = await importPackage(scope, packageOf(twoFactorFiles))
      assert.equal(report.system.name, 'Two Factor')
      assert.notEqual(report.system.key, 'k1')
      assert.notEqual(report.system.secret, 's1')
      const into = await systemScope(scope, report.system.key)
      assert.equal(into.system.secret, report.system.secret)
      const model = await systemModel(into)
      assert.deepEqual(
        model.roles.map(({ name, rights }) => [
          name,
          rights.map(({ kind, item, level }) => `${kind}/${item}:${level}`),
        ]),
        [
          ['Administrator', []],
          ['Anonymous', ['services/authOverride:1', 'portals/Two Factor Login:1']],
          ['Authenticated', []],
          ['helper', ['collections/Tokens:15', 'services/authOverride:1', 'users/:1']],
        ],
      )
      assert.deepEqual(
        (await listRoles(into.data))
          .filter(({ id, name }) => id === name)
          .map(({ name }) => name)
          .sort(),
        ['Administrator', 'Anonymous', 'Authenticated'],
      )
      const anonymous = await app.call('POST', '/api/v/1/user/anon', { system: report.system })
      const ran = await app.run(report.system, 'authOverride', {}, { token: anonymous.body.user_token })
      assert.equal(ran.body?.results, 'ok', ran.text)
      const closed = await app.run(report.system, 'setUp', {}, { token: anonymous.body.user_token })
      assert.notEqual(closed.body?.success, true)
    })

    test('keeps rows with their ids', async () => {
      const { system } = await importPackage(scope, packageOf(twoFactorFiles))
      const { data } = await systemScope(scope, system.key)
      const tokens = (await findCollection(data, { name: 'Tokens' }))!
      const { rows } = await selectItems(data, tokens, everything)
      assert.deepEqual(
        rows.map((row) => [row.item_id, row.email, row.at]),
        [
          [rowId(1), 'jo@example.com', '2018-05-10T17:21:05.100Z'],
          [rowId(2), 'al@example.com', null],
        ],
      )
    })

    test('lets a service run as a user that the package brings, and as its caller for everybody else', async () => {
      const report = await importPackage(scope, packageOf(twoFactorFiles))
      const into = await systemScope(scope, report.system.key)
      const bot = (await findAccount(into.data, { email: 'bot@example.com' }))!
      assert.equal((await currentCode(into, 'service', 'authOverride'))?.settings.run_user, bot.userId)
      assert.equal((await currentCode(into, 'service', 'setUp'))?.settings.run_user, '')
      assert.deepEqual(
        report.runAs.map(({ service: name, becomes, because }) => [name, becomes, because]),
        [
          ['authOverride', 'bot@example.com', 'brought'],
          ['setUp', null, 'unconfirmed'],
        ],
      )
      assert.ok(report.notes.some(({ asset, level }) => asset?.name === 'setUp' && level === 'warning'))
    })

    test('never lets a service run as a developer', async () => {
      const files = service('s', { run_user: 'dev@example.com' })
      const report = await importPackage(scope, packageOf(files))
      const into = await systemScope(scope, report.system.key)
      assert.equal((await currentCode(into, 'service', 's'))?.settings.run_user, '')
      await refused(files, { confirmRunAs: { s: 'dev@example.com' } }, /no such user/)
    })

    test('gives users new passwords, told once; the password and token of the file open nothing and are nowhere', async () => {
      const report = await importPackage(scope, packageOf(twoFactorFiles))
      assert.deepEqual(
        report.passwords.map(({ email }) => email),
        ['bot@example.com'],
      )
      const { password } = report.passwords[0]!
      assert.ok(password.length >= 20)
      // The package lets a service run as him.
      await app.set(report.system, { run_as_sign_in: 'allowed' })
      await app.signIn(report.system, 'bot@example.com', password)
      await assert.rejects(app.signIn(report.system, 'bot@example.com', 'from-the-file'))
      const stored = JSON.stringify(await everythingIn(scope))
      assert.ok(!stored.includes(password))
      assert.ok(!stored.includes('from-the-file'))
    })

    test('drops rights on what is not there and says so; rights on a portal wait for it', async () => {
      const report = await importPackage(scope, packageOf(twoFactorFiles))
      const messages = report.notes.filter(({ kind }) => kind === 'dangling').map(({ message }) => message)
      assert.ok(messages.some((message) => /Anonymous.*NeverShipped/.test(message)))
      assert.ok(messages.some((message) => /no role "gone"/.test(message)))
    })

    test('keeps whole what it does not take apart', async () => {
      const report = await importPackage(scope, packageOf(twoFactorFiles))
      const into = await systemScope(scope, report.system.key)
      const kept = await listKeptFiles(into.data)
      assert.deepEqual(
        kept.map(({ path, kind }) => [path, kind]),
        [
          ['README.md', 'readme'],
          ['package.json', 'package-json'],
          ['portals/Two Factor Login.json', 'portal'],
        ],
      )
      assert.ok(report.items.some(({ kind, action }) => kind === 'portal' && action === 'create'))
    })

    test('seals what may hold credentials: a copy of the database tells none of them, and an export all', async () => {
      const secret = 'kept-secret-7391'
      const files = {
        ...twoFactorFiles,
        'secrets/api.json': { name: 'api', secret },
        'external-databases/erp.json': { name: 'erp', dbtype: 'postgres', credentials: { password: secret } },
      }
      const model = packageOf(files)
      const record = await recordOf(model, { source: {}, contentHash: 'h' })
      const { system } = await importPackage(scope, model, { name: 'sealed', record })
      const into = await systemScope(scope, system.key)
      const next = packageOf({ ...files, 'secrets/api.json': { name: 'api', secret: `${secret}-2` } })
      await upgradePackage(into, next, { record: await recordOf(next, { source: {}, contentHash: 'h2' }) })
      const bytes = databaseOf(scope.store)
        .selectFrom(['kept_assets'])
        .select('bytes')
        .where('system_key', '=', system.key)
      const packed = databaseOf(scope.store)
        .selectFrom('installed_packages')
        .select(['files', 'undo'])
        .where('system_key', '=', system.key)
      const stored = [
        ...(await bytes.execute()).map((row) => row.bytes),
        ...(await packed.execute()).flatMap((row) => [row.files, row.undo!]),
      ]
      assert.ok(stored.length > 4)
      for (const one of stored) {
        assert.ok(!one.includes(secret))
        assert.throws(() => gunzipSync(one))
      }
      const { kept } = await systemModel(into)
      assert.match(String(kept.find(({ kind }) => kind === 'secret')?.files[0]?.bytes), /kept-secret-7391-2/)
      assert.ok((await installedModel(into, 'two-factor')).kept.length > 0)
    })

    test('says in a dry run what would happen and makes nothing', async () => {
      const before = await everythingIn(scope)
      const dry = await importPackage(scope, packageOf(twoFactorFiles), { dryRun: true })
      assert.deepEqual(await everythingIn(scope), before)
      assert.equal(dry.system.key, '')
      assert.deepEqual(dry.passwords, [])
      const real = await importPackage(scope, packageOf(twoFactorFiles))
      assert.deepEqual(dry.items, real.items)
      assert.deepEqual(dry.runAs, real.runAs)
    })

    test('plans a new system as it is made', async () => {
      const made = await systemModel(await systemScope(scope, (await app.createSystem()).key))
      const sorted = freshSystem().roles.sort((one, other) => (one.name < other.name ? -1 : 1))
      assert.deepEqual(made.roles, sorted)
    })

    test('takes the chosen assets alone, and refuses a choice that names nothing', async () => {
      const { items } = await importPackage(scope, packageOf(twoFactorFiles), { choose: ['library', 'service/setUp'] })
      assert.deepEqual(
        items.map(({ kind, name }) => `${kind}/${name}`),
        ['library/Constants', 'service/setUp'],
      )
      await refused(twoFactorFiles, { choose: ['service/nobody'] }, /service\/nobody/)
    })

    test('tells its progress', async () => {
      const phases = new Set<string>()
      await importPackage(scope, packageOf(twoFactorFiles), { onProgress: ({ phase }) => phases.add(phase) })
      assert.deepEqual([...phases].sort(), [
        'code',
        'collections',
        'keeping',
        'passwords',
        'preparing',
        'rows',
        'users',
      ])
    })
  })

  describe('into a system that is in use', () => {
    test('adds what is new and leaves the rest', async () => {
      const { into } = await inUse()
      const before = await systemModel(into)
      const report = await importPackage(scope, packageOf({ ...service('extra'), ...library('L', 'var l = 1') }), {
        into,
      })
      assert.deepEqual(
        report.items.map(({ kind, name, action }) => [kind, name, action]),
        [
          ['library', 'L', 'create'],
          ['service', 'extra', 'create'],
        ],
      )
      assert.equal(report.system.secret, '')
      const after = await systemModel(await systemScope(scope, into.system.key))
      assert.deepEqual(
        {
          ...after,
          services: after.services.filter(({ name }) => name !== 'extra'),
          libraries: after.libraries.slice(0, 1),
        },
        before,
      )
    })

    test('says what differs before it changes it, and nothing the second time', async () => {
      const { system, into } = await inUse()
      const files = {
        'data/Payroll.json': {
          name: 'Payroll',
          schema: [column('amount', 'int'), column('note', 'string')],
          items: [{ item_id: rowId(7), amount: 3 }],
          indexes: { Data: [{ name: 'amount', type: 'Nonunique Index' }] },
        },
      }
      const dry = await importPackage(scope, packageOf(files), { into, dryRun: true })
      assert.deepEqual(dry.items, [
        {
          kind: 'collection',
          name: 'Payroll',
          action: 'update',
          differs: ['columns', 'indexes', 'rows'],
          rows: { added: 1, changed: 0, removed: 0, same: 0 },
          columnsAdded: ['note'],
          indexesAdded: ['amount'],
        },
      ])
      await importPackage(scope, packageOf(files), { into })
      const again = await importPackage(scope, packageOf(files), { into: await systemScope(scope, system.key) })
      assert.deepEqual(
        again.items.map(({ action, rows }) => [action, rows]),
        [['unchanged', { added: 0, changed: 0, removed: 0, same: 1 }]],
      )
    })

    test('refuses columns that contradict those that are there, and names that are taken', async () => {
      const { into } = await inUse()
      const payroll = (type: string, name = 'amount') => ({
        'data/Payroll.json': { name: 'Payroll', schema: [column(name, type)] },
      })
      await refused(payroll('string'), { into }, /amount is int here and string in the package/)
      await refused(payroll('int', 'Amount'), { into }, /Amount is called amount here/)
      await refused({ 'data/payroll.json': { name: 'payroll' } }, { into }, /differs in case only/)
    })

    test('asks for every growth of standing power by its name, and takes no other name for it', async () => {
      const { into } = await inUse()
      const files = {
        ...library('Checks', 'function check() { return "everybody" }'),
        ...service('gate', { dependencies: 'Checks' }, 'resp.success({})'),
        ...service('nightly', {}, 'resp.success(2)'),
        ...service('steal', { run_user: 'bot@example.com' }),
        'roles/Anonymous.json': role('Anonymous', { Collections: [{ Name: 'Payroll', Level: 15 }] }),
        'roles/new.json': role('new', { Collections: [{ Name: 'Payroll', Level: 1 }], UsersList: { Level: 1 } }),
        'users/bot@example.com.json': { email: 'bot@example.com', roles: ['Administrator', 'new', 'Authenticated'] },
        'users/admin@example.com.json': { email: 'admin@example.com', roles: ['new'] },
      }
      const dry = await importPackage(scope, packageOf(files), { into, dryRun: true })
      const names = dry.widening.map(({ name }) => name).sort()
      assert.deepEqual(names, [
        'library:Checks',
        'member:bot@example.com:Administrator',
        'right:Anonymous:collections/Payroll:read+create+update+delete',
        'right:new:collections/Payroll:read',
        'right:new:users:read',
        'service:gate',
        'service:nightly',
      ])
      for (const left of names) {
        await refused(
          files,
          { into, allow: names.filter((name) => name !== left) },
          new RegExp(left.replaceAll('+', '\\+')),
        )
      }
      const report = await importPackage(scope, packageOf(files), { into, allow: names })
      assert.equal(report.runAs.find(({ service: name }) => name === 'steal')?.because, 'brought')
    })

    test('asks for a library that comes to stand in for one of the platform which the auth service requires', async () => {
      const system = await app.createSystem('shadow')
      await app.createService(system, 'gate', 'function gate(req, resp) { resp.error("no") }', { requires: 'crypto' })
      await app.set(system, { auth_service: 'gate' })
      await refused(
        library('crypto', 'var crypto = {}'),
        { into: await systemScope(scope, system.key) },
        /library:crypto/,
      )
    })

    test('asks before it writes columns of a user who is there, such as the phone that gets his codes', async () => {
      const { system, into, admin } = await inUse()
      const files = {
        'users/schema.json': { columns: [column('sms_phone', 'string')] },
        'users/admin@example.com.json': { email: 'admin@example.com', sms_phone: '+1 900', roles: ['Authenticated'] },
      }
      await refused(files, { into }, /user:admin@example.com/)
      await importPackage(scope, packageOf(files), { into, allow: ['user:admin@example.com'] })
      const model = await systemModel(await systemScope(scope, system.key))
      assert.equal(model.users[0]?.columns.sms_phone, '+1 900')
      assert.equal((await findAccount(into.data, { email: 'admin@example.com' }))?.userId, admin)
    })

    test("takes values of the user table's columns from a part that has no table, as those columns have it", async () => {
      const { system, into } = await inUse()
      await app.call('POST', `/admin/user/${system.key}/columns`, {
        developer: app.developer,
        body: { column_name: 'logins', type: 'int' },
      })
      const now = await systemScope(scope, system.key)
      const user = (logins: unknown) =>
        packageOf({ 'users/new@example.com.json': { email: 'new@example.com', logins } })
      await assert.rejects(importPackage(scope, user('many'), { into: now }), /new@example.com.*whole JSON number/)
      await importPackage(scope, user(7), { into: now })
      const made = (await systemModel(now)).users.find(({ email }) => email === 'new@example.com')
      assert.deepEqual([made?.columns, made?.extra], [{ logins: 7 }, {}])
      const again = { into: await systemScope(scope, into.system.key) }
      await assert.rejects(importPackage(scope, user(8), again), /user:new@example.com/)
    })

    test('asks for a right that waits for a service of the name', async () => {
      const { system, into } = await inUse()
      await app.grant(system, 'Anonymous', { services: [{ itemInfo: { name: 'later' }, permissions: 1 }] })
      await refused(service('later'), { into }, /right:Anonymous:services\/later:read/)
    })

    test('takes nobody who was there before for a user that the package brings', async () => {
      const { into, admin } = await inUse()
      const files = {
        ...service('steal', { run_user: 'admin@example.com' }),
        'users/admin@example.com.json': { email: 'admin@example.com', password: 'mine', roles: [] },
      }
      const report = await importPackage(scope, packageOf(files), { into })
      assert.deepEqual(report.passwords, [])
      assert.equal((await currentCode(into, 'service', 'steal'))?.settings.run_user, '')
      const confirmed = service('other', { run_user: 'admin@example.com' })
      await importPackage(scope, packageOf(confirmed), { into, confirmRunAs: { other: 'admin@example.com' } })
      assert.equal((await currentCode(into, 'service', 'other'))?.settings.run_user, admin)
    })

    test('asks before a service that is there runs as a user of the package; its run-as that is set stays', async () => {
      const { into, admin } = await inUse()
      await app.createService(into.system, 'plain', "function plain(req, resp) { resp.success('ok') }", {
        requires: '',
      })
      const files = {
        ...service('plain', { run_user: 'bot@example.com' }),
        ...service('nightly', { dependencies: 'clearblade' }, 'resp.success(1)'),
        'users/bot@example.com.json': { email: 'bot@example.com' },
      }
      await refused(files, { into, allow: ['service:nightly'] }, /run-as:plain:bot@example.com/)
      await importPackage(scope, packageOf(files), { into, allow: ['service:nightly', 'run-as:plain:bot@example.com'] })
      assert.equal((await currentCode(into, 'service', 'nightly'))?.settings.run_user, admin)
      const bot = (await findAccount(into.data, { email: 'bot@example.com' }))!
      assert.equal((await currentCode(into, 'service', 'plain'))?.settings.run_user, bot.userId)
    })
  })

  describe('that fails', () => {
    const rows = Array.from({ length: 2_500 }, (_, index) => ({ item_id: rowId(index), n: index }))
    const large = { 'data/Large.json': { name: 'Large', schema: [column('n', 'int')], items: rows } }

    /** Real causes, one for each step of the writing; all the rest of the package is sound. */
    const causes: [string, Record<string, unknown>, RegExp][] = [
      [
        'a value that does not fit its column',
        { 'data/Bad.json': { name: 'Bad', schema: [column('n', 'int')], items: [{ item_id: rowId(1), n: 'x' }] } },
        /Bad.*Row 1.*whole JSON number/,
      ],
      [
        'a row id that is none',
        { 'data/Bad.json': { name: 'Bad', items: [{ item_id: 'row-1' }] } },
        /Bad.*Row 1.*UUID/,
      ],
      [
        'two rows of one id',
        { 'data/Bad.json': { name: 'Bad', items: [{ item_id: rowId(1) }, { item_id: rowId(1) }] } },
        /Row 2.*row 1/,
      ],
      [
        'a unique index over equal values',
        {
          'data/Zed.json': {
            name: 'Zed',
            schema: [column('n', 'int')],
            items: [{ n: 1 }, { n: 1 }],
            indexes: { Data: [{ name: 'n', type: 'Unique Index' }] },
          },
        },
        /"Zed".*same value/,
      ],
      [
        'a column name that no table can have',
        { 'data/Zed.json': { name: 'Zed', schema: [column('a"b', 'int')] } },
        /"Zed".*not allowed/,
      ],
      [
        'a user column name that no table can have',
        { 'users/schema.json': { columns: [column('xmin', 'int')] } },
        /user table.*reserved/,
      ],
      ['a role name with a control character', { 'roles/x.json': role('a\u0001b', {}) }, /role.*name/i],
      ['a service name that is no identifier', service('not-a-name', {}, ''), /not-a-name.*cannot name/],
      [
        'a text that no database holds',
        {
          'data/Bad.json': { name: 'Bad', schema: [column('t', 'string')], items: [{ t: 'a\u0000b' }] },
        },
        /Bad.*NUL/,
      ],
      ['an engine that is not there', service('s', { engine_type: 7 }), /engine_type/],
    ]

    for (const [what, files, wanted] of causes) {
      test(`on ${what} leaves a new and an existing target as they were`, async () => {
        await refused({ ...twoFactorFiles, ...large, ...files }, {}, wanted)
        const system = await app.createSystem('before')
        const into = await systemScope(scope, system.key)
        const sound = { ...twoFactorFiles, ...large, ...files }
        const { widening } = await importPackage(scope, packageOf(sound), { into, dryRun: true })
        await refused(sound, { into, allow: widening.map(({ name }) => name) }, wanted)
      })
    }

    test('on a full disk, or on a link to the database that is cut, leaves everything as it was', async () => {
      const many = Array.from({ length: 8_000 }, (_, index) => ({ item_id: rowId(index), t: 'x'.repeat(200) }))
      const whole = packageOf({
        ...twoFactorFiles,
        'data/Large.json': { name: 'Large', schema: [column('t', 'string')], items: many },
      })
      const db = databaseOf(scope.store)
      const before = await everythingIn(scope)
      let onProgress: ImportOptions['onProgress']
      const ends: Promise<unknown>[] = []
      const isSqlite = dialectOf(scope.store).kind === 'sqlite'
      if (isSqlite) {
        const { rows: pages } = await sql<{ page_count: number }>`pragma page_count`.execute(db)
        await sql`pragma max_page_count = ${sql.lit(pages[0]!.page_count + 100)}`.execute(db)
      } else {
        onProgress = ({ phase }) => {
          if (phase !== 'rows' || ends.length > 0) return
          const others = sql`datname = current_database() and pid <> pg_backend_pid() and xact_start is not null`
          ends.push(sql`select pg_terminate_backend(pid) from pg_stat_activity where ${others}`.execute(db))
        }
      }
      try {
        await assert.rejects(
          importPackage(scope, whole, onProgress === undefined ? {} : { onProgress }),
          (error: unknown) => {
            assert.ok(error instanceof GatehouseError, String(error))
            assert.match(error.detail, /nothing was changed/)
            return true
          },
        )
      } finally {
        await Promise.all(ends)
        if (isSqlite) await sql`pragma max_page_count = 1073741823`.execute(db)
      }
      assert.deepEqual(await everythingIn(scope), before)
      await importPackage(scope, whole)
    })

    test('in a listener of its progress, at any step, leaves everything as it was', async () => {
      const steps: string[] = []
      const whole = packageOf({ ...twoFactorFiles, ...large })
      await importPackage(scope, whole, { onProgress: ({ phase, done }) => steps.push(`${phase} ${done}`) })
      const before = await everythingIn(scope)
      const wanted = steps.filter((_, index) => index % 3 === 0 || index === steps.length - 1)
      for (const step of wanted) {
        const onProgress: ImportOptions['onProgress'] = ({ phase, done }) => {
          if (`${phase} ${done}` === step) throw new Error('stop')
        }
        await assert.rejects(importPackage(scope, whole, { onProgress }), /stop/)
        assert.deepEqual(await everythingIn(scope), before, step)
      }
      assert.ok(wanted.length > 5)
    })
  })
})
