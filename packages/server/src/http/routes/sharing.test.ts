/** Who works on a system: every route of developers, walked by a stranger, by whom it is shared with, and afterwards. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Answer, createTestApp, type TestApp } from '../../../../../test/support/app.ts'
import { everythingIn } from '../../deploy/import.fixture.ts'
import type { Route } from '../route.ts'
import { routesOf } from '../routes.ts'

const password = 'the plant is quiet tonight'

/** Only read as a list: nothing of it is called. */
const routes = routesOf(
  ...(Array.from({ length: 9 }, (_, at) => (at === 4 ? 'development' : {})) as never as Parameters<typeof routesOf>),
)
const walked = routes.filter(({ allow }) => allow === 'system developer')

/** What only the owner may. */
const ownersAlone = (route: Route): boolean =>
  (route.method === 'DELETE' && route.paths.includes('/admin/v/4/systemmanagement')) ||
  (route.method === 'PUT' && route.paths.includes('/admin/developers/:key'))

describe('a system', () => {
  let app: TestApp
  let system: { key: string; secret: string }
  let collection: string
  let user: string
  const ends: (() => unknown)[] = []
  after(async () => {
    for (const end of ends) await end()
  })
  before(async () => {
    app = await createTestApp({ after: (end: () => unknown) => ends.push(end) })
    system = await app.createSystem()
    collection = await app.createCollection(system, 'things', { n: 'int' })
    user = await app.createUser(system, 'op@example.com', password)
    await app.createService(system, 'hello', 'function hello(req, resp) { resp.success(1) }')
  })

  const register = async (email: string): Promise<string> =>
    (await app.call('POST', '/admin/reg', { body: { email, password } })).body.dev_token
  const share = (body: unknown, developer = app.developer) =>
    app.call('PUT', `/admin/developers/${system.key}`, { developer, body })
  const names: Record<string, string> = { name: 'hello', service: 'hello', version: '1', kind: 'triggers' }

  /** Each path of each route once. */
  async function walk(developer: string, look: (answer: Answer, what: string, route: Route) => void): Promise<void> {
    for (const route of walked) {
      for (const path of route.paths) {
        const ofCollection = path.includes('collectionmanagement')
        const url = path.replace(/:(\w+)|\*/g, (_, name = 'name') =>
          name === 'key' ? system.key : name === 'id' ? collection : name === 'user' ? user : (names[name] ?? 'hello'),
        )
        const id = ofCollection ? collection : system.key
        const answer = await app.call(route.method, url, {
          developer,
          query: { id, appid: system.key, systemKey: system.key },
          ...(route.method !== 'GET' && {
            body: route.form
              ? 'a=1'
              : { id, appID: system.key, system_key: system.key, change: { add: 'x@example.com' } },
          }),
        })
        look(answer, `${route.method} ${path}: ${answer.text}`, route)
      }
    }
  }
  const isNotHis = ({ status, body }: Answer): boolean => status === 400 && [1404, 304].includes(body?.error?.code)

  test('is refused to a developer who is a stranger by every route, and nothing changes', async () => {
    assert.ok(walked.length > 80)
    const stranger = await register('stranger@example.com')
    const scope = app.app.means as never
    const before = await everythingIn(scope)
    await walk(stranger, (answer, what) => assert.ok(isNotHis(answer), what))
    // Those that name the system in their body, and those that tell of all that a developer has.
    const url = `${app.app.means.publicUrl()}/packages/two-factor-auth`
    for (const [path, body] of [
      ['/admin/v/4/packages/install', { url, system: system.key }],
      ['/admin/v/4/packages/install', { url, system: system.key, dry_run: true }],
      [
        '/console-api/importAssetsIntoNewSystem',
        { repoURL: url, importIntoExistingSystem: true, system_key: system.key },
      ],
    ] as const) {
      const answer = await app.call('POST', path, { developer: stranger, body })
      assert.ok(isNotHis(answer), answer.text)
    }
    for (const path of ['/admin/allsystems', '/admin/allapps', '/codeadmin/failed']) {
      assert.doesNotMatch((await app.call('GET', path, { developer: stranger })).text, new RegExp(system.key))
    }
    assert.deepEqual(await everythingIn(scope), before)
    const uses = { developer: stranger, system }
    assert.equal((await app.call('GET', `/api/v/1/data/${collection}`, uses)).status, 400)
    assert.equal((await app.call('POST', `/api/v/1/code/${system.key}/hello`, uses)).status, 400)
  })

  test('is open to whom it is shared with by every route but those of the owner; and closed when he is removed', async () => {
    const email = 'with@example.com'
    const developer = await register(email)
    const shared = await share({ change: { add: ['WITH@example.com'] } })
    assert.equal(shared.status, 200, shared.text)
    assert.equal(shared.body.owner, 'dev@example.com')
    assert.deepEqual(
      shared.body.developers.map((one: any) => [one.email, one.added_by]),
      [[email, 'developer dev@example.com']],
    )
    const seen = await app.call('GET', '/admin/allsystems', { developer })
    assert.deepEqual([seen.body[0].appID, seen.body[0].is_owner], [system.key, false])
    await walk(developer, (answer, what, route) => {
      if (ownersAlone(route)) assert.equal(answer.status, 403, what)
      else {
        assert.doesNotMatch(answer.text, /is not yours/, what)
        assert.notEqual(answer.status, 403, what)
      }
    })
    assert.equal((await share({ change: { remove: email } }, developer)).status, 200, 'he may leave')
    await share({ change: { add: email } })
    assert.equal((await share({ change: { remove: [email] } })).body.developers.length, 0)
    await walk(developer, (answer, what) => assert.ok(isNotHis(answer), what))
    assert.deepEqual((await app.call('GET', '/admin/allsystems', { developer })).body, [])
  })

  test('is handed over by its owner alone, who stays one of its developers; nothing is done by halves', async () => {
    const own = await app.createSystem('handed over')
    const next = await register('next@example.com')
    const other = await register('other@example.com')
    const put = (developer: string, body: unknown) =>
      app.call('PUT', `/admin/developers/${own.key}`, { developer, body })
    for (const body of [
      {},
      { change: { add: ['nobody@example.com'] } },
      { change: { add: ['next@example.com', 'nobody@example.com'] } },
      { change: { add: ['dev@example.com'] } },
      { change: { remove: ['next@example.com'] } },
      { change: { add: [7] } },
      { change: [] },
      { owner: 7 },
      { owner: 'nobody@example.com', change: { add: 'next@example.com' } },
    ]) {
      const refused = await put(app.developer, body)
      assert.equal(refused.status, 400, refused.text)
    }
    const none = await app.call('GET', `/admin/developers/${own.key}`, { developer: app.developer })
    assert.deepEqual(none.body.developers, [])
    const handed = await put(app.developer, { owner: 'next@example.com', change: { add: 'other@example.com' } })
    assert.equal(handed.body.owner, 'next@example.com', handed.text)
    assert.deepEqual(handed.body.developers.map((one: any) => one.email).sort(), [
      'dev@example.com',
      'other@example.com',
    ])
    assert.equal((await put(app.developer, { owner: 'dev@example.com' })).status, 403)
    assert.equal((await put(other, { change: { remove: ['dev@example.com'] } })).status, 403)
    const remove = (developer: string) =>
      app.call('DELETE', '/admin/v/4/systemmanagement', { developer, query: { id: own.key } })
    assert.equal((await remove(app.developer)).status, 403)
    assert.equal((await put(next, { change: { remove: ['dev@example.com'] } })).status, 200)
    assert.equal((await remove(app.developer)).status, 400)
    assert.equal((await remove(next)).status, 200)
  })

  test('is not shared, handed over or deleted by code that its owner runs', async () => {
    const own = await app.createSystem('with hostile code')
    await register('thief@example.com')
    const code = `function take(req, resp) {
      const options = { uri: req.params.uri, method: req.params.method, headers: { 'ClearBlade-DevToken': req.userToken } }
      if (req.params.body) options.body = req.params.body
      Requests()[req.params.method](options, function (err, body) { resp.success({ err: String(err), body: String(body) }) })
    }`
    await app.createService(own, 'take', code, { requires: 'http' })
    const url = app.app.means.publicUrl()
    const tries = [
      { method: 'put', uri: `${url}/admin/developers/${own.key}`, body: { change: { add: 'thief@example.com' } } },
      { method: 'put', uri: `${url}/admin/developers/${own.key}`, body: { owner: 'thief@example.com' } },
      { method: 'delete', uri: `${url}/admin/v/4/systemmanagement?id=${own.key}` },
    ]
    for (const params of tries) {
      const { body } = await app.run(own, 'take', params, { developer: app.developer })
      assert.match(JSON.stringify(body), /Only the owner|nothing else on it/, JSON.stringify(body))
    }
    const { body } = await app.call('GET', `/admin/developers/${own.key}`, { developer: app.developer })
    assert.deepEqual([body.owner, body.developers], ['dev@example.com', []])
  })
})
