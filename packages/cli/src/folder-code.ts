/** Services and libraries in a folder: which file is the code of which, as the node reads it, and what does not compile. */
import { join, relative } from 'node:path'
import { isFileNameOf } from '@gatehouse/server/deploy/format/names.ts'
import { codeStem } from '@gatehouse/server/deploy/format/places.ts'
import type { Files } from './folder.ts'
import type { Output } from './output.ts'
import type { CodeProblem } from './package-view.ts'
import { type CodeKind, placeOf } from './push.ts'

export type Unit = { kind: CodeKind; name: string; path: string }
/** `path` is empty where the folder has no such file. */
export type UnitProblem = CodeProblem & { path: string }

/**
 * The file of the code of each. What lies beside it in its folder is none; of two that hold the same name it is the one
 * whose folder is called like it, else the first.
 */
export function unitsIn(files: Files): Unit[] {
  const byFolder = new Map<string, string[]>()
  for (const path of [...files.keys()].sort()) {
    const found = /^(code\/(?:service|librarie)s\/[^/]+)\/([^/]+)$/.exec(path)
    if (found !== null) byFolder.set(found[1]!, [...(byFolder.get(found[1]!) ?? []), found[2]!])
  }
  const units = new Map<string, Unit & { fits: boolean }>()
  for (const [place, names] of byFolder) {
    const folder = place.slice(place.lastIndexOf('/') + 1)
    const stem = codeStem(folder, names)
    if (!names.includes(`${stem}.js`)) continue
    const kind = place.startsWith('code/services/') ? 'service' : 'library'
    const name = nameIn(files.get(`${place}/${stem}.json`)) ?? stem
    const unit = { kind, name, path: `${place}/${stem}.js`, fits: isFileNameOf(folder, name) } as const
    const held = units.get(`${kind}/${name}`)
    if (held === undefined || (unit.fits && !held.fits)) units.set(`${kind}/${name}`, unit)
  }
  return [...units.values()].map(({ kind, name, path }) => ({ kind, name, path }))
}

function nameIn(settings: Buffer | undefined): string | undefined {
  try {
    const { name } = JSON.parse(settings?.toString('utf8').replace(/^\ufeff/, '') ?? '{}')
    return typeof name === 'string' && name !== '' ? name : undefined
  } catch {
    return undefined
  }
}

/** What the node said of code, with the file that it is in. */
export function problemsIn(problems: readonly CodeProblem[] = [], files: Files): UnitProblem[] {
  const units = unitsIn(files)
  return problems.map((problem) => {
    const unit = units.find(({ kind, name }) => kind === problem.kind && name === problem.name)
    return { ...problem, path: unit?.path ?? '' }
  })
}

export function sayProblem(problem: UnitProblem, files: Files, output: Output, folder: string): void {
  const { kind, name, path, line, message } = problem
  const code = files.get(path)?.toString('utf8')
  const file = relative(process.cwd(), join(folder, path)) || path
  const place = code === undefined ? `line ${line}: ${message}` : placeOf(problem, file, code)
  output.say(`The ${kind} ${name} does not compile:\n${place}`)
}
