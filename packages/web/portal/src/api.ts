/** What the page of a portal asks of its node: to be opened, a sign-in, and calls of the user API. All at its own origin. */
import { type Fields, fields, number, text } from './model/fields.ts'

/** What stands in the address of a portal (packages-portals-edge.md §3.7). */
export type Link = {
  systemKey: string
  systemSecret: string
  name: string
  allowAnon: boolean
  /** Opens the portal as it stands in an editor, unsaved. */
  draft?: string
}

export function readLink(search: string): Link {
  const given = new URLSearchParams(search)
  const draft = given.get('draft')
  return {
    systemKey: given.get('systemKey') ?? '',
    systemSecret: given.get('systemSecret') ?? '',
    name: given.get('name') ?? '',
    allowAnon: given.get('allowAnon') === 'true',
    ...(draft !== null && { draft }),
  }
}

export class NodeError extends Error {
  readonly status: number
  /** Of the error table of the platform; 0 where there is none. */
  readonly code: number

  constructor(status: number, message: string, code = 0) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** Throws NodeError; status 0 where no answer came. */
export async function ask(method: 'GET' | 'POST', path: string, more: { token?: string; body?: unknown } = {}) {
  let response: Response
  try {
    response = await fetch(path, {
      method,
      headers: {
        ...(more.token !== undefined && { 'ClearBlade-UserToken': more.token }),
        ...(more.body !== undefined && { 'Content-Type': 'application/json' }),
      },
      ...(more.body !== undefined && { body: JSON.stringify(more.body) }),
      redirect: 'error',
    })
  } catch {
    throw new NodeError(0, 'The node did not answer. Is the network there?')
  }
  const answer = parsed(await response.text())
  if (response.ok) return answer
  const error = fields(fields(answer).error)
  const words = text(error.detail) || text(error.message) || `The node answered with ${response.status}.`
  throw new NodeError(response.status, words, number(error.code, 0))
}

function parsed(words: string): unknown {
  try {
    return JSON.parse(words)
  } catch {
    return words
  }
}

export type Opened = {
  portal: Fields
  systemKey: string
  systemSecret: string
  caller: 'user' | 'anonymous'
  anonymousToken: string | undefined
}

/** Throws NodeError: 401 where a sign-in is needed, 403 where the one that there is does not do. */
export async function openPortal(link: Link, token: string | undefined): Promise<Opened> {
  const answer = fields(
    await ask('POST', '/console-api/portal/open', { body: link, ...(token !== undefined && { token }) }),
  )
  return {
    portal: fields(answer.portal),
    systemKey: text(answer.systemKey),
    systemSecret: text(answer.systemSecret),
    caller: answer.caller === 'user' ? 'user' : 'anonymous',
    anonymousToken: text(answer.anonymousToken) || undefined,
  }
}

export type SignInStep =
  | { state: 'in'; token: string; email: string }
  | {
      state: 'code'
      message: string
      factorId: string
      kind: string
      /** What the browser is asked, where a passkey is. */
      passkey: PublicKeyCredentialRequestOptionsJSON | undefined
      /** Other second factors that this person has. */
      others: string[]
    }
  | { state: 'refused'; message: string }

/** The browser asks its person, by finger, face or PIN; undefined where nothing came of it. */
export async function usePasskey(asked: PublicKeyCredentialRequestOptionsJSON): Promise<object | undefined> {
  try {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(asked)
    const credential = await navigator.credentials.get({ publicKey })
    return credential instanceof PublicKeyCredential ? credential.toJSON() : undefined
  } catch {
    return undefined
  }
}

/** Whether whoever has forgotten a password is sent a link for another one; where that is not known, nobody is. */
export async function offersReset({ systemKey, systemSecret }: Link): Promise<boolean> {
  try {
    return (
      fields(await ask('POST', '/console-api/portal/password', { body: { systemKey, systemSecret } })).reset === true
    )
  } catch {
    return false
  }
}

/** Sends it where there is such an account; nobody is told whether there is. Throws NodeError. */
export async function askForReset({ systemKey, systemSecret }: Link, email: string): Promise<void> {
  await ask('POST', '/console-api/portal/password/reset', { body: { email, systemKey, systemSecret } })
}

/** One step of a sign-in, with what the person gave. A refusal is an answer. */
export async function signInStep(link: Link, given: Fields): Promise<SignInStep> {
  const { systemKey, systemSecret } = link
  let answer: unknown
  try {
    answer = await ask('POST', '/console-api/portal/init/user', { body: { ...given, systemKey, systemSecret } })
  } catch (error) {
    return { state: 'refused', message: (error as Error).message }
  }
  const options = fields(fields(answer).options)
  const token = text(fields(answer).userToken)
  if (token !== '') return { state: 'in', token, email: text(options.email) || text(given.email) }
  const factorId = text(options.factor_id)
  const message = text(options.message)
  if (factorId === '' || options.err === true) {
    return { state: 'refused', message: message || 'The sign-in was refused.' }
  }
  const kinds = Array.isArray(options.kinds) ? options.kinds.map((kind) => text(kind)) : []
  return {
    ...{ state: 'code', message: message || 'Enter the code.', factorId, kind: text(options.kind) },
    passkey: isPasskey(options.passkey) ? options.passkey : undefined,
    others: kinds.filter((kind) => kind !== options.kind),
  }
}

const isPasskey = (given: unknown): given is PublicKeyCredentialRequestOptionsJSON =>
  typeof fields(given).challenge === 'string'
