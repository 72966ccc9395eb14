/** The portal "Two Factor Login" at an edge: by a text message while the link stands, and by what needs none once it is cut. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addEdgeAccount } from '../../packages/server/src/domain/accounts/edge-accounts.ts'
import { shownByApp } from '../../packages/server/src/domain/accounts/totp.fixture.ts'
import { totpRules } from '../../packages/server/src/domain/accounts/totp.ts'
import { startEdge, until } from '../../packages/server/src/edge/edge.fixture.ts'
import { faultProxy } from '../../packages/server/src/edge/fault-proxy.fixture.ts'
import { edgeTokenHeader } from '../../packages/server/src/http/edge-page.ts'
import { createTestApp } from '../support/app.ts'
import { openBrowser } from '../support/browser.ts'
import { faultsOf, openPage, picture, sizes } from '../support/portals.ts'
import { installTwoFactor } from '../support/two-factor.ts'

const keeper = 'the hall is quiet at night'

test('a person signs in at an edge by text message, and with the link cut by app and by recovery code, each once', async (t) => {
  const app = await createTestApp(t)
  const { system, user, lastCode } = await installTwoFactor(app)
  const call = async (method: 'GET' | 'POST' | 'PUT', path: string, given: object = { developer: app.developer }) => {
    const got = await app.call(method, path, given)
    assert.equal(got.status, 200, `${method} ${path}: ${got.text}`)
    return got.body
  }
  const { developer } = app
  const library = `/codeadmin/v/2/library/${system.key}/ConstantsTwoFactor`
  const { code: constants } = await call('GET', library)
  const code = constants.replace('var SECOND_FACTORS = []', "var SECOND_FACTORS = ['phone', 'totp']")
  await call('PUT', library, { developer, body: { code } })

  // The app, and recovery codes for the edge, as the user has them before the link is cut.
  const query = { query: JSON.stringify({ FILTERS: [[{ EQ: [{ email: user.email }] }]] }) }
  const [{ user_id: userId }] = await call('GET', `/admin/user/${system.key}`, { developer, query })
  const { enrolment } = await call('POST', `/admin/v/4/system/${system.key}/users/${userId}/enrolment`)
  const own = '/api/v/4/user/authenticators'
  const { secret } = await call('POST', `${own}/enrol`, { system, body: { ...user, enrolment, kind: 'totp' } })
  const nextStep = () => app.advance(totpRules.stepMs - (app.app.means.clock.now() % totpRules.stepMs))
  const shows = () => shownByApp(secret, app.app.means.clock.now())
  await call('POST', `${own}/confirm`, { system, body: { ...user, enrolment, code: shows() } })
  nextStep()
  const auth = (body: object) => call('POST', '/api/v/1/user/auth', { system, body })
  const { factor_id } = (await auth({ ...user, factor_kind: 'totp' })).options
  const { user_token: token } = await auth({ factor: 2, factor_id, code: shows() })
  nextStep()
  const { token: edgeToken } = await call('POST', `/admin/edges/${system.key}/hall`, { developer, body: {} })
  await call('POST', `/admin/v/4/system/${system.key}/deployments/two-factor-auth/activate`, {
    developer,
    body: { edges: ['hall'] },
  })
  const network = await faultProxy(t, (app.app.server.server.address() as { port: number }).port)
  const edge = await startEdge(t, app, { system, name: 'hall', token: edgeToken, platform: network.url })
  const made = { password: user.password, code: shows(), edge: 'hall' }
  const { recovery_codes: codes } = await call('POST', `${own}/recovery-codes`, { token, body: made })
  nextStep()
  await addEdgeAccount(
    edge.app.means,
    { clock: edge.app.means.clock, by: 'operator' },
    { name: 'jo', password: keeper },
  )
  const account = (await edge.call('POST', '/edge/sign-in', { body: { name: 'jo', password: keeper } })).body.token
  const state = async () =>
    (
      await edge.app.server.inject({ method: 'GET', url: '/edge/state', headers: { [edgeTokenHeader]: account } })
    ).json()
  const { portals } = await until(state, (one) => one.portals.length === 1 && one.users_as_of !== null)
  await until(
    () => edge.call('POST', '/api/v/1/user/auth', { system, body: { ...user, factor_kind: 'totp' } }),
    ({ body }) => body?.options?.kinds?.includes('recovery') === true,
  )

  const browser = await openBrowser()
  t.after(() => browser.close())
  const { page, problems } = await openPage(browser, sizes[1]!)
  const enter = async () => {
    app.advance(31_000)
    await page.goto('about:blank')
    await page.goto(portals[0].url)
    await page.getByLabel('System key').fill(system.key)
    await page.getByLabel('System secret').fill(system.secret)
    await page.getByLabel('E-mail').fill(user.email)
    await page.getByLabel('Password').fill(user.password)
    await page.getByRole('button', { name: 'Submit' }).click()
  }
  const give = async (text: string) => {
    await page.getByLabel('Confirmation code').fill(text)
    await page.getByRole('button', { name: 'Submit' }).click()
  }
  const isIn = () => page.getByText(`You are signed in as ${user.email}.`).waitFor()
  const isRefused = async () => {
    await page.getByText('The code is not right, or no longer good.').waitFor()
    assert.equal(new URL(page.url()).hash, '#/')
  }

  const byRecoveryCode = async () => {
    await page.getByRole('button', { name: 'Use a recovery code' }).click()
    await page.getByText('Enter one of your recovery codes.').waitFor()
  }

  await enter()
  await page.getByText('Enter the code that was sent to').waitFor()
  await picture(page, 'edge-portal-1-message')
  await give(await lastCode())
  await isIn()

  network.dark()
  await until(
    () => edge.app.means.edgeCodes!.problem({ sealed: '' }),
    (why) => why !== undefined,
  )
  await enter()
  await page.getByText('no text message can be sent while its link to the platform is cut').waitFor()
  await page.getByText('Enter the code that your authenticator app shows.').waitFor()
  await page.getByRole('button', { name: 'Use a recovery code' }).waitFor()
  assert.equal(await page.getByRole('button', { name: 'Send' }).filter({ visible: true }).count(), 0)
  await picture(page, 'edge-portal-2-cut')
  assert.deepEqual(await faultsOf(page), [])
  const shown = shows()
  await give(shown)
  await isIn()
  await enter()
  await give(shown)
  await isRefused()
  await byRecoveryCode()
  await picture(page, 'edge-portal-3-recovery')
  await give(codes[0])
  await isIn()
  await picture(page, 'edge-portal-4-in')
  await enter()
  await byRecoveryCode()
  await give(codes[0])
  await isRefused()
  assert.deepEqual(problems, [])
})
