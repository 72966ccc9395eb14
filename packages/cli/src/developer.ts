/** `gatehouse developer add|invite`: people who build systems, made on the machine of the node itself. */
import { openNode } from '@gatehouse/server/app.ts'
import { systemClock } from '@gatehouse/server/base/clock.ts'
import { createLog } from '@gatehouse/server/base/log.ts'
import { addDeveloper, invite } from '@gatehouse/server/domain/accounts/developers.ts'
import { ownNodeConfig } from './own-node.ts'
import { askSecret, readFlag } from './prompt.ts'

const help = `gatehouse developer add --email EMAIL [--password-stdin]   make a developer; the first one is the administrator
gatehouse developer invite                               print a one-time invitation for POST /admin/reg

Both take --data, --database-url and --key-file as "gatehouse start" does, and work beside a running node.
Without --password-stdin the password is asked for, or read from GATEHOUSE_DEVELOPER_PASSWORD.

Example: gatehouse developer add --email jo@example.com`

export async function developer(args: string[]): Promise<number> {
  const [action, ...rest] = args
  if (action === undefined || args.includes('--help')) {
    console.log(help)
    return action === undefined ? 1 : 0
  }
  if (action !== 'add' && action !== 'invite') {
    console.error(`There is no "gatehouse developer ${action}".\n\n${help}`)
    return 1
  }
  const { value: email, rest: afterEmail } = readFlag(rest, 'email')
  const fromStdin = afterEmail.includes('--password-stdin')
  const config = ownNodeConfig(afterEmail.filter((arg) => arg !== '--password-stdin'))
  if (action === 'add' && email === undefined) {
    console.error('An e-mail is needed: gatehouse developer add --email jo@example.com')
    return 1
  }
  const { store } = await openNode(config, createLog({ format: 'silent', level: 'silent' }))
  const means = { store, clock: systemClock }
  const operator = { clock: systemClock, by: 'operator' } as const
  try {
    if (action === 'invite') {
      const { key, expiresAt } = await invite(means, operator, 'developer')
      console.log(`Invitation, for one registration until ${new Date(expiresAt).toISOString()}: ${key}`)
      return 0
    }
    const password =
      (fromStdin ? undefined : process.env.GATEHOUSE_DEVELOPER_PASSWORD) ||
      (await askSecret('Password, 15 characters or more: ', fromStdin))
    const made = await addDeveloper(means, operator, {
      email: email!,
      password,
      firstName: '',
      lastName: '',
      organisation: '',
    })
    console.log(`Developer ${made.email} is made${made.admin ? ', the first one and so the administrator' : ''}.`)
    return 0
  } finally {
    await store.close()
  }
}
