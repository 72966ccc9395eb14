/** What a trial tells: the shapes of its answer, and noting what a step does while it runs. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { SystemScope } from '../../domain/access/scope.ts'
import type { EgressRequest } from '../../egress/egress.ts'
import type { Cut } from '../../store/scratch/bounds.ts'
import { listRunLogs, listTraces } from '../../store/tables/records.ts'
import type { Around } from '../result.ts'
import { codeIn, masked, type ShownMessage } from './messages.ts'
import { type Strike, shown, striking, struckAll } from './shown.ts'
import type { ShownRequest } from './stubs.ts'

export type DoorAnswer = { status: number; body: unknown }

/** `broken`: the service did not decide, so nobody is let in. `not run`: the step before led nowhere. */
export type TrialDecision = 'granted' | 'more' | 'refused' | 'broken' | 'not run'

export type ShownCall = { name: string; service: string; depth: number; ms: number; args: unknown } & (
  | { outcome: unknown }
  | { refused: string }
)

export type StepReport = {
  /** From 1. */
  step: number
  decision: TrialDecision
  why: string
  advice?: string
  /** The version that served in the place of the one in use, which has withdrawn itself. */
  safe_version?: number
  user_id?: string
  /** What was proved, as `["password", "phone"]`; of what was granted. */
  factors?: string[]
  /** Rights that the run lacked. */
  denied?: string[]
  /** What a client would be answered, without tokens. */
  answer?: DoorAnswer
  /** What answers the challenge that this step led to. */
  code?: string
  calls: ShownCall[]
  /** Calls beyond those that are shown. */
  calls_left_out: number
  messages: ShownMessage[]
  requests: ShownRequest[]
  logs: string
  ms: number
}

export type TrialReport = {
  service: string
  version: number
  /** Whether that is what sign-ins are judged by now, an older version, or code that was never saved. */
  tried: 'current' | 'version' | 'code'
  /** What the trial saw only the newest rows of. */
  cut: Cut[]
  steps: StepReport[]
}

const mostCalls = 200
const mostShown = 50

/** What one step was seen to do. */
export class Seen {
  readonly services = new Set<string>()
  readonly strike: Strike
  /** That a message carried. */
  code: string | undefined
  readonly #calls: ShownCall[] = []
  #callsLeftOut = 0
  readonly #messages: ShownMessage[] = []
  readonly #requests: ShownRequest[] = []

  /** `hidden` is shown nowhere. */
  constructor(hidden: readonly string[] = []) {
    this.strike = striking(hidden)
  }

  readonly around: Around = async ({ name, args, service, depth }, answer) => {
    this.services.add(service)
    if (this.#calls.length === mostCalls) {
      this.#callsLeftOut += 1
      return answer()
    }
    const call = { name, service, depth, ms: 0, args: shown(args, this.strike) }
    // In the order in which they began.
    const place = this.#calls.push({ ...call, outcome: null }) - 1
    const began = performance.now()
    const over = (end: { outcome: unknown } | { refused: string }): void => {
      this.#calls[place] = { ...call, ms: rounded(performance.now() - began), ...end }
    }
    try {
      const outcome = await answer()
      over({ outcome: shown(outcome, this.strike) })
      return outcome
    } catch (error) {
      over({ refused: error instanceof GatehouseError ? this.strike(error.detail) : 'The node could not answer.' })
      throw error
    }
  }

  message(message: ShownMessage, code: string | undefined): void {
    if (this.#messages.length < mostShown) this.#messages.push(message)
    this.code = code ?? this.code
  }

  request(request: ShownRequest, raw: EgressRequest): void {
    if (this.#requests.length < mostShown) {
      this.#requests.push(struckAll(request, this.strike) as ShownRequest)
    }
    if (request.answered !== 'gateway' || request.status !== 201 || request.method !== 'POST') return
    const form = new URLSearchParams(raw.body?.toString('utf8') ?? '')
    const [to, body] = [form.get('To') ?? '', form.get('Body') ?? '']
    this.message({ to: masked(to), body, where: 'inbox', provider: 'gateway', state: 'accepted' }, codeIn(body))
  }

  report(): Pick<StepReport, 'calls' | 'calls_left_out' | 'messages' | 'requests'> {
    return {
      calls: this.#calls,
      calls_left_out: this.#callsLeftOut,
      messages: this.#messages,
      requests: this.#requests,
    }
  }

  /** Of every service that ran. */
  async logs(scope: SystemScope): Promise<string> {
    const texts: string[] = []
    for (const service of this.services) {
      for (const { text } of await listRunLogs(scope.data, service, mostShown)) texts.push(text)
    }
    return this.strike(texts.join('\n'))
  }
}

export const rounded = (ms: number): number => Math.round(ms * 100) / 100

/** What became of a sign-in stands in its trace, which the copy holds as the system would. */
export async function judgement(scope: SystemScope, { strike }: Seen): Promise<Partial<StepReport>> {
  const [trace] = await listTraces(scope.data, { limit: 1 })
  if (trace === undefined) return { decision: 'broken', why: 'The node could not judge it.' }
  const { decision, why, advice, userId, factors, denied, version, withdrawn } = trace
  return {
    decision: decision === 'failed' ? 'broken' : (decision as TrialDecision),
    why: strike(String(why)),
    ...(typeof advice === 'string' && { advice }),
    ...(withdrawn !== undefined && { safe_version: Number(version) }),
    ...(typeof userId === 'string' && { user_id: userId }),
    ...(typeof factors === 'string' && { factors: factors.split(' ').filter((one) => one !== '') }),
    ...(Array.isArray(denied) && { denied: denied.map(String) }),
  }
}

const noToken = '[none: it is a trial]'

/** A session was opened in the copy; what is shown of it is that there would be one. */
export function withoutSession({ status, body }: DoorAnswer, { strike }: Seen): DoorAnswer {
  const clean = struckAll(body, strike) as Record<string, unknown>
  for (const name of ['user_token', 'refresh_token']) if (clean?.[name]) clean[name] = noToken
  return { status, body: clean }
}
