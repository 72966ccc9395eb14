/** Deployments as the node answers them: active ones, and those that packages brought, as they would be. */
import { ask } from '../../api.ts'

/** What stands where an edge and another place changed the same row. */
export type ConflictRule = 'last_writer' | 'platform' | 'edge' | 'both'
export type DeployedAsset = {
  asset_class: string
  asset_id: string
  sync_to_edge: boolean
  sync_to_platform: boolean
  conflicts?: ConflictRule
}
/** For how long an edge lets users in by what it last knew, in seconds; a week where nothing is set. */
export type Offline = { limit?: number; near?: number; roles?: Record<string, number> }
export type SignIn = {
  collections: string[]
  roles: string[]
  users: { roles: string[]; emails: string[] }
  offline?: Offline
  /** Good only where they were made; at both ends where nothing stands here. */
  sessions?: 'apart'
  /** Whether users there may ask for changes of their own columns. */
  requests?: boolean
  /** Whether the numbers of their phones go to edges that send messages by themselves. */
  phones?: boolean
}
type Noted = { asset_class: string; asset_id: string; why: string }

export type Deployment = {
  name: string
  description: string
  edges: string[]
  assets: DeployedAsset[]
  sign_in: SignIn | null
  active: boolean
  /** Of active ones, in milliseconds. */
  updated_at?: number
  /** Of those that wait to be activated: what their file has beyond it. */
  left_out?: Noted[]
  changed?: Noted[]
}

export const deploymentsQuery = (key: string) => ({
  queryKey: ['deployments', key],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    ask<Deployment[]>(`/admin/v/4/system/${key}/deployments`, { signal }),
})

export const noSignIn: SignIn = { collections: [], roles: [], users: { roles: [], emails: [] } }

/** A new one is made, one of a package activated, any other changed where nobody else has meanwhile. */
export function saveDeployment(key: string, before: Deployment | undefined, now: Deployment): Promise<unknown> {
  const { name, description, edges, assets, sign_in } = now
  const body = { name, description, edges, assets, sign_in }
  const own = `/admin/v/4/system/${key}/deployments/${encodeURIComponent(name)}`
  if (before === undefined) return ask(`/admin/${key}/deployments`, { method: 'POST', body })
  if (!before.active) return ask(`${own}/activate`, { method: 'POST', body })
  const path = `/admin/${key}/deployments/${encodeURIComponent(name)}`
  return ask(path, { method: 'PUT', body: { ...body, if_unchanged: before.updated_at } })
}
