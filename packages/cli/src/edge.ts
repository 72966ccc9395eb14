/** `gatehouse edge …`: the edges of a system, and, with `--platform`, the edge node itself (`edge-start.ts`). */
import { lost } from './edge-lost.ts'
import { requests } from './edge-requests.ts'
import { review } from './edge-review.ts'
import { type Command, command, runGroup } from './flags.ts'
import { chooseSystem, openNode, systemFlags } from './target.ts'

type Lane = 'identity' | 'configuration' | 'data'

/** Those that a package brought are kept, and have a name and a description alone. */
type EdgeRow = {
  name: string
  state?: string
  since?: string
  last_talked?: string
  last_identity_sync?: string
  lanes?: Record<
    Lane,
    { queued: number; first_sync: boolean; up_to_date: number | null; set_aside: number; stopped: string }
  >
  lag_ms?: number | null
  clock_difference_ms?: number | null
  last_seen_version?: string
  problem?: string
  problem_at?: string
  checked?: { at: string; differences: number; last_difference: string; lane: string }
  set_aside?: { asset_class: string; asset_id: string; part: string; reason: string; at: string }[]
}

const add = command({
  name: 'edge add',
  summary: 'make an edge, and print the token that enrols it once',
  places: ['NAME'],
  flags: { description: { value: 'TEXT', prose: 'where it stands' }, ...systemFlags },
  notes: 'The token is shown here and nowhere else. It works once; the edge makes keys of its own with it.',
  examples: ['gatehouse edge add hall-3 --system plant'],
  async run(given, output) {
    const api = await openNode(given)
    const { key } = await chooseSystem(api, given.text('system'), output)
    const name = given.places[0]!
    const body = { description: given.text('description') ?? '' }
    const made = await api.call<{ name: string; token: string }>('POST', pathOf(key, name), { body })
    const start = `gatehouse edge --platform ${api.url} --system ${key} --name ${made.name} --data ./edge-${made.name}`
    output.say(`At the site: ${start}\nIt asks for the token, or reads it from --token-file or GATEHOUSE_EDGE_TOKEN.`)
    const facts = { name: made.name, system_key: key, token: made.token }
    output.result(facts, { facts })
    return 0
  },
})

const list = command({
  name: 'edge list',
  summary: 'the edges of a system and how they are',
  places: [],
  flags: systemFlags,
  examples: ['gatehouse edge list --system plant'],
  async run(given, output) {
    const api = await openNode(given)
    const { key } = await chooseSystem(api, given.text('system'), output)
    const found = await api.call<EdgeRow[]>('GET', `/admin/edges/${key}`)
    const shown = found.map((one) => ({
      ...{ name: one.name, state: one.state ?? 'kept', since: one.since ?? '', last_talked: one.last_talked ?? '' },
      ...{ last_identity_sync: one.last_identity_sync ?? '', lanes: one.lanes ?? {}, lag_ms: one.lag_ms ?? null },
      ...{ clock_difference_ms: one.clock_difference_ms ?? null, version: one.last_seen_version ?? '' },
      ...{ problem: one.problem ?? '', problem_at: one.problem_at ?? '', set_aside: one.set_aside ?? [] },
    }))
    output.result(
      shown,
      shown.length === 0
        ? undefined
        : {
            heads: ['NAME', 'STATE', 'SINCE', 'IDENTITY SYNC', 'QUEUED', 'LAG', 'CLOCK', 'VERSION', 'PROBLEM'],
            rows: found.map((one) => [
              ...[one.name, one.state ?? 'kept', one.since ?? '', one.last_identity_sync ?? '', queuedOf(one)],
              ...[spanOf(one.lag_ms), spanOf(one.clock_difference_ms), one.last_seen_version ?? '', problemOf(one)],
            ]),
          },
    )
    if (shown.length === 0) output.say('There is no edge yet. Make one: gatehouse edge add NAME')
    return 0
  },
})

/** What stopped is worse than what is set aside, and both than what was and is over. */
function problemOf({ name, lanes, set_aside: aside = [], problem = '' }: EdgeRow): string {
  const stopped = Object.entries(lanes ?? {}).filter(([, one]) => one.stopped !== '')
  if (stopped.length === 0 && aside.length === 0) return problem
  const words = stopped.map(([lane]) => `${lane} stopped`)
  if (aside.length > 0) words.push(`${aside.length} set aside`)
  return `${words.join(', ')}: gatehouse edge show ${name}`
}

const show = command({
  name: 'edge show',
  summary: 'one edge: how it is, what could not be written there, and what it has',
  places: ['NAME'],
  flags: systemFlags,
  examples: ['gatehouse edge show hall-3 --system plant'],
  async run(given, output) {
    const api = await openNode(given)
    const { key } = await chooseSystem(api, given.text('system'), output)
    const name = given.places[0]!
    const edge = await api.call<EdgeRow>('GET', pathOf(key, name))
    const status = `/admin/${key}/sync/edge/status/${encodeURIComponent(name)}`
    const assets = await api.call<{ asset_class: string; asset_id: string; state: string }[]>('GET', status)
    const stopped = Object.entries(edge.lanes ?? {}).filter(([, lane]) => lane.stopped !== '')
    for (const [lane, { stopped: why }] of stopped) output.warn(`${lane} stopped: ${why}`)
    const aside = edge.set_aside ?? []
    const at = (kind: string, id: string): string => [kind, id].filter((text) => text !== '').join(' ')
    const facts = {
      ...{ name, state: edge.state ?? 'kept', since: edge.since ?? '', identity_sync: edge.last_identity_sync ?? '' },
      ...{ queued: queuedOf(edge), lag: spanOf(edge.lag_ms), clock: spanOf(edge.clock_difference_ms) },
      ...{ version: edge.last_seen_version ?? '', problem: edge.problem ?? '' },
      ...{ compared: edge.checked?.at ?? '', differences: String(edge.checked?.differences ?? 0) },
    }
    const rows = [
      ...Object.entries(facts).map(([fact, value]) => [fact, value, '']),
      ...aside.map((one) => ['set aside', [at(one.asset_class, one.asset_id), one.part].join(' ').trim(), one.reason]),
      ...assets.map((one) => ['asset', at(one.asset_class, one.asset_id), one.state]),
    ]
    output.result({ ...edge, assets }, { heads: ['WHAT', 'VALUE', ''], rows })
    if (aside.length + stopped.length > 0) output.say(`To try it again: gatehouse edge retry ${name}`)
    return 0
  },
})

const retry = command({
  name: 'edge retry',
  summary: 'send an edge once more what it could not write, and let lanes that stopped go on',
  places: ['NAME'],
  flags: systemFlags,
  examples: ['gatehouse edge retry hall-3 --system plant'],
  async run(given, output) {
    const api = await openNode(given)
    const { key } = await chooseSystem(api, given.text('system'), output)
    const name = given.places[0]!
    await api.call('POST', `/admin/${key}/sync/retry/edge/${encodeURIComponent(name)}`, { body: {} })
    output.say(
      `What ${name} could not write is sent once more: now, or when it links. Look: gatehouse edge show ${name}`,
    )
    output.result({ system_key: key, name, retried: true })
    return 0
  },
})

/** As "2 identity, 14 data"; "first sync" where the edge never had everything. */
function queuedOf({ lanes = {} as NonNullable<EdgeRow['lanes']>, state }: EdgeRow): string {
  if (state === undefined || state === 'waiting') return ''
  const waiting = Object.entries(lanes).filter(([, { queued, first_sync: first }]) => first || queued > 0)
  if (waiting.length === 0) return '0'
  return waiting
    .map(([lane, { queued, first_sync: first }]) => `${first ? 'first sync of' : queued} ${lane}`)
    .join(', ')
}

/** Milliseconds in the largest unit that leaves two digits. */
function spanOf(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return ''
  const [size, unit] = spans.find(([least]) => Math.abs(ms) >= 2 * least) ?? ([1, 'ms'] as const)
  return `${Math.round(ms / size)} ${unit}`
}

const spans = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
] as const

const renew = command({
  name: 'edge renew',
  summary: 'give an edge a new token, as when another machine takes its place',
  places: ['NAME'],
  flags: systemFlags,
  notes: 'Whatever linked with the old token is cut off and refused from now on.',
  examples: ['gatehouse edge renew hall-3 --system plant'],
  async run(given, output) {
    const api = await openNode(given)
    const { key } = await chooseSystem(api, given.text('system'), output)
    const name = given.places[0]!
    const path = `/admin/v/4/system/${key}/edges/${encodeURIComponent(name)}/token`
    const { token } = await api.call<{ token: string }>('POST', path)
    output.say('Start the new machine with an empty folder for --data. What linked before is refused.')
    const facts = { name, system_key: key, token }
    output.result(facts, { facts })
    return 0
  },
})

const remove = command({
  name: 'edge remove',
  summary: 'remove an edge: from now on it is refused',
  places: ['NAME'],
  flags: systemFlags,
  notes: 'What the edge holds already stays on it. For one that was stolen: gatehouse edge lost.',
  examples: ['gatehouse edge remove hall-3 --system plant'],
  async run(given, output) {
    const api = await openNode(given)
    const { key } = await chooseSystem(api, given.text('system'), output)
    const name = given.places[0]!
    await api.call('DELETE', pathOf(key, name))
    output.say(`Edge ${name} is removed. Its link is cut, and no other is taken.`)
    output.result({ system_key: key, name, removed: true })
    return 0
  },
})

const pathOf = (key: string, name: string): string => `/admin/edges/${key}/${encodeURIComponent(name)}`

const commands: Command[] = [add, list, show, retry, review, requests, renew, remove, lost]

/** Only an edge node itself, and what works in its folder, loads the server. */
export const edge = async (args: string[]): Promise<number> =>
  args[0] === 'account'
    ? (await import('./edge-account.ts')).edgeAccount(args.slice(1))
    : args.some((arg) => arg === '--platform' || arg.startsWith('--platform='))
      ? (await import('./edge-start.ts')).startEdge(args)
      : runGroup(
          'edge',
          'the edges of a system; with --platform URL, an edge node; edge account: who sees its state',
          commands,
          args,
        )
