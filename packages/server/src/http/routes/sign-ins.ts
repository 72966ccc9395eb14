/** What developers see of sign-ins: traces, and what would refuse everybody. Gatehouse's own calls. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { accountsOverview } from '../../domain/accounts/overview.ts'
import { signInTraces } from '../../domain/auth/trace.ts'
import { checkAuthService } from '../../engine/auth-check.ts'
import type { Engine } from '../../engine/engine.ts'
import { forgetRecorded, type Replays, recordedSignIns } from '../../engine/replay/replay.ts'
import type { Trials } from '../../engine/trial/trial.ts'
import { type Route, type RouteInput, route } from '../route.ts'
import { AnyObject, parameter } from './shapes.ts'

const pageLimit = 500

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

export const signInRoutes = (engine: Engine, { trials, replays }: Trying): Route[] => [
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
    summary: 'What would refuse every sign-in, each with its mend',
    handle: async (scope) => {
      const service = scope.system.settings.auth_service
      return checkAuthService(scope, service === '' ? undefined : await engine.assemblies.get(scope, service))
    },
  }),
  route({
    method: 'GET',
    path: '/admin/v/4/system/:key/sign-ins',
    allow: 'system developer',
    summary: 'Traces of sign-ins, newest first; ?limit and ?before (milliseconds)',
    handle: async (scope, input) => {
      const limit = limitOf(input)
      const before = parameter(input, 'before')
      if (before !== undefined && !/^\d+$/.test(before))
        throw new GatehouseError('badRequest', 'before must be a time in milliseconds.')
      return signInTraces(scope, { limit, ...(before !== undefined && { before: Number(before) }) })
    },
  }),
  route({
    method: 'GET',
    path: '/admin/v/4/system/:key/accounts',
    allow: 'system developer',
    summary: 'Accounts by e-mail: weak passwords, switched off, waiting after failures; ?pagesize and ?pagenum',
    handle: async (scope, input) => {
      const size = Number(parameter(input, 'pagesize') ?? 100)
      const number = Number(parameter(input, 'pagenum') ?? 1)
      if (!Number.isInteger(size) || size < 1 || size > pageLimit || !Number.isInteger(number) || number < 1) {
        throw new GatehouseError('badRequest', `pagesize must be from 1 to ${pageLimit}, pagenum from 1.`)
      }
      return accountsOverview(scope, { size, number })
    },
  }),
]
