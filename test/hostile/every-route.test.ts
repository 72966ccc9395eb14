/**
 * Every route of a node, whatever is sent to it and by whom: it is answered or refused, it is never our fault, a refusal has
 * changed no row, and nobody gets past what the route allows. `http/routes/fuzz.test.ts` knows good requests and spoils them;
 * here nothing is known but the routes themselves.
 *
 * GATEHOUSE_FUZZ_SECONDS says for how long, GATEHOUSE_FUZZ_SEED repeats a run that failed.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import { archiveOf } from '../../packages/server/src/deploy/catalogue.ts'
import { everyKindFiles } from '../../packages/server/src/deploy/every-kind.fixture.ts'
import { everythingIn } from '../../packages/server/src/deploy/import.fixture.ts'
import type { Route } from '../../packages/server/src/http/route.ts'
import { anotherDeveloper } from '../../packages/server/src/http/routes/people.fixture.ts'
import { databaseOf } from '../../packages/server/src/store/store.ts'
import { type Answer, createTestApp, developerEmail, developerPassword } from '../support/app.ts'

const seed = Number(process.env.GATEHOUSE_FUZZ_SEED ?? (Date.now() ^ process.pid) & 0x7fffffff)
const seconds = Number(process.env.GATEHOUSE_FUZZ_SECONDS ?? 12)
const onPostgres = process.env.GATEHOUSE_TEST_DATABASE === 'postgres'

const archive = await archiveOf(everyKindFiles(), '')

/** Stands for every place on the internet that a request may name. */
const outside = createServer((_request, response) => response.end(archive)).listen(0, '127.0.0.1')
await once(outside, 'listening')
after(() => outside.close())
const routed = ['github.com', 'codeload.github.com', 'api.github.com', 'example.com'].flatMap((host) => [
  '--route',
  `https://${host}=http://127.0.0.1:${(outside.address() as AddressInfo).port}`,
])

const app = await createTestApp({ after }, { args: routed })
const { call } = app

/** Names that the node itself reads, found in its source: a body of names that nobody knows is refused at the first. */
function namesInSource(): string[] {
  const folder = join(import.meta.dirname, '../../packages/server/src')
  const names = new Set<string>()
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!/^(http|domain|deploy|engine\/trial)\b.*(?<!\.test|\.fixture)\.ts$/.test(file)) continue
    const text = readFileSync(join(folder, file), 'utf8')
    for (const [, name] of text.matchAll(/\b(?:body|given|input|fields|changes|query|params)\??\.(\w+)/g))
      names.add(name!)
    for (const [, name] of text.matchAll(/(?:Text|Parameter|parameter|optional\w*|truth)\((?:body|input), '(\w+)'/g))
      names.add(name!)
  }
  return [...names].filter((name) => !/^(map|length|filter|some|push|trim|slice|split)$/.test(name))
}

const odd = [
  ...['', ' ', '0', '-1', '1', 'true', 'null', 'undefined', '[]', '{}', 'NaN', '1e400', '99999999999999999999'],
  ...[
    '\0',
    'a\0b',
    '\ud800',
    '\u202e',
    'İ',
    'ß',
    '%',
    '%00',
    '%2e%2e',
    '../../etc/passwd',
    'a/b',
    '//',
    '?',
    '#',
    ':key',
  ],
  ...[
    "'; drop table systems; --",
    '" or 1=1 --',
    '$(id)',
    '{{7*7}}',
    '<script>',
    '__proto__',
    'constructor',
    'toString',
  ],
  ...[
    'secret:NAME',
    'ghu_x',
    'ghd_x',
    'ghp_x',
    'x'.repeat(300),
    'x'.repeat(5000),
    '^(a+)+$',
    '2026-01-31T10:20:30Z',
    '+14155550123',
  ],
  ...[
    'https://example.com/x.zip',
    'https://github.com/a/b',
    'file:///etc/passwd',
    'http://127.0.0.1:1/',
    'http://[::1]/',
  ],
]
const known = [
  '$key',
  '$secret',
  '$id',
  '$user',
  '$email',
  '$token',
  '$refresh',
  '$archive',
  'things',
  'hello',
  'shared',
  'Board',
]
const kinds = [
  'user',
  'service',
  'library',
  'portal',
  'phone',
  'totp',
  'passkey',
  'refresh_token',
  'inbox',
  'first',
  'Anonymous',
]
const text = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...known) },
  { weight: 3, arbitrary: fc.constantFrom(...odd) },
  fc.constantFrom(...kinds),
  fc.string({ unit: 'binary', maxLength: 12 }),
)
const number = fc.oneof(
  fc.integer({ min: -2, max: 20 }),
  fc.constantFrom(2 ** 31, -(2 ** 31) - 1, 2 ** 53, 2 ** 63, -1e308, 1e21, 0.5, -0),
)
const scalar = fc.oneof({ weight: 4, arbitrary: text }, number, fc.boolean(), fc.constant(null))
const name = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...namesInSource()) }, text)
const value = fc.oneof(
  { weight: 5, arbitrary: scalar },
  fc.array(scalar, { maxLength: 3 }),
  fc.dictionary(name, scalar, { maxKeys: 4 }),
  fc.array(fc.dictionary(name, scalar, { maxKeys: 3 }), { maxLength: 3 }),
  fc.jsonValue({ maxDepth: 3 }),
)
const deep = `${'['.repeat(3000)}${']'.repeat(3000)}`
const raw = [
  '',
  'null',
  '{',
  '[1',
  '"',
  '\0',
  '7',
  '[]',
  '[{},{}]',
  '{"__proto__":{"a":1}}',
  '{"a":1}{"b":2}',
  deep,
  `{"a":${deep}}`,
  'a=1&b=2',
]
const body = fc.oneof(
  { weight: 8, arbitrary: fc.dictionary(name, value, { maxKeys: 6 }).map((one) => JSON.stringify(one)) },
  { weight: 2, arbitrary: fc.constantFrom(...raw) },
  value.map((one) => JSON.stringify(one) ?? ''),
)
const query = fc.dictionary(
  name,
  fc.oneof(
    { weight: 2, arbitrary: text },
    value.map((one) => JSON.stringify(one) ?? ''),
  ),
  { maxKeys: 4 },
)
const headers = fc.dictionary(
  fc.constantFrom(
    ...['content-type', 'accept', 'origin', 'host', 'x-forwarded-for', 'x-forwarded-host', 'forwarded', 'user-agent'],
    ...['clearblade-systemkey', 'clearblade-usertoken', 'clearblade-devtoken', 'authorization', 'cookie', 'range'],
    ...['x-gatehouse-inside', 'x-http-method-override', 'content-encoding', 'if-none-match', 'x-twilio-signature'],
  ),
  fc.oneof(
    fc.constantFrom('$host', 'application/json', 'text/html', 'multipart/form-data; boundary=x', 'gzip', 'Basic Og=='),
    text,
  ),
  { maxKeys: 2 },
)
const callers = ['nobody', 'system', 'anonymous', 'user', 'able user', 'developer', 'other developer'] as const
const request = fc.record({
  as: fc.oneof({ weight: 2, arbitrary: fc.constant('whoever may' as const) }, fc.constantFrom(...callers)),
  // Mostly where something is, or nothing further would be reached.
  places: fc.array(fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, text), { minLength: 6, maxLength: 6 }),
  withSystem: fc.boolean(),
  query,
  headers: fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, headers),
  body,
  /** Of the names that the route asked for before: as it wants them, or as they come. */
  learned: fc.array(fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, value), { minLength: 5, maxLength: 5 }),
})
type Drawn = typeof request extends fc.Arbitrary<infer T> ? T : never
type Given = Drawn & { as: (typeof callers)[number] }

type Place = Record<'key' | 'secret' | 'id' | 'user' | 'email' | 'token' | 'refresh' | 'able' | 'anonymous', string>

/** A system with something of everything, and people in it. */
async function furnish(developer: string): Promise<Place> {
  const password = 'the plant is quiet'
  const post = async (path: string, body: unknown) => (await call('POST', path, { developer, body })).body
  const made = await post('/admin/systemmanagement', { name: 'plant' })
  const system = { key: made.appID as string, secret: made.appSecret as string }
  const person = async (name: string) => {
    const email = `${name}${system.key}@example.com`
    const { user_id: user } = await post(`/admin/user/${system.key}`, { email, password })
    return {
      email,
      user,
      session: (await call('POST', '/api/v/1/user/auth', { system, body: { email, password } })).body,
    }
  }
  const { email, user, session } = await person('jo')
  const able = await person('able')
  const all = { permissions: 15 }
  const rights = { users: all, roles: all, allcollections: all, allservices: all, manageusers: all }
  await post(`/admin/user/${system.key}/roles`, { name: 'Able', ...rights })
  const changes = { roles: { add: ['Able'] } }
  await call('PUT', `/admin/user/${system.key}`, { developer, body: { user: able.user, changes } })
  const collection = await post('/admin/collectionmanagement', { name: 'things', appID: system.key })
  const id = collection.collectionID
  for (const [column, type] of Object.entries({ n: 'int', name: 'string', data: 'jsonb' })) {
    await call('PUT', '/admin/collectionmanagement', { developer, body: { id, addColumn: { name: column, type } } })
  }
  await post(`/api/v/1/data/${id}`, [
    { n: 1, name: 'a' },
    { n: 2, data: { a: [1] } },
  ])
  await post(`/admin/code/v/1/${system.key}/hello`, { code: 'function hello(req, resp) { resp.success(req.params) }' })
  await post(`/codeadmin/v/2/library/${system.key}/shared`, { code: 'var x = 1' })
  await post(`/api/v/2/portals/${system.key}/Board`, { name: 'Board', config: '{"pages":{}}', type: 'custom_v2' })
  const { body: anonymous } = await call('POST', '/api/v/1/user/anon', { system })
  return {
    ...{ ...system, id, email, user, token: session.user_token, refresh: session.refresh_token },
    ...{ able: able.session.user_token, anonymous: anonymous.user_token },
  }
}

/** What a refusal may write: what was tried, what failed, and what a sign-in that was begun leaves. */
const ofRefusals = ['failures', 'send_counts', 'sign_in_traces', 'failed_runs', 'run_logs', 'version_outcomes']

/** Grows with every row that is written, also where it is taken back; undefined where nobody counts. */
async function written(): Promise<number | undefined> {
  if (onPostgres) return undefined
  const { rows } = await sql<{ count: number }>`select total_changes() as count`.execute(
    databaseOf(app.app.means.store),
  )
  return rows[0]!.count
}

async function rows(): Promise<string> {
  const all = await everythingIn(app.app.means as never)
  for (const table of ofRefusals) delete all[table]
  return JSON.stringify(all)
}

let fresh = 0
const fill = (place: Place, given: string): string =>
  given.replace(/\$(fresh|key|secret|id|user|email|token|refresh|archive|host)/g, (_, what: string) => {
    switch (what) {
      case 'fresh':
        return `new${++fresh}@example.com`
      case 'archive':
        return archive.toString('base64')
      case 'host':
        return `${place.key}.localhost`
      default:
        return place[what as keyof Place]
    }
  })
const inAddress = (given: string): string => encodeURIComponent(given.toWellFormed())

/** What a route says that it needs: the next request to it has that. A node that explains itself is taken by its word. */
const asked = new Map<string, Set<string>>()
function learn(route: string, { body }: Answer): void {
  const detail = String(body?.error?.detail)
  const names = asked.get(route) ?? new Set<string>()
  for (const [, one, other, third] of detail.matchAll(
    /needs[^"]* "?(\w+)"|parameter (\w+) is missing|(\w+) must be/g,
  )) {
    names.add(one ?? other ?? third!)
  }
  if (/needs a query|has no FILTERS/.test(detail)) names.add('query')
  if (/no such system/.test(detail)) for (const one of ['id', 'appid', 'systemKey', 'appID']) names.add(one)
  if (/no such collection/.test(detail)) names.add('id')
  if (/has no column|There is no column/.test(detail)) names.add('n')
  if (/needs one of addColumn/.test(detail)) names.add('addColumn')
  if (/needs a name of|A column needs a name|has 1 to 64 letters/.test(detail)) names.add('name')
  if (/value of a secret/.test(detail)) names.add('value')
  if (/The e-mail must be/.test(detail)) for (const one of ['email', 'password']) names.add(one)
  if (/needs the texts email and password/.test(detail)) for (const one of ['email', 'password']) names.add(one)
  asked.set(route, names)
}

/** What these names mostly want. */
const good: Record<string, unknown> = {
  ...{ appID: '$key', appid: '$key', systemKey: '$key', systemSecret: '$secret', system_key: '$key' },
  ...{ user: '$user', user_id: '$user', userId: '$user', email: '$fresh', e: '$email', password: 'the plant is quiet' },
  ...{ old_password: 'the plant is quiet', new_password: 'the plant is loud', role: 'Able', service: 'hello' },
  ...{ name: 'fresh', query: [], $set: { name: 'x' }, conflictColumn: 'n', columnName: 'n', column: 'name' },
  ...{ column_name: 'city', type: 'string', contents: '$archive', url: 'https://example.com/x.zip' },
  ...{ repoURL: 'https://github.com/a/b', username: 'a', systemRepoName: 'b', code: 'resp.success(1)', value: 'v' },
  ...{ changes: { roles: { add: ['Able'] } }, hosts: ['example.com'], logging: true, fname: 'x', path: 'system.json' },
  ...{
    n: 1,
    addColumn: { name: 'more', type: 'int' },
    kind: 'portal',
    key: '$key',
    refresh_token: '$refresh',
    steps: [{ params: { email: '$email' } }],
    time: 1e12,
    config: '{}',
  },
}
const goodOf = (path: string, name: string): unknown => {
  if (name !== 'id' && name !== 'name') return good[name] ?? 'x'
  if (name === 'name') return /secret|package/.test(path) ? 'fresh' : ['things', 'Board', 'hello'][path.length % 3]
  return /systemmanagement|regensystem/.test(path)
    ? '$key'
    : /roles/.test(path)
      ? 'Able'
      : /failed/.test(path)
        ? []
        : '$id'
}
const usualName = (path: string): string =>
  /library/.test(path) ? 'shared' : /portal/.test(path) ? 'Board' : /data|collection/.test(path) ? 'things' : 'hello'

function put(place: Place, method: string, path: string, given: Given): { url: string; body: string } {
  let at = 0
  const usual: Record<string, string> = {
    ...{ key: place.key, id: place.id, user: place.user, name: usualName(path), version: '1', kind: 'service' },
  }
  const part = (what: string): string =>
    inAddress(fill(place, given.places[at++ % given.places.length] ?? usual[what] ?? 'things'))
  const url = path.replace(/:(\w+)|\*/g, (_, what: string) => part(what ?? 'things'))
  const names = [...(asked.get(`${method} ${path}`) ?? [])]
  const learned = names.map((one, index) => [one, given.learned[index % 5] ?? goodOf(path, one)] as const)
  const search: [string, string][] = [
    ...Object.entries(given.query),
    ...learned.map(([one, value]): [string, string] => [
      one,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  ].map(([one, value]) => [inAddress(fill(place, one)), inAddress(fill(place, value ?? ''))])
  const address = search.map((pair) => pair.join('=')).join('&')
  return {
    // An archive is no matter of addresses.
    url: address === '' || address.length > 20_000 ? url : `${url}?${address}`,
    // What nobody asked for is often what a request is refused for.
    body: fill(
      place,
      withLearned(given.withSystem && learned.length > 0 ? '{}' : given.body, Object.fromEntries(learned)),
    ),
  }
}

function withLearned(body: string, learned: Record<string, unknown>): string {
  if (Object.keys(learned).length === 0 || !body.startsWith('{')) return body
  try {
    return JSON.stringify({ ...JSON.parse(body), ...learned })
  } catch {
    return body
  }
}

/** Of those who may call this route at all, the one who may most. */
const whoMay = ({ allow, paths }: Route): (typeof callers)[number] =>
  /developer/.test(allow) ? 'developer' : /session/.test(allow) && !/portals/.test(paths[0]!) ? 'able user' : 'system'

type People = { developer: string; other: string }

function credentials(place: Place, people: People, { as, withSystem }: Given) {
  const system = { key: place.key, secret: place.secret }
  const token = { anonymous: place.anonymous, user: place.token, 'able user': place.able }
  const developer = { developer: people.developer, 'other developer': people.other }
  return {
    ...((as === 'system' || (withSystem && as !== 'nobody')) && { system }),
    ...(as in token && { token: token[as as keyof typeof token] }),
    ...(as in developer && { developer: developer[as as keyof typeof developer] }),
  }
}

/** Whether somebody of this kind may get through at all. */
function mayPass({ allow }: Route, as: Given['as'], headers: Given['headers']): boolean {
  // A header of the request itself may name somebody else.
  if (Object.keys(headers).some((one) => one.startsWith('clearblade-'))) return true
  if (allow === 'developer') return as === 'developer' || as === 'other developer'
  if (allow === 'system developer') return as === 'developer' || as === 'other developer'
  return allow === 'anybody' || as !== 'nobody'
}

const shown = ({ method }: Route, url: string, given: Given, body: string): string =>
  `${method} ${url} as ${given.as}\n${JSON.stringify(given.headers)}${method === 'GET' ? '' : `\n${body.slice(0, 600)}`}`

async function signedIn(): Promise<string> {
  const { body } = await call('POST', '/admin/auth', { body: { email: developerEmail, password: developerPassword } })
  return body.dev_token
}

/** What one look at all rows costs grows with what was made before. */
async function clear(developer: string): Promise<void> {
  for (const { appID: id } of (await call('GET', '/admin/allsystems', { developer })).body) {
    await call('DELETE', '/admin/v/4/systemmanagement', { developer, query: { id } })
  }
}

const stands = async (place: Place, { developer, other }: People): Promise<boolean> => {
  const checks = [
    call('GET', '/admin/v/4/systemmanagement', { developer, query: { id: place.key } }),
    call('POST', '/admin/checkauth', { developer: other }),
    call('GET', `/api/v/1/data/${place.id}`, { token: place.able }),
    ...[place.token, place.anonymous].map((token) => call('POST', '/api/v/1/user/checkauth', { token })),
  ]
  const [system, ...answers] = await Promise.all(checks)
  return system!.body?.appSecret === place.secret && answers.every(({ status }) => status === 200)
}

function check(route: Route, answer: Answer, given: Given, what: string): void {
  const isYet = answer.status === 501 && /not available yet/.test(answer.text)
  assert.ok(answer.status < 500 || isYet, `${answer.status} ${answer.text.slice(0, 500)}\n${what}`)
  assert.doesNotMatch(answer.text.slice(0, 5000), /node_modules|packages\/server\/src|SQLITE_|at async /, what)
  if (answer.status < 400) assert.ok(mayPass(route, given.as, given.headers), `it was let through\n${what}`)
  // The gateway of development answers in the shape of the provider that it stands for.
  else if (!what.includes('/2010-04-01/')) assert.equal(typeof answer.body?.error?.detail, 'string', what)
}

test(`every route answers or refuses whatever comes, and a refusal changes nothing (seed ${seed})`, async (t) => {
  t.diagnostic(`GATEHOUSE_FUZZ_SEED=${seed}`)
  const end = Date.now() + seconds * 1000
  const routes = app.app.routes.flatMap((route) => route.paths.map((path) => ({ route, path })))
  assert.ok(routes.length > 100)
  let people: People = { developer: app.developer, other: await anotherDeveloper(app) }
  let place = await furnish(people.developer)
  const bystander = await furnish(people.other)
  const theirs = async () => JSON.stringify(await everythingIn(app.app.means as never)).split(bystander.key).length
  let before = await rows()
  const untouched = await theirs()
  let sent = 0
  // All routes once, however slow the machine is; then again until the time is over.
  for (let pass = 0; pass === 0 || Date.now() < end; pass++) {
    const each = fc.sample(request, { seed: seed + pass, numRuns: routes.length })
    for (const [index, { route, path }] of routes.entries()) {
      if (pass > 0 && Date.now() >= end) break
      const drawn = each[index]!
      const given = { ...drawn, as: drawn.as === 'whoever may' ? whoMay(route) : drawn.as }
      const { url, body } = put(place, route.method, path, given)
      const what = shown(route, url, given, body)
      const headers = Object.fromEntries(
        Object.entries(given.headers).map(([one, text]) => [one, fill(place, text).replace(/[^\x20-\x7e]/g, '')]),
      )
      const count = await written()
      const answer = await call(route.method, url, {
        ...credentials(place, people, given),
        ...(route.method !== 'GET' && { body }),
        headers,
      }).catch((error: Error) => assert.fail(`${error.stack}\n${what}`))
      sent += 1
      check(route, answer, given, what)
      learn(`${route.method} ${path}`, answer)
      if (answer.status >= 400) {
        if (onPostgres ? pass > 0 : count === (await written())) continue
        const now = await rows()
        // Sign-ins leave what they began: a challenge, a proof, a session that a stolen refresh token ended.
        if (now !== before && !/\/(auth|user\/reg|portal\/init)/.test(path)) assert.equal(now, before, what)
        before = now
        continue
      }
      if (route.method !== 'GET' && !(await stands(place, people))) {
        people = { developer: await signedIn(), other: await anotherDeveloper(app) }
        await clear(people.developer)
        place = await furnish(people.developer)
      }
      if (count === undefined || count !== (await written())) before = await rows()
    }
  }
  t.diagnostic(`${sent} requests to ${routes.length} routes`)
  assert.equal(await theirs(), untouched, 'another system was changed')
})
