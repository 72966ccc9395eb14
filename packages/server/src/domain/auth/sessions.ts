/** Sessions: opening one after a sign-in was decided, recognising its token, refreshing it, ending it. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { day } from '../../base/clock.ts'
import { bearerToken, uuid } from '../../base/ids.ts'
import { hashToken } from '../../base/secrets.ts'
import type { Store } from '../../store/store.ts'
import { type AccountRecord, findAccount } from '../../store/tables/accounts.ts'
import { findDeveloper, updateDeveloper } from '../../store/tables/developers.ts'
import {
  dataAgeOfSession,
  endSessions,
  findLiveSession,
  findSessionByRefresh,
  insertSession,
  type SessionKind,
  type SessionRecord,
} from '../../store/tables/sessions.ts'
import { holdSystem } from '../../store/tables/systems.ts'
import type { Caller } from '../access/caller.ts'
import type { Means, NodeScope, SystemScope } from '../access/scope.ts'
import { noteSignedIn } from '../accounts/ledger.ts'
import { askedWhy } from '../accounts/new-password.ts'
import { readSettings } from '../systems/settings.ts'
import { demandStillFresh, weighAge } from './edge-limits.ts'
import { readElsewhere } from './elsewhere.ts'
import { maySignIn } from './proofs.ts'

export type OpenedSession = {
  token: string
  refreshToken: string /** Unix seconds. */
  expiresAt: number
  sessionId: string
}

/** Developers' sessions live five days, the platform's documented default. */
const developerTtl = 5 * day
const developerRefreshAge = 30 * day

type NewSession = {
  kind: SessionKind
  systemKey: string
  subjectId: string
  grantedBy: string
  factors: string
  ttlMs: number
  refreshUntil: number | null
  family?: string
  address: string
  dataAge: number | null
}

/** In a transaction, so that whatever was consumed for it is consumed together with it. */
export async function openSession(tx: Store, now: number, input: NewSession): Promise<OpenedSession> {
  const token = bearerToken(input.kind === 'developer' ? 'ghd' : 'ghu')
  const refreshToken = input.refreshUntil === null ? '' : bearerToken('ghr')
  const id = uuid()
  const expiresAt = now + input.ttlMs
  await insertSession(tx, {
    id,
    tokenHash: hashToken(token),
    refreshHash: refreshToken === '' ? null : hashToken(refreshToken),
    family: input.family ?? id,
    kind: input.kind,
    systemKey: input.systemKey,
    subjectId: input.subjectId,
    grantedBy: input.grantedBy,
    factors: input.factors,
    createdAt: now,
    expiresAt,
    refreshUntil: input.refreshUntil,
    endedAt: null,
    endReason: null,
    address: input.address,
    dataAge: input.dataAge,
  })
  return { token, refreshToken, expiresAt: Math.floor(expiresAt / 1000), sessionId: id }
}

/** The place that it was opened from is one that the account signed in from. */
export const openUserSession = async (
  tx: Store,
  scope: SystemScope,
  /** `dataAge` by `weighAge`. */
  input: { userId: string; grantedBy: string; factors: string; dataAge: number | null },
): Promise<OpenedSession> => {
  const now = scope.clock.now()
  await noteSignedIn(scope, tx, scope.system.key, input.userId)
  return openSession(tx, now, {
    kind: 'user',
    systemKey: scope.system.key,
    subjectId: input.userId,
    grantedBy: input.grantedBy,
    factors: input.factors,
    ttlMs: scope.system.settings.token_ttl_user * 1000,
    refreshUntil: now + scope.system.settings.refresh_max_age * 1000,
    address: scope.origin.address,
    dataAge: input.dataAge,
  })
}

/** `factors` as `password` or `password totp`: what was proved. */
export const openDeveloperSession = async (
  scope: NodeScope,
  tx: Store,
  developerId: string,
  factors: string,
): Promise<OpenedSession> => {
  const now = scope.clock.now()
  await noteSignedIn(scope, tx, '', developerId)
  return openSession(tx, now, {
    kind: 'developer',
    systemKey: '',
    subjectId: developerId,
    grantedBy: 'password',
    factors,
    ttlMs: developerTtl,
    refreshUntil: now + developerRefreshAge,
    address: scope.origin.address,
    dataAge: null,
  })
}

/**
 * Who holds this token, and of which system (`''` for developers); undefined for a token that opens nothing. Throws edgeTooOld
 * for one that counts no more at this edge.
 */
export async function identify(
  means: Pick<Means, 'store' | 'clock' | 'edge' | 'throughEdge'>,
  token: string,
): Promise<{ caller: Caller; systemKey: string } | undefined> {
  const session = await findLiveSession(means.store, hashToken(token), means.clock.now())
  if (session === undefined) return undefined
  if (session.kind === 'developer') {
    const developer = await findDeveloper(means.store, { id: session.subjectId })
    if (developer === undefined || developer.disabled) return undefined
    const { id: developerId, email, admin } = developer
    return { caller: { kind: 'developer', developerId, email, admin, sessionId: session.id }, systemKey: '' }
  }
  if (session.kind === 'user') await demandStillFresh(means, session)
  // Of one that was made here its row says it all.
  const elsewhere = typeof session.place === 'string' ? await readElsewhere(means, session, session.place) : undefined
  if (elsewhere === 'not good') return undefined
  const caller: Caller =
    session.kind === 'anonymous'
      ? { kind: 'anonymous', sessionId: session.id }
      : {
          ...{ kind: 'user', userId: session.subjectId, sessionId: session.id },
          ...(elsewhere !== undefined && { elsewhere }),
        }
  return { caller, systemKey: session.systemKey }
}

/** Of the session that asks: how old what it was decided on was, in milliseconds; null where it was opened by who knew. */
export async function ownDataAge({ caller, data }: SystemScope): Promise<number | null> {
  return caller.kind === 'user' && caller.sessionId !== undefined ? dataAgeOfSession(data, caller.sessionId) : null
}

export async function endSession(scope: NodeScope, systemKey: string, sessionId: string): Promise<void> {
  await scope.store.transaction((tx) => endSessions(tx, { systemKey, id: sessionId }, scope.clock.now(), 'signed out'))
}

const refreshRefused = (kind: 'wrongCredentials' | 'developerCredentials', why: string): GatehouseError =>
  new GatehouseError(kind, `The session cannot be refreshed: ${why}.`, { hint: 'Sign in again.' })

/**
 * Renews what was granted; it is no sign-in and asks nobody. Each refresh token works once; a second use ends every session
 * of its family, since one of the two users stole it. Over with the account, with its password, and with another auth service.
 */
export async function refreshUserSession(
  scope: SystemScope,
  refreshToken: string,
): Promise<OpenedSession & { userId: string; dataAge: number | null }> {
  const decided = await scope.store.transaction(async (tx) => {
    const session = await spendRefresh(scope, tx, refreshToken, scope.system.key, 'user')
    if (typeof session === 'string') return session
    const system = tx.forSystem(scope.system.key)
    const account = await findAccount(system, { userId: session.subjectId }, { hold: true })
    if (account === undefined || account.disabled) return 'the account is gone or switched off'
    if (isAskedOf(session.factors, account)) return 'a new password is asked for'
    if (!(await maySignIn(system, scope.system.settings, session.subjectId))) {
      return 'services run as this user'
    }
    const row = await holdSystem(system)
    const authService = row === undefined ? '' : readSettings(row.settings).auth_service
    if (authService !== '' && session.grantedBy !== `service:${authService}`)
      return 'another auth service was set since'
    const dataAge = await weighAge(scope, system, { userId: session.subjectId, factors: session.factors })
    if (dataAge instanceof GatehouseError) return dataAge.detail.replace(/\.$/, '')
    const opened = await reopen(scope, tx, session, scope.system.settings.token_ttl_user * 1000, dataAge)
    return { ...opened, userId: session.subjectId, dataAge }
  })
  if (typeof decided === 'string') throw refreshRefused('wrongCredentials', decided)
  return decided
}

/** What a service vouched for by itself rests on no password. */
const isAskedOf = (factors: string, account: AccountRecord): boolean =>
  askedWhy(account) !== undefined && factors.split(' ').includes('password')

export async function refreshDeveloperSession(
  scope: NodeScope,
  refreshToken: string,
): Promise<OpenedSession & { developerId: string }> {
  const decided = await scope.store.transaction(async (tx) => {
    const session = await spendRefresh(scope, tx, refreshToken, '', 'developer')
    if (typeof session === 'string') return session
    // Writing first holds the row, so that no change of the password can pass by the session that opens here.
    await updateDeveloper(tx, session.subjectId, { lastLoginAt: scope.clock.now() })
    const developer = await findDeveloper(tx, { id: session.subjectId })
    if (developer === undefined || developer.disabled) return 'the account is gone or switched off'
    return { ...(await reopen(scope, tx, session, developerTtl, null)), developerId: developer.id }
  })
  if (typeof decided === 'string') throw refreshRefused('developerCredentials', decided)
  return decided
}

/** The session whose refresh token this is, now spent; or why not. The end of a family must last, so nothing throws here. */
async function spendRefresh(
  scope: NodeScope,
  tx: Store,
  refreshToken: string,
  systemKey: string,
  kind: SessionKind,
): Promise<SessionRecord | string> {
  const now = scope.clock.now()
  const session = await findSessionByRefresh(tx, hashToken(refreshToken))
  if (session === undefined || session.systemKey !== systemKey || session.kind !== kind)
    return 'the refresh token is not known here, and one of a session is good only where that was made'
  if (session.refreshUntil === null || session.refreshUntil <= now) return 'it is too old'
  // Ending it is what spends it: of two that try at once, one ends it and the other finds it ended.
  const ended = await endSessions(tx, { systemKey, id: session.id }, now, 'refreshed')
  if (ended === 1) return session
  if (session.endReason !== 'refreshed') return 'it was ended'
  await endSessions(tx, { systemKey, family: session.family }, now, 'a refresh token was used twice')
  return 'the refresh token was used before, so all sessions that came from it were ended'
}

const reopen = (
  scope: NodeScope,
  tx: Store,
  old: SessionRecord,
  ttlMs: number,
  dataAge: number | null,
): Promise<OpenedSession> =>
  openSession(tx, scope.clock.now(), {
    kind: old.kind,
    systemKey: old.systemKey,
    subjectId: old.subjectId,
    grantedBy: old.grantedBy,
    factors: old.factors,
    ttlMs,
    refreshUntil: old.refreshUntil,
    family: old.family,
    address: scope.origin.address,
    dataAge,
  })
