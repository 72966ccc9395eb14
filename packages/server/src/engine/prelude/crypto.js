/**
 * The library `crypto`. Encodings are done here; everything with a key or a hash is done by the node, which gets bytes as
 * base64. Key texts stay out of sight of a key object: only `exportKey` gives them out.
 */
export function installCrypto(library, native) {
  library.own.lazyGlobals(['crypto'], () => ({ crypto: makeCrypto(library, native) }))
}

function makeCrypto(library, native) {
  const { own, bytes, calls } = library

  function bytesFor(what, data) {
    const found = bytes.bytesOf(data)
    if (found === undefined) throw new own.TypeError(`${what} must be a text or bytes.`)
    return found
  }

  const base64For = (what, data) => bytes.toBase64(bytesFor(what, data))
  const demand = (name, args) => calls.demand(name, undefined, () => args)
  const fromReply = (value) => bytes.fromBase64(value.base64)

  function encoded(encoding, data) {
    if (encoding === 'hex') return bytes.toHex(data)
    if (encoding === 'base64') return bytes.toBase64(data)
    if (encoding === 'binary') return bytes.toBinary(data)
    throw new own.TypeError(`Unknown encoding ${own.String(encoding)}: use hex, base64 or binary.`)
  }

  const hashes = ['md5', 'sha1', 'sha256', 'sha512']

  function createHash(name) {
    const algorithm = own.toLowerCase(own.String(name))
    let known = false
    own.each(hashes, (hash) => {
      known ||= hash === algorithm
    })
    if (!known) throw new own.TypeError(`Unknown hash ${algorithm}: use ${own.join(hashes, ', ')}.`)
    const parts = []
    let length = 0
    const hash = {
      update(data) {
        const part = bytesFor('The data to hash', data)
        own.push(parts, part)
        length += part.length
        return hash
      },
      digest(encoding = 'hex') {
        const whole = new own.Uint8Array(length)
        let at = 0
        own.each(parts, (part) => {
          own.setBytes(whole, part, at)
          at += part.length
        })
        const value = demand('crypto.hash', { algorithm, dataBase64: bytes.toBase64(whole) })
        return encoded(encoding, fromReply(value))
      },
    }
    return hash
  }

  function encode(encoding, data) {
    if (encoding === 'gzip') return fromReply(demand('crypto.gzip', { dataBase64: base64For('The data', data) }))
    return encoded(encoding, bytesFor('The data', data))
  }

  function decode(encoding, data) {
    if (encoding === 'gzip') return fromReply(demand('crypto.gunzip', { dataBase64: base64For('The data', data) }))
    const text = typeof data === 'string' ? data : bytes.fromUtf8(bytesFor('The data', data), false)
    if (encoding === 'base64') return bytes.fromBase64(text)
    if (encoding === 'hex') return bytes.fromHex(text)
    throw new own.TypeError(`Unknown encoding ${own.String(encoding)}: use base64, hex or gzip.`)
  }

  const hmac = (data, key, algorithm = 'sha256') =>
    fromReply(
      demand('crypto.hmac', {
        algorithm: own.toLowerCase(own.String(algorithm)),
        dataBase64: base64For('The data', data),
        keyBase64: base64For('The key', key),
      }),
    )

  const create_jwt = (claims, algorithm, key) => demand('crypto.jwt', { algorithm, claims, key }).token

  /** PEM texts by key object. */
  const pems = new own.WeakMap()

  class CryptoKey {
    constructor(pem, type, algorithm) {
      this.type = type
      this.algorithm = algorithm
      own.weakSet(pems, this, pem)
    }
  }

  const platformKey = new CryptoKey(undefined, 'private', 'platform')
  const platformCertificate = new CryptoKey(undefined, 'certificate', 'platform')

  function pemOf(key, what) {
    if (key === platformKey || key === platformCertificate) throw calls.notYet('mutual TLS of the platform')
    const pem = own.isObject(key) ? own.weakGet(pems, key) : undefined
    if (pem === undefined) throw calls.badRequest(`${what} must be a key of this library.`)
    return pem
  }

  function onlyPem(format) {
    if (format !== 'PEM') throw calls.badRequest('PEM is the only key format.')
  }

  const begin = (name, makeArgs, shape) => calls.begin(name, undefined, makeArgs, shape)

  const importKey = (format, text) =>
    begin(
      'crypto.importKey',
      () => {
        onlyPem(format)
        return { format, text }
      },
      (value) => new CryptoKey(value.pem, value.type, value.algorithm),
    )

  const generateKey = (algorithm) =>
    begin(
      'crypto.generateKey',
      () => {
        if (!own.isObject(algorithm)) throw calls.badRequest('generateKey needs an algorithm.')
        const { name, modulusLength, namedCurve } = algorithm
        return { name, modulusLength, namedCurve }
      },
      (value) => ({
        publicKey: new CryptoKey(value.publicPem, 'public', algorithm.name),
        privateKey: new CryptoKey(value.privatePem, 'private', algorithm.name),
      }),
    )

  const exportKey = (format, key) =>
    new own.Promise((resolve, reject) => {
      try {
        onlyPem(format)
        resolve(pemOf(key, 'The key'))
      } catch (problem) {
        reject(problem)
      }
    })

  const generateX509Certificate = (publicKey, authorityKey, authorityCertificate, body) =>
    begin(
      'crypto.certificate',
      () => ({
        publicPem: pemOf(publicKey, 'The public key'),
        authorityPem: pemOf(authorityKey, 'The private key of the authority'),
        authorityCertificatePem:
          authorityCertificate === null || authorityCertificate === undefined
            ? null
            : pemOf(authorityCertificate, 'The certificate of the authority'),
        subject: body?.subject ?? {},
        startDateUnix: body?.startDateUnix,
        expiryDateUnix: body?.expiryDateUnix,
      }),
      (value) => new CryptoKey(value.pem, 'certificate', 'X509'),
    )

  function getRandomValues(array) {
    if (!own.isView(array)) throw new own.TypeError('getRandomValues needs a typed array.')
    own.setBytes(new own.Uint8Array(array.buffer, array.byteOffset, array.byteLength), native.random(array.byteLength))
    return array
  }

  return {
    createHash,
    encode,
    decode,
    hmac,
    create_jwt,
    importKey,
    generateKey,
    exportKey,
    generateX509Certificate,
    getRandomValues,
    randomUUID: library.newUUID,
    PlatformMtlsCertificate: platformCertificate,
    PlatformMtlsPrivateKey: platformKey,
  }
}
