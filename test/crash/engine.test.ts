/** What holds when an engine process dies, and when a node is asked to stop while services run. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { descendants, type NodeProcess, processFacts, startNode, until } from '../support/node-process.ts'
import { createService, createSystem, heldService, makePlace, openBay, type Plant, startPlant } from './plant.ts'

const linuxOnly = { skip: process.platform !== 'linux' && 'processes are looked up in /proc' }

const loop = (name: string): string => `function ${name}() { while (true) { try { throw 1 } catch (e) { continue } } }`

const run = ({ node, developer, system }: Plant, name: string) =>
  node.call('POST', `/api/v/1/code/${system.key}/${name}`, { developer, body: {} })

/** The process below the node that is computing: the one that runs the loop. */
const busyEngine = (node: NodeProcess, before: ReadonlyMap<number, number>): Promise<number> =>
  until(() => descendants(node.pid).find((pid) => (processFacts(pid)?.ticks ?? 0) - (before.get(pid) ?? 0) > 25))

const ticksBelow = (node: NodeProcess): Map<number, number> =>
  new Map(descendants(node.pid).map((pid) => [pid, processFacts(pid)?.ticks ?? 0]))

test(
  'kill -9 of an engine process: its run fails clearly within a second, others go on, the next run works',
  linuxOnly,
  async (t) => {
    const bay = await openBay(t)
    const plant = await startPlant(t, await makePlace(t), ['--egress-allow', '127.0.0.1'])
    const other: Plant = { ...plant, system: await createSystem(plant.node, plant.developer) }
    await createService(plant, 'spin', loop('spin'))
    await createService(plant, 'quick', 'function quick(req, resp) { resp.success("here") }')
    await createService(other, 'held', heldService('held', bay))

    const neighbour = run(other, 'held')
    const { release } = await bay.arrival()
    const before = ticksBelow(plant.node)
    const dying = run(plant, 'spin')
    const engine = await busyEngine(plant.node, before)
    const killedAt = performance.now()
    process.kill(engine, 'SIGKILL')
    const answer = await dying
    const took = performance.now() - killedAt
    assert.equal(answer.status, 200, answer.text)
    assert.deepEqual(answer.body, { success: false, results: 'The run ended with its engine process.' })
    assert.ok(took < 1000, `it took ${took} ms`)

    assert.deepEqual((await run(plant, 'quick')).body, { success: true, results: 'here' })
    release()
    assert.deepEqual((await neighbour).body, { success: true, results: 'go on' })
    const failed = await plant.node.call('GET', `/codeadmin/failed/${plant.system.key}`, { developer: plant.developer })
    assert.match(failed.text, /ended with its engine process/, 'the developer finds it among the failed runs')
  },
)

test(
  'an auth service whose engine is killed lets nobody in, and the next sign-in is decided as ever',
  linuxOnly,
  async (t) => {
    const plant = await startPlant(t, await makePlace(t))
    const { node, developer, system } = plant
    const person = { email: 'op@example.com', password: 'the plant is quiet' }
    const user = await node.call('POST', `/admin/user/${system.key}`, { developer, body: person })
    assert.equal(user.status, 200, user.text)
    const code = `function decide(req, resp) {
    if (req.params.spin) while (true) { try { throw 1 } catch (e) { continue } }
    ClearBlade.init({systemKey: req.systemKey, systemSecret: req.systemSecret, email: req.params.email, password: req.params.password,
      callback: function (err, body) { if (err) resp.error("no"); else resp.success({authToken: body.authToken, user_id: body.user_id, options: {}}) }})
  }`
    await createService(plant, 'decide', code)
    const changes = { services: [{ itemInfo: { name: 'decide' }, permissions: 1 }] }
    const granted = await node.call('PUT', `/admin/user/${system.key}/roles`, {
      developer,
      body: { id: 'Anonymous', changes },
    })
    assert.equal(granted.status, 200, granted.text)
    const set = { id: system.key, auth_service: 'decide' }
    assert.equal((await node.call('PUT', '/admin/v/4/systemmanagement', { developer, body: set })).status, 200)

    const before = ticksBelow(node)
    const dying = node.call('POST', '/api/v/1/user/auth', { system, body: { ...person, spin: true } })
    process.kill(await busyEngine(node, before), 'SIGKILL')
    const refused = await dying
    assert.equal(refused.status, 401, refused.text)
    assert.equal(refused.body.error.code, 918)
    assert.ok(!refused.body.user_token)
    const sessions = await node.call('GET', `/admin/v/4/session/${system.key}/user`, { developer })
    assert.deepEqual(sessions.body, [])
    const next = await node.call('POST', '/api/v/1/user/auth', { system, body: person })
    assert.equal(next.body.user_id, user.body.user_id, next.text)
  },
)

test('SIGTERM finishes what runs, takes nothing new, and ends with 0', async (t) => {
  const bay = await openBay(t)
  const place = await makePlace(t)
  const plant = await startPlant(t, place, ['--egress-allow', '127.0.0.1'])
  const { node, developer } = plant
  await createService(plant, 'held', heldService('held', bay))
  const running = run(plant, 'held')
  const { release } = await bay.arrival()
  node.signal('SIGTERM')
  await node.line(/SIGTERM: finishing what runs/)
  const late = await node.call('GET', '/healthz').then(
    (answer) => answer.status,
    () => 'nobody listens',
  )
  assert.ok(late === 'nobody listens' || late === 503, `a new request got ${late}`)
  assert.equal(node.running(), true, 'it waits for the run')
  release()
  assert.deepEqual((await running).body, { success: true, results: 'go on' })
  assert.deepEqual(await node.ended, { code: 0, signal: null })
  const again = await startNode(t, place.args, place.env)
  assert.equal(
    (await again.call('POST', '/admin/checkauth', { developer, body: {} })).status,
    200,
    'sessions outlive it',
  )
  again.signal('SIGINT')
  assert.deepEqual(await again.ended, { code: 0, signal: null })
})

test('a second SIGTERM ends a node that waits for a run without end', async (t) => {
  const bay = await openBay(t)
  const plant = await startPlant(t, await makePlace(t), ['--egress-allow', '127.0.0.1'])
  await createService(plant, 'held', heldService('held', bay), { execution_timeout: -1 })
  const running = run(plant, 'held').catch(() => 'cut off')
  await bay.arrival()
  plant.node.signal('SIGTERM')
  await plant.node.line(/SIGTERM: finishing what runs/)
  const below = process.platform === 'linux' ? descendants(plant.node.pid) : []
  plant.node.signal('SIGTERM')
  await plant.node.ended
  assert.equal(await running, 'cut off')
  await until(() => (below.every((pid) => processFacts(pid) === undefined) ? true : undefined))
})
