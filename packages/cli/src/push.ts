/** Code from files into a system, and its versions: what services and libraries have in common. */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { type Api, RefusedError, segment } from './api.ts'
import { CommandError } from './failure.ts'
import { type Command, command, type Given } from './flags.ts'
import type { Output } from './output.ts'
import { chooseSystem, openNode, systemFlags } from './target.ts'
import { offerMove } from './typed-secrets.ts'

export type CodeKind = 'service' | 'library'

/** A line from 1, a column from 0. */
export type Problem = { message: string; line: number; column: number }

type Unit = { version: number; code: string; problem?: Problem }
export type Pushed = { name: string; version: number; done: 'created' | 'updated' | 'unchanged'; problem?: Problem }

/** Where the node keeps code of a kind, in the system with this key. */
const pathOf = (kind: CodeKind, key: string, name: string): string =>
  kind === 'service' ? `/admin/code/v/1/${key}/${segment(name)}` : `/codeadmin/v/2/library/${key}/${segment(name)}`

const historyOf = (kind: CodeKind, key: string, name: string): string =>
  `/codeadmin/v/2/history/${kind}/${key}/${segment(name)}`

/** Codes of noSuchService and noSuchLibrary. */
const missing = { service: 419, library: 400 } as const

export const pushCommand = (kind: CodeKind): Command =>
  command({
    name: `${kind} push`,
    summary: `make or update a ${kind} from a file`,
    places: ['NAME', 'FILE'],
    flags: systemFlags,
    notes: `FILE is JavaScript; - is stdin. New code makes a new version, which runs at once. Code that does not compile is
saved too, and shown at its line.`,
    second: 'saved, but the code does not compile',
    examples: [
      `gatehouse ${kind} push valves code/valves.js`,
      `gatehouse ${kind} push valves - --system plant < valves.js`,
    ],
    async run(given, output) {
      const [name, file] = given.places as [string, string]
      const code = await readText(file)
      const api = await openNode(given)
      const { key } = await chooseSystem(api, given.text('system'), output)
      const result = await push(api, kind, key, name, code)
      const status = reportPushed(result, { kind, file, code }, output)
      if (result.done !== 'unchanged') await offerMove(api, kind, key, name, output)
      return status
    },
  })

/** Saves code under a name; what is there already stays as it is. */
export async function push(api: Api, kind: CodeKind, key: string, name: string, code: string): Promise<Pushed> {
  const path = pathOf(kind, key, name)
  const before = await readUnit(api, kind, key, name)
  if (before !== undefined && before.code === code) return pushed(name, 'unchanged', before.version, before.problem)
  type Saved = { version_number?: number; version?: number; problem?: Problem }
  const saved = await api.call<Saved>(before === undefined ? 'POST' : 'PUT', path, { body: { code } })
  const version = saved.version_number ?? saved.version ?? 0
  return pushed(name, before === undefined ? 'created' : 'updated', version, saved.problem)
}

const pushed = (name: string, done: Pushed['done'], version: number, problem: Problem | undefined): Pushed => ({
  name,
  version,
  done,
  ...(problem !== undefined && { problem }),
})

/** undefined where there is none of that name. Throws CommandError. */
export async function readUnit(api: Api, kind: CodeKind, key: string, name: string): Promise<Unit | undefined> {
  try {
    return await api.call<Unit>('GET', pathOf(kind, key, name))
  } catch (error) {
    if (error instanceof RefusedError && error.code === missing[kind]) return undefined
    throw error
  }
}

function reportPushed(result: Pushed, source: { kind: CodeKind; file: string; code: string }, output: Output): number {
  const { name, version, done, problem } = result
  output.say(`${source.kind === 'service' ? 'Service' : 'Library'} ${name} ${done}, version ${version}.`)
  if (problem !== undefined) output.say(`It does not compile:\n${placeOf(problem, source.file, source.code)}`)
  output.result(result)
  return problem === undefined ? 0 : 2
}

/** The lines around a problem with a mark under it, headed `FILE:LINE:COLUMN` as editors open it. */
export function placeOf({ message, line, column }: Problem, file: string, code: string): string {
  const where = `${file === '-' ? 'stdin' : file}:${line}:${column + 1} ${message}`
  const lines = code.split(/\r?\n/)
  const wrong = lines[line - 1]
  // The middle of a bundle in one line shows nobody anything.
  if (wrong === undefined || wrong.length > 300) return where
  const first = Math.max(1, line - 2)
  const width = String(line).length
  const shown = lines.slice(first - 1, line).map((text, index) => `${String(first + index).padStart(width)} | ${text}`)
  // Tabs before the place stay tabs, so that the mark stands under it.
  const before = wrong.slice(0, column).replace(/[^\t]/g, ' ')
  return [where, ...shown, `${' '.repeat(width)} | ${before}^`].join('\n')
}

export const versionsCommand = (kind: CodeKind): Command =>
  command({
    name: `${kind} versions`,
    summary: `versions of a ${kind}, newest first`,
    places: ['NAME'],
    flags: systemFlags,
    examples: [`gatehouse ${kind} versions valves`],
    async run(given, output) {
      const { api, key, name } = await unitOf(given, output)
      type Version = { version: number; current: boolean; creation_date: string; created_by: string }
      const versions = await api.call<Version[]>('GET', historyOf(kind, key, name))
      output.result(
        versions.map((one) => ({
          version: one.version,
          current: one.current,
          creation_date: one.creation_date,
          created_by: one.created_by,
        })),
        {
          heads: ['VERSION', 'CURRENT', 'SAVED', 'BY'],
          rows: versions.map((one) => [
            String(one.version),
            one.current ? 'current' : '',
            one.creation_date,
            one.created_by,
          ]),
        },
      )
      return 0
    },
  })

export const useCommand = (kind: CodeKind): Command =>
  command({
    name: `${kind} use`,
    summary: `make another version of a ${kind} the current one`,
    places: ['NAME', 'VERSION'],
    flags: systemFlags,
    examples: [`gatehouse ${kind} use valves 3`],
    async run(given, output) {
      const version = given.places[1]!
      if (!/^[1-9]\d{0,8}$/.test(version)) throw new CommandError(`"${version}" is no version: a whole number from 1.`)
      const { api, key, name } = await unitOf(given, output)
      const { problem } = await api.call<{ problem?: Problem }>('PUT', `${historyOf(kind, key, name)}/${version}`)
      output.say(`Version ${version} of ${name} is the current one.`)
      if (problem !== undefined) output.warn(`It does not compile: ${problem.message} (line ${problem.line}).`)
      output.result({ name, version: Number(version), ...(problem !== undefined && { problem }) })
      return 0
    },
  })

async function unitOf(given: Given<'system' | 'url'>, output: Output) {
  const api = await openNode(given)
  const { key } = await chooseSystem(api, given.text('system'), output)
  return { api, key, name: given.places[0]! }
}

/** The text of a file, or of stdin for `-`. Throws CommandError. */
export async function readText(file: string): Promise<string> {
  let bytes: Uint8Array
  try {
    bytes = file === '-' ? await buffer(process.stdin) : await readFile(file)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : message
    throw new CommandError(`${file} cannot be read: ${why}.`)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new CommandError(`${file === '-' ? 'stdin' : basename(file)} is not a text in UTF-8.`)
  }
}
