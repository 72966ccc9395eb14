/** `gatehouse catalogue …`: where a node looks for packages to offer. */
import { longPatienceMs } from './api.ts'
import { CommandError } from './failure.ts'
import { type Command, command, runGroup } from './flags.ts'
import type { Output } from './output.ts'
import { nodeFlag, openNode } from './target.ts'

type Offered = { name: string; version: string; description: string; url: string }
type Catalogue = { url: string; name: string; own: boolean; packages: Offered[]; problem?: string }

const path = '/admin/v/4/catalogues'

const list = command({
  name: 'catalogue list',
  summary: 'catalogues of the node, and the packages in them',
  places: [],
  flags: nodeFlag,
  examples: ['gatehouse catalogue list', 'gatehouse catalogue list --json'],
  async run(given, output) {
    const api = await openNode(given)
    show(await api.call<Catalogue[]>('GET', path, { patience: longPatienceMs }), output)
    return 0
  },
})

const add = command({
  name: 'catalogue add',
  summary: 'add a catalogue by its address',
  places: ['URL'],
  flags: nodeFlag,
  notes: 'Anybody can publish a catalogue. What is in one is looked at before it is imported, like any other package.',
  examples: ['gatehouse catalogue add https://packages.example.com/packages'],
  async run(given, output) {
    const url = given.places[0]!
    const api = await openNode(given)
    await api.call('POST', path, { body: { url }, patience: longPatienceMs })
    const all = await api.call<Catalogue[]>('GET', path, { patience: longPatienceMs })
    const added = all.filter((one) => one.url === url)
    output.say(`Catalogue ${url} is added.`)
    show(added.length === 0 ? all : added, output)
    return 0
  },
})

const remove = command({
  name: 'catalogue remove',
  summary: 'forget a catalogue; what was imported from it stays',
  places: ['URL'],
  flags: nodeFlag,
  examples: ['gatehouse catalogue remove https://packages.example.com/packages'],
  async run(given, output) {
    const url = given.places[0]!
    const api = await openNode(given)
    const known = await api.call<Catalogue[]>('GET', path, { patience: longPatienceMs })
    const found = known.find((one) => one.url === url)
    if (found === undefined) {
      const others = known.filter(({ own }) => !own).map((one) => one.url)
      const there = others.length === 0 ? 'There is none but the own one.' : `There is ${others.join(', ')}.`
      throw new CommandError(`The node has no catalogue ${url}. ${there}`)
    }
    if (found.own) throw new CommandError("That is the node's own catalogue, which stays.")
    await api.call('DELETE', path, { query: { url } })
    output.say(`Catalogue ${url} is removed.`)
    output.result({ url, removed: true })
    return 0
  },
})

function show(catalogues: Catalogue[], output: Output): void {
  for (const { url, problem } of catalogues) {
    if (problem !== undefined) output.warn(`${url} cannot be read: ${problem}`)
  }
  const rows = catalogues.flatMap(({ name, packages }) =>
    packages.map((one) => [one.name, one.version, name, one.url, one.description]),
  )
  output.result(catalogues, {
    parts: [
      {
        view: {
          heads: ['CATALOGUE', 'ADDRESS', 'PACKAGES'],
          rows: catalogues.map((one) => [
            one.own ? `${one.name} (own)` : one.name,
            one.url,
            String(one.packages.length),
          ]),
        },
      },
      ...(rows.length === 0 ? [] : [{ view: { heads: ['PACKAGE', 'VERSION', 'CATALOGUE', 'ADDRESS', 'WHAT'], rows } }]),
    ],
  })
}

const commands: Command[] = [list, add, remove]

export const catalogue = (args: string[]): Promise<number> =>
  runGroup('catalogue', 'where the node looks for packages', commands, args)
