/**
 * What goes down to an edge, as values: groups of rows as they are at the moment they are read. Applying one twice, or a later
 * one after it, leaves the later state. Reading them is `read.ts`, writing them on an edge `apply.ts`.
 */
import type { Column, Row } from '@gatehouse/contract/columns.ts'

export const lanes = ['identity', 'configuration', 'data'] as const
export type Lane = (typeof lanes)[number]

/**
 * Where an edge stands in one lane. While a first sync is under way `at` names the last key that it holds; `position` is where
 * the change log stood when that began, and from where it goes on afterwards.
 */
export type Cursor = { incarnation: string; scope: string; position: number; at: string | null }
export type Cursors = Partial<Record<Lane, Cursor>>

/** Everything between two keys of a first sync, the second one included; null is the end. What is not named there is gone. */
export type Range = { after: string; upTo: string | null }

/**
 * What becomes of a column that two places changed without knowing of each other: the later stamp stands, that of the platform,
 * that of the edge, or both, the edge's as a row of its own.
 */
export const conflictRules = ['last_writer', 'platform', 'edge', 'both'] as const
export type ConflictRule = (typeof conflictRules)[number]

export type TableState = {
  id: string
  name: string
  kind: 'items' | 'users'
  columns: Column[]
  indexes: { column: string; unique: boolean }[]
  createdAt: number
  /** Of a collection whose rows go up as well. */
  rule?: ConflictRule
  /** Where single rows alone do: their keys. */
  up?: string[]
  /** It is copied once for this mark, columns and rows; what the edge has by then stays. */
  copy?: string
}

export type RoleState = {
  id: string
  name: string
  description: string
  createdAt: number
  privileged: boolean
  grants: { kind: string; item: string; level: number }[]
}

/** `sealed` to the edge's key while it travels, under its node key where it lies. */
export type AuthenticatorState = {
  id: string
  label: string
  sealed: string
  state: string
  boundAt: number
  boundBy: string
  lastStep: number
}

/** `codes` is sealed to the edge's key while it travels; the edge opens it to a list of `{id, selector, hash}`. */
export type CodesState = { id: string; edge: string; codes: string; madeAt: number }

/**
 * `sealed` as of an authenticator app; `credentialHash` is made where it lies, under that node's key, and '' on its way.
 */
export type PasskeyState = {
  id: string
  label: string
  sealed: string
  state: string
  boundAt: number
  credentialHash: string
  rpId: string
  signCount: number
  backedUp: boolean
}

export type UserState = {
  id: string
  row: Row
  emailKey: string
  passwordHash: string | null
  passwordStamp: string
  passwordWeak: boolean
  /** Why another password is asked for, on its way `asked` or `exposed`; null where this one is good. */
  passwordVoid: string | null
  disabled: boolean
  createdAt: number
  roles: string[]
  apps: AuthenticatorState[]
  /** Recovery codes for the edge: one set at most. */
  codes: CodesState[]
  passkeys: PasskeyState[]
  /** That there is one, and how it is shown. `sealed` holds its number as a seed does, or is '' where that stays behind. */
  phones: { id: string; label: string; boundAt: number; sealed: string }[]
  /** For how long the edge lets this user in by what it last knew, in seconds. */
  offlineLimit: number
  /** Failures that other edges told of, over all of them; which they are stays behind. */
  failures: { count: number; lastAt: number } | null
}

/** Of a user who may sign in at the edge, made elsewhere. `place` and `roles` as in `SessionRecord`. */
export type SessionState = {
  id: string
  tokenHash: string
  userId: string
  grantedBy: string
  factors: string
  createdAt: number
  expiresAt: number
  dataAge: number | null
  place: string
  roles: string[] | null
}

export type CodeState = {
  name: string
  settings: Record<string, unknown>
  version: number
  source: string
  compiled: string | null
  problem: string | null
  dialect: string
  dependencies: string
  createdAt: number
  updatedAt: number
  safe: { code: string; assembly: string } | null
  /** It is copied once for this mark. */
  copy?: string
}

/** As it lies on the platform, byte for byte; the bytes in base64. */
export type PortalState = {
  name: string
  files: { path: string; bytes: string }[]
  /** It is copied once for this mark. */
  copy?: string
}

/**
 * `whole`, or a `range` of keys: what is not named there is gone. `large`: it is there, and makes more than one message can hold.
 * `keep`: code that is copied once, as `service NAME`; it stays with all libraries that it requires there. `copies`: rows that are
 * copied once, each with its mark.
 */
export type Group =
  | { what: 'system'; name: string; secret: string; settings: Record<string, unknown> }
  | { what: 'roles'; put: RoleState[]; gone: string[]; whole: boolean }
  | { what: 'users'; table: TableState; put: UserState[]; gone: string[]; range: Range | null }
  /** Of `gone` some may never have been there, or were made there. */
  | { what: 'sessions'; put: SessionState[]; gone: { id: string; reason: string }[]; range: Range | null }
  /** By which roles sessions count that other edges made: all of these. */
  | { what: 'places'; put: { place: string; roles: string[] }[] }
  | {
      what: 'code'
      kind: 'service' | 'library'
      put: CodeState[]
      gone: string[]
      range: Range | null
      large?: string[]
      keep?: string[]
    }
  | { what: 'collections'; put: TableState[]; gone: string[]; range: Range | null }
  | { what: 'portals'; put: PortalState[]; gone: string[]; range: Range | null }
  | {
      what: 'rows'
      table: TableState
      put: Row[]
      gone: string[]
      range: Range | null
      large?: string[]
      copies?: Record<string, string>
    }
