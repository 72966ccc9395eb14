/**
 * In which country an address is, by a file in MaxMind's format (MMDB 2.0) that the operator brings: GeoLite2 or any other
 * that has `country.iso_code`. Read once; nothing is looked up over a network.
 */
import { readFileSync } from 'node:fs'
import { type CountryResponse, Reader } from 'mmdb-lib'

/** Two capital letters of ISO 3166-1; '' where the file does not know it, and for what is no address. Never throws. */
export type CountryOf = (address: string) => string

export const noCountries: CountryOf = () => ''

/** Throws a plain sentence where the file cannot be used. */
export function readCountries(file: string): CountryOf {
  let reader: Reader<CountryResponse>
  try {
    reader = new Reader(readFileSync(file))
  } catch (error) {
    throw new Error(
      `The file ${file} cannot be used: ${(error as Error).message}. It must be a country database in MaxMind's format.`,
    )
  }
  return (address) => {
    // An IPv4 peer of a listener for both kinds.
    const plain = address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')
    try {
      const code: unknown = reader.get(plain)?.country?.iso_code
      return typeof code === 'string' && /^[A-Z]{2}$/.test(code) ? code : ''
    } catch {
      return ''
    }
  }
}
