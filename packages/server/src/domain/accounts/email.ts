/** E-mail addresses as names of accounts. Whether mail arrives there is not known here. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'

/** Throws badRequest for what can be no address; loose on purpose, since the standard allows nearly everything before the @. */
export function demandEmail(email: unknown): string {
  if (typeof email !== 'string' || email.length > 254 || !/^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u.test(email.trim())) {
    throw new GatehouseError('badRequest', 'The e-mail must be an address such as jo@example.com.')
  }
  return email.trim()
}
