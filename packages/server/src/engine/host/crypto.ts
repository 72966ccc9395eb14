/** Cryptography for services (code-engine.md §4 `crypto`): the isolate has none of its own. Bytes travel as base64. */
import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  sign,
  X509Certificate,
} from 'node:crypto'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { day, second } from '../../base/clock.ts'
import { makeCertificate } from './certificate.ts'
import { type Args, type HostTable, objectArg, textArg } from './table.ts'

const algorithms = ['md5', 'sha1', 'sha256', 'sha512'] as const

/** Unpacked size at most: what a service could hold anyway. */
const gunzipLimit = 32 * 1024 * 1024

function algorithmArg(args: Args): string {
  const wanted = textArg(args, 'algorithm').toLowerCase().replace('-', '')
  const found = algorithms.find((name) => name === wanted)
  if (found === undefined) throw bad(`The algorithm "${wanted}" is not offered; there are ${algorithms.join(', ')}.`)
  return found
}

const bad = (detail: string): GatehouseError => new GatehouseError('badRequest', detail)
const bytesArg = (args: Args, name: string): Buffer => Buffer.from(textArg(args, name), 'base64')
const base64 = (bytes: Buffer) => ({ base64: bytes.toString('base64') })
const url64 = (bytes: Buffer | string) => Buffer.from(bytes).toString('base64url')

/** A key that cannot be read is the caller's mistake; why must not repeat any of it. */
function readable<T>(read: () => T): T {
  try {
    return read()
  } catch {
    throw bad('The key cannot be read: it must be PEM text of the kind that the algorithm needs.')
  }
}

function jwt(args: Args): { token: string } {
  const algorithm = textArg(args, 'algorithm')
  const head = `${url64(JSON.stringify({ alg: algorithm, typ: 'JWT' }))}.${url64(JSON.stringify(objectArg(args, 'claims')))}`
  const key = textArg(args, 'key')
  if (algorithm === 'HS256') return { token: `${head}.${createHmac('sha256', key).update(head).digest('base64url')}` }
  if (algorithm !== 'RS256' && algorithm !== 'ES256') throw bad('create_jwt knows RS256, ES256 and HS256.')
  const signature = readable(() => {
    const privateKey = createPrivateKey(key)
    if ((algorithm === 'RS256') !== (privateKey.asymmetricKeyType === 'rsa')) throw new Error('wrong kind')
    return sign('sha256', Buffer.from(head), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  })
  return { token: `${head}.${signature.toString('base64url')}` }
}

const kindOf = (key: KeyObject): string => key.asymmetricKeyType ?? 'secret'

function importKey(args: Args): { type: string; algorithm: string; pem: string } {
  const pem = textArg(args, 'text')
  if (textArg(args, 'format').toUpperCase() !== 'PEM') throw bad('Keys are read as PEM.')
  return readable(() => {
    if (pem.includes('CERTIFICATE')) {
      return { type: 'certificate', algorithm: kindOf(new X509Certificate(pem).publicKey), pem }
    }
    if (pem.includes('PRIVATE KEY')) return { type: 'private', algorithm: kindOf(createPrivateKey(pem)), pem }
    return { type: 'public', algorithm: kindOf(createPublicKey(pem)), pem }
  })
}

const curves: Record<string, string> = { 'P-256': 'prime256v1', 'P-384': 'secp384r1', 'P-521': 'secp521r1' }
const makeKeyPair = promisify(generateKeyPair)

async function generateKey(args: Args): Promise<{ publicPem: string; privatePem: string }> {
  const name = textArg(args, 'name').toUpperCase()
  const encoding = {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  } as const
  if (name.startsWith('RSA')) {
    const modulusLength = args.modulusLength ?? 2048
    if (modulusLength !== 2048 && modulusLength !== 3072 && modulusLength !== 4096) {
      throw bad('modulusLength must be 2048, 3072 or 4096.')
    }
    const { publicKey, privateKey } = await makeKeyPair('rsa', { modulusLength, ...encoding })
    return { publicPem: publicKey as unknown as string, privatePem: privateKey as unknown as string }
  }
  const wanted = typeof args.namedCurve === 'string' ? args.namedCurve : 'P-256'
  const namedCurve = curves[wanted] ?? Object.values(curves).find((curve) => curve === wanted)
  if ((name !== 'ECDSA' && name !== 'ECDH') || namedCurve === undefined) {
    throw bad('generateKey knows RSA, ECDSA and ECDH with the curves P-256, P-384 and P-521.')
  }
  const { publicKey, privateKey } = await makeKeyPair('ec', { namedCurve, ...encoding })
  return { publicPem: publicKey as unknown as string, privatePem: privateKey as unknown as string }
}

/** Without dates it holds for a year from now. */
function certificate(args: Args, now: number): string {
  const { authorityCertificatePem: authority, startDateUnix: start = now, expiryDateUnix: expiry } = args
  if (typeof start !== 'number' || (expiry !== undefined && typeof expiry !== 'number')) {
    throw bad('startDateUnix and expiryDateUnix must be numbers of seconds since 1970.')
  }
  return makeCertificate({
    ...readable(() => ({
      publicKey: createPublicKey(textArg(args, 'publicPem')),
      authorityKey: createPrivateKey(textArg(args, 'authorityPem')),
      authority: typeof authority === 'string' ? new X509Certificate(authority) : undefined,
    })),
    subject: objectArg(args, 'subject'),
    start,
    expiry: expiry ?? start + (365 * day) / second,
  })
}

export const cryptoCalls: HostTable = {
  'crypto.hash': async ({ args }) =>
    base64(createHash(algorithmArg(args)).update(bytesArg(args, 'dataBase64')).digest()),
  'crypto.hmac': async ({ args }) =>
    base64(createHmac(algorithmArg(args), bytesArg(args, 'keyBase64')).update(bytesArg(args, 'dataBase64')).digest()),
  'crypto.jwt': async ({ args }) => jwt(args),
  'crypto.gzip': async ({ args }) => base64(await promisify(gzip)(bytesArg(args, 'dataBase64'))),
  'crypto.gunzip': async ({ args }) => {
    try {
      return base64(
        await promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip)(bytesArg(args, 'dataBase64'), {
          maxOutputLength: gunzipLimit,
        }),
      )
    } catch {
      throw bad('The data is no gzip, or is too large unpacked.')
    }
  },
  'crypto.importKey': async ({ args }) => importKey(args),
  'crypto.generateKey': async ({ args }) => generateKey(args),
  'crypto.certificate': async ({ run, args }) => ({ pem: certificate(args, run.scope.clock.now() / second) }),
}
