/** What a process and all that it started use, from /proc; nothing where there is none (macOS, Windows). */
import { readdirSync, readFileSync } from 'node:fs'

export type TreeUsage = {
  /** Resident bytes, pages shared between processes counted in each. */
  residentBytes: number
  /** The same, shared pages counted once; undefined where the kernel does not tell. */
  ownBytes: number | undefined
  processes: number
  /** Processor seconds of the process itself and of those that it started and that still run. */
  selfSeconds: number
  childSeconds: number
}

export function treeUsage(root: number): TreeUsage | undefined {
  if (process.platform !== 'linux') return undefined
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const fields = statOf(Number(name))
    if (fields !== undefined) parents.set(Number(name), Number(fields[1]))
  }
  const tree = [root]
  for (const pid of tree) for (const [child, parent] of parents) if (parent === pid) tree.push(child)
  let [residentBytes, ownBytes, selfSeconds, childSeconds]: [number, number | undefined, number, number] = [0, 0, 0, 0]
  for (const pid of tree) {
    residentBytes += kilobytes(`/proc/${pid}/status`, 'VmRSS') ?? 0
    const own = kilobytes(`/proc/${pid}/smaps_rollup`, 'Pss')
    ownBytes = own === undefined || ownBytes === undefined ? undefined : ownBytes + own
    const seconds = secondsOf(pid)
    if (pid === root) selfSeconds += seconds
    else childSeconds += seconds
  }
  return { residentBytes, ownBytes, processes: tree.length, selfSeconds, childSeconds }
}

/** From the state on: the command name before it stands in brackets and may hold anything. */
function statOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

/** User and system time, which the kernel reports in hundredths of a second. */
function secondsOf(pid: number): number {
  const fields = statOf(pid)
  return fields === undefined ? 0 : (Number(fields[11]) + Number(fields[12])) / 100
}

function kilobytes(file: string, name: string): number | undefined {
  try {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(file, 'latin1'))
    return found === null ? undefined : Number(found[1]) * 1024
  } catch {
    return undefined
  }
}

/** Bytes of one process now (`VmRSS`) or at most so far (`VmHWM`); undefined where the system does not tell. */
export function residentOf(pid: number, what: 'VmRSS' | 'VmHWM'): number | undefined {
  return process.platform === 'linux' ? kilobytes(`/proc/${pid}/status`, what) : undefined
}
