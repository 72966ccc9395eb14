/**
 * What real clients send that a tidy HTTP interface would trip over, and what they read of the answers (rest-api.md §7),
 * byte by byte against a listening node.
 */
import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { createTestApp } from '../support/app.ts'
import { demandEnvelope } from './answered.ts'
import { email, openPlant, password, refill, storedIn } from './plant.ts'
import { type RawAnswer, raw } from './raw.ts'

const plant = await openPlant(await createTestApp({ after }))
const { app, url, system, userId, collectionId } = plant
await app.createService(system, 'echo', 'function echo(req, resp) { resp.success(req.params) }', {
  executableBy: ['Authenticated'],
})
const token = await app.signIn(system, email, password)

const systemLines = [`ClearBlade-SystemKey: ${system.key}`, `ClearBlade-SystemSecret: ${system.secret}`]
const userLine = `ClearBlade-UserToken: ${token}`
const developerLine = `ClearBlade-DevToken: ${app.developer}`
const data = `/api/v/1/data/${collectionId}`
const credentials = JSON.stringify({ email, password })

const send = (start: string, lines: string[] = [], body = '') => raw(url, [`${start} HTTP/1.1`, ...lines], body)

/** The parsed body of an answer that must be 200. */
function ok({ status, body }: RawAnswer): any {
  assert.equal(status, 200, body)
  return body === '' ? '' : JSON.parse(body)
}

/** The envelope of an answer that must be a refusal with this status. */
function no({ status, body }: RawAnswer, expected: number): any {
  assert.equal(status, expected, body)
  return demandEnvelope(JSON.parse(body), expected).error
}

beforeEach(() =>
  refill(plant, [
    { name: 'drill', age: 3, on: true },
    { name: 'mill/lathe', age: 7, on: false },
  ]),
)

test('slashes that come twice are one, without a redirect', async () => {
  ok(await send('POST //api/v/1//user/auth', systemLines, credentials))
  assert.equal(ok(await send(`GET /api/v/1//data/${collectionId}`, [userLine])).DATA.length, 2)
  const query = '{"FILTERS":[[{"EQ":[{"name":"a//b"}]}]]}'
  await refill(plant, [{ name: 'a//b' }, { name: 'a/b' }])
  const found = ok(await send(`GET //${data}?query=${query}`, [userLine]))
  assert.deepEqual(
    found.DATA.map((row: { name: string }) => row.name),
    ['a//b'],
    'those in the query stay',
  )
})

test('a body is JSON whatever its content type says, or with none', async () => {
  const types = [
    [],
    ['Content-Type: text/plain;charset=UTF-8'],
    ['Content-Type: application/x-www-form-urlencoded'],
    ['Content-Type: application/json; charset=utf-8'],
    ['Content-Type: APPLICATION/JSON'],
  ]
  for (const type of types) {
    const answer = ok(await send('POST /api/v/1/user/auth', [...systemLines, ...type], credentials))
    assert.equal(answer.user_id, userId, `with ${type}`)
  }
})

test('nothing, {} and null are alike where a body is not needed', async () => {
  for (const body of ['', '{}', 'null']) {
    for (const type of [[], ['Content-Type: text/plain;charset=UTF-8'], ['Content-Type: application/json']]) {
      const anonymous = ok(await send('POST /api/v/1/user/anon', [...systemLines, ...type], body))
      assert.equal(typeof anonymous.user_token, 'string')
      const run = ok(await send(`POST /api/v/1/code/${system.key}/echo`, [userLine, ...type], body))
      assert.deepEqual(run, { success: true, results: {} })
      const checked = ok(await send('POST /api/v/1/user/checkauth', [...systemLines, userLine, ...type], body))
      assert.deepEqual(checked, { is_authenticated: true })
    }
  }
})

test('a body that is missing where one is needed is refused clearly, never a fault of the node', async () => {
  const paths = [
    'POST /api/v/1/user/auth',
    'POST /api/v/1/user/reg',
    'PUT /api/v/1/user/info',
    'PUT /api/v/1/user/pass',
    'PUT /api/v/4/user/manage',
    `PUT ${data}`,
    `POST /api/v/3/user/roles/${system.key}`,
    `PUT /api/v/3/user/roles/${system.key}`,
  ]
  for (const path of paths) {
    for (const body of ['', '{}', 'null', '[]', '7', '"text"', '{"a"', '{"__proto__":{"a":1}}', '\0']) {
      no(await send(path, [...systemLines, userLine], body), 400)
    }
  }
})

test('GET and DELETE take a body and do not mind it', async () => {
  const type = 'Content-Type: application/json'
  assert.equal(ok(await send(`GET ${data}`, [userLine], '{}')).DATA.length, 2)
  assert.equal(ok(await send('GET /api/v/1/user/info', [userLine, type], '{}')).user_id, userId)
  const query = encodeURIComponent('[[{"EQ":[{"name":"drill"}]}]]')
  assert.deepEqual(ok(await send(`DELETE ${data}?query=${query}`, [userLine, type], '{}')), { count: 1 })
  assert.equal((await storedIn(plant)).length, 1)
})

test('DELETE of a user reads the body', async () => {
  const id = await app.createUser(system, 'gone@example.com', 'nine lives here')
  ok(await send('DELETE /api/v/1/user/info', [userLine], JSON.stringify({ user_id: id })))
  const query = encodeURIComponent('{"FILTERS":[[{"EQ":[{"email":"gone@example.com"}]}]]}')
  assert.deepEqual(ok(await send(`GET /api/v/1/user?query=${query}`, [userLine])), { Data: [], Total: 0 })
})

test('of a query that comes twice the first counts', async () => {
  const one = encodeURIComponent('{"FILTERS":[[{"EQ":[{"name":"drill"}]}]],"PAGESIZE":1}')
  const two = encodeURIComponent('{"FILTERS":[],"PAGESIZE":100,"PAGENUM":1,"SORT":[]}')
  const names = (answer: RawAnswer) => ok(answer).DATA.map((row: { name: string }) => row.name)
  assert.deepEqual(names(await send(`GET ${data}?query=${one}&query=${two}`, [userLine])), ['drill'])
  assert.deepEqual(ok(await send(`DELETE ${data}?query=${one}&query=%5B%5D`, [userLine])), { count: 1 })
  assert.equal((await storedIn(plant)).length, 1)
})

test('the page after this one is found by the address that the answer names, as the Python SDK asks for it', async () => {
  const query = encodeURIComponent(
    '{"SORT":[{"ASC":"name"}],"PAGESIZE":1,"PAGENUM":1,"FILTERS":[[{"NEQ":[{"name":"a/b"}]}]]}',
  )
  const first = ok(await send(`GET ${data}?query=${query}`, [userLine]))
  assert.equal(first.DATA[0].name, 'drill')
  const last = first.NEXTPAGEURL.slice(first.NEXTPAGEURL.lastIndexOf('/') + 1)
  const rest = last.slice(last.indexOf('?'))
  const standard = encodeURIComponent('{"PAGESIZE":100,"PAGENUM":1,"FILTERS":[],"SORT":[]}')
  const second = ok(await send(`GET ${data}${rest}&query=${standard}`, [userLine]))
  assert.deepEqual([second.DATA.length, second.DATA[0].name, second.CURRENTPAGE], [1, 'mill/lathe', 2])
  assert.equal(second.NEXTPAGEURL, null)
})

test('a query is read un-encoded, percent-encoded, and with + for a space', async () => {
  await refill(plant, [{ name: 'two words' }, { name: 'one' }])
  const text = '{"FILTERS":[[{"EQ":[{"name":"two words"}]}]]}'
  const forms = [
    '{"FILTERS":[[{"EQ":[{"name":"two%20words"}]}]]}',
    '{"FILTERS":[[{"EQ":[{"name":"two+words"}]}]]}',
    encodeURIComponent(text),
    new URLSearchParams({ query: text }).toString().slice('query='.length),
  ]
  for (const form of forms) {
    const found = ok(await send(`GET ${data}?query=${form}`, [userLine]))
    assert.deepEqual(
      found.DATA.map((row: { name: string }) => row.name),
      ['two words'],
      form,
    )
  }
})

test('a query is taken as an object and as bare filters, in the address and in the body', async () => {
  const bare = '[[{"EQ":[{"name":"drill"}]}]]'
  const whole = `{"FILTERS":${bare},"PAGENUM":0,"PAGESIZE":0,"SELECTCOLUMNS":null,"SORT":[]}`
  for (const query of [bare, whole]) {
    assert.equal(ok(await send(`GET ${data}?query=${encodeURIComponent(query)}`, [userLine])).TOTAL, 1)
    assert.deepEqual(ok(await send(`GET ${data}/count?query=${encodeURIComponent(query)}`, [userLine])), { count: 1 })
    const body = `{"query":${query},"$set":{"age":31}}`
    assert.deepEqual(ok(await send(`PUT ${data}`, [userLine], body)), { count: 1 })
  }
  const empty = '{"FILTERS":[[]],"PAGENUM":0,"PAGESIZE":0,"SELECTCOLUMNS":null,"SORT":[]}'
  assert.equal(ok(await send(`GET ${data}?query=${encodeURIComponent(empty)}`, [userLine])).TOTAL, 2)
})

test('a browser that asks first is allowed what the SDK sends', async () => {
  const wanted = [
    'accept',
    'clearblade-devtoken',
    'clearblade-systemkey',
    'clearblade-systemsecret',
    'clearblade-usertoken',
    'content-type',
  ]
  for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
    for (const path of ['/api/v/1/user/auth', data, `/api/v/1/code/${system.key}/echo`, '/nowhere']) {
      const answer = await send(`OPTIONS ${path}`, [
        'Origin: http://app.example.com',
        `Access-Control-Request-Method: ${method}`,
        `Access-Control-Request-Headers: ${wanted.join(',')}`,
      ])
      assert.ok(answer.status === 200 || answer.status === 204, `${path}: ${answer.status}`)
      const listed = (name: string) => answer.headers[name]?.toLowerCase().split(/,\s*/) ?? []
      assert.ok(listed('access-control-allow-methods').includes(method.toLowerCase()))
      for (const name of wanted) assert.ok(listed('access-control-allow-headers').includes(name), name)
      assert.equal(answer.headers['access-control-allow-origin'], '*')
      assert.equal(answer.headers['access-control-allow-credentials'], undefined, 'no call rests on a cookie')
    }
  }
})

test('a page of elsewhere may read errors too, and the wait that a refusal names', async () => {
  const answer = await send('POST /api/v/1/user/auth', ['Origin: http://app.example.com'], '{}')
  assert.equal(answer.status, 401)
  assert.equal(answer.headers['access-control-allow-origin'], '*')
})

test('header names are matched in any case', async () => {
  const spellings: ((name: string) => string)[] = [
    (name) => name.toLowerCase(),
    (name) => name.toUpperCase(),
    (name) => name.toLowerCase().replace(/\b./g, (letter) => letter.toUpperCase()),
  ]
  for (const spell of spellings) {
    const lines = [...systemLines, userLine].map((line) => line.replace(/^[^:]+/, spell))
    ok(await send('POST /api/v/1/user/auth', lines, credentials))
    assert.deepEqual(ok(await send('POST /api/v/1/user/checkauth', lines)), { is_authenticated: true })
    ok(await send('GET /admin/userinfo', [developerLine.replace(/^[^:]+/, spell)]))
  }
})

test('an empty token beside key and secret is no token', async () => {
  for (const empty of ['ClearBlade-UserToken:', 'ClearBlade-UserToken: ']) {
    ok(await send('POST /api/v/1/user/auth', [...systemLines, empty], credentials))
    ok(await send('POST /api/v/1/user/anon', [...systemLines, empty]))
    no(await send('POST /api/v/1/user/checkauth', [...systemLines, empty]), 400)
    no(await send('GET /api/v/1/user/info', [...systemLines, empty]), 401)
  }
})

test('the token alone names the system: neither key nor secret is needed with it', async () => {
  const spare = await app.createUser(system, 'alone@example.com', 'nine lives here')
  const lines = [userLine]
  ok(await send(`GET ${data}`, lines))
  ok(await send('GET /api/v/1/user/info', lines))
  ok(await send('PUT /api/v/4/user/manage', lines, JSON.stringify({ user: spare, changes: { shift: 'day' } })))
  const pass = { old_password: password, new_password: 'short' }
  no(await send('PUT /api/v/1/user/pass', lines, JSON.stringify(pass)), 400)
  assert.equal(ok(await send(`GET ${data}`, [developerLine])).DATA.length, 2, 'nor with a developer and an id')
})

test('what succeeds is 200, never 201 or 204', async () => {
  const machine = JSON.stringify({ name: 'saw' })
  const change = '{"query":[[{"EQ":[{"name":"drill"}]}]],"$set":{"age":4}}'
  const service = JSON.stringify({ code: 'function made(req, resp) { resp.success(1) }', parameters: [] })
  const user = JSON.stringify({ email: 'twohundred@example.com', password: 'nine lives here' })
  const byName = `/api/v/1/collection/${system.key}/Machines`
  const v4 = `/api/v/4/collection/${system.key}/Machines`
  const role = JSON.stringify({ name: 'fitter', description: '' })
  const column = { id: collectionId, addColumn: { name: 'extra', type: 'string' } }
  const calls: [string, string[], string?][] = [
    ['POST /api/v/1/user/anon', systemLines],
    ['POST /api/v/1/user/auth', systemLines, credentials],
    ['POST /api/v/1/user/reg', systemLines, user],
    ['POST /api/v/1/user/checkauth', [...systemLines, userLine]],
    ['GET /api/v/1/user/info', [userLine]],
    ['PUT /api/v/1/user/info', [userLine], '{"shift":"day"}'],
    ['GET /api/v/1/user', [userLine]],
    ['GET /api/v/1/user/count', [userLine]],
    ['GET /api/v/1/user/columns', [userLine]],
    ['PUT /api/v/4/user/manage', [userLine], JSON.stringify({ user: userId, changes: { shift: 'night' } })],
    [`POST ${data}`, [userLine], machine],
    [`POST ${byName}`, [userLine], machine],
    [`GET ${byName}`, [userLine]],
    [`PUT ${byName}`, [userLine], change],
    [`DELETE ${byName}?query=%5B%5B%7B%22EQ%22%3A%5B%7B%22name%22%3A%22saw%22%7D%5D%7D%5D%5D`, [userLine]],
    [`GET /api/v/2/collection/${system.key}/Machines/columns`, [userLine]],
    [`GET /api/v/2/collection/${system.key}/Machines/count`, [userLine]],
    [`POST ${v4}/index?columnName=age`, [developerLine]],
    [`GET ${v4}/listindexes`, [developerLine]],
    [`DELETE ${v4}/index?columnName=age`, [developerLine]],
    ['PUT /admin/collectionmanagement', [developerLine], JSON.stringify(column)],
    [`GET /admin/allcollections?appid=${system.key}`, [developerLine]],
    [`POST /api/v/1/code/${system.key}/echo`, [userLine], '{}'],
    [`POST /api/v/3/code/${system.key}/service/made`, [userLine], service],
    [`PUT /api/v/3/code/${system.key}/service/made`, [userLine], service],
    [`GET /api/v/3/code/${system.key}`, [userLine]],
    [`DELETE /api/v/3/code/${system.key}/service/made`, [userLine]],
    [`POST /admin/user/${system.key}/roles`, [developerLine], role],
    [`PUT /admin/user/${system.key}/roles`, [developerLine], '{"id":"fitter","changes":{"users":{"permissions":1}}}'],
    [`GET /admin/user/${system.key}/roles`, [developerLine]],
    [`GET /admin/user/${system.key}`, [developerLine]],
    [`GET /admin/systemmanagement?id=${system.key}`, [developerLine]],
    [
      'POST /api/v/1/user/logout',
      [...systemLines, `ClearBlade-UserToken: ${await app.signIn(system, email, password)}`],
    ],
  ]
  for (const [start, lines, body] of calls) {
    const answer = await send(start, lines, body)
    assert.equal(answer.status, 200, `${start}: ${answer.body}`)
  }
})

test('logout answers with nothing in it, with a token and without', async () => {
  const spare = await app.signIn(system, email, password)
  const line = `ClearBlade-UserToken: ${spare}`
  const answer = await send('POST /api/v/1/user/logout', [...systemLines, line])
  assert.deepEqual([answer.status, answer.body, answer.headers['content-length']], [200, '', '0'])
  no(await send('GET /api/v/1/user/info', [line]), 401)
  const without = await send('POST /api/v/1/user/logout', systemLines, '{}')
  assert.deepEqual([without.status, without.body], [200, ''])
  ok(await send('GET /api/v/1/user/info', [userLine]))
})

test('a failed checkauth is an object that the Go client can read', async () => {
  for (const line of ['ClearBlade-UserToken: unknown', `ClearBlade-UserToken: ${'x'.repeat(4_000)}`]) {
    const error = no(await send('POST /api/v/1/user/checkauth', [...systemLines, line]), 400)
    assert.equal(error.code, 919)
  }
  no(await send('POST /api/v/1/user/checkauth', systemLines), 400)
})

test('registration answers a numeric expires_at and a text user_id', async () => {
  const body = JSON.stringify({ email: 'go@example.com', password: 'nine lives here' })
  const made = ok(await send('POST /api/v/1/user/reg', systemLines, body))
  assert.equal(typeof made.expires_at, 'number')
  assert.equal(typeof made.user_id, 'string')
  const other = JSON.stringify({ email: 'go2@example.com', password: 'nine lives here' })
  const byDeveloper = ok(await send(`POST /admin/user/${system.key}`, [developerLine], other))
  assert.equal(typeof byDeveloper.expires_at, 'number')
  assert.equal(typeof byDeveloper.user_id, 'string')
})

test("the developer's list of users is an object without a query and a bare array with one", async () => {
  const all = ok(await send(`GET /admin/user/${system.key}`, [developerLine]))
  assert.equal(all.Data.length, all.Total)
  const query = encodeURIComponent('{"FILTERS":[[]],"PAGENUM":0,"PAGESIZE":0,"SELECTCOLUMNS":null,"SORT":[]}')
  assert.ok(Array.isArray(ok(await send(`GET /admin/user/${system.key}?query=${query}`, [developerLine]))))
  const mine = ok(await send(`GET /api/v/1/user?query=${query}`, [userLine]))
  assert.ok(Array.isArray(mine.Data), 'for users it is an object either way')
})

test('every refusal is an envelope whose statusCode is the status', async () => {
  const refusals: [string, string[], number, string?][] = [
    ['GET /nowhere', [], 404],
    ['POST /api/v/1/user/info/deeper/still', [userLine], 404],
    ['PATCH /api/v/1/user/info', [userLine], 404],
    ['DELETE /api/v/1/user/auth', systemLines, 404],
    ['GET /api/v/1/user/info', [], 401],
    ['GET /api/v/1/user/info', ['ClearBlade-UserToken: unknown'], 401],
    ['GET /admin/userinfo', [userLine], 403],
    ['POST /api/v/1/user/auth', [`ClearBlade-SystemKey: ${system.key}`], 401, credentials],
    ['POST /api/v/1/user/auth', systemLines, 400, '{"email":'],
    [`GET ${data}?query=%7B`, [userLine], 400],
    [`GET ${data}?query=%FF%FE`, [userLine], 400],
    [`GET /api/v/1/collection/${system.key}/50%`, [userLine], 400],
    [`GET /api/v/1/collection/${system.key}/%00`, [userLine], 400],
    [`GET /api/v/1/collection/${system.key}/${'x'.repeat(600)}`, [userLine], 400],
    [`GET /api/v/1/data/${'0'.repeat(32)}`, [userLine], 400],
  ]
  for (const [start, lines, status, body] of refusals) {
    const answer = await send(start, lines, body)
    assert.equal(answer.status, status, `${start}: ${answer.body}`)
    no(answer, status)
    assert.equal(answer.headers['access-control-allow-origin'], '*', `${start}: a page may read it`)
  }
})

test('what is no HTTP request, or has too large a head, is answered with the envelope as well', async () => {
  for (const lines of [['nonsense'], ['GET / HTTP/1.1', 'no colon'], ['GET /a b HTTP/1.1']]) {
    no(await raw(url, lines), 400)
  }
  no(await send(`GET ${data}?query=${'x'.repeat(2_000_000)}`, [userLine]), 413)
})

test('a query of a thousand conditions fits into an address', async () => {
  const conditions = Array.from({ length: 1_000 }, (_, age) => [{ EQ: [{ age }] }])
  const found = ok(await send(`GET ${data}?query=${encodeURIComponent(JSON.stringify(conditions))}`, [userLine]))
  assert.equal(found.TOTAL, 2)
})
