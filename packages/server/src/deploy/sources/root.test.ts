import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failure } from '../../egress/loopback.fixture.ts'
import { findRoot, withoutTop } from './root.ts'

test('the package is the folder that holds system.json, wherever it is', () => {
  assert.equal(findRoot(['system.json', 'data/a.json']), '')
  assert.equal(findRoot(['repo-master/system.json', 'repo-master/data/a.json']), 'repo-master/')
  assert.equal(findRoot(['README.md', 'src/system/system.json', 'src/x.js']), 'src/system/')
})

test('one that lies above all others is the package', () => {
  assert.equal(findRoot(['r/system.json', 'r/examples/a/system.json', 'r/examples/b/system.json']), 'r/')
})

test('several side by side are named, and one is asked for', () => {
  const paths = ['r/a/system.json', 'r/b/c/system.json', 'r/README.md']
  assert.throws(() => findRoot(paths), failure('badPackage', /several packages here: "a", "b\/c"/, /Say which folder/))
  assert.equal(findRoot(paths, 'a'), 'r/a/')
  assert.equal(findRoot(paths, '/b/c/'), 'r/b/c/')
  assert.equal(findRoot(paths, 'b'), 'r/b/c/')
  assert.equal(findRoot(paths, 'r/a'), 'r/a/')
  assert.equal(withoutTop('r/a/', paths), 'a/')
})

test('a folder that is not there is named with those that are', () => {
  assert.throws(
    () => findRoot(['r/a/system.json', 'r/b/system.json'], 'c'),
    failure('badPackage', /no folder "c"/, /A system\.json is in: "r\/a", "r\/b"/),
  )
})

test('without system.json it says what was looked for, and whether the rest looks like a package', () => {
  assert.throws(
    () => findRoot(['a.txt']),
    failure('badPackage', /No system\.json was found here/, /Nothing here looks/),
  )
  assert.throws(
    () => findRoot(['x/code/services/a/a.js']),
    failure('badPackage', /such as "x\/code\/services\/a\/a\.js"/, /Put a system\.json beside/),
  )
  assert.throws(() => findRoot([]), failure('badPackage', /no files here/))
})
