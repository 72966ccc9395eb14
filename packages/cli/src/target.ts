/** Which node and which system a command means: what was named, else what can be told from where it is typed. */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Api, openApi } from './api.ts'
import { CommandError } from './failure.ts'
import type { Flag, Given } from './flags.ts'
import { parseJson } from './json.ts'
import type { Output } from './output.ts'
import { credentialsOfEnvironment, demandPrivateWay, signInAndKeep } from './sign-in.ts'
import { readSignIns, type SignIn, signInsFile } from './sign-ins.ts'

export const nodeFlag = {
  url: { value: 'URL', prose: 'the node; else GATEHOUSE_URL, else the one signed in to last' },
} as const satisfies Record<string, Flag>

export const systemFlags = {
  system: { value: 'KEY', prose: 'key or name of the system; else by system.json up the folders, or the only one' },
  ...nodeFlag,
} as const satisfies Record<string, Flag>

/** The node that is named by flag or environment; undefined where neither says. Throws CommandError. */
export function namedUrl(given: Given<'url'>): string | undefined {
  const text = given.text('url') ?? (process.env.GATEHOUSE_URL || undefined)
  return text === undefined ? undefined : readUrl(text)
}

/** Without a slash at its end, so that one node has one name. */
function readUrl(text: string): string {
  const url = URL.parse(text)
  const clean = url !== null && url.search === '' && url.hash === '' && url.username === '' && url.password === ''
  if (!clean || !['http:', 'https:'].includes(url.protocol)) {
    // What does not parse may hold a password, so it is not repeated.
    throw new CommandError('The URL of a node must be like https://gatehouse.example.com or http://127.0.0.1:9000.')
  }
  return url.href.replace(/\/+$/, '')
}

/** The node, as the developer who signed in to it, or whom the environment names. Throws CommandError. */
export async function openNode(given: Given<'url'>): Promise<Api> {
  const file = signInsFile()
  const signIns = await readSignIns(file)
  const named = namedUrl(given)
  const url = named ?? signIns.last
  if (url === undefined) throw new CommandError('You are signed in nowhere. Log in first: gatehouse login --url URL')
  const signIn = signIns.byUrl.get(url) ?? (named === undefined ? undefined : await signInByEnvironment(named, file))
  if (signIn === undefined) {
    throw new CommandError(`You are not signed in at ${url}. Log in first: gatehouse login --url ${url}`)
  }
  return openApi(url, signIn, file)
}

/** For scripts, which name the node and have the password at hand: no other node is ever sent it. */
async function signInByEnvironment(url: string, file: string): Promise<SignIn | undefined> {
  const credentials = credentialsOfEnvironment()
  if (credentials === undefined) return undefined
  demandPrivateWay(url)
  return signInAndKeep(url, credentials, file)
}

export type SystemEntry = { key: string; name: string; authService: string }

export async function listSystems(api: Api): Promise<SystemEntry[]> {
  const list = await api.call<{ appID: string; name: string; auth_service?: string }[]>('GET', '/admin/allsystems')
  return list.map(({ appID, name, auth_service: authService }) => ({
    key: appID,
    name,
    authService: authService ?? '',
  }))
}

/** The system with this key, else the only one with this name. Throws CommandError. */
export function systemNamed(api: Api, systems: SystemEntry[], keyOrName: string): SystemEntry {
  const byKey = systems.find((one) => one.key === keyOrName)
  if (byKey !== undefined) return byKey
  const [byName, another] = systems.filter((one) => one.name === keyOrName)
  if (another !== undefined) {
    throw new CommandError(`Several systems are called "${keyOrName}". Name one by its key: gatehouse system list`)
  }
  if (byName === undefined) {
    throw new CommandError(
      `There is no system "${keyOrName}" of ${api.email} at ${api.url}. These are yours: gatehouse system list`,
    )
  }
  return byName
}

/** The system that is meant; says which where nothing named it. Throws CommandError. */
export async function chooseSystem(
  api: Api,
  named: string | undefined,
  output: Output,
  folder = process.cwd(),
): Promise<SystemEntry> {
  const systems = await listSystems(api)
  if (named !== undefined) return systemNamed(api, systems, named)
  const found = await systemJson(folder)
  if (found !== undefined) {
    const system = systems.find((one) => one.key === found.key)
    if (system === undefined) {
      throw new CommandError(
        `${found.file} is of the system ${found.key}, which is none of ${api.email} at ${api.url}. Name one with --system KEY.`,
      )
    }
    output.say(`System "${system.name}" (${system.key}), which ${found.file} names, at ${api.url}.`)
    return system
  }
  const [only, another] = systems
  if (only === undefined) {
    throw new CommandError(`${api.email} has no system at ${api.url}. Make one: gatehouse system create NAME`)
  }
  if (another !== undefined) {
    const some = systems.slice(0, 5).map((one) => `"${one.name}" (${one.key})`)
    const more = systems.length > some.length ? ' …' : ''
    throw new CommandError(`Which system? Name one with --system KEY: ${some.join(', ')}${more}`)
  }
  output.say(`System "${only.name}" (${only.key}), the only one, at ${api.url}.`)
  return only
}

/** The nearest system.json, here or up the tree, that names a key: packages of others are often without one. */
export async function systemJson(start: string): Promise<{ file: string; key: string } | undefined> {
  for (let folder = start; ; folder = dirname(folder)) {
    const file = join(folder, 'system.json')
    const key = await keyIn(file)
    if (key !== undefined) return { file, key }
    if (dirname(folder) === folder) return undefined
  }
}

async function keyIn(file: string): Promise<string | undefined> {
  const bytes = await readFile(file).catch(() => undefined)
  if (bytes === undefined) return undefined
  const content = parseJson(file, bytes, 'Correct it, or name a system with --system KEY.')
  const key = (content as { system_key?: unknown } | null)?.system_key
  return typeof key === 'string' && key !== '' ? key : undefined
}
