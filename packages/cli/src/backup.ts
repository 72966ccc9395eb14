/** `gatehouse backup` and `gatehouse restore`, on the machine of the node. */
import { openNode, version } from '@gatehouse/server/app.ts'
import { systemClock } from '@gatehouse/server/base/clock.ts'
import { createLog } from '@gatehouse/server/base/log.ts'
import { demandStrong } from '@gatehouse/server/domain/accounts/password-rules.ts'
import { backup as makeBackup } from '@gatehouse/server/operate/backup.ts'
import { finish, restore as putBack } from '@gatehouse/server/operate/restore.ts'
import { otherSessions } from '@gatehouse/server/store/backup/others.ts'
import { CommandError } from './failure.ts'
import { createOutput, type Output } from './output.ts'
import { ownNodeConfig, takeSwitches } from './own-node.ts'
import { askSecret } from './prompt.ts'

const backupHelp = `gatehouse backup FILE [--with-key] [--passphrase-stdin] [--json]
  writes the SQLite database of the node into FILE, also while the node runs

--with-key   puts the node key into it, sealed under a passphrase of 15 characters or more that is asked for.
             Without it, copy the key yourself: a backup without its key is of no use.

Takes --data and --key-file as "gatehouse start" does. PostgreSQL has pg_dump: see docs/operate.md.

Example: gatehouse backup /backups/gatehouse-2026-11-25 --data /var/lib/gatehouse`

const restoreHelp = `gatehouse restore FILE [--overwrite] [--keep-sessions] [--passphrase-stdin] [--json]
gatehouse restore --finish [--keep-sessions]     after pg_restore, before the first node starts

--overwrite      loses the database that is there; without it nothing is lost
--keep-sessions  sessions and remembered devices stay good, also those that were ended since the backup

The node must be stopped. Codes, enrolments and invitations that were open in the backup end in any case.
Takes --data, --database-url and --key-file as "gatehouse start" does.

Example: gatehouse restore /backups/gatehouse-2026-11-25 --data /var/lib/gatehouse`

const passphraseLength = 15

export async function backup(args: string[]): Promise<number> {
  if (args.includes('--help') || args.length === 0) {
    console.log(backupHelp)
    return args.length === 0 ? 1 : 0
  }
  const { on, rest } = takeSwitches(args, ['with-key', 'passphrase-stdin', 'json'])
  const output = createOutput(on.json)
  const { file, options } = fileOf(rest)
  if (file === undefined) throw new CommandError('FILE is missing: gatehouse backup FILE')
  const config = ownNodeConfig(options)
  const passphrase = on['with-key'] ? await newPassphrase(on['passphrase-stdin']) : undefined
  const made = await makeBackup(config, file, {
    clock: systemClock,
    version,
    ...(passphrase !== undefined && { passphrase }),
  })
  output.result(
    { file: made.file, bytes: made.bytes, made_at: new Date(made.madeAt).toISOString(), with_key: made.withKey },
    { text: `${made.file}, ${made.bytes} bytes, as of ${new Date(made.madeAt).toISOString()}` },
  )
  output.say(
    made.withKey
      ? 'The node key is in it, under your passphrase. Who has both can read all that is sealed.'
      : `The node key is not in it. Without ${config.keyFile} the backup does not start: secrets, phones, authenticator apps and passkeys stay sealed. Keep a copy of the key, elsewhere.`,
  )
  return 0
}

export async function restore(args: string[]): Promise<number> {
  if (args.includes('--help') || args.length === 0) {
    console.log(restoreHelp)
    return args.length === 0 ? 1 : 0
  }
  const switches = ['overwrite', 'keep-sessions', 'finish', 'passphrase-stdin', 'json'] as const
  const { on, rest } = takeSwitches(args, switches)
  const output = createOutput(on.json)
  const { file, options } = fileOf(rest)
  const keepSessions = on['keep-sessions']
  if (on.finish) return finishRestore(options, keepSessions, output)
  if (file === undefined) throw new CommandError('FILE is missing: gatehouse restore FILE')
  const done = await putBack(ownNodeConfig(options), file, {
    clock: systemClock,
    overwrite: on.overwrite,
    keepSessions,
    passphrase: () => askSecret('Passphrase of the backup: ', on['passphrase-stdin']),
  })
  const madeAt = new Date(done.madeAt).toISOString()
  output.result(
    { made_at: madeAt, ended: done.ended, key_restored: done.keyRestored },
    { text: `Restored as of ${madeAt}. ${endedText(done.ended)}` },
  )
  return 0
}

async function finishRestore(options: string[], keepSessions: boolean, output: Output): Promise<number> {
  const config = ownNodeConfig(options)
  if (config.databaseUrl === undefined) {
    throw new CommandError('--finish is for PostgreSQL; "gatehouse restore FILE" does all of it.')
  }
  const { store } = await openNode(config, createLog({ format: 'silent', level: 'silent' }))
  try {
    if ((await otherSessions(store)) > 0) {
      throw new CommandError('A node, or somebody else, works on this database. Stop it first; nothing was changed.')
    }
    const ended = await finish(store, { clock: systemClock, keepSessions, subject: 'PostgreSQL' })
    output.result({ ended }, { text: `The restore is finished. ${endedText(ended)}` })
    return 0
  } finally {
    await store.close()
  }
}

const endedText = ({ sessions, devices, codes, invitations }: Record<string, number>): string =>
  `Ended: ${sessions} sessions, ${devices} remembered devices, ${codes} codes and steps under way, ${invitations} invitations.`

/** What stands without a flag; the value of a flag never does here, since all of those that are left take one. */
function fileOf(args: string[]): { file: string | undefined; options: string[] } {
  const at = args.findIndex((arg, index) => !arg.startsWith('-') && !takesValue(args[index - 1]))
  return at === -1
    ? { file: undefined, options: args }
    : { file: args[at], options: [...args.slice(0, at), ...args.slice(at + 1)] }
}

const takesValue = (before: string | undefined): boolean => before?.startsWith('--') === true && !before.includes('=')

async function newPassphrase(fromStdin: boolean): Promise<string> {
  const passphrase = await askSecret(`Passphrase, ${passphraseLength} characters or more: `, fromStdin)
  demandStrong(passphrase, { minLength: passphraseLength, context: [] })
  return passphrase
}
