/** Documents that are typed: their marked blocks, in order, each with what it is said to print, and a shell to run them. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')
const betweenSteps = '--- step ---'
const patienceMs = 90_000

export type Step = { mark: string; script: string; prints: string | undefined }

/** The blocks under `<!-- MARK -->`, with the text block that follows directly. */
export function stepsOf(file: string, marks: string[]): Step[] {
  const pattern = /<!-- ([a-z: ]+) -->\n\n```\w+\n([\s\S]*?)```(?:\n\n```text\n([\s\S]*?)```)?/g
  return [...readFileSync(resolve(root, file), 'utf8').matchAll(pattern)]
    .map(([, mark, script, prints]) => ({ mark: mark!, script: script!, prints }))
    .filter(({ mark }) => marks.includes(mark))
}

export type Shell = {
  env?: Record<string, string>
  /** Asked with what the step has printed so far whenever it prints: what a person would type. */
  types?: (printed: string) => Promise<string> | undefined
}

/** What each script prints, typed into one shell that stops at the first that fails. */
export async function typed(scripts: string[], { env = {}, types = () => undefined }: Shell = {}): Promise<string[]> {
  const script = scripts.map((one) => `${one}\necho '${betweenSteps}'`).join('\n')
  const child = spawn('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: root,
    env: { ...process.env, PATH: `${root}/node_modules/.bin:${process.env.PATH}`, ...env },
    timeout: patienceMs,
  })
  let [printed, complaints] = ['', '']
  const stepSoFar = () => printed.slice(printed.lastIndexOf(`${betweenSteps}\n`) + 1)
  child.stdin.on('error', () => {})
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text
    types(stepSoFar())?.then(
      (line) => child.stdin.write(`${line}\n`),
      (error) => {
        complaints += `nothing was typed: ${error}`
        child.kill()
      },
    )
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text
  })
  const code = await new Promise((done, fail) => child.once('error', fail).once('close', done))
  if (code !== 0) throw new Error(`the shell ended with ${code}:\n${printed}${complaints}`)
  return printed.split(`${betweenSteps}\n`).slice(0, -1)
}
