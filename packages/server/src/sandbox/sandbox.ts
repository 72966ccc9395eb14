/**
 * Runs a developer's JavaScript with limits and a table of host functions. It knows tenants, scripts and endings; what
 * the host functions do, and what developers see, comes from outside (`prelude`, `host`).
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { Fault, Host, Job, Outcome, SandboxLog, Script } from './job.ts'
import { Pool } from './pool.ts'
import { strongestWalls, type Walls, type WallsInForce } from './walls.ts'

export type { Answer, Ending, Fault, Host, Job, Limits, Outcome, Script } from './job.ts'

export type SandboxOptions = {
  /** Source of a script whose value is `function (native, facts)`; called first in every context. */
  prelude: string
  /** Top-level runs at once in this node. */
  maxProcesses: number
  /** Top-level runs at once of one tenant. */
  placesPerTenant: number
  /** Runs at once of services that are known to wait, in this node and of one tenant. */
  waitingPlaces: { all: number; perTenant: number }
  /** Takes every run for one that waits, without having seen it wait; for tests of the processes that those share. */
  allWait?: boolean
  /** How long a run may wait for a place, in milliseconds. */
  waitMs: number
  /** Accept to run where the kernel gives no namespaces. */
  allowWeakWalls: boolean
  /** How long an idle process is kept, in milliseconds. */
  idleMs?: number
  log?: SandboxLog
  /** Told of host failures that are not a GatehouseError; their text never reaches the script. */
  onHostFailure?: (failure: { name: string; error: unknown }) => void
}

export type SandboxStatus = { processes: number; idle: number; waiting: number; walls: WallsInForce }

export type Sandbox = {
  /** Runs one job. Never rejects: whatever happens is an ending. */
  run(job: Job, host: Host): Promise<Outcome>
  /** V8's second opinion on a script: compiles it, inside an engine process, without running it. */
  checkScript(tenant: string, script: Script): Promise<Fault | undefined>
  status(): SandboxStatus
  /** Ends all engine processes; runs under way end `crashed`. */
  close(): Promise<void>
}

/**
 * Opens a sandbox. Rejects with a GatehouseError when the walls it can have are weaker than the options allow.
 * `findWalls` is only given by tests.
 */
export async function createSandbox(
  options: SandboxOptions,
  findWalls: () => Promise<Walls> = strongestWalls,
): Promise<Sandbox> {
  const walls = await findWalls()
  const { namespaces, emptyRoot } = walls.inForce
  if (!namespaces || !emptyRoot) {
    const detail =
      'The kernel gives no namespaces here, so a script that broke out of its isolate could reach this machine.'
    const hint = 'Allow user namespaces for the user that runs the node, install util-linux, or accept weak walls.'
    if (!options.allowWeakWalls) throw new GatehouseError('unavailable', detail, { hint })
    options.log?.warn({ walls: walls.inForce }, `${detail} ${hint}`)
  } else if (!walls.inForce.systemCalls) {
    options.log?.warn({ walls: walls.inForce }, 'No filter of system calls stands round the engines.')
  }
  const pool = new Pool({
    walls,
    prelude: options.prelude,
    maxProcesses: options.maxProcesses,
    placesPerTenant: options.placesPerTenant,
    waitingPlaces: options.waitingPlaces,
    allWait: options.allWait === true,
    waitMs: options.waitMs,
    idleMs: options.idleMs ?? 60_000,
    onTrouble: (trouble) => options.log?.warn(trouble, 'An engine process had to be given up'),
    onHostFailure: (failure) => {
      options.log?.error({ hostCall: failure.name, err: failure.error }, 'A host call failed')
      options.onHostFailure?.(failure)
    },
  })

  return {
    async run(job, host) {
      const { tenant, depth, signal } = job
      let kind: 'crashed' | 'no-place' | 'cancelled' = 'crashed'
      try {
        const facts = JSON.stringify(job.facts ?? null)
        // Without a limit on its time nothing would end one that cannot be stopped among others.
        const script = job.limits.wallMs > 0 ? job.scripts.at(-1) : undefined
        const outcome = await pool.withProcess({ tenant, depth, signal, script }, (child) =>
          child.run(job, facts, host),
        )
        if (typeof outcome === 'object') {
          if (script !== undefined) pool.learn(script, outcome)
          return outcome
        }
        if (outcome !== 'not-started') kind = outcome
      } catch (error) {
        options.log?.error({ err: error, tenant }, 'A run could not be started')
      }
      return { ending: { kind }, logs: [], logsCut: false, usage: { wallMs: 0, cpuMs: 0, hostCalls: 0, waitedMs: 0 } }
    },

    async checkScript(tenant, script) {
      const result = await pool.withProcess({ tenant, depth: 0 }, (child) => child.check(tenant, script))
      if (result === 'gone') {
        return { name: 'Error', message: 'Compiling this script took too long or too much memory', script: script.name }
      }
      if (typeof result !== 'string') return result
      throw new GatehouseError('unavailable', 'The script could not be checked: no engine process was free.', {
        hint: 'Try again in a moment.',
      })
    },

    status: () => ({ ...pool.status(), walls: walls.inForce }),
    close: () => pool.close(),
  }
}
