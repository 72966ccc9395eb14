/**
 * One run as the node sees it: what its engine process says of it is checked here, its host calls are answered, and it has one
 * ending, the first. The process that it is in, and ending that, is `engine-child.ts`.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { type Frame, isRecord, parseJson } from './frames.ts'
import type { Ending, Host, Job, LogEntry, Outcome, Waiting } from './job.ts'
import { endingFrom, failure } from './told.ts'

/** Arguments of one host call, as JSON. */
export const MAX_ARGUMENT_BYTES = 4 * 1024 * 1024
/** One answer of the host, as JSON; the engine's own frame limit is above it. */
const MAX_REPLY_BYTES = 32 * 1024 * 1024
/** Started calls under way in one run; the engine refuses earlier, so more means it has been taken over. */
const MAX_OUTSTANDING = 1001
/** Arguments of all calls under way in one run. */
const MAX_HELD_BYTES = 32 * 1024 * 1024
/** Arguments of all calls of a run: reading them is the node's own work, which all tenants share. */
const ARGUMENT_BUDGET_BYTES = 64 * 1024 * 1024
const ARGUMENT_BUDGET_BYTES_PER_MS = 1000
const MAX_SLEEP_MS = 2 ** 31 - 1

/** What a run may do to the process that it is in. */
export type InProcess = {
  send(head: object, body: string): void
  /** Gives this run its ending, and ends what is left of it. */
  giveUp(run: EngineRun, ending: Ending): void
  onHostFailure(failure: { name: string; error: unknown }): void
}

export class EngineRun {
  readonly id: number
  readonly job: Job
  readonly began = performance.now()
  readonly timers = new Set<NodeJS.Timeout>()
  /** Processor time that was seen from outside; the engine's own word stands above it. */
  cpuSeen = 0
  ended = false
  /** It was ended while it ran: what it still says was on its way. */
  stopped = false
  /** Aborts when the run has ended. */
  readonly signal: AbortSignal
  readonly #abort = new AbortController()
  readonly #host: Host
  readonly #process: InProcess
  readonly #resolve: (outcome: Outcome) => void
  readonly #logs: LogEntry[] = []
  #logBytes = 0
  #logsCut = false
  #calls = 0
  #blocking = false
  readonly #outstanding = new Set<number>()
  #heldBytes = 0
  #argumentBytes = 0
  /** What the run waits for now, with when that began. */
  readonly #waits = new Map<Promise<unknown>, number>()
  #waitedMs = 0

  constructor(id: number, job: Job, host: Host, process: InProcess, resolve: (outcome: Outcome) => void) {
    this.id = id
    this.job = job
    this.#host = host
    this.#process = process
    this.#resolve = resolve
    this.signal = this.#abort.signal
  }

  /** Takes one frame. False when it is one that an engine process in order would not have sent. */
  hear({ head, body }: Frame): boolean {
    if (this.stopped) return head.t === 'log' || head.t === 'call' || head.t === 'start' || head.t === 'end'
    // The run has had its end: whatever still speaks for it is not the engine that we started.
    if (this.ended) return false
    if (head.t === 'log') return this.#hearLog(head, body)
    if (head.t === 'call' || head.t === 'start') return this.#hearCall(head, body)
    return head.t === 'end' && this.#hearEnd(head, body)
  }

  finish(ending: Ending, cpuMs?: number): void {
    if (this.ended) return
    this.ended = true
    for (const timer of this.timers) clearTimeout(timer)
    this.timers.clear()
    // A reason of our own: without one a whole exception is made for each run.
    this.#abort.abort('The run has ended')
    for (const work of this.#waits.keys()) this.#countWait(work)
    const usage = {
      wallMs: performance.now() - this.began,
      cpuMs: cpuMs ?? this.cpuSeen,
      hostCalls: this.#calls,
      waitedMs: this.#waitedMs,
    }
    this.#resolve({ ending, logs: this.#logs, logsCut: this.#logsCut, usage })
  }

  #hearLog(head: Record<string, unknown>, body: Buffer): boolean {
    if (typeof head.level !== 'string' || head.level.length > 20) return false
    // The engine counts a little more for each entry and cuts there; more than the limit cannot come from one in order.
    this.#logBytes += body.length + 8
    if (this.#logBytes > this.job.limits.logBytes) return false
    this.#logs.push({ level: head.level, text: body.toString('utf8') })
    return true
  }

  #hearCall(head: Record<string, unknown>, body: Buffer): boolean {
    const { id, name } = head
    if (typeof id !== 'number' || typeof name !== 'string' || this.#outstanding.has(id)) return false
    if (this.#blocking || this.#outstanding.size >= MAX_OUTSTANDING || body.length > MAX_ARGUMENT_BYTES) return false
    // Timers are no burden for the host; how many may be pending is limited all the same.
    if (name !== 'sleep') this.#calls++
    if (this.job.limits.hostCalls > 0 && this.#calls > this.job.limits.hostCalls) {
      this.#process.giveUp(this, { kind: 'too-much', limit: 'host-calls' })
      return true
    }
    this.#outstanding.add(id)
    this.#heldBytes += body.length
    this.#argumentBytes += body.length
    const tooMuch = this.#tooMuchAtOnce()
    const args = tooMuch ? null : parseJson(body)
    if (args === undefined) return false
    if (head.t === 'call') this.#blocking = true
    this.#answerCall(name, args, tooMuch).then((reply) => {
      this.#outstanding.delete(id)
      this.#heldBytes -= body.length
      if (head.t === 'call') this.#blocking = false
      if (this.ended) return
      this.#process.send({ t: 'reply', run: this.id, id }, reply)
    })
    return true
  }

  readonly #waiting: Waiting = async (work) => {
    if (!this.ended) this.#waits.set(work, performance.now())
    try {
      return await work
    } finally {
      this.#countWait(work)
    }
  }

  #countWait(work: Promise<unknown>): void {
    const began = this.#waits.get(work)
    if (began === undefined) return
    this.#waits.delete(work)
    this.#waitedMs += performance.now() - began
  }

  #hearEnd(head: Record<string, unknown>, body: Buffer): boolean {
    const ending = endingFrom(head.ending, body, this.job)
    if (!ending) return false
    this.#logsCut = head.logsCut === true
    this.finish(ending, typeof head.cpuMs === 'number' ? head.cpuMs : undefined)
    return true
  }

  /** Why the arguments of one more call are not read, if they are not. */
  #tooMuchAtOnce(): string | undefined {
    if (this.#heldBytes > MAX_HELD_BYTES) {
      return 'The calls under way together have too long arguments. Wait for some of them before starting more.'
    }
    const budget = ARGUMENT_BUDGET_BYTES + (performance.now() - this.began) * ARGUMENT_BUDGET_BYTES_PER_MS
    if (this.#argumentBytes <= budget) return undefined
    return 'This run has passed too many bytes to the platform. Pass less, or split the work into several runs.'
  }

  /** The reply to one host call as JSON; never rejects. */
  async #answerCall(name: string, args: unknown, tooMuch: string | undefined): Promise<string> {
    try {
      if (tooMuch) throw new GatehouseError('tooLarge', tooMuch)
      const more = { signal: this.signal, waiting: this.#waiting }
      const value = await (name === 'sleep' ? this.#waiting(this.#sleep(args)) : this.#host(name, args, more))
      const reply = JSON.stringify({ ok: true, value })
      if (reply.length <= MAX_REPLY_BYTES && Buffer.byteLength(reply) <= MAX_REPLY_BYTES) return reply
      const detail = `The answer of ${name} is longer than ${MAX_REPLY_BYTES} bytes. Ask for less at a time.`
      return failure(new GatehouseError('tooLarge', detail))
    } catch (error) {
      if (error instanceof GatehouseError) {
        if (error.kind === 'unavailable' && error.cause !== undefined) {
          this.#process.onHostFailure({ name, error: error.cause })
        }
        return failure(error)
      }
      this.#process.onHostFailure({ name, error })
      return failure(new GatehouseError('internal', 'The platform could not answer this call.'))
    }
  }

  /** Timers are ours, so that no host has to think of them. */
  #sleep(args: unknown): Promise<null> {
    const asked = isRecord(args) && typeof args.ms === 'number' && args.ms > 0 ? args.ms : 0
    return new Promise((resolve) => {
      const timer = setTimeout(
        () => {
          this.timers.delete(timer)
          resolve(null)
        },
        Math.min(asked, MAX_SLEEP_MS),
      )
      this.timers.add(timer)
    })
  }
}
