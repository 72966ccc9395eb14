/** Facts about the database as a whole. */
import { databaseOf, type Store } from '../store.ts'

export async function readMeta(store: Store, name: string): Promise<string | undefined> {
  const row = await databaseOf(store).selectFrom('meta').select('value').where('name', '=', name).executeTakeFirst()
  return row?.value
}

/** Keeps what is there already: of two nodes that start at once, the first wins and both read the same. */
export async function writeMetaOnce(store: Store, name: string, value: string): Promise<string> {
  await databaseOf(store)
    .insertInto('meta')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute()
  return (await readMeta(store, name))!
}
