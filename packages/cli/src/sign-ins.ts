/**
 * The sign-ins that this person's machine remembers, one for each node: a file in the configuration folder that nobody else
 * can read. Getting and renewing them is `login.ts` and `api.ts`.
 */
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { CommandError } from './failure.ts'

/** `refreshToken` is empty where the node gave none; `expiresAt` in Unix seconds. */
export type SignIn = { email: string; token: string; refreshToken: string; expiresAt: number }

/** By the URL of the node. `last` is the one that was signed in to last. */
export type SignIns = { last: string | undefined; byUrl: Map<string, SignIn> }

type Environment = Record<string, string | undefined>

/** Where the platform keeps a program's settings; XDG_CONFIG_HOME counts everywhere, and when it is absolute, as its text says. */
export function signInsFile(environment: Environment = process.env, platform: string = process.platform): string {
  const { XDG_CONFIG_HOME: xdg, APPDATA: roaming } = environment
  const home = environment.HOME || homedir()
  const folder = () => {
    if (xdg !== undefined && isAbsolute(xdg)) return xdg
    if (platform === 'darwin') return join(home, 'Library', 'Application Support')
    if (platform === 'win32') return roaming || join(home, 'AppData', 'Roaming')
    return join(home, '.config')
  }
  return join(folder(), 'gatehouse', 'sign-ins.json')
}

/** None where there is no file yet. Throws CommandError where it cannot be trusted or read. */
export async function readSignIns(file: string): Promise<SignIns> {
  let text: string
  try {
    // Windows keeps rights elsewhere; there the folder is the person's own.
    if (process.platform !== 'win32' && ((await stat(file)).mode & 0o077) !== 0) {
      throw new CommandError(
        `${file} can be read by others of this machine, so its sign-ins may be known. Delete it and log in again.`,
      )
    }
    text = await readFile(file, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return { last: undefined, byUrl: new Map() }
    if (error instanceof CommandError) throw error
    throw new CommandError(`The sign-ins in ${file} cannot be read: ${message}.`)
  }
  return parse(text, file)
}

function parse(text: string, file: string): SignIns {
  try {
    const { last, signIns } = JSON.parse(text)
    const entries = Object.entries(signIns as Record<string, Partial<SignIn>>).map(([url, one]): [string, SignIn] => {
      const { email, token, refreshToken, expiresAt } = one
      if (typeof email !== 'string' || typeof token !== 'string' || typeof refreshToken !== 'string') throw new Error()
      return [url, { email, token, refreshToken, expiresAt: Number(expiresAt) || 0 }]
    })
    return { last: typeof last === 'string' ? last : undefined, byUrl: new Map(entries) }
  } catch {
    // The parser's own message would repeat a piece of the file.
    throw new CommandError(`${file} does not hold sign-ins of Gatehouse. Delete it and log in again.`)
  }
}

/** Reads, lets `change` alter what was read, and writes it, while no other command does. What `change` throws writes nothing. */
export async function changeSignIns<T>(file: string, change: (signIns: SignIns) => Promise<T>): Promise<T> {
  const folder = dirname(file)
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    if (process.platform !== 'win32' && ((await stat(folder)).mode & 0o077) !== 0) await chmod(folder, 0o700)
  } catch (error) {
    throw new CommandError(`The folder ${folder} for sign-ins cannot be used: ${(error as Error).message}.`)
  }
  const unlock = await lock(`${file}.lock`)
  try {
    const signIns = await readSignIns(file)
    const answer = await change(signIns)
    await write(file, signIns)
    return answer
  } finally {
    await unlock()
  }
}

/** Whoever reads finds the old file or the new one, whole. */
async function write(file: string, { last, byUrl }: SignIns): Promise<void> {
  const half = `${file}.${randomBytes(6).toString('hex')}`
  const text = JSON.stringify({ last, signIns: Object.fromEntries(byUrl) }, null, 2)
  try {
    const handle = await open(half, 'wx', 0o600)
    try {
      await handle.writeFile(`${text}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(half, file)
  } catch (error) {
    await rm(half, { force: true })
    throw new CommandError(`The sign-in cannot be kept in ${file}: ${(error as Error).message}.`)
  }
}

/** Longer than renewing a sign-in may take, so that only what a killed command left behind is ever taken away. */
const staleLockMs = 60_000
const lockTries = 1_300
const lockPauseMs = 50

/** A refresh token works once: of two commands that renew at once, the second must wait and take what the first got. */
async function lock(file: string): Promise<() => Promise<void>> {
  for (let tries = 0; tries < lockTries; tries++) {
    try {
      await (await open(file, 'wx', 0o600)).close()
      return () => rm(file, { force: true })
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code !== 'EEXIST') throw new CommandError(`The folder for sign-ins cannot be used: ${message}.`)
      const made = await stat(file).catch(() => undefined)
      if (made !== undefined && Date.now() - made.mtimeMs > staleLockMs) await rm(file, { force: true })
      else await wait(lockPauseMs)
    }
  }
  throw new CommandError(`Another gatehouse command holds ${file}. If there is none, delete that file.`)
}
