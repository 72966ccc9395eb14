/** `gatehouse service …`: the services of a system, running and changing them. Their code from files is `push.ts`. */
import { executeBit } from '@gatehouse/contract/permissions.ts'
import { type Answer, type Api, isOfService, readAnswer, segment } from './api.ts'
import { CommandError } from './failure.ts'
import { type Command, command, type Given, runGroup, wholeNumber } from './flags.ts'
import { parseJson } from './json.ts'
import type { Output } from './output.ts'
import { pushCommand, readText, useCommand, versionsCommand } from './push.ts'
import { chooseSystem, openNode, systemFlags } from './target.ts'
import { secretsCommand } from './typed-secrets.ts'

type Meta = { name: string; version: number; euid: string; logging_enabled: boolean; execution_timeout: number }

const list = command({
  name: 'service list',
  summary: 'services of a system',
  places: [],
  flags: systemFlags,
  examples: ['gatehouse service list', 'gatehouse service list --system plant --json'],
  async run(given, output) {
    const api = await openNode(given)
    const { key } = await chooseSystem(api, given.text('system'), output)
    const { code } = await api.call<{ code: Meta[] }>('GET', `/codeadmin/v/4/codemeta/${key}/latest`)
    const emails = await emailsOf(
      api,
      key,
      code.map((one) => one.euid),
    )
    const services = code.map((one) => ({
      name: one.name,
      version: one.version,
      run_as: emails(one.euid),
      execution_timeout: one.execution_timeout,
      logging_enabled: one.logging_enabled,
    }))
    output.result(
      services,
      services.length === 0
        ? undefined
        : {
            heads: ['NAME', 'VERSION', 'RUNS AS', 'TIMEOUT', 'LOGGING'],
            rows: services.map((one) => [
              one.name,
              String(one.version),
              one.run_as === '' ? 'caller' : one.run_as,
              one.execution_timeout <= 0 ? 'none' : `${one.execution_timeout} s`,
              one.logging_enabled ? 'on' : 'off',
            ]),
          },
    )
    if (services.length === 0) output.say('There is no service yet. Push one: gatehouse service push NAME FILE')
    return 0
  },
})

const run = command({
  name: 'service run',
  summary: 'run a service as its developer, and show what it answers and logs',
  places: ['NAME'],
  flags: {
    ...systemFlags,
    params: { value: 'FILE', prose: 'parameters: a file with a JSON object; - is stdin' },
    'params-json': { value: 'JSON', prose: 'parameters on the command line, which others can see: no secrets' },
  },
  notes: 'The answer goes to stdout, the log to stderr; with --json both are in one value.',
  second: 'the service answered with resp.error, or failed',
  examples: [
    'gatehouse service run closeValve --params valve.json',
    `gatehouse service run closeValve --params-json '{"valve": 7}' --json`,
  ],
  async run(given, output) {
    const body = await readParams(given)
    const name = segment(given.places[0]!)
    const api = await openNode(given)
    const { key } = await chooseSystem(api, given.text('system'), output)
    const headers = { 'logging-enabled': 'true' }
    const patience = Number.POSITIVE_INFINITY
    const answer = readRun(api, await api.ask('POST', `/api/v/1/code/${key}/${name}`, { body, headers, patience }))
    if (answer.logs) output.say(answer.logs.replace(/\n$/, ''))
    if (!answer.success) output.say(`${given.places[0]} did not succeed:`)
    const { results } = answer
    const text = typeof results === 'string' ? results : JSON.stringify(results ?? null, null, 2)
    output.result(answer, { text })
    return answer.success ? 0 : 2
  },
})

const set = command({
  name: 'service set',
  summary: 'say as whom a service runs, what it requires and who may execute it',
  places: ['NAME'],
  flags: {
    ...systemFlags,
    'run-as': { value: 'EMAIL', prose: 'the user it runs as, whatever its caller may; empty for its caller' },
    requires: { value: 'A,B', prose: 'libraries it requires, in this order; empty for none' },
    grant: { value: 'ROLE', prose: 'a role that may execute it', many: true },
    revoke: { value: 'ROLE', prose: 'a role that may not any more', many: true },
    timeout: { value: 'SECONDS', prose: 'how long a run may take; -1 is no limit' },
    logging: { value: 'on|off', prose: 'whether the log of every run is kept' },
  },
  examples: [
    'gatehouse service set signIn --run-as runner@example.com --requires clearblade,otp --grant Anonymous',
    'gatehouse service set closeValve --revoke Anonymous --timeout 10 --logging on',
  ],
  async run(given, output) {
    const changes = readChanges(given)
    const [grant, revoke] = [given.list('grant'), given.list('revoke')]
    if (Object.keys(changes).length + grant.length + revoke.length === 0) {
      throw new CommandError('What is to be changed? See gatehouse service set --help.')
    }
    const both = grant.find((role) => revoke.includes(role))
    if (both !== undefined) throw new CommandError(`--grant and --revoke both name ${both}.`)
    const api = await openNode(given)
    const { key } = await chooseSystem(api, given.text('system'), output)
    const name = given.places[0]!
    const path = `/admin/code/v/1/${key}/${segment(name)}`
    // Rights are given by name: what is not there is found before anything changes, and less is allowed before more.
    await api.call('GET', path)
    const roles = await listRoles(api, key)
    const taken = revoke.map((role) => roleNamed(roles, role))
    const added = grant.map((role) => roleNamed(roles, role))
    for (const role of taken) await setLevel(api, key, role, name, levelOf(role, name) & ~executeBit)
    if (Object.keys(changes).length > 0) await api.call('PUT', path, { body: changes })
    for (const role of added) await setLevel(api, key, role, name, levelOf(role, name) | executeBit)
    const after = await listRoles(api, key)
    for (const { ID, Name } of taken) {
      const role = after.find((one) => one.ID === ID)
      if (role !== undefined && mayExecute(role, name)) {
        output.warn(`${Name} may still execute it, by its right on all services.`)
      }
    }
    await show(api, key, name, after, output)
    return 0
  },
})

const commands: Command[] = [
  list,
  run,
  set,
  pushCommand('service'),
  versionsCommand('service'),
  useCommand('service'),
  secretsCommand('service'),
]

export const service = (args: string[]): Promise<number> =>
  runGroup('service', 'list, run, change and push services', commands, args)

type RunAnswer = { success: boolean; results: unknown; logs?: string; status?: number }

/** What a run came to. Throws RefusedError for what the node said in its own name. */
function readRun(api: Api, answer: Answer): RunAnswer {
  // `resp.send` of the newer kind answers whatever it likes, with a status of its own.
  if (!isOfService(answer)) return readAnswer<RunAnswer>(api.url, answer)
  const { status, text } = answer
  let results: unknown = text
  try {
    if (answer.headers.get('content-type')?.startsWith('application/json')) results = JSON.parse(text)
  } catch {
    // It said JSON and sent a text.
  }
  return { success: status < 400, results, status }
}

async function readParams(given: Given<'params' | 'params-json'>): Promise<Record<string, unknown>> {
  const [file, text] = [given.text('params'), given.text('params-json')]
  if (file !== undefined && text !== undefined) throw new CommandError('Give --params or --params-json, not both.')
  if (file === undefined && text === undefined) return {}
  const where = text !== undefined ? '--params-json' : file === '-' ? 'stdin' : file!
  const params = parseJson(where, Buffer.from(text ?? (await readText(file!))))
  if (typeof params !== 'object' || params === null || Array.isArray(params)) {
    throw new CommandError(`${where} must hold a JSON object, as {"valve": 7}.`)
  }
  return params as Record<string, unknown>
}

function readChanges(given: Given<'run-as' | 'requires' | 'timeout' | 'logging'>): Record<string, unknown> {
  const [runAs, requires, timeout, logging] = [
    given.text('run-as'),
    given.text('requires'),
    given.text('timeout'),
    given.text('logging'),
  ]
  if (logging !== undefined && logging !== 'on' && logging !== 'off') {
    throw new CommandError(`--logging is "${logging}", but must be on or off.`)
  }
  return {
    ...(runAs !== undefined && { run_user: runAs }),
    ...(requires !== undefined && { dependencies: requires }),
    ...(timeout !== undefined && { execution_timeout: wholeNumber('timeout', timeout) }),
    ...(logging !== undefined && { logging_enabled: logging === 'on' }),
  }
}

type Role = {
  ID: string
  Name: string
  Permissions: { CodeServices: { Name: string; Level: number }[]; AllServices: { Level: number } }
}

/** All of them, whatever the size of a page. */
const listRoles = (api: Api, key: string): Promise<Role[]> =>
  api.call('GET', `/admin/user/${key}/roles`, { query: { query: JSON.stringify({ ALL: true }) } })

function roleNamed(roles: Role[], idOrName: string): Role {
  const role = roles.find((one) => one.ID === idOrName) ?? roles.find((one) => one.Name === idOrName)
  if (role !== undefined) return role
  const names = roles.slice(0, 20).map((one) => one.Name)
  throw new CommandError(`There is no role "${idOrName}" in this system. There is ${names.join(', ')}.`)
}

const levelOf = (role: Role, service: string): number =>
  role.Permissions.CodeServices.find((one) => one.Name === service)?.Level ?? 0

const mayExecute = (role: Role, service: string): boolean =>
  ((levelOf(role, service) | role.Permissions.AllServices.Level) & executeBit) !== 0

async function setLevel(api: Api, key: string, role: Role, service: string, permissions: number): Promise<void> {
  const changes = { services: [{ itemInfo: { name: service }, permissions }] }
  await api.call('PUT', `/admin/user/${key}/roles`, { body: { id: role.ID, changes } })
}

/** The state of a service after a change. */
async function show(api: Api, key: string, name: string, roles: Role[], output: Output): Promise<void> {
  type Service = { current_version: number; run_user: string; dependencies: string } & Meta
  const now = await api.call<Service>('GET', `/admin/code/v/1/${key}/${segment(name)}`)
  const runAs = (await emailsOf(api, key, [now.run_user]))(now.run_user)
  const may = roles.filter((role) => mayExecute(role, name)).map((role) => role.Name)
  output.result(
    {
      name,
      version: now.current_version,
      run_as: runAs,
      requires: now.dependencies === '' ? [] : now.dependencies.split(','),
      execution_timeout: now.execution_timeout,
      logging_enabled: now.logging_enabled,
      executable_by: may,
    },
    {
      facts: {
        name,
        version: now.current_version,
        'runs as': runAs === '' ? 'caller' : runAs,
        requires: now.dependencies,
        timeout: now.execution_timeout <= 0 ? 'none' : `${now.execution_timeout} s`,
        logging: now.logging_enabled ? 'on' : 'off',
        'executable by': may.join(', '),
      },
    },
  )
}

/** E-mails of users by their ids; a user who is gone keeps the id. */
async function emailsOf(api: Api, key: string, ids: string[]): Promise<(id: string) => string> {
  const wanted = [...new Set(ids.filter((id) => id !== ''))].slice(0, 500)
  const query = { FILTERS: wanted.map((id) => [{ EQ: [{ user_id: id }] }]), PAGESIZE: wanted.length }
  const users =
    wanted.length === 0
      ? []
      : await api.call<{ user_id: string; email: string }[]>('GET', `/admin/user/${key}`, {
          query: { query: JSON.stringify(query) },
        })
  const emails = new Map(users.map((one) => [one.user_id, one.email]))
  return (id) => emails.get(id) ?? id
}
