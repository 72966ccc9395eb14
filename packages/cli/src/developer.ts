/** `gatehouse developer add|invite|unlock|reset-factors`: people who build systems, on the machine of the node itself. */
import { openNode } from '@gatehouse/server/app.ts'
import { systemClock } from '@gatehouse/server/base/clock.ts'
import { createLog } from '@gatehouse/server/base/log.ts'
import { addDeveloper, invite, unlockDeveloper } from '@gatehouse/server/domain/accounts/developers.ts'
import { resetFactors } from '@gatehouse/server/domain/auth/developer-factors.ts'
import { ownNodeConfig } from './own-node.ts'
import { askSecret, readFlag } from './prompt.ts'

const help = `gatehouse developer add --email EMAIL [--password-stdin]   make a developer; the first one is the administrator
gatehouse developer invite                               print a one-time invitation for POST /admin/reg
gatehouse developer unlock EMAIL                         end the wait of a developer after wrong passwords
gatehouse developer reset-factors EMAIL                  take away the second factors of a developer who lost them;
                                                         ends all his sessions

All take --data, --database-url and --key-file as "gatehouse start" does, and work beside a running node.
Without --password-stdin the password is asked for, or read from GATEHOUSE_DEVELOPER_PASSWORD.
Whoever resets second factors looks first whom he does it for: from then on the password alone lets in.

Example: gatehouse developer add --email jo@example.com`

type Action = 'add' | 'invite' | 'unlock' | 'reset-factors'
const actions: readonly string[] = ['add', 'invite', 'unlock', 'reset-factors'] satisfies Action[]

export async function developer(args: string[]): Promise<number> {
  const [given, ...rest] = args
  if (given === undefined || args.includes('--help')) {
    console.log(help)
    return given === undefined ? 1 : 0
  }
  if (!actions.includes(given)) {
    console.error(`There is no "gatehouse developer ${given}".\n\n${help}`)
    return 1
  }
  const action = given as Action
  const { value: named, rest: others } = takeEmail(action, rest)
  const fromStdin = others.includes('--password-stdin')
  const config = ownNodeConfig(others.filter((arg) => arg !== '--password-stdin'))
  if (action !== 'invite' && named === undefined) {
    const example = action === 'add' ? 'add --email jo@example.com' : `${action} jo@example.com`
    console.error(`An e-mail is needed: gatehouse developer ${example}`)
    return 1
  }
  const email = named ?? ''
  const { store } = await openNode(config, createLog({ format: 'silent', level: 'silent' }))
  const means = { store, clock: systemClock }
  const operator = { clock: systemClock, by: 'operator' } as const
  try {
    switch (action) {
      case 'invite': {
        const { key, expiresAt } = await invite(means, operator, 'developer')
        console.log(`Invitation, for one registration until ${new Date(expiresAt).toISOString()}: ${key}`)
        return 0
      }
      case 'unlock': {
        const done = await unlockDeveloper(means, operator, email)
        if (done === undefined) return nobody(email)
        console.log(
          done.waited
            ? `${done.email} waits no longer: ${counted(done.failures, 'wrong password')} in a row are forgotten.`
            : `${done.email} did not have to wait.`,
        )
        return 0
      }
      case 'reset-factors': {
        const done = await resetFactors(means, operator, email)
        if (done === undefined) return nobody(email)
        const what =
          done.factors === 0
            ? `${done.email} had no second factor.`
            : `The second factors of ${done.email} are taken away: the password alone lets in, until another is bound.`
        console.log(`${what} ${counted(done.sessions, 'session')} ended.`)
        return 0
      }
      case 'add': {
        const password =
          (fromStdin ? undefined : process.env.GATEHOUSE_DEVELOPER_PASSWORD) ||
          (await askSecret('Password, 15 characters or more: ', fromStdin))
        const made = await addDeveloper(means, operator, {
          email,
          password,
          firstName: '',
          lastName: '',
          organisation: '',
        })
        console.log(`Developer ${made.email} is made${made.admin ? ', the first one and so the administrator' : ''}.`)
        return 0
      }
    }
  } finally {
    await store.close()
  }
}

/** With `--email`, or as the word after the action. */
function takeEmail(action: Action, args: string[]): { value: string | undefined; rest: string[] } {
  const [first, ...rest] = args
  const isPlace = (action === 'unlock' || action === 'reset-factors') && first !== undefined && !first.startsWith('-')
  return isPlace ? { value: first, rest } : readFlag(args, 'email')
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

function nobody(email: string): number {
  console.error(`No developer of this node has the e-mail ${email}.`)
  return 1
}
