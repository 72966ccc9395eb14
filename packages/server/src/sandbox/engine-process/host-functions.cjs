'use strict'

/**
 * The functions of the host as a context is given them, whichever engine it lives in: what is too long, too deep or too late
 * is refused here, before anybody else looks at it.
 */

const crypto = require('node:crypto')
const { faultFrom } = require('./faults.cjs')

/** Deeper JSON is refused: the node's own recursive steps must never meet it. */
const MAX_DEPTH = 500
/** Started calls that may be under way at once in a run; more are refused, and with twice as many the run ends. */
const MAX_PENDING = 1000
const RANDOM_BLOCK = 448
/**
 * Host functions need this much stack; without it they refuse before they have done anything. In a fresh process it is the
 * most, since what they call is compiled then, on the same stack.
 */
const STACK_PROBE = 1200

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
 * @template T
 * @param {{ run: any }} slot
 * @param {{ send(head: object, body?: string): void }} channel
 * @param {(run: any, ending: any, answer?: string) => void} end
 * @param {(run: any, id: number) => T} replyTo what a blocking call gives back once its frame is sent: the answer, or a promise of it
 */
function hostFunctions(slot, channel, end, replyTo) {
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
      channel.send({ t: 'call', run: run.id, id, name }, text)
      return replyTo(run, id)
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

module.exports = { hostFunctions }
