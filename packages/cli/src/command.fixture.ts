/** For tests of commands that ask a node: a node, a person's empty home, and the command as a real process in a folder. */
import { execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createTestApp, developerEmail, developerPassword, type TestApp } from '../../../test/support/app.ts'
import { plainEnvironment } from '../../../test/support/environment.ts'

const gatehouse = fileURLToPath(new URL('gatehouse.js', import.meta.url))

export type Ran = { code: number; stdout: string; stderr: string }
export type RunOptions = { env?: Record<string, string>; input?: string; folder?: string }

export type Ends = { after(fn: () => unknown): void }
export type Person = ReturnType<typeof newPerson>

/** Somebody who has never used Gatehouse. Nothing of the surrounding environment comes in but what a program needs. */
export function newPerson(t: Ends) {
  const home = mkdtempSync(join(tmpdir(), 'gatehouse-home-'))
  t.after(() => rmSync(home, { recursive: true, force: true }))
  const config = join(home, 'settings')
  /** A new folder of that person. */
  const folder = (name: string): string => {
    mkdirSync(join(home, name), { recursive: true })
    return join(home, name)
  }
  const run = (args: string[], options: RunOptions = {}): Promise<Ran> => {
    const env = { ...plainEnvironment(), HOME: home, XDG_CONFIG_HOME: config, ...options.env }
    return new Promise((resolve, reject) => {
      const given = { env, cwd: options.folder ?? home, timeout: 20_000 }
      const child = execFile(process.execPath, [gatehouse, ...args], given, (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code
        if (typeof code !== 'number') reject(new Error(`gatehouse ${args.join(' ')} did not end:\n${stdout}${stderr}`))
        else resolve({ code, stdout, stderr })
      })
      // A command that ends at once does not read what it is sent.
      child.stdin!.on('error', () => {})
      child.stdin!.end(options.input ?? '')
    })
  }
  /** The value of a command that must go well, with `--json` added. */
  const json = async (args: string[], options?: RunOptions) => {
    const { code, stdout, stderr } = await run([...args, '--json'], options)
    if (code !== 0) throw new Error(`gatehouse ${args.join(' ')} ended with ${code}:\n${stderr}`)
    return JSON.parse(stdout)
  }
  return {
    home,
    config,
    folder,
    run,
    json,
    /** Where the sign-ins are kept. */ file: join(config, 'gatehouse', 'sign-ins.json'),
  }
}

export const credentials = {
  GATEHOUSE_DEVELOPER_EMAIL: developerEmail,
  GATEHOUSE_DEVELOPER_PASSWORD: developerPassword,
}

/** Somebody who is signed in as the first developer of a node, which is a new one where none is given. */
export async function signedIn(t: Ends, node?: TestApp): Promise<{ app: TestApp; url: string; person: Person }> {
  const app = node ?? (await createTestApp(t))
  const url = app.app.means.publicUrl()
  const person = newPerson(t)
  const { code, stderr } = await person.run(['login', '--url', url], { env: credentials })
  if (code !== 0) throw new Error(stderr)
  return { app, url, person }
}

/** The command at a terminal that script(1) makes; each answer is typed when what it answers is on the screen. */
export async function atTerminal(
  person: Person,
  args: string[],
  answers: [RegExp, string][],
  folder = person.home,
): Promise<{ code: number; shown: string }> {
  const line = [process.execPath, gatehouse, ...args].map((word) => `'${word}'`).join(' ')
  const child = spawn('script', ['-qec', line, '/dev/null'], {
    env: {
      ...plainEnvironment(),
      ...{ HOME: person.home, XDG_CONFIG_HOME: person.config, SHELL: '/bin/sh', TERM: 'xterm', NO_COLOR: '1' },
    },
    cwd: folder,
    timeout: 20_000,
  })
  let shown = ''
  let seen = 0
  child.stdout.setEncoding('utf8').on('data', (text) => {
    shown += text
    const found = answers[0]?.[0].exec(shown.slice(seen))
    if (!found) return
    seen = shown.length
    child.stdin.write(`${answers.shift()![1]}\r`)
  })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code: code ?? -1, shown }
}
