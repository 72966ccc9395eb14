/** `gatehouse package …`: what a package is, which are installed, and a system as one. Installing is `package-install.ts`. */
import { writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { segment } from './api.ts'
import { CommandError } from './failure.ts'
import { type Command, command, runGroup } from './flags.ts'
import { namesIn, unzip, writeInto } from './folder.ts'
import { fetchPackage, install, undo, upgrade } from './package-install.ts'
import { installedNamed, listInstalled } from './package-installed.ts'
import { readSource, sourceFlags, sourceNotes } from './package-source.ts'
import { packageView } from './package-view.ts'
import { exportSystem } from './system-export.ts'
import { chooseSystem, nodeFlag, openNode, systemFlags } from './target.ts'

const fetchOne = command({
  name: 'package fetch',
  summary: 'show what is in a package and what it may do, and change nothing',
  places: ['SOURCE'],
  flags: { ...sourceFlags, ...nodeFlag },
  notes: `${sourceNotes}
Nothing of the package runs.`,
  examples: [
    'gatehouse package fetch https://github.com/owner/repository --ref v2',
    'gatehouse package fetch ./my-package --json',
  ],
  async run(given, output) {
    const source = await readSource(given.places[0]!, given)
    const fetched = await fetchPackage(await openNode(given), source, output)
    output.result(fetched, packageView(fetched))
    return 0
  },
})

const list = command({
  name: 'package list',
  summary: 'packages that are installed in a system',
  places: [],
  flags: systemFlags,
  examples: ['gatehouse package list', 'gatehouse package list --system plant --json'],
  async run(given, output) {
    const api = await openNode(given)
    const { key } = await chooseSystem(api, given.text('system'), output)
    const installed = (await listInstalled(api, key)).map((one) => ({
      name: one.name,
      version: one.version ?? '',
      source: one.source.address ?? '',
      ref: one.source.ref ?? '',
      folder: one.source.folder ?? '',
      commit: one.source.commit ?? '',
      content_hash: one.contentHash,
      installed_at: new Date(one.installedAt).toISOString(),
      installed_by: one.installedBy,
      can_undo: one.canUndo ?? false,
    }))
    const rows = installed.map((one) => [
      one.name,
      one.version,
      one.source,
      one.commit.slice(0, 12),
      one.content_hash.slice(0, 12),
      one.installed_at,
    ])
    output.result(
      installed,
      rows.length === 0 ? undefined : { heads: ['NAME', 'VERSION', 'SOURCE', 'COMMIT', 'HASH', 'INSTALLED'], rows },
    )
    if (rows.length === 0) output.say('No package is installed. Look at one: gatehouse package fetch SOURCE')
    return 0
  },
})

const readme = command({
  name: 'package readme',
  summary: 'the README of an installed package',
  places: ['[NAME]'],
  flags: systemFlags,
  examples: ['gatehouse package readme', 'gatehouse package readme shift-sign-in --system plant'],
  async run(given, output) {
    const api = await openNode(given)
    const system = await chooseSystem(api, given.text('system'), output)
    const { name } = installedNamed(await listInstalled(api, system.key), given.places[0], system)
    const path = `/admin/v/4/system/${segment(system.key)}/packages/readme`
    const { html, markdown } = await api.call<{ html: string; markdown: string }>('GET', path, { query: { name } })
    if (markdown.trim() === '') output.say(`"${name}" has no README.`)
    output.result({ name, markdown, html }, { text: markdown.replace(/\s+$/, '') })
    return 0
  },
})

const exportOne = command({
  name: 'package export',
  summary: 'write a system as a package: a folder or a .zip',
  places: ['TARGET'],
  flags: {
    ...systemFlags,
    'no-rows': { prose: 'leave out the rows of collections' },
    'no-users': { prose: 'leave out users' },
    force: { prose: 'write over a file, or into a folder that is not empty' },
  },
  notes: `In the layout of cb-cli. Passwords and the keys of the system are never in it. To work on a system in a folder, use
gatehouse system pull.`,
  examples: ['gatehouse package export plant.zip --system plant', 'gatehouse package export ./plant --no-users'],
  async run(given, output) {
    const target = given.places[0]!
    const isZip = /\.zip$/i.test(target)
    const force = given.on('force')
    if (!isZip && !force && (await namesIn(target)).length > 0) {
      throw new CommandError(`${target} is not empty. Name another folder, or say --force.`)
    }
    const api = await openNode(given)
    const { key, name } = await chooseSystem(api, given.text('system'), output)
    const bytes = await exportSystem(api, key, { rows: !given.on('no-rows'), users: !given.on('no-users') })
    const files = await unzip(bytes)
    if (isZip) await writeZip(target, bytes, force)
    else for (const [path, content] of files) await writeInto(target, path, content)
    output.say(`System "${name}" is written to ${target}: ${files.size} files.`)
    output.result({ system_key: key, name, target, files: files.size })
    return 0
  },
})

async function writeZip(file: string, bytes: Buffer, force: boolean): Promise<void> {
  try {
    await writeFile(file, bytes, { flag: force ? 'w' : 'wx' })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? `there is no folder ${dirname(file)}` : message
    throw new CommandError(
      code === 'EEXIST'
        ? `${file} is there already. Name another file, or say --force.`
        : `${file} cannot be written: ${why}.`,
    )
  }
}

const commands: Command[] = [fetchOne, install, upgrade, undo, list, readme, exportOne]

export const packageGroup = (args: string[]): Promise<number> =>
  runGroup('package', 'look at, import, upgrade and export packages', commands, args)
