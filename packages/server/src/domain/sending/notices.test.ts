/** What users are told of their accounts, by which way, and that telling them holds nothing up. */
import assert from 'node:assert/strict'
import { after, beforeEach, describe, test } from 'node:test'
import { createTestApp, type TestApp } from '../../../../../test/support/app.ts'
import { day, hour, minute, second } from '../../base/clock.ts'
import { databaseOf } from '../../store/store.ts'
import { noticeRules } from '../accounts/notices.ts'
import { stepAt, totpCode, totpRules } from '../accounts/totp.ts'
import { fakeSmtp } from './smtp.fixture.ts'

const email = 'op@example.com'
const password = 'the plant is quiet'
const phone = '+14155550123'
const own = '/api/v/4/user/authenticators'

type System = { key: string; secret: string }

const service = `function twoSteps(req, resp) {
  var refuse = function (err) { resp.error({ options: { message: String(err) } }) }
  if (req.params.factor_id) {
    return signin.answer({ challenge_id: req.params.factor_id, code: req.params.code }, function (err, done) {
      if (err) return refuse(done)
      resp.success({ authToken: done.authToken, user_id: done.user_id, options: {} })
    })
  }
  ClearBlade.init({ systemKey: req.systemKey, systemSecret: req.systemSecret, email: req.params.email, password: req.params.password, callback: function (err, body) {
    if (err) return refuse(body)
    signin.challenge({ authToken: body.authToken, kind: req.params.kind, message: '{code}' }, function (err, asked) {
      if (err) return refuse(asked)
      resp.success({ authToken: '', user_id: '', options: { factor_id: asked.challenge_id, code: asked.code } })
    })
  } })
}`

async function plant(app: TestApp, fields: Record<string, unknown> = { sms_phone: phone }) {
  const system: System = await app.createSystem()
  const { developer } = app
  const column = { column_name: 'sms_phone', type: 'string' }
  await app.call('POST', `/admin/user/${system.key}/columns`, { developer, body: column })
  const more = { requires: 'clearblade,signin', executableBy: ['Anonymous'] }
  await app.createService(system, 'twoSteps', service, more)
  await app.set(system, { auth_service: 'twoSteps' })
  const userId = await app.createUser(system, email, password, fields)
  const ask = (body: Record<string, unknown>) => app.call('POST', '/api/v/1/user/auth', { system, body })
  const at = (path: string, body: Record<string, unknown>, token?: string) =>
    app.call('POST', `${own}/${path}`, { system, body, ...(token !== undefined && { token }) })
  const begin = async (kind?: string): Promise<{ factor_id: string; code: string }> => {
    app.advance(31 * second)
    const { body, text } = await ask({ email, password, kind })
    assert.ok(body.options.factor_id, text)
    return body.options
  }
  const answer = (factor_id: string, code: unknown) => ask({ factor_id, code })
  const manage = (changes: Record<string, unknown>) =>
    app.call('PUT', `/admin/user/${system.key}`, { developer, body: { user: userId, changes } })
  const inbox = async (): Promise<{ to: string; from: string; body: string; at: string }[]> => {
    await app.app.notices.idle()
    return (await app.call('GET', `/admin/v/4/system/${system.key}/inbox`, { developer })).body
  }
  const told = async () => (await inbox()).filter(({ body }) => / UTC, /.test(body))
  const rows = () =>
    databaseOf(app.app.means.store).selectFrom('notices').selectAll().where('system_key', '=', system.key).execute()
  const enrol = async () => {
    const path = `/admin/v/4/system/${system.key}/users/${userId}/enrolment`
    const { enrolment } = (await app.call('POST', path, { developer })).body
    const with_ = { email, password, enrolment }
    const { secret } = (await at('enrol', { ...with_, kind: 'totp' })).body
    const done = await at('confirm', { ...with_, code: shows(app, secret) })
    assert.equal(done.status, 200, done.text)
    app.advance(totpRules.stepMs)
    return { secret, codes: done.body.recovery_codes as string[] }
  }
  return { system, developer, userId, ask, at, begin, answer, manage, inbox, told, rows, enrol }
}

function shows(app: TestApp, secret: string): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = [...secret].map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const hex = Buffer.from(bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2))).toString('hex')
  return totpCode(hex, stepAt(app.app.means.clock.now()))
}

const otherThan = (code: string): string => (code === '000000' ? '000001' : '000000')

describe('a notice, in development', () => {
  let app: TestApp
  const ends: (() => unknown)[] = []
  after(async () => {
    for (const end of ends) await end()
  })
  beforeEach(async () => {
    app ??= await createTestApp({ after: (end: () => unknown) => ends.push(end) })
    app.advance(hour)
  })

  test('goes to the phone and the e-mail for each change of a second factor, and holds no code', async () => {
    const { told, enrol, begin, answer, at, system, developer, userId, manage, inbox } = await plant(app)
    const { secret, codes } = await enrol()
    const recovered = await answer((await begin('recovery')).factor_id, codes[0])
    const token = recovered.body.user_token
    assert.match(token, /^ghu_/, recovered.text)
    const renewed = await at('recovery-codes', { password, code: shows(app, secret) }, token)
    assert.equal(renewed.status, 200, renewed.text)
    await enrol()
    const authenticators = `/admin/v/4/system/${system.key}/users/${userId}/authenticators`
    await app.call('DELETE', authenticators, { developer, query: { kind: 'totp' } })
    await manage({ sms_phone: '+14155550199' })
    const expected = [
      /A second factor was added to your account: authenticator app\./,
      /One of your recovery codes was used\./,
      /New recovery codes were made/,
      /was replaced\. It is now: authenticator app\./,
      /taken away from your account: authenticator app\./,
      /was replaced\. It is now: phone \+1 ••• 0199\./,
    ]
    const all = await told()
    for (const to of [phone, email]) {
      const bodies = all.filter((one) => one.to === to).map(({ body }) => body)
      assert.equal(bodies.length, expected.length, bodies.join('\n'))
      expected.forEach((pattern, index) => {
        assert.match(bodies[index]!, pattern)
        assert.match(bodies[index]!, /\d{4}-\d\d-\d\d \d\d:\d\d UTC, (from |by a developer)/)
      })
    }
    const secrets = [secret, ...codes, ...renewed.body.recovery_codes]
    for (const { body } of all) {
      assert.doesNotMatch(body, /\d{6}/)
      for (const one of secrets) assert.ok(!body.includes(one))
    }
    for (const one of await inbox()) assert.deepEqual(Object.keys(one).sort(), ['at', 'body', 'from', 'id', 'to'])
    assert.deepEqual(
      (await (await app.call('GET', `/admin/v/4/system/${system.key}/sending`, { developer })).body).mail,
      null,
    )
  })

  test('tells of a right password with a wrong second factor, once an hour; not of a wrong password', async () => {
    const { told, begin, answer, ask } = await plant(app)
    await ask({ email, password: 'wrong' })
    const { factor_id, code } = await begin()
    assert.deepEqual(await told(), [])
    for (let count = 0; count < 3; count++) await answer(factor_id, otherThan(code))
    const first = await told()
    assert.deepEqual(
      first.map(({ to }) => to),
      [phone, email],
    )
    for (const { body } of first)
      assert.match(body, /entered your password rightly and a wrong second factor.*127\.0\.0\.1/)
    const again = await begin()
    await answer(again.factor_id, otherThan(again.code))
    assert.equal((await told()).length, 2)
    app.advance(noticeRules.wrongFactorMs + second)
    const later = await begin()
    await answer(later.factor_id, otherThan(later.code))
    assert.equal((await told()).length, 4)
    assert.match((await answer(later.factor_id, later.code)).body.user_token, /^ghu_/)
  })

  test('is not sent without what it tells of, nor more often than the limit of a day', async () => {
    const { told, manage, rows } = await plant(app)
    const refused = await manage({ sms_phone: '+14155550100', email: 'no address' })
    assert.equal(refused.status, 400)
    assert.deepEqual([await told(), await rows()], [[], []])
    for (let count = 0; count <= noticeRules.accountDay; count++) {
      await manage({ sms_phone: `+141555501${count + 10}` })
    }
    assert.equal((await told()).length, 2 * noticeRules.accountDay)
    app.advance(day + second)
    await manage({ sms_phone: phone })
    assert.equal((await told()).length, 2 * noticeRules.accountDay + 2)
  })

  test('that nobody rang for is found at the next look, and is sent once by many at the same time', async () => {
    const { told, manage, rows } = await plant(app)
    await manage({ sms_phone: '+14155550199' })
    await told()
    const db = databaseOf(app.app.means.store)
    const kept = await rows()
    assert.deepEqual(
      kept.map(({ state, recipient }) => [state, recipient]),
      [
        ['sent', ''],
        ['sent', ''],
      ],
    )
    // As a node leaves it that dies right after the commit, or over the sending.
    const { key } = app.app.means
    const seal = (id: string) => key.seal('authenticators', ['notice', kept[0]!.system_key, id], phone)
    for (const [id, state] of [
      ['left', 'intended'],
      ['died', 'sending'],
    ] as const) {
      const row = { ...kept[0]!, id, state, channel: 'phone', recipient: seal(id), body: `${id} UTC, ` }
      await db.insertInto('notices').values(row).execute()
    }
    await Promise.all(Array.from({ length: 20 }, () => app.app.notices.sweep()))
    const bodies = (await told()).map(({ body }) => body)
    assert.equal(bodies.filter((body) => body.startsWith('left')).length, 1)
    assert.equal(bodies.filter((body) => body.startsWith('died')).length, 0)
  })
})

test('a notice goes by the SMTP server of the system, as text, to the address of the account alone', async (t) => {
  const smtp = await fakeSmtp(t)
  const app = await createTestApp(t, { args: ['--egress-allow', `127.0.0.1:${smtp.port}`] })
  const { system, manage, rows } = await plant(app)
  const mail = { host: '127.0.0.1', port: smtp.port, from: 'gate@example.com', tls: 'none' }
  await app.set(system, { messages_to: 'provider', mail })
  await manage({ sms_phone: '+14155550199' })
  const [one] = await smtp.mails(1)
  await app.app.notices.idle()
  assert.deepEqual([one!.from, one!.to], ['gate@example.com', [email]])
  const [head, ...rest] = one!.text.split('\n\n')
  assert.match(head!, /^From: gate@example\.com$/m)
  assert.match(head!, /^To: op@example\.com$/m)
  assert.match(head!, /^Subject: plant: your sign-in$/m)
  assert.match(head!, /^Auto-Submitted: auto-generated$/m)
  assert.match(rest.join('\n\n'), /second factor of your account was replaced/)
  assert.deepEqual((await rows()).map(({ channel, state }) => [channel, state]).sort(), [
    ['email', 'sent'],
    ['phone', 'skipped'],
  ])
  assert.equal(smtp.taken.length, 1)
})

test('an SMTP server at a private address is not reached unless the operator permits it', async (t) => {
  const smtp = await fakeSmtp(t)
  const app = await createTestApp(t)
  const { system, manage, rows } = await plant(app)
  const hosts = ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0', '169.254.169.254', '10.0.0.1']
  for (const [index, host] of hosts.entries()) {
    const mail = { host, port: smtp.port, from: 'gate@example.com', tls: 'none' }
    await app.set(system, { messages_to: 'provider', mail })
    await manage({ sms_phone: `+1415555010${index}` })
    await app.app.notices.idle()
  }
  const states = (await rows()).filter(({ channel }) => channel === 'email').map(({ state }) => state)
  assert.deepEqual(
    states,
    hosts.map(() => 'failed'),
  )
  assert.equal(smtp.connections, 0)
})

test('the own node is not written to as a mail server, whatever the operator permits', async (t) => {
  const app = await createTestApp(t, { args: ['--egress-allow', '127.0.0.0/8'] })
  const { system, manage, rows } = await plant(app)
  const { port } = app.app.server.server.address() as { port: number }
  await app.set(system, {
    messages_to: 'provider',
    mail: { host: '127.0.0.1', port, from: 'g@example.com', tls: 'none' },
  })
  await manage({ sms_phone: '+14155550199' })
  await app.app.notices.idle()
  assert.deepEqual((await rows()).map(({ channel, state }) => [channel, state]).sort(), [
    ['email', 'failed'],
    ['phone', 'skipped'],
  ])
})

test('a mail server that hangs, refuses or is gone hurts nothing: no action waits, and it is tried three times', async (t) => {
  const smtp = await fakeSmtp(t)
  const app = await createTestApp(t, { args: ['--egress-allow', '127.0.0.0/8'] })
  const hung = await plant(app)
  const other = await plant(app)
  const at = (port: number) => ({ host: '127.0.0.1', port, from: 'gate@example.com', tls: 'none' })
  smtp.behaves = 'hang'
  await app.set(hung.system, { messages_to: 'provider', mail: at(smtp.port) })
  const arrived = smtp.connection()
  const changed = await hung.manage({ sms_phone: '+14155550199' })
  assert.equal(changed.status, 200, changed.text)
  await arrived
  // It hangs now; sign-ins of the same system and notices of others go on.
  assert.match((await hung.ask({ email, password: 'wrong' })).text, /password/)
  await other.manage({ sms_phone: '+14155550199' })
  while ((await other.rows()).some(({ state }) => state !== 'sent')) await new Promise(setImmediate)
  assert.equal((await hung.rows()).find(({ channel }) => channel === 'email')!.state, 'sending')

  const busy = await plant(app)
  smtp.behaves = 450
  await app.set(busy.system, { messages_to: 'provider', mail: at(smtp.port) })
  await busy.manage({ sms_phone: '+14155550199' })
  const states: unknown[] = []
  const mailOf = async () => (await busy.rows()).find(({ channel }) => channel === 'email')!
  const settled = async () => {
    for (;;) {
      const row = await mailOf()
      if (row.state !== 'sending' && row.attempts > states.length) return row
      await new Promise(setImmediate)
    }
  }
  for (let attempt = 1; attempt <= 3; attempt++) {
    const { state, attempts } = await settled()
    states.push([state, attempts])
    app.advance(20 * minute)
    await app.app.notices.sweep()
  }
  assert.deepEqual(states, [
    ['intended', 1],
    ['intended', 2],
    ['failed', 3],
  ])
  assert.equal((await mailOf()).recipient, '')
})

test('a password of a mail server never travels in the clear', async (t) => {
  const smtp = await fakeSmtp(t)
  const app = await createTestApp(t, { args: ['--egress-allow', '127.0.0.0/8'] })
  const { system, manage, rows, developer } = await plant(app)
  const secret = { name: 'SMTP', value: 'the password of the mail server' }
  await app.call('POST', `/admin/v/4/system/${system.key}/secrets`, { developer, body: secret })
  const mail = { host: '127.0.0.1', port: smtp.port, from: 'gate@example.com', user: 'gate', password: 'secret:SMTP' }
  const clear = await app.call('PUT', '/admin/v/4/systemmanagement', {
    developer,
    body: { id: system.key, mail: { ...mail, tls: 'none' } },
  })
  assert.equal(clear.status, 400, clear.text)
  await app.set(system, { messages_to: 'provider', mail })
  await manage({ sms_phone: '+14155550199' })
  await app.app.notices.idle()
  assert.equal(smtp.connections, 1)
  assert.ok(
    smtp.said.length > 0 && !smtp.said.some((line) => /AUTH|MAIL|the password/i.test(line)),
    smtp.said.join('\n'),
  )
  const base64 = Buffer.from(secret.value).toString('base64').slice(0, 20)
  assert.ok(!smtp.said.some((line) => line.includes(base64)))
  assert.notEqual((await rows()).find(({ channel }) => channel === 'email')!.state, 'sent')
})
