/** Mixed load for minutes: whether memory, handles and latencies stay what they were. */
import { readdirSync } from 'node:fs'
import { loadavg } from 'node:os'
import { cases, type Place } from './cases.ts'
import type { Worker } from './children.ts'
import type { Measured } from './closed-loop.ts'
import { residentOf, treeUsage } from './processes.ts'

export type Slice = {
  /** Since the load began. */
  minutes: number
  /** Of the node's own process. */
  nodeBytes: number
  /** With its engines. */
  residentBytes: number
  ownBytes: number | undefined
  /** Open files and sockets of the node's own process. */
  handles: number
  processes: number
  /** Of the whole machine, over the last minute. */
  machineLoad: number
  measured: { name: string; measured: Measured }[]
}

/** Codes of an app are good once in half a minute, so sign-ins in two steps cannot be repeated for long. */
export const mixed = ['sign-in', 'auth-service', 'constant', 'read-create', 'fetch', 'create', 'filter', 'token']
const inFlightEach = 2

/** All kinds at once, in slices of half a minute at most; after each a look at the node. */
export async function soak(
  { place, nodePid, load }: { place: Place; nodePid: number; load: Worker },
  minutes: number,
  onSlice: (slice: Slice) => void,
): Promise<void> {
  const seconds = Math.min(30, minutes * 6)
  const kinds = cases.filter(({ name }) => mixed.includes(name))
  for (let slice = 1; slice <= Math.round((minutes * 60) / seconds); slice++) {
    const pace = { inFlight: inFlightEach, warmSeconds: 0, seconds }
    const measured = await Promise.all(
      kinds.map(async (one) => ({
        name: one.name,
        measured: await load.ask<Measured>('send', { load: one.node(place), pace }),
      })),
    )
    const usage = treeUsage(nodePid)
    if (usage === undefined) throw new Error('Memory and handles are looked up in /proc, which is not there.')
    const { residentBytes, ownBytes, processes } = usage
    const handles = readdirSync(`/proc/${nodePid}/fd`).length
    const nodeBytes = residentOf(nodePid, 'VmRSS')!
    const found = { nodeBytes, residentBytes, ownBytes, processes, handles, machineLoad: loadavg()[0]! }
    onSlice({ minutes: (slice * seconds) / 60, ...found, measured })
  }
}
