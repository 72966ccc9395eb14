/** `gatehouse user …`: what a developer does about single users of a system. */
import { CommandError } from './failure.ts'
import { type Command, command, runGroup } from './flags.ts'
import { chooseSystem, openNode, systemFlags } from './target.ts'

const newPassword = command({
  name: 'user new-password',
  summary: 'ask a user for a new password: until then the one of now opens nothing',
  places: ['EMAIL'],
  flags: {
    exposed: { prose: 'others may know the password: it takes a second factor to change it' },
    ...systemFlags,
  },
  notes: `Sessions and remembered devices of the user end. Without --exposed the password of now is enough to set another, where
the account has no second factor. Nobody takes this back: you may set a new password yourself.`,
  examples: ['gatehouse user new-password op@example.com --system plant --exposed'],
  async run(given, output) {
    const api = await openNode(given)
    const { key } = await chooseSystem(api, given.text('system'), output)
    const email = given.places[0]!
    const query = JSON.stringify({ FILTERS: [[{ EQ: [{ email }] }]] })
    const [user] = await api.call<{ user_id: string }[]>('GET', `/admin/user/${key}`, { query: { query } })
    if (user === undefined) throw new CommandError(`There is no user ${email} in this system.`)
    const path = `/admin/v/4/system/${key}/users/${encodeURIComponent(user.user_id)}/new-password`
    const body = { reason: given.on('exposed') ? 'exposed' : 'asked' }
    const made = await api.call<{ new_password: string; ended_sessions: number }>('POST', path, { body })
    output.say(`${email} needs a new password. ${made.ended_sessions} sessions ended.`)
    output.result({ email, ...made }, { facts: { email, new_password: made.new_password } })
    return 0
  },
})

const commands: Command[] = [newPassword]

export const user = (args: string[]): Promise<number> => runGroup('user', 'single users of a system', commands, args)
