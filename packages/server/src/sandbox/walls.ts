/**
 * The command line that starts an engine process, and which walls it stands behind. What runs inside is in
 * `engine-process/`; when one is started is decided in `pool.ts`.
 */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** A way to start an engine process. */
export type Walls = {
  command: string
  args: string[]
  inForce: WallsInForce
}

/** What stands between a script that has broken out of its isolate and the machine. */
export type WallsInForce = {
  /** Node's own permission model: no files, processes, workers, network. */
  permission: boolean
  /** Another user than the node's, without capabilities. */
  otherUser: boolean
  /** Own user, network, mount and IPC namespaces. */
  namespaces: boolean
  /** A file tree of libraries and the engine alone: no data, no socket file. */
  emptyRoot: boolean
  /** Ended by the kernel when the node dies. */
  endsWithNode: boolean
  /** A cap on the process's data by the kernel. */
  dataLimit: boolean
}

const engineFolder = join(import.meta.dirname, 'engine-process')

/** Path of the isolate's native addon; the engine loads it directly, so that no package folder has to be readable. */
export function addonPath(): string {
  const fromHere = createRequire(import.meta.url)
  const packageFile = fromHere.resolve('isolated-vm/package.json')
  const find = createRequire(packageFile)('node-gyp-build') as { path(folder: string): string }
  return find.path(dirname(packageFile))
}

/** The node's own permission model alone: what every system has. */
export function permissionOnly(): Walls {
  const addon = addonPath()
  return {
    command: process.execPath,
    args: [...nodeArgs(addon), join(engineFolder, 'main.cjs'), addon],
    inForce: {
      permission: true,
      otherUser: false,
      namespaces: false,
      emptyRoot: false,
      endsWithNode: false,
      dataLimit: false,
    },
  }
}

function nodeArgs(addon: string): string[] {
  return [
    '--permission',
    '--allow-addons',
    `--allow-fs-read=${engineFolder}/`,
    `--allow-fs-read=${dirname(addon)}/`,
    '--disable-warning=PERM0001',
    '--single-threaded',
  ]
}
