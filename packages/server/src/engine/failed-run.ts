/** The record of a run that failed, for developers, in the contract's shape (code-engine.md §1.7). */
import { hexId } from '../base/ids.ts'
import type { SystemScope } from '../domain/access/scope.ts'
import { insertFailedRun } from '../store/tables/records.ts'
import type { Assembly } from './assemble.ts'
import type { RunRequest, RunResult } from './result.ts'
import type { Tree } from './run.ts'
import { withoutSecrets } from './secrecy.ts'

/** Failed runs in the contract's shape; of a sign-in only the names of the parameters are kept. */
export async function recordFailure(
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

/** Whether sign-ins of this system depend on this service. */
export const isSignInService = (scope: SystemScope, service: string): boolean =>
  service === scope.system.settings.auth_service || service === scope.system.settings.reg_service

const argsLimit = 64 * 1024

function boundedArgs(args: unknown): unknown {
  return JSON.stringify(args).length > argsLimit ? '[too large to keep]' : args
}
