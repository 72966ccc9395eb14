/** `gatehouse auth …`: the auth service of a system before anybody meets it. */
import { authTry } from './auth-try.ts'
import { type Command, runGroup } from './flags.ts'

const commands: Command[] = [authTry]

export const auth = (args: string[]): Promise<number> =>
  runGroup('auth', 'try sign-ins with the auth service, and with code that is not saved yet', commands, args)
