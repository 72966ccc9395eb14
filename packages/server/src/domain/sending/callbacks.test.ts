/** What is told of a message after it was sent: believed with Twilio's signature alone. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import twilio from 'twilio'
import { createTestApp } from '../../../../../test/support/app.ts'
import { databaseOf } from '../../store/store.ts'
import { twilioSignature } from './callbacks.ts'
import { account, fakeTwilio, sender, to, token, twilioProvider, wayTo } from './providers.fixture.ts'
import { sendMessage } from './send.ts'

const app = await createTestApp({ after }, { args: ['--url', 'https://gate.example.com'] })
const provider = await fakeTwilio({ after }, app.app.means.clock.now)

async function sentOne() {
  const { system, scope } = await sender(app, [twilioProvider])
  const sent = await sendMessage(await scope(), wayTo({ twilio: provider.url }), { to, body: 'Your code is 123456' })
  const form = new URLSearchParams(provider.taken.at(-1)!.body)
  const url = form.get('StatusCallback')!
  const state = async () => {
    const db = databaseOf(app.app.means.store)
    return (
      await db.selectFrom('messages').select('state').where('system_key', '=', system.key).executeTakeFirstOrThrow()
    ).state
  }
  const report = (status: string, more: Record<string, string> = {}) => ({
    AccountSid: account,
    ApiVersion: '2010-04-01',
    From: '+15005550006',
    MessageSid: sent.id,
    MessageStatus: status,
    SmsSid: sent.id,
    SmsStatus: status,
    To: to,
    ...more,
  })
  const post = (form: Record<string, string>, signature: string | undefined, at = url) =>
    app.call('POST', at.slice('https://gate.example.com'.length), {
      headers: {
        'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
        ...(signature !== undefined && { 'x-twilio-signature': signature }),
      },
      body: new URLSearchParams(form).toString(),
    })
  return { system, url, state, report, post }
}

const signed = (url: string, form: Record<string, string>, key = token): string =>
  twilio.getExpectedTwilioSignature(key, url, form)

test('the signature is the one that Twilio makes', () => {
  const url = 'https://gate.example.com/api?message=1&x=2'
  const form = { To: '+1415', Body: 'é & 😀', A: '', MessageSid: 'SM1' }
  assert.equal(twilioSignature(token, url, new URLSearchParams(form)), signed(url, form))
})

test('a signed report moves the message on, and the last word is not taken back', async () => {
  const { url, state, report, post } = await sentOne()
  assert.match(url, /^https:\/\/gate\.example\.com\/api\/v\/4\/sending\/[0-9a-f]+\/twilio\/status\?message=[0-9a-f-]+$/)
  for (const [status, then] of [
    ['sent', 'accepted'],
    ['nonsense', 'accepted'],
    ['delivered', 'delivered'],
    ['sent', 'delivered'],
    ['failed', 'delivered'],
  ] as const) {
    const form = report(status)
    const answer = await post(form, signed(url, form))
    assert.deepEqual([answer.status, await state()], [200, then], status)
  }
})

test('a report of a failure is kept', async () => {
  for (const status of ['undelivered', 'failed']) {
    const { url, state, report, post } = await sentOne()
    const form = report(status, { ErrorCode: '30003' })
    assert.equal((await post(form, signed(url, form))).status, 200)
    assert.equal(await state(), status)
  }
})

test('a signature over the address with its port counts too', async () => {
  const { url, state, report, post } = await sentOne()
  const form = report('delivered')
  const withPort = url.replace('gate.example.com', 'gate.example.com:443')
  assert.equal((await post(form, signed(withPort, form))).status, 200)
  assert.equal(await state(), 'delivered')
})

test('without the right signature a report is refused and changes nothing', async () => {
  const { url, state, report, post, system } = await sentOne()
  const other = await sentOne()
  const form = report('delivered')
  const good = signed(url, form)
  const elsewhere = url.replace(system.key, other.system.key)
  const wrong: [Record<string, string>, string | undefined, string?][] = [
    [form, undefined],
    [form, ''],
    [form, `${good}x`],
    [form, good.slice(1)],
    [form, signed(url, form, 'another token')],
    [form, signed(url, form, '')],
    [{ ...form, MessageStatus: 'failed' }, good],
    [{ ...form, Extra: 'x' }, good],
    [{ ...form, AccountSid: `AC${'0'.repeat(32)}` }, signed(url, { ...form, AccountSid: `AC${'0'.repeat(32)}` })],
    [form, good, url.replace('message=', 'message=x')],
    [form, good, other.url],
    [form, good, elsewhere],
    [form, good, url.replace(system.key, '0'.repeat(24))],
  ]
  for (const [body, signature, at] of wrong) {
    const answer = await post(body, signature, at)
    assert.equal(answer.status, 403, JSON.stringify([body, signature, at]))
    assert.doesNotMatch(answer.text, new RegExp(token))
  }
  // Rightly signed for another system of the same account, it reaches no message of this one.
  assert.equal((await post(form, signed(elsewhere, form), elsewhere)).status, 200)
  assert.equal(await state(), 'accepted')
  assert.equal(await other.state(), 'accepted')
})
