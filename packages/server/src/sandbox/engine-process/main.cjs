'use strict'

/**
 * The engine process: reads one job after another from fd 3 and runs it, blocking, on this thread. It holds nothing of
 * value: no file, no address, no environment. The node behind the pipe decides everything and believes nothing.
 * Started as `node main.cjs <path of the isolate addon>`; plain JavaScript because it must start in milliseconds.
 *
 * Frames in:  hello (body: library) · run (body: facts) · reply (body: reply) · check
 * Frames out: ready · call, start (body: arguments) · log (body: text) · end (body: answer) · idle · checked
 */

const crypto = require('node:crypto')
const { openChannel, leave } = require('./frames.cjs')
const { faultFrom, faultOf } = require('./faults.cjs')
const { openIsolates } = require('./isolate.cjs')

// Errors of this process may surface inside a context (a stack overflow in a host function): without paths, then.
Error.stackTraceLimit = 0

const MAX_FRAME = 64 * 1024 * 1024
/** Deeper JSON is refused: the node's own recursive steps must never meet it. */
const MAX_DEPTH = 500
/** Started calls that may be under way at once in a run; more are refused, and with twice as many the run ends. */
const MAX_PENDING = 1000
/** How long what is left of an ended run may compute before its isolate is thrown away. */
const DRAIN_MS = 50
const RANDOM_BLOCK = 448
const DEFAULT_MEMORY_MB = 128
/**
 * Host functions need this much stack; without it they refuse before they have done anything. In a fresh process it is the
 * most, since what they call is compiled then, on the same stack.
 */
const STACK_PROBE = 1200

process.on('uncaughtException', leave)

const addon = { exports: /** @type {any} */ ({}) }
process.dlopen(addon, /** @type {string} */ (process.argv[2]))
const ivm = addon.exports.ivm

const channel = openChannel(3, MAX_FRAME)
const hello = channel.read()
if (hello.head.t !== 'hello') leave()

/** Sources the node has sent, by hash. @type {Map<string, { hash: string, name: string, code: string }>} */
const sources = new Map()
const isolates = openIsolates(ivm, hello.body, callbacksFor)

isolates.open(DEFAULT_MEMORY_MB)
isolates.prepare()
channel.send({ t: 'ready' })

for (;;) {
  const frame = channel.read()
  if (frame.head.t === 'run') serve(frame.head, frame.body)
  else if (frame.head.t === 'check') check(frame.head)
  // A reply that crossed the end of its run on the way needs no hearing.
}

/** @param {number} depth @returns {number} */
function descend(depth) {
  return depth === 0 ? 0 : descend(depth - 1) + 1
}

function hasStack() {
  try {
    return descend(STACK_PROBE) === STACK_PROBE
  } catch {
    return false
  }
}

/** @param {string} text JSON */
function tooDeep(text) {
  if (text.length < 2 * MAX_DEPTH) return false
  let depth = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (inString) {
      if (code === 92) i++
      else if (code === 34) inString = false
    } else if (code === 34) inString = true
    else if (code === 91 || code === 123) {
      if (++depth > MAX_DEPTH) return true
    } else if (code === 93 || code === 125) depth--
  }
  return false
}

/** A reply this process makes itself. @param {string} detail */
function refusal(detail) {
  return `{"ok":false,"error":${JSON.stringify({ code: 111, message: 'Request too large', detail })}}`
}

/**
 * The host functions of one context. Each looks at the run its context serves at that moment: after the run's end it
 * refuses, and remembers that something of the run was still alive.
 * Answers start with a letter: r result, e the run has ended, s no stack left, c the log is full.
 * @param {{ run: any }} slot
 */
function callbacksFor(slot) {
  /** @param {string} name @param {string} text @param {boolean} tooLong */
  const admit = (name, text, tooLong) => {
    if (!hasStack()) return 's'
    const run = slot.run
    if (!run || run.ended) {
      if (run) run.refused = true
      return 'e'
    }
    if (typeof name !== 'string' || name.length > 200 || typeof text !== 'string') return `r${refusal('Not a call')}`
    if (name !== 'sleep') run.calls++
    if (run.limits.hostCalls > 0 && run.calls > run.limits.hostCalls) {
      end(run, { kind: 'too-much', limit: 'host-calls' })
      return 'e'
    }
    if (tooLong || Buffer.byteLength(text) > run.maxArguments) {
      return `r${refusal(`The arguments are longer than ${run.maxArguments} bytes`)}`
    }
    if (tooDeep(text)) return `r${refusal(`The arguments are nested deeper than ${MAX_DEPTH}`)}`
    return undefined
  }

  return {
    call(/** @type {string} */ name, /** @type {string} */ text, /** @type {boolean} */ tooLong) {
      const refused = admit(name, text, tooLong)
      if (refused) return refused
      const run = slot.run
      const id = ++run.lastCall
      const began = performance.now()
      channel.send({ t: 'call', run: run.id, id, name }, text)
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
    },

    start(/** @type {string} */ name, /** @type {string} */ text, /** @type {boolean} */ tooLong) {
      const refused = admit(name, text, tooLong)
      const run = slot.run
      if (refused && refused[0] !== 'r') return refused
      if (run.pending >= 2 * MAX_PENDING) {
        end(run, { kind: 'too-much', limit: 'host-calls' })
        return 'e'
      }
      const id = ++run.lastCall
      run.pending++
      if (refused) run.early.push({ head: { id }, body: refused.slice(1) })
      else if (run.pending > MAX_PENDING) {
        run.early.push({ head: { id }, body: refusal(`More than ${MAX_PENDING} calls are under way at once`) })
      } else channel.send({ t: 'start', run: run.id, id, name }, text)
      return `r${id}`
    },

    answer(/** @type {string} */ text, /** @type {boolean} */ tooLong) {
      if (!hasStack()) return 's'
      const run = slot.run
      if (!run || run.ended) {
        if (run) run.refused = true
        return 'e'
      }
      if (tooLong || typeof text !== 'string' || Buffer.byteLength(text) > run.limits.resultBytes || tooDeep(text)) {
        end(run, { kind: 'too-much', limit: 'result' })
        return 'e'
      }
      end(run, { kind: 'answered' }, text)
      return 'r'
    },

    fault(/** @type {string} */ text) {
      if (!hasStack()) return 's'
      const run = slot.run
      if (!run || run.ended) return 'e'
      end(run, { kind: 'threw', error: faultFrom(JSON.parse(text), run.scripts) })
      return 'r'
    },

    log(/** @type {string} */ level, /** @type {string} */ text) {
      const run = slot.run
      if (!run || run.ended || !hasStack()) return 'r'
      if (run.logsCut || typeof level !== 'string' || typeof text !== 'string') return 'c'
      const shortLevel = level.slice(0, 20)
      // Empty entries cost something too, or an endless row of them would pass.
      const bytes = Buffer.byteLength(text) + shortLevel.length + 8
      run.logBytes += bytes
      if (run.logBytes > run.limits.logBytes) {
        run.logsCut = true
        return 'c'
      }
      channel.send({ t: 'log', run: run.id, level: shortLevel }, text)
      return 'r'
    },

    random() {
      return hasStack() ? crypto.randomBytes(RANDOM_BLOCK).toString('latin1') : ''
    },
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
