/** A new password by a link in an e-mail: what it takes, what it gives, and what nobody learns by it. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { createTestApp, type TestApp } from '../../../../../test/support/app.ts'
import { hour, minute } from '../../base/clock.ts'
import { databaseOf } from '../../store/store.ts'
import { resetRules } from './password-reset.ts'
import { type System, secondFactorSystem } from './second-factor.fixture.ts'

const password = 'the plant is quiet'
const another = 'another quiet plant'

describe('a new password by e-mail', () => {
  let app: TestApp
  let system: System
  let persons = 0
  const ends: (() => unknown)[] = []
  after(async () => {
    for (const end of ends) await end()
  })
  before(async () => {
    app = await createTestApp({ after: (end: () => unknown) => ends.push(end) })
    system = await app.createSystem()
  })
  // Limits of addresses and places are those of everybody here.
  beforeEach(() => app.advance(hour))

  type Person = { system: System; email: string; id: string }
  const person = async (of: System = system, fields = {}): Promise<Person> => {
    const email = `Person${++persons}@example.com`
    return { system: of, email, id: await app.createUser(of, email, password, fields) }
  }
  const post = (path: string, of: System, body: unknown) => app.call('POST', path, { system: of, body })
  const ask = ({ system: of, email }: Pick<Person, 'system' | 'email'>) =>
    post('/api/v/4/user/password/reset', of, { email })
  const mailsTo = async ({ system: of, email }: Person): Promise<string[]> => {
    await app.app.notices.idle()
    const { body } = await app.call('GET', `/admin/v/4/system/${of.key}/inbox`, { developer: app.developer })
    return body.filter((one: any) => one.to === email).map((one: any) => one.body)
  }
  const linkIn = (mail: string): string[] => /\/password-reset#([0-9a-f]+)\.(ghw_[\w-]{43}) /.exec(mail)?.slice(1) ?? []
  const tokenOf = async (who: Person): Promise<string> => {
    assert.equal((await ask(who)).status, 200)
    const [key, token] = linkIn((await mailsTo(who)).filter((mail) => mail.includes('#')).at(-1) ?? '')
    assert.equal(key, who.system.key)
    return token!
  }
  /** As the page does it: without the secret of the system. */
  const set = (who: Person, token: unknown, next: unknown = another, key = who.system.key) =>
    app.call('POST', '/api/v/4/user/password/reset/confirm', { body: { system_key: key, token, new_password: next } })
  const auth = ({ system: of, email }: Person, given: string) =>
    post('/api/v/1/user/auth', of, { email, password: given })
  const manage = ({ system: of, id }: Person, changes: Record<string, unknown>) =>
    app.call('PUT', `/admin/user/${of.key}`, { developer: app.developer, body: { user: id, changes } })

  test('is set by the link once; sessions end, nobody is signed in by it, and the user is told', async () => {
    const who = await person()
    const { user_token: token } = (await auth(who, password)).body
    const link = await tokenOf(who)
    assert.equal((await app.call('POST', '/api/v/1/user/checkauth', { token })).status, 200, 'asking changes nothing')
    assert.equal((await set(who, link, 'short')).status, 400, 'a weak one is refused and spends nothing')
    assert.equal((await set(who, link, who.email)).status, 400)
    const done = await set(who, link)
    assert.deepEqual([done.status, done.body], [200, { user_id: who.id }])
    assert.equal((await app.call('POST', '/api/v/1/user/checkauth', { token })).status, 401)
    assert.doesNotMatch((await auth(who, password)).text, /ghu_/)
    assert.match((await auth(who, another)).text, /ghu_/)
    assert.equal((await set(who, link, 'a third quiet plant')).body.error.code, 930)
    assert.ok((await mailsTo(who)).some((mail) => mail.includes('Your password was changed, by a link in an e-mail.')))
  })

  test('counts once, of fifty that come at the same moment', async () => {
    const who = await person()
    const link = await tokenOf(who)
    const tries = await Promise.all(Array.from({ length: 50 }, (_, n) => set(who, link, `${n} quiet and green plants`)))
    const right = tries.flatMap(({ status }, n) => (status === 200 ? [n] : []))
    assert.equal(right.length, 1, tries.map(({ text }) => text).join('\n'))
    assert.match((await auth(who, `${right[0]} quiet and green plants`)).text, /ghu_/)
  })

  test('takes no second factor away and bypasses none', async () => {
    const who = await person(await secondFactorSystem(app), { sms_phone: '+14155550177' })
    const authenticators = `/admin/v/4/system/${who.system.key}/users/${who.id}/authenticators`
    const held = async () => (await app.call('GET', authenticators, { developer: app.developer })).text
    const before = await held()
    const begun = (await auth(who, password)).body.options
    assert.equal((await set(who, await tokenOf(who))).status, 200)
    assert.equal(await held(), before)
    const answered = await post('/api/v/1/user/auth', who.system, { factor_id: begun.factor_id, code: begun.code })
    assert.doesNotMatch(answered.text, /ghu_/, 'what was begun with the password before')
    app.advance(minute)
    const { body } = await auth(who, another)
    assert.deepEqual([body.user_token, typeof body.options.factor_id], ['', 'string'])
  })

  test('is asked for alike whether there is an account or not, and whether it may be helped or not', async () => {
    const known = await person()
    const [off, runAs, bare] = [await person(), await person(), await person()]
    await manage(off, { disabled: true })
    await app.createService(system, `as${persons}`, `function as${persons}() {}`, { runAs: runAs.id })
    await app.app.means.store.forSystem(system.key).transaction(async (tx) => {
      await databaseOf(tx).updateTable('accounts').set({ password_hash: null }).where('user_id', '=', bare.id).execute()
    })
    const nobody = { system, email: 'nobody@example.com', id: '' }
    const rows = async () => {
      const count = async (table: 'password_resets' | 'notices') =>
        Number(
          (
            await databaseOf(app.app.means.store)
              .selectFrom(table)
              .select((eb) => eb.fn.countAll().as('n'))
              .executeTakeFirstOrThrow()
          ).n,
        )
      return [await count('password_resets'), await count('notices')]
    }
    const answers = []
    for (const one of [known, off, runAs, bare, nobody]) {
      const [resets, notices] = await rows()
      answers.push(await ask(one))
      assert.deepEqual(await rows(), [resets! + 1, notices! + 1], one.email)
    }
    for (const { status, body } of answers) assert.deepEqual([status, body], [200, { asked: true }])
    assert.equal((await mailsTo(known)).length, 1)
    for (const one of [off, runAs, bare, nobody]) assert.deepEqual(await mailsTo(one), [], one.email)
    const mails = await app.call('GET', `/admin/v/4/system/${system.key}/inbox`, { developer: app.developer })
    assert.ok(!mails.body.some(({ to }: any) => to === ''))
    await app.set(system, { run_as_sign_in: 'allowed' })
    app.advance(hour)
    const link = await tokenOf(runAs)
    await app.set(system, { run_as_sign_in: 'refused' })
    assert.equal((await set(runAs, link)).status, 401, 'it is looked at again when it is used')
  })

  test('is good for half an hour, at its system, for the password that was; another link ends with the first that is used', async () => {
    const who = await person()
    const other = await app.createSystem()
    const [first, second] = [await tokenOf(who), await tokenOf(who)]
    assert.notEqual(first, second)
    for (const [given, key] of [
      [first, other.key],
      [first, 'no-such'],
      [`${first}x`, system.key],
      ['', system.key],
    ] as const) {
      assert.equal((await set(who, given, another, key)).body.error.code, 930)
    }
    for (const given of [7, null, { $ne: '' }]) assert.equal((await set(who, given)).status, 400)
    assert.equal((await set(who, second)).status, 200)
    assert.equal((await set(who, first, 'a third quiet plant')).status, 401)
    app.advance(hour)
    const late = await tokenOf(who)
    app.advance(resetRules.lifeMs)
    assert.equal((await set(who, late, 'a third quiet plant')).status, 401)
    app.advance(hour)
    const stale = await tokenOf(who)
    await manage(who, { password: 'a fourth quiet plant' })
    assert.equal((await set(who, stale)).status, 401)
    const closed = await tokenOf(who)
    await app.set(system, { password_reset: 'closed' })
    assert.equal((await set(who, closed)).status, 401)
    assert.equal((await ask(who)).body.error.code, 121)
    await app.set(system, { password_reset: 'open', messages_to: 'provider' })
    assert.equal((await ask(who)).body.error.code, 121, 'no mail server, no links')
    await app.set(system, { messages_to: '' })
    assert.match((await auth(who, 'a fourth quiet plant')).text, /ghu_/)
  })

  test('is asked for three times an hour by one e-mail, whether anybody has it or not', async () => {
    const who = await person()
    for (const one of [who, { system, email: 'nobody@example.com' }]) {
      for (let n = 0; n < resetRules.emailHour; n++) assert.equal((await ask(one)).status, 200)
      const { status, headers } = await ask(one)
      assert.deepEqual([status, Number(headers['retry-after']) > 3000], [429, true])
    }
    assert.equal((await mailsTo(who)).length, 3)
    assert.equal((await ask({ system, email: 'no address' })).status, 400)
  })

  test('ends what a developer asked for, by another password alone; and a wait after wrong ones', async () => {
    const who = await person()
    const path = `/admin/v/4/system/${system.key}/users/${who.id}/new-password`
    await app.call('POST', path, { developer: app.developer, body: { reason: 'exposed' } })
    for (let n = 0; n < 6; n++) await auth(who, 'not it')
    assert.equal((await auth(who, password)).status, 429)
    const link = await tokenOf(who)
    assert.equal((await set(who, link, password)).body.error.code, 924)
    assert.equal((await set(who, link)).status, 200)
    assert.match((await auth(who, another)).text, /ghu_/)
    const { body } = await app.call('GET', `/admin/audit?system=${system.key}`, { developer: app.developer })
    const noted = body.rows.find((one: any) => one.action === 'set a new password')
    assert.deepEqual([noted.subject, noted.details], [who.email.toLowerCase(), { id: who.id, by: 'link' }])
  })

  test('leaves no token at rest, and its page nothing of it to anybody', async () => {
    const who = await person()
    const token = await tokenOf(who)
    const db = databaseOf(app.app.means.store)
    const kept = [
      await db.selectFrom('password_resets').selectAll().execute(),
      await db.selectFrom('notices').selectAll().execute(),
    ]
    for (const form of [token, Buffer.from(token).toString('base64'), Buffer.from(token).toString('hex')]) {
      assert.ok(!JSON.stringify(kept).includes(form))
    }
    assert.equal(JSON.stringify(kept).includes(who.email), false)
    const page = await app.call('GET', '/password-reset')
    assert.equal(page.status, 200)
    assert.match(
      String(page.headers['content-security-policy']),
      /default-src 'none'.*script-src 'sha256-[^ ]+'; connect-src 'self'/,
    )
    assert.deepEqual([page.headers['cache-control'], page.headers['referrer-policy']], ['no-store', 'no-referrer'])
    const host = `${system.key}.localhost`
    assert.equal((await app.call('GET', '/password-reset', { headers: { host } })).status, 404)
  })
})
