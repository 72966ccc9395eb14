import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createTestApp } from '../../../../../test/support/app.ts'
import { openCatalogue } from '../../deploy/catalogue.ts'
import { readPackage } from '../../deploy/format/read.ts'
import { writePackage } from '../../deploy/format/write.ts'
import { nativeLibraries } from '../../engine/prelude/prelude.ts'
import { anotherDeveloper } from './people.fixture.ts'

const shipped = openCatalogue(join(import.meta.dirname, '../../../../../catalogue'))

test('every package that ships reads without a note but of what is kept, and is written again byte for byte', () => {
  assert.ok(shipped.list().length > 0)
  for (const entry of shipped.list()) {
    const { model, notes } = readPackage(entry.files, { platformLibraries: nativeLibraries })
    const odd = notes.filter(({ kind }) => kind !== 'kept')
    assert.deepEqual(odd, [], entry.name)
    const written = writePackage(model)
    assert.deepEqual([...written.keys()].sort(), [...entry.files.keys()].sort())
    for (const [path, bytes] of written) assert.equal(bytes.toString(), entry.files.get(path)!.toString(), path)
  }
})

test('a package has a page for a browser and an archive for a fetch, at one address, for anybody', async (t) => {
  const app = await createTestApp(t)
  const list = await app.call('GET', '/packages')
  const [first] = list.body
  assert.equal(first.url, `${app.app.means.publicUrl()}/packages/${first.name}`)
  const path = new URL(first.url).pathname
  const page = await app.call('GET', path, { headers: { accept: 'text/html,application/xhtml+xml' } })
  assert.match(String(page.headers['content-type']), /^text\/html/)
  assert.match(page.text, new RegExp(`<pre id="address">${first.url}</pre>`))
  assert.match(String(page.headers['content-security-policy']), /default-src 'none'/)
  const archive = await app.app.server.inject({ method: 'GET', url: path })
  assert.equal(archive.headers['content-type'], 'application/zip')
  assert.equal(archive.rawPayload.subarray(0, 2).toString(), 'PK')
  const again = await app.app.server.inject({ method: 'GET', url: path })
  assert.ok(archive.rawPayload.equals(again.rawPayload), 'the same bytes each time')
})

test('an unknown package is 404 and says where the list is', async (t) => {
  const app = await createTestApp(t)
  const missing = await app.call('GET', '/packages/nobody-wrote-this')
  assert.equal(missing.status, 404)
  assert.match(missing.body.error.detail, /GET \/packages/)
})

const path = '/admin/v/4/catalogues'

/** A place that hands out indexes, on this machine. */
async function indexServer(t: TestContext, answers: Record<string, [status: number, body: string]>): Promise<string> {
  const server = createServer((request, response) => {
    const [status, body] = answers[request.url ?? ''] ?? [404, 'nothing']
    response.writeHead(status).end(body)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  t.after(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('a further catalogue is added by its address, another node among them, and removed', async (t) => {
  const other = await createTestApp(t)
  const index = {
    name: 'Plant packages',
    packages: [
      { name: 'pumps', version: '2', description: 'All pumps', url: 'pumps.zip' },
      { name: 'no address' },
      { name: 'odd', url: 'javascript:alert(1)' },
    ],
  }
  const place = await indexServer(t, { '/index.json': [200, JSON.stringify(index)] })
  const home = `http://127.0.0.1:${new URL(other.app.means.publicUrl()).port}`
  const app = await createTestApp(t, { args: ['--egress-allow', `${new URL(place).host},${new URL(home).host}`] })
  const { developer } = app
  for (const url of [`${place}/index.json`, `${home}/packages`]) {
    const { status, text } = await app.call('POST', path, { developer, body: { url } })
    assert.equal(status, 200, text)
  }
  const { body: all } = await app.call('GET', path, { developer })
  assert.deepEqual(
    all.map((one: any) => [one.own, one.name, one.packages.map(({ name }: any) => name)]),
    [
      [true, 'Gatehouse', ['shift-sign-in', 'two-factor-auth']],
      [false, 'Plant packages', ['pumps']],
      [false, new URL(home).host, ['shift-sign-in', 'two-factor-auth']],
    ],
  )
  assert.equal(all[1].packages[0].url, `${place}/pumps.zip`)
  await app.call('DELETE', path, { developer, query: { url: `${place}/index.json` } })
  assert.equal((await app.call('DELETE', path, { developer, query: { url: `${place}/index.json` } })).status, 400)
  assert.equal((await app.call('GET', path, { developer })).body.length, 2)
})

test('what is no catalogue is not added, and one that fails later says why', async (t) => {
  const answers: Record<string, [number, string]> = {
    '/page': [200, '<html>'],
    '/other.json': [200, '{"things": []}'],
    '/index.json': [200, '[]'],
  }
  const place = await indexServer(t, answers)
  const app = await createTestApp(t, { args: ['--egress-allow', new URL(place).host] })
  const add = (url: string, developer = app.developer) => app.call('POST', path, { developer, body: { url } })
  assert.match((await add(`${place}/page`)).body.error.detail, /is no JSON/)
  assert.match((await add(`${place}/other.json`)).body.error.detail, /no list of packages/)
  assert.match((await add(`${place}/gone`)).body.error.detail, /status 404/)
  assert.match((await add('http://catalogue.example.com/')).body.error.detail, /https/)
  assert.match((await add('https://10.0.0.1/')).body.error.detail, /private/)
  const stranger = await anotherDeveloper(app)
  assert.equal((await add(`${place}/index.json`, stranger)).status, 403)
  assert.equal((await app.call('GET', path, { developer: app.developer })).body.length, 1)

  assert.equal((await add(`${place}/index.json`)).status, 200)
  delete answers['/index.json']
  const { body: all } = await app.call('GET', path, { developer: stranger })
  assert.match(all[1].problem, /status 404/)
  assert.equal((await app.call('DELETE', path, { developer: stranger, query: { url: all[1].url } })).status, 403)
})
