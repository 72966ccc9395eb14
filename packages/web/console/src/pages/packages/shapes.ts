/** What the node says of packages: the answers of its package calls (docs/packages.md). */
export type Named = { kind: string; name: string }
export type Note = { level: 'warning' | 'info'; kind: string; message: string }
export type Source = { kind: string; address: string; ref?: string; commit?: string; folder?: string }

export type Review = {
  anonymous: string[]
  runAs: { service: string; user: string; brought: boolean }[]
  reach: {
    service: string
    as: { kind: 'user'; name: string; brought: boolean } | { kind: 'callers' }
    roles: string[]
    collections: { name: string; may: string[] }[]
    wide: { kind: string; may: string[] }[]
  }[]
  hosts: { host: string; as: string; in: string[] }[]
  users: { email: string; serviceAccount: boolean; roles: string[] }[]
  gains: { role: string; rights: { kind: string; item: string; may: string[] }[] }[]
  kept: { kind: string; name: string; files: number; sensitive: boolean }[]
}

export type Fetched = {
  source: Source
  contentHash: string
  name: string
  assets: Named[]
  notes: Note[]
  review: Review
  readme_html: string
}

export type Item = Named & {
  action: 'create' | 'update' | 'unchanged' | 'conflict' | 'keep' | 'delete'
  differs?: string[]
  reason?: string
  givesWay?: true
  rows?: { added: number; changed: number; same: number }
  columnsAdded?: string[]
}

export type Report = {
  items: Item[]
  widening: { name: string; message: string }[]
  runAs?: { service: string; wanted: string; becomes: string | null; because: string }[]
  notes: Note[]
  problems?: { kind: string; name: string; line: number; column: number; message: string }[]
  passwords?: { email: string; password: string }[]
  system?: { key: string; secret: string; name: string; isNew: boolean }
  contentHash?: string
}

export type ListedPackage = { name: string; version: string; description: string; keywords: string[]; url: string }
export type Listing = { url: string; name: string; own: boolean; packages: ListedPackage[]; problem?: string }

/** Where a package comes from, as the node is told. */
export type SourceBody = { url: string } | { contents: string; archive_name: string }

const kinds: Record<string, string> = {
  service: 'Code services',
  library: 'Code libraries',
  collection: 'Collections',
  role: 'Roles',
  user: 'Users',
  'user-columns': 'User columns',
  portal: 'Portals',
  trigger: 'Triggers',
  timer: 'Timers',
  deployment: 'Deployments',
  device: 'Devices',
  edge: 'Edges',
  secret: 'Secrets',
  readme: 'Instructions',
  'package-json': 'About the package',
  'ipm-json': 'About the package',
}

export const kindWords = (kind: string): string => (Object.hasOwn(kinds, kind) ? kinds[kind]! : kind)

/** By kind, in the order in which they came. */
export function byKind<T extends Named>(assets: readonly T[]): [string, T[]][] {
  const groups = new Map<string, T[]>()
  for (const asset of assets) groups.set(asset.kind, [...(groups.get(asset.kind) ?? []), asset])
  return [...groups]
}

const catalogues: Record<string, string> = { service: 'services', collection: 'collections' }
export const rightsOn = (what: string, may: string[]): string => `${may.join(', ')} on ${catalogues[what] ?? what}`
