/** Numbers of phones on an edge: there only where it sends messages by itself, sealed under its node key. */
import { databaseOf, type SystemStore } from '../store.ts'

/** Answers whether there was one. */
export async function forgetNumbers(store: SystemStore): Promise<boolean> {
  const gone = await databaseOf(store)
    .updateTable('authenticators')
    .set({ sealed: '' })
    .where('system_key', '=', store.key)
    .where('kind', '=', 'phone')
    .where('sealed', '!=', '')
    .returning('id')
    .execute()
  return gone.length > 0
}
