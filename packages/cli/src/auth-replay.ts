/** `gatehouse auth replay`: which recorded sign-ins other code would decide otherwise. `auth recorded` lists what there is. */
import { type Api, segment } from './api.ts'
import { candidateFlags, readCandidate } from './auth-candidate.ts'
import { CommandError } from './failure.ts'
import { command, wholeNumber } from './flags.ts'
import type { Output, Part } from './output.ts'
import { chooseSystem, openNode, systemFlags } from './target.ts'

type Told = { decision: string; factors: string[]; why: string }
type Flip = { id: string; at: string; was: Told; would: Told }
type Report = {
  service: string
  version: number
  tried: string
  replayed: number
  same: number
  flips: Flip[]
  unknown: Flip[]
  left_out: { flips: number; unknown: number; sign_ins: number }
}

const pathOf = (key: string, what: string): string => `/admin/v/4/system/${segment(key)}/auth-service/${what}`

export const authReplay = command({
  name: 'auth replay',
  summary: 'replay recorded sign-ins against other code: which decisions would flip',
  places: [],
  flags: { ...systemFlags, ...candidateFlags, last: { value: 'N', prose: 'the newest N of them; else 100' } },
  notes: `Sign-ins are recorded where the system says so: gatehouse system set --record-sign-ins N. What the code asks is answered
from the record; a sign-in in which it asks what was not recorded is unknown, never guessed. Nothing is sent or written.`,
  second: 'a decision would flip, or is unknown',
  examples: [
    'gatehouse auth replay --code authOverride.js',
    'gatehouse auth replay --system plant --version 7 --last 500 --json',
  ],
  async run(given, output) {
    const candidate = await readCandidate(given)
    const last = given.text('last')
    const body = { ...candidate, ...(last !== undefined && { last: wholeNumber('last', last) }) }
    const api = await openNode(given)
    const { key } = await chooseSystem(api, given.text('system'), output)
    const patience = Number.POSITIVE_INFINITY
    const report = await api.call<Report>('POST', pathOf(key, 'replay'), { body, patience })
    if (report.replayed === 0) await sayWhyNone(api, key, output)
    show(report, output)
    return report.same === report.replayed && report.left_out.sign_ins === 0 ? 0 : 2
  },
})

export const authRecorded = command({
  name: 'auth recorded',
  summary: 'the sign-ins that can be replayed, newest first',
  places: [],
  flags: {
    ...systemFlags,
    limit: { value: 'N', prose: 'the newest N of them; else 100' },
    forget: { prose: 'forget all of them instead' },
  },
  examples: ['gatehouse auth recorded', 'gatehouse auth recorded --system plant --forget'],
  async run(given, output) {
    const limit = given.text('limit')
    const forget = given.on('forget')
    if (forget && limit !== undefined) throw new CommandError('--forget forgets all of them; it takes no --limit.')
    const query = { limit: String(limit === undefined ? 100 : wholeNumber('limit', limit)) }
    const api = await openNode(given)
    const { key } = await chooseSystem(api, given.text('system'), output)
    if (forget) {
      const { forgotten } = await api.call<{ forgotten: number }>('DELETE', pathOf(key, 'recorded'))
      output.say(`${forgotten} recorded sign-ins are forgotten.`)
      output.result({ forgotten })
      return 0
    }
    type Recorded = Told & { id: string; at: string; service: string; version: number }
    const list = await api.call<Recorded[]>('GET', pathOf(key, 'recorded'), { query })
    if (list.length === 0) await sayWhyNone(api, key, output)
    const rows = list.map((one) => [one.at, one.service, String(one.version), shownDecision(one), one.why, one.id])
    const heads = ['AT', 'SERVICE', 'VERSION', 'DECISION', 'WHY', 'ID']
    output.result(list, list.length === 0 ? undefined : { heads, rows })
    return 0
  },
})

async function sayWhyNone(api: Api, key: string, output: Output): Promise<void> {
  const path = '/admin/v/4/systemmanagement'
  const system = await api.call<{ record_sign_ins: unknown }>('GET', path, { query: { id: key } })
  output.say(
    system.record_sign_ins === null
      ? 'No sign-in is recorded, since the system does not say so: gatehouse system set --record-sign-ins 100'
      : 'No sign-in is recorded yet.',
  )
}

const shownDecision = ({ decision, factors }: Pick<Told, 'decision' | 'factors'>): string =>
  factors.length === 0 ? decision : `${decision} (${factors.join(' + ')})`

function show(report: Report, output: Output): void {
  const { service, version, tried, replayed, same, flips, unknown, left_out: left } = report
  const what = tried === 'code' ? `${service}, code that is not saved` : `${service}, version ${version}`
  const [turned, open] = [flips.length + left.flips, unknown.length + left.unknown]
  const head = `${what}: of ${replayed} sign-ins ${same} the same, ${turned} would flip, ${open} unknown.`
  if (left.sign_ins > 0) output.warn(`${left.sign_ins} more sign-ins were not reached in time.`)
  const parts: Part[] = [
    { head },
    ...(flips.length === 0 ? [] : [{ head: 'Would flip', view: table(flips) }]),
    ...(unknown.length === 0 ? [] : [{ head: 'Unknown', view: table(unknown) }]),
  ]
  output.result(report, { parts })
  if (left.flips + left.unknown > 0) output.say(`${left.flips + left.unknown} more are not shown.`)
}

const table = (flips: Flip[]) => ({
  heads: ['AT', 'WAS', 'WOULD BE', 'WHY', 'ID'],
  rows: flips.map(({ id, at, was, would }) => [at, shownDecision(was), shownDecision(would), would.why, id]),
})
