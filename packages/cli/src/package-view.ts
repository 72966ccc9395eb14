/** What the node says of a package, for people: what is in it, what it may do, what would change. Shapes of its answers. */
import type { Part, View } from './output.ts'

export type Named = { kind: string; name: string }
export type Note = { level: 'warning' | 'info'; kind: string; path?: string; asset?: Named; message: string }

export type Source = { kind: string; address: string; ref?: string; commit?: string; folder?: string }

type Reach = {
  service: string
  as: { kind: 'user'; name: string; brought: boolean } | { kind: 'callers' }
  roles: string[]
  collections: { name: string; may: string[] }[]
  wide: { kind: string; may: string[] }[]
}

export type Review = {
  anonymous: string[]
  runAs: { service: string; user: string; brought: boolean }[]
  reach: Reach[]
  hosts: { host: string; as: string; in: string[] }[]
  users: { email: string; bringsPassword: boolean; serviceAccount: boolean; roles: string[] }[]
  gains: { role: string; rights: { kind: string; item: string; may: string[] }[] }[]
  kept: { kind: string; name: string; files: number; sensitive: boolean }[]
}

export type FetchAnswer = {
  source: Source
  contentHash: string
  name: string
  assets: Named[]
  notes: Note[]
  review: Review
}

export type Item = Named & {
  action: 'create' | 'update' | 'unchanged' | 'conflict' | 'keep' | 'delete'
  differs?: string[]
  reason?: string
  /** Of a conflict: --overwrite settles it. */
  givesWay?: true
  rows?: { added: number; changed: number; same: number }
  columnsAdded?: string[]
  indexesAdded?: string[]
}

/** Code that does not compile; `line` counts from 1, `column` from 0. */
export type CodeProblem = { kind: 'service' | 'library'; name: string; line: number; column: number; message: string }

export type Report = {
  items: Item[]
  widening: { name: string; message: string }[]
  runAs?: { service: string; wanted: string; becomes: string | null; because: string }[]
  notes: Note[]
  problems?: CodeProblem[]
  passwords?: { email: string; password: string }[]
  system?: { key: string; secret: string; name: string; isNew: boolean }
  source?: Source
  contentHash?: string
}

const most = 30
const some = (names: string[], count = most, between = ', '): string =>
  names.length <= count
    ? names.join(between)
    : `${names.slice(0, count).join(between)} and ${names.length - count} more`

/** Kept as well, and waiting for nothing: what a package says about itself, and portals, which are in use. */
const notWaiting = new Set(['readme', 'package-json', 'ipm-json', 'portal'])
export const couldBeActive = ({ kind }: Named): boolean => !notWaiting.has(kind)

export const rightsOn = (what: string, may: string[]): string => `${may.join(', ')} on ${what}`

/** All of a fetch: the facts, the assets, its powers, the notes. */
export const packageView = (fetched: FetchAnswer): View => ({
  parts: [
    { view: { facts: factsOf(fetched) } },
    { head: 'What is in it', view: assetsView(fetched.assets) },
    ...reviewParts(fetched.review),
    ...noteParts(fetched.notes),
  ],
})

function factsOf({ name, source, contentHash }: FetchAnswer): Record<string, string> {
  const { address, ref, commit, folder } = source
  return {
    package: name,
    from: address,
    ...(ref !== undefined && { ref }),
    ...(folder !== undefined && folder !== '' && { folder }),
    ...(commit !== undefined && { commit }),
    'content hash': contentHash,
  }
}

function assetsView(assets: Named[]): View {
  const kinds = [...new Set(assets.map(({ kind }) => kind))]
  const rows = kinds.map((kind) => {
    const names = assets.filter((one) => one.kind === kind).map(({ name }) => name)
    return [kind, String(names.length), some(names)]
  })
  return rows.length === 0 ? { text: 'Nothing.' } : { heads: ['KIND', 'COUNT', 'NAMES'], rows }
}

function reviewParts(review: Review): Part[] {
  const { anonymous, runAs, reach, hosts, users, gains, kept } = review
  const parts: Part[] = []
  const table = (head: string, heads: string[], rows: string[][]): void => {
    if (rows.length > 0) parts.push({ head, view: { heads, rows } })
  }
  if (anonymous.length > 0) {
    parts.push({ head: 'Anybody may run, without signing in', view: { text: anonymous.join('\n') } })
  }
  table(
    'Run as somebody, whoever calls',
    ['SERVICE', 'USER', 'WHO'],
    runAs.map(({ service, user, brought }) => [
      service,
      user,
      brought ? 'comes with the package' : 'is not in the package: runs as its caller until you say otherwise',
    ]),
  )
  table(
    'What services reach',
    ['SERVICE', 'WITH THE RIGHTS OF', 'REACHES'],
    reach.flatMap((one) => {
      const rights = [
        ...one.wide.map(({ kind, may }) => rightsOn(kind, may)),
        ...one.collections.map(({ name, may }) => rightsOn(name, may)),
      ]
      const roles = one.roles.length === 0 ? '' : ` (${one.roles.join(', ')})`
      const who = one.as.kind === 'user' ? one.as.name : 'its callers'
      return rights.length === 0 ? [] : [[one.service, `${who}${roles}`, some(rights, 8, '; ')]]
    }),
  )
  table(
    'Standing roles get',
    ['ROLE', 'RIGHTS'],
    gains.map(({ role, rights }) => {
      const words = rights.map(({ kind, item, may }) => rightsOn(item === '' ? kind : `${kind}/${item}`, may))
      return [role, some(words, 8, '; ')]
    }),
  )
  table(
    'Hosts in its code (found by searching; an address that code puts together is not)',
    ['HOST', 'FOUND AS', 'IN'],
    hosts.map(({ host, as, in: where }) => [host, as, some(where, 5)]),
  )
  table(
    'Users it brings (with new passwords, never those of the package)',
    ['E-MAIL', 'ROLES', 'KIND'],
    users.map(({ email, roles, serviceAccount }) => [
      email,
      roles.join(', '),
      serviceAccount ? 'service account' : 'person',
    ]),
  )
  table(
    'Portals',
    ['NAME', 'FILES'],
    kept.filter(({ kind }) => kind === 'portal').map(({ name, files }) => [name, String(files)]),
  )
  table(
    'Kept whole, not active',
    ['KIND', 'NAME', 'FILES', 'SECRETS'],
    kept
      .filter(couldBeActive)
      .map(({ kind, name, files, sensitive }) => [kind, name, String(files), sensitive ? 'may hold some' : '']),
  )
  return parts
}

function noteParts(notes: Note[]): Part[] {
  const parts = (head: string, level: Note['level']): Part[] => {
    const told = notes.filter((note) => note.level === level).map(({ message }) => `- ${message}`)
    const more = told.length > 200 ? [`- And ${told.length - 200} more; --json has them all.`] : []
    return told.length === 0 ? [] : [{ head, view: { text: [...told.slice(0, 200), ...more].join('\n') } }]
  }
  return [...parts('Warnings', 'warning'), ...parts('Notes', 'info')]
}

const words: Record<Item['action'], string> = {
  create: 'new',
  update: 'changes',
  unchanged: 'stays',
  conflict: 'IN THE WAY',
  keep: 'kept, not active',
  delete: 'goes',
}

/** What changes and what is in the way; what stays is counted, unless something is to be said of it. */
export function changesView({ items }: Pick<Report, 'items'>): View {
  const told = items.filter(({ action, reason }) => action !== 'unchanged' || reason !== undefined)
  const rest = items.length - told.length
  const stays = rest === 0 ? [] : [`${rest} of ${items.length} stay as they are.`]
  if (told.length === 0) return { text: stays[0] ?? 'Nothing changes.' }
  const rows = told.map((item) => [words[item.action] ?? item.action, item.kind, item.name, detailOf(item)])
  return {
    parts: [
      { view: { heads: ['', 'KIND', 'NAME', 'WHAT'], rows } },
      ...stays.map((text): Part => ({ view: { text } })),
    ],
  }
}

function detailOf({ action, differs = [], reason, rows, columnsAdded = [], indexesAdded = [] }: Item): string {
  if (reason !== undefined) return reason
  const counted = rows === undefined ? [] : [rows.added > 0 ? `${rows.added} rows new` : '']
  if (rows !== undefined && rows.changed > 0) counted.push(`${rows.changed} rows changed`)
  const added = [
    ...(action === 'update' && columnsAdded.length > 0 ? [`columns ${columnsAdded.join(', ')}`] : []),
    ...(action === 'update' && indexesAdded.length > 0 ? [`indexes ${indexesAdded.join(', ')}`] : []),
  ]
  const parts = differs.filter((part) => !(['rows', 'columns', 'indexes'].includes(part) && rows !== undefined))
  const detailed = columnsAdded.length > 0 && rows === undefined ? [] : parts
  return [...detailed, ...added, ...counted].filter((part) => part !== '').join('; ')
}
