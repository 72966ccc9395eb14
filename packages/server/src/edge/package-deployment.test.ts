/** Deployments that packages brought: active by a developer's word alone, and then the edge asks for the second factor. */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { createTestApp, type TestApp } from '../../../../test/support/app.ts'
import { installTwoFactor, type TwoFactorSystem } from '../../../../test/support/two-factor.ts'
import { systemModel } from '../deploy/export.ts'
import { developerScope, packageOf, systemScope } from '../deploy/import.fixture.ts'
import { importPackage } from '../deploy/import.ts'
import { stepAt, totpCode, totpRules } from '../domain/accounts/totp.ts'
import { endings, startEdge, until } from './edge.fixture.ts'

const asset = (asset_class: string, asset_id: string, to: Record<string, unknown> = {}) => ({
  ...{ asset_class, asset_id, sync_to_edge: true, sync_to_platform: false, ...to },
})

describe('a deployment that a package brought', () => {
  let app: TestApp
  let given: TwoFactorSystem
  const t = endings()
  before(async () => {
    app = await createTestApp(t)
    given = await installTwoFactor(app)
  })

  const admin = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) =>
    app.call(method, path.replace(':key', given.system.key), {
      developer: app.developer,
      ...(body !== undefined && { body }),
    })
  const named = async (name: string) =>
    (await admin('GET', '/admin/v/4/system/:key/deployments')).body.find((one: any) => one.name === name)
  const activate = (name: string, body: unknown) =>
    admin('POST', `/admin/v/4/system/:key/deployments/${name}/activate`, body)

  test('waits, says what would go, and with an edge chosen lets users in there by password and app', async () => {
    const { system, user } = given
    const waiting = await named('two-factor-auth')
    assert.deepEqual([waiting.active, waiting.edges], [false, []])
    assert.deepEqual(waiting.sign_in.users, { roles: ['Authenticated'], emails: [] })
    assert.deepEqual(waiting.left_out, [])
    const { token } = (await admin('POST', '/admin/edges/:key/hall', {})).body
    const edge = await startEdge(t, app, { system, name: 'hall', token })
    const signIn = (body: Record<string, unknown>) => edge.call('POST', '/api/v/1/user/auth', { system, body })
    assert.ok(!(await signIn(user)).body?.user_token, 'nobody is there yet')

    const query = JSON.stringify({ FILTERS: [[{ EQ: [{ email: user.email }] }]] })
    const { body: users } = await app.call('GET', `/admin/user/${system.key}`, {
      developer: app.developer,
      query: { query },
    })
    const enrolment = (await admin('POST', `/admin/v/4/system/:key/users/${users[0].user_id}/enrolment`)).body.enrolment
    const enrol = (step: string, more: Record<string, unknown>) =>
      app.call('POST', `/api/v/4/user/authenticators/${step}`, { system, body: { ...user, enrolment, ...more } })
    const { secret } = (await enrol('enrol', { kind: 'totp' })).body
    const shows = (): string => totpCode(hexOf(secret), stepAt(app.app.means.clock.now()))
    const nextStep = () => app.advance(totpRules.stepMs - (app.app.means.clock.now() % totpRules.stepMs))
    assert.equal((await enrol('confirm', { code: shows() })).status, 200)
    nextStep()

    const made = await activate('two-factor-auth', { edges: ['hall'] })
    assert.equal(made.status, 200, made.text)
    assert.deepEqual([made.body.active, made.body.edges], [true, ['hall']])
    const first = await until(
      () => signIn({ ...user, factor_kind: 'totp' }),
      ({ body }) => body?.options?.factor_id !== undefined,
    )
    assert.equal(first.body.options.kind, 'totp', first.text)
    assert.ok(!first.body.user_token)
    const { factor_id } = first.body.options
    const code = shows()
    const wrong = code === '000000' ? '000001' : '000000'
    assert.ok(!(await signIn({ factor: 2, factor_id, code: wrong })).body.user_token)
    const done = await signIn({ factor: 2, factor_id, code })
    assert.match(done.body.user_token ?? done.text, /^ghu_/)
    assert.ok(!(await signIn({ factor: 2, factor_id, code })).body.user_token, 'once')
    assert.equal((await activate('two-factor-auth', {})).status, 400, 'it is active already')
  })

  test('is exported as it is active, with what could not be, and waits again wherever that is imported', async () => {
    const scope = await developerScope(app)
    const model = await systemModel(await systemScope(scope, given.system.key))
    const kept = model.kept.find(({ kind, name }) => kind === 'deployment' && name === 'two-factor-auth')!
    const file = JSON.parse(kept.files[0]!.bytes.toString('utf8'))
    assert.equal(kept.files[0]!.path, 'deployments/two-factor-auth.json')
    assert.deepEqual(file.edges, ['hall'])
    assert.deepEqual(file.sign_in.users.roles, ['Authenticated'])
    assert.ok(file.assets.some((one: any) => one.asset_class === 'portals'))
    const { system } = await importPackage(scope, model, { name: 'again' })
    const path = `/admin/v/4/system/${system.key}/deployments`
    const { body } = await app.call('GET', path, { developer: app.developer })
    assert.deepEqual(
      body.map(({ name, active, edges, sign_in }: any) => [name, active, edges, sign_in.users.roles]),
      [['two-factor-auth', false, ['hall'], ['Authenticated']]],
    )
  })

  test('is read in the old form and the new, and whatever stands in its file changes nothing by itself', async () => {
    const scope = await developerScope(app)
    const file = (name: string, more: Record<string, unknown>) => ({ [`deployments/${name}.json`]: { name, ...more } })
    const { system } = await importPackage(
      scope,
      packageOf({
        ...file('old', {
          edges: ['___ALL_EDGES___', 'a b', 7],
          assets: [
            { asset_class: 'Readings', asset_id: '', sync: true },
            { asset_class: 'services', asset_id: 'poll', sync: false },
            { asset_class: 'users', asset_id: 'jo@example.com', sync: true },
            { asset_class: 'users', asset_id: '10ab46e3ced673ecd2318498', sync: true },
            { asset_class: 'timers', asset_id: 'hourly', sync: false },
            { asset_class: 'webhooks', asset_id: 'in', sync_to_edge: true },
            { asset_class: 'Readings', asset_id: 'a-row', sync: true },
            { asset_class: 'portals', asset_id: 'Board', sync_to_edge: false, sync_to_platform: false },
            { asset_class: 'libraries', asset_id: 'units', sync: true },
            { asset_class: 'Columns', asset_id: '', sync: true, sync_schema_only: true },
            { asset_class: 'gadgets', asset_id: null, sync_to_edge: true, sync_schema_only: false, member: 'x' },
          ],
        }),
        ...file('new', { edges: null, assets: [asset('Readings', ''), asset('libraries', 'units')] }),
        ...file('odd', { edges: {}, assets: ['x', null, { asset_class: 7 }], sign_in: { users: { roles: 'all' } } }),
      }),
    )
    await app.createCollection(system, 'readings', { value: 'int' })
    const call = (method: 'GET' | 'POST', path: string, body?: unknown) =>
      app.call(method, `/admin/v/4/system/${system.key}/deployments${path}`, {
        developer: app.developer,
        ...(body !== undefined && { body }),
      })
    const found = new Map((await call('GET', '')).body.map((one: any) => [one.name, one]))
    const old = found.get('old') as any
    assert.deepEqual(old.edges, ['___ALL_EDGES___'])
    assert.deepEqual(
      old.assets.map((one: any) => [one.asset_class, one.asset_id, one.sync_to_edge, one.sync_to_platform]),
      [
        ['Readings', '', true, true],
        ['services', 'poll', false, false],
        ['Readings', 'a-row', true, true],
        ['portals', 'Board', false, false],
        ['libraries', 'units', true, false],
        ['gadgets', '', true, false],
      ],
    )
    assert.deepEqual(old.sign_in.users, { roles: [], emails: ['jo@example.com'] })
    assert.deepEqual(
      old.left_out.map((one: any) => [one.asset_class, one.asset_id]),
      [
        ['edges', 'a b'],
        ['edges', ''],
        ['users', '10ab46e3ced673ecd2318498'],
        ['timers', 'hourly'],
        ['webhooks', 'in'],
        ['Columns', ''],
      ],
    )
    assert.deepEqual(
      old.changed.map((one: any) => [one.asset_class, one.why.split(/[.:]/)[0]]),
      [
        ['libraries', 'Nothing of it comes up from an edge'],
        ['gadgets', 'There is no collection of this name'],
      ],
    )
    const fresh = found.get('new') as any
    assert.deepEqual([fresh.assets.length, fresh.sign_in, fresh.left_out, fresh.changed], [2, null, [], []])
    const odd = found.get('odd') as any
    assert.deepEqual([odd.sign_in, odd.left_out.some((one: any) => one.asset_class === 'sign_in')], [null, true])
    assert.equal((await call('POST', '/odd/activate', {})).status, 400)
    assert.equal((await call('POST', '/none/activate', {})).status, 400)
    assert.equal((await call('POST', '/old/activate', {})).status, 200)
    const states = (await call('GET', '')).body.map((one: any) => [one.name, one.active])
    assert.deepEqual(states.sort(), [
      ['new', false],
      ['odd', false],
      ['old', true],
    ])
  })
})

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

function hexOf(base32: string): string {
  const bits = [...base32].map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0')).join('')
  return bits
    .match(/.{8}/g)!
    .map((byte) => Number.parseInt(byte, 2).toString(16).padStart(2, '0'))
    .join('')
}
