/** Edges and deployments by what a person does: an edge is made, started, given a collection, and seen to have it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { hour } from '../../packages/server/src/base/clock.ts'
import { addEdgeAccount } from '../../packages/server/src/domain/accounts/edge-accounts.ts'
import { startEdge } from '../../packages/server/src/edge/edge.fixture.ts'
import { databaseOf } from '../../packages/server/src/store/store.ts'
import { findAccount } from '../../packages/server/src/store/tables/accounts.ts'
import { insertRequest } from '../../packages/server/src/store/tables/edge-requests.ts'
import { insertReviewed } from '../../packages/server/src/store/tables/edge-reviews.ts'
import { putEdgeSession } from '../../packages/server/src/store/tables/edge-sessions.ts'
import { insertConflict } from '../../packages/server/src/store/tables/sync-conflicts.ts'
import { createTestApp } from '../support/app.ts'
import { openConsole } from '../support/console.ts'
import { installTwoFactor } from '../support/two-factor.ts'

const password = 'the hall is quiet at night'

test('a person makes an edge, deploys to it, and sees it connect and hold what it was given', async (t) => {
  const app = await createTestApp(t)
  const { system } = await installTwoFactor(app)
  const readings = await app.createCollection(system, 'Readings', { value: 'int' })
  await app.createCollection(system, 'Recipes', { value: 'int' })
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
  await page.getByRole('checkbox', { name: 'Sync to Platform: Readings' }).check()
  await page.getByRole('combobox', { name: 'Rule for conflicts in Readings' }).click()
  await page.getByRole('option', { name: 'both are kept' }).click()
  await page.getByRole('combobox', { name: 'Add an asset' }).click()
  await page.getByRole('option', { name: 'Recipes' }).click()
  await page.getByRole('checkbox', { name: 'Sync to Edge: Recipes' }).uncheck()
  await page.getByText('Copied once, as it is now.').waitFor()
  await page.getByRole('combobox', { name: 'Or a single row of' }).click()
  await page.getByRole('option', { name: 'Recipes' }).click()
  await page.getByRole('textbox', { name: 'Its item_id' }).fill('a-row')
  await page.getByRole('button', { name: 'Add the row' }).click()
  await page.getByRole('checkbox', { name: 'Sync to Platform: Recipes, row a-row' }).waitFor()
  await look('deployment-new')
  await page.getByRole('button', { name: 'Create Deployment' }).click()
  const listed = page.getByRole('listitem', { name: 'hall', exact: true })
  await listed.getByText('to hall-3').waitFor()
  await page.getByRole('button', { name: 'Push hall', exact: true }).click()
  const pushing = page.getByRole('dialog', { name: 'Push hall again?' })
  await pushing.getByText('Columns and rows of Recipes are copied to hall-3 as they are now.').waitFor()
  await look('deployment-push')
  await pushing.getByRole('button', { name: 'Push' }).click()
  await pushing.waitFor({ state: 'detached' })
  const asked = { developer: app.developer, query: { system: system.key, kind: 'deployment' } }
  assert.match((await app.call('GET', '/admin/audit', asked)).text, /"push"/)

  // The one that the package brought waits until somebody activates it.
  await page.getByRole('button', { name: 'Activate two-factor-auth' }).click()
  const form = page.getByRole('dialog', { name: 'Activate two-factor-auth' })
  await form.getByRole('checkbox', { name: 'Sync to Edge: Two Factor Login' }).waitFor()
  await form.getByRole('switch', { name: 'Phone numbers go there' }).waitFor()
  await form.getByRole('combobox', { name: 'Edges' }).fill('hall-3')
  await page.keyboard.press('Enter')
  await form.getByRole('textbox', { name: 'Description' }).fill('for the north hall')
  await form.getByRole('textbox', { name: 'Days without a link' }).fill('3')
  await form.getByRole('textbox', { name: 'Share of these days' }).fill('0.7')
  await form.getByRole('switch', { name: 'Phone numbers go there' }).check({ force: true })
  await form.getByRole('switch', { name: 'Users there may ask' }).check({ force: true })
  await look('deployment-activate')
  await form.getByRole('button', { name: 'Activate' }).click()
  await page.getByRole('listitem', { name: 'two-factor-auth' }).getByText('active', { exact: true }).waitFor()
  await look('deployments')
  const hallSet = await app.call('GET', `/admin/${system.key}/deployments/hall`, { developer: app.developer })
  assert.deepEqual([hallSet.body.assets[0].sync_to_platform, hallSet.body.assets[0].conflicts], [true, 'both'])
  const active = await app.call('GET', `/admin/${system.key}/deployments/two-factor-auth`, { developer: app.developer })
  const { offline, phones, requests: mayAsk } = active.body.sign_in
  assert.deepEqual([offline, phones, mayAsk], [{ limit: 3 * 86_400, near: 0.7 }, true, true])
  assert.equal(active.body.description, 'for the north hall')

  await page.getByRole('link', { name: 'Edges' }).first().click()
  const picture = page.getByRole('table', { name: 'Assets at edges' })
  await picture
    .getByRole('row', { name: /Readings/ })
    .getByText('not yet')
    .waitFor()
  await look('edges-waiting')
  const edge = await startEdge(t, app, { system, name: 'hall-3', token })
  await hall.getByText('connected').waitFor()
  for (const name of [/Readings/, /authOverride/, /Two Factor Login/, /Sign-in/]) {
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
  await page.getByRole('link', { name: 'Two Factor Login' }).waitFor()
  await look('edge-own-state')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByLabel('Name').waitFor()
  const detail = { columns: { value: { platform: 1, edge: 2 } } }
  const decided = { at: app.app.means.clock.now(), edge: 'hall-3', collectionId: readings, rule: 'both', detail }
  await app.app.means.store
    .forSystem(system.key)
    .transaction((tx) => insertConflict(tx, { ...decided, itemId: 'row-1', outcome: 'both' }))
  await go(`/systems/${system.key}/edges`)
  await hall.getByText('connected').waitFor()
  const conflicts = page.getByRole('region', { name: 'Conflicts' })
  await conflicts.getByText('both are kept').waitFor()
  await conflicts.getByRole('button', { name: 'Details of row-1' }).click()
  await page.getByRole('dialog').getByText('"platform": 1').waitFor()
  await look('edges-conflict')
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()
  await conflicts.getByRole('button', { name: 'Forget them' }).click()
  await page.getByRole('button', { name: 'Forget', exact: true }).click()
  await conflicts.waitFor({ state: 'detached' })

  const now = app.app.means.clock.now()
  const { userId } = (await findAccount(app.app.means.store.forSystem(system.key), { email: 'test@example.com' }))!
  const told = { id: 'told', tokenHash: 'x'.repeat(43), userId, grantedBy: 'password', factors: 'password' }
  await app.app.means.store
    .forSystem(system.key)
    .transaction((tx) =>
      putEdgeSession(
        tx,
        'hall-3',
        { ...told, createdAt: now, expiresAt: now + hour, dataAge: 0 },
        { now, endReason: undefined },
      ),
    )
  await page.getByRole('button', { name: 'Sessions of hall-3' }).click()
  const sessions = page.getByRole('dialog', { name: 'Sessions of hall-3' })
  await sessions.getByRole('row', { name: /test@example\.com at hall-3/ }).waitFor()
  await look('edge-sessions')
  await sessions.getByRole('button', { name: 'End the session of test@example.com made at hall-3' }).click()
  await page.getByRole('button', { name: 'End it' }).click()
  await sessions.getByText('Nobody has a session there.').waitFor()
  await sessions.getByRole('checkbox', { name: 'Also those that are over' }).check()
  await sessions.getByText('a developer ended it').waitFor()
  await sessions.getByRole('button', { name: 'Close' }).click()
  const since = { what: 'disabled', words: 'The user was switched off.', since: now }
  await app.app.means.store.forSystem(system.key).transaction(async (tx) => {
    const signIn = { at: now, userId, decision: 'granted', record: { factors: 'password totp' } }
    const found = { otherwise: [since], unknown: [] }
    await insertReviewed(tx, 'hall-3', { link: 1, from: now - 60_000, until: now }, { ...signIn, ...found })
    await insertRequest(tx, { edge: 'hall-3', userId, changes: { desk: '4' }, askedAt: now })
  })
  await page.getByRole('button', { name: 'Review of hall-3' }).click()
  const review = page.getByRole('dialog', { name: 'Review of hall-3' })
  await review.getByText('The user was switched off.').waitFor()
  await look('edge-review')
  await review.getByRole('button', { name: 'Close' }).click()
  await go(`/systems/${system.key}/edges`)
  const requests = page.getByRole('region', { name: 'Requests' })
  await requests.getByText('desk: "4"').waitFor()
  await look('edge-requests')
  await requests.getByRole('button', { name: 'Turn down what test@example.com asks for' }).click()
  await requests.waitFor({ state: 'detached' })
  const byHand = (text: string) => sql.raw(text).execute(databaseOf(edge.app.means.store))
  await byHand(`create trigger no before insert on "c_${readings}" begin select raise(abort, 'no'); end`)
  await app.call('POST', `/api/v/1/data/${readings}`, { developer: app.developer, body: { value: 7 } })
  const notWritten = page.getByRole('group', { name: 'Not written at hall-3' })
  await notWritten.getByText('The database of the edge refused it').waitFor()
  await look('edges-not-written')
  await byHand('drop trigger no')
  await page.getByRole('button', { name: 'Try again at hall-3' }).click()
  await notWritten.waitFor({ state: 'detached' })
  await edge.app.close()
  await hall.getByText('away', { exact: true }).waitFor()
  await look('edges-away')

  await page.getByRole('button', { name: 'Lost: hall-3' }).click()
  const losing = page.getByRole('dialog', { name: 'Is hall-3 lost?' })
  await losing.getByRole('textbox').fill('hall-3')
  await look('edge-lost-question')
  await losing.getByRole('button', { name: 'Give it up' }).click()
  const concerned = page.getByRole('table', { name: 'Users of the lost edge' })
  await concerned.getByText('test@example.com').waitFor()
  await look('edge-lost')
  await page.getByRole('button', { name: 'I have the list' }).click()
  await page.getByText('This system has no edge').waitFor()
  await page.getByRole('button', { name: 'New', exact: true }).click()
  await page.getByRole('textbox', { name: 'Name' }).fill('hall-3')
  await page.getByRole('button', { name: 'Create Edge' }).click()
  await made.getByRole('button', { name: 'I have the token' }).click()
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
