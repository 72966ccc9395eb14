import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, createTestApp, type TestApp } from '../../../../../test/support/app.ts'

const email = 'op@example.com'
const password = 'the plant is quiet'

/** The first waits are of a second: a slow machine must not sit them out. Answers how to move the clock on. */
function standStill({ app }: TestApp): (ms: number) => void {
  const { clock } = app.means
  let at = clock.now()
  clock.now = () => at
  return (ms) => {
    at += ms
  }
}

test('five wrong passwords are free, then the account rests, and the answer says how long', async (t) => {
  const app = await createTestApp(t)
  const advance = standStill(app)
  const system = await app.createSystem()
  await app.createUser(system, email, password)
  const attempt = (given: string, who = email) =>
    app.call('POST', '/api/v/1/user/auth', { system, body: { email: who, password: given } })
  for (let i = 0; i < 5; i++) assert.equal((await attempt('wrong')).status, 401)
  const blocked = await attempt(password)
  assert.equal(blocked.status, 429, 'the right password too, or resting would tell it')
  assert.equal(blocked.headers['retry-after'], '1')
  assert.match(blocked.body.error.detail, /Try again in 1 second/)
  advance(1100)
  assert.equal((await attempt('wrong')).status, 401)
  assert.equal((await attempt(password)).headers['retry-after'], '2')
  advance(2100)
  assert.equal((await attempt(password)).status, 200)
  assert.equal((await attempt('wrong')).status, 401, 'a success clears the count')
})

test('an unknown e-mail is answered like a known one, before and after the free attempts', async (t) => {
  const app = await createTestApp(t)
  standStill(app)
  const system = await app.createSystem()
  await app.createUser(system, email, password)
  const answers = async (who: string) => {
    const seen: unknown[] = []
    for (let i = 0; i < 7; i++) {
      const { status, body } = await app.call('POST', '/api/v/1/user/auth', {
        system,
        body: { email: who, password: 'wrong' },
      })
      seen.push([status, body.error.code, body.error.detail])
    }
    return seen
  }
  assert.deepEqual(await answers('nobody@example.com'), await answers(email))
})

test('sixty guesses at once get no more tries than a few in a row', async (t) => {
  const app = await createTestApp(t)
  standStill(app)
  const system = await app.createSystem()
  await app.createUser(system, email, password)
  const guesses = await Promise.all(
    Array.from({ length: 60 }, () =>
      app.call('POST', '/api/v/1/user/auth', { system, body: { email, password: 'wrong' } }),
    ),
  )
  const tried = guesses.filter((answer) => answer.status === 401).length
  assert.ok(tried >= 5 && tried <= 10, `${tried} guesses were checked`)
})

test('where too many passwords wait to be checked, further ones are refused unhashed, and tokens are checked as ever', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem()
  await app.set(system, { sign_in_limits: { per_address: 1000, per_network: 1000 } })
  await app.createUser(system, email, password)
  const token = await app.signIn(system, email, password)
  const { gate } = app.app.means
  let [hashed, release] = [0, () => {}]
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  gate.hash = async (): Promise<never> => {
    hashed += 1
    await held
    return false as never
  }
  const answers: Answer[] = []
  let noted = () => {}
  const guesses = Array.from({ length: 300 }, async (_, index) => {
    const body = { email: `user${index}@example.com`, password: 'wrong' }
    answers.push(await app.call('POST', '/api/v/1/user/auth', { system, body }))
    if (answers.length >= 50) noted()
  })
  await new Promise<void>((resolve) => {
    noted = resolve
  })
  assert.ok(answers.every(({ status, headers }) => status === 429 && Number(headers['retry-after']) > 0))
  assert.equal((await app.call('POST', '/api/v/1/user/checkauth', { system, token })).status, 200)
  release()
  await Promise.all(guesses)
  const refused = answers.filter(({ status }) => status === 429).length
  assert.equal(hashed, 300 - refused)
  assert.ok(refused >= 50 && answers.every(({ status }) => status === 429 || status === 401))
})

test('wrong passwords of one address meet a limit, whatever it says in X-Forwarded-For', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem()
  for (let i = 0; i < 100; i++) {
    const body = { email: `user${i}@example.com`, password: 'wrong' }
    const { status } = await app.call('POST', '/api/v/1/user/auth', {
      system,
      body,
      headers: { 'x-forwarded-for': `198.51.100.${i}` },
    })
    assert.equal(status, 401)
  }
  const body = { email: 'fresh@example.com', password: 'wrong' }
  const limited = await app.call('POST', '/api/v/1/user/auth', {
    system,
    body,
    headers: { 'x-forwarded-for': '203.0.113.9' },
  })
  assert.equal(limited.status, 429)
  app.advance(10 * 60 * 1000)
  assert.equal((await app.call('POST', '/api/v/1/user/auth', { system, body })).status, 401)
})

test('a disabled account is refused in the words of a wrong password', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem()
  const user = await app.createUser(system, email, password)
  await app.call('PUT', `/admin/user/${system.key}`, {
    developer: app.developer,
    body: { user, changes: { disabled: true } },
  })
  const off = await app.call('POST', '/api/v/1/user/auth', { system, body: { email, password } })
  const wrong = await app.call('POST', '/api/v/1/user/auth', { system, body: { email, password: 'wrong' } })
  assert.equal(off.status, 401)
  assert.equal(off.body.error.detail, wrong.body.error.detail)
})

test("developers' accounts rest after failures too", async (t) => {
  const app = await createTestApp(t)
  standStill(app)
  const attempt = (given: string) =>
    app.call('POST', '/admin/auth', { body: { email: 'dev@example.com', password: given } })
  for (let i = 0; i < 5; i++) assert.equal((await attempt('wrong')).status, 401)
  assert.equal((await attempt('correct horse battery')).status, 429)
})
