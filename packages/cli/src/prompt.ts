/** Reading from a person at a terminal, and single flags out of a list of arguments. */
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'

/** A line that is not shown while it is typed; from a pipe, all of it without the last line end. */
export async function askSecret(question: string, fromPipe: boolean): Promise<string> {
  if (fromPipe || !process.stdin.isTTY) return (await text(process.stdin)).replace(/\r?\n$/, '')
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true })
  // Asked only now that the terminal does not echo any more: some type, or paste, the moment they see the question.
  process.stderr.write(question)
  try {
    return await lines.question('')
  } finally {
    lines.close()
    process.stderr.write('\n')
  }
}

/** A line that a person types at the terminal; empty where he leaves it with Ctrl+C or Ctrl+D. */
export async function askLine(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  const { promise: left, resolve: leave } = Promise.withResolvers<undefined>()
  lines.once('close', () => leave(undefined))
  try {
    const line = lines.question(question)
    // Once the person has left, nobody waits for it any more.
    line.catch(() => {})
    const typed = await Promise.race([line, left])
    if (typed === undefined) process.stderr.write('\n')
    return typed?.trim() ?? ''
  } finally {
    lines.close()
  }
}

/** `--name VALUE` or `--name=VALUE`, and the arguments without it. */
export function readFlag(args: string[], name: string): { value: string | undefined; rest: string[] } {
  const at = args.findIndex((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`))
  if (at === -1) return { value: undefined, rest: args }
  const joined = args[at]!.includes('=')
  const value = joined ? args[at]!.slice(name.length + 3) : args[at + 1]
  return { value, rest: [...args.slice(0, at), ...args.slice(at + (joined ? 1 : 2))] }
}
