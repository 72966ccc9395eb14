/** The library `messages`: who may send, what comes back, and that an open service is no way to other people's phones. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp } from '../../../../../test/support/app.ts'

const app = await createTestApp({ after })
const { developer } = app

const code = `function tell(req, resp) { var got = "never called";
  Messages.send({to: req.params.to, body: req.params.body}, function (err, data) { got = [err, data, String(data)]; });
  resp.success(got); }`
const message = { to: '(415) 555-0123', body: 'The pump stopped' }

async function plant(runAs?: string) {
  const system = await app.createSystem()
  if (runAs !== undefined) await app.createUser(system, runAs, 'runs the services')
  await app.createService(system, 'tell', code, {
    requires: 'messages',
    executableBy: ['Anonymous', 'Authenticated'],
    ...(runAs !== undefined && { runAs }),
  })
  await app.createUser(system, 'op@example.com', 'the plant is quiet')
  const user = await app.signIn(system, 'op@example.com', 'the plant is quiet')
  const anonymous = (await app.call('POST', '/api/v/1/user/anon', { system, body: {} })).body.user_token
  const inbox = async () => (await app.call('GET', `/admin/v/4/system/${system.key}/inbox`, { developer })).body
  return { system, user, anonymous, inbox }
}

test('a developer, and a service with a run-as user, send; the answer says where it went', async () => {
  const { system, anonymous, inbox } = await plant('runner@example.com')
  for (const as of [{ developer }, { token: anonymous }]) {
    const { results } = (await app.run(system, 'tell', message, as)).body
    const [err, sent] = results
    assert.equal(err, false, JSON.stringify(results))
    assert.deepEqual({ ...sent, id: '' }, { where: 'inbox', provider: 'inbox', state: 'accepted', id: '' })
    assert.match(sent.id, /^SM[0-9a-f]{32}$/)
  }
  assert.deepEqual(
    (await inbox()).map((one: any) => [one.to, one.body]),
    [
      ['+14155550123', message.body],
      ['+14155550123', message.body],
    ],
  )
})

test('a service without a run-as user sends nothing for whoever calls it', async () => {
  const { system, user, anonymous, inbox } = await plant()
  for (const token of [user, anonymous]) {
    const [err, , text] = (await app.run(system, 'tell', message, { token })).body.results
    assert.equal(err, true)
    assert.match(text, /run-as user/)
  }
  assert.deepEqual(await inbox(), [])
})

test('what is not sent comes back as an error that says why', async () => {
  const { system, inbox } = await plant()
  const wrong: [Record<string, unknown>, RegExp][] = [
    [{ ...message, to: 'nobody' }, /no phone number/],
    [{ ...message, to: undefined }, /"to" must be a text/],
    [{ ...message, body: '' }, /characters/],
    [{ ...message, body: 5 }, /"body" must be a text/],
  ]
  for (const [params, words] of wrong) {
    const [err, , text] = (await app.run(system, 'tell', params, { developer })).body.results
    assert.equal(err, true)
    assert.match(text, words)
  }
  await app.set(system, { messages_to: 'provider' })
  const [err, sent, text] = (await app.run(system, 'tell', message, { developer })).body.results
  assert.deepEqual([err, sent.where, sent.state, sent.id], [true, 'provider', 'refused', ''])
  assert.match(text, /no provider/)
  assert.deepEqual(await inbox(), [])
})

test('without a callback, or without a message, nothing breaks', async () => {
  const { system } = await plant()
  const odd = `function odd(req, resp) { var got; Messages.send({to: "${message.to}", body: "x"});
    Messages.send(undefined, function (err, data) { got = [err, String(data)]; }); resp.success(got); }`
  await app.createService(system, 'odd', odd, { requires: 'messages' })
  const ran = await app.run(system, 'odd', {}, { developer })
  assert.equal(ran.body.results[0], true, ran.text)
})
