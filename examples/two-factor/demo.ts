/**
 * `npm run demo`: a node of its own with the package two-factor-auth set up and turned on, what is needed to try it, and
 * the inbox as it fills, until Ctrl-C. The same step by step is docs/two-factor.md.
 *
 *   npm run demo -- --port 9100 --data ./demo-data
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const gatehouse = fileURLToPath(new URL('../../packages/cli/src/gatehouse.js', import.meta.url))
const email = 'demo@example.com'
const password = randomBytes(15).toString('base64url')
const betweenLooksMs = 500
/** A node that runs that long after it was told to end does not end by itself. */
const endingMs = 10_000

/** What a person can mend: said in one sentence, without a stack. */
class DemoError extends Error {}

type Node = { child: ChildProcess; url: Promise<string>; ended: Promise<unknown>; output(): string }
type System = {
  key: string
  secret: string
  testEmail: string
  testPassword: string
  phone: string
  portalUrl: string
}

function readOptions(): { port: string; data: string | undefined } {
  try {
    const { values } = parseArgs({ options: { port: { type: 'string' }, data: { type: 'string' } } })
    return { port: values.port ?? '9000', data: values.data }
  } catch (error) {
    throw new DemoError(`${(error as Error).message.split('. ')[0]}. The demo takes --port N and --data FOLDER.`)
  }
}

/** A folder that was named is kept, and begins empty, since a database that is there has a developer already. */
function dataFolder(named: string | undefined): { folder: string; remove(): void } {
  if (named === undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-demo-'))
    return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
  }
  const folder = resolve(named)
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new DemoError(`${folder} is not empty; the demo begins with a folder of its own.`)
  return { folder, remove: () => {} }
}

function startNode(port: string, folder: string): Node {
  const settings = /^(GATEHOUSE_.*|DATABASE_URL)$/
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !settings.test(name)))
  const child = spawn(process.execPath, [gatehouse, 'start', '--port', port, '--data', folder], {
    env: { ...env, GATEHOUSE_DEVELOPER_EMAIL: email, GATEHOUSE_DEVELOPER_PASSWORD: password },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Ctrl-C at a terminal reaches every process of its group; the node is ended by the demo alone, once.
    detached: process.platform !== 'win32',
  })
  let output = ''
  const { promise: url, resolve: ready } = Promise.withResolvers<string>()
  const keep = (text: string) => {
    output = (output + text).slice(-4_000)
    const found = /^Gatehouse is ready at (\S+)\n/m.exec(output)
    if (found !== null) ready(found[1]!)
  }
  child.stdout.setEncoding('utf8').on('data', keep)
  child.stderr.setEncoding('utf8').on('data', keep)
  const ended = new Promise((done) => child.once('close', done).once('error', done))
  return { child, url, ended, output: () => output.trim() }
}

type Call = <T>(method: string, path: string, body?: unknown) => Promise<T>

/** Calls of the node as the developer. */
async function signIn(url: string): Promise<Call> {
  let token = ''
  const call: Call = async (method, path, body) => {
    const answer = await fetch(url + path, {
      method,
      headers: token === '' ? {} : { 'clearblade-devtoken': token },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new DemoError(`${method} ${path} was answered with ${answer.status}: ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }
  token = (await call<{ dev_token: string }>('POST', '/admin/auth', { email, password })).dev_token
  return call
}

/** The steps of the guide: the package from its address, its set-up, whom it runs as, and the auth service. */
async function setUp(call: Call): Promise<System> {
  const listed = await call<{ name: string; url: string }[]>('GET', '/packages')
  const { url } = listed.find(({ name }) => name === 'two-factor-auth')!
  type Installed = { system: { key: string; secret: string } }
  const { system } = await call<Installed>('POST', '/admin/v/4/packages/install', { url, name: 'two-factor' })
  type User = { email: string; password: string; phone?: string }
  type Ran = { success: boolean; results: { message: string; users: User[] } }
  const ran = await call<Ran>('POST', `/api/v/1/code/${system.key}/SetupTwoFactorAuth`, {})
  if (!ran.success) throw new DemoError(`SetupTwoFactorAuth did not succeed: ${JSON.stringify(ran.results)}`)
  const runAs = 'authOverrideAccount@example.com'
  await call('PUT', `/admin/code/v/1/${system.key}/authOverride`, { run_user: runAs })
  await call('PUT', '/admin/v/4/systemmanagement', { id: system.key, auth_service: 'authOverride' })
  const user = ran.results.users.find((one) => one.email === 'test@example.com')!
  const query = new URLSearchParams({ systemKey: system.key, systemSecret: system.secret, name: 'Two Factor Login' })
  const portal = await call<{ url: string }>('GET', `/console-api/portal/createURL?${query}`)
  const { email: testEmail, password: testPassword, phone = '' } = user
  return { ...system, testEmail, testPassword, phone, portalUrl: portal.url }
}

function show(url: string, { key, secret, testEmail, testPassword, phone, portalUrl }: System): void {
  const headers = `-H 'ClearBlade-SystemKey: ${key}' -H 'ClearBlade-SystemSecret: ${secret}'`
  const first = JSON.stringify({ email: testEmail, password: testPassword })
  const factorId = `$(echo "$ANSWER" | sed 's/.*"factor_id":"\\([^"]*\\)".*/\\1/')`
  console.log(`
Gatehouse           ${url}
developer           ${email}
  password          ${password}
system key          ${key}
  secret            ${secret}
test user           ${testEmail}
  password          ${testPassword}
  phone             ${phone} (belongs to nobody; messages go to the inbox)

Sign in, in another terminal. First the password; the answer asks for a code:

ANSWER=$(curl -s ${url}/api/v/1/user/auth ${headers} -d '${first}'); echo "$ANSWER"

Then the code, which this asks you for; it appears below:

printf 'Code: '; read -r CODE; \
curl -s ${url}/api/v/1/user/auth ${headers} -d "{\\"factor\\":2,\\"factor_id\\":\\"${factorId}\\",\\"code\\":\\"$CODE\\"}"; echo

The same in a browser: open the portal "Two Factor Login" in a private window, and type key, secret and test user there.

${portalUrl}

The same step by step: docs/two-factor.md

The inbox follows, each message as it arrives. Ctrl-C ends the demo.
`)
}

type Message = { id: string; at: string; to: string; body: string }

async function watchInbox(call: Call, key: string): Promise<never> {
  let seen = new Set<string>()
  let since = ''
  for (;;) {
    const messages = await call<Message[]>('GET', `/admin/v/4/system/${key}/inbox?limit=500${since}`)
    for (const { id, at, to, body } of messages) {
      if (!seen.has(id)) console.log(`${at}  ${to}  ${body.replace(/\p{Cc}/gu, ' ')}`)
    }
    const last = messages.at(-1)
    // From a moment before the last one, since several may have come at the same time.
    if (last !== undefined) since = `&since=${new Date(Date.parse(last.at) - 1).toISOString()}`
    seen = new Set(messages.map(({ id }) => id))
    await wait(betweenLooksMs)
  }
}

/** Goes on until the demo ends. */
async function tryOut(url: string): Promise<never> {
  const call = await signIn(url)
  const system = await setUp(call)
  show(url, system)
  return watchInbox(call, system.key)
}

async function endNode({ child, ended }: Node): Promise<void> {
  const running = () => child.exitCode === null && child.signalCode === null
  if (child.pid === undefined || !running()) return
  child.kill('SIGTERM')
  await Promise.race([ended, wait(endingMs, undefined, { ref: false })])
  if (running()) child.kill('SIGKILL')
  await ended
}

async function demo(interrupted: Promise<'interrupted'>): Promise<void> {
  const { port, data } = readOptions()
  const { folder, remove } = dataFolder(data)
  let node: Node | undefined
  try {
    node = startNode(port, folder)
    const { ended, output } = node
    const gone = ended.then(() => undefined)
    const url = await Promise.race([interrupted, node.url, gone])
    // What a node says that cannot start is a sentence for people already.
    if (url === undefined) throw new DemoError(output() || 'The node ended before it was ready.')
    if (url === 'interrupted') return
    const how = await Promise.race([interrupted, tryOut(url), gone])
    if (how === undefined) throw new DemoError(`The node ended. The last it said:\n${output()}`)
  } finally {
    if (node !== undefined) await endNode(node)
    remove()
    if (data !== undefined && node !== undefined) console.log(`The data is kept in ${folder}.`)
  }
}

const interrupted = new Promise<'interrupted'>((done) => {
  // npm passes a Ctrl-C on that the terminal has sent already, so there may be two.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => done('interrupted'))
})
try {
  await demo(interrupted)
  console.log('The demo is over.')
  process.exit(0)
} catch (error) {
  console.error(error instanceof DemoError ? error.message : error)
  process.exit(1)
}
