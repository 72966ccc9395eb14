/** `gatehouse edge --platform …`: brings an edge node up. */
import { readFile } from 'node:fs/promises'
import { readEdgeConfig } from '@gatehouse/server/config/edge.ts'
import { runNode } from '@gatehouse/server/main.ts'
import { CommandError } from './failure.ts'
import { command, runCommand } from './flags.ts'
import { askSecret } from './prompt.ts'

const start = command({
  name: 'edge',
  summary: 'bring an edge node up: a part of one system, at a site of its own',
  places: [],
  flags: {
    platform: { value: 'URL', prose: 'the platform, as https://gatehouse.example.com' },
    system: { value: 'KEY', prose: 'key of the system' },
    name: { value: 'NAME', prose: 'name of the edge, as gatehouse edge add made it' },
    data: { value: 'FOLDER', prose: 'folder of its database and keys; default ./edge-NAME' },
    port: { value: 'PORT', prose: 'port to listen on; default 9000' },
    host: { value: 'ADDRESS', prose: 'address to listen on; default 127.0.0.1' },
    'token-file': { value: 'FILE', prose: 'holds the token, needed once; else GATEHOUSE_EDGE_TOKEN, else asked for' },
    'portal-url': {
      value: 'PATTERN',
      prose: 'where its portals are, as https://{system}.hall.example.com; default http://{system}.localhost:PORT',
    },
    'message-gateway-file': {
      value: 'FILE',
      prose:
        'JSON with the provider that it sends its codes by itself; else GATEHOUSE_EDGE_MESSAGE_GATEWAY_FILE, else the platform sends them',
    },
    insecure: { prose: 'accept a platform without https beyond this machine' },
    'weak-sandbox': { prose: 'run without kernel namespaces round the engine' },
  },
  examples: [
    'gatehouse edge --platform https://gatehouse.example.com --system 8e4bb4cb0bd4c1adfca7f489b8a501 --name hall-3',
  ],
  async run(given) {
    const needed = (flag: 'platform' | 'system' | 'name'): string => {
      const value = given.text(flag)
      if (value === undefined) throw new CommandError(`--${flag} is missing. See gatehouse edge --platform URL --help.`)
      return value
    }
    const name = needed('name')
    const options = {
      ...{ platform: needed('platform'), system: needed('system'), name },
      data: given.text('data') ?? `./edge-${name}`,
      ...{ port: given.text('port'), host: given.text('host'), token: await tokenIn(given.text('token-file')) },
      ...{ insecure: given.on('insecure'), weakSandbox: given.on('weak-sandbox') },
      ...{ portalUrl: given.text('portal-url'), gatewayFile: given.text('message-gateway-file') },
    }
    const config = readEdgeConfig(options)
    // Only a new edge needs one, and only a person can be asked.
    if (config.edge!.token === undefined && process.stdin.isTTY === true) {
      const token = await askSecret('Token of the edge (empty if it is enrolled already): ', false)
      config.edge!.token = token.trim() === '' ? undefined : token.trim()
    }
    await runNode(config)
    return 0
  },
})

async function tokenIn(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    throw new CommandError(`The token file ${file} cannot be read: ${(error as Error).message}.`)
  }
}

export const startEdge = (args: string[]): Promise<number> => runCommand(start, args)
