import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { failure } from '../../egress/loopback.fixture.ts'
import { fetching, testMeans } from './sources.fixture.ts'

async function folderOf(t: TestContext, files: Record<string, string>): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'gatehouse-folder-')))
  t.after(() => rm(folder, { recursive: true, force: true }))
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return folder
}

const means = testMeans()

test('reads a folder, without what is no part of a package', async (t) => {
  const path = await folderOf(t, {
    'system.json': '{}',
    'data/a.json': '[]',
    'data/empty.json': '',
    '.git/config': 'x',
    'node_modules/x/system.json': '{}',
    'data/.DS_Store': 'x',
  })
  const { files, source } = await fetching(means, { path })
  assert.deepEqual(
    [...files],
    [
      ['data/a.json', Buffer.from('[]')],
      ['data/empty.json', Buffer.alloc(0)],
      ['system.json', Buffer.from('{}')],
    ],
  )
  assert.deepEqual(source, { kind: 'folder', address: path })
})

test('finds the package below, or asks which one', async (t) => {
  const path = await folderOf(t, { 'a/system.json': '1', 'b/system.json': '2', 'README.md': '' })
  await assert.rejects(fetching(means, { path }), failure('badPackage', /several packages here: "a", "b"/))
  const { files, source } = await fetching(means, { path, folder: 'b' })
  assert.deepEqual([files.get('system.json')!.toString(), source.folder], ['2', 'b'])
})

test('refuses links and pipes inside the package, and follows none', async (t) => {
  const path = await folderOf(t, { 'sys/system.json': '{}', 'secret/key': 'x' })
  await symlink(join(path, 'secret/key'), join(path, 'sys/key.json'))
  await assert.rejects(fetching(means, { path }), failure('badPackage', /"sys\/key\.json" is a symbolic link/))
  await rm(join(path, 'sys/key.json'))
  await symlink(join(path, 'secret'), join(path, 'sys/data'))
  await assert.rejects(fetching(means, { path }), failure('badPackage', /"sys\/data" is a symbolic link/))
  await rm(join(path, 'sys/data'))
  await symlink('sys', join(path, 'latest'))
  assert.deepEqual([...(await fetching(means, { path })).files.keys()], ['system.json'])
  await t.test('pipe', { skip: spawnSync('mkfifo', ['--version']).status === 0 ? false : 'no mkfifo' }, async () => {
    spawnSync('mkfifo', [join(path, 'sys/pipe')])
    await assert.rejects(fetching(means, { path }), failure('badPackage', /"sys\/pipe" is no ordinary file/))
  })
})

test('may itself be reached through a link, and is recorded where it is', async (t) => {
  const path = await folderOf(t, { 'sys/system.json': '{}' })
  await symlink(join(path, 'sys'), join(path, 'here'))
  const { source } = await fetching(means, { path: join(path, 'here') })
  assert.equal(source.address, join(path, 'sys'))
})

test('says what cannot be read', async (t) => {
  const path = await folderOf(t, { 'system.json': '{}', 'data/a.json': '[]' })
  await assert.rejects(fetching(means, { path: join(path, 'nope') }), failure('packageFetch', /does not exist/))
  await assert.rejects(fetching(means, { path: join(path, 'system.json') }), failure('packageFetch', /is not a folder/))
  const denied = process.getuid?.() === 0 ? 'root may read everything' : false
  await t.test('a file without permission', { skip: denied }, async () => {
    await chmod(join(path, 'data/a.json'), 0)
    await assert.rejects(
      fetching(means, { path }),
      failure('packageFetch', /"data\/a\.json" cannot be read: this process/),
    )
  })
})

test('holds to the limits', async (t) => {
  const path = await folderOf(t, { 'system.json': '{}', 'data/a.json': 'x'.repeat(100), 'data/b/c.json': 'x' })
  const refuses = (limits: object, says: RegExp) =>
    assert.rejects(fetching(means, { path }, { limits }), failure('badPackage', says))
  await refuses({ fileBytes: 99 }, /"data\/a\.json" has 100 bytes/)
  await refuses({ totalBytes: 102 }, /goes beyond the 102 bytes/)
  await refuses({ files: 2 }, /goes beyond the 2 files/)
  await refuses({ entries: 3 }, /goes beyond 3 entries/)
  await refuses({ depth: 1 }, /"data\/b\/c\.json" lies deeper than 1 folders/)
})
