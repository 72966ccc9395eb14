/** A folder into its system: what a push changes, what it asks for, what it leaves, and how problems are shown. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { filesOf, role, service } from '@gatehouse/server/deploy/import.fixture.ts'
import type { TestApp } from '../../../test/support/app.ts'
import { type Person, type Ran, signedIn } from './command.fixture.ts'

const ends: (() => unknown)[] = []
let app: TestApp
let person: Person
let system: { key: string; secret: string }
let count = 0
let folder = ''
before(async () => {
  ;({ app, person } = await signedIn({ after: (end) => ends.push(end) }))
})
after(async () => {
  for (const end of ends) await end()
})

const source = (name: string, answer: string): string => `function ${name}(req, resp) { resp.success('${answer}') }\n`
const at = (path: string): string => join(folder, path)
const read = (path: string): string => readFileSync(at(path), 'utf8')
const write = (path: string, text: string): void => {
  mkdirSync(dirname(at(path)), { recursive: true })
  writeFileSync(at(path), text)
}
const valves = 'code/services/valves/valves.js'
const pumps = 'code/services/pumps/pumps.js'
const push = (...more: string[]): Promise<Ran> => person.run(['system', 'push', folder, ...more])
const pushed = (...more: string[]) => person.json(['system', 'push', folder, '--yes', ...more])
const there = async (name: string): Promise<string | undefined> =>
  (await app.call('GET', `/admin/code/v/1/${system.key}/${name}`, { developer: app.developer })).body.code
const change = async (name: string, answer: string) => {
  const body = { code: source(name, answer) }
  await app.call('PUT', `/admin/code/v/1/${system.key}/${name}`, { developer: app.developer, body })
}

beforeEach(async () => {
  system = await app.createSystem(`plant ${++count}`)
  await app.createService(system, 'valves', source('valves', 'first'))
  await app.createService(system, 'pumps', source('pumps', 'first'))
  await app.createCollection(system, 'Notes', { text: 'string' })
  folder = join(person.home, `folder${count}`)
  await person.json(['system', 'pull', folder, '--system', system.key])
})

describe('push', () => {
  test('brings edited code and new services into the system, and is then in step with it', async () => {
    write(valves, source('valves', 'mine'))
    for (const [path, bytes] of filesOf(service('extra'))) if (path !== 'system.json') write(path, bytes.toString())
    write('README.txt', 'no part of a system')
    const dry = await push('--dry-run')
    assert.equal(dry.code, 0, dry.stderr)
    assert.match(dry.stdout, /^changes +service +valves +code$/m)
    assert.match(dry.stdout, /^new +service +extra/m)
    assert.match((await there('valves'))!, /first/)
    assert.match((await push()).stderr, /Pushing needs --yes where there is no terminal/)

    const done = await push('--yes')
    assert.equal(done.code, 0, done.stderr)
    assert.match((await there('valves'))!, /mine/)
    assert.match((await there('extra'))!, /function extra/)
    const again = await pushed()
    assert.ok(again.items.every((one: any) => one.action === 'unchanged'))
    assert.deepEqual([again.written, again.deleted, again.left], [[], [], []])
    assert.equal(read('README.txt'), 'no part of a system')
    const pulled = await person.json(['system', 'pull'], { folder })
    assert.deepEqual([pulled.written, pulled.deleted, pulled.left], [[], [], []])
  })

  test('leaves what changed in the system, brings it here, and overwrites nothing unnamed', async () => {
    write(valves, source('valves', 'mine'))
    await change('pumps', 'theirs')
    const value = await pushed()
    assert.match((await there('pumps'))!, /theirs/)
    assert.match(read(pumps), /theirs/)
    assert.ok(value.written.includes(pumps))

    write(valves, source('valves', 'mine again'))
    await change('valves', 'theirs')
    const refused = await push('--yes', '--json')
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /service\/valves: It was changed here and/)
    assert.match(refused.stderr, /add: --overwrite service\/valves$/m)
    assert.deepEqual(
      JSON.parse(refused.stdout).error.conflicts.map((one: any) => one.name),
      ['valves'],
    )
    assert.match((await there('valves'))!, /theirs/)
    assert.match(read(valves), /mine again/)
    await pushed('--overwrite', 'service/valves')
    assert.match((await there('valves'))!, /mine again/)
  })

  test('finds folder and system by where it is typed, and does not push what is no system', async () => {
    write(valves, source('valves', 'mine'))
    const value = await person.json(['system', 'push', '--yes'], { folder: at('code/services') })
    assert.equal(value.folder, folder)
    assert.match((await there('valves'))!, /mine/)
    const bare = await person.run(['system', 'push', person.folder('bare'), '--system', system.key, '--yes'])
    assert.equal(bare.code, 1)
    assert.match(bare.stderr, /bare holds no system\.json, so it is no system/)
  })

  test('asks by name for rights, and not for code', async () => {
    write('roles/Anonymous.json', JSON.stringify(role('Anonymous', { Collections: [{ Name: 'Notes', Level: 1 }] })))
    write(valves, source('valves', 'mine'))
    await app.set(system, { auth_service: 'valves' })
    const refused = await push('--yes')
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /--allow right:Anonymous:collections\/Notes:read$/m)
    assert.doesNotMatch(refused.stderr, /service:valves/)
    assert.match((await there('valves'))!, /first/)
    await pushed('--allow', 'right:Anonymous:collections/Notes:read')
    assert.match((await there('valves'))!, /mine/)
  })

  test('shows code that does not compile at its line, and exits with 2', async () => {
    write(valves, 'function valves(req, resp) {\n\tvar = 1\n}\n')
    const { code, stderr } = await person.run(['system', 'push', '--yes'], { folder })
    assert.equal(code, 2, stderr)
    const shown = `${valves}:2:6 Unexpected token\n1 | function valves(req, resp) {\n2 | \tvar = 1\n  | \t    ^\n`
    assert.ok(stderr.includes(`The service valves does not compile:\n${shown}`), stderr)
    write(valves, 'function valves(req, resp) {\n\tvar = 2\n}\n')
    for (const how of ['--dry-run', '--yes']) {
      const again = await push(how, '--json')
      assert.equal(again.code, how === '--yes' ? 2 : 0)
      assert.match(again.stderr, /does not compile:\n.*valves\.js:2:6 Unexpected token/)
      assert.doesNotMatch(again.stderr, /Warning/)
      const expected = {
        kind: 'service',
        name: 'valves',
        line: 2,
        column: 5,
        message: 'Unexpected token',
        path: valves,
      }
      assert.deepEqual(JSON.parse(again.stdout).problems, [expected])
    }
  })

  test('shows the file that counts where others lie beside it or say the same name', async () => {
    write('code/services/valves/helper.js', 'function helper() {\n')
    for (const end of ['js', 'json'])
      write(`code/services/a copy/valves.${end}`, read(`code/services/valves/valves.${end}`))
    write(valves, 'function valves(req, resp) {\n  var = 3\n}\n')
    const { problems } = JSON.parse((await push('--dry-run', '--json')).stdout)
    assert.deepEqual(
      problems.map(({ name, path }: any) => [name, path]),
      [['valves', valves]],
    )
  })

  test('says so where there is nothing to push', async () => {
    const { code, stderr } = await push('--yes')
    assert.equal(code, 0, stderr)
    assert.match(stderr, /^Nothing to push: "plant \d+" \(\w+\) has what is in /m)
  })

  test('takes away what was deleted here where that is said, and never a collection', async () => {
    rmSync(at('code/services/pumps'), { recursive: true })
    rmSync(at('data/Notes.json'))
    assert.equal((await push('--yes')).code, 0)
    assert.ok((await there('pumps')) !== undefined)
    assert.ok(!existsSync(at(pumps)), 'what was deleted does not come back')
    const value = await pushed('--delete')
    assert.ok(value.items.some((one: any) => one.name === 'pumps' && one.action === 'delete'))
    assert.equal(await there('pumps'), undefined)
    const collections = await app.call('GET', '/admin/allcollections', {
      developer: app.developer,
      query: { appid: system.key },
    })
    assert.match(collections.text, /Notes/)
  })

  test('puts a part of a system in from a folder that was never pulled, and leaves that folder as it is', async () => {
    const part = join(person.home, `part${count}`)
    for (const [path, bytes] of filesOf(service('extra'))) {
      mkdirSync(dirname(join(part, path)), { recursive: true })
      writeFileSync(join(part, path), bytes)
    }
    const json = readFileSync(join(part, 'code/services/extra/extra.json'), 'utf8')
    for (const answer of ['one', 'two']) {
      writeFileSync(join(part, 'code/services/extra/extra.js'), source('extra', answer))
      const args = ['system', 'push', part, '--system', system.key, '--yes']
      const { code, stderr } = await person.run(args)
      assert.equal(code, 0, stderr)
      assert.match((await there('extra'))!, new RegExp(answer))
    }
    assert.equal(readFileSync(join(part, 'code/services/extra/extra.json'), 'utf8'), json)
    assert.ok(!existsSync(join(part, valves)))
    assert.match((await there('valves'))!, /first/)
  })
})
