/**
 * What must never be kept or told: a whole life of a system with two factors on a node in production, and afterwards a
 * search for every password, code, token, proof, handle, phone number and key that was used. Run by `secrecy.test.ts` and
 * `secrecy.postgres.test.ts`, which bring the database and a look at all that is in it.
 */
import assert from 'node:assert/strict'
import { randomBytes, randomInt } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fromBuffer } from 'yauzl'
import { SoftwarePasskey } from '../../packages/server/src/domain/accounts/software-passkey.fixture.ts'
import { closedPort } from '../../packages/server/src/domain/sending/providers.fixture.ts'
import { type Answer, type Asked, startNode } from '../support/node-process.ts'
import { findSecret, spellings } from '../support/search.ts'

export type Table = { name: string; columns: string[]; rows: unknown[][] }

export type Kept = {
  url: string | undefined
  /** Runs one statement beside the node. */
  change(dataFolder: string, statement: string): Promise<void>
  /** Everything in the database, table by table. */
  tables(dataFolder: string): Promise<Table[]>
}

const cellOf = (value: unknown): Buffer => (Buffer.isBuffer(value) ? value : Buffer.from(String(value)))
const contentOf = ({ rows }: Table): Buffer =>
  Buffer.concat(rows.flat().flatMap((value) => [cellOf(value), Buffer.from('\n')]))

const account = `AC${'1f'.repeat(16)}`
const phone = '+14152223344'
const otherPhone = '+14153334455'
const developerEmail = 'dev@example.com'
const runAs = 'authOverrideAccount@example.com'

/** 256 bits each with a mark of their kind: what a token, a proof or a handle looks like. */
const bearer = /gh(_[a-z]+|[a-z])_[A-Za-z0-9_-]{20,}/

/** Twilio as it is at its worst: every error repeats all that it was sent. */
async function hostileTwilio(t: { after(end: () => unknown): void }) {
  const made = { url: '', bodies: [] as string[], status: 201 }
  const server = createServer(async (request, response) => {
    const body = await text(request)
    const repeated = `${request.url} ${JSON.stringify(request.headers)} ${body} ${decodeURIComponent(body)}`
    if (request.method === 'POST') made.bodies.push(body)
    if (made.status === 0) return void response.destroy()
    const answer = made.status < 300 ? { sid: `SM${'a'.repeat(32)}` } : { code: 20003, message: repeated }
    response.writeHead(made.status, { 'content-type': 'application/json', 'x-repeated': encodeURIComponent(repeated) })
    response.end(JSON.stringify(answer))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  made.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return made
}

/** Logs and throws whatever it is given, at every step. */
const leaky = `function leaky(req, resp) {
  function tell(what, value) {
    log(what + ' ' + JSON.stringify(value))
    log(value)
  }
  tell('params', req.params)
  tell('request', req)
  tell('token', req.userToken)
  if (req.params.code) {
    signin.answer({ challenge_id: req.params.factor_id, code: req.params.code }, function (err, data) {
      tell('answer', data)
      throw new Error('answer ' + JSON.stringify(data) + JSON.stringify(req.params))
    })
  }
  ClearBlade.init({
    systemKey: req.systemKey, systemSecret: req.systemSecret, email: req.params.email, password: req.params.password,
    callback: function (err, body) {
      tell('init', body)
      if (err || req.params.early) throw new Error('init ' + JSON.stringify(body) + req.params.password)
      var provider = { kind: 'twilio', account: TWILIO_KEY, token: TWILIO_SECRET, from: TWILIO_SOURCE_NUMBER }
      signin.challenge({ authToken: body.authToken, kind: req.params.kind || 'phone', digits: 10, message: 'Code {code}', provider: provider },
        function (err, challenge) {
          tell('challenge', challenge)
          if (req.params.late) throw new Error('challenge ' + JSON.stringify(challenge) + JSON.stringify(body))
          resp.error({ options: { err: true, message: String(challenge.challenge_id || challenge), passkey: challenge.passkey } })
        })
    },
  })
}`

/** Asks a host that repeats in its answer what it was sent, with a secret among it, and tells that too. */
const asks = `function asks(req, resp) {
  var options = {
    uri: 'https://hooks.example.com/orders', auth: { user: 'u', pass: 'secret:HOOK' }, headers: { 'X-Key': 'secret:HOOK' },
  }
  Requests().get(options, function (err, body) {
    log(body)
    log(JSON.stringify([err, body]))
    throw new Error('asked ' + String(body))
  })
}`

async function unzipped(archive: Buffer): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>()
  await new Promise<void>((done, fail) => {
    fromBuffer(archive, { lazyEntries: true }, (problem, zip) => {
      if (problem) return fail(problem)
      zip.on('entry', (entry) => {
        zip.openReadStream(entry, async (error, stream) => {
          if (error) return fail(error)
          const parts: Buffer[] = []
          for await (const part of stream) parts.push(part as Buffer)
          files.set(entry.fileName, Buffer.concat(parts))
          zip.readEntry()
        })
      })
      zip.once('end', done).once('error', fail).readEntry()
    })
  })
  return files
}

export function secrecySuite(name: string, openKept: () => Promise<Kept>): void {
  test(`a search finds what is hidden, however it is spelled (${name})`, () => {
    const secret = 'a pass "word" ñ/+ 17'
    for (const [spelling, bytes] of spellings(secret)) {
      const hidden = Buffer.concat([Buffer.from('before '), bytes, Buffer.from(' after')])
      assert.ok(findSecret(hidden, secret), spelling)
    }
    for (const before of ['', 'a', 'ab']) {
      assert.ok(findSecret(Buffer.from(Buffer.from(`${before}${secret}:x`).toString('base64')), secret), before)
    }
    assert.equal(findSecret(Buffer.from('a pass word'), secret), undefined)
  })

  test(`nothing secret of a life with two factors is kept or told on ${name}`, async (t) => {
    const kept = await openKept()
    const dataFolder = mkdtempSync(join(tmpdir(), 'gatehouse-test-'))
    t.after(() => rmSync(dataFolder, { recursive: true, force: true }))
    const twilio = await hostileTwilio(t)

    /** By what it is. */
    const secrets = new Map<string, string>()
    const told: { what: string; content: Buffer }[] = []
    const fresh = (
      what: string,
      value = `${what.replace(/\W/g, '-')} ${randomBytes(9).toString('base64url')}`,
    ): string => {
      secrets.set(what, value)
      return value
    }
    const developerPassword = fresh('password of the developer')
    const { port } = new URL(await closedPort())
    const args = [
      '--port',
      port,
      '--data',
      dataFolder,
      '--mode',
      'production',
      '--url',
      'https://gate.example.com',
      '--weak-sandbox',
    ]
    const routes = ['api.twilio.com', 'hooks.example.com'].map((host) => `https://${host}=${twilio.url}`).join(',')
    const node = await startNode(t, [...args, '--route', routes, '--log-level', 'trace'], {
      GATEHOUSE_DEVELOPER_EMAIL: developerEmail,
      GATEHOUSE_DEVELOPER_PASSWORD: developerPassword,
      ...(kept.url !== undefined && { DATABASE_URL: kept.url }),
    })

    let count = 0
    /** An answer that carries no secret that it should not: all but those of `carrying`. */
    const call = async (
      method: 'GET' | 'POST' | 'PUT' | 'DELETE',
      path: string,
      asked: Asked = {},
    ): Promise<Answer> => {
      const answer = await node.call(method, path, asked)
      told.push({ what: `answer ${++count} to ${method} ${path.slice(0, 60)}`, content: Buffer.from(answer.text) })
      return answer
    }
    /** The answers that are meant to hand a secret to whoever asks. */
    const carrying = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, asked: Asked = {}) =>
      node.call(method, path, asked)
    const good = (answer: Answer): Answer => {
      assert.equal(answer.status, 200, answer.text)
      return answer
    }
    const signInAs = { email: developerEmail, password: developerPassword }
    const developerAnswer = good(await carrying('POST', '/admin/auth', { body: signInAs }))
    const developer = fresh('token of the developer', developerAnswer.body.dev_token)
    if (developerAnswer.body.refresh_token) fresh('refresh token of the developer', developerAnswer.body.refresh_token)
    const wrongDeveloper = { email: developerEmail, password: fresh('wrong password of a developer') }
    await call('POST', '/admin/auth', { body: wrongDeveloper })

    // Install, constants with a secret instead of a key, set-up.
    const [listed] = (await call('GET', '/packages')).body.filter((one: any) => one.name === 'two-factor-auth')
    const install = { developer, body: { url: listed.url, name: 'two-factor' } }
    const { system } = good(await carrying('POST', '/admin/v/4/packages/install', install)).body
    const at = `/admin/v/4/system/${system.key}`
    const provider = fresh('token of the provider')
    good(await call('POST', `${at}/secrets`, { developer, body: { name: 'TWILIO_TOKEN', value: provider } }))
    const hook = { name: 'HOOK', value: fresh('value of another secret'), hosts: ['hooks.example.com'] }
    good(await call('POST', `${at}/secrets`, { developer, body: hook }))
    await call('POST', `${at}/secrets`, { developer, body: hook })
    await call('POST', `${at}/secrets`, {
      developer,
      body: { name: 'no name!', value: fresh('value of a refused secret') },
    })
    const edit = async (path: string, change: (code: string) => string) => {
      const { code } = good(await call('GET', path, { developer })).body
      assert.notEqual(change(code), code)
      good(await call('PUT', path, { developer, body: { code: change(code) } }))
    }
    const set = (line: string, value: string) => (code: string) =>
      code.replace(new RegExp(`^var ${line} = .*`, 'm'), () => `var ${line} = ${JSON.stringify(value)}`)
    const library = `/codeadmin/v/2/library/${system.key}`
    await edit(`${library}/ConstantsTwoFactor`, set('TWILIO_KEY', account))
    await edit(`${library}/ConstantsTwoFactor`, set('TWILIO_SECRET', 'secret:TWILIO_TOKEN'))
    await edit(`${library}/ConstantsTwoFactor`, set('TWILIO_SOURCE_NUMBER', '+15005550006'))
    // Codes of ten digits, since six stand in many a number by chance.
    await edit(`${library}/TwilioSMS`, (code) =>
      code.replaceAll('message: message(),', 'message: message(), digits: 10,'),
    )

    const users = `/admin/user/${system.key}`
    const userPassword = fresh('password of the user')
    const user = { email: 'test@example.com', password: userPassword, sms_phone: phone }
    const { user_id: userId } = good(await carrying('POST', users, { developer, body: user })).body
    secrets.set('phone of the user', phone)
    secrets.set('phone of another user', otherPhone)
    for (const digits of [phone.slice(1), otherPhone.slice(1)]) secrets.set(`digits ${digits}`, digits)
    const other = { email: 'op@example.com', password: fresh('password of another user'), sms_phone: otherPhone }
    good(await carrying('POST', users, { developer, body: other }))
    const twice = { ...other, password: fresh('password of a second try') }
    await call('POST', users, { developer, body: { email: twice.email, password: twice.password } })
    await call('POST', users, { developer, body: { email: 'x', password: fresh('password of no e-mail') } })

    const runPath = (service: string) => `/api/v/1/code/${system.key}/${service}`
    const ran = good(await carrying('POST', runPath('SetupTwoFactorAuth'), { developer, body: {} })).body
    assert.equal(ran.success, true, JSON.stringify(ran))
    for (const one of ran.results.users) if (one.password) fresh(`password made for ${one.email}`, one.password)
    assert.equal(secrets.has(`password made for ${runAs}`), true)
    const authService = `/admin/code/v/1/${system.key}/authOverride`
    good(await call('PUT', authService, { developer, body: { run_user: runAs, logging_enabled: true } }))
    const settings = (body: object) =>
      call('PUT', '/admin/v/4/systemmanagement', { developer, body: { id: system.key, ...body } })
    good(await settings({ auth_service: 'authOverride', record_sign_ins: { keep: 1000 } }))

    // Sign-ins of every kind.
    const authPath = '/api/v/1/user/auth'
    const auth = (body: unknown) => call('POST', authPath, { system, body })
    let messages = 0
    const lastCode = (): string => {
      assert.ok(twilio.bodies.length > messages, 'a message was sent')
      messages = twilio.bodies.length
      const found = /\d{10}/.exec(new URLSearchParams(twilio.bodies.at(-1)).get('Body')!)![0]
      return fresh(`code ${messages}`, found)
    }
    /** The first step; its answer is meant to carry the handle. */
    const first = async (body: object) => {
      const answer = good(await carrying('POST', authPath, { system, body }))
      const handle = answer.body.options?.factor_id
      assert.match(handle ?? '', /^ghf_/, answer.text)
      assert.equal(findSecret(Buffer.from(answer.text), phone), undefined)
      return { handle: fresh(`handle ${secrets.size}`, handle), code: lastCode() }
    }
    const session = async (body: object) => {
      const answer = good(await carrying('POST', authPath, { system, body }))
      assert.match(answer.body.user_token, /^ghu_/, answer.text)
      const token = fresh(`token ${secrets.size}`, answer.body.user_token)
      if (answer.body.refresh_token) fresh(`refresh token ${secrets.size}`, answer.body.refresh_token)
      return { token, refresh: answer.body.refresh_token as string | undefined }
    }
    const wrongCode = () => fresh(`wrong code ${secrets.size}`, String(randomInt(1e9, 1e10)))
    /** Nobody waits for half a minute, or for five, in a test. */
    const later = (ms: number) =>
      kept.change(
        dataFolder,
        `update challenges set created_at = created_at - ${ms}, attempt_at = attempt_at - ${ms}, expires_at = expires_at - ${ms}`,
      )

    await auth({ email: user.email, password: fresh('wrong password of the user'), factor: 1 })
    await auth({ email: 'nobody@example.com', password: fresh('password of nobody') })
    const begun = await first({ email: user.email, password: userPassword, factor: 1 })
    await auth({ factor: 2, factor_id: begun.handle, code: wrongCode() })
    await auth({ factor: 2, factor_id: begun.handle })
    await auth({ factor: 9, factor_id: begun.handle, code: begun.code })
    await auth({ factor_id: begun.handle, resend: true })
    const open = await session({ factor: 2, factor_id: begun.handle, code: begun.code })
    await auth({ factor: 2, factor_id: begun.handle, code: begun.code })
    const expired = await first({ email: user.email, password: userPassword })
    await later(6 * 60_000)
    await auth({ factor: 2, factor_id: expired.handle, code: expired.code })
    const lost = await first({ email: other.email, password: other.password })
    await later(40_000)
    const again = await first({ factor_id: lost.handle, resend: true })
    await auth({ factor: 2, factor_id: lost.handle, code: lost.code })
    await session({ factor: 2, factor_id: again.handle, code: again.code })
    // A provider that refuses, breaks and hangs up, and repeats what it was sent.
    for (const status of [400, 500, 0]) {
      twilio.status = status
      await later(10 * 60_000)
      const failed = await carrying('POST', authPath, {
        system,
        body: { email: other.email, password: other.password },
      })
      if (failed.body.options.factor_id) fresh(`handle ${secrets.size}`, failed.body.options.factor_id)
      told.push({
        what: `message where the provider answers ${status}`,
        content: Buffer.from(failed.body.options.message),
      })
      lastCode()
    }
    twilio.status = 201
    await later(10 * 60_000)

    // A passkey: bound, used, and used wrongly.
    const holder = { email: 'keys@example.com', password: fresh('password of a user with a passkey') }
    const { user_id: holderId } = good(await carrying('POST', users, { developer, body: holder })).body
    const given = good(await carrying('POST', `${at}/users/${holderId}/enrolment`, { developer })).body
    const enrolment = fresh('enrolment', given.enrolment)
    const own = '/api/v/4/user/authenticators'
    const owned = { ...holder, enrolment }
    const begin = { system, body: { ...owned, kind: 'passkey' } }
    const { passkey: creation } = good(await carrying('POST', `${own}/enrol`, begin)).body
    fresh('challenge of an enrolment', creation.challenge)
    const passkey = new SoftwarePasskey()
    const [home, foreign] = ['https://gate.example.com', 'https://evil.example.com']
    const confirm = (origin: string) => ({ system, body: { ...owned, code: passkey.create(creation, origin) } })
    await call('POST', `${own}/confirm`, confirm(foreign))
    const bound = good(await carrying('POST', `${own}/confirm`, confirm(home))).body
    for (const code of bound.recovery_codes) fresh(`recovery code ${secrets.size}`, code)
    /** The first step; its answer is meant to carry what the passkey signs. */
    const firstByPasskey = async () => {
      const { options } = good(await carrying('POST', authPath, { system, body: holder })).body
      fresh(`challenge of a passkey ${secrets.size}`, options.passkey.challenge)
      return { handle: fresh(`handle ${secrets.size}`, options.factor_id ?? options.message), options: options.passkey }
    }
    const signed = (options: unknown, origin: string) => {
      const code = passkey.get(options, origin)
      fresh(`signature ${secrets.size}`, code.response.signature)
      return code
    }
    const byPasskey = await firstByPasskey()
    await auth({ factor: 2, factor_id: byPasskey.handle, code: signed(byPasskey.options, foreign) })
    const right = { factor: 2, factor_id: byPasskey.handle, code: signed(byPasskey.options, home) }
    await session(right)
    await auth(right)
    await call('GET', `${at}/users/${holderId}/authenticators`, { developer })

    // Sessions, their ends, and requests that are wrong.
    const info = '/api/v/1/user/info'
    await call('GET', info, { headers: { 'clearblade-usertoken': `${open.token}x` } })
    await call('GET', `${info}?token=${open.token}`)
    // Whoever asks for what is not there is told what he asked for, and nobody else is.
    await carrying('GET', `/api/v/1/user/nowhere/${encodeURIComponent(userPassword)}?token=${open.token}`)
    await call('POST', authPath, { system, body: `{"email":"${user.email}","password":"${userPassword}` })
    await call('POST', authPath, { system, body: { email: [userPassword], password: { is: userPassword } } })
    await call('POST', authPath, { system: { ...system, secret: fresh('wrong secret of the system') }, body: user })
    const change = { old_password: fresh('wrong old password'), new_password: fresh('new password that is not taken') }
    await call('PUT', '/api/v/1/user/pass', { token: open.token, body: change })
    await call('PUT', '/admin/putpass', { developer, body: change })
    await call('POST', '/api/v/1/user/reg', {
      system,
      body: { email: user.email, password: fresh('password of a clash') },
    })
    await call('POST', runPath('authOverride'), {
      token: open.token,
      body: { email: user.email, password: userPassword },
    })
    await call('GET', `${at}/secrets`, { developer })
    await call('GET', `${at}/sending`, { developer })
    await call('GET', `/api/v/1/collection/${system.key}/TwoFactorAuthTokens`, { developer })
    await call('GET', `${at}/users/${userId}/authenticators`, { developer })
    if (open.refresh !== undefined) {
      const body = { grant_type: 'refresh_token', refresh_token: open.refresh, user_token: open.token }
      const renewed = await carrying('POST', authPath, { system, body })
      for (const field of ['user_token', 'refresh_token'])
        if (renewed.body?.[field]) fresh(`renewed ${field}`, renewed.body[field])
      await call('POST', authPath, { system, body })
    }
    await call('POST', '/api/v/1/user/logout', { token: open.token })

    // A service that tells all it is given, asked by the node and called by hand.
    const leak = {
      code: leaky,
      dependencies: 'ConstantsTwoFactor,signin,clearblade,log',
      run_user: runAs,
      logging_enabled: true,
    }
    good(await call('POST', `/admin/code/v/1/${system.key}/leaky`, { developer, body: { ...leak, parameters: [] } }))
    const grant = { id: 'Anonymous', changes: { services: [{ itemInfo: { name: 'leaky' }, permissions: 1 }] } }
    good(await call('PUT', `${users}/roles`, { developer, body: grant }))
    good(await settings({ auth_service: 'leaky' }))
    await auth({ email: user.email, password: userPassword, early: true })
    await auth({ email: user.email, password: fresh('wrong password told to all') })
    await auth({ email: user.email, password: userPassword, late: true })
    lastCode()
    await later(10 * 60_000)
    const shown = await carrying('POST', authPath, { system, body: { email: user.email, password: userPassword } })
    const handle = fresh('handle that is told to all', shown.body.options.message)
    assert.match(handle, /^ghf_/)
    const code = lastCode()
    await auth({ factor_id: handle, code: wrongCode() })
    await auth({ factor_id: handle, code })
    Object.assign(holder, { kind: 'passkey' })
    const toldPasskey = await firstByPasskey()
    await auth({ factor_id: toldPasskey.handle, code: signed(toldPasskey.options, foreign) })
    await auth({ factor_id: toldPasskey.handle, code: signed(toldPasskey.options, home) })
    await call('POST', runPath('leaky'), {
      developer,
      body: { email: user.email, password: userPassword, early: true },
    })

    // And one that sends a secret of the system to whom it is for, and is sent it back.
    const asking = { code: asks, dependencies: 'http,log', logging_enabled: true, parameters: [] }
    good(await call('POST', `/admin/code/v/1/${system.key}/asks`, { developer, body: asking }))
    twilio.status = 400
    await call('POST', runPath('asks'), { developer, body: {} })
    twilio.status = 201

    // What can be looked up.
    const page = async (path: string) => good(await call('GET', path, { developer }))
    const traces = (await page(`${at}/sign-ins?limit=200`)).body
    assert.ok(traces.length > 20)
    const failed = (await page(`/api/v/3/code/${system.key}/failed`)).body
    const errors = failed.filter((run: any) => run.Service === 'leaky').map((run: any) => run.Error.error)
    for (const step of ['init ', 'challenge ', 'answer ']) {
      assert.ok(
        errors.some((error: string) => error.includes(step) && error.includes('[struck]')),
        `the service threw what it was given: ${step}`,
      )
    }
    const repeated = failed.find((run: any) => run.Service === 'asks').Error.error
    assert.match(repeated, /asked .*x-key.*\[struck\]/, 'the host got the secret, and said so')
    const logs = (await page(`/codeadmin/v/2/logs/${system.key}/leaky`)).text
    for (const step of ['params ', 'token ', 'init ', 'challenge ', 'answer ']) assert.ok(logs.includes(step), step)
    assert.ok(logs.includes('[struck]'))
    for (const service of ['authOverride', 'asks']) await page(`/codeadmin/v/2/logs/${system.key}/${service}`)
    await page(`${at}/accounts`)
    const recorded = (await page(`${at}/auth-service/recorded?limit=500`)).body
    const judged = (service: string) =>
      recorded.filter((one: any) => one.service === service).map((one: any) => one.decision)
    for (const decision of ['granted', 'more', 'refused'])
      assert.ok(judged('authOverride').includes(decision), decision)
    assert.ok(judged('leaky').includes('broken'), 'also of a service that throws what it is given')
    for (const code of [
      undefined,
      'function authOverride(req, resp) { resp.error({ options: { message: JSON.stringify(req) } }) }',
    ]) {
      const body = { service: code === undefined ? 'leaky' : 'authOverride', ...(code !== undefined && { code }) }
      const { replayed } = good(await call('POST', `${at}/auth-service/replay`, { developer, body })).body
      assert.ok(replayed > 10)
    }
    const tried = { service: 'authOverride', steps: [{ params: { email: user.email, password: userPassword } }] }
    assert.equal((await carrying('POST', `${at}/auth-service/try`, { developer, body: tried })).body.steps.length, 1)

    const archive = await fetch(`${node.url}${at}/export`, { headers: { 'clearblade-devtoken': developer } })
    for (const [file, content] of await unzipped(Buffer.from(await archive.arrayBuffer())))
      told.push({ what: `export ${file}`, content })
    const canary = randomBytes(12).toString('hex')
    const row = { developer, body: { email: canary, auth_token: '', sms_code: '' } }
    good(await call('POST', `/api/v/1/collection/${system.key}/TwoFactorAuthTokens`, row))

    const files = readdirSync(dataFolder).filter((file) => file !== 'node.key')
    const places = [
      ...told,
      ...(await kept.tables(dataFolder)).map((table) => ({
        what: `table ${table.name}${table.columns.includes('sms_phone') ? ' of users' : ''}`,
        content: contentOf(table),
      })),
      ...files.map((file) => ({ what: `file ${file}`, content: readFileSync(join(dataFolder, file)) })),
    ]
    node.signal('SIGTERM')
    await node.ended
    places.push({ what: 'the log', content: Buffer.from(node.output()) })
    assert.ok(
      places.some(({ what, content }) => /^(table|file)/.test(what) && findSecret(content, canary)),
      'what is kept is really looked at',
    )
    /** Where a phone may stand: the user column, in the one table that has it, and its export. */
    const phones = (what: string): boolean => /^(table \w+ of users$|file gatehouse\.db|export users\/)/.test(what)
    const found: string[] = []
    for (const { what, content } of places) {
      for (const [secret, value] of secrets) {
        if (/^(phone|digits)/.test(secret) && phones(what)) continue
        const where = findSecret(content, value)
        if (where !== undefined) found.push(`${secret} stands in ${what}, ${where}`)
      }
      const token = bearer.exec(content.toString('latin1'))
      if (token !== null) found.push(`${token[0].slice(0, 12)}… stands in ${what}`)
    }
    assert.deepEqual(found, [])
  })
}
