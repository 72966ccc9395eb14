'use strict'

/**
 * Faults as plain bounded text: what went wrong, in which script, on which line. Only stack lines of the developer's own
 * scripts are kept; library frames, the isolate's boundary and everything of this process are cut away.
 */

const MAX_FRAMES = 20

/**
 * @typedef {{ name: string, message: string, script?: string, line?: number, stack?: string }} Fault
 */

/**
 * Where a stack line points, if it names one of the scripts: `at f (name:line:column)` or `at name:line:column`.
 * @param {string} text
 * @param {Set<string>} scripts
 */
function placeOf(text, scripts) {
  const trimmed = text.trim()
  if (!trimmed.startsWith('at ')) return undefined
  const open = trimmed.lastIndexOf('(')
  const place = open >= 0 && trimmed.endsWith(')') ? trimmed.slice(open + 1, -1) : trimmed.slice(3)
  const columnAt = place.lastIndexOf(':')
  const lineAt = place.lastIndexOf(':', columnAt - 1)
  if (lineAt < 1) return undefined
  const script = place.slice(0, lineAt)
  const line = Number(place.slice(lineAt + 1, columnAt))
  return scripts.has(script) && Number.isSafeInteger(line) ? { script, line } : undefined
}

/**
 * @param {{ name?: unknown, message?: unknown, stack?: unknown }} thrown primitive texts, as copied inside the context
 * @param {Set<string>} scripts names of the developer's scripts in this run
 * @returns {Fault}
 */
function faultFrom(thrown, scripts) {
  const text = (/** @type {unknown} */ value, /** @type {number} */ max) =>
    typeof value === 'string' ? value.slice(0, max) : ''
  let message = text(thrown.message, 4000)
  /** @type {Fault} */
  const fault = { name: text(thrown.name, 200), message }
  const kept = []
  for (const line of text(thrown.stack, 16000).split('\n', 400)) {
    const place = placeOf(line, scripts)
    if (!place) continue
    if (fault.script === undefined) Object.assign(fault, place)
    if (kept.length < MAX_FRAMES) kept.push(line.trim())
  }
  // A syntax error has no frames; V8's place stands at the end of its message as "[name:line:column]".
  const bracket = message.lastIndexOf(' [')
  if (bracket >= 0 && message.endsWith(']')) {
    const place = placeOf(`at ${message.slice(bracket + 2, -1)}`, scripts)
    if (place) {
      message = message.slice(0, bracket)
      fault.message = message
      Object.assign(fault, place)
    }
  }
  if (kept.length > 0) fault.stack = kept.join('\n')
  return fault
}

/**
 * A fault from whatever came over the isolate's boundary.
 * @param {unknown} thrown
 * @param {Set<string>} scripts
 */
function faultOf(thrown, scripts) {
  if (thrown instanceof Error) return faultFrom(thrown, scripts)
  return faultFrom({ name: '', message: String(thrown) }, scripts)
}

module.exports = { faultFrom, faultOf }
