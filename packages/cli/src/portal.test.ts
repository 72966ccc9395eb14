/** Portals from a terminal. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestApp } from '../../../test/support/app.ts'
import { signedIn } from './command.fixture.ts'

test('portals are listed, and the link of one is printed alone, so that it can be opened', async (t) => {
  const app = await createTestApp(t)
  const { person } = await signedIn(t, app)
  const system = await app.createSystem('plant')
  const none = await person.run(['portal', 'list'])
  assert.deepEqual([none.code, none.stdout], [0, ''])
  assert.match(none.stderr, /no portal yet/)
  const path = `/api/v/2/portals/${system.key}/My board`
  const body = { config: '{}', description: 'of the hall' }
  assert.equal((await app.call('POST', path, { developer: app.developer, body })).status, 200)
  const { stdout } = await person.run(['portal', 'list', '--system', 'plant'])
  assert.match(stdout, /^NAME +CHANGED +DESCRIPTION\nMy board +\S+Z +of the hall\n$/)
  const link = await person.run(['portal', 'url', 'My board'])
  assert.equal(link.code, 0, link.stderr)
  assert.match(link.stdout, new RegExp(`^http://${system.key}\\.localhost:\\d+/portal/\\?\\S+&name=My\\+board#/\\n$`))
  const made = await person.json(['portal', 'url', 'My board', '--system', system.key])
  assert.deepEqual([made.name, made.system_key], ['My board', system.key])
  assert.equal(new URL(made.url).host, new URL(link.stdout).host)
  const wrong = await person.run(['portal', 'url', 'No board'])
  assert.deepEqual([wrong.code, wrong.stdout], [1, ''])
  assert.match(wrong.stderr, /no portal "No board"/)
})
