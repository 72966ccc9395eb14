/**
 * Kept assets over HTTP, for developers (rest-api.md §2.10 to §2.15): the reads by which existing tools export a system, in
 * the shapes they count on, and the calls that say what is kept and remove it. Nothing here is active, and nothing of it can
 * be made or changed one by one; `refusedWrite` says so to whoever tries.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { KeptKind } from '../../deploy/format/model.ts'
import {
  activateKept,
  adapterFiles,
  bytesInside,
  demandDeveloper,
  filesInside,
  findRows,
  howToBring,
  type KeptOne,
  keptAsset,
  keptAssets,
  keptOverview,
  noSuchAsset,
  onlyValue,
  pageOfRows,
  removeKept,
  rolesOfDevice,
} from '../../deploy/kept-assets.ts'
import type { SystemScope } from '../../domain/access/scope.ts'
import { empty, Reply, type Route, type RouteInput, route } from '../route.ts'
import { deploymentRows, edgeRows } from './edges.ts'
import {
  adapterFileShape,
  adapterShape,
  bucketFileShape,
  bucketSetShape,
  cacheShape,
  columnShapes,
  databaseListShape,
  databaseShape,
  deploymentListShape,
  deploymentShape,
  deviceColumns,
  deviceRoleShape,
  deviceShape,
  edgeColumns,
  edgeShape,
  fileStoreShape,
  historyStorageShapes,
  pluginShape,
  storedFileShape,
  timerShape,
  triggerShape,
  typeTriggerShapes,
  webhookShape,
} from './kept-shapes.ts'
import { secretShape } from './secrets.ts'
import { AnyObject, demandParameter, parameter, queryParameter } from './shapes.ts'

type Input = RouteInput<unknown>
type Shape = (scope: SystemScope, one: KeptOne) => Record<string, unknown>

const nameOf = ({ params }: Input): string => params.name!

/**
 * Paths of the developer API are closed to others; on those that users know as well the work itself tells them that there is
 * nothing for them yet.
 */
const read = (
  paths: readonly string[],
  summary: string,
  handle: (scope: SystemScope, input: Input) => Promise<unknown>,
): Route[] =>
  paths.map((path) => {
    const allow = path.startsWith('/admin/') ? 'system developer' : 'session'
    return route({
      method: 'GET',
      path,
      allow,
      summary: `${summary}; kept, not active`,
      handle: async (scope, input) => {
        // Before parameters are read, so that a user does not mend what would be refused anyway.
        demandDeveloper(scope)
        return handle(scope, input)
      },
    })
  })

/** Kinds of which there are active ones beside those that are kept; an active one stands before a kept one of its name. */
const activeOnes: Partial<Record<KeptKind, (scope: SystemScope) => Promise<Record<string, unknown>[]>>> = {
  edge: edgeRows,
  deployment: deploymentRows,
}

const list = (kind: KeptKind, shape: Shape) => async (scope: SystemScope) => {
  const active = (await activeOnes[kind]?.(scope)) ?? []
  const names = new Set(active.map(({ name }) => name))
  const kept = (await keptAssets(scope, kind)).filter(({ name }) => !names.has(name))
  // Each as the list shows it: what is kept gives the columns, what is active the values.
  const shown = active.map((one) => ({ ...shape(scope, { name: String(one.name), value: one, files: [] }), ...one }))
  return [...shown, ...kept.map((one) => shape(scope, one))]
}

const single = (kind: KeptKind, shape: Shape) => async (scope: SystemScope, input: Input) => {
  const active = (await activeOnes[kind]?.(scope))?.find(({ name }) => name === nameOf(input))
  if (active !== undefined) return { ...shape(scope, { name: nameOf(input), value: active, files: [] }), ...active }
  return shape(scope, await keptAsset(scope, kind, nameOf(input)))
}

/** The list under each path, and one of it under the path and its name. */
const listed = (kind: KeptKind, paths: readonly string[], what: string, shape: Shape, listShape = shape): Route[] => [
  ...read(paths, `The ${what} of the system`, list(kind, listShape)),
  ...read(
    paths.map((path) => `${path}/:name`),
    `One of the ${what}`,
    single(kind, shape),
  ),
]

/** Devices and edges: rows with columns, a count, and queries. */
function table(kind: 'device' | 'edge', shape: Shape): Route[] {
  const columns = (kind === 'device' ? deviceColumns : edgeColumns).map(({ name }) => name)
  const rows = list(kind, shape)
  const [admin, v2, v3] = ['admin', 'api/v/2', 'api/v/3'].map((base) => `/${base}/${kind}s/:key`) as [
    string,
    string,
    string,
  ]
  return [
    ...read([admin, v2], `One page of the ${kind}s`, async (scope, input) =>
      pageOfRows(await rows(scope), columns, queryParameter(input)),
    ),
    ...read([`${v3}/count`], `How many ${kind}s match`, async (scope, input) => ({
      count: findRows(await rows(scope), columns, queryParameter(input)).length,
    })),
    ...read([`${admin}/columns`, `${v3}/columns`], `Columns of ${kind}s`, async (scope) =>
      columnShapes(kind, await onlyValue(scope, `${kind}-columns`)),
    ),
    ...read([`${admin}/:name`, kind === 'device' ? `${v2}/:name` : `${v3}/:name`], `A ${kind}`, single(kind, shape)),
  ]
}

async function adapterFilesOf(scope: SystemScope, input: Input) {
  const adapter = await keptAsset(scope, 'adapter', nameOf(input))
  return adapterFiles(adapter).map((file) => adapterFileShape(adapter.name, file))
}

async function adapterFile(scope: SystemScope, input: Input) {
  const found = (await adapterFilesOf(scope, input)).find(({ name }) => name === input.params.file)
  if (found === undefined) throw noSuchAsset('adapter file', input.params.file!)
  return found
}

/** Those of one box, or of all where none is named. */
async function bucketFiles(scope: SystemScope, input: Input) {
  await keptAsset(scope, 'bucket-set', nameOf(input))
  const box = parameter(input, 'box') ?? ''
  const files = await filesInside(scope, 'bucket-files', nameOf(input))
  return files.filter(({ path }) => box === '' || path.startsWith(`${box}/`))
}

async function bucketFile(scope: SystemScope, input: Input) {
  const path = `${demandParameter(input, 'box')}/${demandParameter(input, 'path')}`
  const found = (await bucketFiles(scope, input)).find((file) => file.path === path)
  if (found === undefined) throw noSuchAsset('bucket file', path)
  return found
}

const mostListed = 1_000

/** The token for the rest is the number of those that were listed. */
async function storedFiles(scope: SystemScope, input: Input) {
  await keptAsset(scope, 'file-store', nameOf(input))
  const prefix = input.params['*'] ?? ''
  const whole = (name: string): number => Math.floor(Math.max(0, Number(parameter(input, name) ?? 0) || 0))
  const files = (await filesInside(scope, 'file-store-files', nameOf(input))).filter(({ path }) =>
    path.startsWith(prefix),
  )
  const start = whole('continuation_token')
  const end = start + Math.min(whole('limit') || mostListed, mostListed)
  return {
    files: files.slice(start, end).map(storedFileShape),
    continuation_token: end < files.length ? String(end) : '',
  }
}

async function storedFile(scope: SystemScope, input: Input): Promise<Reply> {
  await keptAsset(scope, 'file-store', nameOf(input))
  const bytes = await bytesInside(scope, 'file-store-files', nameOf(input), input.params['*'] ?? '')
  return new Reply(bytes, { headers: { 'content-type': 'application/octet-stream' } })
}

const fileStore: (input: Input) => Shape = (input) => (scope, one) =>
  fileStoreShape(scope, one, parameter(input, 'decrypt') === 'true')

const adapters = ['/admin/:key/adaptors', '/api/v/4/:key/adapters']
const buckets = '/api/v/4/bucket_sets/:key'
const stores = '/api/v/1/filestore/:key'
const kept = '/admin/v/4/system/:key/kept'

export const keptRoutes: readonly Route[] = [
  ...listed('trigger', ['/admin/triggers/handlers/:key'], 'triggers', triggerShape),
  ...listed('timer', ['/admin/triggers/timers/:key'], 'timers', timerShape),
  ...read(['/admin/:key/msgtypetriggers'], 'Message type triggers', async (scope) =>
    typeTriggerShapes(await onlyValue(scope, 'message-type-triggers')),
  ),
  ...read(['/api/v/4/message/:key/storage'], 'Which message history is stored', async (scope) =>
    historyStorageShapes(scope, await onlyValue(scope, 'message-history-storage')),
  ),
  ...listed('plugin', ['/api/v/2/plugins/:key'], 'plugins', pluginShape),
  ...table('device', deviceShape),
  ...read(['/admin/devices/roles/:key/:name'], 'Roles of a device', async (scope, input) => ({
    roles: (await rolesOfDevice(scope, nameOf(input))).map(deviceRoleShape),
  })),
  ...table('edge', edgeShape),
  ...listed('deployment', ['/admin/:key/deployments'], 'deployments', deploymentShape, deploymentListShape),
  ...listed('adapter', adapters, 'adapters', adapterShape),
  ...read(
    adapters.map((path) => `${path}/:name/files`),
    'Files of an adapter, their contents in base64',
    adapterFilesOf,
  ),
  ...read(
    adapters.map((path) => `${path}/:name/files/:file`),
    'A file of an adapter, its contents in base64',
    adapterFile,
  ),
  ...listed('webhook', ['/admin/v/4/webhook/:key'], 'webhooks', webhookShape),
  ...listed('shared-cache', ['/admin/v/4/service_caches/:key'], 'shared caches', cacheShape),
  ...listed(
    'external-database',
    ['/api/v/4/external-db/:key'],
    'external databases without credentials',
    databaseShape,
    databaseListShape,
  ),
  ...listed('bucket-set', [buckets], 'bucket sets without their config', bucketSetShape),
  ...read([`${buckets}/:name/files`], 'Files of a bucket set, of all boxes without ?box=', async (scope, input) => {
    const byBox = (parameter(input, 'box') ?? '') !== ''
    const shapes = (await bucketFiles(scope, input)).map(bucketFileShape)
    return Object.fromEntries(shapes.map((shape) => [byBox ? shape.relative_name : shape.path_name, shape]))
  }),
  ...read([`${buckets}/:name/file/meta`], 'What is known of a file in a bucket set', async (scope, input) =>
    bucketFileShape(await bucketFile(scope, input)),
  ),
  ...read([`${buckets}/:name/file/read`], 'A file of a bucket set in base64', async (scope, input) => {
    const { path } = await bucketFile(scope, input)
    const bytes = await bytesInside(scope, 'bucket-files', nameOf(input), path)
    return new Reply(bytes.toString('base64'), { headers: { 'content-type': 'text/plain; charset=utf-8' } })
  }),
  ...read([stores], 'The file stores of the system without their config', (scope, input) =>
    list('file-store', fileStore(input))(scope),
  ),
  ...read([`${stores}/:name`], 'A file store without its config', (scope, input) =>
    single('file-store', fileStore(input))(scope, input),
  ),
  ...read([`${stores}/:name/list`, `${stores}/:name/list/*`], 'Files of a file store', storedFiles),
  ...read([`${stores}/:name/file/*`], 'A file of a file store', storedFile),
  route({
    method: 'GET',
    path: kept,
    allow: 'system developer',
    summary: 'All that is kept and not active: kind, name, files and their sizes',
    handle: (scope) => keptOverview(scope),
  }),
  route({
    method: 'DELETE',
    path: kept,
    allow: 'system developer',
    summary: 'Remove one kept asset, by ?kind= and ?name=',
    handle: async (scope, input) => {
      await removeKept(scope, demandParameter(input, 'kind'), demandParameter(input, 'name'))
      return empty()
    },
  }),
  route({
    method: 'POST',
    path: `${kept}/activate`,
    allow: 'system developer',
    summary: 'Make a kept secret one of the system: kind, name, and the hosts it may be sent to',
    body: AnyObject,
    handle: async (scope, { body }) => secretShape(await activateKept(scope, body)),
  }),
]

/** Where existing clients make and change what is only kept here. */
const writes: readonly [RegExp, string][] = [
  [/^\/admin\/triggers\/handlers\/|^\/api\/v\/3\/code\/[^/]+\/trigger\//, 'Triggers'],
  [/^\/admin\/triggers\/timers\/|^\/api\/v\/3\/code\/[^/]+\/timer\//, 'Timers'],
  [/^\/admin\/[^/]+\/msgtypetriggers(\/|$)/, 'Message type triggers'],
  [/^\/api\/v\/4\/message\/[^/]+\/storage(\/|$)/, 'Rules for the storage of message history'],
  [/^\/api\/v\/2\/plugins\//, 'Plugins'],
  [/^\/(admin|api\/v\/[23])\/devices\//, 'Devices'],
  [/^\/(admin|api\/v\/[23])\/edges\//, 'Edges'],
  [/^\/(admin|api\/v\/3)\/[^/]+\/deployments(\/|$)/, 'Deployments'],
  [/^\/admin\/[^/]+\/adaptors(\/|$)|^\/api\/v\/4\/[^/]+\/adapters(\/|$)/, 'Adapters'],
  [/^\/admin\/v\/4\/webhook\//, 'Webhooks'],
  [/^\/admin\/v\/4\/service_caches\//, 'Shared caches'],
  [/^\/api\/v\/4\/external-db\//, 'External databases'],
  [/^\/api\/v\/4\/bucket_sets\//, 'Bucket sets'],
  [/^\/api\/v\/1\/filestore\//, 'File stores'],
]

/** The refusal of a call for which there is no route, if it would write what is only kept. `path` without its query. */
export function refusedWrite(method: string, path: string): GatehouseError | undefined {
  const writing = method === 'POST' || method === 'PUT' || method === 'DELETE'
  const what = writing ? writes.find(([pattern]) => pattern.test(path))?.[1] : undefined
  if (what === undefined) return undefined
  return new GatehouseError('notAvailableYet', `${what} are not available yet: none can be made or changed here.`, {
    hint: howToBring,
  })
}
