/** Signing in from a terminal or a script, and what is kept of it. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createTestApp, developerEmail, developerPassword, type TestApp } from '../../../test/support/app.ts'
import { plainEnvironment } from '../../../test/support/environment.ts'
import { shownByApp } from '../../server/src/domain/accounts/totp.fixture.ts'
import { credentials, newPerson, type Person, signedIn } from './command.fixture.ts'
import { signInsFile } from './sign-ins.ts'

const ends: (() => unknown)[] = []
let app: TestApp
let url: string
before(async () => {
  app = await createTestApp({ after: (end: () => unknown) => ends.push(end) })
  url = app.app.means.publicUrl()
})
after(async () => {
  for (const end of ends) await end()
})

const kept = (person: Person) => JSON.parse(readFileSync(person.file, 'utf8'))
const tokensIn = (person: Person): string[] => {
  const { token, refreshToken } = kept(person).signIns[url]
  return [token, refreshToken]
}

/** One sentence, exit code 1, and no mark of a program that broke. */
function demandSentence({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }, words: RegExp) {
  assert.equal(code, 1, stdout + stderr)
  assert.match(stderr, words)
  assert.equal(stderr.trim().split('\n').length, 1, stderr)
  assert.doesNotMatch(stderr, /node:internal|\[object|undefined/)
}

/** A server of somebody else on loopback; answers its address and what it was asked. */
async function stranger(t: TestContext, answer: RequestListener): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`)
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

describe('login', () => {
  test('takes the password from the environment or stdin, keeps the session where only the person can read it', async (t) => {
    const person = newPerson(t)
    const byEnvironment = await person.run(['login', '--url', `${url}/`], { env: credentials })
    assert.equal(byEnvironment.code, 0, byEnvironment.stderr)
    assert.match(byEnvironment.stderr, new RegExp(`^Signed in at ${url} as ${developerEmail}\\.$`, 'm'))
    assert.equal(byEnvironment.stdout, '')
    const first = tokensIn(person)
    assert.equal(statSync(person.file).mode & 0o777, 0o600)
    assert.equal(statSync(dirname(person.file)).mode & 0o777, 0o700)
    assert.deepEqual(readdirSync(dirname(person.file)), ['sign-ins.json'], 'no lock and no half file stays')

    const byStdin = await person.run(['login', '--email', developerEmail, '--password-stdin', '--json'], {
      input: `${developerPassword}\n`,
    })
    assert.equal(byStdin.code, 0, byStdin.stderr)
    const value = JSON.parse(byStdin.stdout)
    assert.deepEqual([value.url, value.email], [url, developerEmail])
    const second = tokensIn(person)
    for (const secret of [...first, ...second, developerPassword]) {
      for (const { stdout, stderr } of [byEnvironment, byStdin]) assert.ok(!(stdout + stderr).includes(secret))
    }
    assert.equal((await app.call('GET', '/admin/userinfo', { developer: second[0]! })).status, 200)
    const old = await app.call('GET', '/admin/userinfo', { developer: first[0]! })
    assert.equal(old.status, 401, 'the session that was replaced is ended')
  })

  test('keeps one sign-in for each node, and later commands take the one named or the last', async (t) => {
    const person = newPerson(t)
    const other = await createTestApp(t)
    const otherUrl = other.app.means.publicUrl()
    await other.createSystem('elsewhere')
    await app.createSystem('here')
    for (const at of [url, otherUrl]) {
      assert.equal((await person.run(['login', '--url', at], { env: credentials })).code, 0)
    }
    const names = async (args: string[], env: Record<string, string> = {}) =>
      (await person.json(['system', 'list', ...args], { env })).map((one: { name: string }) => one.name)
    assert.deepEqual(await names([]), ['elsewhere'])
    assert.deepEqual(await names(['--url', url]), ['here'])
    assert.deepEqual(await names([], { GATEHOUSE_URL: url }), ['here'])
    assert.deepEqual(await names(['--url', otherUrl], { GATEHOUSE_URL: url }), ['elsewhere'])
  })

  test('refuses a wrong password in a sentence that does not repeat it, and keeps nothing', async (t) => {
    const person = newPerson(t)
    const wrong = await person.run(['login', '--url', url, '--email', developerEmail, '--password-stdin'], {
      input: 'geheim geheim geheim',
    })
    demandSentence(wrong, /password/)
    assert.doesNotMatch(wrong.stdout + wrong.stderr, /geheim/)
    assert.ok(!existsSync(person.file))
  })

  test('has no flag for a password, and does not repeat one that was tried', async (t) => {
    const person = newPerson(t)
    for (const args of [['--password=geheim'], ['--password', 'geheim']]) {
      const refused = await person.run(['login', '--url', url, '--email', developerEmail, ...args])
      demandSentence(refused, /^Unknown flag --password\. Did you mean --password-stdin\?/)
      assert.doesNotMatch(refused.stderr, /geheim/)
    }
    demandSentence(
      await person.run(['login', '--url', url.replace('://', '://jo:geheim@')], { env: credentials }),
      /^(?!.*geheim).*URL of a node/,
    )
  })

  test('does not wait for a person where there is no terminal', async (t) => {
    const person = newPerson(t)
    demandSentence(await person.run(['login', '--url', url]), /--email or GATEHOUSE_DEVELOPER_EMAIL/)
    demandSentence(await person.run(['login', '--url', url, '--email', 'jo@example.com']), /--password-stdin/)
    // The password of the environment is offered for its own e-mail alone.
    const other = await person.run(['login', '--url', url, '--email', 'jo@example.com'], { env: credentials })
    demandSentence(other, /--password-stdin/)
    demandSentence(await person.run(['login'], { env: credentials }), /Which node\?/)
  })

  test('asks a person at a terminal, and does not show the password while it is typed', async (t) => {
    if (spawnSync('script', ['--version']).error !== undefined)
      return t.skip('script(1), which makes a terminal, is missing')
    const person = newPerson(t)
    const gatehouse = fileURLToPath(new URL('gatehouse.js', import.meta.url))
    const line = [process.execPath, gatehouse, 'login', '--url', url].map((word) => `'${word}'`).join(' ')
    const child = spawn('script', ['-qec', line, '/dev/null'], {
      env: {
        ...plainEnvironment(),
        HOME: person.home,
        XDG_CONFIG_HOME: dirname(dirname(person.file)),
        SHELL: '/bin/sh',
        TERM: 'xterm',
      },
      timeout: 20_000,
    })
    const answers: [RegExp, string][] = [
      [/E-mail for .*: /, developerEmail],
      [/Password of .*: /, developerPassword],
    ]
    let shown = ''
    child.stdout.setEncoding('utf8').on('data', (text) => {
      shown += text
      if (answers[0]?.[0].test(shown)) child.stdin.write(`${answers.shift()![1]}\r`)
    })
    const code = await new Promise((resolve) => child.once('close', resolve))
    assert.equal(code, 0, shown)
    assert.match(shown, new RegExp(`Signed in at ${url} as ${developerEmail}`))
    assert.ok(!shown.includes(developerPassword), 'the password is on the screen')
    assert.equal(kept(person).last, url)
  })

  test('asks for the code of a second factor that is owed, takes it by --code, and keeps nothing without a right one', async (t) => {
    const own = await createTestApp(t)
    const at = own.app.means.publicUrl()
    const person = newPerson(t)
    const path = '/admin/userinfo/authenticators'
    const { developer } = own
    const begun = await own.call('POST', `${path}/enrol`, {
      developer,
      body: { password: developerPassword, kind: 'totp' },
    })
    const code = () => shownByApp(begun.body.uri, own.app.means.clock.now())
    const confirmed = { password: developerPassword, code: code() }
    const bound = await own.call('POST', `${path}/confirm`, { developer, body: confirmed })
    assert.equal(bound.status, 200, bound.text)
    const { recovery_codes: codes } = bound.body
    own.advance(60_000)
    const login = ['login', '--url', at]
    demandSentence(await person.run(login, { env: credentials }), /no terminal to ask for its code.*--code/)
    demandSentence(await person.run(['system', 'list', '--url', at], { env: credentials }), /gatehouse login/)
    demandSentence(await person.run([...login, '--code', '000000'], { env: credentials }), /not right/)
    assert.ok(!existsSync(person.file))
    const byApp = await person.run([...login, '--code', code()], { env: credentials })
    assert.equal(byApp.code, 0, byApp.stderr)
    const byRecovery = await person.run([...login, '--code', codes[0].toLowerCase()], { env: credentials })
    assert.equal(byRecovery.code, 0, byRecovery.stderr)
    assert.equal((await own.call('GET', '/admin/userinfo', { developer: kept(person).signIns[at].token })).status, 200)
    demandSentence(await person.run([...login, '--code', codes[0]], { env: credentials }), /not right/)
  })

  test('sends no password over plain http to another machine', async (t) => {
    const person = newPerson(t)
    const plain = await person.run(['login', '--url', 'http://203.0.113.7:9000'], { env: credentials })
    demandSentence(plain, /plain http on another machine.*--insecure-http/)
    const likeLoopback = await person.run(['login', '--url', 'http://127.0.0.1.example.com'], { env: credentials })
    demandSentence(likeLoopback, /plain http on another machine/)
  })

  test('takes neither password nor token along to where a node redirects', async (t) => {
    const person = newPerson(t)
    const thief = await stranger(t, (_request, response) => response.end('{"dev_token": "x"}'))
    const node = await stranger(t, (request, response) => {
      response.writeHead(307, { location: `${thief.url}${request.url}` }).end()
    })
    const login = await person.run(['login', '--url', node.url], { env: credentials })
    demandSentence(login, new RegExp(`sends on to ${thief.url}`))
    mkdirSync(dirname(person.file), { recursive: true })
    const signIn = { email: developerEmail, token: 'ghd_x', refreshToken: 'ghr_x', expiresAt: 4_000_000_000 }
    writeFileSync(person.file, JSON.stringify({ last: node.url, signIns: { [node.url]: signIn } }), { mode: 0o600 })
    demandSentence(await person.run(['system', 'list']), /sends on to/)
    assert.equal(node.asked.length, 2)
    assert.match(node.asked[1]!, /ghd_x/)
    assert.deepEqual(thief.asked, [])
  })
})

describe('a command without a sign-in', () => {
  test('signs in by the environment at the node that is named, and remembers it as login does', async (t) => {
    const person = newPerson(t)
    const byFlag = await person.run(['system', 'list', '--url', url], { env: credentials })
    assert.equal(byFlag.code, 0, byFlag.stderr)
    const first = tokensIn(person)
    assert.equal(statSync(person.file).mode & 0o777, 0o600)
    assert.equal(kept(person).last, url)
    assert.equal((await person.run(['system', 'list'])).code, 0, 'later commands need no password')
    assert.equal((await person.run(['system', 'list'], { env: { ...credentials, GATEHOUSE_URL: url } })).code, 0)
    assert.deepEqual(tokensIn(person), first, 'and what is remembered comes before the environment')

    const other = newPerson(t)
    const named = await other.run(['system', 'list'], { env: { ...credentials, GATEHOUSE_URL: url } })
    assert.equal(named.code, 0, named.stderr)
    for (const { stdout, stderr } of [byFlag, named]) assert.doesNotMatch(stdout + stderr, /gh[dr]_/)
  })

  test('sends the password to no node that is not named, by no open way, and keeps nothing of a refusal', async (t) => {
    const person = newPerson(t)
    const list = (args: string[], env: Record<string, string>) => person.run(['system', 'list', ...args], { env })
    demandSentence(await list([], credentials), /signed in nowhere/)
    demandSentence(await list(['--url', 'http://203.0.113.7:9000'], credentials), /plain http on another machine/)
    const { GATEHOUSE_DEVELOPER_PASSWORD: _, ...half } = credentials
    demandSentence(await list(['--url', url], half), /You are not signed in at .*gatehouse login/)
    const wrong = await list(['--url', url], { ...credentials, GATEHOUSE_DEVELOPER_PASSWORD: 'geheim geheim geheim' })
    demandSentence(wrong, /password/)
    assert.doesNotMatch(wrong.stdout + wrong.stderr, /geheim/)
    assert.ok(!existsSync(person.file))
  })
})

describe('a remembered sign-in', () => {
  test('is renewed when the node has let it run out, also by commands that run at once', async (t) => {
    const { app, person } = await signedIn(t)
    await app.createSystem('plant')
    const before = kept(person)
    app.advance(6 * 86_400_000)
    const lists = await Promise.all([1, 2, 3].map(() => person.run(['system', 'list', '--json'])))
    for (const { code, stdout, stderr } of lists) {
      assert.equal(code, 0, stderr)
      assert.equal(JSON.parse(stdout)[0].name, 'plant')
      assert.doesNotMatch(stdout + stderr, /gh[dr]_/)
    }
    const at = before.last
    assert.notEqual(kept(person).signIns[at].token, before.signIns[at].token)
    assert.equal((await person.run(['system', 'list'])).code, 0, 'no refresh token was used twice')
    assert.equal(statSync(person.file).mode & 0o777, 0o600)
  })

  test('that is too old to be renewed is forgotten, and the person told to log in', async (t) => {
    const { app, person, url } = await signedIn(t)
    app.advance(40 * 86_400_000)
    const late = await person.run(['system', 'list'])
    demandSentence(late, new RegExp(`is over\\. Log in again: gatehouse login --url ${url}`))
    demandSentence(await person.run(['system', 'list']), /You are not signed in at .*gatehouse login --url/)
  })

  test('is renewed before it runs out by the clock here', async (t) => {
    const { person } = await signedIn(t, app)
    const before = kept(person)
    before.signIns[url].expiresAt = Math.floor(Date.now() / 1000) + 10
    writeFileSync(person.file, JSON.stringify(before))
    assert.equal((await person.run(['system', 'list'])).code, 0)
    assert.notEqual(kept(person).signIns[url].token, before.signIns[url].token)
  })

  test('that others could read, or that is none, is not used', async (t) => {
    const { person } = await signedIn(t, app)
    chmodSync(person.file, 0o644)
    demandSentence(await person.run(['system', 'list']), /can be read by others.*Delete it and log in again/)
    chmodSync(person.file, 0o600)
    for (const text of ['{"signIns": {"x": "ghd_half', '[]', `{"signIns": {"${url}": {"token": "ghd_half"}}}`]) {
      writeFileSync(person.file, text)
      const refused = await person.run(['system', 'list'])
      demandSentence(refused, /does not hold sign-ins/)
      assert.doesNotMatch(refused.stderr, /ghd_half/)
    }
  })

  test('outlives a command that was killed while it wrote', async (t) => {
    const { person } = await signedIn(t, app)
    const lock = `${person.file}.lock`
    writeFileSync(lock, '')
    const longAgo = new Date(Date.now() - 3_600_000)
    utimesSync(lock, longAgo, longAgo)
    assert.equal((await person.run(['logout'])).code, 0)
    assert.ok(!existsSync(lock))
  })
})

describe('logout', () => {
  test('ends the session at the node and forgets it, with its refresh token', async (t) => {
    const { person } = await signedIn(t, app)
    const { token, refreshToken } = kept(person).signIns[url]
    const { code, stderr } = await person.run(['logout'])
    assert.equal(code, 0, stderr)
    assert.doesNotMatch(readFileSync(person.file, 'utf8'), /gh[dr]_/)
    assert.equal((await app.call('GET', '/admin/userinfo', { developer: token })).status, 401)
    const body = { grant_type: 'refresh_token', refresh_token: refreshToken }
    assert.equal((await app.call('POST', '/admin/auth', { body })).status, 401)
    demandSentence(await person.run(['system', 'list']), /signed in nowhere\. Log in first/)
    assert.deepEqual(await person.json(['logout']), { url: null, ended: false })
  })

  test('forgets the session also where the node cannot be asked, and says so', async (t) => {
    const { app, person, url } = await signedIn(t)
    await app.app.close()
    const list = await person.run(['system', 'list'])
    demandSentence(list, new RegExp(`Nothing answers at ${url}.*gatehouse start`))
    demandSentence(await person.run(['logout']), /forgotten here, but the node did not end it/)
    assert.doesNotMatch(readFileSync(person.file, 'utf8'), /gh[dr]_/)
  })
})

test('what is no node is named as such', async (t) => {
  const person = newPerson(t)
  for (const [status, text] of [
    [200, '<html>hello</html>'],
    [200, 'null'],
    [502, 'Bad Gateway'],
    [200, '{"dev_token": 7}'],
  ] as const) {
    const other = await stranger(t, (_request, response) => response.writeHead(status).end(text))
    const login = await person.run(['login', '--url', other.url, '--json'], { env: credentials })
    demandSentence(login, new RegExp(`answers at ${other.url} is no Gatehouse node`))
    assert.match(JSON.parse(login.stdout).error.message, /no Gatehouse node/)
  }
})

test('sign-ins are kept where the platform keeps settings', () => {
  const home = '/home/jo'
  const at = (platform: string, more = {}) => signInsFile({ HOME: home, ...more }, platform)
  assert.equal(at('linux'), '/home/jo/.config/gatehouse/sign-ins.json')
  assert.equal(at('darwin'), '/home/jo/Library/Application Support/gatehouse/sign-ins.json')
  assert.equal(at('linux', { XDG_CONFIG_HOME: '/x' }), '/x/gatehouse/sign-ins.json')
  assert.equal(at('linux', { XDG_CONFIG_HOME: 'x' }), '/home/jo/.config/gatehouse/sign-ins.json')
})
