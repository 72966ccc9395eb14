/** `gatehouse system push`: a folder into its system, three ways: what was pulled, what is here, what is there now. */
import { dirname, resolve } from 'node:path'
import { type Api, longPatienceMs, segment } from './api.ts'
import { changeFlags, demandSomebody, quoted, readRunAs, runAsFlag, settle, warnOfUnheard } from './change.ts'
import { CommandError } from './failure.ts'
import { command } from './flags.ts'
import { type Files, readFolder, zipOf } from './folder.ts'
import { problemsIn, sayProblem } from './folder-code.ts'
import type { Output, Part } from './output.ts'
import { passwordParts, reportPlan, warnings } from './package-report.ts'
import { changesView, type Report } from './package-view.ts'
import { showProgress } from './progress.ts'
import { exportSystem } from './system-export.ts'
import { bringTo, filesOfExport, hashOf, type Merged, readBase, readRemembered, remember } from './system-folder.ts'
import { chooseSystem, openNode, type SystemEntry, systemFlags, systemJson } from './target.ts'

export const push = command({
  name: 'system push',
  summary: 'bring a system to the files of a folder',
  places: ['[FOLDER]'],
  flags: {
    ...systemFlags,
    ...changeFlags,
    ...runAsFlag,
    delete: { prose: 'take away from the system what was deleted in the folder since the pull' },
  },
  notes: `FOLDER is as gatehouse system pull writes it; without it, this one or the nearest above with a system.json. What you
changed since the pull goes into the system; what was changed there stays, and what both changed is in the way until
--overwrite names it. Rights, members of roles, users and whom a service runs as need --allow where they widen what
stands; code does not. What you deleted goes with --delete alone; collections stay in any case, since they hold data.
Afterwards the folder is brought up to date with the system.`,
  second: 'pushed, but some code does not compile',
  examples: ['gatehouse system push --dry-run', 'gatehouse system push ./plant --yes --overwrite service/valves'],
  async run(given, output) {
    demandSomebody(given, 'Pushing')
    const folder = await folderOf(given.places[0])
    const api = await openNode(given)
    const system = await chooseSystem(api, given.text('system'), output, folder)
    const sending = await pack(folder, system.key)
    const more = { overwrite: given.list('overwrite'), delete: given.on('delete'), ...readRunAs(given) }
    const planned = await send(api, system.key, sending, { ...more, dry_run: true }, output)
    warnOfUnheard(planned, given, output)
    if (given.on('dry-run')) {
      const problems = problemsIn(planned.problems, sending.files)
      for (const problem of problems) sayProblem(problem, sending.files, output, folder)
      return reportPlan({ ...planned, problems }, output, { codeToo: false })
    }
    const changes = planned.items.some(({ action }) => action !== 'unchanged') || planned.widening.length > 0
    const allow = changes ? await settle(planned, given, output, 'Push?') : []
    const report = changes ? await send(api, system.key, sending, { ...more, allow }, output) : planned
    const merged = await agree(api, folder, system.key, sending)
    const named = `"${system.name}" (${system.key})`
    output.say(changes ? `${folder} is pushed to ${named}.` : `Nothing to push: ${named} has what is in ${folder}.`)
    return tell({ system, folder, sending, report, merged }, output)
  },
})

/** The folder that is meant: the one named, else this one or the nearest above that holds a system. Throws CommandError. */
export async function folderOf(place: string | undefined): Promise<string> {
  if (place !== undefined) return resolve(place)
  const found = await systemJson(process.cwd())
  return found === undefined ? process.cwd() : dirname(found.file)
}

export type Sending = { files: Files; zip: Buffer; base: Buffer | undefined }

/** What is pushed: the folder as it is now, and as it was when it was pulled from this system. Throws CommandError. */
export async function pack(folder: string, key: string): Promise<Sending> {
  const files = await readFolder(folder)
  if (!files.has('system.json')) {
    throw new CommandError(
      `${folder} holds no system.json, so it is no system. Get one: gatehouse system pull ${quoted(folder)}`,
    )
  }
  const remembered = await readRemembered(folder)
  const base = remembered?.key === key ? await readBase(folder) : undefined
  return { files, zip: await zipOf(files), base }
}

export function send(
  api: Api,
  key: string,
  { zip, base }: Sending,
  more: { dry_run?: true; delete?: boolean; allow?: string[]; overwrite?: string[] },
  output: Output,
): Promise<Report> {
  const body = {
    contents: zip.toString('base64'),
    ...(base !== undefined && { base: base.toString('base64') }),
    ...more,
  }
  const path = `/admin/v/4/system/${segment(key)}/push`
  return api.call('POST', path, { body, patience: longPatienceMs, onProgress: showProgress(output) })
}

/**
 * After a push folder and system agree: what else changed in the system comes into a folder that was pulled, and both are
 * remembered. A folder that was never pulled holds a part of a system, and is left as it is.
 */
export async function agree(
  api: Api,
  folder: string,
  key: string,
  { files, zip }: Sending,
): Promise<Pick<Merged, 'written' | 'deleted' | 'left'>> {
  const remembered = await readRemembered(folder)
  const nothing = { written: [], deleted: [], left: [] }
  if (remembered !== undefined && remembered.key !== key) return nothing
  const parts = { rows: remembered?.rows ?? true, users: remembered?.users ?? true }
  const bytes = await exportSystem(api, key, parts)
  if (remembered?.pulled === true) return bringTo(folder, { key, bytes, parts, pushed: files })
  const there = await filesOfExport(bytes, key)
  const both = [...files].filter(([path]) => there.has(path)).map(([path, content]) => [path, hashOf(content)])
  await remember(folder, zip, { key, ...parts, pulled: false, files: Object.fromEntries(both) })
  return nothing
}

type Done = {
  system: SystemEntry
  folder: string
  sending: Sending
  report: Report
  merged: Pick<Merged, 'written' | 'deleted' | 'left'>
}

function tell({ system, folder, sending, report, merged }: Done, output: Output): number {
  const { items, notes, passwords = [], runAs = [] } = report
  warnings(report, output, { codeToo: false })
  const problems = problemsIn(report.problems, sending.files)
  for (const problem of problems) sayProblem(problem, sending.files, output, folder)
  const parts: Part[] = [{ view: changesView(report) }, ...passwordParts(report)]
  const here = [...merged.written, ...merged.deleted]
  if (here.length > 0) parts.push({ head: 'Brought up to date here', view: { text: here.join('\n') } })
  output.result(
    {
      ...{ system_key: system.key, name: system.name, folder, items, passwords },
      ...{ run_as: runAs, problems, notes, ...merged },
    },
    { parts },
  )
  return problems.length === 0 ? 0 : 2
}
