/** Systems and their settings from a terminal. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { TestApp } from '../../../test/support/app.ts'
import { type Person, signedIn } from './command.fixture.ts'

const ends: (() => unknown)[] = []
let app: TestApp
let person: Person
let key = ''
before(async () => {
  ;({ app, person } = await signedIn({ after: (end) => ends.push(end) }))
})
after(async () => {
  for (const end of ends) await end()
})

const settingsOf = async (system: string) =>
  (await app.call('GET', '/admin/v/4/systemmanagement', { developer: app.developer, query: { id: system } })).body

describe('systems', () => {
  test('are made with a key and a secret, listed and shown', async () => {
    const none = await person.run(['system', 'list'])
    assert.equal(none.code, 0)
    assert.equal(none.stdout, '')
    assert.match(none.stderr, /gatehouse system create NAME/)
    assert.deepEqual(await person.json(['system', 'list']), [])

    const made = await person.json(['system', 'create', 'plant', '--description', 'the old hall'])
    key = made.system_key
    const stored = await settingsOf(key)
    assert.deepEqual([stored.name, stored.description], ['plant', 'the old hall'])
    assert.equal(made.system_secret, stored.appSecret)

    const list = await person.run(['system', 'list'])
    assert.equal(list.stdout, `NAME   KEY${' '.repeat(key.length - 3)}  AUTH SERVICE\nplant  ${key}  -\n`)
    assert.deepEqual(await person.json(['system', 'show', key]), made)
    assert.deepEqual(await person.json(['system', 'show', '--system', 'plant']), made)
    const shown = await person.run(['system', 'show'])
    assert.match(shown.stdout, new RegExp(`^system_key +${key}$`, 'm'))
    assert.match(shown.stderr, /"plant".*the only one/)
  })

  test('take every setting, and an empty text clears the auth service', async () => {
    const set = await person.json([
      ...['system', 'set', '--system', key, '--name', 'plant 2', '--description=', '--auth-service', 'signIn'],
      ...['--reg-service', 'register', '--auth-error-status', '401', '--anonymous', 'closed', '--registration=closed'],
      ...['--token-ttl', '700', '--token-ttl-user', '600', '--refresh-max-age', '1000', '--password-min-length', '12'],
    ])
    const stored = await settingsOf(key)
    const expected = {
      name: 'plant 2',
      description: '',
      auth_service: 'signIn',
      reg_service: 'register',
      auth_error_status: 401,
      anonymous: 'closed',
      registration: 'closed',
      token_ttl_user: 600,
      token_ttl_device: 700,
      token_ttl_anon: 700,
      refresh_max_age: 1000,
      password_min_length: 12,
    }
    for (const [name, value] of Object.entries(expected)) {
      assert.equal(stored[name], value, name)
      assert.equal(set[name], value, name)
    }
    assert.equal((await person.json(['system', 'set', '--auth-service', ''])).auth_service, '')
    assert.equal((await settingsOf(key)).auth_service, '')
    assert.equal((await settingsOf(key)).reg_service, 'register', 'what is not named stays')
  })

  test('an auth service that would refuse everybody is set with a warning', async () => {
    const { code, stdout, stderr } = await person.run(['system', 'set', '--auth-service', 'nobodysHome', '--json'])
    assert.equal(code, 0)
    assert.equal(JSON.parse(stdout).auth_service, 'nobodysHome')
    assert.match(stderr, /Warning: Sign-ins will be refused\. There is no service "nobodysHome"/)
    await person.json(['system', 'set', '--auth-service', ''])
  })

  test('an auth service ends sessions that it did not grant, unless they are to be kept', async () => {
    await person.json(['system', 'set', '--anonymous', 'open'])
    const { appSecret: secret } = await settingsOf(key)
    await app.createUser({ key }, 'op@example.com', 'the plant is quiet')
    const token = await app.signIn({ key, secret }, 'op@example.com', 'the plant is quiet')
    const checked = async () => (await app.call('POST', '/api/v/1/user/checkauth', { token })).status
    await person.json(['system', 'set', '--auth-service', 'one', '--keep-sessions'])
    assert.equal(await checked(), 200)
    await person.json(['system', 'set', '--auth-service', 'two'])
    assert.notEqual(await checked(), 200)
    await person.json(['system', 'set', '--auth-service='])
  })

  test('refuse what is no setting, before and at the node, and change nothing', async () => {
    const before = await settingsOf(key)
    for (const [args, words] of [
      [[], /What is to be changed\? See gatehouse system set --help\./],
      [['--anonymous', 'ajar'], /--anonymous is "ajar", but must be open or closed/],
      [['--token-ttl-user', '1h'], /--token-ttl-user is "1h", but must be a whole number/],
      [['--token-ttl-user', '0'], /token_ttl_user must be a whole number of seconds/],
      [['--auth-error-status', '500'], /auth_error_status must be 200 or 401/],
      [['--name', ''], /needs a name/],
      [['--name'], /--name needs a value: --name NAME/],
      [['--name', 'a', '--name', 'b'], /--name was given twice/],
      [['--auth-servce', 'x'], /Unknown flag --auth-servce\. Did you mean --auth-service\?/],
      [['--keep-sessions', '--name', 'x'], /--keep-sessions goes with --auth-service/],
      [['plant', '--name', 'x'], /"plant" is one too many: gatehouse system set/],
    ] as [string[], RegExp][]) {
      const { code, stdout, stderr } = await person.run(['system', 'set', ...args])
      assert.equal(code, 1, args.join(' '))
      assert.equal(stdout, '')
      assert.match(stderr, words)
      assert.equal(
        stderr
          .trim()
          .split('\n')
          .filter((line) => !line.startsWith('System "')).length,
        1,
        stderr,
      )
    }
    assert.deepEqual(await settingsOf(key), before)
  })
})

describe('a system of several developers', () => {
  test('is shared, taken away and handed over by e-mail, and its secret changes', async () => {
    const { key, secret } = await app.createSystem('shared')
    await app.createUser({ key }, 'op@example.com', 'the plant is quiet')
    const token = await app.signIn({ key, secret }, 'op@example.com', 'the plant is quiet')
    const kim = { email: 'kim@example.com', password: 'kim is at the other plant' }
    await app.call('POST', '/admin/reg', { body: kim })
    const at = ['--system', key]
    const shared = await person.json(['system', 'share', kim.email, ...at])
    assert.deepEqual(
      shared.developers.map((one: { email: string }) => one.email),
      [kim.email],
    )
    const list = await person.run(['system', 'share', ...at])
    assert.match(list.stdout, /^dev@example\.com +owner +-?\nkim@example\.com +developer +\d{4}-/m)
    assert.equal((await person.run(['system', 'unshare', kim.email, ...at])).code, 0)
    const nobody = await person.run(['system', 'share', 'no@example.com', ...at])
    assert.equal(nobody.code, 1)
    assert.match(nobody.stderr, /There is no developer no@example\.com on this node/)

    const unasked = await person.run(['system', 'new-secret', ...at])
    assert.match(unasked.stderr, /needs --yes/)
    const renewed = await person.json(['system', 'new-secret', ...at, '--yes'])
    const body = { email: 'op@example.com', password: 'the plant is quiet' }
    assert.equal((await app.call('POST', '/api/v/1/user/auth', { system: { key, secret }, body })).status, 401)
    const withNew = { key, secret: renewed.system_secret }
    assert.equal((await app.call('POST', '/api/v/1/user/auth', { system: withNew, body })).status, 200)
    assert.equal((await app.call('POST', '/api/v/1/user/checkauth', { token })).status, 200, 'sessions go on')

    assert.match((await person.run(['system', 'transfer', kim.email, ...at])).stderr, /needs --yes/)
    assert.equal((await person.json(['system', 'transfer', kim.email, ...at, '--yes'])).owner, kim.email)
    const refused = await person.run(['system', 'delete', key, '--yes'])
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /Only the owner/)
    assert.equal((await person.run(['system', 'unshare', 'dev@example.com', ...at])).code, 0, 'he leaves')
  })
})

describe('the system that is meant', () => {
  test('is named by system.json up the folders, where it names one of yours', async () => {
    const other = await app.createSystem('other')
    const folder = person.folder('checkout/code/services')
    const file = join(person.home, 'checkout', 'system.json')
    const show = (folder: string) => person.run(['system', 'show', '--json'], { folder })

    const ambiguous = await show(folder)
    assert.equal(ambiguous.code, 1)
    assert.match(ambiguous.stderr, new RegExp(`Which system\\? Name one with --system KEY: .*${other.key}`))
    writeFileSync(file, JSON.stringify({ name: 'x', system_key: other.key }))
    const found = await show(folder)
    assert.equal(JSON.parse(found.stdout).system_key, other.key)
    assert.ok(found.stderr.includes(`System "other" (${other.key}), which ${file} names, at `), found.stderr)

    // The folder of a package that names no system does not hide the one around it.
    writeFileSync(join(person.home, 'checkout', 'code', 'system.json'), '{"name": "package", "system_key": ""}')
    assert.equal(JSON.parse((await show(folder)).stdout).system_key, other.key)

    writeFileSync(file, '{"system_key": "8e4bb4cb0bd4c1adfca7f489b8a5"}')
    const strangers = await show(folder)
    assert.equal(strangers.code, 1)
    assert.match(strangers.stderr, /system 8e4bb4cb0bd4c1adfca7f489b8a5, which is none of/)
    const named = await person.run(['system', 'show', other.key, '--json'], { folder })
    assert.equal(JSON.parse(named.stdout).system_key, other.key)

    writeFileSync(file, '{\n  "system_key" "x"\n}')
    const broken = await show(folder)
    assert.equal(broken.code, 1)
    assert.match(broken.stderr, /system\.json, line 2, column \d+: this is not valid JSON/)
    mkdirSync(join(folder, 'system.json'))
    assert.match(
      (await show(folder)).stderr,
      /system\.json, line 2, column \d+: this is not valid JSON/,
      'a folder of that name is passed by',
    )
  })

  test('is not guessed among several with one name', async () => {
    await app.createSystem('twin')
    await app.createSystem('twin')
    const { code, stderr } = await person.run(['system', 'show', 'twin'])
    assert.equal(code, 1)
    assert.match(stderr, /Several systems are called "twin"/)
  })
})

describe('deleting a system', () => {
  test('needs its key and a yes, and takes that one alone', async () => {
    const doomed = await app.createSystem('doomed')
    const withoutYes = await person.run(['system', 'delete', doomed.key])
    assert.equal(withoutYes.code, 1)
    assert.match(withoutYes.stderr, /Deleting "doomed" needs --yes/)
    const byName = await person.run(['system', 'delete', 'doomed', '--yes'])
    assert.equal(byName.code, 1)
    assert.match(byName.stderr, /no system with the key doomed/)
    const withoutKey = await person.run(['system', 'delete', '--yes'])
    assert.match(withoutKey.stderr, /KEY is missing: gatehouse system delete KEY/)
    assert.equal((await settingsOf(doomed.key)).name, 'doomed')

    const before = await person.json(['system', 'list'])
    const deleted = await person.json(['system', 'delete', doomed.key, '--yes'])
    assert.deepEqual(deleted, { system_key: doomed.key, name: 'doomed', deleted: true })
    const rest = before.filter((one: { system_key: string }) => one.system_key !== doomed.key)
    assert.equal(rest.length, before.length - 1)
    assert.deepEqual(await person.json(['system', 'list']), rest)
  })
})

describe('help', () => {
  const commands = [
    ...['login', 'logout', 'system list', 'system create', 'system show', 'system set', 'system delete'],
    ...['service list', 'service run', 'service set', 'service push', 'service versions', 'service use'],
    ...['library push', 'library versions', 'library use'],
    ...['system pull', 'system push', 'system watch', 'catalogue list', 'catalogue add', 'catalogue remove'],
    ...['package fetch', 'package install', 'package upgrade', 'package undo', 'package list', 'package readme'],
    ...['package export'],
  ]
  test('of every command has examples and exit codes, and needs no sign-in', async () => {
    for (const name of commands) {
      const { code, stdout, stderr } = await person.run([...name.split(' '), '--help'], {
        env: { XDG_CONFIG_HOME: '/nowhere' },
      })
      assert.equal(code, 0, stderr)
      assert.ok(stdout.startsWith(`gatehouse ${name}`), stdout)
      assert.match(stdout, new RegExp(`Examples?:\n.*gatehouse ${name}`))
      assert.match(stdout, /Exit codes: 0 done, 1 not done/)
      assert.match(stdout, /--json/)
      const wide = stdout.split('\n').filter((line) => line.length > 120 && !line.includes('gatehouse login'))
      assert.deepEqual(wide, [], 'a line is wider than a terminal')
    }
  })

  test('of a group lists its commands, and a wrong one is answered with the near one', async () => {
    for (const group of ['system', 'service', 'library', 'package', 'catalogue']) {
      const { code, stdout } = await person.run([group, '--help'])
      assert.equal(code, 0)
      for (const name of commands.filter((one) => one.startsWith(`${group} `))) {
        assert.ok(stdout.includes(`gatehouse ${name}`), name)
      }
      assert.equal((await person.run([group])).code, 1)
    }
    const wrong = await person.run(['system', 'lst'])
    assert.equal(wrong.code, 1)
    assert.equal(wrong.stderr, 'There is no "gatehouse system lst". Did you mean "list"?\n')
  })
})
