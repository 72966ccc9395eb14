/**
 * One engine process as the node sees it: it is sent jobs, and it is ended by SIGKILL the moment it is late, too large or
 * speaks nonsense. One kind serves a run at a time, the other many that mostly wait (`engine-process/`); which job goes where
 * is decided in `pool.ts`, and what a run may say is checked in `engine-run.ts`.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { type Duplex, PassThrough } from 'node:stream'
import { EngineRun, MAX_ARGUMENT_BYTES } from './engine-run.ts'
import { createFrameReader, encodeFrame, type Frame } from './frames.ts'
import type { Ending, Fault, Host, Job, Outcome, Script } from './job.ts'
import { faultFrom } from './told.ts'
import { processUsage } from './usage.ts'
import { engineProgram, type Walls, waitingEngineProgram } from './walls.ts'

/** Room for a head, and for the fault that may be in it. */
const HEAD_ROOM_BYTES = 512 * 1024
/** After its end a run may unwind for this long; then the process goes. */
const UNWIND_MS = 250
/** Most are gone sooner; while one is not, nobody else is let in beside it. */
const LATE_MS = 30
const WATCH_MS = 50
/** The isolate's own timeout comes first; this is for loops that it cannot interrupt. */
const CPU_GRACE_MS = 500
/** A started process counts from here: code, stacks and the isolate's bookkeeping. */
const RESIDENT_BASE_MB = 200
/** What each run more may take where there are many. They are known to be small; one that grows ends with its neighbours. */
const RESIDENT_EACH_MB = 8
/** Runs a process serves before it is replaced. */
const MAX_SERVED = 20_000
/** An idle process larger than this is replaced; looked at after long runs and every so many short ones. */
const WORN_BYTES = 320 * 1024 * 1024
const WORN_EVERY = 64
/** Sources kept in one engine process. */
const MAX_SOURCE_BYTES = 64 * 1024 * 1024
/** Replies that an engine process has not fetched. */
const MAX_UNREAD_BYTES = 64 * 1024 * 1024
const START_MS = 10_000
const CHECK_MS = 5000

export type EngineChildOptions = {
  walls: Walls
  /** Serves runs that mostly wait, many at once. */
  many?: boolean
  prelude: string
  onHostFailure: (failure: { name: string; error: unknown }) => void
  /** Called when the process ended by itself or had to be ended for what it sent: perhaps a script has broken out. */
  onTrouble: (trouble: { tenant: string | undefined; what: string }) => void
  /** Names a script by its name and content. */
  hashOf: (script: Script) => string
  /** Called when nothing of a run is left in the process, which can take another then; not for runs that it ended with. */
  onIdle: (child: EngineChild, job?: Job) => void
  /** Called once, when the process is gone or is being ended, with the jobs of the runs that were in it. */
  onGone: (child: EngineChild, jobs: Job[]) => void
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
  readonly #runs = new Map<number, EngineRun>()
  #check: { id: number; resolve: (result: Fault | undefined | 'gone') => void } | undefined
  readonly #unwinding = new Map<EngineRun, { since: number; timer: NodeJS.Timeout }>()
  #watching: NodeJS.Timeout | undefined
  #lastId = 0
  #residentSeen = 0
  #longestResult = 0
  #known = new Set<string>()
  #knownBytes = 0

  constructor(options: EngineChildOptions) {
    this.#options = options
    const { command, args } = options.walls.commandFor(options.many ? waitingEngineProgram : engineProgram)
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

  /** A run in it has ended and does not let go: perhaps the process has to go with it. */
  get doubtful(): boolean {
    const late = performance.now() - LATE_MS
    return [...this.#unwinding].some(([run, { since }]) => run.stopped || since < late)
  }

  /** Ends the process. Runs in it end `crashed`, but for `of`, which has the ending, and those that had theirs before. */
  kill(ending: Ending = { kind: 'crashed' }, of?: EngineRun): void {
    if (this.#gone) return
    this.#gone = true
    this.#child.kill('SIGKILL')
    this.#pipe.destroy()
    clearInterval(this.#watching)
    for (const { timer } of this.#unwinding.values()) clearTimeout(timer)
    this.#becomeReady(false)
    const runs = [...this.#runs.values()]
    this.#runs.clear()
    for (const run of runs) run.finish(run === of ? ending : { kind: 'crashed' })
    this.#check?.resolve('gone')
    this.#check = undefined
    this.#options.onGone(
      this,
      runs.map(({ job }) => job),
    )
  }

  /** Runs one job with its facts as JSON; of the one kind it must be idle. The outcome comes at the run's end, whether or not it has unwound. */
  run(job: Job, facts: string, host: Host): Promise<Outcome> {
    return new Promise((resolve) => {
      this.served++
      this.tenant ??= job.tenant
      const run = new EngineRun(++this.#lastId, job, host, this.#given, resolve)
      if (this.#gone) return run.finish({ kind: 'crashed' })
      this.#runs.set(run.id, run)
      this.#longestResult = Math.max(this.#longestResult, job.limits.resultBytes)
      if (job.signal?.aborted) {
        run.finish({ kind: 'cancelled' })
        setImmediate(() => this.#gone || this.#over(run))
        return
      }
      if (job.limits.wallMs > 0) {
        const late = () => afterReading(() => run.ended || this.#giveUp(run, { kind: 'timed-out', limit: 'wall' }))
        run.timers.add(setTimeout(late, job.limits.wallMs))
      }
      this.#watch(run)
      if (job.signal) {
        const cancel = () => this.#giveUp(run, { kind: 'cancelled' })
        job.signal.addEventListener('abort', cancel, { once: true, signal: run.signal })
      }
      const { limits, entry } = job
      const scripts = this.#sourcesFor(job.scripts)
      this.#send({ t: 'run', run: run.id, entry, limits, maxArguments: MAX_ARGUMENT_BYTES, ...scripts }, facts)
    })
  }

  /** Compiles without running, in a process of the one kind. `'gone'` when the process ended over it. */
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

  readonly #given = {
    send: (head: object, body: string): void => {
      this.#send(head, body)
      if (this.#pipe.writableLength > MAX_UNREAD_BYTES) this.kill()
    },
    giveUp: (run: EngineRun, ending: Ending): void => this.#giveUp(run, ending),
    onHostFailure: (failure: { name: string; error: unknown }): void => this.#options.onHostFailure(failure),
  }

  /** Alone in its process a run ends with it. Among others its isolate is thrown away; the process goes if that does not help. */
  #giveUp(run: EngineRun, ending: Ending): void {
    if (!this.#options.many) {
      this.kill(ending, run)
      return
    }
    if (run.ended || this.#gone) return
    run.stopped = true
    this.#send({ t: 'stop', run: run.id })
    run.finish(ending)
    this.#unwind(run)
  }

  #unwind(run: EngineRun): void {
    const late = () => afterReading(() => this.#unwinding.has(run) && this.kill())
    this.#unwinding.set(run, { since: performance.now(), timer: setTimeout(late, UNWIND_MS) })
  }

  #send(head: object, body = ''): void {
    if (!this.#gone) this.#pipe.write(encodeFrame(head, body))
  }

  #maxFrame(): number {
    return Math.max(MAX_ARGUMENT_BYTES, this.#longestResult) + HEAD_ROOM_BYTES
  }

  #distrust(what: string): void {
    this.#options.onTrouble({ tenant: this.tenant, what })
    this.kill()
  }

  #lost(signal: NodeJS.Signals | null): void {
    if (this.#gone) return
    const alone = this.#alone()
    // V8 and the allocator end the process themselves when they get no more memory.
    const full = signal === 'SIGABRT' || signal === 'SIGTRAP' || signal === 'SIGILL'
    if (full && alone !== undefined && this.#residentSeen > this.#residentCap() / 3) {
      this.kill({ kind: 'out-of-memory' }, alone)
      return
    }
    this.#options.onTrouble({ tenant: this.tenant, what: `it ended by itself (${signal ?? 'no signal'})` })
    this.kill()
  }

  /** Memory of the process as long as somebody runs, and of one that runs alone its processor time. */
  #watch(run: EngineRun): void {
    if (this.#options.many) {
      this.#watching ??= setInterval(() => this.#look(this.#alone()), WATCH_MS)
      return
    }
    this.#residentSeen = 0
    let cpuBefore: number | undefined
    const look = () => {
      const usage = this.#look(run)
      if (!usage || run.ended) return
      cpuBefore ??= Math.max(0, usage.cpuMs - (performance.now() - run.began))
      run.cpuSeen = Math.max(run.cpuSeen, usage.cpuMs - cpuBefore)
      const { cpuMs } = run.job.limits
      if (cpuMs > 0 && run.cpuSeen > cpuMs * 1.1 + CPU_GRACE_MS) this.kill({ kind: 'timed-out', limit: 'cpu' }, run)
    }
    run.timers.add(setInterval(look, WATCH_MS))
  }

  #alone(): EngineRun | undefined {
    const [run, ...others] = this.#runs.values()
    return others.length === 0 ? run : undefined
  }

  #look(alone: EngineRun | undefined) {
    const usage = processUsage(this.pid)
    if (!usage || this.#gone) return undefined
    this.#residentSeen = Math.max(this.#residentSeen, usage.residentBytes)
    if (usage.residentBytes > this.#residentCap()) this.kill({ kind: 'out-of-memory' }, alone)
    return usage
  }

  #residentCap(): number {
    const runs = [...this.#runs.values()]
    const largest = Math.max(0, ...runs.map(({ job }) => job.limits.memoryMb))
    const more = this.#options.many ? runs.length * RESIDENT_EACH_MB : 0
    return (RESIDENT_BASE_MB + 3 * largest + more) * 1024 * 1024
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
  #hear(frame: Frame): boolean {
    const { head } = frame
    if (head.t === 'ready') {
      if (this.#isReady) return false
      this.#isReady = true
      this.#becomeReady(true)
      return true
    }
    if (head.t === 'checked') return this.#hearChecked(head)
    const run = typeof head.run === 'number' ? this.#runs.get(head.run) : undefined
    if (!run) return false
    if (head.t === 'idle') return this.#hearIdle(run, head)
    if (!run.hear(frame)) return false
    if (run.ended && !run.stopped && !this.#gone) this.#unwind(run)
    return true
  }

  #hearIdle(run: EngineRun, head: Record<string, unknown>): boolean {
    if (!run.ended) return false
    if (head.retire === true) this.kill()
    else this.#over(run)
    return true
  }

  /** Nothing of the run is left. */
  #over(run: EngineRun): void {
    clearTimeout(this.#unwinding.get(run)?.timer)
    this.#unwinding.delete(run)
    this.#runs.delete(run.id)
    if (this.#runs.size === 0) {
      clearInterval(this.#watching)
      this.#watching = undefined
    }
    this.#options.onIdle(this, run.job)
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
