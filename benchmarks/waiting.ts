/** Many services at once that do nothing but wait for somebody else's web server. */
import type { Children } from './children.ts'
import { openGround, openSlowServer } from './loopback.ts'
import { median } from './measure.ts'
import type { NodeOptions } from './node-process.ts'

export type Waiting = {
  runs: number
  waitMs: number
  rounds: number
  /** Of all runs of a round, medians over the rounds; seconds from the first request. */
  firstSeconds: number
  lastSeconds: number
  /** The same requests to the web server, without a service between. */
  bareSeconds: number
  /** Runs of all rounds that were refused or failed, by what was answered. */
  failed: Map<string, number>
}

const runs = 200
const waitMs = 300

export async function waitTogether(children: Children, options: NodeOptions, rounds: number): Promise<Waiting> {
  const slow = await openSlowServer(waitMs)
  const { node, newSystem, newService, headers } = await openGround(children, options)
  try {
    const system = await newSystem('waiting')
    const code = `function waits(req, resp) {
  Requests().get({ uri: ${JSON.stringify(slow.url)} }, function (err, body) {
    if (err) resp.error(body); else resp.success(body);
  });
}`
    await newService(system, 'waits', code)
    const failed = new Map<string, number>()
    const url = `http://127.0.0.1:${node.port}/api/v/1/code/${system.key}/waits`
    const run = async (): Promise<void> => {
      const response = await fetch(url, { method: 'POST', headers, body: '{}' })
      const text = await response.text()
      if (text.includes('"success":true')) return
      const why = `${response.status} ${/"(?:detail|results)":"([^"]+)"/.exec(text)?.[1] ?? text.slice(0, 100)}`
      failed.set(why, (failed.get(why) ?? 0) + 1)
    }
    await run()
    const [firsts, lasts, bares]: [number[], number[], number[]] = [[], [], []]
    for (let round = 0; round < rounds; round++) {
      const { first, last } = await together(run)
      firsts.push(first)
      lasts.push(last)
      bares.push((await together(async () => (await fetch(slow.url)).text())).last)
    }
    return {
      ...{ runs, waitMs, rounds, failed },
      firstSeconds: median(firsts),
      lastSeconds: median(lasts),
      bareSeconds: median(bares),
    }
  } finally {
    await node.end()
    slow.close()
  }
}

async function together(once: () => Promise<unknown>): Promise<{ first: number; last: number }> {
  const began = performance.now()
  const took = await Promise.all(
    Array.from({ length: runs }, async () => {
      await once()
      return (performance.now() - began) / 1000
    }),
  )
  return { first: Math.min(...took), last: Math.max(...took) }
}
