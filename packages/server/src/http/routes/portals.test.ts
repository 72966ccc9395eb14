/** Portals as things of a system, their links, and what is given to whoever opens one. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { createTestApp } from '../../../../../test/support/app.ts'
import { portalDraw } from '../../../../../test/support/portal-generator.ts'
import { isOldConfig } from '../../../../web/console/src/pages/portal-editor/model/config.ts'
import {
  changesSince,
  renewed,
  usualCols,
  type Work,
  workOf,
} from '../../../../web/console/src/pages/portal-editor/model/portal.ts'
import { addWidget } from '../../../../web/console/src/pages/portal-editor/model/widgets.ts'
import { archiveOf } from '../../deploy/catalogue.ts'
import { everyKindFiles, wholePortal } from '../../deploy/every-kind.fixture.ts'
import { systemModel } from '../../deploy/export.ts'
import { writePackage } from '../../deploy/format/write.ts'
import { developerScope, systemScope } from '../../deploy/import.fixture.ts'
import { databaseOf } from '../../store/store.ts'
import { deleteOldDrafts } from '../../store/tables/portal-drafts.ts'
import { anotherDeveloper, userWith } from './people.fixture.ts'

const app = await createTestApp({ after })
const { developer, call } = app

const config = { pages: { Home: { id: 'Home', name: 'Home' } }, widgets: {} }

async function withPortal(name = 'Board') {
  const system = await app.createSystem()
  const path = `/api/v/2/portals/${system.key}/${encodeURIComponent(name)}`
  const made = await call('POST', path, {
    developer,
    body: { name, config: JSON.stringify(config), type: 'custom_v2' },
  })
  assert.equal(made.status, 200, made.text)
  return { system, path, name }
}

const portalRight = (name: string, permissions: number) => ({ portals: [{ itemInfo: { name }, permissions }] })

async function linkOf(system: { key: string; secret: string }, name: string): Promise<URL> {
  const query = { systemKey: system.key, systemSecret: system.secret, name }
  const { status, body, text } = await call('GET', '/console-api/portal/createURL', { developer, query })
  assert.equal(status, 200, text)
  return new URL(body.url)
}

const partsOf = ({ searchParams }: URL) => ({
  systemKey: searchParams.get('systemKey'),
  systemSecret: searchParams.get('systemSecret'),
  name: searchParams.get('name'),
  allowAnon: searchParams.get('allowAnon') === 'true',
})

const open = (body: object, token?: string) =>
  call('POST', '/console-api/portal/open', { body, ...(token !== undefined && { token }) })

test('a portal is made, read, changed and deleted at the paths that tools know, its config a text', async () => {
  const { system, path } = await withPortal('My board')
  const read = await call('GET', path, { developer })
  assert.deepEqual(JSON.parse(read.body.config), config)
  assert.deepEqual(
    [read.body.name, read.body.type, read.body.description, read.body.system_key, read.body.namespace],
    ['My board', 'custom_v2', '', system.key, system.key],
  )
  assert.ok(!Number.isNaN(Date.parse(read.body.last_updated)))
  assert.equal((await call('POST', path, { developer, body: {} })).status, 400, 'made twice')

  assert.equal((await call('PUT', path, { developer, body: { description: 'of the plant' } })).status, 200)
  const wider = { ...config, theme: { info: {} } }
  assert.equal((await call('PUT', path, { developer, body: { config: wider, permissions: { x: 1 } } })).status, 200)
  const after = (await call('GET', path, { developer })).body
  assert.deepEqual([after.description, JSON.parse(after.config), after.permissions], ['of the plant', wider, undefined])
  const [listed] = (await call('GET', `/admin/portals/${system.key}`, { developer })).body
  assert.deepEqual(listed, after)

  assert.equal((await call('DELETE', path, { developer })).status, 200)
  assert.equal((await call('GET', path, { developer })).status, 400)
  assert.equal((await call('PUT', path, { developer, body: {} })).status, 400)
  assert.equal((await call('DELETE', path, { developer })).status, 400)
  assert.deepEqual((await call('GET', `/admin/portals/${system.key}`, { developer })).body, [])
})

test('what is no portal is refused and changes nothing', async () => {
  const { system, path } = await withPortal()
  const before = (await call('GET', path, { developer })).text
  let deep: unknown = {}
  for (let depth = 0; depth < 200; depth++) deep = { deep }
  for (const wrong of ['{', '7', '[]', 'null', 7, [], true, deep]) {
    for (const method of ['PUT', 'POST'] as const) {
      const at = method === 'PUT' ? path : `/api/v/2/portals/${system.key}/Wrong`
      assert.equal((await call(method, at, { developer, body: { config: wrong } })).status, 400, JSON.stringify(wrong))
    }
  }
  assert.equal(
    (await call('POST', `/api/v/2/portals/${system.key}/${'x'.repeat(300)}`, { developer, body: {} })).status,
    400,
  )
  assert.equal((await call('POST', `/api/v/2/portals/${system.key}/%20`, { developer, body: {} })).status, 400)
  assert.equal((await call('GET', path, { developer })).text, before)
  assert.equal((await call('GET', `/admin/portals/${system.key}`, { developer })).body.length, 1)
})

test('of fifty that make the same portal one does', async () => {
  const { key } = await app.createSystem()
  const path = `/api/v/2/portals/${key}/Board`
  const made = await Promise.all(Array.from({ length: 50 }, () => call('POST', path, { developer, body: { config } })))
  assert.equal(made.filter(({ status }) => status === 200).length, 1)
  assert.ok(made.every(({ status }) => status === 200 || status === 400))
})

test('a change that names the state it was made to is not saved over what somebody else saved', async () => {
  const { path } = await withPortal()
  const read = async () => (await call('GET', path, { developer })).body
  const base = (await read()).content_hash
  assert.match(base, /^[0-9a-f]{64}$/)
  const put = (body: object) => call('PUT', path, { developer, body })
  const mine = { config: { pages: {}, mine: true }, base_hash: base }
  const both = await Promise.all([put(mine), put({ ...mine, config: { theirs: true } })])
  const [saved] = both.filter(({ status }) => status === 200)
  const [late] = both.filter(({ status }) => status === 400)
  assert.equal(late!.body.error.code, 314)
  assert.match(late!.body.error.detail, /Nothing was saved.*Read it again/)
  const after = await read()
  assert.deepEqual(saved!.body, { content_hash: after.content_hash })
  assert.notEqual(after.content_hash, base)
  const kept = JSON.parse(after.config)
  assert.equal(kept.mine === true, saved === both[0])

  for (const wrong of ['', 'x', 7, base.toUpperCase(), [base]]) {
    assert.equal((await put({ description: 'no', base_hash: wrong })).status, 400, JSON.stringify(wrong))
  }
  assert.deepEqual(await read(), after)
  // On top of what is current, and from clients that name no state.
  assert.equal((await put({ ...mine, base_hash: after.content_hash })).status, 200)
  const plain = await put({ ...after, description: 'by hand' })
  assert.deepEqual([plain.status, plain.text], [200, ''])
  const last = await read()
  assert.deepEqual([last.description, last.base_hash], ['by hand', undefined])
  assert.notEqual(last.content_hash, after.content_hash)
})

test('a draft is shown by its link to whoever may see the portal, for minutes, and is saved nowhere', async () => {
  const { system, path, name } = await withPortal()
  const draftPath = `/admin/v/4/system/${system.key}/portal-draft/${name}`
  const changed = { ...config, unsaved: true }
  const make = (body: object, at = draftPath, as: object = { developer }) => call('POST', at, { ...as, body })
  const made = await make({ config: JSON.stringify(changed) })
  assert.equal(made.status, 200, made.text)
  const link = new URL(made.body.url)
  assert.ok(link.host.startsWith(`${system.key}.localhost:`), link.host)
  const draft = link.searchParams.get('draft')
  const parts = { ...partsOf(link), draft }
  const may = await userWith(app, system, portalRight(name, 1))
  const opened = await open(parts, may.token)
  assert.deepEqual([opened.status, opened.body.portal.config], [200, changed], opened.text)
  assert.deepEqual((await open({ ...parts, draft: undefined }, may.token)).body.portal.config, config)
  assert.deepEqual(JSON.parse((await call('GET', path, { developer })).body.config), config)

  // Neither the link nor the right is enough alone.
  const mayNot = await userWith(app, system, {})
  for (const token of [mayNot.token, undefined]) {
    const refused = await open(parts, token)
    assert.ok(refused.status === 401 || refused.status === 403)
    assert.ok(!refused.text.includes('unsaved'))
  }
  for (const wrong of ['', 'x', 7, null, {}, `${draft}x`, 'x'.repeat(9_000)]) {
    const refused = await open({ ...parts, draft: wrong }, may.token)
    assert.deepEqual([refused.status, refused.body.portal], [400, undefined], JSON.stringify(wrong))
  }
  const other = await withPortal('Other')
  await app.grant(other.system, 'Anonymous', portalRight('Other', 1))
  const theirs = partsOf(await linkOf(other.system, 'Other'))
  assert.equal((await open({ ...theirs, draft })).status, 400)

  // Who may not save makes none.
  const stranger = await anotherDeveloper(app)
  const editor = await userWith(app, system, portalRight(name, 15))
  for (const as of [{ developer: stranger }, { token: editor.token }, {}]) {
    assert.notEqual((await make({ config: changed }, draftPath, as)).status, 200)
  }
  assert.equal((await make({ config: changed }, `${draftPath}x`)).status, 400)
  for (const wrong of [undefined, '{', 7, [], { long: 'x'.repeat(4 * 1024 * 1024) }]) {
    assert.equal((await make({ config: wrong })).status, 400)
  }
  // Only the newest stay.
  assert.equal((await open(parts, may.token)).status, 200)
  for (let count = 0; count < 10; count += 1) assert.equal((await make({ config: { count } })).status, 200)
  assert.equal((await open(parts, may.token)).status, 400)
  const late = await make({ config: changed })
  const last = { ...parts, draft: new URL(late.body.url).searchParams.get('draft') }
  assert.equal((await open(last, may.token)).status, 200)
  app.advance(11 * 60 * 1000)
  const over = await open(last, may.token)
  assert.equal(over.status, 400)
  assert.match(over.body.error.detail, /preview.*is over/)
  const { store } = app.app.means
  const left = () => databaseOf(store).selectFrom('portal_drafts').select('name').execute()
  assert.equal((await left()).length, 10)
  await deleteOldDrafts(store, app.app.means.clock.now())
  assert.deepEqual(await left(), [])
})

test('each right on a portal is one of its own: see, make, change, delete', async () => {
  const { system, path, name } = await withPortal()
  const methods = ['GET', 'POST', 'PUT', 'DELETE'] as const
  for (const [level, allowed] of [
    [0, []],
    [1, ['GET']],
    [4, ['PUT']],
    [5, ['GET', 'PUT']],
    [2, ['POST']],
  ] as const) {
    const { token } = await userWith(app, system, portalRight(name, level))
    for (const method of methods) {
      const { status } = await call(method, path, { token, ...(method !== 'GET' && { body: {} }) })
      const may = (allowed as readonly string[]).includes(method)
      // Who may make one is told that it is there.
      assert.equal(status, may ? (method === 'POST' ? 400 : 200) : 403, `${method} at level ${level}`)
    }
    assert.equal((await call('GET', `/admin/portals/${system.key}`, { token })).status, 403)
  }
  const { token } = await userWith(app, system, portalRight(name, 8))
  assert.equal((await call('GET', `${path}x`, { token })).status, 403, 'whether there is one is told to nobody')
  const stranger = await anotherDeveloper(app)
  for (const method of methods) assert.equal((await call(method, path, { developer: stranger, body: {} })).status, 400)
  for (const method of methods) assert.equal((await call(method, path, { body: {} })).status, 401)
  const other = await app.createSystem()
  const foreign = await userWith(app, other, portalRight(name, 15))
  for (const method of methods) assert.equal((await call(method, path, { token: foreign.token, body: {} })).status, 401)
  assert.equal((await call('DELETE', path, { token })).status, 200)
})

test('a portal is exported byte for byte, and one that was changed in the layout that it had', async () => {
  const contents = (await archiveOf(everyKindFiles(), '')).toString('base64')
  const { body } = await call('POST', '/admin/v/4/packages/install', { developer, body: { contents, name: 'all' } })
  const { key } = body.system
  const exported = async () => {
    const scope = await systemScope(await developerScope(app), key)
    return writePackage(await systemModel(scope))
  }
  const portalPaths = (files: Map<string, Buffer>) =>
    [...files.keys()].filter((path) => path.startsWith('portals/')).sort()
  const files = await exported()
  for (const path of portalPaths(everyKindFiles())) assert.deepEqual(files.get(path), everyKindFiles().get(path), path)

  const change = async (name: string, change: (config: any) => void) => {
    const at = `/api/v/2/portals/${key}/${name}`
    const held = JSON.parse((await call('GET', at, { developer })).body.config)
    change(held)
    const put = await call('PUT', at, { developer, body: { config: JSON.stringify(held) } })
    assert.equal(put.status, 200, put.text)
    assert.deepEqual(JSON.parse((await call('GET', at, { developer })).body.config), held)
    return held
  }
  const css = 'p { color: red }'
  const line = await change('Line', ({ widgets }) => {
    widgets.w1.props.html.incoming_parser.value.CSS = css
  })
  const after = await exported()
  assert.deepEqual(portalPaths(after), portalPaths(files))
  const changed = portalPaths(files).filter((path) => !after.get(path)!.equals(files.get(path)!))
  assert.deepEqual(
    changed.filter((path) => !/settings\.json$|meta\.json$/.test(path)),
    [
      'portals/Line/Line.json',
      'portals/Line/config/widgets/HTML_WIDGET_COMPONENT_w1/parsers/html/incoming_parser/index.css',
    ].sort(),
  )
  const old = await change('Old', ({ widgets }) => {
    widgets.w1.props.plain = 8
  })
  const both = await exported()
  assert.deepEqual(JSON.parse(String(both.get('portals/Old.json'))).config, old)
  assert.equal(JSON.parse(String(both.get('portals/Old.json'))).system_key, undefined)

  const again = (await archiveOf(both, '')).toString('base64')
  const second = await call('POST', '/admin/v/4/packages/install', {
    developer,
    body: { contents: again, name: 'again' },
  })
  for (const [name, config] of Object.entries({ Line: line, Old: old })) {
    const read = await call('GET', `/api/v/2/portals/${second.body.system.key}/${name}`, { developer })
    assert.deepEqual(JSON.parse(read.body.config), config, name)
  }
})

test('an edit in the console changes the file of what was edited, and leaves all others as they are, byte for byte', async () => {
  const names = [0, 1, 2, 3, 4, 5]
  const drawn = names.map((number) => fc.sample(portalDraw(number), { seed: 7 + number, numRuns: 1 })[0]!)
  const files = new Map(everyKindFiles())
  for (const [path, value] of drawn.flatMap((one) => Object.entries(one.files))) {
    files.set(path, Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)))
  }
  const contents = (await archiveOf(files, '')).toString('base64')
  const { body } = await call('POST', '/admin/v/4/packages/install', { developer, body: { contents, name: 'drawn' } })
  const { key } = body.system
  const portalFiles = async (name: string) => {
    const scope = await systemScope(await developerScope(app), key)
    const all = await writePackage(await systemModel(scope))
    return new Map([...all].filter(([path]) => path.startsWith(`portals/${name}/`) || path === `portals/${name}.json`))
  }
  for (const name of [...drawn.map((one) => one.name), 'Line']) {
    const path = `/api/v/2/portals/${key}/${name}`
    const save = async (change: (work: Work) => Work) => {
      const stored = (await call('GET', path, { developer })).body
      const base = workOf(stored)
      const sent = { ...changesSince(base, change(base)), base_hash: stored.content_hash }
      assert.equal((await call('PUT', path, { developer, body: sent })).status, 200)
    }
    const before = (await call('GET', path, { developer })).body
    // A first save brings a file that somebody wrote by hand into the form in which they are written.
    await save((work) => ({ ...work, description: 'edited' }))
    const first = await portalFiles(name)
    assert.equal((await call('GET', path, { developer })).body.config.length, before.config.length)
    const widget = { id: 'fresh-id', type: 'TEXT_WIDGET_COMPONENT', props: { fontSize: 18 }, size: { w: 1, h: 1 } }
    await save((work) => {
      const now = isOldConfig(work.config) ? renewed(work) : work
      return { ...now, config: addWidget(now.config, { kind: 'header' }, widget, usualCols) }
    })
    const after = await portalFiles(name)
    const main = first.size > 1 ? `portals/${name}/${name}.json` : `portals/${name}.json`
    for (const [file, bytes] of first) if (file !== main) assert.ok(after.get(file)?.equals(bytes), file)
    const made = [...after.keys()].filter((file) => !first.has(file))
    assert.ok(made.every((file) => file.includes('fresh-id')) && made.length === (first.size > 1 ? 2 : 0), String(made))
  }
})

test('a portal in pieces takes whatever config it is given, in pieces or, where those would lose something, as one file', async () => {
  const contents = (await archiveOf(everyKindFiles(), '')).toString('base64')
  const { body } = await call('POST', '/admin/v/4/packages/install', { developer, body: { contents, name: 'pieces' } })
  const path = `/api/v/2/portals/${body.system.key}/Line`
  const { widgets } = wholePortal.config
  const configs = [
    {},
    { widgets: {}, datasources: {}, internalResources: {} },
    { widgets: [1], datasources: 7 },
    { widgets: { a: { ...widgets.w1, id: 'b' } } },
    { widgets: { w1: { ...widgets.w1, id: '../../../x' } } },
    { widgets: { w1: { ...widgets.w1, type: '__proto__' }, none: null } },
    { widgets: { w1: { id: 'w1', type: 'X', props: { '../up': { dataType: 'STATIC_DATA_TYPE', value: 'v' } } } } },
    {
      widgets: {
        w1: { id: 'w1', type: 'X', props: { s: { dataType: 'STATIC_DATA_TYPE', value: { HTML: 7, a: 1 } } } },
      },
    },
    { datasources: { d: { id: 'd', name: 'same' }, e: { id: 'e', name: 'same' } } },
    { internalResources: { r: { id: 'r', name: 'meta.json', file: 'x' } } },
  ]
  for (const config of configs) {
    assert.equal((await call('PUT', path, { developer, body: { config } })).status, 200)
    const read = JSON.parse((await call('GET', path, { developer })).body.config)
    assert.deepEqual(read, JSON.parse(JSON.stringify(config)), JSON.stringify(config))
    const kept = await call('GET', `/admin/v/4/system/${body.system.key}/kept`, { developer })
    for (const { files } of kept.body) {
      for (const file of files) assert.ok(!file.path.split('/').includes('..'), file.path)
    }
  }
})

test('a link names its system under seal, is made for developers of it alone, and ends with the secret', async () => {
  const { system, name } = await withPortal()
  const link = await linkOf(system, name)
  assert.equal(link.pathname, '/portal/')
  assert.ok(link.host.startsWith(`${system.key}.localhost:`), link.host)
  assert.match(link.search, /^\?systemKey=[\w-]+&systemSecret=[\w-]+&name=Board$/)
  assert.ok(!decodeURIComponent(link.search).includes(system.secret))
  const again = await linkOf(system, name)
  assert.notEqual(again.searchParams.get('systemSecret'), link.searchParams.get('systemSecret'))

  const path = '/console-api/portal/createURL'
  const query = { systemKey: system.key, systemSecret: system.secret, name }
  const { token } = await userWith(app, system, portalRight(name, 15))
  assert.equal((await call('GET', path, { token, query })).status, 403)
  assert.equal((await call('GET', path, { developer: token, query })).status, 403)
  const stranger = await anotherDeveloper(app)
  assert.equal((await call('GET', path, { developer: stranger, query })).body.error.code, 1404)
  assert.equal((await call('GET', path, { developer, query: { ...query, systemSecret: 'no' } })).status, 400)
  assert.equal((await call('GET', path, { developer, query: { ...query, name: 'no' } })).status, 400)

  const parts = partsOf(link)
  assert.equal((await open(parts, token)).status, 200)
  await call('PUT', '/admin/regensystemsecret', { developer, body: { id: system.key } })
  assert.equal((await open(parts, token)).status, 401)
})

test('what is given to a page: to a session that may see it, to anybody where the role Anonymous may, to no other', async () => {
  const { system, name } = await withPortal()
  const parts = partsOf(await linkOf(system, name))
  assert.equal(parts.allowAnon, false)
  const closed = await open({ ...parts, allowAnon: true })
  assert.equal(closed.status, 401)
  assert.doesNotMatch(closed.text, /pages|secret/i)
  const may = await userWith(app, system, portalRight(name, 1))
  const mayNot = await userWith(app, system, {})
  const opened = await open(parts, may.token)
  assert.deepEqual([opened.status, opened.body.caller, opened.body.anonymousToken], [200, 'user', undefined])
  assert.deepEqual(opened.body.portal.config, config)
  assert.deepEqual([opened.body.systemKey, opened.body.systemSecret], [system.key, system.secret])
  const refused = await open(parts, mayNot.token)
  assert.equal(refused.status, 403)
  assert.ok(!refused.text.includes(system.secret))

  await app.grant(system, 'Anonymous', portalRight(name, 1))
  const free = partsOf(await linkOf(system, name))
  assert.equal(free.allowAnon, true)
  const anybody = await open(free)
  assert.deepEqual([anybody.status, anybody.body.caller], [200, 'anonymous'])
  assert.match(anybody.body.anonymousToken, /^gh/)
  const later = await open(free, anybody.body.anonymousToken)
  assert.deepEqual([later.status, later.body.anonymousToken], [200, undefined], 'each look opens a session')
  assert.equal((await open(free, mayNot.token)).body.caller, 'user')
  assert.equal((await open({ ...free, allowAnon: false })).status, 401)
  await app.set(system, { anonymous: 'closed' })
  assert.equal((await open(free)).status, 401)
  assert.equal(partsOf(await linkOf(system, name)).allowAnon, false)
})

test('links of other systems, halves, other nodes and noise open nothing', async () => {
  const [one, other] = [await withPortal(), await withPortal()]
  for (const { system, name } of [one, other]) await app.grant(system, 'Anonymous', portalRight(name, 1))
  const mine = partsOf(await linkOf(one.system, one.name))
  const theirs = partsOf(await linkOf(other.system, other.name))
  assert.equal((await open(mine)).status, 200)
  const wrong: object[] = [
    { ...mine, systemSecret: theirs.systemSecret },
    { ...mine, systemSecret: mine.systemKey, systemKey: mine.systemSecret },
    { ...mine, systemSecret: undefined },
    { ...mine, systemKey: one.system.key, systemSecret: one.system.secret },
    { ...mine, systemKey: `${mine.systemKey}A` },
    { ...mine, systemKey: 'x'.repeat(100_000) },
    { ...mine, systemKey: ['a'] },
    {},
  ]
  for (const body of wrong) assert.equal((await open(body)).status, 401, JSON.stringify(body).slice(0, 200))
  // At the origin of a system its own link alone is good, whatever else is right.
  const headers = { host: `${other.system.key}.localhost:9000` }
  const elsewhere = await call('POST', '/console-api/portal/open', { headers, body: mine })
  assert.equal(elsewhere.status, 401)
  assert.ok(!elsewhere.text.includes(one.system.secret))
  assert.equal((await call('POST', '/console-api/portal/open', { headers, body: theirs })).status, 200)
})

test('a sign-in with a link is a sign-in as at the other door: the auth service decides, and gets no link', async () => {
  const { system, name } = await withPortal()
  await app.createUser(system, 'op@example.com', 'the plant is quiet')
  const { systemKey, systemSecret } = partsOf(await linkOf(system, name))
  const path = '/console-api/portal/init/user'
  const good = { email: 'op@example.com', password: 'the plant is quiet', systemKey, systemSecret }
  const { body } = await call('POST', path, { body: good })
  assert.match(body.userToken, /^ghu_/)
  assert.equal(body.userToken, body.user_token)
  assert.equal((await call('POST', path, { body: { ...good, password: 'wrong' } })).status, 401)
  assert.equal((await call('POST', path, { body: { ...good, systemSecret: 'x' } })).status, 401)

  const code = `function decide(req, resp) {
    resp.error({ options: { err: true, message: Object.keys(req.params).sort().join() } })
  }`
  await app.createService(system, 'decide', code, { executableBy: ['Anonymous'] })
  await app.set(system, { auth_service: 'decide' })
  const asked = await call('POST', path, { body: { ...good, factor: 1 } })
  assert.deepEqual([asked.body.userToken, asked.body.options.message], ['', 'email,factor,password'])
})

test('the document is at the origin of the system, which the node sends on to, and nowhere else', async () => {
  const { system, name } = await withPortal()
  const link = await linkOf(system, name)
  const path = `${link.pathname}${link.search}`
  const sent = await call('GET', path)
  assert.equal(sent.status, 302)
  assert.equal(sent.headers.location, `${link.origin}${path}&sentOn=1`)
  const lost = await call('GET', `${path}&sentOn=1`)
  assert.equal(lost.status, 503, 'a proxy that loses the host sends browsers round in circles')
  const document = await call('GET', path, { headers: { host: link.host } })
  assert.ok(document.status === 200 || document.status === 503, document.text)
  if (document.status === 200) {
    const policy = String(document.headers['content-security-policy'])
    assert.match(policy, /frame-ancestors 'none'/)
    assert.match(policy, /connect-src 'self' data: blob: https: wss:(;|$)/)
    assert.equal(document.headers['referrer-policy'], 'no-referrer')
    assert.equal(document.headers['origin-agent-cluster'], '?1')
    assert.ok(!document.text.includes(system.secret))
  }
  const other = await app.createSystem()
  const wrong = await call('GET', path, { headers: { host: `${other.key}.localhost:1` } })
  assert.equal(wrong.status, 401)
  assert.match(wrong.text, /of another system/)
  for (const query of ['', '?systemKey=x', `?systemKey=${system.key}`]) {
    const none = await call('GET', `/portal/${query}`)
    assert.equal(none.status, 401, query)
    assert.match(String(none.headers['content-security-policy']), /default-src 'none'/)
  }
})

test('a production node that was not told where serves no portals, and says how', async (t) => {
  const args = ['--mode', 'production', '--url', 'https://gate.example.com', '--weak-sandbox']
  const closed = await createTestApp(t, { args })
  const system = await closed.createSystem()
  const body = { config: '{}' }
  await closed.call('POST', `/api/v/2/portals/${system.key}/Board`, { developer: closed.developer, body })
  const query = { systemKey: system.key, systemSecret: system.secret, name: 'Board' }
  const asked = await closed.call('GET', '/console-api/portal/createURL', { developer: closed.developer, query })
  assert.equal(asked.status, 400)
  assert.match(asked.body.error.detail, /--portal-url.*\{system\}/)

  const pattern = 'https://{system}.portals.example.com'
  const serving = await createTestApp(t, { args: [...args, '--portal-url', pattern] })
  const own = await serving.createSystem()
  await serving.call('POST', `/api/v/2/portals/${own.key}/Board`, { developer: serving.developer, body })
  const wanted = { systemKey: own.key, systemSecret: own.secret, name: 'Board' }
  const link = await serving.call('GET', '/console-api/portal/createURL', {
    developer: serving.developer,
    query: wanted,
  })
  assert.equal(new URL(link.body.url).origin, `https://${own.key}.portals.example.com`)
})
