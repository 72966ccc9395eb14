/**
 * `gatehouse system …`: the systems of a developer and their settings. Their files are `system-pull.ts`,
 * `system-push.ts` and `system-watch.ts`, who works on them `system-sharing.ts`; single services and libraries
 * `service.ts` and `library.ts`.
 */
import type { Api } from './api.ts'
import { CommandError } from './failure.ts'
import { type Command, command, type Flag, type Given, runGroup, wholeNumber } from './flags.ts'
import type { Output } from './output.ts'
import { askLine } from './prompt.ts'
import { pull } from './system-pull.ts'
import { push } from './system-push.ts'
import { newSecret, share, transfer, unshare } from './system-sharing.ts'
import { watch } from './system-watch.ts'
import { chooseSystem, listSystems, nodeFlag, openNode, systemFlags } from './target.ts'

const management = '/admin/v/4/systemmanagement'

const list = command({
  name: 'system list',
  summary: 'your systems',
  places: [],
  flags: nodeFlag,
  examples: ['gatehouse system list', 'gatehouse system list --json'],
  async run(given, output) {
    const systems = await listSystems(await openNode(given))
    output.result(
      systems.map(({ key, name, authService }) => ({ system_key: key, name, auth_service: authService })),
      systems.length === 0
        ? undefined
        : { heads: ['NAME', 'KEY', 'AUTH SERVICE'], rows: systems.map((one) => [one.name, one.key, one.authService]) },
    )
    if (systems.length === 0) output.say('There is no system yet. Make one: gatehouse system create NAME')
    return 0
  },
})

const create = command({
  name: 'system create',
  summary: 'make a system with a key and a secret of its own',
  places: ['NAME'],
  flags: { description: { value: 'TEXT', prose: 'what it is for' }, ...nodeFlag },
  examples: ['gatehouse system create plant', 'gatehouse system create "Plant 2" --description "the new hall" --json'],
  async run(given, output) {
    const api = await openNode(given)
    const body = { name: given.places[0]!, description: given.text('description') ?? '' }
    const made = await api.call<{ appId: string }>('POST', management, { body })
    await show(api, made.appId, output)
    return 0
  },
})

const showOne = command({
  name: 'system show',
  summary: 'key, secret and settings of a system',
  places: ['[KEY]'],
  flags: systemFlags,
  examples: ['gatehouse system show', 'gatehouse system show 8e4bb4cb0bd4c1adfca7f489b8a501 --json'],
  async run(given, output) {
    const [place] = given.places
    if (place !== undefined && given.text('system') !== undefined) {
      throw new CommandError('The system is named twice. Give its key alone, or --system.')
    }
    const api = await openNode(given)
    await show(api, (await chooseSystem(api, place ?? given.text('system'), output)).key, output)
    return 0
  },
})

/** Flag, setting on the wire, and how its value is read. */
const settings = {
  name: { value: 'NAME', prose: 'another name' },
  description: { value: 'TEXT', prose: 'what it is for' },
  'auth-service': { value: 'NAME', prose: 'the service that decides sign-ins; empty for none' },
  'reg-service': { value: 'NAME', prose: 'the service that decides registrations; empty for none' },
  'auth-error-status': { value: 'STATUS', prose: 'HTTP status of a refused sign-in: 200 or 401' },
  anonymous: { value: 'open|closed', prose: 'whether anybody may sign in anonymously' },
  registration: { value: 'open|closed', prose: 'whether anybody may register' },
  'password-reset': { value: 'open|closed', prose: 'whether users get links for new passwords by e-mail' },
  'run-as-sign-in': { value: 'refused|allowed', prose: 'whether accounts that services run as may sign in' },
  'messages-to': { value: 'inbox|provider', prose: 'where text messages go; empty for what the mode says' },
  'phone-country': { value: 'XX', prose: 'where phone numbers without a country code are, as US; empty for nowhere' },
  'code-digits': { value: 'N', prose: 'digits of codes that edges have sent, 6 to 10' },
  'code-message': { value: 'TEXT', prose: 'what the message with such a code says, with {code} in it' },
  'token-ttl': { value: 'SECONDS', prose: 'how long tokens of users, devices and anonymous callers live' },
  'token-ttl-user': { value: 'SECONDS', prose: 'of users alone' },
  'token-ttl-device': { value: 'SECONDS', prose: 'of devices alone' },
  'token-ttl-anon': { value: 'SECONDS', prose: 'of anonymous callers alone' },
  'refresh-max-age': { value: 'SECONDS', prose: 'how long a session can be refreshed' },
  'password-min-length': { value: 'N', prose: 'shortest password of a user' },
  'record-sign-ins': { value: 'N', prose: 'record the newest N sign-ins for replays, secrets marked; 0 for none' },
} as const satisfies Record<string, Flag>

type Setting = keyof typeof settings

const set = command({
  name: 'system set',
  summary: 'change the name or settings of a system',
  places: [],
  flags: {
    ...systemFlags,
    ...settings,
    'keep-sessions': { prose: 'with --auth-service: keep sessions that the new service did not grant' },
  },
  notes: `Another auth service ends the sessions that it did not grant, unless --keep-sessions is given. What would refuse
everybody afterwards is said as a warning.`,
  examples: [
    'gatehouse system set --auth-service shiftSignIn',
    'gatehouse system set --system plant --auth-service ""',
    'gatehouse system set --anonymous closed --registration closed --token-ttl-user 3600',
  ],
  async run(given, output) {
    const changes = readChanges(given)
    if (Object.keys(changes).length === 0) {
      throw new CommandError('What is to be changed? See gatehouse system set --help.')
    }
    if (given.on('keep-sessions')) {
      if (changes.auth_service === undefined) throw new CommandError('--keep-sessions goes with --auth-service.')
      changes.keep_sessions = true
    }
    const api = await openNode(given)
    const { key } = await chooseSystem(api, given.text('system'), output)
    await api.call('PUT', management, { body: { id: key, ...changes } })
    const findings = changes.auth_service === undefined ? [] : await authFindings(api, key)
    for (const { problem, mend } of findings) output.warn(`Sign-ins will be refused. ${problem} ${mend}`)
    await show(api, key, output)
    return 0
  },
})

const remove = command({
  name: 'system delete',
  summary: 'delete a system of yours with all that is in it',
  places: ['KEY'],
  flags: { yes: { prose: 'do not ask' }, ...nodeFlag },
  notes: 'The key must be given in full; a name is not enough. There is no way back.',
  examples: ['gatehouse system delete 8e4bb4cb0bd4c1adfca7f489b8a501 --yes'],
  async run(given, output) {
    const api = await openNode(given)
    const key = given.places[0]!
    const system = (await listSystems(api)).find((one) => one.key === key)
    if (system === undefined) {
      throw new CommandError(`There is no system with the key ${key} of ${api.email}. See gatehouse system list.`)
    }
    if (!given.on('yes')) {
      if (process.stdin.isTTY !== true) throw new CommandError(`Deleting "${system.name}" needs --yes.`)
      output.say(`"${system.name}" (${key}) at ${api.url} goes with all its users, data and services, for good.`)
      if ((await askLine('Type its name to delete it: ')) !== system.name)
        throw new CommandError('Nothing was deleted.')
    }
    await api.call('DELETE', management, { query: { id: key } })
    output.say(`System "${system.name}" (${key}) is deleted.`)
    output.result({ system_key: key, name: system.name, deleted: true })
    return 0
  },
})

const commands: Command[] = [
  ...[list, create, showOne, set, share, unshare, transfer, newSecret],
  ...[pull, push, watch, remove],
]

export const system = (args: string[]): Promise<number> =>
  runGroup('system', 'your systems, their settings, and their files in a folder', commands, args)

const shown = [
  'name',
  'description',
  'auth_service',
  'reg_service',
  'auth_error_status',
  'anonymous',
  'registration',
  'password_reset',
  'run_as_sign_in',
  'messages_to',
  'phone_country',
  'code_digits',
  'code_message',
  'token_ttl_user',
  'token_ttl_device',
  'token_ttl_anon',
  'refresh_max_age',
  'password_min_length',
] as const

type SystemAnswer = { appId: string; appSecret: string } & Record<(typeof shown)[number], string | number>

/** The result of the commands that leave a system: its state now. */
async function show(api: Api, key: string, output: Output): Promise<void> {
  const answer = await api.call<SystemAnswer>('GET', management, { query: { id: key } })
  const settled = Object.fromEntries(shown.map((name) => [name, answer[name]]))
  const facts = { system_key: answer.appId, system_secret: answer.appSecret, ...settled }
  output.result({ url: api.url, ...facts }, { facts })
}

function readChanges(given: Given<Setting>): Record<string, unknown> {
  const changes: Record<string, unknown> = {}
  for (const [flag, { value }] of Object.entries(settings) as [Setting, Flag][]) {
    const text = given.text(flag)
    if (text === undefined) continue
    const counted = value === 'SECONDS' || value === 'STATUS' || value === 'N'
    changes[flag.replaceAll('-', '_')] = counted ? wholeNumber(flag, text) : text
  }
  if (changes.record_sign_ins !== undefined) {
    changes.record_sign_ins = changes.record_sign_ins === 0 ? null : { keep: changes.record_sign_ins }
  }
  for (const flag of ['anonymous', 'registration', 'password-reset'] as const) {
    const text = given.text(flag)
    if (text !== undefined && text !== 'open' && text !== 'closed') {
      throw new CommandError(`--${flag} is "${text}", but must be open or closed.`)
    }
  }
  return changes
}

async function authFindings(api: Api, key: string): Promise<{ problem: string; mend: string }[]> {
  const path = `/admin/v/4/system/${key}/auth-service/check`
  return (await api.call<{ findings: { problem: string; mend: string }[] }>('GET', path)).findings
}
