/** Finds the package in a list of paths: the folder that holds `system.json`. Reads no file. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { printable } from './refusal.ts'

const marker = 'system.json'

/** Folders that only a system exported by cb-cli has; any of them tells that somebody meant this as a package. */
const systemFolders =
  /(?:^|\/)(?:code\/(?:services|libraries)|data|roles|users|portals|triggers|timers|devices|edges|deployments|adapters)\//

/**
 * The package's folder as a prefix of `paths`: `''` or ending with `/`. An archive's own top folder
 * (`<repository>-master/`) is looked through; where one `system.json` lies above all others, it is the one.
 * @param wanted - the folder that was asked for, from the top of the repository
 * @throws GatehouseError `badPackage` when there is none, or when there are several and none was asked for
 */
export function findRoot(paths: string[], wanted?: string): string {
  const folder = (wanted ?? '').replace(/^(?:\.?\/)+|\/+$/g, '')
  if (folder === '') return choose(paths, '')
  const top = topFolder(paths)
  for (const prefix of [`${folder}/`, ...(top === undefined ? [] : [`${top}${folder}/`])]) {
    const inside = paths.filter((path) => path.startsWith(prefix))
    if (inside.length > 0) return choose(inside, prefix)
  }
  const others = foldersWithMarker(paths)
  throw new GatehouseError('badPackage', `There is no folder "${printable(folder)}" with files in it.`, {
    hint: others.length === 0 ? 'Check its spelling.' : `A ${marker} is in: ${listed(others)}.`,
  })
}

function choose(paths: string[], within: string): string {
  const found = foldersWithMarker(paths).sort((a, b) => a.length - b.length || (a < b ? -1 : 1))
  const [first] = found
  if (first === undefined) throw noMarker(paths, within)
  if (found.every((each) => each.startsWith(first))) return first
  const top = topFolder(paths) ?? ''
  const names = found.map((each) => (each.startsWith(top) ? each.slice(top.length) : each))
  throw new GatehouseError('badPackage', `There are several packages here: ${listed(names)}.`, {
    hint: 'Say which folder is meant (--folder NAME).',
  })
}

/** Each as a prefix, `''` for the top. */
function foldersWithMarker(paths: string[]): string[] {
  return paths
    .filter((path) => path === marker || path.endsWith(`/${marker}`))
    .map((path) => path.slice(0, -marker.length))
}

/** A prefix that `findRoot` answered, as it would be called in the repository that the archive was made from. */
export function withoutTop(root: string, paths: string[]): string {
  return root.slice(topFolder(paths)?.length ?? 0)
}

/** `name/` if everything lies in one folder, as in the archives that GitHub and GitLab make. */
function topFolder(paths: string[]): string | undefined {
  const top = paths[0]?.slice(0, paths[0].indexOf('/') + 1)
  return top !== undefined && top !== '' && paths.every((path) => path.startsWith(top)) ? top : undefined
}

function noMarker(paths: string[], within: string): GatehouseError {
  const place = within === '' ? 'here' : `in "${printable(within)}"`
  if (paths.length === 0) {
    return new GatehouseError('badPackage', `There are no files ${place}.`, { hint: 'Check the address.' })
  }
  const nested = paths.length === 1 && /\.(?:zip|tgz|tar\.gz|tar)$/i.test(paths[0]!)
  if (nested) {
    return new GatehouseError('badPackage', `There is only another archive ${place}: "${printable(paths[0]!)}".`, {
      hint: 'Unpack the outer archive and install the inner one.',
    })
  }
  const example = paths.find((path) => systemFolders.test(path))
  return new GatehouseError(
    'badPackage',
    `No ${marker} was found ${place}, looking through ${paths.length} ${paths.length === 1 ? 'file' : 'files'} in all folders. ${
      example === undefined
        ? 'Nothing here looks like an exported system.'
        : `There are files of an exported system (such as "${printable(example)}"), but the file that marks its folder is missing.`
    }`,
    {
      hint:
        example === undefined
          ? `A package is the folder that an export writes: ${marker} beside code, data, roles and so on. Check where it is: the address or path, the branch, the folder.`
          : `Put a ${marker} beside those folders, for example {"name": "…", "description": "…"}.`,
    },
  )
}

function listed(folders: string[]): string {
  const shown = folders
    .slice(0, 12)
    .map((each) => (each === '' ? 'the top folder' : `"${printable(each.slice(0, -1))}"`))
  return shown.join(', ') + (folders.length > shown.length ? ` and ${folders.length - shown.length} more` : '')
}
