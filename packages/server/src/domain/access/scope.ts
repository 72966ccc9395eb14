/**
 * What every function of the domain is handed first: where it works, for whom, and with which means. Made at the door
 * (HTTP) or at the start of a run; never kept beyond it.
 */
import type { Clock } from '../../base/clock.ts'
import type { CountryOf } from '../../base/countries.ts'
import type { Log } from '../../base/log.ts'
import type { NodeKey } from '../../base/node-key.ts'
import type { Tracing } from '../../base/tracing.ts'
import type { Store, SystemStore } from '../../store/store.ts'
import type { AttemptGate } from './attempt-gate.ts'
import type { Caller } from './caller.ts'
import type { Kept } from './kept.ts'

/** What an edge knows of how far it can be believed: its clock, and what it holds of users. */
export type EdgeStanding = {
  name: string
  /** Why the clock is not believed, as the beginning of a sentence; '' while it is. */
  doubt(): string
  /** Milliseconds since all that the platform knew of users was surely here; Infinity before it ever was. */
  identityAge(): number
  /** Whether that is all the time that went by: not where the edge was off, and its clock cannot say for how long. */
  isCounted(): boolean
}

/** What became of a message with a code, as an edge hears it. `retryAfter` in seconds. */
export type CodeSent = {
  state: 'accepted' | 'refused' | 'unknown'
  where: 'inbox' | 'provider'
  provider: string
  reason: string
  retryAfter?: number
}

/** How an edge gets its codes to phones. */
export type EdgeCodes = {
  /** Whether the auth service says what the message says, and how long the code is: not where the platform sends it. */
  ownWords: boolean
  /** Why none can be sent to this phone at this moment, as a sentence; undefined while one can. */
  problem(phone: { sealed: string }): string | undefined
  /** `number` is '' where the edge knows none. `no answer`: it may have been sent, and nothing more is. */
  send(
    scope: SystemScope,
    asked: { id: string; user: string; code: string; number: string; body: string },
  ): Promise<CodeSent | 'no answer'>
  /** The code of this challenge was entered rightly. */
  entered(scope: SystemScope, id: string): Promise<void>
}

/** What stays the same for as long as the node runs. */
export type Means = {
  store: Store
  clock: Clock
  log: Log
  key: NodeKey
  gate: AttemptGate
  kept: Kept
  /** Public URL of the node without a trailing slash. */
  publicUrl: () => string
  /** Where the pages of a system's portals are; undefined where the node serves none. */
  portalOrigin: (systemKey: string) => string | undefined
  countryOf: CountryOf
  tracing: Tracing
  mode: 'development' | 'production'
  /** On an edge alone. */
  edge?: EdgeStanding
  /** On a platform alone. Where it is missing, no session that an edge made counts. */
  throughEdge?: ThroughEdge
  edgeCodes?: EdgeCodes
}

/**
 * What counts by now of a session that this edge made for this user: ids of roles. `apart`: its deployments keep sessions where
 * they were made. `gone`: no deployment lets the user sign in there any more.
 */
export type ThroughEdge = (
  data: SystemStore,
  session: { edge: string; userId: string },
) => Promise<{ roles: readonly string[] } | 'apart' | 'gone'>

/** Where a request came from, as far as it is known to be true. */
export type Origin = {
  /** Address of the peer, or the one a trusted proxy saw. */
  address: string
  userAgent: string
  /** The origin of the web page that asks, as every browser says; '' or anything at all from what is no browser. */
  page?: string
  /** Of a remembered device, as the client of a sign-in says it; anything at all. */
  deviceToken?: string
}

export type NodeScope = Means & {
  caller: Caller
  origin: Origin
  /** Id of the run on whose behalf this happens; undefined for what comes from outside. */
  within?: string
}

export type SystemFacts = {
  key: string
  secret: string
  name: string
  ownerId: string
  settings: SystemSettings
  /** Grows with every change of rights, code, schema or settings. */
  revision: number
}

export type SystemScope = NodeScope & {
  system: SystemFacts
  /** Sees this system alone. */
  data: SystemStore
}

/** Who carries messages of a system. What is secret about it is named as `secret:NAME` and stands in the system's secrets. */
export type MessageProvider =
  | { kind: 'twilio'; account: string; token: string; from?: string; messaging_service?: string }
  | { kind: 'webhook'; url: string; secret: string }

/** `code` names one state of a service and of the libraries that it loads; times are milliseconds. */
export type SafeVersion = { service: string; version: number; code: string; at: number; by: string }
/** Of `seen` accounts, `erred` could not be judged. */
export type WithdrawnVersion = {
  service: string
  version: number
  code: string
  at: number
  erred: number
  seen: number
}

/** The SMTP server that takes notices to users; its password stands in the system's secrets. */
export type MailServer = {
  host: string
  port: number
  from: string
  user?: string
  password?: string
  /** `none` for a server in the own network, without user and password. */
  tls: 'required' | 'none'
}

/** How wrong passwords of a system's users are held back; times in seconds. */
export type SignInLimits = {
  /** Failures in a row that cost no wait. */
  free: number
  longest_wait: number
  /** Wrong passwords within `window` of one address, and of the network round it, whatever accounts they were for. */
  per_address: number
  per_network: number
  window: number
}

/** How old what an edge knows of users may be before it lets them in no more. */
export type OfflineLimits = {
  /** Seconds; of users for whom their roles say nothing else. */
  limit: number
  /** The share of the limit from which on a second factor is needed of whoever has one. */
  near: number
}

/** The settings of a system, with defaults filled in. Times are seconds, as on the wire. */
export type SystemSettings = {
  auth_service: string
  reg_service: string
  token_ttl: number
  token_ttl_user: number
  token_ttl_device: number
  token_ttl_anon: number
  /** Greatest age of a sign-in that refreshes may prolong. */
  refresh_max_age: number
  /** Status of a refusal by the auth service: 200 as the contract has it, or 401. */
  auth_error_status: 200 | 401
  /** Whether anonymous sessions are given out. */
  anonymous: 'open' | 'closed'
  /** Whether `/user/reg` makes accounts for whoever knows the system's key and secret. */
  registration: 'open' | 'closed'
  /** Whether users get a link for a new password by e-mail, where an e-mail goes anywhere. */
  password_reset: 'open' | 'closed'
  /** Whether an account that services run as may sign in as well. */
  run_as_sign_in: 'refused' | 'allowed'
  password_min_length: number
  sign_in_limits: SignInLimits
  /** Where messages go; '' is the inbox in development and the providers in production. */
  messages_to: '' | 'inbox' | 'provider'
  /** In the order in which they are tried. */
  message_providers: MessageProvider[]
  /** Two letters: where phone numbers without a country code are; '' for nowhere. */
  phone_country: string
  /** Of codes that edges ask for: their digits, and the text of the message, with `{code}` in it. */
  code_digits: number
  code_message: string
  /** When a version of the auth service withdraws itself: null for never. `window` in seconds. */
  auth_withdraw: { share: number; window: number; least: number } | null
  /** What serves where the version in use has withdrawn itself. */
  auth_safe: SafeVersion | null
  /** The state of the auth service's code that withdrew itself last. */
  auth_withdrawn: WithdrawnVersion | null
  /** The domain that passkeys are bound to; '' for the node's own pages. Goes with `passkey_origins`. */
  passkey_rp_id: string
  /** Of the pages that may ask for passkeys, as `https://app.example.com`; empty where `passkey_rp_id` is. */
  passkey_origins: string[]
  /** Sign-ins that are recorded for replays: of `share` of all the newest `keep`, for `days`; null for none. */
  record_sign_ins: { keep: number; share: number; days: number } | null
  /** null: users are told by their phones alone. */
  mail: MailServer | null
  /** Bumped with every change of the auth service. */
  auth_epoch: number
  /** Written on edges alone, by what their deployments say. */
  offline: OfflineLimits
  /** The same: whether users may ask there for changes of their own columns. */
  edge_requests: boolean
}
