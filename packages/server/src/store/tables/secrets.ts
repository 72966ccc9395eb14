/** Secrets of a system, as they are kept: sealed. Opening them is `domain/systems/secrets.ts`. No edge gets them. */
import { databaseOf, type SystemStore } from '../store.ts'

export type SecretRecord = { name: string; sealed: string; hosts: string[]; updatedAt: number; updatedBy: string }

const columns = ['name', 'sealed', 'hosts', 'updated_at as updatedAt', 'updated_by as updatedBy'] as const

/** False where the name is taken. */
export async function insertSecret(store: SystemStore, secret: SecretRecord): Promise<boolean> {
  const row = await databaseOf(store)
    .insertInto('secrets')
    .values({ system_key: store.key, name: secret.name, ...changing(secret) })
    .onConflict((conflict) => conflict.columns(['system_key', 'name']).doNothing())
    .returning('name')
    .executeTakeFirst()
  return row !== undefined
}

/** False where there is none of this name. */
export async function updateSecret(store: SystemStore, secret: SecretRecord): Promise<boolean> {
  const row = await databaseOf(store)
    .updateTable('secrets')
    .set(changing(secret))
    .where('system_key', '=', store.key)
    .where('name', '=', secret.name)
    .returning('name')
    .executeTakeFirst()
  return row !== undefined
}

const changing = (secret: SecretRecord) => ({
  sealed: secret.sealed,
  hosts: JSON.stringify(secret.hosts),
  updated_at: secret.updatedAt,
  updated_by: secret.updatedBy,
})

export async function findSecret(store: SystemStore, name: string): Promise<SecretRecord | undefined> {
  const row = await databaseOf(store)
    .selectFrom('secrets')
    .select(columns)
    .where('system_key', '=', store.key)
    .where('name', '=', name)
    .executeTakeFirst()
  return row && { ...row, hosts: JSON.parse(row.hosts) }
}

export async function listSecrets(store: SystemStore): Promise<Omit<SecretRecord, 'sealed'>[]> {
  const rows = await databaseOf(store)
    .selectFrom('secrets')
    .select(columns)
    .where('system_key', '=', store.key)
    .orderBy('name')
    .execute()
  return rows.map(({ sealed: _, ...row }) => ({ ...row, hosts: JSON.parse(row.hosts) }))
}

export async function countSecrets(store: SystemStore): Promise<number> {
  const { count } = await databaseOf(store)
    .selectFrom('secrets')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('system_key', '=', store.key)
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** Without a name all of them; answers how many went. */
export async function deleteSecrets(store: SystemStore, name?: string): Promise<number> {
  let query = databaseOf(store).deleteFrom('secrets').where('system_key', '=', store.key)
  if (name !== undefined) query = query.where('name', '=', name)
  const result = await query.executeTakeFirst()
  return Number(result.numDeletedRows)
}
