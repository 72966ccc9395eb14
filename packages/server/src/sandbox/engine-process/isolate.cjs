'use strict'

/**
 * One isolate and the contexts made in it: compiled scripts by content, a context made ahead, replacement. Nothing here
 * knows about the pipe or what a run is.
 */

const { BIND, imageSource } = require('./inside.cjs')

/** Source text of the compiled scripts kept in an isolate, where they count against its memory limit. */
const MAX_KEPT_CHARS = 8 * 1024 * 1024
/** Contexts made in one isolate before it is replaced: released ones wait for a collection and add up. */
const MAX_CONTEXTS = 3000

/**
 * @typedef {{ call: Function, start: Function, answer: Function, fault: Function, log: Function, random: Function }} Callbacks
 * @typedef {{ context: any, dispatch: any, slot: { run: any }, release(): void }} Place
 */

/**
 * Stands before the blocking host function where isolates have threads of their own: the thread waits there for the promise
 * that this one's thread keeps. It is made before any other code runs, and nobody can reach what it holds.
 */
const WAIT = `'use strict'
const held = $0
return (name, text, tooLong) => held.applySyncPromise(undefined, [name, text, tooLong])`

/**
 * What every context of a process starts from; made once.
 * @param {any} ivm
 * @param {string} prelude
 */
const imageOf = (ivm, prelude) => ivm.Isolate.createSnapshot([{ code: imageSource(prelude), filename: '(library)' }])

/**
 * @param {any} ivm
 * @param {any} image
 * @param {(slot: { run: any }) => Callbacks} callbacksFor host functions of one context, bound to whatever run it gets
 * @param {{ onThread: boolean }} how whether code runs on a thread of the isolate's own, where `call` gives a promise
 */
function openIsolates(ivm, image, callbacksFor, { onThread } = { onThread: false }) {
  /** @type {any} */
  let isolate
  let memoryMb = 0
  let contexts = 0
  /** @type {Map<string, any>} */
  let scripts = new Map()
  let keptChars = 0
  /** @type {Place | undefined} */
  let ahead

  function drop() {
    ahead = undefined
    scripts = new Map()
    keptChars = 0
    try {
      isolate?.dispose()
    } catch {}
    isolate = undefined
  }

  /** @param {number} wantedMb */
  function open(wantedMb) {
    drop()
    memoryMb = wantedMb
    contexts = 0
    isolate = new ivm.Isolate({ memoryLimit: wantedMb, snapshot: image })
  }

  /** @returns {Place} */
  function make() {
    contexts++
    const context = isolate.createContextSync()
    const slot = { run: undefined }
    const c = callbacksFor(slot)
    const bind = context.global.getSync(BIND, { reference: true })
    const held = onThread ? new ivm.Reference(c.call) : undefined
    const call = held
      ? context.evalClosureSync(WAIT, [held], { result: { reference: true } })
      : new ivm.Callback(c.call)
    const others = [c.start, c.answer, c.fault, c.log, c.random].map((f) => new ivm.Callback(f))
    const dispatch = bind.applySync(undefined, [held ? call.derefInto({ release: true }) : call, ...others], {
      result: { reference: true },
    })
    bind.release()
    return {
      context,
      dispatch,
      slot,
      release() {
        slot.run = undefined
        for (const part of [dispatch, context, held]) {
          try {
            part?.release()
          } catch {}
        }
      },
    }
  }

  return {
    /**
     * A fresh context in an isolate with this memory limit.
     * @param {number} wantedMb
     */
    take(wantedMb) {
      if (!isolate || isolate.isDisposed || wantedMb !== memoryMb || contexts >= MAX_CONTEXTS) open(wantedMb)
      const place = ahead
      ahead = undefined
      if (place) return place
      try {
        return make()
      } catch {
        // What earlier runs left behind may leave no room for another context.
        open(wantedMb)
        return make()
      }
    },
    /** Makes the next context while nobody waits. */
    prepare() {
      if (!isolate || isolate.isDisposed || ahead || contexts >= MAX_CONTEXTS) return
      try {
        ahead = make()
      } catch {
        drop()
      }
    },
    /**
     * @param {{ hash: string, name: string, code: string }} script
     */
    compile(script) {
      const known = scripts.get(script.hash)
      if (known) return known
      const compiled = isolate.compileScriptSync(script.code, { filename: script.name })
      keptChars += script.code.length
      if (keptChars > MAX_KEPT_CHARS) {
        for (const other of scripts.values()) other.release()
        scripts.clear()
        keptChars = script.code.length
      }
      scripts.set(script.hash, compiled)
      return compiled
    },
    /** Computing time of this isolate in milliseconds, 0 when it is gone. */
    cpuMs() {
      try {
        return Number(isolate.cpuTime) / 1e6
      } catch {
        return 0
      }
    },
    gone: () => !isolate || isolate.isDisposed,
    open,
    drop,
  }
}

module.exports = { imageOf, openIsolates }
