/**
 * Records sign-ins that the auth service judged, where the system says so, so that they can be replayed against other code.
 * During a sign-in it only looks on. Afterwards, in the background, secrets are replaced by marks, and the same code is run
 * once more over the marks, with nothing behind it but the answers that the first run was given. What is kept comes out of
 * that second run, so what code makes of a secret is not kept either; and it is kept only where the second run comes to the
 * same decision, since another one rests on what is marked. Whatever fails leaves no record and changes no sign-in.
 */
import { randomInt } from 'node:crypto'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { day } from '../../base/clock.ts'
import { uuid } from '../../base/ids.ts'
import type { Log } from '../../base/log.ts'
import type { SystemScope } from '../../domain/access/scope.ts'
import type { SignInContext } from '../../domain/auth/context.ts'
import type { OverrideRequest } from '../../domain/auth/override.ts'
import type { Script } from '../../sandbox/job.ts'
import { isRunAs } from '../../store/tables/code.ts'
import { insertRecorded } from '../../store/tables/recorded-sign-ins.ts'
import type { Assembly } from '../assemble.ts'
import { personOf } from '../identity.ts'
import type { Around } from '../result.ts'
import type { Run } from '../run.ts'
import { literalsIn, markedAnswer, marksOf, type Raw } from './marking.ts'
import type { SignInRecord } from './record.ts'
import { type Answered, type Asked, type Decision, judge, needsRecord, runStaged, type Stage } from './stage.ts'

export const recordLimits = {
  /** Calls of one sign-in. */
  calls: 200,
  /** Of one record. */
  bytes: 256 * 1024,
  /** Of all records of a system. */
  systemBytes: 16 * 1024 * 1024,
} as const

/** Being worked over at once; a sign-in beyond is not recorded. */
const atOnceOfSystem = 2
const atOnce = 4

export type Recording = {
  around: Around
  begun: (run: Run) => void
  decided: (decision: Decision) => void
}

export class Recorder {
  readonly #stage: Stage
  readonly #log: Log
  readonly #working = new Map<string, number>()
  readonly #under = new Set<Promise<void>>()
  readonly #spelledOut = new WeakMap<readonly Script[], Set<string>>()

  constructor(stage: Stage, log: Log) {
    this.#stage = stage
    this.#log = log
  }

  /** Undefined where this one is not recorded. */
  begin(
    scope: SystemScope,
    assembly: Assembly,
    { request, context }: { request: OverrideRequest; context: SignInContext },
  ): Recording | undefined {
    const rule = scope.system.settings.record_sign_ins
    if (rule === null || request.purpose !== 'auth' || Math.random() >= rule.share) return undefined
    const at = scope.clock.now()
    let raw: Raw[] | undefined = []
    let room = recordLimits.bytes as number
    let run: Run | undefined
    const keep = (one: Raw): void => {
      try {
        room -= roughSize('value' in one ? one.value : '', room)
        if (room < 0 || raw?.length === recordLimits.calls) raw = undefined
        raw?.push(one)
      } catch {
        // Whatever it is, the sign-in goes on.
        raw = undefined
      }
    }
    return {
      begun: (begun) => {
        run = begun
      },
      around: async ({ name, args }, answer) => {
        if (!needsRecord(name)) return answer()
        try {
          const value = await answer()
          keep({ name, args, value })
          return value
        } catch (error) {
          if (error instanceof GatehouseError) keep({ name, args, refused: error })
          else raw = undefined
          throw error
        }
      },
      decided: (decision) => {
        const { key } = scope.system
        const own = this.#working.get(key) ?? 0
        if (raw === undefined || run === undefined || own >= atOnceOfSystem || this.#under.size >= atOnce) return
        this.#working.set(key, own + 1)
        const work = this.#record(scope, assembly, { params: request.params, context, at, raw, run, decision })
          .catch((error) => this.#log.warn({ err: error, system: key }, 'A sign-in could not be recorded'))
          .finally(() => {
            this.#under.delete(work)
            const left = (this.#working.get(key) ?? 1) - 1
            if (left === 0) this.#working.delete(key)
            else this.#working.set(key, left)
          })
        this.#under.add(work)
      },
    }
  }

  /** When all that is under way is kept or given up. */
  async settled(): Promise<void> {
    await Promise.all(this.#under)
  }

  /** Kept as long as the code is. */
  #literals(scripts: readonly Script[]): Set<string> {
    const known = this.#spelledOut.get(scripts) ?? literalsIn(scripts)
    this.#spelledOut.set(scripts, known)
    return known
  }

  async #record(scope: SystemScope, assembly: Assembly, seen: Seen): Promise<void> {
    // The sign-in goes on first.
    await new Promise((resolve) => setImmediate(resolve))
    const { raw, run, at } = seen
    const marks = marksOf(this.#literals(assembly.scripts), seen)
    const identity = marks.on(await personOf(run.scope, run.scope.caller)) as Asked['identity']
    const asked: Asked = {
      params: marks.on(seen.params) as Asked['params'],
      context: marks.on(seen.context) as Asked['context'],
      ...{ identity, at, seed: randomInt(2 ** 32), logging: assembly.settings.logging_enabled },
    }
    const calls: Answered[] = []
    const outcome = await runStaged(this.#stage, scope.system.key, assembly, asked, async (name, args) => {
      const one = raw[calls.length]
      if (one === undefined || one.name !== name) throw new Error('The marked run went another way.')
      const answered: Answered = { name, args, ...markedAnswer(marks, one) }
      calls.push(answered)
      return answered
    })
    if (outcome === undefined || calls.length !== raw.length) return
    const barred = marks.on(await barredIn(scope, raw)) as string[]
    const judged = judge(outcome, calls, barred)
    if (judged.decision !== seen.decision) return
    const record: SignInRecord = {
      ...{ service: assembly.service, version: assembly.version, asked, calls, barred, judged },
    }
    const text = JSON.stringify(record)
    // What is marked cannot be in it; if it were, nothing is kept.
    if (text.length > recordLimits.bytes || marks.spellings().some((spelling) => text.includes(spelling))) return
    const { keep, days } = scope.system.settings.record_sign_ins!
    const row = { id: uuid(), at, expiresAt: at + days * day, record }
    await insertRecorded(scope.data, row, { keep, bytes: recordLimits.systemBytes })
  }
}

type Seen = {
  params: Record<string, unknown>
  context: SignInContext
  at: number
  raw: Raw[]
  run: Run
  decision: Decision
}

/** Users who were proved and may not sign in, since services run as them. */
async function barredIn(scope: SystemScope, raw: readonly Raw[]): Promise<string[]> {
  if (scope.system.settings.run_as_sign_in === 'allowed') return []
  const ids = raw.flatMap((one) => ('value' in one && one.name.startsWith('auth.') ? userIn(one.value) : []))
  const barred: string[] = []
  for (const id of new Set(ids)) if (await isRunAs(scope.data, id)) barred.push(id)
  return barred
}

const userIn = (value: unknown): string[] => {
  const id = (value as { user_id?: unknown } | null)?.user_id
  return typeof id === 'string' && id !== '' ? [id] : []
}

/** About the bytes of a value, looked at no further than to `most`: a sign-in waits for it. */
function roughSize(value: unknown, most: number): number {
  let size = 0
  const look = (part: unknown): void => {
    size += typeof part === 'string' ? part.length : 8
    if (size > most || typeof part !== 'object' || part === null) return
    for (const name in part) {
      size += name.length
      look((part as Record<string, unknown>)[name])
      if (size > most) return
    }
  }
  look(value)
  return size
}
