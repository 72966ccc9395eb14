/** Push on save: what is saved is in the system, what needs a person waits for one, and Ctrl+C ends it. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { after, before, describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { filesOf, role, service } from '@gatehouse/server/deploy/import.fixture.ts'
import type { TestApp } from '../../../test/support/app.ts'
import { plainEnvironment } from '../../../test/support/environment.ts'
import { credentials, type Person, signedIn } from './command.fixture.ts'

const ends: (() => unknown)[] = []
let app: TestApp
let person: Person
let system: { key: string; secret: string }
let folder = ''
before(async () => {
  ;({ app, person } = await signedIn({ after: (end) => ends.push(end) }))
  system = await app.createSystem('plant')
  await app.createService(system, 'valves', source('valves', 'first'))
  await app.createLibrary(system, 'units', 'function bar(x) { return x }')
  await app.createCollection(system, 'Notes', { text: 'string' })
  folder = join(person.home, 'plant')
  await person.json(['system', 'pull', folder, '--system', system.key])
})
after(async () => {
  for (const end of ends) await end()
})

const source = (name: string, answer: string): string => `function ${name}(req, resp) { resp.success('${answer}') }\n`
const valves = 'code/services/valves/valves.js'
const write = (path: string, text: string): void => {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}
const there = async (name: string): Promise<string | undefined> =>
  (await app.call('GET', `/admin/code/v/1/${system.key}/${name}`, { developer: app.developer })).body.code

type Watch = {
  /** Does what is saved, and waits for what is said of it. */
  says(words: RegExp, save: () => void): Promise<string>
  end(): Promise<{ code: number | null; stdout: string; stderr: string }>
}

async function watch(t: TestContext, more: Record<string, string> = {}): Promise<Watch> {
  const gatehouse = fileURLToPath(new URL('gatehouse.js', import.meta.url))
  const child: ChildProcess = spawn(process.execPath, [gatehouse, 'system', 'watch', '--json'], {
    env: {
      ...plainEnvironment(),
      HOME: person.home,
      XDG_CONFIG_HOME: person.config,
      GATEHOUSE_URL: app.app.means.publicUrl(),
      ...more,
    },
    cwd: folder,
    timeout: 60_000,
  })
  const ended = once(child, 'close')
  t.after(() => child.kill('SIGKILL'))
  let [stdout, stderr, seen] = ['', '', 0]
  let look = (): void => {}
  child.stdout!.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  child.stderr!.setEncoding('utf8').on('data', (text) => {
    stderr += text
    look()
  })
  const says = (words: RegExp, save: () => void): Promise<string> =>
    new Promise((resolve, reject) => {
      look = () => {
        const found = words.exec(stderr.slice(seen))
        if (found === null) return
        seen += found.index + found[0].length
        resolve(found[0])
      }
      void ended.then(() => reject(new Error(`the watch ended without saying ${words}:\n${stderr}`)))
      save()
      look()
    })
  await says(/Watching .*Ctrl\+C ends it\.\n/, () => {})
  const end = async () => {
    child.kill('SIGINT')
    const [code] = (await ended) as [number | null]
    return { code, stdout, stderr }
  }
  return { says, end }
}

/** A way to the node on which some requests wait until they are let go. */
async function holdingProxy(t: TestContext, node: string, held: RegExp) {
  const waiting: (() => void)[] = []
  let take: ((go: () => void) => void) | undefined
  let running = 0
  const server = createServer(async (request, response) => {
    const body = await buffer(request)
    if (held.test(`${request.method} ${request.url}`)) {
      await new Promise<void>((go) => {
        if (take === undefined) waiting.push(go)
        else take(go)
        take = undefined
      })
      running += 1
    }
    const { host: _, connection: __, 'content-length': ___, ...headers } = request.headers
    const answer = await fetch(node + request.url, {
      method: request.method!,
      headers: headers as Record<string, string>,
      ...(body.length > 0 && { body }),
    })
    const bytes = Buffer.from(await answer.arrayBuffer())
    response.on('finish', () => {
      if (held.test(`${request.method} ${request.url}`)) running -= 1
    })
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' }).end(bytes)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Answers, once a request waits, what lets it go. */
    next: (): Promise<() => void> =>
      new Promise((resolve) => {
        const there = waiting.shift()
        if (there === undefined) take = resolve
        else resolve(there)
      }),
    running: () => running,
  }
}

describe('watch', () => {
  test('pushes saved code at once, also where an editor renames, and shows what does not compile', async (t) => {
    const { says, end } = await watch(t)
    await says(/^\d\d:\d\d:\d\d service valves updated, version 2\.\n/m, () =>
      write(valves, source('valves', 'second')),
    )
    assert.match((await there('valves'))!, /second/)
    await says(/library units updated, version 2\.\n/, () => {
      write('code/libraries/units/.units.js.swp', 'half')
      write('code/libraries/units/units.js~tmp', 'function bar(x) { return x / 1000 }')
      renameSync(join(folder, 'code/libraries/units/units.js~tmp'), join(folder, 'code/libraries/units/units.js'))
      rmSync(join(folder, 'code/libraries/units/.units.js.swp'))
    })
    await says(/valves updated, version 3, does not compile:\n.*valves\.js:1:\d+ .*\n1 \| .*\n {2}\| .*\^\n/, () =>
      write(valves, 'function valves(req { }\n'),
    )
    await says(/version 4\.\n/, () => write(valves, source('valves', 'third')))
    const { code, stdout, stderr } = await end()
    assert.equal(code, 0, stderr)
    assert.equal(JSON.parse(stdout).pushes, 4)
    assert.doesNotMatch(stderr, /folder pushed/)
  })

  test('pushes the folder for other files, and leaves what needs a yes to a person', async (t) => {
    const { says, end } = await watch(t)
    await says(/folder pushed: .*service\/extra.*\n/, () => {
      for (const [path, bytes] of filesOf(service('extra'))) if (path !== 'system.json') write(path, bytes.toString())
    })
    assert.match((await there('extra'))!, /function extra/)
    const anonymous = readFileSync(join(folder, 'roles/Anonymous.json'), 'utf8')
    const wider = JSON.stringify(role('Anonymous', { Collections: [{ Name: 'Notes', Level: 1 }] }))
    await says(/Not pushed:\n- The role "Anonymous" gets read on .*\nTo decide: gatehouse system push\n/, () =>
      write('roles/Anonymous.json', wider),
    )
    await says(/folder pushed: nothing changes/, () => write('roles/Anonymous.json', anonymous))
    await says(/deleted here; the system still has it\. .*gatehouse system push --delete\n/, () =>
      rmSync(join(folder, 'code/services/extra'), { recursive: true }),
    )
    assert.ok((await there('extra')) !== undefined)
    const { code, stderr } = await end()
    assert.equal(code, 0, stderr)
    await person.json(['system', 'push', '--yes', '--delete'], { folder })
  })

  test('pushes nothing for files of others, and no code of a file that only lies beside a service', async (t) => {
    const { says, end } = await watch(t)
    await says(/service valves updated/, () => {
      write('LICENSE', 'mine')
      write('docs/plan.md', 'soon')
      write('tools/build.js', 'build()')
      write('data/Notes.csv', 'a;b')
      write('code/services/valves/valves.test.ts', 'no code of a service')
      write(valves, source('valves', 'alone'))
    })
    await says(/folder pushed: nothing changes/, () => write('code/services/valves/units.js', 'not the library'))
    await says(/folder pushed: .*service\/pumps/, () => {
      for (const [path, bytes] of filesOf(service('pumps'))) if (path !== 'system.json') write(path, bytes.toString())
      write('code/services/pumps/valves.js', source('valves', 'of another'))
    })
    const { code, stdout, stderr } = await end()
    assert.equal(code, 0, stderr)
    assert.equal(JSON.parse(stdout).pushes, 3)
    assert.equal(await there('valves'), source('valves', 'alone'))
  })

  test('takes up what is saved while it pushes, one push after the other', async (t) => {
    const held = await holdingProxy(t, app.app.means.publicUrl(), /^PUT .*\/valves$/)
    const { says, end } = await watch(t, { ...credentials, GATEHOUSE_URL: held.url })
    const first = held.next()
    write(valves, source('valves', 'one'))
    const go = await first
    write(valves, source('valves', 'two'))
    const second = held.next()
    await says(/service valves updated/, go)
    assert.equal(held.running(), 0, 'the second waits for the end of the first')
    assert.equal(await there('valves'), source('valves', 'one'))
    await says(/service valves updated/, await second)
    assert.equal(await there('valves'), source('valves', 'two'))
    const { code, stdout } = await end()
    assert.equal(code, 0)
    assert.equal(JSON.parse(stdout).pushes, 2)
  })

  test('says why a push failed and goes on', async (t) => {
    const { says, end } = await watch(t)
    await says(/valves\.json.*\n/, () => write('code/services/valves/valves.json', '{ half'))
    await says(/service valves updated/, () => write(valves, source('valves', 'after that')))
    assert.match((await there('valves'))!, /after that/)
    const { code } = await end()
    assert.equal(code, 0)
  })
})
