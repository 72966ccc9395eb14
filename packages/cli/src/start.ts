/** `gatehouse start`. */
import { readConfig } from '@gatehouse/server/config/config.ts'
import { startHelp } from '@gatehouse/server/config/help.ts'
import { runNode } from '@gatehouse/server/main.ts'

export async function start(args: string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(startHelp())
    return 0
  }
  await runNode(readConfig(args))
  return 0
}
