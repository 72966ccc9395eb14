/** Developers of the platform: the people who sign in at the console. Their sign-in itself is in `domain/auth`. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { hour } from '../../base/clock.ts'
import { bearerToken, hexId } from '../../base/ids.ts'
import { hashPassword, hashToken } from '../../base/secrets.ts'
import { isLoopbackHost } from '../../config/config.ts'
import type { Store } from '../../store/store.ts'
import {
  countDevelopers,
  type DeveloperRecord,
  findDeveloper,
  holdDevelopers,
  insertDeveloper,
  insertInvitation,
  spendInvitation,
  updateDeveloper,
} from '../../store/tables/developers.ts'
import { clearFailures, listFailures } from '../../store/tables/failures.ts'
import { addressKey } from '../access/attempt-gate.ts'
import { type Actor, audit } from '../access/audit.ts'
import type { Means, NodeScope } from '../access/scope.ts'
import { demandEmail } from './email.ts'
import { demandStrong, developerMinLength } from './password-rules.ts'

export type NewDeveloper = {
  email: string
  password: string
  firstName: string
  lastName: string
  organisation: string
}

const firstLinkLife = hour
const invitationLife = 72 * hour

export const needsFirstDeveloper = async (means: Pick<Means, 'store'>): Promise<boolean> =>
  (await countDevelopers(means.store)) === 0

/**
 * Makes a developer; the first one of a node is its administrator. `permit` is asked in the same transaction and throws
 * where it may not be. Throws badPassword, developerRegistration.
 */
export async function addDeveloper(
  means: Pick<Means, 'store' | 'clock'>,
  actor: Actor,
  input: NewDeveloper,
  permit: (tx: Store, first: boolean) => Promise<void> = async () => {},
  hash: (password: string) => Promise<string> = hashPassword,
): Promise<DeveloperRecord> {
  const email = demandEmail(input.email)
  demandStrong(input.password, { minLength: developerMinLength, context: [email, email.split('@')[0]!] })
  const passwordHash = await hash(input.password)
  return means.store.transaction(async (tx) => {
    await holdDevelopers(tx)
    const first = (await countDevelopers(tx)) === 0
    await permit(tx, first)
    if ((await findDeveloper(tx, { email })) !== undefined) {
      throw new GatehouseError('developerRegistration', `There is a developer with the e-mail ${email} already.`)
    }
    const developer: DeveloperRecord = {
      id: hexId(),
      email,
      passwordHash,
      firstName: input.firstName,
      lastName: input.lastName,
      organisation: input.organisation,
      admin: first,
      disabled: false,
      createdAt: means.clock.now(),
      lastLoginAt: null,
    }
    await insertDeveloper(tx, developer)
    audit(tx, actor, { kind: 'developer', action: 'create', subject: email, details: { administrator: first } })
    return developer
  })
}

/** Registration over HTTP: open in development, by invitation in production. */
export async function registerDeveloper(
  scope: NodeScope,
  input: NewDeveloper & { key: string | undefined },
): Promise<DeveloperRecord> {
  // In line like the checking of passwords: anybody may ask for this.
  const hash = slowHash(scope)
  if (input.key === undefined) demandOwnPage(scope)
  if (scope.mode === 'development' && input.key === undefined) return addDeveloper(scope, scope, input, undefined, hash)
  const permit = async (tx: Store, first: boolean): Promise<void> => {
    const spend = (kind: 'first' | 'developer') =>
      spendInvitation(tx, { hash: hashToken(input.key ?? ''), kind, now: scope.clock.now() })
    // The link of the first start is for the first alone; an invitation will do for anybody.
    if (input.key === undefined || !((first && (await spend('first'))) || (await spend('developer')))) {
      throw new GatehouseError(
        'developerRegistration',
        'Registration needs an invitation that is unused and not too old.',
        {
          hint: 'An administrator makes one with: gatehouse developer invite',
        },
      )
    }
  }
  return addDeveloper(scope, scope, input, permit, hash)
}

/**
 * In development nobody is asked for an invitation, and any page that a developer opens can send requests to his own machine:
 * none but his own may make a developer there. Programs say no page.
 */
function demandOwnPage({ origin, publicUrl }: NodeScope): void {
  const page = origin.page === undefined || origin.page === '' ? undefined : URL.parse(origin.page)
  if (page === undefined) return
  if (page !== null && (page.origin === new URL(publicUrl()).origin || isLoopbackHost(page.hostname))) return
  throw new GatehouseError('developerRegistration', 'A page of elsewhere cannot register a developer.', {
    hint: 'Register at the console of the node, or with an invitation.',
  })
}

const slowHash =
  ({ gate, origin }: NodeScope) =>
  (password: string): Promise<string> =>
    gate.pass({ system: '', address: addressKey(origin.address) }, () =>
      gate.hash((cost) => hashPassword(password, cost)),
    )

/** The key of a one-time link; only its hash is stored. */
export async function invite(
  means: Pick<Means, 'store' | 'clock'>,
  actor: Actor,
  kind: 'first' | 'developer',
): Promise<{ key: string; expiresAt: number }> {
  const key = bearerToken('gh_invite')
  const createdAt = means.clock.now()
  const expiresAt = createdAt + (kind === 'first' ? firstLinkLife : invitationLife)
  await means.store.transaction(async (tx) => {
    await insertInvitation(tx, { hash: hashToken(key), kind, createdAt, expiresAt })
    audit(tx, actor, { kind: 'developer', action: 'invite', subject: kind === 'first' ? 'the first developer' : '' })
  })
  return { key, expiresAt }
}

/** The hash of a developer's new password, if it is good enough. Throws badPassword. */
export function newDeveloperHash(scope: NodeScope, developer: DeveloperRecord, password: string): Promise<string> {
  demandStrong(password, { minLength: developerMinLength, context: [developer.email] })
  return slowHash(scope)(password)
}

const emailOf = ({ caller }: NodeScope): string | undefined => (caller.kind === 'developer' ? caller.email : undefined)

/** For the operator, on the machine: ends the wait after wrong passwords. Undefined where nobody has this e-mail. */
export async function unlockDeveloper(
  { store, clock }: Pick<Means, 'store' | 'clock'>,
  actor: Actor,
  email: string,
): Promise<{ email: string; failures: number; waited: boolean } | undefined> {
  const developer = await findDeveloper(store, { email })
  if (developer === undefined) return undefined
  const failures = await store.transaction(async (tx) => {
    const found = (await listFailures(tx, '', [developer.id])).get(developer.id)
    await clearFailures(tx, '', developer.id)
    audit(tx, actor, { kind: 'unlock', action: 'developer', subject: developer.email })
    return found
  })
  const waited = (failures?.blockedUntil ?? 0) > clock.now()
  return { email: developer.email, failures: failures?.count ?? 0, waited }
}

/** The developer's own names; undefined ones stay. */
export const changeDeveloper = (
  scope: NodeScope,
  id: string,
  changes: { firstName?: string; lastName?: string; organisation?: string },
): Promise<void> =>
  scope.store.transaction(async (tx) => {
    await updateDeveloper(tx, id, changes)
    audit(tx, scope, {
      kind: 'developer',
      action: 'change',
      subject: emailOf(scope) ?? id,
      details: { changed: Object.keys(changes) },
    })
  })
