/** `gatehouse auth …`: the auth service of a system before anybody meets it. */
import { authRecorded, authReplay } from './auth-replay.ts'
import { authTry } from './auth-try.ts'
import { type Command, runGroup } from './flags.ts'

const commands: Command[] = [authTry, authReplay, authRecorded]

export const auth = (args: string[]): Promise<number> =>
  runGroup(
    'auth',
    'try sign-ins with the auth service or with other code, and replay those that were recorded',
    commands,
    args,
  )
