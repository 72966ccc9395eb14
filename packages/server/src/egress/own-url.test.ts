import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ownUrlMatcher } from './own-url.ts'

function check(matches: (url: URL) => boolean, yes: string[], no: string[]): void {
  for (const url of yes) assert.equal(matches(new URL(url)), true, `${url} is the node`)
  for (const url of no) assert.equal(matches(new URL(url)), false, `${url} is not the node`)
}

test('in development every loopback name with the port of the node is the node, under either scheme', () => {
  const matches = ownUrlMatcher({ publicUrl: 'http://localhost:9000', port: 9000, development: true })
  check(
    matches,
    [
      'http://localhost:9000/api/about',
      'https://localhost:9000/',
      'http://LOCALHOST:9000/',
      'http://localhost.:9000/',
      'http://abc123.localhost:9000/',
      'http://127.0.0.1:9000/',
      'https://127.0.0.1:9000/',
      'http://127.1:9000/',
      'http://127.255.3.4:9000/',
      'http://2130706433:9000/',
      'http://0x7f.0.0.1:9000/',
      'http://0177.0.0.1:9000/',
      'http://127.0.0.1.:9000/',
      'http://[::1]:9000/',
      'http://[0:0:0:0:0:0:0:1]:9000/',
      'http://[::ffff:127.0.0.1]:9000/',
      'http://0.0.0.0:9000/',
      'http://[::]:9000/',
      'http://user:pass@localhost:9000/',
    ],
    [
      'http://localhost:9001/',
      'http://localhost/',
      'https://localhost/',
      'http://notlocalhost:9000/',
      'http://localhost.example.com:9000/',
      'http://127.0.0.1.example.com:9000/',
      'http://localhost:9000@example.com/',
      'http://10.0.0.1:9000/',
      'http://0.0.0.1:9000/',
      'http://128.0.0.1:9000/',
      'ftp://localhost:9000/',
    ],
  )
})

test('in production only the public URL is the node, under either scheme with their default ports', () => {
  const matches = ownUrlMatcher({ publicUrl: 'https://gate.example.com', port: 9000, development: false })
  check(
    matches,
    [
      'https://gate.example.com/api/about',
      'https://gate.example.com:443/',
      'http://gate.example.com/',
      'https://GATE.example.com./',
    ],
    [
      'https://gate.example.com:9000/',
      'http://localhost:9000/',
      'http://127.0.0.1:9000/',
      'https://other.example.com/',
      'https://gate.example.com.evil.example/',
      'https://sub.gate.example.com/',
    ],
  )
})

test('a public URL with a port of its own is matched with that port alone', () => {
  const matches = ownUrlMatcher({ publicUrl: 'https://gate.example.com:8443/', port: 9000, development: false })
  check(
    matches,
    ['https://gate.example.com:8443/', 'http://gate.example.com:8443/'],
    ['https://gate.example.com/', 'http://gate.example.com/', 'http://gate.example.com:9000/'],
  )
})

test('in development the public URL is the node as well', () => {
  const matches = ownUrlMatcher({ publicUrl: 'http://lab.example:80', port: 9000, development: true })
  check(matches, ['http://lab.example/', 'http://localhost:9000/'], ['http://localhost/'])
})

test('portals of a system are at the node too, under the very origin that they have', () => {
  const portalOrigin = (label: string) => (label === 'a1' ? 'https://a1.portals.example.com' : undefined)
  const matches = ownUrlMatcher({ publicUrl: 'https://gate.example.com', port: 9000, development: false, portalOrigin })
  check(
    matches,
    ['https://a1.portals.example.com/api/v/1/user/info', 'https://A1.portals.example.com:443/'],
    [
      'http://a1.portals.example.com/',
      'https://a1.portals.example.com:8443/',
      'https://a1.example.com/',
      'https://b2.portals.example.com/',
      'https://portals.example.com/',
      'https://a1.portals.example.com.evil.example/',
    ],
  )
})
