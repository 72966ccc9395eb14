/** `gatehouse library …`: code that services require. */
import { runGroup } from './flags.ts'
import { pushCommand, useCommand, versionsCommand } from './push.ts'
import { secretsCommand } from './typed-secrets.ts'

const commands = [pushCommand('library'), versionsCommand('library'), useCommand('library'), secretsCommand('library')]

export const library = (args: string[]): Promise<number> =>
  runGroup('library', 'push libraries, choose their versions, move keys out of them', commands, args)
