import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from '../config/config.ts'
import { egressTo, failure, serve } from './loopback.fixture.ts'
import { type Policy, permittedAddresses, readPermissions, refuseOwnListener } from './policy.ts'

function policy(allow: string[], own: string[] = [], ownPort?: number): Policy {
  return { permissions: readPermissions(allow), ownAddresses: () => own, ownPort: () => ownPort }
}

function verdict(allow: string[], url: string, addresses: string[], own: string[] = []): string[] {
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? (6 as const) : (4 as const) }))
  return permittedAddresses(policy(allow, own), new URL(url), found).map(({ address }) => address)
}

test('refuses every address that is not public, names its class and says who permits it', () => {
  const classes: [address: string, is: RegExp][] = [
    ['127.0.0.1', /a loopback address/],
    ['::1', /a loopback address/],
    ['::ffff:127.0.0.1', /a loopback address/],
    ['10.1.2.3', /a private address/],
    ['172.20.0.1', /a private address/],
    ['192.168.1.1', /a private address/],
    ['169.254.1.1', /a link-local address/],
    ['fe80::1', /a link-local address/],
    ['fd12::1', /a unique-local address/],
    ['100.64.0.1', /a carrier-grade NAT address/],
    ['224.0.0.1', /a multicast address/],
    ['255.255.255.255', /a broadcast address/],
    ['0.0.0.0', /an unspecified address/],
    ['192.0.2.1', /a documentation address/],
    ['198.18.0.1', /a benchmarking address/],
    ['2002:7f00:1::', /a tunnel address/],
    ['240.0.0.1', /a reserved address/],
    ['64:ff9b::10.0.0.1', /a private address/],
    ['rubbish', /a reserved address/],
  ]
  for (const [address, is] of classes) {
    assert.throws(
      () => verdict([], 'https://name.example/path?key=secret', [address]),
      (error: unknown) => {
        failure('egressRefused', is, /its name leads to/, /--egress-allow name\.example:443/)(error)
        assert.doesNotMatch(String(error), /secret/)
        // What an internal name leads to is not told.
        assert.ok(!String((error as Error).message).includes(address))
        return true
      },
    )
  }
  assert.deepEqual(verdict([], 'http://name.example', ['8.8.8.8', '2606:4700::1']), ['8.8.8.8', '2606:4700::1'])
})

test('an entry permits what it says and nothing beside it', () => {
  const rows: [allow: string, url: string, address: string, permitted: boolean][] = [
    ['printer.local', 'http://printer.local', '10.0.0.5', true],
    ['printer.local', 'http://PRINTER.local.:8080', '10.0.0.5', true],
    ['Printer.Local.', 'http://printer.local', '10.0.0.5', true],
    ['printer.local', 'http://a.printer.local', '10.0.0.5', false],
    ['printer.local', 'http://printer.local.evil.example', '10.0.0.5', false],
    ['printer.local:631', 'http://printer.local:631', '10.0.0.5', true],
    ['printer.local:631', 'http://printer.local:632', '10.0.0.5', false],
    ['printer.local:443', 'https://printer.local', '10.0.0.5', true],
    ['printer.local:443', 'http://printer.local', '10.0.0.5', false],
    ['10.1.0.0/16', 'http://any.example', '10.1.255.255', true],
    ['10.1.0.0/16', 'http://any.example', '10.2.0.0', false],
    ['10.1.0.0/16', 'http://any.example', '::ffff:10.1.0.1', true],
    ['10.1.0.0/16', 'http://any.example', '64:ff9b::10.1.0.1', true],
    ['10.1.0.0/16', 'http://any.example', '64:ff9b::10.2.0.1', false],
    ['127.0.0.1', 'http://127.0.0.1:99', '127.0.0.1', true],
    ['127.0.0.1', 'http://127.0.0.2', '127.0.0.2', false],
    ['127.0.0.1:9555', 'http://localhost:9555', '127.0.0.1', true],
    ['127.0.0.1:9555', 'http://localhost:9556', '127.0.0.1', false],
    ['[::1]:9555', 'http://[::1]:9555', '::1', true],
    ['[::1]:9555', 'http://[::1]:9556', '::1', false],
    ['::1', 'http://localhost', '::1', true],
    ['fd00::/8', 'http://any.example', 'fd12::1', true],
    ['fd00::/8', 'http://any.example', 'fe80::1', false],
    ['0.0.0.0/0', 'http://any.example', '192.168.1.1', true],
    ['0.0.0.0/0', 'http://any.example', '::1', false],
  ]
  for (const [allow, url, address, permitted] of rows) {
    const judge = () => verdict([allow], url, [address])
    if (permitted) assert.deepEqual(judge(), [address], `${allow} permits ${url} at ${address}`)
    else assert.throws(judge, failure('egressRefused'), `${allow} does not permit ${url} at ${address}`)
  }
})

test('cloud metadata opens to its exact address alone, not to a name or a wide block', () => {
  const url = 'http://metadata.internal'
  for (const allow of [[], ['metadata.internal'], ['169.254.0.0/16'], ['0.0.0.0/0']]) {
    assert.throws(
      () => verdict(allow, url, ['169.254.169.254']),
      failure('egressRefused', /cloud metadata/, /exact address/),
    )
  }
  assert.throws(() => verdict(['100.64.0.0/10'], url, ['100.100.100.200']), failure('egressRefused', /cloud metadata/))
  assert.throws(() => verdict(['fd00::/8'], url, ['fd00:ec2::254']), failure('egressRefused', /cloud metadata/))
  assert.throws(() => verdict([], url, ['168.63.129.16']), failure('egressRefused', /cloud metadata/))
  assert.deepEqual(verdict(['169.254.169.254'], url, ['169.254.169.254']), ['169.254.169.254'])
})

test('a name that leads to public and refused addresses at once is refused as a whole', () => {
  assert.throws(() => verdict([], 'http://two.example', ['8.8.8.8', '127.0.0.1']), failure('egressRefused', /loopback/))
  assert.throws(() => verdict([], 'http://two.example', ['10.0.0.1', '8.8.8.8']), failure('egressRefused', /private/))
})

test('of a private name only the permitted addresses are dialled', () => {
  assert.deepEqual(verdict(['127.0.0.1:80'], 'http://localhost', ['::1', '127.0.0.1']), ['127.0.0.1'])
})

test('a public address of this very machine is refused unless it is permitted', () => {
  const own = ['9.9.9.9']
  assert.throws(
    () => verdict([], 'http://me.example', ['9.9.9.9'], own),
    failure('egressRefused', /an address of the machine the node runs on/),
  )
  assert.throws(() => verdict([], 'http://me.example', ['::ffff:9.9.9.9'], own), failure('egressRefused'))
  assert.deepEqual(verdict(['me.example'], 'http://me.example', ['9.9.9.9'], own), ['9.9.9.9'])
})

test('the port of the node on this machine is refused, whatever is permitted', () => {
  const all = policy(['0.0.0.0/0', '::/0'], ['10.9.9.9'], 9000)
  const judge = (url: string, address: string) => () =>
    refuseOwnListener(all, new URL(url), [{ address, family: address.includes(':') ? 6 : 4 }])
  for (const address of ['127.0.0.1', '127.9.9.9', '::1', '0.0.0.0', '10.9.9.9']) {
    assert.throws(judge('http://x.example:9000', address), failure('egressRefused', /this node itself/))
    assert.doesNotThrow(judge('http://x.example:9001', address))
  }
  assert.doesNotThrow(judge('http://x.example:9000', '10.9.9.8'))
})

test('an entry that cannot be read stops the start', () => {
  for (const entry of [
    '',
    '*',
    '*.example.com',
    'http://example.com',
    'example.com/path',
    'user@example.com',
    'example.com:0',
    'example.com:65536',
    'example.com:http',
    '10.0.0.0/33',
    '10.1/16',
    '10.0.0.0/',
    '::ffff:10.0.0.0/104',
    '[::1',
    'a b',
  ]) {
    assert.throws(() => readPermissions([entry]), ConfigError, `"${entry}"`)
  }
})

test('odd spellings of loopback are loopback: nothing is dialled', async (t) => {
  const server = await serve(t, (_request, response) => response.end('reached'))
  const egress = egressTo({ localhost: '127.0.0.1', 'localhost.': '127.0.0.1', 'rebind.example': '127.0.0.1' })
  for (const host of [
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '017700000001',
    '127.0.0.1.',
    '127.0.0.1..',
    '%31%32%37.0.0.1',
    '127。0。0。1',
    '①27.0.0.1',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::1]',
    '[::]',
    '0.0.0.0',
    '0',
    'localhost',
    'LOCALHOST.',
    'public.example@127.0.0.1',
    'rebind.example',
  ]) {
    await assert.rejects(egress.get(`http://${host}:${server.port}/`), failure('egressRefused'), host)
  }
  await assert.rejects(egress.get(`http:\\\\127.0.0.1:${server.port}\\`), failure('egressRefused'))
  assert.equal(server.connections(), 0)
})
