/** What is asked of a session that was made at the other end of a link: it proves nothing here beyond what its roles may. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { SystemScope } from './scope.ts'

/** `what` finishes "It does not let you …". Throws permissionDenied. */
export function demandMadeHere({ caller }: Pick<SystemScope, 'caller'>, what: string): void {
  if (caller.kind !== 'user' || caller.elsewhere === undefined) return
  const { place } = caller.elsewhere
  const where = place === '' ? 'at the platform' : `at the edge ${place}`
  throw new GatehouseError('permissionDenied', `This session was made ${where}: it does not let you ${what}.`, {
    hint: 'Sign in here, and try again.',
  })
}
