/** How long an edge lets people in by what it last knew, where a deployment says nothing else; and what it says in doubt. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { Means, OfflineLimits } from './scope.ts'

/** A week since the last contact; seconds. */
export const defaultOfflineLimits: OfflineLimits = { limit: 7 * 86_400, near: 0.8 }

/** For whatever rests on the time. Undefined where the clock is believed, as on every platform. */
export function clockProblem({ edge }: Pick<Means, 'edge'>): GatehouseError | undefined {
  const doubt = edge?.doubt() ?? ''
  if (doubt === '') return undefined
  return new GatehouseError('edgeTooOld', `${doubt}, so nothing that rests on the time is taken here.`, {
    hint: 'A recovery code that was made for this edge signs you in. The doubt ends when the edge reaches its platform.',
  })
}
