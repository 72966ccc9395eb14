/**
 * How a developer binds second factors and takes them away: an authenticator app, passkeys of the console, recovery codes. In
 * a session, by the password; once there is one, by a fresh answer of it too. What was begun binds nothing until a code of the
 * app, or the passkey itself, confirms it. Who lost everything is helped on the machine of the node alone (`resetFactors`).
 *
 * Slow hashes and signatures come first; then one transaction looks at everything again, counts, consumes and binds.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { uuid } from '../../base/ids.ts'
import type { Store } from '../../store/store.ts'
import {
  bindAuthenticator,
  bindPasskey,
  deleteAuthenticators,
  listAuthenticators,
  unbindAuthenticator,
} from '../../store/tables/authenticators.ts'
import { type DeveloperRecord, findDeveloper } from '../../store/tables/developers.ts'
import { countPendingFailure, deletePending, findPending, putPending } from '../../store/tables/enrolments.ts'
import { countRecoveryCodes } from '../../store/tables/recovery-codes.ts'
import { endSessions, isOpenSession } from '../../store/tables/sessions.ts'
import { type Actor, audit } from '../access/audit.ts'
import { callerLabel } from '../access/caller.ts'
import type { Means, NodeScope, SystemScope } from '../access/scope.ts'
import {
  authenticatorsOf,
  bindRecoveryCodes,
  labels,
  placeOf,
  type ShownAuthenticator,
} from '../accounts/authenticators.ts'
import { checkDeveloperPassword, refusalError } from '../accounts/credentials.ts'
import type { PasskeyOptions } from '../accounts/passkeys.ts'
import { type MadeRecoveryCodes, makeRecoveryCodes } from '../accounts/recovery-codes.ts'
import { askFor } from './challenges.ts'
import {
  developersData,
  developersKey,
  developersScope,
  heldBy,
  helpedByOperator,
  sendsNothing,
  stampOf,
} from './developer-place.ts'
import {
  type Begun,
  type Body,
  beginApp,
  type Confirmed,
  demandAnswer,
  enrolmentRules,
  type Fresh,
  ownService,
  stepOf,
  takeFreshCode,
  wantsOthersEnded,
  weighFresh,
  weighPending,
} from './enrolment.ts'
import { notGood, refused } from './factor-check.ts'
import { beginPasskey, readLabel } from './passkey-enrolment.ts'

/** Whose password was right just now, and in which session. */
type Owner = { developer: DeveloperRecord; sessionId: string; scope: SystemScope }

async function demandOwner(node: NodeScope, body: Body): Promise<Owner> {
  const { caller } = node
  if (caller.kind !== 'developer' || caller.sessionId === undefined) {
    throw new GatehouseError('notSignedIn', 'Sign in as a developer first.')
  }
  const check = await checkDeveloperPassword(node, caller.email, body.password)
  if (!check.ok) throw refusalError(check, 'developerCredentials')
  if (check.developer.id !== caller.developerId) throw new GatehouseError('notSignedIn', 'Sign in again.')
  return { developer: check.developer, sessionId: caller.sessionId, scope: developersScope(node) }
}

/** In the transaction, with the account held: it and the session must still be as good as they were. */
async function stillOwner({ developer, sessionId, scope }: Owner, tx: Store): Promise<GatehouseError | undefined> {
  const now = await findDeveloper(tx, { id: developer.id }, { hold: true })
  if (now === undefined || now.disabled || now.passwordHash !== developer.passwordHash) return notGood()
  const isOpen = await isOpenSession(tx, { id: sessionId, subjectId: developer.id }, scope.clock.now())
  return isOpen ? undefined : new GatehouseError('notSignedIn', 'The session has ended.', { hint: 'Sign in again.' })
}

/** The same, and a fresh answer where the developer holds anything. */
async function takeOwner(owner: Owner, tx: Store, fresh: Fresh | undefined): Promise<GatehouseError | undefined> {
  const problem = await stillOwner(owner, tx)
  if (problem !== undefined) return problem
  const data = developersData(tx)
  if ((await heldBy(data, owner.developer.id)).length === 0) return undefined
  if (fresh === undefined) return refused('You have a second factor: a fresh answer of it is needed as well.')
  const taken = await takeFreshCode(owner.scope, data, owner.developer.id, fresh)
  // Developers have no phone, so nothing that was sent is to be noted.
  return taken instanceof GatehouseError ? taken : undefined
}

const freshOf = async ({ scope, developer }: Owner, body: Body): Promise<Fresh | undefined> =>
  body.code === undefined || body.code === '' ? undefined : weighFresh(scope, { userId: developer.id }, body)

/** Runs `work` in a transaction; what it counted stays, also where it answers with a refusal. */
const decide = (owner: Owner, work: (tx: Store) => Promise<GatehouseError | undefined>): Promise<void> =>
  helpedByOperator(async () => {
    const problem = await owner.scope.store.transaction(work)
    if (problem !== undefined) throw problem
  })

export const ownFactors = (node: NodeScope, developerId: string): Promise<ShownAuthenticator[]> =>
  authenticatorsOf(developersScope(node), developerId)

/** Whether a second factor is asked for when this developer signs in. */
export const owesFactor = async ({ store }: Pick<Means, 'store'>, developerId: string): Promise<boolean> =>
  (await heldBy(store.forSystem(developersKey), developerId)).length > 0

/** What the browser is asked for a fresh answer of a passkey: `{password}`. */
export async function askFresh(
  node: NodeScope,
  body: Body,
): Promise<{ challenge_id: string; passkey: PasskeyOptions }> {
  const { scope, developer } = await demandOwner(node, body)
  const { handle, passkey } = await helpedByOperator(() =>
    askFor(scope, sendsNothing, {
      ...{ userId: developer.id, passwordStamp: stampOf(developer), service: ownService },
      ...{ kind: 'passkey', wording: {} },
    }),
  )
  return { challenge_id: handle, passkey: passkey! }
}

/** Begins an app or a passkey: `{password, kind, label?}`, and with a factor bound already `{code, factor?, challenge_id?}`. */
export async function beginFactor(node: NodeScope, body: Body): Promise<Begun> {
  const { kind } = body
  if (kind !== 'totp' && kind !== 'passkey') throw new GatehouseError('badRequest', 'kind must be "totp" or "passkey".')
  const label = kind === 'passkey' ? readLabel(body.label) : ''
  const owner = await demandOwner(node, body)
  const { scope, developer } = owner
  const fresh = await freshOf(owner, body)
  const now = scope.clock.now()
  const [id, expiresAt, userId] = [uuid(), now + enrolmentRules.pendingMs, developer.id]
  const begun =
    kind === 'passkey'
      ? beginPasskey(scope, { id, userId, email: developer.email, label }, await listAuthenticators(scope.data, userId))
      : beginApp(scope, developer.email)
  await decide(owner, async (tx) => {
    const problem = await takeOwner(owner, tx, fresh)
    if (problem !== undefined) return problem
    await putPending(developersData(tx), {
      ...{ id, userId, kind },
      sealed: scope.key.seal('authenticators', placeOf(developersKey, { id, userId }), begun.kept),
      begunBy: `session ${owner.sessionId}`,
      ...{ failures: 0, createdAt: now, expiresAt },
    })
    return undefined
  })
  return { state: 'pending', ...begun.shown, expires_at: new Date(expiresAt).toISOString() }
}

/**
 * Binds what this session began, by a code of the app or what the browser says for the passkey: `{password, code,
 * end_other_sessions?}`. A developer has one pending factor at most, so nothing that was begun without a fresh answer is left
 * once a factor is bound.
 */
export async function confirmFactor(node: NodeScope, body: Body): Promise<Confirmed> {
  const code = demandAnswer(body.code)
  const endOthers = wantsOthersEnded(body)
  const owner = await demandOwner(node, body)
  const { scope, developer, sessionId } = owner
  const userId = developer.id
  const begun = await findPending(scope.data, userId, scope.clock.now())
  const weighed = begun && (await weighPending(scope, begun, code))
  const needsCodes = begun?.kind === 'totp' || (await countRecoveryCodes(scope.data, userId)) === 0
  const made = weighed && needsCodes ? await makeRecoveryCodes(scope, userId) : undefined
  let ended: number | undefined
  await decide(owner, async (node) => {
    const problem = await stillOwner(owner, node)
    if (problem !== undefined) return problem
    const [tx, now] = [developersData(node), scope.clock.now()]
    const pending = await findPending(tx, userId, now, { hold: true })
    if (pending === undefined || pending.begunBy !== `session ${sessionId}` || pending.id !== begun?.id)
      return notGood()
    const step = stepOf(scope, pending, code)
    if (weighed === undefined || (pending.kind === 'totp' && step === undefined)) {
      await countPendingFailure(tx, pending.id)
      if (pending.failures + 1 >= enrolmentRules.triesPerPending) await deletePending(tx, userId)
      return notGood()
    }
    await deletePending(tx, userId)
    const bound = { id: pending.id, userId, boundAt: now, boundBy: callerLabel(scope.caller) }
    if (weighed === 'app') {
      await bindAuthenticator(tx, {
        ...{ ...bound, kind: 'totp', label: labels.totp, sealed: pending.sealed, lastStep: step! },
      })
      // Thrown, so that nothing of this was done.
    } else if (!(await bindPasskey(tx, { ...bound, ...weighed }))) throw refused('This passkey is bound already.')
    if (made !== undefined) await bindRecoveryCodes({ ...scope, data: tx }, userId, made, bound.boundBy)
    noteFactor(owner, node, 'bind', pending.kind)
    if (endOthers) ended = await endOtherSessions(owner, node)
    return undefined
  })
  return {
    ...{ kind: begun!.kind, state: 'bound' },
    ...(made !== undefined && { recovery_codes: made.codes }),
    ...(ended !== undefined && { ended_sessions: ended }),
  }
}

/** Ten new recovery codes in the place of those before: `{password, code, factor?, challenge_id?}`. */
export async function renewOwnCodes(node: NodeScope, body: Body): Promise<{ recovery_codes: string[] }> {
  const owner = await demandOwner(node, body)
  const { scope, developer } = owner
  const fresh = await freshOf(owner, body)
  const made = fresh?.weighed.seemsRight === true ? await makeRecoveryCodes(scope, developer.id) : undefined
  await decide(owner, async (tx) => {
    // What did not seem right is counted, and cannot turn out right.
    const problem = await takeOwner(
      owner,
      tx,
      made === undefined && fresh !== undefined ? { ...fresh, code: '' } : fresh,
    )
    if (problem !== undefined) return problem
    if (made === undefined)
      return refused('Recovery codes stand beside an authenticator app or a passkey: bind one first.')
    await bindRecoveryCodes(
      { ...scope, data: developersData(tx) },
      developer.id,
      made as MadeRecoveryCodes,
      callerLabel(scope.caller),
    )
    noteFactor(owner, tx, 'bind', 'recovery')
    return undefined
  })
  return { recovery_codes: made!.codes }
}

/**
 * Takes one away: `{password, kind, id?, code, factor?, challenge_id?, end_other_sessions?}`, of passkeys the one of `id`. With the
 * last app or passkey the recovery codes go too, and the password alone is asked for again.
 */
export async function removeFactor(node: NodeScope, body: Body): Promise<{ removed: true; ended_sessions?: number }> {
  const { kind, id } = body
  if (kind !== 'totp' && kind !== 'passkey') throw new GatehouseError('badRequest', 'kind must be "totp" or "passkey".')
  if (kind === 'passkey' && typeof id !== 'string') throw new GatehouseError('badRequest', 'The text id is missing.')
  const endOthers = wantsOthersEnded(body)
  const owner = await demandOwner(node, body)
  const fresh = await freshOf(owner, body)
  const userId = owner.developer.id
  let ended: number | undefined
  await decide(owner, async (node) => {
    const problem = await takeOwner(owner, node, fresh)
    if (problem !== undefined) return problem
    const tx = developersData(node)
    const which = { userId, kind, ...(kind === 'passkey' && { id: id as string }) } as const
    if (!(await unbindAuthenticator(tx, which)))
      throw new GatehouseError('badRequest', 'You have no such second factor.')
    const left = await heldBy(tx, userId)
    if (left.every((one) => one.kind === 'recovery')) await unbindAuthenticator(tx, { userId, kind: 'recovery' })
    noteFactor(owner, node, 'remove', kind)
    if (endOthers) ended = await endOtherSessions(owner, node)
    return undefined
  })
  return { removed: true, ...(ended !== undefined && { ended_sessions: ended }) }
}

const noteFactor = ({ scope, developer }: Owner, tx: Store, action: 'bind' | 'remove', kind: string): void =>
  audit(tx, scope, { kind: 'authenticator', action, subject: developer.email, details: { factor: kind } })

/** All but the one in which the factor was changed (ASVS 7.4.3), in the transaction that changes it; answers how many. */
const endOtherSessions = ({ developer, sessionId, scope }: Owner, tx: Store): Promise<number> =>
  endSessions(
    tx,
    { systemKey: developersKey, kind: 'developer', subjectId: developer.id, exceptId: sessionId },
    scope.clock.now(),
    'a second factor was changed',
  )

/** For the operator, on the machine: a developer who lost everything has a password alone again, and no session. */
export async function resetFactors(
  { store, clock }: Pick<Means, 'store' | 'clock'>,
  actor: Actor,
  email: string,
): Promise<{ email: string; factors: number; sessions: number } | undefined> {
  return store.transaction(async (tx) => {
    const developer = await findDeveloper(tx, { email }, { hold: true })
    if (developer === undefined) return undefined
    const data = developersData(tx)
    const factors = (await heldBy(data, developer.id)).length
    await deleteAuthenticators(data, developer.id)
    const all = { systemKey: developersKey, kind: 'developer' as const, subjectId: developer.id }
    const sessions = await endSessions(tx, all, clock.now(), 'the operator took the second factors away')
    audit(tx, actor, { kind: 'authenticator', action: 'reset', subject: developer.email, details: { factors } })
    return { email: developer.email, factors, sessions }
  })
}
