/** The message channel: who is asked in which order, what is sent once, and what is known after a crash. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, test } from 'node:test'
import { createTestApp } from '../../../../../test/support/app.ts'
import { minute } from '../../base/clock.ts'
import type { Egress } from '../../egress/egress.ts'
import { databaseOf } from '../../store/store.ts'
import {
  account,
  closedPort,
  fakeTwilio,
  fakeWebhook,
  from,
  sender,
  to,
  token,
  twilioProvider,
  wayTo,
  webhookProvider,
} from './providers.fixture.ts'
import { type Message, sendMessage } from './send.ts'

const app = await createTestApp({ after })

const body = 'Your code is 123456'
const twilioName = `twilio:${account}:${from}`

async function plant(t: { after(end: () => unknown): void }, providers: unknown[] = [twilioProvider, webhookProvider]) {
  const [twilio, webhook] = [await fakeTwilio(t, app.app.means.clock.now), await fakeWebhook(t)]
  const egress = wayTo({ twilio: twilio.url, webhook: webhook.url })
  const { system, scope } = await sender(app, providers)
  const send = async (more: Partial<Message> = {}, by: Egress = egress) =>
    sendMessage(await scope(), by, { to, body, ...more })
  const rows = async () =>
    databaseOf(app.app.means.store).selectFrom('messages').selectAll().where('system_key', '=', system.key).execute()
  return { twilio, webhook, egress, system, scope, send, rows }
}

/** The provider takes the message, and the node dies before it hears so. */
const dying = (egress: Egress): Egress => ({
  request: async (request) => {
    await egress.request(request)
    throw new Error('the node died')
  },
})

test('Twilio is asked as its API wants it, and the note holds neither text nor number', async (t) => {
  const { twilio, webhook, send, rows } = await plant(t)
  const sent = await send({ to: '(415) 555-0123', challenge: 'c1', account: 'user-1' })
  assert.deepEqual(sent, { where: 'provider', provider: twilioName, state: 'accepted', id: twilio.kept[0]!.sid })
  const [request, ...none] = twilio.taken
  assert.deepEqual([none, webhook.taken], [[], []])
  assert.equal(request!.url, `/2010-04-01/Accounts/${account}/Messages.json`)
  assert.equal(request!.headers.authorization, `Basic ${Buffer.from(`${account}:${token}`).toString('base64')}`)
  assert.equal(request!.headers['content-type'], 'application/x-www-form-urlencoded')
  assert.deepEqual(Object.fromEntries(new URLSearchParams(request!.body)), { To: to, Body: body, From: from })
  const [row] = await rows()
  const { state, provider, provider_id, attempts, challenge_id, account_id, prefix } = row!
  assert.deepEqual(
    { state, provider, provider_id, attempts, challenge_id, account_id, prefix },
    {
      state: 'accepted',
      provider: twilioName,
      provider_id: sent.id,
      attempts: 1,
      challenge_id: 'c1',
      account_id: 'user-1',
      prefix: '+1415',
    },
  )
  assert.doesNotMatch(JSON.stringify(row), /123456|4155550123|5550123/)
})

test('the next provider is asked where the one before surely did not take it', async (t) => {
  const { twilio, webhook, send, rows } = await plant(t)
  for (const status of [400, 401, 404, 429]) {
    twilio.behaves = [status]
    const sent = await send({ challenge: `c${status}` })
    assert.deepEqual([sent.state, sent.id], ['accepted', 'hook-1'], String(status))
    assert.match(sent.provider, /^webhook:hooks\.example\.com:/)
    assert.doesNotMatch(sent.provider, /sms|key/)
  }
  assert.equal(webhook.taken.length, 4)
  const { headers, body: text } = webhook.taken[0]!
  const { id, ...rest } = JSON.parse(text)
  assert.equal(headers['idempotency-key'], id)
  assert.deepEqual([rest.to, rest.body], [to, body])
  const [, seconds, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['gatehouse-signature']))!
  const expected = createHmac('sha256', 'the secret of the hook').update(`${seconds}.${text}`).digest('hex')
  assert.equal(signature, expected)
  assert.equal((await rows()).filter(({ state }) => state === 'refused').length, 4)
})

test('a refused connection, a missing secret and a host that is not there lead to the next one', async (t) => {
  const { webhook, send, system } = await plant(t)
  const twilio = await closedPort()
  assert.equal((await send({}, wayTo({ twilio, webhook: webhook.url }))).id, 'hook-1')
  await app.call('DELETE', `/admin/v/4/system/${system.key}/secrets/TWILIO`, { developer: app.developer })
  assert.equal((await send()).id, 'hook-1')
  await app.call('DELETE', `/admin/v/4/system/${system.key}/secrets/HOOK`, { developer: app.developer })
  const sent = await send()
  assert.equal(sent.state, 'refused')
  assert.match(sent.reason!, /secret:HOOK/)
})

test('where it is not known whether a provider took it, nobody else is asked and nothing is sent again', async (t) => {
  for (const behaviour of [500, 503, 408, 'lose', 'drop', 302] as const) {
    const { twilio, webhook, send } = await plant(t)
    twilio.behaves = [behaviour]
    twilio.lists = 500
    const sent = await send({ challenge: 'c' })
    assert.deepEqual([sent.state, sent.provider, sent.id], ['unknown', twilioName, ''], String(behaviour))
    twilio.behaves = ['take']
    assert.equal((await send({ challenge: 'c' })).state, 'unknown')
    twilio.lists = 'take'
    const later = await send({ challenge: 'c' })
    assert.equal(later.state, behaviour === 'lose' ? 'accepted' : 'unknown', 'it is found where it is')
    assert.equal(twilio.taken.length, 1)
    assert.equal(webhook.taken.length, 0)
    assert.doesNotMatch(JSON.stringify([sent, later]), /4155550123|123456/)
  }
})

test('a challenge is sent once, however often and at once it is asked for', async (t) => {
  const { twilio, webhook, send } = await plant(t)
  const all = await Promise.all(Array.from({ length: 20 }, () => send({ challenge: 'c' })))
  assert.equal(all.filter(({ state }) => state === 'accepted').length >= 1, true)
  for (const { state } of all) assert.notEqual(state, 'refused')
  const again = await send({ challenge: 'c', body: 'another code 654321' })
  assert.deepEqual([again.state, again.id], ['accepted', twilio.kept[0]!.sid])
  assert.deepEqual([twilio.taken.length, webhook.taken.length], [1, 0])
  assert.equal((await send({ challenge: 'c2' })).state, 'accepted')
  assert.equal(twilio.taken.length, 2)
})

test('a challenge belongs to the number it was first sent to', async (t) => {
  const { twilio, send } = await plant(t)
  await send({ challenge: 'c' })
  const other = await send({ challenge: 'c', to: '+14155550199' })
  assert.deepEqual([other.state, twilio.taken.length], ['refused', 1])
  assert.match(other.reason!, /another number/)
})

test('after a crash Twilio is asked what it has, and a message that it has is not sent again', async (t) => {
  const { twilio, webhook, egress, send, rows } = await plant(t)
  await assert.rejects(send({ challenge: 'c' }, dying(egress)), /died/)
  assert.equal((await rows())[0]!.state, 'intended')
  const soon = await send({ challenge: 'c' })
  assert.deepEqual([soon.state, soon.reason], ['unknown', 'It is being sent right now.'])
  app.advance(2 * minute)
  // The code was hashed, so what is sent now would be another one; what counts is what the note says.
  const later = await send({ challenge: 'c', body: 'Your code is 777777' })
  assert.deepEqual([later.state, later.id], ['accepted', twilio.kept[0]!.sid])
  assert.deepEqual([twilio.taken.length, webhook.taken.length], [1, 0])
})

test('after a crash before the request it is sent, once, whoever asks first', async (t) => {
  const { twilio, webhook, send } = await plant(t)
  const deadBefore: Egress = { request: async () => Promise.reject(new Error('the node died')) }
  await assert.rejects(send({ challenge: 'c' }, deadBefore), /died/)
  app.advance(2 * minute)
  const all = await Promise.all(Array.from({ length: 10 }, () => send({ challenge: 'c' })))
  assert.ok(all.some(({ state }) => state === 'accepted'))
  assert.ok(all.every(({ state }) => state !== 'refused'))
  assert.deepEqual([twilio.taken.length, webhook.taken.length], [1, 0])
})

test('after a crash nothing is sent where the provider cannot be asked', async (t) => {
  const { twilio, webhook, egress, send } = await plant(t)
  await assert.rejects(send({ challenge: 'c' }, dying(egress)), /died/)
  app.advance(2 * minute)
  twilio.lists = 503
  const unknown = await send({ challenge: 'c' })
  assert.equal(unknown.state, 'unknown')
  twilio.kept.length = 0
  twilio.lists = 'take'
  assert.equal((await send({ challenge: 'c' })).state, 'unknown', 'what was unclear once is not sent again')
  assert.deepEqual([twilio.taken.length, webhook.taken.length], [1, 0])
})

test('after a crash the next provider is asked only where Twilio had it and could not deliver it', async (t) => {
  const { twilio, webhook, egress, send, rows } = await plant(t)
  await assert.rejects(send({ challenge: 'c' }, dying(egress)), /died/)
  app.advance(2 * minute)
  twilio.kept[0]!.status = 'undelivered'
  assert.equal((await send({ challenge: 'c' })).id, 'hook-1')
  assert.deepEqual([twilio.taken.length, webhook.taken.length], [1, 1])
  assert.deepEqual((await rows()).map(({ state }) => state).sort(), ['accepted', 'failed'])
})

test('after a crash a webhook is asked with the same key, and never with another text', async (t) => {
  const { webhook, egress, send } = await plant(t, [webhookProvider])
  await assert.rejects(send({ challenge: 'c' }, dying(egress)), /died/)
  app.advance(2 * minute)
  assert.equal((await send({ challenge: 'c' })).state, 'accepted')
  const keys = webhook.taken.map(({ headers }) => headers['idempotency-key'])
  assert.equal(keys.length, 2)
  assert.equal(keys[0], keys[1])
  await assert.rejects(send({ challenge: 'd' }, dying(egress)), /died/)
  app.advance(2 * minute)
  assert.equal((await send({ challenge: 'd', body: 'another text' })).state, 'unknown')
  assert.equal(webhook.taken.length, 3)
})

test('what a provider refused may be tried again later, and counts against the limits', async (t) => {
  const { twilio, send, rows } = await plant(t, [twilioProvider])
  twilio.behaves = [429, 'take']
  assert.equal((await send({ challenge: 'c' })).state, 'refused')
  assert.equal((await send({ challenge: 'c' })).state, 'accepted')
  assert.deepEqual(
    (await rows()).map(({ attempts, state }) => [attempts, state]),
    [[2, 'accepted']],
  )
})

test('a system that says inbox sends into it in development and nowhere in production', async (t) => {
  const { twilio, scope, egress, system, send } = await plant(t)
  await app.set(system, { messages_to: '' })
  const sent = await send({ to: '+1 555 123 4567', challenge: 'c' })
  assert.deepEqual([sent.where, sent.provider, sent.state], ['inbox', 'inbox', 'accepted'])
  assert.equal((await send({ to: '+15551234567', challenge: 'c' })).id, sent.id)
  const inbox = await app.call('GET', `/admin/v/4/system/${system.key}/inbox`, { developer: app.developer })
  assert.deepEqual(
    inbox.body.map((one: any) => [one.id, one.to, one.body]),
    [[sent.id, '+15551234567', body]],
  )
  await app.set(system, { messages_to: 'provider' })
  const fictional = await send({ to: '+15551234567', challenge: 'c' })
  assert.equal(fictional.state, 'refused', 'a provider gets no number that belongs to nobody')
  await app.set(system, { messages_to: '' })
  await send({ challenge: 'd' })
  await app.set(system, { messages_to: 'provider' })
  const known = await send({ challenge: 'd' })
  assert.deepEqual([known.where, known.state], ['inbox', 'accepted'], 'it says where it went')
  await app.call('DELETE', `/admin/v/4/system/${system.key}/inbox`, { developer: app.developer })
  await app.set(system, { messages_to: 'inbox' })
  const production = { ...(await scope()), mode: 'production' as const }
  const refused = await sendMessage(production, egress, { to, body })
  assert.deepEqual([refused.where, refused.state], ['inbox', 'refused'])
  assert.match(refused.reason!, /in production there is none/)
  assert.equal(twilio.taken.length, 0)
})

test('what cannot be sent is refused with its reason, before anything is noted', async (t) => {
  const { send, rows, system } = await plant(t)
  const wrong: [Partial<Message>, RegExp][] = [
    [{ to: 'nobody' }, /no phone number/],
    [{ to: '+19005551234' }, /premium/],
    [{ to: '+1 555 123 4567' }, /no phone number/],
    [{ body: '' }, /characters/],
    [{ body: 'x'.repeat(1601) }, /characters/],
  ]
  for (const [message, words] of wrong) {
    const sent = await send(message)
    assert.deepEqual([sent.state, sent.provider, sent.id], ['refused', '', ''])
    assert.match(sent.reason!, words)
  }
  await app.set(system, { message_providers: [] })
  assert.match((await send()).reason!, /no provider/)
  assert.deepEqual(await rows(), [])
})
