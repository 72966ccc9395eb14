/** Packages from a terminal and from scripts: looking, importing, upgrading, exporting, on a real node. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { column, filesOf, role, service, twoFactorFiles } from '@gatehouse/server/deploy/import.fixture.ts'
import type { TestApp } from '../../../test/support/app.ts'
import { atTerminal, type Person, type Ran, signedIn } from './command.fixture.ts'

const ends: (() => unknown)[] = []
let app: TestApp
let url: string
let person: Person
before(async () => {
  ;({ app, url, person } = await signedIn({ after: (end) => ends.push(end) }))
})
after(async () => {
  for (const end of ends) await end()
})

let count = 0
/** A new folder with a package in it. */
function packageAt(files: Record<string, unknown>, inside = ''): string {
  const folder = join(person.home, `package${++count}`)
  for (const [path, bytes] of filesOf(files)) {
    const file = join(folder, inside, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, bytes)
  }
  return folder
}

const systems = async (): Promise<any[]> =>
  (await app.call('GET', '/admin/allsystems', { developer: app.developer })).body
const codeOf = async (key: string, name: string): Promise<string> =>
  (await app.call('GET', `/admin/code/v/1/${key}/${name}`, { developer: app.developer })).body.code

function demandRefusal({ code, stdout, stderr }: Ran, words: RegExp): void {
  assert.equal(code, 1, stdout + stderr)
  assert.match(stderr, words)
  assert.doesNotMatch(stderr, /node:internal|\[object|undefined/)
}

describe('fetch', () => {
  test('shows what is in a folder, what is odd and what it may do, and changes nothing', async () => {
    const folder = packageAt(twoFactorFiles)
    const before = await systems()
    const { code, stdout, stderr } = await person.run(['package', 'fetch', folder])
    assert.equal(code, 0, stderr)
    assert.match(stdout, /^package +two-factor$/m)
    assert.match(stdout, /^service +2 +authOverride, setUp$/m)
    assert.match(stdout, /Anybody may run, without signing in\nauthOverride\n/)
    assert.match(stdout, /^authOverride +bot@example\.com +comes with the package$/m)
    assert.match(stdout, /^bot@example\.com +helper/m)
    assert.match(stdout, /^node\.example\.com +address +library\/Constants$/m)
    assert.match(stdout, /^Portals\nNAME +FILES\nTwo Factor Login +1$/m)
    assert.match(stdout, /^Warnings$/m)
    assert.doesNotMatch(stdout + stderr, /from-the-file|\btok\b/)
    const value = await person.json(['package', 'fetch', folder])
    assert.deepEqual([value.name, value.review.anonymous], ['two-factor', ['authOverride']])
    assert.deepEqual(await systems(), before)
  })

  test('takes an address, a zip and a folder above the package, which are the same package', async () => {
    const inner = packageAt(twoFactorFiles, 'deep/inside')
    const zip = join(person.home, 'two.zip')
    await person.json(['package', 'install', inner, '--yes', '--name', 'zipped'])
    const { contentHash } = await person.json(['package', 'fetch', inner])
    await person.json(['package', 'export', zip, '--system', 'zipped'])
    assert.equal((await person.json(['package', 'fetch', zip])).name, 'two-factor')
    assert.equal((await person.json(['package', 'fetch', packageAt(twoFactorFiles)])).contentHash, contentHash)
    const shipped = await person.json(['package', 'fetch', `${url}/packages/shift-sign-in`])
    assert.deepEqual([shipped.source.kind, shipped.review.anonymous], ['archive', ['shiftSignIn']])
  })

  test('sends nothing of version control, of other tools and of what a link leads to', async () => {
    const folder = packageAt({ ...twoFactorFiles, 'data/Tokens.json': { name: 'Tokens', schema: [], items: [] } })
    const { contentHash } = await person.json(['package', 'fetch', folder])
    for (const path of ['.git/config', '.cb-cli/cbmeta', 'node_modules/x/data.json', '.gatehouse/pulled.zip']) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), 'token-of-somebody')
    }
    assert.equal((await person.json(['package', 'fetch', folder])).contentHash, contentHash)
    symlinkSync('/etc/hostname', join(folder, 'data', 'Stolen.json'))
    demandRefusal(await person.run(['package', 'fetch', folder]), /"data\/Stolen\.json" is a symbolic link/)
  })

  test('says in a sentence what is no package', async () => {
    const several = packageAt({})
    cpSync(packageAt(twoFactorFiles), join(several, 'a'), { recursive: true })
    cpSync(packageAt(twoFactorFiles), join(several, 'b'), { recursive: true })
    writeFileSync(join(person.home, 'note.txt'), 'hello')
    mkdirSync(join(person.home, 'bare'), { recursive: true })
    for (const [args, words] of [
      [['nothing/here'], /nothing\/here cannot be read: there is no such file.*https:\/\/github\.com\/nothing\/here/],
      [['note.txt'], /neither zip nor tar\.gz/],
      [['bare'], /There are no files here/],
      [['note.txt', '--ref', 'v1'], /--ref goes with the address of a repository/],
      [['git@github.com:owner/repository'], /for SSH.*https:\/\/github\.com\/owner\/repository/],
      [[several, '--folder', 'c'], /no folder "c"/],
      [[], /SOURCE is missing: gatehouse package fetch SOURCE/],
    ] as [string[], RegExp][]) {
      demandRefusal(await person.run(['package', 'fetch', ...args]), words)
    }
    assert.equal((await person.json(['package', 'fetch', several, '--folder', 'b'])).name, 'two-factor')
  })
})

describe('install', () => {
  test('makes a new system from a folder without a question, and prints one JSON value', async () => {
    const folder = packageAt(twoFactorFiles)
    const { code, stdout, stderr } = await person.run([
      'package',
      'install',
      folder,
      '--yes',
      '--json',
      '--name',
      'two',
    ])
    assert.equal(code, 0, stderr)
    const value = JSON.parse(stdout)
    const made = (await systems()).find((one) => one.name === 'two')
    assert.equal(value.system_key, made.appID)
    assert.equal(value.system_secret, made.appSecret)
    assert.deepEqual([value.name, value.url, value.is_new], ['two', url, true])
    assert.equal(value.passwords.length, 1)
    const system = { key: value.system_key, secret: value.system_secret }
    await app.set(system, { run_as_sign_in: 'allowed' })
    assert.ok(await app.signIn(system, value.passwords[0].email, value.passwords[0].password))
    assert.ok(!value.kept.some((one: any) => one.kind === 'portal'))
    assert.ok(
      value.next.some((step: string) => /gatehouse portal url .*Two Factor Login/.test(step)),
      value.next.join(),
    )
    assert.ok(
      value.next.some((step: string) => /setUp was made to run as 5a9fa0d70b/.test(step)),
      value.next.join(),
    )
    assert.match(stderr, /^Warning: /m)
    assert.match(await codeOf(system.key, 'setUp'), /function setUp/)
  })

  test('tells people what was made, and the new passwords once', async () => {
    const folder = packageAt(twoFactorFiles)
    const { code, stdout, stderr } = await person.run(['package', 'install', folder, '--yes', '--name', 'told'])
    assert.equal(code, 0, stderr)
    assert.match(stdout, /^system_key +\w+$/m)
    assert.match(stdout, /^system_secret +\w+$/m)
    assert.match(stdout, /New passwords\. They are shown this once\nE-MAIL +PASSWORD\nbot@example\.com +\S+$/m)
    assert.match(
      stdout,
      /^- Open the portal Two Factor Login: gatehouse portal url .*Two Factor Login.* --system \w+$/m,
    )
    assert.match(stdout, /gatehouse service set setUp --system \w+ --run-as EMAIL/)
    const readme = await person.run(['package', 'readme', '--system', 'told'])
    assert.equal(readme.stdout, '# Two factor\n<script>alert(1)</script>\n')
  })

  test('does nothing where nobody can say yes, where the name is taken, and on a dry run', async () => {
    const folder = packageAt(twoFactorFiles)
    await app.createSystem('taken')
    const before = await systems()
    demandRefusal(await person.run(['package', 'install', folder]), /Importing needs --yes where there is no terminal/)
    const taken = await person.run(['package', 'install', folder, '--yes', '--json', '--name', 'taken'])
    demandRefusal(taken, /You have a system "taken" already.*--name NAME/)
    assert.match(JSON.parse(taken.stdout).error.message, /"taken" already/)
    const dry = await person.run(['package', 'install', folder, '--dry-run', '--name', 'dry'])
    assert.equal(dry.code, 0, dry.stderr)
    assert.match(dry.stdout, /^Nothing was changed\. It would be:$/m)
    assert.match(dry.stdout, /^new +service +authOverride/m)
    assert.equal((await person.json(['package', 'install', folder, '--dry-run', '--name', 'dry'])).dryRun, true)
    for (const [args, words] of [
      [['--name', 'x', '--system', 'taken'], /Give one of them/],
      [['--run-as', 'setUp'], /--run-as is "setUp", but must be like/],
      [['--choose', 'service/nothing'], /The package has no service\/nothing/],
      [['--system', 'nowhere'], /There is no system "nowhere"/],
    ] as [string[], RegExp][]) {
      demandRefusal(await person.run(['package', 'install', folder, '--yes', ...args]), words)
    }
    assert.deepEqual(await systems(), before)
  })

  test('lets a service run as somebody who is there, and takes chosen assets alone', async () => {
    const system = await app.createSystem('chosen')
    await app.createUser(system, 'runner@example.com', 'runs the services')
    const args = ['package', 'install', packageAt(twoFactorFiles), '--yes', '--system', system.key]
    const value = await person.json([...args, '--choose', 'service/setUp', '--run-as', 'setUp=runner@example.com'])
    assert.deepEqual([value.is_new, value.system_secret, value.passwords], [false, undefined, []])
    assert.deepEqual(
      value.run_as.map((one: any) => [one.service, one.becomes]),
      [['setUp', 'runner@example.com']],
    )
    const services = await person.json(['service', 'list', '--system', system.key])
    assert.deepEqual(
      services.map((one: any) => [one.name, one.run_as]),
      [['setUp', 'runner@example.com']],
    )
  })

  test('widens standing power by name alone, also with --yes', async () => {
    const system = await app.createSystem('payroll')
    await app.createCollection(system, 'Payroll', { amount: 'int' })
    const level = role('Anonymous', { Collections: [{ Name: 'Payroll', Level: 1 }] })
    const folder = packageAt({ 'roles/Anonymous.json': level, ...service('read') })
    const name = 'right:Anonymous:collections/Payroll:read'
    const args = ['package', 'install', folder, '--yes', '--system', system.key]
    const refused = await person.run([...args, '--json'])
    demandRefusal(refused, /The role "Anonymous" gets read on collections\/Payroll/)
    assert.match(refused.stderr, new RegExp(`If all of it is meant, add: --allow ${name}$`, 'm'))
    assert.deepEqual(JSON.parse(refused.stdout).error.widening[0].name, name)
    assert.deepEqual(await person.json(['service', 'list', '--system', system.key]), [], 'nothing was imported')
    assert.equal((await person.run([...args, '--allow', 'right:Anonymous:collections/Payroll'])).code, 1)
    const done = await person.run([...args, '--allow', name])
    assert.equal(done.code, 0, done.stderr)
    assert.equal((await person.json(['service', 'list', '--system', system.key])).length, 1)
  })

  test('asks a person at a terminal, for each widening and for the whole', async (t) => {
    if (spawnSync('script', ['--version']).error !== undefined)
      return t.skip('script(1), which makes a terminal, is missing')
    const system = await app.createSystem('asked')
    await app.createCollection(system, 'Payroll', { amount: 'int' })
    const level = role('Anonymous', { Collections: [{ Name: 'Payroll', Level: 1 }] })
    const folder = packageAt({ 'roles/Anonymous.json': level, ...service('read') })
    const args = ['package', 'install', folder, '--system', system.key]
    const names = async () =>
      (await person.json(['service', 'list', '--system', system.key])).map((one: any) => one.name)
    // The last ones are Ctrl+D and Ctrl+C.
    for (const answers of [['n'], ['y', 'n'], ['y', ''], ['\x04'], ['y', '\x03']]) {
      const { code, shown } = await atTerminal(person, args, [
        [/Allow it\? \[y\/N\] /, answers[0]!],
        [/Import\? \[y\/N\] /, answers[1] ?? ''],
      ])
      assert.equal(code, 1, shown)
      assert.match(shown, /What is in it/)
      assert.match(shown, /Nothing was changed\./)
      assert.deepEqual(await names(), [])
    }
    const { code, shown } = await atTerminal(person, args, [
      [/gets read on collections\/Payroll[\s\S]*Allow it\? \[y\/N\] /, 'y'],
      [/Import\? \[y\/N\] /, 'yes'],
    ])
    assert.equal(code, 0, shown)
    assert.match(shown, /new +service +read/)
    assert.deepEqual(await names(), ['read'])
  })

  test('imports a package whose code does not compile, and says so', async () => {
    const folder = packageAt({
      'code/services/broken/broken.json': { name: 'broken' },
      'code/services/broken/broken.js': 'function broken(req, resp) {\n  var = 1\n}',
    })
    const { code, stderr } = await person.run(['package', 'install', folder, '--yes', '--name', 'broken'])
    assert.equal(code, 0, stderr)
    assert.match(stderr, /Warning: The service "broken" does not compile \(line 2/)
  })
})

describe('upgrade', () => {
  const version = (number: number, more = {}) => ({
    'package.json': { name: 'notes', version: `${number}` },
    ...service('one', {}, `resp.success(${number})`),
    ...service('two', {}, `resp.success(${number})`),
    ...more,
  })

  test('shows what changed on which side, overwrites nothing unnamed, and is listed', async () => {
    const first = packageAt(version(1))
    const { system_key: key } = await person.json(['package', 'install', first, '--yes', '--name', 'notes'])
    const [installed] = await person.json(['package', 'list', '--system', key])
    assert.deepEqual([installed.name, installed.version], ['notes', '1'])
    assert.match(installed.content_hash, /^[0-9a-f]{64}$/)
    const edit = { code: 'function two(req, resp) { resp.success("mine") }' }
    await app.call('PUT', `/admin/code/v/1/${key}/two`, { developer: app.developer, body: edit })

    const second = packageAt(version(2, service('three')))
    const args = ['package', 'upgrade', second, '--system', key]
    const dry = await person.run([...args, '--dry-run'])
    assert.equal(dry.code, 0, dry.stderr)
    assert.match(dry.stdout, /^changes +service +one +code$/m)
    assert.match(dry.stdout, /^IN THE WAY +service +two +It was changed here and in the package: code\.$/m)
    assert.match(dry.stdout, /^new +service +three/m)

    const refused = await person.run([...args, '--yes', '--json'])
    demandRefusal(refused, /service\/two: It was changed here and in the package/)
    assert.match(refused.stderr, /add: --overwrite service\/two$/m)
    assert.equal(JSON.parse(refused.stdout).error.conflicts[0].name, 'two')
    assert.match(await codeOf(key, 'one'), /success\(1\)/)

    const done = await person.run([...args, '--yes', '--overwrite', 'service/two'])
    assert.equal(done.code, 0, done.stderr)
    assert.match(await codeOf(key, 'one'), /success\(2\)/)
    assert.match(await codeOf(key, 'two'), /success\(2\)/)
    const list = await person.run(['package', 'list', '--system', key])
    assert.match(
      list.stdout,
      /^NAME +VERSION +SOURCE +COMMIT +HASH +INSTALLED\nnotes +2 +package\d+ +- +[0-9a-f]{12} +\d{4}-/,
    )
  })

  test('fetches a package again from where it came, and refuses what is not installed', async () => {
    const from = `${url}/packages/shift-sign-in`
    const { system_key: key } = await person.json(['package', 'install', from, '--yes', '--name', 'shifts'])
    const again = await person.json(['package', 'upgrade', '--name', 'shift-sign-in', '--system', key, '--yes'])
    assert.ok(again.items.every((one: any) => ['unchanged', 'keep'].includes(one.action)))
    assert.equal(again.source.address, from)
    const other = ['package', 'upgrade', packageAt(version(1)), '--system', key, '--yes']
    demandRefusal(await person.run(other), /No package "notes" is installed in "shifts"\. Install it: /)
    const unknown = ['package', 'upgrade', '--name', 'x', '--system', key, '--yes']
    demandRefusal(await person.run(unknown), /No package "x" is installed in "shifts"\. There is "shift-sign-in"/)
    const { system_key: byFolder } = await person.json([
      'package',
      'install',
      packageAt(version(1)),
      '--yes',
      '--name',
      'f',
    ])
    const homeless = ['package', 'upgrade', '--system', byFolder, '--yes']
    demandRefusal(await person.run(homeless), /"notes" was not installed from an address/)
    demandRefusal(await person.run(['package', 'upgrade', '--system', key]), /Upgrading needs --yes/)
  })
})

describe('export', () => {
  test('writes a folder or a zip that installs again, without secrets, and overwrites nothing', async () => {
    const { system_key: key } = await person.json([
      ...['package', 'install', packageAt(twoFactorFiles), '--yes', '--name', 'exported'],
    ])
    const made = await person.json(['package', 'export', 'out', '--system', key])
    assert.equal(made.target, 'out')
    const out = join(person.home, 'out')
    assert.ok(existsSync(join(out, 'code/services/setUp/setUp.js')))
    assert.equal(JSON.parse(readFileSync(join(out, 'system.json'), 'utf8')).system_key, '')
    assert.equal(JSON.parse(readFileSync(join(out, 'data/Tokens.json'), 'utf8')).items.length, 2)
    demandRefusal(await person.run(['package', 'export', 'out', '--system', key]), /out is not empty/)
    const some = ['package', 'export', 'some', '--system', key, '--no-rows', '--no-users']
    assert.equal((await person.run(some)).code, 0)
    assert.deepEqual(JSON.parse(readFileSync(join(person.home, 'some/data/Tokens.json'), 'utf8')).items, [])
    assert.deepEqual(readdirSync(join(person.home, 'some/users')), ['schema.json'])
    assert.equal((await person.run(['package', 'export', 'out.zip', '--system', key])).code, 0)
    demandRefusal(await person.run(['package', 'export', 'out.zip', '--system', key]), /out\.zip is there already/)
    assert.equal((await person.run(['package', 'export', 'out.zip', '--system', key, '--force'])).code, 0)
    for (const from of ['out', 'out.zip']) {
      const copy = await person.json(['package', 'install', from, '--yes', '--name', `copy of ${from}`])
      assert.equal(await codeOf(copy.system_key, 'setUp'), await codeOf(key, 'setUp'))
    }
  })
})

test('columns of users and rows of collections are counted in what changes', async () => {
  const notes = (items: object[], columns: string[]) => ({
    'data/Notes.json': { name: 'Notes', schema: columns.map((name) => column(name, 'string')), items },
  })
  const id = (number: number) => `00000000-0000-4000-8000-00000000000${number}`
  const first = packageAt(notes([{ item_id: id(1), text: 'a' }], ['text']))
  const { system_key: key } = await person.json(['package', 'install', first, '--yes', '--name', 'rows'])
  const second = packageAt(
    notes(
      [
        { item_id: id(1), text: 'b' },
        { item_id: id(2), text: 'c' },
      ],
      ['text', 'more'],
    ),
  )
  const dry = await person.run(['package', 'install', second, '--system', key, '--dry-run'])
  assert.match(dry.stdout, /^changes +collection +Notes +columns more; 1 rows new; 1 rows changed$/m)
})
