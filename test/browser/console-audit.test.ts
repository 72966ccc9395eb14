/** The audit by what a person sees: of a system and of the platform, found by kind and person, opened whole. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestApp } from '../support/app.ts'
import { openConsole } from '../support/console.ts'

test('the audit shows who changed what in a system and on the node, and a change whole', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem('plant')
  await app.createSystem('other')
  await app.createService(system, 'gate', 'function gate(req, resp) { resp.error("no") }')
  await app.set(system, { auth_service: 'gate' })
  const { page, go, signIn, look, demandQuiet } = await openConsole(t, app)
  await signIn()
  await go(`/systems/${system.key}/audit`)
  await page.getByRole('cell', { name: 'Auth service change plant' }).waitFor()
  await page.getByRole('cell', { name: 'Services create gate' }).waitFor()
  assert.equal(await page.getByRole('cell', { name: 'Systems create other' }).count(), 0)
  await look('audit-system')
  await page.getByRole('combobox', { name: 'What' }).fill('auth')
  await page.getByRole('option', { name: 'Auth service' }).click()
  await page.getByRole('cell', { name: 'Services create gate' }).waitFor({ state: 'detached' })
  await page.getByRole('button', { name: /:/ }).first().click()
  const drawer = page.getByRole('dialog')
  await drawer.getByText('"to": "gate"').waitFor()
  await drawer.getByText('developer dev@example.com').waitFor()
  await look('audit-entry')
  await page.keyboard.press('Escape')
  await page.getByRole('link', { name: 'Audit', exact: true }).first().click()
  await page.getByRole('cell', { name: 'Systems create other' }).waitFor()
  await page.getByRole('textbox', { name: 'Who' }).fill('nobody@example.com')
  await page.getByText('There is no such row').waitFor()
  demandQuiet()
})
