'use strict'

/**
 * The engine process: reads one job after another from fd 3 and runs it, blocking, on this thread. It holds nothing of
 * value: no file, no address, no environment. The node behind the pipe decides everything and believes nothing.
 * Started as `node main.cjs <path of the isolate addon>`; plain JavaScript because it must start in milliseconds.
 *
 * Frames in:  hello (body: library) · run (body: facts) · reply (body: reply) · check
 * Frames out: ready · call, start (body: arguments) · log (body: text) · end (body: answer) · idle · checked
 */

const { openChannel, leave } = require('./frames.cjs')
const { faultOf } = require('./faults.cjs')
const { hostFunctions } = require('./host-functions.cjs')
const { imageOf, openIsolates } = require('./isolate.cjs')

// Errors of this process may surface inside a context (a stack overflow in a host function): without paths, then.
Error.stackTraceLimit = 0

const MAX_FRAME = 64 * 1024 * 1024
/** How long what is left of an ended run may compute before its isolate is thrown away. */
const DRAIN_MS = 50
const DEFAULT_MEMORY_MB = 128

process.on('uncaughtException', leave)

const addon = { exports: /** @type {any} */ ({}) }
process.dlopen(addon, /** @type {string} */ (process.argv[2]))
const ivm = addon.exports.ivm

const channel = openChannel(3, MAX_FRAME)
const hello = channel.read()
if (hello.head.t !== 'hello') leave()

/** Sources the node has sent, by hash. @type {Map<string, { hash: string, name: string, code: string }>} */
const sources = new Map()
const isolates = openIsolates(ivm, imageOf(ivm, hello.body), (slot) => hostFunctions(slot, channel, end, replyTo))

isolates.open(DEFAULT_MEMORY_MB)
isolates.prepare()
channel.send({ t: 'ready' })

for (;;) {
  const frame = channel.read()
  if (frame.head.t === 'run') serve(frame.head, frame.body)
  else if (frame.head.t === 'check') check(frame.head)
  // A reply that crossed the end of its run on the way needs no hearing.
}

/**
 * Waits for the answer of one blocking call; what is for started ones is kept for later.
 * @param {any} run
 * @param {number} id
 */
function replyTo(run, id) {
  const began = performance.now()
  for (;;) {
    const frame = channel.read()
    if (frame.head.t !== 'reply' || frame.head.run !== run.id) continue
    if (frame.head.id !== id) {
      run.early.push(frame)
      continue
    }
    run.blockedMs += performance.now() - began
    return `r${frame.body}`
  }
}

/**
 * Tells the node how the run ended; only the first time counts.
 * @param {any} run
 * @param {any} ending
 * @param {string} [answer]
 */
function end(run, ending, answer = '') {
  if (run.ended) return
  run.ended = true
  channel.send({ t: 'end', run: run.id, ending, logsCut: run.logsCut, cpuMs: usedCpu(run) }, answer)
}

/** @param {any} run */
function usedCpu(run) {
  return Math.max(0, isolates.cpuMs() - run.cpuBefore)
}

/**
 * Enters the context for as long as computing time is left. The isolate's clock stands still while a host call blocks,
 * so ours does too; a script can throw an error that reads like a timeout, but not make the time pass.
 * @template T
 * @param {any} run
 * @param {(options: { timeout?: number }) => T} work
 * @returns {T}
 */
function enter(run, work) {
  if (run.limits.cpuMs === 0) return work({})
  const timeout = Math.max(1, Math.ceil(run.limits.cpuMs - usedCpu(run)))
  const began = performance.now() - run.blockedMs
  try {
    return work({ timeout })
  } catch (thrown) {
    run.timedOut = isTimeout(thrown) && performance.now() - run.blockedMs - began >= timeout * 0.95
    throw thrown
  }
}

/** @param {unknown} thrown */
function isTimeout(thrown) {
  return thrown instanceof Error && thrown.message === 'Script execution timed out.'
}

/** @param {any} head @param {string} facts */
function serve(head, facts) {
  if (head.forget) sources.clear()
  for (const script of head.sources) sources.set(script.hash, script)
  const scripts = head.scripts.map((/** @type {string} */ hash) => sources.get(hash))
  const place = isolates.take(head.limits.memoryMb)
  const run = {
    id: head.run,
    limits: head.limits,
    maxArguments: head.maxArguments,
    scripts: new Set(scripts.map((/** @type {any} */ script) => script.name)),
    ended: false,
    refused: false,
    calls: 0,
    lastCall: 0,
    pending: 0,
    logBytes: 0,
    logsCut: false,
    blockedMs: 0,
    timedOut: false,
    early: [],
    cpuBefore: isolates.cpuMs(),
  }
  place.slot.run = run
  let undrained = false
  let retire = false
  let loading = '(library)'
  try {
    place.dispatch.applySync(undefined, ['limits', run.limits.logBytes, run.limits.resultBytes, run.maxArguments])
    enter(run, (options) => place.dispatch.applySync(undefined, ['begin', facts], options))
    for (const script of scripts) {
      loading = script.name
      const compiled = isolates.compile(script)
      enter(run, (options) => compiled.runSync(place.context, options))
      if (run.ended) break
    }
    loading = ''
    if (!run.ended) {
      const result = enter(run, (options) => place.dispatch.applySync(undefined, ['entry', head.entry], options))
      if (result === 'no-entry') end(run, { kind: 'no-entry' })
    }
    while (!run.ended && run.pending > 0) settleOne(place, run)
    end(run, { kind: 'silent' })
  } catch (thrown) {
    const memory = isolates.gone()
    if (memory) {
      retire = true
      end(run, { kind: 'out-of-memory' })
    } else if (run.timedOut) end(run, { kind: 'timed-out', limit: 'cpu' })
    else if (loading !== '') end(run, { kind: 'would-not-load', script: loading, error: faultOf(thrown, run.scripts) })
    else end(run, { kind: 'threw', error: faultOf(thrown, run.scripts) })
    undrained = memory || isTimeout(thrown)
  }
  if (!undrained) undrained = !drain(place)
  place.release()
  channel.send({ t: 'idle', run: run.id, retire })
  // Nothing of a run that was still alive after its end may meet the next one.
  if (undrained || run.refused) isolates.open(head.limits.memoryMb)
  isolates.prepare()
}

/** Hands one reply to a promise. @param {any} place @param {any} run */
function settleOne(place, run) {
  let frame = run.early.shift()
  while (!frame) {
    const next = channel.read()
    if (next.head.t === 'reply' && next.head.run === run.id) frame = next
  }
  run.pending--
  enter(run, (options) => place.dispatch.applySync(undefined, ['settle', String(frame.head.id), frame.body], options))
}

/**
 * Lets what an ended run left behind finish while its own context is still there; leftovers have been seen to run in
 * the next run otherwise. False when they would not finish.
 * @param {any} place
 */
function drain(place) {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      place.dispatch.applySync(undefined, ['nothing'], { timeout: DRAIN_MS })
      return true
    } catch (thrown) {
      if (isolates.gone()) return false
      if (isTimeout(thrown)) return false
    }
  }
  return false
}

/** Compiles without running. @param {any} head */
function check(head) {
  isolates.take(DEFAULT_MEMORY_MB).release()
  /** @type {any} */
  let fault
  try {
    isolates.compile({ hash: `check ${head.id}`, name: head.name, code: head.code })
  } catch (thrown) {
    fault = faultOf(thrown, new Set([head.name]))
  }
  channel.send({ t: 'checked', id: head.id, fault })
  // What was compiled for a look is not kept.
  isolates.open(DEFAULT_MEMORY_MB)
  isolates.prepare()
}
