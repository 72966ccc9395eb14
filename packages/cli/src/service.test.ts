/** Services and libraries from a terminal: pushing, running and changing them. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { TestApp } from '../../../test/support/app.ts'
import { type Person, signedIn } from './command.fixture.ts'

const ends: (() => unknown)[] = []
let app: TestApp
let person: Person
let system: { key: string; secret: string }
before(async () => {
  ;({ app, person } = await signedIn({ after: (end) => ends.push(end) }))
  system = await app.createSystem('plant')
  await app.createSystem('other')
  writeFileSync(join(person.home, 'system.json'), JSON.stringify({ system_key: system.key }))
})
after(async () => {
  for (const end of ends) await end()
})

const written = (name: string, text: string | Uint8Array): string => {
  writeFileSync(join(person.home, name), text)
  return name
}
const stored = async (name: string) =>
  (await app.call('GET', `/admin/code/v/1/${system.key}/${name}`, { developer: app.developer })).body
/** What a command said, but for the line about the system it took. */
const said = (stderr: string): string => stderr.replace(/^System "plant".*\n/, '')

describe('push', () => {
  const code = 'function valves(req, resp) { resp.success(req.params.valve) }\n'

  test('makes a service, updates it, and leaves alone what is the same', async () => {
    const file = written('valves.js', code)
    const push = () => person.json(['service', 'push', 'valves', file])
    assert.deepEqual(await push(), { name: 'valves', version: 1, done: 'created' })
    assert.deepEqual(await push(), { name: 'valves', version: 1, done: 'unchanged' })
    assert.equal((await stored('valves')).code, code)
    await person.json(['service', 'set', 'valves', '--requires', 'clearblade', '--timeout', '7'])
    written('valves.js', `${code}// second\n`)
    assert.equal((await push()).done, 'updated')
    const now = await stored('valves')
    assert.match(now.code, /second/)
    assert.equal(now.dependencies, 'clearblade', 'what is set beside the code stays')
    assert.equal(now.execution_timeout, 7)
  })

  test('offers to move a key that was typed, and moves it when told to', async () => {
    const file = written('keys.js', "var API_TOKEN = 'tok-123'\nvar BASE = 'https://api.example.com/v1'\n")
    const first = await person.run(['library', 'push', 'keys', file])
    assert.equal(first.code, 0)
    assert.match(first.stderr, /API_TOKEN in line 1 looks like a key.*\n.*gatehouse library secrets keys --move/)
    const found = await person.json(['library', 'secrets', 'keys'])
    assert.deepEqual(found[0], { constant: 'API_TOKEN', line: 1, secret: 'API_TOKEN', hosts: ['api.example.com'] })
    assert.equal((await person.json(['library', 'secrets', 'keys', '--move'])).version, 2)
    const { code } = (await app.call('GET', `/codeadmin/v/2/library/${system.key}/keys`, { developer: app.developer }))
      .body
    assert.match(code, /API_TOKEN = 'secret:API_TOKEN'/)
    const after = await person.run(['library', 'secrets', 'keys'])
    assert.match(after.stderr, /Nothing in keys looks like a key/)
    const none = await person.run(['library', 'secrets', 'keys', '--move'])
    assert.equal(none.code, 1)
  })

  test('saves code that does not compile, shows its line and exits with 2', async () => {
    const file = written('broken.js', 'function broken(req, resp) {\n\tvar = 1\n}\n')
    const first = await person.run(['service', 'push', 'broken', file])
    assert.equal(first.code, 2)
    assert.equal(first.stdout, '')
    const shown = 'broken.js:2:6 Unexpected token\n1 | function broken(req, resp) {\n2 | \tvar = 1\n  | \t    ^\n'
    assert.equal(said(first.stderr), `Service broken created, version 1.\nIt does not compile:\n${shown}`)
    const again = await person.run(['service', 'push', 'broken', file, '--json'])
    assert.equal(again.code, 2)
    const { done, problem } = JSON.parse(again.stdout)
    assert.equal(done, 'unchanged')
    assert.deepEqual([problem.line, problem.column], [2, 5])
  })

  test('takes a library too, also from stdin', async () => {
    const push = (input: string) => person.run(['library', 'push', 'units', '-', '--json'], { input })
    const first = await push('function bar(x) { return x / 100 }')
    assert.equal(first.code, 0, first.stderr)
    assert.deepEqual(JSON.parse(first.stdout), { name: 'units', version: 1, done: 'created' })
    assert.equal(JSON.parse((await push('function bar(x) { return x / 1000 }')).stdout).version, 2)
    await person.json(['library', 'use', 'units', '1'])
    const versions = await person.json(['library', 'versions', 'units'])
    assert.deepEqual(
      versions.map((one: { version: number; current: boolean }) => [one.version, one.current]),
      [
        [2, false],
        [1, true],
      ],
    )
  })

  test('names a file that is not there or no text, and a name that can be none', async () => {
    for (const [name, file, words] of [
      ['valves', 'nowhere.js', /nowhere\.js cannot be read: there is no such file\./],
      ['valves', '.', /cannot be read: it is a folder\./],
      ['valves', written('bytes.js', new Uint8Array([0xff, 0xfe, 0x00])), /bytes\.js is not a text in UTF-8\./],
      ['..', 'valves.js', /"\.\." is no name\./],
      ['a/../b', 'valves.js', /cannot name a service/],
    ] as [string, string, RegExp][]) {
      const { code, stderr } = await person.run(['service', 'push', name, file])
      assert.equal(code, 1)
      assert.match(said(stderr), words)
      assert.equal(said(stderr).trim().split('\n').length, 1, stderr)
    }
    assert.equal((await stored('valves')).name, 'valves')
  })
})

describe('run', () => {
  before(async () => {
    const services = {
      add: 'log("adds"); resp.success(req.params.a + req.params.b)',
      refuse: 'log("no"); resp.error({ why: "closed" })',
      fall: 'throw new Error("pipe burst")',
      page: 'resp.set({ "content-type": "application/json" }); resp.status(req.params.status); resp.send({ a: 1 })',
    }
    for (const [name, body] of Object.entries(services)) {
      await app.createService(system, name, `function ${name}(req, resp) { ${body} }`, { requires: 'log' })
    }
  })

  test('answers on stdout, logs on stderr, in one value with --json', async () => {
    const file = written('params.json', '{"a": 2, "b": 3}')
    const plain = await person.run(['service', 'run', 'add', '--params', file])
    assert.equal(plain.code, 0, plain.stderr)
    assert.equal(plain.stdout, '5\n')
    assert.match(said(plain.stderr), /^.*adds\n$/)
    const value = await person.json(['service', 'run', 'add', '--params', '-'], { input: '{"a": "x", "b": "y"}' })
    assert.equal(value.success, true)
    assert.equal(value.results, 'xy')
    assert.match(value.logs, /adds/)
    const text = await person.run(['service', 'run', 'add', '--params-json', '{"a": "x", "b": "y"}'])
    assert.equal(text.stdout, 'xy\n')
  })

  test('exits with 2 where the service refused or failed, and with 1 where it was not run', async () => {
    const refused = await person.run(['service', 'run', 'refuse', '--json'])
    assert.equal(refused.code, 2)
    const { success, results, logs } = JSON.parse(refused.stdout)
    assert.deepEqual([success, results], [false, { why: 'closed' }])
    assert.match(logs, /no/)
    const fell = await person.run(['service', 'run', 'fall'])
    assert.equal(fell.code, 2)
    assert.match(fell.stdout, /pipe burst/)
    assert.match(fell.stderr, /fall did not succeed/)
    const missing = await person.run(['service', 'run', 'nothing', '--json'])
    assert.equal(missing.code, 1)
    assert.match(JSON.parse(missing.stdout).error.message, /There is no service "nothing" in this system\./)
  })

  test('shows what a service sends itself, and takes its status for how it went', async () => {
    const page = (status: number) =>
      person.run(['service', 'run', 'page', '--params-json', JSON.stringify({ status }), '--json'])
    const well = await page(201)
    assert.equal(well.code, 0, well.stderr)
    assert.deepEqual(JSON.parse(well.stdout), { success: true, results: { a: 1 }, status: 201 })
    assert.equal((await page(302)).code, 0, 'a redirect of a service is its answer')
    // The 401 of a service says nothing about the sign-in of whoever runs it, and the service is not run again.
    const before = readFileSync(person.file, 'utf8')
    const refused = await page(401)
    assert.equal(refused.code, 2, refused.stderr)
    assert.equal(readFileSync(person.file, 'utf8'), before)
  })

  test('refuses parameters that are no object, without repeating them', async () => {
    for (const [args, words] of [
      [
        ['--params', written('secret.json', '{"password" "geheim"}')],
        /secret\.json, line 1, column 13: this is not valid JSON/,
      ],
      [['--params-json', '[geheim]'], /--params-json, line 1, column 2: this is not valid JSON/],
      [['--params-json', '[1]'], /must hold a JSON object/],
      [['--params', 'none.json'], /there is no such file/],
      [['--params', 'params.json', '--params-json', '{}'], /not both/],
    ] as [string[], RegExp][]) {
      const { code, stderr } = await person.run(['service', 'run', 'add', ...args])
      assert.equal(code, 1)
      assert.match(stderr, words)
      assert.doesNotMatch(stderr, /geheim/)
    }
  })
})

describe('set', () => {
  const rights = async (role: string): Promise<{ Name: string; Level: number }[]> => {
    const { body } = await app.call('GET', `/admin/user/${system.key}/roles`, { developer: app.developer })
    return body.find((one: { Name: string }) => one.Name === role).Permissions.CodeServices
  }

  before(async () => {
    await app.createUser(system, 'runner@example.com', 'runs the services')
    await app.createService(system, 'gate', 'function gate(req, resp) { resp.success(req.userEmail) }')
  })

  test('says as whom a service runs, what it requires and who may execute it', async () => {
    const set = await person.json([
      ...['service', 'set', 'gate', '--run-as', 'runner@example.com', '--requires', 'clearblade,units'],
      ...['--grant', 'Anonymous', '--grant', 'Authenticated', '--timeout', '-1', '--logging', 'on'],
    ])
    assert.deepEqual(
      [set.run_as, set.requires, set.execution_timeout, set.logging_enabled],
      ['runner@example.com', ['clearblade', 'units'], -1, true],
    )
    assert.deepEqual(set.executable_by.filter((name: string) => name !== 'Administrator').sort(), [
      'Anonymous',
      'Authenticated',
    ])
    assert.equal((await person.json(['service', 'run', 'gate'])).results, 'runner@example.com')
    assert.deepEqual(
      (await rights('Anonymous')).filter((one) => one.Level > 0).map((one) => one.Name),
      ['gate'],
    )
    const list = await person.run(['service', 'list'])
    assert.match(list.stdout, /^NAME +VERSION +RUNS AS +TIMEOUT +LOGGING$/m)
    assert.match(list.stdout, /^gate +2 +runner@example\.com +none +on$/m)
    assert.match(list.stdout, /^add +1 +caller +60 s +off$/m)
  })

  test('takes away the right to execute alone, and clears what is empty', async () => {
    await app.grant(system, 'Authenticated', { services: [{ itemInfo: { name: 'gate' }, permissions: 5 }] })
    const set = await person.json([
      ...[
        'service',
        'set',
        'gate',
        '--revoke',
        'Authenticated',
        '--revoke',
        'Anonymous',
        '--run-as',
        '',
        '--requires=',
      ],
    ])
    assert.deepEqual([set.run_as, set.requires, set.logging_enabled], ['', [], true])
    assert.equal((await rights('Authenticated')).find((one) => one.Name === 'gate')?.Level, 4)
    assert.equal((await rights('Anonymous')).find((one) => one.Name === 'gate')?.Level ?? 0, 0)
    await person.json(['service', 'set', 'gate', '--grant', 'Authenticated'])
    assert.equal((await rights('Authenticated')).find((one) => one.Name === 'gate')?.Level, 5, 'and adds it to others')
    const still = await person.run(['service', 'set', 'gate', '--revoke', 'Administrator'])
    assert.match(still.stderr, /Warning: Administrator may still execute it, by its right on all services/)
  })

  test('changes nothing where a role, a user or the service is not there', async () => {
    const before = [await stored('gate'), await rights('Anonymous'), await rights('Authenticated')]
    for (const [args, words] of [
      [['gate', '--grant', 'Anonymous', '--grant', 'Anonymus'], /There is no role "Anonymus" in this system/],
      [['gate', '--grant', 'Anonymous', '--run-as', 'nobody@example.com'], /no user "nobody@example\.com"/],
      [['nothing', '--grant', 'Anonymous'], /There is no service "nothing"/],
      [['gate', '--grant', 'Anonymous', '--revoke', 'Anonymous'], /--grant and --revoke both name Anonymous/],
      [['gate', '--logging', 'yes'], /must be on or off/],
      [['gate', '--timeout', 'soon'], /must be a whole number/],
      [['gate'], /What is to be changed\?/],
    ] as [string[], RegExp][]) {
      const { code, stderr } = await person.run(['service', 'set', ...args])
      assert.equal(code, 1, args.join(' '))
      assert.match(said(stderr), words)
    }
    assert.deepEqual([await stored('gate'), await rights('Anonymous'), await rights('Authenticated')], before)
  })
})

test('an older version can be made the current one', async () => {
  for (const answer of [1, 2]) {
    const file = written('level.js', `function level(req, resp) { resp.success(${answer}) }`)
    await person.json(['service', 'push', 'level', file])
  }
  const result = async () => (await person.json(['service', 'run', 'level'])).results
  assert.equal(await result(), 2)
  assert.deepEqual(await person.json(['service', 'use', 'level', '1']), { name: 'level', version: 1 })
  assert.equal(await result(), 1)
  const { stdout } = await person.run(['service', 'versions', 'level'])
  assert.match(stdout, /^VERSION +CURRENT +SAVED +BY\n2 +- +\S+ +developer dev@example\.com\n1 +current +/)
  for (const version of ['9', '0', 'x']) assert.equal((await person.run(['service', 'use', 'level', version])).code, 1)
  assert.equal(await result(), 1)
})
