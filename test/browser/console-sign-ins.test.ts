/** Sign-ins and the inbox by what a person sees: attempts and messages come by themselves, and a wait can be ended. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestApp, type TestApp } from '../support/app.ts'
import { openConsole } from '../support/console.ts'

const attempt = (app: TestApp, system: { key: string; secret: string }, body: unknown) =>
  app.call('POST', '/api/v/1/user/auth', { system, body })

test('attempts appear as they happen, each with why and what to do; an account that waits can be let in', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem('plant')
  await app.createUser(system, 'ada@example.com', 'a quiet long password')
  const { page, go, signIn, look, demandQuiet } = await openConsole(t, app)
  await signIn()
  await go(`/systems/${system.key}/sign-ins`)
  await page.getByText('Nobody has signed in yet').waitFor()
  await look('sign-ins-none')
  await attempt(app, system, { email: 'ada@example.com', password: 'a quiet long password' })
  const list = page.getByRole('list', { name: 'Sign-ins' })
  await list.getByText('granted').waitFor()
  await list.getByText('ada@example.com').waitFor()
  for (let wrong = 0; wrong < 12; wrong += 1) {
    app.advance(180_000)
    await attempt(app, system, { email: 'ada@example.com', password: 'wrong' })
  }
  app.advance(1)
  await list.getByText('refused').first().waitFor()
  await page.getByText('Accounts that wait after wrong passwords').waitFor()
  await look('sign-ins')
  await list.getByRole('button').first().click()
  await page.getByRole('dialog').getByText('Decided by').waitFor()
  await look('sign-in-details')
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()
  await page.getByRole('button', { name: 'Unlock ada@example.com' }).click()
  await page.getByText('ada@example.com may try again.').waitFor()
  const again = await attempt(app, system, { email: 'ada@example.com', password: 'a quiet long password' })
  assert.notEqual(again.body.user_token, '')

  await page.getByRole('button', { name: 'Sign in as a user' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Email').fill('ada@example.com')
  await dialog.getByLabel('Password').first().fill('a quiet long password')
  await dialog.getByRole('button', { name: 'Sign in' }).click()
  await dialog.getByText('granted; the session is ended again').waitFor()
  assert.ok(!(await page.content()).includes('ghr_'))
  const open = await app.call('GET', `/admin/v/4/session/${system.key}/user/count`, { developer: app.developer })
  // The two that the test itself opened before.
  assert.equal(open.body.count, 2)
  await look('sign-in-tried')
  demandQuiet()
})

test('the list follows hundreds of attempts and draws only the rows that can be seen', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem('plant')
  await app.createService(system, 'gate', 'function gate(req, resp) { resp.error("no") }', {
    executableBy: ['Anonymous'],
  })
  await app.set(system, { auth_service: 'gate' })
  const { page, go, signIn, demandQuiet } = await openConsole(t, app)
  await signIn()
  await go(`/systems/${system.key}/sign-ins`)
  const count = 300
  for (let done = 0; done < count; done += 10) {
    await Promise.all(Array.from({ length: 10 }, () => attempt(app, system, { email: 'a@example.com', password: 'x' })))
  }
  await page.getByText(`${count} refused`, { exact: true }).waitFor()
  const list = page.getByRole('list', { name: 'Sign-ins' })
  await page.waitForFunction((rows) => document.querySelector('[role=list]')!.scrollHeight === rows * 52, count)
  assert.ok((await list.getByRole('listitem').count()) < 60)
  demandQuiet()
})

test('messages arrive in the inbox by themselves, and it can be emptied', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem('plant')
  const code = `function tell(req, resp) {
    Messages.send({ to: '+14155550123', body: 'Your code is 123456' }, function (err) { err ? resp.error(err) : resp.success('sent'); });
  }`
  await app.createService(system, 'tell', code, { requires: 'messages' })
  const { page, go, signIn, look, demandQuiet } = await openConsole(t, app)
  await signIn()
  await go(`/systems/${system.key}/inbox`)
  await page.getByText('No message yet').waitFor()
  const sent = await app.run(system, 'tell', {}, { developer: app.developer })
  assert.equal(sent.body.success, true, sent.text)
  await page.getByText('Your code is 123456').waitFor()
  await look('inbox')
  await page.getByRole('button', { name: 'Copy the code 123456' }).click()
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), '123456')
  await page.getByRole('button', { name: 'Empty the inbox' }).click()
  await page.getByRole('button', { name: 'Empty', exact: true }).click()
  await page.getByText('No message yet').waitFor()
  demandQuiet()
})
