/** `gatehouse system share|unshare|transfer|new-secret`: who works on a system, and the secret that its clients hold. */
import type { Api } from './api.ts'
import { CommandError } from './failure.ts'
import { command, type Given } from './flags.ts'
import type { Output } from './output.ts'
import { askLine } from './prompt.ts'
import { chooseSystem, openNode, systemFlags } from './target.ts'

type Sharing = { owner: string; developers: { email: string; added_at: number; added_by: string }[] }

const pathOf = (key: string): string => `/admin/developers/${key}`

export const share = command({
  name: 'system share',
  summary: 'let another developer of the node work on a system; without EMAIL, who does',
  places: ['[EMAIL]'],
  flags: systemFlags,
  notes: `He may do everything in it that its owner may, but delete it, share it or hand it over. Its owner shares it.`,
  examples: ['gatehouse system share', 'gatehouse system share kim@example.com --system plant'],
  async run(given, output) {
    const [email] = given.places
    const { api, key, name } = await systemOf(given, output)
    const sharing =
      email === undefined
        ? await api.call<Sharing>('GET', pathOf(key))
        : await api.call<Sharing>('PUT', pathOf(key), { body: { change: { add: [email] } } })
    if (email !== undefined) output.say(`${email} works on "${name}" now.`)
    tell(sharing, key, output)
    return 0
  },
})

export const unshare = command({
  name: 'system unshare',
  summary: 'take a system away from a developer it is shared with',
  places: ['EMAIL'],
  flags: systemFlags,
  notes: `From his next request on he has nothing in it. What he saw he knows: give the system a new secret (gatehouse system
new-secret), and other values to its secrets. Whoever a system is shared with may take it away from himself.`,
  examples: ['gatehouse system unshare kim@example.com --system plant'],
  async run(given, output) {
    const [email] = given.places
    const { api, key, name } = await systemOf(given, output)
    await api.call<Sharing>('PUT', pathOf(key), { body: { change: { remove: [email] } } })
    output.say(`"${name}" is taken away from ${email}.`)
    output.result({ system_key: key, removed: email })
    return 0
  },
})

export const transfer = command({
  name: 'system transfer',
  summary: 'hand a system over to another developer, who owns it from then on',
  places: ['EMAIL'],
  flags: { yes: { prose: 'do not ask' }, ...systemFlags },
  notes: 'You stay one of its developers, until the new owner takes it away from you.',
  examples: ['gatehouse system transfer kim@example.com --system plant --yes'],
  async run(given, output) {
    const [email] = given.places
    const { api, key, name } = await systemOf(given, output)
    await demandYes(given, output, { kind: 'system', name }, `"${name}" (${key}) is owned by ${email} from then on.`)
    const sharing = await api.call<Sharing>('PUT', pathOf(key), { body: { owner: email } })
    output.say(`${sharing.owner} owns "${name}" now.`)
    tell(sharing, key, output)
    return 0
  },
})

export const newSecret = command({
  name: 'system new-secret',
  summary: 'give a system another secret; the one of now is dead at once',
  places: [],
  flags: { yes: { prose: 'do not ask' }, ...systemFlags },
  notes: `Programs, devices and links of portals that use the secret need the new one. The key stays, and users who are signed
in stay signed in.`,
  examples: ['gatehouse system new-secret --system plant --yes'],
  async run(given, output) {
    const { api, key, name } = await systemOf(given, output)
    await demandYes(
      given,
      output,
      { kind: 'system', name },
      `Whatever signs in at "${name}" (${key}) with its secret needs the new one.`,
    )
    const made = await api.call<{ appSecret: string }>('PUT', '/admin/regensystemsecret', { body: { id: key } })
    output.say(`"${name}" has a new secret. Users who are signed in stay signed in.`)
    const facts = { system_key: key, system_secret: made.appSecret }
    output.result(facts, { facts })
    return 0
  },
})

async function systemOf(
  given: Given<'system' | 'url'>,
  output: Output,
): Promise<{ api: Api; key: string; name: string }> {
  const api = await openNode(given)
  return { api, ...(await chooseSystem(api, given.text('system'), output)) }
}

/** `named` is what has to be typed where nobody said `--yes`. */
export async function demandYes(
  given: Given<'yes'>,
  output: Output,
  named: { kind: 'system' | 'edge'; name: string },
  what: string,
): Promise<void> {
  if (given.on('yes')) return
  if (process.stdin.isTTY !== true) throw new CommandError(`This needs --yes. ${what}`)
  output.say(what)
  if ((await askLine(`Type the name of the ${named.kind} to go on: `)) !== named.name)
    throw new CommandError('Nothing was changed.')
}

function tell({ owner, developers }: Sharing, key: string, output: Output): void {
  const day = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10)
  const rows = [[owner, 'owner', ''], ...developers.map((one) => [one.email, 'developer', day(one.added_at)])]
  output.result({ system_key: key, owner, developers }, { heads: ['E-MAIL', 'WORKS AS', 'SINCE'], rows })
}
