/** What the review of a package's powers promises the person who reads it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readPackage } from './format/read.ts'
import { reviewPackage } from './review.ts'
import { hostsIn } from './review-hosts.ts'

const packageOf = (files: Record<string, unknown>) =>
  readPackage(
    new Map(
      Object.entries({ 'system.json': { name: 'p' }, ...files }).map(([path, value]) => [
        path,
        Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
      ]),
    ),
  ).model

const role = (name: string, permissions: Record<string, unknown>) => ({ Name: name, Permissions: permissions })

const twoFactor = packageOf({
  'code/services/authOverride/authOverride.json': {
    name: 'authOverride',
    run_user: 'bot@example.com',
    dependencies: 'Sms',
    permissions: { Anonymous: 1 },
  },
  'code/services/authOverride/authOverride.js':
    "function authOverride(req, resp) { ClearBlade.Collection({collectionName: 'Tokens'}) }",
  'code/services/list/list.json': { name: 'list' },
  'code/services/list/list.js': 'function list(req, resp) { resp.success(1) }',
  'code/libraries/Sms/Sms.json': { name: 'Sms', dependencies: 'Wire,http' },
  'code/libraries/Sms/Sms.js': 'var url = "https://api.twilio.com/2010"',
  'code/libraries/Wire/Wire.json': { name: 'Wire', dependencies: 'Sms' },
  'code/libraries/Wire/Wire.js': 'var HOST = "hooks.example.net"; var file = "a.json"; var other = "user.email"',
  'data/Tokens.json': { name: 'Tokens', permissions: { helper: 15 } },
  'data/Notes.json': { name: 'Notes' },
  'roles/helper.json': role('helper', { UsersList: { Level: 1 } }),
  'roles/Authenticated.json': role('Authenticated', {
    CodeServices: [{ Name: 'list', Level: 1 }],
    AllCollections: { Level: 5 },
  }),
  'roles/Administrator.json': role('Administrator', {}),
  'users/bot@example.com.json': { email: 'bot@example.com', password: 'hunter22', roles: ['helper'] },
  'secrets/s.json': { name: 's', secret: 'x' },
})

describe('the review of a package', () => {
  const review = reviewPackage(twoFactor)

  test('names the services that somebody who has not signed in may execute, and no other', () => {
    assert.deepEqual(review.anonymous, ['authOverride'])
    const open = packageOf({
      'roles/Anonymous.json': role('Anonymous', { AllServices: { Level: 1 } }),
      'code/services/s/s.json': { name: 's' },
    })
    assert.deepEqual(reviewPackage(open).anonymous, ['s'])
  })

  test('names the services that run as somebody, and says whether the package brings him', () => {
    assert.deepEqual(review.runAs, [{ service: 'authOverride', user: 'bot@example.com', brought: true }])
    const stranger = packageOf({ 'code/services/s/s.json': { name: 's', run_user: '5a9fa0d70b' } })
    assert.deepEqual(reviewPackage(stranger).runAs, [{ service: 's', user: '5a9fa0d70b', brought: false }])
  })

  test('says which collections and which user data each service reaches, by the rights it will have', () => {
    const [override, list] = review.reach
    assert.deepEqual(override, {
      service: 'authOverride',
      as: { kind: 'user', name: 'bot@example.com', brought: true },
      roles: ['helper'],
      collections: [{ name: 'Tokens', level: 15, may: ['read', 'create', 'update', 'delete'] }],
      wide: [{ kind: 'users', level: 1, may: ['read'] }],
      named: ['Tokens'],
    })
    assert.deepEqual(list?.as, { kind: 'callers' })
    assert.deepEqual(list?.roles, ['Authenticated'])
    assert.deepEqual(
      list?.collections.map(({ name, level }) => [name, level]),
      [
        ['Notes', 5],
        ['Tokens', 5],
      ],
    )
  })

  test('names outside hosts of code and libraries with the place, and says that it only searched', () => {
    assert.deepEqual(review.hosts, [
      { host: 'api.twilio.com', as: 'address', in: ['library/Sms'] },
      { host: 'hooks.example.net', as: 'name', in: ['library/Wire'] },
    ])
    assert.equal(review.hostsAreScanned, true)
  })

  test('lists users with whether they bring a password, what standing roles gain, and what is kept; no secret', () => {
    assert.deepEqual(review.users, [
      { email: 'bot@example.com', bringsPassword: true, serviceAccount: false, roles: ['helper'] },
    ])
    assert.deepEqual(
      review.gains.map(({ role: name, rights }) => [name, rights.map(({ kind, item, may }) => [kind, item, may])]),
      [
        [
          'Authenticated',
          [
            ['services', 'list', ['execute']],
            ['allcollections', '', ['read', 'update']],
          ],
        ],
        ['Anonymous', [['services', 'authOverride', ['execute']]]],
      ],
    )
    assert.deepEqual(review.kept, [{ kind: 'secret', name: 's', files: 1, sensitive: true }])
    assert.ok(!JSON.stringify(review).includes('hunter22'))
  })
})

describe('the search for hosts', () => {
  const found = (code: string) => hostsIn(code).map(({ host }) => host)

  test('finds addresses in every usual form', () => {
    assert.deepEqual(found('get("https://user:pw@Api.Example.com:8443/x?y")'), ['api.example.com:8443'])
    assert.deepEqual(found(`\`wss://a.example.org/$\{path}\``), ['a.example.org'])
    assert.deepEqual(found('"http:\\/\\/b.example.org\\/x"'), ['b.example.org'])
    assert.deepEqual(found('// see http://c.example.org.'), ['c.example.org'])
    assert.deepEqual(found("var ip = '10.0.0.5:8080', v6 = 'http://[::1]:80/', me = 'http://localhost:9000/x'"), [
      '10.0.0.5:8080',
      '[::1]:80',
      'localhost:9000',
    ])
    assert.deepEqual(found("'//cdn.example.com/x.js'"), ['cdn.example.com'])
  })

  test('takes no file, property or piece of a template for a host', () => {
    assert.deepEqual(found(`'index.html' + 'user.email' + \`https://$\{host}/\` + 'https://' + host + '1.2.3'`), [])
  })

  test('is quick on long and odd texts', () => {
    const started = performance.now()
    for (const text of [
      'a.'.repeat(1_000_000),
      `"${'a.'.repeat(500_000)}`,
      'https://'.repeat(200_000),
      '"'.repeat(900_000),
    ])
      hostsIn(text)
    assert.ok(performance.now() - started < 4_000)
  })
})
