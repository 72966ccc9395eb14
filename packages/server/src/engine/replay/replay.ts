/**
 * Replays recorded sign-ins against other code, and tells which decisions would be other ones. Calls are answered from the
 * record; nothing is sent or written, and of the system nothing is read but the code that is replayed.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { minute } from '../../base/clock.ts'
import { audit } from '../../domain/access/audit.ts'
import type { SystemScope } from '../../domain/access/scope.ts'
import { prepareCode, readCode } from '../../domain/code/code.ts'
import { clearRecorded, listRecorded } from '../../store/tables/recorded-sign-ins.ts'
import { type Assembly, assembleUnit } from '../assemble.ts'
import { Places } from '../trial/places.ts'
import { type Candidate, readCandidate } from '../trial/request.ts'
import type { SignInRecord } from './record.ts'
import { type Decision, type Judged, judge, runStaged, type Stage } from './stage.ts'
import { NotRecorded, Tape } from './tape.ts'

export const replayLimits = { most: 1000, usual: 100, shown: 200, wallMs: 4 * minute } as const

/** What was decided, and by which factors where somebody was let in. */
type Told = { decision: Decision | 'unknown'; factors: string[]; why: string }

export type Flip = { id: string; at: string; was: Told; would: Told }

export type ReplayReport = {
  service: string
  /** 0 for code that is not saved. */
  version: number
  tried: 'current' | 'version' | 'code'
  /** Of these sign-ins. */
  replayed: number
  same: number
  /** Those that would be decided otherwise, newest first. */
  flips: Flip[]
  /** Those of which nobody can tell. */
  unknown: Flip[]
  /** How many of each are not shown, and how many sign-ins were not reached in time. */
  left_out: { flips: number; unknown: number; sign_ins: number }
  /** Was → would → how many. */
  counts: Record<string, Record<string, number>>
}

export class Replays {
  readonly #stage: Stage
  readonly #places = new Places({ ofSystem: 1, ofNode: 2 })

  constructor(stage: Stage) {
    this.#stage = stage
  }

  /** For developers of the system alone. Throws badRequest, noSuchService, tooManyRequests. */
  async run(scope: SystemScope, body: Record<string, unknown>): Promise<ReplayReport> {
    demandDeveloper(scope)
    const { candidate, last } = readRequest(body)
    return this.#places.pass(scope.system.key, async () => {
      const assembly = await assembleCandidate(scope, candidate)
      const tried = candidate.code !== undefined ? 'code' : candidate.version !== undefined ? 'version' : 'current'
      const report: ReplayReport = {
        ...{ service: assembly.service, version: tried === 'code' ? 0 : assembly.version, tried },
        ...{ replayed: 0, same: 0, flips: [], unknown: [] },
        ...{ left_out: { flips: 0, unknown: 0, sign_ins: 0 }, counts: {} },
      }
      const rows = await listRecorded(scope.data, last, scope.clock.now())
      const until = performance.now() + replayLimits.wallMs
      for (const [index, { id, at, record }] of rows.entries()) {
        if (performance.now() > until) {
          report.left_out.sign_ins = rows.length - index
          break
        }
        note(report, id, at, await this.#replay(scope, assembly, record as SignInRecord))
      }
      return report
    })
  }

  async #replay(scope: SystemScope, assembly: Assembly, record: SignInRecord): Promise<Compared> {
    const tape = new Tape(record.calls, record.asked.at)
    let missing: NotRecorded | undefined
    const outcome = await runStaged(this.#stage, scope.system.key, assembly, record.asked, async (name, args) => {
      try {
        return tape.answer(name, args)
      } catch (error) {
        if (error instanceof NotRecorded) missing ??= error
        throw error
      }
    })
    // Also where the code would have gone on: what it was not answered may have mattered.
    const why = missing?.message ?? (outcome === undefined ? 'It did not come to an end.' : undefined)
    if (why !== undefined) return { was: record.judged, would: undefined, why }
    return { was: record.judged, would: judge(outcome!, tape.answered, record.barred) }
  }
}

type Compared = { was: Judged; would: Judged } | { was: Judged; would: undefined; why: string }

const toldOf = ({ decision, factors, why }: Judged): Told => ({
  decision,
  factors: factors.split(' ').filter((one) => one !== ''),
  why,
})

function note(report: ReplayReport, id: string, at: number, compared: Compared): void {
  const { was, would } = compared
  report.replayed += 1
  const decision = would?.decision ?? 'unknown'
  const row = report.counts[was.decision] ?? {}
  report.counts[was.decision] = { ...row, [decision]: (row[decision] ?? 0) + 1 }
  const one = { id, at: new Date(at).toISOString(), was: toldOf(was) }
  if (would === undefined) {
    const told = { decision: 'unknown' as const, factors: [], why: 'why' in compared ? compared.why : '' }
    if (report.unknown.length < replayLimits.shown) report.unknown.push({ ...one, would: told })
    else report.left_out.unknown += 1
    return
  }
  const same =
    was.decision === would.decision &&
    (was.decision !== 'granted' || (was.userId === would.userId && was.factors === would.factors))
  if (same) report.same += 1
  else if (report.flips.length < replayLimits.shown) report.flips.push({ ...one, would: toldOf(would) })
  else report.left_out.flips += 1
}

function readRequest(body: Record<string, unknown>): { candidate: Candidate; last: number } {
  const known = ['service', 'version', 'code', 'requires', 'last']
  for (const name of Object.keys(body)) {
    if (known.includes(name)) continue
    throw new GatehouseError('badRequest', `A replay knows no "${name.slice(0, 40)}".`, {
      hint: `It knows ${known.join(', ')}.`,
    })
  }
  const { last = replayLimits.usual } = body
  if (!Number.isInteger(last) || (last as number) < 1 || (last as number) > replayLimits.most) {
    throw new GatehouseError('badRequest', `last must be a whole number from 1 to ${replayLimits.most}.`)
  }
  return { candidate: readCandidate(body), last: last as number }
}

async function assembleCandidate(scope: SystemScope, candidate: Candidate): Promise<Assembly> {
  const name = candidate.service === '' ? scope.system.settings.auth_service : candidate.service
  if (name === '') {
    throw new GatehouseError('badRequest', 'The system has no auth service.', { hint: 'Name a service to replay.' })
  }
  const unit = await readCode(scope, 'service', name, candidate.version)
  const { code, requires } = candidate
  if (code === undefined) return assembleUnit(scope, name, unit)
  const prepared = prepareCode('service', name, {
    code,
    dependencies: requires ?? unit.version.dependencies,
    engine_type: unit.version.dialect,
  })
  const { compiled, dependencies } = prepared
  return assembleUnit(scope, name, { ...unit, version: { ...unit.version, ...compiled, dependencies } })
}

function demandDeveloper(scope: SystemScope): void {
  if (scope.caller.kind === 'developer') return
  throw new GatehouseError('permissionDenied', 'Recorded sign-ins are for the developers of the system.')
}

/** Newest first: what was decided, never what was recorded of it. */
export async function recordedSignIns(scope: SystemScope, limit: number): Promise<Record<string, unknown>[]> {
  demandDeveloper(scope)
  return (await listRecorded(scope.data, limit, scope.clock.now())).map(({ id, at, record }) => {
    const { service, version, judged, calls } = record as SignInRecord
    const { decision, factors, why } = toldOf(judged)
    return { id, at: new Date(at).toISOString(), service, version, decision, factors, why, calls: calls.length }
  })
}

/** Answers how many there were. */
export function forgetRecorded(scope: SystemScope): Promise<number> {
  demandDeveloper(scope)
  return scope.data.transaction(async (tx) => {
    const count = await clearRecorded(tx)
    audit(tx, scope, { kind: 'records', action: 'forget recorded sign-ins', subject: '', details: { count } })
    return count
  })
}
