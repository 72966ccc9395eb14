/**
 * What is written down with an install: where the package came from, what it was, and what undoing it needs. Packages are
 * kept as files, packed, so that the developer's changes can be told from the package's later on.
 */
import { hexId } from '../base/ids.ts'
import { callerLabel } from '../domain/access/caller.ts'
import type { SystemScope } from '../domain/access/scope.ts'
import { findInstalled, type InstalledPackage, putInstalled } from '../store/tables/packages.ts'
import { systemModel } from './export.ts'
import type { PackageModel } from './format/model.ts'
import { readPackage } from './format/read.ts'
import { packageFiles } from './format/write.ts'
import { packFilesNow, unpackFiles } from './packed-files.ts'
import type { Work } from './plan.ts'
import { kindAndName } from './plan-choice.ts'
import { openedPackage, sealedPackage } from './sealed.ts'

export type InstallRecord = {
  name: string
  source: Record<string, unknown>
  contentHash: string
  /** The package's files, packed. */
  files: Buffer
  readme: string
}

/** What an install touched, as it was before and as it was right after. */
export type Step = { before: PackageModel; after: PackageModel }

/** The step that has just been taken in this transaction; `held` is the system as it was when `work` was planned. */
export async function stepBetween(scope: SystemScope, held: PackageModel, work: Work): Promise<Step> {
  const rows = touchedRows(work)
  const emails = [...work.users.map(({ asset }) => asset.email), ...namesOf(work.removed, 'user')]
  const now = await systemModel(scope, { rows: (name) => [...(rows.get(name) ?? [])], emails })
  return { before: touchedPart(held, work), after: touchedPart(now, work) }
}

const namesOf = (removed: Work['removed'], kind: string): string[] =>
  removed.filter((one) => one.kind === kind).map(({ name }) => name)

const touchedRows = ({ collections }: Work): Map<string, Set<string>> =>
  new Map(
    collections.map(({ asset, rows }) => [
      asset.name,
      new Set([...rows.added, ...rows.changed, ...rows.removed].map((row) => String(row.item_id))),
    ]),
  )

/** Columns of users are all in it, since values are read by them. */
function touchedPart(model: PackageModel, work: Work): PackageModel {
  const rows = touchedRows(work)
  const touched = new Set([
    ...work.services.map(({ asset }) => kindAndName('service', asset.name)),
    ...work.libraries.map(({ name }) => kindAndName('library', name)),
    ...work.codeless.map((one) => kindAndName('params' in one ? 'service' : 'library', one.name)),
    ...work.roles.map(({ name }) => kindAndName('role', name)),
    ...work.users.map(({ asset }) => kindAndName('user', asset.email.toLowerCase())),
    ...work.kept.map(({ kind, name }) => kindAndName(kind, name)),
    ...work.removed.map(({ kind, name }) => kindAndName(kind, kind === 'user' ? name.toLowerCase() : name)),
  ])
  const isTouched = (kind: string, name: string): boolean => touched.has(kindAndName(kind, name))
  return {
    system: undefined,
    services: model.services.filter(({ name }) => isTouched('service', name)),
    libraries: model.libraries.filter(({ name }) => isTouched('library', name)),
    collections: model.collections
      .filter(({ name }) => rows.has(name))
      .map((one) => ({ ...one, rows: one.rows.filter((row) => rows.get(one.name)!.has(String(row.item_id))) })),
    roles: model.roles.filter(({ name }) => isTouched('role', name)),
    grants: [],
    userTable: model.userTable,
    users: model.users.filter(({ email }) => isTouched('user', email.toLowerCase())),
    kept: model.kept.filter(({ kind, name }) => isTouched(kind, name)),
  }
}

type Previous = Omit<InstalledPackage, 'files' | 'undo'> & { files: string }

/** `step` is undefined where there was nothing before: a new system is undone by deleting it. */
export async function writeDown(scope: SystemScope, record: InstallRecord, step: Step | undefined): Promise<void> {
  const found = await findInstalled(scope.data, record.name)
  const installed = {
    ...record,
    id: hexId(),
    installedAt: scope.clock.now(),
    installedBy: callerLabel(scope.caller),
    undo: step === undefined ? null : packFilesNow(filesOfStep(step, found && openedPackage(scope, found))),
  }
  await putInstalled(scope.data, sealedPackage(scope, installed))
}

function* filesOfStep(step: Step, found: InstalledPackage | undefined): Generator<[string, Iterable<Buffer>]> {
  if (found !== undefined) {
    const { undo: _, ...previous } = found
    yield ['previous.json', [Buffer.from(JSON.stringify({ ...previous, files: found.files.toString('base64') }))]]
  }
  for (const part of ['before', 'after'] as const) {
    for (const [path, pieces] of packageFiles(step[part])) yield [`${part}/${path}`, pieces]
  }
}

/** The step and what was installed before it. */
export async function unpackStep(undo: Buffer): Promise<Step & { previous: InstalledPackage | undefined }> {
  const files = await unpackFiles(undo)
  const part = (name: string): PackageModel => {
    const own = [...files].filter(([path]) => path.startsWith(`${name}/`))
    return readPackage(new Map(own.map(([path, bytes]) => [path.slice(name.length + 1), bytes])), { partial: true })
      .model
  }
  const text = files.get('previous.json')
  const previous = text && (JSON.parse(text.toString('utf8')) as Previous)
  return {
    before: part('before'),
    after: part('after'),
    previous: previous && { ...previous, files: Buffer.from(previous.files, 'base64'), undo: null },
  }
}
