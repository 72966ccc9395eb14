/** A key typed into code is found, and moves into the system's secrets when its developer says so. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestApp, type TestApp } from '../../../../test/support/app.ts'

const source = `// What a developer sets.
var TWILIO_KEY = 'AC0123'
var TWILIO_SECRET = "it's typed"
var config = { apiKey: 'k-123', tokenHeader: 'x-token', base: 'https://api.example.com/v1' }
var TEST_USER_PASSWORD = 'needed as it is'
var OTHER_TOKEN = 'secret:OTHER', EMPTY_TOKEN = ''
`

async function plant(app: TestApp) {
  const system = await app.createSystem()
  await app.createLibrary(system, 'Constants', source)
  const path = (name: string) => `/admin/v/4/system/${system.key}/code/library/${name}/typed-secrets`
  const { developer } = app
  return {
    system,
    find: async (name = 'Constants') => (await app.call('GET', path(name), { developer })).body,
    move: (body: unknown) => app.call('POST', path('Constants'), { developer, body }),
    library: async () => (await app.call('GET', `/codeadmin/v/2/library/${system.key}/Constants`, { developer })).body,
    secrets: async () => (await app.call('GET', `/admin/v/4/system/${system.key}/secrets`, { developer })).body,
  }
}

test('constants that sound like keys are found with their line, but no passwords, references or names of headers', async (t) => {
  const app = await createTestApp(t)
  const { find } = await plant(app)
  assert.deepEqual(await find(), [
    { constant: 'TWILIO_SECRET', line: 3, secret: 'TWILIO_SECRET', hosts: ['api.twilio.com'] },
    { constant: 'apiKey', line: 4, secret: 'API_KEY', hosts: ['api.example.com'] },
  ])
})

test('moving leaves secret:NAME in a new version and nothing else changed', async (t) => {
  const app = await createTestApp(t)
  const { find, move, library, secrets } = await plant(app)
  const { body, text } = await move({})
  assert.equal(body.version, 2)
  assert.doesNotMatch(text, /typed|k-123/)
  const expected = source.replace(`"it's typed"`, `'secret:TWILIO_SECRET'`).replace(`'k-123'`, `'secret:API_KEY'`)
  assert.equal((await library()).code, expected)
  assert.deepEqual(
    (await secrets()).map(({ name, hosts }: { name: string; hosts: string[] }) => [name, hosts]),
    [
      ['API_KEY', ['api.example.com']],
      ['TWILIO_SECRET', ['api.twilio.com']],
    ],
  )
  assert.deepEqual(await find(), [])
  assert.equal((await move({})).status, 400)
})

test('any constant moves when it is named, under the name and for the hosts that are given', async (t) => {
  const app = await createTestApp(t)
  const { move, library, secrets } = await plant(app)
  const wanted = { constant: 'TEST_USER_PASSWORD', secret: 'PW', hosts: ['mail.example.com'] }
  assert.equal((await move({ move: [wanted] })).status, 200)
  assert.match((await library()).code, /TEST_USER_PASSWORD = 'secret:PW'/)
  assert.deepEqual((await secrets())[0].hosts, ['mail.example.com'])
})

test('where one of them cannot be moved nothing changes', async (t) => {
  const app = await createTestApp(t)
  const { system, move, library, secrets } = await plant(app)
  const path = `/admin/v/4/system/${system.key}/secrets`
  await app.call('POST', path, { developer: app.developer, body: { name: 'API_KEY', value: 'x', hosts: [] } })
  for (const body of [
    {},
    { move: [{ constant: 'apiKey', secret: 'no good name' }] },
    { move: [{ constant: 'NONE' }] },
  ]) {
    assert.equal((await move(body)).status, 400, JSON.stringify(body))
  }
  assert.equal((await library()).version, 1)
  assert.equal((await secrets()).length, 1)
})

test('code that does not parse has none to find', async (t) => {
  const app = await createTestApp(t)
  const { system, find } = await plant(app)
  await app.createLibrary(system, 'Broken', "var API_TOKEN = 'abc' oops")
  assert.deepEqual(await find('Broken'), [])
})
