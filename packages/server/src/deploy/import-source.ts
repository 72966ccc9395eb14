/** A package from where it comes to a model: fetched, read, reviewed; and installed from there in one call. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { NodeScope, SystemScope } from '../domain/access/scope.ts'
import { developedBy, noSuchSystem, ownSystems, systemByKey } from '../domain/systems/systems.ts'
import type { Egress } from '../egress/egress.ts'
import type { PackageFiles, PackageModel } from './format/model.ts'
import type { Note } from './format/notes.ts'
import { readPackage } from './format/read.ts'
import { type ImportOptions, type ImportReport, importPackage } from './import.ts'
import { installedPackages, packageName, readmeOf, recordOf, upgradePackage } from './installed.ts'
import { type AssetName, assetsOf } from './plan-choice.ts'
import { renderReadme } from './readme.ts'
import { type Review, reviewPackage } from './review.ts'
import { unpackArchive } from './sources/archive.ts'
import { createPace, sourceLimits } from './sources/limits.ts'
import { type FetchedPackage, fetchSource, type SourceInput, type SourceProgress } from './sources/source.ts'

export type PackageMeans = {
  /** Lets through answers as large and slow as `sourceLimits` allow. */
  egress: Egress
  /** Libraries that every system has. */
  platformLibraries: readonly string[]
  /** Whether an address is the node's own, which may be asked without https. */
  isOwn: (url: URL) => boolean
}

export type SourceRequest = { url: string; ref?: string; folder?: string } | { contents: string; name?: string }

export type Fetched = FetchedPackage & { model: PackageModel; notes: Note[] }

export type FetchMore = {
  /** Leaves out files before anything is read. */
  takes?: (path: string, fetched: FetchedPackage) => boolean
  onProgress?: (progress: SourceProgress) => void
}

/** Throws packageFetch, badPackage. */
export async function fetchPackage(
  scope: NodeScope,
  means: PackageMeans,
  request: SourceRequest,
  { takes = () => true, onProgress }: FetchMore = {},
): Promise<Fetched> {
  const input: SourceInput =
    'url' in request
      ? request
      : { archive: bytesOf(request.contents), ...(request.name !== undefined && { name: request.name }) }
  const sources = { egress: means.egress, log: scope.log, trustHttp: means.isOwn }
  const fetched = await fetchSource(sources, input, { limits: sourceLimits, ...(onProgress && { onProgress }) })
  const files = new Map([...fetched.files].filter(([path]) => path === 'system.json' || takes(path, fetched)))
  return { ...fetched, files, ...readPackage(files, { platformLibraries: means.platformLibraries }) }
}

/** Throws badPackage for what is no base64. */
function bytesOf(contents: string): Buffer {
  if (!/^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(contents)) {
    throw new GatehouseError('badPackage', 'contents must be an archive in base64.')
  }
  return Buffer.from(contents, 'base64')
}

export type FetchedReport = {
  source: FetchedPackage['source']
  contentHash: string
  name: string
  assets: AssetName[]
  notes: Note[]
  review: Review
  /** How it is set up, as HTML without scripts and pictures; empty where the package has no README. */
  readme_html: string
}

export function describePackage({ source, contentHash, model, notes }: Fetched): FetchedReport {
  return {
    source,
    contentHash,
    name: packageName(model),
    assets: assetsOf(model),
    notes,
    review: reviewPackage(model),
    readme_html: renderReadme(readmeOf(model)),
  }
}

/** A system that the developer works on. Throws noSuchSystem. */
export async function ownSystem(scope: NodeScope, key: string): Promise<SystemScope> {
  const system = await developedBy(scope, scope.caller, await systemByKey(scope, key))
  if (system === undefined) throw noSuchSystem()
  return { ...scope, system, data: scope.store.forSystem(key) }
}

/** Throws conflict: a second system of the same name would be told from the first one by its key alone. */
async function demandFreeName(scope: NodeScope, wanted: string): Promise<void> {
  const name = wanted.trim()
  if (name === '' || !(await ownSystems(scope)).some((one) => one.name === name)) return
  throw new GatehouseError('conflict', `You have a system "${name}" already, so the package was not imported.`, {
    hint: 'Give the new system another name (--name NAME), or name the system to import into (--system KEY).',
  })
}

/** Installs what was fetched and writes it down; where a package of its name is installed, that is an upgrade. */
export async function installPackage(
  scope: NodeScope,
  fetched: Fetched,
  options: Omit<ImportOptions, 'record' | 'base'>,
): Promise<ImportReport & Pick<Fetched, 'source' | 'contentHash'>> {
  const { model, source, contentHash } = fetched
  const record = await recordOf(model, { source, contentHash }, options.choose)
  const { into } = options
  if (into === undefined) await demandFreeName(scope, options.name ?? model.system?.name ?? '')
  const known = into === undefined ? [] : await installedPackages(into)
  const report =
    into !== undefined && known.some(({ name }) => name === record.name)
      ? await upgradePackage(into, model, { ...options, record })
      : await importPackage(scope, model, { ...options, record })
  return { ...report, notes: [...fetched.notes, ...report.notes], source, contentHash }
}

/** The files of a part of a system, as tools upload it: from the top of the archive, and no `system.json` needed. */
export async function readUpload(
  contents: string,
  { platformLibraries }: PackageMeans,
): Promise<{ model: PackageModel; notes: Note[] }> {
  const { files } = await unpackArchive(bytesOf(contents), {
    limits: sourceLimits,
    pace: createPace(AbortSignal.timeout(sourceLimits.timeMs)),
    root: () => '',
    onFile: () => {},
  })
  return readPackage(files as PackageFiles, { partial: true, platformLibraries })
}
