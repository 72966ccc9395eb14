/** Limits of sending, and the breaker of prefixes. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp } from '../../../../../test/support/app.ts'
import { day, hour, minute } from '../../base/clock.ts'
import { breaker, sendLimits } from './limits.ts'
import { fakeTwilio, sender, twilioProvider, wayTo } from './providers.fixture.ts'
import { type Message, noteEntered, sendMessage } from './send.ts'

const app = await createTestApp({ after })
const provider = await fakeTwilio({ after })
const egress = wayTo({ twilio: provider.url })

async function plant() {
  const { scope } = await sender(app, [twilioProvider])
  const send = async (message: Partial<Message> = {}) =>
    sendMessage(await scope(), egress, { to: '+14155550123', body: 'Your code is 123456', ...message })
  return { scope, send }
}

/** Numbers of one prefix. */
const numberOf = (i: number, prefix = '+1415'): string => `${prefix}555${String(i).padStart(4, '0')}`

test('a number gets so many an hour and a day; the refusal says which limit and when', async () => {
  const { send } = await plant()
  for (let i = 0; i < sendLimits.numberHour; i++) assert.equal((await send()).state, 'accepted')
  const before = provider.taken.length
  const refused = await send({ to: '1 (415) 555-0123' })
  assert.deepEqual([refused.state, refused.provider, refused.id], ['refused', '', ''])
  assert.match(
    refused.reason!,
    /5 messages to this number within an hour.*Try again after \d{4}-\d\d-\d\d \d\d:\d\d UTC/,
  )
  assert.ok(refused.retryAfter! > 3000 && refused.retryAfter! <= 3600)
  assert.equal(provider.taken.length, before)
  assert.equal((await send({ to: '+14155550199' })).state, 'accepted', 'another number has its own')
  app.advance(hour)
  for (let i = 0; i < sendLimits.numberHour; i++) assert.equal((await send()).state, 'accepted')
  app.advance(hour)
  const daily = await send()
  assert.match(daily.reason!, /10 messages to this number within a day/)
  app.advance(day)
  assert.equal((await send()).state, 'accepted')
})

test('an account gets so many an hour, over all its numbers', async () => {
  const { send } = await plant()
  for (let i = 0; i < sendLimits.accountHour; i++) {
    assert.equal((await send({ account: 'a', to: numberOf(i) })).state, 'accepted')
  }
  const refused = await send({ account: 'a', to: numberOf(50) })
  assert.match(refused.reason!, /10 messages to this account within an hour/)
  assert.equal((await send({ account: 'b', to: numberOf(50) })).state, 'accepted')
})

test('senders at once do not pass a limit together', async () => {
  const { send } = await plant()
  const all = await Promise.all(Array.from({ length: 15 }, () => send()))
  assert.equal(all.filter(({ state }) => state === 'accepted').length, sendLimits.numberHour)
})

test('a refusal takes no place of the other limits', async () => {
  const { send } = await plant()
  for (let i = 0; i < sendLimits.numberHour; i++) await send({ account: 'a' })
  for (let i = 0; i < 10; i++) assert.equal((await send({ account: 'a' })).state, 'refused')
  for (let i = 0; i < sendLimits.accountHour - sendLimits.numberHour; i++) {
    assert.equal((await send({ account: 'a', to: numberOf(i) })).state, 'accepted')
  }
  assert.equal((await send({ account: 'a', to: numberOf(60) })).state, 'refused')
})

test('a prefix gets so many an hour, and another prefix has its own', async () => {
  const { send } = await plant()
  for (let i = 0; i < sendLimits.prefixHour; i++) assert.equal((await send({ to: numberOf(i) })).state, 'accepted')
  const refused = await send({ to: numberOf(sendLimits.prefixHour) })
  assert.match(refused.reason!, /100 messages to numbers that begin with \+1415 within an hour/)
  assert.equal((await send({ to: numberOf(1, '+1212') })).state, 'accepted')
})

test('a prefix whose codes hardly anybody enters is closed until the window is over', async () => {
  const { send, scope } = await plant()
  for (let i = 0; i < breaker.leastSent; i++) {
    assert.equal((await send({ to: numberOf(i), challenge: `c${i}` })).state, 'accepted')
  }
  await noteEntered(await scope(), 'c1')
  const refused = await send({ to: numberOf(70), challenge: 'c70' })
  assert.equal(refused.state, 'refused')
  assert.match(refused.reason!, /Of 20 codes to numbers that begin with \+1415 only 1 were entered/)
  assert.ok(refused.retryAfter! > 0)
  assert.equal((await send({ to: numberOf(70, '+1212'), challenge: 'other' })).state, 'accepted')
  await noteEntered(await scope(), 'c2')
  assert.equal((await send({ to: numberOf(71), challenge: 'c71' })).state, 'accepted', 'a tenth is enough')
  app.advance(breaker.windowMs + minute)
  assert.equal((await send({ to: numberOf(72), challenge: 'c72' })).state, 'accepted')
})

test('messages without a code, and codes that no provider took, do not count for the breaker', async () => {
  const { send } = await plant()
  for (let i = 0; i < breaker.leastSent; i++) await send({ to: numberOf(i) })
  provider.behaves = [400]
  for (let i = 0; i < breaker.leastSent; i++) await send({ to: numberOf(i), challenge: `c${i}` })
  provider.behaves = ['take']
  assert.equal((await send({ to: numberOf(80), challenge: 'c80' })).state, 'accepted')
})
