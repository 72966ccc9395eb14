/** One system, or several, that keep every place busy: sign-ins of others go on, through their own auth service. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { openBay } from '../crash/plant.ts'
import { createTestApp } from '../support/app.ts'

const bay = await openBay({ after })
const app = await createTestApp({ after }, { args: ['--egress-allow', '127.0.0.1'] })
const { developer } = app
const password = 'the plant is quiet'
const decide = readFileSync(new URL('../services/init-in-function.service.js', import.meta.url), 'utf8')

const peaceful = await app.createSystem('peaceful')
const userId = await app.createUser(peaceful, 'op@example.com', password)
await app.createService(peaceful, 'authOverride', decide, { executableBy: ['Anonymous'] })
await app.set(peaceful, { auth_service: 'authOverride' })
const signIn = () =>
  app.call('POST', '/api/v/1/user/auth', { system: peaceful, body: { email: 'op@example.com', password } })

/** A service that says that it is there, and then never ends by itself. */
const occupying = `function occupies(req, resp) {
  Requests().get({uri: ${JSON.stringify(bay.url)}}, function () {})
  for (;;) try { throw 1 } catch (e) { continue }
}`

/** Everything that arrives is let go into its loop. */
let arrived = 0
let heard = () => {}
void (async () => {
  while (true) {
    const { release } = await bay.arrival()
    release()
    arrived += 1
    heard()
  }
})()

/** Starts so many runs in so many systems; answers when `places` of them are under way. */
async function crowd(systems: number, runs: number, places: number): Promise<{ done: Promise<unknown> }> {
  const before = arrived
  const all: Promise<unknown>[] = []
  const busy = new Promise<void>((resolve) => {
    heard = () => {
      if (arrived - before >= places) resolve()
    }
  })
  for (let index = 0; index < systems; index++) {
    const system = await app.createSystem(`crowd ${index}`)
    const fields = { execution_timeout: 4 }
    await app.createService(system, 'occupies', occupying, { requires: 'clearblade,http', fields })
    for (let run = 0; run < runs; run++) all.push(app.run(system, 'occupies', {}, { developer }))
  }
  await busy
  return { done: Promise.all(all) }
}

for (const [what, systems, runs, places] of [
  ['one system that loops in every place it gets', 1, 4, 4],
  ['two systems that loop in every place there is', 2, 4, 8],
] as const) {
  test(`${what} keeps nobody else from signing in`, { timeout: 60_000 }, async () => {
    const { done } = await crowd(systems, runs, places)
    for (let count = 0; count < 4; count++) {
      const began = performance.now()
      const answer = await signIn()
      assert.equal(answer.body.user_id, userId, answer.text)
      assert.ok(performance.now() - began < 4000, `a sign-in took ${performance.now() - began} ms`)
    }
    await done
  })
}
