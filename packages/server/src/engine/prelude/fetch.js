/**
 * `fetch` and what comes with it. Differs from browsers as services expect: `text()` and `json()` of a response return
 * values, not promises, and may be called repeatedly; a signal's reason is a text.
 */
export function installFetch(library, native) {
  const names = ['fetch', 'Headers', 'Response', 'AbortController', 'AbortSignal']
  library.own.lazyGlobals(names, () => makeFetch(library, native))
}

function makeFetch(library, native) {
  const { own, bytes, calls, http, milliseconds } = library

  class Headers {
    /** Name → list of values, names in canonical form. */
    headers
    constructor(init = undefined) {
      this.headers = {}
      if (init === undefined || init === null) return
      const set = (name, value) => this.append(name, value)
      if (init instanceof Headers) {
        own.each(own.keys(init.headers), (name) => own.each(init.headers[name], (value) => set(name, value)))
      } else if (own.isArray(init)) {
        own.each(init, (pair) => set(pair[0], pair[1]))
      } else if (typeof init.forEach === 'function') {
        init.forEach((value, name) => {
          set(name, value)
        })
      } else {
        own.each(own.keys(init), (name) => {
          if (own.isArray(init[name])) own.each(init[name], (value) => set(name, value))
          else if (init[name] !== undefined && init[name] !== null) set(name, init[name])
        })
      }
    }
    append(name, value) {
      const key = http.canonical(own.String(name))
      if (own.hasOwn(this.headers, key)) own.push(this.headers[key], own.String(value))
      else this.headers[key] = [own.String(value)]
    }
    set(name, value) {
      this.headers[http.canonical(own.String(name))] = [own.String(value)]
    }
    delete(name) {
      delete this.headers[http.canonical(own.String(name))]
    }
    get(name) {
      const key = http.canonical(own.String(name))
      return own.hasOwn(this.headers, key) ? this.headers[key][0] : null
    }
    has(name) {
      return own.hasOwn(this.headers, http.canonical(own.String(name)))
    }
    forEach(callback) {
      own.each(own.keys(this.headers), (name) => callback(own.join(this.headers[name], ', '), name, this))
    }
  }

  class Response {
    #text
    constructor(value) {
      this.status = value.status
      this.statusText = value.statusText
      this.ok = value.status >= 200 && value.status <= 299
      this.url = value.url
      this.headers = new Headers(value.headers)
      this.#text = value.text
      this.body = typeof value.base64 === 'string' ? bytes.fromBase64(value.base64) : bytes.utf8(value.text)
    }
    text() {
      return this.#text
    }
    json() {
      return own.parse(this.#text)
    }
    stream() {
      throw calls.notYet('streams')
    }
  }

  const token = {}

  class AbortSignal {
    #aborted = false
    #reason
    #deadline
    #listeners = []
    #watching = false
    onabort = null

    constructor(key) {
      if (key !== token) throw new own.TypeError('AbortSignals are made by an AbortController.')
    }
    static abort(reason = 'AbortError') {
      const signal = new AbortSignal(token)
      AbortSignal.trip(token, signal, reason)
      return signal
    }
    static timeout(ms) {
      const signal = new AbortSignal(token)
      signal.#deadline = own.now() + milliseconds(ms)
      return signal
    }
    static trip(key, signal, reason) {
      if (key !== token || signal.#aborted) return
      signal.#aborted = true
      signal.#reason = reason
      const listeners = signal.#listeners
      signal.#listeners = []
      const event = { type: 'abort', target: signal }
      if (typeof signal.onabort === 'function') own.apply(signal.onabort, signal, [event])
      own.each(listeners, (listener) => own.apply(listener, signal, [event]))
    }
    /** Milliseconds until the signal's own deadline; undefined if it has none. */
    static left(key, signal) {
      if (key !== token || signal.#deadline === undefined) return undefined
      return own.max(0, signal.#deadline - own.now())
    }
    get aborted() {
      if (!this.#aborted && this.#deadline !== undefined && own.now() >= this.#deadline) {
        AbortSignal.trip(token, this, 'TimeoutError')
      }
      return this.#aborted
    }
    get reason() {
      return this.aborted ? this.#reason : undefined
    }
    throwIfAborted() {
      if (this.aborted) throw abortError(this.#reason)
    }
    addEventListener(type, listener) {
      if (type !== 'abort' || typeof listener !== 'function' || this.#aborted) return
      own.push(this.#listeners, listener)
      // Only a listener needs a timer; a pending one would keep the run alive.
      if (this.#deadline === undefined || this.#watching) return
      this.#watching = true
      own.settled(native.start('sleep', { ms: own.max(1, this.#deadline - own.now()) }), () => this.aborted)
    }
    removeEventListener(type, listener) {
      if (type !== 'abort') return
      for (let i = this.#listeners.length - 1; i >= 0; i--) {
        if (this.#listeners[i] === listener) own.splice(this.#listeners, i, 1)
      }
    }
  }

  class AbortController {
    #signal = new AbortSignal(token)
    get signal() {
      return this.#signal
    }
    abort(reason = 'AbortError') {
      AbortSignal.trip(token, this.#signal, reason)
    }
  }

  function abortError(reason) {
    if (reason instanceof own.Error) return reason
    const problem = new own.Error(own.String(reason))
    problem.name = reason === 'TimeoutError' ? 'TimeoutError' : 'AbortError'
    return problem
  }

  function fetchArgs(url, options) {
    const target = own.String(own.isObject(url) && typeof url.url === 'string' ? url.url : url)
    const lower = own.toLowerCase(own.slice(target, 0, 8))
    if (!own.startsWith(lower, 'http://') && !own.startsWith(lower, 'https://')) {
      throw calls.badRequest('fetch needs an absolute URL that starts with http:// or https://.')
    }
    const args = {
      method: own.toUpperCase(own.String(options.method ?? 'GET')),
      url: target,
      headers: new Headers(options.headers).headers,
    }
    const { body } = options
    if (body !== undefined && body !== null) {
      const binary = typeof body === 'string' ? undefined : bytes.bytesOf(body)
      if (binary === undefined) args.body = own.String(body)
      else args.bodyBase64 = bytes.toBase64(binary)
    }
    return args
  }

  function fetch(url, options = undefined) {
    const given = own.isObject(options) ? options : {}
    const signal = given.signal instanceof AbortSignal ? given.signal : undefined
    if (signal?.aborted) return own.reject(abortError(signal.reason))
    return new own.Promise((resolve, reject) => {
      const onAbort = () => reject(abortError(signal.reason))
      const left = signal === undefined ? undefined : AbortSignal.left(token, signal)
      const answer = calls.begin(
        'http.request',
        undefined,
        () => {
          const args = fetchArgs(url, given)
          if (left !== undefined) args.timeoutMs = own.max(1, left)
          return args
        },
        (value) => new Response(value),
      )
      // A signal with a deadline is watched by the node's own limit.
      if (signal !== undefined && left === undefined) signal.addEventListener('abort', onAbort)
      own.settled(
        answer,
        (response) => {
          signal?.removeEventListener('abort', onAbort)
          resolve(response)
        },
        (problem) => {
          signal?.removeEventListener('abort', onAbort)
          reject(signal?.aborted ? abortError(signal.reason) : problem)
        },
      )
    })
  }

  return { fetch, Headers, Response, AbortController, AbortSignal }
}
