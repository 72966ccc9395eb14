/** What a person is promised when a package is read. Variants in their breadth are `generated.test.ts`. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { rightsByRole } from './model.ts'
import { mostNotes } from './notes.ts'
import { mostAssets, type ReadOptions, readPackage } from './read.ts'
import { writePackage } from './write.ts'

type Content = Record<string, unknown>

/** Values become JSON, texts stay. */
const filesOf = (content: Content): Map<string, Buffer> =>
  new Map(
    Object.entries(content).map(([path, value]) => {
      const bytes =
        value instanceof Buffer ? value : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
      return [path, bytes]
    }),
  )

const system = { 'system.json': { name: 'S', description: '', system_key: '', system_secret: '' } }
const read = (content: Content, options?: ReadOptions) => readPackage(filesOf({ ...system, ...content }), options)

const refused = (words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof GatehouseError, String(error))
  assert.equal(error.kind, 'badPackage')
  assert.equal(error.code, 5001)
  assert.match(`${error.detail} ${error.hint ?? ''}`, words)
  return true
}

describe('a package that cannot be read', () => {
  test('says file, line and column of broken JSON, and nothing of what stands there', () => {
    const broken = '{\n  "email": "jo@example.com",\n  "password": "hunter2"\n  "x": 1\n}'
    assert.throws(
      () => read({ 'users/jo@example.com.json': broken }),
      (error) => {
        refused(/users\/jo@example\.com\.json, line 4, column 3: .* a "," or "}" is expected/)(error)
        assert.doesNotMatch((error as GatehouseError).detail, /hunter2/)
        return true
      },
    )
    assert.throws(
      () => read({ 'roles/R.json': '{"Name": "R"' }),
      refused(/line 1, column 13: .*the file ends too early/),
    )
    assert.throws(() => read({ 'triggers/t.json': '' }), refused(/triggers\/t\.json, line 1, column 1/))
    assert.throws(() => read({ 'portals/P.json': '[1,]' }), refused(/portals\/P\.json, line 1, column 4/))
  })

  test('says file and key of a value of the wrong type, and not the value', () => {
    const cases: [string, unknown, RegExp][] = [
      [
        'roles/R.json',
        { Name: 'R', Permissions: { CodeServices: [{ Name: 'a', Level: 'x' }] } },
        /Permissions\.CodeServices\[0\]\.Level must be a level/,
      ],
      [
        'roles/R.json',
        { Name: 'R', Permissions: { UsersList: [1] } },
        /Permissions\.UsersList must be an object, not a list/,
      ],
      ['roles/R.json', { Name: 7 }, /roles\/R\.json: Name must be a text, not a number/],
      [
        'data/C.json',
        { schema: [{ ColumnName: 'a', ColumnType: 'varchar' }] },
        /schema\[0\]\.ColumnType is "varchar", which is no type.*string, uuid/,
      ],
      ['data/C.json', { schema: {} }, /data\/C\.json: schema must be a list, not an object/],
      ['data/C.json', { items: [['x']] }, /items\[0\] must be an object, not a list/],
      ['users/schema.json', [], /users\/schema\.json must be an object, not a list/],
      ['users/roles/jo@example.com.json', ['a', 1], /\[1\] must be a text, not a number/],
      [
        'code/services/s/s.json',
        { name: 's', logging_enabled: 'yes' },
        /s\.json: logging_enabled must be true or false/,
      ],
      ['code/services/s/s.json', { name: 's', dependencies: ['log'] }, /dependencies must be a text, not a list/],
    ]
    for (const [path, value, words] of cases) assert.throws(() => read({ [path]: value }), refused(words))
  })

  test('is one without system.json, unless a part of a system is asked for', () => {
    assert.throws(() => readPackage(filesOf({ 'README.md': 'x' })), refused(/no system\.json.*folder that holds/))
    assert.equal(readPackage(filesOf({ 'README.md': 'x' }), { partial: true }).model.system, undefined)
  })

  test('is one whose files lead out of it, are nested without end, or are too many', () => {
    for (const path of [
      '../x',
      '/etc/passwd',
      'roles/../../x.json',
      'roles//x.json',
      'roles\\x.json',
      'roles/\u0000.json',
      './x',
    ]) {
      assert.throws(() => read({ [path]: {} }), refused(/no path inside it/), path)
    }
    const deep = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`
    assert.throws(
      () => read({ 'roles/R.json': deep(100_000) }),
      refused(/roles\/R\.json, line 1, column 121: .*deeper than 120/),
    )
    const many = Object.fromEntries(
      Array.from({ length: mostAssets + 1 }, (_, index) => [`plugins/p${index}.json`, '{}']),
    )
    assert.throws(() => read(many), refused(/has 10001 assets, and 10000 is the most/))
  })

  test('is one with a number that no number can hold, or text in another encoding', () => {
    assert.throws(
      () => read({ 'data/C.json': '{"items": [{"n": 1e999}]}' }),
      refused(/column 18: .*a number is too large/),
    )
    assert.throws(
      () => read({ 'roles/R.json': Buffer.from([0x7b, 0xe9, 0x7d]) }),
      refused(/roles\/R\.json is not UTF-8/),
    )
  })
})

describe('a package of the old era', () => {
  /** The shape of the two-factor package of 2018. */
  const twoFactor = {
    'system.json': { name: 'TFA', auth: true, system_key: 'theirKey', system_secret: 'theirSecret', deployments: [] },
    'code/services/authOverride/authOverride.json': {
      name: 'authOverride',
      dependencies: 'clearblade, log,ConstantsTwoFactor',
      logging_enabled: 'true',
      params: [],
      run_user: 'c2f5a8bd0ac4b0a9a4d5e2a7bd2b',
      permissions: { Anonymous: 1, authOverrideRole: 1 },
      source: 'authOverride.js',
      current_version: 12,
    },
    'code/services/authOverride/authOverride.js': 'function authOverride(req, resp) {\r\n}',
    'code/libraries/ConstantsTwoFactor/ConstantsTwoFactor.json': {
      name: 'ConstantsTwoFactor',
      api: null,
      dependencies: null,
    },
    'code/libraries/ConstantsTwoFactor/ConstantsTwoFactor.js': 'var TWILIO_KEY = ""',
    'data/TwoFactorAuthTokens.json': {
      name: 'TwoFactorAuthTokens',
      app_id: 'theirKey',
      collection_id: 'a6b4c9',
      permissions: { authOverrideRole: 15 },
      schema: [
        { ColumnName: 'item_id', ColumnType: 'uuid', PK: true },
        { ColumnName: 'email', ColumnType: 'string', PK: false },
      ],
      items: [{ item_id: '5f0c2f7e-0d6c-4a4c-9c0e-3f9d5f1c2b3a', email: 'jo@example.com' }],
    },
    'roles/Anonymous.json': {
      Name: 'Anonymous',
      ID: 'Anonymous',
      Permissions: { CodeServices: [{ Name: 'authOverride', Level: 1, SystemKey: 'theirKey' }] },
    },
    'roles/authOverrideRole.json': { Name: 'authOverrideRole', ID: 'b7c1', Permissions: { Collections: null } },
    'users/schema.json': {
      columns: [{ ColumnName: 'sms_phone', ColumnType: 'string', PK: false }],
      permissions: { authOverrideRole: 1 },
    },
  }

  test('gives each role what its file and the permissions of services, collections and users give it, by name', () => {
    const { model } = read(twoFactor)
    const rights = rightsByRole(model)
    assert.deepEqual(rights.get('authOverrideRole'), [
      { kind: 'collections', item: 'TwoFactorAuthTokens', level: 15 },
      { kind: 'services', item: 'authOverride', level: 1 },
      { kind: 'users', item: '', level: 1 },
    ])
    assert.deepEqual(rights.get('Anonymous'), [{ kind: 'services', item: 'authOverride', level: 1 }])
    assert.deepEqual(model.grants, [])
  })

  test('keeps who a service runs as as the exporter wrote it, said to be an id, with a warning', () => {
    const { model, notes } = read(twoFactor)
    assert.deepEqual(model.services[0]!.runAs, { text: 'c2f5a8bd0ac4b0a9a4d5e2a7bd2b', looksLike: 'id' })
    assert.ok(
      notes.some(
        ({ kind, level, asset }) => kind === 'dangling' && level === 'warning' && asset?.name === 'authOverride',
      ),
    )
  })

  test('takes the defaults for settings that its era did not have, and the code as it is', () => {
    const [service] = read(twoFactor).model.services
    assert.equal(service!.code, 'function authOverride(req, resp) {\r\n}')
    assert.deepEqual(service!.dependencies, ['clearblade', 'log', 'ConstantsTwoFactor'])
    assert.equal(service!.settings.logging_enabled, true)
    assert.equal(service!.settings.execution_timeout, 60)
    assert.deepEqual(service!.extra, {})
  })

  test('gives a source map a file of its own, where the settings hold it', () => {
    const { model } = read({ 'code/services/s/s.json': { source_map: '{"version":3}' }, 'code/services/s/s.js': '' })
    const written = writePackage(model)
    assert.equal(String(written.get('code/services/s/s.js.map')), '{"version":3}')
    assert.ok(!('source_map' in JSON.parse(String(written.get('code/services/s/s.json')))))
  })

  test('is written as a package of the new era, without a key of the exporter', () => {
    const written = writePackage(read(twoFactor).model, { key: 'ours', secret: '' })
    const text = [...written.values()].join('\n')
    assert.doesNotMatch(text, /theirKey|theirSecret|a6b4c9|b7c1|current_version/)
    assert.equal(JSON.parse(String(written.get('system.json'))).system_key, 'ours')
    assert.ok(!('permissions' in JSON.parse(String(written.get('data/TwoFactorAuthTokens.json')))))
  })

  test('keeps a right for a role that it has no file for, and writes it where it came from', () => {
    const { model, notes } = read({
      'code/services/s/s.json': { name: 's', permissions: { Anonymous: 1, gone: 1, none: 0 } },
    })
    assert.deepEqual(model.grants, [
      { role: 'Anonymous', kind: 'services', item: 's', level: 1 },
      { role: 'gone', kind: 'services', item: 's', level: 1 },
    ])
    const dangling = notes.filter(({ kind }) => kind === 'dangling').map(({ asset }) => asset?.name)
    assert.deepEqual(dangling, ['gone'])
    const written = JSON.parse(String(writePackage(model).get('code/services/s/s.json')))
    assert.deepEqual(written.permissions, { Anonymous: 1, gone: 1 })
  })
})

describe('users of a package', () => {
  const jo = { email: 'jo@example.com', password: 'hunter2', user_id: 'id-of-jo', cb_token: 'token-of-jo', note: 'x' }

  test('bring a password as a fact alone', () => {
    const result = read({ 'users/jo@example.com.json': jo })
    assert.equal(result.model.users[0]!.bringsPassword, true)
    const written = writePackage(result.model)
    for (const text of [JSON.stringify(result), ...written.values()])
      assert.doesNotMatch(String(text), /hunter2|token-of-jo|id-of-jo/)
    assert.ok(
      result.notes.some(
        ({ kind, level, message }) => kind === 'secret' && level === 'warning' && /password/.test(message),
      ),
    )
  })

  test('keep a password out even where the user table has a column of that name', () => {
    const schema = { columns: [{ ColumnName: 'password', ColumnType: 'string', PK: false }] }
    const { model } = read({ 'users/jo@example.com.json': jo, 'users/schema.json': schema })
    assert.doesNotMatch(JSON.stringify(model), /hunter2/)
  })

  test('have the role Authenticated when nothing is said, none when the list is empty, and both lists together', () => {
    const roles = (content: Content) => read(content).model.users[0]!.roles
    const path = 'users/roles/jo@example.com.json'
    assert.deepEqual(roles({ 'users/jo@example.com.json': jo }), ['Authenticated'])
    assert.deepEqual(roles({ 'users/jo@example.com.json': jo, [path]: [] }), [])
    assert.deepEqual(roles({ 'users/jo@example.com.json': { ...jo, roles: ['b', 'a'] }, [path]: ['c', 'a'] }), [
      'a',
      'b',
      'c',
    ])
  })

  test('never get the roles of another user whose file is named like theirs', () => {
    const { model, notes } = read({
      'users/boss@example.com.json': { email: 'jo@example.com' },
      'users/roles/boss@example.com.json': ['Administrator'],
    })
    assert.deepEqual(
      model.users.map(({ email, roles }) => [email, roles]),
      [['jo@example.com', ['Authenticated']]],
    )
    assert.ok(notes.some(({ kind, path }) => kind === 'dangling' && path === 'users/roles/boss@example.com.json'))
  })

  test("say whom a service of the package runs as, where it names the exporter's id", () => {
    const service = { name: 's', run_user: 'id-of-jo' }
    const { model } = read({ 'users/jo@example.com.json': jo, 'code/services/s/s.json': service })
    assert.deepEqual(model.services[0]!.runAs, { text: 'jo@example.com', looksLike: 'email' })
  })
})

describe('rights of roles', () => {
  const role = (Permissions: unknown, more: Content = {}) =>
    read({ 'roles/R.json': { Name: 'R', Permissions }, ...more })

  test('are united where one thing is named twice, and are nothing at level 0', () => {
    const { model, notes } = role({
      Topics: [
        { Name: '#', Level: 1 },
        { Name: '#', Level: 2 },
        { Name: 'x', Level: 0 },
      ],
      Push: { Level: 0 },
    })
    assert.deepEqual(model.roles[0]!.rights, [{ kind: 'topics', item: '#', level: 3 }])
    assert.deepEqual(notes.filter(({ kind }) => kind === 'duplicate').length, 1)
  })

  test('on single columns or rows are not widened to the whole collection, and are handed on', () => {
    const entry = { Name: 'C', Level: 15, Columns: ['email'], Items: [], ID: 'x' }
    const { model, notes } = role({ Collections: [entry] })
    assert.deepEqual(model.roles[0]!.rights, [])
    assert.ok(notes.some(({ kind, level }) => kind === 'skipped' && level === 'warning'))
    const { Permissions } = JSON.parse(String(writePackage(model).get('roles/R.json')))
    assert.deepEqual(Permissions.Collections, [{ Name: 'C', Level: 15, Columns: ['email'], Items: [] }])
  })

  test('on single rows are not widened either', () => {
    const { model } = role({ Collections: [{ Name: 'C', Level: 15, Columns: null, Items: [{ id: 'x' }] }] })
    assert.deepEqual(model.roles[0]!.rights, [])
    assert.equal(model.roles[0]!.limited.length, 1)
  })

  test('of an unknown kind are handed on and give nothing', () => {
    const { model } = role({
      AllMqttConnectors: { Level: 15 },
      MqttConnectors: [{ Name: 'm', Level: 1, SystemKey: 'theirs' }],
    })
    assert.deepEqual(model.roles[0]!.rights, [])
    assert.deepEqual(model.roles[0]!.otherRights, {
      AllMqttConnectors: { Level: 15 },
      MqttConnectors: [{ Name: 'm', Level: 1 }],
    })
  })

  test('have no more than the four known bits', () => {
    const { model, notes } = role({ UsersList: { Level: 17 } })
    assert.deepEqual(model.roles[0]!.rights, [{ kind: 'users', item: '', level: 1 }])
    assert.ok(notes.some(({ kind }) => kind === 'skipped'))
    for (const level of [-1, 1.5, 2 ** 40])
      assert.throws(() => role({ UsersList: { Level: level } }), refused(/must be a level/))
  })

  test('follow the id of a collection in the package where an old role does not name it', () => {
    const collection = { name: 'C', collection_id: 'cid' }
    const { model } = role({ Collections: [{ ID: 'cid', Level: 1 }] }, { 'data/C.json': collection })
    assert.deepEqual(model.roles[0]!.rights, [{ kind: 'collections', item: 'C', level: 1 }])
  })
})

describe('what is not active', () => {
  test('is kept byte for byte, an exploded portal with all its files', () => {
    const portal = {
      'portals/P/P.json': '{"name": "P",   "config": {"widgets": "./x"}}\n',
      'portals/P/config/widgets/HTML_1/parsers/html/incoming_parser/index.js': Buffer.from([0xff, 0x00, 0x41]),
      'portals/Old.json': '{"name":"Old","config":{"n":1e3}}',
    }
    const { model } = read(portal)
    assert.deepEqual(
      model.kept.map(({ kind, name }) => [kind, name]),
      [
        ['portal', 'Old'],
        ['portal', 'P'],
      ],
    )
    const written = writePackage(model)
    for (const [path, bytes] of filesOf(portal)) assert.deepEqual(written.get(path), bytes)
  })

  test('loses keys of the exporter and no other byte', () => {
    const edge = (token: string): string =>
      `{ "name":"E",\r\n\t"token" : "${token}", "latitude": 1e3, "token2": "stays" }`
    const { model, notes } = read({ 'edges/E.json': edge('opens \\" the door') })
    assert.equal(String(model.kept[0]!.files[0]!.bytes), edge(''))
    assert.ok(
      notes.some(({ kind, path, message }) => kind === 'secret' && path === 'edges/E.json' && /token/.test(message)),
    )
    assert.doesNotMatch(JSON.stringify(notes), /the door/)
  })

  test('loses them also where a key stands twice or is spelled with escapes', () => {
    const { model } = read({ 'edges/E.json': '{"token":"one","to\\u006ben":"two"}' })
    assert.equal(String(model.kept[0]!.files[0]!.bytes), '{"token":"","to\\u006ben":""}')
  })

  test('marks what may hold credentials on purpose, so that nobody shows it', () => {
    const { model } = read({ 'secrets/s.json': { name: 's', secret: 'x' }, 'plugins/p.json': { name: 'p' } })
    assert.deepEqual(
      model.kept.map(({ name, sensitive }) => [name, sensitive]),
      [
        ['p', false],
        ['s', true],
      ],
    )
  })
})

describe('notes', () => {
  const kinds = (content: Content, options?: ReadOptions) =>
    read(content, options).notes.map(({ kind, path, asset }) => `${kind} ${path ?? asset?.name}`)

  test('name each file that belongs nowhere, and a folder once', () => {
    const found = kinds({
      'code/services/x.txt': '',
      'node_modules/a.js': '',
      'node_modules/b.js': '',
      '.DS_Store': '',
    })
    assert.deepEqual(found.sort(), ['unknown .DS_Store', 'unknown code/services/x.txt', 'unknown node_modules'])
  })

  test('say which of two names counts, and the service goes by the one inside', () => {
    const { model, notes } = read({
      'code/services/A/A.json': { name: 'B' },
      'code/services/A/A.js': 'function B() {}',
    })
    assert.deepEqual(
      model.services.map(({ name, code }) => [name, code]),
      [['B', 'function B() {}']],
    )
    assert.match(notes.find(({ kind }) => kind === 'mismatch')!.message, /"B"\. The name inside the file counts/)
  })

  test('say which of two files for one name counts: the one that is named like it', () => {
    const { model, notes } = read({
      'roles/A.json': { Name: 'B', Description: 'other' },
      'roles/B.json': { Name: 'B', Description: 'own' },
    })
    assert.deepEqual(
      model.roles.map(({ name, description }) => [name, description]),
      [['B', 'own']],
    )
    assert.equal(notes.find(({ kind }) => kind === 'duplicate')?.path, 'roles/A.json')
  })

  test('warn of a library that neither the package nor the platform has', () => {
    const content = {
      'code/services/s/s.json': { name: 's', dependencies: 'log,own,gone' },
      'code/services/s/s.js': '',
      'code/libraries/own/own.json': { name: 'own' },
      'code/libraries/own/own.js': '',
    }
    assert.deepEqual(kinds(content, { platformLibraries: ['log'] }), ['dangling s'])
    assert.match(read(content, { platformLibraries: ['log'] }).notes[0]!.message, /"gone"/)
  })

  test('warn of a timer without service, a trigger on a missing one and a deployment of nothing', () => {
    const found = kinds({
      'timers/t.json': { name: 't', service_name: '' },
      'triggers/t.json': { name: 't', service_name: 'constructor', key_value_pairs: null },
      'deployments/d.json': {
        name: 'd',
        edges: null,
        assets: [{ asset_class: 'toString', asset_id: '' }, null, { asset_class: 7 }],
      },
    }).filter((note) => note.startsWith('dangling'))
    assert.deepEqual(found.sort(), [
      'dangling deployments/d.json',
      'dangling timers/t.json',
      'dangling triggers/t.json',
    ])
  })

  test('are bounded in number', () => {
    const many = Array.from({ length: mostNotes + 10 }, (_, index) => [`roles/stray${index}.txt`, ''])
    const { notes } = read(Object.fromEntries(many))
    assert.equal(notes.length, mostNotes + 1)
    assert.match(notes.at(-1)!.message, /10 more notes/)
  })

  test('tell of a whole number with more digits than can be kept, by line', () => {
    const { notes } = read({
      'data/C.json': '{"schema": [{"ColumnName": "n", "ColumnType": "bigint"}],\n"items": [{"n": 9007199254740993}]}',
    })
    assert.match(notes.find(({ kind }) => kind === 'skipped')!.message, /data\/C\.json, line 2: .*rounded/)
  })
})

test('21,000 rows and 400 assets are read in seconds', () => {
  const column = (name: string) => ({ ColumnName: name, ColumnType: 'string', PK: false })
  const items = Array.from({ length: 21_000 }, (_, index) => ({
    item_id: `id-${index}`,
    a: `value ${index}`,
    b: 'x'.repeat(200),
  }))
  const content: Content = {
    'data/Big.json': JSON.stringify({ name: 'Big', schema: [column('a'), column('b')], items }, null, 4),
  }
  for (let index = 0; index < 400; index += 1) {
    content[`code/services/s${index}/s${index}.json`] = { name: `s${index}`, permissions: { Anonymous: 1 } }
    content[`code/services/s${index}/s${index}.js`] = `function s${index}(req, resp) {}`
  }
  const started = performance.now()
  const { model } = read(content)
  const written = writePackage(model)
  const took = performance.now() - started
  assert.equal(model.collections[0]!.rows.length, 21_000)
  assert.equal(written.size, 400 * 2 + 3)
  // Measured at well under a second; the bound only catches work that grows with the square.
  assert.ok(took < 10_000, `${Math.round(took)} ms`)
})
