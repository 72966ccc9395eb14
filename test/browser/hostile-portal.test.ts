/** Portals whose code is hostile, in a real browser: whatever one tries, it stays with its own system. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp, developerEmail, developerPassword } from '../support/app.ts'
import { openBrowser } from '../support/browser.ts'
import { html, portalConfig } from '../support/portal-config.ts'
import { makePortal, openPage, portalLink, sizes } from '../support/portals.ts'

const app = await createTestApp({ after })
const { developer } = app
const own = app.app.means.publicUrl()
const browser = await openBrowser()
after(() => browser.close())

const victim = await app.createSystem('victim')
await app.createUser(victim, 'op@example.com', 'the plant is quiet')
const hostile = await app.createSystem('hostile')
await app.createUser(hostile, 'user@example.com', 'three unrelated words')

const calm = portalConfig({ a: { type: 'HTML_WIDGET_COMPONENT', props: html('<p id="calm">calm</p>') } })
await makePortal(app, victim, 'Calm', calm)

let count = 0

/** Runs `script` as code of a portal of the hostile system; answers with what it calls `window.found(…)` with. */
async function attack(page: Awaited<ReturnType<typeof openPage>>['page'], script: string): Promise<any> {
  count += 1
  const name = `Attack ${count}`
  const code = `var found = function (value) { window.attacked = value === undefined ? null : value }
    Promise.resolve((async function () { ${script} })()).then(found, function (error) { found({ threw: String(error) }) })`
  await makePortal(
    app,
    hostile,
    name,
    portalConfig({ a: { type: 'HTML_WIDGET_COMPONENT', props: html('<p>hm</p>', code) } }),
  )
  await page.goto(await portalLink(app, hostile, name))
  await page.waitForFunction('window.attacked !== undefined')
  return page.evaluate('window.attacked')
}

/** A window in which the developer is signed in to the console, and a user to the portal of the victim. */
async function windowWithSessions() {
  const window = await openPage(browser, sizes[0]!)
  const { page } = window
  await page.goto(`${own}/console/`)
  await page.evaluate((token) => {
    localStorage.setItem('gatehouse', token)
    sessionStorage.setItem('gatehouse', token)
    void cookieStore.set('console', token)
  }, developer)
  await page.goto(await portalLink(app, victim, 'Calm'))
  await page.locator('#calm').waitFor()
  const token = await app.signIn(victim, 'op@example.com', 'the plant is quiet')
  await page.evaluate((one) => (globalThis as any).CB_PORTAL.ClearBlade.setUser('op@example.com', one), token)
  assert.match(await page.evaluate(() => localStorage.getItem('cb_portals')!), /ghu_/)
  return { ...window, token }
}

test('reads no storage but that of its own system: not the console’s, not another system’s', async () => {
  const { page, token, close } = await windowWithSessions()
  const seen = await attack(
    page,
    `return JSON.stringify([Object.assign({}, localStorage), Object.assign({}, sessionStorage), document.cookie, await indexedDB.databases(), await caches.keys()])`,
  )
  assert.ok(typeof seen === 'string' && !seen.includes(token) && !seen.includes(developer), seen)
  assert.ok(!seen.includes(victim.key) && !seen.includes('op@example.com'), seen)
  await close()
})

test('reaches no other window, and no frame of the console or of another system', async () => {
  const { page, close } = await windowWithSessions()
  const link = await portalLink(app, victim, 'Calm')
  const tries = `
    var urls = ${JSON.stringify([`${own}/console/`, `${own}/setup`, `${own}/`, link])}
    var results = []
    for (var url of urls) {
      var frame = document.createElement('iframe')
      frame.src = url
      var loaded = new Promise(function (done) { frame.onload = done; setTimeout(done, 1500) })
      document.body.append(frame)
      await loaded
      var text
      try { text = frame.contentWindow.document.documentElement.outerHTML } catch (error) { text = 'closed: ' + error.name }
      results.push(text)
    }
    var opened = window.open(urls[0])
    await new Promise(function (done) { setTimeout(done, 800) })
    try { results.push(opened.document.title) } catch (error) { results.push('closed: ' + error.name) }
    return results`
  const results: string[] = await attack(page, tries)
  for (const text of results) assert.doesNotMatch(text, /Gatehouse|calm|<form|root/i, text)
  for (const frame of page.frames().slice(1)) {
    assert.doesNotMatch(await frame.content().catch(() => ''), /<div id="root"|calm|<form/, frame.url())
  }
  await close()
})

test('gets nothing from the developer API, at its own origin or the node’s, with whatever it has', async () => {
  const { page, close } = await windowWithSessions()
  const systems = async () => (await app.call('GET', '/admin/allsystems', { developer })).body.length
  const before = await systems()
  const script = `
    var cb = CB_PORTAL.ClearBlade
    var own = ${JSON.stringify(own)}
    var headers = { 'ClearBlade-SystemKey': cb.systemKey, 'ClearBlade-SystemSecret': cb.systemSecret, 'ClearBlade-UserToken': cb.user.authToken || '', 'ClearBlade-DevToken': cb.user.authToken || 'x' }
    var calls = [
      ['GET', '/admin/allsystems'], ['POST', '/admin/systemmanagement', { name: 'mine' }],
      ['POST', '/admin/auth', { email: ${JSON.stringify(developerEmail)}, password: 'guess guess guess' }],
      ['GET', '/admin/portals/${hostile.key}'], ['GET', '/console-api/portal/createURL?systemKey=${victim.key}&name=Calm'],
      ['GET', '/api/v/2/portals/${victim.key}/Calm'], ['GET', '/codeadmin/v/4/codemeta/${hostile.key}/latest'],
      ['POST', '/admin/reg', { email: 'me@example.com', password: 'quite unlike the others' }], ['GET', '/metrics'], ['GET', '/setup'],
    ]
    var results = []
    for (var base of ['', own, own.replace('localhost', '127.0.0.1')]) for (var [method, path, body] of calls) {
      try {
        var answer = await fetch(base + path, { method: method, headers: headers, credentials: 'include', body: body && JSON.stringify(body) })
        results.push([base + path, answer.status, (await answer.text()).slice(0, 300)])
      } catch (error) { results.push([base + path, 0, String(error)]) }
    }
    return results`
  const results: [string, number, string][] = await attack(page, script)
  assert.equal(results.length, 30)
  for (const [path, status, text] of results) {
    assert.ok(status === 0 || status >= 400, `${path}: ${status} ${text}`)
    assert.doesNotMatch(text, /dev_token|appSecret|"config"/, path)
  }
  assert.equal(await systems(), before)
  await close()
})

test('with a developer’s token that was typed into it, gets nothing at its origin, and the page sends none elsewhere', async () => {
  const { page, close } = await openPage(browser, sizes[0]!)
  const script = `
    var token = ${JSON.stringify(developer)}
    var results = []
    for (var path of ['/admin/allsystems', '/api/v/2/portals/${hostile.key}/Attack 1', '/api/v/1/user/info', '/api/v/1/code/${hostile.key}/x']) {
      for (var name of ['ClearBlade-DevToken', 'ClearBlade-UserToken']) {
        var answer = await fetch(path, { headers: { [name]: token } })
        results.push([path, answer.status])
      }
    }
    try { await fetch(${JSON.stringify(`${own}/admin/allsystems`)}, { headers: { 'ClearBlade-DevToken': token } }); results.push(['reached', 200]) } catch { results.push(['kept in', 403]) }
    return results`
  for (const [path, status] of await attack(page, script)) assert.ok(status >= 400, `${path}: ${status}`)
  await close()
})

test('uses no session of another system: not by its key, not by a link, not by its token', async () => {
  const { page, token, close } = await windowWithSessions()
  const link = new URL(await portalLink(app, victim, 'Calm'))
  const body = { systemKey: link.searchParams.get('systemKey'), systemSecret: link.searchParams.get('systemSecret') }
  const script = `
    var results = []
    async function call(path, options) { var answer = await fetch(path, options); results.push([path, answer.status, await answer.text()]) }
    var post = function (headers, body) { return { method: 'POST', headers: headers, body: JSON.stringify(body) } }
    await call('/console-api/portal/open', post({}, ${JSON.stringify({ ...body, name: 'Calm', allowAnon: true })}))
    await call('/console-api/portal/init/user', post({}, ${JSON.stringify({ ...body, email: 'op@example.com', password: 'the plant is quiet' })}))
    var theirs = ${JSON.stringify({ 'ClearBlade-SystemKey': victim.key, 'ClearBlade-SystemSecret': victim.secret })}
    await call('/api/v/1/user/auth', post(theirs, ${JSON.stringify({ email: 'op@example.com', password: 'the plant is quiet' })}))
    await call('/api/v/1/user/anon', post(theirs, {}))
    await call('/api/v/1/user/info', { headers: { 'ClearBlade-UserToken': ${JSON.stringify(token)} } })
    return results`
  for (const [path, status, text] of await attack(page, script)) {
    assert.equal(status, 401, `${path}: ${text}`)
    assert.doesNotMatch(text, /user_token|userToken|op@example/, path)
  }
  await close()
})

test('leaves nothing behind that runs after it: no service worker', async () => {
  const { page, close } = await openPage(browser, sizes[0]!)
  const code = `function worker(req, resp) { resp.send ? resp.send("self.onfetch = function () {}") : resp.success("self.onfetch = 1") }`
  await app.createService(hostile, 'worker', code, { executableBy: ['Anonymous'] })
  const script = `
    var results = []
    for (var url of ['/portal/assets/x.js', '/api/v/1/code/${hostile.key}/worker', URL.createObjectURL(new Blob(['1'], { type: 'text/javascript' }))]) {
      try { await navigator.serviceWorker.register(url); results.push('registered ' + url) } catch (error) { results.push(error.name) }
    }
    return results`
  for (const result of await attack(page, script)) assert.doesNotMatch(result, /^registered/)
  await close()
})

test('is framed by nobody, not even by a portal of its own system', async () => {
  const { page, close } = await openPage(browser, sizes[0]!)
  const link = await portalLink(app, hostile, 'Attack 1')
  const script = `
    var frame = document.createElement('iframe')
    frame.src = ${JSON.stringify(link)}
    document.body.append(frame)
    await new Promise(function (done) { frame.onload = done; setTimeout(done, 1500) })
    try { return frame.contentDocument && frame.contentDocument.querySelector('.gh-main') ? 'framed' : 'nothing' } catch (error) { return error.name }`
  assert.notEqual(await attack(page, script), 'framed')
  await close()
})

test('running for ever blocks its own document, while the console and another system go on beside it', async () => {
  const context = await browser.newContext()
  const [stuck, console, other] = [await context.newPage(), await context.newPage(), await context.newPage()]
  const script = `$('#go').click(function () { console.log('for ever'); for (;;) {} })`
  const endless = portalConfig({
    a: { type: 'HTML_WIDGET_COMPONENT', props: html('<button id="go">Go</button>', script) },
  })
  await makePortal(app, hostile, 'Endless', endless)
  await stuck.goto(await portalLink(app, hostile, 'Endless'))
  await stuck.locator('#go').waitFor()
  const started = stuck.waitForEvent('console', { predicate: (message) => message.text() === 'for ever' })
  const clicked = stuck
    .locator('#go')
    .click()
    .catch(() => 'ended')
  await started
  const asked = stuck.evaluate('1 + 1').then(
    () => 'answered',
    () => 'ended',
  )
  await console.goto(`${own}/console/`)
  await console
    .getByLabel(/e-mail/i)
    .first()
    .waitFor()
  await other.goto(await portalLink(app, victim, 'Calm'))
  await other.locator('#calm').waitFor()
  assert.equal(await other.evaluate('1 + 1'), 2)
  assert.equal(await Promise.race([asked, other.evaluate('"beside"')]), 'beside')
  assert.equal((await app.call('GET', '/healthz')).status, 200)
  await context.close()
  assert.equal(await asked, 'ended')
  await clicked
})

test('the password of a developer is of no use at the origin of a portal', async () => {
  const { page, close } = await openPage(browser, sizes[0]!)
  const given = { email: developerEmail, password: developerPassword }
  const script = `
    var answer = await fetch('/admin/auth', { method: 'POST', body: ${JSON.stringify(JSON.stringify(given))} })
    return [answer.status, await answer.text()]`
  const [status, text] = await attack(page, script)
  assert.equal(status, 404)
  assert.doesNotMatch(text, /dev_token/)
  await close()
})
