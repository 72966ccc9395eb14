/** Asks the browser for passkeys of this page's own name (Web Authentication Level 3, JSON forms). */
import { ApiError } from './api.ts'

/** Passkeys need a name and a safe way; at an address of digits a browser has none. */
export const hasPasskeys = (): boolean =>
  'PublicKeyCredential' in globalThis && isSecureContext && !/^(\d+\.){3}\d+$|^\[/.test(location.hostname)

const none = 'Passkeys need a browser that has them, and the console at a name over https (or at localhost).'

/** What an authenticator says for a challenge. Rejects with ApiError. */
export async function passkeyAnswer(options: PublicKeyCredentialRequestOptionsJSON | undefined): Promise<unknown> {
  if (options === undefined || !hasPasskeys()) throw new ApiError(0, none, '', '')
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options)
  return jsonOf(() => navigator.credentials.get({ publicKey }))
}

/** A new passkey. Rejects with ApiError. */
export async function newPasskey(options: PublicKeyCredentialCreationOptionsJSON): Promise<unknown> {
  if (!hasPasskeys()) throw new ApiError(0, none, '', '')
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options)
  return jsonOf(() => navigator.credentials.create({ publicKey }))
}

async function jsonOf(work: () => Promise<Credential | null>): Promise<unknown> {
  try {
    const credential = (await work()) as PublicKeyCredential | null
    if (credential !== null) return credential.toJSON()
  } catch (cause) {
    const { name } = cause as Error
    if (name === 'InvalidStateError') throw new ApiError(0, 'This passkey is bound to your account already.', '', '')
    if (name === 'SecurityError') throw new ApiError(0, 'This page is not the one that the passkeys are for.', none, '')
  }
  throw new ApiError(0, 'The browser gave no passkey.', 'It was refused, or took too long. Try again.', '')
}
