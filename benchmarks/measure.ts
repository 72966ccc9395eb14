/** Both sides of a case in turn, round by round, so that whatever else the machine does meets both; then medians. */
import type { Case, Place } from './cases.ts'
import type { Worker } from './children.ts'
import type { Measured, Pace } from './closed-loop.ts'
import { treeUsage } from './processes.ts'

/** Cores that were busy while the node was asked. */
export type Cores = { node: number; engines: number; load: number }

export type Row = {
  title: string
  node: Measured
  cores: Cores | undefined
  against: { what: string; bare: Measured; ratio: number }[]
}

export type Sides = { place: Place; nodePid: number; load: Worker; bare: Worker }

export async function measure(sides: Sides, one: Case, given: Pace, rounds: number): Promise<Row> {
  const { place, nodePid, load, bare } = sides
  const toNode = one.node(place)
  const against = one.against(place)
  const node: Measured[] = []
  const bares: Measured[][] = against.map(() => [])
  const cores: Cores[] = []
  for (let round = 0; round < rounds; round++) {
    // Before the first round code is compiled and engines are started.
    const pace = { ...given, warmSeconds: round === 0 ? given.warmSeconds * 4 : given.warmSeconds }
    const before = treeUsage(nodePid)
    const began = performance.now()
    const measured = await load.ask<Measured>('send', { load: toNode, pace })
    const seconds = (performance.now() - began) / 1000
    const after = treeUsage(nodePid)
    node.push(measured)
    if (before !== undefined && after !== undefined) {
      cores.push({
        node: (after.selfSeconds - before.selfSeconds) / seconds,
        engines: Math.max(0, after.childSeconds - before.childSeconds) / seconds,
        load: measured.ownCores,
      })
    }
    for (const [index, other] of against.entries()) {
      const asked =
        'load' in other
          ? load.ask<Measured>('send', { load: other.load, pace })
          : bare.ask<Measured>('work', { work: other.work, pace })
      bares[index]!.push(await asked)
    }
  }
  const typical = middle(node)
  return {
    title: one.title,
    node: typical,
    cores: cores.length === 0 ? undefined : middle(cores),
    against: against.map(({ what }, index) => {
      const bare = middle(bares[index]!)
      return { what, bare, ratio: typical.perSecond / bare.perSecond }
    }),
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}

/** Of each figure the median over the rounds. */
function middle<T extends Record<string, number>>(rounds: readonly T[]): T {
  const names = Object.keys(rounds[0]!)
  return Object.fromEntries(names.map((name) => [name, median(rounds.map((round) => round[name]!))])) as T
}
