/** Asks the node. The developer's token travels in a header, so no other page can use it by asking. */

/** Who is signed in, as long as the browser keeps it. The console shares its origin with nobody (portals have their own). */
const storageKey = 'gatehouse.developer'

export type Session = { token: string; email: string }

type Listener = () => void
const listeners = new Set<Listener>()
let current: Session | undefined = stored()

function stored(): Session | undefined {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(storageKey) ?? 'null')
    if (typeof value !== 'object' || value === null) return undefined
    const { token, email } = value as Record<string, unknown>
    return typeof token === 'string' && typeof email === 'string' ? { token, email } : undefined
  } catch {
    return undefined
  }
}

export const session = (): Session | undefined => current

export function setSession(next: Session | undefined): void {
  current = next
  if (next === undefined) localStorage.removeItem(storageKey)
  else localStorage.setItem(storageKey, JSON.stringify(next))
  for (const listener of listeners) listener()
}

export function onSession(listener: Listener): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

// Another tab signed in or out.
addEventListener('storage', (event) => {
  if (event.key !== storageKey) return
  current = stored()
  for (const listener of listeners) listener()
})

/** What the node answered instead: `message` and `hint` are for people, `id` names it in the node's log. */
export class ApiError extends Error {
  readonly status: number
  readonly hint: string
  readonly id: string
  /** Of the error table of the contract; 0 where the node said none. */
  readonly code: number

  constructor(status: number, message: string, hint: string, id: string, code = 0) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.hint = hint
    this.id = id
    this.code = code
  }
}

export type Ask = {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  body?: unknown
  signal?: AbortSignal | undefined
  accept?: string
  headers?: Record<string, string>
  /** Answers that are none of the node's own, and so no refusal whatever their status. */
  foreign?: (response: Response) => boolean
}

/** Codes of errors that a page has an answer of its own for (contract/errors.ts). */
export const errorCodes = { conflict: 314, notSignedIn: 204 }

/** Rejects with ApiError. A token that is no longer good ends the session of the console. */
export async function ask<T>(path: string, given: Ask = {}): Promise<T> {
  const response = await send(path, given)
  const text = await response.text()
  return (text === '' ? undefined : readJson(text)) as T
}

/** The answer itself, for what is no JSON or comes line by line. */
export async function send(path: string, given: Ask = {}): Promise<Response> {
  const { method = 'GET', body, signal, accept = 'application/json', foreign } = given
  const headers: Record<string, string> = { accept, ...given.headers }
  if (current !== undefined) headers['ClearBlade-DevToken'] = current.token
  let response: Response
  try {
    response = await fetch(path, {
      method,
      headers,
      credentials: 'omit',
      ...(body !== undefined && { body: body instanceof Blob ? body : JSON.stringify(body) }),
      ...(signal !== undefined && { signal }),
    })
  } catch (cause) {
    if (signal?.aborted === true) throw cause
    throw new ApiError(0, 'The node cannot be reached.', 'Is it running, and are you online?', '')
  }
  if (response.ok || foreign?.(response) === true) return response
  const error = readFailure(response.status, await response.text().catch(() => ''))
  // A wrong password or code is a 401 too, and no reason to sign anybody out.
  if (response.status === 401 && error.code === errorCodes.notSignedIn && current !== undefined) setSession(undefined)
  throw error
}

/** `detail` is what people read; where there is a hint, it ends with it. */
export function readFailure(status: number, text: string): ApiError {
  const envelope = readJson(text) as { error?: Record<string, unknown> } | undefined
  const { detail, message, hint, id, code } = envelope?.error ?? {}
  const say = (value: unknown): string => (typeof value === 'string' ? value : '')
  const what = say(detail) || say(message) || `The node answered with status ${status}.`
  const mend = say(hint)
  return new ApiError(
    status,
    mend !== '' && what.endsWith(mend) ? what.slice(0, -mend.length).trim() : what,
    mend,
    say(id),
    typeof code === 'number' ? code : 0,
  )
}

export function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
