/** Every process that a benchmark starts is started here, so that all of them are ended, by their id, however it goes. */
import { type ChildProcess, fork, type SpawnOptions, spawn } from 'node:child_process'

/** A process of ours that answers questions. */
export type Worker = {
  pid: number
  ask<T>(what: string, given: object): Promise<T>
  end(): Promise<void>
}

type Question = { id: number; what: string; given: never }
type Reply = { id: number; value: unknown } | { id: number; error: string }

/** An answer takes as long as a round at most; this is for a worker that hangs. */
const patienceMs = 120_000
/** A process that was asked to end and has not by then is ended. */
const graceMs = 5_000

export class Children {
  readonly #running = new Set<ChildProcess>()

  constructor() {
    // Covers every way this process can end but SIGKILL; workers see even that, as their channel closes.
    process.on('exit', () => this.killAll())
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
      ['SIGHUP', 129],
    ] as const) {
      process.once(signal, () => process.exit(code))
    }
  }

  spawn(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
    return this.#watch(spawn(command, args, options))
  }

  /** Runs a TypeScript file that calls `answerQuestions`. */
  worker(file: string): Worker {
    const child = this.#watch(fork(file, { execArgv: [], serialization: 'advanced' }))
    const open = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
    let lastId = 0
    child.on('message', (reply: Reply) => {
      const asked = open.get(reply.id)
      if ('error' in reply) asked?.reject(new Error(reply.error))
      else asked?.resolve(reply.value as never)
    })
    child.once('exit', () => {
      for (const { reject } of open.values()) reject(new Error(`${file} ended before it answered`))
    })
    return {
      pid: child.pid!,
      async ask<T>(what: string, given: object): Promise<T> {
        const id = ++lastId
        let timer: NodeJS.Timeout | undefined
        try {
          return await new Promise<T>((resolve, reject) => {
            open.set(id, { resolve, reject })
            timer = setTimeout(() => reject(new Error(`${file} did not answer "${what}"`)), patienceMs)
            child.send({ id, what, given }, (error) => error && reject(error))
          })
        } finally {
          clearTimeout(timer)
          open.delete(id)
        }
      },
      end: () => {
        if (child.connected) child.disconnect()
        return this.end(child, undefined)
      },
    }
  }

  /** Asks a process to end, by a signal unless it knows already, and makes sure that it has. */
  async end(child: ChildProcess, signal: NodeJS.Signals | undefined = 'SIGTERM'): Promise<void> {
    if (!this.#running.has(child)) return
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    if (signal !== undefined) child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
    await ended
    clearTimeout(timer)
  }

  killAll(): void {
    for (const child of this.#running) child.kill('SIGKILL')
  }

  #watch(child: ChildProcess): ChildProcess {
    this.#running.add(child)
    const forget = () => this.#running.delete(child)
    child.once('exit', forget)
    // A program that could not be started at all has no exit.
    child.on('error', () => child.pid === undefined && forget())
    return child
  }
}

/** The other side of a worker. Ends this process when the one that started it is gone. */
export function answerQuestions(answers: Record<string, (given: never) => Promise<unknown>>): void {
  process.on('message', async ({ id, what, given }: Question) => {
    let reply: Reply
    try {
      reply = { id, value: await answers[what]!(given) }
    } catch (error) {
      reply = { id, error: error instanceof Error ? error.message : String(error) }
    }
    if (process.connected) process.send!(reply)
  })
  process.once('disconnect', () => process.exit(0))
}
