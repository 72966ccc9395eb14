/** What an edge promises over a good link, and what a link refuses: platform and edge in one process, the socket real. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { WebSocket } from 'ws'
import { createTestApp, type TestApp } from '../../../../test/support/app.ts'
import { type App, createApp } from '../app.ts'
import { hour, second } from '../base/clock.ts'
import { newKeyPair } from '../base/link-keys.ts'
import { createLog } from '../base/log.ts'
import { readConfig } from '../config/config.ts'
import { stepAt, totpCode, totpRules } from '../domain/accounts/totp.ts'
import { challengeRules } from '../domain/auth/challenges.ts'
import { secondFactorService } from '../domain/auth/second-factor.fixture.ts'
import { platformKey } from '../domain/edges/platform-key.ts'
import { keysAfter } from '../store/down/read.ts'
import { findAccount } from '../store/tables/accounts.ts'
import { findAuthenticator } from '../store/tables/authenticators.ts'
import { findCollection } from '../store/tables/collections.ts'
import { findPlatformLink } from '../store/tables/platform-links.ts'
import { listMemberships } from '../store/tables/roles.ts'
import { Channel } from './channel.ts'
import { adminOf, endings, startEdge, type TestEdge, until } from './edge.fixture.ts'
import { greetPlatform, signProof } from './handshake.ts'
import { handshakeRules } from './handshake-gate.ts'
import { linkPath } from './messages.ts'

const email = 'op@example.com'
const password = 'the plant is quiet'
const hidden = 'a-value-that-no-edge-may-hold'

describe('an edge over a good link', () => {
  let app: TestApp
  let system: { key: string; secret: string }
  let edge: TestEdge
  let readings: string
  let userId: string
  let robotId: string
  let secret: string
  let token: string
  const t = endings()

  const admin = adminOf(() => app)
  const addEdge = async (name: string): Promise<string> =>
    (await admin('POST', `/admin/edges/${system.key}/${name}`, {})).token
  const statusOf = async (name: string) =>
    (await admin('GET', `/admin/edges/${system.key}`)).find((one: any) => one.name === name)
  const rowsAt = async (at: TestApp | TestEdge, with_: string): Promise<any[]> =>
    (await at.call('GET', `/api/v/1/data/${readings}`, { token: with_ })).body?.DATA ?? []
  const addRow = (value: number) => admin('POST', `/api/v/1/data/${readings}`, { sensor: 'north', value })
  const shows = (): string =>
    totpCode(Buffer.from(secretBytes(secret)).toString('hex'), stepAt(app.app.means.clock.now()))
  const nextStep = () => app.advance(totpRules.stepMs - (app.app.means.clock.now() % totpRules.stepMs))
  const signInAt = (at: TestApp | TestEdge, body: Record<string, unknown>) =>
    at.call('POST', '/api/v/1/user/auth', { system, body })

  before(async () => {
    app = await createTestApp(t)
    system = await app.createSystem()
    await app.call('POST', `/admin/user/${system.key}/columns`, {
      developer: app.developer,
      body: { column_name: 'sms_phone', type: 'string' },
    })
    await app.createService(system, 'secondFactor', secondFactorService, {
      requires: 'clearblade,signin',
      executableBy: ['Anonymous'],
    })
    await app.createLibrary(system, 'place', 'var place = { say: function () { return "version 1" } }')
    await app.createService(
      system,
      'where',
      'resp.success({ edge: ClearBlade.isEdge(), id: ClearBlade.edgeId(), meta: cbmeta.is_edge, says: place.say() })',
      { requires: 'clearblade,place', executableBy: ['Authenticated'] },
    )
    readings = await app.createCollection(system, 'Readings', { sensor: 'string', value: 'int' })
    await app.createCollection(system, 'Private', { text: 'string' })
    await app.grant(system, 'Authenticated', { collections: [{ itemInfo: { name: 'Readings' }, permissions: 15 }] })
    await admin('POST', `/admin/user/${system.key}/roles`, { name: 'Operators', description: '' })
    userId = await app.createUser(system, email, password)
    await app.createUser(system, 'stranger@example.com', password)
    await app.createUser(system, 'office@example.com', password)
    const roles = await admin('GET', `/admin/user/${system.key}/roles`)
    const operators = roles.find((one: any) => one.Name === 'Operators').ID
    await admin('PUT', `/admin/user/${system.key}`, { user: userId, changes: { roles: { add: [operators] } } })
    // An administrator, and one whom a service runs as.
    const boss = await app.createUser(system, 'boss@example.com', password)
    const add = [operators, 'Administrator']
    await admin('PUT', `/admin/user/${system.key}`, { user: boss, changes: { roles: { add } } })
    robotId = await app.createUser(system, 'robot@example.com', password)
    await app.createService(system, 'robotic', 'resp.success(req.userEmail)', {
      runAs: robotId,
      executableBy: ['Authenticated'],
    })
    // What must stay behind.
    const other = await app.createSystem('other plant')
    await app.createUser(other, 'elsewhere@example.com', password)
    await admin('POST', `/admin/v/4/system/${system.key}/secrets`, {
      name: 'SMS_KEY',
      value: hidden,
      hosts: ['x.example'],
    })
    await app.set(system, {
      message_providers: [
        {
          kind: 'twilio',
          account: 'ACabcdef0123456789abcdef0123456789',
          token: 'secret:SMS_KEY',
          from: '+15005550006',
        },
      ],
    })
    // The authenticator app of the user.
    const { enrolment } = await admin('POST', `/admin/v/4/system/${system.key}/users/${userId}/enrolment`)
    const with_ = { email, password, enrolment }
    const begun = await app.call('POST', '/api/v/4/user/authenticators/enrol', {
      system,
      body: { ...with_, kind: 'totp' },
    })
    assert.equal(begun.status, 200, begun.text)
    secret = begun.body.secret
    const done = await app.call('POST', '/api/v/4/user/authenticators/confirm', {
      system,
      body: { ...with_, code: shows() },
    })
    assert.equal(done.status, 200, done.text)
    nextStep()
    for (let value = 0; value < 20; value++) await addRow(value)
    token = await addEdge('hall')
    const asset = (asset_class: string, asset_id: string) => ({
      ...{ asset_class, asset_id, sync_to_edge: true, sync_to_platform: false },
    })
    await admin('POST', `/admin/${system.key}/deployments`, {
      name: 'hall',
      edges: ['hall'],
      assets: [asset('Readings', ''), asset('services', 'where'), asset('services', 'robotic')],
      sign_in: { users: { roles: ['Operators'] } },
    })
    edge = await startEdge(t, app, { system, name: 'hall', token })
    const link = async () => (await findPlatformLink(edge.app.means.store))!.cursors
    await until(link, (cursors) => cursors.data?.at === null)
  })

  let session: string

  test('signs in with the password, holds what its deployment names, and runs code that knows where it is', async () => {
    const got = await signInAt(edge, { email, password })
    assert.equal(got.status, 200, got.text)
    session = got.body.user_token
    assert.equal((await rowsAt(edge, session)).length, 20)
    const run = await edge.call('POST', `/api/v/1/code/${system.key}/where`, { token: session, body: {} })
    assert.deepEqual(run.body.results, { edge: true, id: 'hall', meta: true, says: 'version 1' }, run.text)
    const status = await statusOf('hall')
    assert.deepEqual([status.state, status.isConnected, status.problem], ['connected', true, ''])
    assert.equal((await signInAt(edge, { email: 'stranger@example.com', password })).status, 401)
    const onPlatform = await until(
      () => app.call('GET', `/api/v/1/data/${readings}`, { token: session }),
      (answer) => answer.status === 200,
    )
    assert.equal(onPlatform.status, 200, 'the session is good at the platform once it is told')
  })

  test('developers see how the edge is and what it has, and follow it as it changes', async () => {
    const all = () => admin('GET', `/admin/v/4/system/${system.key}/edges`)
    const [status] = await until(all, ([one]) => one.behind_since === null)
    assert.deepEqual([status.name, status.state, status.problem], ['hall', 'connected', ''])
    assert.equal(status.version, '0.1.0')
    assert.ok(Math.abs(status.clock_difference_ms) < 10 * second)
    for (const lane of ['identity', 'configuration', 'data']) {
      const { queued, first_sync, up_to_date } = status.lanes[lane]
      assert.deepEqual([queued, first_sync, typeof up_to_date], [0, false, 'number'], lane)
    }
    const states = new Map(status.assets.map((one: any) => [`${one.asset_class} ${one.asset_id}`.trim(), one.state]))
    for (const name of ['sign_in', 'Readings', 'services where', 'libraries place']) {
      assert.equal(states.get(name), 'there', name)
    }
    assert.ok(!states.has('Private'))
    const synced = await admin('GET', `/admin/${system.key}/sync/edge/status/hall`)
    assert.equal(synced.find((one: any) => one.asset_class === 'Readings').state, 'there')
    const ofDeployment = await admin('GET', `/admin/${system.key}/sync/deployment/status/hall`)
    assert.ok(ofDeployment.assets.every((one: any) => one.edge === 'hall' && one.asset_class !== 'libraries'))

    const ending = new AbortController()
    const response = await fetch(`${app.app.means.publicUrl()}/admin/v/4/system/${system.key}/follow/edges`, {
      headers: { 'clearblade-devtoken': app.developer },
      signal: ending.signal,
    })
    const seen: any[] = []
    const reading = (async () => {
      let rest = ''
      for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
        const lines = (rest + text).split('\n')
        rest = lines.pop()!
        for (const line of lines) seen.push(...(JSON.parse(line).rows ?? []))
      }
    })().catch(() => {})
    const has = (isIt: (row: any) => boolean) =>
      until(
        () => seen.some(isIt),
        (found) => found,
      )
    assert.ok(await has(({ id, state }) => id === 'hall' && state === 'connected'))
    const spare = await addEdge('spare')
    assert.ok(await has(({ id, state }) => id === 'spare' && state === 'waiting'))
    const renewed = await admin('POST', `/admin/v/4/system/${system.key}/edges/spare/token`)
    assert.notEqual(renewed.token, spare)
    await admin('DELETE', `/admin/edges/${system.key}/spare`)
    assert.ok(await has(({ id, gone }) => id === 'spare' && gone === true))
    ending.abort()
    await reading
  })

  test('whom a service runs as is there without a password, and administrators are not', async () => {
    const run = await edge.call('POST', `/api/v/1/code/${system.key}/robotic`, { token: session, body: {} })
    assert.equal(run.body.results, 'robot@example.com', run.text)
    const store = edge.app.means.store.forSystem(system.key)
    assert.equal((await findAccount(store, { userId: robotId }))!.passwordHash, null)
    assert.equal(await findAccount(store, { email: 'boss@example.com' }), undefined)
    const roles = (await listMemberships(store, userId)).map(({ name }) => name)
    assert.deepEqual(roles.sort(), ['Authenticated', 'Operators'])
    assert.equal((await signInAt(edge, { email: 'robot@example.com', password })).status, 401)
  })

  test('a row that is made, changed or removed on the platform is so at the edge', async () => {
    await addRow(100)
    const query = (value: number) => JSON.stringify([[{ EQ: [{ value }] }]])
    await until(
      () => rowsAt(edge, session),
      (rows) => rows.some(({ value }) => value === 100),
    )
    await admin('PUT', `/api/v/1/data/${readings}`, { query: JSON.parse(query(100)), $set: { value: 101 } })
    const body = { developer: app.developer, query: { query: query(0) } }
    assert.equal((await app.call('DELETE', `/api/v/1/data/${readings}`, body)).status, 200)
    const rows = await until(
      () => rowsAt(edge, session),
      (found) => found.some(({ value }) => value === 101) && !found.some(({ value }) => value === 0),
    )
    const values = (list: any[]) => list.map(({ item_id, value }) => `${item_id} ${value}`).sort()
    const there = await app.call('GET', `/api/v/1/data/${readings}`, { developer: app.developer })
    assert.deepEqual(values(rows), values(there.body.DATA))
  })

  test('a column that is added or renamed travels with its values, and a new version of code runs', async () => {
    const change = (body: Record<string, unknown>) =>
      admin('PUT', '/admin/collectionmanagement', { id: readings, ...body })
    await change({ addColumn: { name: 'unit', type: 'string' } })
    await admin('POST', `/api/v/1/data/${readings}`, { sensor: 'south', value: 7, unit: 'bar' })
    await until(
      () => rowsAt(edge, session),
      (rows) => rows.some(({ unit }) => unit === 'bar'),
    )
    await change({ renameColumn: { from: 'unit', to: 'measure' } })
    const rows = await until(
      () => rowsAt(edge, session),
      (found) => found.some(({ measure }) => measure === 'bar'),
    )
    assert.ok(rows.some(({ measure, unit }) => measure === 'bar' && unit === undefined))
    const code = 'var place = { say: function () { return "version 2" } }'
    await admin('PUT', `/codeadmin/v/2/library/${system.key}/place`, { code, dependencies: '', description: '' })
    const says = async () =>
      (await edge.call('POST', `/api/v/1/code/${system.key}/where`, { token: session, body: {} })).body.results?.says
    assert.equal(await until(says, (said) => said === 'version 2'), 'version 2')
  })

  test('a service that is meant for the platform does not run at the edge, nor one for edges on the platform', async () => {
    const said = async (at: TestApp | TestEdge): Promise<string> => {
      const got = await at.call('POST', `/api/v/1/code/${system.key}/where`, { token: session, body: {} })
      return got.body.success ? 'it ran' : got.text
    }
    const meant = (run_on_edge: boolean, run_on_platform: boolean) =>
      admin('PUT', `/api/v/3/code/${system.key}/service/where`, { run_on_edge, run_on_platform })
    await meant(false, true)
    assert.match(
      await until(
        () => said(edge),
        (text) => text !== 'it ran',
      ),
      /runs on the platform alone .* edge hall/,
    )
    assert.equal(await said(app), 'it ran')
    await meant(true, false)
    assert.equal(
      await until(
        () => said(edge),
        (text) => text === 'it ran',
      ),
      'it ran',
    )
    assert.match(await said(app), /runs at edges alone/)
    // As exports of programs have it that know neither.
    await meant(false, false)
    assert.equal(await said(app), 'it ran')
    await meant(true, true)
  })

  test('nobody changes users, roles or code at the edge, and developers have no door there', async () => {
    const body = { email: 'new@example.com', password }
    for (const [method, path, with_] of [
      ['POST', '/api/v/1/user/reg', { system, body }],
      [
        'PUT',
        '/api/v/1/user/pass',
        { token: session, body: { old_password: password, new_password: 'another long one' } },
      ],
      ['POST', '/admin/auth', { body: { email: 'dev@example.com', password: 'correct horse battery' } }],
      ['GET', '/admin/allsystems', { developer: app.developer }],
      ['GET', '/', {}],
      ['GET', '/console', {}],
      ['POST', '/api/v/4/user/authenticators/enrol', { system, body: { email, password, kind: 'totp' } }],
    ] as const) {
      const { status } = await edge.call(method, path, with_ as any)
      assert.ok(status >= 400, `${method} ${path}: ${status}`)
    }
    const changed = await edge.call('PUT', '/api/v/1/user/info', {
      token: session,
      body: { sms_phone: '+14155550100' },
    })
    assert.ok(changed.status >= 400, changed.text)
  })

  test('with an auth service set, the same service asks for the code of the app, and takes it once', async () => {
    await app.set(system, { auth_service: 'secondFactor' })
    app.advance(hour)
    nextStep()
    const first = await until(
      () => signInAt(edge, { email, password, kind: 'totp' }),
      ({ body }) => body?.options?.factor_id !== undefined,
    )
    assert.equal(first.body.options.kind, 'totp', first.text)
    assert.ok(!first.body.user_token)
    // Sessions by the password alone ended when the auth service came.
    assert.notEqual((await edge.call('GET', `/api/v/1/data/${readings}`, { token: session })).status, 200)
    const { factor_id } = first.body.options
    const code = shows()
    const wrong = code === '000000' ? '000001' : '000000'
    assert.ok(!(await signInAt(edge, { factor_id, code: wrong })).body.user_token)
    const done = await signInAt(edge, { factor_id, code })
    assert.match(done.body.user_token ?? done.text, /^ghu_/)
    session = done.body.user_token
    assert.ok(!(await signInAt(edge, { factor_id, code })).body.user_token, 'once')
    assert.ok((await rowsAt(edge, session)).length > 0)
  })

  test('a code that was taken on the platform is not taken at the edge any more', async () => {
    nextStep()
    const begin = async (at: TestApp | TestEdge): Promise<string> => {
      app.advance(challengeRules.resendAfterMs + second)
      return (await signInAt(at, { email, password, kind: 'totp' })).body.options.factor_id
    }
    const handles = { platform: await begin(app), edge: await begin(edge) }
    nextStep()
    const code = shows()
    const stepOf = async (at: App): Promise<number> =>
      (await findAuthenticator(at.means.store.forSystem(system.key), { userId, kind: 'totp' }))!.lastStep
    const before = await stepOf(edge.app)
    assert.match((await signInAt(app, { factor_id: handles.platform, code })).body.user_token, /^ghu_/)
    await until(
      () => stepOf(edge.app),
      (step) => step > before,
    )
    assert.equal(await stepOf(edge.app), await stepOf(app.app))
    assert.ok(!(await signInAt(edge, { factor_id: handles.edge, code })).body.user_token)
  })

  test('a first sync that is cut again and again ends with the same rows', async () => {
    const id = await app.createCollection(system, 'History', { n: 'int', text: 'string' })
    const row = (n: number) => ({ n, text: `${n} `.repeat(200) })
    await admin(
      'POST',
      `/api/v/1/data/${id}`,
      Array.from({ length: 2_000 }, (_, n) => row(n)),
    )
    const deployed = { asset_class: 'History', asset_id: '', sync_to_edge: true, sync_to_platform: false }
    await admin('PUT', `/admin/${system.key}/deployments/hall`, { assets: { add: [deployed] } })
    const keysAt = async (at: App): Promise<string[]> => {
      const store = at.means.store.forSystem(system.key)
      const found = await findCollection(store, { id })
      return found === undefined ? [] : keysAfter(store, found, '', 10_000)
    }
    let cuts = 0
    const all = await keysAt(app.app)
    const there = await until(
      async () => {
        const keys = await keysAt(edge.app)
        // Once for each part that has come.
        if (keys.length > cuts * 500 && keys.length < all.length && cuts < 2) {
          cuts += 1
          edge.app.edgeLink!.cut()
        }
        return keys
      },
      (keys) => keys.length === all.length,
    )
    assert.deepEqual(there, all)
    await admin('PUT', `/admin/${system.key}/deployments/hall`, { assets: { remove: [deployed] } })
    const store = edge.app.means.store.forSystem(system.key)
    assert.equal(
      await until(
        () => findCollection(store, { id }),
        (found) => found === undefined,
      ),
      undefined,
      'what no deployment names leaves the edge',
    )
  })

  test('a link that is cut is opened again and goes on where it was', async () => {
    await addRow(199)
    // With it has come whatever was changed before it.
    await until(
      () => rowsAt(edge, session),
      (found) => found.some(({ value }) => value === 199),
    )
    const before = await findPlatformLink(edge.app.means.store)
    edge.app.edgeLink!.cut()
    for (let value = 200; value < 230; value++) await addRow(value)
    const rows = await until(
      () => rowsAt(edge, session),
      (found) => found.filter(({ value }) => value >= 200).length === 30,
    )
    assert.equal(rows.filter(({ value }) => value >= 200).length, 30)
    const now = await findPlatformLink(edge.app.means.store)
    assert.ok(now!.linkNumber > before!.linkNumber)
    assert.equal(now!.cursors.data!.at, null)
    assert.equal(now!.cursors.data!.scope, before!.cursors.data!.scope)
  })

  test('a user who is switched off on the platform is out at the edge, session and all', async () => {
    await admin('PUT', `/admin/user/${system.key}`, { user: userId, changes: { disabled: true } }).catch(
      () => undefined,
    )
    const got = await until(
      () => edge.call('GET', `/api/v/1/data/${readings}`, { token: session }),
      ({ status }) => status !== 200,
    )
    assert.notEqual(got.status, 200, got.text)
    const again = await signInAt(edge, { email, password, kind: 'totp' })
    assert.ok(!again.body.user_token && again.body.options?.factor_id === undefined, again.text)
  })

  test('nothing lies at the edge that its deployment does not name', () => {
    const bytes = Buffer.concat(readdirSync(edge.folder).map((name) => readFileSync(join(edge.folder, name))))
    assert.ok(bytes.includes(email))
    const seed = Buffer.from(secretBytes(secret)).toString('hex')
    for (const text of [
      'dev@example.com',
      'elsewhere@example.com',
      'office@example.com',
      'boss@example.com',
      'other plant',
      'Private',
    ]) {
      assert.ok(!bytes.includes(text), text)
    }
    for (const text of [hidden, 'SMS_KEY', 'ACabcdef', secret, seed, token]) assert.ok(!bytes.includes(text), text)
  })

  test('strangers of one address cannot hold the door: the next is told when to come, and the edge links when they are gone', async () => {
    const address = app.app.means.publicUrl().replace('http', 'ws') + linkPath
    const open = Array.from({ length: handshakeRules.unfinishedOfAddress }, () => new WebSocket(address))
    await Promise.all(open.map((one) => once(one, 'open')))
    const refused = new WebSocket(address)
    refused.on('error', () => {})
    const [, response] = await once(refused, 'unexpected-response')
    assert.deepEqual([response.statusCode, response.headers['retry-after']], [429, '1'])
    refused.terminate()
    const porch = await addEdge('porch')
    await assert.rejects(startEdge(t, app, { system, name: 'porch', token: porch }), { message: /no more links/ })
    for (const one of open) one.terminate()
    const started = await until(
      () => startEdge(t, app, { system, name: 'porch', token: porch }).catch(() => undefined),
      (one) => one !== undefined,
    )
    assert.equal(started?.app.edgeLink?.state.state, 'connected')
  })

  test('a token that was used is refused on both sides', async () => {
    const again = startEdge(t, app, { system, name: 'hall', token })
    await assert.rejects(again, { message: /token is not known, or was used already/ })
    assert.match((await statusOf('hall')).problem, /was used already/)
    await assert.rejects(startEdge(t, app, { system, name: 'hall', token: `${token.slice(0, -4)}0000` }), {
      message: /not the platform that made this edge/,
    })
    await assert.rejects(startEdge(t, app, { system, name: 'hall' }), { message: /needs its token/ })
  })

  test('an edge whose key is in two places is refused and shown', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-edge-'))
    cpSync(edge.folder, folder, { recursive: true })
    const copy = await startEdge(t, app, { system, name: 'hall', folder })
    const state = await until(
      () => copy.app.edgeLink!.state,
      (one) => one.state === 'refused',
    )
    assert.match(state.problem, /two places/)
    assert.match((await statusOf('hall')).problem, /two places/)
    assert.equal((await statusOf('hall')).state, 'connected')
    await copy.app.close()
  })

  test('an edge that says anything but that it has written is cut off and shown', async () => {
    const given = await addEdge('rooted')
    const open = async () => {
      const socket = new WebSocket(`${app.app.means.publicUrl().replace('http', 'ws')}${linkPath}`)
      const channel = new Channel(socket, 1024 * 1024)
      await new Promise((resolve) => socket.once('open', resolve))
      return channel
    }
    const { publicKey } = await platformKey(app.app.means)
    const [sign, seal] = [newKeyPair('ed25519'), newKeyPair('x25519')]
    const link = async (number: number, token_: string | null) => {
      const channel = await open()
      const agreed = await greetPlatform(channel, { key: publicKey }, '0.1.0')
      const said = { key: sign.publicKey, sealKey: seal.publicKey, number, token: token_ }
      channel.send({ type: 'proof', ...said, signature: signProof(agreed, sign.privateKey, said), cursors: {} })
      return { channel, answer: (await channel.next()).message as any }
    }
    const { channel, answer } = await link(1, given)
    assert.deepEqual([answer.type, answer.edge], ['welcome', 'rooted'])
    channel.send({
      type: 'frame',
      lane: 'identity',
      groups: [{ what: 'users', put: [{ id: 'me', roles: ['Administrator'] }] }],
    })
    await assert.rejects(async () => {
      for (;;) await channel.next()
    })
    const status = await until(
      () => statusOf('rooted'),
      ({ problem, isConnected }) => problem !== '' && !isConnected,
    )
    assert.match(status.problem, /no edge may send/)
    // A number that was used opens nothing, and neither does somebody else's signature.
    assert.equal((await link(1, null)).answer.why, 'two places')
    const forged = await open()
    const agreed = await greetPlatform(forged, { key: publicKey }, '0.1.0')
    const said = { key: sign.publicKey, sealKey: seal.publicKey, number: 9, token: null }
    const stranger = signProof(agreed, newKeyPair('ed25519').privateKey, said)
    forged.send({ type: 'proof', ...said, signature: stranger, cursors: {} })
    assert.equal(((await forged.next()).message as any).why, 'proof')
    const old = await open()
    old.send({ type: 'hello', protocol: 99, version: '9.0.0', share: seal.publicKey })
    const { why, words } = (await old.next()).message as any
    assert.equal(why, 'protocol')
    assert.match(words, /version 99 .* version 2 /)
  })

  test('another platform at the same address, and one that removed the edge, are refused', async () => {
    const other = await createTestApp(t)
    const { key } = system
    await edge.app.close()
    const elsewhere = await startEdge(t, app, {
      ...{ system: { key }, name: 'hall', folder: edge.folder },
      platform: other.app.means.publicUrl(),
    })
    const isRefused = ({ state }: { state: string }) => state === 'refused'
    const state = await until(() => elsewhere.app.edgeLink!.state, isRefused)
    assert.match(state.problem, /not the platform that made this edge/)
    await elsewhere.app.close()
    const back = await startEdge(t, app, { system, name: 'hall', folder: edge.folder })
    await until(
      () => back.app.edgeLink!.state,
      ({ state: now }) => now === 'connected',
    )
    await admin('DELETE', `/admin/edges/${system.key}/hall`)
    const removed = await until(() => back.app.edgeLink!.state, isRefused)
    assert.match(removed.problem, /removed from its platform/)
    await back.app.close()
    const again = await startEdge(t, app, { system, name: 'hall', folder: edge.folder })
    const unknown = await until(() => again.app.edgeLink!.state, isRefused)
    assert.match(unknown.problem, /removed, or never enrolled/)
    await again.app.close()
    const config = readConfig(['--port', '0', '--data', edge.folder], {})
    const log = createLog({ format: 'silent', level: 'error' })
    await assert.rejects(createApp(config, log), { message: /is the folder of edge hall/ })
  })
})

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

function secretBytes(text: string): number[] {
  const bits = [...text].map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0')).join('')
  return bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2))
}
