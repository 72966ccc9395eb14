/** Services that call services. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { SystemScope } from '../../domain/access/scope.ts'
import { listCode } from '../../domain/code/code.ts'
import { systemByKey } from '../../domain/systems/systems.ts'
import type { RunResult } from '../result.ts'
import { type HostTable, textArg } from './table.ts'

export type ExecuteNested = (
  scope: SystemScope,
  request: { service: string; params: Record<string, unknown>; logging: boolean; signal: AbortSignal },
) => Promise<RunResult>

export const codeCalls = (execute: ExecuteNested): HostTable => ({
  'code.execute': async ({ run, scope, args, signal }) => {
    const params =
      typeof args.params === 'object' && args.params !== null && !Array.isArray(args.params) ? args.params : {}
    const system = await systemByKey(scope, scope.system.key)
    if (system === undefined) throw new GatehouseError('noSuchSystem', 'The system is gone.')
    const result = await execute(
      { ...scope, system, within: run.id },
      {
        service: textArg(args, 'name'),
        params: params as Record<string, unknown>,
        logging: args.logging === true,
        signal,
      },
    )
    if (result.kind !== 'answered') throw new GatehouseError('serviceFailed', result.message)
    if (result.answer.kind === 'sent') return { success: true, results: result.answer.body, ...logsOf(result) }
    return { success: result.answer.success, results: result.answer.value ?? null, ...logsOf(result) }
  },
  'code.list': async ({ scope }) => (await listCode(scope, 'service')).map((unit) => unit.name),
})

const logsOf = (result: RunResult) => (result.logs === undefined ? {} : { logs: result.logs })
