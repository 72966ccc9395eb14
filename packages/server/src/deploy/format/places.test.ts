/** Which files belong to the format, told by where they lie. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { everyKindFiles } from '../every-kind.fixture.ts'
import { codeStem, isPlaceOfFormat } from './places.ts'
import { readPackage } from './read.ts'

test('every file that is read has its place, and what has none is named as no part of the format', () => {
  const strays = [
    ...['notes.txt', 'LICENSE', 'docs/plan.md', 'code/build.js', 'code/services/a.js', 'code/services/a/deep/a.js'],
    ...['code/services/a/a.ts', 'data/rows.csv', 'roles/deep/r.json', '.github/x.yml', 'tools/system.json'],
  ]
  const files = new Map([...everyKindFiles(), ...strays.map((path) => [path, Buffer.from('{}')] as const)])
  const unknown = readPackage(files)
    .notes.filter(({ kind }) => kind === 'unknown')
    .flatMap(({ path }) => path ?? [])
  const isRead = (path: string): boolean => !unknown.some((one) => path === one || path.startsWith(`${one}/`))
  for (const path of files.keys()) assert.equal(isPlaceOfFormat(path), isRead(path), path)
  for (const path of strays) assert.ok(!isRead(path), path)
})

test('code is called like its folder, or by the only other name there', () => {
  assert.equal(codeStem('valves', ['valves.js', 'helper.js', 'notes.txt']), 'valves')
  assert.equal(codeStem('folder', ['valves.json', 'valves.js', 'notes.txt']), 'valves')
  assert.equal(codeStem('folder', ['valves.js', 'helper.js']), 'folder')
})
