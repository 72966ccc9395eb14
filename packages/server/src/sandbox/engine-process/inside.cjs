'use strict'

/**
 * The first code of every context, as text: the only thing that touches the host functions. It takes its own references of
 * every built-in, uses no method that developers could have replaced, and hands nothing of isolated-vm to anybody.
 * It runs once, with the library (the prelude), and both become part of the image that every context starts from: what they
 * have made by then is there at once in each. An image can hold no host function, so what it leaves in the global `BIND` is
 * given them in every new context, takes itself away, and answers the engine with one function, `dispatch(op, a, b)`, that
 * only the engine holds.
 */

/** Called by compiled code at the start of every `catch` and `finally`; see `../compile.ts`. */
const GUARD = '__run_guard_5e1a__'

/** The name under which the image leaves its first function; gone before anything else runs. */
const BIND = '__bind_context_5e1a__'

/**
 * The function's text as a strict script: frames of sloppy functions would be open to `caller` and to call sites. The
 * directive stands here because inside the function, in a strict file, tools take it for redundant and remove it.
 * @param {(...callbacks: any[]) => unknown} shape
 */
function sourceOf(shape) {
  return `'use strict';(${shape.toString()})`
}

const inside = sourceOf(function inside(guardName, bindName, prelude) {
  const global = globalThis
  const { parse, stringify } = JSON
  const PromiseCtor = Promise
  const RangeErrorCtor = RangeError
  const TypeErrorCtor = TypeError
  const Text = String
  const Bytes = Uint8Array
  const { create, freeze, defineProperty } = Object
  const uncurry = Function.prototype.bind.bind(Function.prototype.call)
  const slice = uncurry(String.prototype.slice)
  const codeAt = uncurry(String.prototype.charCodeAt)
  const then = uncurry(Promise.prototype.then)
  const apply = Reflect.apply
  const removed = ['WebAssembly', 'SharedArrayBuffer', 'Atomics', 'FinalizationRegistry', 'WeakRef']

  let hostCall
  let hostStart
  let hostAnswer
  let hostFault
  let hostLog
  let hostRandom

  // What unwinds a run that has ended. It says nothing and leads nowhere: handlers of promises do get to see it.
  const END = create(null)
  defineProperty(END, 'message', { value: 'The run has ended', enumerable: true })
  defineProperty(END, 'toString', { value: freeze(() => 'The run has ended') })
  freeze(END)

  let ended = false
  let started = false
  let logLimit = 0
  let resultLimit = 0
  let argumentLimit = 0
  let logsCut = false
  let entryRequest
  let entryResponse
  const waiting = create(null)

  const guard = () => {
    if (ended) throw END
  }
  freeze(guard)
  defineProperty(global, guardName, { value: guard, writable: false, configurable: false, enumerable: false })

  // A block of bytes comes over at once: the crossing costs more than the bytes.
  let block = ''
  let blockAt = 0
  const nextByte = () => {
    if (blockAt >= block.length) {
      block = hostRandom()
      blockAt = 0
      if (block.length === 0) throw new RangeErrorCtor('Maximum call stack size exceeded')
    }
    return codeAt(block, blockAt++)
  }
  const random = () => {
    let high = 0
    for (let i = 0; i < 3; i++) high = high * 256 + nextByte()
    let low = 0
    for (let i = 0; i < 4; i++) low = low * 256 + nextByte()
    // 21 bits and 32 bits: the 53 bits of a double in [0, 1).
    return ((high >>> 3) * 4294967296 + low) / 9007199254740992
  }
  defineProperty(Math, 'random', {
    value: { random: () => random() }.random,
    writable: true,
    enumerable: false,
    configurable: true,
  })

  /** The first letter of what the engine answers says what became of the request. */
  const look = (reply) => {
    const kind = reply[0]
    if (kind === 'e') {
      ended = true
      throw END
    }
    if (kind === 's') throw new RangeErrorCtor('Maximum call stack size exceeded')
    return slice(reply, 1)
  }

  const argumentText = (name, args) => {
    if (typeof name !== 'string') throw new TypeErrorCtor('The name of a host call must be a text')
    const text = stringify(args)
    return text === undefined ? 'null' : text
  }

  const native = freeze({
    call(name, args) {
      guard()
      const text = argumentText(name, args)
      guard()
      // What is certainly too long does not cross: the copies would be many times the isolate's limit.
      return parse(look(text.length > argumentLimit ? hostCall(name, '', true) : hostCall(name, text, false)))
    },
    start(name, args) {
      guard()
      const text = argumentText(name, args)
      guard()
      const id = look(text.length > argumentLimit ? hostStart(name, '', true) : hostStart(name, text, false))
      return new PromiseCtor((resolve) => {
        waiting[id] = resolve
      })
    },
    answer(answer) {
      guard()
      // Serialising may run developer code, which may itself answer; then that answer was the first.
      const text = stringify(answer)
      guard()
      if (text === undefined) throw new TypeErrorCtor('An answer must be an object')
      look(text.length > resultLimit ? hostAnswer('', true) : hostAnswer(text, false))
      ended = true
      throw END
    },
    log(level, text) {
      if (ended || logsCut || typeof level !== 'string' || typeof text !== 'string') return
      if (text.length > logLimit) text = slice(text, 0, logLimit)
      const said = hostLog(level, text)
      if (said === 'c') logsCut = true
    },
    ended: () => ended,
    random(bytes) {
      const out = new Bytes(bytes)
      for (let i = 0; i < out.length; i++) out[i] = nextByte()
      return out
    },
    setEntryArguments(request, response) {
      entryRequest = request
      entryResponse = response
    },
  })

  /** Text of anything, never throwing what the developer's getters throw, never longer than `max`. */
  const textOf = (read, max) => {
    try {
      const value = read()
      if (value === undefined || value === null) return ''
      const text = typeof value === 'string' ? value : Text(value)
      return slice(text, 0, max)
    } catch {
      return ''
    }
  }

  /** Ends the run with what was thrown. It counts as ended before the developer's getters are read. */
  const fail = (thrown) => {
    if (ended) return
    ended = true
    const isObject = (typeof thrown === 'object' && thrown !== null) || typeof thrown === 'function'
    const fault = create(null)
    fault.name = isObject ? textOf(() => thrown.name, 200) : ''
    fault.message = isObject ? textOf(() => thrown.message, 4000) : textOf(() => thrown, 4000)
    fault.stack = isObject ? textOf(() => thrown.stack, 16000) : ''
    if (isObject && fault.name === '' && fault.message === '') {
      fault.message = textOf(() => stringify(thrown), 4000)
    }
    let said = 's'
    try {
      said = hostFault(stringify(fault))
    } catch {}
    // No room left on the stack: the outer frames have some, and come here again.
    if (said === 's') {
      ended = false
      throw new RangeErrorCtor('Maximum call stack size exceeded')
    }
  }

  // V8's own says nothing to anybody; the library may have another.
  delete global.console
  const begin = apply(prelude, undefined, [native])

  const dispatch = (op, a, b, c) => {
    switch (op) {
      case 'limits':
        logLimit = a
        resultLimit = b
        argumentLimit = c
        return
      case 'settle': {
        const resolve = waiting[a]
        delete waiting[a]
        if (resolve !== undefined) resolve(parse(b))
        return
      }
      case 'begin':
        if (started) return
        started = true
        begin(parse(a))
        return
      case 'entry': {
        let entry
        try {
          entry = global[a]
          if (typeof entry !== 'function') return 'no-entry'
          const returned = apply(entry, undefined, [entryRequest, entryResponse])
          if (returned instanceof PromiseCtor) then(returned, undefined, fail)
        } catch (thrown) {
          fail(thrown)
        }
        return
      }
      default:
        return
    }
  }

  const bind = (call, start, answer, fault, log, randomBytes) => {
    delete global[bindName]
    // Taken out of the image they would come back in every context.
    for (let i = 0; i < removed.length; i++) delete global[removed[i]]
    hostCall = call
    hostStart = start
    hostAnswer = answer
    hostFault = fault
    hostLog = log
    hostRandom = randomBytes
    return dispatch
  }
  defineProperty(global, bindName, { value: bind, writable: false, configurable: true, enumerable: false })
})

/**
 * The script of the image: `prelude` is the text of a function, and strict whatever it says of itself; see `sourceOf`.
 * @param {string} prelude
 */
const imageSource = (prelude) => `${inside}(${JSON.stringify(GUARD)}, ${JSON.stringify(BIND)}, ${prelude})`

module.exports = { BIND, imageSource }
