/** Small packages for tests, and the developer who imports them into a real node. */
import { sql } from 'kysely'
import type { TestApp } from '../../../../test/support/app.ts'
import type { NodeScope, SystemScope } from '../domain/access/scope.ts'
import { identify } from '../domain/auth/sessions.ts'
import { systemByKey } from '../domain/systems/systems.ts'
import { databaseOf, dialectOf } from '../store/store.ts'
import type { PackageModel } from './format/model.ts'
import { readPackage } from './format/read.ts'

export const filesOf = (files: Record<string, unknown>): Map<string, Buffer> =>
  new Map(
    Object.entries({ 'system.json': { name: 'package' }, ...files }).map(([path, value]) => [
      path,
      Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
    ]),
  )

export const packageOf = (files: Record<string, unknown>): PackageModel => readPackage(filesOf(files)).model

export const column = (name: string, type: string) => ({ ColumnName: name, ColumnType: type, PK: false })

export const role = (name: string, permissions: Record<string, unknown>, description = '') => ({
  Name: name,
  Description: description,
  Permissions: permissions,
})

export const service = (name: string, settings: Record<string, unknown> = {}, body = "resp.success('ok')") => ({
  [`code/services/${name}/${name}.json`]: { name, ...settings },
  [`code/services/${name}/${name}.js`]: `function ${name}(req, resp) { ${body} }`,
})

export const library = (name: string, code: string, dependencies = '') => ({
  [`code/libraries/${name}/${name}.json`]: { name, dependencies },
  [`code/libraries/${name}/${name}.js`]: code,
})

export const rowId = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`

/** In the shape of the package of the public two-factor guide, of the old era; all of its text is our own. */
export const twoFactorFiles = {
  'system.json': { name: 'Two Factor', description: 'codes by text message', system_key: 'k1', system_secret: 's1' },
  'package.json': { name: 'two-factor', version: '1.0.0' },
  'README.md': '# Two factor\n<script>alert(1)</script>\n',
  ...service('authOverride', {
    dependencies: 'clearblade,Constants',
    run_user: 'bot@example.com',
    permissions: { Anonymous: 1, helper: 1 },
    logging_enabled: 'true',
  }),
  ...service('setUp', { dependencies: 'Constants', run_user: '5a9fa0d70b', params: ['a'] }),
  ...library('Constants', 'var PLATFORM = "https://node.example.com"'),
  'data/Tokens.json': {
    name: 'Tokens',
    app_id: 'k1',
    collection_id: 'c1',
    schema: [column('email', 'string'), column('at', 'timestamp')],
    items: [
      { item_id: rowId(1), email: 'jo@example.com', at: '2018-05-10T17:21:05.1Z' },
      { item_id: rowId(2), email: 'al@example.com' },
    ],
    permissions: { helper: 15, gone: 1 },
  },
  'roles/Administrator.json': role('Administrator', { UsersList: { Level: 0 } }),
  'roles/Anonymous.json': role('Anonymous', {
    CodeServices: [{ Name: 'authOverride', Level: 1 }],
    Portals: [{ Name: 'Two Factor Login', Level: 1 }],
    Collections: [{ Name: 'NeverShipped', Level: 15 }],
  }),
  'roles/helper.json': { ...role('helper', { UsersList: { Level: 1 } }), ID: 'r77' },
  'users/schema.json': { columns: [column('sms_phone', 'string')], permissions: { helper: 1 } },
  'users/bot@example.com.json': {
    email: 'bot@example.com',
    sms_phone: '+1',
    password: 'from-the-file',
    cb_token: 'tok',
    roles: ['helper'],
  },
  'portals/Two Factor Login.json': { name: 'Two Factor Login', config: {}, system_key: 'k1' },
}

export async function developerScope(app: TestApp): Promise<NodeScope> {
  const { means } = app.app
  const { caller } = (await identify(means, app.developer))!
  return { ...means, origin: { address: 'test', userAgent: 'test' }, caller }
}

export async function systemScope(scope: NodeScope, key: string): Promise<SystemScope> {
  const system = (await systemByKey(scope, key))!
  return { ...scope, system, data: scope.store.forSystem(key) }
}

/** Every row of every table, as text: what a failed import must leave as it was. */
export async function everythingIn(scope: NodeScope): Promise<Record<string, string>> {
  const db = databaseOf(scope.store)
  const listing =
    dialectOf(scope.store).kind === 'sqlite'
      ? sql<{ name: string }>`select name from sqlite_schema where type = 'table' and name not like 'sqlite%'`
      : sql<{ name: string }>`select table_name as name from information_schema.tables where table_schema = 'public'`
  const all: Record<string, string> = {}
  for (const { name } of (await listing.execute(db)).rows) {
    const { rows } = await sql`select * from ${sql.id(name)}`.execute(db)
    all[name] = JSON.stringify(rows.map((row) => JSON.stringify(row)).sort())
  }
  return all
}
