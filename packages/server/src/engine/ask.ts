/** How sign-in gets its answer from a service: the engine's side of `AskOverride`. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { Log } from '../base/log.ts'
import { may } from '../domain/access/rights.ts'
import type { SystemScope } from '../domain/access/scope.ts'
import { signInContext } from '../domain/auth/context.ts'
import type { AskOverride, OverrideOutcome } from '../domain/auth/override.ts'
import type { Assembly, AssemblyCache } from './assemble.ts'
import type { Recorder } from './replay/recorder.ts'
import type { RunRequest, RunResult } from './result.ts'
import { codeOf, servingAssembly } from './safe-version.ts'

/** Endings that a setting, the node or the caller brings about. */
const notItsFault: ReadonlySet<string> = new Set(['run-as', 'not-here', 'cancelled'])

/** Asks the auth or registration service. Whatever goes wrong is an outcome that lets nobody in. */
export const askWith =
  (
    assemblies: AssemblyCache,
    run: (scope: SystemScope, assembly: Assembly, request: RunRequest) => Promise<RunResult>,
    log: Log,
    recorder: Recorder | undefined,
  ): AskOverride =>
  async (scope, request): Promise<OverrideOutcome> => {
    const failed = (
      why: string,
      advice: string,
      more: Partial<Extract<OverrideOutcome, { kind: 'failed' }>> = {},
    ): OverrideOutcome => ({
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
      const serving = request.purpose === 'auth' ? await servingAssembly(assemblies, anonymous, assembly) : assembly
      if (serving === undefined) {
        return failed(
          `version ${assembly.version} of the service erred too often and withdrew itself, and no safe version is named`,
          'Mend the service and save it, make another version current, or restore this one.',
          { version: assembly.version },
        )
      }
      const code = codeOf(serving)
      const context = await signInContext(scope, request.door, request.params)
      const recording = recorder?.begin(anonymous, serving, { request, context })
      const result = await run(anonymous, serving, {
        service: request.service,
        params: request.params,
        purpose: request.purpose,
        context,
        ...(recording !== undefined && { around: recording.around, begun: recording.begun }),
      })
      const { version, runMs } = result
      const notes = serving === assembly ? result.notes : { ...result.notes, withdrawn: assembly.version }
      const decided = recording?.decided
      const facts = { version, code, runMs, notes, ...(decided !== undefined && { decided }) }
      if (result.kind === 'failed') {
        const erred = !notItsFault.has(result.ending)
        return failed(result.message, 'Look at the failed runs of the service.', { ...facts, erred })
      }
      if (result.answer.kind === 'sent' || result.answer.silent) {
        const why = 'the service ended without resp.success or resp.error'
        return failed(why, 'Every path must answer.', { ...facts, erred: true })
      }
      return { kind: 'answered', success: result.answer.success, value: result.answer.value, ...facts }
    } catch (error) {
      if (error instanceof GatehouseError) return failed(error.detail, 'Try again; if it stays, look at the node.')
      log.error({ err: error, service: request.service }, 'The auth service could not be asked')
      return failed('the node could not run the service', 'Look at the log of the node.')
    }
  }
