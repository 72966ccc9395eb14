/** `gatehouse edge …`: the edges of a system, and, with `--platform`, the edge node itself (`edge-start.ts`). */
import { lost } from './edge-lost.ts'
import { type Command, command, runGroup } from './flags.ts'
import { chooseSystem, openNode, systemFlags } from './target.ts'

type EdgeRow = { name: string; state?: string; last_talked?: string; problem?: string; description: string }

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
      name: one.name,
      state: one.state ?? 'kept',
      last_talked: one.last_talked ?? '',
      problem: one.problem ?? '',
    }))
    output.result(
      shown,
      shown.length === 0
        ? undefined
        : {
            heads: ['NAME', 'STATE', 'LAST TALKED', 'PROBLEM'],
            rows: shown.map((one) => [one.name, one.state, one.last_talked, one.problem]),
          },
    )
    if (shown.length === 0) output.say('There is no edge yet. Make one: gatehouse edge add NAME')
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

const commands: Command[] = [add, list, remove, lost]

/** Only an edge node itself loads the server. */
export const edge = async (args: string[]): Promise<number> =>
  args.some((arg) => arg === '--platform' || arg.startsWith('--platform='))
    ? (await import('./edge-start.ts')).startEdge(args)
    : runGroup('edge', 'the edges of a system; with --platform URL, an edge node', commands, args)
