/** What carries messages, as the channel sees it: a provider or the inbox. Which there are and in which order is `send.ts`. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { second } from '../../base/clock.ts'
import { neverSent } from '../../egress/failures.ts'
import type { SystemScope } from '../access/scope.ts'
import { openSecret } from '../systems/secrets.ts'

export type Parcel = {
  /** Of the note: the same for every attempt to give this message to this carrier. */
  id: string
  number: string
  body: string
  /** In the place of the sender that the settings name. */
  from: string | undefined
}

/**
 * - `accepted`: it has it, under `id`.
 * - `refused`: it surely does not have it, so another may be asked.
 * - `unknown`: it may have it.
 */
export type Delivery =
  | { state: 'accepted'; id: string }
  | { state: 'refused'; reason: string }
  | { state: 'unknown'; reason: string }

/** `absent`: it surely never got it, and would take it. `failed`: it had it, and could not deliver it. */
export type Standing = Delivery | { state: 'absent' } | { state: 'failed'; reason: string }

export type Carrier = {
  /** Under which its notes stand; another account or sender is another carrier. */
  name: string
  deliver(parcel: Parcel): Promise<Delivery>
  /** What became of an attempt that was cut off. `isIt` tells whether a text is the one that was noted. */
  ask(parcel: Parcel, noted: { at: number; isIt: (body: string) => boolean }): Promise<Standing>
  /** Whether asking sends nothing. */
  asksOnly: boolean
}

/** A provider that takes longer for one message hangs. */
export const carrierTimeoutMs = 15 * second

/** The value that `secret:NAME` stands for; undefined where there is none that opens. A service may name the value itself. */
export async function secretOf(scope: SystemScope, reference: string): Promise<string | undefined> {
  if (!reference.startsWith('secret:')) return reference
  const name = reference.slice('secret:'.length)
  try {
    return (await openSecret(scope, name)).value
  } catch (error) {
    if (error instanceof GatehouseError && error.kind !== 'noSuchSecret') throw error
    scope.log.warn(
      { system: scope.system.key, secret: name },
      'A secret that a provider of messages needs cannot be used',
    )
    return undefined
  }
}

export const withoutSecret = (who: string, reference: string): Delivery => ({
  state: 'refused',
  reason: `${who} was not asked: the system has no ${reference} that can be used.`,
})

/** A status that says: not taken. 408, 409 and 425 leave that open. */
export const surelyRefused = (status: number): boolean =>
  status >= 400 && status < 500 && ![408, 409, 425].includes(status)

/** What a request that got no answer means. */
export function unanswered(who: string, error: unknown): Delivery {
  if (!(error instanceof GatehouseError)) throw error
  if (neverSent(error)) return { state: 'refused', reason: `${who} could not be reached. ${error.detail}` }
  return { state: 'unknown', reason: `${who} may have it: ${error.detail}` }
}
