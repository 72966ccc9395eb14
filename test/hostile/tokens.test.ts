/** What a run holds is worth something inside that run alone: tried from outside, from other runs, and after its end. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openBay } from '../crash/plant.ts'
import { createTestApp } from '../support/app.ts'

const bay = await openBay({ after })
const app = await createTestApp({ after }, { args: ['--egress-allow', '127.0.0.1'] })
const developer = app.developer
const system = await app.createSystem()
const email = 'op@example.com'
const password = 'the plant is quiet'
await app.createUser(system, email, password)
const token = await app.signIn(system, email, password)
const library = { requires: 'clearblade,http', executableBy: ['Authenticated', 'Anonymous'] }

/** Sends what it holds to the bay, is held there, and says afterwards whether its token still works for itself. */
const showing = (name: string, held: string): string => `function ${name}(req, resp) {
  var held = ${held}
  Requests().get({uri: ${JSON.stringify(`${bay.url}/?held=`)} + encodeURIComponent(held)}, function () {})
  var headers = {'ClearBlade-UserToken': req.userToken}
  Requests().get({uri: ClearBlade.URI + '/api/v/1/user/info', headers: headers}, function (err) { resp.success({held: held, works: !err}) })
}`

/** Every way to present a token from outside. */
async function opensFromOutside(held: string): Promise<string[]> {
  const opened: string[] = []
  const beside: Record<string, string>[] = [{}, { 'gatehouse-inside': held }, { 'x-forwarded-for': '127.0.0.1' }]
  const asks = [
    ['GET', '/api/v/1/user/info'],
    ['POST', '/api/v/1/user/checkauth'],
    ['GET', `/admin/user/${system.key}`],
    ['POST', '/admin/checkauth'],
    ['GET', '/admin/userinfo'],
    ['POST', `/api/v/1/code/${system.key}/uses`],
    ['GET', `/api/v/1/collection/${system.key}/Own`],
  ] as const
  for (const [method, path] of asks) {
    for (const name of ['clearblade-usertoken', 'clearblade-devtoken', 'clearblade-devicetoken']) {
      for (const more of beside) {
        const withSystem = method === 'GET' ? {} : { system }
        const answer = await app.call(method, path, {
          ...withSystem,
          headers: { [name]: held, ...more },
          ...(method === 'POST' && { body: {} }),
        })
        if (answer.status < 400 && answer.body?.is_authenticated !== false)
          opened.push(`${method} ${path} as ${name}: ${answer.text}`)
      }
    }
  }
  for (const body of [
    { grant_type: 'refresh_token', refresh_token: held },
    { email: held, password: held },
  ]) {
    const answer = await app.call('POST', '/api/v/1/user/auth', { system, body })
    if (answer.body?.user_token) opened.push(`sign-in with ${JSON.stringify(body)}`)
  }
  return opened
}

await app.createService(
  system,
  'uses',
  `function uses(req, resp) {
    var got = []
    function note(what) { return function (err, data) { if (!err) got.push(what + ' ' + JSON.stringify(data)) } }
    ClearBlade.init({systemKey: req.systemKey, systemSecret: req.systemSecret, useUser: {email: 'x@example.com', authToken: req.params.held}, callback: function () {}})
    try { ClearBlade.User().getUser(note('getUser')) } catch (e) {}
    ;['ClearBlade-UserToken', 'ClearBlade-DevToken'].forEach(function (name) {
      var headers = {}
      headers[name] = req.params.held
      Requests().get({uri: ClearBlade.URI + '/api/v/1/user/info', headers: headers}, note('info'))
      Requests().get({uri: ClearBlade.URI + '/admin/user/' + req.systemKey, headers: headers}, note('users'))
    })
    resp.success(got)
  }`,
  library,
)

const holders: [string, string, { token: string } | { developer: string }][] = [
  ["a user's run token", 'req.userToken', { token }],
  ["a developer's run token", 'req.userToken', { developer }],
  ["the caller's token", 'req.caller.userToken', { token }],
]

for (const [index, [what, held, credential]] of holders.entries()) {
  test(`${what} opens nothing from outside or in another run, neither while its run lasts nor after it`, async () => {
    const name = `shows${index}`
    await app.createService(system, name, showing(name, held), library)
    const running = app.run(system, name, {}, credential)
    const { path, release } = await bay.arrival()
    const text = new URL(path, bay.url).searchParams.get('held')!
    assert.match(text, /^gh[a-z]_/)
    assert.deepEqual(await opensFromOutside(text), [], 'while the run lasts')
    for (const as of [{ token }, { developer }]) {
      assert.deepEqual((await app.run(system, 'uses', { held: text }, as)).body, { success: true, results: [] })
    }
    release()
    const { body } = await running
    assert.equal(body.success, true, JSON.stringify(body))
    assert.equal(body.results.held, text)
    if ('token' in credential) assert.equal(body.results.works, true, 'it did work where it belongs')
    assert.deepEqual(await opensFromOutside(text), [], 'after it')
    const again = await app.run(system, 'uses', { held: text }, { token })
    assert.deepEqual(again.body, { success: true, results: [] })
  })
}

test('a proof opens nothing from outside or in another run, while an auth service is set', async () => {
  await app.createService(system, 'closed', 'resp.error("closed")', library)
  await app.set(system, { auth_service: 'closed', keep_sessions: true })
  const proving = `function proves(req, resp) {
    ClearBlade.init({systemKey: req.systemKey, systemSecret: req.systemSecret, email: req.params.email, password: req.params.password, callback: function (err, body) {
      var held = body.authToken
      Requests().get({uri: ${JSON.stringify(`${bay.url}/?held=`)} + encodeURIComponent(held)}, function () {})
      resp.success(held)
    }})
  }`
  await app.createService(system, 'proves', proving, library)
  const running = app.run(system, 'proves', { email, password }, { token })
  const { path, release } = await bay.arrival()
  const proof = new URL(path, bay.url).searchParams.get('held')!
  assert.match(proof, /^ghp_/)
  assert.deepEqual(await opensFromOutside(proof), [])
  assert.deepEqual((await app.run(system, 'uses', { held: proof }, { token })).body.results, [])
  release()
  assert.equal((await running).body.results, proof)
  assert.deepEqual(await opensFromOutside(proof), [])
  await app.set(system, { auth_service: '' })
  assert.deepEqual(await opensFromOutside(proof), [], 'nor after the auth service is gone')
})

test('a run token stands in no list: failed runs, sign-ins, sessions, logs', async () => {
  const shown = app.run(system, 'shows0', {}, { token })
  const { path, release } = await bay.arrival()
  release()
  await shown
  const held = new URL(path, bay.url).searchParams.get('held')!
  for (const list of [
    `/codeadmin/failed/${system.key}`,
    `/admin/v/4/system/${system.key}/sign-ins`,
    `/admin/v/4/session/${system.key}/user`,
    `/codeadmin/v/2/logs/${system.key}/shows0`,
  ]) {
    assert.ok(!(await app.call('GET', list, { developer })).text.includes(held.slice(4)), list)
  }
})
