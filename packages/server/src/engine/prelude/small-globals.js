/**
 * The globals that need no library and belong to no area: `cbmeta`, `newUUID`, `sleep`, `logStdErr`, text coders, a clock.
 * What must stay undefined (`process`, `setImmediate`, `MessageChannel`, `window`, `module`, `exports`, `define`) is simply
 * never defined: bundled libraries test for these names and would choose asynchronous or module paths.
 */
export function installSmallGlobals(library, native) {
  const { own, bytes } = library

  let began = 0
  library.atBegin(({ cbmeta }) => {
    began = own.now()
    performance.timeOrigin = began
    const meta = own.isObject(cbmeta) ? cbmeta : {}
    // Services write "https://" + cbmeta.platform_url.
    if (typeof meta.platform_url === 'string') {
      const at = own.indexOf(meta.platform_url, '://')
      if (at >= 0) meta.platform_url = own.slice(meta.platform_url, at + 3)
    }
    own.defineGlobal('cbmeta', meta)
  })

  function newUUID() {
    const random = native.random(16)
    random[6] = (random[6] & 0x0f) | 0x40
    random[8] = (random[8] & 0x3f) | 0x80
    const hex = bytes.toHex(random)
    const part = (from, to) => own.slice(hex, from, to)
    return `${part(0, 8)}-${part(8, 12)}-${part(12, 16)}-${part(16, 20)}-${part(20, 32)}`
  }
  own.defineGlobal('newUUID', newUUID)
  library.newUUID = newUUID

  /** Milliseconds as the sandbox takes them; nonsense counts as none. */
  function milliseconds(value) {
    const number = own.Number(value)
    return number > 0 ? own.min(number, 2147483647) : 0
  }
  library.milliseconds = milliseconds

  own.defineGlobal('sleep', (ms) => {
    native.call('sleep', { ms: milliseconds(ms) })
  })

  own.defineGlobal('logStdErr', (...values) => own.apply(library.logDebug, undefined, values))

  class TextEncoder {
    get encoding() {
      return 'utf-8'
    }
    encode(text = '') {
      return bytes.utf8(own.String(text))
    }
  }

  class TextDecoder {
    #fatal
    #keepMark
    constructor(label = 'utf-8', options = undefined) {
      const name = own.toLowerCase(own.trim(own.String(label)))
      if (name !== 'utf-8' && name !== 'utf8') throw new own.TypeError(`TextDecoder knows utf-8 only, not ${name}.`)
      this.#fatal = options?.fatal === true
      this.#keepMark = options?.ignoreBOM === true
    }
    get encoding() {
      return 'utf-8'
    }
    decode(data) {
      if (data === undefined) return ''
      const input = typeof data === 'string' ? undefined : bytes.bytesOf(data)
      if (input === undefined) throw new own.TypeError('TextDecoder.decode needs bytes.')
      const text = bytes.fromUtf8(input, this.#fatal)
      return !this.#keepMark && text !== '' && own.charCodeAt(text, 0) === 0xfeff ? own.slice(text, 1) : text
    }
  }
  own.defineGlobal('TextEncoder', TextEncoder)
  own.defineGlobal('TextDecoder', TextDecoder)

  const performance = { timeOrigin: began, now: () => own.now() - began }
  own.defineGlobal('performance', performance)
}
