/** Codes to phones from an edge: made and checked there, sent by the platform, and nothing else is sent for whoever has the edge. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { createTestApp, type TestApp } from '../../../../test/support/app.ts'
import { uuid } from '../base/ids.ts'
import { challengeRules } from '../domain/auth/challenges.ts'
import { secondFactorService } from '../domain/auth/second-factor.fixture.ts'
import { databaseOf } from '../store/store.ts'
import { findAuthenticator } from '../store/tables/authenticators.ts'
import { tallyPrefix } from '../store/tables/messages.ts'
import { findPlatformLink } from '../store/tables/platform-links.ts'
import { takeCount } from '../store/tables/send-counts.ts'
import { CodeRequests, codeRules } from './code-requests.ts'
import { adminOf, endings, startEdge, type TestEdge, until } from './edge.fixture.ts'
import { type FaultProxy, faultProxy } from './fault-proxy.fixture.ts'

const password = 'the plant is quiet'
const email = 'op@example.com'
const phone = '+14155550123'

describe('a code from an edge', () => {
  let app: TestApp
  let system: { key: string; secret: string }
  let edge: TestEdge
  let network: FaultProxy
  let routes: { from: string; to: string }[]
  let userId: string
  let strangerId: string
  let phonelessId: string
  /** Requests that the provider has, and does not answer by itself. */
  const hooked: { body: any; response: ServerResponse }[] = []
  const t = endings()

  const admin = adminOf(() => app)
  const inbox = (): Promise<any[]> => admin('GET', `/admin/v/4/system/${system.key}/inbox`)
  const problem = async (): Promise<string> => (await admin('GET', `/admin/edges/${system.key}`))[0].problem
  const signIn = (body: Record<string, unknown>) => edge.call('POST', '/api/v/1/user/auth', { system, body })
  const begin = (more: Record<string, unknown> = {}) => {
    app.advance(challengeRules.resendAfterMs + 1_000)
    return signIn({ email, password, kind: 'phone', ...more })
  }
  /** The edge may ask again: no sooner than the link that ended is gone. */
  const link = () =>
    until(
      () => {
        edge.app.edgeLink!.hurry()
        return edge.app.means.edgeCodes!.problem({ sealed: '' })
      },
      (why) => why === undefined,
    )
  /** As a program does that somebody with root there wrote: over the link, past all that an edge asks of itself. */
  const rooted = (asked: { id?: string; user?: string; code?: string }) =>
    edge.app.means.edgeCodes!.send(undefined as any, {
      ...{ id: uuid(), user: userId, code: '12345678', number: '', body: '' },
      ...asked,
    })
  const refusedFor = async (asked: Parameters<typeof rooted>[0], why: RegExp): Promise<void> => {
    const had = (await inbox()).length
    const sent = await rooted(asked)
    assert.ok(sent !== 'no answer')
    assert.deepEqual([sent.state, why.test(sent.reason)], ['refused', true], sent.reason)
    assert.match(await until(problem, (said) => why.test(said)), why)
    assert.equal((await inbox()).length, had, 'nothing was sent')
  }

  before(async () => {
    const hook = createServer((request, response) => {
      let text = ''
      request.on('data', (part) => {
        text += part
      })
      request.on('end', () => hooked.push({ body: JSON.parse(text), response }))
    })
    hook.listen(0, '127.0.0.1')
    await once(hook, 'listening')
    t.after(() => hook.close())
    const { port } = hook.address() as { port: number }
    routes = [{ from: 'https://hooks.example.com', to: `http://127.0.0.1:${port}` }]
    app = await createTestApp(t, { args: ['--route', `${routes[0]!.from}=${routes[0]!.to}`] })
    system = await app.createSystem()
    await admin('POST', `/admin/user/${system.key}/columns`, { column_name: 'sms_phone', type: 'string' })
    const more = { requires: 'clearblade,signin', executableBy: ['Anonymous'] }
    await app.createService(system, 'secondFactor', secondFactorService, more)
    userId = await app.createUser(system, email, password, { sms_phone: phone })
    strangerId = await app.createUser(system, 'stranger@example.com', password, { sms_phone: '+14155550199' })
    phonelessId = await app.createUser(system, 'plain@example.com', password)
    await app.set(system, {
      ...{ auth_service: 'secondFactor', code_digits: 8, code_message: 'The hall asks: {code}' },
      messages_to: 'inbox',
    })
    await admin('POST', `/admin/${system.key}/deployments`, {
      ...{ name: 'hall', edges: ['hall'], assets: [] },
      sign_in: { users: { emails: [email, 'plain@example.com'] } },
    })
    network = await faultProxy(t, (app.app.server.server.address() as any).port)
    const { token } = await admin('POST', `/admin/edges/${system.key}/hall`, {})
    edge = await startEdge(t, app, { system, name: 'hall', token, platform: network.url })
    await until(
      () => signIn({ email: 'plain@example.com', password }),
      ({ text }) => text.includes('has no phone'),
    )
  })

  test('goes out in the words of the system, is good once, and lies at the edge no more than the number does', async () => {
    const asked = await begin()
    const { factor_id, to, kind, kinds } = asked.body.options
    assert.deepEqual([kind, kinds, to], ['phone', ['phone'], '+1 ••• 0123'], asked.text)
    const sent = (await inbox()).at(-1)
    assert.equal(sent.to, phone)
    const code = /^The hall asks: (\d{8})$/.exec(sent.body)![1]!
    assert.ok(!asked.text.includes(code), 'an edge tells nobody the code')
    const wrong = code === '00000000' ? '00000001' : '00000000'
    assert.ok(!(await signIn({ factor_id, code: wrong })).body.user_token)
    const done = await signIn({ factor_id, code })
    assert.match(done.body.user_token ?? done.text, /^ghu_/)
    assert.ok(!(await signIn({ factor_id, code })).body.user_token, 'once')
    const tally = () => tallyPrefix(app.app.means.store.forSystem(system.key), '+1415', 0)
    assert.equal((await until(tally, ({ entered }) => entered === 1)).entered, 1, 'the breaker knows')
    assert.equal(await problem(), '')
    const trace = JSON.stringify(await admin('GET', `/admin/v/4/system/${system.key}/sign-ins`))
    assert.ok(!trace.includes(code))
    for (const file of readdirSync(edge.folder).filter((name) => name.startsWith('gatehouse.db'))) {
      const bytes = readFileSync(join(edge.folder, file))
      for (const secret of [code, phone, '4155550123', '5550123']) {
        assert.equal(bytes.indexOf(secret), -1, `${file} holds ${secret}`)
      }
    }
    const db = databaseOf(app.app.means.store)
    for (const table of ['messages', 'send_counts', 'sign_in_traces', 'run_logs', 'changes', 'edges'] as const) {
      const rows = JSON.stringify(await db.selectFrom(table).selectAll().execute())
      for (const secret of [code, '4155550123']) assert.ok(!rows.includes(secret), `${table} holds ${secret}`)
    }
  })

  test('comes again by the rules of the platform: after half a minute, and the one before is good no more', async () => {
    const { factor_id } = (await begin()).body.options
    const first = /\d{8}/.exec((await inbox()).at(-1).body)![0]
    const soon = await signIn({ factor_id, resend: true })
    assert.match(soon.text, /was sent a moment ago/)
    app.advance(challengeRules.resendAfterMs + 1_000)
    const again = await signIn({ factor_id, resend: true })
    const code = /\d{8}/.exec((await inbox()).at(-1).body)![0]
    assert.ok(!(await signIn({ factor_id, code: first })).body.user_token)
    const done = await signIn({ factor_id: again.body.options.factor_id, code })
    assert.match(done.body.user_token ?? done.text, /^ghu_/)
  })

  test('cannot be sent while the link is cut: said at once, with what else there is, and nobody is let in', async () => {
    const { factor_id } = (await begin()).body.options
    const had = (await inbox()).length
    network.dark()
    await until(
      () => edge.app.means.edgeCodes!.problem({ sealed: '' }),
      (said) => said !== undefined,
    )
    app.advance(challengeRules.resendAfterMs + 1_000)
    for (const body of [
      { factor_id, resend: true },
      { email, password, kind: 'phone' },
      { email, password },
      // What he has not is not what he needs to hear.
      { email, password, kinds: ['passkey', 'totp', 'phone', 'recovery'] },
    ]) {
      const refused = await signIn(body)
      assert.match(refused.text, /no text message can be sent while its link to the platform is cut/)
      assert.match(refused.text, /no other second factor here: sign in at the platform/)
      assert.ok(!refused.body.user_token)
    }
    const careless = await signIn({ email, password, kind: 'phone', careless: true })
    assert.ok(!careless.body.user_token, 'nor by a service that would')
    network.light()
    await link()
    assert.equal((await inbox()).length, had)
    // The code that was sent before is checked without any link.
    const code = /\d{8}/.exec((await inbox()).at(-1).body)![0]
    const done = await signIn({ factor_id, code })
    assert.match(done.body.user_token ?? done.text, /^ghu_/)
  })

  test('goes out once where the link breaks between question and answer, and then opens nothing', async () => {
    await admin('POST', `/admin/v/4/system/${system.key}/secrets`, { name: 'HOOK', value: 'the secret of the hook' })
    const provider = { kind: 'webhook', url: 'https://hooks.example.com/sms', secret: 'secret:HOOK' }
    await app.set(system, { messages_to: 'provider', message_providers: [provider] })
    const asking = begin()
    await until(
      () => hooked.length,
      (count) => count === 1,
    )
    network.cut()
    const answer = await asking
    assert.match(answer.text, /Whether the code was sent is not known: the platform did not answer/)
    assert.equal(answer.body.options.factor_id, undefined)
    hooked[0]!.response.end('{}')
    await link()
    // What the provider has is what was asked for once; the next sign-in has a code of its own.
    const next = begin()
    await until(
      () => hooked.length,
      (count) => count === 2,
    )
    hooked[1]!.response.end('{}')
    const { factor_id } = (await next).body.options
    const [first, second] = hooked.map(({ body }) => /\d{8}/.exec(body.body)![0])
    assert.notEqual(first, second)
    assert.ok(!(await signIn({ factor_id, code: first })).body.user_token)
    const done = await signIn({ factor_id, code: second })
    assert.match(done.body.user_token ?? done.text, /^ghu_/)
    assert.equal(hooked.length, 2)
    await app.set(system, { messages_to: 'inbox' })
  })

  test('of a rooted edge is no text, no other length, for no stranger, not twice, and stands in its status', async () => {
    app.advance(3_600_000)
    await refusedFor({ code: '123456' }, /no code of 8 digits/)
    await refusedFor({ code: '1234567890123' }, /no code of 8 digits/)
    await refusedFor({ user: strangerId }, /somebody who does not sign in there/)
    await refusedFor({ user: 'nobody-at-all' }, /somebody who does not sign in there/)
    await refusedFor({ user: phonelessId }, /no phone/)
    await admin('PUT', `/admin/user/${system.key}`, { user: userId, changes: { disabled: true } })
    await refusedFor({}, /somebody who does not sign in there/)
    await admin('PUT', `/admin/user/${system.key}`, { user: userId, changes: { disabled: false } })
    const id = uuid()
    const first = await rooted({ id })
    assert.ok(first !== 'no answer')
    assert.deepEqual([first.state, first.where, first.provider], ['accepted', 'inbox', 'inbox'])
    await refusedFor({ id, code: '87654321' }, /a second time/)
    // What a provider says stays at the platform: hosts, and names of secrets.
    const lacking = { kind: 'webhook', url: 'https://hooks.example.com/sms', secret: 'secret:NOT_THERE' }
    await app.set(system, { messages_to: 'provider', message_providers: [lacking] })
    await refusedFor({}, /The provider of messages did not take it\.$/)
    await app.set(system, { messages_to: 'inbox' })
    // One phone that cannot be read ends no link.
    const linked = edge.app.edgeLink!.state.since
    const phones = databaseOf(app.app.means.store).updateTable('authenticators').where('user_id', '=', userId)
    const { sealed } = (await findAuthenticator(app.app.means.store.forSystem(system.key), { userId, kind: 'phone' }))!
    await phones.set({ sealed: 'spoiled' }).execute()
    await refusedFor({}, /The platform could not send it/)
    await phones.set({ sealed }).execute()
    assert.deepEqual([edge.app.edgeLink!.state.state, edge.app.edgeLink!.state.since], ['connected', linked])
    const had = (await inbox()).length
    for (const code of ['Call this number', '12345678 call me']) {
      assert.equal(await rooted({ code }), 'no answer', 'the link is cut over what no edge may send')
      assert.match(await until(problem, (said) => said.includes('no edge may send')), /no edge may send/)
      await link()
    }
    assert.equal((await inbox()).length, had)
    const requests = new CodeRequests(app.app.means, { ...({} as any), systemKey: system.key, name: 'hall' }, () =>
      assert.fail(),
    )
    for (let n = 0; n < codeRules.askedAMinute; n++) assert.ok(requests.mayAsk())
    assert.ok(!requests.mayAsk(), 'one that asks on and on is cut off')
    const said = await problem()
    for (const secret of ['12345678', '4155550123', strangerId]) assert.ok(!said.includes(secret))
  })

  test('is one of so many from an edge within an hour, and none for whom its deployments name no more', async () => {
    const data = app.app.means.store.forSystem(system.key)
    const counted = { kind: 'codes of an edge, hour', subject: 'hall', windowMs: 3_600_000, most: codeRules.anHour }
    while ((await takeCount(data, counted, app.app.means.clock.now())) === undefined) {}
    await refusedFor({}, /100 codes from this edge within an hour/)
    app.advance(3_700_000)
    const sign_in = { users: { emails: ['plain@example.com'] } }
    await admin('PUT', `/admin/${system.key}/deployments/hall`, { sign_in })
    const sent = await rooted({})
    assert.ok(sent !== 'no answer' && sent.state === 'refused', JSON.stringify(sent))
    assert.match(sent.reason, /somebody who does not sign in there/)
  })

  test('goes through a gateway of the edge itself without any link, where the deployment brings the numbers', async () => {
    const gatewayFile = join(app.dataFolder, 'gateway.json')
    const provider = { kind: 'webhook', url: 'https://hooks.example.com/sms', secret: 'the secret of the gateway' }
    writeFileSync(gatewayFile, JSON.stringify(provider), { mode: 0o644 })
    const { token } = await admin('POST', `/admin/edges/${system.key}/dock`, {})
    const sign_in = { users: { emails: [email] } }
    await admin('POST', `/admin/${system.key}/deployments`, { name: 'dock', edges: ['dock'], sign_in })
    const asked = { system, name: 'dock', token, gatewayFile, routes }
    await assert.rejects(startEdge(t, app, asked), /read by others than its owner. Run: chmod 600/)
    chmodSync(gatewayFile, 0o600)
    for (const wrong of ['no JSON', '{"kind":"webhook","url":"http://x.example/","secret":"s"}', '{"kind":"smoke"}']) {
      writeFileSync(gatewayFile, wrong)
      await assert.rejects(startEdge(t, app, asked), /--message-gateway-file/)
    }
    writeFileSync(gatewayFile, JSON.stringify(provider))
    const dock = await startEdge(t, app, asked)
    const at = (one: TestEdge, body: object) => one.call('POST', '/api/v/1/user/auth', { system, body })
    const heldAt = async (one: TestEdge) =>
      (await findAuthenticator(one.app.means.store.forSystem(system.key), { userId, kind: 'phone' }))?.sealed
    const without = await until(
      () => at(dock, { email, password, kind: 'phone' }),
      ({ text }) => text.includes('brings it no numbers') || text.includes('bring it no numbers'),
    )
    assert.match(without.text, /bring it no numbers/)
    assert.deepEqual([await heldAt(dock), hooked.length], ['', 2], 'nothing of it, and nothing was sent')

    await admin('PUT', `/admin/${system.key}/deployments/dock`, { sign_in: { ...sign_in, phones: true } })
    assert.notEqual(
      await until(
        () => heldAt(dock),
        (sealed) => sealed !== '',
      ),
      '',
    )
    await dock.app.edgeLink!.close()
    app.advance(challengeRules.resendAfterMs + 1_000)
    const asking = at(dock, { email, password, kind: 'phone' })
    await until(
      () => hooked.length,
      (count) => count === 3,
    )
    hooked[2]!.response.end('{}')
    const { factor_id } = (await asking).body.options
    assert.equal(hooked[2]!.body.to, phone)
    const code = /^Your code is (\d{6})$/.exec(hooked[2]!.body.body)![1]!
    const done = await at(dock, { factor_id, code })
    assert.match(done.body.user_token ?? done.text, /^ghu_/)
    assert.ok(!(await at(dock, { factor_id, code })).body.user_token, 'once')
    for (const file of readdirSync(dock.folder).filter((name) => name.startsWith('gatehouse.db'))) {
      for (const secret of [code, '4155550123', provider.secret]) {
        assert.equal(readFileSync(join(dock.folder, file)).indexOf(secret), -1, `${file} holds ${secret}`)
      }
    }
    // An edge without a gateway has no use for a number, whatever its deployments say.
    await admin('PUT', `/admin/${system.key}/deployments/hall`, { sign_in: { ...sign_in, phones: true } })
    await until(
      () => heldAt(edge),
      (sealed) => sealed !== undefined,
    )
    assert.equal(await heldAt(edge), '')
    // Nor one that had a gateway.
    await dock.app.close()
    const again = await startEdge(t, app, { system, name: 'dock', folder: dock.folder })
    assert.equal(await heldAt(again), '')
    // With it again they come by themselves, and once: a start brings no users anew.
    await again.app.close()
    const third = await startEdge(t, app, { system, name: 'dock', folder: dock.folder, gatewayFile, routes })
    assert.ok(await until(() => heldAt(third), Boolean))
    const identity = async (one: TestEdge) => (await findPlatformLink(one.app.means.store))!.cursors.identity
    const before = await until(
      () => identity(third),
      (cursor) => cursor?.at === null,
    )
    await third.app.close()
    const fourth = await startEdge(t, app, { system, name: 'dock', folder: dock.folder, gatewayFile, routes })
    await until(
      () => fourth.app.edgeLink!.state.state,
      (state) => state === 'connected',
    )
    assert.equal((await identity(fourth))?.scope, before!.scope)
    assert.notEqual(await heldAt(fourth), '')
    const dockIs = async () =>
      (await admin('GET', `/admin/v/4/system/${system.key}/edges`)).find(({ name }: any) => name === 'dock')
    assert.equal((await until(dockIs, (one) => one.behind_since === null)).lanes.identity.first_sync, false)
    const bad = await app.call('PUT', `/admin/${system.key}/deployments/hall`, {
      developer: app.developer,
      body: { sign_in: { ...sign_in, phones: 'all' } },
    })
    assert.equal(bad.status, 400)
  })
})
