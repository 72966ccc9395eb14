/**
 * Reads phone numbers as people write them, into E.164. The numbering plans are those of libphonenumber; the build with all
 * types is used, since the smaller ones do not tell a premium-rate number from another.
 */

import { createRequire } from 'node:module'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { CountryCode, PhoneNumber } from 'libphonenumber-js/max'

const require = createRequire(import.meta.url)
/** Loaded with the first number: a node that reads none has no need of half a megabyte of numbering plans. */
const numberingPlans = (): typeof import('libphonenumber-js/max') => require('libphonenumber-js/max')

export type ReadNumber = {
  /** E.164, as `+14155550123`. */
  number: string
  /** Country code and the digits after it that tell a region or network: what limits are counted by. */
  prefix: string
}

const prefixDigits = 3
/** Longer than any number with its brackets and spaces. */
const longestText = 40

/**
 * Numbers that cost whoever calls them, or that nobody carries: how money is made of other people's codes. Personal numbers
 * (+44 70) are dear as well, but for North America's +1 500, where the test numbers of providers are.
 */
const dear = new Set(['PREMIUM_RATE', 'SHARED_COST', 'VOICEMAIL', 'UAN'])

/**
 * `country` is where a number without a country code is (two letters), or '' for nowhere. `fictional` also takes numbers that
 * have the right length and belong to nobody, such as +1 555 …: for where nothing is really sent.
 * @throws GatehouseError `badPhoneNumber`
 */
export function readPhoneNumber(text: unknown, country: string, fictional = false): ReadNumber {
  if (typeof text !== 'string' || text.trim() === '') throw bad('The phone number is missing.')
  // Full-width digits and signs, as keyboards of East Asia write them, become plain ones.
  const written = text
    .slice(0, longestText + 1)
    .normalize('NFKC')
    .trim()
    .replace(/^tel:/i, '')
  const found = written.length > longestText ? undefined : parse(written, country, fictional)
  if (found === undefined) {
    throw bad('This is no phone number that a message can be sent to.', howToWrite(written, country))
  }
  if (found.ext !== undefined) throw bad('A message cannot be sent to an extension of a phone number.')
  const type = found.getType()
  if (dear.has(type ?? '') || (type === 'PERSONAL_NUMBER' && found.countryCallingCode !== '1')) {
    throw bad('Messages are not sent to premium-rate, shared-cost, personal and voicemail numbers.')
  }
  const { number, countryCallingCode } = found
  return { number, prefix: number.slice(0, 1 + countryCallingCode.length + prefixDigits) }
}

function parse(written: string, country: string, fictional: boolean): PhoneNumber | undefined {
  const { isSupportedCountry, parsePhoneNumberFromString } = numberingPlans()
  const home = isSupportedCountry(country) ? (country as CountryCode) : undefined
  const good = (number: PhoneNumber | undefined) =>
    number !== undefined && (number.isValid() || (fictional && number.isPossible())) ? number : undefined
  const asWritten = good(parsePhoneNumberFromString(written, { ...(home && { defaultCountry: home }), extract: false }))
  // Many write the country code without its plus: 4915112345678.
  return (
    asWritten ?? (/^[1-9][\d\s().-]{9,}$/.test(written) ? good(parsePhoneNumberFromString(`+${written}`)) : undefined)
  )
}

const howToWrite = (written: string, country: string): string =>
  written.startsWith('+')
    ? 'Check the country code and the number of digits.'
    : country === ''
      ? 'Write it with + and the country code, as +14155550123.'
      : `Write it with + and the country code, or as it is dialled in ${country}.`

const bad = (detail: string, hint?: string): GatehouseError =>
  new GatehouseError('badPhoneNumber', detail, hint === undefined ? {} : { hint })
