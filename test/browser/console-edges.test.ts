/** Edges and deployments by what a person does: an edge is made, started, given a collection, and seen to have it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addEdgeAccount } from '../../packages/server/src/domain/accounts/edge-accounts.ts'
import { startEdge } from '../../packages/server/src/edge/edge.fixture.ts'
import { createTestApp } from '../support/app.ts'
import { openConsole } from '../support/console.ts'
import { installTwoFactor } from '../support/two-factor.ts'

const password = 'the hall is quiet at night'

test('a person makes an edge, deploys to it, and sees it connect and hold what it was given', async (t) => {
  const app = await createTestApp(t)
  const { system } = await installTwoFactor(app)
  await app.createCollection(system, 'Readings', { value: 'int' })
  const { page, go, signIn, look, demandQuiet, url } = await openConsole(t, app)
  await signIn()
  await go(`/systems/${system.key}/edges`)
  await page.getByText('This system has no edge').waitFor()
  await look('edges-none')
  await page.getByRole('button', { name: 'New', exact: true }).click()
  await page.getByLabel('Name').fill('hall-3')
  await page.getByLabel('Description').fill('north hall')
  await page.getByRole('button', { name: 'Create Edge' }).click()
  const made = page.getByRole('dialog', { name: 'Setup Instructions of hall-3' })
  await made.getByText('The token is shown here and nowhere else').waitFor()
  await made.getByRole('button', { name: 'Copy Token' }).click()
  const token = await page.evaluate(() => navigator.clipboard.readText())
  assert.match(token, /^ghl_/)
  await made.getByRole('button', { name: 'Copy the start command' }).click()
  const command = (await page.evaluate(() => navigator.clipboard.readText())).replaceAll('\\\n', ' ')
  for (const part of [`--platform ${url} `, `--system ${system.key} `, '--name hall-3 ']) {
    assert.ok(command.includes(part), `${command} has ${part}`)
  }
  await look('edge-setup')
  await made.getByRole('button', { name: 'I have the token' }).click()
  const hall = page.getByRole('listitem', { name: 'hall-3' })
  await hall.getByText('waiting for its token').waitFor()
  await page.getByRole('button', { name: 'Setup Instructions of hall-3' }).click()
  await made.waitFor()
  assert.ok(!(await page.content()).includes(token.slice(4, 40)), 'the token is shown once')
  await made.getByRole('button', { name: 'Close' }).last().click()

  await page.getByRole('link', { name: 'Deployments' }).first().click()
  await page.getByRole('heading', { name: 'Deployments', level: 1 }).waitFor()
  await page.getByRole('button', { name: 'New', exact: true }).click()
  await page.getByRole('textbox', { name: 'Name' }).fill('hall')
  await page.getByRole('combobox', { name: 'Edges' }).fill('hall-3')
  await page.keyboard.press('Enter')
  await page.getByRole('combobox', { name: 'Add an asset' }).click()
  await page.getByRole('option', { name: 'Readings' }).click()
  await page.getByRole('checkbox', { name: 'Sync to Edge: Readings' }).waitFor()
  await look('deployment-new')
  await page.getByRole('button', { name: 'Create Deployment' }).click()
  await page.getByRole('listitem', { name: 'hall', exact: true }).getByText('to hall-3').waitFor()

  // The one that the package brought waits until somebody activates it.
  await page.getByRole('button', { name: 'Activate two-factor-auth' }).click()
  const form = page.getByRole('dialog', { name: 'Activate two-factor-auth' })
  await form.getByText('Two Factor Login stays behind').waitFor()
  await form.getByRole('combobox', { name: 'Edges' }).fill('hall-3')
  await page.keyboard.press('Enter')
  await look('deployment-activate')
  await form.getByRole('button', { name: 'Activate' }).click()
  await page.getByRole('listitem', { name: 'two-factor-auth' }).getByText('active', { exact: true }).waitFor()
  await look('deployments')

  await page.getByRole('link', { name: 'Edges' }).first().click()
  const picture = page.getByRole('table', { name: 'Assets at edges' })
  await picture
    .getByRole('row', { name: /Readings/ })
    .getByText('not yet')
    .waitFor()
  await look('edges-waiting')
  const edge = await startEdge(t, app, { system, name: 'hall-3', token })
  await hall.getByText('connected').waitFor()
  for (const name of [/Readings/, /authOverride/, /Sign-in/]) {
    await picture.getByRole('row', { name }).getByText('there').waitFor()
  }
  await hall.getByText('nothing').waitFor()
  await look('edges-connected')
  // Whoever looks after it at its site sees it there.
  await addEdgeAccount(edge.app.means, { clock: edge.app.means.clock, by: 'operator' }, { name: 'jo', password })
  await page.goto(`${edge.app.means.publicUrl()}/edge`)
  await look('edge-own-door')
  await page.getByLabel('Name').fill('jo')
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('The link is connected.').waitFor()
  await page.getByText('Readings (0)').waitFor()
  await look('edge-own-state')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByLabel('Name').waitFor()
  await go(`/systems/${system.key}/edges`)
  await hall.getByText('connected').waitFor()
  await edge.app.close()
  await hall.getByText('away', { exact: true }).waitFor()
  await look('edges-away')

  await page.getByRole('button', { name: 'New Token for hall-3' }).click()
  await page.getByRole('button', { name: 'Make a new token' }).click()
  await made.getByText('The token is shown here and nowhere else').waitFor()
  await made.getByRole('button', { name: 'I have the token' }).click()
  await hall.getByText('waiting for its token').waitFor()
  await page.getByRole('button', { name: 'Remove hall-3' }).click()
  await page.getByRole('button', { name: 'Remove', exact: true }).click()
  await page.getByText('This system has no edge').waitFor()
  demandQuiet()
})
