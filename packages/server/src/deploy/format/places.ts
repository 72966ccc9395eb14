/**
 * Where the files of a package lie: its folders, the files of its root, which files of a folder of code go together. It
 * reads nothing and imports nothing, so that the command line can ask it too.
 */

/** Folders of the format. A file belongs to the longest that leads to it. */
export const folders = [
  'code/services',
  'code/libraries',
  'data',
  'roles',
  'users/roles',
  'users',
  'devices/roles',
  'devices',
  'edges',
  'portals',
  'triggers',
  'timers',
  'deployments',
  'adapters',
  'plugins',
  'webhooks',
  'shared-caches',
  'external-databases',
  'bucket-sets',
  'bucket-set-files',
  'message-history-storage',
  'message-type-triggers',
  'secrets',
  'file-stores',
  'file-stores-files',
] as const

export type Folder = (typeof folders)[number]

export const folderOf = (path: string): Folder | undefined => folders.find((folder) => path.startsWith(`${folder}/`))

/** Files of the root beside `system.json`, by the kind that they are kept as. */
export const rootFiles = {
  'package-json': /^package\.json$/,
  'ipm-json': /^ipm\.json$/,
  'deploy-list': /^deploy\.json$/,
  readme: /^readme(?:\.[a-z]{1,10})?$/i,
} as const

/** Folders whose assets have files of any name and depth; elsewhere an asset is one `.json`, or code. */
const ofAnyFiles: ReadonlySet<Folder> = new Set([
  'portals',
  'adapters',
  'bucket-set-files',
  'file-stores-files',
] satisfies Folder[])

/** Whether a file at this place can be part of a package. Reading may still find that it is none. */
export function isPlaceOfFormat(path: string): boolean {
  const folder = folderOf(path)
  if (folder === undefined) {
    return path === 'system.json' || Object.values(rootFiles).some((pattern) => pattern.test(path))
  }
  if (ofAnyFiles.has(folder)) return true
  const within = path.slice(folder.length + 1)
  if (folder === 'code/services' || folder === 'code/libraries')
    return /^[^/]+\/[^/]+\.(?:json|js|js\.map)$/.test(within)
  return /^[^/]+\.json$/.test(within)
}

/**
 * What settings and code of a service or library are called in its folder: like the folder, or by the only other name that
 * files there have.
 */
export function codeStem(folder: string, names: readonly string[]): string {
  const stems = new Set(names.flatMap((name) => /^(.+)\.(?:js|json)$/.exec(name)?.[1] ?? []))
  const [only] = stems
  return !stems.has(folder) && stems.size === 1 && only !== undefined ? only : folder
}
