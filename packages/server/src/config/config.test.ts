import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ConfigError, readConfig } from './config.ts'
import { edgeGatewayVariable, readEdgeConfig } from './edge.ts'
import { optionDeclarations } from './options.ts'

test('an edge finds the file of its gateway in the environment where no flag names one', () => {
  const options = { platform: 'http://localhost:9000', system: 'ab', name: 'hall', data: '.', weakSandbox: true }
  const asked = { ...options, port: undefined, host: undefined, token: undefined, insecure: false }
  const environment = { [edgeGatewayVariable]: '/etc/of-environment.json' }
  const fileOf = (gatewayFile?: string) => readEdgeConfig({ ...asked, gatewayFile }, environment).edge!.gatewayFile
  assert.deepEqual([fileOf(), fileOf('/etc/of-flag.json')], ['/etc/of-environment.json', '/etc/of-flag.json'])
  assert.equal(readEdgeConfig(asked, {}).edge!.gatewayFile, undefined)
})

describe('options', () => {
  const wrong: [string, string[], RegExp, Record<string, string>?][] = [
    ['an unknown option, with the nearest known one', ['--prot', '1'], /Unknown option --prot\. Did you mean --port\?/],
    ['an unknown option with its value', ['--databas-url=x'], /Did you mean --database-url\?/],
    ['an unknown option that is like none', ['--banana'], /Unknown option --banana\. See gatehouse start --help\./],
    ['an unknown letter', ['-p', '1'], /Unknown option '-p'\. See gatehouse start --help\./],
    ['an option without its value', ['--data'], /--data.*argument missing/],
    ['a value for a switch', ['--weak-sandbox=yes'], /does not take an argument/],
    [
      'a switch that is neither on nor off',
      [],
      /--weak-sandbox is either on or off/,
      { GATEHOUSE_WEAK_SANDBOX: 'maybe' },
    ],
    ['a word that is no option', ['now'], /Unexpected argument 'now'/],
    ['a port that is no number', ['--port', 'http'], /--port is "http"/],
    ['a port beyond 65535', ['--port', '65536'], /--port is "65536"/],
    ['a port below 0', ['--port=-1'], /--port is "-1"/],
    ['an unknown mode', ['--mode', 'test'], /--mode is "test".*development or production/],
    ['development on every address', ['--host', '0.0.0.0'], /loopback only.*--mode production/],
    ['development on every IPv6 address', ['--host', '::'], /loopback only/],
    ['development on an address in the net', ['--host', '192.168.1.7'], /loopback only/],
    ['development on a name that only begins like loopback', ['--host', '127.0.0.1.example.com'], /loopback only/],
    ['production without https', ['--mode', 'production'], /--url must be an https:\/\/ address.*--insecure-http/],
    ['production at http', ['--mode', 'production', '--url', 'http://g.example.com'], /https:\/\//],
    ['an address that is no address', ['--url', 'gatehouse'], /--url is "gatehouse"/],
    ['an address of another kind', ['--url', 'ftp://g.example.com'], /--url is "ftp:/],
    [
      'a place for portals without the system',
      ['--portal-url', 'https://portals.example.com'],
      /begins with \{system\}/,
    ],
    ['a place for portals with a path', ['--portal-url', 'https://{system}.example.com/p'], /must be an origin/],
    ['a place for portals by path alone', ['--portal-url', 'https://example.com/{system}'], /must be an origin/],
    [
      'a place for portals with the system inside a label',
      ['--portal-url', 'https://x{system}.example.com'],
      /\{system\}/,
    ],
    [
      'portals without https in production',
      ['--mode', 'production', '--url', 'https://g.example.com', '--portal-url', 'http://{system}.example.com'],
      /--portal-url must begin with https/,
    ],
    ['half a certificate', ['--tls-cert', 'x.pem'], /go together/],
    ['a route that leads nowhere', ['--route', 'a=b'], /--route is "a=b"/],
    ['an audit that keeps nothing', ['--audit-days', '0'], /--audit-days is "0"/],
    ['a change log that is kept for longer than it may be', ['--change-log-days', '31'], /--change-log-days is "31"/],
    ['an unknown log level', ['--log-level', 'loud'], /--log-level is "loud"/],
    ['a value of the environment', [], /--mode is "prod"/, { GATEHOUSE_MODE: 'prod' }],
    ['half a first developer', [], /one is missing/, { GATEHOUSE_DEVELOPER_EMAIL: 'a@b.c' }],
    ['a database of another kind', ['--database-url', 'mysql://u:geheim@h/d'], /must begin with postgres/],
  ]
  for (const [what, args, words, environment] of wrong) {
    test(`names ${what}, in one line`, () => {
      assert.throws(
        () => readConfig(args, environment ?? {}),
        (error: Error) => {
          assert.ok(error instanceof ConfigError, String(error))
          assert.match(error.message, words)
          assert.match(error.message, /[.?]$/)
          assert.doesNotMatch(error.message, /\n|geheim/)
          return true
        },
      )
    })
  }

  test('a flag wins over the environment, which wins over the default; an empty one counts as none', () => {
    assert.equal(readConfig([], {}).port, 9000)
    assert.equal(readConfig([], { GATEHOUSE_PORT: '' }).port, 9000)
    assert.equal(readConfig([], { GATEHOUSE_PORT: '9100' }).port, 9100)
    assert.equal(readConfig(['--port', '0'], { GATEHOUSE_PORT: '9100' }).port, 0)
  })

  test('without any, a node listens on loopback, trusts no proxy, allows no private address and has no developer', () => {
    const config = readConfig([], {})
    assert.equal(config.host, '127.0.0.1')
    assert.equal(config.mode, 'development')
    assert.equal(config.weakSandbox, false)
    assert.equal(config.firstDeveloper, undefined)
    assert.deepEqual([config.trustedProxies, config.egressAllow, config.routes], [[], [], []])
    assert.ok(config.keyFile.startsWith(`${config.dataFolder}/`))
  })

  test('lists are read from commas and from a repeated flag', () => {
    const config = readConfig(
      ['--route', 'https://a.example=http://127.0.0.1:1', '--route', 'https://b.example=http://127.0.0.1:2'],
      { GATEHOUSE_EGRESS_ALLOW: '10.0.0.0/8, printer.local,' },
    )
    assert.deepEqual(config.egressAllow, ['10.0.0.0/8', 'printer.local'])
    assert.deepEqual(config.routes, [
      { from: 'https://a.example', to: 'http://127.0.0.1:1' },
      { from: 'https://b.example', to: 'http://127.0.0.1:2' },
    ])
  })

  test('every option says what it is, under a name of its own', () => {
    const names = optionDeclarations.flatMap((option) => [option.flag, option.env])
    assert.equal(new Set(names).size, names.length)
    for (const option of optionDeclarations) assert.ok(option.prose.length > 10, option.flag)
  })
})
