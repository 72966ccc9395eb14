/** What the node is asked about: two systems, their users, a service each, and a collection with rows. Made over HTTP. */
import { readFileSync } from 'node:fs'
import { developer } from './node-process.ts'
import { newReading, readings } from './rows.ts'
import { bindApps } from './second-factors.ts'
import type { Person } from './two-steps.ts'

type System = { key: string; secret: string }

export type Scene = {
  /** The password alone decides here. */
  plain: System
  /** An auth service decides here. */
  guarded: System
  /** An auth service that asks for a second factor decides here. */
  secured: System
  /** Who signs in there: none unless they are wanted, since each costs a password hash. */
  people: Person[]
  /** Of both systems, one for each connection. */
  emails: string[]
  password: string
  /** A session in the plain system. */
  token: string
  readings: { collection: string; keys: string[] }
  /** The collection that rows are created in. */
  copies: string
}

const password = 'the plant is quiet'

/** `people` of the system with two steps hold no app yet: `withApps` gives them one, once no node holds the database. */
export async function makeScene(port: number, connections: number, people: number): Promise<Scene> {
  const emails = Array.from({ length: connections }, (_, n) => `user-${n}@example.com`)
  const signedIn = await call<{ dev_token: string }>(port, 'POST', '/admin/auth', developer)
  const asDeveloper = { 'ClearBlade-DevToken': signedIn.dev_token }
  const develop = <T>(method: string, path: string, body: object): Promise<T> =>
    call(port, method, path, body, asDeveloper)

  const newUser = ({ key }: System, email: string): Promise<{ user_id: string }> =>
    develop('POST', `/admin/user/${key}`, { email, password })
  const newSystem = async (name: string): Promise<System> => {
    type Made = { appID: string; appSecret: string }
    const { appID: key, appSecret: secret } = await develop<Made>('POST', '/admin/systemmanagement', { name })
    return { key, secret }
  }
  const grant = ({ key }: System, role: string, changes: object) =>
    develop('PUT', `/admin/user/${key}/roles`, { id: role, changes })
  const newService = async (system: System, name: string, role: string, requires = 'clearblade'): Promise<void> => {
    const code = readFileSync(new URL(`services/${name}.service.js`, import.meta.url), 'utf8')
    await develop('POST', `/admin/code/v/1/${system.key}/${name}`, { code, parameters: [], dependencies: requires })
    await grant(system, role, { services: [{ itemInfo: { name }, permissions: 1 }] })
  }
  const newCollection = async ({ key }: System, name: string): Promise<string> => {
    type Made = { collectionID: string }
    const { collectionID: id } = await develop<Made>('POST', '/admin/collectionmanagement', { name, appID: key })
    for (const [column, value] of Object.entries(newReading)) {
      const addColumn = { name: column, type: typeof value === 'number' ? 'int' : 'string' }
      await develop('PUT', '/admin/collectionmanagement', { id, addColumn })
    }
    return id
  }

  const plain = await newSystem('plain')
  await Promise.all(emails.map((email) => newUser(plain, email)))
  const collection = await newCollection(plain, 'Readings')
  const copies = await newCollection(plain, 'Copies')
  await develop('POST', `/api/v/4/collection/${plain.key}/Readings/index?columnName=site`, {})
  const made = await develop<{ item_id: string }[]>('POST', `/api/v/1/data/${collection}`, [...readings])
  await grant(plain, 'Authenticated', {
    collections: [
      { itemInfo: { name: 'Readings' }, permissions: 15 },
      { itemInfo: { name: 'Copies' }, permissions: 15 },
    ],
  })
  await newService(plain, 'constant', 'Authenticated')
  await newService(plain, 'readAndCreate', 'Authenticated')

  const guarded = await newSystem('guarded')
  await Promise.all(emails.map((email) => newUser(guarded, email)))
  await newService(guarded, 'decide', 'Anonymous')
  await develop('PUT', '/admin/v/4/systemmanagement', { id: guarded.key, auth_service: 'decide' })

  const secured = await newSystem('secured')
  await newService(secured, 'secondFactor', 'Anonymous', 'clearblade,signin')
  await develop('PUT', '/admin/v/4/systemmanagement', { id: secured.key, auth_service: 'secondFactor' })
  const crowd: Person[] = []
  for (let n = 0; n < people; n += connections) {
    const some = Array.from({ length: Math.min(connections, people - n) }, (_, i) => `person-${n + i}@example.com`)
    const made = await Promise.all(some.map((email) => newUser(secured, email)))
    crowd.push(...made.map(({ user_id: userId }, i) => ({ email: some[i]!, userId, secret: '' })))
  }

  type Session = { user_token: string }
  const { user_token: token } = await call<Session>(
    port,
    'POST',
    '/api/v/1/user/auth',
    { email: emails[0], password },
    systemHeaders(plain),
  )
  const keys = made.map(({ item_id }) => item_id)
  return { plain, guarded, secured, people: crowd, emails, password, token, readings: { collection, keys }, copies }
}

type Database = Parameters<typeof bindApps>[0]

export async function withApps(scene: Scene, database: Database): Promise<Scene> {
  const { people, secured } = scene
  const secrets = await bindApps(
    database,
    secured.key,
    people.map(({ userId }) => userId),
  )
  return { ...scene, people: people.map((one, n) => ({ ...one, secret: secrets[n]! })) }
}

export const systemHeaders = ({ key, secret }: System): Record<string, string> => ({
  'ClearBlade-SystemKey': key,
  'ClearBlade-SystemSecret': secret,
})

async function call<T>(
  port: number,
  method: string,
  path: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<T> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers, body: JSON.stringify(body) })
  const text = await response.text()
  if (response.status !== 200) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
  return (text === '' ? undefined : JSON.parse(text)) as T
}
