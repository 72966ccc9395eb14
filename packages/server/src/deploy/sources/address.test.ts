import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failure } from '../../egress/loopback.fixture.ts'
import { type Address, readAddress, withoutSecrets } from './address.ts'

const repository = 'https://github.com/acme/pump-monitor'

/** Pasted → repository, ref (or ref and folder), whether an archive is asked for first. */
const pasted: [text: string, expected: { url?: string; ref?: string; rest?: string; first?: Address['first'] }][] = [
  [repository, {}],
  [`${repository}/`, {}],
  [`  <${repository}> `, {}],
  [`git clone ${repository}.git`, { url: `${repository}.git` }],
  [`git+${repository}.git`, { url: `${repository}.git` }],
  [`${repository}.git/`, { url: `${repository}.git` }],
  [`${repository}.git#v1.0`, { url: `${repository}.git`, ref: 'v1.0' }],
  [`${repository}?tab=readme-ov-file#readme`, {}],
  [`${repository}#readme`, {}],
  ['https://www.github.com/acme/pump-monitor', {}],
  ['http://github.com/acme/pump-monitor', {}],
  ['github.com/acme/pump-monitor', {}],
  ['HTTPS://GitHub.com/acme/pump-monitor', {}],
  [`${repository}/tree/main`, { rest: 'main' }],
  [`${repository}/tree/feature/x/systems/pump/`, { rest: 'feature/x/systems/pump' }],
  [`${repository}/tree/main/my%20system?x=1#readme`, { rest: 'main/my system' }],
  [`${repository}.git/tree/main/system`, { rest: 'main/system' }],
  [`${repository}/tree/refs/heads/main`, { rest: 'main' }],
  [`${repository}/blob/main/system/system.json`, { rest: 'main/system' }],
  [`${repository}/blob/main/README.md`, { rest: 'main' }],
  [`${repository}/commit/${'c'.repeat(40)}`, { ref: 'c'.repeat(40) }],
  [`${repository}/releases/tag/v1.0`, { ref: 'v1.0' }],
  [`${repository}/archive/master.zip`, { ref: 'master', first: 'download' }],
  [`${repository}/archive/refs/heads/master.zip`, { ref: 'master', first: 'download' }],
  [`${repository}/archive/refs/heads/feature/x.zip`, { ref: 'feature/x', first: 'download' }],
  [`${repository}/archive/refs/tags/v1.0.tar.gz`, { ref: 'v1.0', first: 'download' }],
  [`${repository}/zipball/v1.0`, { ref: 'v1.0', first: 'download' }],
  [`${repository}/tarball/refs/heads/master/`, { ref: 'master', first: 'download' }],
  ['https://codeload.github.com/acme/pump-monitor/zip/refs/heads/master', { ref: 'master', first: 'download' }],
  ['https://codeload.github.com/acme/pump-monitor/tar.gz/v1', { ref: 'v1', first: 'download' }],
  ['https://api.github.com/repos/acme/pump-monitor/zipball', { first: 'download' }],
  ['https://raw.githubusercontent.com/acme/pump-monitor/refs/heads/main/system.json', { rest: 'main' }],
  ['https://gitlab.com/a/b/c', { url: 'https://gitlab.com/a/b/c' }],
  ['https://gitlab.com/a/b/c/-/tree/main/sys?ref_type=heads', { url: 'https://gitlab.com/a/b/c', rest: 'main/sys' }],
  [
    'https://gitlab.com/a/b/-/archive/feature/x/b-feature-x.zip',
    { url: 'https://gitlab.com/a/b', ref: 'feature/x', first: 'download' },
  ],
  ['https://git.example.com/a/b/src/branch/main/sys', { url: 'https://git.example.com/a/b', rest: 'main/sys' }],
  ['https://bitbucket.org/a/b/src/main/sys', { url: 'https://bitbucket.org/a/b', rest: 'main/sys' }],
  ['https://git.example.com/scm/a.git', { url: 'https://git.example.com/scm/a.git' }],
  ['http://localhost:9000/a.git', { url: 'http://localhost:9000/a.git' }],
]

test('understands addresses as people paste them', async (t) => {
  for (const [text, expected] of pasted) {
    await t.test(text, () => {
      const address = readAddress(text)
      assert.equal(address.repository?.url, expected.url ?? repository)
      assert.equal(address.repository?.ref, expected.ref)
      assert.equal(address.repository?.refAndFolder, expected.rest)
      assert.equal(address.first, expected.first ?? 'repository')
    })
  }
})

test('a zip by URL is downloaded as it was given', () => {
  const url = 'https://files.example.com/get/package.zip?id=5'
  assert.deepEqual(readAddress(`${url}#x`), { first: 'download', download: url })
  const release = `${repository}/releases/download/v1/package.zip`
  assert.deepEqual(readAddress(release), { first: 'download', download: release })
})

test('what is neither is asked for as a repository first, then as an archive', () => {
  const url = 'https://gatehouse.example.com/packages/two-factor'
  assert.deepEqual(readAddress(url), { first: 'repository', repository: { url }, download: url })
})

test('a ref and a folder that are given beside the address are kept, and contradictions are named', () => {
  const given = readAddress(repository, { ref: 'v2', folder: 'sys' })
  assert.deepEqual([given.repository, given.folder], [{ url: repository, ref: 'v2' }, 'sys'])
  const split = readAddress(`${repository}/tree/feature/x/sys`, { ref: 'feature/x' })
  assert.deepEqual([split.repository?.ref, split.folder], ['feature/x', 'sys'])
  const archive = readAddress(`${repository}/archive/v2.zip`, { ref: 'v2' })
  assert.equal(archive.first, 'download')
  const both = failure('packageFetch', /"v1", and "v2" was asked for/)
  assert.throws(() => readAddress(`${repository}/archive/v1.zip`, { ref: 'v2' }), both)
  assert.throws(
    () => readAddress(`${repository}/tree/v1/sys`, { ref: 'v2' }),
    failure('packageFetch', /"v1\/sys", and "v2"/),
  )
  assert.throws(
    () => readAddress('https://example.com/a.zip', { ref: 'v2' }),
    failure('packageFetch', /no branch or tag to choose/),
  )
})

test('an address for SSH is answered with the one for https', () => {
  const says = failure('packageFetch', /for SSH/, /Use https:\/\/github\.com\/acme\/pump\.git/)
  assert.throws(() => readAddress('git@github.com:acme/pump.git'), says)
  assert.throws(() => readAddress('ssh://git@github.com/acme/pump.git'), says)
  assert.throws(() => readAddress('ssh://git@github.com:22/acme/pump.git'), says)
  assert.throws(
    () => readAddress('git://example.com/a.git'),
    failure('packageFetch', /git:\/\/ are not/, /https:\/\/example/),
  )
  assert.throws(() => readAddress('file:///etc'), failure('packageFetch', /Give the folder itself/))
})

test('http is for this machine only, unless the node trusts the place', () => {
  assert.throws(
    () => readAddress('http://example.com/a.zip'),
    failure('packageFetch', /over https/, /Try https:\/\/example\.com\/a\.zip/),
  )
  assert.equal(readAddress('http://127.0.0.1:8/a.zip').download, 'http://127.0.0.1:8/a.zip')
  const trustHttp = (url: URL) => url.host === 'node.lan:9000'
  const own = 'http://node.lan:9000/packages/sample'
  assert.equal(readAddress(own, { trustHttp }).download, own)
  assert.throws(() => readAddress('http://other.lan/packages/sample', { trustHttp }), failure('packageFetch'))
  assert.throws(() => readAddress('http://127.0.0.1.example.com/a.zip'), failure('packageFetch', /over https/))
})

test('user names, passwords and tokens are refused and not repeated', () => {
  for (const text of ['https://ghp_s3cret@github.com/a/b', 'https://me:s3cret@example.com/a.zip']) {
    assert.throws(
      () => readAddress(text),
      (error: Error & { hint?: string }) => {
        failure('packageFetch', /holds a user name, password or token/)(error)
        assert.doesNotMatch(`${error.message}${error.hint}`, /s3cret/)
        return true
      },
    )
  }
  assert.throws(
    () => readAddress('ftp://me:s3cret@example.com/a'),
    (error: Error & { hint?: string }) => !/s3cret/.test(`${error.message}${error.hint}`),
  )
})

test('what is recorded keeps a plain query and drops whatever may be a key', () => {
  const shown = (text: string) => withoutSecrets(new URL(text))
  assert.equal(shown('https://e.com/a?id=5&v=2'), 'https://e.com/a?id=5&v=2')
  assert.equal(shown('https://e.com/a?id=5&X-Amz-Signature=abc'), 'https://e.com/a')
  assert.equal(shown(`https://e.com/a?id=${'x'.repeat(65)}`), 'https://e.com/a')
  assert.equal(shown('https://u:p@e.com/a#x'), 'https://e.com/a')
})

test('pages that are no package, and texts that are no address, are answered with what to give', () => {
  const cases: [string, RegExp][] = [
    ['', /No address/],
    ['acme/pump', /https:\/\/github\.com\/acme\/pump/],
    ['pump', /no address of a package/],
    ['https://github.com/acme', /names no repository/],
    [`${repository}/issues/5`, /Try https:\/\/github\.com\/acme\/pump-monitor\./],
    [`${repository}/releases`, /Try/],
    [`${repository}/blob/main/code/x.js`, /a single file/],
    ['https://gitlab.com/a/b/-/issues', /Try https:\/\/gitlab\.com\/a\/b\./],
    ['https://exa mple.com/a', /a space/],
    ['https://example.com/%zz/b/tree/x', /% that stands/],
  ]
  for (const [text, says] of cases) assert.throws(() => readAddress(text), failure('packageFetch', says))
})
