/**
 * Recovery codes: ten texts that are shown once and stand for an authenticator that is lost, each once. The first letters of
 * a code name it, so that one try costs one slow hash and not ten; the rest alone holds 65 bits.
 */
import { randomInt } from 'node:crypto'
import { uuid } from '../../base/ids.ts'
import { hashPassword, verifyPassword } from '../../base/secrets.ts'
import { findRecoveryCode, type RecoveryCodeRecord } from '../../store/tables/recovery-codes.ts'
import { type Asking, addressKey } from '../access/attempt-gate.ts'
import type { SystemScope } from '../access/scope.ts'
import { decoyHash } from './credentials.ts'

export const recoveryRules = { codes: 10, letters: 16, selector: 3, group: 4 } as const

/** Without letters that look like digits (Crockford's base 32). */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

export type MadeRecoveryCodes = {
  /** As they are shown: in groups, once. */
  codes: string[]
  rows: Pick<RecoveryCodeRecord, 'id' | 'selector' | 'hash'>[]
}

/** Slow, one after the other and in line with the other checks of this user. */
export const makeRecoveryCodes = (
  scope: SystemScope,
  userId: string,
  count: number = recoveryRules.codes,
): Promise<MadeRecoveryCodes> =>
  scope.gate.pass(turnOf(scope, userId), async () => {
    const bySelector = new Map<string, string>()
    while (bySelector.size < count) {
      const code = Array.from({ length: recoveryRules.letters }, () => alphabet[randomInt(alphabet.length)]).join('')
      bySelector.set(code.slice(0, recoveryRules.selector), code)
    }
    const rows: MadeRecoveryCodes['rows'] = []
    for (const [selector, code] of bySelector) {
      rows.push({ id: uuid(), selector, hash: await scope.gate.hash((cost) => hashPassword(code, cost)) })
    }
    return { codes: [...bySelector.values()].map(inGroups), rows }
  })

/** The id of the unspent code that this is. One hash at most, and one for every text that looks like a code. */
export async function matchingRecoveryCode(
  scope: SystemScope,
  authenticator: { id: string; userId: string },
  given: string,
): Promise<string | undefined> {
  const code = readCode(given)
  if (code === undefined) return undefined
  return scope.gate.pass(turnOf(scope, authenticator.userId), async () => {
    const found = await findRecoveryCode(scope.data, authenticator.id, code.slice(0, recoveryRules.selector))
    const right = await scope.gate.hash((cost) => verifyPassword(found?.hash ?? decoyHash(cost), code))
    return right ? found?.id : undefined
  })
}

const turnOf = ({ origin, system }: SystemScope, userId: string): Asking => ({
  ...{ system: system.key, address: addressKey(origin.address), account: `recovery ${system.key}/${userId}` },
})

const inGroups = (code: string): string => code.match(new RegExp(`.{${recoveryRules.group}}`, 'g'))!.join('-')

/** As people type it: in any case, with or without the groups, with letters that look alike. */
function readCode(given: string): string | undefined {
  const code = given.slice(0, 100).replace(/[\s-]/g, '').toUpperCase().replaceAll('O', '0').replace(/[IL]/g, '1')
  return new RegExp(`^[${alphabet}]{${recoveryRules.letters}}$`).test(code) ? code : undefined
}
