import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp } from '../../../../../test/support/app.ts'
import { insertFailedRun, insertRunLog } from '../../store/tables/records.ts'
import { anotherDeveloper, userWith } from './people.fixture.ts'

const app = await createTestApp({ after })
const { developer, call } = app

type System = { key: string; secret: string }
const source = 'function hello(req, resp) {\n  resp.success("hello")\n}\n'
const admin = (system: System, name: string) => `/admin/code/v/1/${system.key}/${name}`
const get = async (system: System, name: string) =>
  (await call('GET', `/api/v/1/code/${system.key}/${name}`, { developer })).body
const onService = (name: string, permissions: number) => ({ services: [{ itemInfo: { name }, permissions }] })

test('a service keeps every field that cb-cli sends, and shows it with the types that Go reads', async () => {
  const system = await app.createSystem()
  const user = await app.createUser(system, 'robot@example.com', 'pw')
  const body = {
    code: source,
    parameters: ['a', 'b'],
    dependencies: 'clearblade,log',
    run_user: user,
    logging_enabled: 'true',
    execution_timeout: 30,
    auto_balance: false,
    auto_restart: 'false',
    concurrency: 0,
    log_level: 'debug',
    log_ttl_minutes: 10080,
    run_on_edge: true,
    run_on_platform: true,
    engine_type: 0,
  }
  const made = await call('POST', admin(system, 'hello'), { developer, body })
  assert.equal(made.status, 200)
  assert.equal(made.body.name, 'hello')
  assert.equal(typeof made.body.uri, 'string')
  const { parameters, ...rest } = body
  const read = await get(system, 'hello')
  for (const [name, value] of Object.entries({
    ...rest,
    params: parameters,
    logging_enabled: true,
    auto_restart: false,
    current_version: 1,
  })) {
    assert.deepEqual(read[name], value, name)
  }
  for (const path of [
    admin(system, 'hello'),
    `/codeadmin/v/2/${system.key}/hello`,
    `/api/v/3/code/${system.key}/service/hello`,
  ]) {
    assert.deepEqual((await call('GET', path, { developer })).body, read)
  }
})

test('a service made of code alone gets the defaults', async () => {
  const system = await app.createSystem()
  await call('POST', admin(system, 'hello'), { developer, body: { code: source } })
  const read = await get(system, 'hello')
  assert.deepEqual(read.params, [])
  assert.equal(read.dependencies, '')
  assert.equal(read.run_user, '')
  assert.equal(read.execution_timeout, 60)
  assert.equal(read.engine_type, 0)
})

test('services are listed by name for developers and for users who may', async () => {
  const system = await app.createSystem()
  assert.deepEqual((await call('GET', `/admin/code/v/1/${system.key}`, { developer })).body, { code: [] })
  for (const name of ['b', 'a']) await call('POST', admin(system, name), { developer, body: { code: source } })
  const { token } = await userWith(app, system, { allservices: { permissions: 1 } })
  assert.deepEqual((await call('GET', `/admin/code/v/1/${system.key}`, { developer })).body, { code: ['a', 'b'] })
  assert.deepEqual((await call('GET', `/api/v/3/code/${system.key}`, { token })).body, { code: ['a', 'b'] })
  const meta = (await call('GET', `/codeadmin/v/4/codemeta/${system.key}/latest`, { developer })).body.code
  assert.deepEqual(
    meta.map((one: { name: string; version: number }) => [one.name, one.version]),
    [
      ['a', 1],
      ['b', 1],
    ],
  )
  assert.deepEqual((await call('GET', `/api/v/3/code/codemeta/${system.key}`, { token })).body.code, meta)
})

test('any subset of fields is saved; new code makes a version, settings do not, and the answer is an object', async () => {
  const system = await app.createSystem()
  await call('POST', admin(system, 'hello'), { developer, body: { code: source } })
  const put = async (body: unknown) => (await call('PUT', admin(system, 'hello'), { developer, body })).body
  assert.equal((await put({ execution_timeout: -1, name: 'hello' })).version_number, 1)
  assert.equal((await put({ code: source })).version_number, 1)
  const second = await put({ code: `${source}// two` })
  assert.equal(second.version_number, 2)
  assert.equal(typeof second.uri, 'string')
  assert.equal((await put({ dependencies: 'log' })).version_number, 3)
  const read = await get(system, 'hello')
  assert.equal(read.execution_timeout, -1)
  assert.equal(read.current_version, 3)
  assert.match(read.code, /\/\/ two/)
})

test('every version is read and made current again, and the next save gets a number above all', async () => {
  const system = await app.createSystem()
  const history = `/codeadmin/v/2/history/service/${system.key}/hello`
  const save = (n: number) =>
    call(n === 1 ? 'POST' : 'PUT', admin(system, 'hello'), { developer, body: { code: `${source}// ${n}` } })
  for (const n of [1, 2, 3]) await save(n)
  const list = (await call('GET', history, { developer })).body
  assert.deepEqual(
    list.map((one: { version: number; current: boolean }) => [one.version, one.current]),
    [
      [3, true],
      [2, false],
      [1, false],
    ],
  )
  assert.match((await call('GET', `${history}/1`, { developer })).body.code, /\/\/ 1$/)
  const back = await call('PUT', `${history}/1`, { developer })
  assert.equal(back.body.version_number, 1)
  assert.equal((await get(system, 'hello')).current_version, 1)
  await save(4)
  assert.equal((await get(system, 'hello')).current_version, 4)
  for (const version of ['5', '0', '-1', '1.5', 'x', '99999999999999999999', '1%00', '1;drop']) {
    assert.equal((await call('GET', `${history}/${version}`, { developer })).status, 400, version)
    assert.equal((await call('PUT', `${history}/${version}`, { developer })).status, 400, version)
  }
  assert.equal((await get(system, 'hello')).current_version, 4)
  assert.equal((await call('GET', `${history}x`, { developer })).status, 400)
})

test('code that does not compile is kept and says where it fails', async () => {
  const system = await app.createSystem()
  const made = await call('POST', admin(system, 'hello'), {
    developer,
    body: { code: 'function hello(req, resp) {\n  resp.success(\n}' },
  })
  assert.equal(made.status, 200)
  assert.equal(made.body.problem.line, 3)
  assert.equal((await get(system, 'hello')).problem.line, 3)
  const mended = await call('PUT', admin(system, 'hello'), { developer, body: { code: source } })
  assert.ok(!('problem' in mended.body))
})

test('what no service can be is refused and leaves it as it was', async () => {
  const system = await app.createSystem()
  await call('POST', admin(system, 'hello'), { developer, body: { code: source } })
  const before = JSON.stringify(await get(system, 'hello'))
  const bad = [
    { code: 5 },
    { code: 'a\u0000' },
    { code: source, parameters: 'a' },
    { parameters: [1] },
    { dependencies: { a: 1 } },
    { dependencies: ['a,b'] },
    { run_user: 'nobody@example.com' },
    { run_user: 5 },
    { logging_enabled: 'yes' },
    { execution_timeout: 'long' },
    { execution_timeout: 1e12 },
    { execution_timeout: -2 },
    { engine_type: 7 },
    { concurrency: 1.5 },
    { name: 'renamed' },
    [],
  ]
  for (const body of bad) {
    assert.equal((await call('PUT', admin(system, 'hello'), { developer, body })).status, 400, JSON.stringify(body))
    if (!Array.isArray(body) && !('name' in body)) {
      assert.equal((await call('POST', admin(system, 'other'), { developer, body })).status, 400, JSON.stringify(body))
    }
  }
  assert.equal((await call('POST', admin(system, 'hello'), { developer, body: { code: source } })).status, 400)
  for (const name of ['1a', 'a-b', 'a%20b', 'a%2Fb', 'a%22', 'x'.repeat(129)]) {
    assert.equal((await call('POST', admin(system, name), { developer, body: { code: source } })).status, 400, name)
  }
  assert.equal((await call('PUT', admin(system, 'other'), { developer, body: { code: source } })).status, 400)
  assert.equal((await call('DELETE', admin(system, 'other'), { developer })).status, 400)
  assert.equal(JSON.stringify(await get(system, 'hello')), before)
  assert.deepEqual((await call('GET', `/admin/code/v/1/${system.key}`, { developer })).body, { code: ['hello'] })
})

test('a deleted service is gone with its versions and the rights on it', async () => {
  const system = await app.createSystem()
  await app.createService(system, 'hello', source, { executableBy: ['Anonymous'] })
  assert.equal((await call('DELETE', admin(system, 'hello'), { developer })).status, 200)
  assert.equal((await call('GET', admin(system, 'hello'), { developer })).status, 400)
  const query = { query: '{"FILTERS":[[{"EQ":[{"name":"Anonymous"}]}]]}' }
  const roles = await call('GET', `/admin/user/${system.key}/roles`, { developer, query })
  assert.deepEqual(roles.body[0].Permissions.CodeServices, [])
  await app.createService(system, 'hello', source)
  const history = await call('GET', `/codeadmin/v/2/history/service/${system.key}/hello`, { developer })
  assert.equal(history.body.length, 1)
})

test('logging is switched by text or boolean, and its state is a text', async () => {
  const system = await app.createSystem()
  await app.createService(system, 'hello', source)
  const logs = `/codeadmin/v/2/logs/${system.key}/hello`
  const active = async () => (await call('GET', `${logs}/active`, { developer })).body
  assert.deepEqual(await active(), { logging_enabled: 'false' })
  assert.equal((await call('POST', logs, { developer, body: { logging: 'true' } })).status, 200)
  assert.deepEqual(await active(), { logging_enabled: 'true' })
  for (const body of [{}, { logging: 'yes' }, { logging: 1 }, { logging: [] }]) {
    assert.equal((await call('POST', logs, { developer, body })).status, 400)
  }
  assert.deepEqual(await active(), { logging_enabled: 'true' })
  await call('POST', logs, { developer, body: { logging: false } })
  assert.deepEqual(await active(), { logging_enabled: 'false' })
  assert.equal((await call('GET', `/codeadmin/v/2/logs/${system.key}/nope`, { developer })).status, 400)
  assert.equal((await call('GET', `/codeadmin/v/2/logs/${system.key}/nope/active`, { developer })).status, 400)
})

test('logs of a service are listed newest first with the time of the run', async () => {
  const system = await app.createSystem()
  const other = await app.createSystem('other')
  for (const one of [system, other]) await app.createService(one, 'hello', source)
  for (const [id, at] of [
    ['a', 1000],
    ['b', 2000],
  ] as const) {
    const log = { id: `${system.key}${id}`, service: 'hello', at, runMs: 1, text: `said ${id}` }
    await insertRunLog(app.app.means.store.forSystem(system.key), log)
  }
  const list = (await call('GET', `/codeadmin/v/2/logs/${system.key}/hello`, { developer })).body
  assert.deepEqual(list, [
    { service_execution_time: '1970-01-01T00:00:02.000Z', log: 'said b' },
    { service_execution_time: '1970-01-01T00:00:01.000Z', log: 'said a' },
  ])
  assert.deepEqual((await call('GET', `/codeadmin/v/2/logs/${other.key}/hello`, { developer })).body, [])
})

test('failed runs are seen by developers and by users who may change every service, and forgotten by id', async () => {
  const system = await app.createSystem()
  const other = await app.createSystem('other')
  for (const [one, id] of [
    [system, 'one'],
    [system, 'two'],
    [other, 'three'],
  ] as const) {
    const record = { Service: 'hello', Args: { pin: '1234' }, Id: `${id}-${one.key}` }
    await insertFailedRun(app.app.means.store.forSystem(one.key), { id: record.Id, service: 'hello', at: 1, record })
  }
  const mine = (await call('GET', `/codeadmin/failed/${system.key}`, { developer })).body
  assert.deepEqual(Object.keys(mine), [system.key])
  assert.equal(mine[system.key].length, 2)
  const all = (await call('GET', '/codeadmin/failed', { developer })).body
  assert.equal(all[other.key].length, 1)
  const path = `/api/v/3/code/${system.key}/failed`
  const caller = await userWith(app, system, { allservices: { permissions: 1 }, ...onService('hello', 15) })
  const editor = await userWith(app, system, { allservices: { permissions: 4 } })
  assert.equal((await call('GET', path, { token: caller.token })).status, 403)
  assert.equal((await call('GET', path, { token: editor.token })).body.length, 2)
  assert.deepEqual((await call('GET', `/api/v/3/code/${system.key}/completed`, { token: editor.token })).body, [])
  const retry = await call('POST', `/codeadmin/failed/${system.key}`, {
    developer,
    body: { id: [`one-${system.key}`] },
  })
  assert.equal(retry.status, 501)
  assert.match(retry.body.error.detail, /not available yet/)
  for (const body of [{}, { id: [5] }, { id: null }, { id: { $ne: '' } }]) {
    assert.equal((await call('DELETE', `/codeadmin/failed/${system.key}`, { developer, body })).status, 400)
  }
  const ids = { id: [`one-${system.key}`, `three-${other.key}`, 'unknown'] }
  const gone = await call('DELETE', `/codeadmin/failed/${system.key}`, { developer, body: ids })
  assert.deepEqual(
    gone.body.map((run: { Id: string }) => run.Id),
    [`one-${system.key}`],
  )
  assert.equal((await call('GET', '/codeadmin/failed', { developer })).body[other.key].length, 1)
  const stranger = await anotherDeveloper(app)
  assert.deepEqual((await call('GET', '/codeadmin/failed', { developer: stranger })).body, {})
})

test('users read, change and delete services only with the right for each; executing is no right to the code', async () => {
  const system = await app.createSystem()
  await app.createService(system, 'hello', source)
  const path = `/api/v/3/code/${system.key}/service/hello`
  const fresh = `/api/v/3/code/${system.key}/service/fresh`
  const calls = [
    ['GET', path, onService('hello', 15 & ~4), onService('hello', 4), {}],
    [
      'POST',
      fresh,
      { allservices: { permissions: 15 & ~2 } },
      { allservices: { permissions: 2 } },
      { body: { code: source } },
    ],
    ['PUT', path, onService('hello', 15 & ~4), onService('hello', 4), { body: { code: `${source}// new` } }],
    ['DELETE', path, onService('hello', 15 & ~8), onService('hello', 8), {}],
  ] as const
  for (const [method, url, without, having, options] of calls) {
    const no = await userWith(app, system, without)
    assert.equal((await call(method, url, { ...options, token: no.token })).status, 403, method)
    const yes = await userWith(app, system, having)
    assert.equal((await call(method, url, { ...options, token: yes.token })).status, 200, method)
  }
})

test("a user who may change code gets no other user's rights by it", async () => {
  const system = await app.createSystem()
  const boss = await userWith(app, system, { users: { permissions: 15 } })
  await app.createService(system, 'hello', source, { runAs: boss.id })
  await call('PUT', admin(system, 'hello'), { developer, body: { code: `${source}// two` } })
  await app.createService(system, 'plain', source)
  const { token, id } = await userWith(app, system, { allservices: { permissions: 15 } })
  const path = `/api/v/3/code/${system.key}/service`
  const put = (name: string, body: unknown) => call('PUT', `${path}/${name}`, { token, body })
  assert.equal((await put('hello', { code: 'mine' })).status, 403)
  assert.equal((await put('hello', { run_user: '' })).status, 403)
  assert.equal((await put('hello', { dependencies: 'mine' })).status, 403)
  assert.equal((await put('plain', { run_user: boss.id })).status, 403)
  assert.equal((await call('POST', `${path}/fresh`, { token, body: { code: source, run_user: boss.id } })).status, 403)
  assert.equal((await put('plain', { run_user: id })).status, 200)
  const after = await get(system, 'hello')
  assert.equal(after.current_version, 2)
  assert.equal(after.run_user, boss.id)
})

test('code of a system is closed to other developers and to users of other systems', async () => {
  const system = await app.createSystem()
  const elsewhere = await app.createSystem('elsewhere')
  await app.createService(system, 'hello', source)
  await app.createLibrary(system, 'shared', 'var x = 1')
  const stranger = await anotherDeveloper(app)
  const { token } = await userWith(app, elsewhere, { allservices: { permissions: 15 } })
  const own = await userWith(app, system, { allservices: { permissions: 15 } })
  const forDevelopers = [
    ['GET', `/api/v/1/code/${system.key}/hello`],
    ['GET', `/admin/code/v/1/${system.key}`],
    ['GET', admin(system, 'hello')],
    ['POST', admin(system, 'fresh')],
    ['PUT', admin(system, 'hello')],
    ['DELETE', admin(system, 'hello')],
    ['PUT', `/codeadmin/v/2/${system.key}/hello`],
    ['GET', `/codeadmin/v/2/history/service/${system.key}/hello`],
    ['PUT', `/codeadmin/v/2/history/service/${system.key}/hello/1`],
    ['POST', `/codeadmin/v/2/logs/${system.key}/hello`],
    ['GET', `/codeadmin/v/2/logs/${system.key}/hello`],
    ['GET', `/codeadmin/failed/${system.key}`],
    ['DELETE', `/codeadmin/failed/${system.key}`],
    ['GET', `/codeadmin/v/4/codemeta/${system.key}/latest`],
    ['GET', `/codeadmin/v/2/library/${system.key}`],
    ['GET', `/codeadmin/v/2/library/${system.key}/shared`],
    ['POST', `/codeadmin/v/2/library/${system.key}/fresh`],
    ['PUT', `/codeadmin/v/2/library/${system.key}/shared`],
    ['DELETE', `/codeadmin/v/2/library/${system.key}/shared`],
    ['GET', `/codeadmin/v/2/history/library/${system.key}/shared`],
    ['PUT', `/codeadmin/v/2/history/library/${system.key}/shared/1`],
  ] as const
  const forUsers = [
    ['GET', `/api/v/3/code/${system.key}`],
    ['GET', `/api/v/3/code/${system.key}/failed`],
    ['GET', `/api/v/3/code/${system.key}/service/hello`],
    ['POST', `/api/v/3/code/${system.key}/service/fresh`],
    ['PUT', `/api/v/3/code/${system.key}/service/hello`],
    ['DELETE', `/api/v/3/code/${system.key}/service/hello`],
  ] as const
  const body = { code: 'stolen', id: [], logging: true }
  const strangers = [{ developer: stranger }, { token }, { token, system: elsewhere }, { system }, {}]
  const attempts = [
    ...[...forDevelopers, ...forUsers].flatMap((one) => strangers.map((credentials) => [one, credentials] as const)),
    ...forDevelopers.map((one) => [one, { token: own.token }] as const),
  ]
  for (const [[method, url], credentials] of attempts) {
    const answer = await call(method, url, { ...credentials, ...(method !== 'GET' && { body }) })
    assert.ok([400, 401, 403].includes(answer.status), `${method} ${url} gave ${answer.status}`)
    assert.ok(!answer.text.includes('resp.success'))
  }
  assert.equal((await get(system, 'hello')).code, source)
  assert.deepEqual((await call('GET', `/admin/code/v/1/${system.key}`, { developer })).body, { code: ['hello'] })
})

test('a change made to a version that is not current any more is refused and changes nothing', async () => {
  const system = await app.createSystem()
  await app.createService(system, 'hello', source)
  const put = (body: unknown) => call('PUT', admin(system, 'hello'), { developer, body })
  assert.equal((await put({ code: `${source}// Ann\n`, base_version: 1 })).body.version_number, 2)

  const late = await put({ code: `${source}// Bob\n`, base_version: 1, logging_enabled: true })
  assert.equal(late.status, 400)
  assert.equal(late.body.error.code, 314)
  assert.match(late.body.error.detail, /version 2 .* is current/)
  const kept = await get(system, 'hello')
  assert.equal(kept.code, `${source}// Ann\n`)
  assert.equal(kept.logging_enabled, false)

  // Making an older version current is a change of somebody else too.
  await call('PUT', `/codeadmin/v/2/history/service/${system.key}/hello/1`, { developer })
  assert.equal((await put({ code: `${source}// Bob\n`, base_version: 2 })).status, 400)
  assert.equal((await put({ code: `${source}// Bob\n`, base_version: 1 })).body.version_number, 3)
  for (const wrong of [0, 1.5, '3', [3]]) assert.equal((await put({ base_version: wrong })).status, 400)
})
