/** A system for the SDK tests: a collection, services, and an operator whose role lets him do what the SDKs can ask for. */
import type { TestApp } from '../support/app.ts'

export const email = 'op@example.com'
export const password = 'the plant is quiet'

export type Plant = {
  app: TestApp
  /** Where the node really listens. */
  url: string
  system: { key: string; secret: string }
  userId: string
  collectionId: string
}

/** Everything that is one right of the whole system. */
const wide = ['users', 'roles', 'manageusers', 'allcollections', 'allservices']

export async function openPlant(app: TestApp): Promise<Plant> {
  const system = await app.createSystem()
  const { developer } = app
  await app.call('POST', `/admin/user/${system.key}/columns`, {
    developer,
    body: { column_name: 'shift', type: 'string' },
  })
  const userId = await app.createUser(system, email, password)
  const columns = { name: 'string', age: 'int', on: 'bool' }
  const collectionId = await app.createCollection(system, 'Machines', columns)
  const rights = Object.fromEntries(wide.map((kind) => [kind, { permissions: 15 }]))
  await app.call('POST', `/admin/user/${system.key}/roles`, { developer, body: { name: 'operator', ...rights } })
  await app.call('PUT', `/admin/user/${system.key}`, {
    developer,
    body: { user: userId, changes: { roles: { add: ['operator'] } } },
  })
  return { app, url: app.app.means.publicUrl(), system, userId, collectionId }
}

/** What both SDKs are given to reach it. */
export const reach = ({ url, system }: Plant) => ({
  URI: url,
  systemKey: system.key,
  systemSecret: system.secret,
  callTimeout: 10_000,
})
