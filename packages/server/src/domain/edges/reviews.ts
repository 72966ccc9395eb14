/** The reviews of edges that were away, for the developers of the system. How they come about is `edge/review.ts`. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { findAccount } from '../../store/tables/accounts.ts'
import { type DarkTime, listDarkTimes, listReviewed, type ReviewedSignIn } from '../../store/tables/edge-reviews.ts'
import { findEdge } from '../../store/tables/edges.ts'
import type { SystemScope } from '../access/scope.ts'
import { demandDeveloperRights } from './edges.ts'

const most = { times: 20, signIns: 100 } as const

/** `email` is '' for a user who is gone. */
export type EdgeReview = DarkTime & { rows: (ReviewedSignIn & { email: string })[] }

/**
 * Newest first, each with the sign-ins that would have been decided otherwise before the others. Those of an edge that was
 * removed stay. Throws noSuchAsset.
 */
export async function reviewsOfEdge(scope: SystemScope, name: string): Promise<EdgeReview[]> {
  demandDeveloperRights(scope)
  const times = await listDarkTimes(scope.data, name, most.times)
  if (times.length === 0 && (await findEdge(scope.data, name)) === undefined) {
    throw new GatehouseError('noSuchAsset', 'There is no such edge in this system.')
  }
  const emails = new Map<string, string>()
  const emailOf = async (userId: string): Promise<string> => {
    const email = emails.get(userId) ?? (await findAccount(scope.data, { userId }))?.emailKey ?? ''
    emails.set(userId, email)
    return email
  }
  const reviews: EdgeReview[] = []
  for (const time of times) {
    const rows = []
    for (const row of await listReviewed(scope.data, name, time, most.signIns)) {
      rows.push({ ...row, email: await emailOf(row.userId) })
    }
    reviews.push({ ...time, rows })
  }
  return reviews
}
