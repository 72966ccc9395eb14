/**
 * What a run may ask of the node: one table of named functions. Arguments were written by a stranger and are parsed here;
 * rights are checked by the domain, as for an HTTP request. The list with all shapes is `../prelude/HOST-CALLS.md`.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { SystemScope } from '../../domain/access/scope.ts'
import type { Waiting } from '../../sandbox/job.ts'
import { readFailure } from '../../store/read-failure.ts'
import type { Run } from '../run.ts'
import { scopeOfSession } from '../run.ts'

export type Args = Record<string, unknown>

/** `signal` aborts when the run has ended; what is asked of somebody far away goes through `waiting`. */
type More = { signal: AbortSignal; waiting: Waiting }

export type HostFunction = (call: More & { run: Run; scope: SystemScope; args: Args }) => Promise<unknown>

export type HostTable = Readonly<Record<string, HostFunction>>

/** Answers one call of a run. */
export async function answerCall(
  table: HostTable,
  run: Run,
  name: string,
  given: unknown,
  more: More,
): Promise<unknown> {
  const args: Args = typeof given === 'object' && given !== null && !Array.isArray(given) ? (given as Args) : {}
  const answer = Object.hasOwn(table, name) ? table[name] : undefined
  if (answer === undefined) throw new GatehouseError('notAvailableYet', `not available yet: ${name}`)
  try {
    return await answer({ run, scope: await scopeOfSession(run, args.session), args, ...more })
  } catch (error) {
    if (error instanceof GatehouseError && error.kind === 'permissionDenied') run.tree.denials.add(error.detail)
    throw readFailure(error) ?? error
  }
}

export function textArg(args: Args, name: string): string {
  const value = args[name]
  if (typeof value !== 'string') throw new GatehouseError('badRequest', `"${name}" must be a text.`)
  return value
}

export function objectArg(args: Args, name: string): Record<string, unknown> {
  const value = args[name]
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new GatehouseError('badRequest', `"${name}" must be an object.`)
  }
  return value as Record<string, unknown>
}
