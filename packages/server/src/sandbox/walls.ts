/**
 * The walls round an engine process: the command lines that build them, strongest first, and a probe that finds the
 * strongest one that works here. What runs inside is in `engine-process/`; when one is started is decided in `pool.ts`.
 *
 * The full line, read from the outside: limits of the kernel · an unprivileged user (when started as root) · own user,
 * network, mount and IPC namespaces · a file tree of nothing but libraries and the engine, read only · no capabilities,
 * none to be gained, ended with the node · only the system calls that an engine needs · Node's own permission model. All
 * steps replace each other in one process, so the process that the node started is the engine. What they do not stop:
 * burning the processor until the node looks.
 */
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { existsSync, lstatSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Duplex } from 'node:stream'
import { createFrameReader } from './frames.ts'
import { systemCallFilter } from './system-calls.ts'

/** What stands between a script that has broken out of its isolate and the machine. */
export type WallsInForce = {
  /** Node's own permission model: no files, processes, workers, network. */
  permission: boolean
  /** Another user than the node's, and than any other engine's where the kernel lets it: true only when the node is root. */
  otherUser: boolean
  /** No capabilities, and none to be gained by starting a program. */
  noPrivileges: boolean
  /** Own network and IPC namespaces: no connection, not even to this machine. */
  namespaces: boolean
  /** Own file tree of libraries and the engine alone: no data, no socket file. */
  emptyRoot: boolean
  /** Ended by the kernel when the node dies. */
  endsWithNode: boolean
  /** A cap on the process's memory by the kernel. */
  dataLimit: boolean
  /** Only the system calls that an engine needs (`system-calls.ts`). */
  systemCalls: boolean
}

/** A Node program to run behind walls: a file of a folder that it may read, with V8 flags of its own. */
export type Program = { folder: string; file: string; permission: boolean; flags?: string[] }

export type Walls = {
  inForce: WallsInForce
  /** The complete command line for a program; the addon's path is its only argument. */
  commandFor(program: Program): { command: string; args: string[] }
}

const engineFolder = join(import.meta.dirname, 'engine-process')

/** The engine itself. */
export const engineProgram: Program = { folder: engineFolder, file: 'main.cjs', permission: true }
/**
 * The one for runs that mostly wait. Half a gigabyte of address space for machine code in each isolate would count as data;
 * without compilers none is reserved, and code that computes little is as fast.
 */
export const waitingEngineProgram: Program = { ...engineProgram, file: 'waiting.cjs', flags: ['--jitless'] }
/** Puts the filter of system calls in force, then becomes the program. */
const narrowFile = join(engineFolder, 'narrow.cjs')
const probeProgram: Program = { folder: engineFolder, file: 'probe.cjs', permission: true }

/** Below this Node does not start: V8 reserves address space for code that counts as data. */
const DATA_LIMIT_BYTES = 2 * 1024 ** 3
/** The user and group that own nothing, by long custom: of every engine, where the kernel maps no other numbers here. */
const NOBODY = '65534'
/** Numbers that no system gives to anybody (systemd's "Users, Groups, UIDs and GIDs"); each engine has one for itself. */
const OWN_USERS: [first: number, count: number] = [1_879_048_192, 268_435_456]
const PROBE_MS = 5000

/** Folders that hold the system's programs. The environment is not asked: it could name any other. */
const toolFolders = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin', '/run/current-system/sw/bin']
const libraryPaths = ['/lib', '/lib64', '/usr/lib', '/usr/lib64', '/etc/ld.so.cache', '/dev/null', '/dev/urandom']
/** Where the new file tree is mounted, in the namespace of the process alone; any existing folder will do. */
const rootCandidates = ['/mnt', '/media', '/srv', '/opt', '/tmp']

/**
 * A shell script that builds the file tree and starts its arguments inside it. Each step must work, or the program does
 * not start. Written out path by path: every command more would make every start slower.
 */
function emptyRootScript(root: string, visible: string[]): string {
  const quote = (path: string) => `'${path.replaceAll("'", `'\\''`)}'`
  const links = visible.filter((path) => lstatSync(path).isSymbolicLink())
  const mounts = visible.filter((path) => !links.includes(path))
  const isFolder = (path: string) => statSync(path).isDirectory()
  const folders = mounts.map((path) => root + (isFolder(path) ? path : dirname(path)))
  const bind = (path: string) => {
    const from = quote(path)
    const to = quote(root + path)
    // A mount whose flags are locked by an outer namespace must be told them again; it cannot be made freer.
    const again = ['nodev', 'nodev,noexec'].map((flags) => `mount -o remount,bind,ro,nosuid,${flags} ${to}`)
    return `mount -o bind,ro,nosuid ${from} ${to} || { mount --rbind ${from} ${to} || :; ${again.join(' || ')}; }`
  }
  return [
    'set -eu',
    `mount -t tmpfs -o mode=755,size=1m,nosuid none ${quote(root)}`,
    `mkdir -p ${folders.map(quote).join(' ')}`,
    ...links.map((path) => `ln -s ${quote(readlinkSync(path))} ${quote(root + path)}`),
    ...mounts.filter((path) => !isFolder(path)).map((path) => `: > ${quote(root + path)}`),
    ...mounts.map(bind),
    `mount -o remount,bind,ro,nosuid ${quote(root)}`,
    'unset PWD OLDPWD',
    `exec chroot ${quote(root)} "$@"`,
  ].join('\n')
}

/** Path of the isolate's native addon; the engine loads it directly, so that no package folder has to be readable. */
export function addonPath(): string {
  const packageFile = createRequire(import.meta.url).resolve('isolated-vm/package.json')
  const { path } = createRequire(packageFile)('node-gyp-build') as { path(folder: string): string }
  return realpathSync(path(dirname(packageFile)))
}

/** The strongest walls that this system can build, found by trying them. */
export async function strongestWalls(): Promise<Walls> {
  const plans = allWalls()
  // The strongest twice: a machine that is busy while it starts must not have weaker walls until it starts again.
  for (const walls of [plans[0]!, ...plans]) if (await works(walls)) return walls
  // Not even Node's permission model: let the first run say so, rather than run without it.
  return plans.at(-1)!
}

/** All walls worth trying, strongest first; the last needs nothing of the system. */
export function allWalls(): Walls[] {
  const addon = addonPath()
  const node = realpathSync(process.execPath)
  const permission: Walls = {
    inForce: {
      permission: true,
      otherUser: false,
      noPrivileges: false,
      namespaces: false,
      emptyRoot: false,
      endsWithNode: false,
      dataLimit: false,
      systemCalls: false,
    },
    commandFor: (program) => ({ command: node, args: nodeArgs(program, addon) }),
  }
  if (process.platform !== 'linux') return [permission]

  const tool = (name: string) => toolFolders.map((folder) => join(folder, name)).find((path) => existsSync(path))
  const [setpriv, unshare, prlimit, shell] = [tool('setpriv'), tool('unshare'), tool('prlimit'), tool('sh')]
  if (!setpriv) return [permission]

  const isRoot = process.getuid?.() === 0
  const capped = prlimit ? [prlimit, `--data=${DATA_LIMIT_BYTES}`, '--core=0', '--'] : []
  // Of the same user one engine could end another, and with it the runs of another system.
  const mapped = isMapped(OWN_USERS)
  const asNobody = () => {
    const id = mapped ? String(OWN_USERS[0] + randomInt(OWN_USERS[1])) : NOBODY
    return [`--reuid=${id}`, `--regid=${id}`, '--clear-groups']
  }
  const becomeNobody = () => (isRoot ? [setpriv, ...asNobody(), '--'] : [])
  const drop = [
    setpriv,
    '--no-new-privs',
    '--bounding-set=-all',
    '--inh-caps=-all',
    '--ambient-caps=-all',
    '--pdeathsig=SIGKILL',
  ]
  const without = { ...permission.inForce, otherUser: isRoot, endsWithNode: true, dataLimit: capped.length > 0 }
  const plan = (inForce: WallsInForce, line: (program: Program) => string[], narrow: string[] = []): Walls => ({
    inForce,
    commandFor: (program) => {
      const [command, ...args] = [...capped, ...line(program), ...narrow, node, ...nodeArgs(program, addon)]
      return { command: command!, args }
    },
  })
  const filter = systemCallFilter()?.toString('base64')
  const narrow = filter ? [node, '--disable-warning=ExperimentalWarning', narrowFile, filter] : []
  /** The same walls with the filter of system calls and, for a kernel or a Node that knows none, without. */
  const both = (inForce: WallsInForce, line: (program: Program) => string[]): Walls[] => [
    ...(filter ? [plan({ ...inForce, systemCalls: true }, line, narrow)] : []),
    plan(inForce, line),
  ]
  const noNamespaces = both({ ...without, noPrivileges: true }, () =>
    isRoot ? [...drop, ...asNobody(), '--'] : [setpriv, '--no-new-privs', '--pdeathsig=SIGKILL', '--'],
  )
  if (!unshare) return [...noNamespaces, permission]

  const apart = { ...without, noPrivileges: true, namespaces: true }
  const ownUser = [unshare, '--user', '--map-root-user', '--net', '--ipc']
  const noRoot = both(apart, () => [...becomeNobody(), ...ownUser, '--', ...drop, '--'])
  if (!shell) return [...noRoot, ...noNamespaces, permission]

  const insideRoot = (program: Program) => {
    const wanted = [setpriv, node, engineFolder, program.folder, dirname(addon), ...libraryPaths]
    const visible = [...new Set(wanted)].filter((path) => existsSync(path))
    const root = rootCandidates.find((path) => existsSync(path) && !visible.some((seen) => seen.startsWith(`${path}/`)))
    return [shell, '-c', emptyRootScript(root ?? '/mnt', visible), 'sh']
  }
  const full = both({ ...apart, emptyRoot: true }, (program) => [
    ...becomeNobody(),
    ...ownUser,
    '--mount',
    '--',
    ...insideRoot(program),
    ...drop,
    '--',
  ])
  // For systems that refuse user namespaces, and for programs in folders that only root may enter.
  const fullAsRoot = both({ ...apart, emptyRoot: true }, (program) => [
    ...[unshare, '--net', '--ipc', '--mount', '--'],
    ...insideRoot(program),
    ...[...drop, ...asNobody(), '--'],
  ])
  return [...full, ...(isRoot ? fullAsRoot : []), ...noRoot, ...noNamespaces, permission]
}

/** Whether these user numbers exist in the user namespace that the node is in: in a container often they do not. */
function isMapped([first, count]: typeof OWN_USERS): boolean {
  const covers = (file: string): boolean =>
    readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number))
      .some(([inside = 0, , length = 0]) => inside <= first && first + count <= inside + length)
  try {
    return covers('/proc/self/uid_map') && covers('/proc/self/gid_map')
  } catch {
    return false
  }
}

/** Whether a process behind these walls starts and can load the isolate: it says so with a frame, and exits with 0. */
function works(walls: Walls): Promise<boolean> {
  return new Promise((resolve) => {
    const { command, args } = walls.commandFor(probeProgram)
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'], env: {}, cwd: '/' })
    const reader = createFrameReader(() => 1000)
    let ready = false
    const timer = setTimeout(() => child.kill('SIGKILL'), PROBE_MS)
    const pipe = child.stdio[3] as Duplex
    pipe.on('error', () => {})
    pipe.on('data', (chunk: Buffer) => {
      const frames = reader.push(chunk)
      ready = frames !== 'nonsense' && frames[0]?.head.t === 'ready'
    })
    child.once('error', () => {
      clearTimeout(timer)
      resolve(false)
    })
    child.once('close', (code) => {
      clearTimeout(timer)
      resolve(ready && code === 0)
    })
  })
}

/**
 * Contexts are made and thrown away by the thousand. Marking them bit by bit while code runs costs a quarter of a run, and
 * keeps dead ones longer; the heaps are small, so marking at once holds nobody up.
 */
const ENGINE_FLAGS = ['--no-incremental-marking']

function nodeArgs(program: Program, addon: string): string[] {
  const permission = [
    '--permission',
    '--allow-addons',
    `--allow-fs-read=${program.folder}/`,
    `--allow-fs-read=${dirname(addon)}/`,
    '--disable-warning=PERM0001',
  ]
  return [
    ...ENGINE_FLAGS,
    ...(program.flags ?? []),
    ...(program.permission ? permission : []),
    join(program.folder, program.file),
    addon,
  ]
}
