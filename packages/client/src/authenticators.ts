/**
 * The own second factors of a user who is signed in: which there are, and new recovery codes, for the platform or for one edge.
 * Codes are made by the password and a fresh code, in a session that was opened with a second factor:
 *
 *   const own = authenticatorsClient(platform, token)
 *   const asked = await own.askForCode(password, 'phone')          // not for an app: its code is at hand
 *   const made = await own.makeRecoveryCodes({ password, code, factor: 'phone', challengeId: asked.challengeId })
 */
import { dateOf, isObject, type Platform, type Refused, refusalOf, request, SignInError, text } from './sign-in.ts'

export type Authenticator = {
  id: string
  /** `passkey`, `totp`, `phone` or `recovery`. */
  kind: string
  /** For people, as `+1 ••• 0123`. */
  label: string
  /** `bound`, `disabled`, or `pending` where it was begun and not confirmed. */
  state: string
  boundAt: Date | undefined
  /** Of recovery codes of the platform: how many are left. */
  left: number | undefined
  /** Of recovery codes that are good at that edge alone, and how many it told to be used. */
  edge: string | undefined
  spent: number | undefined
}

export type Listed = { state: 'listed'; authenticators: Authenticator[] }

export type CodeAsked = {
  state: 'asked'
  challengeId: string
  /** Where it was sent. */
  to: string | undefined
  /** What the browser is asked for a passkey, as `signIn` has it. */
  passkey: Record<string, unknown> | undefined
  expiresAt: Date | undefined
}

export type CodesMade = {
  state: 'made'
  /** Shown this once: the platform keeps hashes, or cannot read them at all. */
  codes: string[]
  /** Where they are good; undefined for the platform. */
  edge: string | undefined
}

/** `factor` is `totp` where nothing is said; `challengeId` goes with a phone and a passkey. */
export type FreshCode = {
  password: string
  code: string | object
  factor?: 'totp' | 'recovery' | 'phone' | 'passkey'
  challengeId?: string
  /** For which edge; the ones for the platform and for other edges stay as they are. */
  edge?: string
}

/** All throw SignInError where nothing is known; a refusal is an answer. */
export type AuthenticatorsClient = {
  list(): Promise<Listed | Refused>
  askForCode(password: string, factor: 'phone' | 'passkey'): Promise<CodeAsked | Refused>
  /** The ones before, for the same place, are good no more. */
  makeRecoveryCodes(fresh: FreshCode): Promise<CodesMade | Refused>
}

const path = '/api/v/4/user/authenticators'

/** `token` is of a user's session (`signIn`). */
export function authenticatorsClient(platform: Platform, token: string): AuthenticatorsClient {
  const post = (what: string, body: unknown) => ask({ method: 'POST', path: `${path}/${what}`, body })
  const ask = async (asked: { method: 'GET' | 'POST'; path: string; body?: unknown }) => {
    const response = await request(platform, { ...asked, token })
    const answer = await readJson(response)
    return response.ok ? { answer } : { refused: refusalOf(isObject(answer) ? answer : {}, response) }
  }
  return {
    async list() {
      const { answer, refused } = await ask({ method: 'GET', path })
      if (refused !== undefined) return refused
      if (!Array.isArray(answer)) throw notOne()
      return { state: 'listed', authenticators: answer.filter(isObject).map(authenticatorOf) }
    },
    async askForCode(password, factor) {
      const { answer, refused } = await post('code', { password, factor })
      if (refused !== undefined) return refused
      const challengeId = isObject(answer) ? text(answer.challenge_id) : undefined
      if (!isObject(answer) || challengeId === undefined) throw notOne()
      const { to, passkey, expires_at: expiresAt } = answer
      return {
        ...{ state: 'asked', challengeId, to: text(to), passkey: isObject(passkey) ? passkey : undefined },
        expiresAt: dateOf(text(expiresAt)),
      }
    },
    async makeRecoveryCodes({ challengeId, ...fresh }) {
      const body = { ...fresh, ...(challengeId !== undefined && { challenge_id: challengeId }) }
      const { answer, refused } = await post('recovery-codes', body)
      if (refused !== undefined) return refused
      const codes = isObject(answer) ? answer.recovery_codes : undefined
      const isWhole = Array.isArray(codes) && codes.length > 0 && codes.every((code) => typeof code === 'string')
      // Codes for another place than the one that was asked for would be good nowhere.
      if (!isObject(answer) || !isWhole || text(answer.edge) !== fresh.edge) throw notOne()
      return { state: 'made', codes, edge: text(answer.edge) }
    },
  }
}

const authenticatorOf = (one: Record<string, unknown>): Authenticator => ({
  ...{ id: text(one.id) ?? '', kind: text(one.kind) ?? '', label: text(one.label) ?? '', state: text(one.state) ?? '' },
  boundAt: typeof one.bound_at === 'number' ? new Date(one.bound_at) : undefined,
  ...{ left: countIn(one.left), edge: text(one.edge), spent: countIn(one.spent) },
})

const countIn = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)

async function readJson(response: Response): Promise<unknown> {
  if (response.status >= 500) throw new SignInError(`The platform could not do it (status ${response.status}).`)
  try {
    return await response.json()
  } catch (cause) {
    throw new SignInError(`What answers is no platform (status ${response.status}).`, { cause })
  }
}

const notOne = (): SignInError => new SignInError('What answers is no platform, or another version of one.')
