/** `gatehouse key rotate`, on the machine of the node. */
import { systemClock } from '@gatehouse/server/base/clock.ts'
import { rotateKey } from '@gatehouse/server/operate/rotate-key.ts'
import { createOutput } from './output.ts'
import { ownNodeConfig, takeSwitches } from './own-node.ts'

const help = `gatehouse key rotate [--json]
  makes a new node key, and seals everything under it in one transaction

Stop every node of this database first. The key before is kept beside the new one: backups made with it need it.
With several nodes, rotate on one, copy its node.key to the others, then start them.
Takes --data, --database-url and --key-file as "gatehouse start" does.

Example: gatehouse key rotate --data /var/lib/gatehouse`

export async function key(args: string[]): Promise<number> {
  const [action, ...rest] = args
  if (action === undefined || args.includes('--help')) {
    console.log(help)
    return action === undefined ? 1 : 0
  }
  if (action !== 'rotate') {
    console.error(`There is no "gatehouse key ${action}".\n\n${help}`)
    return 1
  }
  const { on, rest: options } = takeSwitches(rest, ['json'])
  const output = createOutput(on.json)
  const done = await rotateKey(ownNodeConfig(options), { clock: systemClock })
  const { sealed, ended, unreadable, auditLeft, formerKey } = done
  output.result(
    { sealed, ended, unreadable, audit_left: auditLeft, former_key: formerKey },
    {
      text: [
        'The node has a new key.',
        `Sealed anew: ${Object.entries(sealed)
          .map(([what, count]) => `${count} ${what}`)
          .join(', ')}.`,
        `Ended: ${ended.challenges} sign-ins under way, ${ended.begun} authenticators that were begun.`,
        'Links of portals that were given out end; ask for new ones. So does the account of the development gateway.',
        'Limits of unknown e-mails and of numbers that nobody has bound begin anew.',
        `The key before is ${formerKey}. Keep it with the backups that were made with it, and nowhere else.`,
      ].join('\n'),
    },
  )
  if (unreadable > 0) output.warn(`${unreadable} sealed values did not open under the old key, and are as they were.`)
  if (auditLeft > 0) output.warn(`${auditLeft} chains of the audit did not fit: see gatehouse audit verify.`)
  return 0
}
