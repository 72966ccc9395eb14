/** What there is to have rights on: collections, services and portals of a system, by the kind's name in answers. */
import { ask } from '../../api.ts'

export type Item = { name: string; id?: string }

export const itemsQuery = (key: string) => ({
  queryKey: ['items', key],
  queryFn: async ({ signal }: { signal: AbortSignal }): Promise<Record<string, Item[]>> => {
    const [collections, services, portals] = await Promise.all([
      ask<{ collectionID: string; name: string }[]>(`/admin/allcollections?appid=${key}`, { signal }),
      ask<{ code: string[] }>(`/admin/code/v/1/${key}`, { signal }),
      ask<{ name: string }[]>(`/admin/portals/${key}`, { signal }),
    ])
    return {
      Collections: collections.map(({ collectionID: id, name }) => ({ id, name })),
      CodeServices: services.code.map((name) => ({ name })),
      Portals: portals.map(({ name }) => ({ name })),
      Topics: [],
    }
  },
})
