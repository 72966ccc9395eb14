/** Commands of packages and folders, used wrongly: one sentence that says what to do, exit code 1, nothing changed. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { filesOf, service } from '@gatehouse/server/deploy/import.fixture.ts'
import type { TestApp } from '../../../test/support/app.ts'
import { plainEnvironment } from '../../../test/support/environment.ts'
import { type Person, signedIn } from './command.fixture.ts'

const ends: (() => unknown)[] = []
let app: TestApp
let person: Person
before(async () => {
  ;({ app, person } = await signedIn({ after: (end) => ends.push(end) }))
  for (const [path, content] of [
    ['bare/notes.txt', 'x'],
    ['several/a/system.json', '{}'],
    ['several/b/system.json', '{}'],
    ['broken/system.json', '{\n  "name": "x",\n  "auth": tru\n}'],
    ['half/system.json', '{\n  "system_key": '],
    ['nameless/system.json', '{}'],
    ['empty.zip', ''],
    ['file', 'x'],
  ] as const) {
    write(path, content)
  }
  for (const [path, bytes] of filesOf(service('one', {}, 'resp.success(1)'))) write(`good/${path}`, bytes)
  await person.json(['package', 'install', 'good', '--yes', '--name', 'plant'])
})
after(async () => {
  for (const end of ends) await end()
})

function write(path: string, content: string | Buffer): void {
  mkdirSync(dirname(join(person.home, path)), { recursive: true })
  writeFileSync(join(person.home, path), content)
}

const systemNames = async (): Promise<string[]> =>
  (await app.call('GET', '/admin/allsystems', { developer: app.developer })).body.map((one: any) => one.name)

const wrong: [what: string, line: string, says: RegExp][] = [
  ['a source that is not there', 'package install nowhere --yes', /^nowhere cannot be read: there is no such file or/],
  ['a folder without a package', 'package install bare --yes', /^bare: No system\.json was found/],
  ['a folder of several', 'package install several --yes', /^several: .*"a", "b"\. Say which .*\(--folder NAME\)\.$/],
  ['broken JSON', 'package install broken --yes', /^system\.json, line 3, column 11: this is not valid JSON/],
  ['an empty file', 'package install empty.zip --yes', /^empty\.zip is empty\./],
  ['a file that is no archive', 'package fetch file', /^This is no archive that can be read/],
  ['an empty name', 'package install good --yes --name=', /^--name is empty\./],
  ['no name at all', 'package install nameless --yes', /does not say what .* is called\. Give .*--name NAME/],
  ['no name at all in a dry run', 'package install nameless --dry-run', /does not say what .* is called\./],
  ['a name that exists', 'package install good --yes --name plant', /^You have a system "plant" already/],
  ['a name that exists in a dry run', 'package install good --dry-run --name plant', /^You have a system "plant"/],
  [
    'a folder to write a zip in',
    'package export no/x.zip --system plant',
    /^no\/x\.zip cannot .*: there is no folder no\.$/,
  ],
  ['a file to export into', 'package export file --system plant', /^file is not a folder\.$/],
  ['a file to pull into', 'system pull file --system plant', /file is not a folder\.$/],
  ['a folder to push', 'system push nowhere --yes --system plant', /nowhere" cannot be read: it does not exist/],
  [
    'half a system.json',
    'system push half --yes',
    /half\/system\.json, line 2, column \d+: .*ends too early\. Correct it/,
  ],
  ['a node that is not there', 'package list --url http://localhost:1', /^You are not signed in at .*Log in first/],
  ['a command that is not there', 'pakage list', /^There is no command "pakage"\. Did you mean "package"\?$/m],
]
for (const [what, line, says] of wrong) {
  test(`is refused with a sentence, and with one JSON value: ${what}`, async () => {
    const { code, stdout, stderr } = await person.run([...line.split(' '), '--json'])
    assert.equal(code, 1, stdout)
    const { error } = JSON.parse(stdout)
    assert.match(error.message, says)
    assert.ok(stderr.includes(error.message))
    assert.doesNotMatch(stderr, /^ {4}at /m)
    assert.deepEqual(await systemNames(), ['plant'])
    assert.ok(!existsSync(join(person.home, 'no')))
  })
}

test('a flag that names nothing is told, since it would be taken for an answer', async () => {
  const flags = ['--overwrite', 'service/on', '--overwrite', 'service/one', '--run-as', 'two=op@example.com']
  const { code, stderr } = await person.run(['package', 'upgrade', 'good', '--system', 'plant', '--dry-run', ...flags])
  assert.equal(code, 0, stderr)
  assert.match(stderr, /^Warning: --overwrite service\/on names nothing/m)
  assert.match(stderr, /^Warning: --run-as two=…: there is no such service/m)
  assert.doesNotMatch(stderr, /service\/one /)
})

test('what is in the way and can give way is told with the flag for it', async () => {
  const { key } = await app.createSystem('valley')
  await app.createService({ key }, 'two', 'function two(req, resp) { resp.success("mine") }')
  await person.json(['package', 'install', 'good', '--yes', '--system', key])
  const both = { ...service('one', {}, 'resp.success(1)'), ...service('two', {}, 'resp.success(2)') }
  for (const [path, bytes] of filesOf(both)) write(`better/${path}`, bytes)
  const args = ['package', 'install', 'better', '--yes', '--system', key]
  const refused = await person.run(args)
  assert.equal(refused.code, 1)
  assert.match(
    refused.stderr,
    /It is here already, and is not from this package.*\nTo let .* add: --overwrite service\/two$/m,
  )
  assert.equal((await person.run([...args, '--overwrite', 'service/two'])).code, 0)
  await person.run(['system', 'delete', key, '--yes'])
})

test('whoever stops reading gets no stack', async () => {
  const gatehouse = fileURLToPath(new URL('gatehouse.js', import.meta.url))
  const child = spawn(process.execPath, [gatehouse, 'package', 'fetch', 'good', '--json'], {
    env: { ...plainEnvironment(), HOME: person.home, XDG_CONFIG_HOME: person.config },
    cwd: person.home,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child.stdout.destroy()
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
  assert.equal(said, '')
  assert.equal(code, 1)
})
