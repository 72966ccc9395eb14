/** With whom a system is shared, beside its owner, who stands in the system's own row. */
import { databaseOf, type Store, type SystemStore } from '../store.ts'

export type SharedWith = { developerId: string; email: string; addedAt: number; addedBy: string }

/** False where it is shared with this developer already. */
export async function addSystemDeveloper(
  store: SystemStore,
  one: Pick<SharedWith, 'developerId' | 'addedAt' | 'addedBy'>,
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await databaseOf(store)
    .insertInto('system_developers')
    .values({ system_key: store.key, developer_id: one.developerId, added_at: one.addedAt, added_by: one.addedBy })
    .onConflict((conflict) => conflict.columns(['system_key', 'developer_id']).doNothing())
    .executeTakeFirstOrThrow()
  return (numInsertedOrUpdatedRows ?? 0n) > 0n
}

/** False where it is not shared with this developer. */
export async function removeSystemDeveloper(store: SystemStore, developerId: string): Promise<boolean> {
  const { numDeletedRows } = await databaseOf(store)
    .deleteFrom('system_developers')
    .where('system_key', '=', store.key)
    .where('developer_id', '=', developerId)
    .executeTakeFirstOrThrow()
  return numDeletedRows > 0n
}

export async function isSystemDeveloper(store: Store, systemKey: string, developerId: string): Promise<boolean> {
  const row = await databaseOf(store)
    .selectFrom('system_developers')
    .select('developer_id')
    .where('system_key', '=', systemKey)
    .where('developer_id', '=', developerId)
    .executeTakeFirst()
  return row !== undefined
}

export async function listSystemDevelopers(store: SystemStore): Promise<SharedWith[]> {
  return databaseOf(store)
    .selectFrom('system_developers')
    .innerJoin('developers', 'developers.id', 'system_developers.developer_id')
    .select([
      'developers.id as developerId',
      'developers.email as email',
      'system_developers.added_at as addedAt',
      'system_developers.added_by as addedBy',
    ])
    .where('system_key', '=', store.key)
    .orderBy('added_at')
    .orderBy('developers.id')
    .execute()
}
