/** The catalogues of a node, from a terminal. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createTestApp } from '../../../test/support/app.ts'
import { signedIn } from './command.fixture.ts'

test('catalogues are listed with their packages, added and removed', async (t) => {
  const index = { name: 'Plants', packages: [{ name: 'boiler', version: '3', description: 'hot', url: 'boiler.zip' }] }
  const server = createServer((request, response) => {
    response.writeHead(request.url === '/index.json' ? 200 : 404, { 'content-type': 'application/json' })
    response.end(JSON.stringify(index))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const url = `${at}/index.json`
  const app = await createTestApp(t, { args: ['--egress-allow', new URL(at).host] })
  const { person, url: node } = await signedIn(t, app)

  const own = await person.run(['catalogue', 'list'])
  assert.equal(own.code, 0, own.stderr)
  assert.match(own.stdout, new RegExp(`^Gatehouse \\(own\\) +${node}/packages +\\d+$`, 'm'))
  assert.match(own.stdout, new RegExp(`^shift-sign-in +\\S+ +Gatehouse +${node}/packages/shift-sign-in +`, 'm'))

  const added = await person.run(['catalogue', 'add', url])
  assert.equal(added.code, 0, added.stderr)
  assert.match(added.stdout, new RegExp(`^boiler +3 +Plants +${at}/boiler\\.zip +hot$`, 'm'))
  assert.deepEqual(
    (await person.json(['catalogue', 'list'])).map((one: { url: string }) => one.url),
    [`${node}/packages`, url],
  )
  for (const [args, words] of [
    [['add', `${at}/nothing`], /answered with status 404/],
    [['remove', `${at}/nothing`], new RegExp(`has no catalogue ${at}/nothing\\. There is ${url}\\.`)],
    [['remove', `${node}/packages`], /own catalogue, which stays/],
    [['add'], /URL is missing/],
  ] as [string[], RegExp][]) {
    const { code, stderr } = await person.run(['catalogue', ...args])
    assert.equal(code, 1, args.join(' '))
    assert.match(stderr, words)
  }
  assert.deepEqual(await person.json(['catalogue', 'remove', url]), { url, removed: true })
  assert.equal((await person.json(['catalogue', 'list'])).length, 1)
})
