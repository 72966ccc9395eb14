/**
 * Remembered devices: who signed in with a second factor may ask that this device need none for some days. The token of the
 * device is no authenticator (NIST SP 800-63B-4 §3.2.1): a session that it let in says so in its factors, binds and changes
 * nothing, and the password is asked for all the same. Whether any of this is offered is the auth service's to say.
 *
 * A token ends with its time, with another password, with any change of the second factors, with the account, and by the
 * user or a developer.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { day, hour } from '../../base/clock.ts'
import { bearerToken } from '../../base/ids.ts'
import { hashToken } from '../../base/secrets.ts'
import { findAccount } from '../../store/tables/accounts.ts'
import { deleteDevices, holdDevice, insertDevice, listDevices, markDeviceUsed } from '../../store/tables/devices.ts'
import { findOpenProof } from '../../store/tables/proofs.ts'
import { isCountFull, takeCount } from '../../store/tables/send-counts.ts'
import { audit } from '../access/audit.ts'
import type { SystemScope } from '../access/scope.ts'
import { refused } from './factor-check.ts'
import { giveProof, redeem } from './proofs.ts'

export const deviceRules = {
  /** Of one user; a further one takes the place of the oldest. */
  most: 5,
  mostDays: 90,
  /** Wrong tokens beside a right password, of one account: then none is looked at, and the code is asked for. */
  wrongPerHour: 10,
} as const

/** As the sessions that rest on one say it. */
export const deviceFactors = 'password device'

export type RememberedDevice = { token: string; expiresAt: number }

/**
 * Remembers the device of a sign-in that `proof`, of password and second factor, is about to end; once for each proof. Not
 * after a recovery code: whoever needs one has lost something. Throws challengeRefused, badRequest.
 */
export async function rememberDevice(
  scope: SystemScope,
  input: { proof: string; service: string; days: unknown },
): Promise<RememberedDevice> {
  const days = readDays(input.days)
  const now = scope.clock.now()
  const token = bearerToken('ghk')
  const expiresAt = now + days * day
  const problem = await scope.data.transaction(async (tx): Promise<GatehouseError | undefined> => {
    const hash = hashToken(input.proof)
    const proof = await findOpenProof(tx, hash, now)
    if (proof?.origin !== 'challenge' || proof.service !== input.service) return noProof()
    if (proof.factors.split(' ').includes('recovery')) {
      return refused('After a recovery code no device is remembered.')
    }
    const { userId, passwordStamp } = proof
    const account = await findAccount(tx, { userId }, { hold: true })
    if (account === undefined || account.disabled || account.passwordStamp !== passwordStamp) return noProof()
    const one = { id: hash, userId, tokenHash: hashToken(token), passwordStamp, createdAt: now, expiresAt }
    const userAgent = scope.origin.userAgent.slice(0, 300)
    if (!(await insertDevice(tx, { ...one, userAgent }))) return noProof()
    const over = (await listDevices(tx, userId)).filter(({ id }) => id !== hash).slice(deviceRules.most - 1)
    if (over.length > 0) {
      const ids = over.map(({ id }) => id)
      await deleteDevices(tx, userId, ids)
    }
    return undefined
  })
  if (problem !== undefined) throw problem
  return { token, expiresAt }
}

const noProof = (): GatehouseError =>
  refused('A device is remembered with the proof that signin.answer gave, once, before the sign-in ends with it.')

/**
 * A proof of password and device for one of the password and the token of a device that is remembered, in one step. The proof
 * of the password is spent by a right token alone; a wrong one is counted. `days` refuses tokens that are older. Throws
 * challengeRefused, the same whatever is wrong with the token, and badRequest.
 */
export async function knowDevice(
  scope: SystemScope,
  input: { proof: string; token: string; service: string; runId: string; days: unknown },
): Promise<{ proof: string; userId: string }> {
  const days = readDays(input.days)
  const now = scope.clock.now()
  const known = await scope.data.transaction(
    async (tx): Promise<{ proof: string; userId: string } | GatehouseError> => {
      const open = await findOpenProof(tx, hashToken(input.proof), now)
      if (open?.origin !== 'password') return refused('A device is known beside the proof of a password alone.')
      const { userId } = open
      // Held before the device, as whatever changes the factors does.
      const account = await findAccount(tx, { userId }, { hold: true })
      const wrong = { kind: 'wrong device tokens', subject: userId, most: deviceRules.wrongPerHour, windowMs: hour }
      if (account === undefined || (await isCountFull(tx, wrong, now))) return notKnown()
      const device = await holdDevice(tx, hashToken(input.token))
      const isGood =
        device !== undefined &&
        device.userId === userId &&
        device.passwordStamp === account.passwordStamp &&
        device.expiresAt > now &&
        device.createdAt + days * day > now
      if (!isGood) {
        await takeCount(tx, wrong, now)
        return notKnown()
      }
      const redeemed = await redeem(tx, input.proof, now, undefined, scope.system.settings)
      if (!redeemed.ok) return refused(`The first factor is not proved: this is ${redeemed.why}.`)
      await markDeviceUsed(tx, device.id, now)
      const { service, runId } = input
      const proof = await giveProof(
        { ...scope, data: tx },
        { account, origin: 'device', factors: deviceFactors, service, runId },
      )
      return { proof, userId }
    },
  )
  if (known instanceof GatehouseError) throw known
  return known
}

const notKnown = (): GatehouseError => refused('This device is not remembered.')

function readDays(days: unknown): number {
  if (Number.isInteger(days) && (days as number) >= 1 && (days as number) <= deviceRules.mostDays) return days as number
  throw new GatehouseError('badRequest', `days must be a whole number from 1 to ${deviceRules.mostDays}.`)
}

export type ShownDevice = { id: string; user_agent: string; remembered_at: string; expires_at: string; used_at: string }

/** For developers of the system, and for the user himself. */
export async function devicesOf(scope: SystemScope, userId: string): Promise<ShownDevice[]> {
  const at = (time: number): string => new Date(time).toISOString()
  return (await listDevices(scope.data, userId)).map(({ id, userAgent, createdAt, expiresAt, usedAt }) => ({
    ...{ id: id.slice(0, 16), user_agent: userAgent },
    ...{ remembered_at: at(createdAt), expires_at: at(expiresAt), used_at: usedAt === null ? '' : at(usedAt) },
  }))
}

/** All of them. */
export const forgetDevices = async (scope: SystemScope, userId: string): Promise<{ forgotten: number }> => ({
  forgotten: await scope.data.transaction(async (tx) => {
    const count = await deleteDevices(tx, userId)
    if (scope.caller.kind === 'developer') {
      audit(tx, scope, { kind: 'authenticator', action: 'forget devices', subject: userId, details: { count } })
    }
    return count
  }),
})

/** The user whose session this is. Throws notSignedIn. */
export function ownUserId({ caller }: SystemScope): string {
  if (caller.kind === 'user') return caller.userId
  throw new GatehouseError('notSignedIn', 'This needs a signed-in user.')
}
