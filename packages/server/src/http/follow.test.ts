/** Following what happens: nothing is missed and nothing comes late, over two nodes too, and only for whom it is. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createTestApp, type TestApp } from '../../../../test/support/app.ts'

type Line = { rows?: { id: string; at: number; [name: string]: any }[]; beat?: true; end?: string }

/** A page that follows: its lines one by one. */
async function follow(app: TestApp, path: string, developer: string) {
  const cut = new AbortController()
  const response = await fetch(`${app.app.means.publicUrl()}${path}`, {
    headers: { 'clearblade-devtoken': developer },
    signal: cut.signal,
  })
  const lines = (async function* (): AsyncGenerator<Line> {
    let rest = ''
    for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + text).split('\n')
      rest = parts.pop()!
      for (const part of parts) yield JSON.parse(part)
    }
  })()
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    /** The rows of the following lines, as soon as there are `count`. */
    async rows(count: number) {
      const rows: NonNullable<Line['rows']> = []
      while (rows.length < count) {
        const { value, done } = await lines.next()
        if (done) throw new Error(`it ended with ${rows.length} rows`)
        rows.push(...(value.rows ?? []))
      }
      return rows
    },
    next: async () => (await lines.next()).value as Line | undefined,
    cut: () => cut.abort(),
  }
}

describe('what happens in a system', { timeout: 120_000 }, () => {
  let app: TestApp
  let beside: TestApp
  let system: { key: string; secret: string }
  const ends: (() => unknown)[] = []
  after(async () => {
    for (const end of ends.reverse()) await end()
  })
  before(async () => {
    const t = { after: (end: () => unknown) => ends.push(end) }
    app = await createTestApp(t)
    beside = await createTestApp(t, { beside: app })
    system = await app.createSystem()
    await app.createService(system, 'gate', 'function gate(req, resp) { resp.error("no") }', {
      executableBy: ['Anonymous'],
    })
    await app.set(system, { auth_service: 'gate' })
  })
  const path = (what: string, of = system) => `/admin/v/4/system/${of.key}/follow/${what}`
  const listed = async (): Promise<any[]> => {
    const list = `/admin/v/4/system/${system.key}/sign-ins?limit=500`
    return (await app.call('GET', list, { developer: app.developer })).body
  }
  /** Follows, and has read what stands there. */
  const caughtUp = async (developer: string) => {
    const page = await follow(app, path('sign-ins'), developer)
    return { page, rows: await page.rows((await listed()).length) }
  }
  const attempt = (at = app) => at.call('POST', '/api/v/1/user/auth', { system, body: { email: 'a@example.com' } })

  test('reaches a page that follows: fifty sign-ins at once, second after second, each once and none missed', async () => {
    const page = await follow(app, path('sign-ins'), app.developer)
    assert.deepEqual([page.status, page.type], [200, 'application/x-ndjson'])
    assert.deepEqual((await page.next())?.rows, [])
    const rounds = 5
    const following = page.rows(rounds * 50)
    for (let round = 0; round < rounds; round++) {
      // Both nodes take them, and one of them is followed.
      await Promise.all(Array.from({ length: 50 }, (_, at) => attempt(at % 2 === 0 ? app : beside)))
      app.advance(1_000)
      beside.advance(1_000)
    }
    const rows = await following
    assert.equal(new Set(rows.map(({ id }) => id)).size, rounds * 50)
    assert.deepEqual([...new Set(rows.map(({ decision }) => decision))], ['refused'])
    const byId = new Map(rows.map((row) => [row.id, row]))
    for (const trace of await listed()) assert.deepEqual(byId.get(trace.id), trace)
    page.cut()
  })

  test('goes on where a page was cut off, on either node', async () => {
    const { page, rows: before } = await caughtUp(app.developer)
    page.cut()
    app.advance(120_000)
    beside.advance(120_000)
    await Promise.all([attempt(), attempt(beside)])
    const again = await follow(beside, `${path('sign-ins')}?after=${before.at(-1)!.at}`, app.developer)
    const known = new Set(before.map(({ id }) => id))
    const fresh: string[] = []
    while (fresh.length < 2) {
      const { rows = [] } = (await again.next())!
      fresh.push(...rows.filter(({ id }) => !known.has(id)).map(({ id }) => id))
    }
    assert.equal(fresh.length, 2)
    again.cut()
  })

  test('is messages of the inbox and failed runs too', async () => {
    const inbox = await follow(app, path('inbox'), app.developer)
    const failed = await follow(app, path('failed-runs'), app.developer)
    await inbox.next()
    await failed.next()
    const tell = `function tell(req, resp) {
      Messages.send({ to: '+14155550123', body: 'Your code is 123456' }, function () { throw new Error('after it') })
    }`
    await app.createService(system, 'tell', tell, { requires: 'messages' })
    await app.run(system, 'tell', {}, { developer: app.developer })
    const [message] = await inbox.rows(1)
    assert.deepEqual([message!.to, message!.body], ['+14155550123', 'Your code is 123456'])
    const [run] = await failed.rows(1)
    assert.deepEqual([run!.Service, run!.Id], ['tell', run!.id])
    inbox.cut()
    failed.cut()
  })

  test('is for the developers of the system, in a session of theirs, and ends with either', async () => {
    const email = 'kim@example.com'
    const register = { email, password: 'kim is at the other plant' }
    const kim = (await app.call('POST', '/admin/reg', { body: register })).body.dev_token
    const refused = await follow(app, path('sign-ins'), kim)
    assert.equal(refused.status, 400)
    assert.equal((await follow(app, path('sign-ins'), 'ghd_x')).status, 401)
    assert.equal((await follow(app, path('everything'), app.developer)).status, 400)
    const share = (change: unknown) =>
      app.call('PUT', `/admin/developers/${system.key}`, { developer: app.developer, body: { change } })
    await share({ add: email })
    const { page } = await caughtUp(kim)
    await share({ remove: email })
    await attempt()
    const end = await page.next()
    assert.match(end?.end ?? JSON.stringify(end), /not yours any more/)
    assert.equal(await page.next(), undefined)

    await share({ add: email })
    const { page: other } = await caughtUp(kim)
    await app.call('POST', '/admin/logout', { developer: kim })
    await attempt()
    assert.match((await other.next())?.end ?? '', /session has ended/)
  })

  test('is followed by so many pages of one developer, and no node waits for them when it ends', async () => {
    const own = await createTestApp({ after: (end: () => unknown) => ends.push(end) })
    const place = await own.createSystem()
    const pages = await Promise.all(
      Array.from({ length: 13 }, () => follow(own, path('sign-ins', place), own.developer)),
    )
    assert.equal(pages.filter(({ status }) => status === 200).length, 12)
    assert.equal(pages.filter(({ status }) => status === 429).length, 1)
    const good = pages.filter(({ status }) => status === 200)
    await Promise.all(good.map((page) => page.next()))
    // A page that was closed makes room, once the node has noticed.
    good.pop()!.cut()
    let again = await follow(own, path('sign-ins', place), own.developer)
    for (let tries = 0; again.status === 429 && tries < 200; tries++) {
      again = await follow(own, path('sign-ins', place), own.developer)
    }
    assert.equal(again.status, 200)
    await own.app.close()
    assert.deepEqual(await Promise.all(good.map((page) => page.next())), Array(11).fill(undefined))
  })

  test('is not followed by code', async () => {
    const code = `function look(req, resp) {
      var options = { uri: req.params.uri, headers: { 'ClearBlade-DevToken': req.userToken } }
      Requests().get(options, function (err, body) { resp.success(String(body)) })
    }`
    await app.createService(system, 'look', code, { requires: 'http' })
    const uri = `${app.app.means.publicUrl()}${path('sign-ins')}`
    const { body } = await app.run(system, 'look', { uri }, { developer: app.developer })
    assert.match(JSON.stringify(body), /for developers at a console/)
  })
})
