/**
 * Runs stored services: who may, as whom, within which limits, and what becomes of the result. The sandbox runs scripts
 * and knows none of this; `host/` is what a run may ask for; sign-in is never imported here.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { second } from '../base/clock.ts'
import { hexId, uuid } from '../base/ids.ts'
import type { Caller } from '../domain/access/caller.ts'
import { may } from '../domain/access/rights.ts'
import type { Means, SystemScope } from '../domain/access/scope.ts'
import { userRow } from '../domain/accounts/users.ts'
import type { AskOverride, OverrideOutcome } from '../domain/auth/override.ts'
import { SignInTrace } from '../domain/auth/trace.ts'
import { demandExecute } from '../domain/code/code.ts'
import type { Egress } from '../egress/egress.ts'
import type { Ending, Limits, Outcome } from '../sandbox/job.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import { findAccount } from '../store/tables/accounts.ts'
import { findDeveloper } from '../store/tables/developers.ts'
import { insertFailedRun, insertRunLog } from '../store/tables/records.ts'
import { type Assembly, AssemblyCache } from './assemble.ts'
import { authCalls, type ServiceDoors } from './host/auth.ts'
import { codeCalls } from './host/code.ts'
import { cryptoCalls } from './host/crypto.ts'
import { dataCalls } from './host/data.ts'
import { httpCalls } from './host/http.ts'
import { roleCalls } from './host/roles.ts'
import { answerCall, type HostTable } from './host/table.ts'
import { userCalls } from './host/users.ts'
import { newTree, type Purpose, type Run, RunTokens, type Tree } from './run.ts'

export type RunRequest = {
  service: string
  params: Record<string, unknown>
  /** Asks that this one run be logged and its log be returned. */
  logging?: boolean
  purpose?: Purpose
  /** `req.context` of an auth or registration service. */
  context?: Record<string, unknown>
  signal?: AbortSignal
}

export type RunResult = {
  /** One text, entries separated by line ends; undefined where logging is off. */
  logs: string | undefined
  version: number | undefined
  runMs: number
  notes: Record<string, unknown>
} & (
  | {
      kind: 'answered'
      answer:
        | { kind: 'envelope'; success: boolean; value: unknown; silent: boolean }
        | { kind: 'sent'; body: unknown; status: number; headers: Record<string, string> }
    }
  /** Ended without an answer of its own; `message` is for whoever may run the service. */
  | { kind: 'failed'; ending: Ending['kind'] | 'would-not-compile' | 'run-as'; message: string }
)

export type Engine = {
  /** Runs a service for somebody who may execute it. Throws noSuchService, permissionDenied, unavailable. */
  execute(scope: SystemScope, request: RunRequest): Promise<RunResult>
  ask: AskOverride
  assemblies: AssemblyCache
  /** The run with this id, while it lasts. */
  liveRun(id: string): Run | undefined
}

/** Calls within calls: deeper ones are refused (an endless recursion otherwise holds a process per step). */
const depthLimit = 8

const limitsOf = (assembly: Assembly, guarded: boolean): Limits => {
  const { execution_timeout: timeout } = assembly.settings
  const unlimited = timeout <= 0
  // Nobody waits for a sign-in without end, whatever the service says.
  const wallMs = guarded ? (unlimited ? 60 : Math.min(timeout, 60)) * second : unlimited ? 0 : timeout * second
  return {
    wallMs,
    cpuMs: 30 * second,
    memoryMb: 128,
    resultBytes: 8 * 1024 * 1024,
    logBytes: 256 * 1024,
    hostCalls: 10_000,
  }
}

export function createEngine(parts: {
  means: Means
  sandbox: Sandbox
  egress: Egress
  doors: ServiceDoors
  nodeId: string
  version: string
}): Engine {
  const { means, sandbox } = parts
  const assemblies = new AssemblyCache()
  const live = new Map<string, Run>()

  const table: HostTable = {
    'run.token': async ({ run }) => run.tokens.make('identity', run.scope.caller),
    'run.callerToken': async ({ run }) => run.tokens.make('caller', run.caller),
    ...authCalls(parts.doors),
    ...dataCalls,
    ...userCalls,
    ...roleCalls,
    ...codeCalls((scope, request) => execute(scope, request)),
    ...httpCalls(parts.egress),
    ...cryptoCalls,
  }

  const execute = async (scope: SystemScope, request: RunRequest): Promise<RunResult> => {
    const assembly = await assemblies.get(scope, request.service)
    // Who may not run it does not learn whether it exists.
    await demandExecute(scope, request.service)
    if (assembly === undefined) {
      throw new GatehouseError('noSuchService', `There is no service "${request.service}" in this system.`)
    }
    if (!isSignInService(scope, request.service)) return run(scope, assembly, request)
    // Called like any service the auth service gives no session, and is recorded like a sign-in.
    const trace = new SignInTrace(scope, 'code', request.params)
    const result = await run(scope, assembly, request)
    trace.step(`service ${request.service}`)
    trace.note({ service: request.service, version: result.version, ...result.notes })
    if (result.kind === 'failed') await trace.write('failed', { why: result.message })
    else {
      const refused = result.answer.kind === 'envelope' && !result.answer.success
      await trace.write(refused ? 'refused' : 'more', {
        why: 'called through the code endpoint, which opens no session',
      })
    }
    return result
  }

  const run = async (scope: SystemScope, assembly: Assembly, request: RunRequest): Promise<RunResult> => {
    const parent = scope.within === undefined ? undefined : live.get(scope.within)
    const depth = parent === undefined ? 0 : parent.depth + 1
    if (depth > depthLimit) {
      throw new GatehouseError(
        'serviceFailed',
        `Services call services at most ${depthLimit} deep; "${assembly.service}" would go deeper.`,
      )
    }
    const purpose = request.purpose ?? 'call'
    const guarded = purpose !== 'call' || isSignInService(scope, assembly.service)
    const signals = [request.signal, parent?.ended].filter((signal) => signal !== undefined)
    const logging = assembly.settings.logging_enabled || request.logging === true
    const base = { version: assembly.version, runMs: 0, notes: {}, logs: logging ? '' : undefined }
    const identity = await effectiveIdentity(scope, assembly)
    const started = scope.clock.now()
    if (identity === undefined) {
      const message = `"${assembly.service}" runs as a user who is gone or switched off.`
      const failed: RunResult = { ...base, kind: 'failed', ending: 'run-as', message }
      await recordFailure(scope, assembly, request, failed, started)
      return failed
    }
    if (assembly.problem !== undefined) {
      const message = faultText(assembly.problem, assembly.service)
      const failed: RunResult = { ...base, kind: 'failed', ending: 'would-not-compile', message }
      await recordFailure(scope, assembly, request, failed, started)
      return failed
    }
    const over = new AbortController()
    const current: Run = {
      id: uuid(),
      depth,
      tree: parent?.tree ?? newTree(purpose !== 'call'),
      service: assembly.service,
      version: assembly.version,
      purpose,
      asAuthService: purpose === 'auth',
      scope: { ...scope, caller: identity },
      caller: scope.caller,
      tokens: new RunTokens(),
      ended: over.signal,
    }
    current.scope.within = current.id
    if (guarded) keepSecrets(current.tree, request.params)
    live.set(current.id, current)
    let outcome: Outcome
    try {
      const facts = await factsOf(current, assembly, request, logging)
      outcome = await sandbox.run(
        {
          tenant: scope.system.key,
          scripts: assembly.scripts,
          entry: assembly.service,
          facts,
          limits: limitsOf(assembly, guarded),
          // The sandbox counts places by depth. What a sign-in waits for has its own: no ordinary runs hold it up.
          depth: current.tree.asked ? depth + depthLimit + 1 : depth,
          ...(signals.length > 0 && { signal: AbortSignal.any(signals) }),
        },
        (name, args, { signal }) => answerCall(table, current, name, args, signal),
      )
    } finally {
      live.delete(current.id)
      over.abort()
    }
    if (outcome.ending.kind === 'no-place') {
      throw new GatehouseError('unavailable', 'Too many services of this system run at once.', {
        hint: 'Try again in a moment.',
        retryAfter: 2,
      })
    }
    const text = logText(current.tree, outcome)
    const result: RunResult = {
      version: assembly.version,
      runMs: Math.round(outcome.usage.wallMs),
      notes: notesOf(current),
      logs: logging ? text : undefined,
      ...readEnding(current, outcome.ending),
    }
    if (logging && text !== '') {
      await insertRunLog(scope.data, { id: uuid(), service: assembly.service, at: started, runMs: result.runMs, text })
    }
    if (result.kind === 'failed')
      await recordFailure(scope, assembly, request, { ...result, logs: text }, started, current.tree)
    return result
  }

  const factsOf = async (current: Run, assembly: Assembly, request: RunRequest, logging: boolean) => {
    const { system } = current.scope
    const identity = await personOf(current.scope, current.scope.caller)
    const caller = current.caller === current.scope.caller ? identity : await personOf(current.scope, current.caller)
    const platformUrl = means.publicUrl()
    return {
      req: {
        params: request.params,
        systemKey: system.key,
        systemSecret: system.secret,
        ...identity,
        isLogging: logging,
        service_instance_id: current.id,
        caller,
        ...(request.context !== undefined && { context: request.context }),
      },
      natives: assembly.natives,
      cbmeta: {
        system_key: system.key,
        system_secret: system.secret,
        service_name: assembly.service,
        service_id: current.id,
        platform_url: platformUrl.replace(/^https?:\/\//, ''),
        node_id: parts.nodeId,
        is_edge: false,
        code_versions: assembly.versions,
      },
      platformUrl,
      isEdge: false,
      edgeId: '',
      logging,
      version: parts.version,
    }
  }

  const ask: AskOverride = async (scope, request): Promise<OverrideOutcome> => {
    const failed = (why: string, advice: string, more: Partial<OverrideOutcome> = {}): OverrideOutcome => ({
      version: undefined,
      runMs: 0,
      ...more,
      kind: 'failed',
      why,
      advice,
    })
    try {
      // The service is asked by whoever stands before the door, and that is an anonymous person.
      const anonymous: SystemScope = { ...scope, caller: { kind: 'anonymous', sessionId: '' } }
      const assembly = await assemblies.get(anonymous, request.service)
      if (assembly === undefined) {
        return failed(`there is no service "${request.service}"`, 'Set another auth service, or clear the setting.')
      }
      if (!(await may(anonymous, { kind: 'services', item: request.service, level: 1 }))) {
        return failed('the role Anonymous may not execute the service', 'Give Anonymous the right to execute it.', {
          version: assembly.version,
        })
      }
      const result = await run(anonymous, assembly, {
        service: request.service,
        params: request.params,
        purpose: request.purpose,
        context: { door: request.door },
      })
      const { version, runMs, notes } = result
      if (result.kind === 'failed') {
        return failed(result.message, 'Look at the failed runs of the service.', { version, runMs, notes })
      }
      if (result.answer.kind === 'sent' || result.answer.silent) {
        return failed('the service ended without resp.success or resp.error', 'Every path must answer.', {
          version,
          runMs,
          notes,
        })
      }
      return { kind: 'answered', success: result.answer.success, value: result.answer.value, version, runMs, notes }
    } catch (error) {
      if (error instanceof GatehouseError) return failed(error.detail, 'Try again; if it stays, look at the node.')
      means.log.error({ err: error, service: request.service }, 'The auth service could not be asked')
      return failed('the node could not run the service', 'Look at the log of the node.')
    }
  }

  return { execute, ask, assemblies, liveRun: (id) => live.get(id) }
}

/** The run-as user, else the caller; undefined where the run-as user cannot act any more. */
async function effectiveIdentity(scope: SystemScope, assembly: Assembly): Promise<Caller | undefined> {
  const { run_user: userId } = assembly.settings
  if (userId === '') return scope.caller
  const account = await findAccount(scope.data, { userId })
  return account === undefined || account.disabled ? undefined : { kind: 'user', userId, sessionId: undefined }
}

async function personOf(scope: SystemScope, caller: Caller): Promise<{ userid: string; userEmail: string }> {
  switch (caller.kind) {
    case 'user':
      return { userid: caller.userId, userEmail: String((await userRow(scope, caller.userId)).email) }
    case 'developer': {
      const developer = await findDeveloper(scope.store, { id: caller.developerId })
      return { userid: caller.developerId, userEmail: developer?.email ?? '' }
    }
    default:
      return { userid: '', userEmail: '' }
  }
}

/** Passwords and codes in the body of a sign-in must not come back out of its log. */
function keepSecrets(tree: Tree, value: unknown): void {
  if (typeof value === 'string' && value.length >= 3) tree.secrets.add(value)
  else if (typeof value === 'number') tree.secrets.add(String(value))
  else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) keepSecrets(tree, part)
}

function logText(tree: Tree, outcome: Outcome): string {
  const lines = outcome.logs.map(({ text }) => text)
  if (outcome.logsCut) lines.push('(the log was cut here: it reached its limit)')
  return struck(tree, lines.join('\n'))
}

/** The text without what was passed to `init` or registration, and without tokens and proofs. */
function struck(tree: Tree, text: string): string {
  let clean = text
  // Long ones first, so that one that holds another goes as a whole.
  for (const secret of [...tree.secrets].sort((a, b) => b.length - a.length)) {
    if (secret.length >= 3) clean = clean.replaceAll(secret, '[struck]')
  }
  return clean.replace(/\bgh[a-z]_[A-Za-z0-9_-]{20,}/g, '[struck]')
}

function notesOf(run: Run): Record<string, unknown> {
  const { passwords, denials } = run.tree
  const last = passwords.at(-1)
  return {
    ...(last !== undefined && { password: last.result, ...(last.userId !== undefined && { userId: last.userId }) }),
    ...(denials.size > 0 && { denied: [...denials].slice(0, 10) }),
  }
}

type Read =
  | Pick<Extract<RunResult, { kind: 'answered' }>, 'kind' | 'answer'>
  | Pick<Extract<RunResult, { kind: 'failed' }>, 'kind' | 'ending' | 'message'>

function readEnding(run: Run, ending: Ending): Read {
  const failed = (message: string): Read => ({ kind: 'failed', ending: ending.kind, message })
  switch (ending.kind) {
    case 'answered': {
      const { answer } = ending
      if ('success' in answer) {
        return {
          kind: 'answered',
          answer: { kind: 'envelope', success: answer.success, value: answer.value, silent: false },
        }
      }
      return {
        kind: 'answered',
        answer: { kind: 'sent', body: answer.send, status: answer.status ?? 200, headers: answer.headers ?? {} },
      }
    }
    // Without an answer the platform answers as for resp.success() (code-engine.md §1.6).
    case 'silent':
      return { kind: 'answered', answer: { kind: 'envelope', success: true, value: undefined, silent: true } }
    case 'threw':
    case 'would-not-load':
      return failed(struck(run.tree, faultText(ending.error, run.service)))
    case 'no-entry':
      return failed(`There is no function "${run.service}" in the service, and no answer was given while it loaded.`)
    case 'timed-out':
      return failed(
        ending.limit === 'wall' ? 'execution timeout' : 'execution timeout: the limit of processor time was reached',
      )
    case 'out-of-memory':
      return failed('The run used more memory than it may.')
    case 'too-much':
      return failed(
        ending.limit === 'result'
          ? 'The answer is larger than it may be.'
          : 'The run made more calls to the platform than it may.',
      )
    case 'cancelled':
      return failed('The run was cancelled.')
    default:
      return failed('The run ended with its engine process.')
  }
}

/** `Type: message (line N)`, as the classic engine writes it (code-engine.md §1.7); with the script where it is another. */
function faultText(fault: { name: string; message: string; script?: string; line?: number }, service: string): string {
  const plain = fault.message === '' ? 'Something without a text was thrown.' : fault.message
  const text = fault.name === '' ? plain : fault.message === '' ? fault.name : `${fault.name}: ${fault.message}`
  if (fault.line === undefined) return text
  const script = fault.script === undefined || fault.script === service ? '' : `${fault.script}, `
  return `${text} (${script}line ${fault.line})`
}

/** Failed runs in the contract's shape; of a sign-in only the names of the parameters are kept. */
async function recordFailure(
  scope: SystemScope,
  assembly: Assembly,
  request: RunRequest,
  failure: Extract<RunResult, { kind: 'failed' }>,
  at: number,
  tree?: Tree,
): Promise<void> {
  const id = hexId()
  const hidden = (request.purpose ?? 'call') !== 'call' || isSignInService(scope, assembly.service)
  const args = hidden
    ? Object.fromEntries(Object.keys(request.params).map((name) => [name, '[not kept]']))
    : request.params
  const { caller } = scope
  const record = {
    Service: assembly.service,
    Version: assembly.version,
    Args: boundedArgs(tree === undefined ? args : withoutSecrets(tree, args)),
    Response: { logs: failure.logs ?? '', results: failure.message, success: false },
    Error: { status_code: 500, error: failure.message },
    UserId: caller.kind === 'user' ? caller.userId : caller.kind === 'developer' ? caller.developerId : '',
    UserType: caller.kind === 'developer' ? 1 : 2,
    Id: id,
    Datetime: new Date(at).toISOString(),
  }
  await insertFailedRun(scope.data, { id, service: assembly.service, at, record })
}

const isSignInService = (scope: SystemScope, service: string): boolean =>
  service === scope.system.settings.auth_service || service === scope.system.settings.reg_service

/** The same value, its texts without what was passed to `init` or registration. */
function withoutSecrets(tree: Tree, value: unknown): unknown {
  if (typeof value === 'string') return struck(tree, value)
  if (Array.isArray(value)) return value.map((part) => withoutSecrets(tree, part))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withoutSecrets(tree, part)]))
}

const argsLimit = 64 * 1024

function boundedArgs(args: unknown): unknown {
  return JSON.stringify(args).length > argsLimit ? '[too large to keep]' : args
}
