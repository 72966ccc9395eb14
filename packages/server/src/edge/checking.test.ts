/** What is not at an edge as it is on the platform, though nobody changed it: it is found, healed, counted, and nothing else is. */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { sql } from 'kysely'
import { createTestApp, type TestApp } from '../../../../test/support/app.ts'
import { makePortal } from '../../../../test/support/portals.ts'
import { day } from '../base/clock.ts'
import { placeOf } from '../domain/accounts/authenticators.ts'
import { shownByApp } from '../domain/accounts/totp.fixture.ts'
import { databaseOf } from '../store/store.ts'
import { voidPassword } from '../store/tables/accounts.ts'
import { bindPasskey } from '../store/tables/authenticators.ts'
import { findPlatformLink } from '../store/tables/platform-links.ts'
import { adminOf, endings, startEdge, type TestEdge, until } from './edge.fixture.ts'
import { readFromEdge } from './messages.ts'

const email = 'op@example.com'
const password = 'the plant is quiet'

describe('what an edge holds is compared with the platform', () => {
  let app: TestApp
  let system: { key: string; secret: string }
  let edge: TestEdge
  let session: string
  let readings: string
  let both: string
  let limits: string
  const single = {} as Record<'follows' | 'copied', string>
  const ids = {} as Record<'op' | 'off', string>
  const t = endings()

  const admin = adminOf(() => app)
  const status = async () => {
    // It waits longer each time that something was found, since the link is cut for it.
    edge.app.edgeLink!.hurry()
    return (await admin('GET', `/admin/v/4/system/${system.key}/edges`))[0]
  }
  const at = () => databaseOf(edge.app.means.store) as any
  const byHand = (text: string) => sql.raw(text).execute(at())
  const atEdge = async (method: 'POST' | 'PUT', collection: string, body: object) => {
    const got = await edge.call(method, `/api/v/1/data/${collection}`, { token: session, body })
    assert.equal(got.status, 200, got.text)
    return got.body
  }
  const isWhole = async (): Promise<boolean> => {
    edge.app.edgeLink!.hurry()
    const { identity, configuration, data } = (await findPlatformLink(edge.app.means.store))!.cursors
    return [identity, configuration, data].every((cursor) => cursor?.at === null)
  }
  /** Looks through all of it now, and answers how often something was found until then. */
  const compare = async (): Promise<number> => {
    await until(isWhole, (whole) => whole)
    await until(status, (one) => one.behind_since === null && one.state === 'connected')
    const before = (await status()).checked
    app.advance(1)
    await admin('POST', `/admin/${system.key}/sync/retry/edge/hall`, {})
    const after = await until(
      status,
      (one) => one.checked.at > before.at && one.behind_since === null && one.state === 'connected',
    )
    // What comes anew is there, so that nothing of it heals what is damaged next.
    await until(isWhole, (whole) => whole)
    return after.checked.differences
  }

  /** An authenticator app, and what lies there of a passkey. */
  const bindBoth = async (): Promise<void> => {
    const { enrolment } = await admin('POST', `/admin/v/4/system/${system.key}/users/${ids.op}/enrolment`)
    const own = async (step: string, more: object) => {
      const body = { email, password, enrolment, ...more }
      const got = await app.call('POST', `/api/v/4/user/authenticators/${step}`, { system, body })
      assert.equal(got.status, 200, got.text)
      return got.body
    }
    const { secret } = await own('enrol', { kind: 'totp' })
    await own('confirm', { code: shownByApp(secret, app.app.means.clock.now()) })
    const { store, key, clock } = app.app.means
    const [id, userId] = ['a-passkey', ids.op]
    const held = { credentialId: 'abc', publicKey: 'abc', transports: [], multiDevice: false }
    const sealed = key.seal('authenticators', placeOf(system.key, { id, userId }), JSON.stringify(held))
    const passkey = { credentialHash: 'abc', rpId: 'plant.example.com', signCount: 7, backedUp: false }
    const record = { id, userId, label: 'a key', sealed, boundAt: clock.now(), boundBy: 'user', passkey }
    assert.ok(await store.forSystem(system.key).transaction((tx) => bindPasskey(tx, record)))
  }

  before(async () => {
    app = await createTestApp(t)
    system = await app.createSystem()
    readings = await app.createCollection(system, 'Readings', {
      ...{ text: 'string', whole: 'int', large: 'bigint', part: 'double', single: 'float' },
      ...{ is: 'bool', at: 'timestamp', any: 'jsonb', bytes: 'blob', id: 'uuid' },
    })
    both = await app.createCollection(system, 'Both', { value: 'int' })
    limits = await app.createCollection(system, 'Limits', { value: 'int' })
    for (const name of ['Readings', 'Both']) {
      await app.grant(system, 'Authenticated', { collections: [{ itemInfo: { name }, permissions: 15 }] })
    }
    await app.createLibrary(system, 'units', "var units = { say: function () { return 'bar' } }")
    await app.createService(system, 'report', "resp.success('one')", {
      ...{ requires: 'clearblade,units', executableBy: ['Authenticated'] },
    })
    ids.op = await app.createUser(system, email, password)
    ids.off = await app.createUser(system, 'off@example.com', password)
    await bindBoth()
    await makePortal(app, system, 'Staff', { pages: {}, panes: {}, widgets: {} }, ['Authenticated'])
    await admin('POST', `/api/v/4/data/${system.key}/Both/index?columnName=value`)
    const row = { text: 'é "x" \u2028', whole: -7, large: 9_007_199_254_740_000, part: 0.1, single: 1.5, is: true }
    const more = { at: '2026-11-26T05:00:00.123Z', any: { b: [1, 2.5, null], a: { z: 'ü', y: false } } }
    const rows = Array.from({ length: 1_100 }, (_, whole) => ({ ...row, ...more, whole }))
    await admin('POST', `/api/v/1/data/${readings}`, [
      ...rows,
      { bytes: 'AAEC', id: '01a21644-ddca-7000-9413-360a856923f2' },
    ])
    await admin('POST', `/api/v/1/data/${both}`, [{ value: 1 }, { value: 2 }])
    const [follows, copied] = await admin('POST', `/api/v/1/data/${limits}`, [{ value: 1 }, { value: 2 }, { value: 3 }])
    Object.assign(single, { follows: follows.item_id, copied: copied.item_id })
    await admin('POST', `/admin/${system.key}/deployments`, {
      ...{ name: 'hall', edges: ['hall'] },
      assets: [
        { asset_class: 'Readings' },
        { asset_class: 'Both', sync: true },
        { asset_class: 'services', asset_id: 'report' },
        { asset_class: 'portals', asset_id: 'Staff' },
        { asset_class: 'Limits', asset_id: single.follows },
        { asset_class: 'Limits', asset_id: single.copied, sync_to_edge: false },
      ],
      sign_in: { users: { emails: [email, 'off@example.com'] } },
    })
    const { token } = await admin('POST', `/admin/edges/${system.key}/hall`, {})
    edge = await startEdge(t, app, { system, name: 'hall', token })
    await until(
      async () => (await findPlatformLink(edge.app.means.store))!.cursors,
      ({ data }) => data?.at === null,
    )
    session = (await edge.call('POST', '/api/v/1/user/auth', { system, body: { email, password } })).body.user_token
    await until(status, (one) => one.checked.at !== null)
  })

  test('where all is the same nothing is found, whatever the columns are, and what was written at the edge is no difference', async () => {
    assert.equal(await compare(), 0)
    const [{ item_id }] = await atEdge('POST', readings, { text: 'of the edge', whole: 1 })
    const [first] = (await admin('GET', `/api/v/1/data/${readings}`)).DATA
    await atEdge('PUT', readings, { query: [[{ EQ: [{ item_id: first.item_id }] }]], $set: { text: 'changed there' } })
    await atEdge('POST', both, { value: 3 })
    assert.equal(await compare(), 0)
    const held = await at().selectFrom(`c_${readings}`).select('text').where('item_id', 'in', [item_id, first.item_id])
    assert.deepEqual((await held.execute()).map(({ text }: any) => text).sort(), ['changed there', 'of the edge'])
  })

  test('a value that was changed by hand, a row that is gone and one that is too many are healed', async () => {
    const wanted = async (): Promise<string> => JSON.stringify((await admin('GET', `/api/v/1/data/${both}`)).DATA)
    const there = async (): Promise<string> =>
      JSON.stringify((await edge.call('GET', `/api/v/1/data/${both}`, { token: session })).body?.DATA)
    await byHand(`update c_${both} set value = 9 where value = 1`)
    assert.notEqual(await there(), await wanted())
    assert.equal(await compare(), 1)
    const isHealed = async () => assert.equal(await until(there, (held) => held === rows), rows)
    const rows = await wanted()
    await isHealed()
    await byHand(`delete from c_${both} where value = 2`)
    await byHand(`insert into c_${both} (item_id, value) values ('01a21644-ddca-7000-9413-360a856923f3', 5)`)
    assert.equal(await compare(), 2)
    await isHealed()
    const { checked, problem } = await status()
    assert.equal(checked.lane, 'data')
    assert.match(problem, /Not all of data/)
    assert.equal(await compare(), 2, 'and it is the same from then on')
  })

  test('a collection that is gone there is there again', async () => {
    await byHand(`drop table c_${both}`)
    for (const table of ['collection_columns', 'synced_collections']) {
      await byHand(`delete from ${table} where collection_id = '${both}'`)
    }
    await byHand(`delete from collections where id = '${both}'`)
    assert.equal(await compare(), 3)
    const held = () =>
      at()
        .selectFrom(`c_${both}`)
        .select('value')
        .execute()
        .catch(() => [])
    assert.equal((await until<any[]>(held, (found) => found.length === 3)).length, 3)
  })

  test('so are code, rights and users', async () => {
    await byHand(
      `update code_versions set source = replace(source, 'bar', 'psi'), compiled = null where name = 'units'`,
    )
    assert.equal(await compare(), 4)
    const units = () => at().selectFrom('code_versions').select('source').where('name', '=', 'units').executeTakeFirst()
    assert.match((await until<any>(units, (one) => /bar/.test(one.source))).source, /bar/)
    await byHand(`update grants set level = 1 where level = 15`)
    assert.equal(await compare(), 5)
    const full = () => at().selectFrom('grants').select('level').where('level', '=', 15).execute()
    assert.equal((await until<any[]>(full, (found) => found.length === 2)).length, 2)
    await byHand(`update accounts set email_key = 'thief@example.com' where user_id = '${ids.op}'`)
    assert.equal(await compare(), 6)
    const keys = () => at().selectFrom('accounts').select('email_key').where('user_id', '=', ids.op).execute()
    assert.deepEqual(await until<any[]>(keys, ([one]) => one?.email_key === email), [{ email_key: email }])
    assert.equal((await status()).checked.lane, 'identity')
  })

  /** What is compared of what a user holds, and what lies there sealed. */
  const heldThere = () =>
    at()
      .selectFrom('authenticators')
      .select(['id', 'user_id', 'kind', 'label', 'state', 'bound_at', 'last_step', 'sign_count', 'credential_hash'])
      .orderBy('kind')
      .execute()
  const accountThere = (email_key: string) =>
    at().selectFrom('accounts').selectAll().where('email_key', '=', email_key).executeTakeFirst()
  let known = 6
  const found = async (what: string): Promise<void> => {
    const before = known
    known = await compare()
    assert.equal(known, before + 1, `${what} is found`)
  }
  const nothingFound = async (): Promise<void> => assert.equal(await compare(), known)

  test('another password, an account that is switched on again: found, as the platform has it, and out is who was in by it', async () => {
    const { password_hash: hash } = await accountThere('off@example.com')
    await byHand(`update accounts set password_hash = '${hash}' where email_key = '${email}'`)
    await found('another hash')
    assert.notEqual(
      (
        await until(
          () => accountThere(email),
          (one) => one.password_hash !== hash,
        )
      ).password_hash,
      hash,
    )
    const still = await edge.call('POST', '/api/v/1/user/checkauth', { token: session })
    assert.equal(still.status, 401, still.text)
    session = (await edge.call('POST', '/api/v/1/user/auth', { system, body: { email, password } })).body.user_token
    await admin('PUT', `/admin/user/${system.key}`, { user: ids.off, changes: { disabled: true } })
    await until(
      () => accountThere('off@example.com'),
      (one) => one.disabled === 1,
    )
    await byHand('update accounts set disabled = 0')
    await found('one who is in again')
    assert.equal(
      (
        await until(
          () => accountThere('off@example.com'),
          (one) => one.disabled === 1,
        )
      ).disabled,
      1,
    )
  })

  test('of a password that others may know neither the hash is there nor which edge was lost; so it is at both ends', async () => {
    const why = 'the edge yard was lost'
    const { store } = app.app.means
    await store.forSystem(system.key).transaction((tx) => voidPassword(tx, ids.off, { why, stamp: 'another' }))
    const { password_hash, password_void } = await until(
      () => accountThere('off@example.com'),
      (one) => one.password_stamp === 'another',
    )
    assert.deepEqual([password_hash, password_void], [null, 'exposed'])
    await nothingFound()
  })

  test('an account without a row in the table of users lets nobody in, is found and goes, also where that table was gone', async () => {
    const signIn = (as: string) => edge.call('POST', '/api/v/1/user/auth', { system, body: { email: as, password } })
    const left = 'left@example.com'
    const isGone = () =>
      until(
        () => accountThere(left),
        (one) => one === undefined,
      )
    const leave = () =>
      byHand(`insert into accounts (system_key, user_id, email_key, password_hash, password_stamp, password_weak, disabled,
        created_at) select system_key, 'fffffff0', '${left}', password_hash, password_stamp, password_weak, 0, created_at
        from accounts where user_id = '${ids.op}'`)
    await leave()
    const refused = await signIn(left)
    assert.deepEqual([refused.status, refused.body.error.code], [401, 931], refused.text)
    assert.equal(
      (await at().selectFrom('sessions').select('id').where('subject_id', '=', 'fffffff0').execute()).length,
      0,
    )
    await found('one who is left over')
    assert.equal(await isGone(), undefined)
    await leave()
    const [{ table_name: users }] = await at()
      .selectFrom('collections')
      .select('table_name')
      .where('kind', '=', 'users')
      .execute()
    await byHand(`drop table ${users}`)
    await found('a table of users that is gone')
    assert.equal(await isGone(), undefined)
    assert.notEqual((await signIn(left)).status, 200)
    const got = await until(
      () => signIn(email),
      ({ status }) => status === 200,
    )
    assert.equal(got.status, 200, got.text)
  })

  test('authenticators are those of the platform: seeds that do not open, another user’s, one too many, a lower counter', async () => {
    const wanted = await heldThere()
    assert.deepEqual(
      wanted.map(({ kind, sign_count }: any) => [kind, sign_count]),
      [
        ['passkey', 7],
        ['totp', 0],
      ],
    )
    const sealed = () => at().selectFrom('authenticators').select(['kind', 'sealed']).execute()
    const opened = (await sealed()).map((one: any) => one.sealed)
    const damages = [
      `update authenticators set sealed = substr(sealed, 1, 30) || case substr(sealed, 31, 1) when 'A' then 'B' else 'A' end
        || substr(sealed, 32) where kind = 'totp'`,
      `update authenticators set user_id = '${ids.off}' where kind = 'totp'`,
      `insert into authenticators select 'more', system_key, user_id, 'recovery', label, '', state, failures, blocked_until,
        bound_at, bound_by, used_at, last_step, null, rp_id, sign_count, backed_up from authenticators where kind = 'totp'`,
      "update authenticators set last_step = last_step - 1 where kind = 'totp'",
      "update authenticators set sign_count = 6 where kind = 'passkey'",
      "update authenticators set credential_hash = 'abc', bound_at = 1 where kind = 'passkey'",
      "delete from authenticators where kind = 'passkey'",
    ]
    for (const damage of damages) {
      await byHand(damage)
      await found(damage)
      const is = (held: unknown): boolean => JSON.stringify(held) === JSON.stringify(wanted)
      assert.deepEqual(await until(heldThere, is), wanted, damage)
    }
    const { key } = edge.app.means
    const [totp] = (await heldThere()).filter(({ kind }: any) => kind === 'totp')
    const seed = (await sealed()).find(({ kind }: any) => kind === 'totp').sealed
    assert.equal(opened.includes(seed), false, 'it came anew')
    assert.match(key.unseal('authenticators', placeOf(system.key, { id: totp.id, userId: ids.op }), seed), /./)
  })

  test('what is tighter there stays so, and is no difference', async () => {
    await byHand("update authenticators set state = 'disabled', sign_count = sign_count + 2 where kind = 'passkey'")
    await byHand(
      "update authenticators set last_step = last_step + 9, failures = 3, blocked_until = 5, used_at = 7 where kind = 'totp'",
    )
    const wanted = await heldThere()
    await nothingFound()
    assert.deepEqual(await heldThere(), wanted)
    await byHand("update authenticators set label = 'x' where kind = 'totp'")
    await found('another label')
    await until(heldThere, (held: any) => held[1].label !== 'x')
    assert.deepEqual(await heldThere(), wanted, 'also where they come anew')
  })

  test('columns, indexes and rules of collections, tables and portals are there again, and what was written there stays', async () => {
    const indexes = () => byHand(`select name from pragma_index_list('c_${both}') where origin = 'c'`)
    const [index] = (await indexes()).rows as any[]
    await byHand(`drop index ${index.name}`)
    await found('an index that is gone')
    assert.equal((await until(indexes, ({ rows }) => rows.length === 1)).rows.length, 1)
    const rule = () => at().selectFrom('synced_collections').select('rule').executeTakeFirst()
    await byHand('delete from synced_collections')
    await found('a rule that is gone')
    assert.deepEqual(await until(rule, (one) => one !== undefined), { rule: 'last_writer' })
    const texts = async (): Promise<number> =>
      (
        await at()
          .selectFrom(`c_${readings}`)
          .select('text')
          .where('text', '=', 'é "x" \u2028')
          .execute()
          .catch(() => [])
      ).length
    const whole = await texts()
    assert.ok(whole > 1_000)
    await byHand(`alter table c_${readings} drop column text`)
    await found('a column that is gone')
    assert.equal(await until(texts, (count) => count === whole), whole)
    const own = await at().selectFrom(`c_${readings}`).select('whole').where('whole', '=', 1).execute()
    assert.equal(own.length, 2, 'and the row that was written there is still there')
    await byHand(`delete from collection_columns where collection_id = '${both}' and name = 'value'`)
    await found('a column that nobody knows of')
    const values = () =>
      at()
        .selectFrom(`c_${both}`)
        .select('value')
        .execute()
        .catch(() => [])
    const known = () => at().selectFrom('collection_columns').select('name').where('collection_id', '=', both).execute()
    assert.deepEqual((await until(known, (list: any) => list.length === 2)).length, 2)
    assert.equal((await values()).length, 3)
    await byHand(`drop table c_${both}`)
    await found('a table that is gone')
    assert.equal((await until(values, (list: any) => list.length === 3)).length, 3)
    const files = () => at().selectFrom('kept_assets').select(['path', 'bytes']).orderBy('path').execute()
    const wanted = JSON.stringify(await files())
    const isAsWanted = async () =>
      assert.equal(
        await until(
          async () => JSON.stringify(await files()),
          (now) => now === wanted,
        ),
        wanted,
      )
    await byHand("update kept_assets set bytes = x'00'")
    await found('another file of a portal')
    await isAsWanted()
  })

  test('single rows are compared, but for those that are copied once', async () => {
    const there = () => at().selectFrom(`c_${limits}`).select(['item_id', 'value']).orderBy('value').execute()
    await byHand(`update c_${limits} set value = 20 where item_id = '${single.copied}'`)
    await nothingFound()
    await byHand(`update c_${limits} set value = 10 where item_id = '${single.follows}'`)
    await found('another value')
    const wanted = [
      { item_id: single.follows, value: 1 },
      { item_id: single.copied, value: 20 },
    ]
    assert.deepEqual(await until(there, (rows: any) => rows[0].value === 1), wanted)
    await byHand(`insert into c_${limits} (item_id, value) values ('01a21644-ddca-7000-9413-360a856923f3', 5)`)
    await found('one that is too many')
    assert.deepEqual(await until(there, (rows: any) => rows.length === 2), wanted)
  })

  test('it is done once a day by itself', async () => {
    await byHand(`update c_${both} set value = 90 where value = 1`)
    app.advance(day + 1)
    // Whatever wakes the link.
    await admin('POST', `/api/v/1/data/${readings}`, { whole: 1 })
    const last = await until(status, (one) => one.checked.differences === known + 1)
    assert.equal(last.checked.differences, known + 1)
  })
})

test('of an answer about what an edge holds only its form is read', () => {
  const said = { type: 'checked', lane: 'data', part: 'c', after: '', result: 'except', except: ['1'] }
  assert.deepEqual(readFromEdge(said), said)
  for (const wrong of [
    { ...said, lane: 'all' },
    { ...said, part: 'x'.repeat(101) },
    { ...said, result: 'better' },
    { ...said, except: [1] },
    { ...said, except: Array.from({ length: 1_001 }, () => '1') },
    { ...said, rows: [] },
  ]) {
    assert.equal(readFromEdge(wrong), undefined, JSON.stringify(wrong).slice(0, 100))
  }
})
