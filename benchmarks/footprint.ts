/** What a node costs before anybody asks it anything: the time to start, and memory. */
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Children } from './children.ts'
import { median } from './measure.ts'
import { type NodeOptions, startNode, startServer } from './node-process.ts'
import { treeUsage } from './processes.ts'

export type ColdStart = { nodeMs: number; bareMs: number; ratio: number }

/** Starts on a database that is there, in turn with a bare Fastify server; medians in milliseconds. */
export async function coldStart(children: Children, options: NodeOptions, times: number): Promise<ColdStart> {
  const node: number[] = []
  const bare: number[] = []
  for (let time = 0; time < times; time++) {
    const started = await startNode(children, options)
    node.push(started.startMs)
    await started.end()
    const hello = await startServer(children, {
      args: [join(import.meta.dirname, 'bare/hello.ts')],
      cwd: options.folder,
    })
    bare.push(hello.startMs)
    await hello.end()
  }
  const [nodeMs, bareMs] = [median(node), median(bare)]
  return { nodeMs, bareMs, ratio: nodeMs / bareMs }
}

export type Memory = { when: string; residentBytes: number; ownBytes: number | undefined; processes: number }

/** All processes of the node, a moment after the last thing that happened. */
export async function memoryOf(pid: number, when: string): Promise<Memory | undefined> {
  await wait(1000)
  const usage = treeUsage(pid)
  if (usage === undefined) return undefined
  const { residentBytes, ownBytes, processes } = usage
  return { when, residentBytes, ownBytes, processes }
}
