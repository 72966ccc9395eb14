/**
 * One run of a service as the node knows it: who it acts as, what it may still do, which tokens and proofs live in it.
 * Starting and ending runs is `engine.ts`; what a run may ask for, `host/`.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { bearerToken } from '../base/ids.ts'
import type { Caller } from '../domain/access/caller.ts'
import type { SystemFacts, SystemScope } from '../domain/access/scope.ts'
import { identify } from '../domain/auth/sessions.ts'
import { developedBy, systemByKey } from '../domain/systems/systems.ts'

export type Purpose = 'call' | 'auth' | 'reg'

/** What all runs that one call leads to share. */
export type Tree = {
  /** A door of sign-in asked for the outermost run and waits for its answer. */
  asked: boolean
  /** Proofs given in this tree, by their text: who they act as. */
  proofs: Map<string, Caller>
  outboundCalls: number
  /** Texts that must not reach a log: what was passed to `init` or registration, tokens, proofs. */
  secrets: Set<string>
  /** For the trace of a sign-in. */
  passwords: { result: string; userId: string | undefined }[]
  denials: Set<string>
  /** Where messages went, for the trace of a sign-in: never to whom, never what. */
  messages: { to: string; state: string }[]
  /** What became of second factors, for the same: never a code. */
  challenges: { step: 'given' | 'right' | 'refused'; kind?: string; why?: string; userId?: string }[]
}

export type Run = {
  id: string
  depth: number
  tree: Tree
  service: string
  version: number
  purpose: Purpose
  /** True only while running as the auth service that the door asked. */
  asAuthService: boolean
  /** The service has a run-as user: a developer decided what it may do, whoever calls it. */
  runAs: boolean
  /** Scope of the effective identity: the run-as user, else the caller. */
  scope: SystemScope
  caller: Caller
  tokens: RunTokens
  /** Aborts when the run has ended, so that what it started ends too. */
  ended: AbortSignal
}

export const newTree = (asked: boolean): Tree => ({
  asked,
  proofs: new Map(),
  outboundCalls: 0,
  secrets: new Set(),
  passwords: [],
  denials: new Set(),
  messages: [],
  challenges: [],
})

/** Tokens made when code first reads `req.userToken`: kept in memory, worth something inside this run alone. */
export class RunTokens {
  readonly #tokens = new Map<string, Caller>()
  readonly #made = new Map<'identity' | 'caller', string>()

  make(whose: 'identity' | 'caller', caller: Caller): string {
    let token = this.#made.get(whose)
    if (token === undefined) {
      token = bearerToken('ghx')
      this.#made.set(whose, token)
      this.#tokens.set(token, withoutSession(caller))
    }
    return token
  }

  callerOf(token: string): Caller | undefined {
    return this.#tokens.get(token)
  }
}

/** The same person without the session he came by: what a run holds of him must not be able to end it. */
const withoutSession = (caller: Caller): Caller => {
  switch (caller.kind) {
    case 'user':
    case 'developer':
      return { ...caller, sessionId: undefined }
    case 'anonymous':
      return { ...caller, sessionId: '' }
    default:
      return caller
  }
}

const notSignedIn = (detail: string): GatehouseError => new GatehouseError('notSignedIn', detail)

/**
 * The scope in which a host call acts, by the `session` it names. A text that is not a good token is refused, never taken
 * for the run's own identity.
 */
export async function scopeOfSession(run: Run, session: unknown): Promise<SystemScope> {
  const { scope } = run
  if (session === undefined || session === 'run') return scope
  if (session === 'none') return { ...scope, caller: { kind: 'nobody' } }
  if (typeof session !== 'string') throw notSignedIn('The session of this call is no token.')
  const inside = run.tokens.callerOf(session) ?? run.tree.proofs.get(session)
  if (inside !== undefined) return { ...scope, caller: inside }
  const found = await identify(scope, session)
  if (found === undefined)
    throw notSignedIn('Invalid token: it is unknown, has expired, was ended, or belongs to another run.')
  if (found.caller.kind === 'developer') {
    if ((await developedBy(scope, found.caller, scope.system)) === undefined)
      throw notSignedIn('The token is that of a developer of another system.')
  } else if (found.systemKey !== scope.system.key) throw notSignedIn('The token is for another system.')
  return { ...scope, caller: found.caller }
}

/** The settings as they are now: a run may have begun before they were changed. */
export async function currentSystem(scope: SystemScope): Promise<SystemFacts> {
  const system = await systemByKey(scope, scope.system.key)
  if (system === undefined) throw new GatehouseError('noSuchSystem', 'The system is gone.')
  return system
}
