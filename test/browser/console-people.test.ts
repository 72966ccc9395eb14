/** Users and roles by what a person sees; what is done there holds at once, and what is lost is asked for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestApp } from '../support/app.ts'
import { openConsole } from '../support/console.ts'

const password = 'a quiet long password'

test('a user is registered, found, changed, given a role and a phone, signed out, disabled and deleted', {
  timeout: 180_000,
}, async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem('plant')
  const { page, go, signIn, look, demandQuiet } = await openConsole(t, app)
  await signIn()
  await go(`/systems/${system.key}/users`)
  await page.getByText('There is no user yet').waitFor()
  await look('users-none')
  await page.getByRole('button', { name: 'User', exact: true }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Email').fill('ada@example.com')
  await dialog
    .getByLabel(/^Password/)
    .first()
    .fill(password)
  await dialog
    .getByLabel(/^Confirm Password/)
    .first()
    .fill('another')
  await dialog.getByText('The two are not the same.').waitFor()
  await look('user-new')
  await dialog
    .getByLabel(/^Confirm Password/)
    .first()
    .fill(password)
  await dialog.getByRole('button', { name: 'Register New User' }).click()
  await page.getByRole('link', { name: 'ada@example.com' }).waitFor()
  for (const name of ['bob', 'cyd', 'dan']) await app.createUser(system, `${name}@example.com`, password)
  await page.getByLabel('Search by e-mail').fill('DA')
  await page.getByText('2 users').waitFor()
  await look('users')
  const token = await app.signIn(system, 'ada@example.com', password)

  await page.getByRole('link', { name: 'ada@example.com' }).click()
  await page.getByRole('heading', { name: 'ada@example.com' }).waitFor()
  await page.getByText('Open since').waitFor()
  const factors = page.getByRole('region', { name: 'Second factors' })
  await factors.getByLabel('Phone').fill('+14155550123')
  await factors.getByRole('button', { name: 'Bind' }).click()
  await factors.getByText('bound', { exact: true }).waitFor()
  await page.getByLabel('sms_phone (string)').waitFor()
  await factors.getByRole('button', { name: 'Enrolment code' }).click()
  await page.getByText('It is shown this once.', { exact: false }).waitFor()
  await look('user-enrolment')
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()
  await app.grant(system, 'Administrator', { users: { permissions: 1 } })
  await page.getByLabel('Add Role').first().click()
  await page.getByRole('option', { name: 'Administrator' }).click()
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByRole('table', { name: 'Effective rights' }).getByText('Manage users').waitFor()
  await look('user')
  await page.getByRole('button', { name: 'Take the role Administrator away' }).click()
  await page.getByText('Nothing: no role of this user has a right.', { exact: false }).waitFor()
  await factors.getByRole('button', { name: 'Remove Phone' }).click()
  await page.getByRole('button', { name: 'Remove it' }).click()
  await factors.getByText('None: the password is all.', { exact: false }).waitFor()

  const info = () => app.call('GET', '/api/v/1/user/info', { token })
  assert.equal((await info()).status, 200)
  await page.getByRole('button', { name: 'End all sessions' }).click()
  await page.getByRole('button', { name: 'End them' }).click()
  await page.getByText('None is open.').waitFor()
  assert.equal((await info()).status, 401)
  await page.getByRole('button', { name: 'Ask for a new password' }).click()
  await page.getByLabel('Others may know the password').check()
  await page.getByRole('button', { name: 'Ask for it' }).click()
  await page.getByText('needs a new password: exposed', { exact: true }).waitFor()
  const exposed = await app.call('POST', '/api/v/1/user/auth', { system, body: { email: 'ada@example.com', password } })
  assert.equal(exposed.body.error.code, 932)
  // The user helps herself, by the link of an e-mail.
  const next = 'another quiet and long one'
  await app.call('POST', '/api/v/4/user/password/reset', { system, body: { email: 'ada@example.com' } })
  await app.app.notices.idle()
  const mails = await app.call('GET', `/admin/v/4/system/${system.key}/inbox`, { developer: app.developer })
  const [link] = mails.body.flatMap(({ body }: { body: string }) => /https?:\S+#\S+/.exec(body) ?? [])
  const mailed = await page.context().newPage()
  await mailed.goto(link)
  assert.ok(!mailed.url().includes('#'), 'the token does not stay in the address')
  await mailed.getByLabel('New password').fill(next)
  await mailed.getByLabel('The same again').fill(`${next}!`)
  await mailed.getByRole('button', { name: 'Set it' }).click()
  await mailed.getByText('The two are not the same.').waitFor()
  await mailed.getByLabel('The same again').fill(next)
  await mailed.getByRole('button', { name: 'Set it' }).click()
  await mailed.getByText('Your new password is set.', { exact: false }).waitFor()
  await mailed.close()
  await app.signIn(system, 'ada@example.com', next)
  await page.getByRole('button', { name: 'Disable', exact: true }).click()
  await page.getByRole('button', { name: 'Disable account' }).click()
  await page.getByText('disabled', { exact: true }).waitFor()
  const right = { email: 'ada@example.com', password: next }
  const refused = await app.call('POST', '/api/v/1/user/auth', { system, body: right })
  assert.equal(refused.body.user_token ?? '', '')
  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  await page.getByRole('button', { name: 'Delete user' }).click()
  await page.getByText('3 users').waitFor()
  demandQuiet()
})

test('a role is made, given rights box by box, renamed and deleted; rights that were not touched stay', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem('plant')
  await app.createCollection(system, 'Valves', { state: 'string' })
  await app.createService(system, 'open', 'function open(req, resp) { resp.success("open") }')
  const { page, go, signIn, look, demandQuiet } = await openConsole(t, app)
  await signIn()
  await go(`/systems/${system.key}/roles`)
  await page.getByRole('button', { name: 'Add Role' }).click()
  await page.getByRole('dialog').getByLabel('Name').fill('operator')
  await page.getByRole('button', { name: 'Create Role' }).click()
  await page.getByRole('heading', { name: 'operator' }).waitFor()
  await page.getByRole('checkbox', { name: 'Valves: Read' }).check()
  await page.getByRole('checkbox', { name: 'Valves: Update' }).check()
  await page.getByRole('checkbox', { name: 'open: Executable' }).check()
  await page.getByRole('checkbox', { name: 'Users: Read', exact: true }).check()
  await look('role')
  // Somebody else gives another right meanwhile.
  await app.grant(system, 'operator', { devices: { permissions: 1 } })
  await page.getByRole('button', { name: 'Save and Exit' }).click()
  await page.getByRole('heading', { name: 'Roles', level: 1 }).waitFor()
  await page.getByRole('cell', { name: 'Read, Update', exact: true }).waitFor()
  await look('roles')
  const role = async () =>
    (await app.call('GET', `/admin/user/${system.key}/roles`, { developer: app.developer })).body.find(
      ({ Name }: { Name: string }) => Name === 'operator' || Name === 'fitter',
    )
  const { Permissions } = await role()
  assert.deepEqual(
    [
      Permissions.Collections[0].Level,
      Permissions.CodeServices[0].Level,
      Permissions.UsersList,
      Permissions.DevicesList,
    ],
    [5, 1, { Level: 1 }, { Level: 1 }],
  )
  await page.getByRole('link', { name: 'operator' }).first().click()
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('fitter')
  await page.getByRole('button', { name: 'Save and Exit' }).click()
  await page.getByRole('link', { name: 'fitter' }).first().click()
  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  await page.getByRole('button', { name: 'Delete role' }).click()
  await page.getByRole('heading', { name: 'Roles', level: 1 }).waitFor()
  await page.getByRole('link', { name: 'fitter' }).first().waitFor({ state: 'detached' })
  assert.equal(await role(), undefined)
  demandQuiet()
})
