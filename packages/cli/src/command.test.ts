/** The command line as an operator meets it: what goes wrong is one sentence and exit code 1. */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { optionDeclarations } from '@gatehouse/server/config/options.ts'
import { openSqlite } from '@gatehouse/server/store/dialect/sqlite.ts'
import { type Finished, runCommand, startNode } from '../../../test/support/node-process.ts'

const password = 'correct horse battery'

let folder = ''
let count = 0
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'))
})
after(() => rmSync(folder, { recursive: true, force: true }))

/** A folder that is not there yet. */
const fresh = (): string => join(folder, `data${++count}`)

/** One short text without the marks of a program that broke, and exit code 1. */
function demandSentence(finished: Finished, words: RegExp): void {
  const { code, stdout, stderr } = finished
  assert.equal(code, 1, stdout + stderr)
  assert.match(stderr, words)
  const lines = stderr.trim().split('\n')
  assert.equal(lines.length, 1, `more than a sentence:\n${stderr}`)
  assert.doesNotMatch(stderr, /\bat .*:\d+:\d+|node:internal|\[object|undefined/)
  assert.match(lines[0]!, /[.?]$|: \w+ .*$/, 'a sentence, or the command to type')
  assert.doesNotMatch(stdout, /ready/)
}

const start = (args: string[], env: Record<string, string> = {}): Promise<Finished> =>
  runCommand(['start', '--port', '0', ...args], { env })

describe('a start that cannot be', () => {
  // What is wrong with an option alone is tried in config.test.ts; here, that it comes out as a sentence.
  const wrongOptions: [string, string[], RegExp, Record<string, string>?][] = [
    ['an unknown option, with the nearest known one', ['--prot', '1'], /Unknown option --prot\. Did you mean --port\?/],
    ['development on every address', ['--host', '0.0.0.0'], /loopback only.*--mode production/],
    ['production without https', ['--mode', 'production'], /--url must be an https:\/\/ address.*--insecure-http/],
    ['a certificate that is not there', ['--tls-cert', 'no.pem', '--tls-key', 'no.pem'], /no\.pem.*PEM files/],
    [
      'a first developer with a weak password',
      [],
      /password/,
      { GATEHOUSE_DEVELOPER_EMAIL: 'a@b.cd', GATEHOUSE_DEVELOPER_PASSWORD: 'x' },
    ],
    [
      'an address of another machine',
      ['--host', '203.0.113.7', '--mode', 'production', '--insecure-http'],
      /no address of this machine/,
    ],
    [
      'a database that does not answer',
      ['--database-url', 'postgres://u:geheim@127.0.0.1:1/d'],
      /ECONNREFUSED.*Check DATABASE_URL/,
    ],
  ]
  for (const [what, args, words, env] of wrongOptions) {
    test(`names ${what}`, async () => {
      const finished = await start(['--data', fresh(), ...args], env)
      demandSentence(finished, words)
      assert.doesNotMatch(finished.stderr, /geheim/)
    })
  }

  test('names a port that is taken', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const { port } = taken.address() as AddressInfo
    try {
      const finished = await start(['--data', fresh(), '--port', String(port)])
      demandSentence(finished, new RegExp(`port ${port} on 127\\.0\\.0\\.1 is taken.*--port`))
    } finally {
      taken.close()
    }
  })

  test('names a folder that cannot be made, or written', async (t) => {
    const file = join(folder, 'a-file')
    writeFileSync(file, 'in the way')
    demandSentence(await start(['--data', file]), /a-file cannot be written.*--data/)
    demandSentence(await start(['--data', join(file, 'below')]), /below cannot be written.*--data/)
    assert.equal(readFileSync(file, 'utf8'), 'in the way')
    if (process.getuid?.() === 0) return t.diagnostic('root may write everywhere, so the read-only folder is not tried')
    const closed = fresh()
    mkdirSync(closed, { mode: 0o500 })
    demandSentence(await start(['--data', closed]), /cannot be written/)
  })

  test('names a database file that is none', async () => {
    const data = fresh()
    mkdirSync(data)
    writeFileSync(join(data, 'gatehouse.db'), 'this is no database, and is long enough to look like one'.repeat(40))
    demandSentence(await start(['--data', data]), /cannot be opened: file is not a database/)
  })

  test('names a database of a newer Gatehouse, and leaves it as it is', async () => {
    const data = fresh()
    assert.equal((await runCommand(['developer', 'invite', '--data', data])).code, 0)
    const file = join(data, 'gatehouse.db')
    const withDatabase = async <T>(work: (db: ReturnType<typeof openSqlite>['db']) => Promise<T>): Promise<T> => {
      const database = openSqlite({ file })
      try {
        return await work(database.db)
      } finally {
        await database.close()
      }
    }
    await withDatabase((db) =>
      db.updateTable('meta').set({ value: '999' }).where('name', '=', 'schema_version').execute(),
    )
    for (const args of [
      ['start', '--port', '0'],
      ['developer', 'invite'],
    ]) {
      demandSentence(
        await runCommand([...args, '--data', data]),
        /version 999, made by a newer Gatehouse.*Start the newer version\./,
      )
    }
    const version = await withDatabase((db) =>
      db.selectFrom('meta').select('value').where('name', '=', 'schema_version').execute(),
    )
    assert.deepEqual(version, [{ value: '999' }])
  })

  test('names another node key, a broken one, and one that others can read', async () => {
    const data = fresh()
    assert.equal((await runCommand(['developer', 'invite', '--data', data])).code, 0)
    const key = join(data, 'node.key')
    const right = readFileSync(key, 'utf8')
    writeFileSync(key, `${'ab'.repeat(32)}\n`)
    const finished = await start(['--data', data])
    demandSentence(finished, /node\.key is not the one that this database was made with.*restore it from your backup/)
    assert.ok(!finished.stderr.includes('abab'))
    writeFileSync(key, 'half a k')
    demandSentence(await start(['--data', data]), /does not hold a node key/)
    writeFileSync(key, right)
    chmodSync(key, 0o644)
    demandSentence(await start(['--data', data]), /can be read by others.*chmod 600/)
    rmSync(key)
    demandSentence(await start(['--data', data]), /is not the one that this database was made with/)
    writeFileSync(key, right, { mode: 0o600 })
    chmodSync(key, 0o600)
    assert.equal(
      (await runCommand(['developer', 'invite', '--data', data])).code,
      0,
      'and with the right key again all is well',
    )
  })
})

describe('help', () => {
  test('lists the commands; an unknown command says so and shows them', async () => {
    const help = await runCommand(['--help'])
    assert.equal(help.code, 0)
    for (const name of ['start', 'developer', 'doctor']) assert.match(help.stdout, new RegExp(`gatehouse ${name}`))
    const none = await runCommand([])
    assert.equal(none.code, 1)
    const unknown = await runCommand(['strat'])
    assert.equal(unknown.code, 1)
    assert.match(unknown.stderr, /^There is no command "strat"\./)
    assert.match(unknown.stderr, /gatehouse start/)
  })

  test('of start names every option with its environment name and default', async () => {
    const { code, stdout } = await runCommand(['start', '--help'])
    assert.equal(code, 0)
    for (const option of optionDeclarations as readonly { flag: string; env?: string; default?: string }[]) {
      const line = stdout.split('\n').find((one) => one.trimStart().startsWith(`--${option.flag} `))
      assert.ok(line, `--${option.flag} is not in the help`)
      if (option.env !== undefined) assert.ok(line.includes(option.env), line)
      if (option.default !== undefined) assert.ok(line.includes(`default ${option.default}`), line)
    }
  })

  test('of developer and doctor is there too', async () => {
    for (const name of ['developer', 'doctor']) {
      const { code, stdout } = await runCommand([name, '--help'])
      assert.equal(code, 0)
      assert.match(stdout, new RegExp(`gatehouse ${name}`))
    }
  })
})

describe('developers', () => {
  const production = ['--mode', 'production', '--insecure-http', '--weak-sandbox']

  test('the one-time link of the first start makes the first developer, once', async (t) => {
    const node = await startNode(t, ['--data', fresh()])
    const line = await node.line(/^Make the first developer here/)
    const link = new URL(/http\S+$/.exec(line)![0])
    assert.equal(link.origin, node.url)
    const page = await node.call('GET', link.pathname + link.search)
    assert.equal(page.status, 200)
    assert.match(page.text, /<form>/)
    const key = link.searchParams.get('key')
    assert.equal(Buffer.from(key!.replace('gh_invite_', ''), 'base64url').length, 32)
    const register = (email: string) => node.call('POST', '/admin/reg', { body: { email, password, key } })
    const first = await register('first@example.com')
    assert.equal(first.status, 200, first.text)
    const info = await node.call('GET', '/admin/userinfo', { developer: first.body.dev_token })
    assert.equal(info.body.admin, true)
    const second = await register('second@example.com')
    assert.notEqual(second.status, 200)
    assert.equal(second.body.dev_token, undefined)
    assert.match((await node.call('GET', '/')).text, /sign in as a developer/)
  })

  test('of many who use the one-time link at once, one becomes the first developer', async (t) => {
    const node = await startNode(t, ['--data', fresh(), ...production])
    const key = /key=(\S+)$/.exec(await node.line(/^Make the first developer here/))![1]
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        node.call('POST', '/admin/reg', { body: { email: `d${index}@example.com`, password, key } }),
      ),
    )
    assert.equal(answers.filter((answer) => answer.status === 200).length, 1)
  })

  test('production registers by invitation alone, once for each; nobody is let in by default', async (t) => {
    const data = fresh()
    const added = await runCommand(
      ['developer', 'add', '--email', 'jo@example.com', '--data', data, '--password-stdin'],
      {
        input: `${password}\n`,
      },
    )
    assert.equal(added.code, 0, added.stderr)
    assert.match(added.stdout, /jo@example\.com is made, the first one and so the administrator/)
    assert.doesNotMatch(added.stdout + added.stderr, new RegExp(password))

    const node = await startNode(t, ['--data', data, ...production])
    assert.doesNotMatch(node.output(), /first developer/)
    assert.doesNotMatch(node.output(), /Development mode/)
    const signedIn = await node.call('POST', '/admin/auth', { body: { email: 'jo@example.com', password } })
    assert.equal(signedIn.status, 200, signedIn.text)
    const register = (email: string, key?: string) =>
      node.call('POST', '/admin/reg', { body: { email, password, ...(key !== undefined && { key }) } })
    for (const key of [undefined, '', 'gh_invite_x', 'null']) {
      const refused = await register('stranger@example.com', key)
      assert.ok(refused.status >= 400 && refused.status < 500, refused.text)
      assert.match(refused.body.error.detail, /needs an invitation/)
    }
    const invited = await runCommand(['developer', 'invite', '--data', data])
    assert.equal(invited.code, 0, invited.stderr)
    const wrong = () => node.call('POST', '/admin/auth', { body: { email: 'jo@example.com', password: 'wrong' } })
    // Until the wait is so long that it is not over by itself before it is ended.
    for (let seconds = 0; seconds < 8; ) {
      const { text } = await wrong()
      seconds = Number(/in (\d+) second/.exec(text)?.[1] ?? 0)
      if (seconds < 8) await setTimeout(seconds * 1000)
    }
    const locked = await node.call('POST', '/admin/auth', { body: { email: 'jo@example.com', password } })
    assert.equal(locked.status, 429, locked.text)
    const unlocked = await runCommand(['developer', 'unlock', 'JO@example.com', '--data', data])
    assert.match(unlocked.stdout, /^jo@example\.com waits no longer: \d+ wrong passwords in a row are forgotten\.$/m)
    const again = await node.call('POST', '/admin/auth', { body: { email: 'jo@example.com', password } })
    assert.equal(again.status, 200, again.text)
    const reset = await runCommand(['developer', 'reset-factors', 'jo@example.com', '--data', data])
    assert.equal(reset.stdout, 'jo@example.com had no second factor. 2 sessions ended.\n', reset.stderr)
    assert.equal((await node.call('POST', '/admin/checkauth', { developer: again.body.dev_token })).status, 401)
    for (const action of ['unlock', 'reset-factors']) {
      demandSentence(await runCommand(['developer', action, '--data', data]), /An e-mail is needed/)
      demandSentence(await runCommand(['developer', action, 'no@example.com', '--data', data]), /No developer of this/)
    }
    const key = /: (gh_invite_\S+)$/m.exec(invited.stdout)![1]!
    const second = await register('kim@example.com', key)
    assert.equal(second.status, 200, second.text)
    const info = await node.call('GET', '/admin/userinfo', { developer: second.body.dev_token })
    assert.equal(info.body.admin, false)
    assert.notEqual((await register('third@example.com', key)).status, 200)
    for (const line of node.output().split('\n')) {
      if (line === '') continue
      assert.doesNotThrow(() => JSON.parse(line), `the log of production is JSON: ${line}`)
    }
  })

  test('development registers whoever comes', async (t) => {
    const node = await startNode(t, ['--data', fresh()])
    await node.line(/developer registration is open/)
    for (const email of ['a@example.com', 'b@example.com']) {
      assert.equal((await node.call('POST', '/admin/reg', { body: { email, password } })).status, 200)
    }
  })

  test('add says what is wrong with an e-mail or a password, and makes nobody', async () => {
    const data = fresh()
    const add = (email: string[], given: string) =>
      runCommand(['developer', 'add', ...email, '--data', data, '--password-stdin'], { input: given })
    demandSentence(await add([], password), /An e-mail is needed/)
    demandSentence(await add(['--email', 'nobody'], password), /e-mail/i)
    demandSentence(await add(['--email', 'jo@example.com'], 'too short'), /15/)
    demandSentence(await add(['--email', 'jo@example.com'], ''), /password/i)
    const made = await add(['--email', 'jo@example.com'], password)
    assert.match(made.stdout, /the first one/, 'the tries before made nobody')
    demandSentence(await add(['--email', 'JO@example.com'], password), /already/)
    const unknown = await runCommand(['developer', 'remove'])
    assert.equal(unknown.code, 1)
    assert.match(unknown.stderr, /There is no "gatehouse developer remove"/)
    demandSentence(
      await runCommand(['developer', 'invite', '--dat', data]),
      /Unknown option --dat\. Did you mean --data\?/,
    )
  })

  test('the environment makes the first developer on an empty database, and is not looked at later', async (t) => {
    const data = fresh()
    const env = { GATEHOUSE_DEVELOPER_EMAIL: 'env@example.com', GATEHOUSE_DEVELOPER_PASSWORD: password }
    const node = await startNode(t, ['--data', data], env)
    assert.equal((await node.call('POST', '/admin/auth', { body: { email: 'env@example.com', password } })).status, 200)
    node.signal('SIGTERM')
    await node.ended
    const later = { ...env, GATEHOUSE_DEVELOPER_EMAIL: 'other@example.com' }
    const again = await startNode(t, ['--data', data], later)
    const other = await again.call('POST', '/admin/auth', { body: { email: 'other@example.com', password } })
    assert.notEqual(other.status, 200)
    assert.doesNotMatch(node.output() + again.output(), new RegExp(password))
  })
})

describe('doctor', () => {
  test('looks at port, folder, key, database, walls and clock, and exits 0 only when all is well', async () => {
    const { code, stdout } = await runCommand(['doctor', '--port', '0', '--data', fresh()])
    const lines = stdout.trim().split('\n')
    for (const what of ['port', 'folder, key and database', 'walls round code', 'clock']) {
      assert.ok(
        lines.some((line) => line.slice(5).startsWith(what)),
        `${what} is missing in\n${stdout}`,
      )
    }
    for (const line of lines) if (!line.includes('walls')) assert.match(line, /^ok {3}/)
    assert.equal(code, lines.every((line) => line.startsWith('ok')) ? 0 : 1)
  })

  test('names a taken port and a database that cannot be used, without a stack', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const { port } = taken.address() as AddressInfo
    const file = join(folder, 'another-file')
    writeFileSync(file, '')
    const { code, stdout, stderr } = await runCommand(['doctor', '--port', String(port), '--data', file])
    taken.close()
    assert.equal(code, 1)
    assert.match(stdout, new RegExp(`FAIL port: ${port} is taken`))
    assert.match(stdout, /FAIL folder, key and database: The data folder .* cannot be written/)
    assert.equal(stderr, '')
    const remote = await runCommand([
      'doctor',
      '--port',
      '0',
      '--data',
      fresh(),
      '--database-url',
      'postgres://u:geheim@127.0.0.1:1/d',
    ])
    assert.match(remote.stdout, /FAIL folder, key and database: The database cannot be used.*Check DATABASE_URL/)
    assert.doesNotMatch(remote.stdout + remote.stderr, /geheim/)
  })
})
