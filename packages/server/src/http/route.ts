/**
 * A route as a value: where, who may, what comes in, what goes out, and a handler of one line. Turning routes into a
 * server is `server.ts`; who the caller is, `callers.ts`.
 */
import type { NodeKey } from '../base/node-key.ts'
import type { NodeScope, SystemScope } from '../domain/access/scope.ts'
import type { AskOverride } from '../domain/auth/override.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

/**
 * - `anybody`: no credential needed.
 * - `system`: the system's key and secret (a token may come with them).
 * - `system or session`: the same, or a token alone.
 * - `session`: a token of a user, an anonymous session or a developer of the system; it alone names the system.
 * - `developer`: a developer's token.
 * - `system developer`: a developer's token, and a system in the path (or where `systemFrom` says) that is his.
 */
export type Allow = 'anybody' | 'system' | 'system or session' | 'session' | 'developer' | 'system developer'

type ScopeOf<A extends Allow> = A extends 'anybody' | 'developer' ? NodeScope : SystemScope

export type RouteInput<B> = {
  params: Record<string, string>
  /** As sent: a name that came twice is a list. */
  query: Record<string, string | string[] | undefined>
  body: B
  headers: Record<string, string | string[] | undefined>
  ask: AskOverride
}

declare const passed: unique symbol

/** The JSON schema of a body; `B` is the type of what passes it. */
export type BodySchema<B> = { readonly type: 'object'; readonly [passed]?: B }

type Definition<A extends Allow, B> = {
  method: Method
  /** Several where the contract knows several names for one thing. */
  path: string | readonly string[]
  allow: A
  summary: string
  body?: BodySchema<B>
  /** The body is a form (`a=1&b=2`), handed on as the text it came as; small. */
  form?: true
  /** In bytes, where more than usual is taken; the caller is then asked for before the body is read. */
  bodyLimit?: number
  /** Finds the system for a developer's token where no path segment holds its key. */
  systemFrom?: (input: RouteInput<unknown>) => string | { collection: string } | undefined
  /** Answers at the origin of portals too, where the user API does anyway. */
  portal?: true
  /** Reads key and secret of the system where they do not stand in the headers. */
  systemIn?: (input: RouteInput<unknown>, key: NodeKey) => { systemKey: string; systemSecret: string }
  handle: (scope: ScopeOf<A>, input: RouteInput<B>) => Promise<unknown>
}

export type Route = {
  method: Method
  paths: readonly string[]
  allow: Allow
  summary: string
  body: BodySchema<unknown> | undefined
  form: boolean
  bodyLimit: number | undefined
  systemFrom: ((input: RouteInput<unknown>) => string | { collection: string } | undefined) | undefined
  portal: boolean
  systemIn: ((input: RouteInput<unknown>, key: NodeKey) => { systemKey: string; systemSecret: string }) | undefined
  handle: (scope: SystemScope, input: RouteInput<unknown>) => Promise<unknown>
}

export function route<A extends Allow, B>(definition: Definition<A, B>): Route {
  return {
    method: definition.method,
    paths: typeof definition.path === 'string' ? [definition.path] : definition.path,
    allow: definition.allow,
    summary: definition.summary,
    body: definition.body,
    form: definition.form === true,
    bodyLimit: definition.bodyLimit,
    systemFrom: definition.systemFrom,
    portal: definition.portal === true,
    systemIn: definition.systemIn,
    // The server builds the scope that `allow` names before it calls, so both widenings hold.
    handle: definition.handle as Route['handle'],
  }
}

/** An answer that is more than a JSON body with status 200. */
export class Reply {
  readonly status: number
  readonly body: unknown
  readonly headers: Record<string, string>

  constructor(body: unknown, more: { status?: number; headers?: Record<string, string> } = {}) {
    this.body = body
    this.status = more.status ?? 200
    this.headers = more.headers ?? {}
  }
}

/** 200 with nothing in it: what callers that only look at the status are given. */
export const empty = (): Reply => new Reply('')
