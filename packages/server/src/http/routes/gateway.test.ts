/** The development gateway: what services and programs send to Twilio's paths comes into the inbox, and nowhere else. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { createTestApp, type TestApp } from '../../../../../test/support/app.ts'
import { systemByKey } from '../../domain/systems/systems.ts'
import { deleteOldInboxMessages, insertInboxMessage, searchInbox } from '../../store/tables/inbox.ts'
import { readBasic } from '../basic.ts'
import { insideGateway } from '../inside-gateway.ts'

const app = await createTestApp({ after })
const { developer } = app

const api = 'https://api.twilio.com'
const account = `AC${'0a'.repeat(16)}`
const to = '+14155550123'
const from = '+15005550006'

const send = `function send(req, resp) { var got;
  Requests()[req.params.method](req.params.options, function (err, text) { got = [err, text]; });
  resp.success(got); }`

type System = { key: string; secret: string }

async function plant(on: TestApp = app): Promise<System> {
  const system = await on.createSystem()
  await on.createService(system, 'send', send, { requires: 'clearblade,http' })
  return system
}

/** What a service of the system got from one request, with its status. */
async function asked(on: TestApp, system: System, method: string, options: Record<string, unknown>) {
  const whole = { auth: { user: account, pass: 'token' }, form: true, full: true, ...options }
  const ran = await on.run(system, 'send', { method, options: whole }, { developer: on.developer })
  const [err, text] = ran.body.results
  assert.equal(err, false, String(text))
  return { status: text.Status, body: JSON.parse(text.Body), headers: text.Header }
}

const inboxOf = async (system: System, query: Record<string, string> = {}, on: TestApp = app) =>
  (await on.call('GET', `/admin/v/4/system/${system.key}/inbox`, { developer: on.developer, query })).body

const messages = `${api}/2010-04-01/Accounts/${account}/Messages`
const post = (system: System, body: Record<string, unknown>) =>
  asked(app, system, 'post', { uri: `${messages}.json`, body })

const dates = /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000$/

test('a message of a service comes into the inbox, and is answered as Twilio answers it', async () => {
  const system = await plant()
  const { status, body, headers } = await post(system, {
    To: '(415) 555-0123',
    From: from,
    Body: 'Your code is 123456',
  })
  assert.equal(status, 201)
  assert.match(body.sid, /^SM[0-9a-f]{32}$/)
  const { sid, date_created, date_updated, ...rest } = body
  for (const date of [date_created, date_updated]) assert.match(date, dates)
  assert.deepEqual(rest, {
    account_sid: account,
    api_version: '2010-04-01',
    body: 'Your code is 123456',
    date_sent: null,
    direction: 'outbound-api',
    error_code: null,
    error_message: null,
    from,
    messaging_service_sid: null,
    num_media: '0',
    num_segments: '1',
    price: null,
    price_unit: 'USD',
    status: 'queued',
    subresource_uris: { media: `/2010-04-01/Accounts/${account}/Messages/${sid}/Media.json` },
    to,
    uri: `/2010-04-01/Accounts/${account}/Messages/${sid}.json`,
  })
  assert.deepEqual(headers['Gatehouse-Messages-To'], ['inbox'])
  const [message, ...none] = await inboxOf(system)
  assert.deepEqual(none, [])
  assert.equal(message.at, new Date(message.at).toISOString())
  assert.deepEqual({ ...message, at: 0 }, { id: sid, to, from, body: 'Your code is 123456', at: 0 })
  const found = await asked(app, system, 'get', { uri: `${messages}/${sid}.json` })
  assert.deepEqual([found.status, found.body.sid, found.body.status], [200, sid, 'delivered'])
  assert.match(found.body.date_sent, dates)
})

test('the older path answers in the older shape', async () => {
  const system = await plant()
  const older = `${api}/2010-04-01/Accounts/${account}/SMS/Messages`
  const made = await asked(app, system, 'post', { uri: `${older}.json`, body: { To: to, From: from, Body: 'é😀' } })
  assert.equal(made.status, 201)
  const { sid } = made.body
  assert.equal(made.body.uri, `/2010-04-01/Accounts/${account}/SMS/Messages/${sid}.json`)
  for (const name of ['subresource_uris', 'num_media', 'messaging_service_sid']) assert.ok(!(name in made.body), name)
  const list = await asked(app, system, 'get', { uri: `${older}.json` })
  assert.deepEqual(
    list.body.sms_messages.map((one: any) => [one.sid, one.body]),
    [[sid, 'é😀']],
  )
  assert.deepEqual([list.body.total, list.body.num_pages, list.body.page], [1, 1, 0])
  assert.equal((await asked(app, system, 'get', { uri: `${older}/${sid}.json` })).body.sid, sid)
})

test('what Twilio refuses is refused with its code, its status and its shape, and nothing comes into the inbox', async () => {
  const system = await plant()
  const good = { To: to, From: from, Body: 'x' }
  const wrong: [Record<string, unknown>, number, number][] = [
    [{ ...good, From: '' }, 400, 21603],
    [{ ...good, To: '' }, 400, 21604],
    [{ ...good, Body: '' }, 400, 21602],
    [{ ...good, Body: 'x'.repeat(1601) }, 400, 21617],
    [{ ...good, To: '+1415' }, 400, 21211],
    [{ ...good, To: 'nobody' }, 400, 21211],
    [{ ...good, To: '+19005551234' }, 400, 21211],
    [{ ...good, From: 'a name that is far too long' }, 400, 21212],
  ]
  for (const [body, status, code] of wrong) {
    const answer = await post(system, body)
    const { message, ...rest } = answer.body
    assert.equal(typeof message, 'string')
    assert.deepEqual(rest, { code, more_info: `https://www.twilio.com/docs/errors/${code}`, status })
    assert.equal(answer.status, status)
  }
  const unknown: [string, string, number, number][] = [
    ['get', `${messages}/SM${'0'.repeat(32)}.json`, 404, 20404],
    ['get', `${api}/2010-04-01/Accounts/${account}/Calls.json`, 404, 20404],
    ['post', `${api}/2010-04-01/Accounts//Messages.json`, 404, 20404],
    ['get', `${api}/`, 404, 20404],
    ['put', `${messages}.json`, 405, 20004],
    ['get', `${messages}.json?DateSent=yesterday`, 400, 20001],
  ]
  for (const [method, uri, status, code] of unknown) {
    const answer = await asked(app, system, method, { uri, ...(method !== 'get' && { body: good }) })
    assert.deepEqual([answer.status, answer.body.code], [status, code], uri)
  }
  assert.deepEqual(await inboxOf(system), [])
})

test('empty credentials are refused as Twilio refuses them', async () => {
  const system = await plant()
  const uri = `${messages}.json`
  for (const auth of [{ user: '', pass: '' }, { user: account, pass: '' }, { user: '', pass: 'x' }, undefined]) {
    const { status, body } = await asked(app, system, 'post', { uri, auth, body: { To: to, From: from, Body: 'x' } })
    assert.deepEqual([status, body.code, body.message], [401, 20003, 'Authenticate'])
  }
  // Without full the service sees an error, as with the real one.
  const options = { uri, body: { To: to, From: from, Body: 'x' }, form: true }
  const ran = await app.run(system, 'send', { method: 'post', options }, { developer })
  assert.equal(ran.body.results[0], true)
  assert.match(ran.body.results[1], /20003/)
})

test('senders are numbers, short codes, names, or a messaging service', async () => {
  const system = await plant()
  for (const sender of ['500 555 0006', '15005550006', '12345', 'Gatehouse']) {
    assert.equal((await post(system, { To: to, From: sender, Body: 'x' })).status, 201, sender)
  }
  const service = `MG${'0'.repeat(32)}`
  const made = await post(system, { To: to, MessagingServiceSid: service, Body: 'x' })
  const { status, from: sender, messaging_service_sid: sid, num_segments } = made.body
  assert.deepEqual([status, sender, sid, num_segments], ['accepted', null, service, '0'])
  assert.deepEqual(
    (await inboxOf(system)).map((one: any) => one.from),
    [from, from, '12345', 'Gatehouse', ''],
  )
})

test('segments are counted as a phone network counts them', async () => {
  const system = await plant()
  const bodies: [string, string][] = [
    ['x'.repeat(160), '1'],
    ['x'.repeat(161), '2'],
    ['€'.repeat(80), '1'],
    ['€'.repeat(81), '2'],
    ['я'.repeat(70), '1'],
    ['я'.repeat(71), '2'],
  ]
  for (const [Body, segments] of bodies) {
    assert.equal((await post(system, { To: to, From: from, Body })).body.num_segments, segments)
  }
})

test('a list is filtered and paged as the API does', async () => {
  const system = await plant()
  for (let i = 1; i <= 5; i++) await post(system, { To: i === 3 ? '+14155550199' : to, From: from, Body: `n${i}` })
  const bodies = async (query: string) => {
    const { body } = await asked(app, system, 'get', { uri: `${messages}.json${query}` })
    return { ...body, bodies: body.messages.map((one: any) => one.body) }
  }
  assert.deepEqual((await bodies('')).bodies, ['n5', 'n4', 'n3', 'n2', 'n1'])
  assert.deepEqual((await bodies('?To=%2B14155550199')).bodies, ['n3'])
  assert.deepEqual((await bodies(`?From=${encodeURIComponent(from)}`)).bodies.length, 5)
  const today = new Date().toISOString().slice(0, 10)
  assert.equal((await bodies(`?DateSent=${today}`)).bodies.length, 5)
  assert.deepEqual((await bodies('?DateSent=2001-01-01')).bodies, [])
  assert.deepEqual((await bodies('?DateSent%3C=2001-01-01')).bodies, [])
  assert.equal((await bodies('?DateSent%3E=2001-01-01T00:00:00Z')).bodies.length, 5)
  const first = await bodies('?PageSize=2')
  assert.deepEqual([first.bodies, first.page, first.page_size, first.start, first.end], [['n5', 'n4'], 0, 2, 0, 1])
  assert.equal(first.previous_page_uri, null)
  const second = await bodies(first.next_page_uri.slice(first.next_page_uri.indexOf('?')))
  assert.deepEqual(second.bodies, ['n3', 'n2'])
  const third = await bodies(second.next_page_uri.slice(second.next_page_uri.indexOf('?')))
  assert.deepEqual([third.bodies, third.next_page_uri], [['n1'], null])
})

test('the gateway takes sixty messages a minute of one system, then answers 20429', async () => {
  const system = await plant()
  const code = `function flood(req, resp) { var got = [];
    for (var i = 0; i < 62; i++) Requests().post({uri: "${messages}.json", auth: {user: "a", pass: "b"}, form: true, full: true,
      body: {To: "${to}", From: "${from}", Body: "n" + i}}, function (err, r) { got.push(r.Status); });
    resp.success(got); }`
  await app.createService(system, 'flood', code, { requires: 'clearblade,http' })
  const ran = await app.run(system, 'flood', {}, { developer })
  assert.deepEqual(ran.body.results, [...Array(60).fill(201), 429, 429])
  assert.equal((await inboxOf(system)).length, 60)
  const other = await plant()
  assert.equal((await post(other, { To: to, From: from, Body: 'x' })).status, 201, 'another system has its own minute')
})

test('the inbox is read by the developers of the system alone, newest ones limited, oldest first, and can be emptied', async () => {
  const system = await plant()
  await app.createUser(system, 'op@example.com', 'the plant is quiet')
  const token = await app.signIn(system, 'op@example.com', 'the plant is quiet')
  for (let i = 1; i <= 3; i++) await post(system, { To: to, From: from, Body: `n${i}` })
  const path = `/admin/v/4/system/${system.key}/inbox`
  for (const caller of [{}, { token }, { system }, { developer: token }]) {
    for (const method of ['GET', 'DELETE'] as const) assert.ok((await app.call(method, path, caller)).status >= 400)
  }
  const all = await inboxOf(system)
  assert.deepEqual(
    all.map((one: any) => one.body),
    ['n1', 'n2', 'n3'],
  )
  assert.deepEqual(
    (await inboxOf(system, { limit: '2' })).map((one: any) => one.body),
    ['n2', 'n3'],
  )
  assert.deepEqual(await inboxOf(system, { since: all[2].at }), [])
  assert.deepEqual((await inboxOf(system, { since: String(Date.parse(all[0].at) - 1) })).length, 3)
  const wrong: Record<string, string>[] = [{ limit: '0' }, { limit: '501' }, { limit: 'x' }, { since: 'soon' }]
  for (const query of wrong) assert.equal((await app.call('GET', path, { developer, query })).status, 400)
  const other = await plant()
  assert.deepEqual(await inboxOf(other), [])
  assert.deepEqual((await app.call('DELETE', path, { developer })).body, { removed: 3 })
  assert.deepEqual(await inboxOf(system), [])
})

test('the inbox keeps a thousand messages of a system, for a day', async () => {
  const [system, other] = [await plant(), await plant()]
  const { store } = app.app.means
  const at = Date.now()
  const add = (on: System, i: number) =>
    insertInboxMessage(store.forSystem(on.key), {
      id: `${on.key}-${i}`,
      to,
      from,
      serviceSid: null,
      body: `n${i}`,
      at: at + i,
    })
  await add(other, 0)
  for (let i = 0; i < 1003; i++) await add(system, i)
  await add(system, 1002)
  const kept = await searchInbox(store.forSystem(system.key), {}, { offset: 999, limit: 10 })
  assert.deepEqual([kept.total, kept.messages.map((one) => one.body)], [1000, ['n3']])
  assert.equal((await inboxOf(other)).length, 1)
  await deleteOldInboxMessages(store, at + 1000)
  assert.deepEqual(
    (await inboxOf(system)).map((one: any) => one.body),
    ['n1000', 'n1001', 'n1002'],
  )
  assert.deepEqual(await inboxOf(other), [])
})

const form = { 'content-type': 'application/x-www-form-urlencoded' }
const basic = (user: string, pass: string) => `Basic ${Buffer.from(`${user}:${pass}`).toString('base64')}`
const message = new URLSearchParams({ To: to, From: from, Body: 'from outside' }).toString()

test('a program outside reaches the gateway with the account of its system, and with no other', async () => {
  const [system, other] = [await plant(), await plant()]
  const shown = await app.call('GET', `/admin/v/4/system/${system.key}/sending`, { developer })
  const { account_sid: sid, auth_token: token } = shown.body.gateway
  assert.equal(shown.body.where, 'inbox')
  assert.match(sid, /^AC[0-9a-f]{32}$/)
  assert.match(token, /^[0-9a-f]{32}$/)
  const path = `/2010-04-01/Accounts/${sid}/Messages.json`
  const outside = (authorization: string | undefined, at = path) =>
    app.call('POST', at, { body: message, headers: { ...form, ...(authorization !== undefined && { authorization }) } })
  const made = await outside(basic(sid, token))
  assert.equal(made.status, 201, made.text)
  assert.equal(made.headers['content-type'], 'application/json;charset=utf-8')
  const foreign = (await app.call('GET', `/admin/v/4/system/${other.key}/sending`, { developer })).body.gateway
  const refused = [
    undefined,
    'Basic !',
    'Bearer x',
    basic(sid, ''),
    basic('', ''),
    basic(sid, token.slice(1)),
    basic(sid, foreign.auth_token),
    basic(foreign.account_sid, token),
    basic(foreign.account_sid, foreign.auth_token),
    basic(account, token),
  ]
  for (const authorization of refused) {
    const answer = await outside(authorization)
    assert.deepEqual([answer.status, answer.body.code], [401, 20003], String(authorization))
  }
  assert.equal((await outside(basic(sid, token), `/2010-04-01/Accounts/${sid}/Calls.json`)).body.code, 20404)
  const huge = await app.call('POST', path, {
    body: `${message}&X=${'x'.repeat(70_000)}`,
    headers: { ...form, authorization: basic(sid, token) },
  })
  assert.equal(huge.status, 413)
  assert.equal((await inboxOf(system)).length, 1)
  assert.equal((await inboxOf(other)).length, 0)
  const listed = await app.call('GET', `${path}?To=${encodeURIComponent(to)}`, {
    headers: { authorization: basic(sid, token) },
  })
  assert.equal(listed.body.messages[0].body, 'from outside')
})

test('services do not reach the gateway through the URL of their node', async () => {
  const system = await plant()
  const uri = `${app.app.means.publicUrl()}/2010-04-01/Accounts/${account}/Messages.json`
  const ran = await app.run(system, 'send', { method: 'get', options: { uri } }, { developer })
  assert.equal(ran.body.results[0], true)
})

test('an operator’s route for the origin wins, and so does the setting of the system', async (t) => {
  const seen: (string | undefined)[] = []
  const provider = createServer((request, response) => {
    seen.push(request.headers.host)
    response.end('{}')
  })
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    provider.closeAllConnections()
    provider.close()
  })
  const route = `${api}=http://127.0.0.1:${(provider.address() as AddressInfo).port}`
  const routed = await createTestApp(t, { args: ['--route', route] })
  const system = await plant(routed)
  const body = { To: to, From: from, Body: 'x' }
  assert.equal((await asked(routed, system, 'post', { uri: `${messages}.json`, body })).status, 200)
  assert.deepEqual(seen, ['api.twilio.com'])
  assert.deepEqual(await inboxOf(system, {}, routed), [])

  const own = await plant()
  await app.set(own, { messages_to: 'provider' })
  assert.equal((await app.call('GET', `/admin/v/4/system/${own.key}/sending`, { developer })).body.where, 'provider')
  const runOf = async (key: string) => {
    const { means } = app.app
    return { scope: { ...means, system: await systemByKey(means, key) } }
  }
  const url = new URL(`${messages}.json`)
  assert.equal(insideGateway(url, await runOf(own.key)), undefined)
  const usual = await plant()
  assert.notEqual(insideGateway(url, await runOf(usual.key)), undefined)
  for (const other of ['http://api.twilio.com/', 'https://api.twilio.com:444/', 'https://verify.twilio.com/']) {
    assert.equal(insideGateway(new URL(other), await runOf(usual.key)), undefined, other)
  }
})

test('in production there is neither gateway nor inbox, whatever the setting says', async (t) => {
  const production = await createTestApp(t, {
    args: ['--mode', 'production', '--url', 'https://gate.example.com', '--weak-sandbox'],
  })
  const system = await production.createSystem()
  await production.set(system, { messages_to: 'inbox' })
  const service = await plant(production)
  await production.set(service, { messages_to: 'inbox' })
  const options = { uri: `${messages}.json`, auth: { user: account, pass: 'x' }, form: true, body: { To: to } }
  const ran = await production.run(service, 'send', { method: 'post', options }, { developer: production.developer })
  assert.equal(ran.body.results[0], true)
  assert.match(ran.body.results[1], /in production there is none/)
  const inbox = `/admin/v/4/system/${system.key}/inbox`
  assert.equal((await production.call('GET', inbox, { developer: production.developer })).status, 404)
  assert.equal((await production.call('DELETE', inbox, { developer: production.developer })).status, 404)
  const path = `/2010-04-01/Accounts/${account}/Messages.json`
  const answer = await production.call('POST', path, { body: message, headers: form })
  assert.equal(answer.status, 404)
  const shown = await production.call('GET', `/admin/v/4/system/${system.key}/sending`, {
    developer: production.developer,
  })
  assert.equal(shown.body.gateway, undefined)
})

test('the trace of a sign-in says that its message went to the inbox, and not what it said', async () => {
  const system = await app.createSystem()
  const code = `function gate(req, resp) { Requests().post({uri: "${messages}.json", auth: {user: "a", pass: "b"}, form: true,
    body: {To: "${to}", From: "${from}", Body: "Your code is 998877"}}, function () {}); resp.error("not yet"); }`
  await app.createService(system, 'gate', code, { requires: 'clearblade,http', executableBy: ['Anonymous'] })
  await app.set(system, { auth_service: 'gate' })
  await app.call('POST', '/api/v/1/user/auth', { system, body: { email: 'op@example.com', password: 'x' } })
  const traces = await app.call('GET', `/admin/v/4/system/${system.key}/sign-ins`, { developer })
  assert.deepEqual(traces.body[0].messages, [{ to: 'inbox', state: 'accepted' }])
  assert.doesNotMatch(traces.text, /998877|4155550123/)
})

test('basic credentials are read, and what is none is none', () => {
  assert.deepEqual(readBasic(basic('a', 'b:c')), { user: 'a', password: 'b:c' })
  for (const text of [undefined, '', 'Basic', 'Basic ', 'Basic YQ==', 'basic!', 'Digest YTpi']) {
    assert.equal(readBasic(text), undefined, String(text))
  }
})
