/**
 * Asking a node over its developer API: the envelope of an error becomes a sentence, a sign-in that ran out is renewed once.
 * Which node is meant is `target.ts`.
 */
import { CommandError } from './failure.ts'
import { isStream, readStream } from './progress.ts'
import { changeSignIns, type SignIn } from './sign-ins.ts'

export type Asked = {
  token?: string
  query?: Record<string, string>
  body?: unknown
  headers?: Record<string, string>
  /** Milliseconds; none for a service, which has a limit of its own. */
  patience?: number
  /** Asks for an answer that tells how far it is. A node that does not know of it answers at the end, as always. */
  onProgress?: (progress: Progress) => void
  /** The answer is a file. */
  binary?: true
}

export type Progress = { phase: string; done: number; total?: number }

/** `bytes` where they were asked for and the call went well; the text is then empty. */
export type Answer = { status: number; text: string; headers: Headers; bytes?: Buffer }

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

/** What a node said no with. `code` is that of the error table, 0 for what was no envelope. */
export class RefusedError extends CommandError {
  readonly status: number
  readonly code: number

  constructor(status: number, code: number, message: string) {
    super(message, { status, code })
    this.status = status
    this.code = code
  }
}

export type Api = {
  url: string
  email: string
  /** The parsed answer of a call that went well. Throws RefusedError, CommandError. */
  call<T>(method: Method, path: string, asked?: Omit<Asked, 'token'>): Promise<T>
  /** The bytes of an answer that went well. Throws RefusedError, CommandError. */
  bytes(method: Method, path: string, asked?: Omit<Asked, 'token'>): Promise<Buffer>
  /** The answer as it came, whatever its status. */
  ask(method: Method, path: string, asked?: Omit<Asked, 'token'>): Promise<Answer>
}

/** What packages take, the largest of them from far away. */
export const longPatienceMs = 600_000

/** A node as the developer of a remembered sign-in. */
export function openApi(url: string, kept: SignIn, file: string): Api {
  let signIn = kept
  const ask: Api['ask'] = async (method, path, asked) => {
    const soon = Date.now() / 1000 + 60
    if (signIn.expiresAt !== 0 && signIn.expiresAt < soon) signIn = await renew(url, signIn, file)
    const answer = await send(url, method, path, { ...asked, token: signIn.token })
    if (!isSignedOut(answer)) return answer
    signIn = await renew(url, signIn, file)
    return send(url, method, path, { ...asked, token: signIn.token })
  }
  return {
    url,
    email: kept.email,
    ask,
    call: async (method, path, asked) => readAnswer(url, await ask(method, path, asked)),
    bytes: async (method, path, asked) => {
      const answer = await ask(method, path, { ...asked, binary: true })
      if (answer.bytes === undefined) throw refusalIn(answer) ?? noNode(url, answer.status)
      return answer.bytes
    },
  }
}

/** The envelope that says so, not just any 401, which a service may answer too. */
const isSignedOut = (answer: Answer): boolean =>
  answer.status === 401 && !isOfService(answer) && refusalIn(answer)?.code === notSignedIn
const notSignedIn = 204

/** What `resp.send` of a service made, marked by the node with the policy for strangers' pages. */
export const isOfService = ({ headers }: Answer): boolean =>
  headers.get('content-security-policy')?.startsWith('sandbox') === true

/** Spends the refresh token. Where another command did that meanwhile, takes what it got. */
async function renew(url: string, old: SignIn, file: string): Promise<SignIn> {
  const renewed = await changeSignIns(file, async ({ byUrl }) => {
    const now = byUrl.get(url)
    if (now === undefined) return undefined
    if (now.token !== old.token) return now
    if (now.refreshToken !== '') {
      const body = { grant_type: 'refresh_token', refresh_token: now.refreshToken }
      const answer = await send(url, 'POST', '/admin/auth', { body })
      if (answer.status !== 401) {
        const fresh = signInFrom(url, answer, old.email)
        byUrl.set(url, fresh)
        return fresh
      }
    }
    byUrl.delete(url)
    return undefined
  })
  if (renewed === undefined) {
    throw new CommandError(`The sign-in at ${url} is over. Log in again: gatehouse login --url ${url}`)
  }
  return renewed
}

/** The session in an answer of `POST /admin/auth`. Throws RefusedError, CommandError. */
export function signInFrom(url: string, answer: Answer, email: string): SignIn {
  const body = readAnswer<Record<string, unknown> | null>(url, answer)
  if (typeof body?.dev_token !== 'string' || body.dev_token === '') throw noNode(url, answer.status)
  return {
    email,
    token: body.dev_token,
    refreshToken: typeof body.refresh_token === 'string' ? body.refresh_token : '',
    expiresAt: typeof body.expires_at === 'number' ? body.expires_at : 0,
  }
}

/** The parsed body of an answer that went well; an empty one is undefined. Throws RefusedError, CommandError. */
export function readAnswer<T>(url: string, answer: Answer): T {
  if (answer.status >= 400) throw refusalIn(answer) ?? noNode(url, answer.status)
  if (answer.text === '') return undefined as T
  try {
    return JSON.parse(answer.text)
  } catch {
    throw noNode(url, answer.status)
  }
}

function refusalIn({ status, text }: Answer): RefusedError | undefined {
  try {
    const { code, detail, message, hint } = JSON.parse(text).error
    const words = String(detail || message)
    const whole = typeof hint === 'string' && !words.includes(hint) ? `${words} ${hint}` : words
    return new RefusedError(status, Number(code) || 0, whole)
  } catch {
    return undefined
  }
}

const noNode = (url: string, status: number): RefusedError =>
  new RefusedError(status, 0, `What answers at ${url} is no Gatehouse node (status ${status}). Is the address right?`)

/** What no call of the developer API takes. */
const patienceMs = 120_000
/** Renewing holds a lock that others take for dead after a minute. */
const signInPatienceMs = 30_000

/** One request. Redirects are not followed: a token goes to the address that it was given for. Throws CommandError. */
export async function send(url: string, method: Method, path: string, asked: Asked = {}): Promise<Answer> {
  const { token, query, body, headers } = asked
  const target = `${url}${path}${query === undefined ? '' : `?${new URLSearchParams(query)}`}`
  const patience = asked.patience ?? (path === '/admin/auth' ? signInPatienceMs : patienceMs)
  let answer: Answer
  try {
    const response = await fetch(target, {
      method,
      redirect: 'manual',
      headers: {
        ...(token !== undefined && { 'clearblade-devtoken': token }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(asked.onProgress !== undefined && { accept: 'application/x-ndjson' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(Number.isFinite(patience) && { signal: AbortSignal.timeout(patience) }),
    })
    answer = isStream(response)
      ? await readStream(response, asked.onProgress ?? (() => {}))
      : await readWhole(response, asked.binary === true)
  } catch (error) {
    throw new CommandError(unreachable(url, error as Error), { url })
  }
  if (answer.status >= 300 && answer.status < 400 && !isOfService(answer)) {
    const to = URL.parse(answer.headers.get('location') ?? '', target)?.origin
    throw new CommandError(`${url} sends on to ${to ?? 'another address'}. Log in there, if it is your node.`, { url })
  }
  return answer
}

async function readWhole(response: Response, binary: boolean): Promise<Answer> {
  const { status, headers, ok } = response
  if (binary && ok) return { status, text: '', headers, bytes: Buffer.from(await response.arrayBuffer()) }
  return { status, text: await response.text(), headers }
}

/** A name in a path. Dots alone would lead elsewhere. */
export function segment(name: string): string {
  if (name === '' || name === '.' || name === '..') throw new CommandError(`"${name}" is no name.`)
  return encodeURIComponent(name)
}

function unreachable(url: string, error: Error): string {
  const cause = (error.cause ?? error) as NodeJS.ErrnoException
  switch (cause.code ?? error.name) {
    case 'ECONNREFUSED':
      return `Nothing answers at ${url}: the connection was refused. Start the node with "gatehouse start", or name another one with --url.`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The host of ${url} cannot be found. Check the address, or name another one with --url.`
    case 'TimeoutError':
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
      return `${url} did not answer in time. What was asked may still be done.`
    case 'BrokenOff':
      return `${url} broke off before it was done. What was asked may still be done, or not at all.`
    default:
      if (/CERT|SELF_SIGNED|VERIFY/.test(cause.code ?? '')) {
        return `The certificate of ${url} is not trusted (${cause.code}). Name its authority with NODE_EXTRA_CA_CERTS=FILE.`
      }
      return `${url} cannot be reached: ${cause.message}. Check the address and the network.`
  }
}
