/**
 * X.509 certificates for services (`crypto.generateX509Certificate`): the little DER that one needs, since Node reads
 * certificates and makes none. Section numbers are those of RFC 5280.
 */
import { createHash, type KeyObject, randomBytes, sign, type X509Certificate } from 'node:crypto'
import { GatehouseError } from '@gatehouse/contract/errors.ts'

export type CertificateWish = {
  publicKey: KeyObject
  authorityKey: KeyObject
  /** Undefined for one that signs itself. */
  authority: X509Certificate | undefined
  /** Names as in Go's `pkix.Name`: `CommonName`, `Organization` …, a text or a list of texts each. */
  subject: Record<string, unknown>
  /** Seconds since 1970. */
  start: number
  expiry: number
}

/** The PEM text. Throws badRequest for a subject, dates or keys that make no certificate. */
export function makeCertificate(wish: CertificateWish): string {
  const { publicKey, authorityKey, authority } = wish
  const algorithm = signatureAlgorithm(authorityKey)
  if (authority !== undefined && !authority.checkPrivateKey(authorityKey)) {
    throw bad('The private key of the authority is not the one of its certificate.')
  }
  const subject = nameOf(wish.subject)
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(serialNumber()),
    algorithm,
    authority === undefined ? subject : subjectOf(authority.raw),
    validity(wish.start, wish.expiry),
    subject,
    spki,
    der(0xa3, sequence(...extensions(spki, authority === undefined))),
  )
  const signature = sign('sha256', body, authorityKey)
  const text = sequence(body, algorithm, bits(signature)).toString('base64')
  return `-----BEGIN CERTIFICATE-----\n${text.match(/.{1,64}/g)!.join('\n')}\n-----END CERTIFICATE-----\n`
}

const bad = (detail: string): GatehouseError => new GatehouseError('badRequest', detail)

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const size = content.length.toString(16)
  const long = Buffer.from(size.padStart(size.length + (size.length % 2), '0'), 'hex')
  const head = content.length < 128 ? [tag, content.length] : [tag, 0x80 | long.length, ...long]
  return Buffer.concat([Buffer.from(head), content])
}

const sequence = (...parts: Buffer[]): Buffer => der(0x30, ...parts)
const integer = (bytes: Buffer): Buffer => der(0x02, bytes)
const identifier = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'))
const octets = (bytes: Buffer): Buffer => der(0x04, bytes)
const bits = (bytes: Buffer): Buffer => der(0x03, Buffer.from([0]), bytes)
const yes = der(0x01, Buffer.from([0xff]))

/** Positive, without a leading zero byte, 20 bytes at most (§4.1.2.2). */
function serialNumber(): Buffer {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0]! & 0x3f) | 0x40
  return bytes
}

function signatureAlgorithm({ asymmetricKeyType: kind }: KeyObject): Buffer {
  if (kind === 'rsa') return sequence(identifier('2a864886f70d01010b'), der(0x05))
  if (kind === 'ec') return sequence(identifier('2a8648ce3d040302'))
  throw bad('The key of the authority must be of the kind RSA or EC.')
}

const attributes: Record<string, string> = {
  Country: '550406',
  Organization: '55040a',
  OrganizationalUnit: '55040b',
  Locality: '550407',
  Province: '550408',
  StreetAddress: '550409',
  PostalCode: '550411',
  SerialNumber: '550405',
  CommonName: '550403',
}

/** Country and serial number are printable strings, the rest is UTF-8 (§4.1.2.4, appendix A). */
function nameOf(subject: Record<string, unknown>): Buffer {
  const unknown = Object.keys(subject).find((key) => !Object.hasOwn(attributes, key))
  if (unknown !== undefined) {
    throw bad(`A subject has no "${unknown.slice(0, 50)}"; there are ${Object.keys(attributes).join(', ')}.`)
  }
  const parts: Buffer[] = []
  for (const [name, oid] of Object.entries(attributes)) {
    const given = subject[name] ?? []
    for (const text of Array.isArray(given) ? given : [given]) {
      if (typeof text !== 'string' || text === '' || text.length > 200) {
        throw bad(`${name} of a subject must be a text of at most 200 characters, or a list of such.`)
      }
      const printable = name === 'Country' || name === 'SerialNumber'
      if (printable && !/^[A-Za-z0-9 '()+,\-./:=?]+$/.test(text))
        throw bad(`${name} of a subject must be plain letters.`)
      parts.push(der(0x31, sequence(identifier(oid), der(printable ? 0x13 : 0x0c, Buffer.from(text)))))
    }
  }
  return sequence(...parts)
}

/** Two digits of the year until 2049, four from then on (§4.1.2.5). */
function time(seconds: number): Buffer {
  const text = new Date(seconds * 1000).toISOString().replace(/[-:T]|\.\d+/g, '')
  return text < '2050' ? der(0x17, Buffer.from(text.slice(2))) : der(0x18, Buffer.from(text))
}

const lastSecond = Date.UTC(9999, 11, 31) / 1000
const firstSecond = Date.UTC(1950, 0, 1) / 1000

function validity(start: number, expiry: number): Buffer {
  if (!(start >= firstSecond && start < expiry && expiry <= lastSecond)) {
    throw bad('startDateUnix must be before expiryDateUnix, both in seconds since 1970.')
  }
  return sequence(time(start), time(expiry))
}

/** Who signs itself is an authority; who is signed by one is not (§4.2.1.2, 4.2.1.3, 4.2.1.9). */
function extensions(spki: Buffer, isAuthority: boolean): Buffer[] {
  const [, keyBits] = elements(elements(spki)[0]!.content)
  const keyId = createHash('sha1').update(keyBits!.content.subarray(1)).digest()
  // digitalSignature, and for an authority keyCertSign and cRLSign; the first byte counts the unused bits.
  const usage = der(0x03, Buffer.from(isAuthority ? [1, 0x86] : [7, 0x80]))
  return [
    sequence(identifier('551d13'), yes, octets(isAuthority ? sequence(yes) : sequence())),
    sequence(identifier('551d0f'), yes, octets(usage)),
    sequence(identifier('551d0e'), octets(octets(keyId))),
  ]
}

type Element = { tag: number; whole: Buffer; content: Buffer }

/** The elements that stand one after another. What is read was read by OpenSSL before, so it is well formed. */
function elements(bytes: Buffer): Element[] {
  const found: Element[] = []
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at + 1]!
    const sizeBytes = first < 128 ? 0 : first & 0x7f
    const size = sizeBytes === 0 ? first : bytes.readUIntBE(at + 2, sizeBytes)
    const start = at + 2 + sizeBytes
    const end = start + size
    found.push({ tag: bytes[at]!, whole: bytes.subarray(at, end), content: bytes.subarray(start, end) })
    at = end
  }
  return found
}

/** The subject of a certificate, byte for byte: that is what the issuer of the next one must be (§4.1.2.4). */
function subjectOf(certificate: Buffer): Buffer {
  const [body] = elements(elements(certificate)[0]!.content)
  const fields = elements(body!.content)
  const afterVersion = fields[0]!.tag === 0xa0 ? 1 : 0
  return fields[afterVersion + 4]!.whole
}
