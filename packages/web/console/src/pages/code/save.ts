/** Saving code: the one way in which text of a person becomes a version. */
import type { QueryClient } from '@tanstack/react-query'
import { ApiError, ask, errorCodes } from '../../api.ts'
import { listKey, type Problem, type Unit, type UnitPlace, unitPath, unitQuery } from './code-api.ts'

export type Saved =
  | { kind: 'saved'; version: number; problem: Problem | undefined }
  /** Nothing was saved: somebody else's version is current. */
  | { kind: 'stale' }

/** `base` is the version that the change was made to. Rejects with ApiError for every other refusal. */
export async function saveUnit(
  queries: QueryClient,
  place: UnitPlace,
  base: number,
  changes: Record<string, unknown>,
): Promise<Saved> {
  type Answer = { version_number?: number; version?: number; problem?: Problem }
  try {
    const answer = await ask<Answer>(unitPath(place), { method: 'PUT', body: { ...changes, base_version: base } })
    const version = (answer.version_number ?? answer.version)!
    const { queryKey } = unitQuery(place)
    // What is still on its way was read before the save, and must not come in after it.
    await queries.cancelQueries({ queryKey })
    queries.setQueryData<Unit>(queryKey, (old) => {
      if (old === undefined) return undefined
      return {
        ...old,
        version,
        problem: answer.problem,
        ...(typeof changes.code === 'string' && { code: changes.code }),
      }
    })
    void queries.invalidateQueries({ queryKey })
    void queries.invalidateQueries({ queryKey: listKey(place.key), exact: true })
    return { kind: 'saved', version, problem: answer.problem }
  } catch (error) {
    if (error instanceof ApiError && error.code === errorCodes.conflict) return { kind: 'stale' }
    throw error
  }
}
