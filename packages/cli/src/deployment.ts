/** `gatehouse deployment …`: what of a system goes to which edges. */
import { CommandError } from './failure.ts'
import { type Command, command, runGroup } from './flags.ts'
import { chooseSystem, openNode, systemFlags } from './target.ts'

type SignIn = { phones?: boolean; requests?: boolean; sessions?: 'apart' }
type Deployment = { name: string; active?: boolean; edges?: string[]; sign_in?: SignIn | null }

const set = command({
  name: 'deployment set',
  summary: 'make a deployment, or put another in the place of the one of this name',
  places: ['NAME'],
  flags: {
    edge: { value: 'NAME', prose: 'an edge it goes to', many: true },
    'all-edges': { prose: 'it goes to every edge' },
    collection: { value: 'NAME', prose: 'a collection that goes down', many: true },
    'both-ways': { value: 'NAME', prose: 'a collection whose rows go up as well', many: true },
    conflicts: {
      value: 'RULE',
      prose: 'with --both-ways, --up-only or --row-both-ways: last_writer (the default), platform, edge or both',
    },
    'copy-of': { value: 'NAME', prose: 'a collection that is copied once, and not kept in step', many: true },
    'up-only': { value: 'NAME', prose: 'a collection that is copied once, and whose rows go up', many: true },
    row: { value: 'COLLECTION/ID', prose: 'a single row that goes down', many: true },
    'row-both-ways': { value: 'COLLECTION/ID', prose: 'a single row that goes up as well', many: true },
    'copy-of-row': { value: 'COLLECTION/ID', prose: 'a single row that is copied once', many: true },
    'copy-of-service': { value: 'NAME', prose: 'a service that stays there as it is now', many: true },
    service: { value: 'NAME', prose: 'a service that goes down with its libraries', many: true },
    portal: { value: 'NAME', prose: 'a portal that users open at the edge', many: true },
    'copy-of-portal': { value: 'NAME', prose: 'a portal that stays there as it is now', many: true },
    'sign-in': { prose: "the system's sign-in goes down: auth service, its libraries, the named roles and users" },
    role: { value: 'NAME', prose: 'with --sign-in: a role that its users hold there', many: true },
    'users-of': { value: 'ROLE', prose: 'with --sign-in: all users of this role', many: true },
    user: { value: 'EMAIL', prose: 'with --sign-in: one user', many: true },
    phones: { prose: 'with --sign-in: numbers of phones go to edges that send messages by themselves' },
    'offline-days': {
      value: 'DAYS',
      prose: 'with --sign-in: for how long an edge without a link lets them in; default 7',
    },
    'sessions-apart': { prose: 'with --sign-in: sessions are good only where they were made' },
    'offline-days-of': { value: 'ROLE=DAYS', prose: 'with --sign-in: the same for one role', many: true },
    near: {
      value: 'SHARE',
      prose: 'with --sign-in: from this share of that time on it asks for a second factor; default 0.8',
    },
    requests: { prose: 'with --sign-in: users there may ask you for changes of their own columns' },
    ...systemFlags,
  },
  examples: [
    'gatehouse deployment set hall --edge hall-3 --collection Readings --sign-in --users-of Operators',
    'gatehouse deployment set everywhere --all-edges --service report --both-ways Readings --conflicts platform',
  ],
  async run(given, output) {
    const name = given.places[0]!
    if (!given.on('sign-in') && signInFlags.some((flag) => given.on(flag))) {
      throw new CommandError(`${signInFlags.map((flag) => `--${flag}`).join(', ')} go with --sign-in.`)
    }
    if (given.on('conflicts') && !(['both-ways', 'up-only', 'row-both-ways'] as const).some((flag) => given.on(flag))) {
      throw new CommandError('--conflicts goes with --both-ways, --up-only or --row-both-ways.')
    }
    const rule = given.text('conflicts')
    const edges = given.on('all-edges') ? ['___ALL_EDGES___'] : given.list('edge')
    const asset = (kind: string, id: string, follows = true) => ({
      ...{ asset_class: kind, asset_id: id, sync_to_edge: follows, sync_to_platform: false },
    })
    const up = { sync_to_platform: true, ...(rule !== undefined && { conflicts: rule }) }
    const rowOf = (text: string, follows: boolean) => {
      const at = text.lastIndexOf('/')
      if (at < 1 || at === text.length - 1) throw new CommandError(`${text} is no row, as Readings/ID.`)
      return asset(text.slice(0, at), text.slice(at + 1), follows)
    }
    const assets = [
      ...given.list('collection').map((one) => asset(one, '')),
      ...given.list('both-ways').map((one) => ({ ...asset(one, ''), ...up })),
      ...given.list('copy-of').map((one) => asset(one, '', false)),
      ...given.list('up-only').map((one) => ({ ...asset(one, '', false), ...up })),
      ...given.list('row').map((one) => rowOf(one, true)),
      ...given.list('row-both-ways').map((one) => ({ ...rowOf(one, true), ...up })),
      ...given.list('copy-of-row').map((one) => rowOf(one, false)),
      ...given.list('service').map((one) => asset('services', one)),
      ...given.list('copy-of-service').map((one) => asset('services', one, false)),
      ...given.list('portal').map((one) => asset('portals', one)),
      ...given.list('copy-of-portal').map((one) => asset('portals', one, false)),
    ]
    const users = { roles: given.list('users-of'), emails: given.list('user') }
    const offline = offlineOf(given.text('offline-days'), given.list('offline-days-of'), given.text('near'))
    const more = {
      ...(given.on('sessions-apart') && { sessions: 'apart' }),
      ...(given.on('requests') && { requests: true }),
      ...(given.on('phones') && { phones: true }),
    }
    const roles = given.list('role')
    const signIn = given.on('sign-in') ? { collections: [], roles, users, ...offline, ...more } : null
    const api = await openNode(given)
    const { key } = await chooseSystem(api, given.text('system'), output)
    const path = `/admin/${key}/deployments`
    const exists = (await api.call<Deployment[]>('GET', path)).some((one) => one.name === name && one.active === true)
    const body = { name, edges, assets, sign_in: signIn }
    const made = await (exists
      ? api.call<Record<string, unknown>>('PUT', `${path}/${encodeURIComponent(name)}`, { body })
      : api.call<Record<string, unknown>>('POST', path, { body }))
    output.say(`Deployment ${name} goes to ${edges.length === 0 ? 'no edge yet' : edges.join(', ')}.`)
    output.result(made)
    return 0
  },
})

const signInFlags = [
  ...(['role', 'users-of', 'user', 'phones', 'offline-days', 'offline-days-of'] as const),
  ...(['near', 'sessions-apart', 'requests'] as const),
]

/** As the node takes it, in seconds. Throws CommandError. */
function offlineOf(
  days: string | undefined,
  ofRoles: readonly string[],
  near: string | undefined,
): { offline?: Record<string, unknown> } {
  const secondsOf = (text: string): number => {
    const seconds = Math.round(Number(text) * 86_400)
    if (!/^[\d.]+$/.test(text) || !(seconds >= 60)) throw new CommandError(`${text} is no number of days, as 7 or 0.5.`)
    return seconds
  }
  if (days === undefined && ofRoles.length === 0 && near === undefined) return {}
  const share = near === undefined ? {} : { near: Number(near) }
  if (near !== undefined && !(/^[\d.]+$/.test(near) && Number(near) > 0 && Number(near) <= 1)) {
    throw new CommandError(`${near} is no share, as 0.7: more than 0 and at most 1.`)
  }
  const roles = ofRoles.map((text): [string, number] => {
    const at = text.lastIndexOf('=')
    if (at < 1) throw new CommandError('--offline-days-of is a role and days, as Operators=2.')
    return [text.slice(0, at), secondsOf(text.slice(at + 1))]
  })
  const limit = days === undefined ? {} : { limit: secondsOf(days) }
  return { offline: { ...limit, ...share, roles: Object.fromEntries(roles) } }
}

const list = command({
  name: 'deployment list',
  summary: 'the deployments of a system',
  places: [],
  flags: systemFlags,
  examples: ['gatehouse deployment list --system plant'],
  async run(given, output) {
    const api = await openNode(given)
    const { key } = await chooseSystem(api, given.text('system'), output)
    const found = await api.call<Deployment[]>('GET', `/admin/${key}/deployments`)
    const rows = found.map((one) => [
      one.name,
      one.active === true ? 'active' : 'kept, not active',
      (one.edges ?? []).join(', '),
    ])
    output.result(found, rows.length === 0 ? undefined : { heads: ['NAME', 'STATE', 'EDGES'], rows })
    if (rows.length === 0) output.say('There is no deployment yet. Make one: gatehouse deployment set NAME')
    return 0
  },
})

const remove = command({
  name: 'deployment remove',
  summary: 'remove a deployment: what it brought leaves the edges',
  places: ['NAME'],
  flags: systemFlags,
  examples: ['gatehouse deployment remove hall --system plant'],
  async run(given, output) {
    const api = await openNode(given)
    const { key } = await chooseSystem(api, given.text('system'), output)
    const name = given.places[0]!
    await api.call('DELETE', `/admin/${key}/deployments/${encodeURIComponent(name)}`)
    output.say(`Deployment ${name} is removed.`)
    output.result({ system_key: key, name, removed: true })
    return 0
  },
})

type Proposed = { name: string; left_out?: Noted[]; changed?: Noted[] }
type Noted = { asset_class: string; asset_id: string; why: string }

const activate = command({
  name: 'deployment activate',
  summary: 'make a deployment active that a package brought',
  places: ['NAME'],
  flags: {
    edge: { value: 'NAME', prose: 'an edge it goes to, in the place of those of its file', many: true },
    'all-edges': { prose: 'it goes to every edge' },
    ...systemFlags,
  },
  notes: 'What of it does not go to edges yet is named; it stays in the file, and is exported with it.',
  examples: ['gatehouse deployment activate two-factor-auth --edge hall-3 --system plant'],
  async run(given, output) {
    const name = given.places[0]!
    const named = given.on('all-edges') ? ['___ALL_EDGES___'] : given.list('edge')
    const api = await openNode(given)
    const { key } = await chooseSystem(api, given.text('system'), output)
    const path = `/admin/v/4/system/${key}/deployments`
    const proposed = (await api.call<Proposed[]>('GET', path)).find((one) => one.name === name)
    const body = named.length === 0 ? {} : { edges: named }
    const made = await api.call<Deployment>('POST', `${path}/${encodeURIComponent(name)}/activate`, { body })
    for (const { asset_class: kind, asset_id: id, why } of [
      ...(proposed?.left_out ?? []),
      ...(proposed?.changed ?? []),
    ]) {
      output.warn(`${id === '' ? kind : `${kind} ${id}`}: ${why}`)
    }
    const edges = made.edges ?? []
    output.say(`Deployment ${name} is active. It goes to ${edges.length === 0 ? 'no edge yet' : edges.join(', ')}.`)
    for (const line of saidOf(made.sign_in)) output.say(line)
    output.result(made)
    return 0
  },
})

/** What a sign-in that came in a file says beside whose it is: nobody typed it. */
const saidOf = (signIn: SignIn | null | undefined): string[] =>
  signIn === null || signIn === undefined
    ? []
    : [
        signIn.sessions === 'apart'
          ? 'Sessions are good only where they were made.'
          : 'Sessions that are made there are good at the platform too, and those of the platform there.',
        ...(signIn.phones === true
          ? ['Numbers of phones of its users go to edges that send messages by themselves.']
          : []),
        ...(signIn.requests === true ? ['Users there may ask you for changes of their own columns.'] : []),
      ]

const push = command({
  name: 'deployment push',
  summary: 'copy anew what a deployment brings without keeping it in step',
  places: ['NAME'],
  flags: systemFlags,
  notes:
    'Rows that users changed at an edge are replaced where the platform has them; what follows anyway is not touched.',
  examples: ['gatehouse deployment push hall --system plant'],
  async run(given, output) {
    const api = await openNode(given)
    const { key } = await chooseSystem(api, given.text('system'), output)
    const name = given.places[0]!
    const path = `/admin/v/4/system/${key}/deployments/${encodeURIComponent(name)}/push`
    const made = await api.call<{ copied: number }>('POST', path, { body: {} })
    output.say(`${made.copied} of what ${name} brings is copied to its edges anew.`)
    output.result({ system_key: key, ...made })
    return 0
  },
})

const commands: Command[] = [set, activate, push, list, remove]

export const deployment = (args: string[]): Promise<number> =>
  runGroup('deployment', 'what of a system goes to which edges', commands, args)
