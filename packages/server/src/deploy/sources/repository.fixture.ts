/** For the tests of this folder: git repositories made in memory, and a small server that speaks git's smart protocol. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import git from 'isomorphic-git'
import { createMemoryFiles } from './memory-files.ts'

type Content = string | Buffer | { link: string } | { submodule: string } | { tree: string }
export type Tree = Record<string, Content>

const author = { name: 'A', email: 'a@example.com', timestamp: 1_700_000_000, timezoneOffset: 0 }

export type TestRepository = {
  /** Answers the object, to be put into other trees. */
  tree(files: Tree): Promise<string>
  /** Answers the commit. */
  commit(branch: string, files: Tree): Promise<string>
  tag(name: string, commit: string, annotated?: boolean): Promise<void>
  /** Branch that HEAD names, whether it exists or not. */
  head: string
  /** Full name → object. */
  refs: Map<string, string>
  pack(commit: string): Promise<Buffer>
}

export async function createRepository(): Promise<TestRepository> {
  const fs = createMemoryFiles(async () => {})
  const at = { fs, gitdir: '/git' }
  await git.init({ ...at, dir: '/', bare: true })
  const refs = new Map<string, string>()
  const writeTree = async (files: Tree): Promise<string> => {
    const folders = new Map<string, Tree>()
    const tree: { mode: string; path: string; oid: string; type: 'blob' | 'tree' | 'commit' }[] = []
    for (const [path, content] of Object.entries(files)) {
      const slash = path.indexOf('/')
      if (slash !== -1) {
        const name = path.slice(0, slash)
        const folder = folders.get(name) ?? {}
        folder[path.slice(slash + 1)] = content
        folders.set(name, folder)
        continue
      }
      if (typeof content === 'object' && 'submodule' in content) {
        tree.push({ mode: '160000', path, oid: content.submodule, type: 'commit' })
        continue
      }
      if (typeof content === 'object' && 'tree' in content) {
        tree.push({ mode: '040000', path, oid: content.tree, type: 'tree' })
        continue
      }
      const link = typeof content === 'object' && 'link' in content
      const blob = Buffer.from((link ? content.link : content) as string)
      const oid = await git.writeBlob({ ...at, blob })
      tree.push({ mode: link ? '120000' : '100644', path, oid, type: 'blob' })
    }
    for (const [path, inside] of folders) {
      tree.push({ mode: '040000', path, oid: await writeTree(inside), type: 'tree' })
    }
    return git.writeTree({ ...at, tree })
  }
  const reachable = async (oid: string, seen: Set<string>): Promise<void> => {
    if (seen.has(oid)) return
    seen.add(oid)
    const { type, object } = await git.readObject({ ...at, oid, format: 'parsed' })
    if (type === 'commit') await reachable((object as { tree: string }).tree, seen)
    if (type === 'tag') await reachable((object as { object: string }).object, seen)
    if (type === 'tree') {
      for (const entry of object as { oid: string; type: string }[]) {
        if (entry.type !== 'commit') await reachable(entry.oid, seen)
      }
    }
  }
  return {
    head: 'main',
    refs,
    tree: writeTree,
    async commit(branch, files) {
      const tree = await writeTree(files)
      const parent = refs.get(`refs/heads/${branch}`)
      const oid = await git.writeCommit({
        ...at,
        commit: { message: 'x\n', tree, parent: parent === undefined ? [] : [parent], author, committer: author },
      })
      refs.set(`refs/heads/${branch}`, oid)
      return oid
    },
    async tag(name, commit, annotated = false) {
      if (!annotated) return void refs.set(`refs/tags/${name}`, commit)
      const tag = { object: commit, type: 'commit' as const, tag: name, tagger: author, message: 'x\n' }
      const oid = await git.writeTag({ ...at, tag })
      refs.set(`refs/tags/${name}`, oid).set(`refs/tags/${name}^{}`, commit)
    },
    async pack(commit) {
      const oids = new Set<string>()
      await reachable(commit, oids)
      const { packfile } = await git.packObjects({ ...at, oids: [...oids], write: false })
      return Buffer.from(packfile!)
    },
  }
}

export type GitServer = RequestListener & { requests: string[]; pack?: (pack: Buffer) => Buffer; noShallow?: boolean }

/** Serves each repository under its path, with and without `.git` behind it; anything else goes to `other`. */
export function gitServer(repositories: Record<string, TestRepository>, other?: RequestListener): GitServer {
  const server = ((request, response) => {
    server.requests.push(`${request.method} ${request.url}`)
    const url = new URL(request.url!, 'http://x')
    const match = /^(.+?)(?:\.git)?\/(info\/refs|git-upload-pack)$/.exec(url.pathname)
    const repository = match === null ? undefined : repositories[match[1]!]
    const done = (work: Promise<void>) => work.catch((error) => response.destroy(error))
    if (repository === undefined) {
      if (other !== undefined) return other(request, response)
      response.writeHead(404).end('not found')
    } else if (match![2] === 'info/refs') advertise(repository, response, server.noShallow === true)
    else done(uploadPack(repository, request, response, server.pack))
  }) as GitServer
  server.requests = []
  return server
}

/** gitprotocol-http(5) and gitprotocol-pack(5), version 1 without any negotiation. */
function advertise(repository: TestRepository, response: ServerResponse, noShallow: boolean): void {
  response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' })
  const head = repository.refs.get(`refs/heads/${repository.head}`)
  const refs = [...repository.refs].sort(([a], [b]) => (a < b ? -1 : 1))
  if (head !== undefined) refs.unshift(['HEAD', head])
  const abilities = `side-band-64k ofs-delta${noShallow ? '' : ' shallow'}${head === undefined ? '' : ` symref=HEAD:refs/heads/${repository.head}`}`
  if (refs.length === 0) refs.push(['capabilities^{}', '0'.repeat(40)])
  const lines = refs.map(([name, oid], at) => line(`${oid} ${name}${at === 0 ? `\0${abilities}` : ''}\n`))
  response.end(`${line('# service=git-upload-pack\n')}0000${lines.join('')}0000`)
}

async function uploadPack(
  repository: TestRepository,
  request: IncomingMessage,
  response: ServerResponse,
  change: ((pack: Buffer) => Buffer) | undefined,
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  const want = /want ([0-9a-f]{40})/.exec(text)?.[1] ?? ''
  response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' })
  if (![...repository.refs.values()].includes(want)) {
    return void response.end(line(`ERR upload-pack: not our ref ${want}\n`))
  }
  const made = await repository.pack(want)
  const pack = change === undefined ? made : change(made)
  if (/deepen 1/.test(text)) response.write(`${line(`shallow ${want}\n`)}0000`)
  response.write(line('NAK\n'))
  for (let at = 0; at < pack.length; at += 60_000) {
    const part = pack.subarray(at, at + 60_000)
    response.write(`${(part.length + 5).toString(16).padStart(4, '0')}\x01`)
    response.write(part)
  }
  response.end('0000')
}

function line(text: string): string {
  return (Buffer.byteLength(text) + 4).toString(16).padStart(4, '0') + text
}
