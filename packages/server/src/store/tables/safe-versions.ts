/** Code of auth services that a developer named as safe, kept whole: what it was made of may be deleted since. */
import { databaseOf, type SystemStore, writerOf } from '../store.ts'

export type SafeVersionRecord = {
  service: string
  /** Names this state of service and libraries. */
  code: string
  /** JSON of what runs, as the engine made it. */
  assembly: string
}

export async function putSafeVersion(store: SystemStore, safe: SafeVersionRecord): Promise<void> {
  await writerOf(store)
    .insertInto('safe_versions')
    .values({ system_key: store.key, ...safe })
    .onConflict((conflict) =>
      conflict.columns(['system_key', 'service']).doUpdateSet({ code: safe.code, assembly: safe.assembly }),
    )
    .execute()
  noted(store, safe.service)
}

export async function findSafeVersion(store: SystemStore, service: string): Promise<SafeVersionRecord | undefined> {
  return databaseOf(store)
    .selectFrom('safe_versions')
    .select(['service', 'code', 'assembly'])
    .where('system_key', '=', store.key)
    .where('service', '=', service)
    .executeTakeFirst()
}

export async function deleteSafeVersion(store: SystemStore, service: string): Promise<void> {
  await writerOf(store)
    .deleteFrom('safe_versions')
    .where('system_key', '=', store.key)
    .where('service', '=', service)
    .execute()
  noted(store, service)
}

/** It goes to edges with its service. */
const noted = (store: SystemStore, service: string): void =>
  store.record({ kind: 'service', id: service, operation: 'put', columns: ['safe'] })
