/** A system in a folder: what a pull writes, and what of a person's edits it never overwrites. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
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
beforeEach(async () => {
  system = await app.createSystem(`plant ${++count}`)
  await app.createService(system, 'valves', 'function valves(req, resp) { resp.success(1) }')
  await app.createService(system, 'pumps', 'function pumps(req, resp) { resp.success(1) }')
  await app.createUser(system, 'op@example.com', 'the plant is quiet')
  const notes = await app.createCollection(system, 'Notes', { text: 'string' })
  const body = { text: 'a row' }
  await app.call('POST', `/api/v/1/data/${notes}`, { developer: app.developer, body })
  folder = join(person.home, `folder${count}`)
})

const pull = (...more: string[]): Promise<Ran> =>
  person.run(['system', 'pull', folder, '--system', system.key, ...more])
const at = (path: string): string => join(folder, path)
const read = (path: string): string => readFileSync(at(path), 'utf8')
const valves = 'code/services/valves/valves.js'
const change = async (name: string, answer: string) => {
  const body = { code: `function ${name}(req, resp) { resp.success('${answer}') }` }
  await app.call('PUT', `/admin/code/v/1/${system.key}/${name}`, { developer: app.developer, body })
}

describe('pull', () => {
  test('writes the system with its key, without its secret, and later commands find it by the folder', async () => {
    const { code, stderr } = await pull()
    assert.equal(code, 0, stderr)
    assert.match(read(valves), /function valves/)
    const { system_key: key, system_secret: secret } = JSON.parse(read('system.json'))
    assert.deepEqual([key, secret], [system.key, ''])
    assert.equal(JSON.parse(read('data/Notes.json')).items.length, 1)
    assert.deepEqual(readdirSync(at('.gatehouse')).sort(), ['.gitignore', 'files.json', 'pulled.zip'])
    const services = await person.json(['service', 'list'], { folder: at('code/services') })
    assert.deepEqual(services.map((one: { name: string }) => one.name).sort(), ['pumps', 'valves'])
    const again = await person.json(['system', 'pull'], { folder })
    assert.deepEqual([again.folder, again.written, again.deleted], [folder, [], []])
  })

  test('makes a folder named like the system where none is named', async () => {
    const made = await person.json(['system', 'pull', '--system', system.key], {
      folder: person.folder(`work${count}`),
    })
    assert.equal(made.folder, join(person.home, `work${count}`, `plant-${count}`))
    assert.ok(existsSync(join(made.folder, 'system.json')))
  })

  test('leaves out rows and users where that is said', async () => {
    assert.equal((await pull('--no-rows', '--no-users')).code, 0)
    assert.deepEqual(JSON.parse(read('data/Notes.json')).items, [])
    assert.deepEqual(readdirSync(at('users')), ['schema.json'])
  })

  test('brings what changed in the system, takes away what is gone, and leaves what was edited here', async () => {
    await pull()
    await change('valves', 'theirs')
    await app.call('DELETE', `/admin/code/v/1/${system.key}/pumps`, { developer: app.developer })
    writeFileSync(at('data/Notes.json'), `${read('data/Notes.json')}\n`)
    writeFileSync(at('README.txt'), 'mine')
    const { code, stdout, stderr } = await pull('--json')
    assert.equal(code, 0, stderr)
    const value = JSON.parse(stdout)
    assert.ok(value.written.includes(valves))
    assert.ok(value.deleted.includes('code/services/pumps/pumps.js'))
    assert.deepEqual(value.left, ['data/Notes.json'])
    assert.match(read(valves), /theirs/)
    assert.ok(!existsSync(at('code/services/pumps')), 'no empty folder stays')
    assert.equal(read('README.txt'), 'mine')
    assert.ok(read('data/Notes.json').endsWith('\n'))
    await change('valves', 'again')
    assert.equal((await pull()).code, 0, 'what was edited and not changed there is no hindrance')
    assert.match(read(valves), /again/)
  })

  test('refuses where both changed a file, and writes nothing, unless forced', async () => {
    await pull()
    writeFileSync(at(valves), 'mine')
    await change('valves', 'theirs')
    await change('pumps', 'theirs')
    const before = read('.gatehouse/files.json')
    const refused = await pull('--json')
    assert.equal(refused.code, 1)
    assert.match(
      refused.stderr,
      /Nothing was pulled\. These files were edited here and changed in the system too:\n- code/,
    )
    assert.deepEqual(JSON.parse(refused.stdout).error.files, [valves])
    assert.equal(read(valves), 'mine')
    assert.doesNotMatch(read('code/services/pumps/pumps.js'), /theirs/)
    assert.equal(read('.gatehouse/files.json'), before)
    assert.equal((await pull('--force')).code, 0)
    assert.match(read(valves), /theirs/)
  })

  test('refuses to overwrite a folder of something else, another system, or to follow a link out of the folder', async () => {
    mkdirSync(folder)
    writeFileSync(at('system.json'), '{"name": "mine"}')
    const other = await pull()
    assert.equal(other.code, 1)
    assert.match(other.stderr, /These files are here already and say something else:\n- system\.json\n/)
    assert.deepEqual(readdirSync(folder), ['system.json'])
    rmSync(at('system.json'))
    const outside = person.folder(`outside${count}`)
    symlinkSync(outside, at('code'))
    assert.match((await pull('--force')).stderr, /code is a symbolic link, which is not followed/)
    assert.deepEqual(readdirSync(outside), [])
    rmSync(at('code'))
    await pull()
    const another = await app.createSystem('another')
    const wrong = await person.run(['system', 'pull', folder, '--system', another.key, '--force'])
    assert.equal(wrong.code, 1)
    assert.match(wrong.stderr, new RegExp(`holds another system, ${system.key}\\. Pull into another folder`))
  })

  test('keeps an edit where the system lost the file, and brings back a file that is missing here', async () => {
    await pull()
    writeFileSync(at('code/services/pumps/pumps.js'), 'mine')
    await app.call('DELETE', `/admin/code/v/1/${system.key}/pumps`, { developer: app.developer })
    rmSync(at(valves))
    assert.equal((await pull()).code, 0)
    assert.equal(read('code/services/pumps/pumps.js'), 'mine')
    assert.ok(!existsSync(at('code/services/pumps/pumps.json')))
    assert.match(read(valves), /function valves/)
  })
})
