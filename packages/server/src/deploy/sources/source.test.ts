import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { failure, serve } from '../../egress/loopback.fixture.ts'
import { tar, tarGz, zip } from './archives.fixture.ts'
import { createRepository } from './repository.fixture.ts'
import type { SourceProgress } from './source.ts'
import { fetching, github, testMeans } from './sources.fixture.ts'

const commit = 'a'.repeat(40)
const archive = zip(
  [
    { name: 'pump-main/system.json', data: '{}' },
    { name: 'pump-main/sys/system.json', data: '{"sub":1}' },
  ],
  { comment: commit },
)

test('the same files have the same hash, wherever they come from', async (t) => {
  const repository = await createRepository()
  const files = { 'system.json': '{}', 'data/ä.json': '[1]' }
  await repository.commit('main', files)
  const entries = Object.entries(files).map(([name, data]) => ({ name: `x/${name}`, data }))
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-source-'))
  t.after(() => rm(folder, { recursive: true }))
  await mkdir(join(folder, 'data'))
  for (const [path, text] of Object.entries(files)) await writeFile(join(folder, path), text)
  const { fetch, means } = await github(t, { '/acme/pump': repository })
  const hashes = [
    await fetch('https://github.com/acme/pump'),
    await fetching(means, { archive: zip(entries.toReversed()) }),
    await fetching(means, { archive: tarGz(entries) }),
    await fetching(means, { path: folder }),
  ].map(({ contentHash }) => contentHash)
  assert.equal(new Set(hashes).size, 1)
  const other = await fetching(means, { archive: zip([...entries, { name: 'x/y', data: '' }]) })
  assert.notEqual(other.contentHash, hashes[0])
})

test("GitHub's archives are fetched as they are pasted, and say their commit", async (t) => {
  const paths: string[] = []
  const { fetch } = await github(t, {}, (request, response) => {
    paths.push(request.url!)
    response.end(archive)
  })
  const url = 'https://github.com/acme/pump/archive/refs/heads/main.zip'
  const { source, files } = await fetch(url)
  assert.deepEqual(source, { kind: 'archive', address: url, ref: 'main', commit })
  assert.deepEqual([...files.keys()], ['system.json', 'sys/system.json'])
  assert.deepEqual((await fetch(url, { folder: 'sys' })).source.folder, 'sys')
  await fetch('https://github.com/acme/pump/zipball/v1')
  assert.deepEqual(paths, [
    '/acme/pump/archive/refs/heads/main.zip',
    '/acme/pump/archive/refs/heads/main.zip',
    '/acme/pump/zipball/v1',
  ])
})

test('where git is not spoken the archive is fetched, and where the archive is missing git is asked', async (t) => {
  const repository = await createRepository()
  await repository.commit('main', { 'system.json': '{}' })
  const { fetch } = await github(t, { '/acme/git': repository }, (request, response) => {
    const known = ['/acme/zip/archive/HEAD.zip', '/acme/zip/archive/main.zip'].includes(request.url!)
    response.writeHead(known ? 200 : 404).end(known ? archive : 'not found')
  })
  assert.equal((await fetch('https://github.com/acme/zip')).source.kind, 'archive')
  const sub = await fetch('https://github.com/acme/zip/tree/main/sys')
  assert.deepEqual([sub.source.folder, sub.files.get('system.json')!.toString()], ['sys', '{"sub":1}'])
  assert.equal((await fetch('https://github.com/acme/git/archive/main.zip')).source.kind, 'git')
  await assert.rejects(
    fetch('https://github.com/acme/git/archive/nope.zip'),
    failure('packageFetch', /no branch or tag "nope"/, /Branches: "main"/),
  )
})

test('an archive behind any address is known by its content, and a page is told from it', async (t) => {
  const accepted: (string | undefined)[] = []
  const { port } = await serve(t, (request, response) => {
    accepted.push(request.headers.accept)
    const bodies: Record<string, Buffer | string> = {
      '/packages/sample': tarGz([{ name: 'system.json', data: '{}' }]),
      '/photo.jpg': zip([{ name: 'system.json', data: '{}' }]),
      '/page': '<!doctype html><html></html>',
      '/page.zip': '<html></html>',
      '/text.zip': 'hello',
    }
    const body = bodies[request.url!.replace(/\?.*/, '')]
    if (request.url === '/packed.tgz') {
      // Apache serves a .tgz so: what arrives is the bare tar.
      response.setHeader('content-encoding', 'gzip')
      return void response.end(gzipSync(tar([{ name: 'system.json', data: '{}' }])))
    }
    response.writeHead(body === undefined ? 404 : 200).end(body)
  })
  const fetch = (path: string) => fetching(testMeans(), { url: `http://127.0.0.1:${port}${path}` })
  const { source } = await fetch('/packages/sample')
  assert.deepEqual(source, { kind: 'archive', address: `http://127.0.0.1:${port}/packages/sample` })
  assert.match(accepted.at(-1)!, /^application\/zip/)
  assert.equal((await fetch('/photo.jpg?token=s3cret&id=1')).source.address, `http://127.0.0.1:${port}/photo.jpg`)
  assert.equal((await fetch('/packed.tgz')).files.size, 1)
  await assert.rejects(fetch('/page'), failure('packageFetch', /is a web page, neither a git repository/))
  await assert.rejects(fetch('/page.zip'), failure('packageFetch', /is a web page/))
  await assert.rejects(fetch('/text.zip'), failure('badPackage', /neither zip nor tar\.gz/))
  await assert.rejects(fetch('/nope.zip'), failure('packageFetch', /nope\.zip does not exist, or is private/))
})

test('an upload is unpacked and named as its sender called it, without folders', async () => {
  const { source, files } = await fetching(testMeans(), { archive, name: '../../etc/pump.zip' })
  assert.deepEqual(source, { kind: 'upload', address: 'pump.zip', commit })
  assert.equal(files.size, 2)
  const sub = await fetching(testMeans(), { archive, folder: 'sys' })
  assert.deepEqual(sub.source, { kind: 'upload', address: 'upload', commit, folder: 'sys' })
})

test('nothing is asked of a private network, and the refusal says how to open it', async (t) => {
  const { port, connections } = await serve(t, (_request, response) => void response.end(archive))
  const means = testMeans({ allow: [] })
  await assert.rejects(
    fetching(means, { url: `http://127.0.0.1:${port}/a.zip` }),
    failure('packageFetch', /could not be fetched: Refused to connect/, /--egress-allow 127\.0\.0\.1/),
  )
  assert.equal(connections(), 0)
})

test('https that leads to http is not followed to the end', async (t) => {
  const plain = await serve(t, (_request, response) => void response.end(archive))
  const { port } = await serve(t, (_request, response) => {
    response.writeHead(302, { location: `http://127.0.0.1:${plain.port}/a.zip` }).end()
  })
  const means = testMeans({ routes: [{ from: 'https://example.com', to: `http://127.0.0.1:${port}` }] })
  await assert.rejects(
    fetching(means, { url: 'https://example.com/a.zip' }),
    failure('packageFetch', /leads on to an address without https/),
  )
})

test('a link cut in the middle, a server that is gone, and one that never ends, are named', async (t) => {
  const { port } = await serve(t, (request, response) => {
    response.writeHead(200, { 'content-length': archive.length })
    if (request.url === '/slow.zip') return void response.write(archive.subarray(0, 10))
    response.write(archive.subarray(0, 50), () => response.destroy())
  })
  const at = `http://127.0.0.1:${port}`
  await assert.rejects(
    fetching(testMeans(), { url: `${at}/cut.zip` }),
    failure('packageFetch', /closed the connection before the answer was complete|did not answer in valid HTTP/),
  )
  await assert.rejects(
    fetching(testMeans(), { url: `${at}/slow.zip` }, { limits: { timeMs: 200 } }),
    failure('packageFetch', /not there within 0\.2 seconds|did not answer completely within 200 ms/),
  )
  await assert.rejects(
    fetching(testMeans(), { url: 'https://gone.example/a.zip' }),
    failure('packageFetch', /The host of https:\/\/gone\.example was not found/),
  )
})

test('can be cancelled at any moment', async (t) => {
  const cancel = new AbortController()
  const { port } = await serve(t, (_request, response) => {
    response.write('PK')
    cancel.abort()
    once(response, 'close').catch(() => {})
  })
  const signal = cancel.signal
  await assert.rejects(
    fetching(testMeans(), { url: `http://127.0.0.1:${port}/a.zip` }, { signal }),
    failure('packageFetch', /was cancelled/),
  )
  await assert.rejects(fetching(testMeans(), { archive }, { signal }), failure('packageFetch', /was cancelled/))
})

test('shows progress', async (t) => {
  const repository = await createRepository()
  await repository.commit('main', { 'system.json': '{}', 'data/a.json': '[]' })
  const { fetch } = await github(t, { '/acme/pump': repository })
  const seen: SourceProgress[] = []
  await fetch('https://github.com/acme/pump', { onProgress: (progress) => seen.push(progress) })
  assert.deepEqual(seen, [
    { phase: 'asking', done: 0 },
    { phase: 'fetching', done: 0 },
    { phase: 'unpacking', done: 1, total: 2 },
    { phase: 'unpacking', done: 2, total: 2 },
  ])
})
