/**
 * New passwords of users who are not signed in. None of it opens a session, and a second factor is owed as before.
 *
 * Where the platform asks for one (the sign-in was refused with code 932), by the password that is good no more and a second
 * factor:
 *
 *   const own = passwordClient(platform)
 *   const asked = await own.askForCode({ email, password }, 'phone')     // not for an app: its code is at hand
 *   const done = await own.change({ email, password, newPassword, code, factor: 'phone', challengeId: asked.challengeId })
 *
 * Where it was forgotten, by a link in an e-mail, which leads to a page of the platform:
 *
 *   await own.sendLink(email)
 *
 * An app that takes the link itself gives what stands behind its `#` to `setByLink`.
 */
import type { CodeAsked } from './authenticators.ts'
import { dateOf, isObject, type Platform, type Refused, refusalOf, request, SignInError, text } from './sign-in.ts'

type Account = { email: string; password: string }

/** `code` goes with a second factor, `totp` where nothing is said; `challengeId` with a phone and a passkey. */
export type NewPassword = Account & {
  newPassword: string
  code?: string | object
  factor?: 'totp' | 'recovery' | 'phone' | 'passkey'
  challengeId?: string
}

export type PasswordChanged = { state: 'changed' }

/** Whether anything was sent, nobody is told. */
export type LinkAsked = { state: 'asked' }

/** All throw SignInError where nothing is known; a refusal is an answer. */
export type PasswordClient = {
  askForCode(account: Account, factor: 'phone' | 'passkey'): Promise<CodeAsked | Refused>
  change(next: NewPassword): Promise<PasswordChanged | Refused>
  sendLink(email: string): Promise<LinkAsked | Refused>
  /** `behind` as `SYSTEM.TOKEN`. */
  setByLink(behind: string, newPassword: string): Promise<PasswordChanged | Refused>
}

const path = '/api/v/4/user/password'

export function passwordClient(platform: Platform): PasswordClient {
  const post = async (what: string, body: unknown) => {
    const response = await request(platform, { method: 'POST', path: `${path}/${what}`, body })
    const answer = await readObject(response)
    return response.ok ? { answer } : { refused: refusalOf(answer, response) }
  }
  return {
    async askForCode({ email, password }, factor) {
      const { answer, refused } = await post('code', { email, password, factor })
      if (refused !== undefined) return refused
      const challengeId = text(answer.challenge_id)
      if (challengeId === undefined) throw notOne()
      return {
        ...{ state: 'asked', challengeId, to: text(answer.to) },
        ...{
          passkey: isObject(answer.passkey) ? answer.passkey : undefined,
          expiresAt: dateOf(text(answer.expires_at)),
        },
      }
    },
    async change({ newPassword, challengeId, ...proof }) {
      const body = {
        ...proof,
        new_password: newPassword,
        ...(challengeId !== undefined && { challenge_id: challengeId }),
      }
      const { answer, refused } = await post('change', body)
      if (refused !== undefined) return refused
      if (text(answer.user_id) === undefined) throw notOne()
      return { state: 'changed' }
    },
    async sendLink(email) {
      const { answer, refused } = await post('reset', { email })
      if (refused !== undefined) return refused
      if (answer.asked !== true) throw notOne()
      return { state: 'asked' }
    },
    async setByLink(behind, newPassword) {
      const [key, token] = behind.split('.')
      const body = { system_key: key, token, new_password: newPassword }
      const { answer, refused } = await post('reset/confirm', body)
      if (refused !== undefined) return refused
      if (text(answer.user_id) === undefined) throw notOne()
      return { state: 'changed' }
    },
  }
}

async function readObject(response: Response): Promise<Record<string, unknown>> {
  if (response.status >= 500) throw new SignInError(`The platform could not do it (status ${response.status}).`)
  try {
    const answer: unknown = await response.json()
    if (isObject(answer)) return answer
  } catch (cause) {
    throw new SignInError(`What answers is no platform (status ${response.status}).`, { cause })
  }
  throw notOne()
}

const notOne = (): SignInError => new SignInError('What answers is no platform, or another version of one.')
