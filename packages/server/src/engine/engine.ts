/**
 * Runs stored services: who may, as whom, within which limits, and what becomes of the result. The sandbox runs scripts
 * and knows none of this; `host/` is what a run may ask for; sign-in is never imported here.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { second } from '../base/clock.ts'
import { uuid } from '../base/ids.ts'
import type { Caller } from '../domain/access/caller.ts'
import type { Means, SystemScope } from '../domain/access/scope.ts'
import type { AskOverride } from '../domain/auth/override.ts'
import { SignInTrace } from '../domain/auth/trace.ts'
import { demandExecute } from '../domain/code/code.ts'
import type { SendMessage } from '../domain/sending/send.ts'
import type { Egress } from '../egress/egress.ts'
import type { Limits, Outcome } from '../sandbox/job.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import { insertRunLog } from '../store/tables/records.ts'
import { askWith } from './ask.ts'
import { type Assembly, AssemblyCache } from './assemble.ts'
import { factsOf, type NodeFacts } from './facts.ts'
import { isSignInService, recordFailure } from './failed-run.ts'
import { authCalls, type ServiceDoors } from './host/auth.ts'
import { challengeCalls } from './host/challenges.ts'
import { codeCalls } from './host/code.ts'
import { cryptoCalls } from './host/crypto.ts'
import { dataCalls } from './host/data.ts'
import { deviceCalls } from './host/devices.ts'
import { httpCalls } from './host/http.ts'
import { roleCalls } from './host/roles.ts'
import { sendingCalls } from './host/sending.ts'
import { answerCall, type HostTable } from './host/table.ts'
import { userCalls } from './host/users.ts'
import { effectiveIdentity } from './identity.ts'
import type { Recorder } from './replay/recorder.ts'
import { type Around, faultText, type RunRequest, type RunResult, readEnding } from './result.ts'
import { newTree, type Purpose, type Run, RunTokens, type Tree } from './run.ts'
import { keepSecrets, logText } from './secrecy.ts'

export type Engine = {
  /** Runs a service for somebody who may execute it. Throws noSuchService, permissionDenied, unavailable. */
  execute(scope: SystemScope, request: RunRequest): Promise<RunResult>
  ask: AskOverride
  assemblies: AssemblyCache
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
  send: SendMessage
  doors: ServiceDoors
  nodeId: string
  version: string
  edge?: string
  /** Of an engine that only tries: its runs take the places of ordinary ones, and `around` stands round all their calls. */
  trial?: { around: Around; timeShift: () => number }
  /** Of the engine that judges real sign-ins. */
  recorder?: Recorder
}): Engine {
  const { means, sandbox, trial } = parts
  const assemblies = new AssemblyCache()
  const live = new Map<string, Run>()
  const nodeFacts: NodeFacts = {
    ...{ publicUrl: means.publicUrl, nodeId: parts.nodeId, version: parts.version },
    ...(parts.edge !== undefined && { edge: parts.edge }),
    ...(trial !== undefined && { timeShift: trial.timeShift }),
  }

  const table: HostTable = {
    'run.token': async ({ run }) => run.tokens.make('identity', run.scope.caller),
    'run.callerToken': async ({ run }) => run.tokens.make('caller', run.caller),
    ...authCalls(parts.doors),
    ...challengeCalls(parts.send),
    ...deviceCalls,
    ...dataCalls,
    ...userCalls,
    ...roleCalls,
    ...codeCalls((scope, request) => execute(scope, request)),
    ...httpCalls(parts.egress),
    ...cryptoCalls,
    ...sendingCalls(parts.send),
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
    const notHere = notMeantHere(assembly, scope.caller, parts.edge)
    if (notHere !== undefined) {
      const failed: RunResult = { ...base, kind: 'failed', ending: 'not-here', message: notHere }
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
    const around = request.around ?? trial?.around
    const current: Run = {
      id: uuid(),
      depth,
      tree: treeFor(parent, purpose),
      service: assembly.service,
      version: assembly.version,
      purpose,
      asAuthService: purpose === 'auth',
      runAs: assembly.settings.run_user !== '',
      scope: { ...scope, caller: identity },
      caller: scope.caller,
      tokens: new RunTokens(),
      ended: over.signal,
    }
    current.scope.within = current.id
    request.begun?.(current)
    if (guarded) keepSecrets(current.tree, request.params)
    live.set(current.id, current)
    let outcome: Outcome
    try {
      const facts = await factsOf(nodeFacts, current, assembly, request, logging)
      outcome = await sandbox.run(
        {
          tenant: scope.system.key,
          scripts: assembly.scripts,
          entry: assembly.service,
          facts,
          limits: limitsOf(assembly, guarded),
          // The sandbox counts places by depth. What a sign-in waits for has its own: no ordinary runs hold it up.
          depth: current.tree.asked && trial === undefined ? depth + depthLimit + 1 : depth,
          ...(signals.length > 0 && { signal: AbortSignal.any(signals) }),
        },
        (name, args, more) => {
          const answer = () => answerCall(table, current, name, args, more)
          return around === undefined ? answer() : around({ name, args, service: current.service, depth }, answer)
        },
      )
    } finally {
      live.delete(current.id)
      over.abort('The run is over')
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

  return { execute, ask: askWith(assemblies, run, means.log, parts.recorder), assemblies }
}

/** Runs that one call leads to share a tree; one that a door asks for begins its own, with what was sent out so far. */
function treeFor(parent: Run | undefined, purpose: Purpose): Tree {
  if (parent === undefined) return newTree(purpose !== 'call')
  return purpose === 'call' ? parent.tree : { ...newTree(true), outboundCalls: parent.tree.outboundCalls }
}

/**
 * Why a service does not run on this node: `run_on_edge` and `run_on_platform` say where it does. Where both are false nobody chose:
 * exports of programs that know neither have them so. A developer tries on the platform what is meant for edges.
 */
function notMeantHere({ service, settings }: Assembly, caller: Caller, edge: string | undefined): string | undefined {
  const { run_on_edge: atEdges, run_on_platform: onPlatform } = settings
  if (atEdges === onPlatform || caller.kind === 'developer') return undefined
  if (edge !== undefined) {
    return atEdges
      ? undefined
      : `"${service}" runs on the platform alone (run_on_edge is false), and this is edge ${edge}.`
  }
  return onPlatform
    ? undefined
    : `"${service}" runs at edges alone (run_on_platform is false), and this is the platform.`
}

/** For the trace of a sign-in. */
function notesOf(run: Run): Record<string, unknown> {
  const { passwords, denials, messages, challenges } = run.tree
  const last = passwords.at(-1)
  return {
    ...(last !== undefined && { password: last.result, ...(last.userId !== undefined && { userId: last.userId }) }),
    ...(denials.size > 0 && { denied: [...denials].slice(0, 10) }),
    ...(messages.length > 0 && { messages: messages.slice(0, 10) }),
    ...(challenges.length > 0 && { secondFactor: challenges.slice(0, 10) }),
  }
}
