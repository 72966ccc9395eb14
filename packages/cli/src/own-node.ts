/** For commands that open the node's own folder and database, on its machine: the options of `gatehouse start`. */
import { type Config, readConfig } from '@gatehouse/server/config/config.ts'

/** The folder and the database are all that is used, so the rules for listening do not matter. Throws ConfigError. */
export const ownNodeConfig = (args: string[]): Config =>
  readConfig(args, {
    ...process.env,
    GATEHOUSE_MODE: 'development',
    GATEHOUSE_HOST: '127.0.0.1',
    GATEHOUSE_DEVELOPER_EMAIL: '',
    GATEHOUSE_DEVELOPER_PASSWORD: '',
  })

/** Takes the given switches out of the arguments; those of the node are left. */
export function takeSwitches<const Name extends string>(
  args: string[],
  names: readonly Name[],
): { on: Record<Name, boolean>; rest: string[] } {
  const on = Object.fromEntries(names.map((name) => [name, args.includes(`--${name}`)])) as Record<Name, boolean>
  return { on, rest: args.filter((arg) => !names.some((name) => arg === `--${name}`)) }
}
