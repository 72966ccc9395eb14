/** Reads the command and loads what it needs; the server is loaded for `start`, `developer` and `doctor` alone. */
import { CommandError } from './failure.ts'
import { nearest } from './flags.ts'
import { createOutput, reportFailure } from './output.ts'

const commands: Record<string, { summary: string; run: (args: string[]) => Promise<number> }> = {
  start: { summary: 'bring a node up', run: async (args) => (await import('./start.ts')).start(args) },
  developer: {
    summary: 'add, invite, unlock developers, reset their second factors',
    run: async (args) => (await import('./developer.ts')).developer(args),
  },
  doctor: {
    summary: 'check port, folder, database, key and clock',
    run: async (args) => (await import('./doctor.ts')).doctor(args),
  },
  login: {
    summary: 'sign in to a node as a developer',
    run: async (args) => (await import('./login.ts')).login(args),
  },
  logout: { summary: 'end that sign-in', run: async (args) => (await import('./login.ts')).logout(args) },
  system: {
    summary: 'your systems, their settings, and their files in a folder',
    run: async (args) => (await import('./system.ts')).system(args),
  },
  service: {
    summary: 'list, run, change and push services',
    run: async (args) => (await import('./service.ts')).service(args),
  },
  auth: {
    summary: 'try sign-ins before anybody meets them',
    run: async (args) => (await import('./auth.ts')).auth(args),
  },
  user: {
    summary: 'ask users for new passwords',
    run: async (args) => (await import('./user.ts')).user(args),
  },
  inbox: {
    summary: 'read what was sent in development',
    run: async (args) => (await import('./inbox.ts')).inbox(args),
  },
  package: {
    summary: 'look at, import, upgrade and export packages',
    run: async (args) => (await import('./package.ts')).packageGroup(args),
  },
  catalogue: {
    summary: 'where the node looks for packages',
    run: async (args) => (await import('./catalogue.ts')).catalogue(args),
  },
  portal: {
    summary: 'list portals, and print their links',
    run: async (args) => (await import('./portal.ts')).portal(args),
  },
  edge: {
    summary: 'the edges of a system; with --platform, an edge node',
    run: async (args) => (await import('./edge.ts')).edge(args),
  },
  deployment: {
    summary: 'what of a system goes to which edges',
    run: async (args) => (await import('./deployment.ts')).deployment(args),
  },
  backup: {
    summary: 'write the database into one file, while the node runs',
    run: async (args) => (await import('./backup.ts')).backup(args),
  },
  restore: {
    summary: 'put such a file in the place of a database',
    run: async (args) => (await import('./backup.ts')).restore(args),
  },
  key: {
    summary: 'give the node a new key',
    run: async (args) => (await import('./key.ts')).key(args),
  },
  audit: {
    summary: 'who changed what, and whether the audit is whole',
    run: async (args) => (await import('./audit.ts')).audit(args),
  },
  library: { summary: 'push libraries', run: async (args) => (await import('./library.ts')).library(args) },
}

const help = [
  'gatehouse: an application platform whose sign-in is programmable',
  '',
  'Commands:',
  ...Object.entries(commands).map(([name, { summary }]) => `  gatehouse ${name.padEnd(12)}${summary}`),
  '',
  'Each says more with --help.',
].join('\n')

async function main(): Promise<number> {
  const [name, ...args] = process.argv.slice(2)
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    console.log(help)
    return name === undefined ? 1 : 0
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) {
    const near = nearest(name, Object.keys(commands))
    const message = `There is no command "${name}".${near === undefined ? '' : ` Did you mean "${near}"?`}`
    reportFailure(new CommandError(message), createOutput(process.argv.includes('--json')))
    console.error(`\n${help}`)
    return 1
  }
  return command.run(args)
}

try {
  const code = await main()
  // 0 leaves the process to whatever still runs (a started node); anything else ends it.
  if (code !== 0) process.exit(code)
} catch (error) {
  const { name, message } = error as Error
  console.error(['ConfigError', 'GatehouseError', 'CommandError'].includes(name) ? message : error)
  process.exit(1)
}
