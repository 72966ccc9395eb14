/**
 * One engine process as the node sees it: it is sent a job, its host calls are answered, and it is ended by SIGKILL the
 * moment it is late, too large or speaks nonsense. Which job goes where is decided in `pool.ts`.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { type Duplex, PassThrough } from 'node:stream'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { createFrameReader, encodeFrame, type Frame, isRecord, parseJson } from './frames.ts'
import type { Ending, Fault, Host, Job, LogEntry, Outcome, Script } from './job.ts'
import { endingFrom, failure, faultFrom } from './told.ts'
import { processUsage } from './usage.ts'
import { engineProgram, type Walls } from './walls.ts'

/** Arguments of one host call, as JSON. */
const MAX_ARGUMENT_BYTES = 4 * 1024 * 1024
/** One answer of the host, as JSON; the engine's own frame limit is above it. */
const MAX_REPLY_BYTES = 32 * 1024 * 1024
/** Room for a head, and for the fault that may be in it. */
const HEAD_ROOM_BYTES = 512 * 1024
/** Started calls under way in one run; the engine refuses earlier, so more means it has been taken over. */
const MAX_OUTSTANDING = 1001
/** After its answer a run may unwind for this long; then the process goes. */
const UNWIND_MS = 250
const WATCH_MS = 50
/** The isolate's own timeout comes first; this is for loops that it cannot interrupt. */
const CPU_GRACE_MS = 500
/** A started process counts from here: code, stacks and the isolate's bookkeeping. */
const RESIDENT_BASE_MB = 200
/** Runs a process serves before it is replaced. */
const MAX_SERVED = 20_000
/** An idle process larger than this is replaced; looked at after long runs and every so many short ones. */
const WORN_BYTES = 320 * 1024 * 1024
const WORN_EVERY = 64
/** Sources kept in one engine process. */
const MAX_SOURCE_BYTES = 64 * 1024 * 1024
/** Arguments of all calls under way in one run. */
const MAX_HELD_BYTES = 32 * 1024 * 1024
/** Arguments of all calls of a run: reading them is the node's own work, which all tenants share. */
const ARGUMENT_BUDGET_BYTES = 64 * 1024 * 1024
const ARGUMENT_BUDGET_BYTES_PER_MS = 1000
/** Replies that an engine process has not fetched. */
const MAX_UNREAD_BYTES = 64 * 1024 * 1024
const MAX_SLEEP_MS = 2 ** 31 - 1
const START_MS = 10_000
const CHECK_MS = 5000

type Run = {
  id: number
  job: Job
  host: Host
  abort: AbortController
  began: number
  /** Processor time of the process when the run began, as far as the first look tells. */
  cpuBefore: number | undefined
  cpuSeen: number
  residentSeen: number
  logs: LogEntry[]
  logBytes: number
  logsCut: boolean
  calls: number
  blocking: boolean
  outstanding: Set<number>
  heldBytes: number
  argumentBytes: number
  timers: Set<NodeJS.Timeout>
  ended: boolean
  resolve: (outcome: Outcome) => void
}

export type EngineChildOptions = {
  walls: Walls
  prelude: string
  onHostFailure: (failure: { name: string; error: unknown }) => void
  /** Called when the process ended by itself or had to be ended for what it sent: perhaps a script has broken out. */
  onTrouble: (trouble: { tenant: string | undefined; what: string }) => void
  /** Names a script by its name and content. */
  hashOf: (script: Script) => string
  /** Called when the process can take another job. */
  onIdle: (child: EngineChild) => void
  /** Called once, when the process is gone or is being ended. */
  onGone: (child: EngineChild) => void
}

export class EngineChild {
  /** Set when it is given its first job, and never changed. */
  tenant: string | undefined
  /** Runs it has served. */
  served = 0
  readonly pid: number | undefined
  readonly ready: Promise<boolean>
  /** Settles when the operating system says that the process has ended. */
  readonly exited: Promise<void>

  readonly #options: EngineChildOptions
  readonly #child: ChildProcess
  readonly #pipe: Duplex
  #gone = false
  #isReady = false
  #becomeReady: (ready: boolean) => void = () => {}
  #run: Run | undefined
  #check: { id: number; resolve: (result: Fault | undefined | 'gone') => void } | undefined
  #unwind: NodeJS.Timeout | undefined
  #lastId = 0
  #residentSeen = 0
  #known = new Set<string>()
  #knownBytes = 0

  constructor(options: EngineChildOptions) {
    this.#options = options
    const { command, args } = options.walls.commandFor(engineProgram)
    this.#child = spawn(command, args, {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      env: {},
      cwd: '/',
    })
    this.pid = this.#child.pid
    // When the system has no process or descriptor to give, there is no pipe; the error event then says so.
    this.#pipe = (this.#child.stdio?.[3] as Duplex | undefined) ?? new PassThrough()
    yieldTo(this.pid)
    this.exited = new Promise((resolve) => {
      this.#child.once('exit', (_code, signal) => {
        this.#lost(signal)
        resolve()
      })
      this.#child.once('error', () => {
        this.#lost(null)
        resolve()
      })
    })
    this.ready = new Promise((resolve) => {
      const timer = setTimeout(() => this.kill(), START_MS)
      this.#becomeReady = (ready) => {
        clearTimeout(timer)
        resolve(ready)
      }
    })
    this.#pipe.on('error', () => this.kill())
    const reader = createFrameReader(() => this.#maxFrame())
    this.#pipe.on('data', (chunk: Buffer) => {
      if (this.#gone) return
      const frames = reader.push(chunk)
      if (frames === 'nonsense') return this.#distrust('it sent bytes that are no frame')
      for (const frame of frames) {
        if (this.#gone) return
        if (!this.#hear(frame)) return this.#distrust('it sent a frame that was not its turn to send')
      }
    })
    this.#send({ t: 'hello' }, options.prelude)
  }

  /** True when it has grown so much that the next run should get another process. */
  get worn(): boolean {
    if (this.served >= MAX_SERVED) return true
    if (this.#residentSeen <= WORN_BYTES && this.served % WORN_EVERY !== 0) return false
    return (processUsage(this.pid)?.residentBytes ?? 0) > WORN_BYTES
  }

  get gone(): boolean {
    return this.#gone
  }

  /** Ends the process. A run in it ends `crashed` unless it was given its ending before. */
  kill(ending: Ending = { kind: 'crashed' }): void {
    if (this.#gone) return
    this.#gone = true
    this.#child.kill('SIGKILL')
    this.#pipe.destroy()
    clearTimeout(this.#unwind)
    this.#becomeReady(false)
    if (this.#run) this.#finish(this.#run, ending)
    this.#run = undefined
    this.#check?.resolve('gone')
    this.#check = undefined
    this.#options.onGone(this)
  }

  /** Runs one job with its facts as JSON. The process must be idle; the outcome comes at the run's end, whether or not it has unwound. */
  run(job: Job, facts: string, host: Host): Promise<Outcome> {
    return new Promise((resolve) => {
      this.served++
      this.tenant ??= job.tenant
      const run: Run = {
        id: ++this.#lastId,
        job,
        host,
        abort: new AbortController(),
        began: performance.now(),
        cpuBefore: undefined,
        cpuSeen: 0,
        residentSeen: 0,
        logs: [],
        logBytes: 0,
        logsCut: false,
        calls: 0,
        blocking: false,
        outstanding: new Set(),
        heldBytes: 0,
        argumentBytes: 0,
        timers: new Set(),
        ended: false,
        resolve,
      }
      this.#run = run
      if (this.#gone) return this.#finish(run, { kind: 'crashed' })
      if (job.limits.wallMs > 0) {
        const late = () => afterReading(() => run.ended || this.kill({ kind: 'timed-out', limit: 'wall' }))
        run.timers.add(setTimeout(late, job.limits.wallMs))
      }
      run.timers.add(setInterval(() => this.#watch(run), WATCH_MS))
      if (job.signal) {
        const cancel = () => this.kill({ kind: 'cancelled' })
        if (job.signal.aborted) return cancel()
        job.signal.addEventListener('abort', cancel, { once: true, signal: run.abort.signal })
      }
      const { limits, entry } = job
      const scripts = this.#sourcesFor(job.scripts)
      this.#send({ t: 'run', run: run.id, entry, limits, maxArguments: MAX_ARGUMENT_BYTES, ...scripts }, facts)
    })
  }

  /** Compiles without running. `'gone'` when the process ended over it. */
  check(tenant: string, script: Script): Promise<Fault | undefined | 'gone'> {
    return new Promise((resolve) => {
      this.tenant ??= tenant
      if (this.#gone) return resolve('gone')
      const timer = setTimeout(() => this.kill(), CHECK_MS)
      const id = ++this.#lastId
      this.#check = {
        id,
        resolve: (result) => {
          clearTimeout(timer)
          resolve(result)
        },
      }
      this.#send({ t: 'check', id, name: script.name, code: script.code })
    })
  }

  #send(head: object, body = ''): void {
    if (!this.#gone) this.#pipe.write(encodeFrame(head, body))
  }

  #maxFrame(): number {
    return Math.max(MAX_ARGUMENT_BYTES, this.#run?.job.limits.resultBytes ?? 0) + HEAD_ROOM_BYTES
  }

  #distrust(what: string): void {
    this.#options.onTrouble({ tenant: this.tenant, what })
    this.kill()
  }

  #lost(signal: NodeJS.Signals | null): void {
    if (this.#gone) return
    const run = this.#run
    // V8 and the allocator end the process themselves when they get no more memory.
    const full = signal === 'SIGABRT' || signal === 'SIGTRAP' || signal === 'SIGILL'
    const large = run !== undefined && run.residentSeen > residentCap(run.job) / 3
    if (full && large) {
      this.kill({ kind: 'out-of-memory' })
      return
    }
    this.#options.onTrouble({ tenant: this.tenant, what: `it ended by itself (${signal ?? 'no signal'})` })
    this.kill()
  }

  #finish(run: Run, ending: Ending, cpuMs?: number): void {
    if (run.ended) return
    run.ended = true
    for (const timer of run.timers) clearTimeout(timer)
    run.timers.clear()
    // A reason of our own: without one a whole exception is made for each run.
    run.abort.abort('The run has ended')
    run.resolve({
      ending,
      logs: run.logs,
      logsCut: run.logsCut,
      usage: { wallMs: performance.now() - run.began, cpuMs: cpuMs ?? run.cpuSeen, hostCalls: run.calls },
    })
  }

  #watch(run: Run): void {
    const usage = processUsage(this.pid)
    if (!usage || run.ended) return
    run.cpuBefore ??= Math.max(0, usage.cpuMs - (performance.now() - run.began))
    run.cpuSeen = Math.max(run.cpuSeen, usage.cpuMs - run.cpuBefore)
    run.residentSeen = Math.max(run.residentSeen, usage.residentBytes)
    this.#residentSeen = usage.residentBytes
    const { cpuMs } = run.job.limits
    if (usage.residentBytes > residentCap(run.job)) this.kill({ kind: 'out-of-memory' })
    else if (cpuMs > 0 && run.cpuSeen > cpuMs * 1.1 + CPU_GRACE_MS) this.kill({ kind: 'timed-out', limit: 'cpu' })
  }

  /** Names the scripts by hash and adds the text of those that this process has not seen. */
  #sourcesFor(scripts: Script[]) {
    const hashes = scripts.map(this.#options.hashOf)
    const forget = this.#knownBytes > MAX_SOURCE_BYTES
    if (forget) {
      this.#known.clear()
      this.#knownBytes = 0
    }
    const sources: { hash: string; name: string; code: string }[] = []
    hashes.forEach((key, i) => {
      if (this.#known.has(key)) return
      const { name, code } = scripts[i]!
      this.#known.add(key)
      this.#knownBytes += code.length
      sources.push({ hash: key, name, code })
    })
    return { scripts: hashes, sources, forget }
  }

  /** Takes one frame. False when it is one that an engine process in order would not have sent. */
  #hear({ head, body }: Frame): boolean {
    if (head.t === 'ready') {
      if (this.#isReady) return false
      this.#isReady = true
      this.#becomeReady(true)
      return true
    }
    if (head.t === 'checked') return this.#hearChecked(head)
    const run = this.#run
    if (!run || head.run !== run.id) return false
    if (head.t === 'idle') {
      if (!run.ended) return false
      clearTimeout(this.#unwind)
      this.#run = undefined
      if (head.retire === true) this.kill()
      else this.#options.onIdle(this)
      return true
    }
    // The run has had its end: whatever still speaks for it is not the engine that we started.
    if (run.ended) return false
    if (head.t === 'log') return this.#hearLog(run, head, body)
    if (head.t === 'call' || head.t === 'start') return this.#hearCall(run, head, body)
    if (head.t === 'end') return this.#hearEnd(run, head, body)
    return false
  }

  #hearChecked(head: Record<string, unknown>): boolean {
    const check = this.#check
    if (!check || head.id !== check.id) return false
    const fault = head.fault === undefined ? undefined : faultFrom(head.fault)
    if (fault === 'nonsense') return false
    this.#check = undefined
    check.resolve(fault)
    this.#options.onIdle(this)
    return true
  }

  #hearLog(run: Run, head: Record<string, unknown>, body: Buffer): boolean {
    if (typeof head.level !== 'string' || head.level.length > 20) return false
    // The engine counts a little more for each entry and cuts there; more than the limit cannot come from one in order.
    run.logBytes += body.length + 8
    if (run.logBytes > run.job.limits.logBytes) return false
    run.logs.push({ level: head.level, text: body.toString('utf8') })
    return true
  }

  #hearCall(run: Run, head: Record<string, unknown>, body: Buffer): boolean {
    const { id, name } = head
    if (typeof id !== 'number' || typeof name !== 'string' || run.outstanding.has(id)) return false
    if (run.blocking || run.outstanding.size >= MAX_OUTSTANDING || body.length > MAX_ARGUMENT_BYTES) return false
    // Timers are no burden for the host; how many may be pending is limited all the same.
    if (name !== 'sleep') run.calls++
    if (run.job.limits.hostCalls > 0 && run.calls > run.job.limits.hostCalls) {
      this.kill({ kind: 'too-much', limit: 'host-calls' })
      return true
    }
    run.outstanding.add(id)
    run.heldBytes += body.length
    run.argumentBytes += body.length
    const tooMuch = tooMuchAtOnce(run)
    const args = tooMuch ? null : parseJson(body)
    if (args === undefined) return false
    if (head.t === 'call') run.blocking = true
    this.#answerCall(run, name, args, tooMuch).then((reply) => {
      run.outstanding.delete(id)
      run.heldBytes -= body.length
      if (head.t === 'call') run.blocking = false
      if (run.ended) return
      this.#send({ t: 'reply', run: run.id, id }, reply)
      if (this.#pipe.writableLength > MAX_UNREAD_BYTES) this.kill({ kind: 'out-of-memory' })
    })
    return true
  }

  #hearEnd(run: Run, head: Record<string, unknown>, body: Buffer): boolean {
    const ending = endingFrom(head.ending, body, run.job)
    if (!ending) return false
    run.logsCut = head.logsCut === true
    this.#unwind = setTimeout(() => afterReading(() => this.#run === run && this.kill()), UNWIND_MS)
    this.#finish(run, ending, typeof head.cpuMs === 'number' ? head.cpuMs : undefined)
    return true
  }

  /** The reply to one host call as JSON; never rejects. */
  async #answerCall(run: Run, name: string, args: unknown, tooMuch: string | undefined): Promise<string> {
    try {
      if (tooMuch) throw new GatehouseError('tooLarge', tooMuch)
      const value = name === 'sleep' ? await sleep(run, args) : await run.host(name, args, { signal: run.abort.signal })
      const reply = JSON.stringify({ ok: true, value })
      if (reply.length <= MAX_REPLY_BYTES && Buffer.byteLength(reply) <= MAX_REPLY_BYTES) return reply
      const detail = `The answer of ${name} is longer than ${MAX_REPLY_BYTES} bytes. Ask for less at a time.`
      return failure(new GatehouseError('tooLarge', detail))
    } catch (error) {
      if (error instanceof GatehouseError) {
        if (error.kind === 'unavailable' && error.cause !== undefined) {
          this.#options.onHostFailure({ name, error: error.cause })
        }
        return failure(error)
      }
      this.#options.onHostFailure({ name, error })
      return failure(new GatehouseError('internal', 'The platform could not answer this call.'))
    }
  }
}

/** Why the arguments of one more call are not read, if they are not. */
function tooMuchAtOnce(run: Run): string | undefined {
  if (run.heldBytes > MAX_HELD_BYTES) {
    return 'The calls under way together have too long arguments. Wait for some of them before starting more.'
  }
  const budget = ARGUMENT_BUDGET_BYTES + (performance.now() - run.began) * ARGUMENT_BUDGET_BYTES_PER_MS
  if (run.argumentBytes <= budget) return undefined
  return 'This run has passed too many bytes to the platform. Pass less, or split the work into several runs.'
}

/** A busy node finds its timers due before it has read what came in time; this lets it read first. */
function afterReading(then: () => void): void {
  setImmediate(then)
}

/** Scripts yield to the node: whatever they compute, it still answers. */
function yieldTo(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // Gone already, or a system that has no priorities: not worth a run.
  }
}

function residentCap(job: Job): number {
  return (RESIDENT_BASE_MB + 3 * job.limits.memoryMb) * 1024 * 1024
}

/** Timers are ours, so that no host has to think of them. */
function sleep(run: Run, args: unknown): Promise<null> {
  const asked = isRecord(args) && typeof args.ms === 'number' && args.ms > 0 ? args.ms : 0
  return new Promise((resolve) => {
    const timer = setTimeout(
      () => {
        run.timers.delete(timer)
        resolve(null)
      },
      Math.min(asked, MAX_SLEEP_MS),
    )
    run.timers.add(timer)
  })
}
