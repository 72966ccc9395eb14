/** Portals at an edge: opened there as on the platform, in step with it, and changed at the platform alone. */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { createTestApp, type TestApp } from '../../../../test/support/app.ts'
import { makePortal, portalLink } from '../../../../test/support/portals.ts'
import { addEdgeAccount } from '../domain/accounts/edge-accounts.ts'
import { edgeTokenHeader } from '../http/edge-page.ts'
import { listKeptFiles, putKeptFiles } from '../store/tables/packages.ts'
import { endings, startEdge, type TestEdge, until } from './edge.fixture.ts'

const password = 'the hall is quiet at night'
const email = 'op@example.com'
const configOf = (title: string) => ({ pages: { Home: { id: 'Home', name: title } }, panes: {}, widgets: {} })

describe('a portal at an edge', () => {
  let app: TestApp
  let system: { key: string; secret: string }
  let edge: TestEdge
  let account: string
  const t = endings()
  const admin = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) =>
    app.call(method, path, { developer: app.developer, ...(body !== undefined && { body }) })
  const portalPath = (name: string): string => `/api/v/2/portals/${system.key}/${name}`
  const deploy = async (ids: string[], method: 'POST' | 'PUT' = 'PUT') => {
    const assets = ids.map((asset_id) => ({ asset_class: 'portals', asset_id, sync_to_edge: true }))
    const body = { name: 'hall', edges: ['hall'], assets, sign_in: { users: { emails: [email] } } }
    const path = method === 'POST' ? `/admin/${system.key}/deployments` : `/admin/${system.key}/deployments/hall`
    const got = await admin(method, path, body)
    assert.equal(got.status, 200, got.text)
  }
  const filesAt = async (at: TestApp | TestEdge) =>
    (await listKeptFiles(at.app.means.store.forSystem(system.key), { kind: 'portal' })).map((file) => ({
      ...file,
      bytes: file.bytes.toString('base64'),
    }))
  const namesHere = async () => [...new Set((await filesAt(edge)).map(({ name }) => name))]
  /** As a browser asks at the origin of the portals. */
  const atPortals = async (
    at: TestApp | TestEdge,
    method: 'GET' | 'POST',
    url: string,
    given: { body?: unknown; token?: string } = {},
  ) => {
    const { host } = new URL(at.app.means.portalOrigin(system.key)!)
    const got = await at.app.server.inject({
      ...{ method, url },
      headers: { host, ...(given.token !== undefined && { 'clearblade-usertoken': given.token }) },
      ...(given.body !== undefined && { payload: JSON.stringify(given.body) }),
    })
    return { status: got.statusCode, text: got.body, headers: got.headers, body: parsed(got.body) }
  }
  const linksHere = async (): Promise<{ name: string; url: string }[]> => {
    const headers = { [edgeTokenHeader]: account }
    return (await edge.app.server.inject({ method: 'GET', url: '/edge/state', headers })).json().portals
  }
  const linkHere = async (name: string) => {
    const links = await until(linksHere, (found) => found.some((one) => one.name === name))
    return new URL(links.find((one) => one.name === name)!.url)
  }
  const fromLink = ({ searchParams }: URL) => Object.fromEntries(searchParams)
  const openHere = async (name: string, more: { token?: string; body?: object } = {}) =>
    atPortals(edge, 'POST', '/console-api/portal/open', {
      body: { ...fromLink(await linkHere(name)), ...more.body },
      ...(more.token !== undefined && { token: more.token }),
    })
  const titleOf = ({ body }: { body: any }): string | undefined => body?.portal?.config.pages.Home.name

  before(async () => {
    app = await createTestApp(t)
    system = await app.createSystem()
    await app.createUser(system, email, password)
    await makePortal(app, system, 'Staff', configOf('one'), ['Authenticated'])
    await makePortal(app, system, 'Door', configOf('for all'), ['Anonymous'])
    await makePortal(app, system, 'Locked', configOf('for nobody'), [])
    await makePortal(app, system, 'Office', configOf('stays'), ['Authenticated'])
    const { token } = (await admin('POST', `/admin/edges/${system.key}/hall`, {})).body
    await deploy(['Staff', 'Door', 'Locked'], 'POST')
    edge = await startEdge(t, app, { system, name: 'hall', token })
    await addEdgeAccount(edge.app.means, { clock: edge.app.means.clock, by: 'operator' }, { name: 'jo', password })
    account = (await edge.call('POST', '/edge/sign-in', { body: { name: 'jo', password } })).body.token
  })

  const signedIn = async (): Promise<string> => {
    const body = { email, password }
    const got = await until(
      () => edge.call('POST', '/api/v/1/user/auth', { system, body }),
      (one) => one.body?.user_token !== undefined,
    )
    return got.body.user_token
  }

  test('is there file by file, under the policy of the platform, for whoever may open it', async () => {
    assert.deepEqual((await until(namesHere, (names) => names.length === 3)).sort(), ['Door', 'Locked', 'Staff'])
    const there = (await filesAt(app)).filter(({ name }) => name !== 'Office')
    assert.deepEqual(await filesAt(edge), there)
    const link = await linkHere('Staff')
    assert.equal(link.hostname, `${system.key}.localhost`)
    const [page, original] = [
      await atPortals(edge, 'GET', link.pathname + link.search),
      await atPortals(app, 'GET', `/portal/${new URL(await portalLink(app, system, 'Staff')).search}`),
    ]
    assert.deepEqual([page.status, page.text === original.text], [200, true])
    const policy = 'content-security-policy'
    assert.ok(original.headers[policy])
    assert.equal(page.headers[policy], original.headers[policy])
    assert.equal(titleOf(await openHere('Door', { body: { allowAnon: true } })), 'for all')
    const token = await signedIn()
    assert.equal(titleOf(await openHere('Staff', { token })), 'one')
    const door = await atPortals(edge, 'POST', '/console-api/portal/init/user', {
      body: { ...fromLink(link), email, password },
    })
    assert.match(door.body.userToken, /^ghu_/)
    const status = await until(
      async () => (await admin('GET', `/admin/v/4/system/${system.key}/edges`)).body[0].assets,
      (assets) => assets.every((one: any) => one.state === 'there'),
    )
    const listed = status.filter((one: any) => one.asset_class === 'portals').map((one: any) => one.asset_id)
    assert.deepEqual(listed, ['Door', 'Locked', 'Staff'])
  })

  test('opens for nobody without the right, by no link of the platform, and holds no draft', async () => {
    assert.equal((await openHere('Staff')).status, 401)
    assert.equal((await openHere('Staff', { body: { allowAnon: true } })).status, 401)
    const token = await signedIn()
    assert.equal((await openHere('Locked', { token })).status, 403)
    assert.equal((await openHere('Door', { token, body: { name: 'Office' } })).status, 403)
    const foreign = new URL(await portalLink(app, system, 'Door'))
    assert.ok((await atPortals(edge, 'GET', foreign.pathname + foreign.search)).status >= 400)
    const opened = await atPortals(edge, 'POST', '/console-api/portal/open', { body: fromLink(foreign) })
    assert.ok(opened.status >= 400 && opened.body.portal === undefined, opened.text)
    const config = JSON.stringify(configOf('unsaved'))
    const drafted = await admin('POST', `/admin/v/4/system/${system.key}/portal-draft/Door`, { config })
    const { draft } = fromLink(new URL(drafted.body.url))
    assert.ok((await openHere('Door', { body: { allowAnon: true, draft } })).status >= 400)
    // Whoever has no account of the edge learns no link.
    assert.equal((await edge.call('GET', '/edge/state')).status, 401)
  })

  test('is changed nowhere but at the platform, and follows it', async () => {
    const token = await signedIn()
    await app.grant(system, 'Authenticated', { portals: [{ itemInfo: { name: 'Staff' }, permissions: 15 }] })
    const read = await until(
      () => edge.call('GET', portalPath('Staff'), { token }),
      ({ status }) => status === 200,
    )
    const body = { config: JSON.stringify(configOf('by the edge')) }
    for (const method of ['POST', 'PUT', 'DELETE'] as const) {
      for (const name of ['Staff', 'Fresh']) {
        const got = await edge.call(method, portalPath(name), { token, body })
        assert.equal(got.status, 404, `${method} ${name}: ${got.text}`)
      }
    }
    const data = edge.app.means.store.forSystem(system.key)
    const file = {
      path: 'portals/Staff.json',
      kind: 'portal',
      name: 'Staff',
      sensitive: false,
      bytes: Buffer.from('{}'),
    }
    await assert.rejects(
      data.transaction((tx) => putKeptFiles(tx, [file])),
      /changed at the platform/,
    )
    assert.deepEqual((await edge.call('GET', portalPath('Staff'), { token })).body, read.body)

    const saved = await admin('PUT', portalPath('Staff'), { config: JSON.stringify(configOf('two')) })
    assert.equal(saved.status, 200, saved.text)
    const changed = await until(
      () => openHere('Staff', { token }),
      (one) => titleOf(one) === 'two',
    )
    assert.equal(titleOf(changed), 'two')
  })

  test('leaves with its deployment or when it is deleted; all of them are named by an empty id', async () => {
    await deploy(['Staff', 'Door'])
    assert.deepEqual((await until(namesHere, (names) => names.length === 2)).sort(), ['Door', 'Staff'])
    await admin('DELETE', portalPath('Door'))
    assert.deepEqual(await until(namesHere, (names) => names.length === 1), ['Staff'])
    await deploy([''])
    assert.deepEqual((await until(namesHere, (names) => names.length === 3)).sort(), ['Locked', 'Office', 'Staff'])
    await makePortal(app, system, 'Later', configOf('later'), [])
    assert.ok((await until(namesHere, (names) => names.includes('Later'))).includes('Later'))
    // One that no link can carry stays, and stands in the status.
    const bytes = Buffer.alloc(17 * 1024 * 1024)
    const file = { path: 'portals/Huge.json', kind: 'portal', name: 'Huge', sensitive: false, bytes }
    await app.app.means.store.forSystem(system.key).transaction((tx) => putKeptFiles(tx, [file]))
    const listed = await until(
      async () => (await admin('GET', `/admin/v/4/system/${system.key}/edges`)).body[0].assets,
      (assets) => assets.filter((one: any) => one.state !== 'there').length === 1,
    )
    assert.deepEqual(
      listed.find((one: any) => one.asset_id === 'Huge'),
      { asset_class: 'portals', asset_id: 'Huge', state: 'missing' },
    )
    await deploy([])
    assert.deepEqual(await until(namesHere, (names) => names.length === 0), [])
    const up = { asset_class: 'portals', asset_id: 'Staff', sync_to_edge: true, sync_to_platform: true }
    const refused = await admin('PUT', `/admin/${system.key}/deployments/hall`, { assets: [up] })
    assert.equal(refused.status, 400, refused.text)
  })
})

function parsed(text: string): any {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
