/**
 * Passkeys: what a browser is asked for, and whether what it answers is right (Web Authentication Level 3, §7.1 and §7.2).
 * Verification alone: which challenge is meant, what is counted and what is consumed stands in `auth/passkey-check.ts` and
 * `auth/enrolment.ts`. All that is asked about is user verification (a PIN, a finger, a face) at the passkey itself; which make
 * it is nobody asks, so no certificate is read and no address of one is fetched.
 */
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import { minute } from '../../base/clock.ts'
import type { NodeKey } from '../../base/node-key.ts'
import type { AuthenticatorRecord, PasskeyFacts } from '../../store/tables/authenticators.ts'
import type { SystemScope } from '../access/scope.ts'
import type { PasskeySite } from './passkey-sites.ts'

export const passkeyRules = {
  /** 256 bits; 128 at least (Web Authentication §13.4.3). */
  nonceBytes: 32,
  /** Of one user in one system. */
  most: 10,
  labelLength: 60,
  /** For whoever looks for the key in a drawer; the challenge itself ends when it ends. */
  timeoutMs: 5 * minute,
} as const

/** EdDSA, ES256 and RS256 (COSE): what authenticators have, the last for those of Windows. */
const algorithms = [-8, -7, -257]

/** As JSON of Web Authentication Level 3, for `parseCreationOptionsFromJSON` and `parseRequestOptionsFromJSON` of browsers. */
export type PasskeyOptions = Record<string, unknown>

/** What is sealed of one: it cannot be exchanged for another by whoever writes the database alone. */
export type PasskeySecret = {
  credentialId: string
  /** COSE, base64url. */
  publicKey: string
  transports: string[]
  /** Whether it can be backed up, which never changes. */
  multiDevice: boolean
  /** By which it knows its user, where it was made under another node key; absent where the present one says it. */
  userHandle?: string
}

export const openPasskey = (scope: SystemScope, held: AuthenticatorRecord, place: string[]): PasskeySecret =>
  JSON.parse(scope.key.unseal('authenticators', place, held.sealed))

/** Names the user to the authenticator, and says nothing about him. The same for all his passkeys of this system. */
const userHandle = ({ key, system }: SystemScope, userId: string): string => handleUnder(key, system.key, userId)

export const handleUnder = (key: NodeKey, systemKey: string, userId: string): string =>
  key.keyedHash('names', `passkey user ${systemKey}/${userId}`)

export const credentialHash = ({ key, system }: SystemScope, credentialId: string): string =>
  credentialUnder(key, system.key, credentialId)

export const credentialUnder = (key: NodeKey, systemKey: string, credentialId: string): string =>
  key.keyedHash('names', `passkey ${systemKey}/${credentialId}`)

type Named = Pick<PasskeySecret, 'credentialId' | 'transports'>
const descriptor = ({ credentialId, transports }: Named) => ({ type: 'public-key', id: credentialId, transports })

export const creationOptions = (
  scope: SystemScope,
  site: PasskeySite,
  user: { userId: string; email: string },
  nonce: string,
  held: readonly Named[],
): PasskeyOptions => ({
  rp: { id: site.rpId, name: scope.system.name },
  user: { id: userHandle(scope, user.userId), name: user.email, displayName: user.email },
  challenge: nonce,
  pubKeyCredParams: algorithms.map((alg) => ({ type: 'public-key', alg })),
  timeout: passkeyRules.timeoutMs,
  attestation: 'none',
  excludeCredentials: held.map(descriptor),
  authenticatorSelection: { residentKey: 'preferred', requireResidentKey: false, userVerification: 'required' },
})

export const requestOptions = (rpId: string, nonce: string, held: readonly Named[]): PasskeyOptions => ({
  challenge: nonce,
  rpId,
  allowCredentials: held.map(descriptor),
  userVerification: 'required',
  timeout: passkeyRules.timeoutMs,
})

type Verified = PasskeySecret & Pick<PasskeyFacts, 'signCount' | 'backedUp'>

/** A new passkey, by the JSON that a browser makes of it; undefined for whatever is not right. `isNonce` knows the one given. */
export async function verifyCreation(
  answer: unknown,
  site: PasskeySite,
  isNonce: (nonce: string) => boolean,
): Promise<Verified | undefined> {
  const response = readCreation(answer)
  if (response === undefined) return undefined
  const { verifyRegistrationResponse } = await import('@simplewebauthn/server')
  const { decodeAttestationObject } = await import('@simplewebauthn/server/helpers')
  return rightOrNothing(async () => {
    const statement = decodeAttestationObject(bytesOf(response.response.attestationObject))
    const format = statement.get('fmt')
    // Certificates name addresses at which they may be revoked; nobody sends the node there.
    if (format !== 'none' && !(format === 'packed' && statement.get('attStmt').get('x5c') === undefined))
      return undefined
    const { verified, registrationInfo: made } = await verifyRegistrationResponse({
      response,
      expectedChallenge: isNonce,
      expectedOrigin: [...site.origins],
      expectedRPID: site.rpId,
      requireUserPresence: true,
      requireUserVerification: true,
      supportedAlgorithmIDs: algorithms,
    })
    if (!verified || made.credential.id !== response.id || !made.userVerified) return undefined
    return {
      credentialId: made.credential.id,
      publicKey: Buffer.from(made.credential.publicKey).toString('base64url'),
      transports: response.response.transports ?? [],
      multiDevice: made.credentialDeviceType === 'multiDevice',
      signCount: made.credential.counter,
      backedUp: made.credentialBackedUp,
    }
  })
}

/** Which passkey an answer says it is of; undefined for what is no answer of one. */
export const credentialOf = (answer: unknown): string | undefined => readAssertion(answer)?.id

/**
 * What the passkey says beside its signature, where that is right for this nonce, on a page of the site, by its user. The
 * counter is the caller's to compare: only a signature that is right says anything about it.
 */
export async function verifyAssertion(
  scope: SystemScope,
  answer: unknown,
  site: PasskeySite,
  held: PasskeySecret & { userId: string },
  isNonce: (nonce: string) => boolean,
): Promise<Pick<PasskeyFacts, 'signCount' | 'backedUp'> | undefined> {
  const response = readAssertion(answer)
  if (response === undefined || response.id !== held.credentialId) return undefined
  const { userHandle: said } = response.response
  if (said !== undefined && said !== (held.userHandle ?? userHandle(scope, held.userId))) return undefined
  const { verifyAuthenticationResponse } = await import('@simplewebauthn/server')
  return rightOrNothing(async () => {
    const { verified, authenticationInfo: info } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: isNonce,
      expectedOrigin: [...site.origins],
      expectedRPID: site.rpId,
      credential: { id: held.credentialId, publicKey: bytesOf(held.publicKey), counter: 0 },
      requireUserVerification: true,
    })
    const same = (info.credentialDeviceType === 'multiDevice') === held.multiDevice
    if (verified !== true || !info.userVerified || !same) return undefined
    return { signCount: info.newCounter, backedUp: info.credentialBackedUp }
  })
}

/** The library throws for all that is not right; what it says of a stranger's answer helps only him. */
async function rightOrNothing<T>(work: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await work()
  } catch {
    return undefined
  }
}

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text, 'base64url'))

type Fields = Record<string, unknown>

const fieldsOf = (value: unknown): Fields | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined

/** The longest that may be, in signs. An id has 1023 bytes at most (Web Authentication §4). */
const longest = {
  id: 1364,
  clientDataJSON: 8_000,
  attestationObject: 16_000,
  authenticatorData: 8_000,
  signature: 4_000,
  userHandle: 86,
} as const

function bytesIn(fields: Fields, name: keyof typeof longest): string | undefined {
  const value = fields[name]
  return typeof value === 'string' && value.length <= longest[name] && /^[\w-]+$/.test(value) ? value : undefined
}

/** Name by name, so that nothing else of what a stranger wrote reaches the library. */
function readAnswer(answer: unknown): { id: string; clientDataJSON: string; response: Fields } | undefined {
  const whole = fieldsOf(answer)
  const response = fieldsOf(whole?.response)
  if (whole === undefined || response === undefined || whole.type !== 'public-key') return undefined
  const id = bytesIn(whole, 'id')
  const clientDataJSON = bytesIn(response, 'clientDataJSON')
  if (id === undefined || clientDataJSON === undefined || whole.rawId !== id) return undefined
  return isFramed(clientDataJSON) ? undefined : { id, clientDataJSON, response }
}

/** In a frame of a foreign page nobody sees where he signs in. True also for what cannot be read. */
function isFramed(clientDataJSON: string): boolean {
  try {
    const data = fieldsOf(JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString('utf8')))
    // Browsers of before Level 2 say nothing of it.
    return data === undefined || (data.crossOrigin !== undefined && data.crossOrigin !== false)
  } catch {
    return true
  }
}

function readCreation(answer: unknown): RegistrationResponseJSON | undefined {
  const read = readAnswer(answer)
  const attestationObject = read && bytesIn(read.response, 'attestationObject')
  if (read === undefined || attestationObject === undefined) return undefined
  const { id, clientDataJSON } = read
  const transports = transportsIn(read.response.transports)
  const response = { clientDataJSON, attestationObject, transports }
  return { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response }
}

function readAssertion(answer: unknown): AuthenticationResponseJSON | undefined {
  const read = readAnswer(answer)
  if (read === undefined) return undefined
  const { id, clientDataJSON, response: given } = read
  const authenticatorData = bytesIn(given, 'authenticatorData')
  const signature = bytesIn(given, 'signature')
  const userHandle = bytesIn(given, 'userHandle')
  if (authenticatorData === undefined || signature === undefined) return undefined
  const hasHandle = given.userHandle !== undefined && given.userHandle !== null && given.userHandle !== ''
  if (hasHandle && userHandle === undefined) return undefined
  const response = { clientDataJSON, authenticatorData, signature, ...(userHandle !== undefined && { userHandle }) }
  return { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response }
}

type Transport = 'ble' | 'cable' | 'hybrid' | 'internal' | 'nfc' | 'smart-card' | 'usb'
const knownTransports: readonly string[] = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb']

/** A hint for the browser at the next sign-in, and nothing more. */
const transportsIn = (given: unknown): Transport[] =>
  Array.isArray(given)
    ? [...new Set(given.slice(0, 20))].filter((one): one is Transport => knownTransports.includes(one))
    : []
