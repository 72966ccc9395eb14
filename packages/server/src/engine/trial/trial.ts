/**
 * Trying a sign-in: the auth service, as it is or as it may become, is asked through the very door that clients use, over a
 * copy of the system that is gone afterwards. Nothing goes out, nothing is kept, and nobody is let in by it.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { SystemScope } from '../../domain/access/scope.ts'
import type { AskOverride } from '../../domain/auth/override.ts'
import type { InsideAnswer } from '../../egress/egress.ts'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import { deleteOldRecords } from '../../store/tables/records.ts'
import { createEngine } from '../engine.ts'
import type { ServiceDoors } from '../host/auth.ts'
import { currentSystem } from '../run.ts'
import { trialSend } from './messages.ts'
import { type Overlay, openOverlay } from './overlay.ts'
import { Places } from './places.ts'
import { followReferences, MissingPart, partAt, type Reference } from './references.ts'
import {
  type DoorAnswer,
  judgement,
  rounded,
  Seen,
  type StepReport,
  type TrialReport,
  withoutSession,
} from './report.ts'
import { readTrial, type Trial, type TrialStep } from './request.ts'
import { stubbedEgress } from './stubs.ts'

/** The sign-in of clients, answered as they are; never throws. Given in `app.ts`, since no engine imports a door. */
export type SignInDoor = (scope: SystemScope, params: Record<string, unknown>, ask: AskOverride) => Promise<DoorAnswer>

export type TrialParts = {
  sandbox: Sandbox
  doors: ServiceDoors
  door: SignInDoor
  isOwn: (url: URL) => boolean
  inside: InsideAnswer
  nodeId: string
  version: string
}

export class Trials {
  readonly #parts: TrialParts
  readonly #places = new Places({ ofSystem: 2, ofNode: 4 })

  constructor(parts: TrialParts) {
    this.#parts = parts
  }

  /**
   * For developers of the system alone. Throws badRequest, noSuchService and what else says that it cannot be tried, and
   * tooManyRequests.
   */
  async run(scope: SystemScope, body: Record<string, unknown>): Promise<TrialReport> {
    if (scope.caller.kind !== 'developer') {
      throw new GatehouseError('permissionDenied', 'Sign-ins are tried by developers of the system.')
    }
    const trial = readTrial(body)
    return this.#places.pass(scope.system.key, () => tryIn(this.#parts, scope, trial))
  }
}

async function tryIn(parts: TrialParts, scope: SystemScope, trial: Trial): Promise<TrialReport> {
  const overlay = await openOverlay(scope, trial)
  try {
    const steps = await runSteps(parts, overlay, trial)
    const tried = trial.code !== undefined ? 'code' : trial.version !== undefined ? 'version' : 'current'
    return { service: overlay.service, version: overlay.version, tried, cut: overlay.cut, steps }
  } finally {
    await overlay.close()
  }
}

const forEver = Number.MAX_SAFE_INTEGER

async function runSteps(parts: TrialParts, overlay: Overlay, trial: Trial): Promise<StepReport[]> {
  const { scope } = overlay
  let seen = new Seen()
  const engine = createEngine({
    means: scope,
    sandbox: parts.sandbox,
    egress: stubbedEgress(trial.stubs, {
      isOwn: parts.isOwn,
      inside: parts.inside,
      record: (request, raw) => seen.request(request, raw),
    }),
    send: trialSend((message, code) => seen.message(message, code)),
    doors: parts.doors,
    nodeId: parts.nodeId,
    version: parts.version,
    trial: { around: (call, answer) => seen.around(call, answer), timeShift: overlay.timeShift },
  })
  const reports: StepReport[] = []
  const answers: Answered[] = []
  let pending = ''
  for (const [index, step] of trial.steps.entries()) {
    seen = new Seen(hiddenIn(scope, step))
    if (step.context.time !== undefined) overlay.setTime(step.context.time)
    const params = await resolve(step, answers)
    if (params instanceof MissingPart) {
      reports.push({ ...blank(index, seen), why: params.message })
      break
    }
    const began = performance.now()
    const answer = await parts.door(await scopeOf(scope, step), params, engine.ask)
    const ms = rounded(performance.now() - began)
    const waiting = await overlay.pending()
    const made = waiting !== undefined && waiting.id !== pending ? waiting.code : async () => undefined
    pending = waiting?.id ?? pending
    const { code: sent } = seen
    // An app shows another code by the time that a later step asks.
    const codeNow = async () => sent ?? (await made())
    answers.push({ body: answer.body, code: codeNow })
    const code = await codeNow()
    reports.push({
      ...blank(index, seen),
      ...(await judgement(scope, seen)),
      answer: withoutSession(answer, seen),
      ...(code !== undefined && { code }),
      logs: await seen.logs(scope),
      ms,
    })
    // What the next step leaves behind is then its own.
    await deleteOldRecords(scope.store, { traces: forEver, failedRuns: forEver, logs: forEver })
  }
  return reports
}

type Answered = { body: unknown; code: () => Promise<string | undefined> }

const blank = (index: number, seen: Seen): StepReport => ({
  ...{ step: index + 1, decision: 'not run', why: '', ...seen.report(), logs: '', ms: 0 },
})

/** They were typed by whoever tries, but what is printed may be seen by others. */
const hiddenIn = ({ system }: SystemScope, { params }: TrialStep): string[] =>
  [params.password, system.secret].filter((text): text is string => typeof text === 'string')

/** The system as the step before left it, and what was said of where this one comes from. */
async function scopeOf(scope: SystemScope, { context }: TrialStep): Promise<SystemScope> {
  const { address, userAgent, page } = context
  const system = await currentSystem(scope)
  const origin = {
    ...scope.origin,
    ...(address !== undefined && { address }),
    ...(userAgent !== undefined && { userAgent }),
    ...(page !== undefined && { page }),
  }
  return { ...scope, system, origin, caller: { kind: 'nobody' } }
}

async function resolve(step: TrialStep, answers: readonly Answered[]): Promise<Record<string, unknown> | MissingPart> {
  // A code is made when it is asked for, so those that are come first.
  const codes = new Map<number, string | undefined>()
  for (const { step: number, path } of referencesIn(step.params)) {
    if (path.join() === 'code') codes.set(number, await answers[number - 1]?.code())
  }
  const find = ({ step: number, path }: Reference): unknown =>
    path.join() === 'code' ? codes.get(number) : partAt(answers[number - 1]?.body, path)
  try {
    return followReferences(step.params, find) as Record<string, unknown>
  } catch (error) {
    if (error instanceof MissingPart) return error
    throw error
  }
}

function referencesIn(value: unknown): Reference[] {
  const found: Reference[] = []
  followReferences(value, (reference) => {
    found.push(reference)
    return ''
  })
  return found
}
