/**
 * What a person pasted → where to look. Reads text only: whether anything is there, and which part of `tree/a/b/c` is the
 * branch, is for `git.ts` to find out.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { printable } from './refusal.ts'

export type Address = {
  /** The way that the address itself means; the other one is tried when nothing is there. */
  first: 'repository' | 'download'
  repository?: RepositoryAddress
  /** URL of an archive. */
  download?: string
  /** From the top of the repository or archive. */
  folder?: string
}

export type RepositoryAddress = {
  /** Without `.git` unless it was given with it, without user, query and fragment. */
  url: string
  /** A branch, tag or commit. */
  ref?: string
  /** Branch or tag, maybe followed by a folder: which slash divides them, only the list of refs tells. */
  refAndFolder?: string
  /** A branch or tag if there is one of that name; the fragment of a page is otherwise a heading on it. */
  maybeRef?: string
}

const forges = new Set(['github.com', 'gitlab.com', 'bitbucket.org', 'codeberg.org'])

/** Pages below a repository that are not the repository. */
const otherPages = new Set(
  (
    'issues pull pulls actions wiki discussions settings security projects graphs network branches tags releases ' +
    'stargazers watchers forks activity pulse -'
  ).split(' '),
)

const archiveSuffix = /\.(?:zip|tar\.gz|tgz|tar)$/i

/**
 * @param more.trustHttp - places beyond this machine that may be asked without https, such as the node itself
 * @throws GatehouseError `packageFetch` for what is no address of a package; it never shows a user name or password
 */
export function readAddress(
  text: string,
  more: { ref?: string; folder?: string; trustHttp?: (url: URL) => boolean } = {},
): Address {
  const url = readUrl(text, more.trustHttp)
  const address = addressOf(url)
  if (more.folder !== undefined && more.folder !== '') address.folder = more.folder
  if (more.ref === undefined || more.ref === '') return address
  const { repository } = address
  if (repository === undefined) {
    throw wrong(`${withoutSecrets(url)} is an archive, so there is no branch or tag to choose.`, 'Leave it out.')
  }
  if (repository.ref !== undefined && repository.ref !== more.ref) {
    throw wrong(
      `The address names "${printable(repository.ref)}", and "${printable(more.ref)}" was asked for.`,
      'Give one of them.',
    )
  }
  const rest = repository.refAndFolder
  if (rest !== undefined) {
    if (rest !== more.ref && !rest.startsWith(`${more.ref}/`)) {
      throw wrong(
        `The address names "${printable(rest)}", and "${printable(more.ref)}" was asked for.`,
        'Give the address of the repository, or leave the branch out.',
      )
    }
    const folder = rest.slice(more.ref.length + 1)
    if (folder !== '') address.folder ??= folder
  }
  const { url: repositoryUrl } = repository
  // An archive of the same ref stays the way; everything else that was guessed is replaced by what was said.
  const sameArchive = address.first === 'download' && repository.ref === more.ref
  return {
    ...address,
    first: sameArchive ? 'download' : 'repository',
    repository: { url: repositoryUrl, ref: more.ref },
    ...(sameArchive || address.download === undefined ? {} : { download: archiveOf(repositoryUrl, more.ref) }),
  }
}

export function readUrl(text: string, trustHttp?: (url: URL) => boolean): URL {
  const pasted = text
    .trim()
    .replace(/^git clone\s+/, '')
    .replace(/^[<"'`]+|[>"'`]+$/g, '')
    .replace(/^git\+(?=https?:)/i, '')
  if (pasted === '') throw wrong('No address was given.', example)
  const ssh = /^(?:ssh:\/\/)?(?:[^@\s/:]+@)([^/:\s]+)(?::(?:\d+\/)?|\/)(.+)$/.exec(pasted)
  if (ssh !== null && !/^https?:/i.test(pasted)) {
    throw wrong('This address is for SSH, and packages are fetched over https.', `Use https://${ssh[1]}/${ssh[2]}.`)
  }
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(pasted)?.[1]?.toLowerCase()
  if (scheme !== undefined && !['http', 'https'].includes(scheme)) {
    const rest = pasted.slice(scheme.length + 3).replace(/^[^/@]*@/, '')
    throw wrong(
      `Addresses with ${scheme}:// are not fetched; packages come over https.`,
      scheme === 'file' ? 'Give the folder itself.' : `Try https://${printable(rest)}.`,
    )
  }
  if (/[\s\\]/.test(pasted)) throw wrong('The address has a space or a backslash in it.', example)
  if (scheme === undefined && !/^[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?\/|^localhost(?::\d+)?\//i.test(pasted)) {
    throw wrong(
      `"${printable(pasted)}" is no address of a package.`,
      /^[\w.-]+\/[\w.-]+$/.test(pasted) ? `If it is a repository on GitHub: https://github.com/${pasted}` : example,
    )
  }
  const url = URL.parse(scheme === undefined ? `https://${pasted}` : pasted)
  if (url === null || url.hostname === '') throw wrong('The address cannot be read.', example)
  if (url.username !== '' || url.password !== '') {
    throw wrong(
      'The address holds a user name, password or token, which Gatehouse neither uses nor keeps.',
      'Give it without. To install from a private repository, download it as a zip and install that file.',
    )
  }
  url.hostname = url.hostname.replace(/\.+$/, '')
  if (forges.has(url.hostname.replace(/^www\./, ''))) url.hostname = url.hostname.replace(/^www\./, '')
  if (url.protocol === 'http:' && !isLoopback(url) && trustHttp?.(url) !== true) {
    if (forges.has(url.hostname) && url.port === '') url.protocol = 'https:'
    else {
      throw wrong(
        'Packages are code, so they are fetched over https: on the way, anybody could exchange what comes over http.',
        `Try https://${url.host}${printable(url.pathname)}.`,
      )
    }
  }
  return url
}

const example = 'An address is like https://github.com/owner/repository or https://example.com/package.zip.'

function addressOf(url: URL): Address {
  const parts = url.pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decoded)
  const { hostname, origin } = url
  const fragment = readFragment(url)
  if (hostname === 'codeload.github.com' && parts.length >= 4) {
    return githubArchive(url, parts[0]!, parts[1]!, parts.slice(3).join('/'))
  }
  if (hostname === 'api.github.com' && parts[0] === 'repos' && /^(?:zip|tar)ball$/.test(parts[3] ?? '')) {
    return githubArchive(url, parts[1]!, parts[2]!, parts.slice(4).join('/'))
  }
  if (hostname === 'raw.githubusercontent.com' && parts.length >= 4) {
    const [owner, name, ...rest] = parts
    return folderOfFile(`https://github.com/${owner}/${withoutGit(name!)}`, bareRef(rest.join('/')))
  }
  const dash = parts.indexOf('-')
  if (dash >= 2) return gitlabPage(url, parts, dash)
  const page = parts.length >= 3 ? forgePage(url, parts) : undefined
  if (page !== undefined) return page
  const path = url.pathname.replace(/\/+$/, '')
  const repositoryUrl = `${origin}${path}`
  if (forges.has(hostname)) {
    if (parts.length < 2) {
      throw wrong(`${repositoryUrl} names no repository.`, `Its address is like https://${hostname}/owner/repository.`)
    }
    if (hostname !== 'gitlab.com') {
      const whole = `${origin}/${encoded(parts[0]!)}/${encoded(parts[1]!)}`
      if (parts.length > 2) {
        throw wrong(`${repositoryUrl} is a page of a repository, not the repository.`, `Try ${whole}.`)
      }
    }
  }
  if (/\.git$/i.test(path)) {
    const ref = fragment !== undefined && !isHeading(fragment) ? { ref: fragment } : {}
    return { first: 'repository', repository: { url: repositoryUrl, ...ref } }
  }
  const download = withoutFragment(url)
  if (archiveSuffix.test(path) || parts.length === 0) return { first: 'download', download }
  const maybe = fragment !== undefined && !isHeading(fragment) ? { maybeRef: fragment } : {}
  return {
    first: 'repository',
    repository: { url: repositoryUrl, ...maybe },
    download: forges.has(hostname) ? archiveOf(repositoryUrl, fragmentless(maybe)) : download,
  }
}

function fragmentless(maybe: { maybeRef?: string }): string {
  return maybe.maybeRef ?? 'HEAD'
}

/** `/owner/name/tree/…` and its like, as GitHub, Gitea and Bitbucket have them, on whatever host. */
function forgePage(url: URL, parts: string[]): Address | undefined {
  const [owner, rawName, verb, ...rest] = parts
  const repositoryUrl = `${url.origin}/${encoded(owner!)}/${encoded(withoutGit(rawName!))}`
  const tail = rest.join('/')
  switch (verb) {
    case 'tree':
      return atRefAndFolder(repositoryUrl, bareRef(tail))
    case 'blob':
    case 'raw':
    case 'blame':
    case 'edit':
      return folderOfFile(repositoryUrl, bareRef(tail.replace(/^(?:branch|tag|commit)\//, '')))
    case 'src': {
      const named = /^(branch|tag|commit)\/(.+)$/.exec(tail)
      return atRefAndFolder(repositoryUrl, named?.[2] ?? tail)
    }
    case 'commit':
    case 'commits':
      return rest.length === 0
        ? undefined
        : { first: 'repository', repository: { url: repositoryUrl, ref: verb === 'commit' ? rest[0]! : bareRef(tail) } }
    case 'archive':
    case 'get':
    case 'zipball':
    case 'tarball': {
      if (tail === '') return undefined
      const ref = bareRef(verb.endsWith('ball') ? tail : tail.replace(archiveSuffix, ''))
      return {
        first: 'download',
        download: withoutFragment(url),
        repository: { url: repositoryUrl, ...(ref === 'HEAD' ? {} : { ref }) },
      }
    }
    case 'releases':
      if (rest[0] === 'tag' && rest.length > 1) {
        const ref = rest.slice(1).join('/')
        return { first: 'repository', repository: { url: repositoryUrl, ref }, download: archiveOf(repositoryUrl, ref) }
      }
      if (rest[0] === 'download' && rest.length > 2) return { first: 'download', download: withoutFragment(url) }
  }
  if (otherPages.has(verb!) && forges.has(url.hostname)) {
    throw wrong(`${withoutSecrets(url)} is a page of a repository, not the repository.`, `Try ${repositoryUrl}.`)
  }
  return undefined
}

function gitlabPage(url: URL, parts: string[], dash: number): Address {
  const repositoryUrl = `${url.origin}/${parts
    .slice(0, dash)
    .map((part, at) => encoded(at === dash - 1 ? withoutGit(part) : part))
    .join('/')}`
  const [verb, ...rest] = parts.slice(dash + 1)
  const tail = rest.join('/')
  if (tail !== '') {
    switch (verb) {
      case 'tree':
        return atRefAndFolder(repositoryUrl, bareRef(tail))
      case 'blob':
      case 'raw':
        return folderOfFile(repositoryUrl, bareRef(tail))
      case 'commit':
        return { first: 'repository', repository: { url: repositoryUrl, ref: rest[0]! } }
      case 'commits':
      case 'tags':
        return { first: 'repository', repository: { url: repositoryUrl, ref: tail } }
      case 'archive': {
        // …/-/archive/<ref, maybe with slashes>/<name>.zip
        const ref = bareRef(rest.length > 1 ? rest.slice(0, -1).join('/') : tail.replace(archiveSuffix, ''))
        return { first: 'download', download: withoutFragment(url), repository: { url: repositoryUrl, ref } }
      }
    }
  }
  throw wrong(`${withoutSecrets(url)} is a page of a repository, not the repository.`, `Try ${repositoryUrl}.`)
}

function atRefAndFolder(url: string, refAndFolder: string): Address {
  if (refAndFolder === '') return { first: 'repository', repository: { url } }
  const slash = refAndFolder.indexOf('/')
  // Where git is not spoken, the first part is taken for the branch, as it nearly always is.
  const ref = slash === -1 ? refAndFolder : refAndFolder.slice(0, slash)
  return { first: 'repository', repository: { url, refAndFolder }, download: archiveOf(url, ref) }
}

/** The page of one file: its folder is meant, if the file is one that stands at the top of a package. */
function folderOfFile(url: string, refAndFile: string): Address {
  const marked = /^(.+)\/(?:system\.json|package\.json|ipm\.json|README\.md)$/i.exec(refAndFile)
  if (marked === null) throw wrong('This is the address of a single file.', `Try ${url}.`)
  return atRefAndFolder(url, marked[1]!)
}

function githubArchive(url: URL, owner: string, name: string, tail: string): Address {
  const ref = bareRef(tail)
  return {
    first: 'download',
    download: withoutFragment(url),
    repository: {
      url: `https://github.com/${encoded(owner)}/${encoded(withoutGit(name))}`,
      ...(ref === '' || ref === 'HEAD' ? {} : { ref }),
    },
  }
}

/** Where GitHub, Gitea and their like hand out an archive of a ref. */
export function archiveOf(repositoryUrl: string, ref: string): string {
  const path = ref.split('/').map(encoded).join('/')
  const base = repositoryUrl.replace(/\.git$/, '')
  if (new URL(base).hostname === 'gitlab.com') return `${base}/-/archive/${path}/archive.zip`
  return `${base}/archive/${path}.zip`
}

/** A ref in full (`refs/heads/x`) by the short name that people use. */
function bareRef(ref: string): string {
  return ref.replace(/^refs\/(?:heads|tags)\//, '')
}

function withoutGit(name: string): string {
  return name.replace(/\.git$/i, '')
}

function readFragment(url: URL): string | undefined {
  return url.hash.length > 1 ? decoded(url.hash.slice(1)) : undefined
}

/** Fragments that pages put into the address bar by themselves. */
function isHeading(fragment: string): boolean {
  return /^(?:readme|L\d|user-content|start-of-content|files?$)/i.test(fragment)
}

function withoutFragment(url: URL): string {
  const copy = new URL(url)
  copy.hash = ''
  return copy.href
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw wrong('The address has a % that stands for no character.', example)
  }
}

function encoded(part: string): string {
  return encodeURIComponent(part).replaceAll('%40', '@')
}

function isLoopback(url: URL): boolean {
  return /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname)
}

/** What a query may say without being a key: all else is left out of what is shown and recorded. */
const plainQuery = /^(?:id|file|name|path|ref|ref_type|branch|tag|version|format|raw|dl|download|archive|v)$/i

/** A URL as it is shown, logged and recorded. */
export function withoutSecrets(url: URL): string {
  const copy = new URL(url)
  copy.username = ''
  copy.password = ''
  copy.hash = ''
  const plain = [...copy.searchParams].every(([name, value]) => plainQuery.test(name) && value.length <= 64)
  if (!plain) copy.search = ''
  return copy.href
}

function wrong(detail: string, hint: string): GatehouseError {
  return new GatehouseError('packageFetch', detail, { hint })
}
