import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { readPhoneNumber } from './phone-number.ts'

test('a number is read however people write it', () => {
  const written: [string, string, string][] = [
    ['+14155552671', '', '+14155552671'],
    ['+1 (415) 555-2671', '', '+14155552671'],
    ['+1 (415) 555‑2671', '', '+14155552671'],
    ['  +1.415.555.2671 ', '', '+14155552671'],
    ['tel:+1-415-555-2671', '', '+14155552671'],
    ['＋1 415 555 2671', '', '+14155552671'],
    ['(415) 555-2671', 'US', '+14155552671'],
    ['415.555.2671', 'US', '+14155552671'],
    ['4155552671', 'US', '+14155552671'],
    ['14155552671', 'US', '+14155552671'],
    ['1-415-555-2671', 'US', '+14155552671'],
    ['14155552671', '', '+14155552671'],
    ['491711234567', 'US', '+491711234567'],
    ['0171 1234567', 'DE', '+491711234567'],
    ['0049 171 1234567', 'DE', '+491711234567'],
    ['011 44 7400 123456', 'US', '+447400123456'],
    ['07400 123456', 'GB', '+447400123456'],
    ['+15005550006', 'US', '+15005550006'],
    ['(500) 555-0006', 'US', '+15005550006'],
  ]
  for (const [text, country, number] of written) assert.equal(readPhoneNumber(text, country).number, number, text)
})

test('what is no number, or one that costs money, is refused with a reason that does not repeat it', () => {
  const wrong: [unknown, string, RegExp][] = [
    ['', 'US', /missing/],
    [undefined, 'US', /missing/],
    [5_550_100, 'US', /missing/],
    ['555-0100', 'US', /no phone number/],
    ['911', 'US', /no phone number/],
    ['+1 555 123 4567', 'US', /no phone number/],
    ['(415) 555-2671', '', /Write it with \+/],
    ['0171 1234567', 'US', /Write it with \+.* US/],
    ['+1234', '', /Check the country code/],
    ['Call +14155552671', 'US', /no phone number/],
    ['+14155552671,+14155552672', 'US', /no phone number/],
    ['+'.repeat(1000), 'US', /no phone number/],
    ['1'.repeat(41), 'US', /no phone number/],
    ['+1 415 555 2671 ext. 5', 'US', /extension/],
    ['+1 900 555 1234', 'US', /premium/],
    ['+44 909 879 0000', '', /premium/],
    ['+44 7000 000000', '', /premium/],
    ['0900 5 123456', 'DE', /premium/],
  ]
  for (const [text, country, words] of wrong) {
    assert.throws(
      () => readPhoneNumber(text, country),
      (error: unknown) => {
        assert.ok(error instanceof GatehouseError && error.kind === 'badPhoneNumber', String(error))
        const said = `${error.detail} ${error.hint ?? ''}`
        assert.match(said, words, String(text))
        if (typeof text === 'string' && text.length > 3) assert.ok(!said.includes(text), said)
        return true
      },
    )
  }
})

test('a country that nobody knows counts as none', () => {
  assert.equal(readPhoneNumber('+14155552671', 'XX').number, '+14155552671')
  assert.throws(() => readPhoneNumber('(415) 555-2671', 'XX'))
})

test('where nothing is really sent, numbers that belong to nobody are taken, and premium ones are not', () => {
  assert.equal(readPhoneNumber('+1 555 123 4567', '', true).number, '+15551234567')
  assert.equal(readPhoneNumber('555-555-0100', 'US', true).number, '+15555550100')
  assert.throws(() => readPhoneNumber('+19005551234', '', true))
  assert.throws(() => readPhoneNumber('+1415', '', true))
})

test('the prefix is the country code with the first digits of region or network', () => {
  assert.equal(readPhoneNumber('+14155552671', '').prefix, '+1415')
  assert.equal(readPhoneNumber('+491711234567', '').prefix, '+49171')
})
