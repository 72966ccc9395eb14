/** `gatehouse system pull`: a system as files in a folder, to be edited and pushed again (`system-push.ts`). */
import { resolve } from 'node:path'
import { CommandError } from './failure.ts'
import { command } from './flags.ts'
import { exportSystem } from './system-export.ts'
import { bringTo, keyOfFolder } from './system-folder.ts'
import { chooseSystem, openNode, type SystemEntry, systemFlags } from './target.ts'

export const pull = command({
  name: 'system pull',
  summary: 'write a system into a folder, or bring that folder up to date',
  places: ['[FOLDER]'],
  flags: {
    ...systemFlags,
    'no-rows': { prose: 'without the rows of collections' },
    'no-users': { prose: 'without users' },
    force: { prose: 'overwrite files that were edited here' },
  },
  notes: `In the layout of cb-cli. Without FOLDER it is this one where it holds a system.json, and otherwise one named like the
system. system.json holds the key of the system, so that later commands find it; its secret and passwords are never
written. Files that you edited stay where the system has not changed them; where both did, nothing is pulled without
--force. What was pulled is remembered in .gatehouse, for the next push.`,
  examples: ['gatehouse system pull --system plant', 'gatehouse system pull ./plant --no-rows'],
  async run(given, output) {
    const [place] = given.places
    const start = resolve(place ?? '.')
    const api = await openNode(given)
    const system = await chooseSystem(api, given.text('system'), output, start)
    const inside = await keyOfFolder(start)
    const folder = place !== undefined || inside !== undefined ? start : resolve(folderNameOf(system))
    const held = folder === start ? inside : await keyOfFolder(folder)
    if (held !== undefined && held !== system.key) {
      throw new CommandError(`${folder} holds another system, ${held}. Pull into another folder.`)
    }
    const parts = { rows: !given.on('no-rows'), users: !given.on('no-users') }
    const bytes = await exportSystem(api, system.key, parts)
    const merged = await bringTo(folder, { key: system.key, bytes, parts, force: given.on('force') })
    const { written, deleted, left, files } = merged
    output.say(`System "${system.name}" (${system.key}) is in ${folder}.`)
    for (const path of left) output.say(`${path} was edited here and stays as it is.`)
    output.result(
      { system_key: system.key, name: system.name, folder, files, written, deleted, left },
      { facts: { files, written: written.length, deleted: deleted.length, 'edited here': left.length } },
    )
    return 0
  },
})

/** A name of a folder for whatever the system is called. */
const folderNameOf = ({ name, key }: SystemEntry): string =>
  name.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[.-]+|[.-]+$/g, '') || key
