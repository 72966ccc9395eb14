/** `gatehouse portal …`: the portals of a system, and the links by which people open them. */
import { type Command, command, runGroup } from './flags.ts'
import { chooseSystem, openNode, systemFlags } from './target.ts'

type Portal = { name: string; description: string; last_updated: string }

const list = command({
  name: 'portal list',
  summary: 'portals of a system',
  places: [],
  flags: systemFlags,
  examples: ['gatehouse portal list', 'gatehouse portal list --system plant --json'],
  async run(given, output) {
    const api = await openNode(given)
    const { key } = await chooseSystem(api, given.text('system'), output)
    const portals = (await api.call<Portal[]>('GET', `/admin/portals/${key}`)).map(
      ({ name, description, last_updated }) => ({ name, description: description ?? '', last_updated }),
    )
    output.result(
      portals,
      portals.length === 0
        ? undefined
        : {
            heads: ['NAME', 'CHANGED', 'DESCRIPTION'],
            rows: portals.map((one) => [one.name, one.last_updated, one.description]),
          },
    )
    if (portals.length === 0) output.say('There is no portal yet. Packages bring some: gatehouse package install URL')
    return 0
  },
})

const url = command({
  name: 'portal url',
  summary: 'the link that opens a portal in a browser',
  places: ['NAME'],
  flags: systemFlags,
  notes: 'Paste it into a private window. It holds key and secret of the system under seal, and ends with the secret.',
  examples: ['gatehouse portal url "Two Factor Login" --system two-factor'],
  async run(given, output) {
    const name = given.places[0]!
    const api = await openNode(given)
    const { key } = await chooseSystem(api, given.text('system'), output)
    const query = { systemKey: key, name }
    const made = await api.call<{ url: string }>('GET', '/console-api/portal/createURL', { query })
    output.result({ name, system_key: key, url: made.url }, { text: made.url })
    return 0
  },
})

const commands: Command[] = [list, url]

export const portal = (args: string[]): Promise<number> =>
  runGroup('portal', 'list portals, and print their links', commands, args)
