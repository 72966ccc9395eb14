/** What edges did while their links were cut, and what users asked for there, for developers. */
import { type EdgeReview, reviewsOfEdge } from '../../domain/edges/reviews.ts'
import { decideOn, requestsOf, type ShownRequest } from '../../edge/requests.ts'
import { empty, route } from '../route.ts'

const textOf = (record: Record<string, unknown>, name: string): string =>
  typeof record[name] === 'string' ? (record[name] as string) : ''
const countOf = (record: Record<string, unknown>, name: string): number | null =>
  typeof record[name] === 'number' ? (record[name] as number) : null

const reviewFields = ({ link, from, until, rows, ...counts }: EdgeReview): Record<string, unknown> => ({
  ...{ link, from, until, sign_ins: counts.signIns, otherwise: counts.otherwise, not_known: counts.unknown },
  rows: rows.map(({ id, at, userId, email, decision, record, otherwise, unknown }) => {
    const age = countOf(record, 'dataAge')
    return {
      ...{ id, at, user_id: userId, email, decision, door: textOf(record, 'door') },
      ...{ factors: textOf(record, 'factors'), address: textOf(record, 'address') },
      ...{ user_agent: textOf(record, 'userAgent'), service: textOf(record, 'service') },
      version: countOf(record, 'version'),
      data_age_seconds: age === null ? null : Math.floor(age / 1000),
      ...{ otherwise, not_known: unknown },
    }
  }),
  left_out: counts.signIns - rows.length,
})

const requestFields = (one: ShownRequest): Record<string, unknown> => ({
  ...{ id: one.id, at: one.askedAt, edge: one.edge, user_id: one.userId, email: one.email, state: one.state },
  ...{ changes: one.changes, present: one.present, decided_at: one.decidedAt, decided_by: one.decidedBy },
})

const requests = '/admin/v/4/system/:key/edges/:name/requests'

export const edgeReviewRoutes = [
  route({
    method: 'GET',
    path: '/admin/v/4/system/:key/edges/:name/reviews',
    allow: 'system developer',
    summary:
      'Sign-ins at an edge while its link was cut, and what would have been decided otherwise. Times in milliseconds',
    handle: async (scope, { params }) => (await reviewsOfEdge(scope, params.name!)).map(reviewFields),
  }),
  route({
    method: 'GET',
    path: '/admin/v/4/system/:key/edge-requests',
    allow: 'system developer',
    summary: 'Changes of their own columns that users asked for at edges, and that nobody has decided on',
    handle: async (scope) => (await requestsOf(scope)).map(requestFields),
  }),
  route({
    method: 'GET',
    path: requests,
    allow: 'system developer',
    summary: 'Changes of their own columns that users asked for at an edge, those that are open first',
    handle: async (scope, { params }) => (await requestsOf(scope, params.name!)).map(requestFields),
  }),
  ...(['approve', 'turn-down'] as const).map((decision) =>
    route({
      method: 'POST',
      path: `${requests}/:id/${decision}`,
      allow: 'system developer',
      summary:
        decision === 'approve'
          ? 'Do what a user asked for at an edge; from the platform it goes to the edges'
          : 'Turn down what a user asked for at an edge',
      handle: async (scope, { params }) => {
        await decideOn(scope, { edge: params.name!, id: params.id! }, decision === 'approve')
        return empty()
      },
    }),
  ),
]
