/** For what waits between the moment when the caller was recognised and the moment when something is changed. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { Store } from '../../store/store.ts'
import { holdLiveSession } from '../../store/tables/sessions.ts'
import type { NodeScope } from './scope.ts'

/** In the transaction that changes it: a session that was ended meanwhile changes nothing any more. Throws notSignedIn. */
export async function demandStillSignedIn({ caller, clock }: NodeScope, tx: Store): Promise<void> {
  // Inside a run nobody is there by a session.
  if (caller.kind === 'nobody' || !caller.sessionId) return
  if (await holdLiveSession(tx, caller.sessionId, clock.now())) return
  throw new GatehouseError('notSignedIn', 'The session was ended while this was being done.', {
    hint: 'Sign in again.',
  })
}
