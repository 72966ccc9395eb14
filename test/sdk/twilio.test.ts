/** Twilio's own Node library from npm, unmodified, pointed at the gateway by a client of HTTP that changes the host alone. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import twilio from 'twilio'
import { createTestApp } from '../support/app.ts'

const app = await createTestApp({ after })
const { developer } = app
const node = new URL(app.app.means.publicUrl())

/** A client of HTTP as the library takes one: its own, with another host. */
function pointed(): twilio.RequestClient {
  const client = new twilio.RequestClient()
  const request = client.request.bind(client)
  client.request = (options) => {
    const url = new URL(options.uri)
    assert.equal(url.origin, 'https://api.twilio.com')
    url.protocol = node.protocol
    url.host = node.host
    return request({ ...options, uri: url.href })
  }
  return client
}

const from = '+15005550006'
const to = '+14155550123'

async function plant() {
  const system = await app.createSystem()
  const { body } = await app.call('GET', `/admin/v/4/system/${system.key}/sending`, { developer })
  const { account_sid: sid, auth_token: token } = body.gateway
  const inbox = async () =>
    (await app.call('GET', `/admin/v/4/system/${system.key}/inbox`, { developer })).body as Record<string, string>[]
  return { sid, inbox, client: twilio(sid, token, { httpClient: pointed() }) }
}

test("Twilio's library sends a message and reads it back unchanged", async () => {
  const { client, inbox, sid } = await plant()
  const body = 'Your code is 123456 – é😀 & more'
  const sent = await client.messages.create({ to, from, body })
  assert.match(sent.sid, /^SM[0-9a-f]{32}$/)
  assert.deepEqual([sent.to, sent.from, sent.body, sent.accountSid], [to, from, body, sid])
  assert.deepEqual(
    [sent.status, sent.direction, sent.errorCode, sent.numSegments],
    ['queued', 'outbound-api', null, '1'],
  )
  assert.ok(sent.dateCreated instanceof Date && Math.abs(sent.dateCreated.getTime() - Date.now()) < 60_000)
  const found = await client.messages(sent.sid).fetch()
  assert.deepEqual([found.sid, found.body, found.status], [sent.sid, body, 'delivered'])
  assert.ok(found.dateSent instanceof Date)
  const [message] = await inbox()
  assert.deepEqual([message!.id, message!.to, message!.from, message!.body], [sent.sid, to, from, body])
})

test("Twilio's library lists messages over pages, with its filters", async () => {
  const { client } = await plant()
  for (let i = 1; i <= 5; i++) {
    await client.messages.create({ to: i === 2 ? '+14155550199' : to, from, body: `n${i}` })
  }
  const bodies = (list: { body: string }[]) => list.map((one) => one.body)
  assert.deepEqual(bodies(await client.messages.list()), ['n5', 'n4', 'n3', 'n2', 'n1'])
  assert.deepEqual(bodies(await client.messages.list({ pageSize: 2 })), ['n5', 'n4', 'n3', 'n2', 'n1'])
  assert.deepEqual(bodies(await client.messages.list({ limit: 3 })), ['n5', 'n4', 'n3'])
  assert.deepEqual(bodies(await client.messages.list({ to: '+14155550199' })), ['n2'])
  assert.equal((await client.messages.list({ dateSentAfter: new Date(Date.now() - 60_000) })).length, 5)
  assert.equal((await client.messages.list({ dateSentBefore: new Date(Date.now() - 60_000) })).length, 0)
})

test("Twilio's library reads the errors as it reads those of Twilio", async () => {
  const { client, inbox, sid } = await plant()
  const failure = (status: number, code: number) => (error: twilio.RestException) => {
    assert.deepEqual([error.status, error.code], [status, code], error.message)
    assert.equal(error.moreInfo, `https://www.twilio.com/docs/errors/${code}`)
    return true
  }
  await assert.rejects(client.messages.create({ to: '+1415', from, body: 'x' }), failure(400, 21211))
  await assert.rejects(client.messages.create({ to, from, body: '' }), failure(400, 21602))
  await assert.rejects(client.messages(`SM${'0'.repeat(32)}`).fetch(), failure(404, 20404))
  const stranger = twilio(sid, '0'.repeat(32), { httpClient: pointed() })
  await assert.rejects(stranger.messages.create({ to, from, body: 'x' }), failure(401, 20003))
  assert.deepEqual(await inbox(), [])
})
