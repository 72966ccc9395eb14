/** Code services: reading, saving, versions, what is kept of their runs (rest-api.md §2.7). Running them is `execute.ts`. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { NodeScope, SystemScope } from '../../domain/access/scope.ts'
import {
  createCode,
  listCode,
  makeCurrent,
  readCode,
  removeCode,
  updateCode,
  versionsOf,
} from '../../domain/code/code.ts'
import { completedRuns, failedRuns, forgetFailedRuns, runLogs } from '../../domain/code/runs.ts'
import { ownSystems } from '../../domain/systems/systems.ts'
import { empty, type RouteInput, route } from '../route.ts'
import { createdShape, historyShape, metaShape, savedShape, serviceShape, versionOf } from './code-shapes.ts'
import { AnyObject } from './shapes.ts'

const nameOf = ({ params }: RouteInput<unknown>): string => params.name!

const names = async (scope: SystemScope) => ({ code: (await listCode(scope, 'service')).map((unit) => unit.name) })

const meta = async (scope: SystemScope) => ({
  code: (await listCode(scope, 'service')).map((unit) => metaShape(scope, unit)),
})

const read = async (scope: SystemScope, input: RouteInput<unknown>) =>
  serviceShape(await readCode(scope, 'service', nameOf(input)))

const servicesAt = (path: string | readonly string[], allow: 'system developer' | 'session') => [
  route({ method: 'GET', path, allow, summary: 'A service with its code', handle: read }),
  route({
    method: 'POST',
    path,
    allow,
    summary: 'Make a service',
    body: AnyObject,
    handle: async (scope, input) => createdShape(scope, await createCode(scope, 'service', nameOf(input), input.body)),
  }),
  route({
    method: 'PUT',
    path,
    allow,
    summary: 'Change any of the fields of a service; new code makes a new version',
    body: AnyObject,
    handle: async (scope, input) => savedShape(scope, await updateCode(scope, 'service', nameOf(input), input.body)),
  }),
  route({
    method: 'DELETE',
    path,
    allow,
    summary: 'Delete a service with all its versions',
    handle: async (scope, input) => {
      await removeCode(scope, 'service', nameOf(input))
      return empty()
    },
  }),
]

const logs = '/codeadmin/v/2/logs/:key/:name'
const history = '/codeadmin/v/2/history/service/:key/:name'
const failed = '/codeadmin/failed'

/** The failed runs of all systems of a developer, by system key. */
async function failedEverywhere(scope: NodeScope): Promise<Record<string, unknown>> {
  const systems = await ownSystems(scope)
  const entries = systems.map(async (system) => {
    const runs = await failedRuns({ ...scope, system, data: scope.store.forSystem(system.key) })
    return [system.key, runs] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}

export const codeRoutes = [
  route({
    method: 'GET',
    path: '/api/v/1/code/:key/:name',
    allow: 'system developer',
    summary: 'A service with its code',
    handle: read,
  }),
  route({
    method: 'GET',
    path: '/admin/code/v/1/:key',
    allow: 'system developer',
    summary: 'Names of the services',
    handle: names,
  }),
  route({
    method: 'GET',
    path: '/api/v/3/code/:key',
    allow: 'session',
    summary: 'Names of the services',
    handle: names,
  }),
  ...servicesAt(['/admin/code/v/1/:key/:name', '/codeadmin/v/2/:key/:name'], 'system developer'),
  ...servicesAt('/api/v/3/code/:key/service/:name', 'session'),
  route({
    method: 'GET',
    path: '/api/v/3/code/:key/failed',
    allow: 'session',
    summary: 'Runs that failed, newest first',
    handle: (scope) => failedRuns(scope),
  }),
  route({
    method: 'GET',
    path: '/api/v/3/code/:key/completed',
    allow: 'session',
    summary: 'Runs that ended well; of those nothing but their log is kept',
    handle: (scope) => completedRuns(scope),
  }),
  route({
    method: 'GET',
    path: failed,
    allow: 'developer',
    summary: "Failed runs of all the developer's systems, by system key",
    handle: failedEverywhere,
  }),
  route({
    method: 'GET',
    path: `${failed}/:key`,
    allow: 'system developer',
    summary: 'Failed runs of one system, by its key',
    handle: async (scope) => ({ [scope.system.key]: await failedRuns(scope) }),
  }),
  route({
    method: 'POST',
    path: `${failed}/:key`,
    allow: 'system developer',
    summary: 'Run failed services again',
    handle: async () => {
      throw new GatehouseError('notAvailableYet', 'Running a failed service again is not available yet.', {
        hint: 'Call the service again with its parameters.',
      })
    },
  }),
  route({
    method: 'DELETE',
    path: `${failed}/:key`,
    allow: 'system developer',
    summary: 'Forget the failed runs with these ids',
    body: AnyObject,
    handle: (scope, { body }) => forgetFailedRuns(scope, body.id),
  }),
  route({
    method: 'POST',
    path: logs,
    allow: 'system developer',
    summary: 'Switch the log of a service on or off',
    body: AnyObject,
    handle: async (scope, input) => {
      const { logging } = input.body
      if (logging === undefined) throw new GatehouseError('badSetting', 'The body needs "logging", true or false.')
      await updateCode(scope, 'service', nameOf(input), { logging_enabled: logging })
      return empty()
    },
  }),
  route({
    method: 'GET',
    path: `${logs}/active`,
    allow: 'system developer',
    summary: 'Whether a service logs, as the text "true" or "false"',
    handle: async (scope, input) => {
      const { settings } = await readCode(scope, 'service', nameOf(input))
      return { logging_enabled: String(settings.logging_enabled) }
    },
  }),
  route({
    method: 'GET',
    path: logs,
    allow: 'system developer',
    summary: 'Logs of the newest runs of a service',
    handle: async (scope, input) =>
      (await runLogs(scope, nameOf(input))).map(({ at, text }) => ({
        service_execution_time: new Date(at).toISOString(),
        log: text,
      })),
  }),
  route({
    method: 'GET',
    path: history,
    allow: 'system developer',
    summary: 'Versions of a service, newest first, without their code',
    handle: async (scope, input) => historyShape(nameOf(input), await versionsOf(scope, 'service', nameOf(input))),
  }),
  route({
    method: 'GET',
    path: `${history}/:version`,
    allow: 'system developer',
    summary: 'A version of a service with its code',
    handle: async (scope, input) =>
      serviceShape(await readCode(scope, 'service', nameOf(input), versionOf(input.params))),
  }),
  route({
    method: 'PUT',
    path: `${history}/:version`,
    allow: 'system developer',
    summary: 'Make this version the one that runs',
    handle: async (scope, input) => {
      await makeCurrent(scope, 'service', nameOf(input), versionOf(input.params))
      return savedShape(scope, await readCode(scope, 'service', nameOf(input)))
    },
  }),
  route({
    method: 'GET',
    path: '/codeadmin/v/4/codemeta/:key/latest',
    allow: 'system developer',
    summary: 'What is set for each service, without its code',
    handle: meta,
  }),
  route({
    method: 'GET',
    path: '/api/v/3/code/codemeta/:key',
    allow: 'session',
    summary: 'What is set for each service, without its code',
    handle: meta,
  }),
]
