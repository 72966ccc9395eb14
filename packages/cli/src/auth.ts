/** `gatehouse auth …`: the auth service of a system before anybody meets it. */
import { authRecorded, authReplay } from './auth-replay.ts'
import { authTry } from './auth-try.ts'
import { authRestore, authSafe, authVersions, authWithdraw } from './auth-versions.ts'
import { type Command, runGroup } from './flags.ts'

const commands: Command[] = [authTry, authReplay, authRecorded, authVersions, authSafe, authRestore, authWithdraw]

export const auth = (args: string[]): Promise<number> =>
  runGroup(
    'auth',
    'try sign-ins, replay recorded ones, and say which version of the auth service serves',
    commands,
    args,
  )
