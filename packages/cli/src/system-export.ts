/** A system as the node exports it: a zip in the layout of cb-cli. */
import { type Api, longPatienceMs, segment } from './api.ts'

export type Parts = { rows: boolean; users: boolean }

export function exportSystem(api: Api, key: string, { rows, users }: Parts): Promise<Buffer> {
  const query = { ...(!rows && { rows: 'false' }), ...(!users && { users: 'false' }) }
  return api.bytes('GET', `/admin/v/4/system/${segment(key)}/export`, { query, patience: longPatienceMs })
}
