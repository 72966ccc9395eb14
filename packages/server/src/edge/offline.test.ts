/** Signing in at an edge whose link is cut: by what, for how long, and what a clock that was set does. */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { createTestApp, developerEmail, developerPassword, type TestApp } from '../../../../test/support/app.ts'
import { type Clock, day, hour, minute } from '../base/clock.ts'
import { hashToken } from '../base/secrets.ts'
import { SoftwarePasskey } from '../domain/accounts/software-passkey.fixture.ts'
import { shownByApp } from '../domain/accounts/totp.fixture.ts'
import { secondFactorService } from '../domain/auth/second-factor.fixture.ts'
import { databaseOf } from '../store/store.ts'
import { allOfKind, findAuthenticator } from '../store/tables/authenticators.ts'
import { findPlatformLink } from '../store/tables/platform-links.ts'
import { adminOf, endings, startEdge, type TestEdge, until } from './edge.fixture.ts'

const password = 'the plant is quiet'
/** Lets in by the password alone where the body says so. */
const door = `${secondFactorService}
function door(req, resp) {
  if (req.params.plain !== true) return secondFactor(req, resp)
  ClearBlade.init({
    systemKey: req.systemKey, systemSecret: req.systemSecret, email: req.params.email, password: req.params.password,
    callback: function (err, body) {
      if (err) return resp.error({ options: { message: String(body) } })
      resp.success({ authToken: body.authToken, user_id: body.user_id, options: { edge: req.context.proven.edge } })
    },
  })
}`

describe('an edge whose link is cut', () => {
  let app: TestApp
  let system: { key: string; secret: string }
  let edge: TestEdge
  let chief: string
  let shows: () => string
  const passkey = new SoftwarePasskey({ signCount: 7 })
  let placeCodes: string[]
  /** What somebody did to the clock of the edge's machine. */
  let set = 0
  const t = endings()
  const clock: Clock = {
    now: () => app.app.means.clock.now() + set,
    steady: () => app.app.means.clock.steady!(),
  }

  const admin = adminOf(() => app)
  const ask = (at: TestApp | TestEdge, body: Record<string, unknown>) =>
    at.call('POST', '/api/v/1/user/auth', { system, body })
  const plain = (email: string) => ask(edge, { email, password, plain: true })
  /** Password, then the answer; the last word of the door. */
  const twoSteps = async (at: TestApp | TestEdge, kind: string, code: () => string) => {
    const begun = await ask(at, { email: 'chief@example.com', password, kind })
    const { factor_id } = begun.body.options ?? {}
    return factor_id === undefined ? begun : ask(at, { factor_id, code: code() })
  }
  const byApp = (at: TestApp | TestEdge) => {
    app.advance(30_000)
    return twoSteps(at, 'totp', shows)
  }
  const byCode = (at: TestApp | TestEdge, code: string) => twoSteps(at, 'recovery', () => code)
  const isIn = (token: string) => edge.call('POST', '/api/v/1/user/checkauth', { token })
  const identityAt = async () => (await findPlatformLink(edge.app.means.store))!.cursors.identity
  const cut = () => edge.app.edgeLink!.close()
  const linkAgain = async () => {
    await edge.app.close()
    edge = await startEdge(t, app, { system, name: 'hall', folder: edge.folder, clock })
    await until(
      () => edge.app.means.edge!.identityAge(),
      (age) => age < minute,
    )
  }

  before(async () => {
    app = await createTestApp(t)
    system = await app.createSystem()
    const more = { requires: 'clearblade,signin', executableBy: ['Anonymous'] }
    await app.createService(system, 'door', door, more)
    const role = async (name: string): Promise<string> => {
      await admin('POST', `/admin/user/${system.key}/roles`, { name, description: '' })
      return (await admin('GET', `/admin/user/${system.key}/roles`)).find((one: any) => one.Name === name).ID
    }
    const user = async (email: string, ...add: string[]): Promise<string> => {
      const id = await app.createUser(system, email, password)
      await admin('PUT', `/admin/user/${system.key}`, { user: id, changes: { roles: { add } } })
      return id
    }
    // The role with a limit of its own does not go there; the limit holds all the same.
    await user('op@example.com', await role('Operators'), await role('Guards'))
    await app.createUser(system, 'office@example.com', password)
    chief = await user('chief@example.com', await role('Chiefs'))
    const { enrolment } = await admin('POST', `/admin/v/4/system/${system.key}/users/${chief}/enrolment`)
    const vouched = { email: 'chief@example.com', password, enrolment }
    const own = (what: string, body: unknown) =>
      app.call('POST', `/api/v/4/user/authenticators/${what}`, { system, body })
    const begun = await own('enrol', { ...vouched, kind: 'totp' })
    shows = () => shownByApp(begun.body.secret, app.app.means.clock.now())
    assert.equal((await own('confirm', { ...vouched, code: shows() })).status, 200)
    const page = app.app.means.publicUrl()
    const next = { ...vouched, ...(await admin('POST', `/admin/v/4/system/${system.key}/users/${chief}/enrolment`)) }
    const key = await own('enrol', { ...next, kind: 'passkey' })
    assert.equal((await own('confirm', { ...next, code: passkey.create(key.body.passkey, page) })).status, 200)
    await admin('POST', `/admin/user/${system.key}/columns`, { column_name: 'sms_phone', type: 'string' })
    await admin('PUT', `/admin/user/${system.key}`, { user: chief, changes: { sms_phone: '+14155550123' } })
    await app.set(system, { auth_service: 'door' })
    const { token } = await admin('POST', `/admin/edges/${system.key}/hall`, {})
    await admin('POST', `/admin/${system.key}/deployments`, {
      ...{ name: 'hall', edges: ['hall'] },
      sign_in: {
        users: { roles: ['Operators', 'Chiefs'] },
        offline: { limit: (7 * day) / 1000, near: 0.8, roles: { Guards: (2 * day) / 1000 } },
      },
    })
    edge = await startEdge(t, app, { system, name: 'hall', token, clock })
    await until(
      () => edge.app.means.edge!.identityAge(),
      (age) => age < minute,
    )
    await until(
      async () => (await findPlatformLink(edge.app.means.store))!.cursors.configuration,
      (cursor) => cursor !== undefined,
    )
  })

  test('says with each session how old what it was decided on is; the platform says nothing of it', async () => {
    const there = await plain('op@example.com')
    assert.equal(there.status, 200, there.text)
    assert.ok(there.body.data_age_seconds < 60, there.text)
    assert.equal(there.body.options.edge.name, 'hall', 'the auth service is told')
    assert.equal((await isIn(there.body.user_token)).body.data_age_seconds, there.body.data_age_seconds)
    const here = await ask(app, { email: 'op@example.com', password, plain: true })
    assert.deepEqual(Object.keys(here.body), ['user_token', 'user_id', 'expires_at', 'refresh_token', 'options'])
    const check = await app.call('POST', '/api/v/1/user/checkauth', { token: here.body.user_token })
    assert.deepEqual(check.body, { is_authenticated: true })
  })

  test('recovery codes for one edge are made with a fresh second factor, go there, and are good nowhere else', async () => {
    const { user_token: token } = (await byApp(app)).body
    assert.match(token, /^ghu_/)
    const make = (body: Record<string, unknown>) =>
      app.call('POST', '/api/v/4/user/authenticators/recovery-codes', { system, token, body: { password, ...body } })
    const wrong = shows() === '000000' ? '000001' : '000000'
    assert.equal((await make({ code: wrong, edge: 'hall' })).status, 401)
    app.advance(30_000)
    assert.match((await make({ code: shows(), edge: 'nowhere' })).text, /no such edge that this user signs in at/)
    app.advance(30_000)
    const made = await make({ code: shows(), edge: 'hall' })
    assert.deepEqual([made.status, made.body.edge, made.body.recovery_codes?.length], [200, 'hall', 10], made.text)
    placeCodes = made.body.recovery_codes
    const there = edge.app.means.store.forSystem(system.key)
    await until(
      () => findAuthenticator(there, { userId: chief, kind: 'recovery' }),
      (found) => found !== undefined,
    )
    const held = await admin('GET', `/admin/v/4/system/${system.key}/users/${chief}/authenticators`)
    const sets = held.filter((one: any) => one.kind === 'recovery').map((one: any) => one.edge ?? 'the platform')
    assert.deepEqual(sets, ['the platform', 'hall'])
    assert.ok(!JSON.stringify(held).includes('argon2'))
    assert.ok(!(await byCode(app, placeCodes[0]!)).body.user_token, 'not at the platform')
  })

  let session: { user_token: string; refresh_token: string }
  let operator: { user_token: string; refresh_token: string }

  test('takes password and code of the app, and password and recovery code, each once', async () => {
    await cut()
    app.advance(hour)
    const code = { shown: '' }
    app.advance(30_000)
    const first = await twoSteps(edge, 'totp', () => {
      code.shown = shows()
      return code.shown
    })
    assert.match(first.body.user_token ?? first.text, /^ghu_/)
    session = first.body
    assert.ok(first.body.data_age_seconds >= 3_600)
    assert.ok(!(await twoSteps(edge, 'totp', () => code.shown)).body.user_token, 'a code of the app, once')
    const recovered = await byCode(edge, placeCodes[0]!)
    assert.match(recovered.body.user_token ?? recovered.text, /^ghu_/)
    assert.ok(!(await byCode(edge, placeCodes[0]!)).body.user_token, 'a recovery code, once')
    operator = (await plain('op@example.com')).body
    assert.match(operator.user_token, /^ghu_/)
  })

  test('takes a passkey, each answer once and none of a copy; says that no text message can be sent, and what else there is', async () => {
    const page = edge.app.means.publicUrl()
    const begin = async () => {
      const { options } = (await ask(edge, { email: 'chief@example.com', password, kind: 'passkey' })).body
      assert.equal(options.kind, 'passkey')
      return options
    }
    const first = await begin()
    const answer = passkey.get(first.passkey, page)
    const signed = await ask(edge, { factor_id: first.factor_id, code: answer })
    assert.match(signed.body.user_token ?? signed.text, /^ghu_/)
    assert.ok(!(await ask(edge, { factor_id: (await begin()).factor_id, code: answer })).body.user_token)
    const phone = await ask(edge, { email: 'chief@example.com', password, kind: 'phone' })
    assert.ok(!phone.body.user_token)
    assert.match(phone.text, /no text message can be sent while its link to the platform is cut/)
    assert.match(phone.text, /passkey, authenticator app, recovery code/)
    assert.deepEqual((await begin()).kinds, ['passkey', 'totp', 'recovery'])
    const copied = await begin()
    const behind = passkey.get(copied.passkey, page, { signCount: 3 })
    assert.match((await ask(edge, { factor_id: copied.factor_id, code: behind })).text, /may have been copied/)
    const held = await findAuthenticator(edge.app.means.store.forSystem(system.key), { userId: chief, kind: 'phone' })
    assert.deepEqual([held!.label, held!.sealed], ['+1 ••• 0123', ''], 'the number is not there')
  })

  test('with a clock that was set back nothing that rests on the time is taken, and recovery codes of that place are', async () => {
    set = -3 * day
    const app_ = await byApp(edge)
    assert.ok(!app_.body.user_token)
    assert.match(app_.text, /clock of this edge went back, so nothing that rests on the time is taken here/)
    const alone = await plain('op@example.com')
    assert.deepEqual([alone.status, alone.body.error.code], [401, 931], alone.text)
    assert.equal((await isIn(operator.user_token)).status, 200, 'who is in stays in: how much time went by is known')
    const fresh = await ask(edge, { grant_type: 'refresh_token', refresh_token: operator.refresh_token })
    assert.ok(fresh.status === 401 && !fresh.body.user_token, fresh.text)
    const recovered = await byCode(edge, placeCodes[1]!)
    assert.match(recovered.body.user_token ?? recovered.text, /^ghu_/)
    assert.equal((await isIn(recovered.body.user_token)).status, 200)
    // Starting anew with it changes nothing, nor does putting the clock right by hand.
    await edge.app.close()
    edge = await startEdge(t, app, {
      ...{ system, name: 'hall', folder: edge.folder, clock, platform: 'http://localhost:9' },
    })
    set = 0
    assert.equal((await plain('op@example.com')).body.error.code, 931)
    assert.equal((await isIn(operator.user_token)).status, 401, 'nobody knows for how long it was off')
    assert.equal((await isIn(session.user_token)).status, 401)
    assert.equal((await isIn(recovered.body.user_token)).status, 200)
    const placed = (place: string | null) =>
      databaseOf(edge.app.means.store)
        .updateTable('sessions')
        .set({ place })
        .where('token_hash', '=', hashToken(recovered.body.user_token))
        .execute()
    await placed('')
    assert.equal((await isIn(recovered.body.user_token)).status, 401, 'by a code of another place it would be none')
    await placed(null)
  })

  test('the doubt ends with the link; what was spent stays spent, also after everything came anew', async () => {
    await linkAgain()
    assert.equal((await isIn(session.user_token)).status, 200)
    assert.ok(!(await byCode(edge, placeCodes[0]!)).body.user_token)
    const before = JSON.stringify(await identityAt())
    const sign_in = {
      users: { roles: ['Operators', 'Chiefs'] },
      offline: { limit: (6 * day) / 1000, near: 0.8, roles: { Guards: (2 * day) / 1000 } },
    }
    await admin('PUT', `/admin/${system.key}/deployments/hall`, { sign_in: { users: { roles: ['Operators'] } } })
    const there = edge.app.means.store.forSystem(system.key)
    await until(
      () => findAuthenticator(there, { userId: chief, kind: 'recovery' }),
      (found) => found === undefined,
    )
    await admin('PUT', `/admin/${system.key}/deployments/hall`, { sign_in })
    await until(
      () => findAuthenticator(there, { userId: chief, kind: 'recovery' }),
      (found) => found !== undefined,
    )
    assert.notEqual(JSON.stringify(await identityAt()), before)
    // A passkey that seemed copied there is closed everywhere, and its counter stands where it was seen.
    const shown: any[] = await until(
      () => admin('GET', `/admin/v/4/system/${system.key}/users/${chief}/authenticators`),
      (held: any[]) => held.some(({ kind, state }) => kind === 'passkey' && state === 'disabled'),
    )
    assert.equal(shown.find(({ kind }) => kind === 'passkey').state, 'disabled')
    assert.equal(shown.find((one) => one.edge === 'hall').spent, 2)
    const held = (await allOfKind(app.app.means.store.forSystem(system.key), 'passkey'))[0]!
    assert.equal(held.passkey!.signCount, 8)
    for (const spent of placeCodes.slice(0, 2)) assert.ok(!(await byCode(edge, spent)).body.user_token, 'spent')
    const got = await byApp(edge)
    assert.match(got.body.user_token ?? got.text, /^ghu_/)
    session = got.body
    operator = (await plain('op@example.com')).body
  })

  test('past the limit of a role nobody of it is let in, and sessions of it count no more', async () => {
    await cut()
    app.advance(1.9 * day)
    const late = await plain('op@example.com')
    assert.ok(late.body.data_age_seconds >= (1.9 * day) / 1000, 'near the limit, with no second factor to ask for')
    assert.equal((await isIn(operator.user_token)).status, 200)
    app.advance(0.2 * day)
    const past = await plain('op@example.com')
    assert.deepEqual([past.status, past.body.error.code], [401, 931])
    assert.match(past.body.error.detail, /2 days ago, which is too long .* Sign in at the platform/)
    assert.equal((await isIn(late.body.user_token)).status, 401)
    assert.match((await isIn(late.body.user_token)).text, /too long/)
    const fresh = await ask(edge, { grant_type: 'refresh_token', refresh_token: late.body.refresh_token })
    assert.ok(fresh.status === 401 && !fresh.body.user_token, fresh.text)
    assert.equal((await isIn(session.user_token)).status, 200, 'another role, another limit')
    assert.equal((await plain('chief@example.com')).status, 200, 'and not near it')
  })

  test('near the limit whoever has a second factor needs it, and past it none helps', async () => {
    app.advance(2.9 * day)
    const alone = await plain('chief@example.com')
    assert.deepEqual([alone.status, alone.body.error.code], [401, 931])
    assert.match(alone.body.error.detail, /asks for a second factor. Sign in with one of yours: totp, recovery/)
    const both = await byApp(edge)
    assert.match(both.body.user_token ?? both.text, /^ghu_/)
    app.advance(1.5 * day)
    assert.equal((await byApp(edge)).body.error?.code, 931)
    assert.equal((await byCode(edge, placeCodes[2]!)).body.error?.code, 931)
    await linkAgain()
    const back = await byApp(edge)
    assert.match(back.body.user_token ?? back.text, /^ghu_/)
    assert.ok(back.body.data_age_seconds < 60)
  })

  test('a new password that is asked for at the platform is asked for at the edge, and sessions end at both', async () => {
    const again = await app.call('POST', '/admin/auth', {
      body: { email: developerEmail, password: developerPassword },
    })
    app.developer = again.body.dev_token
    const op = { email: 'op@example.com', password, plain: true }
    const { body: there } = await ask(edge, op)
    const { body: here } = await ask(app, op)
    assert.equal(
      (
        await until(
          () => isIn(here.user_token),
          ({ status }) => status === 200,
        )
      ).status,
      200,
    )
    const path = `/admin/v/4/system/${system.key}/users/${here.user_id}/new-password`
    await admin('POST', path, { reason: 'asked' })
    for (const { user_token: token } of [there, here]) {
      assert.equal(
        (
          await until(
            () => isIn(token),
            ({ status }) => status === 401,
          )
        ).status,
        401,
      )
    }
    assert.match((await ask(edge, op)).text, /A new password is asked for/)
    assert.doesNotMatch((await ask(edge, { ...op, password: 'not the password' })).text, /A new password is asked for/)
    const change = { email: op.email, password, new_password: 'another quiet plant' }
    const set = (at: TestApp | TestEdge) => at.call('POST', '/api/v/4/user/password/change', { system, body: change })
    const atEdge = await set(edge)
    assert.deepEqual([atEdge.status, /at the platform/.test(atEdge.text)], [400, true], atEdge.text)
    const reset = { system, body: { email: op.email } }
    const asked = await edge.call('POST', '/api/v/4/user/password/reset', reset)
    assert.deepEqual([asked.status, /at the platform/.test(asked.text)], [400, true], asked.text)
    assert.equal((await set(app)).status, 200)
    const next = { ...op, password: change.new_password }
    const letIn = await until(
      () => ask(edge, next),
      ({ body }) => body.user_token?.startsWith('ghu_'),
    )
    assert.match(letIn.text, /ghu_/)
    assert.doesNotMatch((await ask(edge, op)).text, /ghu_/)
    await admin('PUT', `/admin/user/${system.key}`, { user: here.user_id, changes: { password } })
    assert.match(
      (
        await until(
          () => ask(edge, op),
          ({ body }) => body.user_token?.startsWith('ghu_'),
        )
      ).text,
      /ghu_/,
    )
  })

  test('an edge that is lost is refused, and what lay there of its users is good nowhere any more', async () => {
    const again = await app.call('POST', '/admin/auth', {
      body: { email: developerEmail, password: developerPassword },
    })
    app.developer = again.body.dev_token
    const office = (await ask(app, { email: 'office@example.com', password, plain: true })).body.user_token
    const boss = (await byApp(app)).body.user_token
    const check = (token: string) => app.call('POST', '/api/v/1/user/checkauth', { token })
    assert.deepEqual([(await check(office)).status, (await check(boss)).status], [200, 200])
    // What the last sign-in at the edge told of.
    const told = await until(
      () => admin('GET', `/admin/v/4/system/${system.key}/edges/hall/sessions`),
      (sessions: any[]) => sessions.some(({ ended }) => ended === ''),
    )
    assert.ok(told.length > 0)
    // One who left the deployment since was sent there all the same.
    await admin('PUT', `/admin/${system.key}/deployments/hall`, { sign_in: { users: { roles: ['Chiefs'] } } })
    const lose = (body: unknown) =>
      app.call('POST', `/admin/v/4/system/${system.key}/edges/hall/lost`, {
        ...{ developer: app.developer, body },
      })
    assert.equal((await lose({ new_secret: 'yes' })).status, 400)
    assert.equal((await check(boss)).status, 200, 'nothing was done')
    const lost = await lose({ new_secret: true })
    assert.equal(lost.status, 200, lost.text)
    const shown = lost.body.users.map((one: any) => [one.email, one.lost, one.left, one.left_without_second_factor])
    assert.deepEqual(shown.sort(), [
      ['chief@example.com', ['totp', 'recovery'], ['phone', 'recovery'], false],
      ['op@example.com', [], [], false],
    ])
    assert.ok(lost.body.ended_sessions >= 2, lost.text)
    assert.ok(lost.body.edge_sessions >= 1, lost.text)
    const refused = await until(
      () => edge.app.edgeLink!.state,
      ({ state }) => state !== 'connected',
    )
    // It is told over the link that stands, and not at its next try.
    assert.deepEqual([refused.state, refused.problem], ['refused', 'This edge was removed from its platform.'])
    assert.deepEqual([(await check(office)).status, (await check(boss)).status], [200, 401])
    const there = await plain('chief@example.com')
    assert.match(there.text, /no users that its platform stands by: it is new, or it was removed there/)
    assert.equal((await isIn(session.user_token)).status, 401, 'an edge that hears of it lets nobody in any more')
    // The secret before is dead, with everything that presents it.
    assert.equal((await ask(app, { email: 'office@example.com', password, plain: true })).body.error.code, 201)
    system = { key: system.key, secret: lost.body.system_secret }
    const plainly = (email: string, with_: string) => ask(app, { email, password: with_, plain: true })
    const said = await plainly('op@example.com', password)
    assert.match(said.text, /good no more, since others may know it/)
    assert.ok(
      !(await plainly('op@example.com', 'not the password')).text.includes('good no more'),
      'who guesses learns nothing',
    )
    assert.match((await plainly('office@example.com', password)).body.user_token, /^ghu_/)
    const setPassword = (user: string, with_: string) =>
      app.call('PUT', `/admin/user/${system.key}`, {
        ...{ developer: app.developer, body: { user, changes: { password: with_ } } },
      })
    assert.equal((await setPassword(chief, password)).status, 400, 'the one that was lost is no new one')
    assert.equal((await setPassword(chief, 'another quiet plant')).status, 200)
    const begin = (kind: string) => ask(app, { email: 'chief@example.com', password: 'another quiet plant', kind })
    assert.match((await begin('totp')).text, /switched off/)
    assert.ok((await begin('recovery')).body.options.factor_id, 'codes of the platform were not there')
    const rows = await admin('GET', `/admin/audit?system=${system.key}`)
    const row = (rows.rows ?? rows).find((one: any) => one.action === 'lost')
    assert.deepEqual([row.kind, row.subject, row.details.users.length], ['edge', 'hall', 2], JSON.stringify(row))
    assert.deepEqual(await admin('GET', `/admin/edges/${system.key}`), [])
    assert.equal((await lose({})).body.error.code, 5003)
  })
})
