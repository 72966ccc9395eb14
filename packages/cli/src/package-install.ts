/** `gatehouse package install`, `upgrade` and `undo`: packages into systems, looked at first. */
import { type Api, longPatienceMs, segment } from './api.ts'
import { changeFlags, demandSomebody, isYes, quoted, settle } from './change.ts'
import { CommandError } from './failure.ts'
import { command, type Flag, type Given } from './flags.ts'
import type { Output, Part } from './output.ts'
import { readSource, type SourceBody, sourceFlags, sourceNotes } from './package-source.ts'
import { changesView, couldBeActive, type FetchAnswer, packageView, type Report } from './package-view.ts'
import { showProgress } from './progress.ts'
import { chooseSystem, listSystems, nodeFlag, openNode, type SystemEntry, systemFlags, systemNamed } from './target.ts'

const { 'dry-run': dryRun, yes, allow, overwrite } = changeFlags

export const runAsFlag = {
  'run-as': {
    value: 'SERVICE=EMAIL',
    prose: 'whom a service runs as, where no such user comes along',
    many: true,
  },
} as const satisfies Record<string, Flag>

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
      command: `gatehouse package install ${quoted(place)}${into === undefined ? '' : ` --system ${into.key}`}`,
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
        command: `gatehouse package upgrade ${place === undefined ? `--name ${quoted(looked.name)}` : quoted(place)} --system ${into.key}`,
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
      const body = { name, ...listOf(given, 'overwrite'), ...more }
      return api.call('POST', path, { body, patience: longPatienceMs, onProgress: showProgress(output) })
    }
    const planned = await ask({ dry_run: true, allow: given.list('allow') })
    if (given.on('dry-run')) return reportPlan(planned, output)
    const again = `gatehouse package undo ${quoted(name)} --system ${into.key}`
    const allowed = await settle(planned, given, output, { question: `Undo "${name}"?`, command: again })
    const report = await ask({ allow: allowed })
    output.say(`Package "${name}" is undone in "${into.name}".`)
    warnings(report, output)
    const { items, notes } = report
    output.result({ system_key: into.key, name: into.name, package: name, items, notes }, changesView(report))
    return 0
  },
})

type ImportGiven = Given<keyof typeof importFlags | keyof typeof changeFlags>

const listOf = (given: Given<'overwrite'>, name: 'overwrite') =>
  given.list(name).length === 0 ? {} : { [name]: given.list(name) }

function readOptions(given: ImportGiven): Record<string, unknown> {
  const choose = given.list('choose')
  return { ...(choose.length > 0 && { choose }), ...listOf(given, 'overwrite'), ...readRunAs(given) }
}

/** Whom services may run as, for the body of a request. Throws CommandError. */
export function readRunAs(given: Given<'run-as'>): { confirm_run_as?: Record<string, string> } {
  const pairs = given.list('run-as').map((text): [string, string] => {
    const at = text.indexOf('=')
    if (at < 1 || at === text.length - 1) {
      throw new CommandError(`--run-as is "${text}", but must be like setUp=runner@example.com.`)
    }
    return [text.slice(0, at), text.slice(at + 1)]
  })
  return pairs.length === 0 ? {} : { confirm_run_as: Object.fromEntries(pairs) }
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
  command: string
  question: string
}

async function carryOut(api: Api, body: object, { given, output, into, hash, command, question }: Carrying) {
  const ask = (more: object): Promise<Report> =>
    api.call('POST', '/admin/v/4/packages/install', {
      body: { ...body, ...more },
      patience: longPatienceMs,
      onProgress: showProgress(output),
    })
  const seen = hash === undefined ? {} : { content_hash: hash }
  if (given.on('dry-run')) return reportPlan(await ask({ ...seen, dry_run: true }), output)
  if (into === undefined) {
    // Nothing stands in a new system yet, so a dry run has nothing to say that the import itself would not.
    if (!given.on('yes') && !(await isYes(question))) throw new CommandError('Nothing was changed.')
    return reportInstalled(api, await ask({ ...seen, allow: given.list('allow') }), output)
  }
  const planned = await ask({ ...seen, dry_run: true })
  const allowed = await settle(planned, given, output, { question, command })
  const same = planned.contentHash === undefined ? seen : { content_hash: planned.contentHash }
  return reportInstalled(api, await ask({ ...same, allow: allowed }), output)
}

/** The result of a dry run. */
export function reportPlan(planned: Report, output: Output): number {
  warnings(planned, output)
  const wider = planned.widening.map(({ name, message }) => [name, message])
  const power: Part[] =
    wider.length === 0
      ? []
      : [{ head: 'Needs --allow, by name: it widens standing power', view: { heads: ['NAME', 'WHAT'], rows: wider } }]
  output.result(planned, {
    parts: [{ head: 'Nothing was changed. It would be:', view: changesView(planned) }, ...power],
  })
  return 0
}

const mostWarnings = 40

export function warnings({ notes }: Pick<Report, 'notes'>, output: Output): void {
  const told = notes.filter(({ level }) => level === 'warning')
  for (const { message } of told.slice(0, mostWarnings)) output.warn(message)
  if (told.length > mostWarnings) output.warn(`There are ${told.length - mostWarnings} more; --json has them all.`)
}

function reportInstalled(api: Api, report: Report, output: Output): number {
  const { items, notes, passwords = [], runAs = [], source, contentHash } = report
  const { key, secret, name, isNew } = report.system!
  const kept = items
    .filter((one) => one.action === 'keep' && couldBeActive(one))
    .map((one) => ({ kind: one.kind, name: one.name }))
  const next = nextSteps(report)
  output.say(isNew ? `System "${name}" is made from the package.` : `The package is imported into "${name}".`)
  warnings(report, output)
  const facts = { system_key: key, ...(secret !== '' && { system_secret: secret }), name, url: api.url }
  const parts: Part[] = [{ view: { facts } }]
  if (passwords.length > 0) {
    const rows = passwords.map((one) => [one.email, one.password])
    parts.push({ head: 'New passwords. They are shown this once', view: { heads: ['E-MAIL', 'PASSWORD'], rows } })
  }
  if (!isNew) parts.push({ head: 'What was done', view: changesView(report) })
  if (isNew && kept.length > 0) {
    const rows = kept.map((one) => [one.kind, one.name])
    parts.push({ head: 'Kept whole, not active', view: { heads: ['KIND', 'NAME'], rows } })
  }
  if (next.length > 0) parts.push({ head: 'Next', view: { text: next.map((step) => `- ${step}`).join('\n') } })
  output.result(
    {
      ...facts,
      is_new: isNew,
      source: source ?? null,
      content_hash: contentHash ?? '',
      items,
      passwords,
      run_as: runAs,
      kept,
      warnings: notes.filter(({ level }) => level === 'warning').map(({ message }) => message),
      notes,
      next,
    },
    { parts },
  )
  return 0
}

/** What is left for the developer to do. */
function nextSteps({ items, passwords = [], runAs = [], system }: Report): string[] {
  const key = system!.key
  const steps = runAs
    .filter(({ because }) => because === 'unconfirmed')
    .map(
      ({ service, wanted }) =>
        `${service} was made to run as ${wanted} and runs as its caller. If it needs more: ` +
        `gatehouse service set ${quoted(service)} --system ${key} --run-as EMAIL`,
    )
  if (passwords.length > 0) steps.push('Keep the new passwords where they are safe: nothing shows them again.')
  if (items.some(({ kind }) => kind === 'readme')) {
    steps.push(`Read how it is set up: gatehouse package readme --system ${key}`)
  }
  return steps
}

export type Installed = {
  name: string
  version?: string
  source: { kind?: string; address?: string; ref?: string; folder?: string; commit?: string }
  contentHash: string
  canUndo?: boolean
  installedAt: number
  installedBy: string
}

export const listInstalled = (api: Api, key: string): Promise<Installed[]> =>
  api.call('GET', `/admin/v/4/system/${segment(key)}/packages`)

/** The installed package of that name; without one, the only one. Throws CommandError. */
export function installedNamed(installed: Installed[], name: string | undefined, into: SystemEntry): Installed {
  const names = installed.map((one) => `"${one.name}"`).join(', ')
  if (installed.length === 0) throw new CommandError(`No package is installed in "${into.name}".`)
  if (name === undefined && installed.length > 1) throw new CommandError(`Which package? There is ${names}.`)
  const found = name === undefined ? installed[0] : installed.find((one) => one.name === name)
  if (found === undefined)
    throw new CommandError(`No package "${name}" is installed in "${into.name}". There is ${names}.`)
  return found
}

/** Where an installed package can be fetched again. Throws CommandError. */
function sourceAgain({ name, source }: Installed, given: Given<'ref' | 'folder'>): SourceBody {
  const { kind, address } = source
  if (address === undefined || (kind !== 'git' && kind !== 'archive')) {
    throw new CommandError(
      `"${name}" was not installed from an address, so say where it is now: gatehouse package upgrade SOURCE`,
    )
  }
  const [ref, folder] = [given.text('ref') ?? source.ref, given.text('folder') ?? source.folder]
  return { url: address, ...(ref !== undefined && { ref }), ...(folder && { folder }) }
}
