/** The answer of the system-upload API (rest-api.md §2.9 B), whose names and types its clients hold it to. */
import type { AssetKind } from './format/notes.ts'
import type { ImportReport } from './import.ts'
import type { PlanItem } from './plan.ts'

const wireKinds: [wire: string, kind: AssetKind][] = [
  ['services', 'service'],
  ['libraries', 'library'],
  ['roles', 'role'],
  ['users', 'user'],
  ['devices', 'device'],
  ['buckets', 'bucket-set'],
  ['file_stores', 'file-store'],
  ['external_databases', 'external-database'],
  ['webhooks', 'webhook'],
  ['triggers', 'trigger'],
  ['timers', 'timer'],
  ['edges', 'edge'],
  ['secrets', 'secret'],
  ['plugins', 'plugin'],
  ['caches', 'shared-cache'],
  ['portals', 'portal'],
  ['deployments', 'deployment'],
  ['adaptors', 'adapter'],
]

/** Files inside these are not told one by one: they are kept with what they belong to. */
const wireFiles = ['bucket_files', 'file_store_files', 'adaptor_files'] as const

const collectionShape = (item: PlanItem) => ({
  name: item.name,
  added_columns: item.columnsAdded ?? [],
  removed_columns: [],
  added_indexes: item.indexesAdded ?? [],
  removed_indexes: [],
  num_upserts: (item.rows?.added ?? 0) + (item.rows?.changed ?? 0),
  updated_hypertable_properties: [],
})

/** Conflicts are errors in a dry run; a real run throws them. Standing power that grows is told among the warnings. */
export function uploadAnswer(report: ImportReport): Record<string, unknown> {
  const { items, dryRun } = report
  const names = (made: string, changed: string): [string, string] =>
    dryRun ? [`${made}_to_create`, `${made}_to_update`] : [`created_${changed}`, `updated_${changed}`]
  const of = (kind: AssetKind, isNew: boolean): PlanItem[] =>
    items.filter(
      (item) => item.kind === kind && (isNew ? ['create', 'keep'].includes(item.action) : item.action === 'update'),
    )
  const answer: Record<string, unknown> = {}
  for (const [wire, kind] of wireKinds) {
    const [created, updated] = names(wire, wire)
    answer[created] = of(kind, true).map(({ name }) => name)
    answer[updated] = of(kind, false).map(({ name }) => name)
  }
  const [created, updated] = names('collections', 'collections')
  answer[created] = of('collection', true).map(collectionShape)
  answer[updated] = of('collection', false).map(collectionShape)
  for (const wire of wireFiles) for (const name of names(wire, wire)) answer[name] = []
  const userColumns = items.find(({ kind }) => kind === 'user-columns')?.columnsAdded ?? []
  for (const table of ['user', 'device', 'edge']) {
    const added = table === 'user' ? userColumns : []
    answer[dryRun ? `${table}_columns_to_add` : `added_${table}_columns`] = added
    answer[dryRun ? `${table}_columns_to_delete` : `dropped_${table}_columns`] = []
  }
  answer[dryRun ? 'message_history_topics_to_store' : 'message_history_storage_topics'] = []
  answer.message_type_triggers = []
  answer.warnings = [
    ...report.notes.filter(({ level }) => level === 'warning').map(({ message }) => message),
    ...report.widening.map(({ message }) => message),
    ...items
      .filter(({ action }) => action === 'keep')
      .map(({ kind, name }) => `The ${kind} "${name}" is kept, not active.`),
  ]
  answer.errors = items
    .filter(({ action }) => action === 'conflict')
    .map(({ kind, name, reason }) => `${kind} "${name}": ${reason}`)
  if (!dryRun) {
    answer.collection_name_to_id = report.ids.collections
    answer.role_name_to_id = report.ids.roles
    answer.user_email_to_id = report.ids.users
  }
  return answer
}
