/**
 * What every sandbox must keep, whatever runs the scripts: the endings, the two dialects, and one hostile program per
 * file of `hostile/scripts/`, each beside another tenant that goes on being answered.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { compileScript } from './compile.ts'
import type { Host, Job, Limits, Outcome } from './job.ts'
import type { Sandbox, SandboxOptions } from './sandbox.ts'

/** The library that the scripts of these tests see; as small as a library can be. */
export const testPrelude = `(function (native) {
  'use strict'
  const { call, start, answer, log, random } = native
  const define = (name, value) => Object.defineProperty(globalThis, name, { value, writable: true, configurable: true })
  const text = String
  const resp = {
    success: (value) => answer({ success: true, value }),
    error: (value) => answer({ success: false, value }),
    send: (value, status, headers) => answer({ send: value, status, headers }),
  }
  define('call', (name, args) => call(name, args))
  define('start', (name, args) => start(name, args))
  define('log', (value) => log('info', text(value)))
  define('withCallback', (name, callback) => { callback(call(name, null).value) })
  define('randomBytes', (n) => random(n).length)
  define('resp', resp)
  return (facts) => {
    define('req', { params: facts })
    native.setEntryArguments(globalThis.req, resp)
  }
})`

export const smallLimits: Limits = {
  wallMs: 2000,
  cpuMs: 200,
  memoryMb: 32,
  resultBytes: 100_000,
  logBytes: 10_000,
  hostCalls: 300,
}

export const testOptions: SandboxOptions = {
  prelude: testPrelude,
  maxProcesses: 6,
  placesPerTenant: 2,
  waitingPlaces: { all: 6, perTenant: 2 },
  waitMs: 5000,
  allowWeakWalls: true,
}

/** A job of one script, compiled as it would be when saved. */
export function jobOf(source: string, more: Partial<Job> & { dialect?: 'classic' | 'modern' } = {}): Job {
  const { dialect = 'classic', ...rest } = more
  const compiled = compileScript(source, { name: 'service', dialect })
  if ('problem' in compiled) throw new Error(`does not compile: ${JSON.stringify(compiled.problem)}`)
  return {
    tenant: 'one',
    scripts: [{ name: 'service', code: compiled.code }],
    entry: 'service',
    facts: {},
    limits: smallLimits,
    depth: 0,
    ...rest,
  }
}

const echo: Host = async (_name, args) => args

/** `hostile` narrows the programs down where they were all tried elsewhere. Each has a tenant for itself: what it takes down with it is its own. */
export function sandboxSuite(
  name: string,
  open: (options: SandboxOptions) => Promise<Sandbox>,
  hostile: RegExp = /./,
): void {
  describe(name, () => {
    let sandbox: Sandbox
    before(async () => {
      sandbox = await open(testOptions)
    })
    after(() => sandbox.close())

    const run = (source: string, more: Parameters<typeof jobOf>[1] = {}, host: Host = echo) =>
      sandbox.run(jobOf(source, more), host)
    /** Runs the body of a service and gives the value of its answer. */
    const answerOf = async (body: string, host: Host = echo) => {
      const { ending } = await run(`function service(req, resp) { ${body} }`, {}, host)
      assert.equal(ending.kind, 'answered', JSON.stringify(ending))
      return ending.kind === 'answered' && 'value' in ending.answer ? ending.answer.value : undefined
    }
    const endingOf = async (body: string, more: Parameters<typeof jobOf>[1] = {}) =>
      (await run(`function service(req, resp) { ${body} }`, more)).ending

    describe('answers', () => {
      test('a host call has been answered when it returns', async () => {
        assert.deepEqual(await answerOf('var a; withCallback("x", function (v) { a = 7 }); resp.success(a)'), 7)
      })

      test('nothing after the answer runs, in loops, callbacks, try, catch or finally', async () => {
        for (const body of [
          'resp.success(1); call("late")',
          'withCallback("x", function () { resp.success(1) }); call("late")',
          'try { resp.success(1) } catch (e) { call("late"); resp.error(2) }',
          'try { resp.success(1) } catch { call("late"); resp.error(2) }',
          'try { resp.success(1) } catch ({ message = call("late") }) { call("late"); resp.error(2) }',
          'try { resp.success(1) } finally { call("late"); return 3 }',
          'l: for (;;) { try { resp.success(1) } finally { call("late"); break l } }',
          'for (;;) { try { resp.success(1) } catch (e) { continue } }',
          '[1, 2].forEach(function (n) { resp.success(n); call("late") })',
          'try { try { resp.success(1) } finally { call("late") } } catch (e) { call("late") }',
        ]) {
          const heard: string[] = []
          const { ending } = await run(`function service(req, resp) { ${body} }`, {}, async (called) => {
            heard.push(called)
            return null
          })
          assert.deepEqual(ending, { kind: 'answered', answer: { success: true, value: 1 } }, body)
          assert.ok(!heard.includes('late'), body)
        }
      })

      test('nor does it in getters, traps, generators, iterators, defaults and async functions of the modern dialect', async () => {
        for (const body of [
          'JSON.stringify({ get a() { resp.success(1) } }); call("late")',
          'void ("" + { [Symbol.toPrimitive]() { resp.success(1) } }); call("late")',
          'void new Proxy({}, { get() { resp.success(1) } }).x; call("late")',
          'function* all() { try { yield 1 } finally { call("late") } } for (const n of all()) resp.success(n)',
          'function* all() { try { resp.success(1) } finally { yield call("late") } } [...all()]',
          'const [a = resp.success(1)] = []; call("late")',
          '(async () => { try { resp.success(1) } catch (e) { call("late") } finally { call("late") } })()',
          '(async () => { await null; resp.success(1); call("late") })().catch(() => call("late"))',
          'class A { static { try { resp.success(1) } catch { call("late") } } }',
        ]) {
          const heard: string[] = []
          const source = `function service(req, resp) { ${body} }`
          const { ending } = await run(source, { dialect: 'modern' }, async (called) => {
            heard.push(called)
          })
          assert.deepEqual(ending, { kind: 'answered', answer: { success: true, value: 1 } }, body)
          assert.deepEqual(heard, [], body)
        }
      })

      test('a promise that answers in then does not answer again in catch', async () => {
        assert.equal(await answerOf('Promise.resolve(5).then(resp.success).catch(resp.error)'), 5)
        assert.equal(await answerOf('Promise.reject(6).then(resp.error).catch(resp.success)'), 6)
      })

      test('values arrive as they were, and a missing one is missing', async () => {
        for (const value of ['text', 7, true, null, [1, [2]], { a: { b: 1 } }]) {
          assert.deepEqual(await answerOf(`resp.success(${JSON.stringify(value)})`), value)
        }
        assert.equal(await answerOf('resp.success()'), undefined)
      })

      test('an error answer and an answer without envelope keep their shape', async () => {
        assert.deepEqual(await endingOf('resp.error("no")'), {
          kind: 'answered',
          answer: { success: false, value: 'no' },
        })
        assert.deepEqual(await endingOf('resp.send("x", 201, { a: "b" })'), {
          kind: 'answered',
          answer: { send: 'x', status: 201, headers: { a: 'b' } },
        })
      })

      test('a script may answer while it loads, and its entry is then not called', async () => {
        const heard: string[] = []
        const { ending } = await run('resp.success(1); function service() { call("late") }', {}, async (called) => {
          heard.push(called)
        })
        assert.deepEqual(ending, { kind: 'answered', answer: { success: true, value: 1 } })
        assert.deepEqual(heard, [])
      })

      test('a service that returns without answering ends silently', async () => {
        assert.deepEqual(await endingOf('return 1'), { kind: 'silent' })
      })

      test('a run lives on while promises of host calls and timers are pending', async () => {
        assert.equal(
          await answerOf(
            'start("sleep", { ms: 20 }).then(function () { return start("x", 4) }).then(function (r) { resp.success(r.value) })',
          ),
          4,
        )
        assert.deepEqual(await endingOf('start("sleep", { ms: 5 })'), { kind: 'silent' })
      })

      test('started calls are under way at the same time', async () => {
        const began = performance.now()
        const waiting = 'start("sleep", { ms: 150 })'
        await answerOf(
          `Promise.all([${waiting}, ${waiting}, ${waiting}, ${waiting}]).then(function () { resp.success(1) })`,
        )
        assert.ok(performance.now() - began < 550)
      })

      test('the clock advances during a run', async () => {
        assert.equal(
          await answerOf('var t = Date.now(); while (Date.now() < t + 5); resp.success(new Date() > t)'),
          true,
        )
      })
    })

    describe('failures', () => {
      test('an uncaught exception names type, message, script and line', async () => {
        const { ending } = await run('function service() {\n  help()\n}\nfunction help() {\n  nope()\n}')
        assert.deepEqual(ending, {
          kind: 'threw',
          error: {
            name: 'ReferenceError',
            message: 'nope is not defined',
            script: 'service',
            line: 5,
            stack: 'at help (service:5:3)\nat service (service:2:3)',
          },
        })
      })

      test('thrown text, a rejected async entry and an unhandled rejection end the run as exceptions do', async () => {
        assert.deepEqual(await endingOf('throw "plain"'), { kind: 'threw', error: { name: '', message: 'plain' } })
        for (const source of [
          'async function service() { throw new TypeError("x") }',
          'function service() { Promise.reject(new TypeError("x")) }',
          'async function service() { await start("sleep", { ms: 1 }); throw new TypeError("x") }',
          'function service() { start("sleep", { ms: 1 }).then(() => { throw new TypeError("x") }) }',
        ]) {
          const { ending } = await run(source, { dialect: 'modern' })
          assert.equal(ending.kind, 'threw', source)
          if (ending.kind === 'threw') assert.deepEqual([ending.error.name, ending.error.message], ['TypeError', 'x'])
        }
      })

      test('a rejection that is handled in time is none', async () => {
        assert.deepEqual(
          await endingOf('var p = Promise.reject(1); Promise.resolve().then(function () { p.catch(function () {}) })'),
          { kind: 'silent' },
        )
      })

      test('an exception in a callback reaches the service through the library, unchanged', async () => {
        assert.equal(
          await answerOf(
            'var mine = { a: 1 }; try { withCallback("x", function () { throw mine }) } catch (e) { resp.success(e === mine) }',
          ),
          true,
        )
      })

      test('an exception while loading names the script it happened in', async () => {
        const first = { name: 'first', code: 'var a = 1' }
        const second = { name: 'second', code: '\nnull.x' }
        const { ending } = await sandbox.run({ ...jobOf(''), scripts: [first, second] }, echo)
        assert.equal(ending.kind, 'would-not-load')
        if (ending.kind !== 'would-not-load') return
        assert.equal(ending.script, 'second')
        assert.equal(ending.error.name, 'TypeError')
        assert.equal(ending.error.line, 2)
      })

      test('a script that is no JavaScript does not load, and names the line', async () => {
        const { ending } = await sandbox.run({ ...jobOf(''), scripts: [{ name: 'bad', code: 'var a\nvar = 1' }] }, echo)
        assert.equal(ending.kind, 'would-not-load')
        if (ending.kind === 'would-not-load')
          assert.deepEqual([ending.error.name, ending.error.line], ['SyntaxError', 2])
      })

      test('an entry that is not there is said to be missing', async () => {
        assert.deepEqual((await run('function other() {}')).ending, { kind: 'no-entry' })
      })

      test('what the host says no with reaches the script; what breaks in the host does not', async () => {
        const refusing: Host = async (called) => {
          if (called === 'refuse') throw new GatehouseError('noSuchCollection', 'There is no collection Cars.')
          throw new Error('password is hunter2')
        }
        assert.deepEqual(await answerOf('resp.success(call("refuse"))', refusing), {
          ok: false,
          error: { code: 304, message: 'No such collection', detail: 'There is no collection Cars.' },
        })
        const broken = JSON.stringify(await answerOf('resp.success(call("break"))', refusing))
        assert.match(broken, /"ok":false/)
        assert.doesNotMatch(broken, /hunter2/)
      })

      test('log entries arrive in order, also of a run that fails, and are cut at the limit', async () => {
        const failed = await run('function service() { log("a"); log("b"); nope() }')
        assert.deepEqual(failed.logs, [
          { level: 'info', text: 'a' },
          { level: 'info', text: 'b' },
        ])
        assert.equal(failed.logsCut, false)
        const noisy = await run('function service() { for (var i = 0; i < 5000; i++) log("entry " + i) }')
        assert.equal(noisy.logsCut, true)
        assert.ok(noisy.logs.length > 100 && noisy.logs.length < 1000)
      })

      test('V8 has its say about a script without running it', async () => {
        assert.equal(await sandbox.checkScript('one', { name: 's', code: 'for (;;) {}' }), undefined)
        const fault = await sandbox.checkScript('one', { name: 's', code: '\nlet a; let a' })
        assert.deepEqual([fault?.name, fault?.script, fault?.line], ['SyntaxError', 's', 2])
      })
    })

    describe('scripts', () => {
      test('all scripts share one global scope and load in order; a later definition wins', async () => {
        const sources = ['const a = 1; function f() { return 1 } b = 5', 'const a = 2; function f() { return 2 }']
        const scripts = sources.map((source, i) => {
          const compiled = compileScript(source, { name: `lib${i}`, dialect: 'classic' })
          return { name: `lib${i}`, code: 'code' in compiled ? compiled.code : '' }
        })
        const job = jobOf('function service(req, resp) { resp.success([a, f(), b]) }')
        const { ending } = await sandbox.run({ ...job, scripts: [...scripts, ...job.scripts] }, echo)
        assert.deepEqual(ending, { kind: 'answered', answer: { success: true, value: [2, 2, 5] } })
      })

      test('an entry may be assigned to the global object', async () => {
        const source =
          '(function () { new Function("return this")().service = function (q, r) { r.success(typeof this) } })()'
        const { ending } = await run(source)
        assert.deepEqual(ending, { kind: 'answered', answer: { success: true, value: 'object' } })
      })

      test('this of a plain function is the global object, undeclared names become globals', async () => {
        assert.deepEqual(
          await answerOf(
            'undeclared = 1; function me() { return [this === globalThis, arguments.callee.name] } resp.success(me().concat(globalThis.undeclared))',
          ),
          [true, 'me', 1],
        )
      })

      test('const may be assigned, declared twice and used outside its block in the classic dialect', async () => {
        assert.deepEqual(
          await answerOf('if (true) { const a = 1 } const a = 2; a = a + 1; var x = 4; resp.success({ a, x })'),
          { a: 3, x: 4 },
        )
      })

      test('the modern dialect keeps its const and let', async () => {
        const source = `
          const seen = []
          const service = 1
          globalThis.entry = async (req, resp) => {
            for (const n of [1, 2]) seen.push(() => n)
            try { seen = 1 } catch (e) { resp.success([e.name, ...seen.map((f) => f())]) }
          }`
        const { ending } = await run(source, { dialect: 'modern', entry: 'entry' })
        assert.deepEqual(ending, { kind: 'answered', answer: { success: true, value: ['TypeError', 1, 2] } })
      })

      test('nothing of one run is seen by the next, nor anything it did to the built-ins', async () => {
        for (let i = 0; i < 3; i++) {
          const value = await answerOf(
            'var before = [typeof leak, typeof Array.prototype.leak, JSON.stringify({})]; leak = 1; Array.prototype.leak = 1; JSON.stringify = null; resp.success(before)',
          )
          assert.deepEqual(value, ['undefined', 'undefined', '{}'])
        }
      })

      test('random numbers differ from run to run and lie between 0 and 1', async () => {
        const draw = () => answerOf('var a = []; for (var i = 0; i < 200; i++) a.push(Math.random()); resp.success(a)')
        const [first, second] = [(await draw()) as number[], (await draw()) as number[]]
        assert.equal(new Set([...first, ...second]).size, 400)
        assert.ok(first.every((n) => n >= 0 && n < 1))
        assert.equal(await answerOf('resp.success(randomBytes(5000))'), 5000)
      })
    })

    describe('places', () => {
      test('a nested run never waits for the place of the run above it', async () => {
        const nested =
          (depth: number): Host =>
          async () => {
            if (depth === 4) return 'bottom'
            const source = 'function service(req, resp) { resp.success(call("down", 1).value) }'
            const limits = { ...smallLimits, wallMs: 20_000 }
            const job = jobOf(source, { depth, tenant: 'deep', limits })
            const { ending } = await sandbox.run(job, nested(depth + 1))
            return ending.kind === 'answered' && 'value' in ending.answer ? ending.answer.value : ending
          }
        const more = { signal: new AbortController().signal, waiting: <T>(work: Promise<T>) => work }
        const both = await Promise.all([nested(0)('', null, more), nested(0)('', null, more)])
        assert.deepEqual(both, ['bottom', 'bottom'])
      })

      test('a tenant that fills its places waits; another does not', async () => {
        const gate = Promise.withResolvers<void>()
        const slow = 'function service(req, resp) { resp.success(call("wait", 1).ok) }'
        let inside = 0
        const host: Host = async () => {
          inside++
          await gate.promise
        }
        const greedy = Array.from({ length: 5 }, () => sandbox.run(jobOf(slow, { tenant: 'greedy' }), host))
        const other = await sandbox.run(jobOf('function service(q, r) { r.success(1) }', { tenant: 'modest' }), echo)
        assert.equal(other.ending.kind, 'answered')
        assert.ok(inside <= 4)
        gate.resolve()
        for (const outcome of await Promise.all(greedy)) assert.equal(outcome.ending.kind, 'answered')
      })

      test('a run that is cancelled ends at once, and tells its host calls', async () => {
        const cancel = new AbortController()
        const told = Promise.withResolvers<void>()
        const host: Host = (_name, _args, { signal }) => {
          signal.addEventListener('abort', () => told.resolve())
          setImmediate(() => cancel.abort())
          return new Promise(() => {})
        }
        const { ending } = await run('function service() { call("wait") }', { signal: cancel.signal }, host)
        assert.deepEqual(ending, { kind: 'cancelled' })
        await told.promise
      })
    })

    describe('hostile programs', () => {
      const folder = join(import.meta.dirname, 'hostile', 'scripts')
      for (const file of readdirSync(folder)
        .sort()
        .filter((name) => hostile.test(name))) {
        const source = readFileSync(join(folder, file), 'utf8')
        const header = (key: string) => new RegExp(`^// ${key}: (.*)$`, 'm').exec(source)?.[1]
        const ends = header('ends')!
        test(`${file.replace('.js', '')}: ${ends}, and others are served meanwhile`, async () => {
          const dialect = header('dialect') === 'modern' ? 'modern' : 'classic'
          const cpuMs = Number(header('cpu') ?? smallLimits.cpuMs)
          const limits = { ...smallLimits, cpuMs, wallMs: cpuMs + 1500 }
          const heard: unknown[] = []
          const attack = run(source, { dialect, limits, tenant: `hostile ${file}` }, async (called, args) => {
            heard.push(called)
            return called === 'echo' ? args : null
          })
          const served = serveWhile(attack)
          const outcome = await attack
          await served
          check(outcome, ends, header('hears'), heard)
          assert.ok(JSON.stringify(outcome).length < 200_000)
          assert.ok(outcome.usage.wallMs < limits.wallMs + 1000, `took ${outcome.usage.wallMs} ms`)
        })
      }

      /** Another tenant's service, again and again; each answer must come, and soon. */
      async function serveWhile(attack: Promise<unknown>): Promise<void> {
        let over = false
        attack.then(() => {
          over = true
        })
        for (let i = 0; i < 1000 && !over; i++) {
          const began = performance.now()
          const job = jobOf('function service(req, resp) { resp.success(call("x", 1).value) }', { tenant: 'peaceful' })
          const { ending } = await sandbox.run(job, echo)
          assert.deepEqual(ending, { kind: 'answered', answer: { success: true, value: 1 } })
          assert.ok(performance.now() - began < 3000)
          await wait(20)
        }
      }

      function check(outcome: Outcome, ends: string, hears: string | undefined, heard: unknown[]): void {
        const { ending } = outcome
        const [kinds, value] = [ends.split(' ', 1)[0]!, ends.slice(ends.indexOf(' ') + 1)]
        assert.ok(kinds.split('|').includes(ending.kind), JSON.stringify(ending))
        if (ends.includes(' ') && ending.kind === 'answered') assert.deepEqual(ending.answer, JSON.parse(value))
        if (hears) assert.deepEqual(heard, JSON.parse(hears))
      }
    })
  })
}
