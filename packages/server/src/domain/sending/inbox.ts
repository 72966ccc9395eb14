/**
 * Where messages go, and the inbox of development: what services sent, for the developers of their system to read. In
 * production there is no inbox.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { clearInbox, type InboxRecord, listInbox } from '../../store/tables/inbox.ts'
import type { SystemScope } from '../access/scope.ts'

export type MessagesTo = 'inbox' | 'provider'

/** The one answer to where messages of a system go. */
export const messagesTo = ({ mode, system }: Pick<SystemScope, 'mode' | 'system'>): MessagesTo =>
  system.settings.messages_to === '' ? (mode === 'development' ? 'inbox' : 'provider') : system.settings.messages_to

/** What a system is told whose setting says `inbox` where there is none. */
export const noInbox =
  'Messages of this system go to the inbox, and in production there is none. Set messages_to to "provider".'

/** The newest that came after `since`, oldest first. */
export async function inboxMessages(
  scope: SystemScope,
  page: { since?: number; limit: number },
): Promise<InboxRecord[]> {
  demandInbox(scope)
  return listInbox(scope.data, page)
}

/** Answers how many there were. */
export async function emptyInbox(scope: SystemScope): Promise<number> {
  demandInbox(scope)
  return clearInbox(scope.data)
}

/** For developers of the system, in development. Throws noRoute, permissionDenied. */
export function demandInbox(scope: SystemScope): void {
  if (scope.mode !== 'development') throw new GatehouseError('noRoute', 'There is no inbox in production.')
  if (scope.caller.kind !== 'developer') {
    throw new GatehouseError('permissionDenied', 'The inbox is for the developers of the system: it holds codes.')
  }
}
