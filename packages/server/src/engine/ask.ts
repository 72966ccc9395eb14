/** How sign-in gets its answer from a service: the engine's side of `AskOverride`. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { Log } from '../base/log.ts'
import { may } from '../domain/access/rights.ts'
import type { SystemScope } from '../domain/access/scope.ts'
import { signInContext } from '../domain/auth/context.ts'
import type { AskOverride, OverrideOutcome } from '../domain/auth/override.ts'
import type { Assembly, AssemblyCache } from './assemble.ts'
import type { RunRequest, RunResult } from './result.ts'

/** Asks the auth or registration service. Whatever goes wrong is an outcome that lets nobody in. */
export const askWith =
  (
    assemblies: AssemblyCache,
    run: (scope: SystemScope, assembly: Assembly, request: RunRequest) => Promise<RunResult>,
    log: Log,
  ): AskOverride =>
  async (scope, request): Promise<OverrideOutcome> => {
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
        context: await signInContext(scope, request.door, request.params),
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
      log.error({ err: error, service: request.service }, 'The auth service could not be asked')
      return failed('the node could not run the service', 'Look at the log of the node.')
    }
  }
