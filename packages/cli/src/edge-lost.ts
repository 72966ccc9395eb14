/** `gatehouse edge lost`: for when an edge is in the wrong hands. What is void then is `server/src/edge/lost.ts`. */
import { command } from './flags.ts'
import { demandYes } from './system-sharing.ts'
import { chooseSystem, openNode, systemFlags } from './target.ts'

type LostUser = { email: string; lost: string[]; left: string[]; left_without_second_factor: boolean }
type Lost = { users: LostUser[]; ended_sessions: number; edge_sessions: number; system_secret?: string }

export const lost = command({
  name: 'edge lost',
  summary: 'give an edge up that somebody may have taken, with all that lay there of its users',
  places: ['NAME'],
  flags: {
    'new-secret': { prose: 'give the system another secret too: every client needs it then' },
    yes: { prose: 'do not ask' },
    ...systemFlags,
  },
  notes: `The edge is refused at once. Of all users who were ever sent there sessions end, passwords and authenticator apps are
good no more, and so are the recovery codes for that edge; the list is printed. They are asked for new passwords, which
take a second factor that is left. Give the others a password, and enrolment codes for new apps. It also works after the
edge was removed.`,
  examples: ['gatehouse edge lost hall-3 --system plant --new-secret'],
  async run(given, output) {
    const api = await openNode(given)
    const { key } = await chooseSystem(api, given.text('system'), output)
    const name = given.places[0]!
    const what = `Whoever could sign in at ${name} needs a new password, and binds the authenticator app anew.`
    await demandYes(given, output, { kind: 'edge', name }, what)
    const path = `/admin/v/4/system/${key}/edges/${encodeURIComponent(name)}/lost`
    const made = await api.call<Lost>('POST', path, { body: { new_secret: given.on('new-secret') } })
    output.say(`Edge ${name} is given up: its link is cut and refused. ${made.ended_sessions} sessions ended.`)
    if (made.edge_sessions > 0)
      output.say(`${made.edge_sessions} of them were made there: it may still take them until it hears of this.`)
    const without = made.users.filter((one) => one.left_without_second_factor).length
    if (without > 0) output.say(`${without} of its users have no second factor left.`)
    const rows = made.users.map((one) => [one.email, one.lost.join(', '), one.left.join(', ')])
    output.result(made, {
      parts: [
        ...(rows.length === 0
          ? [{ head: 'No user was ever sent there.' }]
          : [{ view: { heads: ['USER', 'LOST BESIDE THE PASSWORD', 'SECOND FACTORS LEFT'], rows } }]),
        ...(made.system_secret === undefined ? [] : [{ view: { facts: { system_secret: made.system_secret } } }]),
      ],
    })
    return 0
  },
})
