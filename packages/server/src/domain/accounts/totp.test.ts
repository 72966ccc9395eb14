/** What codes of authenticator apps promise. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchingStep, newTotpSecret, stepAt, totpCode, totpInvitation, totpRules } from './totp.ts'

const secret = Buffer.from('12345678901234567890').toString('hex')

test('codes are those of RFC 6238, appendix B', () => {
  const vectors: [number, string][] = [
    [59, '94287082'],
    [1111111109, '07081804'],
    [1111111111, '14050471'],
    [1234567890, '89005924'],
    [2000000000, '69279037'],
    [20000000000, '65353130'],
  ]
  for (const [seconds, code] of vectors) {
    assert.equal(totpCode(secret, stepAt(seconds * 1000), 8), code)
    assert.equal(totpCode(secret, stepAt(seconds * 1000)), code.slice(2))
  }
})

test('a code is good one step either way, and only later than the step that was taken', () => {
  const now = 1_800_000_000_000
  const step = stepAt(now)
  for (const drift of [-1, 0, 1])
    assert.equal(matchingStep(secret, totpCode(secret, step + drift), now, 0), step + drift)
  for (const drift of [-2, 2]) assert.equal(matchingStep(secret, totpCode(secret, step + drift), now, 0), undefined)
  assert.equal(matchingStep(secret, totpCode(secret, step), now, step), undefined)
  assert.equal(matchingStep(secret, totpCode(secret, step - 1), now, step), undefined)
  assert.equal(matchingStep(secret, totpCode(secret, step + 1), now, step), step + 1)
  const spaced = totpCode(secret, step).replace(/^.../, '$& ')
  assert.equal(matchingStep(secret, spaced, now, 0), step)
  for (const odd of ['', '0', totpCode(secret, step).slice(1), `${totpCode(secret, step)}0`, 'undefined']) {
    assert.equal(matchingStep(secret, odd, now, 0), undefined)
  }
})

test('an app is given the secret by hand, as an address and as a picture, under the names of system and user', () => {
  const { uri, secret: shown, qr } = totpInvitation(secret, 'Plant: one', 'op+a@example.com')
  assert.equal(shown, 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ')
  const read = new URL(uri)
  assert.equal(read.protocol, 'otpauth:')
  assert.equal(decodeURIComponent(read.pathname.split('/').at(-1)!), 'Plant  one:op+a@example.com')
  assert.deepEqual(Object.fromEntries(read.searchParams), {
    ...{ secret: shown, issuer: 'Plant  one', algorithm: 'SHA1', digits: '6', period: '30' },
  })
  assert.match(qr, /^<svg /)
  const fresh = newTotpSecret()
  assert.equal(fresh.length, totpRules.secretBytes * 2)
  assert.notEqual(fresh, newTotpSecret())
})
