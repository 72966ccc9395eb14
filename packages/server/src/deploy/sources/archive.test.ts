import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { ZipFile } from 'yazl'
import { failure } from '../../egress/loopback.fixture.ts'
import { type Unpacking, unpackArchive } from './archive.ts'
import { paxRecord, tar, tarEntry, tarGz, type ZipEntry, zip } from './archives.fixture.ts'
import { createPace, type SourceLimits, sourceLimits } from './limits.ts'
import { findRoot } from './root.ts'

function unpack(bytes: Buffer, more: { limits?: Partial<SourceLimits>; folder?: string; signal?: AbortSignal } = {}) {
  const unpacking: Unpacking = {
    limits: { ...sourceLimits, ...more.limits },
    pace: createPace(more.signal ?? new AbortController().signal),
    root: (paths) => findRoot(paths, more.folder),
    onFile: () => {},
  }
  return unpackArchive(bytes, unpacking)
}

const system = { name: 'system.json', data: '{}' }

const names = async (bytes: Buffer, more: Parameters<typeof unpack>[1] = {}) => [
  ...(await unpack(bytes, more)).files.keys(),
]

async function yazlZip(files: Record<string, string>): Promise<Buffer> {
  const made = new ZipFile()
  for (const [name, text] of Object.entries(files)) made.addBuffer(Buffer.from(text), name)
  made.end()
  const chunks: Buffer[] = []
  for await (const chunk of made.outputStream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

test('unpacks a zip as forges make it: the folder round everything and the commit are understood', async () => {
  const commit = 'a'.repeat(40)
  const bytes = zip(
    [
      { name: 'repo-master/', mode: 0o040755 },
      { name: 'repo-master/system.json', data: '{"name":"x"}', method: 8, mode: 0o100644 },
      { name: 'repo-master/code/services/a/a.js', data: 'x'.repeat(4000), method: 8 },
    ],
    { comment: commit },
  )
  const unpacked = await unpack(bytes)
  assert.deepEqual([...unpacked.files.keys()], ['system.json', 'code/services/a/a.js'])
  assert.equal(unpacked.files.get('system.json')!.toString(), '{"name":"x"}')
  assert.equal(unpacked.files.get('code/services/a/a.js')!.toString(), 'x'.repeat(4000))
  assert.deepEqual([unpacked.root, unpacked.commit], ['', commit])
})

test('unpacks zips and tars of other makers, packed or not', async () => {
  const files = { 'system.json': '{}', 'data/Größe.json': '[]' }
  assert.deepEqual(await names(await yazlZip(files)), Object.keys(files))
  const entries = [
    { name: './', type: '5' },
    { name: './system.json', data: '{}' },
    { name: './data/Größe.json', data: '[]' },
  ]
  assert.deepEqual(await names(tarGz(entries)), Object.keys(files))
  assert.deepEqual(await names(tar(entries)), Object.keys(files))
})

test('reads long names and the commit from the extended headers of a tar', async () => {
  const commit = 'b'.repeat(40)
  const long = `data/${'n'.repeat(150)}.json`
  const bytes = tarGz([
    { name: 'pax_global_header', type: 'g', data: paxRecord('comment', commit) },
    system,
    { name: 'PaxHeader', type: 'x', data: paxRecord('path', long) },
    { name: 'short', data: '[]' },
  ])
  const unpacked = await unpack(bytes)
  assert.deepEqual([...unpacked.files.keys()], ['system.json', long])
  assert.equal(unpacked.commit, commit)
})

test('leaves out what is no part of a package, and links among that', async () => {
  const left = ['.git/config', '__MACOSX/._x', 'data/.DS_Store', 'a/node_modules/b/index.js', '._system.json']
  const bytes = zip([
    system,
    ...left.map((name) => ({ name, data: 'x' })),
    { name: 'node_modules/.bin/x', mode: 0o120777 },
  ])
  assert.deepEqual(await names(bytes), ['system.json'])
  const link = { name: 'node_modules/.bin/x', type: '2', link: '../x' }
  assert.deepEqual(await names(tarGz([system, ...left.map((name) => ({ name, data: 'x' })), link])), ['system.json'])
})

const badNames: [name: string, says: RegExp][] = [
  ['../evil.js', /"\.\.\/evil\.js" leads out of its folder/],
  ['code/../../evil.js', /"code\/\.\.\/\.\.\/evil\.js" leads out/],
  ['node_modules/../../evil', /leads out/],
  ['/etc/passwd', /"\/etc\/passwd" has an absolute path/],
  ['C:/windows/x', /"C:\/windows\/x" begins with a drive letter/],
  ['c:x', /drive letter/],
  ['code\\..\\evil', /backslash/],
  ['data//x.json', /empty part/],
  ['data/./x.json', /empty part/],
  ['data/a\nb', /"data\/a\\u\{000a\}b" has a control character/],
  ['data/\u202egnp.js', /"data\/\\u\{202e\}gnp\.js" has characters in its name that make it look/],
  [`data/${'x'.repeat(256)}`, /more than 255 bytes/],
  [`${'x/'.repeat(40)}y`, /deeper than 32 folders/],
]

test('refuses names that lead elsewhere or fool the reader, and shows them', async (t) => {
  for (const [name, says] of badNames) {
    await t.test(JSON.stringify(name).slice(0, 40), async () => {
      await assert.rejects(unpack(zip([system, { name, data: 'x' }])), failure('badPackage', says))
      const header = { name: 'PaxHeader', type: 'x', data: paxRecord('path', name) }
      if (!name.includes('\n')) {
        await assert.rejects(unpack(tarGz([system, header, { name: 'x', data: 'x' }])), failure('badPackage', says))
      }
    })
  }
  await assert.rejects(unpack(zip([system, { name: 'a\0b' }])), failure('badPackage', /"a\\u\{0000\}b" has a control/))
  const latin1 = Buffer.from('data/gr\xf6\xdfe.json', 'latin1')
  await assert.rejects(unpack(zip([system, { name: latin1 }])), failure('badPackage', /not valid UTF-8/))
  await assert.rejects(
    unpack(zip([system, { name: 'x'.repeat(1025) }])),
    failure('badPackage', /path of more than 1024 bytes/),
  )
})

test('refuses files that are there twice, also by case and by the coding of accents', async () => {
  const twins: [string, string, RegExp][] = [
    ['data/a.json', 'data/a.json', /"data\/a\.json" is there twice/],
    ['data/a.json', 'data/A.json', /"data\/A\.json" and "data\/a\.json" are one and the same/],
    ['data/\u00e9.json', 'data/e\u0301.json', /one and the same/],
    ['data/a.json', './data/a.json', /is there twice/],
    ['data', 'data/a.json', /"data\/a\.json" lies in "data", which is a file/],
    ['data/a.json', 'DATA', /"DATA" is there both as a file and as a folder/],
  ]
  for (const [first, second, says] of twins) {
    const entries = [system, { name: first, data: '1' }, { name: second, data: '2' }]
    await assert.rejects(unpack(zip(entries)), failure('badPackage', says))
    await assert.rejects(unpack(tarGz(entries)), failure('badPackage', says))
  }
})

test('refuses links and devices', async () => {
  const link = { name: 'data/link', data: '/etc/passwd', mode: 0o120777 }
  await assert.rejects(unpack(zip([system, link])), failure('badPackage', /"data\/link" is a symbolic link/))
  await assert.rejects(
    unpack(zip([system, { name: 'data/null', mode: 0o020666 }])),
    failure('badPackage', /"data\/null" is a device/),
  )
  const kinds: [string, RegExp][] = [
    ['1', /"data\/x" is a hard link/],
    ['2', /"data\/x" is a symbolic link/],
    ['3', /"data\/x" is a device/],
    ['6', /"data\/x" is a pipe/],
  ]
  for (const [type, says] of kinds) {
    const entry = { name: 'data/x', type, link: type < '3' ? 'system.json' : '' }
    await assert.rejects(unpack(tarGz([system, entry])), failure('badPackage', says))
  }
  await assert.rejects(
    unpack(tarGz([system, { name: 'data/sparse', type: 'S' }])),
    failure('badPackage', /"data\/sparse" is of a kind/),
  )
})

test('refuses encrypted entries, unknown packing and contradictions in a zip', async () => {
  const cases: [ZipEntry[], RegExp][] = [
    [[system, { name: 'a', data: 'x'.repeat(13), size: 1, flags: 1 }], /"a" is encrypted/],
    [[system, { name: 'a', flags: 0x40 }], /"a" is encrypted/],
    [[system, { name: 'a', data: 'x', method: 12 }], /"a" is packed in a way/],
    [[system, { name: 'a', data: 'x', localName: 'b' }], /"a" has another name/],
    [[system, { name: 'a', data: 'xyz', crc: 1 }], /"a" is damaged: its checksum/],
    [[system, { name: 'a', data: 'x'.repeat(99), method: 8, size: 98 }], /"a" is damaged, or has another size/],
    [[system, { name: 'a', data: 'x'.repeat(99), method: 8, size: 100 }], /"a" is damaged, or has another size/],
    [[system, { name: 'a', data: 'xyz', size: 2 }], /"a" has two sizes/],
    [[system, { name: 'a', data: 'x', size: 0xffffffff }], /"a" has two sizes/],
    [[system, { name: 'a', data: 'x', offset: 99999 }], /"a" is not where/],
    [[system, { name: 'a/', data: 'x' }], /"a\/" is a folder with content/],
    [[system, { name: 'a', mode: 0o040755 }], /"a" is a folder by one of its marks/],
  ]
  for (const [entries, says] of cases) await assert.rejects(unpack(zip(entries)), failure('badPackage', says))
  const zip64 = Buffer.from('0100000000', 'hex').subarray(0, 4)
  await assert.rejects(
    unpack(zip([system, { name: 'a', data: 'x', method: 8, size: 0xffffffff, extra: zip64 }])),
    failure('badPackage', /"a" leaves out the zip64 sizes/),
  )
})

test('refuses a zip whose entries share bytes, and one that hides an entry', async () => {
  const kernel = { name: 'a', data: 'x'.repeat(100), method: 8 }
  const first = zip([system]).indexOf('PK\x01\x02')
  const shared = zip([system, kernel, { ...kernel, offset: first }])
  await assert.rejects(unpack(shared), failure('badPackage', /shares bytes with|is there twice/))
  const other = zip([system, kernel, { ...kernel, name: 'b', localName: 'a', offset: first }])
  await assert.rejects(unpack(other), failure('badPackage', /"b" has another name/))
  const overlapping = zip([
    system,
    { name: 'a', data: Buffer.concat([zip([{ name: 'b', data: 'inner' }]).subarray(0, 36)]) },
    { name: 'b', data: 'inner', offset: first + 31 },
  ])
  await assert.rejects(unpack(overlapping), failure('badPackage', /"a" shares bytes with "b"/))
  await assert.rejects(
    unpack(zip([system, { name: 'hidden', data: 'x' }], { announced: 1 })),
    failure('badPackage', /"hidden" is in the archive but not announced/),
  )
  await assert.rejects(unpack(zip([system], { announced: 2 })), failure('badPackage', /cannot be read/))
})

test('refuses bombs before they unpack, by declared size, by real size and by ratio', async () => {
  const limits = { fileBytes: 2_000_000, totalBytes: 3_000_000 }
  const zeros = Buffer.alloc(1_900_000)
  const bomb = { name: 'data/bomb.json', data: zeros, method: 8 }
  await assert.rejects(
    unpack(zip([system, { ...bomb, size: 2_000_001 }]), { limits }),
    failure('badPackage', /"data\/bomb\.json" has 2000001 bytes, more than the 2000000/),
  )
  await assert.rejects(
    unpack(zip([system, bomb]), { limits }),
    failure('badPackage', /"data\/bomb\.json" unpacks to more than 300 times/),
  )
  await assert.rejects(
    unpack(zip([system, { ...bomb, size: 10 }]), { limits }),
    failure('badPackage', /"data\/bomb\.json" is damaged, or has another size/),
  )
  await assert.rejects(
    unpack(zip([system, { name: 'a', data: zeros }, { name: 'b', data: zeros }]), { limits }),
    failure('badPackage', /"b" goes beyond the 3000000 bytes/),
  )
  await assert.rejects(
    unpack(tarGz([system, { name: 'a', data: zeros }, { name: 'b', data: zeros }]), { limits }),
    failure('badPackage', /"b" goes beyond the 3000000 bytes/),
  )
  await assert.rejects(
    unpack(tarGz([system, { name: 'a', size: 2_000_001 }]), { limits }),
    failure('badPackage', /"a" has 2000001 bytes/),
  )
  await assert.rejects(
    unpack(gzipSync(Buffer.alloc(120_000_000)), { limits: { fileBytes: 9e9, totalBytes: 9e9 } }),
    failure('badPackage', /300 times its size/),
  )
  const skipped = { name: 'node_modules/x', data: Buffer.alloc(40_000_000) }
  await assert.rejects(
    unpack(tarGz([system, skipped]), { limits: { ...limits, ratio: 9999, entries: 10 } }),
    failure('badPackage', /unpacks to more than the 3000000 bytes/),
  )
})

test('holds memory near the limit while it refuses a bomb of 2 GB', async () => {
  const megabyte = gzipSync(Buffer.alloc(16 * 1024 * 1024))
  const bomb = Buffer.concat(Array.from({ length: 128 }, () => megabyte))
  const before = process.memoryUsage().rss
  await assert.rejects(unpack(bomb, { limits: { ratio: 100_000 } }), failure('badPackage'))
  await assert.rejects(unpack(gzipSync(tarEntry({ name: 'a', size: 2 ** 31 }))), failure('badPackage', /"a" has/))
  assert.ok(process.memoryUsage().rss - before < 200 * 1024 * 1024)
})

test('refuses too many entries, and an archive that is too large as it arrives', async () => {
  const many = Array.from({ length: 12 }, (_, at) => ({ name: `data/${at}.json`, data: 'x' }))
  await assert.rejects(
    unpack(zip([system, ...many]), { limits: { entries: 10 } }),
    failure('badPackage', /announces 13 entries; 10 are/),
  )
  await assert.rejects(
    unpack(tarGz([system, ...many]), { limits: { entries: 10 } }),
    failure('badPackage', /"data\/9\.json" goes beyond the 10 entries/),
  )
  await assert.rejects(
    unpack(zip([system, ...many]), { limits: { files: 10 } }),
    failure('badPackage', /goes beyond the 10 files/),
  )
  await assert.rejects(
    unpack(zip([system]), { limits: { transferBytes: 20 } }),
    failure('badPackage', /more than the 20/),
  )
})

test('refuses what is cut off, wherever it is cut', async () => {
  const whole = zip([system, { name: 'data/a.json', data: 'abc'.repeat(300), method: 8 }])
  for (let length = 4; length < whole.length; length += 7) {
    await assert.rejects(unpack(whole.subarray(0, length)), failure('badPackage'))
  }
  const packed = tarGz([system, { name: 'data/a.json', data: 'abc'.repeat(300) }])
  for (let length = 2; length < packed.length; length += 5) {
    await assert.rejects(unpack(packed.subarray(0, length)), failure('badPackage'))
  }
  const plain = tar([system, { name: 'data/a.json', data: 'abc'.repeat(300) }], { end: false })
  for (let length = 512; length <= plain.length; length += 256) {
    await assert.rejects(unpack(plain.subarray(0, length)), failure('badPackage', /cut off|damaged/))
  }
})

test('bytes changed at random give files or a refusal, never another error', async () => {
  const seeds = [
    zip([system, { name: 'data/a.json', data: 'abc'.repeat(30), method: 8 }, { name: 'b/', mode: 0o040755 }]),
    tar([system, { name: 'Pax', type: 'x', data: paxRecord('path', 'data/long') }, { name: 'a', data: 'abc' }]),
    tarGz([system, { name: 'data/a.json', data: 'abc' }]),
  ]
  let state = 42
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state % below
  }
  for (const seed of seeds) {
    for (let round = 0; round < 400; round++) {
      const bytes = Buffer.from(seed)
      for (let changes = 1 + random(3); changes > 0; changes--) bytes[random(bytes.length)] = random(256)
      await unpack(bytes).catch(failure('badPackage'))
    }
  }
})

test('says what came instead of an archive', async () => {
  const cases: [Buffer | string, RegExp][] = [
    ['', /it is empty/],
    ['<!DOCTYPE html><html></html>', /a web page/],
    ['7z\xbc\xaf\x27\x1c....', /a 7z archive/],
    ['Rar!....', /a RAR archive/],
    ['hello', /neither zip nor tar\.gz/],
    [gzipSync('hello'), /no tar archive|cut off/],
    [gzipSync('x'.repeat(2000)), /no tar archive/],
    [gzipSync(tarGz([system])), /packed twice over/],
    [zip([]), /no files here/],
    [zip([{ name: 'inner.zip', data: 'x' }]), /only another archive here: "inner\.zip"/],
  ]
  for (const [bytes, says] of cases) {
    await assert.rejects(unpack(Buffer.from(bytes as string, 'latin1')), failure('badPackage', says))
  }
})

test('stops when it is told to', async () => {
  await assert.rejects(unpack(tarGz([system]), { signal: AbortSignal.abort() }), { name: 'AbortError' })
})
