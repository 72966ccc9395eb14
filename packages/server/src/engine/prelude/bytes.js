/**
 * Texts and bytes: UTF-8, base64, hex, in plain JavaScript since the isolate has none of it. Pure functions; no host calls.
 */
export function installBytes(library) {
  const { own } = library
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  const hexDigits = '0123456789abcdef'
  const chunk = 8192

  /** Text of UTF-16 units, built in pieces so that no call gets too many arguments. */
  function textOf(units) {
    let text = ''
    for (let i = 0; i < units.length; i += chunk) {
      text += own.apply(own.fromCharCode, undefined, own.sliceArray(units, i, i + chunk))
    }
    return text
  }

  /** UTF-8 bytes of a text; lone surrogates become U+FFFD. */
  function utf8(text) {
    const bytes = new own.Uint8Array(text.length * 3)
    let n = 0
    for (let i = 0; i < text.length; i++) {
      let code = own.charCodeAt(text, i)
      if (code >= 0xd800 && code <= 0xdfff) {
        const next = code < 0xdc00 && i + 1 < text.length ? own.charCodeAt(text, i + 1) : 0
        if (next >= 0xdc00 && next <= 0xdfff) {
          code = 0x10000 + ((code - 0xd800) << 10) + (next - 0xdc00)
          i++
        } else {
          code = 0xfffd
        }
      }
      if (code < 0x80) {
        bytes[n++] = code
      } else if (code < 0x800) {
        bytes[n++] = 0xc0 | (code >> 6)
        bytes[n++] = 0x80 | (code & 63)
      } else if (code < 0x10000) {
        bytes[n++] = 0xe0 | (code >> 12)
        bytes[n++] = 0x80 | ((code >> 6) & 63)
        bytes[n++] = 0x80 | (code & 63)
      } else {
        bytes[n++] = 0xf0 | (code >> 18)
        bytes[n++] = 0x80 | ((code >> 12) & 63)
        bytes[n++] = 0x80 | ((code >> 6) & 63)
        bytes[n++] = 0x80 | (code & 63)
      }
    }
    return own.sliceBytes(bytes, 0, n)
  }

  /**
   * Text of UTF-8 bytes; broken sequences become U+FFFD (one per maximal subpart, as browsers do), or a TypeError if
   * `fatal`.
   */
  function fromUtf8(bytes, fatal) {
    const units = []
    const broken = () => {
      if (fatal) throw new own.TypeError('The bytes are not valid UTF-8.')
      own.push(units, 0xfffd)
    }
    let i = 0
    while (i < bytes.length) {
      const first = bytes[i++]
      if (first < 0x80) {
        own.push(units, first)
        continue
      }
      let more = 0
      let code = 0
      let low = 0x80
      let high = 0xbf
      if (first >= 0xc2 && first <= 0xdf) {
        more = 1
        code = first & 31
      } else if (first >= 0xe0 && first <= 0xef) {
        more = 2
        code = first & 15
        if (first === 0xe0) low = 0xa0
        if (first === 0xed) high = 0x9f
      } else if (first >= 0xf0 && first <= 0xf4) {
        more = 3
        code = first & 7
        if (first === 0xf0) low = 0x90
        if (first === 0xf4) high = 0x8f
      } else {
        broken()
        continue
      }
      let whole = true
      for (; more > 0; more--) {
        const next = i < bytes.length ? bytes[i] : 0
        if (next < low || next > high) {
          whole = false
          break
        }
        code = (code << 6) | (next & 63)
        i++
        low = 0x80
        high = 0xbf
      }
      if (!whole) {
        broken()
      } else if (code < 0x10000) {
        own.push(units, code)
      } else {
        own.push(units, 0xd800 + ((code - 0x10000) >> 10), 0xdc00 + ((code - 0x10000) & 0x3ff))
      }
    }
    return textOf(units)
  }

  function toBase64(bytes) {
    let text = ''
    for (let i = 0; i < bytes.length; i += 3) {
      const left = bytes.length - i
      const word = (bytes[i] << 16) | ((left > 1 ? bytes[i + 1] : 0) << 8) | (left > 2 ? bytes[i + 2] : 0)
      text += alphabet[word >> 18] + alphabet[(word >> 12) & 63]
      text += left > 1 ? alphabet[(word >> 6) & 63] : '='
      text += left > 2 ? alphabet[word & 63] : '='
    }
    return text
  }

  const digits = { __proto__: null, '-': 62, _: 63 }
  for (let i = 0; i < 64; i++) digits[alphabet[i]] = i

  /** Takes both alphabets, with or without padding; ignores white space. Throws a TypeError for anything else. */
  function fromBase64(text) {
    const bytes = new own.Uint8Array(own.max(0, ((text.length * 3) >> 2) + 3))
    let n = 0
    let word = 0
    let bits = 0
    let padded = false
    for (let i = 0; i < text.length; i++) {
      const letter = text[i]
      if (letter === '\n' || letter === '\r' || letter === ' ' || letter === '\t') continue
      if (letter === '=') {
        padded = true
        continue
      }
      const digit = digits[letter]
      if (digit === undefined || padded) throw new own.TypeError('The text is not valid base64.')
      word = ((word << 6) | digit) & 0xffffff
      bits += 6
      if (bits >= 8) {
        bits -= 8
        bytes[n++] = (word >> bits) & 255
      }
    }
    if (bits === 6) throw new own.TypeError('The text is not valid base64.')
    return own.sliceBytes(bytes, 0, n)
  }

  function toHex(bytes) {
    let text = ''
    for (let i = 0; i < bytes.length; i++) text += hexDigits[bytes[i] >> 4] + hexDigits[bytes[i] & 15]
    return text
  }

  function fromHex(text) {
    if (text.length % 2 !== 0) throw new own.TypeError('The text is not valid hex.')
    const bytes = new own.Uint8Array(text.length / 2)
    const lower = own.toLowerCase(text)
    for (let i = 0; i < bytes.length; i++) {
      const high = own.indexOf(hexDigits, lower[2 * i])
      const low = own.indexOf(hexDigits, lower[2 * i + 1])
      if (high < 0 || low < 0) throw new own.TypeError('The text is not valid hex.')
      bytes[i] = (high << 4) | low
    }
    return bytes
  }

  /** One unit per byte: what engines called a binary string. */
  function toBinary(bytes) {
    const units = []
    for (let i = 0; i < bytes.length; i++) own.push(units, bytes[i])
    return textOf(units)
  }

  /** Bytes of a string (UTF-8), a typed array, a view or a buffer; undefined for anything else. */
  function bytesOf(data) {
    if (typeof data === 'string') return utf8(data)
    if (data instanceof own.Uint8Array) return data
    if (own.isView(data)) return new own.Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    if (data instanceof own.ArrayBuffer) return new own.Uint8Array(data)
    return undefined
  }

  library.bytes = { utf8, fromUtf8, toBase64, fromBase64, toHex, fromHex, toBinary, bytesOf }
}
