/** The auth service as sign-in sees it: how it is asked, and what its answer, read as untrusted, comes to. */
import type { SystemScope } from '../access/scope.ts'

export type OverrideRequest = {
  service: string
  purpose: 'auth' | 'reg'
  /** The whole body of the sign-in. */
  params: Record<string, unknown>
  /** Which door was used; reaches the service as `req.context.door`. */
  door: string
  /** A proof for anybody else is refused: who registers is not let in as another. */
  onlyFor?: string
}

export type OverrideOutcome = {
  version: number | undefined
  /** Names the state of service and libraries that ran. */
  code?: string
  runMs: number
  /** For the trace: what happened to passwords in there, which rights were missing. Never a secret. */
  notes?: Record<string, unknown>
  /** Told what became of it; takes no time and never throws. */
  decided?: (decision: 'granted' | 'more' | 'refused' | 'broken') => void
} & (
  | { kind: 'answered'; success: boolean; value: unknown }
  /** The service chose nothing: why, for the trace, and what a developer can do. */
  | {
      kind: 'failed'
      why: string
      advice: string /** The code is at fault, and not the node or a setting. */
      erred?: boolean
    }
)

/** Given by the engine in `app.ts`, so that the domain needs no engine. Never rejects. */
export type AskOverride = (scope: SystemScope, request: OverrideRequest) => Promise<OverrideOutcome>

export type Verdict =
  /** The service vouches: `token` must be a proof, and only redeeming it grants anything. */
  | { kind: 'grant'; token: string; userId: string; options: unknown }
  | { kind: 'more'; userId: string; options: unknown }
  | { kind: 'refuse'; userId: string; options: unknown }
  | { kind: 'broken'; why: string; advice: string }

const shape = 'Answer with resp.success({authToken, user_id, options}); authToken comes from ClearBlade.init.'

/** Fails closed: anything but an answer in the contract's shape is `broken`. */
export function readVerdict(outcome: OverrideOutcome): Verdict {
  if (outcome.kind === 'failed') return { kind: 'broken', why: outcome.why, advice: outcome.advice }
  const { success, value } = outcome
  if (!success) return { kind: 'refuse', ...refusalParts(value) }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { kind: 'broken', why: 'the service answered without an object', advice: shape }
  }
  const answer = value as Record<string, unknown>
  const options = answer.options ?? {}
  const userId = typeof answer.user_id === 'string' ? answer.user_id : ''
  if (typeof answer.authToken !== 'string') {
    return { kind: 'broken', why: 'the answer of the service has no text authToken', advice: shape }
  }
  if (answer.authToken === '') return { kind: 'more', userId, options }
  return { kind: 'grant', token: answer.authToken, userId, options }
}

/** Whatever the service put into the token is dropped. A bare text becomes `options.message`, where portals look for it. */
function refusalParts(value: unknown): { userId: string; options: unknown } {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const { user_id: userId, options } = value as { user_id?: unknown; options?: unknown }
    return { userId: typeof userId === 'string' ? userId : '', options: options ?? {} }
  }
  return { userId: '', options: value === undefined || value === null ? {} : { message: value } }
}
