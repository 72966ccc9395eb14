/**
 * `gatehouse system watch`: pushes what is saved in a folder. Code goes alone and at once; anything else takes the whole
 * folder along, and nothing that would need a yes is done here.
 */
import { type FSWatcher, watch as watchFiles } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isPlaceOfFormat } from '@gatehouse/server/deploy/format/places.ts'
import { type Api, RefusedError } from './api.ts'
import { quoted } from './change.ts'
import { CommandError } from './failure.ts'
import { command } from './flags.ts'
import { type Files, readFolder } from './folder.ts'
import { problemsIn, sayProblem, type Unit, unitsIn } from './folder-code.ts'
import type { Output } from './output.ts'
import type { Report } from './package-view.ts'
import { placeOf, push as pushCode, readUnit } from './push.ts'
import { hashOf } from './system-folder.ts'
import { agree, folderOf, pack, send } from './system-push.ts'
import { chooseSystem, openNode, type SystemEntry, systemFlags } from './target.ts'

export const watch = command({
  name: 'system watch',
  summary: 'push whatever is saved in a folder',
  places: ['[FOLDER]'],
  flags: systemFlags,
  notes: `Code of a service or library is in the system as soon as it is saved; code that does not compile is shown at its
line. Another file of the format pushes the folder as gatehouse system push does. What would widen standing power, was
changed on both sides or is deleted is not done here: the command for it is told. What was edited before it began waits
for a push or the next save. Ends with Ctrl+C.`,
  examples: ['gatehouse system watch', 'gatehouse system watch ./plant'],
  async run(given, output) {
    const folder = await folderOf(given.places[0])
    const api = await openNode(given)
    const system = await chooseSystem(api, given.text('system'), output, folder)
    const again = `gatehouse system push${given.places[0] === undefined ? '' : ` ${quoted(given.places[0])}`}`
    const watching = new Watching({ api, system, folder, output, again })
    await watching.run()
    output.result({ system_key: system.key, folder, pushes: watching.pushes })
    return 0
  },
})

/** Editors write in several steps, and some by way of another file that is then renamed. */
const quietMs = 120

type Means = { api: Api; system: SystemEntry; folder: string; output: Output; again: string }

class Watching {
  pushes = 0
  readonly #means: Means
  /** What of each file the system has, or was asked to take. */
  #known = new Map<string, string>()
  #saved = false
  #ended = false
  #wake: () => void = () => {}

  constructor(means: Means) {
    this.#means = means
  }

  /** Until SIGINT or SIGTERM; a push that runs is finished. */
  async run(): Promise<void> {
    const { folder, output, system } = this.#means
    if (!(await stat(folder).catch(() => undefined))?.isDirectory()) throw new CommandError(`${folder} is no folder.`)
    const start = await readFolder(folder)
    if (!start.has('system.json')) throw new CommandError(`${folder} holds no system.json, so it is no system.`)
    this.#learn(start)
    const end = (): void => {
      this.#ended = true
      this.#wake()
    }
    const failed = Promise.withResolvers<never>()
    const watcher = this.#open((error) =>
      failed.reject(new CommandError(`${folder} cannot be watched: ${error.message}.`)),
    )
    process.once('SIGINT', end).once('SIGTERM', end)
    output.say(`Watching ${folder} for "${system.name}" (${system.key}). Ctrl+C ends it.`)
    try {
      await Promise.race([this.#loop(), failed.promise])
    } finally {
      watcher.close()
      process.off('SIGINT', end).off('SIGTERM', end)
    }
  }

  #open(fail: (error: Error) => void): FSWatcher {
    const { folder } = this.#means
    try {
      const watcher = watchFiles(folder, { recursive: true }, (_event, name) => {
        // What we remember of the folder changes with every push.
        if (name !== null && /^(?:\.gatehouse|\.git|node_modules)(?:[\\/]|$)/.test(name)) return
        this.#saved = true
        this.#wake()
      })
      return watcher.on('error', fail)
    } catch (error) {
      throw new CommandError(`${folder} cannot be watched: ${(error as Error).message}.`)
    }
  }

  async #loop(): Promise<void> {
    while (!this.#ended) {
      if (!this.#saved) {
        await this.#event()
        continue
      }
      this.#saved = false
      // Until nothing is saved for a moment, or there will never be an end to it.
      for (let rounds = 0; rounds < 50 && !this.#ended; rounds++) {
        if (!(await this.#event(quietMs))) break
        this.#saved = false
      }
      if (this.#ended) return
      await this.#take()
    }
  }

  /** Waits for a save or the end; false where neither came in time. */
  #event(withinMs?: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const timer = withinMs === undefined ? undefined : setTimeout(() => resolve(false), withinMs)
    this.#wake = () => resolve(true)
    if (this.#ended || this.#saved) resolve(true)
    return promise.finally(() => {
      clearTimeout(timer)
      this.#wake = () => {}
    })
  }

  #line(text: string): void {
    const time = new Date().toTimeString().slice(0, 8)
    this.#means.output.say(`${time} ${text}`)
  }

  /** Pushes what is otherwise than it was. What goes wrong is told, and the next save is another try. */
  async #take(): Promise<void> {
    let files: Files
    try {
      files = await readFolder(this.#means.folder)
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      this.#line(error.message)
      return
    }
    const changed = [...files]
      .filter(([path, content]) => this.#known.get(path) !== hashOf(content))
      .map(([path]) => path)
    const gone = [...this.#known.keys()].filter((path) => !files.has(path))
    this.#learn(files)
    const units = unitsIn(files)
    let whole = false
    for (const path of changed) {
      const unit = units.find((one) => one.path === path)
      if (unit === undefined) whole ||= isOfFormat(path)
      else if (!(await this.#guard(() => this.#pushUnit(unit, files)))) whole = true
    }
    if (whole) await this.#guard(() => this.#pushWhole())
    const lost = gone.filter(isOfFormat)
    if (lost.length > 0)
      this.#line(
        `${lost.join(', ')} is deleted here; the system still has it. To take it away there: ${this.#means.again} --delete`,
      )
  }

  #learn(files: Files): void {
    this.#known = new Map([...files].map(([path, content]) => [path, hashOf(content)]))
  }

  /** False where the work found that the whole folder has to go. */
  async #guard(work: () => Promise<boolean>): Promise<boolean> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      this.#line(error.message)
      if (error instanceof RefusedError && error.code === notSignedIn) throw error
      return true
    }
  }

  async #pushUnit({ kind, name, path }: Unit, files: Files): Promise<boolean> {
    const { api, system, folder } = this.#means
    // A new one needs its settings, which come with the whole.
    if ((await readUnit(api, kind, system.key, name)) === undefined) return false
    const code = files.get(path)!.toString('utf8')
    const { done, version, problem } = await pushCode(api, kind, system.key, name, code)
    if (done === 'unchanged' && problem === undefined) return true
    this.pushes += 1
    this.#line(`${kind} ${name} ${done}, version ${version}${problem === undefined ? '.' : ', does not compile:'}`)
    if (problem !== undefined) this.#means.output.say(placeOf(problem, join(folder, path), code))
    return true
  }

  async #pushWhole(): Promise<boolean> {
    const { api, system, folder, output, again } = this.#means
    const sending = await pack(folder, system.key)
    const planned = await send(api, system.key, sending, { dry_run: true }, output)
    const wants = needsPerson(planned)
    if (wants.length > 0) {
      this.#line(`Not pushed:\n${wants.map((one) => `- ${one}`).join('\n')}\nTo decide: ${again}`)
      return true
    }
    const report = await send(api, system.key, sending, { allow: [] }, output)
    const { written, deleted } = await agree(api, folder, system.key, sending)
    // What the system made of it is no save of anybody's.
    this.#learn(await readFolder(folder))
    this.pushes += 1
    const changes = report.items.filter(({ action }) => action !== 'unchanged')
    const names = changes.map(({ kind, name }) => `${kind}/${name}`).slice(0, 10)
    const more = changes.length > names.length ? ` and ${changes.length - names.length} more` : ''
    const here = written.length + deleted.length
    const files = here === 0 ? '' : ` ${here} files are brought up to date here.`
    this.#line(`folder pushed: ${names.length === 0 ? 'nothing changes' : names.join(', ')}${more}.${files}`)
    for (const { email, password } of report.passwords ?? []) {
      output.say(`New password of ${email}, shown this once: ${password}`)
    }
    for (const problem of problemsIn(report.problems, sending.files)) {
      sayProblem(problem, sending.files, output, folder)
    }
    return true
  }
}

/** The code of the error table; the sign-in cannot be renewed then, and every further push would fail. */
const notSignedIn = 204

const needsPerson = ({ items, widening }: Report): string[] => [
  ...items
    .filter(({ action }) => action === 'conflict' || action === 'delete')
    .map(
      ({ kind, name, action, reason }) =>
        `${kind}/${name}: ${reason ?? (action === 'delete' ? 'It would go.' : 'In the way.')}`,
    ),
  ...widening.map(({ name, message }) => `${message} (${name})`),
]

/** Not what else lies in a folder, nor what editors write on the way. */
const isOfFormat = (path: string): boolean =>
  isPlaceOfFormat(path) && !/(?:^|\/)[.#~]|[~#]$|\.(?:swp|swx|tmp|bak|orig)$/.test(path)
