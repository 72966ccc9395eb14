import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { checkMessageSettings } from './message-settings.ts'

const account = `AC${'0'.repeat(32)}`
const twilio = { kind: 'twilio', account, token: 'secret:TWILIO_TOKEN', from: '+15005550006' }
const mail = { host: 'smtp.example.com', from: 'gate@example.com' }
const webhook = { kind: 'webhook', url: 'https://hooks.example.com/sms?a=1', secret: 'secret:HOOK' }

test('providers are kept in their order, with what is known of them and nothing else', () => {
  const service = { ...twilio, from: undefined, messaging_service: `MG${'0'.repeat(32)}`, extra: 'gone' }
  const { message_providers: kept } = checkMessageSettings({ message_providers: [webhook, twilio, service] })
  assert.deepEqual(kept, [
    webhook,
    twilio,
    { kind: 'twilio', account, token: twilio.token, messaging_service: service.messaging_service },
  ])
  assert.deepEqual(checkMessageSettings({ message_providers: [] }), { message_providers: [] })
})

test('a mail server is kept with a reference to its password, and null takes it away', () => {
  const full = { ...mail, user: 'gate', password: 'secret:SMTP' }
  assert.deepEqual(checkMessageSettings({ mail: { ...full, extra: 'gone' } }), {
    mail: { ...full, port: 587, tls: 'required' },
  })
  const plain = { host: '10.0.0.5', port: 25, from: 'gate@example.com', tls: 'none' }
  assert.deepEqual(checkMessageSettings({ mail: plain }), { mail: plain })
  assert.deepEqual(checkMessageSettings({ mail: null }), { mail: null })
})

test('what is not named stays as it is', () => {
  assert.deepEqual(checkMessageSettings({ name: 'x' }), {})
  assert.deepEqual(checkMessageSettings({ messages_to: 'provider', phone_country: 'DE' }), {
    messages_to: 'provider',
    phone_country: 'DE',
  })
  assert.deepEqual(checkMessageSettings({ messages_to: '', phone_country: '' }), { messages_to: '', phone_country: '' })
})

test('a wrong setting is refused, and a secret that was typed in the clear is not repeated', () => {
  const wrong: Record<string, unknown>[] = [
    { messages_to: 'phone' },
    { messages_to: 1 },
    { code_digits: 5 },
    { code_digits: 11 },
    { code_digits: '6' },
    { code_message: 'no place for it' },
    { code_message: `{code}${'x'.repeat(500)}` },
    { phone_country: 'us' },
    { phone_country: 'USA' },
    { phone_country: 'ZZ' },
    { phone_country: 'QQ' },
    { message_providers: twilio },
    { message_providers: Array(6).fill(twilio) },
    { message_providers: [null] },
    { message_providers: [{ kind: 'pigeon' }] },
    { message_providers: [{ ...twilio, account: 'AC1' }] },
    { message_providers: [{ ...twilio, token: 'open sesame' }] },
    { message_providers: [{ ...twilio, token: 'secret:' }] },
    { message_providers: [{ ...twilio, from: undefined }] },
    { message_providers: [{ ...twilio, from: 'a\r\nb' }] },
    { message_providers: [{ ...twilio, from: 'far too long a name' }] },
    { message_providers: [{ ...twilio, messaging_service: 'MG1' }] },
    { message_providers: [{ ...webhook, url: 'http://hooks.example.com/' }] },
    { message_providers: [{ ...webhook, url: 'https://user:open sesame@hooks.example.com/' }] },
    { message_providers: [{ ...webhook, url: 'hooks' }] },
    { message_providers: [{ ...webhook, secret: 'open sesame' }] },
    { mail: 'smtp.example.com' },
    { mail: { from: 'gate@example.com' } },
    { mail: { ...mail, host: 'smtp.example.com/x' } },
    { mail: { ...mail, host: 'smtp.example.com\r\nQUIT' } },
    { mail: { ...mail, port: 0 } },
    { mail: { ...mail, port: '587' } },
    { mail: { ...mail, from: 'Gate <gate@example.com>' } },
    { mail: { ...mail, from: 'gate@example.com\r\nBcc: all@example.com' } },
    { mail: { ...mail, user: 'gate' } },
    { mail: { ...mail, password: 'secret:SMTP' } },
    { mail: { ...mail, user: 'gate', password: 'open sesame' } },
    { mail: { ...mail, user: 'gate', password: 'secret:SMTP', tls: 'none' } },
    { mail: { ...mail, tls: false } },
  ]
  for (const body of wrong) {
    assert.throws(
      () => checkMessageSettings(body),
      (error: unknown) => {
        assert.ok(error instanceof GatehouseError && error.kind === 'badSetting', JSON.stringify(body))
        assert.doesNotMatch(error.detail, /sesame/)
        return true
      },
    )
  }
})
