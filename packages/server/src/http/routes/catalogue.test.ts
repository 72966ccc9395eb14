import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { createTestApp } from '../../../../../test/support/app.ts'
import { openCatalogue } from '../../deploy/catalogue.ts'
import { readPackage } from '../../deploy/format/read.ts'
import { writePackage } from '../../deploy/format/write.ts'
import { nativeLibraries } from '../../engine/prelude/prelude.ts'

const shipped = openCatalogue(join(import.meta.dirname, '../../../../../catalogue'))

test('every package that ships reads without a note, and is written again byte for byte', () => {
  assert.ok(shipped.list().length > 0)
  for (const entry of shipped.list()) {
    const { model, notes } = readPackage(entry.files, { platformLibraries: nativeLibraries })
    assert.deepEqual(notes, [], entry.name)
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
