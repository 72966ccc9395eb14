/** Code, collections as such and portals on their way to an edge: all of them in order, or those that changed. */
import type { CodeState, Group, PortalState, TableState } from '../store/down/groups.ts'
import { portalLimits, readPortalFiles } from '../store/down/portals.ts'
import { readCode, readTable } from '../store/down/read.ts'
import { type CollectionRecord, findCollection } from '../store/tables/collections.ts'
import { largeIn, sizeOf, sizes } from './frame-sizes.ts'
import { type Change, idsIn, missing } from './logged-changes.ts'
import { asKeys } from './rows-down.ts'
import type { EdgeScope } from './scope.ts'
import type { Giving } from './users-down.ts'

type Given = Pick<Giving, 'store' | 'scope'>

/** Columns and indexes, whether its rows go up, and whether it is copied once. */
export async function tableDown({ store, scope }: Given, found: CollectionRecord): Promise<TableState> {
  const { upward, upwardRows, copies } = scope
  const [rule, copy] = [upward.get(found.id), copies.get(`collection ${found.id}`)]
  const named = upwardRows.get(found.id)
  const up = named && [...asKeys(found, named)].sort()
  const state = await readTable(store, found)
  return {
    ...state,
    ...(rule !== undefined && { rule }),
    ...(up !== undefined && { up }),
    ...(copy !== undefined && { copy }),
  }
}

async function codeOf(
  { store, scope: { copies } }: Given,
  kind: 'service' | 'library',
  names: readonly string[],
): Promise<CodeState[]> {
  return (await readCode(store, kind, names)).map((one) => {
    const copy = copies.get(`${kind} ${one.name}`)
    return copy === undefined ? one : { ...one, copy }
  })
}

/** Undefined where there is none. */
async function portalOf({ store, scope }: Given, name: string): Promise<PortalState | undefined> {
  const found = await readPortalFiles(store, name)
  const copy = scope.copies.get(`portal ${name}`)
  return found === undefined || copy === undefined ? found : { ...found, copy }
}

/** Whether a change of it is to be sent: what is copied once has what it had, but for what could not be written there. */
export const followsDown = (scope: EdgeScope, kind: string, id: string, isAgain = false): boolean =>
  isAgain || !scope.copies.has(`${kind} ${id}`)

/**
 * `at` is the kind and name of what was sent last: libraries, then services, then collections, then portals, each in order.
 */
export async function firstCode(giving: Given, at: string): Promise<{ groups: Group[]; at: string | null }> {
  if (at.startsWith('portal/')) return firstPortals(giving, at.slice('portal/'.length))
  const { store, scope } = giving
  const [current, start] = at === '' ? (['library', ''] as const) : splitAt(at)
  const keep = [...scope.copies.keys()].filter((one) => !/^(collection|portal) /.test(one))
  const kinds = ['library', 'service', 'collection'] as const
  const groups: Group[] = []
  let bytes = 0
  for (const kind of kinds.slice(kinds.indexOf(current as (typeof kinds)[number]))) {
    const all = { library: scope.libraries, service: scope.services, collection: scope.collections }[kind]
    const after = kind === current ? start : ''
    const names = [...all].filter((name) => name > after).sort()
    const sent: string[] = []
    const [code, tables, large]: [CodeState[], TableState[], string[]] = [[], [], []]
    for (const name of names) {
      if (bytes >= sizes.frame) break
      sent.push(name)
      if (kind === 'collection') {
        const found = await findCollection(store, { id: name })
        if (found !== undefined) tables.push(await tableDown(giving, found))
        bytes += sizeOf(tables.at(-1) ?? '')
        continue
      }
      for (const one of await codeOf(giving, kind, [name])) {
        const size = sizeOf(one)
        if (size > sizes.most) large.push(name)
        else code.push(one)
        bytes += size > sizes.most ? 0 : size
      }
    }
    const upTo = sent.length < names.length ? (sent.at(-1) ?? after) : null
    const range = { after, upTo }
    groups.push(
      kind === 'collection'
        ? { what: 'collections', put: tables, gone: [], range }
        : {
            ...{ what: 'code', kind, put: code, gone: [], range },
            ...(large.length > 0 && { large }),
            ...(keep.length > 0 && { keep }),
          },
    )
    if (upTo !== null) return { groups, at: `${kind}/${upTo}` }
  }
  return { groups, at: 'portal/' }
}

async function firstPortals(giving: Given, after: string): Promise<{ groups: Group[]; at: string | null }> {
  const names = [...giving.scope.portals].filter((name) => name > after).sort()
  const put: PortalState[] = []
  let upTo: string | null = null
  let bytes = 0
  for (const [index, name] of names.entries()) {
    const found = await portalOf(giving, name)
    if (found !== undefined) put.push(found)
    bytes += found?.files.reduce((sum, file) => sum + file.bytes.length, 0) ?? 0
    if (bytes < sizes.bytes || index + 1 === names.length) continue
    upTo = name
    break
  }
  const groups: Group[] = [{ what: 'portals', put, gone: [], range: { after, upTo } }]
  return { groups, at: upTo === null ? null : `portal/${upTo}` }
}

/** `anew` where it is more than goes at once. */
export async function changedCode(giving: Given, changes: readonly Change[]): Promise<Group[] | 'anew'> {
  const { store, scope } = giving
  const isAgain = changes[0]?.again
  const groups: Group[] = []
  for (const [kind, names] of [
    ['library', scope.libraries],
    ['service', scope.services],
  ] as const) {
    const ids = idsIn(changes, [kind]).filter((name) => names.has(name) && followsDown(scope, kind, name, isAgain))
    if (ids.length === 0) continue
    const found = await codeOf(giving, kind, ids)
    const large = found.filter((one) => sizeOf(one) > sizes.most)
    groups.push({
      ...{ what: 'code', kind, put: found.filter((one) => !large.includes(one)), range: null },
      gone: ids.filter((id) => !found.some(({ name }) => name === id)),
      ...largeIn(large.map(({ name }) => name)),
    })
  }
  const ids = idsIn(changes, ['collection']).filter(
    (id) => scope.collections.has(id) && followsDown(scope, 'collection', id, isAgain),
  )
  if (ids.length > 0) {
    const put = []
    for (const id of ids) {
      const found = await findCollection(store, { id })
      if (found !== undefined) put.push(await tableDown(giving, found))
    }
    groups.push({ what: 'collections', put, gone: missing(ids, put), range: null })
  }
  let bytes = 0
  const portals = idsIn(changes, ['portal']).filter(
    (id) => scope.portals.has(id) && followsDown(scope, 'portal', id, isAgain),
  )
  for (const name of portals) {
    const found = await portalOf(giving, name)
    groups.push({ what: 'portals', put: found === undefined ? [] : [found], gone: [name], range: null })
    // More than a message holds goes in several, by name.
    bytes += found?.files.reduce((sum, file) => sum + file.bytes.length, 0) ?? 0
    if (bytes > portalLimits.bytes && groups.length > 1) return 'anew'
  }
  return groups
}

const splitAt = (at: string): [kind: string, name: string] => [
  at.slice(0, at.indexOf('/')),
  at.slice(at.indexOf('/') + 1),
]
