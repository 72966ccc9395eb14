/**
 * What Gatehouse keeps without using it: which files belong to which asset, and which values in them were keys of the
 * exporter. Those are blanked in place, all other bytes stay as they are.
 */
import { isObject } from './fields.ts'
import { readJson } from './json.ts'
import type { KeptAsset, KeptKind } from './model.ts'
import { byCodePoint, isFileNameOf } from './names.ts'
import { shown } from './notes.ts'
import { type Folder, rootFiles } from './places.ts'
import { type JsonRecord, noteStrayFile, type PackageFile, type Reading } from './tree.ts'

/** A kept asset with the JSON of its main file, where it has one. */
export type KeptRecord = { asset: KeptAsset; path: string; value: unknown }

type Rule = {
  kind: KeptKind
  folder: Folder
  /**
   * `file`: `<name>.json` each; `folder`: `<name>/…` each, with `<name>/<name>.json`; `tree`: `<name>/…` each, no main
   * file; `either`: file or folder; a name ending in `.json`: that one file.
   */
  layout: 'file' | 'folder' | 'tree' | 'either' | `${string}.json`
  /** Keys of the exporter, as the dotted way to them; `*` is any place in a list. */
  secrets?: readonly string[]
  sensitive?: boolean
}

const systemKeys = ['system_key', 'system_secret'] as const

const rules: readonly Rule[] = [
  { kind: 'portal', folder: 'portals', layout: 'either' },
  { kind: 'trigger', folder: 'triggers', layout: 'file', secrets: ['key_value_pairs.collectionId', 'user_id'] },
  { kind: 'timer', folder: 'timers', layout: 'file', secrets: ['timer_key', 'user_id', 'user_token'] },
  { kind: 'device-columns', folder: 'devices', layout: 'schema.json' },
  { kind: 'device', folder: 'devices', layout: 'file', secrets: ['device_key', 'active_key', 'cb_token'] },
  { kind: 'device-roles', folder: 'devices/roles', layout: 'file' },
  { kind: 'edge-columns', folder: 'edges', layout: 'schema.json' },
  { kind: 'edge', folder: 'edges', layout: 'file', secrets: ['token', 'edge_key', 'novi_system_key'] },
  { kind: 'deployment', folder: 'deployments', layout: 'file' },
  { kind: 'adapter', folder: 'adapters', layout: 'folder' },
  { kind: 'plugin', folder: 'plugins', layout: 'file' },
  { kind: 'webhook', folder: 'webhooks', layout: 'file' },
  { kind: 'shared-cache', folder: 'shared-caches', layout: 'file' },
  { kind: 'external-database', folder: 'external-databases', layout: 'file', sensitive: true },
  { kind: 'bucket-set', folder: 'bucket-sets', layout: 'file', sensitive: true },
  { kind: 'bucket-files', folder: 'bucket-set-files', layout: 'tree' },
  { kind: 'file-store', folder: 'file-stores', layout: 'file', sensitive: true },
  { kind: 'file-store-files', folder: 'file-stores-files', layout: 'tree' },
  { kind: 'secret', folder: 'secrets', layout: 'file', sensitive: true },
  { kind: 'message-history-storage', folder: 'message-history-storage', layout: 'storage.json' },
  { kind: 'message-type-triggers', folder: 'message-type-triggers', layout: 'triggers.json' },
]

type RootKind = keyof typeof rootFiles

const rootSecrets: Partial<Record<RootKind, readonly string[]>> = {
  'deploy-list': ['deployInfo.*.system_key', 'deployInfo.*.system_secret'],
}

const rootKindOf = (path: string): RootKind | undefined =>
  (Object.keys(rootFiles) as RootKind[]).find((kind) => rootFiles[kind].test(path))

/** Metadata of the package itself, and portals, which are in use as they stand: none waits to be made active. */
const notWaiting: ReadonlySet<KeptKind> = new Set(['package-json', 'ipm-json', 'readme', 'portal'])

export function readKept(reading: Reading, external: readonly { name: string; record: JsonRecord }[]): KeptRecord[] {
  const records = [...readRoot(reading), ...readFolders(reading)]
  for (const { name, record } of external) {
    const secrets = ['app_id', 'collection_id', 'appID', 'collectionID']
    const file = { path: record.path, within: `${record.stem}.json`, bytes: record.bytes }
    records.push(keep(reading, { kind: 'external-collection', secrets, sensitive: false }, name, [file], file))
  }
  for (const { asset } of records) {
    if (notWaiting.has(asset.kind)) continue
    const message = `The ${asset.kind} ${shown(asset.name)} is kept as it is and not active.`
    reading.notes.add('kept', message, { path: asset.files[0]!.path, asset: { kind: asset.kind, name: asset.name } })
  }
  return records.sort(
    (one, other) => byCodePoint(one.asset.kind, other.asset.kind) || byCodePoint(one.asset.name, other.asset.name),
  )
}

function readRoot(reading: Reading): KeptRecord[] {
  const records: KeptRecord[] = []
  for (const [path, bytes] of reading.tree.root) {
    if (path === 'system.json') continue
    const kind = rootKindOf(path)
    if (kind === undefined) noteStrayFile(reading, path)
    else {
      const file = { path, within: path, bytes }
      const secrets = rootSecrets[kind] ?? []
      records.push(
        keep(reading, { kind, secrets, sensitive: false }, path, [file], kind === 'readme' ? undefined : file),
      )
    }
  }
  return records
}

function readFolders(reading: Reading): KeptRecord[] {
  const taken = new Set<string>()
  return rules.flatMap((rule) => {
    const files = reading.tree.in(rule.folder).filter(({ path }) => !taken.has(path))
    const found = assetsIn(rule, files)
    for (const { files: own } of found) for (const { path } of own) taken.add(path)
    const last = rules.findLast(({ folder }) => folder === rule.folder) === rule
    if (last) for (const { path } of files) if (!taken.has(path)) noteStrayFile(reading, path)
    return oneName(reading, rule, found)
  })
}

type Found = { stem: string; files: PackageFile[]; main: PackageFile | undefined }

function assetsIn(rule: Rule, files: readonly PackageFile[]): Found[] {
  const { layout } = rule
  const found = new Map<string, Found>()
  for (const file of files) {
    const [first = '', ...rest] = file.within.split('/')
    if (rest.length === 0) {
      const stem = first.endsWith('.json') ? first.slice(0, -5) : ''
      const single = layout === 'file' || layout === 'either' ? stem !== '' : layout === first
      if (single) put(found, stem, file, file)
    } else if (layout === 'folder' || layout === 'tree' || layout === 'either') {
      const isMain = layout !== 'tree' && file.within === `${first}/${first}.json`
      put(found, first, file, isMain ? file : undefined)
    }
  }
  return [...found.values()]
}

function put(found: Map<string, Found>, stem: string, file: PackageFile, main: PackageFile | undefined): void {
  const held = found.get(stem) ?? { stem, files: [], main: undefined }
  found.set(stem, { stem, files: [...held.files, file], main: main ?? held.main })
}

/** Reads the main files; two assets of one name become one with the files of both. */
function oneName(reading: Reading, rule: Rule, found: readonly Found[]): KeptRecord[] {
  const byName = new Map<string, KeptRecord>()
  for (const { stem, files, main } of found) {
    const secrets = [...systemKeys, ...(rule.secrets ?? [])]
    const record = keep(reading, { kind: rule.kind, secrets, sensitive: rule.sensitive ?? false }, stem, files, main)
    if (main === undefined && rule.layout !== 'tree') {
      const message = `The ${rule.kind} ${shown(stem)} has no ${shown(`${stem}.json`)} that says what it is.`
      reading.notes.add('skipped', message, { path: record.path, asset: { kind: rule.kind, name: stem } })
    }
    const held = byName.get(record.asset.name)
    if (held === undefined) byName.set(record.asset.name, record)
    else {
      const message = `${record.path} holds the ${rule.kind} ${shown(record.asset.name)} once more; the files of both are kept.`
      const asset = { kind: rule.kind, name: record.asset.name }
      reading.notes.add('duplicate', message, { path: record.path, asset })
      held.asset.files.push(...record.asset.files)
      held.asset.files.sort((one, other) => byCodePoint(one.path, other.path))
    }
  }
  return [...byName.values()]
}

type Manner = { kind: KeptKind; secrets: readonly string[]; sensitive: boolean }

function keep(
  reading: Reading,
  manner: Manner,
  stem: string,
  files: readonly PackageFile[],
  main: PackageFile | undefined,
): KeptRecord {
  let value: unknown
  let bytes: Buffer | undefined
  if (main !== undefined) {
    const blanked = blank(reading, main, manner.secrets)
    value = blanked.value
    bytes = blanked.bytes
  }
  const path = main?.path ?? files[0]!.path
  const asset: KeptAsset = {
    kind: manner.kind,
    name: keptName(reading, manner.kind, stem, path, value),
    files: files.map((file) => ({ path: file.path, bytes: file === main ? bytes! : file.bytes })),
    sensitive: manner.sensitive,
  }
  return { asset, path, value }
}

/** Kinds whose file names it inside; all others are named by their file. */
const unnamed: ReadonlySet<KeptKind> = new Set([
  'device-columns',
  'device-roles',
  'edge-columns',
  'package-json',
  'ipm-json',
  'deploy-list',
  'message-history-storage',
  'message-type-triggers',
])

function keptName({ notes }: Reading, kind: KeptKind, stem: string, path: string, value: unknown): string {
  const inside = isObject(value) && !unnamed.has(kind) ? value.name : undefined
  if (typeof inside !== 'string' || inside === '') return stem
  if (!isFileNameOf(stem, inside)) {
    const message = `${path} holds the ${kind} ${shown(inside)}. The name inside the file counts: other files refer to it.`
    notes.add('mismatch', message, { path, asset: { kind, name: inside } })
  }
  return inside
}

function blank(reading: Reading, file: PackageFile, secrets: readonly string[]): { value: unknown; bytes: Buffer } {
  const wanted = new Set(secrets)
  const spans: { key: string; start: number; end: number }[] = []
  const { value, text } = readJson(file.path, file.bytes, (path, start, end) => {
    if (path.length > 3) return
    const key = path.join('.')
    if (wanted.has(key)) spans.push({ key, start, end })
  })
  const filled = spans.filter(({ start, end }) => {
    const held = text.slice(start, end)
    return held !== 'null' && held !== '""'
  })
  if (filled.length === 0) return { value, bytes: file.bytes }
  let rest = 0
  let kept = ''
  for (const { start, end } of filled) {
    kept += `${text.slice(rest, start)}""`
    rest = end
  }
  const keys = [...new Set(filled.map(({ key }) => key))]
  const verb = keys.length === 1 ? 'is' : 'are'
  const message = `${file.path}: ${keys.join(', ')} ${verb} the exporter's and blanked.`
  reading.notes.add('secret', message, { path: file.path })
  kept += text.slice(rest)
  const mark = file.bytes.subarray(0, file.bytes.length - Buffer.byteLength(text))
  return { value: JSON.parse(kept), bytes: Buffer.concat([mark, Buffer.from(kept, 'utf8')]) }
}

/** The text under a key, or ''. Kept files are only looked into, so a wrong type in one is no error. */
export const textUnder = (value: unknown, key: string): string => {
  const found = isObject(value) ? value[key] : undefined
  return typeof found === 'string' ? found : ''
}
