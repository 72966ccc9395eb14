/** `gatehouse edge account …`: who sees the page of an edge on its own state; on the machine of the edge, beside the running node. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { openNode } from '@gatehouse/server/app.ts'
import { systemClock } from '@gatehouse/server/base/clock.ts'
import { createLog } from '@gatehouse/server/base/log.ts'
import { addEdgeAccount, removeEdgeAccount } from '@gatehouse/server/domain/accounts/edge-accounts.ts'
import type { Store } from '@gatehouse/server/store/store.ts'
import { listEdgeAccounts } from '@gatehouse/server/store/tables/edge-accounts.ts'
import { findPlatformLink } from '@gatehouse/server/store/tables/platform-links.ts'
import { CommandError } from './failure.ts'
import { type Command, command, type Flag, runGroup } from './flags.ts'
import { ownNodeConfig } from './own-node.ts'
import { askSecret } from './prompt.ts'

const dataFlag = {
  data: { value: 'FOLDER', prose: 'folder of the edge' },
} as const satisfies Record<string, Flag>

const operator = { clock: systemClock, by: 'operator' } as const

async function atEdge<T>(folder: string | undefined, work: (store: Store) => Promise<T>): Promise<T> {
  if (folder === undefined) throw new CommandError('--data is missing: the folder of the edge.')
  const data = resolve(folder)
  // Nothing is made where there is no edge.
  if (!existsSync(join(data, 'gatehouse.db'))) throw new CommandError(`${data} is not the folder of an edge.`)
  const edge = { platform: '', system: '', name: '', token: undefined, insecure: false }
  const config = { ...ownNodeConfig(['--data', data]), databaseUrl: undefined, edge }
  const { store } = await openNode(config, createLog({ format: 'silent', level: 'silent' }))
  try {
    if ((await findPlatformLink(store)) === undefined) throw new CommandError(`${data} is not the folder of an edge.`)
    return await work(store)
  } finally {
    await store.close()
  }
}

const add = command({
  name: 'edge account add',
  summary: 'make an account that sees the state of an edge, at /edge of its port',
  places: ['NAME'],
  flags: { ...dataFlag, 'password-stdin': { prose: 'read the password from a pipe' } },
  notes: 'The password has 15 characters or more and is asked for. The account opens that page and nothing else.',
  examples: ['gatehouse edge account add jo --data ./edge-hall-3'],
  async run(given, output) {
    const name = given.places[0]!
    const made = await atEdge(given.text('data'), async (store) => {
      const password = await askSecret('Password, 15 characters or more: ', given.on('password-stdin'))
      return addEdgeAccount({ store, clock: systemClock }, operator, { name, password })
    })
    output.say(`${made.name} may sign in at /edge of this edge.`)
    output.result({ name: made.name })
    return 0
  },
})

const list = command({
  name: 'edge account list',
  summary: 'the accounts that see the state of an edge',
  places: [],
  flags: dataFlag,
  examples: ['gatehouse edge account list --data ./edge-hall-3'],
  async run(given, output) {
    const found = await atEdge(given.text('data'), listEdgeAccounts)
    const shown = found.map(({ name, createdAt }) => ({ name, created: new Date(createdAt).toISOString() }))
    const rows = shown.map(({ name, created }) => [name, created])
    output.result(shown, rows.length === 0 ? undefined : { heads: ['NAME', 'CREATED'], rows })
    if (rows.length === 0) output.say('There is no account yet. Make one: gatehouse edge account add NAME')
    return 0
  },
})

const remove = command({
  name: 'edge account remove',
  summary: 'remove an account; its sessions end',
  places: ['NAME'],
  flags: dataFlag,
  examples: ['gatehouse edge account remove jo --data ./edge-hall-3'],
  async run(given, output) {
    const name = given.places[0]!
    await atEdge(given.text('data'), (store) => removeEdgeAccount({ store, clock: systemClock }, operator, name))
    output.say(`${name} is removed, and sees nothing any more.`)
    output.result({ name, removed: true })
    return 0
  },
})

const commands: Command[] = [add, list, remove]

export const edgeAccount = (args: string[]): Promise<number> =>
  runGroup('edge account', 'who sees the state of an edge, on its own machine', commands, args)
