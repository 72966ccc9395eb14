/**
 * Packages that are installed in a system: where they came from, what they were, and what an upgrade would do. What was
 * installed is kept as files, so that the developer's changes can be told from the package's.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { SystemScope } from '../domain/access/scope.ts'
import {
  deleteInstalled,
  findInstalled,
  type InstalledPackage,
  listInstalled,
  putInstalled,
} from '../store/tables/packages.ts'
import type { PackageFiles, PackageModel } from './format/model.ts'
import { readPackage } from './format/read.ts'
import { packageFiles } from './format/write.ts'
import { type ImportOptions, type ImportReport, importPackage } from './import.ts'
import { type InstallRecord, unpackStep } from './install-record.ts'
import { packFiles, unpackFiles } from './packed-files.ts'
import { chooseAssets } from './plan-choice.ts'
import { renderReadme } from './readme.ts'
import { openedPackage, sealedPackage } from './sealed.ts'

/** The record of a package as it is about to be installed; `choose` as in the import that it goes with. */
export async function recordOf(
  whole: PackageModel,
  from: { source: Record<string, unknown>; contentHash: string },
  choose?: readonly string[],
): Promise<InstallRecord> {
  const model = chooseAssets(whole, choose)
  return {
    name: packageName(whole),
    source: from.source,
    contentHash: from.contentHash,
    files: await packFiles(packageFiles(model)),
    readme: readmeOf(whole),
  }
}

/** The README of a package as it was written; empty where it has none. */
export const readmeOf = (model: PackageModel): string =>
  model.kept.find(({ kind }) => kind === 'readme')?.files[0]?.bytes.toString('utf8') ?? ''

/** What the package calls itself: in ipm.json, package.json, or as a system. */
export function packageName(model: PackageModel): string {
  for (const kind of ['ipm-json', 'package-json'] as const) {
    const name = saidIn(model.kept.find((asset) => asset.kind === kind)?.files[0]?.bytes, 'name')
    if (name !== '') return name
  }
  return model.system?.name || 'package'
}

/** A text in ipm.json or package.json; empty where there is none, which is not ours to judge. */
function saidIn(bytes: Buffer | undefined, key: 'name' | 'version'): string {
  if (bytes === undefined) return ''
  try {
    const { [key]: text } = JSON.parse(bytes.toString('utf8').replace(/^\uFEFF/, '')) as Record<string, unknown>
    return typeof text === 'string' ? text.slice(0, 200) : ''
  } catch {
    return ''
  }
}

/** Oldest first. For developers of the system, whom the door has let in. */
export const installedPackages = (scope: SystemScope) => listInstalled(scope.data)

type Versioned = Awaited<ReturnType<typeof listInstalled>>[number] & { version: string }

/** The same, each with the version that the package says it is; an empty text where it says none. */
export async function installedWithVersions(scope: SystemScope): Promise<Versioned[]> {
  const list: Versioned[] = []
  for (const record of await installedPackages(scope)) {
    const files = await installedFiles(scope, record.name)
    const version = ['ipm.json', 'package.json'].map((path) => saidIn(files.get(path), 'version')).find(Boolean) ?? ''
    list.push({ ...record, version })
  }
  return list
}

/** Throws badRequest where no package of that name is installed. */
async function demandInstalled(scope: SystemScope, name: string): Promise<InstalledPackage> {
  const found = await findInstalled(scope.data, name)
  if (found === undefined) throw new GatehouseError('badRequest', `No package "${name}" is installed in this system.`)
  return openedPackage(scope, found)
}

/**
 * The README of an installed package, as it was written and as HTML. HTML in it is shown as text, and pictures are left as
 * links: looking at a page must not tell a stranger's server who looks. Throws badRequest.
 */
export async function installedReadme(scope: SystemScope, name: string): Promise<{ html: string; markdown: string }> {
  const { readme } = await demandInstalled(scope, name)
  return { html: renderReadme(readme), markdown: readme }
}

/** The package as it was installed. Throws badRequest. */
export async function installedModel(scope: SystemScope, name: string): Promise<PackageModel> {
  return readPackage(await installedFiles(scope, name), { partial: true }).model
}

async function installedFiles(scope: SystemScope, name: string): Promise<PackageFiles> {
  const { files } = await demandInstalled(scope, name)
  return unpackFiles(files)
}

/**
 * Brings an installed package to another version. What the developer changed since stays, and what both changed is in the
 * way unless `overwrite` names it; what would widen standing power is asked for again. Throws as `importPackage` does, and
 * badRequest where it is not installed.
 */
export async function upgradePackage(
  scope: SystemScope,
  model: PackageModel,
  options: Omit<ImportOptions, 'into' | 'base' | 'name'>,
): Promise<ImportReport> {
  const base = await installedModel(scope, options.record?.name ?? packageName(model))
  return importPackage(scope, model, { ...options, into: scope, base })
}

/**
 * Takes the last install or upgrade of a package back: what it made goes, what it changed is as before, what the developer
 * changed since is in the way unless `overwrite` names it. Collections, columns and what people wrote stay. Power that
 * would come back is asked for, as in any import. Throws as `importPackage` does, and badRequest where nothing can be undone.
 */
export async function undoPackage(
  scope: SystemScope,
  name: string,
  options: Pick<ImportOptions, 'allow' | 'overwrite' | 'dryRun' | 'onProgress'>,
): Promise<ImportReport> {
  const { undo, installedAt } = await demandInstalled(scope, name)
  if (undo === null) {
    throw new GatehouseError('badRequest', `The install of "${name}" cannot be undone.`, {
      hint: 'One step back is kept. Where a package made the system, delete the system.',
    })
  }
  const { before, after, previous } = await unpackStep(undo)
  return importPackage(scope, before, {
    ...options,
    into: scope,
    base: after,
    removeGone: true,
    confirmRunAs: runAsBefore(before, after),
    atEnd: async ({ data }) => {
      if ((await findInstalled(data, name))?.installedAt !== installedAt) {
        throw new GatehouseError('conflict', `Somebody else changed "${name}" at the same moment.`, {
          hint: 'Try again.',
        })
      }
      if (previous === undefined) await deleteInstalled(data, name)
      else await putInstalled(data, sealedPackage({ ...scope, data }, previous))
    },
  })
}

/** Whom each service ran as before, where the install changed that. */
function runAsBefore(before: PackageModel, after: PackageModel): Record<string, string | null> {
  const now = new Map(after.services.map(({ name, runAs }) => [name, runAs?.text ?? null]))
  const was = before.services.map(({ name, runAs }): [string, string | null] => [name, runAs?.text ?? null])
  return Object.fromEntries(was.filter(([name, email]) => now.has(name) && now.get(name) !== email))
}
