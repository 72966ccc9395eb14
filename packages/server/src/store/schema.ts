/**
 * The tables that every Gatehouse database has, as types for the query builder. Rows of collections and of users live in
 * tables of their own, made at run time (`typed-table/`). Times are milliseconds since 1970, booleans 0 or 1, JSON is text,
 * alike on both databases.
 */
import type { Generated } from 'kysely'

export type Tables = {
  meta: { name: string; value: string }
  developers: {
    id: string
    email: string
    email_key: string
    password_hash: string
    first_name: string
    last_name: string
    organisation: string
    admin: number
    disabled: number
    created_at: number
    last_login_at: number | null
  }
  invitations: {
    hash: string
    kind: string
    created_at: number
    expires_at: number
    used_at: number | null
  }
  systems: {
    key: string
    secret: string
    name: string
    description: string
    owner_id: string
    settings: string
    /** Grows with every change of settings, roles, rights, code or schema: what a cache of those is keyed by. */
    revision: number
    created_at: number
  }
  /** Developers beside the owner, with whom a system is shared. */
  system_developers: { system_key: string; developer_id: string; added_at: number; added_by: string }
  sessions: {
    id: string
    token_hash: string
    refresh_hash: string | null
    /** All sessions that one sign-in led to through refreshes. */
    family: string
    kind: string
    system_key: string
    subject_id: string
    granted_by: string
    /** What its holder proved, as `password` or `password phone`; '' where nothing was, or it was not noted. */
    factors: string
    created_at: number
    expires_at: number
    refresh_until: number | null
    ended_at: number | null
    end_reason: string | null
    address: string
    /** Of a session made at an edge: how old what the edge knew of users was, in milliseconds. */
    data_age: number | null
    /** Null for one that was made here. Else where it was: the name of an edge, or '' for the platform. */
    place: string | null
    /** On an edge, of one that another edge made: JSON list of the roles that count through it. Null for no such limit. */
    roles: string | null
  }
  accounts: {
    system_key: string
    user_id: string
    email_key: string
    password_hash: string | null
    /** Changes with every new password: what proofs and refreshes made before it are compared with. */
    password_stamp: string
    password_weak: number
    disabled: number
    created_at: number
    /** Why the password is good no more although it is right; null where it is good. */
    password_void: string | null
    /** On an edge: how old what it knows of this user may be, in seconds; null on the platform. */
    offline_limit: number | null
  }
  collections: {
    id: string
    system_key: string
    /** `items` for a developer's collection, `users` for the one user table of a system. */
    kind: string
    name: string
    name_key: string
    table_name: string
    created_at: number
  }
  collection_columns: { collection_id: string; name: string; type: string; position: number }
  roles: {
    system_key: string
    id: string
    name: string
    description: string
    created_at: number
    /** 1: does not count through a session that was made at the other end of a link to an edge. */
    privileged: number
  }
  grants: { system_key: string; role_id: string; kind: string; item: string; level: number }
  memberships: { system_key: string; role_id: string; user_id: string }
  code_units: {
    system_key: string
    kind: string
    name: string
    current_version: number
    latest_version: number
    settings: string
    created_at: number
    updated_at: number
  }
  code_versions: {
    system_key: string
    kind: string
    name: string
    version: number
    source: string
    compiled: string | null
    problem: string | null
    dialect: string
    dependencies: string
    created_at: number
    created_by: string
  }
  /** What a user holds beside the password; `sealed` opens with the node key alone. */
  authenticators: {
    id: string
    system_key: string
    user_id: string
    kind: string
    label: string
    sealed: string
    state: string
    failures: number
    blocked_until: number
    bound_at: number
    bound_by: string
    used_at: number | null
    /** Of an authenticator app: the last step whose code was taken. It only grows. */
    last_step: number
    /** Of a passkey: the keyed hash of its credential id, where it is good, its counter, and whether it is backed up. */
    credential_hash: string | null
    rp_id: string | null
    sign_count: number
    backed_up: number | null
  }
  recovery_codes: {
    id: string
    system_key: string
    user_id: string
    authenticator_id: string
    selector: string
    code_hash: string
    used_at: number | null
  }
  enrolments: {
    system_key: string
    user_id: string
    code_hash: string
    created_at: number
    created_by: string
    expires_at: number
  }
  /** Links by which users set a new password; `user_id` is '' where nobody was sent one. */
  password_resets: {
    hash: string
    system_key: string
    user_id: string
    password_stamp: string
    created_at: number
    expires_at: number
  }
  pending_authenticators: {
    id: string
    system_key: string
    user_id: string
    kind: string
    sealed: string
    begun_by: string
    failures: number
    created_at: number
    expires_at: number
  }
  /** What a user is told of his account: noted with what happened, sent after it. `recipient` opens with the node key. */
  notices: {
    id: string
    system_key: string
    user_id: string
    channel: string
    recipient: string
    body: string
    state: string
    attempts: number
    created_at: number
    /** From when it may be sent. */
    due_at: number
  }
  /** Devices that a user asked to be remembered on; the token itself is nowhere. */
  remembered_devices: {
    id: string
    system_key: string
    user_id: string
    token_hash: string
    password_stamp: string
    created_at: number
    expires_at: number
    used_at: number | null
    user_agent: string
  }
  /** Unsaved portals that somebody looks at, for minutes. */
  portal_drafts: {
    token_hash: string
    system_key: string
    name: string
    config: string
    created_at: number
    expires_at: number
  }
  challenges: {
    id: string
    handle_hash: string
    system_key: string
    user_id: string
    authenticator_id: string
    code_hash: string
    password_stamp: string
    service: string
    tries: number
    sends: number
    attempt_at: number
    created_at: number
    expires_at: number
    ended_at: number | null
    end_reason: string | null
  }
  /** What a developer named as safe: the code of an auth service with its libraries as they were. */
  safe_versions: { system_key: string; service: string; code: string; assembly: string }
  /** How sign-ins by one state of the auth service's code ended, one row for each account: what it is withdrawn by. */
  version_outcomes: {
    system_key: string
    code: string
    account_id: string
    at: number
    /** 0 it did not; 1 it erred for whoever named the account; 2 for somebody who had proved the password. */
    erred: number
    erred_at: number
    address_hash: string
  }
  proofs: {
    hash: string
    /** What was proved, as `password` or `password phone`. */
    factors: string
    system_key: string
    user_id: string
    origin: string
    service: string
    run_id: string
    password_stamp: string
    created_at: number
    expires_at: number
    redeemed_at: number | null
  }
  /** The ledger of wrong passwords: of an account, one budget for each place it signed in from, and one ('') for all others. */
  failures: {
    system_key: string
    account_id: string
    /** Keyed hash of a network, or `device` and its id. */
    place: string
    count: number
    last_at: number
    blocked_until: number
    /** When the account signed in from there last; null where it never did. */
    known_at: number | null
    expires_at: number
  }
  sign_in_traces: {
    id: string
    system_key: string
    at: number
    decision: string
    record: string
  }
  /** What sign-ins asked of the node and were answered, marks in the place of secrets: what replays answer from. */
  recorded_sign_ins: { id: string; system_key: string; at: number; expires_at: number; bytes: number; record: string }
  failed_runs: { id: string; system_key: string; service: string; at: number; record: string }
  run_logs: { id: string; system_key: string; service: string; at: number; run_ms: number; log: string }
  /** Files of assets that came in packages and that this version does not use: kept byte for byte. */
  kept_assets: { system_key: string; path: string; kind: string; name: string; sensitive: number; bytes: Buffer }
  /** What the files of a system's own assets hold beyond what the system itself knows: JSON that goes out again. */
  asset_extras: { system_key: string; kind: string; name: string; extra: string }
  installed_packages: {
    id: string
    system_key: string
    name: string
    source: string
    content_hash: string
    /** The package's files as they were read and written again, packed. */
    files: Buffer
    readme: string
    installed_at: number
    installed_by: string
    /** What the install touched as it was before and right after, packed; null where it cannot be undone. */
    undo: Buffer | null
  }
  /** What a system's services send to its providers without knowing it; `sealed` opens with the node key alone. */
  secrets: {
    system_key: string
    name: string
    sealed: string
    /** JSON list of the hosts that `http.request` may send it to. */
    hosts: string
    updated_at: number
    updated_by: string
  }
  /** What the development gateway took, in the order in which it came. */
  inbox_messages: {
    position: Generated<number>
    id: string
    system_key: string
    recipient: string
    sender: string
    service_sid: string | null
    body: string
    at: number
  }
  /** One row for each provider that a message is, or may be, given to. Never the text, never the whole number. */
  messages: {
    id: string
    system_key: string
    challenge_id: string | null
    account_id: string | null
    number_hash: string
    body_hash: string
    prefix: string
    provider: string
    state: string
    provider_id: string
    attempts: number
    created_at: number
    updated_at: number
    /** When the code in it was entered rightly. */
    entered_at: number | null
  }
  /** How often something was sent since `began_at`: what limits are counted by. */
  send_counts: { system_key: string; kind: string; subject: string; began_at: number; count: number }
  catalogues: { url: string; name: string; added_at: number; added_by: string }
  /** Edges of a system, as the platform knows them. */
  edges: {
    system_key: string
    name: string
    description: string
    /** Of the token that enrols it; spent once there is a public key. */
    token_hash: string
    /** Public halves of the edge's keys: what it signs with, and what is sealed to it; null until it enrolled. */
    public_key: string | null
    seal_key: string | null
    enrolled_at: number | null
    /** Of the link that it opened last. It only grows: whoever comes with one that was used is another holder of the key. */
    link_number: number
    connected: number
    seen_at: number | null
    /** JSON of the cursors that it acknowledged, by lane. */
    cursors: string
    /** What was refused or went wrong last; '' where nothing did. */
    problem: string
    problem_at: number | null
    created_at: number
    created_by: string
    /** Since when its link is as it is. */
    since: number | null
    /** 1 while it was refused after its last link. */
    refused: number
    /** Of the program that linked last, as it says; its clock less that of the platform, in milliseconds. */
    version: string
    clock_off: number | null
    /** JSON by lane: how far it is known to hold everything, and when it was seen to. */
    lanes: string
    /** JSON of what it could not write, by its own word: `{items, stopped}`. */
    aside: string
    /** Grows when a developer asks that what it could not write be tried again. */
    retries: number
    /** JSON of when it was last looked whether it holds what it should, and what was found. */
    checked: string
  }
  /** What of a system goes to which of its edges. */
  deployments: {
    system_key: string
    name: string
    description: string
    /** JSON: names, or the one word for all. */
    edges: string
    assets: string
    sign_in: string | null
    updated_at: number
  }
  /** On an edge: its one link to the platform. `sealed` holds its private keys and opens with the node key alone. */
  platform_links: {
    system_key: string
    edge_name: string
    sealed: string
    /** The platform's long-lived key, as it was at enrolment; '' before. */
    platform_key: string
    enrolled: number
    link_number: number
    /** JSON, by lane; written in the transaction that writes what they stand for. */
    cursors: string
  }
  /** On an edge: what its clock is held against, and when it surely knew all that its platform knew of users. */
  edge_times: {
    system_key: string
    /** The highest time that was counted here. */
    seen_at: number
    /** The last that the platform said. */
    platform_at: number
    identity_at: number | null
    /** Why the clock is not believed until the platform is heard; '' while it is. */
    doubt: string
  }
  /** Recovery codes that are good at one edge alone; `codes` holds their hashes and opens at that edge alone. */
  edge_recovery_codes: {
    id: string
    system_key: string
    user_id: string
    edge: string
    codes: string
    made_at: number
    made_by: string
    spent: Generated<number>
  }
  /** Whose password hash and authenticators were ever sent to which edge. */
  edge_users: { system_key: string; edge: string; user_id: string; sent_at: number; gone_at: number | null }
  /** On an edge: who sees the page on its own state. Made on the machine, known nowhere else, good for nothing else. */
  edge_accounts: { id: string; name: string; password_hash: string; created_at: number }
  edge_account_sessions: { token_hash: string; account_id: string; expires_at: number }
  /** On an edge: facts for the platform, in the order in which they came about; its cursor says which it has. */
  outbox_heads: { system_key: string; incarnation: string; position: number }
  outbox: { system_key: string; position: number; at: number; fact: string }
  /** On the platform: up to where it has taken what an edge told, in each lane. */
  edge_cursors: { system_key: string; edge: string; lane: string; incarnation: string; position: number }
  /** Where which step of an authenticator app was taken: '' here, else the name of the edge. Only of systems with edges. */
  taken_steps: { system_key: string; authenticator_id: string; step: number; place: string }
  /** On the platform: which counters of passkeys were taken where, '' for here. */
  /** On the platform: when all sessions of a user were ended last; '' for those of everybody. For what an edge tells later. */
  session_ends: { system_key: string; user_id: string; at: number }
  taken_counts: { system_key: string; authenticator_id: string; count: number; place: string; taken_at: number }
  /** On the platform: sign-ins at an edge whose link was cut, and what would have been decided otherwise; `link` ended it. */
  edge_reviews: {
    id: string
    system_key: string
    edge: string
    link: number
    dark_from: number | null
    dark_until: number
    at: number
    user_id: string
    decision: string
    record: string
    otherwise: string
    unknown: string
    /** 0 where something would have been otherwise, 1 where something is not known, else 2. */
    rank: number
  }
  /** On the platform: changes of their own columns that users asked for at an edge. */
  edge_requests: {
    id: string
    system_key: string
    edge: string
    user_id: string
    changes: string
    asked_at: number
    state: string
    decided_at: number | null
    decided_by: string | null
  }
  /** On an edge: collections whose rows go up, and the rule for conflicts; `row_keys` where single rows alone do, as JSON. */
  synced_collections: { system_key: string; collection_id: string; rule: string; row_keys: string | null }
  /** On an edge: what was copied there once and does not follow; with another mark it is copied anew. */
  copied: { system_key: string; kind: string; id: string; mark: string }
  /** On an edge: what came down and could not be written, with why; `version` of the program that tried. */
  set_aside: { system_key: string; kind: string; id: string; reason: string; at: number; version: string }
  /** On an edge: how far of the platform's log it had seen, from this position of its own log on. */
  sync_seen: { system_key: string; own_position: number; incarnation: string; position: number }
  /**
   * On the platform: when which column of a row was written last, by whom; JSON of `[stamp, position, edge]`, '' for the
   * platform itself. `deleted`, of a row that is gone, likewise.
   */
  row_stamps: {
    system_key: string
    collection_id: string
    item_id: string
    columns: string
    deleted: string | null
    written_at: number
  }
  /** On the platform: up to where of its own log the stamps of rows are written. */
  sync_folds: { system_key: string; position: number }
  /** On the platform: where two places had changed the same, and how it was decided. */
  sync_conflicts: {
    system_key: string
    id: string
    at: number
    edge: string
    collection_id: string
    item_id: string
    rule: string
    outcome: string
    detail: string
  }
  change_heads: {
    system_key: string
    incarnation: string
    position: number
    stamp_ms: number
    stamp_count: number
    chain: string
    /** What lies at or below it is gone; up to where the log was looked through for what is there several times. */
    floor: Generated<number>
    compacted: Generated<number>
  }
  changes: {
    system_key: string
    position: number
    incarnation: string
    kind: string
    id: string
    operation: string
    columns: string
    stamp: string
    chain: string
  }
  /** Who changed what and from where; appended by `store/audit.ts` alone. */
  audit_rows: {
    node: string
    /** From 1 on, without a gap. */
    position: number
    /** Hash of the row before it; empty for the first. */
    previous: string
    hash: string
    at: number
    system_key: string
    kind: string
    action: string
    subject: string
    who: string
    who_id: string
    address: string
    user_agent: string
    run: string
    details: string
  }
  /** One for each node that ever wrote. */
  audit_heads: {
    node: string
    /** Of the last row, with its hash. */
    position: number
    hash: string
    /** How many rows were removed from the beginning, with the hash of the last of those. */
    removed: number
    anchor: string
    removed_at: number | null
    /** Of all of this, under the node key. */
    seal: string
  }
}
