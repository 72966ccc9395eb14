/** What this node does not offer yet, reached through both SDKs from npm: a clear answer in the envelope, and no hanging. */
import assert from 'node:assert/strict'
import { type AddressInfo, createServer } from 'node:net'
import { after, test } from 'node:test'
import { createTestApp } from '../support/app.ts'
import { answered, refused } from './answered.ts'
import { openPage, signedIn } from './browser-sdk.ts'
import { signedIn as signedInNode } from './node-sdk.ts'
import { openPlant } from './plant.ts'

const plant = await openPlant(await createTestApp({ after }))
const page = openPage()
after(page.close)
const cb = await signedIn(page, plant)

type Callback = (err: unknown, data?: unknown) => void

const query = () => cb.Query().equalTo('name', 'pump')

const calls: Record<string, (callback: Callback) => void> = {
  'Device.create': (callback) => cb.Device().create({ name: 'pump', active_key: 'x' }, callback),
  'Device.getDeviceByName': (callback) => cb.Device().getDeviceByName('pump', callback),
  'Device.updateDeviceByName': (callback) => cb.Device().updateDeviceByName('pump', { on: true }, false, callback),
  'Device.deleteDeviceByName': (callback) => cb.Device().deleteDeviceByName('pump', callback),
  'Device.fetch': (callback) => cb.Device().fetch(callback),
  'Device.update': (callback) => cb.Device().update(query(), { on: true }, false, callback),
  'Device.delete': (callback) => cb.Device().delete(query(), callback),
  'Device.columns': (callback) => cb.Device().columns(callback),
  'Device.count': (callback) => cb.Device().count(query(), callback),
  'Roles.fetch of a device': (callback) => cb.Roles().fetch({ device: 'pump' }, callback),
  getEdges: (callback) => cb.getEdges(callback),
  'Edge.create': (callback) => cb.Edge().create({ description: '' }, 'site', callback),
  'Edge.updateEdgeByName': (callback) => cb.Edge().updateEdgeByName('site', { description: '' }, callback),
  'Edge.deleteEdgeByName': (callback) => cb.Edge().deleteEdgeByName('site', callback),
  'Edge.columns': (callback) => cb.Edge().columns(callback),
  'Edge.count': (callback) => cb.Edge().count(query(), callback),
  'Triggers.fetchDefinitions': (callback) => cb.Triggers().fetchDefinitions(callback),
  'Triggers.create': (callback) => cb.Triggers().create('t', { service_name: 's' }, callback),
  'Triggers.update': (callback) => cb.Triggers().update('t', { service_name: 's' }, callback),
  'Triggers.delete': (callback) => cb.Triggers().delete('t', callback),
  'MessagingStats.getMessageHistory': (callback) => cb.MessagingStats().getMessageHistory('t', 0, 5, callback),
  'MessagingStats.getAndDeleteMessageHistory': (callback) =>
    cb.MessagingStats().getAndDeleteMessageHistory('t', 5, 0, -1, -1, callback),
  'MessagingStats.currentTopics': (callback) => cb.MessagingStats().currentTopics(callback),
  'MessagingStats.getAveragePayloadSize': (callback) => cb.MessagingStats().getAveragePayloadSize('t', 0, 1, callback),
  'MessagingStats.getOpenConnections': (callback) => cb.MessagingStats().getOpenConnections(callback),
  'MessagingStats.getCurrentSubscribers': (callback) => cb.MessagingStats().getCurrentSubscribers('t', callback),
  sendPush: (callback) => cb.sendPush(['u'], { alert: 'x' }, 'app', callback),
  'Analytics.getStorage': (callback) => cb.Analytics().getStorage({ scope: { system: 'x' } }, callback),
}

for (const [name, call] of Object.entries(calls)) {
  test(`the browser SDK hears that ${name} is not there`, async () => {
    const { statusCode } = await refused(call)
    assert.ok(statusCode === 404 || statusCode === 501, `status ${statusCode}`)
  })
}

test('the browser SDK hears that there is no messaging, over the socket and over HTTP', async () => {
  const { hostname, port } = new URL(plant.url)
  let messaging: any
  const connected = answered((callback) => {
    messaging = cb.Messaging({ hosts: [hostname], ports: [Number(port)] }, callback)
  })
  // Its call over HTTP needs no connection.
  await refused((callback) => messaging.publishREST('t', 'x', callback), 404)
  assert.ok((await connected).err, 'Messaging reports success')
})

/** A port of loopback where nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

test('the Node SDK hears that there is no message history; its connection, refused, it tries for ever', async () => {
  const node = await signedInNode(plant)
  const messaging = node.Messaging({ hosts: '127.0.0.1', ports: await closedPort() }, () => {})
  try {
    await refused((callback) => messaging.getMessageHistory('t', 0, 5, callback), 404)
  } finally {
    messaging.client.end(true)
  }
})

test('the Node SDK cannot send a push: it fails before it asks', async () => {
  const node = await signedInNode(plant)
  assert.throws(() => node.sendPush(['u'], { alert: 'x' }, 'app', () => {}), /URI/)
})
