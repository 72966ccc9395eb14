/**
 * What a process uses right now, as the kernel tells it. Linux only; elsewhere there is no answer, and the limits that
 * need one rest on the isolate alone.
 */
import { readFileSync } from 'node:fs'

/** Pages are 4 KiB on x86-64 and on the arm64 kernels we know; a larger page only makes the watch stricter. */
const PAGE_BYTES = 4096
/** The kernel reports processor time in hundredths of a second, whatever its own tick is. */
const TICK_MS = 10

export type ProcessUsage = { residentBytes: number; cpuMs: number }

/** Both files together cost some 30 microseconds. */
export function processUsage(pid: number | undefined): ProcessUsage | undefined {
  if (pid === undefined || process.platform !== 'linux') return undefined
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ', 2)[1])
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The command name stands in brackets and may hold anything; user and system time are the 12th and 13th after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ', 14)
    return { residentBytes: pages * PAGE_BYTES, cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS }
  } catch {
    return undefined
  }
}
