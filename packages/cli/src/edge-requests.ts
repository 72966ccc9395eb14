/** `gatehouse edge requests`: what users asked for at an edge, and deciding on it. */
import { CommandError } from './failure.ts'
import { command } from './flags.ts'
import { chooseSystem, openNode, systemFlags } from './target.ts'

type Request = {
  id: string
  at: number
  user_id: string
  email: string
  state: string
  changes: Record<string, unknown>
  present: Record<string, unknown> | null
}

export const requests = command({
  name: 'edge requests',
  summary: 'changes of their own columns that users asked for at an edge; approve one, or turn it down',
  places: ['NAME'],
  flags: {
    approve: { value: 'ID', prose: 'do what was asked for, here and so at the edges' },
    'turn-down': { value: 'ID', prose: 'do not' },
    ...systemFlags,
  },
  notes: `Users may ask where the deployment says so: gatehouse deployment set NAME --sign-in --requests. What is asked for is the
word of the edge: approve what you know of. Nothing changes before.`,
  examples: [
    'gatehouse edge requests hall-3 --system plant',
    'gatehouse edge requests hall-3 --approve 01a215e0-9623-7000-b6e5-84e47ebe9853',
  ],
  async run(given, output) {
    const [approve, turnDown] = [given.text('approve'), given.text('turn-down')]
    if (approve !== undefined && turnDown !== undefined) throw new CommandError('Either --approve or --turn-down.')
    const api = await openNode(given)
    const { key } = await chooseSystem(api, given.text('system'), output)
    const name = given.places[0]!
    const path = `/admin/v/4/system/${key}/edges/${encodeURIComponent(name)}/requests`
    const id = approve ?? turnDown
    if (id !== undefined) {
      const what = approve === undefined ? 'turn-down' : 'approve'
      await api.call('POST', `${path}/${encodeURIComponent(id)}/${what}`)
      output.say(approve === undefined ? 'It is turned down, and nothing was changed.' : 'It is done.')
      output.result({ system_key: key, edge: name, id, state: approve === undefined ? 'turned down' : 'approved' })
      return 0
    }
    const found = await api.call<Request[]>('GET', path)
    const rows = found.map((one) => [
      ...[one.id, new Date(one.at).toISOString(), one.email || one.user_id, one.state],
      Object.entries(one.changes)
        .map(([column, value]) => `${column}: ${textOf(one.present?.[column])} to ${textOf(value)}`)
        .join(', '),
    ])
    output.result(found, rows.length === 0 ? undefined : { heads: ['ID', 'ASKED', 'USER', 'STATE', 'CHANGES'], rows })
    if (rows.length === 0) output.say('Nobody asked for anything there.')
    return 0
  },
})

const textOf = (value: unknown): string => (value === undefined ? 'not known' : JSON.stringify(value))
