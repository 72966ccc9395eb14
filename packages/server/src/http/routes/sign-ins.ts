/** What developers see of sign-ins: traces, and what would refuse everybody. Gatehouse's own calls. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { second } from '../../base/clock.ts'
import type { SystemScope } from '../../domain/access/scope.ts'
import { accountsOverview, overviewOf, unlockAccount, waitingOverview } from '../../domain/accounts/overview.ts'
import { signInCounts, signInTraces } from '../../domain/auth/trace.ts'
import { checkAuthService } from '../../engine/auth-check.ts'
import type { Engine } from '../../engine/engine.ts'
import { forgetRecorded, type Replays, recordedSignIns } from '../../engine/replay/replay.ts'
import type { Trials } from '../../engine/trial/trial.ts'
import { followedKinds } from '../../store/tables/followed.ts'
import type { Followers } from '../follow.ts'
import { empty, type Route, type RouteInput, route } from '../route.ts'
import { AnyObject, demandText, parameter } from './shapes.ts'

const pageLimit = 500
const longestSpan = 86_400
const mostSpans = 500

function limitOf(input: RouteInput<unknown>): number {
  const limit = Number(parameter(input, 'limit') ?? 100)
  if (!Number.isInteger(limit) || limit < 1 || limit > pageLimit) {
    throw new GatehouseError('badRequest', `limit must be a whole number from 1 to ${pageLimit}.`)
  }
  return limit
}

export type Trying = { trials: Trials; replays: Replays }

/** A body holds the code that is tried, and the answers of stubs. */
const trialLimit = 8 * 1024 * 1024

export const signInRoutes = (engine: Engine, { trials, replays }: Trying, followers: Followers): Route[] => [
  route({
    method: 'POST',
    path: '/admin/v/4/system/:key/auth-service/try',
    allow: 'system developer',
    summary:
      'Try a made-up sign-in with the auth service, an older version or other code: nothing is sent, kept or opened',
    body: AnyObject,
    bodyLimit: trialLimit,
    handle: (scope, { body }) => trials.run(scope, body),
  }),
  route({
    method: 'POST',
    path: '/admin/v/4/system/:key/auth-service/replay',
    allow: 'system developer',
    summary: 'Replay recorded sign-ins against other code: which decisions would be other ones',
    body: AnyObject,
    bodyLimit: trialLimit,
    handle: (scope, { body }) => replays.run(scope, body),
  }),
  route({
    method: 'GET',
    path: '/admin/v/4/system/:key/auth-service/recorded',
    allow: 'system developer',
    summary: 'What was decided of the recorded sign-ins, newest first; ?limit',
    handle: (scope, input) => recordedSignIns(scope, limitOf(input)),
  }),
  route({
    method: 'DELETE',
    path: '/admin/v/4/system/:key/auth-service/recorded',
    allow: 'system developer',
    summary: 'Forget all recorded sign-ins',
    handle: async (scope) => ({ forgotten: await forgetRecorded(scope) }),
  }),
  route({
    method: 'GET',
    path: '/admin/v/4/system/:key/auth-service/check',
    allow: 'system developer',
    summary: 'What would refuse every sign-in, each with its mend; ?service= looks at one before it is set',
    handle: async (scope, input) => {
      const wanted = parameter(input, 'service')?.trim()
      const looked = wanted === undefined ? scope : withAuthService(scope, wanted)
      const service = looked.system.settings.auth_service
      return checkAuthService(looked, service === '' ? undefined : await engine.assemblies.get(scope, service))
    },
  }),
  route({
    method: 'GET',
    path: '/admin/v/4/system/:key/sign-ins',
    allow: 'system developer',
    summary: 'Traces of sign-ins, newest first; ?limit, ?before and ?since (milliseconds)',
    handle: async (scope, input) => {
      const limit = limitOf(input)
      const before = timeOf(input, 'before')
      const since = timeOf(input, 'since')
      return signInTraces(scope, {
        limit,
        ...(before !== undefined && { before }),
        ...(since !== undefined && { since }),
      })
    },
  }),
  route({
    method: 'GET',
    path: '/admin/v/4/system/:key/follow/:what',
    allow: 'system developer',
    summary:
      'What happens, as it happens, in lines of JSON: sign-ins, failed-runs, inbox or edges; ?after (milliseconds)',
    handle: async (scope, input) => {
      const kinds = [...followedKinds, 'edges'] as const
      const what = kinds.find((kind) => kind === input.params.what)
      if (what === undefined) {
        throw new GatehouseError('badRequest', `What can be followed is ${kinds.join(', ')}.`)
      }
      return followers.follow(scope, what, timeOf(input, 'after'))
    },
  }),
  route({
    method: 'GET',
    path: '/admin/v/4/system/:key/sign-ins/counts',
    allow: 'system developer',
    summary: 'How sign-ins ended: the last ?spans spans of ?span seconds, the current one among them',
    handle: (scope, input) => {
      const span = Number(parameter(input, 'span') ?? 60)
      const spans = Number(parameter(input, 'spans') ?? 60)
      if (!Number.isInteger(span) || span < 1 || span > longestSpan || !Number.isInteger(spans) || spans < 1) {
        throw new GatehouseError('badRequest', `span must be whole seconds from 1 to ${longestSpan}, and spans from 1.`)
      }
      return signInCounts(scope, { spanMs: span * second, spans: Math.min(spans, mostSpans) })
    },
  }),
  route({
    method: 'GET',
    path: '/admin/v/4/system/:key/accounts',
    allow: 'system developer',
    summary:
      'Accounts by e-mail: weak passwords, switched off, waiting after failures; ?pagesize and ?pagenum, or those of ?user=, or ?waiting=true',
    handle: async (scope, input) => {
      if (parameter(input, 'waiting') === 'true') return waitingOverview(scope)
      const users = [input.query.user ?? []].flat()
      if (users.length > 0) return overviewOf(scope, users.slice(0, pageLimit))
      const size = Number(parameter(input, 'pagesize') ?? 100)
      const number = Number(parameter(input, 'pagenum') ?? 1)
      if (!Number.isInteger(size) || size < 1 || size > pageLimit || !Number.isInteger(number) || number < 1) {
        throw new GatehouseError('badRequest', `pagesize must be from 1 to ${pageLimit}, pagenum from 1.`)
      }
      return accountsOverview(scope, { size, number })
    },
  }),
  route({
    method: 'POST',
    path: '/admin/v/4/system/:key/accounts/unlock',
    allow: 'system developer',
    summary: 'End the wait of an account after failed sign-ins: {user}, its id',
    body: AnyObject,
    handle: async (scope, { body }) => {
      await unlockAccount(scope, demandText(body, 'user'))
      return empty()
    },
  }),
]

const withAuthService = (scope: SystemScope, service: string): SystemScope => ({
  ...scope,
  system: { ...scope.system, settings: { ...scope.system.settings, auth_service: service } },
})

function timeOf(input: RouteInput<unknown>, name: string): number | undefined {
  const text = parameter(input, name)
  if (text === undefined) return undefined
  if (!/^\d{1,15}$/.test(text)) throw new GatehouseError('badRequest', `${name} must be a time in milliseconds.`)
  return Number(text)
}
