/** Rows of the audit, as `GET /admin/audit` answers them. */

export type AuditRow = {
  at: string
  /** Key of the system; empty for what belongs to none. */
  system: string
  kind: string
  action: string
  subject: string
  who: string
  address: string
  user_agent: string
  run: string
  details: Record<string, unknown>
  node: string
  position: number
  hash: string
}

export type AuditPage = { rows: AuditRow[]; next: string | null }

const kinds = {
  settings: 'Settings',
  'auth-service': 'Auth service',
  system: 'Systems',
  service: 'Services',
  library: 'Libraries',
  'run-as': 'Run as',
  requires: 'Requires',
  role: 'Roles',
  rights: 'Rights',
  user: 'Users',
  authenticator: 'Second factors',
  session: 'Sessions',
  unlock: 'Unlocks',
  secret: 'Secrets',
  collection: 'Collections',
  portal: 'Portals',
  kept: 'Kept assets',
  import: 'Imports',
  export: 'Exports',
  records: 'Records',
  catalogue: 'Catalogues',
  developer: 'Developers',
  node: 'The node',
} as const

export const kindOptions = Object.entries(kinds).map(([value, label]) => ({ value, label }))

export const kindLabel = (kind: string): string =>
  Object.hasOwn(kinds, kind) ? kinds[kind as keyof typeof kinds] : kind

/** A person by the e-mail alone. */
export const whoLabel = (who: string): string => who.replace(/^developer /, '')
