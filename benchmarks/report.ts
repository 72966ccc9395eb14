/** The machine and the results as Markdown. */
import { cpus, release, totalmem, type } from 'node:os'
import type { BareFacts } from './bare/worker.ts'
import type { Crowd } from './crowd.ts'
import type { Edges } from './edges.ts'
import type { ColdStart, Memory } from './footprint.ts'
import type { Guesses } from './guesses.ts'
import type { Hostile } from './hostile.ts'
import type { Imported } from './import.ts'
import type { Cores, Row } from './measure.ts'
import type { Slice } from './soak.ts'
import type { Waiting } from './waiting.ts'

const mebibytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(0)
const whole = (value: number): string => Math.round(value).toLocaleString('en-US')
const milliseconds = (value: number): string => value.toFixed(value < 10 ? 2 : 0)

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

/** The first column is text, the others are numbers unless they are named as text. */
function table(head: readonly string[], texts: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((name, index) => (index === 0 || texts.includes(name) ? '---' : '---:'))
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}

export function machineFacts(database: string, walls: BareFacts['walls']): string {
  const processors = cpus()
  const open = Object.entries(walls).filter(([, there]) => !there)
  return [
    `- ${processors.length} cores, ${processors[0]?.model.trim() || 'of unknown model'}; ${mebibytes(totalmem())} MiB of memory`,
    `- ${type()} ${release()}, Node ${process.versions.node}, V8 ${process.versions.v8}`,
    `- database: ${database}`,
    `- walls round the engines: ${open.length === 0 ? 'all' : `all but ${open.map(([name]) => name).join(', ')}`}`,
  ].join('\n')
}

const busy = ({ node, engines, load }: Cores): string =>
  [node, engines, load].map((cores) => cores.toFixed(2)).join(' / ')

export function loadTable(rows: readonly Row[]): string {
  const bareHead = 'bare cost of the same'
  const coresHead = 'cores: node / engines / load'
  const head = [
    'node',
    'per second',
    'p50 ms',
    'p99 ms',
    bareHead,
    'per second',
    'p50 ms',
    'p99 ms',
    'ratio',
    coresHead,
  ]
  const cells = rows.flatMap(({ title, node, cores, against }) =>
    against.map(({ what, bare, ratio }, index) => {
      const own = [title, whole(node.perSecond), milliseconds(node.p50), milliseconds(node.p99)]
      return [
        ...(index === 0 ? own : ['', '', '', '']),
        what,
        whole(bare.perSecond),
        milliseconds(bare.p50),
        milliseconds(bare.p99),
        ratio.toFixed(2),
        index === 0 && cores !== undefined ? busy(cores) : '',
      ]
    }),
  )
  return table(head, [bareHead, coresHead], cells)
}

export const startTable = ({ nodeMs, bareMs, ratio }: ColdStart): string =>
  table(
    ['process start until `/healthz` is 200', 'ms', 'bare Fastify ms', 'ratio'],
    [],
    [['node, on a database that is there', whole(nodeMs), whole(bareMs), ratio.toFixed(1)]],
  )

export const importTable = ({ rows, assets, seconds, bareSeconds, idleBytes, peakBytes }: Imported): string =>
  table(
    [
      'import of a package',
      'seconds',
      'rows alone, nothing between, seconds',
      'ratio',
      'node before, MiB',
      'at most, MiB',
    ],
    [],
    [
      [
        `${whole(rows)} rows, ${assets} assets`,
        seconds.toFixed(2),
        bareSeconds.toFixed(2),
        (seconds / bareSeconds).toFixed(1),
        idleBytes === undefined ? '' : mebibytes(idleBytes),
        peakBytes === undefined ? '' : mebibytes(peakBytes),
      ],
    ],
  )

export const memoryTable = (memories: readonly Memory[]): string =>
  table(
    ['memory of all processes of a node', 'resident MiB', 'shared pages once, MiB', 'processes'],
    [],
    memories.map(({ when, residentBytes, ownBytes, processes }) => [
      when,
      mebibytes(residentBytes),
      ownBytes === undefined ? '' : mebibytes(ownBytes),
      String(processes),
    ]),
  )

export const edgesTable = ({ changes, firstSync, edge, idle }: Edges): string =>
  table(
    ['edges on loopback', 'measured'],
    [],
    [
      [`a change is there, ${changes.count} changes: p50`, `${milliseconds(changes.p50)} ms`],
      ['the same: p99', `${milliseconds(changes.p99)} ms`],
      [
        `first sync of ${whole(firstSync.rows)} rows, from the start of the process`,
        `${whole(firstSync.rows / firstSync.seconds)} rows a second`,
      ],
      ['an edge that idles: resident', `${whole(edge.resident)} MiB`],
      ['the same, shared pages once', `${whole(edge.own)} MiB`],
      [`${idle.edges} idle edges on one node: each`, `${idle.mebibytesEach.toFixed(2)} MiB`],
      ['the same: each', `${idle.corePercentEach.toFixed(4)} % of a core`],
    ],
  )

export const guessesTable = ({ atOnce, alone, beside, ratio, answers }: Guesses): string =>
  [
    table(
      ['token checks', 'per second', `beside ${atOnce} guesses at once, per second`, 'ratio'],
      [],
      [['`checkauth`', whole(alone), whole(beside), ratio.toFixed(2)]],
    ),
    `The guesses were answered: ${[...answers].map(([said, times]) => `${times} × ${said}`).join(', ')}`,
  ].join('\n\n')

export const crowdTable = ({ systems, users, rows }: Crowd): string =>
  table(
    [
      'as the node grows',
      ...[`1 system, 16 users: per second`, 'node, ms each'],
      ...[`${whole(systems)} systems, ${whole(users)} users: per second`, 'node, ms each', 'ratio of the ms'],
    ],
    [],
    rows.map(({ title, few, many, ratio }) => [
      ...[title, whole(few.perSecond), few.nodeMs.toFixed(3)],
      ...[whole(many.perSecond), many.nodeMs.toFixed(3), ratio.toFixed(2)],
    ]),
  )

export const waitingTable = ({
  runs,
  waitMs,
  rounds,
  firstSeconds,
  lastSeconds,
  bareSeconds,
  failed,
}: Waiting): string =>
  [
    table(
      ['services that wait at once', 'first, seconds', 'all, seconds', 'without a service, seconds', 'failed'],
      [],
      [
        [
          `${runs}, each ${waitMs} ms on HTTP`,
          firstSeconds.toFixed(2),
          lastSeconds.toFixed(2),
          bareSeconds.toFixed(2),
          `${[...failed.values()].reduce((sum, times) => sum + times, 0)} of ${runs * rounds}`,
        ],
      ],
    ),
    ...[...failed].map(([why, times]) => `- ${times} times: ${why}`),
  ].join('\n')

export const hostileTable = (rows: readonly Hostile[]): string =>
  [
    table(
      [
        'beside a hostile system',
        'alone p50 ms',
        'p99 ms',
        'per second',
        'beside it p50 ms',
        'p99 ms',
        'per second',
        'ratio of p99',
      ],
      [],
      rows.map(({ title, alone, beside, ratio }) => [
        title,
        ...[alone, beside].flatMap(({ p50, p99, perSecond }) => [
          milliseconds(p50),
          milliseconds(p99),
          whole(perSecond),
        ]),
        ratio.toFixed(2),
      ]),
    ),
    ...rows.map(({ title, answers }) => {
      const told = Object.entries(answers).map(([what, times]) => `${what} × ${times}`)
      return `- what the hostile system was answered beside "${title}": ${told.join(', ')}`
    }),
  ].join('\n')

/** One line for each slice, under `soakHead`. */
export function soakLine(slice: Slice): string {
  const { minutes, nodeBytes, residentBytes, ownBytes, handles, processes, machineLoad, measured } = slice
  const memory = [nodeBytes, residentBytes, ownBytes].map((bytes) => (bytes === undefined ? '' : mebibytes(bytes)))
  const facts = [minutes.toFixed(1), ...memory, String(handles), String(processes), machineLoad.toFixed(1)]
  const latencies = measured.map(({ measured: { p50, p99 } }) => `${milliseconds(p50)} / ${milliseconds(p99)}`)
  return line([...facts, ...latencies])
}

export const soakHead = (names: readonly string[]): string => {
  const head = ['minutes', 'node MiB', 'with engines', 'shared once', 'handles', 'processes', 'load of the machine']
  return table([...head, ...names.map((name) => `${name} p50 / p99 ms`)], [], [])
}
