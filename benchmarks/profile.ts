/** Reads what `--cpu-prof` left behind: the functions that the main thread spent its time in. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

type Frame = { functionName: string; url: string; lineNumber: number }
type Profile = {
  nodes: { id: number; callFrame: Frame; children?: number[] }[]
  samples: number[]
  timeDeltas: number[]
}

const shown = 25

/** The largest profile of the folder: by the time in each function itself, and that in what it called. The start is left out. */
export function hottest(folder: string, startMs: number): string {
  const file = globSync('*.cpuprofile', { cwd: folder })
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .sort((a, b) => b.length - a.length)[0]
  if (file === undefined) return 'There is no profile: the node did not end in order.'
  const { nodes, samples, timeDeltas } = JSON.parse(file) as Profile
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parents = new Map(nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id] as const)))
  const self = new Map<string, number>()
  const total = new Map<string, number>()
  const packages = new Map<string, number>()
  const add = (to: Map<string, number>, name: string, time: number) => to.set(name, (to.get(name) ?? 0) + time)
  let [busy, at] = [0, 0]
  for (const [index, id] of samples.entries()) {
    const time = timeDeltas[index] ?? 0
    at += time
    if (at < startMs * 1000) continue
    const own = nameOf(byId.get(id)!.callFrame)
    if (own === '(idle)' || own === '(root)') continue
    busy += time
    add(self, own, time)
    add(packages, packageOf(own), time)
    const seen = new Set<string>()
    for (let up: number | undefined = id; up !== undefined; up = parents.get(up)) {
      seen.add(nameOf(byId.get(up)!.callFrame))
    }
    for (const name of seen) add(total, name, time)
  }
  const list = (title: string, times: Map<string, number>, count: number): string => {
    const most = [...times].filter(([name]) => name !== '(root)').sort((a, b) => b[1] - a[1])
    const lines = most
      .slice(0, count)
      .map(([name, time]) => `${((time / busy) * 100).toFixed(1).padStart(6)} %  ${name}`)
    return `${title}, of ${(busy / 1e6).toFixed(1)} s busy:\n${lines.join('\n')}`
  }
  return `${list('By package', packages, 10)}\n\n${list('In the function itself', self, shown)}\n\n${list('With all that it called', total, shown * 2)}`
}

/** `kysely`, `server/src/store`, `node`; what has no file is native code, by its own name. */
function packageOf(name: string): string {
  const file = /(\S+):\d+$/.exec(name)?.[1]
  if (file === undefined) return name
  if (file.startsWith('node:')) return 'node'
  const depth = file.startsWith('server/src/') ? 3 : file.startsWith('@') ? 2 : 1
  return file.split('/').slice(0, depth).join('/')
}

function nameOf({ functionName, url, lineNumber }: Frame): string {
  const file = url.replace(/^.*\/(?:node_modules|packages)\//, '').replace(/^file:\/\//, '')
  return file === '' ? functionName : `${functionName || '(anonymous)'} ${file}:${lineNumber + 1}`
}
