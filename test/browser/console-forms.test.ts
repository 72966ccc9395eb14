/** Every form of System Settings saves what a person typed, and nothing else; a user's devices are forgotten at a click. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestApp } from '../support/app.ts'
import { openConsole } from '../support/console.ts'

const user = { email: 'op@example.com', password: 'the plant is quiet' }

/** Asks for a code by phone, and remembers whoever enters it. */
const remembering = `function remembering(req, resp) {
  var refuse = function (what) { resp.error({ options: { message: String(what) } }) }
  if (req.params.factor_id) {
    return signin.answer({ challenge_id: req.params.factor_id, code: req.params.code }, function (err, done) {
      if (err) return refuse(done)
      signin.remember({ authToken: done.authToken, days: 30 }, function (failed, device) {
        if (failed) return refuse(device)
        resp.success({ authToken: done.authToken, user_id: done.user_id, options: {} })
      })
    })
  }
  ClearBlade.init({ systemKey: req.systemKey, systemSecret: req.systemSecret, email: req.params.email,
    password: req.params.password, callback: function (err, body) {
      if (err) return refuse(body)
      signin.challenge({ authToken: body.authToken, message: '{code}' }, function (wrong, asked) {
        if (wrong) return refuse(asked)
        resp.success({ authToken: '', user_id: '', options: { factor_id: asked.challenge_id, code: asked.code } })
      })
    } })
}`

test('mail, passkeys, withdrawal, registration and devices: what is typed is saved, on a narrow screen too', async (t) => {
  const app = await createTestApp(t)
  const { developer } = app
  const system = await app.createSystem('plant')
  const column = { column_name: 'sms_phone', type: 'string' }
  await app.call('POST', `/admin/user/${system.key}/columns`, { developer, body: column })
  const userId = await app.createUser(system, user.email, user.password, { sms_phone: '+14155550123' })
  const more = { requires: 'clearblade,signin', executableBy: ['Anonymous'] }
  await app.createService(system, 'remembering', remembering, more)
  await app.set(system, { auth_service: 'remembering' })
  const { page, go, signIn, look, demandQuiet } = await openConsole(t, app)
  const settings = async () =>
    (await app.call('GET', `/admin/v/4/systemmanagement?id=${system.key}`, { developer })).body
  const before = await settings()
  const save = async (done: string) => {
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText(done).first().waitFor()
  }
  await signIn()
  await go(`/systems/${system.key}/info/settings/messages`)
  await page.getByLabel('This system sends e-mail').check()
  await page.getByLabel('Server').fill('smtp.example.com')
  await page.getByLabel('Port').fill('2525')
  await page.getByLabel('From').fill('gate@example.com')
  await page.getByLabel('User', { exact: true }).fill('gate')
  await page.getByLabel('Country of phone numbers').fill('de')
  await save('The message settings are saved.')
  const mail = { host: 'smtp.example.com', port: 2525, from: 'gate@example.com', tls: 'required', user: 'gate' }
  const mailed = await settings()
  assert.deepEqual(mailed.mail, { ...mail, password: 'secret:SMTP_PASSWORD' })
  assert.equal(mailed.phone_country, 'DE')

  // What was done is said on top, so that Save is never beneath it.
  await page.setViewportSize({ width: 390, height: 844 })
  await page.getByRole('tab', { name: 'Access' }).click()
  await page.getByLabel('A version that errs withdraws itself').check()
  await page.getByLabel('Share of accounts (%)').fill('30')
  await page.getByLabel('Within (seconds)').fill('900')
  await page.getByLabel('Accounts, at least').fill('5')
  await page.getByLabel('Domain').fill('example.com')
  const pages = page.getByRole('combobox', { name: 'Pages that may ask' })
  await pages.fill('https://app.example.com')
  await pages.press('Enter')
  await page.getByLabel('Whoever has the key and the secret may register a new user').uncheck()
  await save('The access settings are saved.')
  await page.getByText('The access settings are saved.').first().waitFor()
  const covered = await page.evaluate(() => {
    const box = [...document.querySelectorAll('button')]
      .find((one) => one.textContent === 'Save')!
      .getBoundingClientRect()
    const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)
    return top?.closest('button')?.textContent !== 'Save'
  })
  assert.equal(covered, false, 'Save can be clicked while the notice stands there')
  await page.setViewportSize({ width: 1440, height: 900 })
  const accessed = await settings()
  assert.deepEqual(accessed.auth_withdraw, { share: 0.3, window: 900, least: 5 })
  assert.deepEqual([accessed.passkey_rp_id, accessed.passkey_origins], ['example.com', ['https://app.example.com']])
  const changed = ['mail', 'phone_country', 'auth_withdraw', 'passkey_rp_id', 'passkey_origins', 'registration']
  for (const [name, value] of Object.entries(before)) {
    if (!changed.includes(name)) assert.deepEqual(accessed[name], value, name)
  }
  await page.getByRole('combobox', { name: 'Auth Service' }).fill('another')
  await page.getByLabel('Keep users who are signed in').waitFor()
  await page.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('button', { name: 'Name the one in use as safe' }).click()
  await page.getByText(/Version 1 is named as safe since/).waitFor()
  await look('settings-access-saved')

  const asked = await app.call('POST', '/api/v/1/user/auth', { system, body: user })
  const { factor_id, code } = asked.body.options
  const done = await app.call('POST', '/api/v/1/user/auth', { system, body: { ...user, factor_id, code } })
  assert.match(done.body.user_token ?? done.text, /^ghu_/)
  await go(`/systems/${system.key}/users/${userId}`)
  await page.getByRole('button', { name: 'Forget the devices' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Forget', exact: true }).click()
  await page.getByText('The devices are forgotten.').waitFor()
  const devices = `/admin/v/4/system/${system.key}/users/${userId}/devices`
  assert.deepEqual((await app.call('GET', devices, { developer })).body, [])
  demandQuiet()
})

test('a system is shared, and handed over: the other developer finds it, and only the owner deletes it', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem('plant')
  await app.call('POST', '/admin/reg', { body: { email: 'kim@example.com', password: 'kim is at the other plant' } })
  const { page, go, signIn, look, demandQuiet } = await openConsole(t, app)
  await signIn()
  await go(`/systems/${system.key}/info/settings/sharing`)
  await page.getByText('Nobody else works on it.').waitFor()
  await page.getByLabel('E-mail of a developer of this node').fill('nobody@example.com')
  await page.getByRole('button', { name: 'Share' }).click()
  await page.getByText('There is no developer nobody@example.com on this node.').waitFor()
  await page.getByLabel('E-mail of a developer of this node').fill('kim@example.com')
  await page.getByRole('button', { name: 'Share' }).click()
  await page.getByText('kim@example.com works on it now.').waitFor()
  await look('settings-sharing')
  await page.getByRole('button', { name: 'Make owner: kim@example.com' }).click()
  await page.getByRole('button', { name: 'Hand it over' }).click()
  await page.getByText('kim@example.com owns the system now.').waitFor()
  await page.getByRole('tab', { name: 'Properties' }).click()
  await page.getByText('Its owner alone deletes it.').waitFor()
  await go('/systems')
  await page.getByText('shared with you').waitFor()
  await look('systems-shared')
  await go(`/systems/${system.key}/info/settings/sharing`)
  await page.getByRole('button', { name: 'Leave' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Leave' }).click()
  await page.getByText('There is no system yet').waitFor()
  demandQuiet(/status of 400/)
})
