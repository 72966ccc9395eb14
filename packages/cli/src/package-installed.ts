/** The packages that are installed in a system, and where each can be fetched again. */
import { type Api, segment } from './api.ts'
import { CommandError } from './failure.ts'
import type { Given } from './flags.ts'
import type { SourceBody } from './package-source.ts'
import type { SystemEntry } from './target.ts'

export type Installed = {
  name: string
  version?: string
  source: { kind?: string; address?: string; ref?: string; folder?: string; commit?: string }
  contentHash: string
  canUndo?: boolean
  installedAt: number
  installedBy: string
}

export const listInstalled = (api: Api, key: string): Promise<Installed[]> =>
  api.call('GET', `/admin/v/4/system/${segment(key)}/packages`)

/** The installed package of that name; without one, the only one. Throws CommandError. */
export function installedNamed(installed: Installed[], name: string | undefined, into: SystemEntry): Installed {
  const names = installed.map((one) => `"${one.name}"`).join(', ')
  if (installed.length === 0) throw new CommandError(`No package is installed in "${into.name}".`)
  if (name === undefined && installed.length > 1) throw new CommandError(`Which package? There is ${names}.`)
  const found = name === undefined ? installed[0] : installed.find((one) => one.name === name)
  if (found === undefined)
    throw new CommandError(`No package "${name}" is installed in "${into.name}". There is ${names}.`)
  return found
}

/** Where an installed package can be fetched again. Throws CommandError. */
export function sourceAgain({ name, source }: Installed, given: Given<'ref' | 'folder'>): SourceBody {
  const { kind, address } = source
  if (address === undefined || (kind !== 'git' && kind !== 'archive')) {
    throw new CommandError(
      `"${name}" was not installed from an address, so say where it is now: gatehouse package upgrade SOURCE`,
    )
  }
  const [ref, folder] = [given.text('ref') ?? source.ref, given.text('folder') ?? source.folder]
  return { url: address, ...(ref !== undefined && { ref }), ...(folder && { folder }) }
}
