/**
 * Runs the code of an auth service with nothing behind it: every call to the node is answered by whoever stages it, time and
 * what is random come from the record. No store, no egress and no message channel is within reach.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { second } from '../../base/clock.ts'
import { type OverrideOutcome, readVerdict } from '../../domain/auth/override.ts'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import type { Assembly } from '../assemble.ts'
import { factsFor, type NodeFacts, type Person } from '../facts.ts'
import { cryptoCalls } from '../host/crypto.ts'
import type { Args } from '../host/table.ts'
import { readEnding } from '../result.ts'
import { newTree, type Run } from '../run.ts'

/** What the service is asked, marks in the place of secrets. */
export type Asked = {
  params: Record<string, unknown>
  context: Record<string, unknown>
  identity: Person
  /** Milliseconds: when it began. */
  at: number
  /** What is random comes from it. */
  seed: number
  logging: boolean
}

export type Refused = { kind: string; detail: string; hint?: string }
export type Answered = { name: string; args: unknown } & ({ value: unknown } | { refused: Refused })

export type Decision = 'granted' | 'more' | 'refused' | 'broken'
export type Judged = { decision: Decision; why: string; userId: string; factors: string }

export type Stage = { sandbox: Sandbox; node: NodeFacts }

const wallMs = 20 * second

/** Answered without the record: pure arithmetic, and names that are worth nothing outside a run. */
const isLocal = (name: string): boolean => name.startsWith('crypto.') || name.startsWith('run.')

export const needsRecord = (name: string): boolean => !isLocal(name)

async function answerLocally(name: string, args: unknown, at: number): Promise<unknown> {
  if (name.startsWith('run.')) return `marked ${name}`
  const call = Object.hasOwn(cryptoCalls, name) ? cryptoCalls[name] : undefined
  if (call === undefined) throw new GatehouseError('notAvailableYet', `not available yet: ${name}`)
  const run = { scope: { clock: { now: () => at } } } as unknown as Run
  const more = { signal: new AbortController().signal, waiting: <T>(work: Promise<T>) => work }
  return call({ run, scope: run.scope, args: args as Args, ...more })
}

/**
 * `answer` answers what only the record knows; what it throws but a GatehouseError ends the run. Undefined where the run
 * could not be brought to an end of its own, as where no place was free.
 */
export async function runStaged(
  { sandbox, node }: Stage,
  systemKey: string,
  assembly: Assembly,
  asked: Asked,
  answer: (name: string, args: unknown) => Promise<Answered>,
): Promise<OverrideOutcome | undefined> {
  const facts = factsFor(
    { ...node, timeShift: () => asked.at - Date.now() },
    { systemKey, systemSecret: '[not kept]', runId: 'replay', identity: asked.identity, caller: nobody },
    assembly,
    { service: assembly.service, params: asked.params, context: asked.context },
    asked.logging,
  )
  if (assembly.problem !== undefined) {
    return { kind: 'failed', why: assembly.problem.message, advice: '', version: assembly.version, runMs: 0 }
  }
  const over = new AbortController()
  let lost = false
  const outcome = await sandbox.run(
    {
      tenant: systemKey,
      scripts: assembly.scripts,
      entry: assembly.service,
      facts: { ...facts, seed: asked.seed },
      limits: { wallMs, cpuMs: wallMs, memoryMb: 128, resultBytes: 1024 * 1024, logBytes: 64 * 1024, hostCalls: 1000 },
      depth: 0,
      signal: over.signal,
    },
    async (name, args) => {
      if (isLocal(name)) return answerLocally(name, args, asked.at)
      try {
        const answered = await answer(name, args)
        if ('value' in answered) return answered.value
        const { kind, detail, hint } = answered.refused
        throw new GatehouseError(kind as 'badRequest', detail, hint === undefined ? {} : { hint })
      } catch (error) {
        if (error instanceof GatehouseError) throw error
        lost = true
        over.abort()
        throw new GatehouseError('unavailable', 'The replay ended here.')
      }
    },
  )
  const { ending } = outcome
  if (lost || !['answered', 'silent', 'threw', 'would-not-load', 'no-entry'].includes(ending.kind)) return undefined
  const read = readEnding({ tree: newTree(true), service: assembly.service }, ending)
  const base = { version: assembly.version, runMs: 0 }
  if (read.kind === 'failed') return { ...base, kind: 'failed', why: read.message, advice: '' }
  if (read.answer.kind === 'sent' || read.answer.silent) {
    return { ...base, kind: 'failed', why: 'the service ended without resp.success or resp.error', advice: '' }
  }
  return { ...base, kind: 'answered', success: read.answer.success, value: read.answer.value }
}

const nobody: Person = { userid: '', userEmail: '' }

const proving = ['auth.password', 'auth.register', 'auth.answer', 'auth.knownDevice', 'auth.grant']

/** What sign-in would make of it. `answered` is what the run was answered; `barred` are users whom services run as. */
export function judge(outcome: OverrideOutcome, answered: readonly Answered[], barred: readonly string[]): Judged {
  const verdict = readVerdict(outcome)
  const as = (decision: Decision, why: string, userId = '', factors = ''): Judged => ({
    decision,
    why,
    userId,
    factors,
  })
  switch (verdict.kind) {
    case 'broken':
      return as('broken', verdict.why)
    case 'refuse':
      return as('refused', `the service answered with resp.error${saying(verdict.options)}`, verdict.userId)
    case 'more':
      return as('more', `the service asks for another step${saying(verdict.options)}`, verdict.userId)
    case 'grant': {
      const given = answered.find(
        (call) => proving.includes(call.name) && 'value' in call && partOf(call.value, 'authToken') === verdict.token,
      )
      if (given === undefined || !('value' in given)) {
        return as('broken', 'the service answered with a text that is no proof of a sign-in')
      }
      const spent = answered.some(
        (call) =>
          // A device that is not known leaves the proof good.
          (call.name === 'auth.challenge' || (call.name === 'auth.knownDevice' && 'value' in call)) &&
          partOf(call.args, 'authToken') === verdict.token,
      )
      if (spent) return as('broken', 'the service answered with a proof that was used before')
      const userId = String(partOf(given.value, 'user_id'))
      if (barred.includes(userId))
        return as('broken', 'the service answered with a proof for a user whom services run as')
      const kind = partOf(partOf(given.value, 'factor'), 'kind')
      const isSecond = given.name === 'auth.answer' || given.name === 'auth.knownDevice'
      const factors = isSecond ? `password ${kind}` : given.name === 'auth.grant' ? '' : 'password'
      return as('granted', 'the service returned a proof', userId, factors)
    }
  }
}

const partOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined

/** The text that people would read. */
function saying(options: unknown): string {
  const message = partOf(options, 'message')
  return typeof message === 'string' && message !== '' ? `: ${message.slice(0, 200)}` : ''
}
