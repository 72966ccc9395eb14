/**
 * Sign-in of users by a program, in a browser or in Node: the password, and what an auth service asks for after it. Speaks
 * `POST /api/v/1/user/auth` as every client of the contract does, with the two steps of the package two-factor-auth.
 *
 * A passkey is used by the browser, on a page where it is good:
 *
 *   const state = await client.signIn({ email, password })
 *   if (state.state === 'code' && state.passkey !== undefined) {
 *     const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(state.passkey)
 *     const credential = await navigator.credentials.get({ publicKey })
 *     const next = await state.answer(credential.toJSON())
 *   }
 */

export type Platform = {
  /** As `https://gate.example.com`, without a path. */
  url: string
  systemKey: string
  systemSecret: string
  /** An auth service may take its time; after this the answer is not waited for. */
  timeoutMs?: number
}

/** Whatever stands beside e-mail and password reaches the auth service as it is. */
export type Credentials = { email: string; password: string; [name: string]: unknown }

/** What the auth service says beside its decision. */
type Options = Record<string, unknown>

export type SignedIn = {
  state: 'in'
  /** For the header `ClearBlade-UserToken`, and for every SDK of the contract. */
  token: string
  refreshToken: string | undefined
  userId: string
  expiresAt: Date | undefined
  options: Options
}

export type CodeNeeded = {
  state: 'code'
  /** For people: which code is asked for. */
  message: string
  /** `passkey`, `totp`, `phone` or `recovery`. */
  kind: string | undefined
  /** All that this user could be asked for; another one begins with `signIn({…, factor_kind})`. */
  kinds: string[]
  /** Where it was sent, as `+1 ••• 0123`. */
  to: string | undefined
  /** What the browser is asked for a passkey: PublicKeyCredentialRequestOptionsJSON of Web Authentication Level 3. */
  passkey: Record<string, unknown> | undefined
  expiresAt: Date | undefined
  options: Options
  /**
   * What the user typed; for a passkey what `toJSON()` makes of the browser's credential. After a refusal another try is
   * possible with the same function, as often as the platform lets it. `more` reaches the auth service beside the code, as
   * `{remember_device: true}`.
   */
  answer(code: string | object, more?: Record<string, unknown>): Promise<SignInState>
  /** Answers with another `code`, which takes the place of this one; after a refusal this one is still good. */
  resend(): Promise<SignInState>
}

export type Refused = {
  state: 'refused'
  /** For people. */
  message: string
  /** Where the platform says when to try again. */
  retryAfterSeconds: number | undefined
  options: Options
}

export type SignInState = SignedIn | CodeNeeded | Refused

/** The platform cannot be reached, or what answers is none: nothing is known of the sign-in. */
export class SignInError extends Error {
  override name = 'SignInError'
}

export type SignInClient = {
  /** Throws SignInError; a refusal is an answer and not thrown. */
  signIn(credentials: Credentials): Promise<SignInState>
}

export function signInClient(platform: Platform): SignInClient {
  const { origin } = new URL(platform.url)
  const ask = async (body: unknown): Promise<SignInState> => {
    const response = await request(platform, { method: 'POST', path: '/api/v/1/user/auth', body })
    return stateOf(await readAnswer(response, origin), response, ask)
  }
  return { signIn: (credentials) => ask(credentials) }
}

/** For the other calls of this package. `token` is that of a session. Throws SignInError. */
export async function request(
  { url, systemKey, systemSecret, timeoutMs = 60_000 }: Platform,
  asked: { method: 'GET' | 'POST'; path: string; body?: unknown; token?: string },
): Promise<Response> {
  const { origin } = new URL(url)
  try {
    return await fetch(`${origin}${asked.path}`, {
      method: asked.method,
      headers: {
        'Content-Type': 'application/json',
        'ClearBlade-SystemKey': systemKey,
        'ClearBlade-SystemSecret': systemSecret,
        ...(asked.token !== undefined && { 'ClearBlade-UserToken': asked.token }),
      },
      ...(asked.body !== undefined && { body: JSON.stringify(asked.body) }),
      // A password goes to the platform that was named, and to no other that it points to.
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    })
  } catch (cause) {
    throw new SignInError(`${origin} did not answer. Is the platform running, and can it be reached?`, { cause })
  }
}

/** Throws SignInError for what is no answer of a platform. */
async function readAnswer(response: Response, origin: string): Promise<Options> {
  try {
    const answer: unknown = await response.json()
    if (response.status < 500 && isObject(answer)) return answer
  } catch (cause) {
    throw new SignInError(`${origin} did not answer as a platform does (status ${response.status}).`, { cause })
  }
  throw new SignInError(`${origin} could not decide on the sign-in (status ${response.status}).`)
}

/** A status of 200 says nothing here: who is in has a token, and nobody else is. */
function stateOf(answer: Options, response: Response, ask: (body: unknown) => Promise<SignInState>): SignInState {
  const options = isObject(answer.options) ? answer.options : {}
  const token = text(answer.user_token)
  if (response.ok && token !== undefined) {
    return {
      ...{ state: 'in', token, refreshToken: text(answer.refresh_token), userId: text(answer.user_id) ?? '' },
      expiresAt: typeof answer.expires_at === 'number' ? new Date(answer.expires_at * 1000) : undefined,
      options,
    }
  }
  const factorId = text(options.factor_id)
  if (response.ok && factorId !== undefined && options.err !== true) {
    return {
      ...{ state: 'code', message: text(options.message) ?? 'Enter the code.', kind: text(options.kind) },
      kinds: Array.isArray(options.kinds) ? options.kinds.filter((kind) => typeof kind === 'string') : [],
      to: text(options.to),
      passkey: isObject(options.passkey) ? options.passkey : undefined,
      expiresAt: dateOf(text(options.expires_at)),
      options,
      answer: (code, more = {}) => ask({ ...more, factor: 2, factor_id: factorId, code }),
      resend: () => ask({ factor_id: factorId, resend: true }),
    }
  }
  return refusalOf(answer, response)
}

/** Whoever refuses says why in words for people. */
export function refusalOf(answer: Record<string, unknown>, response: Response): Refused {
  const options = isObject(answer.options) ? answer.options : {}
  const error = isObject(answer.error) ? answer.error : {}
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return {
    state: 'refused',
    message: text(options.message) ?? text(error.detail) ?? text(error.message) ?? 'The platform refused it.',
    retryAfterSeconds: Number.isFinite(seconds) ? seconds : undefined,
    options,
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

export function dateOf(value: string | undefined): Date | undefined {
  const date = new Date(value ?? Number.NaN)
  return Number.isNaN(date.getTime()) ? undefined : date
}
