/**
 * Every door, every factor, and what comes to it: what is right, wrong, spent or forged. One table; each line says what is
 * counted, on which side of the ledger. A door that is not in it has to come into it.
 */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { type Answer, createTestApp, type TestApp } from '../../../../../test/support/app.ts'
import { minute } from '../../base/clock.ts'
import { uuid } from '../../base/ids.ts'
import { findAccount } from '../../store/tables/accounts.ts'
import { bindAuthenticator } from '../../store/tables/authenticators.ts'
import { listFailures } from '../../store/tables/failures.ts'
import { bindRecoveryCodes, placeOf } from '../accounts/authenticators.ts'
import { makeRecoveryCodes } from '../accounts/recovery-codes.ts'
import { SoftwarePasskey } from '../accounts/software-passkey.fixture.ts'
import { newTotpSecret, stepAt, totpCode, totpRules } from '../accounts/totp.ts'
import { systemByKey } from '../systems/systems.ts'
import { type System, secondFactorSystem } from './second-factor.fixture.ts'

const kinds = ['right', 'wrong', 'spent', 'forged'] as const
type Kind = (typeof kinds)[number]
/** Which side of the ledger it is counted on. */
type Counted = 'first' | 'second' | 'nowhere'
type Person = { system: System; email: string; userId: string }
/** Readies what is tried, and answers how; that answers whether the door opened. */
type Ready = (who: Person, kind: Kind) => Promise<() => Promise<boolean>>
type Line = { door: string; factor: string; at: 'plain' | 'asked'; counts: [Counted, Counted, Counted]; ready: Ready }

const password = 'the plant is quiet'
const another = 'the plant is loud'
const own = '/api/v/4/user/authenticators'
const random = (prefix: string): string => `${prefix}_${Buffer.alloc(32, 7).toString('base64url')}`
const service = (name: string): string =>
  readFileSync(new URL(`../../../../../test/services/${name}.service.js`, import.meta.url), 'utf8')

const remembering = `function remembering(req, resp) {
  var p = req.params
  var no = function (err, said) { resp.error({ options: { message: String(said) } }) }
  if (p.factor_id) return signin.answer({ challenge_id: p.factor_id, code: p.code }, function (err, done) {
    if (err) return no(err, done)
    signin.remember({ authToken: done.authToken, days: 30 }, function (err, device) {
      resp.success({ authToken: done.authToken, user_id: '', options: device })
    })
  })
  ClearBlade.init({ systemKey: req.systemKey, systemSecret: req.systemSecret, email: p.email, password: p.password, callback: function (err, body) {
    if (err) return no(err, body)
    if (p.device) return signin.knownDevice({ authToken: body.authToken, device_token: p.device, days: 30 }, function (err, known) {
      if (err) return no(err, known)
      resp.success({ authToken: known.authToken, user_id: '', options: {} })
    })
    signin.challenge({ authToken: body.authToken, message: '{code}' }, function (err, asked) {
      if (err) return no(err, asked)
      resp.success({ authToken: '', user_id: '', options: { factor_id: asked.challenge_id, code: asked.code } })
    })
  } })
}`

describe('every door', () => {
  let app: TestApp
  let page: string
  const systems = {} as { plain: System; asked: System; devices: System; proofs: System }
  let persons = 0
  const ends: (() => unknown)[] = []
  after(async () => {
    for (const end of ends) await end()
  })
  before(async () => {
    app = await createTestApp({ after: (end: () => unknown) => ends.push(end) })
    page = `http://localhost:${new URL(app.app.means.publicUrl()).port}`
    systems.plain = await app.createSystem()
    const code = `ClearBlade.init({ systemKey: req.systemKey, systemSecret: req.systemSecret, email: req.params.email,
      password: req.params.password, callback: function (err, body) { resp.success(err ? 'no' : body.authToken) } })`
    await app.createService(systems.plain, 'opener', `function opener(req, resp) { ${code} }`)
    for (const name of ['asked', 'devices', 'proofs'] as const) systems[name] = await secondFactorSystem(app)
    const requires = { requires: 'clearblade,signin', executableBy: ['Anonymous'] }
    await app.createService(systems.devices, 'remembering', remembering, requires)
    await app.set(systems.devices, { auth_service: 'remembering' })
    await app.createService(systems.proofs, 'authOverride', service('two-calls-in-memory'), requires)
    await app.set(systems.proofs, { auth_service: 'authOverride' })
  })

  const person = async (system: System, fields: Record<string, unknown> = {}): Promise<Person> => {
    const email = `person${++persons}@example.com`
    return { system, email, userId: await app.createUser(system, email, password, fields) }
  }
  const auth = (who: Person, body: Record<string, unknown>) =>
    app.call('POST', '/api/v/1/user/auth', { system: who.system, body, headers: { origin: page } })
  const begin = async (who: Person, more: Record<string, unknown> = {}) =>
    (await auth(who, { email: who.email, password, ...more })).body.options
  const isIn = ({ body }: Answer): boolean => /^ghu_/.test(body.user_token ?? '')
  const isWell = ({ status }: Answer): boolean => status === 200
  const manage = (who: Person, changes: Record<string, unknown>) =>
    app.call('PUT', `/admin/user/${who.system.key}`, { developer: app.developer, body: { user: who.userId, changes } })
  const enrolment = async (who: Person): Promise<string> =>
    (
      await app.call('POST', `/admin/v/4/system/${who.system.key}/users/${who.userId}/enrolment`, {
        developer: app.developer,
      })
    ).body.enrolment
  const at = (who: Person, path: string, body: Record<string, unknown>, token?: string) =>
    app.call('POST', `${own}/${path}`, {
      ...{ system: who.system, body, headers: { origin: page } },
      ...(token !== undefined && { token }),
    })
  const askForAnother = (who: Person, reason: string) => {
    const path = `/admin/v/4/system/${who.system.key}/users/${who.userId}/new-password`
    return app.call('POST', path, { developer: app.developer, body: { reason } })
  }
  const change = ({ system }: Person, body: Record<string, unknown>) =>
    app.call('POST', '/api/v/4/user/password/change', { system, body })
  const bindPhone = (who: Person) => manage(who, { sms_phone: '+14155550123' })

  /** To the beginning of the next step, so that none ends while a code of it is on its way. */
  const now = (): number => app.app.means.clock.now()
  const nextStep = () => app.advance(totpRules.stepMs - (now() % totpRules.stepMs))
  const shows = (secret: string, steps = 0): string => totpCode(secret, stepAt(now()) + steps)
  const notShown = (secret: string): string => {
    const near = [-2, -1, 0, 1, 2].map((steps) => shows(secret, steps))
    return ['000000', '000001', '000002', '000003', '000004', '000005'].find((code) => !near.includes(code))!
  }
  /** Past the doors, which hash ten recovery codes; two are enough here. */
  const bindApp = async ({ system: { key }, userId }: Person): Promise<{ secret: string; codes: string[] }> => {
    const { means } = app.app
    const system = (await systemByKey(means, key))!
    const origin = { address: '127.0.0.1', userAgent: '' }
    const scope = { ...means, system, origin, data: means.store.forSystem(key), caller: { kind: 'nobody' } } as const
    const [id, secret] = [uuid(), newTotpSecret()]
    const sealed = means.key.seal('authenticators', placeOf(key, { id, userId }), secret)
    const made = await makeRecoveryCodes(scope, userId, 2)
    await scope.data.transaction(async (tx) => {
      await bindAuthenticator(tx, { id, userId, kind: 'totp', label: 'app', sealed, boundAt: now(), boundBy: 'test' })
      await bindRecoveryCodes({ ...scope, data: tx }, userId, made, 'test')
    })
    nextStep()
    return { secret, codes: made.codes }
  }
  const bindPasskey = async (who: Person): Promise<SoftwarePasskey> => {
    await bindApp(who)
    const passkey = new SoftwarePasskey({ signCount: 1 })
    const proof = { email: who.email, password, enrolment: await enrolment(who) }
    const begun = await at(who, 'enrol', { ...proof, kind: 'passkey' })
    const done = await at(who, 'confirm', { ...proof, code: passkey.create(begun.body.passkey, page) })
    assert.equal(done.status, 200, done.text)
    return passkey
  }
  const sessionWithApp = async (who: Person, secret: string): Promise<string> => {
    const { factor_id } = await begin(who, { kind: 'totp' })
    const { body } = await auth(who, { factor_id, code: shows(secret) })
    nextStep()
    return body.user_token
  }
  const storedHash = async (who: Person): Promise<string> =>
    (await findAccount(app.app.means.store.forSystem(who.system.key), { userId: who.userId }))!.passwordHash!

  /** A forged password is the hash that somebody found in a copy of the database; a spent one was good until just now. */
  const passwordOf = async (who: Person, kind: Kind): Promise<string> => {
    if (kind === 'spent') await manage(who, { password: another })
    return kind === 'wrong' ? 'wrong' : kind === 'forged' ? storedHash(who) : password
  }
  const developerOf = async (): Promise<{ email: string; token: string; refresh: string; id: string }> => {
    const email = `dev${++persons}@example.com`
    const { body } = await app.call('POST', '/admin/reg', { body: { email, password: `${password} ${password}` } })
    return { email, token: body.dev_token, refresh: body.refresh_token, id: body.user_id }
  }

  const lines: Line[] = [
    {
      ...{ door: 'sign-in', factor: 'password', at: 'plain', counts: ['first', 'first', 'first'] },
      ready: async (who, kind) => {
        const given = await passwordOf(who, kind)
        return async () => isIn(await auth(who, { email: who.email, password: given }))
      },
    },
    {
      ...{ door: 'sign-in by an auth service', factor: 'password', at: 'asked', counts: ['first', 'first', 'first'] },
      ready: async (who, kind) => {
        await bindPhone(who)
        const given = await passwordOf(who, kind)
        return async () => {
          const { options } = (await auth(who, { email: who.email, password: given })).body
          return /^ghf_/.test(options.factor_id ?? '')
        }
      },
    },
    {
      ...{ door: 'a service that signs in', factor: 'password', at: 'plain', counts: ['first', 'first', 'first'] },
      ready: async (who, kind) => {
        const params = { email: who.email, password: await passwordOf(who, kind) }
        return async () => {
          const { results } = (await app.run(who.system, 'opener', params, { developer: app.developer })).body
          return /^ghu_/.test(results)
        }
      },
    },
    {
      ...{ door: 'the own new password', factor: 'password', at: 'plain', counts: ['first', 'first', 'first'] },
      ready: async (who, kind) => {
        const token = await app.signIn(who.system, who.email, password)
        const change = (from: string, to: string) =>
          app.call('PUT', '/api/v/1/user/pass', { token, body: { old_password: from, new_password: to } })
        if (kind === 'spent') await change(password, another)
        const given = kind === 'spent' ? password : await passwordOf(who, kind)
        return async () => isWell(await change(given, `${another} now`))
      },
    },
    {
      ...{ door: 'a new password that is asked for', factor: 'password', at: 'asked' },
      counts: ['first', 'first', 'first'],
      ready: async (who, kind) => {
        await askForAnother(who, 'asked')
        const body = { email: who.email, password: await passwordOf(who, kind), new_password: `${another} now` }
        return async () => isWell(await change(who, body))
      },
    },
    {
      ...{ door: 'a new password that is asked for', factor: 'app', at: 'asked' },
      counts: ['second', 'second', 'second'],
      ready: async (who, kind) => {
        const { secret } = await bindApp(who)
        const code = kind === 'wrong' ? notShown(secret) : kind === 'forged' ? `${shows(secret)}0` : shows(secret)
        if (kind === 'spent') assert.ok(isIn(await auth(who, { ...(await begin(who, { kind: 'totp' })), code })))
        await askForAnother(who, 'exposed')
        const body = { email: who.email, password, new_password: another, code }
        return async () => isWell(await change(who, body))
      },
    },
    {
      ...{ door: 'a new password by e-mail', factor: 'link', at: 'plain', counts: ['nowhere', 'nowhere', 'nowhere'] },
      ready: async (who, kind) => {
        const { key } = who.system
        await app.call('POST', '/api/v/4/user/password/reset', { system: who.system, body: { email: who.email } })
        await app.app.notices.idle()
        const inbox = await app.call('GET', `/admin/v/4/system/${key}/inbox`, { developer: app.developer })
        const mail = inbox.body.find(({ to }: { to: string }) => to === who.email).body
        const good = /#[0-9a-f]+\.(ghw_[\w-]+)/.exec(mail)![1]!
        const set = (token: string, of = key) =>
          app.call('POST', '/api/v/4/user/password/reset/confirm', {
            body: { system_key: of, token, new_password: another },
          })
        if (kind === 'spent') assert.ok(isWell(await set(good)))
        // A forged one is good at another system.
        return async () =>
          isWell(await set(kind === 'wrong' ? random('ghw') : good, kind === 'forged' ? systems.asked.key : key))
      },
    },
    {
      ...{ door: 'enrolment', factor: 'password', at: 'asked', counts: ['first', 'first', 'first'] },
      ready: async (who, kind) => {
        const code = await enrolment(who)
        const given = await passwordOf(who, kind)
        const body = { email: who.email, password: given, enrolment: code, kind: 'totp' }
        return async () => isWell(await at(who, 'enrol', body))
      },
    },
    {
      ...{ door: 'enrolment', factor: 'enrolment code', at: 'asked', counts: ['nowhere', 'nowhere', 'nowhere'] },
      ready: async (who, kind) => {
        if (kind === 'spent') await bindApp(who)
        const code = await enrolment(kind === 'forged' ? await person(who.system) : who)
        if (kind === 'spent') {
          const proof = { email: who.email, password, enrolment: code }
          const passkey = new SoftwarePasskey()
          const begun = await at(who, 'enrol', { ...proof, kind: 'passkey' })
          const answer = passkey.create(begun.body.passkey, page)
          assert.equal((await at(who, 'confirm', { ...proof, code: answer })).status, 200)
        }
        const given = kind === 'wrong' ? random('ghe') : code
        const body = { email: who.email, password, enrolment: given, kind: 'totp' }
        return async () => isWell(await at(who, 'enrol', body))
      },
    },
    {
      ...{ door: 'own second factors', factor: 'password', at: 'asked', counts: ['first', 'first', 'first'] },
      ready: async (who, kind) => {
        const { secret } = await bindApp(who)
        const token = await sessionWithApp(who, secret)
        if (kind === 'spent') {
          const body = { old_password: password, new_password: another }
          assert.equal((await app.call('PUT', '/api/v/1/user/pass', { token, body })).status, 200)
        }
        const given = kind === 'spent' ? password : await passwordOf(who, kind)
        const body = { password: given, code: shows(secret), factor: 'totp', kind: 'totp' }
        return async () => isWell(await at(who, 'enrol', body, token))
      },
    },
    {
      ...{ door: 'own second factors', factor: 'app', at: 'asked', counts: ['second', 'second', 'second'] },
      ready: async (who, kind) => {
        const { secret } = await bindApp(who)
        const token = await sessionWithApp(who, secret)
        const code = kind === 'wrong' ? notShown(secret) : kind === 'forged' ? `${shows(secret)}0` : shows(secret)
        const body = { password, code, factor: 'totp', kind: 'totp' }
        if (kind === 'spent') assert.equal((await at(who, 'enrol', body, token)).status, 200)
        return async () => isWell(await at(who, 'enrol', body, token))
      },
    },
    {
      ...{ door: 'second step', factor: 'phone', at: 'asked', counts: ['second', 'nowhere', 'nowhere'] },
      ready: async (who, kind) => {
        await bindPhone(who)
        const { factor_id, code } = await begin(who)
        if (kind === 'spent') assert.ok(isIn(await auth(who, { factor_id, code })))
        const wrong = String((Number(code) + 1) % 1_000_000).padStart(6, '0')
        const body = { factor_id: kind === 'forged' ? random('ghf') : factor_id, code: kind === 'wrong' ? wrong : code }
        return async () => isIn(await auth(who, body))
      },
    },
    {
      ...{ door: 'second step', factor: 'app', at: 'asked', counts: ['second', 'second', 'nowhere'] },
      ready: async (who, kind) => {
        const { secret } = await bindApp(who)
        const code = kind === 'wrong' ? notShown(secret) : shows(secret)
        if (kind === 'spent') assert.ok(isIn(await auth(who, { ...(await begin(who, { kind: 'totp' })), code })))
        const { factor_id } = await begin(who, { kind: 'totp' })
        const body = { factor_id: kind === 'forged' ? random('ghf') : factor_id, code }
        return async () => isIn(await auth(who, body))
      },
    },
    {
      ...{ door: 'second step', factor: 'passkey', at: 'asked', counts: ['second', 'second', 'second'] },
      ready: async (who, kind) => {
        const passkey = await bindPasskey(who)
        const asked = await begin(who)
        const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
        const code = passkey.get(asked.passkey, kind === 'forged' ? 'https://elsewhere.example' : page, {
          ...(kind === 'wrong' && { key: stranger }),
        })
        if (kind === 'spent') assert.ok(isIn(await auth(who, { factor_id: asked.factor_id, code })))
        // What was answered goes into another challenge.
        const { factor_id } = kind === 'spent' ? await begin(who) : asked
        return async () => isIn(await auth(who, { factor_id, code }))
      },
    },
    {
      ...{ door: 'second step', factor: 'recovery code', at: 'asked', counts: ['second', 'second', 'second'] },
      ready: async (who, kind) => {
        const { codes } = await bindApp(who)
        const code = codes[0]!
        if (kind === 'spent') assert.ok(isIn(await auth(who, { ...(await begin(who, { kind: 'recovery' })), code })))
        const theirs = kind === 'forged' ? (await bindApp(await person(who.system))).codes[0]! : code
        const given = kind === 'wrong' ? `${code.slice(0, 4)}-0000-0000-0000` : theirs
        const { factor_id } = await begin(who, { kind: 'recovery' })
        return async () => isIn(await auth(who, { factor_id, code: given }))
      },
    },
    {
      ...{ door: 'sign-in', factor: 'remembered device', at: 'plain', counts: ['nowhere', 'nowhere', 'nowhere'] },
      ready: async (given, kind) => {
        const remember = async (who: Person): Promise<string> => {
          await bindPhone(who)
          return (await auth(who, await begin(who))).body.options.device_token
        }
        // The person of this line is of another system.
        Object.assign(given, await person(systems.devices))
        const device = await remember(kind === 'forged' ? await person(systems.devices) : given)
        if (kind === 'spent') {
          const path = `/admin/v/4/system/${given.system.key}/users/${given.userId}/devices`
          await app.call('DELETE', path, { developer: app.developer })
        }
        const body = { email: given.email, password, device: kind === 'wrong' ? random('ghk') : device }
        return async () => isIn(await auth(given, body))
      },
    },
    {
      ...{ door: 'sign-in', factor: 'proof', at: 'plain', counts: ['nowhere', 'nowhere', 'nowhere'] },
      ready: async (given, kind) => {
        Object.assign(given, await person(systems.proofs))
        const { proof } = await begin(given, { step: 1 })
        if (kind === 'spent') assert.ok(isIn(await auth(given, { proof, step: 2 })))
        // A token of a session is no proof.
        const session = kind === 'forged' ? (await auth(given, { proof, step: 2 })).body.user_token : ''
        const body = { step: 2, proof: { right: proof, spent: proof, wrong: random('ghp'), forged: session }[kind] }
        return async () => isIn(await auth(given, body))
      },
    },
    {
      ...{ door: 'refresh', factor: 'refresh token', at: 'plain', counts: ['nowhere', 'nowhere', 'nowhere'] },
      ready: async (who, kind) => {
        const { refresh_token: good, user_token } = (await auth(who, { email: who.email, password })).body
        const refresh = (refresh_token: string) => auth(who, { grant_type: 'refresh_token', refresh_token })
        if (kind === 'spent') assert.ok(isIn(await refresh(good)))
        const given = { right: good, spent: good, wrong: random('ghr'), forged: user_token }[kind]
        return async () => isIn(await refresh(given))
      },
    },
  ]

  const firstOf = async (systemKey: string, id: string): Promise<number> =>
    (await listFailures(app.app.means.store, systemKey, [id])).get(id)?.count ?? 0
  const secondOf = async ({ system, userId }: Person): Promise<number> => {
    const path = `/admin/v/4/system/${system.key}/users/${userId}/authenticators`
    const { body } = await app.call('GET', path, { developer: app.developer })
    return body.reduce((sum: number, one: { failures: number }) => sum + one.failures, 0)
  }
  const sessionsOf = async ({ system, userId }: Person): Promise<number> => {
    const path = `/admin/v/4/session/${system.key}/user`
    const { body } = await app.call('GET', path, { developer: app.developer })
    return body.filter((one: { user_id: string }) => one.user_id === userId).length
  }

  for (const { door, factor, at: where, counts, ready } of lines) {
    test(`${door}, ${factor}: right opens; wrong, spent and forged do not, and are counted ${counts.join(', ')}`, async () => {
      for (const [index, kind] of kinds.entries()) {
        const who = await person(systems[where])
        const tryIt = await ready(who, kind)
        const before = { sessions: await sessionsOf(who), first: await firstOf(who.system.key, who.userId) }
        const second = await secondOf(who)
        assert.equal(await tryIt(), kind === 'right', kind)
        const counted = kind === 'right' ? 'nowhere' : counts[index - 1]!
        assert.equal((await firstOf(who.system.key, who.userId)) - before.first, counted === 'first' ? 1 : 0, kind)
        assert.equal((await secondOf(who)) - second, counted === 'second' ? 1 : 0, kind)
        if (kind !== 'right') assert.ok((await sessionsOf(who)) <= before.sessions, `${kind}: no session was opened`)
        app.advance(minute)
      }
    })
  }

  test('the doors of developers: right opens; wrong, spent and forged do not, and wrong passwords are counted', async () => {
    const right = `${password} ${password}`
    const signIn = (email: string, given: unknown) =>
      app.call('POST', '/admin/auth', { body: { email, password: given } })
    const change = (token: string, from: string, to: string) =>
      app.call('PUT', '/admin/putpass', { developer: token, body: { old_password: from, new_password: to } })
    const refresh = (refresh_token: string) =>
      app.call('POST', '/admin/auth', { body: { grant_type: 'refresh_token', refresh_token } })
    const one = await developerOf()
    assert.ok(isWell(await signIn(one.email, right)))
    assert.ok(isWell(await change(one.token, right, `${right} more`)))
    let counted = 0
    for (const given of ['wrong', right, { $ne: '' }]) {
      assert.ok(!isWell(await signIn(one.email, given)))
      counted += typeof given === 'string' ? 1 : 0
      assert.equal(await firstOf('', one.id), counted)
    }
    assert.ok(!isWell(await change(one.token, 'wrong', 'something else altogether')))
    assert.equal(await firstOf('', one.id), counted + 1)
    const { refresh_token: good } = (await signIn(one.email, `${right} more`)).body
    assert.ok(isWell(await refresh(good)))
    assert.equal(await firstOf('', one.id), 0)
    for (const given of [good, random('ghr'), one.token]) assert.ok(!isWell(await refresh(given)))
    assert.ok(
      !isWell(
        await app.call('POST', '/admin/reg', {
          body: { email: 'x@example.com', password: right, key: random('gh_invite') },
        }),
      ),
    )
  })
})
