/**
 * What is asked of the sandbox and what comes back: plain values, no behaviour.
 */

/**
 * Code as stored by `compileScript()`; `name` is the file name in stack traces. A script that is run often is best kept
 * as one object and never changed: what is known about it is found by the object.
 */
export type Script = { readonly name: string; readonly code: string }

/**
 * What one run may use. 0 means no limit for `wallMs`, `cpuMs` and `hostCalls`. `cpuMs` counts computing only, not waiting
 * for the host; it goes by the clock, so a machine with too much to do ends runs earlier. `resultBytes` is the answer's
 * JSON, `logBytes` all log entries together, `hostCalls` blocking and started ones together, timers not counted.
 */
export type Limits = {
  wallMs: number
  cpuMs: number
  memoryMb: number
  resultBytes: number
  logBytes: number
  hostCalls: number
}

export type Job = {
  /** A process only ever serves one tenant. */
  tenant: string
  /** Evaluated in this order in one global scope. */
  scripts: Script[]
  /** Name of the global function to call once all scripts have loaded, unless the run answered while loading. */
  entry: string
  /** JSON for the prelude. */
  facts: unknown
  limits: Limits
  /** 0 at top level; a run started on behalf of another run is one deeper and never waits for its parent's place. */
  depth: number
  /** Ends the run with the ending `cancelled`. */
  signal?: AbortSignal
}

/**
 * Answers a host call. A GatehouseError reaches the script with its code, message and detail; any other failure as a
 * neutral error, and is reported to `onHostFailure`. `signal` aborts when the run has ended, however it ended; what waits for
 * somebody else goes through `waiting`.
 */
export type Host = (name: string, args: unknown, more: { signal: AbortSignal; waiting: Waiting }) => Promise<unknown>

/**
 * Hands on what it is given, and counts until then: for what somebody far away or slow is asked, never for the node's own
 * work. What a service spends there says which engine suits it.
 */
export type Waiting = <T>(work: Promise<T>) => Promise<T>

export type Answer =
  | { success: boolean; value: unknown }
  | { send: unknown; status?: number; headers?: Record<string, string> }

/** What a script threw: bounded plain texts, made inside the context. */
export type Fault = { name: string; message: string; script?: string; line?: number; stack?: string }

/** Every way a run can end. */
export type Ending =
  | { kind: 'answered'; answer: Answer }
  | { kind: 'silent' }
  | { kind: 'threw'; error: Fault }
  | { kind: 'would-not-load'; script: string; error: Fault }
  | { kind: 'no-entry' }
  | { kind: 'timed-out'; limit: 'wall' | 'cpu' }
  | { kind: 'out-of-memory' }
  | { kind: 'too-much'; limit: 'result' | 'host-calls' }
  | { kind: 'crashed' }
  | { kind: 'cancelled' }
  | { kind: 'no-place' }

export type LogEntry = { level: string; text: string }

export type Outcome = {
  ending: Ending
  logs: LogEntry[]
  /** True when entries were dropped because the log limit was reached. */
  logsCut: boolean
  /** `waitedMs`: in what the host said to be waiting, and in timers; calls under way at once count each. */
  usage: { wallMs: number; cpuMs: number; hostCalls: number; waitedMs: number }
}

/** Where the sandbox reports what an operator should know; any pino logger fits. */
export type SandboxLog = {
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}
