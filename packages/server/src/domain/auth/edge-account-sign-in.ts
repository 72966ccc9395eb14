/**
 * Signing in to the page of an edge on its own state: by an account that was made at the edge, through the one password
 * function and its ledger. The token opens that page and nothing else; no developer and no user has one.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { hour } from '../../base/clock.ts'
import { bearerToken } from '../../base/ids.ts'
import { hashToken } from '../../base/secrets.ts'
import { edgeAccountOf, endEdgeAccountSession, openEdgeAccountSession } from '../../store/tables/edge-accounts.ts'
import type { NodeScope } from '../access/scope.ts'
import { checkEdgeAccountPassword, refusalError } from '../accounts/credentials.ts'
import { noteSignedIn } from '../accounts/ledger.ts'

const sessionLife = 8 * hour

/** Throws wrongCredentials, tooManyRequests. */
export async function signInAtEdge(
  scope: NodeScope,
  { name, password }: { name: unknown; password: unknown },
): Promise<{ token: string; expires_at: number }> {
  const check = await checkEdgeAccountPassword(scope, name, password)
  if (!check.ok) throw refusalError(check, 'wrongCredentials')
  const token = bearerToken('ghs')
  const expiresAt = scope.clock.now() + sessionLife
  const isOpen = await scope.store.transaction(async (tx) => {
    if (!(await openEdgeAccountSession(tx, check.account, { tokenHash: hashToken(token), expiresAt }))) return false
    await noteSignedIn(scope, tx, '', check.account.id)
    return true
  })
  if (!isOpen) throw refusalError({ ok: false, reason: 'disabled', accountId: check.account.id }, 'wrongCredentials')
  return { token, expires_at: expiresAt }
}

/** The name of the account. Throws notSignedIn. */
export async function demandEdgeAccount(scope: NodeScope, token: string | undefined): Promise<string> {
  const now = scope.clock.now()
  const name = token === undefined ? undefined : await edgeAccountOf(scope.store, hashToken(token), now)
  if (name !== undefined) return name
  throw new GatehouseError('notSignedIn', 'Sign in with an account of this edge.', {
    hint: 'One is made on its machine: gatehouse edge account add NAME --data FOLDER',
  })
}

export async function signOutAtEdge(scope: NodeScope, token: string | undefined): Promise<void> {
  if (token !== undefined) await endEdgeAccountSession(scope.store, hashToken(token))
}
