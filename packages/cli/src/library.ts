/** `gatehouse library …`: code that services require. */
import { runGroup } from './flags.ts'
import { pushCommand, useCommand, versionsCommand } from './push.ts'

const commands = [pushCommand('library'), versionsCommand('library'), useCommand('library')]

export const library = (args: string[]): Promise<number> =>
  runGroup('library', 'push libraries and choose their versions', commands, args)
