/**
 * `cb-cli` as the wire sees it, written from the contract (rest-api.md §1.2, §1.3, §5.5; packages-portals-edge.md §1.2): its
 * requests byte by byte, what it takes from an answer, and the files it makes of it. Where the original would panic, an
 * assertion fails.
 */
import assert from 'node:assert/strict'
import { raw } from '../sdk/raw.ts'

type Fields = Record<string, any>

export type GoAnswer = { status: number; body: any; text: string }

export type Go = (
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  more?: { query?: Record<string, string>; body?: unknown },
) => Promise<GoAnswer>

/** The Go SDK: no content type, no body where there is nothing to say, queries in form encoding, one connection each. */
export const goClient =
  (url: string, token?: string): Go =>
  async (method, path, { query, body } = {}) => {
    const search = query === undefined ? '' : `?${new URLSearchParams(query)}`
    const credentials = token === undefined ? [] : [`Clearblade-Devtoken: ${token}`]
    const lines = [`${method} ${path}${search} HTTP/1.1`, 'User-Agent: Go-http-client/1.1', ...credentials]
    const answer = await raw(url, lines, body === undefined ? '' : JSON.stringify(body))
    return { status: answer.status, body: decoded(answer.body), text: answer.body }
  }

/** Objects and lists are decoded, scalars stay the text they are, nothing is nil. */
function decoded(text: string): unknown {
  if (text === '') return undefined
  try {
    const value = JSON.parse(text)
    return typeof value === 'object' ? value : text
  } catch {
    return text
  }
}

/** Exactly 200 is success. */
export async function ok(answer: Promise<GoAnswer>): Promise<any> {
  const { status, body, text } = await answer
  assert.equal(status, 200, text)
  return body
}

export const text = (value: unknown, what = 'a text'): string => {
  assert.equal(typeof value, 'string', `${what}: ${JSON.stringify(value)} is no string`)
  return value as string
}

export const number = (value: unknown): number => {
  assert.equal(typeof value, 'number', `${JSON.stringify(value)} is no number`)
  return value as number
}

export const bool = (value: unknown): boolean => {
  assert.equal(typeof value, 'boolean', `${JSON.stringify(value)} is no boolean`)
  return value as boolean
}

export const list = (value: unknown): any[] => {
  assert.ok(Array.isArray(value), `${JSON.stringify(value)} is no list`)
  return value
}

export const object = (value: unknown): Fields => {
  assert.ok(
    typeof value === 'object' && value !== null && !Array.isArray(value),
    `${JSON.stringify(value)} is no object`,
  )
  return value as Fields
}

/** A query as the Go SDK always sends it, whole. */
export const goQuery = (more: Fields = {}): Record<string, string> => ({
  query: JSON.stringify({ FILTERS: [[]], PAGENUM: 0, PAGESIZE: 0, SELECTCOLUMNS: null, SORT: [], ...more }),
})

const pages = (count: number, size: number): number[] =>
  Array.from({ length: Math.ceil(count / size) }, (_, index) => index + 1)

const dataPageSize = 100
const rolePageSize = 25

/** A count, then the pages that it needs. */
async function paged(go: Go, count: string, path: string, size: number): Promise<any[]> {
  const total = number((await ok(go('GET', count))).count)
  const all: any[] = []
  for (const page of pages(total, size)) {
    all.push(...list(await ok(go('GET', path, { query: goQuery({ PAGESIZE: size, PAGENUM: page }) }))))
  }
  assert.equal(all.length, total, `${path}: as many as were counted`)
  return all
}

const pick = (fields: Fields, keys: readonly string[]): Fields =>
  Object.fromEntries(keys.filter((key) => key in fields).map((key) => [key, fields[key]]))

const without = (fields: Fields, keys: readonly string[]): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([key]) => !keys.includes(key)))

const commands = ['deploy', 'undeploy', 'start', 'stop', 'status', 'logs'].map((word) => `${word}_command`)

/** Keys of files as today's cb-cli writes them; of devices and edges, whose columns are anybody's, those it leaves out. */
const keys = {
  trigger: ['name', 'service_name', 'event_definition', 'key_value_pairs', 'disabled'],
  timer: ['name', 'description', 'service_name', 'frequency', 'repeats', 'start_time', 'disabled'],
  notOfDevice: ['device_key', 'system_key', 'created_date', 'last_active_date', 'has_keys'],
  notOfEdge: [
    ...['system_key', 'system_secret', 'edge_key', 'novi_system_key', 'isConnected'],
    ...['local_addr', 'local_port', 'public_addr', 'public_port'],
  ],
  portal: ['name', 'type', 'description', 'last_updated', 'config'],
  deployment: ['name', 'description', 'edges', 'assets'],
  adapter: ['name', 'description', 'architecture', 'os', 'protocol', ...commands],
  adapterFile: ['adaptor_name', 'name', 'path_name', 'owner', 'group', 'permissions'],
  plugin: ['name', 'url'],
  webhook: ['name', 'description', 'service_name', 'auth_method', 'path'],
  cache: ['name', 'description', 'ttl'],
  database: ['name', 'dbtype', 'credentials'],
  bucketSet: ['name', 'platform_storage', 'platform_config', 'edge_storage', 'edge_config'],
  fileStore: ['name', 'storage_type', 'storage_config', 'read_auth_method', 'write_auth_method'],
  storage: ['topic', 'max_rows', 'max_time', 'edge', 'platform'],
  typeTrigger: ['message_type', 'topic_pattern'],
} as const

const userDefined = (columns: unknown): Fields[] => list(columns).filter((column) => bool(column.UserDefined))

/** `cb-cli export -exportrows -exportusers`: every request in its order. Answers the files it writes. */
export async function exportSystem(go: Go, key: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>()
  const write = (path: string, value: unknown): void => {
    files.set(path, value instanceof Buffer ? value : Buffer.from(JSON.stringify(value, null, 4)))
  }
  const get = (path: string, query?: Record<string, string>) =>
    ok(go('GET', path, query === undefined ? {} : { query }))

  const system = object(await get('/admin/systemmanagement', { id: key }))
  number(system.token_ttl)
  const emails = await exportUsers(go, key, write)
  await exportCode(go, key, write, emails)
  await exportCollections(go, key, write)
  const roles = `/admin/user/${key}/roles`
  for (const role of await paged(go, `${roles}/count`, roles, rolePageSize)) {
    write(`roles/${text(role.Name)}.json`, pick(role, ['Name', 'Description', 'Permissions']))
  }
  for (const trigger of list(await get(`/admin/triggers/handlers/${key}`))) {
    object(trigger.event_definition)
    write(`triggers/${text(trigger.name)}.json`, pick(trigger, keys.trigger))
  }
  for (const timer of list(await get(`/admin/triggers/timers/${key}`))) {
    write(`timers/${text(timer.name)}.json`, pick(timer, keys.timer))
  }
  await exportTable(go, key, write, 'device', keys.notOfDevice)
  await exportTable(go, key, write, 'edge', keys.notOfEdge)
  for (const portal of list(await get(`/admin/portals/${key}`))) {
    const config = typeof portal.config === 'string' ? JSON.parse(portal.config) : object(portal.config)
    write(`portals/${text(portal.name)}.json`, pick({ ...portal, config }, keys.portal))
  }
  for (const plugin of list(await get(`/api/v/2/plugins/${key}`))) {
    write(`plugins/${text(plugin.name)}.json`, pick(plugin, keys.plugin))
  }
  for (const { name } of list(await get(`/admin/${key}/adaptors`))) {
    const path = `/admin/${key}/adaptors/${text(name)}`
    write(`adapters/${name}/${name}.json`, pick(object(await get(path)), keys.adapter))
    for (const file of list(await get(`${path}/files`))) {
      assert.equal(text(file.adaptor_name), name)
      const whole = object(await get(`${path}/files/${text(file.name)}`))
      const at = `adapters/${name}/files/${whole.name}/${whole.name}`
      write(at, Buffer.from(text(whole.file), 'base64'))
      write(`${at}.json`, pick(whole, keys.adapterFile))
    }
  }
  for (const { name } of list(await get(`/admin/${key}/deployments`))) {
    const deployment = object(await get(`/admin/${key}/deployments/${text(name)}`))
    list(deployment.edges)
    for (const asset of list(deployment.assets)) {
      text(asset.asset_class)
      text(asset.asset_id)
      bool(asset.sync_to_edge)
      bool(asset.sync_to_platform)
    }
    write(`deployments/${name}.json`, pick(deployment, keys.deployment))
  }
  for (const cache of list(await get(`/admin/v/4/service_caches/${key}`))) {
    write(`shared-caches/${text(cache.name)}.json`, pick(cache, keys.cache))
  }
  for (const webhook of list(await get(`/admin/v/4/webhook/${key}`))) {
    write(`webhooks/${text(webhook.name)}.json`, pick(webhook, keys.webhook))
  }
  for (const { name } of list(await get(`/api/v/4/external-db/${key}`))) {
    const database = object(await get(`/api/v/4/external-db/${key}/${text(name)}`))
    object(database.credentials)
    write(`external-databases/${name}.json`, pick(database, keys.database))
  }
  await exportStored(go, key, write)
  for (const [name, secret] of Object.entries(object(await get(`/api/v/4/user_secrets/${key}`)))) {
    write(`secrets/${name}.json`, { name, secret })
  }
  const storage = list(await get(`/api/v/4/message/${key}/storage`)).map((entry) => {
    text(entry.system_key)
    text(entry.topic)
    number(entry.max_rows)
    number(entry.max_time)
    bool(entry.edge)
    bool(entry.platform)
    return pick(entry, keys.storage)
  })
  write('message-history-storage/storage.json', storage)
  const typeTriggers = list(await get(`/admin/${key}/msgtypetriggers`))
  write(
    'message-type-triggers/triggers.json',
    typeTriggers.map((one) => pick(object(one), keys.typeTrigger)),
  )
  write('system.json', {
    name: text(system.name),
    description: text(system.description),
    system_key: text(system.appID),
    system_secret: text(system.appSecret),
    platform_url: '',
    messaging_url: '',
    auth: true,
  })
  return files
}

type Write = (path: string, value: unknown) => void

/** Answers the e-mails by user id, by which services name whom they run as. */
async function exportUsers(go: Go, key: string, write: Write): Promise<Map<string, string>> {
  const users = `/admin/user/${key}`
  write('users/schema.json', { columns: userDefined(await ok(go('GET', `${users}/columns`))) })
  const emails = new Map<string, string>()
  for (const user of await paged(go, `${users}/count`, users, dataPageSize)) {
    const { user_id: id, email } = user
    emails.set(text(id), text(email))
    const roles = list(await ok(go('GET', `${users}/roles`, { query: { user: id } })))
    write(`users/${email}.json`, without(user, ['user_id', 'creation_date']))
    write(
      `users/roles/${email}.json`,
      roles.map(({ Name }) => text(Name)),
    )
  }
  return emails
}

function writeCode(write: Write, folder: string, { code, source_map: map, ...settings }: Fields): void {
  const name = text(settings.name)
  write(`${folder}/${name}/${name}.js`, Buffer.from(text(code)))
  write(`${folder}/${name}/${name}.json`, settings)
  if (typeof map === 'string' && map !== '') write(`${folder}/${name}/${name}.js.map`, Buffer.from(map))
}

async function exportCode(go: Go, key: string, write: Write, emails: ReadonlyMap<string, string>): Promise<void> {
  for (const name of list((await ok(go('GET', `/admin/code/v/1/${key}`))).code ?? [])) {
    const service = object(await ok(go('GET', `/api/v/1/code/${key}/${name}`)))
    list(service.params)
    number(service.current_version)
    const runAs = emails.get(service.run_user) ?? service.run_user
    writeCode(write, 'code/services', { ...service, run_user: runAs })
  }
  for (const { name, visibility } of list(await ok(go('GET', `/codeadmin/v/2/library/${key}`)))) {
    if (visibility === 'global') continue
    writeCode(write, 'code/libraries', object(await ok(go('GET', `/codeadmin/v/2/library/${key}/${name}`))))
  }
}

async function exportCollections(go: Go, key: string, write: Write): Promise<void> {
  for (const found of list(await ok(go('GET', '/admin/allcollections', { query: { appid: key } })))) {
    const [id, name] = [text(found.collectionID), text(found.name)]
    assert.equal(text(found.appID), key)
    if ('dbtype' in found) continue
    const schema = list(await ok(go('GET', `/api/v/2/collection/${key}/${name}/columns`)))
    const indexes = object(await ok(go('GET', `/api/v/4/collection/${key}/${name}/listindexes`)))
    number(indexes.Total)
    list(indexes.Data)
    const total = number((await ok(go('GET', `/api/v/1/data/${id}/count`))).count)
    const items = new Map<string, Fields>()
    for (const page of pages(total, dataPageSize)) {
      const query = goQuery({ PAGESIZE: dataPageSize, PAGENUM: page, SORT: [{ ASC: 'item_id' }] })
      for (const row of list((await ok(go('GET', `/api/v/1/data/${id}`, { query }))).DATA)) {
        items.set(text(row.item_id), row)
      }
    }
    assert.equal(items.size, total)
    write(`data/${name}.json`, { name, schema, indexes, items: [...items.values()] })
  }
}

async function exportTable(
  go: Go,
  key: string,
  write: Write,
  kind: 'device' | 'edge',
  left: readonly string[],
): Promise<void> {
  const path = `/admin/${kind}s/${key}`
  for (const row of await paged(go, `/api/v/3/${kind}s/${key}/count`, path, dataPageSize)) {
    const name = text(row.name)
    if (kind === 'device') {
      const { roles } = object(await ok(go('GET', `/admin/devices/roles/${key}/${name}`)))
      write(
        `devices/roles/${name}.json`,
        list(roles).map(({ Name }) => text(Name)),
      )
    }
    write(`${kind}s/${name}.json`, without(row, left))
  }
  write(`${kind}s/schema.json`, { columns: userDefined(await ok(go('GET', `${path}/columns`))) })
}

/** Bucket sets and file stores with their files. */
async function exportStored(go: Go, key: string, write: Write): Promise<void> {
  const sets = `/api/v/4/bucket_sets/${key}`
  for (const set of list(await ok(go('GET', sets)))) {
    const name = text(set.name)
    write(`bucket-sets/${name}.json`, pick(set, keys.bucketSet))
    for (const meta of Object.values(object(await ok(go('GET', `${sets}/${name}/files`, { query: { box: '' } }))))) {
      const [box, path] = [text(meta.bucket_name), text(meta.relative_name)]
      text(meta.last_modified)
      text(meta.permissions)
      if (number(meta.size) === 0) continue
      const contents = await ok(go('GET', `${sets}/${name}/file/read`, { query: { box, path } }))
      write(`bucket-set-files/${name}/${box}/${path}`, Buffer.from(text(contents), 'base64'))
    }
  }
  const stores = `/api/v/1/filestore/${key}`
  for (const store of list(await ok(go('GET', stores, { query: { decrypt: 'true' } })))) {
    const name = text(store.name)
    object(store.storage_config)
    write(`file-stores/${name}.json`, pick(store, keys.fileStore))
    let token = ''
    do {
      const query = { depth: '-1', limit: '1', ...(token !== '' && { continuation_token: token }) }
      const { files, continuation_token } = object(await ok(go('GET', `${stores}/${name}/list/`, { query })))
      for (const file of list(files)) {
        if (bool(file.is_dir)) continue
        const path = text(file.full_path).split('/').map(encodeURIComponent).join('/')
        const contents = text(await ok(go('GET', `${stores}/${name}/file/${path}`)))
        write(`file-stores-files/${name}/${file.full_path}`, Buffer.from(contents))
      }
      token = text(continuation_token)
    } while (token !== '')
  }
}
