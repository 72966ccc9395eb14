/** A system for the SDK tests: a collection, services, and an operator whose role lets him do what the SDKs can ask for. */
import type { Answer, TestApp } from '../support/app.ts'

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
  const column = { column_name: 'shift', type: 'string' }
  await done(app.call('POST', `/admin/user/${system.key}/columns`, { developer, body: column }))
  const userId = await app.createUser(system, email, password)
  const columns = { name: 'string', age: 'int', on: 'bool' }
  const collectionId = await app.createCollection(system, 'Machines', columns)
  const rights = Object.fromEntries(wide.map((kind) => [kind, { permissions: 15 }]))
  await done(app.call('POST', `/admin/user/${system.key}/roles`, { developer, body: { name: 'operator', ...rights } }))
  const body = { user: userId, changes: { roles: { add: ['operator'] } } }
  await done(app.call('PUT', `/admin/user/${system.key}`, { developer, body }))
  return { app, url: app.app.means.publicUrl(), system, userId, collectionId }
}

async function done(answer: Promise<Answer>): Promise<Answer> {
  const got = await answer
  if (got.status !== 200) throw new Error(`expected 200, got ${got.status}: ${got.text}`)
  return got
}

/** The collection with these rows and no others. */
export async function refill({ app, collectionId }: Plant, rows: object[]): Promise<void> {
  const { developer } = app
  const path = `/api/v/1/data/${collectionId}`
  await done(app.call('DELETE', path, { developer, query: { query: '[]' } }))
  await done(app.call('POST', path, { developer, body: rows }))
}

/** The rows of the collection by name, asked past the SDKs. */
export async function storedIn({ app, collectionId }: Plant): Promise<any[]> {
  const { developer } = app
  const query = { query: '{"SORT":[{"ASC":"name"}]}' }
  return (await done(app.call('GET', `/api/v/1/data/${collectionId}`, { developer, query }))).body.DATA
}

/** What both SDKs are given to reach it. */
export const reach = ({ url, system }: Plant) => ({
  URI: url,
  systemKey: system.key,
  systemSecret: system.secret,
  callTimeout: 10_000,
})
