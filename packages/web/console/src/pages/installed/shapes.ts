/** An installed package, as `GET /admin/v/4/system/KEY/packages` answers it. */
import { ask } from '../../api.ts'
import type { Source } from '../packages/shapes.ts'

export type Installed = {
  name: string
  version: string
  source: Source
  contentHash: string
  installedAt: number
  canUndo: boolean
}

export const installedQuery = (key: string) => ({
  queryKey: ['installed', key],
  queryFn: ({ signal }: { signal: AbortSignal }) => ask<Installed[]>(`/admin/v/4/system/${key}/packages`, { signal }),
})
