/** Taking back what installing a package did, from a terminal. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { filesOf, service } from '@gatehouse/server/deploy/import.fixture.ts'
import { signedIn } from './command.fixture.ts'

test('undo takes back an upgrade and then says that there is no further step', async (t) => {
  const { app, person } = await signedIn(t)
  const packageAt = (name: string, files: Record<string, unknown>): string => {
    for (const [path, bytes] of filesOf({ 'package.json': { name: 'notes' }, ...files })) {
      const file = join(person.home, name, path)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, bytes)
    }
    return join(person.home, name)
  }
  const first = packageAt('first', service('one', {}, 'resp.success(1)'))
  const second = packageAt('second', { ...service('one', {}, 'resp.success(2)'), ...service('two') })
  const { system_key: key } = await person.json(['package', 'install', first, '--yes', '--name', 'plant'])
  const services = async () =>
    (await person.json(['service', 'list', '--system', key])).map((one: { name: string }) => one.name).sort()
  await person.json(['package', 'upgrade', second, '--system', key, '--yes'])
  assert.deepEqual(await services(), ['one', 'two'])
  assert.equal((await person.json(['package', 'list', '--system', key]))[0].can_undo, true)

  const args = ['package', 'undo', 'notes', '--system', key]
  assert.match((await person.run(args)).stderr, /Undoing needs --yes where there is no terminal/)
  const dry = await person.run([...args, '--dry-run'])
  assert.equal(dry.code, 0, dry.stderr)
  assert.match(dry.stdout, /^goes +service +two/m)
  assert.match(dry.stdout, /^changes +service +one +code$/m)
  assert.deepEqual(await services(), ['one', 'two'])

  const edit = { code: 'function two(req, resp) { resp.success("mine") }' }
  await app.call('PUT', `/admin/code/v/1/${key}/two`, { developer: app.developer, body: edit })
  const refused = await person.run([...args, '--yes'])
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /service\/two: .*changed here[\s\S]*--overwrite service\/two$/m)
  assert.deepEqual(await services(), ['one', 'two'])

  const done = await person.json([...args, '--yes', '--overwrite', 'service/two'])
  assert.ok(done.items.some((one: { name: string; action: string }) => one.name === 'two' && one.action === 'delete'))
  assert.deepEqual(await services(), ['one'])
  const { code } = (await app.call('GET', `/admin/code/v/1/${key}/one`, { developer: app.developer })).body
  assert.match(code, /success\(1\)/)
  const further = await person.run([...args, '--yes'])
  assert.equal(further.code, 1)
  assert.match(further.stderr, /The install of "notes" cannot be undone/)
})
