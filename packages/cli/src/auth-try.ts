/** `gatehouse auth try`: a made-up sign-in, and what the auth service would do with it. Nothing of it happens. */
import { type Api, segment } from './api.ts'
import { candidateFlags, readCandidate } from './auth-candidate.ts'
import { CommandError } from './failure.ts'
import { command, type Given } from './flags.ts'
import { parseJson } from './json.ts'
import type { Output } from './output.ts'
import { askSecret } from './prompt.ts'
import { readText } from './push.ts'
import { chooseSystem, openNode, systemFlags } from './target.ts'

type Call = { name: string; depth: number; ms: number; refused?: string }
type Message = { to: string; body: string; where: string; state: string; reason?: string }
type Request = { method: string; url: string; answered: string; status?: number }
type Step = {
  step: number
  decision: string
  why: string
  advice?: string
  safe_version?: number
  factors?: string[]
  denied?: string[]
  answer?: { status: number; body: unknown }
  code?: string
  calls: Call[]
  calls_left_out: number
  messages: Message[]
  requests: Request[]
  logs: string
  ms: number
}
type Report = {
  service: string
  version: number
  tried: string
  cut: { what: string; copied: number }[]
  steps: Step[]
}

const flags = {
  ...systemFlags,
  ...candidateFlags,
  email: { value: 'EMAIL', prose: 'who signs in; its password is asked for' },
  password: { value: 'TEXT', prose: 'the password; others on this machine see command lines, so a made-up one' },
  'password-stdin': { prose: 'read the password from stdin' },
  'assume-password': { prose: 'take that password to be the right one, whatever the real one is' },
  params: { value: 'FILE|JSON', prose: 'a body of a sign-in, one for each step; - is stdin', many: true },
  answer: { prose: 'one more step, which answers with the code that the step before led to' },
  address: { value: 'IP', prose: 'where it comes from' },
  at: { value: 'TIME', prose: 'when, as 2031-01-31T22:00:00Z' },
  context: {
    value: 'JSON',
    prose: 'what else is known of it: user_agent, page, position, device, failures, last_sign_in',
  },
  stubs: { value: 'FILE', prose: 'what the world answers: a JSON list of {url, method?, status?, headers?, body?}' },
} as const

export const authTry = command({
  name: 'auth try',
  summary: 'try a made-up sign-in: nothing is sent, kept or opened',
  places: [],
  flags,
  notes: `The service runs on a copy of the system that is gone afterwards. Requests to the world get the answers of --stubs, or
fail as if the network were down. A text "$1.options.factor_id" in --params stands for that part of what step 1 was
answered, and "$1.code" for the code that it led to. --email and --password make the first step.`,
  second: 'the last step would be refused, or the service decides nothing',
  examples: [
    'gatehouse auth try --email op@example.com --answer',
    'gatehouse auth try --code authOverride.js --email op@example.com --password made-up --assume-password --at 2031-01-31T22:00:00Z',
    `gatehouse auth try --params first.json --params '{"factor_id": "$1.options.factor_id", "code": "$1.code"}' --json`,
  ],
  async run(given, output) {
    const candidate = await readCandidate(given)
    const context = readContext(given)
    const stubs = given.text('stubs')
    const answers = stubs === undefined ? undefined : parseJson(stubs, Buffer.from(await readText(stubs)))
    const steps = await readSteps(given)
    const api = await openNode(given)
    const { key } = await chooseSystem(api, given.text('system'), output)
    const report = await ask(api, key, {
      ...candidate,
      context,
      steps,
      ...(answers !== undefined && { stubs: answers }),
      ...(given.on('assume-password') && { assume_password: true }),
    })
    show(report, output)
    const last = report.steps.at(-1)?.decision
    return last === 'granted' || last === 'more' ? 0 : 2
  },
})

const ask = (api: Api, key: string, body: unknown): Promise<Report> =>
  api.call('POST', `/admin/v/4/system/${segment(key)}/auth-service/try`, { body, patience: Number.POSITIVE_INFINITY })

function readContext(given: Given<'address' | 'at' | 'context'>): Record<string, unknown> {
  const [text, address, time] = [given.text('context'), given.text('address'), given.text('at')]
  const more = text === undefined ? {} : objectIn('--context', text)
  return { ...more, ...(address !== undefined && { address }), ...(time !== undefined && { time }) }
}

function objectIn(where: string, text: string): Record<string, unknown> {
  const value = parseJson(where, Buffer.from(text))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CommandError(`${where} must hold a JSON object.`)
  }
  return value as Record<string, unknown>
}

type Typed = 'email' | 'password' | 'password-stdin' | 'params' | 'answer'

async function readSteps(given: Given<Typed>): Promise<{ params: Record<string, unknown> }[]> {
  const steps: { params: Record<string, unknown> }[] = []
  const email = given.text('email')
  if (email !== undefined) steps.push({ params: { email, password: await passwordOf(given, email) } })
  else if (given.text('password') !== undefined || given.on('password-stdin')) {
    throw new CommandError('--password goes with --email.')
  }
  for (const one of given.list('params')) {
    const inline = /^\s*\{/.test(one)
    steps.push({ params: objectIn(inline ? '--params' : one, inline ? one : await readText(one)) })
  }
  if (steps.length === 0) throw new CommandError('Who signs in? Give --email, or --params with the body of a sign-in.')
  if (given.on('answer')) {
    const before = `$${steps.length}`
    steps.push({ params: { factor_id: `${before}.options.factor_id`, code: `${before}.code` } })
  }
  return steps
}

async function passwordOf(given: Given<Typed>, email: string): Promise<string> {
  const typed = given.text('password')
  const fromStdin = given.on('password-stdin')
  if (typed !== undefined && fromStdin) throw new CommandError('Give --password or --password-stdin, not both.')
  if (typed !== undefined) return typed
  if (fromStdin) return askSecret('Password: ', !process.stdin.isTTY)
  if (process.stdin.isTTY === true) return askSecret(`Password of ${email}: `, false)
  throw new CommandError('There is no terminal to ask for the password. Use --password-stdin or --password.')
}

const triedAs: Record<string, string> = {
  current: 'as it is',
  version: 'an older version',
  code: 'code that is not saved',
}

function show(report: Report, output: Output): void {
  const { service, version, tried, cut, steps } = report
  for (const { what, copied } of cut) {
    output.warn(`Of ${what} the trial saw the newest ${copied} alone. What it decides may rest on what it did not see.`)
  }
  const head = `${service}, ${tried === 'code' ? '' : `version ${version}, `}${triedAs[tried] ?? tried}. It was a trial: nothing of it happened.`
  output.result(report, { text: [head, ...steps.flatMap((step) => ['', ...linesOf(step)])].join('\n') })
}

function linesOf(step: Step): string[] {
  const proven = step.factors === undefined || step.factors.length === 0 ? '' : ` (${step.factors.join(' + ')})`
  const wide = Math.max(0, ...step.calls.map(({ name, depth }) => name.length + 2 * depth))
  const marks = [
    ...(step.safe_version === undefined ? [] : [`served by the safe version ${step.safe_version}`]),
    ...step.calls.map(({ name, depth, ms, refused }) => {
      const called = `${'  '.repeat(depth)}${name}`.padEnd(wide)
      return `${called}  ${`${ms.toFixed(1)} ms`.padStart(10)}  ${refused ?? 'ok'}`
    }),
    ...(step.calls_left_out > 0 ? [`… and ${step.calls_left_out} more calls`] : []),
    ...step.requests.map(
      ({ method, url, answered, status }) =>
        `${method} ${url}  ${answered === 'nothing' ? 'no stub, so the network seems down' : `${status} by the ${answered}`}`,
    ),
    ...step.messages.map(
      ({ to, body, where, state, reason }) =>
        `message to ${to} by ${where}: ${body}${state === 'accepted' ? '' : `  ${state}: ${reason ?? ''}`}`,
    ),
    ...(step.logs === '' ? [] : step.logs.split('\n').map((line) => `log  ${line}`)),
    ...(step.denied ?? []).map((right) => `no right: ${right}`),
    ...(step.code === undefined ? [] : [`code ${step.code}`]),
    ...(step.answer === undefined ? [] : [`answers ${step.answer.status} ${JSON.stringify(step.answer.body)}`]),
    ...(step.advice === undefined ? [] : [step.advice]),
  ]
  const head = `${step.step}  ${step.decision}${proven}: ${step.why}  (${Math.round(step.ms)} ms)`
  return [head, ...marks.map((mark, index) => `   ${index === marks.length - 1 ? '└' : '├'} ${mark}`)]
}
