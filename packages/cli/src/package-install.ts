/** `gatehouse package install`, `upgrade` and `undo`: packages into systems, looked at first. */
import { type Api, longPatienceMs, segment } from './api.ts'
import { changeFlags, demandSomebody, isYes, readRunAs, runAsFlag, settle, warnOfUnheard } from './change.ts'
import { CommandError } from './failure.ts'
import { command, type Given } from './flags.ts'
import type { Output } from './output.ts'
import { installedNamed, listInstalled, sourceAgain } from './package-installed.ts'
import { passwordParts, reportInstalled, reportPlan, warnings } from './package-report.ts'
import { readSource, type SourceBody, sourceFlags, sourceNotes } from './package-source.ts'
import { changesView, type FetchAnswer, packageView, type Report } from './package-view.ts'
import { showProgress } from './progress.ts'
import { chooseSystem, listSystems, nodeFlag, openNode, type SystemEntry, systemFlags, systemNamed } from './target.ts'

const { 'dry-run': dryRun, yes, allow, overwrite } = changeFlags

const importFlags = {
  choose: { value: 'KIND/NAME', prose: 'an asset to take, or a whole kind; all of them without it', many: true },
  ...runAsFlag,
  ...sourceFlags,
} as const

export const install = command({
  name: 'package install',
  summary: 'import a package, into a new system or one that is there',
  places: ['SOURCE'],
  flags: {
    name: { value: 'NAME', prose: 'of the new system; else as the package calls it' },
    system: { value: 'KEY', prose: 'key or name of a system that is there, to import into' },
    ...importFlags,
    allow,
    overwrite,
    'dry-run': dryRun,
    yes,
    ...nodeFlag,
  },
  notes: `${sourceNotes}
Without --yes the package is shown first, with what it may do, and you are asked. An import is all or nothing. Where
the package is installed already, this is an upgrade. What would widen standing power in a system that is there needs
--allow, also with --yes. Users that the package brings get new passwords, shown once.`,
  examples: [
    'gatehouse package install http://localhost:9000/packages/shift-sign-in --name plant',
    'gatehouse package install ./my-package --yes --json --name plant',
    'gatehouse package install https://github.com/owner/repository --system plant --choose service --dry-run',
  ],
  async run(given, output) {
    demandSomebody(given, 'Importing')
    if (given.text('name')?.trim() === '')
      throw new CommandError('--name is empty. Leave it out for the name of the package.')
    if (given.text('name') !== undefined && given.text('system') !== undefined) {
      throw new CommandError('--name makes a new system, and --system names one that is there. Give one of them.')
    }
    const options = readOptions(given)
    const place = given.places[0]!
    const source = await readSource(place, given)
    const api = await openNode(given)
    const named = given.text('system')
    const into = named === undefined ? undefined : systemNamed(api, await listSystems(api), named)
    const looked = given.on('yes') || given.on('dry-run') ? undefined : await look(api, source, output)
    const body = { ...source, ...options, ...target(into, given.text('name')) }
    return carryOut(api, body, {
      ...{ given, output, into, hash: looked?.contentHash },
      question: 'Import?',
    })
  },
})

export const upgrade = command({
  name: 'package upgrade',
  summary: 'bring an installed package to another version',
  places: ['[SOURCE]'],
  flags: {
    name: { value: 'PACKAGE', prose: 'the installed package, to fetch again from where it came' },
    ...systemFlags,
    ...importFlags,
    allow,
    overwrite,
    'dry-run': dryRun,
    yes,
  },
  notes: `${sourceNotes}
Without SOURCE the package is fetched again from the address that it was installed from.
What you changed since the install stays; what both changed is in the way until --overwrite names it. Rows live on.`,
  examples: [
    'gatehouse package upgrade ./my-package --system plant --dry-run',
    'gatehouse package upgrade --name shift-sign-in --system plant --yes',
  ],
  async run(given, output) {
    demandSomebody(given, 'Upgrading')
    const [place] = given.places
    if (place !== undefined && given.text('name') !== undefined) {
      throw new CommandError(
        '--name fetches an installed package again; SOURCE says where it comes from now. Give one.',
      )
    }
    const options = readOptions(given)
    const own = place === undefined ? undefined : await readSource(place, given)
    const api = await openNode(given)
    const into = await chooseSystem(api, given.text('system'), output)
    const installed = await listInstalled(api, into.key)
    const source = own ?? sourceAgain(installedNamed(installed, given.text('name'), into), given)
    const looked = await look(api, source, output, given.on('yes') || given.on('dry-run'))
    if (!installed.some(({ name }) => name === looked.name)) {
      throw new CommandError(
        `No package "${looked.name}" is installed in "${into.name}". Install it: gatehouse package install SOURCE --system ${into.key}`,
      )
    }
    return carryOut(
      api,
      { ...source, ...options, ...target(into, undefined) },
      {
        ...{ given, output, into, hash: looked.contentHash },
        question: 'Upgrade?',
      },
    )
  },
})

export const undo = command({
  name: 'package undo',
  summary: 'take back the last install or upgrade of a package',
  places: ['NAME'],
  flags: { ...systemFlags, allow, overwrite, 'dry-run': dryRun, yes },
  notes: `What it made goes, and what it changed is as it was before. What was changed here since is in the way until
--overwrite names it. Collections, columns and what people wrote stay. One step back is kept.`,
  examples: [
    'gatehouse package undo shift-sign-in --system plant --dry-run',
    'gatehouse package undo shift-sign-in --system plant --yes',
  ],
  async run(given, output) {
    demandSomebody(given, 'Undoing')
    const name = given.places[0]!
    const api = await openNode(given)
    const into = await chooseSystem(api, given.text('system'), output)
    const path = `/admin/v/4/system/${segment(into.key)}/packages/undo`
    const ask = (more: object): Promise<Report> => {
      const body = { name, ...overwriteOf(given), ...more }
      return api.call('POST', path, { body, patience: longPatienceMs, onProgress: showProgress(output) })
    }
    const planned = await ask({ dry_run: true, allow: given.list('allow') })
    if (given.on('dry-run')) return reportPlan(planned, output)
    const allowed = await settle(planned, given, output, `Undo "${name}"?`)
    const report = await ask({ allow: allowed })
    output.say(`Package "${name}" is undone in "${into.name}".`)
    warnings(report, output)
    const { items, notes, passwords = [] } = report
    output.result(
      { system_key: into.key, name: into.name, package: name, items, passwords, notes },
      { parts: [{ view: changesView(report) }, ...passwordParts(report)] },
    )
    return 0
  },
})

type ImportGiven = Given<keyof typeof importFlags | keyof typeof changeFlags>

const overwriteOf = (given: Given<'overwrite'>) =>
  given.list('overwrite').length === 0 ? {} : { overwrite: given.list('overwrite') }

function readOptions(given: ImportGiven): Record<string, unknown> {
  const choose = given.list('choose')
  return { ...(choose.length > 0 && { choose }), ...overwriteOf(given), ...readRunAs(given) }
}

const target = (into: SystemEntry | undefined, name: string | undefined) =>
  into !== undefined ? { system: into.key } : name !== undefined ? { name } : {}

export const fetchPackage = (api: Api, source: SourceBody, output: Output): Promise<FetchAnswer> =>
  api.call('POST', '/admin/v/4/packages/fetch', {
    body: source,
    patience: longPatienceMs,
    onProgress: showProgress(output),
  })

async function look(api: Api, source: SourceBody, output: Output, silent = false): Promise<FetchAnswer> {
  const fetched = await fetchPackage(api, source, output)
  if (!silent) output.tell(packageView(fetched))
  return fetched
}

type Carrying = {
  given: ImportGiven
  output: Output
  into: SystemEntry | undefined
  /** Of the package that was looked at: another one is not installed. */
  hash: string | undefined
  question: string
}

async function carryOut(api: Api, body: object, { given, output, into, hash, question }: Carrying) {
  const ask = (more: object): Promise<Report> =>
    api.call('POST', '/admin/v/4/packages/install', {
      body: { ...body, ...more },
      patience: longPatienceMs,
      onProgress: showProgress(output),
    })
  const seen = hash === undefined ? {} : { content_hash: hash }
  if (given.on('dry-run')) {
    const planned = await ask({ ...seen, dry_run: true })
    warnOfUnheard(planned, given, output)
    return reportPlan(planned, output)
  }
  if (into === undefined) {
    // Nothing stands in a new system yet, so a dry run has nothing to say that the import itself would not.
    if (!given.on('yes') && !(await isYes(question))) throw new CommandError('Nothing was changed.')
    const report = await ask({ ...seen, allow: given.list('allow') })
    warnOfUnheard(report, given, output)
    return reportInstalled(api, report, output)
  }
  const planned = await ask({ ...seen, dry_run: true })
  warnOfUnheard(planned, given, output)
  const allowed = await settle(planned, given, output, question)
  const same = planned.contentHash === undefined ? seen : { content_hash: planned.contentHash }
  return reportInstalled(api, await ask({ ...same, allow: allowed }), output)
}
