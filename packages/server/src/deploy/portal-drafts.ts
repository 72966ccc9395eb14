/**
 * Portals as they stand in an editor, unsaved, so that their pages can be looked at before they are saved. A draft is a
 * config alone, for a portal that there is; whoever opens it needs its link and the right to see the portal. It stays for
 * minutes, and only the newest of a system do. Making one takes the same right as saving.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { bits } from '@gatehouse/contract/permissions.ts'
import { bearerToken } from '../base/ids.ts'
import { hashToken } from '../base/secrets.ts'
import type { SystemScope } from '../domain/access/scope.ts'
import { findPortalDraft, putPortalDraft } from '../store/tables/portal-drafts.ts'
import { lockSystem } from '../store/tables/systems.ts'
import type { Fields } from './format/fields.ts'
import { shown } from './format/notes.ts'
import { configIn, demandPortal, readPortal } from './portals.ts'

export const draftRules = {
  lifeMs: 10 * 60 * 1000,
  /** In characters of JSON. */
  longest: 4 * 1024 * 1024,
  /** Of one system at a time. */
  most: 10,
} as const

/** `token` opens it and is kept nowhere; times in milliseconds. */
export type MadeDraft = { token: string; expiresAt: number }

/** Throws notSignedIn, permissionDenied, noSuchAsset, badRequest. */
export async function draftPortal(scope: SystemScope, name: string, body: Fields): Promise<MadeDraft> {
  await demandPortal(scope, name, bits.update, 'change')
  await readPortal(scope, name)
  const config = JSON.stringify(configIn(body.config))
  if (config.length > draftRules.longest) {
    throw new GatehouseError('badRequest', `The portal ${shown(name)} is too large to be looked at unsaved.`, {
      hint: 'Save it, and open it then.',
    })
  }
  const token = bearerToken('ghp')
  const now = scope.clock.now()
  const draft = { tokenHash: hashToken(token), name, config, createdAt: now, expiresAt: now + draftRules.lifeMs }
  await scope.data.transaction(async (tx) => {
    await lockSystem(tx)
    await putPortalDraft(tx, draft, draftRules.most)
  })
  return { token, expiresAt: draft.expiresAt }
}

/** For whoever was found to be one who may see the portal. Throws noSuchAsset where the draft is over, or is of another portal. */
export async function readDraft(scope: SystemScope, name: string, token: unknown): Promise<Fields> {
  const found =
    typeof token === 'string' && token.length <= 200
      ? await findPortalDraft(scope.data, { tokenHash: hashToken(token), name, now: scope.clock.now() })
      : undefined
  if (found === undefined) {
    throw new GatehouseError('noSuchAsset', `This preview of the portal ${shown(name)} is over.`, {
      hint: 'Press Preview in its editor again.',
    })
  }
  return configIn(found)
}
