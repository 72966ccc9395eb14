/**
 * A git repository over https → the files of one commit. isomorphic-git speaks the protocol and reads the objects; here
 * are the choice of ref and folder, the limits, and words for what went wrong.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import git, { type HttpClient, type ServerRef } from 'isomorphic-git'
import type { RepositoryAddress } from './address.ts'
import { type Asking, NotThere } from './download.ts'
import { gitHttp } from './git-http.ts'
import { checkPack } from './git-pack.ts'
import { createBudget, type Pace, type SourceLimits } from './limits.ts'
import { createMemoryFiles } from './memory-files.ts'
import { createNames, isLeftOut, readPath } from './names.ts'
import { printable, refused } from './refusal.ts'

export type Checkout = {
  /** Where the repository was found. */
  url: string
  /** Branch or tag, or the commit that was asked for. */
  ref: string
  commit: string
  /** Paths from the package's folder. */
  files: Map<string, Buffer>
  /** The package's folder in the repository, `''` or ending with `/`. */
  root: string
}

type Work = Asking & {
  pace: Pace
  /** `findRoot`, with the folder that was asked for, if it is known by then. */
  root: (paths: string[], folder: string | undefined) => string
  onProgress: (phase: 'fetching' | 'unpacking', done: number, total?: number) => void
}

/** @throws NotThere where the server does not speak git at this address; GatehouseError `packageFetch`, `badPackage` */
export async function checkOut(work: Work, address: RepositoryAddress): Promise<Checkout> {
  const { url, http, refs } = await findRepository(work, address.url)
  const wanted = chooseRef(refs, address, url)
  work.onProgress('fetching', 0)
  const repository = await fetchCommit(work, { url, http, wanted })
  const listed = await listFiles(repository, work.limits, work.pace)
  const root = work.root(
    listed.filter(({ mode }) => mode !== submodule).map(({ path }) => path),
    wanted.folder,
  )
  const files = await readFiles(repository, listed, root, work)
  return { url, ref: wanted.name, commit: repository.commit, files, root }
}

/** Servers differ in whether the address ends with `.git`; people do too. */
async function findRepository(
  work: Work,
  given: string,
): Promise<{ url: string; http: HttpClient; refs: ServerRef[] }> {
  const other = /\.git$/i.test(given) ? given.slice(0, -4) : `${given}.git`
  let first: NotThere | undefined
  for (const url of [given, other]) {
    const http = gitHttp(work)
    try {
      const refs = await git.listServerRefs({ http, url, protocolVersion: 1, symrefs: true, peelTags: true })
      return { url, http, refs }
    } catch (error) {
      if (!(error instanceof NotThere)) throw failed(error, given)
      first ??= error
      // Whoever asks for a sign-in would ask for it at the other spelling as well.
      if (error.status === 401 || error.status === 403) break
    }
  }
  throw first!
}

type Wanted = { name: string; oid: string; fullRef: string; folder: string | undefined }

/** @throws GatehouseError `packageFetch` that lists what there is */
function chooseRef(refs: ServerRef[], address: RepositoryAddress, url: string): Wanted {
  const heads = named(refs, 'refs/heads/')
  const tags = named(refs, 'refs/tags/')
  if (heads.size === 0 && tags.size === 0) {
    throw new GatehouseError('packageFetch', `The repository ${url} is empty.`, { hint: 'Push a branch to it first.' })
  }
  const find = (name: string, folder: string | undefined): Wanted | undefined => {
    const ref =
      refs.find((each) => each.ref === name && /^refs\/(?:heads|tags)\//.test(name)) ??
      heads.get(name) ??
      tags.get(name)
    if (ref !== undefined) return { name, oid: ref.oid, fullRef: ref.ref, folder }
    if (!/^[0-9a-f]{7,40}$/.test(name)) return undefined
    if (name.length === 40) return { name, oid: name, fullRef: name, folder }
    const tip = refs.find((each) => each.oid.startsWith(name) && /^refs\/(?:heads|tags)\//.test(each.ref))
    return tip === undefined ? undefined : { name: tip.oid, oid: tip.oid, fullRef: tip.ref, folder }
  }
  if (address.refAndFolder !== undefined) {
    // Git holds no branch `a` beside a branch `a/b`, but a tag may stand beside a branch: the longest name is meant.
    const parts = address.refAndFolder.split('/')
    for (let length = parts.length; length > 0; length--) {
      const found = find(parts.slice(0, length).join('/'), parts.slice(length).join('/') || undefined)
      if (found !== undefined) return found
    }
    throw unknownRef(address.refAndFolder, url, heads, tags)
  }
  if (address.ref !== undefined && address.ref !== 'HEAD') {
    const found = find(address.ref, undefined)
    if (found === undefined) throw unknownRef(address.ref, url, heads, tags)
    return found
  }
  const maybe = address.maybeRef === undefined ? undefined : find(address.maybeRef, undefined)
  if (maybe !== undefined) return maybe
  return defaultBranch(refs, heads, url)
}

function named(refs: ServerRef[], prefix: string): Map<string, ServerRef> {
  return new Map(refs.flatMap((ref) => (ref.ref.startsWith(prefix) ? [[ref.ref.slice(prefix.length), ref]] : [])))
}

function defaultBranch(refs: ServerRef[], heads: Map<string, ServerRef>, url: string): Wanted {
  const head = refs.find(({ ref }) => ref === 'HEAD')
  const target = head?.target?.replace(/^refs\/heads\//, '')
  const same = [...heads].find(([, ref]) => ref.oid === head?.oid)?.[0]
  const only = heads.size === 1 ? [...heads.keys()][0] : undefined
  const name = [target, head === undefined ? undefined : same, only, 'main', 'master'].find(
    (each) => each !== undefined && heads.has(each),
  )
  if (name !== undefined) {
    const { oid, ref } = heads.get(name)!
    return { name, oid, fullRef: ref, folder: undefined }
  }
  if (head !== undefined) return { name: head.oid, oid: head.oid, fullRef: 'HEAD', folder: undefined }
  throw new GatehouseError('packageFetch', `The repository ${url} does not say which branch is its main one.`, {
    hint: `Say which is meant: ${some([...heads.keys()])}.`,
  })
}

function unknownRef(
  name: string,
  url: string,
  heads: Map<string, unknown>,
  tags: Map<string, unknown>,
): GatehouseError {
  const there = [
    heads.size === 0 ? '' : `Branches: ${some([...heads.keys()])}.`,
    tags.size === 0 ? '' : `Tags: ${some([...tags.keys()].reverse())}.`,
  ]
  const short = /^[0-9a-f]{7,39}$/.test(name) ? ['A commit is named by all its 40 characters.'] : []
  return new GatehouseError('packageFetch', `The repository ${url} has no branch or tag "${printable(name)}".`, {
    hint: [...there, ...short].filter((each) => each !== '').join(' '),
  })
}

function some(names: string[]): string {
  const shown = names.slice(0, 10).map((name) => `"${printable(name)}"`)
  return shown.join(', ') + (names.length > shown.length ? ` and ${names.length - shown.length} more` : '')
}

type Repository = {
  fs: ReturnType<typeof createMemoryFiles>
  gitdir: string
  cache: object
  commit: string
  tree: string
}

async function fetchCommit(
  work: Work,
  { url, http, wanted }: { url: string; http: HttpClient; wanted: Wanted },
): Promise<Repository> {
  const fs = createMemoryFiles(async (path, bytes) => {
    if (path.endsWith('.pack')) await checkPack(bytes, work.limits, work.pace)
  })
  const at = { fs, gitdir: '/git', cache: {} }
  try {
    await git.init({ ...at, dir: '/', bare: true })
    await git.addRemote({ ...at, remote: 'origin', url })
    const request = { ...at, http, url, remote: 'origin', remoteRef: wanted.fullRef, singleBranch: true, tags: false }
    await git.fetch({ ...request, depth: 1 }).catch((error: unknown) => {
      // An old server that cannot leave out history sends all of it; the limits hold all the same.
      if (error instanceof git.Errors.RemoteCapabilityError) return git.fetch(request)
      throw error
    })
    const { oid, commit } = await git.readCommit({ ...at, oid: wanted.oid })
    return { ...at, commit: oid, tree: commit.tree }
  } catch (error) {
    if (error instanceof git.Errors.NotFoundError) {
      throw new GatehouseError('packageFetch', `${url} did not hand out ${printable(wanted.name)}.`, {
        hint: 'A commit that no branch or tag leads to is handed out by few servers; name a branch or tag.',
        cause: error,
      })
    }
    throw failed(error, url)
  }
}

const submodule = '160000'
const link = '120000'

type Listed = { path: string; oid: string; mode: string }

/** Every file of the commit, also outside the package's folder. A tree may name the same tree many times: entries count. */
async function listFiles(repository: Repository, limits: SourceLimits, pace: Pace): Promise<Listed[]> {
  const { commit, tree, ...at } = repository
  const listed: Listed[] = []
  const waiting = [{ prefix: '', oid: tree }]
  let entries = 0
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const entriesOfTree = await readTree(at, next.oid, next.prefix, limits)
    for (const entry of entriesOfTree) {
      const raw = next.prefix + entry.path
      if (++entries > limits.entries) throw refused('repository', raw, `goes beyond ${limits.entries} entries`)
      const path = readPath(raw, limits, 'repository')
      if (isLeftOut(path)) continue
      if (entry.type === 'tree') waiting.push({ prefix: `${path}/`, oid: entry.oid })
      else listed.push({ path, oid: entry.oid, mode: entry.mode })
    }
    await pace(entriesOfTree.length * 64)
  }
  listed.sort((a, b) => (a.path < b.path ? -1 : 1))
  return listed
}

type At = Pick<Repository, 'fs' | 'gitdir' | 'cache'>

async function readTree(at: At, oid: string, prefix: string, limits: SourceLimits) {
  const name = prefix === '' ? 'the top folder' : prefix
  try {
    const { object } = await git.readObject({ ...at, oid, format: 'content' })
    // An entry takes many times its bytes once it is read.
    if (!(object instanceof Uint8Array) || object.length > limits.entries * 80) {
      throw refused('repository', name, 'has too many entries')
    }
    return (await git.readTree({ ...at, oid })).tree
  } catch (error) {
    throw error instanceof GatehouseError
      ? error
      : refused('repository', name, 'has entries that cannot be read', error)
  }
}

async function readFiles(
  repository: Repository,
  listed: Listed[],
  root: string,
  work: Work,
): Promise<Map<string, Buffer>> {
  const { commit, tree, ...at } = repository
  const names = createNames(work.limits, 'repository')
  const budget = createBudget(work.limits, 'repository')
  const files = new Map<string, Buffer>()
  // The same content under many names is kept once.
  const contents = new Map<string, Buffer>()
  // A submodule is another repository: it comes as an empty folder, as in the archives that forges make.
  const chosen = listed.filter(({ path, mode }) => path.startsWith(root) && mode !== submodule)
  for (const { path, oid, mode } of chosen) {
    if (mode === link) throw refused('repository', path, 'is a symbolic link')
    if (names.take(path, 'file') === undefined) continue
    let content = contents.get(oid)
    if (content === undefined) {
      const { blob } = await git.readBlob({ ...at, oid }).catch((error: unknown) => {
        throw refused('repository', path, 'is missing from what the server sent, or damaged', error)
      })
      // A copy: the library's bytes may be a window on something larger.
      content = Buffer.from(blob)
      contents.set(oid, content)
    }
    budget.take(path, content.length)
    files.set(path.slice(root.length), content)
    work.onProgress('unpacking', files.size, chosen.length)
    await work.pace(content.length)
  }
  return files
}

/** Words for what the library reports. What the server wrote is never shown, only kept as the cause. */
function failed(error: unknown, url: string): unknown {
  if (error instanceof GatehouseError || error instanceof NotThere) return error
  if (error instanceof DOMException) return error
  if (error instanceof git.Errors.HttpError) {
    return new GatehouseError('packageFetch', `${url} answered with HTTP ${error.data.statusCode}.`, {
      hint: 'Try again later.',
      cause: error,
    })
  }
  return new GatehouseError('packageFetch', `${url} did not answer in a way that git understands.`, {
    hint: 'Try again; or give the address of an archive (zip or tar.gz) instead.',
    cause: error,
  })
}
