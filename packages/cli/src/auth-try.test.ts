import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { secondFactorSystem } from '../../server/src/domain/auth/second-factor.fixture.ts'
import { atTerminal, type Ends, signedIn } from './command.fixture.ts'

const email = 'op@example.com'
const password = 'the plant is quiet'

async function plant(t: Ends) {
  const { app, person } = await signedIn(t)
  const system = await secondFactorSystem(app)
  await app.createUser(system, email, password, { sms_phone: '+1 415 555 0123' })
  const file = (name: string, content: string): string => {
    writeFileSync(join(person.home, name), content)
    return name
  }
  return { app, person, system, file }
}

test('auth try draws both steps as a timeline, and ends with 0 where somebody would be let in', async (t) => {
  const { app, person, system } = await plant(t)
  const args = ['auth', 'try', '--system', system.key, '--email', email, '--password-stdin', '--answer']
  const { code, stdout, stderr } = await person.run(args, { input: password })
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^secondFactor, version 1, as it is\. It was a trial: nothing of it happened\.\n\n1 {2}more: /)
  assert.match(stdout, /\n {3}├ auth\.password +[\d.]+ ms {2}ok\n {3}├ auth\.challenge +[\d.]+ ms {2}ok\n/)
  assert.match(stdout, /├ message to ••• 0123 by inbox: Your code is (\d{6})\n {3}├ code \1\n {3}└ answers 200 \{/)
  assert.match(stdout, /\n\n2 {2}granted \(password \+ phone\): /)
  assert.equal(stdout.includes(password), false)
  const { body } = await app.call('GET', `/admin/v/4/system/${system.key}/inbox`, { developer: app.developer })
  assert.deepEqual(body, [], 'no message was sent')
  const wrong = await person.run(['auth', 'try', '--email', email, '--password', 'made-up'])
  assert.equal(wrong.code, 2)
  assert.match(wrong.stdout, /\n1 {2}refused: /)
  const assumed = await person.json(['auth', 'try', '--email', email, '--password', 'made-up', '--assume-password'])
  assert.equal(assumed.steps[0].decision, 'more')
})

test('auth try asks code from a file, at another time and place, in a world of stubs', async (t) => {
  const { app, person, file, system } = await plant(t)
  const candidate = file(
    'candidate.js',
    `function secondFactor(req, resp) {
      Requests().get({ uri: 'https://directory.example.com/op' }, function (err, text) {
        resp.success({ authToken: '', user_id: '', options: { err: err, text: text, from: req.context.proven.address,
          hour: new Date().getUTCHours(), agent: req.context.claimed.user_agent, badge: req.params.badge, before: req.params.before } })
      })
    }`,
  )
  const stubs = file(
    'stubs.json',
    JSON.stringify([{ url: 'https://directory.example.com/op', body: { active: true } }]),
  )
  const params = file('params.json', '{"badge": 7}')
  const report = await person.json([
    ...['auth', 'try', '--code', candidate, '--requires', 'http', '--stubs', stubs, '--params', params],
    ...['--params', '{"before": "$1.options.badge"}', '--address', '203.0.113.9', '--at', '2031-01-31T22:10:00Z'],
    ...['--context', '{"user_agent": "plant app"}'],
  ])
  assert.equal(report.tried, 'code')
  const [first, second] = report.steps.map((step: any) => step.answer.body.options)
  assert.deepEqual(first, {
    ...{ err: false, text: '{"active":true}', from: '203.0.113.9', hour: 22, agent: 'plant app', badge: 7 },
  })
  assert.equal(second.before, 7)
  const { body } = await app.call('GET', `/admin/code/v/1/${system.key}/secondFactor`, { developer: app.developer })
  assert.equal(body.version, 1, 'nothing was saved')
  const { stdout } = await person.run(['auth', 'try', '--code', candidate, '--requires', 'http', '--params', params])
  assert.match(stdout, /GET https:\/\/directory\.example\.com\/op {2}no stub, so the network seems down/)
})

test('auth try asks for the password at a terminal and does not show it', async (t) => {
  const { person } = await plant(t)
  const { code, shown } = await atTerminal(person, ['auth', 'try', '--email', email], [[/Password of op/, password]])
  assert.equal(code, 0, shown)
  assert.equal(shown.includes(password), false)
})

test('auth try says what is missing or does not go together', async (t) => {
  const { person, file } = await plant(t)
  const code = file('code.js', 'x')
  const wrong: [string[], RegExp][] = [
    [[], /Who signs in\?/],
    [['--email', email], /no terminal/],
    [['--password', 'x'], /goes with --email/],
    [['--email', email, '--password', 'x', '--password-stdin'], /not both/],
    [['--params', '[1]'], /cannot be read/],
    [['--params', '{"a": }'], /--params/],
    [['--params', '{}', '--version', '1', '--code', code], /not both/],
    [['--params', '{}', '--version', 'one'], /whole number/],
    [['--params', '{}', '--service', 'nothing'], /no service "nothing"/],
    [['--params', '{}', '--address', 'here'], /IP address/],
  ]
  for (const [args, said] of wrong) {
    const { code: exit, stderr } = await person.run(['auth', 'try', ...args])
    assert.equal(exit, 1, stderr)
    assert.match(stderr, said)
  }
  const { stdout } = await person.run(['auth', 'try', '--help'])
  assert.match(stdout, /Exit codes: 0 done, 1 not done, 2 the last step/)
})
