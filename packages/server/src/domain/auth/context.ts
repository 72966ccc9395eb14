/**
 * What the node knows of a sign-in, for the service that judges it (`req.context`). What is `proven` the node saw itself;
 * what is `claimed` the client says, so a rule may ask for more because of it, and never for less.
 */
import { findAccount } from '../../store/tables/accounts.ts'
import { listAuthenticators } from '../../store/tables/authenticators.ts'
import { emailKey } from '../../store/tables/developers.ts'
import { findFailures } from '../../store/tables/failures.ts'
import { countTaken } from '../../store/tables/send-counts.ts'
import { lastSession } from '../../store/tables/sessions.ts'
import type { EdgeStanding, SystemScope } from '../access/scope.ts'
import { addressCounts, ledgerId } from '../accounts/ledger.ts'

export type SignInContext = {
  /** Which door was used, as `password`. */
  door: string
  proven: {
    /** ISO 8601, by the clock of the node. */
    time: string
    /** Of the peer, or the one that a trusted proxy saw; of a service that signs somebody in, its name instead. */
    address: string
    /** Of that address, by the file of the operator: two capital letters, '' where it is not known. */
    country: string
    /** Wrong answers in a row for the account that the e-mail names, and lately from this address. */
    failures: { password: number; second_factor: number; address: number }
    /** The newest session of that account; null where there is none. */
    last_sign_in: { time: string; address: string; factors: string } | null
    /** At an edge alone. Seconds since it surely knew all that the platform knew of users; null where that is not known. */
    edge?: { name: string; data_age: number | null }
  }
  claimed: {
    email: string
    user_agent: string
    /** Degrees; as the body's `position` has them. */
    position: { latitude: number; longitude: number } | null
    device: string
  }
}

export async function signInContext(
  scope: SystemScope,
  door: string,
  body: Record<string, unknown>,
): Promise<SignInContext> {
  const { clock, data, origin } = scope
  const now = clock.now()
  const email = textIn(body.email, 320)
  const account = email === '' ? undefined : await findAccount(data, { email })
  const name = `${scope.system.key}/${emailKey(email)}`
  // Alike for an e-mail that nobody has: what a service tells of it must not say which it is.
  const ledger = ledgerId(scope, { account: account && { id: account.userId }, name })
  const failures = email === '' ? undefined : await findFailures(scope.store, scope.system.key, ledger)
  const [ofAddress] = addressCounts(scope, scope.system.settings.sign_in_limits)
  const held = account === undefined ? [] : await listAuthenticators(data, account.userId)
  const last = account === undefined ? undefined : await lastSession(data, account.userId)
  return {
    door,
    proven: {
      time: new Date(now).toISOString(),
      address: origin.address,
      country: scope.countryOf(origin.address),
      failures: {
        password: failures?.count ?? 0,
        second_factor: held.reduce((sum, one) => sum + one.failures, 0),
        address: await countTaken(data, ofAddress!, now),
      },
      last_sign_in:
        last === undefined
          ? null
          : { time: new Date(last.createdAt).toISOString(), address: last.address, factors: last.factors },
      ...(scope.edge !== undefined && { edge: edgeFacts(scope.edge) }),
    },
    claimed: {
      email,
      user_agent: origin.userAgent.slice(0, 300),
      position: positionIn(body.position),
      device: textIn(body.device, 200),
    },
  }
}

function edgeFacts(edge: EdgeStanding): NonNullable<SignInContext['proven']['edge']> {
  const age = edge.identityAge()
  const isKnown = edge.doubt() === '' && Number.isFinite(age)
  return { name: edge.name, data_age: isKnown ? Math.floor(age / 1000) : null }
}

const textIn = (value: unknown, length: number): string => (typeof value === 'string' ? value.slice(0, length) : '')

function positionIn(value: unknown): SignInContext['claimed']['position'] {
  const { latitude, longitude } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  const isDegree = (degrees: unknown, most: number): degrees is number =>
    typeof degrees === 'number' && Math.abs(degrees) <= most
  return isDegree(latitude, 90) && isDegree(longitude, 180) ? { latitude, longitude } : null
}
