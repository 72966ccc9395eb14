import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { deflateSync } from 'node:zlib'
import { failure, serve } from '../../egress/loopback.fixture.ts'
import { createRepository, gitServer, type Tree } from './repository.fixture.ts'
import { fetching, github, testMeans } from './sources.fixture.ts'

const address = 'https://github.com/acme/pump'
const system: Tree = { 'system.json': '{}', 'code/services/a/a.js': 'function a() {}' }

async function acme(files: Tree = system) {
  const repository = await createRepository()
  const commit = await repository.commit('main', files)
  return { repository, commit }
}

test('fetches the main branch and records the commit', async (t) => {
  const { repository, commit } = await acme()
  await repository.commit('other', { 'system.json': '{"other":true}' })
  const { fetch, server } = await github(t, { '/acme/pump': repository })
  const fetched = await fetch(address)
  assert.deepEqual(fetched.source, { kind: 'git', address, ref: 'main', commit })
  assert.deepEqual([...fetched.files.keys()].sort(), ['code/services/a/a.js', 'system.json'])
  assert.equal(fetched.files.get('code/services/a/a.js')!.toString(), 'function a() {}')
  assert.match(fetched.contentHash, /^[0-9a-f]{64}$/)
  assert.deepEqual(server.requests, [
    'GET /acme/pump/info/refs?service=git-upload-pack',
    'POST /acme/pump/git-upload-pack',
  ])
})

test('branches and tags are found by the refs that the server lists, slashes and folders included', async (t) => {
  const repository = await createRepository()
  const at = (mark: string): Tree => ({
    'system.json': `{"at":"${mark}"}`,
    'sys/pump/system.json': `{"sub":"${mark}"}`,
  })
  const main = await repository.commit('main', at('main'))
  await repository.commit('feature/x', at('feature/x'))
  await repository.tag('v1.0', main)
  await repository.commit('later', at('annotated'))
  await repository.tag('v2.0', repository.refs.get('refs/heads/later')!, true)
  const { fetch } = await github(t, { '/acme/pump': repository })
  const mark = async (...call: Parameters<typeof fetch>) => {
    const { files, source } = await fetch(...call)
    return [files.get('system.json')!.toString(), source.ref, source.folder]
  }
  assert.deepEqual(await mark(`${address}/tree/feature/x`), ['{"at":"feature/x"}', 'feature/x', undefined])
  assert.deepEqual(await mark(`${address}/tree/feature/x/sys/pump`), ['{"sub":"feature/x"}', 'feature/x', 'sys/pump'])
  assert.deepEqual(await mark(`${address}/tree/main/sys/pump/`), ['{"sub":"main"}', 'main', 'sys/pump'])
  assert.deepEqual(await mark(`${address}.git#v1.0`), ['{"at":"main"}', 'v1.0', undefined])
  assert.deepEqual(await mark(address, { ref: 'v2.0' }), ['{"at":"annotated"}', 'v2.0', undefined])
  assert.deepEqual(await mark(`${address}#feature/x`), ['{"at":"feature/x"}', 'feature/x', undefined])
  assert.deepEqual(await mark(`${address}#installation`), ['{"at":"main"}', 'main', undefined])
  assert.deepEqual(await mark(address, { ref: main }), ['{"at":"main"}', main, undefined])
  assert.deepEqual(await mark(`${address}/commit/${main}`), ['{"at":"main"}', main, undefined])
  assert.deepEqual(await mark(address, { ref: 'refs/tags/v1.0' }), ['{"at":"main"}', 'refs/tags/v1.0', undefined])
  assert.equal((await fetch(address, { ref: 'v2.0' })).source.commit, repository.refs.get('refs/heads/later'))
})

test('what was recorded leads to the same package again', async (t) => {
  const repository = await createRepository()
  await repository.commit('feature/x', { 'README.md': '', 'sys/a/system.json': '{}', 'sys/b/system.json': '{}' })
  const { fetch } = await github(t, { '/acme/pump': repository })
  const first = await fetch(`${address}/tree/feature/x/sys/a`)
  const { address: again, ref, folder } = first.source
  const second = await fetch(again, { ref: ref!, folder: folder! })
  assert.deepEqual(second.source, first.source)
  assert.equal(second.contentHash, first.contentHash)
})

test('an unknown branch is answered with those that exist', async (t) => {
  const { repository } = await acme()
  await repository.tag('v1', repository.refs.get('refs/heads/main')!)
  const { fetch } = await github(t, { '/acme/pump': repository })
  const says = failure('packageFetch', /has no branch or tag "nope"/, /Branches: "main"\. Tags: "v1"/)
  await assert.rejects(fetch(address, { ref: 'nope' }), says)
  await assert.rejects(fetch(`${address}/tree/nope`), says)
  await assert.rejects(fetch(address, { ref: 'abcdef1' }), failure('packageFetch', /all its 40 characters/))
  await assert.rejects(fetch(address, { ref: 'd'.repeat(40) }), failure('packageFetch', /did not hand out d{40}/))
})

test('a missing or private repository says so, and what to do', async (t) => {
  const { repository } = await acme()
  const { fetch } = await github(t, { '/acme/pump': repository }, (request, response) => {
    const status = request.url!.startsWith('/acme/private') ? 401 : 404
    response.writeHead(status, { 'content-type': 'text/html' }).end('<html>')
  })
  await assert.rejects(
    fetch('https://github.com/acme/private'),
    failure('packageFetch', /github\.com\/acme\/private does not exist, or is private/, /download it as a zip/),
  )
  await assert.rejects(fetch('https://github.com/acme/nope'), failure('packageFetch', /does not exist, or is private/))
})

test('an empty repository, and one without system.json, say so', async (t) => {
  const empty = await createRepository()
  const { repository } = await acme({ 'README.md': 'x' })
  const kit = await acme({ 'kit/code/services/a/a.js': 'x' })
  const several = await acme({ 'a/system.json': '{}', 'b/system.json': '{}' })
  const { fetch } = await github(t, {
    '/acme/empty': empty,
    '/acme/other': repository,
    '/acme/kit': kit.repository,
    '/acme/several': several.repository,
  })
  await assert.rejects(fetch('https://github.com/acme/empty'), failure('packageFetch', /is empty/))
  await assert.rejects(fetch('https://github.com/acme/other'), failure('badPackage', /No system\.json/))
  await assert.rejects(fetch('https://github.com/acme/kit'), failure('badPackage', /Put a system\.json beside/))
  await assert.rejects(
    fetch('https://github.com/acme/several'),
    failure('badPackage', /several packages here: "a", "b"/),
  )
  assert.equal((await fetch('https://github.com/acme/several', { folder: 'b' })).source.folder, 'b')
})

test('HEAD that names a branch nobody pushed does no harm', async (t) => {
  const { repository, commit } = await acme()
  repository.head = 'master'
  const { fetch } = await github(t, { '/acme/pump': repository })
  const { source } = await fetch(address)
  assert.deepEqual([source.ref, source.commit], ['main', commit])
  await repository.commit('b', { 'system.json': '{}' })
  await repository.commit('a', { 'system.json': '{}' })
  repository.refs.delete('refs/heads/main')
  await assert.rejects(fetch(address), failure('packageFetch', /which branch is its main one/, /"a", "b"/))
})

test('links are refused inside the package, submodules and what is left out are passed over', async (t) => {
  const { repository } = await acme({
    ...system,
    vendor: { submodule: 'e'.repeat(40) },
    'node_modules/x/index.js': 'x',
    'data/.DS_Store': 'x',
  })
  const linked = await acme({
    'sys/system.json': '{}',
    'sys/data/x.json': { link: '/etc/passwd' },
    other: { link: 'sys' },
  })
  const elsewhere = await acme({ 'sys/system.json': '{}', other: { link: 'sys' } })
  const { fetch } = await github(t, {
    '/acme/pump': repository,
    '/acme/linked': linked.repository,
    '/acme/elsewhere': elsewhere.repository,
  })
  assert.deepEqual([...(await fetch(address)).files.keys()].sort(), ['code/services/a/a.js', 'system.json'])
  await assert.rejects(
    fetch('https://github.com/acme/linked'),
    failure('badPackage', /"sys\/data\/x\.json" is a symbolic link/),
  )
  assert.deepEqual([...(await fetch('https://github.com/acme/elsewhere')).files.keys()], ['system.json'])
})

test('the limits hold for repositories', async (t) => {
  const { repository } = await acme({ ...system, 'data/a.json': 'x'.repeat(5000), 'data/b.json': 'y'.repeat(5000) })
  const { fetch } = await github(t, { '/acme/pump': repository })
  const cases: [Parameters<typeof fetch>[1], RegExp][] = [
    [{ limits: { fileBytes: 4000 } }, /an object of 5000 bytes/],
    [{ limits: { totalBytes: 6000 } }, /"data\/[ab]\.json" goes beyond the 6000 bytes/],
    [{ limits: { files: 3 } }, /goes beyond the 3 files/],
    [{ limits: { entries: 5 } }, /goes beyond 5 entries/],
    [{ limits: { depth: 1 } }, /"code\/services\/a\/?" lies deeper than 1|lies deeper than 1 folders/],
  ]
  for (const [more, says] of cases) await assert.rejects(fetch(address, more), failure('badPackage', says))
})

test('names that differ in case only are refused', async (t) => {
  const { repository } = await acme({ ...system, 'data/A.json': '1', 'data/a.json': '2' })
  const { fetch } = await github(t, { '/acme/pump': repository })
  await assert.rejects(fetch(address), failure('badPackage', /are one and the same file/))
})

test('a server that cannot leave out history is asked for all of it', async (t) => {
  const { repository } = await acme()
  const { fetch, server } = await github(t, { '/acme/pump': repository })
  server.noShallow = true
  assert.equal((await fetch(address)).files.size, 2)
})

test('a moved repository is followed, for the pack too', async (t) => {
  const { repository } = await acme()
  const { fetch } = await github(t, { '/acme/pump': repository }, (request, response) => {
    response.writeHead(301, { location: request.url!.replace('/old/', '/acme/') }).end()
  })
  assert.equal((await fetch('https://github.com/old/pump')).files.size, 2)
})

test('a redirect to a place that the operator has not opened is refused', async (t) => {
  const secret = await serve(t, (_request, response) => void response.end('x'))
  const { port } = await serve(t, (_request, response) => {
    response.writeHead(302, { location: `http://127.0.0.1:${secret.port}/` }).end()
  })
  const means = testMeans({ allow: [], routes: [{ from: 'https://github.com', to: `http://127.0.0.1:${port}` }] })
  await assert.rejects(
    fetching(means, { url: address }),
    failure('packageFetch', /Refused to connect/, /--egress-allow/),
  )
  assert.equal(secret.connections(), 0)
})

test('git over plain http works on this machine, and where .git is missing or too much', async (t) => {
  const { repository } = await acme()
  const only = gitServer({ '/pump': repository })
  const { port } = await serve(t, (request, response) => {
    if (request.url!.startsWith('/pump/')) return void response.writeHead(404).end()
    only(request, response)
  })
  const means = testMeans()
  const { source } = await fetching(means, { url: `http://127.0.0.1:${port}/pump` })
  assert.equal(source.address, `http://127.0.0.1:${port}/pump.git`)
})

/** A pack out of raw entries: header byte(s), then deflated data (gitformat-pack(5)). */
function rawPack(entries: { type: number; data: Buffer; size?: number; base?: Buffer }[]): Buffer {
  const head = Buffer.from('PACK\0\0\0\x02\0\0\0\0', 'latin1')
  head.writeUInt32BE(entries.length, 8)
  const parts = entries.map(({ type, data, size = data.length, base = Buffer.alloc(0) }) => {
    const bytes: number[] = []
    let rest = Math.floor(size / 16)
    bytes.push((type << 4) | (size % 16) | (rest > 0 ? 128 : 0))
    for (; rest > 0; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | (rest >= 128 ? 128 : 0))
    return Buffer.concat([Buffer.from(bytes), base, deflateSync(data)])
  })
  const body = Buffer.concat([head, ...parts])
  return Buffer.concat([body, createHash('sha1').update(body).digest()])
}

test('hostile packs are refused: bombs, false sizes, deltas that build more than they say', async (t) => {
  const { repository } = await acme()
  const { fetch, server } = await github(t, { '/acme/pump': repository })
  const blob = { type: 3, data: Buffer.from('base') }
  const copies = Buffer.concat([Buffer.from([4, 4]), Buffer.alloc(300_000, 0x90), Buffer.alloc(300_000, 1)])
  const cases: [Buffer, RegExp][] = [
    [rawPack([{ type: 3, data: Buffer.alloc(5_000_000) }]), /an object of 5000000 bytes/],
    [rawPack([{ type: 3, data: Buffer.alloc(500_000), size: 10 }]), /cut off or damaged/],
    [rawPack([{ type: 3, data: Buffer.alloc(10), size: 500 }]), /cut off or damaged/],
    [rawPack([{ type: 3, data: Buffer.alloc(10), size: 2 ** 40 }]), /more than 2 GiB/],
    [rawPack(Array.from({ length: 9 }, () => ({ type: 3, data: Buffer.alloc(900_000) }))), /more than 4000000 bytes/],
    [rawPack([{ type: 5, data: Buffer.alloc(10) }]), /cut off or damaged/],
    [rawPack([blob, { type: 6, data: Buffer.from([4, 4, 0x90, 4]), base: Buffer.from([99]) }]), /damaged/],
    [rawPack([blob, { type: 6, data: Buffer.from([4, 4, 0x80]), base: Buffer.from([13]) }]), /damaged/],
    [rawPack([blob, { type: 7, data: copies, base: Buffer.alloc(20) }]), /damaged/],
    [
      rawPack([blob, { type: 7, data: Buffer.from([4, 0xff, 0xff, 0xff, 0x7f]), base: Buffer.alloc(20) }]),
      /an object of/,
    ],
    [rawPack([blob]).subarray(0, 20), /cut off or damaged/],
  ]
  for (const [pack, says] of cases) {
    server.pack = () => pack
    await assert.rejects(
      fetch(address, { limits: { fileBytes: 1_000_000, totalBytes: 2_000_000 } }),
      failure('badPackage', says),
    )
  }
})

const gitHere = spawnSync('git', ['--version']).status === 0

test('fetches what git itself serves, deltas and annotated tags included', {
  skip: gitHere ? false : 'there is no git on this machine',
}, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-git-'))
  t.after(() => rm(folder, { recursive: true }))
  const environment = {
    PATH: process.env.PATH,
    HOME: folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'A',
    GIT_AUTHOR_EMAIL: 'a@example.com',
    GIT_COMMITTER_NAME: 'A',
    GIT_COMMITTER_EMAIL: 'a@example.com',
  }
  const run = (...args: string[]) => {
    const done = spawnSync('git', args, { cwd: join(folder, 'pump'), env: environment, encoding: 'utf8' })
    assert.equal(done.status, 0, done.stderr)
    return done.stdout.trim()
  }
  await mkdir(join(folder, 'pump/data'), { recursive: true })
  run('init', '-q', '-b', 'main')
  const rows = Array.from(
    { length: 4000 },
    (_, at) => `{"item_id":"${createHash('md5').update(`${at}`).digest('hex')}"}`,
  )
  await writeFile(join(folder, 'pump/system.json'), '{}')
  // Alike enough that git stores most of them as deltas of deltas.
  for (let at = 0; at < 12; at++) {
    await writeFile(join(folder, `pump/data/${at}.json`), `[${rows.toSpliced(at * 10, 5, `${at}`).join(',\n')}]`)
  }
  run('add', '.')
  run('commit', '-q', '-m', 'x')
  run('tag', '-a', 'v1', '-m', 'x')
  await writeFile(join(folder, 'pump/data/0.json'), '[]')
  run('commit', '-q', '-a', '-m', 'y')
  run('gc', '-q')
  const { port } = await serve(t, (request, response) => {
    const url = new URL(request.url!, 'http://x')
    const cgi = spawn('git', ['http-backend'], {
      env: {
        ...environment,
        GIT_PROJECT_ROOT: folder,
        GIT_HTTP_EXPORT_ALL: '1',
        REQUEST_METHOD: request.method!,
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        ...(request.headers['content-length'] === undefined
          ? {}
          : { CONTENT_LENGTH: request.headers['content-length'] }),
      },
    })
    request.pipe(cgi.stdin)
    const chunks: Buffer[] = []
    cgi.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    cgi.on('close', () => {
      const answer = Buffer.concat(chunks)
      const end = answer.indexOf('\r\n\r\n')
      const headers = answer
        .subarray(0, end)
        .toString()
        .split('\r\n')
        .map((line) => line.split(': '))
      const status = Number.parseInt(headers.find(([name]) => name === 'Status')?.[1] ?? '200', 10)
      for (const [name, value] of headers) if (name !== 'Status') response.setHeader(name!, value!)
      response.writeHead(status).end(answer.subarray(end + 4))
    })
  })
  const url = `http://127.0.0.1:${port}/pump`
  const latest = await fetching(testMeans(), { url })
  assert.equal(latest.source.commit, run('rev-parse', 'HEAD'))
  assert.equal(latest.files.get('data/0.json')!.toString(), '[]')
  const tagged = await fetching(testMeans(), { url, ref: 'v1' })
  assert.equal(tagged.source.commit, run('rev-parse', 'v1^{commit}'))
  const here = await fetching(testMeans(), { path: join(folder, 'pump') })
  assert.equal(here.contentHash, latest.contentHash)
  assert.equal(tagged.files.get('data/7.json')!.toString(), here.files.get('data/7.json')!.toString())
  assert.notEqual(tagged.contentHash, latest.contentHash)
  await assert.rejects(fetching(testMeans(), { url: `${url}-nope` }), failure('packageFetch', /does not exist/))
})

test('a tree that names itself many times over ends at the limit', async (t) => {
  const repository = await createRepository()
  let files: Tree = { 'system.json': '{}' }
  for (let depth = 0; depth < 12; depth++) {
    const tree = await repository.tree(files)
    files = Object.fromEntries(Array.from({ length: 10 }, (_, at) => [String(at), { tree }]))
  }
  await repository.commit('main', files)
  const { fetch } = await github(t, { '/acme/pump': repository })
  await assert.rejects(fetch(address, { limits: { entries: 2000 } }), failure('badPackage', /goes beyond 2000 entries/))
})

test('bytes changed at random in what the server sends give a package or a refusal, never a crash or a hang', async (t) => {
  const { repository } = await acme({
    ...system,
    'data/a.json': JSON.stringify(Array.from({ length: 99 }, (_, n) => n)),
  })
  let state = 7
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state % below
  }
  const inner = gitServer({ '/acme/pump': repository })
  const { port } = await serve(t, (request, response) => {
    const end = response.end.bind(response)
    const chunks: Buffer[] = []
    response.write = ((chunk: string | Buffer) => {
      chunks.push(Buffer.from(chunk as string, 'latin1'))
      return true
    }) as typeof response.write
    response.end = ((chunk?: string | Buffer) => {
      if (chunk !== undefined) chunks.push(Buffer.from(chunk as string, 'latin1'))
      let body = Buffer.concat(chunks)
      for (let changes = random(3); changes > 0 && body.length > 0; changes--) body[random(body.length)] = random(256)
      if (random(6) === 0) body = body.subarray(0, random(body.length + 1))
      return end(body)
    }) as typeof response.end
    inner(request, response)
  })
  const means = testMeans({ routes: [{ from: 'https://github.com', to: `http://127.0.0.1:${port}` }] })
  let fetched = 0
  for (let round = 0; round < 250; round++) {
    await fetching(means, { url: address }, { limits: { timeMs: 5000 } }).then(
      () => fetched++,
      (error) => {
        assert.match(error.kind, /^(?:badPackage|packageFetch)$/, error)
        assert.doesNotMatch(error.detail, /within 5 seconds/)
      },
    )
  }
  assert.ok(fetched > 10, `${fetched} survived`)
})
