/**
 * Where a package comes from: a git repository, an archive by URL or upload, a folder → its files in memory. Nothing here
 * knows what the files mean, and nothing of them is run or written anywhere.
 */
import { resolve } from 'node:path'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { Log } from '../../base/log.ts'
import type { Egress } from '../../egress/egress.ts'
import { type Address, type RepositoryAddress, readAddress, withoutSecrets } from './address.ts'
import { type Unpacking, unpackArchive } from './archive.ts'
import { contentHash } from './content-hash.ts'
import { type Asking, download, NotThere } from './download.ts'
import { readFolder } from './folder.ts'
import { createPace, type SourceLimits } from './limits.ts'
import { printable } from './refusal.ts'
import { findRoot } from './root.ts'

/** Path from the package's folder (the one that holds `system.json`), `/` between folders → content. */
export type PackageFiles = ReadonlyMap<string, Buffer>

export type SourceInput =
  /** An address as it was pasted. `folder` is from the top of the repository or archive. */
  | { url: string; ref?: string; folder?: string }
  /** An archive that was sent; `name` is what its sender calls it. */
  | { archive: Buffer; name?: string; folder?: string }
  /** A folder of this machine; whoever may name one may read it. */
  | { path: string; folder?: string }

export type PackageSource = {
  kind: 'git' | 'archive' | 'upload' | 'folder'
  /** URL, file name or path: never with a user name, password or key in it. With `ref` and `folder` it leads there again. */
  address: string
  /** Branch, tag or commit as asked for; the main branch where nothing was. */
  ref?: string
  /** For `archive` and `upload` it is what the archive says, which nobody vouches for. */
  commit?: string
  /** Without slash at either end. */
  folder?: string
}

export type FetchedPackage = {
  files: PackageFiles
  source: PackageSource
  /** SHA-256 in hex over paths and bytes: the same files have the same hash, wherever they come from. */
  contentHash: string
}

export type SourceMeans = {
  /** Its `maxResponseBytes` and `maxTimeoutMs` have to allow what `limits` allows. */
  egress: Egress
  log: Log
  /** Where http will do although it is not this machine, such as the node's own URL. Loopback always may. */
  trustHttp?: (url: URL) => boolean
  /** Handed to the egress, for requests to the node itself. */
  context?: unknown
}

export type SourceProgress = { phase: 'asking' | 'fetching' | 'unpacking'; done: number; total?: number }

export type SourceMore = {
  limits: SourceLimits
  signal?: AbortSignal
  onProgress?: (progress: SourceProgress) => void
}

/**
 * @throws GatehouseError `packageFetch` when it cannot be had, `badPackage` when what came is refused; messages name the
 *   entry at fault and never show a secret
 */
export async function fetchSource(means: SourceMeans, input: SourceInput, more: SourceMore): Promise<FetchedPackage> {
  const { limits } = more
  const deadline = AbortSignal.timeout(limits.timeMs)
  const signal = more.signal === undefined ? deadline : AbortSignal.any([deadline, more.signal])
  try {
    const found = await orAborted(find(means, input, { ...more, signal }), signal)
    means.log.info({ source: found.source, files: found.files.size }, 'package fetched')
    return { ...found, contentHash: contentHash(found.files) }
  } catch (error) {
    if (more.signal?.aborted)
      throw new GatehouseError('packageFetch', 'Fetching the package was cancelled.', { cause: error })
    if (deadline.aborted) {
      throw new GatehouseError('packageFetch', `The package was not there within ${limits.timeMs / 1000} seconds.`, {
        hint: 'Try again later, or download it and install the file.',
        cause: error,
      })
    }
    throw error
  }
}

type Found = Omit<FetchedPackage, 'contentHash'>
type Now = SourceMore & { signal: AbortSignal }

async function find(means: SourceMeans, input: SourceInput, more: Now): Promise<Found> {
  if ('url' in input) return findByUrl(means, input, more)
  const unpacking = unpackingOf(more, input.folder)
  if ('path' in input) {
    const { files, root, place } = await readFolder(resolve(input.path), unpacking)
    return { files, source: { kind: 'folder', address: place, ...folderOf(root) } }
  }
  const { files, root, commit } = await unpackArchive(input.archive, unpacking)
  const address = printable((input.name ?? 'upload').split(/[/\\]/).at(-1) ?? '')
  return { files, source: { kind: 'upload', address, ...commitOf(commit), ...folderOf(root) } }
}

function unpackingOf(more: Now, folder: string | undefined): Unpacking {
  return {
    limits: more.limits,
    pace: createPace(more.signal),
    root: (paths) => findRoot(paths, folder),
    onFile: (done, total) => more.onProgress?.({ phase: 'unpacking', done, ...(total === undefined ? {} : { total }) }),
  }
}

async function findByUrl(
  means: SourceMeans,
  input: { url: string; ref?: string; folder?: string },
  more: Now,
): Promise<Found> {
  const address = readAddress(input.url, {
    ...(input.ref === undefined ? {} : { ref: input.ref }),
    ...(input.folder === undefined ? {} : { folder: input.folder }),
    ...(means.trustHttp === undefined ? {} : { trustHttp: means.trustHttp }),
  })
  more.onProgress?.({ phase: 'asking', done: 0 })
  const asking: Asking = { egress: means.egress, limits: more.limits, signal: more.signal, context: means.context }
  const ways = {
    repository: () => fromRepository(asking, address, address.repository!, more),
    download: () => fromDownload(asking, address, address.download!, more),
  }
  const order =
    address.first === 'repository' ? (['repository', 'download'] as const) : (['download', 'repository'] as const)
  const misses: NotThere[] = []
  for (const way of order) {
    if (address[way] === undefined) continue
    try {
      return await ways[way]()
    } catch (error) {
      if (!(error instanceof NotThere)) throw error
      misses.push(error)
    }
  }
  throw notThere(withoutSecrets(new URL(address.repository?.url ?? address.download!)), misses)
}

async function fromRepository(
  asking: Asking,
  address: Address,
  repository: RepositoryAddress,
  more: Now,
): Promise<Found> {
  // The library behind it takes 60 ms to load, which no other start of the node has to pay.
  const { checkOut } = await import('./git.ts')
  const checkout = await checkOut(
    {
      ...asking,
      pace: createPace(more.signal),
      root: (paths, folder) => findRoot(paths, address.folder ?? folder),
      onProgress: (phase, done, total) => more.onProgress?.({ phase, done, ...(total === undefined ? {} : { total }) }),
    },
    repository,
  )
  const { files, url, ref, commit, root } = checkout
  return { files, source: { kind: 'git', address: url, ref, commit, ...folderOf(root) } }
}

async function fromDownload(asking: Asking, address: Address, url: string, more: Now): Promise<Found> {
  more.onProgress?.({ phase: 'fetching', done: 0 })
  const bytes = await download(asking, url)
  more.onProgress?.({ phase: 'fetching', done: bytes.length, total: bytes.length })
  const { refAndFolder, ref } = address.repository ?? {}
  const slash = refAndFolder?.indexOf('/') ?? -1
  const folder = address.folder ?? (slash === -1 ? undefined : refAndFolder!.slice(slash + 1))
  const { files, root, commit } = await unpackArchive(bytes, unpackingOf(more, folder))
  const source: PackageSource = {
    kind: 'archive',
    address: withoutSecrets(new URL(url)),
    ...(ref === undefined ? {} : { ref }),
    ...commitOf(commit),
    ...folderOf(root),
  }
  return { files, source }
}

function folderOf(root: string): { folder?: string } {
  return root === '' ? {} : { folder: root.slice(0, -1) }
}

function commitOf(commit: string | undefined): { commit?: string } {
  return commit === undefined ? {} : { commit }
}

function notThere(place: string, misses: NotThere[]): GatehouseError {
  const statuses = misses.map(({ status }) => status)
  if (statuses.some((status) => status === 401 || status === 403)) {
    return new GatehouseError(
      'packageFetch',
      `${place} does not exist, or is private: the server asks for a sign-in.`,
      {
        hint: 'Check its spelling. To install from a private repository, download it as a zip and install that file.',
        cause: misses[0],
      },
    )
  }
  if (statuses.every((status) => status === 404 || status === 410)) {
    return new GatehouseError('packageFetch', `${place} does not exist, or is private.`, {
      hint: 'Check its spelling. To install from a private repository, download it as a zip and install that file.',
      cause: misses[0],
    })
  }
  if (misses.some(({ webPage }) => webPage)) {
    return new GatehouseError('packageFetch', `At ${place} is a web page, neither a git repository nor an archive.`, {
      hint: 'Give the address of the repository itself, or of a zip or tar.gz.',
      cause: misses[0],
    })
  }
  const status = statuses.find((each) => each !== 404) ?? statuses[0]
  return new GatehouseError('packageFetch', `${place} answered with HTTP ${status}.`, {
    hint: 'Try again later.',
    cause: misses[0],
  })
}

/** The library that speaks git cannot be stopped: what it still does is no longer waited for. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const stop = () => reject(signal.reason)
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
