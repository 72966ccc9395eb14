/** `Requests()`, `fetch` and `ClearBladeAsync`: what goes to the node and what comes back to the service. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { openRuns } from './test-run.ts'

const { service } = await openRuns()

const ok = {
  status: 200,
  statusText: '200 OK',
  url: 'http://x.example/final',
  headers: { 'content-type': ['application/json'], 'set-cookie': ['a', 'b'] },
  text: '{"a":1}',
}
const answering = (value: unknown) => ({ table: { 'http.request': value } })
const refusing = answering(() => {
  throw new GatehouseError('unavailable', 'The address could not be reached.')
})

/** What one `Requests()` call sends. */
async function sent(method: string, options: string) {
  const { calls, result } = await service(
    `Requests().${method}(${options}, function (err, data) { resp.success([err, data]) })`,
    answering(ok),
  )
  return calls[0]?.args ?? result
}

test('a request calls back with the text of the body, JSON or not', async () => {
  const { result } = await service(
    `var text; Requests().get({uri: 'http://x.example/'}, function (err, data) { text = [err, data] }); resp.success(text)`,
    answering(ok),
  )
  assert.deepEqual(result, ['success', [false, '{"a":1}']])
})

test('what cannot be sent or gets no answer is err true, never a throw', async () => {
  const said = `function (err, data) { resp.success([err === true, data]) }`
  assert.deepEqual((await service(`Requests().get({uri: '/admin/user'}, ${said})`, refusing)).result, [
    'success',
    [true, 'The address could not be reached.'],
  ])
  assert.deepEqual((await service(`Requests().get({}, ${said})`)).result, [
    'success',
    [true, 'The request needs a uri.'],
  ])
  assert.deepEqual((await service(`Requests().put(undefined, ${said})`)).result, [
    'success',
    [true, 'The request needs options with a uri.'],
  ])
  const circle = await service(`var c = {}; c.c = c; Requests().post({uri: 'http://x', body: c}, ${said})`)
  assert.equal((circle.result[1] as unknown[])[0], true)
})

test('an answer from 400 on is err true with its body', async () => {
  const refused = { ...ok, status: 409, statusText: '409 Conflict', text: 'user already exists' }
  const said = `function (err, data) { resp.success([err, data]) }`
  assert.deepEqual((await service(`Requests().post({uri: 'http://x'}, ${said})`, answering(refused))).result, [
    'success',
    [true, 'user already exists'],
  ])
  assert.deepEqual(
    (await service(`Requests().post({uri: 'http://x'}, ${said})`, answering({ ...refused, text: '' }))).result,
    ['success', [true, 'HTTP 409 Conflict']],
  )
})

test('full gives body, status and headers, as an object that also parses as text', async () => {
  const { result } = await service(
    `Requests().get({uri: 'http://x', full: true}, function (err, data) {
       resp.success([err, data.Status, data.Header['Content-Type'], JSON.parse(JSON.parse(data).Body).a, data])
     })`,
    answering({ ...ok, status: 404 }),
  )
  assert.deepEqual(result, [
    'success',
    [
      false,
      404,
      ['application/json'],
      1,
      { Body: '{"a":1}', Header: { 'Content-Type': ['application/json'], 'Set-Cookie': ['a', 'b'] }, Status: 404 },
    ],
  ])
})

test('options become a request: url or uri, query, headers, basic auth, limits', async () => {
  assert.deepEqual(
    await sent(
      'get',
      `{url: 'http://x/p?a=1#h', qs: {q: 'a b&', l: [1, 2], n: null, u: undefined}, headers: {'X-A': 5}, auth: {user: 'me', pass: 'pä'}, timeout: 30, followRedirect: 2, strictSSL: false, body: {}}`,
    ),
    {
      method: 'GET',
      url: 'http://x/p?a=1&q=a%20b%26&l=1&l=2&n=#h',
      headers: { 'X-A': '5', Authorization: `Basic ${Buffer.from('me:pä').toString('base64')}` },
      timeoutMs: 30_000,
      maxRedirects: 2,
      strictSSL: false,
    },
  )
  assert.deepEqual(await sent('delete', `'http://x/'`), { method: 'DELETE', url: 'http://x/', headers: {} })
})

test('bodies go as JSON, as a form, or as the text they are', async () => {
  assert.deepEqual(await sent('put', `{uri: 'http://x', body: {a: [1], b: undefined}}`), {
    method: 'PUT',
    url: 'http://x',
    headers: { 'Content-Type': 'application/json' },
    body: '{"a":[1]}',
  })
  assert.deepEqual(await sent('post', `{uri: 'http://x', form: true, body: {To: '+1 2', Body: 'ä=&'}}`), {
    method: 'POST',
    url: 'http://x',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: 'To=%2B1%202&Body=%C3%A4%3D%26',
  })
  assert.deepEqual(await sent('post', `{uri: 'http://x', body: '<a/>', headers: {'content-type': 'text/xml'}}`), {
    method: 'POST',
    url: 'http://x',
    headers: { 'content-type': 'text/xml' },
    body: '<a/>',
  })
})

test('fetch gives values from text() and json(), as often as wanted', async () => {
  const { result, calls } = await service(
    `fetch('https://x.example/', {method: 'post', body: 'hi', headers: new Map([['x-a', '1']])}).then(function (r) {
       resp.success([r.status, r.ok, r.statusText, r.url, r.text(), r.json().a, r.json().a, r.headers.get('CONTENT-TYPE'), r.headers.has('x'), r.headers.headers['Set-Cookie'], r.body.length])
     })`,
    answering(ok),
  )
  assert.deepEqual(result, [
    'success',
    [200, true, '200 OK', 'http://x.example/final', '{"a":1}', 1, 1, 'application/json', false, ['a', 'b'], 7],
  ])
  assert.deepEqual(calls[0]!.args, {
    method: 'POST',
    url: 'https://x.example/',
    headers: { 'X-A': ['1'] },
    body: 'hi',
  })
})

test('fetch sends and receives bytes', async () => {
  const { result, calls } = await service(
    `fetch('http://x/', {method: 'PUT', body: new Uint8Array([0, 255]), headers: [['a', 'b']]}).then(function (r) { resp.success(Array.from(r.body)) })`,
    answering({ ...ok, text: '\ufffd', base64: '/wA=' }),
  )
  assert.deepEqual(result, ['success', [255, 0]])
  assert.equal(calls[0]!.args.bodyBase64, 'AP8=')
})

test('a fetch that fails rejects with a message; an unhandled one ends the run', async () => {
  const caught = await service(`fetch('http://x/').catch(function (e) { resp.error(e.message) })`, refusing)
  assert.deepEqual(caught.result, ['error', 'The address could not be reached.'])
  const relative = await service(`fetch('/api').catch(function (e) { resp.error(e.message) })`)
  assert.deepEqual(relative.result, ['error', 'fetch needs an absolute URL that starts with http:// or https://.'])
  assert.deepEqual((await service(`fetch('http://x/')`, refusing)).result, [
    'threw',
    'The address could not be reached.',
  ])
})

test('an aborted fetch rejects with the reason', async () => {
  const { result } = await service(
    `var c = new AbortController(); var said = []
     fetch('http://x/', {signal: AbortSignal.abort()}).catch(function (e) {
       said.push(e.name)
       var p = fetch('http://x/', {signal: c.signal}); c.abort('enough')
       return p
     }).catch(function (e) { said.push(e.message, c.signal.aborted, c.signal.reason); resp.success(said) })`,
    answering(ok),
  )
  assert.deepEqual(result, ['success', ['AbortError', 'enough', true, 'enough']])
})

test('a signal with a deadline limits the request at the node and does not hold the run', async () => {
  const { result, calls, outcome } = await service(
    `fetch('http://x/', {signal: AbortSignal.timeout(15000)}).then(function (r) { log(r.status) })`,
    answering(ok),
  )
  assert.deepEqual(result, ['silent'])
  assert.equal(outcome.logs[0]!.text, '200')
  assert.ok((calls[0]!.args.timeoutMs as number) <= 15_000)
  assert.ok(outcome.usage.wallMs < 5000)
})

test('a run with pending promises lives until they settle', async () => {
  const { result } = await service(
    `Promise.all([1, 2, 3].map(function (n) { return fetch('http://x/' + n) })).then(function (all) { resp.success(all.length) })`,
    answering(ok),
  )
  assert.deepEqual(result, ['success', 3])
})

const rows = [{ item_id: 'i' }]

test('ClearBladeAsync fetches, creates, updates, upserts and removes as the run', async () => {
  const { result, calls } = await service(
    `ClearBlade.init({systemKey: 'k', systemSecret: 's'})
     var c = ClearBladeAsync.Collection('things'); var q = ClearBladeAsync.Query().equalTo('a', 1).descending('b').setPage(5, 1)
     c.fetch(q).then(function (r) { return [r.DATA, r.TOTAL] }).then(function (said) {
       return Promise.all([c.create({a: 1}), c.update(q, {b: 2}), c.update({b: 3}), c.upsert({a: 1}, 'a'), c.remove(q), c.count(), c.createUniqueIndex('a'), ClearBladeAsync.newCollection('n')])
         .then(function (more) { resp.success(said.concat(more)) })
     }).catch(resp.error)`,
    {
      table: {
        'data.fetch': { DATA: rows, TOTAL: 99, CURRENTPAGE: 1, NEXTPAGEURL: null, PREVPAGEURL: null },
        'data.create': rows,
        'data.update': { count: 1, rows },
        'data.upsert': rows,
        'data.remove': { count: 1 },
        'data.count': { count: 4 },
        'data.createIndex': null,
        'data.newCollection': { collectionID: 'id', name: 'n' },
      },
    },
  )
  assert.deepEqual(result, [
    'success',
    [rows, 1, rows, rows, rows, rows, null, { count: 4 }, null, { name: 'n', id: 'id' }],
  ])
  const query = { FILTERS: [[{ EQ: [{ a: 1 }] }]], SORT: [{ DESC: 'b' }], PAGESIZE: 5, PAGENUM: 1 }
  assert.deepEqual(calls.slice(0, 4), [
    { name: 'data.fetch', args: { collection: { nameOrId: 'things' }, query } },
    { name: 'data.create', args: { collection: { nameOrId: 'things' }, rows: [{ a: 1 }] } },
    { name: 'data.update', args: { collection: { nameOrId: 'things' }, rows: true, query, changes: { b: 2 } } },
    { name: 'data.update', args: { collection: { nameOrId: 'things' }, rows: true, changes: { b: 3 } } },
  ])
  assert.deepEqual(calls[7]!.args, { collection: { nameOrId: 'things' }, column: 'a', unique: true })
})

test('a refusal rejects with a message, and so does what is not built', async () => {
  const { result } = await service(
    `var said = []; function note(e) { said.push(e.message) }
     ClearBladeAsync.Collection('c').fetch().catch(note)
       .then(function () { return ClearBladeAsync.Cache('c').get('k') }).catch(note)
       .then(function () { return ClearBladeAsync.Database().query('select') }).catch(note)
       .then(function () { return ClearBladeAsync.Code().execute('s', {}, false) }).catch(note)
       .then(function () { return ClearBladeAsync.Collection('c').fetch({item_id: 1}) }).catch(note)
       .then(function () { resp.success(said) })`,
    {
      table: {
        'data.fetch': () => {
          throw new GatehouseError('permissionDenied', 'You may not read c.')
        },
        'code.execute': { success: false, results: 'no' },
      },
    },
  )
  assert.deepEqual(result, [
    'success',
    [
      'You may not read c.',
      'not available yet: cache',
      'not offered: raw SQL',
      'no',
      'The query is not a Query object.',
    ],
  ])
})

test('ClearBladeAsync knows users, tokens, roles and services', async () => {
  const { result } = await service(
    `Promise.all([
       ClearBladeAsync.Users().create({email: 'e', password: 'p'}), ClearBladeAsync.Users().read(), ClearBladeAsync.Users().update(ClearBladeAsync.Query(), {a: 1}),
       ClearBladeAsync.Auth().authUser('e', 'p'), ClearBladeAsync.Auth().userIDFromToken('t'),
       ClearBladeAsync.Roles().grantedTo('u'), ClearBladeAsync.Role('r').setPermissions({type: 'collection', name: 'c', level: ClearBladeAsync.Permissions.READ}), ClearBladeAsync.Role('r').users(),
       ClearBladeAsync.Code().execute('s', {}, false).then(function (r) { return [r.results, JSON.parse(r).results] })
     ]).then(resp.success).catch(resp.error)`,
    {
      table: {
        'users.create': { user_id: 'u' },
        'users.fetch': { Data: rows, Total: 1 },
        'users.update': { count: 1 },
        'auth.password': { authToken: 't', user_id: 'u', email: 'e' },
        'auth.userIdFromToken': 'u',
        'roles.ofUser': [{ role_id: 'r', user_id: 'u', user_role_id: 'x' }],
        'roles.setPermissions': null,
        'roles.users': ['u'],
        'code.execute': { success: true, results: 5 },
      },
    },
  )
  assert.deepEqual(result, [
    'success',
    ['u', rows, null, { auth_token: 't', refresh_token: '', expiry: 0 }, 'u', ['r'], null, ['u'], [5, 5]],
  ])
})
