/** What the end of a session promises for what its holder had begun: what waits for its turn changes nothing any more. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createTestApp, developerEmail, developerPassword, type TestApp } from '../../../../../test/support/app.ts'

const email = 'op@example.com'
const [password, stolen] = ['the plant is quiet', 'the thief was here']

describe('a session that is ended while its request waits', () => {
  let app: TestApp
  let system: { key: string; secret: string }
  const ends: (() => unknown)[] = []
  after(async () => {
    for (const end of ends) await end()
  })
  before(async () => {
    app = await createTestApp({ after: (end: () => unknown) => ends.push(end) })
    system = await app.createSystem()
  })

  /** Holds the request at its first hash: then its session has been looked at. */
  async function duringHash<T>(request: () => Promise<T>, meanwhile: () => Promise<unknown>): Promise<T> {
    const { gate } = app.app.means
    const hash = gate.hash.bind(gate)
    let [arrived, release] = [() => {}, () => {}]
    const waits = new Promise<void>((resolve) => {
      arrived = resolve
    })
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    gate.hash = async (work) => {
      arrived()
      await released
      return hash(work)
    }
    const answer = request()
    await waits
    gate.hash = hash
    await meanwhile()
    release()
    return answer
  }

  test('sets no password of its user', async () => {
    await app.createUser(system, email, password)
    const token = await app.signIn(system, email, password)
    const answer = await duringHash(
      () => app.call('PUT', '/api/v/1/user/pass', { token, body: { old_password: password, new_password: stolen } }),
      () => app.call('POST', '/api/v/1/user/logout', { token, system }),
    )
    assert.equal(answer.status, 401, answer.text)
    assert.ok(await app.signIn(system, email, password))
  })

  test('sets no password over one that was set meanwhile', async () => {
    const user = await app.createUser(system, 'two@example.com', password)
    const token = await app.signIn(system, 'two@example.com', password)
    const changing = { user, changes: { password: 'the plant is safe' } }
    const answer = await duringHash(
      () => app.call('PUT', '/api/v/1/user/pass', { token, body: { old_password: password, new_password: stolen } }),
      () => app.call('PUT', `/admin/user/${system.key}`, { developer: app.developer, body: changing }),
    )
    assert.equal(answer.status, 401, answer.text)
    assert.ok(await app.signIn(system, 'two@example.com', 'the plant is safe'))
  })

  test('changes no user and no password of a developer', async () => {
    const user = await app.createUser(system, 'three@example.com', password)
    const signedIn = () =>
      app.call('POST', '/admin/auth', { body: { email: developerEmail, password: developerPassword } })
    const logout = (developer: string) => () => app.call('POST', '/admin/logout', { developer })
    const one: string = (await signedIn()).body.dev_token
    const body = { user, changes: { password: stolen } }
    const managed = await duringHash(
      () => app.call('PUT', `/admin/user/${system.key}`, { developer: one, body }),
      logout(one),
    )
    assert.equal(managed.status, 401, managed.text)
    assert.ok(await app.signIn(system, 'three@example.com', password))
    const two: string = (await signedIn()).body.dev_token
    const passwords = { old_password: developerPassword, new_password: `${stolen} and there` }
    const changed = await duringHash(
      () => app.call('PUT', '/admin/putpass', { developer: two, body: passwords }),
      logout(two),
    )
    assert.equal(changed.status, 401, changed.text)
    assert.equal((await signedIn()).status, 200)
  })
})
