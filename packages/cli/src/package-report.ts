/** What became of a package: of a dry run, of an import, with what is left to do. */
import type { Api } from './api.ts'
import { quoted } from './change.ts'
import type { Output, Part } from './output.ts'
import { changesView, couldBeActive, type Report } from './package-view.ts'

/** `codeToo`: code that does not compile is told among the warnings; not where it is shown at its line. */
type Warned = { codeToo: boolean }

/** The result of a dry run. */
export function reportPlan(planned: Report, output: Output, warned?: Warned): number {
  warnings(planned, output, warned)
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

export function warnings(
  { notes }: Pick<Report, 'notes'>,
  output: Output,
  { codeToo }: Warned = { codeToo: true },
): void {
  const told = notes.filter(({ level, kind }) => level === 'warning' && (codeToo || kind !== 'code'))
  for (const { message } of told.slice(0, mostWarnings)) output.warn(message)
  if (told.length > mostWarnings) output.warn(`There are ${told.length - mostWarnings} more; --json has them all.`)
}

export function passwordParts({ passwords = [] }: Pick<Report, 'passwords'>): Part[] {
  const rows = passwords.map((one) => [one.email, one.password])
  const head = 'New passwords. They are shown this once'
  return rows.length === 0 ? [] : [{ head, view: { heads: ['E-MAIL', 'PASSWORD'], rows } }]
}

/** The result of an import. */
export function reportInstalled(api: Api, report: Report, output: Output): number {
  const { items, notes, problems = [], passwords = [], runAs = [], source, contentHash } = report
  const { key, secret, name, isNew } = report.system!
  const kept = items
    .filter((one) => one.action === 'keep' && couldBeActive(one))
    .map((one) => ({ kind: one.kind, name: one.name }))
  const next = nextSteps(report)
  output.say(isNew ? `System "${name}" is made from the package.` : `The package is imported into "${name}".`)
  warnings(report, output)
  const facts = { system_key: key, ...(secret !== '' && { system_secret: secret }), name, url: api.url }
  const parts: Part[] = [{ view: { facts } }]
  parts.push(...passwordParts(report))
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
      problems,
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
  const portals = items.filter(({ kind, action }) => kind === 'portal' && action === 'create').slice(0, 5)
  for (const { name } of portals) {
    steps.push(`Open the portal ${name}: gatehouse portal url ${quoted(name)} --system ${key}`)
  }
  return steps
}
