'use strict'

/**
 * The engine process for runs that mostly wait: many at once, each in an isolate of its own, on threads. A run that waits for
 * its host costs memory and nothing else; computing costs more than in `main.cjs`, so the node sends here what is known to
 * wait. It holds nothing of value either, and serves one tenant.
 * Started as `node waiting.cjs <path of the isolate addon>`.
 *
 * Frames in:  hello (body: library) · run (body: facts) · reply (body: reply) · stop
 * Frames out: ready · call, start (body: arguments) · log (body: text) · end (body: answer) · idle
 */

const { openChannel, leave } = require('./frames.cjs')
const { faultOf } = require('./faults.cjs')
const { hostFunctions } = require('./host-functions.cjs')
const { imageOf, openIsolates } = require('./isolate.cjs')

Error.stackTraceLimit = 0

const MAX_FRAME = 64 * 1024 * 1024
const DRAIN_MS = 50
/** Isolates kept for the next runs. */
const MAX_KEPT = 16

process.on('uncaughtException', leave)
process.on('unhandledRejection', leave)

const addon = { exports: /** @type {any} */ ({}) }
process.dlopen(addon, /** @type {string} */ (process.argv[2]))
const ivm = addon.exports.ivm

const channel = openChannel(3, MAX_FRAME)
/** @type {any} */
let image
/** Sources the node has sent, by hash. @type {Map<string, { hash: string, name: string, code: string }>} */
const sources = new Map()
/** @type {Map<number, any>} */
const runs = new Map()
/** @type {ReturnType<typeof openIsolates>[]} */
const kept = []

channel.listen(({ head, body }) => {
  if (image === undefined) {
    if (head.t !== 'hello') leave()
    image = imageOf(ivm, body)
    channel.send({ t: 'ready' })
    return
  }
  const run = runs.get(head.run)
  if (head.t === 'run') serve(head, body).catch(leave)
  else if (head.t === 'reply' && run) hearReply(run, head.id, body)
  else if (head.t === 'stop' && run) stop(run)
})

/** @param {any} run @param {number} id @param {string} body */
function hearReply(run, id, body) {
  const blocked = run.blocked.get(id)
  if (blocked) {
    run.blocked.delete(id)
    blocked(`r${body}`)
    return
  }
  run.early.push({ head: { id }, body })
  run.woken()
}

/** @param {any} run @param {number} id @returns {Promise<string>} */
function replyTo(run, id) {
  return new Promise((resolve) => {
    run.blocked.set(id, resolve)
  })
}

/** Ends a run whatever it does, except for what no isolate can be stopped in: then the node ends the process. @param {any} run */
function stop(run) {
  run.ended = true
  run.stopped = true
  run.isolates.drop()
  run.woken()
}

/** @param {any} run @param {any} ending @param {string} [answer] */
function end(run, ending, answer = '') {
  if (run.ended) return
  run.ended = true
  channel.send({ t: 'end', run: run.id, ending, logsCut: run.logsCut, cpuMs: usedCpu(run) }, answer)
}

/** @param {any} run */
function usedCpu(run) {
  return Math.max(0, run.isolates.cpuMs() - run.cpuBefore)
}

/**
 * Enters the context for as long as computing time is left; the isolate's clock stands still while a host call is waited for.
 * @template T
 * @param {any} run
 * @param {(options: { timeout?: number }) => Promise<T>} work
 * @returns {Promise<T>}
 */
async function enter(run, work) {
  if (run.limits.cpuMs === 0) return work({})
  const timeout = Math.max(1, Math.ceil(run.limits.cpuMs - usedCpu(run)))
  const before = usedCpu(run)
  try {
    return await work({ timeout })
  } catch (thrown) {
    run.timedOut = isTimeout(thrown) && usedCpu(run) - before >= timeout * 0.95
    throw thrown
  }
}

/** @param {unknown} thrown */
function isTimeout(thrown) {
  return thrown instanceof Error && thrown.message === 'Script execution timed out.'
}

const openSeat = () =>
  openIsolates(ivm, image, (slot) => hostFunctions(slot, channel, end, replyTo), { onThread: true })

/** @param {any} head @param {string} facts */
async function serve(head, facts) {
  if (head.forget) sources.clear()
  for (const script of head.sources) sources.set(script.hash, script)
  const scripts = head.scripts.map((/** @type {string} */ hash) => sources.get(hash))
  const isolates = kept.pop() ?? openSeat()
  const place = isolates.take(head.limits.memoryMb)
  const run = {
    ...{ id: head.run, limits: head.limits, maxArguments: head.maxArguments, isolates },
    scripts: new Set(scripts.map((/** @type {any} */ script) => script.name)),
    ...{ ended: false, stopped: false, refused: false, timedOut: false, logsCut: false },
    ...{ calls: 0, lastCall: 0, pending: 0, logBytes: 0, cpuBefore: isolates.cpuMs() },
    early: [],
    blocked: new Map(),
    woken: () => {},
  }
  runs.set(run.id, run)
  place.slot.run = run
  let clean = true
  let loading = '(library)'
  try {
    const { logBytes, resultBytes } = run.limits
    await place.dispatch.apply(undefined, ['limits', logBytes, resultBytes, run.maxArguments])
    await enter(run, (options) => place.dispatch.apply(undefined, ['begin', facts], options))
    for (const script of scripts) {
      loading = script.name
      const compiled = isolates.compile(script)
      await enter(run, (options) => compiled.run(place.context, options))
      if (run.ended) break
    }
    loading = ''
    if (!run.ended) {
      const result = await enter(run, (options) => place.dispatch.apply(undefined, ['entry', head.entry], options))
      if (result === 'no-entry') end(run, { kind: 'no-entry' })
    }
    while (!run.ended && run.pending > 0) await settleOne(place, run)
    end(run, { kind: 'silent' })
  } catch (thrown) {
    const memory = isolates.gone() && !run.stopped
    if (memory) end(run, { kind: 'out-of-memory' })
    else if (run.timedOut) end(run, { kind: 'timed-out', limit: 'cpu' })
    else if (loading !== '') end(run, { kind: 'would-not-load', script: loading, error: faultOf(thrown, run.scripts) })
    else end(run, { kind: 'threw', error: faultOf(thrown, run.scripts) })
    clean = !memory && !isTimeout(thrown)
  }
  clean = clean && !run.stopped && (await drained(place, isolates)) && !run.refused && !run.stopped
  runs.delete(run.id)
  place.release()
  if (clean && kept.length < MAX_KEPT) kept.push(isolates)
  else isolates.drop()
  channel.send({ t: 'idle', run: run.id, retire: false })
}

/** Hands one reply to a promise, when there is one. @param {any} place @param {any} run */
async function settleOne(place, run) {
  while (run.early.length === 0) {
    if (run.ended) return
    await new Promise((resolve) => {
      run.woken = () => resolve(undefined)
    })
  }
  const { head, body } = run.early.shift()
  run.pending--
  await enter(run, (options) => place.dispatch.apply(undefined, ['settle', String(head.id), body], options))
}

/**
 * Lets what an ended run left behind finish while its own context is still there. False when it would not finish.
 * @param {any} place
 * @param {ReturnType<typeof openIsolates>} isolates
 */
async function drained(place, isolates) {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await place.dispatch.apply(undefined, ['nothing'], { timeout: DRAIN_MS })
      return true
    } catch (thrown) {
      if (isolates.gone() || isTimeout(thrown)) return false
    }
  }
  return false
}
