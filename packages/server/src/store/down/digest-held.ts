/**
 * What users hold beside their passwords, as it can be compared: which there are, how they are named, when they were bound. A seed
 * lies sealed under another key at each end and is in none of it. What only tightens stands beside it, and may be more at the edge.
 */
import type { Tables } from '../schema.ts'
import { databaseOf, type SystemStore } from '../store.ts'
import { canonical, hashOf, type Listed } from './digest.ts'
import type { ReadUser } from './read.ts'

type Held = Pick<Tables['authenticators'], 'id' | 'user_id' | 'kind' | 'bound_at'> & {
  label: string
  /** The domain of a passkey, or whether the number of a phone is there. */
  more: string
  isDisabled: boolean
  /** The last step of an app, the counter of a passkey. */
  count: number
}

const listed = ({ id, user_id, kind, bound_at, label, more, isDisabled, count }: Held): Listed[number] => [
  `${kind} ${user_id} ${id}`,
  hashOf(canonical([label, bound_at, more])),
  [Number(isDisabled), count],
]

const numberThere = (is: boolean): string => (is ? 'number' : '')

/** On the platform: what the edge should have of a user who may sign in there. `codes` are those for that edge. */
export function listHeldOf(
  { id: user_id, apps, passkeys, phones, codes }: Pick<ReadUser, 'id' | 'apps' | 'passkeys' | 'phones' | 'codes'>,
  numbers: boolean,
): Listed {
  const of = { user_id, label: '', more: '', isDisabled: false, count: 0 }
  return [
    ...apps.map(({ id, label, state, boundAt, lastStep }) =>
      listed({
        ...{ ...of, id, kind: 'totp', label, bound_at: boundAt },
        ...{ isDisabled: state === 'disabled', count: lastStep },
      }),
    ),
    ...passkeys.map(({ id, label, state, boundAt, rpId, signCount }) =>
      listed({
        ...{ ...of, id, kind: 'passkey', label, bound_at: boundAt, more: rpId },
        ...{ isDisabled: state === 'disabled', count: signCount },
      }),
    ),
    ...phones.map(({ id, label, boundAt }) =>
      listed({ ...of, id, kind: 'phone', label, bound_at: boundAt, more: numberThere(numbers) }),
    ),
    ...codes.map(({ id, madeAt }) => listed({ ...of, id, kind: 'recovery', bound_at: madeAt })),
  ]
}

export type SealedHere = Pick<
  Tables['authenticators'],
  'id' | 'user_id' | 'kind' | 'sealed' | 'credential_hash' | 'rp_id'
>

/** On an edge: what lies there of these users. `opens`: whether what is sealed is whole. */
export async function listHeldHere(
  store: SystemStore,
  userIds: readonly string[],
  opens: (one: SealedHere) => boolean,
): Promise<Listed> {
  if (userIds.length === 0) return []
  const rows = await databaseOf(store)
    .selectFrom('authenticators')
    .selectAll()
    .where('system_key', '=', store.key)
    .where('user_id', 'in', [...userIds])
    .execute()
  return rows.map((row): Listed[number] => {
    const more = row.kind === 'passkey' ? (row.rp_id ?? '') : numberThere(row.kind === 'phone' && row.sealed !== '')
    const one = listed({
      ...{ ...row, more, label: row.kind === 'recovery' ? '' : row.label },
      ...{ isDisabled: row.state !== 'bound', count: row.kind === 'passkey' ? row.sign_count : row.last_step },
    })
    return opens(row) ? one : [one[0], 'it does not open']
  })
}
