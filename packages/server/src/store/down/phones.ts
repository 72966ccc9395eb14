/** Numbers of phones on an edge: there only where it sends messages by itself, sealed under its node key. */
import { databaseOf, type SystemStore } from '../store.ts'

/** Whether there is a phone whose number is not here. */
export async function lacksNumbers(store: SystemStore): Promise<boolean> {
  const row = await databaseOf(store)
    .selectFrom('authenticators')
    .select('id')
    .where('system_key', '=', store.key)
    .where('kind', '=', 'phone')
    .where('sealed', '=', '')
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

export async function forgetNumbers(store: SystemStore): Promise<void> {
  await databaseOf(store)
    .updateTable('authenticators')
    .set({ sealed: '' })
    .where('system_key', '=', store.key)
    .where('kind', '=', 'phone')
    .where('sealed', '!=', '')
    .execute()
}
