/** `gatehouse login` and `gatehouse logout`: a developer's sign-in at a node, remembered for the commands that follow. */
import { readAnswer, send } from './api.ts'
import { CommandError } from './failure.ts'
import { command, type Given, runCommand } from './flags.ts'
import { askLine, askSecret } from './prompt.ts'
import { type AskCode, demandPrivateWay, signInAndKeep } from './sign-in.ts'
import { changeSignIns, readSignIns, signInsFile } from './sign-ins.ts'
import { namedUrl, nodeFlag } from './target.ts'

const loginCommand = command({
  name: 'login',
  summary: 'sign in to a node as a developer; later commands use it',
  places: [],
  flags: {
    ...nodeFlag,
    email: { value: 'EMAIL', prose: 'who; else GATEHOUSE_DEVELOPER_EMAIL, else asked for' },
    'password-stdin': { prose: 'read the password from stdin' },
    code: { value: 'CODE', prose: 'of the authenticator app, or a recovery code; else asked for where one is owed' },
    'insecure-http': { prose: 'send the password over http:// to another machine, readable on the way' },
  },
  notes: `Without --password-stdin the password is that of GATEHOUSE_DEVELOPER_PASSWORD, or is asked for. There is no flag for
it: others on the machine see command lines. The sign-in is kept in
${signInsFile()},
which only you can read; each node has its own. Who has bound a second factor in the console is asked for a code of
the authenticator app, or for a recovery code; passkeys need a browser.
A command that finds no sign-in for the node that --url or GATEHOUSE_URL names signs in by itself, where
GATEHOUSE_DEVELOPER_EMAIL and GATEHOUSE_DEVELOPER_PASSWORD are both set.`,
  examples: [
    'gatehouse login --url http://127.0.0.1:9000 --email jo@example.com',
    'pass show gatehouse | gatehouse login --url https://gatehouse.example.com --email jo@example.com --password-stdin',
  ],
  async run(given, output) {
    const file = signInsFile()
    const url = namedUrl(given) ?? (await readSignIns(file)).last
    if (url === undefined) throw new CommandError('Which node? Name it: gatehouse login --url http://127.0.0.1:9000')
    if (!given.on('insecure-http')) demandPrivateWay(url)
    const { email, password } = await credentials(given, url)
    const signIn = await signInAndKeep(url, { email, password }, file, askCode(given))
    const until = signIn.expiresAt === 0 ? '' : new Date(signIn.expiresAt * 1000).toISOString()
    output.say(`Signed in at ${url} as ${email}.`)
    output.result({ url, email, expires_at: until })
    return 0
  },
})

const logoutCommand = command({
  name: 'logout',
  summary: 'end the sign-in at a node and forget it',
  places: [],
  flags: nodeFlag,
  examples: ['gatehouse logout', 'gatehouse logout --url https://gatehouse.example.com'],
  async run(given, output) {
    const file = signInsFile()
    const signIns = await readSignIns(file)
    const url = namedUrl(given) ?? signIns.last
    if (url === undefined || !signIns.byUrl.has(url)) {
      output.say(url === undefined ? 'You are signed in nowhere.' : `You are not signed in at ${url}.`)
      output.result({ url: url ?? null, ended: false })
      return 0
    }
    const forgotten = await changeSignIns(file, async (now) => {
      const old = now.byUrl.get(url)
      now.byUrl.delete(url)
      if (now.last === url) now.last = undefined
      return old
    })
    try {
      const answer = await send(url, 'POST', '/admin/logout', { ...(forgotten && { token: forgotten.token }) })
      // A token that the node does not know any more is ended already.
      if (answer.status !== 401) readAnswer(url, answer)
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      throw new CommandError(
        `The sign-in at ${url} is forgotten here, but the node did not end it: ${error.message}`,
        error.fields,
      )
    }
    output.say(`Signed out at ${url}.`)
    output.result({ url, ended: true })
    return 0
  },
})

export const login = (args: string[]): Promise<number> => runCommand(loginCommand, args)
export const logout = (args: string[]): Promise<number> => runCommand(logoutCommand, args)

async function credentials(
  given: Given<'email' | 'password-stdin'>,
  url: string,
): Promise<{ email: string; password: string }> {
  const { GATEHOUSE_DEVELOPER_EMAIL: envEmail, GATEHOUSE_DEVELOPER_PASSWORD: envPassword } = process.env
  const terminal = process.stdin.isTTY === true
  const email = given.text('email') || envEmail || (terminal ? await askLine(`E-mail for ${url}: `) : '')
  if (email === '') throw new CommandError('Who? Name the developer with --email or GATEHOUSE_DEVELOPER_EMAIL.')
  const password = await passwordOf(given.on('password-stdin'), email, envEmail || email, envPassword || '', terminal)
  if (password === '') throw new CommandError('The password is empty.')
  return { email, password }
}

const askCode =
  (given: Given<'code'>): AskCode =>
  async (kinds) => {
    const typed = given.text('code')
    if (typed !== undefined) return typed
    const what = kinds.includes('totp') ? 'Code of your authenticator app, or a recovery code' : 'Recovery code'
    if (process.stdin.isTTY === true) return askLine(`${what}: `)
    throw new CommandError('A second factor is owed, and there is no terminal to ask for its code. Use --code CODE.')
  }

/** The password of the environment is that of the e-mail there, and offered for no other. */
async function passwordOf(
  fromStdin: boolean,
  email: string,
  envEmail: string,
  envPassword: string,
  terminal: boolean,
): Promise<string> {
  if (fromStdin) return askSecret('Password: ', !process.stdin.isTTY)
  if (envPassword !== '' && envEmail === email) return envPassword
  if (terminal) return askSecret(`Password of ${email}: `, false)
  throw new CommandError(
    'There is no terminal to ask for the password. Use --password-stdin, or GATEHOUSE_DEVELOPER_EMAIL and GATEHOUSE_DEVELOPER_PASSWORD.',
  )
}
