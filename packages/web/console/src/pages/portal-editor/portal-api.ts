/** What the editor asks the node: a portal as it is stored, saving it, and a link that shows it unsaved. */
import { ApiError, ask, errorCodes } from '../../api.ts'
import { changesSince, type Stored, textOf, type Work } from './model/portal.ts'

const pathOf = (key: string, name: string): string => `/api/v/2/portals/${key}/${encodeURIComponent(name)}`

export const portalQuery = (key: string, name: string) => ({
  queryKey: ['portal', key, name],
  queryFn: ({ signal }: { signal: AbortSignal }) => ask<Stored>(pathOf(key, name), { signal }),
})

/** `hash` is the `content_hash` of the state that it was made from. */
export type Base = { work: Work; hash: string }

export type Saved =
  | { kind: 'saved'; hash: string }
  /** Nothing was saved: somebody else's state is current. */
  | { kind: 'stale' }

/** Sends what changed since `base`, if its hash is still current. Rejects with ApiError for every other refusal. */
export async function savePortal(key: string, name: string, base: Base, now: Work): Promise<Saved> {
  try {
    const body = { ...changesSince(base.work, now), base_hash: base.hash }
    const { content_hash: hash } = await ask<{ content_hash: string }>(pathOf(key, name), { method: 'PUT', body })
    return { kind: 'saved', hash }
  } catch (error) {
    if (error instanceof ApiError && error.code === errorCodes.conflict) return { kind: 'stale' }
    throw error
  }
}

export const createPortal = (key: string, name: string, work: Pick<Work, 'config' | 'description'>) =>
  ask<Stored>(pathOf(key, name), {
    method: 'POST',
    body: { name, type: 'custom_v2', description: work.description, config: textOf(work) },
  })

export const deletePortal = (key: string, name: string) => ask<void>(pathOf(key, name), { method: 'DELETE' })

/** A link for minutes, for whoever may see the portal. */
export async function previewUrl(key: string, name: string, work: Work): Promise<string> {
  const path = `/admin/v/4/system/${key}/portal-draft/${encodeURIComponent(name)}`
  return (await ask<{ url: string }>(path, { method: 'POST', body: { config: textOf(work) } })).url
}
