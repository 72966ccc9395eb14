import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { countryDatabase } from './countries.fixture.ts'
import { readCountries } from './countries.ts'

test('an address has the country that the file says, and none where it says none', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'countries.mmdb')
  const networks = { '203.0.113.0/24': 'DE', '198.51.100.0/25': 'FR', '192.0.2.7/32': 'DE', '100.64.0.0/10': 'europe' }
  writeFileSync(file, countryDatabase(networks))
  const countryOf = readCountries(file)
  for (const [address, country] of [
    ['203.0.113.9', 'DE'],
    ['::ffff:203.0.113.9', 'DE'],
    ['198.51.100.1', 'FR'],
    ['198.51.100.200', ''],
    ['192.0.2.7', 'DE'],
    ['192.0.2.8', ''],
    ['100.64.0.1', ''],
    ['127.0.0.1', ''],
    ['2001:db8::1', ''],
    ['service setUp', ''],
    ['', ''],
  ] as const) {
    assert.equal(countryOf(address), country, address)
  }
  writeFileSync(file, 'address,country\n203.0.113.9,DE\n')
  assert.throws(() => readCountries(file), /cannot be used.*MaxMind/s)
  assert.throws(() => readCountries(join(folder, 'none.mmdb')), /none\.mmdb cannot be used/)
})
