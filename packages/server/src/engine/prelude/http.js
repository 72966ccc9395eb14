/**
 * `Requests()` of the library `http`: blocking requests with a callback. Also holds what `fetch` shares: header names,
 * base64 of bodies.
 */
export function installHttp(library) {
  const { own, bytes, calls } = library

  /** "content-type" as "Content-Type", the form services look headers up by. */
  function canonical(name) {
    const words = own.split(own.toLowerCase(name), '-')
    return own.join(
      own.each(words, (word) => own.toUpperCase(own.slice(word, 0, 1)) + own.slice(word, 1)),
      '-',
    )
  }

  /** The node's headers as name → list with canonical names. */
  function headerLists(headers) {
    const lists = {}
    if (!own.isObject(headers)) return lists
    const names = own.keys(headers)
    for (let i = 0; i < names.length; i++) {
      const values = headers[names[i]]
      lists[canonical(names[i])] = own.isArray(values) ? values : [own.String(values)]
    }
    return lists
  }

  function hasHeader(headers, name) {
    const names = own.keys(headers)
    for (let i = 0; i < names.length; i++) if (own.toLowerCase(names[i]) === name) return true
    return false
  }

  const textOf = (value) => (own.isObject(value) ? own.stringify(value) : own.String(value))

  /** `a=1&b=2`; lists repeat their name, undefined values are left out, null is empty. */
  function formText(values) {
    const pairs = []
    const add = (name, value) => {
      if (value === undefined) return
      const text = value === null ? '' : textOf(value)
      own.push(pairs, `${own.encodeURIComponent(name)}=${own.encodeURIComponent(text)}`)
    }
    const names = own.keys(values)
    for (let i = 0; i < names.length; i++) {
      const value = values[names[i]]
      if (own.isArray(value)) own.each(value, (item) => add(names[i], item))
      else add(names[i], value)
    }
    return own.join(pairs, '&')
  }

  function withQuery(url, qs) {
    if (qs === undefined || qs === null || qs === '') return url
    const text = own.isObject(qs) ? formText(qs) : own.String(qs)
    if (text === '') return url
    const hash = own.indexOf(url, '#')
    const base = hash < 0 ? url : own.slice(url, 0, hash)
    const rest = hash < 0 ? '' : own.slice(url, hash)
    return base + (own.includes(base, '?') ? '&' : '?') + text + rest
  }

  /** Options of `Requests()` as the node's arguments. Throws a refusal for what cannot be sent. */
  function requestArgs(method, options) {
    const given = typeof options === 'string' ? { uri: options } : options
    if (!own.isObject(given)) throw calls.badRequest('The request needs options with a uri.')
    const target = given.uri === undefined || given.uri === null ? given.url : given.uri
    if (target === undefined || target === null || target === '') throw calls.badRequest('The request needs a uri.')

    const headers = {}
    if (own.isObject(given.headers)) {
      const names = own.keys(given.headers)
      for (let i = 0; i < names.length; i++) {
        const value = given.headers[names[i]]
        if (value === undefined || value === null) continue
        headers[names[i]] = own.isArray(value) ? own.each(value, own.String) : own.String(value)
      }
    }
    const { auth } = given
    if (own.isObject(auth) && !hasHeader(headers, 'authorization')) {
      const pair = `${own.String(auth.user ?? '')}:${own.String(auth.pass ?? '')}`
      headers.Authorization = `Basic ${bytes.toBase64(bytes.utf8(pair))}`
    }

    const args = { method, url: withQuery(own.String(target), given.qs), headers }
    if (method === 'POST' || method === 'PUT') {
      const form = own.isObject(given.form) ? given.form : given.form === true
      const body = own.isObject(form) && given.body === undefined ? form : given.body
      if (body !== undefined && body !== null) {
        if (!own.isObject(body)) args.body = own.String(body)
        else args.body = form ? formText(body) : own.stringify(body)
        if (!hasHeader(headers, 'content-type')) {
          headers['Content-Type'] = form ? 'application/x-www-form-urlencoded' : 'application/json'
        }
      }
    }
    const seconds = own.Number(given.timeout)
    if (seconds > 0 && own.isFinite(seconds)) args.timeoutMs = seconds * 1000
    if (given.followRedirect === false) args.maxRedirects = 0
    else if (typeof given.followRedirect === 'number' && given.followRedirect >= 0)
      args.maxRedirects = given.followRedirect
    if (given.strictSSL === false) args.strictSSL = false
    return args
  }

  /** `full: true`. One known service parses the result as JSON text, so the object prints as that. */
  function fullResponse(value) {
    const full = { Body: value.text, Header: headerLists(value.headers), Status: value.status }
    own.hidden(full, 'toString', () => own.stringify(full))
    return full
  }

  /**
   * One request. A failure (no answer, or a status from 400 on) is `(true, text)`: services test `err === true` and report
   * the second argument. With `full` every answer is a result, since the status is in it.
   */
  function send(method, options, callback) {
    const reply = calls.perform('http.request', undefined, () => requestArgs(method, options))
    if (!reply.ok) {
      calls.respond(callback, true, calls.textOfError(reply.error))
      return
    }
    const { value } = reply
    if (options.full === true) calls.respond(callback, false, fullResponse(value))
    else if (value.status >= 400)
      calls.respond(callback, true, value.text === '' ? `HTTP ${value.statusText}` : value.text)
    else calls.respond(callback, false, value.text)
  }

  function Requests() {
    return {
      get: (options, callback) => send('GET', options, callback),
      post: (options, callback) => send('POST', options, callback),
      put: (options, callback) => send('PUT', options, callback),
      delete: (options, callback) => send('DELETE', options, callback),
    }
  }

  library.onlyWhen(['http'], () => own.defineGlobal('Requests', Requests))
  library.http = { Requests, canonical, headerLists, hasHeader }
}
