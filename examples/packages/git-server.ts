/** A folder as a git repository that is served over HTTP on loopback, as a forge serves it: by `git http-backend`. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

/** Why there is nothing to serve with; undefined where there is. */
export function noGit(): string | undefined {
  try {
    const programs = execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim()
    const found = ['git-http-backend', 'git-http-backend.exe'].some((name) => existsSync(join(programs, name)))
    return found ? undefined : 'this git has no http-backend'
  } catch {
    return 'there is no git on this machine'
  }
}

/** Nothing of the person's own git settings, and always the same commit. */
const environment = (): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  // A repository of somebody else, as in a container, is served all the same.
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: 'safe.directory',
  GIT_CONFIG_VALUE_0: '*',
  ...Object.fromEntries(
    ['AUTHOR', 'COMMITTER'].flatMap((who) => [
      [`GIT_${who}_NAME`, 'Example'],
      [`GIT_${who}_EMAIL`, 'dev@example.com'],
      [`GIT_${who}_DATE`, '2026-01-01T00:00:00Z'],
    ]),
  ),
})

/** Makes a repository of one commit out of a folder. */
export function commitAll(folder: string): void {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: folder, env: environment() })
  git('init', '--quiet', '--initial-branch', 'main')
  git('add', '.')
  git('commit', '--quiet', '--message', 'The package')
}

/** Serves the repositories in a folder. */
export async function serveRepositories(folder: string): Promise<{ url: string; end(): Promise<void> }> {
  const running = new Set<ChildProcess>()
  const server = createServer((request, response) => {
    const url = new URL(request.url!, 'http://localhost')
    const length = request.headers['content-length']
    const backend = spawn('git', ['http-backend'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: {
        ...environment(),
        GIT_PROJECT_ROOT: folder,
        GIT_HTTP_EXPORT_ALL: '1',
        REQUEST_METHOD: request.method!,
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        ...(length !== undefined && { CONTENT_LENGTH: length }),
      },
    })
    running.add(backend)
    backend.once('error', () => response.writeHead(500).end())
    backend.stdin.on('error', () => {})
    request.pipe(backend.stdin)
    const chunks: Buffer[] = []
    backend.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    backend.once('close', () => {
      running.delete(backend)
      if (response.headersSent) return
      const answer = Buffer.concat(chunks)
      const end = answer.indexOf('\r\n\r\n')
      const lines = answer.subarray(0, end).toString().split('\r\n')
      let status = 200
      for (const [name = '', value = ''] of lines.map((line) => line.split(': '))) {
        if (name === 'Status') status = Number.parseInt(value, 10)
        else response.setHeader(name, value)
      }
      response.writeHead(status).end(answer.subarray(end + 4))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async end() {
      for (const child of running) child.kill()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
