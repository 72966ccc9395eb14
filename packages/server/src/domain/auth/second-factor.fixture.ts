/** A system whose auth service asks for a second factor by what the platform offers, and nothing else. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestApp } from '../../../../../test/support/app.ts'

export type System = { key: string; secret: string }

export const secondFactorService = readFileSync(
  join(import.meta.dirname, '../../../../../test/services/second-factor.service.js'),
  'utf8',
)

/** With the user column that mirrors the phone. */
export async function secondFactorSystem(app: TestApp): Promise<System> {
  const made = await app.createSystem()
  const column = { column_name: 'sms_phone', type: 'string' }
  await app.call('POST', `/admin/user/${made.key}/columns`, { developer: app.developer, body: column })
  const more = { requires: 'clearblade,signin', executableBy: ['Anonymous'] }
  await app.createService(made, 'secondFactor', secondFactorService, more)
  await app.set(made, { auth_service: 'secondFactor' })
  return made
}
