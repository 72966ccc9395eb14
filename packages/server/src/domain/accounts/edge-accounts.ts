/**
 * Accounts of an edge: people at the site who look at the page on its own state. The operator makes them on the machine; the
 * platform knows none of them, and they open nothing else. Their sign-in is `domain/auth/edge-account-sign-in.ts`.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { hexId } from '../../base/ids.ts'
import { hashPassword } from '../../base/secrets.ts'
import { deleteEdgeAccount, type EdgeAccount, insertEdgeAccount } from '../../store/tables/edge-accounts.ts'
import { type Actor, audit } from '../access/audit.ts'
import type { Means } from '../access/scope.ts'
import { demandStrong, developerMinLength } from './password-rules.ts'

type Around = Pick<Means, 'store' | 'clock'>

/** Throws badRequest, badPassword, conflict. */
export async function addEdgeAccount(
  { store, clock }: Around,
  actor: Actor,
  { name, password }: { name: string; password: string },
): Promise<EdgeAccount> {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.@+-]{0,199}$/.test(name)) {
    throw new GatehouseError('badRequest', 'The name of an account is 1 to 200 letters, digits, and any of "_.@+-".')
  }
  demandStrong(password, { minLength: developerMinLength, context: [name] })
  const account = { id: hexId(), name, passwordHash: await hashPassword(password), createdAt: clock.now() }
  await store.transaction(async (tx) => {
    if (!(await insertEdgeAccount(tx, account))) {
      throw new GatehouseError('conflict', `There is an account ${name} at this edge already.`, {
        hint: `Remove it first: gatehouse edge account remove ${name}`,
      })
    }
    audit(tx, actor, { kind: 'edge', action: 'create account', subject: name })
  })
  return account
}

/** Its sessions end with it. Throws noSuchAsset. */
export async function removeEdgeAccount({ store }: Around, actor: Actor, name: string): Promise<void> {
  await store.transaction(async (tx) => {
    if (!(await deleteEdgeAccount(tx, name))) {
      throw new GatehouseError('noSuchAsset', `There is no account ${name} at this edge.`)
    }
    audit(tx, actor, { kind: 'edge', action: 'delete account', subject: name })
  })
}
