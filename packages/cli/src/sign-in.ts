/** Signing in to a node and remembering it. Who is asked for e-mail and password is `login.ts`. */
import { type Answer, readAnswer, send, signInFrom } from './api.ts'
import { CommandError } from './failure.ts'
import { changeSignIns, type SignIn } from './sign-ins.ts'

export type Credentials = { email: string; password: string }

/** Asks for the code of a second factor that the node wants beside the password; `kinds` are those that would do here. */
export type AskCode = (kinds: readonly CodeKind[]) => Promise<string>
export type CodeKind = 'totp' | 'recovery'

/** Where nobody is there to type one. */
const nobodyToAsk: AskCode = async () => {
  throw new CommandError('This developer has a second factor. Log in with it first: gatehouse login')
}

/** Signs in and keeps that in the file, as the one that later commands take; ends what it replaces. Throws CommandError. */
export async function signInAndKeep(
  url: string,
  credentials: Credentials,
  file: string,
  askCode: AskCode = nobodyToAsk,
): Promise<SignIn> {
  const signIn = await passDoor(url, credentials, askCode)
  const before = await changeSignIns(file, async (signIns) => {
    const old = signIns.byUrl.get(url)
    signIns.byUrl.set(url, signIn)
    signIns.last = url
    return old
  })
  // Nobody holds the old token any more; should the node not end it now, it runs out by itself.
  if (before !== undefined) await send(url, 'POST', '/admin/logout', { token: before.token }).catch(() => undefined)
  return signIn
}

async function passDoor(url: string, { email, password }: Credentials, askCode: AskCode): Promise<SignIn> {
  const ask = (factor?: CodeKind) =>
    send(url, 'POST', '/admin/auth', { body: { email, password, ...(factor !== undefined && { factor }) } })
  const first = await ask()
  const owed = owedIn(url, first)
  if (owed === undefined) return signInFrom(url, first, email)
  const kinds = owed.kinds.filter((kind) => kind === 'totp' || kind === 'recovery')
  if (kinds.length === 0) {
    throw new CommandError(
      'Your second factor is a passkey, which needs a browser. In the console, under My account, bind an app or make recovery codes.',
    )
  }
  const code = (await askCode(kinds)).trim()
  if (code === '') throw new CommandError('The code is empty.')
  const kind: CodeKind = /^\d{3}[\s-]?\d{3}$/.test(code) ? 'totp' : 'recovery'
  // An attempt is for one kind; another begins with the password again.
  const attempt = kind === owed.method ? owed.attempt : owedIn(url, await ask(kind))?.attempt
  const done = await send(url, 'POST', '/admin/auth/verify', { ...(attempt && { token: attempt }), body: { code } })
  return signInFrom(url, done, email)
}

/** What an answer of `POST /admin/auth` asks for besides; undefined where it asks for nothing. Throws RefusedError, CommandError. */
function owedIn(url: string, answer: Answer): { attempt: string; method: string; kinds: string[] } | undefined {
  const body = readAnswer<Record<string, unknown> | null>(url, answer)
  if (body?.is_two_factor !== true) return undefined
  const { intermediate_token: attempt, two_factor_method: method, two_factor_kinds: kinds } = body
  if (typeof attempt !== 'string' || typeof method !== 'string') return undefined
  return { attempt, method, kinds: Array.isArray(kinds) ? kinds.map(String) : [method] }
}

/** E-mail and password of the environment, where both are there. */
export function credentialsOfEnvironment(): Credentials | undefined {
  const { GATEHOUSE_DEVELOPER_EMAIL: email, GATEHOUSE_DEVELOPER_PASSWORD: password } = process.env
  return email && password ? { email, password } : undefined
}

/** A password over plain http can be read by everybody on the way, unless the way is this machine. Throws CommandError. */
export function demandPrivateWay(url: string): void {
  const { protocol, hostname } = new URL(url)
  if (protocol === 'https:' || hostname === 'localhost' || hostname === '[::1]' || /^127\.[\d.]+$/.test(hostname))
    return
  throw new CommandError(
    `${url} is plain http on another machine: password and token could be read on the way. Use https://, or log in with --insecure-http.`,
  )
}
