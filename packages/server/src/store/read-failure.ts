/** What a database's failure is to whoever asked outside a transaction, by whichever door. Those of transactions: `store.ts`. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { mapDatabaseError } from './dialect/failure.ts'

/** Undefined for what is not known to be such a failure. */
export function readFailure(error: unknown): GatehouseError | undefined {
  const failure = mapDatabaseError(error)
  if (failure === undefined || failure.kind === 'conflict') return undefined
  if (failure.kind === 'unfit') {
    return new GatehouseError('badValue', 'A text holds a character that no text can hold, such as NUL.')
  }
  const detail = failure.kind === 'busy' ? 'The database is busy.' : 'The database cannot answer.'
  return new GatehouseError('unavailable', detail, { cause: error, retryAfter: 1 })
}
