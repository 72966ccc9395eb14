/** Users with certain rights and other developers, for tests of what they may and may not do. */
import type { TestApp } from '../../../../../test/support/app.ts'

export type Person = { token: string; id: string; role: string }

const password = 'three unrelated words'
let count = 0

/** A signed-in user whose one role beside Authenticated holds these rights, as `changes` of a role has them. */
export async function userWith(
  app: TestApp,
  system: { key: string; secret: string },
  rights: Record<string, unknown> = {},
): Promise<Person> {
  count += 1
  const email = `person${count}@example.com`
  const role = `role ${count}`
  const id = await app.createUser(system, email, password)
  const path = `/admin/user/${system.key}`
  const developer = app.developer
  const made = await app.call('POST', `${path}/roles`, { developer, body: { name: role, ...rights } })
  if (made.status !== 200) throw new Error(`no role was made: ${made.text}`)
  const changes = { roles: { add: [role] } }
  const joined = await app.call('PUT', path, { developer, body: { user: id, changes } })
  if (joined.status !== 200) throw new Error(`the role was not given: ${joined.text}`)
  return { id, role, token: await app.signIn(system, email, password) }
}

/** The token of a developer who has nothing yet. */
export async function anotherDeveloper(app: TestApp): Promise<string> {
  count += 1
  const body = {
    email: `dev${count}@example.com`,
    password: `quite unlike the others ${count}`,
    fname: '',
    lname: '',
    org: '',
  }
  const { body: answer, text } = await app.call('POST', '/admin/reg', { body })
  if (typeof answer?.dev_token !== 'string') throw new Error(`no developer was made: ${text}`)
  return answer.dev_token
}

export const onCollection = (id: string, permissions: number) => ({
  collections: [{ itemInfo: { id }, permissions }],
})
