/** `npm run demo`, as somebody runs it who has never seen the product: what it prints is typed, and it ends with Ctrl-C. */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { plainEnvironment } from '../support/environment.ts'
import { descendants, processFacts, until } from '../support/node-process.ts'

const root = resolve(import.meta.dirname, '../..')
const demo = 'examples/two-factor/demo.ts'
const patienceMs = 60_000

/** The demo with a folder for temporary files of its own, to see what it leaves there. */
function startDemo(t: TestContext, args: string[]) {
  const scratch = mkdtempSync(join(tmpdir(), 'gatehouse-test-'))
  const { HOME = '/' } = process.env
  // Settings of the surroundings are not the demo's: a node on that database would not be a new one.
  const env = {
    ...plainEnvironment(),
    HOME,
    TMPDIR: scratch,
    GATEHOUSE_MODE: 'production',
    DATABASE_URL: 'postgres://nowhere',
  }
  const child = spawn(process.execPath, [demo, ...args], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const looks = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      for (const look of looks) look()
    })
  }
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  t.after(async () => {
    // Asked in order first: ended hard, it would leave its node behind.
    child.kill('SIGTERM')
    await ended
    rmSync(scratch, { recursive: true, force: true })
  })
  const shown = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((done, fail) => {
      const late = setTimeout(() => fail(new Error(`the demo did not print ${pattern}:\n${output}`)), patienceMs)
      const look = () => {
        const found = pattern.exec(output)
        if (found === null) return
        looks.delete(look)
        clearTimeout(late)
        done(found)
      }
      looks.add(look)
      void ended.then(() => fail(new Error(`the demo ended without ${pattern}:\n${output}`)))
      look()
    })
  return { child, scratch, ended, shown, output: () => output }
}

const bash = async (script: string): Promise<string> =>
  (await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], { timeout: patienceMs })).stdout

/** Whether anybody listens at this address. */
const listens = (url: string): Promise<boolean> =>
  new Promise((done) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      done(true)
    })
    socket.once('error', () => done(false))
  })

test('npm run demo prints what is needed to sign in, shows the code as it arrives, and ends without a trace', async (t) => {
  assert.equal(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts.demo, `node ${demo}`)
  const { child, scratch, ended, shown, output } = startDemo(t, ['--port', '0'])
  await shown(/Ctrl-C ends the demo\.\n/)
  const fact = (name: string) => new RegExp(`^ *${name} {2,}(\\S+)`, 'm').exec(output())![1]!
  const url = fact('Gatehouse')
  const developer = { email: fact('developer'), password: /^developer.*\n +password +(\S+)/m.exec(output())![1] }
  const signIn = await fetch(`${url}/admin/auth`, { method: 'POST', body: JSON.stringify(developer) })
  const { dev_token: token } = (await signIn.json()) as { dev_token: string }
  const systems = await fetch(`${url}/admin/allsystems`, { headers: { 'clearblade-devtoken': token } })
  const [system] = (await systems.json()) as any[]
  assert.deepEqual([system.appID, system.appSecret], [fact('system key'), fact('secret')])
  const portal = new URL(/^http:\/\/\S+\/portal\/\S+$/m.exec(output())![0])
  assert.deepEqual(
    [portal.hostname, portal.port, portal.searchParams.get('allowAnon')],
    [`${fact('system key')}.localhost`, new URL(url).port, 'true'],
  )

  const first = /^ANSWER=.*$/m.exec(output())![0]
  const second = /^printf 'Code: '.*$/m.exec(output())![0]
  const asked = await bash(first)
  assert.match(asked, /"user_token":""/)
  assert.match(asked, /Enter the code that was sent/)
  const code = (await shown(/^\S+Z {2}\+12015550123 {2}Your code is (\d{6})$/m))[1]
  const answer = await bash(`ANSWER='${asked.trim()}'; echo ${code} | { ${second}; }`)
  const session = JSON.parse(answer.replace('Code: ', ''))
  assert.match(session.user_token, /^ghu_/, answer)
  assert.equal(session.options.email, fact('test user'))
  assert.equal(output().split(`Your code is ${code}`).length, 2, 'each message is shown once')

  const below = process.platform === 'linux' ? descendants(child.pid!) : []
  child.kill('SIGINT')
  child.kill('SIGINT')
  assert.deepEqual(await ended, [0, null], output())
  assert.match(output(), /The demo is over\.\n$/)
  assert.equal(await listens(url), false)
  assert.deepEqual(
    below.filter((pid) => processFacts(pid) !== undefined),
    [],
  )
  assert.deepEqual(readdirSync(scratch), [])
})

test('a demo that is interrupted while its node starts leaves nothing behind either', async (t) => {
  const { child, scratch, ended } = startDemo(t, ['--port', '0'])
  await until(() => readdirSync(scratch).length > 0 || undefined)
  child.kill('SIGINT')
  const [code, signal] = await ended
  assert.ok(code === 0 || signal === 'SIGINT')
  assert.deepEqual(readdirSync(scratch), [])
})

test('a port that is taken, and whatever else a person can mend, is said in one sentence', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const taken = String((server.address() as AddressInfo).port)
  const cases: [string[], RegExp][] = [
    [['--port', taken], /^The port \d+ on 127\.0\.0\.1 is taken by another program\. Choose another with --port.*\n$/],
    [['--prot', taken], /^Unknown option '--prot'\. The demo takes --port N and --data FOLDER\.\n$/],
    [['--data', 'docs'], /^\S+docs is not empty; the demo begins with a folder of its own\.\n$/],
  ]
  for (const [args, message] of cases) {
    const { ended, output, scratch } = startDemo(t, args)
    assert.deepEqual(await ended, [1, null])
    assert.match(output(), message)
    assert.deepEqual(readdirSync(scratch), [])
  }
})

test('a data folder that is named is kept', async (t) => {
  const folder = join(mkdtempSync(join(tmpdir(), 'gatehouse-test-')), 'data')
  t.after(() => rmSync(resolve(folder, '..'), { recursive: true, force: true }))
  const { child, ended, shown, output } = startDemo(t, ['--port', '0', '--data', folder])
  await shown(/Ctrl-C ends the demo\.\n/)
  child.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null], output())
  assert.ok(output().includes(`The data is kept in ${folder}.`))
  assert.ok(existsSync(join(folder, 'gatehouse.db')))
})
