/** What passkeys promise as second factors, through the doors of a real node. A software authenticator stands for a browser. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, before, beforeEach, describe, test } from 'node:test'
import { createTestApp, type TestApp } from '../../../../../test/support/app.ts'
import { hour, minute, second } from '../../base/clock.ts'
import { everythingIn } from '../../deploy/import.fixture.ts'
import { SoftwarePasskey, type Wrongly } from '../accounts/software-passkey.fixture.ts'
import { stepAt, totpCode } from '../accounts/totp.ts'
import { challengeRules } from './challenges.ts'
import { enrolmentRules } from './enrolment.ts'
import { type System, secondFactorSystem } from './second-factor.fixture.ts'

const email = 'op@example.com'
const password = 'the plant is quiet'
const phone = '+1 415 555 0123'
const own = '/api/v/4/user/authenticators'

describe('a passkey', () => {
  let app: TestApp
  let system: System
  let userId: string
  /** Of the node's own page. */
  let page: string
  const ends: (() => unknown)[] = []
  after(async () => {
    for (const end of ends) await end()
  })
  before(async () => {
    app = await createTestApp({ after: (end: () => unknown) => ends.push(end) })
    page = `http://localhost:${new URL(app.app.means.publicUrl()).port}`
  })
  beforeEach(async () => {
    system = await secondFactorSystem(app)
    userId = await app.createUser(system, email, password)
    app.advance(hour)
  })

  const developer = () => app.developer
  const from = (origin: string | undefined) => (origin === undefined ? {} : { headers: { origin } })
  const ask = (body: Record<string, unknown>, { of = system, origin = page as string | undefined } = {}) =>
    app.call('POST', '/api/v/1/user/auth', { system: of, body, ...from(origin) })
  const at = (path: string, body: Record<string, unknown>, token?: string, origin = page) =>
    app.call('POST', `${own}/${path}`, { system, body, ...(token !== undefined && { token }), ...from(origin) })
  type Begun = { factor_id: string; to: string; kind: string; kinds: string[]; passkey: any; code?: string }
  const begin = async (more: Record<string, unknown> = {}, origin: string | undefined = page): Promise<Begun> => {
    const { body, text } = await ask({ email, password, ...more }, { origin })
    assert.match(body.options?.factor_id ?? text, /^ghf_/)
    return body.options
  }
  const answer = (factor_id: string, code: unknown, of = system) => ask({ factor_id, code }, { of })
  const isIn = (got: { body: any }): boolean => got.body.user_token !== '' && got.body.user_token !== undefined
  const notGood = /not right, or no longer good/
  const refused = async (got: ReturnType<typeof answer>, why = notGood) => {
    const { body, text } = await got
    assert.ok(!isIn({ body }), text)
    assert.match(body.options?.message ?? text, why)
  }
  const address = (of = userId) => `/admin/v/4/system/${system.key}/users/${of}/authenticators`
  const authenticators = async (of = userId): Promise<any[]> =>
    (await app.call('GET', address(of), { developer: developer() })).body
  const passkeys = async (of = userId) => (await authenticators(of)).filter(({ kind }) => kind === 'passkey')
  const enrolment = async (of = userId): Promise<string> => {
    const path = `/admin/v/4/system/${system.key}/users/${of}/enrolment`
    const { body, status, text } = await app.call('POST', path, { developer: developer() })
    assert.equal(status, 200, text)
    return body.enrolment
  }
  const manage = async (changes: Record<string, unknown>, user = userId) => {
    const done = await app.call('PUT', `/admin/user/${system.key}`, { developer: developer(), body: { user, changes } })
    assert.equal(done.status, 200, done.text)
  }

  /** By an enrolment code of the developer. */
  async function bind(
    passkey = new SoftwarePasskey(),
    { origin = page, label = undefined as string | undefined, wrongly = {} as Wrongly, who = { email, userId } } = {},
  ) {
    const with_ = { email: who.email, password, enrolment: await enrolment(who.userId) }
    const begun = await at('enrol', { ...with_, kind: 'passkey', label }, undefined, origin)
    assert.equal(begun.status, 200, begun.text)
    const code = passkey.create(begun.body.passkey, origin, wrongly)
    const done = await at('confirm', { ...with_, code }, undefined, origin)
    return { passkey, begun: begun.body, done }
  }
  async function bound(...given: Parameters<typeof bind>) {
    const made = await bind(...given)
    assert.equal(made.done.status, 200, made.done.text)
    assert.equal(made.done.body.state, 'bound')
    return made.passkey
  }
  async function session(passkey: SoftwarePasskey): Promise<string> {
    const asked = await begin({ kind: 'passkey' })
    const done = await answer(asked.factor_id, passkey.get(asked.passkey, page))
    assert.ok(isIn(done), done.text)
    return done.body.user_token
  }

  test('is bound by a code of a developer and the password, and lets in with the password, and neither alone', async () => {
    const { passkey, begun, done } = await bind(new SoftwarePasskey(), { label: 'key in the drawer' })
    assert.deepEqual([begun.kind, begun.state], ['passkey', 'pending'])
    const { passkey: options } = begun
    assert.deepEqual(options.rp, { id: 'localhost', name: 'plant' })
    assert.equal(options.attestation, 'none')
    assert.deepEqual(options.excludeCredentials, [])
    assert.equal(options.authenticatorSelection.userVerification, 'required')
    assert.ok(Buffer.from(options.challenge, 'base64url').length >= 16)
    assert.ok(!JSON.stringify(options.user.id).includes(userId))
    assert.deepEqual([done.body.kind, done.body.state, done.body.recovery_codes.length], ['passkey', 'bound', 10])
    const [held] = await passkeys()
    assert.deepEqual(
      [held.kind, held.label, held.state, held.passkey],
      ['passkey', 'key in the drawer', 'bound', { rpId: 'localhost', backedUp: false }],
    )
    assert.match(held.boundBy, /^enrolment by developer /)
    assert.deepEqual(Object.keys(held).sort(), [
      'blockedUntil',
      'boundAt',
      'boundBy',
      'failures',
      'id',
      'kind',
      'label',
      'passkey',
      'state',
      'usedAt',
    ])

    const first = await begin()
    assert.deepEqual([first.kind, first.kinds, first.to], ['passkey', ['passkey', 'recovery'], 'key in the drawer'])
    assert.deepEqual(first.passkey.allowCredentials, [
      { type: 'public-key', id: passkey.id, transports: ['internal', 'hybrid'] },
    ])
    assert.deepEqual([first.passkey.rpId, first.passkey.userVerification], ['localhost', 'required'])
    assert.ok(Buffer.from(first.passkey.challenge, 'base64url').length >= 16)
    const granted = await answer(first.factor_id, passkey.get(first.passkey, page))
    assert.ok(isIn(granted), granted.text)
    assert.equal(granted.body.options.factor, 'passkey')
    const [trace] = (await app.call('GET', `/admin/v/4/system/${system.key}/sign-ins`, { developer: developer() })).body
    assert.deepEqual([trace.decision, trace.factors], ['granted', 'password passkey'])
    await refused(answer(first.factor_id, passkey.get(first.passkey, page)))
  })

  test('is refused when anything in its answer is not right, and each wrong one is counted', async () => {
    const passkey = await bound(new SoftwarePasskey({ signCount: 5 }))
    const other = new SoftwarePasskey()
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const wrong: Record<string, (options: any) => unknown> = {
      'another challenge': (o) => passkey.get(o, page, { challenge: Buffer.alloc(32, 7).toString('base64url') }),
      'another page': (o) => passkey.get(o, page, { origin: 'https://localhost.example.com' }),
      'another port': (o) => passkey.get(o, page, { origin: 'http://localhost:1' }),
      'another domain': (o) => passkey.get(o, page, { rpId: 'example.com' }),
      'a frame of another page': (o) => passkey.get(o, page, { crossOrigin: true }),
      'no verification of the user': (o) => passkey.get(o, page, { unverified: true }),
      'nobody there': (o) => passkey.get(o, page, { absent: true }),
      'a registration': (o) => passkey.get(o, page, { type: 'webauthn.create' }),
      'another key': (o) => passkey.get(o, page, { key: privateKey }),
      'another user': (o) => passkey.get(o, page, { userHandle: Buffer.alloc(32).toString('base64url') }),
      'a kind that changed': (o) => passkey.get(o, page, { backedUp: true }),
      'a tampered signature': (o) => {
        const made = passkey.get(o, page)
        const signature = Buffer.from(made.response.signature, 'base64url')
        signature[signature.length - 1]! ^= 1
        return { ...made, response: { ...made.response, signature: signature.toString('base64url') } }
      },
      'tampered data': (o) => {
        const made = passkey.get(o, page)
        const data = Buffer.from(made.response.authenticatorData, 'base64url')
        data[36]! ^= 64
        return { ...made, response: { ...made.response, authenticatorData: data.toString('base64url') } }
      },
      'a passkey that is nobody’s': (o) => other.get(o, page),
      'the id of it with another key': (o) => other.get(o, page, { id: passkey.id }),
      'the challenge itself': (o) => o.challenge,
      'a code': () => '123456',
      'no answer': () => ({}),
      'half an answer': (o) => ({ ...passkey.get(o, page), response: undefined }),
      'too much': (o) => ({ ...passkey.get(o, page), id: 'a'.repeat(2_000), rawId: 'a'.repeat(2_000) }),
      'odd types': () => ({ id: 7, rawId: 7, type: ['public-key'], response: { clientDataJSON: {}, signature: null } }),
      'its prototype': (o) => ({ ...passkey.get(o, page), response: { __proto__: { signature: 'x' } } }),
    }
    let counted = 0
    for (const [what, make] of Object.entries(wrong)) {
      const asked = await begin()
      const got = await answer(asked.factor_id, make(asked.passkey))
      assert.ok(!isIn(got), what)
      assert.match(got.body.options.message, notGood, what)
      counted += 1
      assert.equal((await passkeys())[0].failures, counted, what)
      // Ten in a row close it for a while, which is looked at elsewhere.
      if (counted % challengeRules.blockAfter === 0) app.advance(challengeRules.blockMs + second)
    }
    for (const code of [null, [passkey.id], true]) {
      const asked = await begin()
      assert.ok(!isIn(await answer(asked.factor_id, code)))
    }
    await session(passkey)
    assert.equal((await passkeys())[0].failures, 0)
  })

  test('answers once: of fifty right answers at the same moment one lets in', async () => {
    for (const signCount of [0, 7]) {
      const passkey = await bound(new SoftwarePasskey({ signCount }))
      const asked = await begin()
      const right = passkey.get(asked.passkey, page)
      const answers = await Promise.all(Array.from({ length: 50 }, () => answer(asked.factor_id, right)))
      assert.equal(answers.filter(isIn).length, 1)
      for (const one of answers) if (!isIn(one)) assert.match(one.body.options.message, notGood)
      await session(passkey)
    }
  })

  test('answers for its own challenge alone: nothing is replayed, nor taken by another service or system', async () => {
    const passkey = await bound()
    const [one, two] = [await begin(), await begin()]
    assert.notEqual(one.passkey.challenge, two.passkey.challenge)
    const right = passkey.get(one.passkey, page)
    await refused(answer(two.factor_id, right))
    const elsewhere = await secondFactorSystem(app)
    await app.createUser(elsewhere, email, password)
    await refused(answer(one.factor_id, right, elsewhere))
    assert.ok(isIn(await answer(one.factor_id, right)))
    await refused(answer(one.factor_id, right))
    await refused(answer((await begin()).factor_id, right))
    const late = await begin()
    app.advance(challengeRules.lifeMs + second)
    await refused(answer(late.factor_id, passkey.get(late.passkey, page)))
  })

  test('of another user, or of the same person in another system, lets nobody in', async () => {
    const passkey = await bound()
    const otherUser = {
      email: 'other@example.com',
      userId: await app.createUser(system, 'other@example.com', password),
    }
    const others = await bound(new SoftwarePasskey(), { who: otherUser })
    const asked = await begin()
    await refused(answer(asked.factor_id, others.get(asked.passkey, page)))
    const asOther = (await ask({ email: otherUser.email, password })).body.options
    assert.deepEqual(
      asOther.passkey.allowCredentials.map(({ id }: any) => id),
      [others.id],
    )
    await refused(answer(asOther.factor_id, passkey.get(asOther.passkey, page)))
    assert.deepEqual([(await passkeys())[0].failures, (await passkeys(otherUser.userId))[0].failures], [1, 1])
    const taken = await bind(passkey, { who: otherUser })
    assert.match(taken.done.text, /bound already/)
    assert.deepEqual((await passkeys(otherUser.userId)).map(({ state }) => state).sort(), ['bound', 'pending'])
    const again = await begin()
    const here = system
    system = await secondFactorSystem(app)
    const elsewhere = await app.createUser(system, email, password)
    const there = await bound(new SoftwarePasskey(), { who: { email, userId: elsewhere } })
    system = here
    await refused(answer(again.factor_id, there.get(again.passkey, page)))
  })

  test('whose counter goes back is closed until another is bound, without touching what else the user has', async () => {
    await manage({ sms_phone: phone })
    const passkey = await bound(new SoftwarePasskey({ signCount: 5 }))
    const second_ = await bound(new SoftwarePasskey())
    await session(passkey)
    const copied = await begin()
    // The sign-in before said 6.
    await refused(answer(copied.factor_id, passkey.get(copied.passkey, page, { signCount: 6 })), /may have been copied/)
    assert.deepEqual((await authenticators()).map(({ kind, state }) => `${kind} ${state}`).sort(), [
      'passkey bound',
      'passkey disabled',
      'phone bound',
      'recovery bound',
    ])
    const [trace] = (await app.call('GET', `/admin/v/4/system/${system.key}/sign-ins`, { developer: developer() })).body
    assert.equal(trace.decision, 'refused')
    assert.match(JSON.stringify(trace), /counter of this passkey went backwards/)
    await refused(answer(copied.factor_id, passkey.get(copied.passkey, page)))
    const asked = await begin()
    assert.deepEqual(
      asked.passkey.allowCredentials.map(({ id }: any) => id),
      [second_.id],
    )
    await refused(answer(asked.factor_id, passkey.get(asked.passkey, page)), /may have been copied/)
    await session(second_)
    // It says nothing about the key, so nobody closes it who does not hold it.
    const fresh = await bound(new SoftwarePasskey({ signCount: 5 }))
    const other = await begin()
    const forged = new SoftwarePasskey().get(other.passkey, page, { id: fresh.id, signCount: 1 })
    await refused(answer(other.factor_id, forged))
    await session(fresh)
  })

  test('is one of several: any of them answers, each is counted for itself, and none is made twice', async () => {
    const one = await bound(new SoftwarePasskey(), { label: 'one' })
    const { passkey: two, begun, done } = await bind(new SoftwarePasskey(), { label: 'two' })
    assert.equal(done.body.recovery_codes, undefined, 'the codes of before stay')
    assert.deepEqual(
      begun.passkey.excludeCredentials.map(({ id }: any) => id),
      [one.id],
    )
    const asked = await begin()
    assert.deepEqual(asked.passkey.allowCredentials.map(({ id }: any) => id).sort(), [one.id, two.id].sort())
    assert.equal(asked.to, 'passkey')
    for (let count = 0; count < 3; count++)
      await refused(answer(asked.factor_id, two.get(asked.passkey, page, { unverified: true })))
    assert.deepEqual((await passkeys()).map(({ label, failures }) => [label, failures]).sort(), [
      ['one', 0],
      ['two', 3],
    ])
    await session(two)
    await session(one)
    const open = await begin()
    const late = await bound()
    await refused(answer(open.factor_id, late.get(open.passkey, page)), notGood)
    const drop = async (label: string) => {
      const { id } = (await passkeys()).find((held) => held.label === label)
      const got = await app.call('DELETE', address(), { developer: developer(), query: { kind: 'passkey', id } })
      assert.equal(got.status, 200, got.text)
    }
    const before = await begin()
    await drop('two')
    await refused(answer(before.factor_id, two.get(before.passkey, page)))
    await session(one)
    const unknown = { developer: developer(), query: { kind: 'passkey', id: 'nowhere' } }
    assert.equal((await app.call('DELETE', address(), unknown)).status, 400)
    assert.equal((await passkeys()).length, 2)
    const all = await app.call('DELETE', address(), { developer: developer(), query: { kind: 'passkey' } })
    assert.equal(all.status, 200)
    assert.deepEqual(await passkeys(), [])
    assert.match((await ask({ email, password, kind: 'passkey' })).body.options.message, /no passkey/)
  })

  test('is closed after ten wrong answers in a row over many challenges, and off after fifty', async () => {
    const passkey = await bound()
    let left = 0
    let asked: Begun | undefined
    for (let count = 1; count <= challengeRules.disableAfter; count++) {
      if (left === 0) {
        asked = await begin({ kind: 'passkey' })
        left = challengeRules.triesPerCode
      }
      await refused(answer(asked!.factor_id, passkey.get(asked!.passkey, page, { unverified: true })))
      left -= 1
      if (count % challengeRules.blockAfter !== 0 || count === challengeRules.disableAfter) continue
      assert.match((await ask({ email, password, kind: 'passkey' })).body.options.message, /too many wrong codes/)
      app.advance(challengeRules.blockMs + second)
    }
    assert.match((await ask({ email, password, kind: 'passkey' })).body.options.message, /switched off/)
    assert.equal((await passkeys())[0].state, 'disabled')
    await session(await bound())
  })

  test('is worth nothing once the password was changed, the account switched off, or it was taken away', async () => {
    const passkey = await bound()
    const changes: [() => Promise<unknown>, () => Promise<unknown>][] = [
      [() => manage({ password: 'another good one' }), () => manage({ password })],
      [() => manage({ disabled: true }), () => manage({ disabled: false })],
      [
        () => app.call('DELETE', address(), { developer: developer(), query: { kind: 'passkey' } }),
        () => Promise.resolve(),
      ],
    ]
    for (const [change, back] of changes) {
      const asked = await begin()
      const right = passkey.get(asked.passkey, page)
      await change()
      const got = await answer(asked.factor_id, right)
      assert.ok(!isIn(got), got.text)
      await back()
    }
  })

  test('is not bound by a password alone, by what is not right, or by another page, and what was begun ends', async () => {
    const options = { kind: 'passkey', email, password }
    assert.equal((await at('enrol', options)).status, 401)
    assert.equal((await at('enrol', { ...options, enrolment: 'ghe_guess' })).status, 401)
    await app.set(system, { auth_service: '' })
    const byPassword = await app.signIn(system, email, password)
    assert.match((await at('enrol', { ...options, code: '123456' }, byPassword)).text, /password alone/)
    const wrong: Record<string, Wrongly> = {
      challenge: { challenge: Buffer.alloc(32, 7).toString('base64url') },
      page: { origin: 'https://evil.example.com' },
      domain: { rpId: 'example.com' },
      frame: { crossOrigin: true },
      verification: { unverified: true },
      presence: { absent: true },
      type: { type: 'webauthn.get' },
      attestation: { attestation: { fmt: 'none', attStmt: [['x', 'y']] } },
      certificate: { attestation: 'certificate' },
      unknown: { attestation: { fmt: 'apple', attStmt: [] } },
      'self-attestation of nobody': {
        attestation: {
          fmt: 'packed',
          attStmt: [
            ['alg', -7],
            ['sig', Buffer.alloc(8)],
          ],
        },
      },
    }
    for (const [what, wrongly] of Object.entries(wrong)) {
      const { done } = await bind(new SoftwarePasskey(), { wrongly })
      assert.equal(done.status, 401, what)
      assert.match(done.text, notGood, what)
    }
    assert.deepEqual(await passkeys(), [{ ...(await passkeys())[0], state: 'pending' }], 'only what was begun last')

    // Browsers leave in what an authenticator says of itself by its own key.
    await bound(new SoftwarePasskey(), { wrongly: { attestation: 'self' } })
    await app.call('DELETE', address(), { developer: developer(), query: { kind: 'passkey' } })

    const with_ = { email, password, enrolment: await enrolment() }
    const passkey = new SoftwarePasskey()
    const { body } = await at('enrol', { ...with_, kind: 'passkey' })
    const right = passkey.create(body.passkey, page)
    for (const code of ['123456', {}, { ...right, id: 'x' }, { ...right, response: {} }]) {
      assert.equal((await at('confirm', { ...with_, code })).status, 401)
    }
    const another = await at('enrol', { ...with_, kind: 'passkey' })
    assert.equal((await at('confirm', { ...with_, code: right })).status, 401, 'of what was begun before')
    app.advance(enrolmentRules.pendingMs + second)
    const late = passkey.create(another.body.passkey, page)
    assert.equal((await at('confirm', { ...with_, code: late })).status, 401)
    const last = passkey.create((await at('enrol', { ...with_, kind: 'passkey' })).body.passkey, page)
    const confirms = await Promise.all(Array.from({ length: 8 }, () => at('confirm', { ...with_, code: last })))
    assert.equal(confirms.filter(({ status }) => status === 200).length, 1)
    assert.equal((await at('enrol', { ...with_, kind: 'passkey' })).status, 401, 'the code is spent')
    assert.equal((await passkeys()).length, 1)
    for (const label of ['a'.repeat(61), 7, 'a\nb']) {
      const got = await at('enrol', { ...with_, enrolment: await enrolment(), kind: 'passkey', label })
      assert.equal(got.status, 400, got.text)
    }
  })

  test('gives a fresh proof in a session: for another passkey, an app, and new recovery codes', async () => {
    const passkey = await bound()
    const token = await session(passkey)
    const fresh = async () => {
      const asked = await at('code', { password, factor: 'passkey' }, token)
      assert.match(asked.body.challenge_id ?? asked.text, /^ghf_/)
      const { challenge_id, passkey: options } = asked.body
      return { password, factor: 'passkey', challenge_id, code: passkey.get(options, page) }
    }
    assert.equal((await at('code', { password: 'wrong', factor: 'passkey' }, token)).status, 401)
    assert.equal((await at('code', { password, factor: 'totp' }, token)).status, 400)
    const once = await fresh()
    await refused(answer(once.challenge_id, once.code), notGood)
    const wrong = { ...once, code: { ...once.code, id: 'x', rawId: 'x' } }
    assert.equal((await at('recovery-codes', wrong, token)).status, 401)
    assert.equal((await at('recovery-codes', once, token)).body.recovery_codes?.length, 10)
    assert.equal((await at('recovery-codes', once, token)).status, 401, 'once')

    const begun = await at('enrol', { ...(await fresh()), kind: 'passkey', label: 'another' }, token)
    assert.equal(begun.status, 200, begun.text)
    const another = new SoftwarePasskey()
    const code = another.create(begun.body.passkey, page)
    assert.equal((await at('confirm', { password: 'wrong', code }, token)).status, 401)
    assert.equal((await at('confirm', { password, code }, await session(passkey))).status, 401, 'of another session')
    assert.equal((await at('confirm', { password, code }, token)).body.state, 'bound')
    await session(another)
    const withApp = await at('enrol', { ...(await fresh()), kind: 'totp' }, token)
    assert.match(withApp.body.uri, /^otpauth:/, withApp.text)
  })

  test('is asked for before app and phone, and these by name; an answer is right for its own kind alone', async () => {
    await manage({ sms_phone: phone })
    const passkey = await bound()
    const with_ = { email, password, enrolment: await enrolment() }
    const { uri } = (await at('enrol', { ...with_, kind: 'totp' })).body
    const secret = base32(new URL(uri).searchParams.get('secret')!)
    const shown = () => totpCode(secret, stepAt(app.app.means.clock.now()))
    assert.equal((await at('confirm', { ...with_, code: shown() })).status, 200)
    app.advance(minute)
    const asked = await begin()
    assert.deepEqual([asked.kind, asked.kinds], ['passkey', ['passkey', 'totp', 'phone', 'recovery']])
    const [byApp, byPhone] = [await begin({ kind: 'totp' }), await begin({ kind: 'phone' })]
    assert.deepEqual([byApp.passkey, byPhone.passkey], [undefined, undefined])
    await refused(answer(asked.factor_id, shown()))
    await refused(answer(asked.factor_id, byPhone.code))
    await refused(answer(byApp.factor_id, passkey.get(asked.passkey, page)))
    await refused(answer(byPhone.factor_id, passkey.get(asked.passkey, page)))
    assert.match((await ask({ resend: true, factor_id: asked.factor_id })).body.options.message, /no code is sent/)
    assert.ok(isIn(await answer(asked.factor_id, passkey.get(asked.passkey, page))))
    assert.ok(isIn(await answer(byApp.factor_id, shown())))
  })

  test('is good on the pages of its domain alone: the node, the portals of the system, or what the settings say', async () => {
    const portal = page.replace('localhost', `${system.key}.localhost`)
    const atNode = await bound()
    await refused(ask({ email, password, kind: 'passkey' }, { origin: portal }), /no passkey that this page can use/)
    const atPortal = await bound(new SoftwarePasskey(), { origin: portal })
    const [one, two] = [await begin(), await begin({}, portal)]
    assert.deepEqual([one.passkey.rpId, two.passkey.rpId], ['localhost', `${system.key}.localhost`])
    assert.deepEqual([one.passkey.allowCredentials[0].id, two.passkey.allowCredentials[0].id], [atNode.id, atPortal.id])
    await refused(answer(one.factor_id, atNode.get(one.passkey, portal)))
    await refused(answer(two.factor_id, atPortal.get(two.passkey, page)))
    assert.ok(isIn(await answer(one.factor_id, atNode.get(one.passkey, page))))
    assert.ok(isIn(await answer(two.factor_id, atPortal.get(two.passkey, portal))))
    // Who says no page, or one that is none of ours, gets what the first site has.
    for (const origin of [undefined, 'https://evil.example.com', 'null']) {
      const { passkey } = (await ask({ email, password }, { origin })).body.options
      assert.equal(passkey.rpId, 'localhost')
    }
    await app.set(system, { passkey_rp_id: 'example.com', passkey_origins: ['https://app.example.com'] })
    await refused(ask({ email, password }), /no phone/)
    const set = await bound(new SoftwarePasskey(), { origin: 'https://app.example.com' })
    const asked = await begin({}, 'https://app.example.com')
    assert.equal(asked.passkey.rpId, 'example.com')
    await refused(answer(asked.factor_id, set.get(asked.passkey, 'https://other.example.com')))
    assert.ok(isIn(await answer(asked.factor_id, set.get(asked.passkey, 'https://app.example.com'))))
    await app.set(system, { passkey_rp_id: '', passkey_origins: [] })
    await session(atNode)
  })

  test('has settings that name a domain and pages of it, or none', async () => {
    const put = (settings: Record<string, unknown>) =>
      app.call('PUT', '/admin/v/4/systemmanagement', { developer: developer(), body: { id: system.key, ...settings } })
    const good = ['https://example.com', 'https://a.b.example.com:8443']
    for (const [passkey_rp_id, passkey_origins] of [
      ['example.com', undefined],
      ['example.com', []],
      [undefined, good],
      ['', good],
      ['example.com', 'https://example.com'],
      ['example.com', ['http://example.com']],
      ['example.com', ['https://example.com/']],
      ['example.com', ['https://example.org']],
      ['example.com', ['https://notexample.com']],
      ['example.com', Array.from({ length: 11 }, (_, n) => `https://a${n}.example.com`)],
      ['Example.com', ['https://example.com']],
      ['com', ['https://example.com']],
      ['https://example.com', good],
      ['10.0.0.1', ['https://10.0.0.1']],
      [7, good],
    ]) {
      const got = await put({ passkey_rp_id, passkey_origins })
      assert.equal(got.status, 400, JSON.stringify([passkey_rp_id, passkey_origins]))
      assert.match(got.text, /passkey_/)
    }
    assert.equal((await put({ passkey_rp_id: 'example.com', passkey_origins: good })).status, 200)
    const query = { id: system.key }
    const read = (await app.call('GET', '/admin/v/4/systemmanagement', { developer: developer(), query })).body
    assert.deepEqual([read.passkey_rp_id, read.passkey_origins], ['example.com', good])
    assert.equal((await put({ passkey_rp_id: '', passkey_origins: [] })).status, 200)
  })

  test('goes with its user, and leaves no challenge at rest in the clear', async () => {
    const { passkey, begun } = await bind()
    const asked = await begin()
    const right = passkey.get(asked.passkey, page)
    const used = await begin()
    const usedAnswer = passkey.get(used.passkey, page)
    assert.ok(isIn(await answer(used.factor_id, usedAnswer)))
    const open = await at('enrol', { email, password, enrolment: await enrolment(), kind: 'passkey' })
    const challenges = [
      begun.passkey.challenge,
      asked.passkey.challenge,
      used.passkey.challenge,
      open.body.passkey.challenge,
    ]
    const secrets = [
      ...challenges,
      asked.factor_id,
      passkey.id,
      right.response.signature,
      usedAnswer.response.signature,
    ]
    const hex = challenges.map((one) => Buffer.from(one, 'base64url').toString('hex'))
    for (const [name, rows] of Object.entries(await everythingIn({ store: app.app.means.store } as never))) {
      for (const text of [...secrets, ...hex]) assert.ok(!rows.includes(text), `${name} holds what was asked`)
    }
    const gone = await app.call('DELETE', `/admin/user/${system.key}`, {
      developer: developer(),
      query: { user: userId },
    })
    assert.equal(gone.status, 200, gone.text)
    for (const [name, rows] of Object.entries(await everythingIn({ store: app.app.means.store } as never))) {
      if (/authenticators/.test(name)) assert.ok(!rows.includes(userId), name)
    }
  })
})

test('passkeys are refused with the reason where browsers have none, and bound to node or portals in production', async (t) => {
  const production = ['--mode', 'production', '--weak-sandbox', '--insecure-http', '--url']
  const portals = ['--portal-url', 'https://{system}.portals.example.com']
  for (const [args, sites] of [
    [['https://gate.example.com'], ['https://gate.example.com']],
    [
      ['https://gate.example.com', ...portals],
      ['https://gate.example.com', 'https://KEY.portals.example.com'],
    ],
    [['http://gate.example.com'], []],
    [['http://gate.example.com', ...portals], ['https://KEY.portals.example.com']],
    [['https://192.0.2.7'], []],
  ] as const) {
    const app = await createTestApp(t, { args: [...production, ...args] })
    const system = await secondFactorSystem(app)
    const userId = await app.createUser(system, email, password)
    const path = `/admin/v/4/system/${system.key}/users/${userId}/enrolment`
    const call = (what: string, origin: string, body: Record<string, unknown>) =>
      app.call('POST', `${own}/${what}`, { system, body: { email, password, ...body }, headers: { origin } })
    const enrolment = async () => (await app.call('POST', path, { developer: app.developer })).body.enrolment
    if (sites.length === 0) {
      const refused = await call('enrol', args[0], { enrolment: await enrolment(), kind: 'passkey' })
      assert.equal(refused.status, 400)
      assert.match(refused.text, /no passkeys at the address/)
    }
    for (const site of sites) {
      const page = site.replace('KEY', system.key)
      const code = await enrolment()
      const begun = await call('enrol', page, { enrolment: code, kind: 'passkey' })
      assert.equal(begun.body.passkey.rp.id, new URL(page).hostname, begun.text)
      for (const other of [`https://${system.key}.evil.example.com`, `${page}:8443`, page.replace('//', '//a.')]) {
        const wrong = new SoftwarePasskey().create(begun.body.passkey, other)
        assert.equal((await call('confirm', page, { enrolment: code, code: wrong })).status, 401, other)
      }
      const right = new SoftwarePasskey().create(begun.body.passkey, page)
      assert.equal((await call('confirm', page, { enrolment: code, code: right })).status, 200)
    }
  }
})

function base32(text: string): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const number = [...text].reduce((sum, letter) => sum * 32n + BigInt(letters.indexOf(letter)), 0n)
  return number.toString(16).padStart(40, '0')
}
