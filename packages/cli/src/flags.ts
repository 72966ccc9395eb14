/**
 * Commands as values: their flags, their help, and running the one that was typed. What they do stands in their own files.
 * Those that open the node's own database (`start`, `developer`, `doctor`) read the options of the server instead.
 */
import { CommandError } from './failure.ts'
import { createOutput, type Output, reportFailure } from './output.ts'

/** Without `value` a flag is on or off; with it, it takes the next argument. */
export type Flag = { value?: string; prose: string; many?: true }

export type Given<Name extends string = string> = {
  places: string[]
  /** undefined where it was not given; an empty text is a value. */
  text(name: Name): string | undefined
  list(name: Name): string[]
  on(name: Name): boolean
}

export type Command = {
  /** As typed after `gatehouse`: `system create`. */
  name: string
  summary: string
  /** What stands without a flag, as `NAME`; in brackets what may be left out. */
  places: string[]
  flags: Record<string, Flag>
  /** Further paragraphs of the help. */
  notes?: string
  /** Of exit code 2, where the command has it. */
  second?: string
  examples: string[]
  run(given: Given, output: Output): Promise<number>
}

const everywhere = {
  json: { prose: 'print one JSON value on stdout and nothing else there' },
  help: { prose: 'show this' },
} as const satisfies Record<string, Flag>

/** A command whose `run` can ask only for the flags that it declares. */
export const command = <const F extends Record<string, Flag>>(
  made: Omit<Command, 'flags' | 'run'> & {
    flags: F
    run(given: Given<keyof F & string>, output: Output): Promise<number>
  },
): Command => made as unknown as Command

/** Runs one command; answers the exit code: 0 done, 1 not done, 2 as its help says. */
export async function runCommand(made: Command, args: string[]): Promise<number> {
  if (wantsHelp(args)) {
    console.log(helpOf(made))
    return 0
  }
  const output = createOutput(args.includes('--json'))
  endUnread()
  try {
    return await made.run(readArguments(made, args), output)
  } catch (error) {
    if (error instanceof CommandError) reportFailure(error, output)
    else if (output.json) {
      // For people the stack follows on stderr; what reads stdout still finds one JSON value.
      output.result({ error: { message: `gatehouse itself failed: ${(error as Error).message}` } })
      console.error(error)
    } else throw error
    return 1
  }
}

/** Whoever reads what is written may have had enough, as `head` has: then there is nobody left to tell anything. */
function endUnread(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(1)
      throw error
    })
  }
}

/** Runs the command of a group that the first argument names: `gatehouse system create …`. */
export async function runGroup(group: string, summary: string, commands: Command[], args: string[]): Promise<number> {
  const [action, ...rest] = args
  const found = commands.find((one) => one.name === `${group} ${action}`)
  if (found !== undefined) return runCommand(found, rest)
  const width = Math.max(...commands.map((one) => usageOf(one).length))
  const lines = commands.map((one) => `  ${usageOf(one).padEnd(width)}  ${one.summary}`)
  const help = [`gatehouse ${group}: ${summary}`, '', ...lines, '', 'Each says more with --help.'].join('\n')
  if (action === undefined || action === '--help' || action === '-h') {
    console.log(help)
    return action === undefined ? 1 : 0
  }
  const names = commands.map((one) => one.name.slice(group.length + 1))
  const near = nearest(action, names)
  const message = `There is no "gatehouse ${group} ${action}".${near === undefined ? '' : ` Did you mean "${near}"?`}`
  reportFailure(new CommandError(message), createOutput(args.includes('--json')))
  if (near === undefined) console.error(`\n${help}`)
  return 1
}

/** Not behind `--`, where everything is a value. */
const wantsHelp = (args: string[]): boolean => {
  const end = args.indexOf('--')
  return (end === -1 ? args : args.slice(0, end)).some((arg) => arg === '--help' || arg === '-h')
}

const usageOf = ({ name, places }: Command): string => ['gatehouse', name, ...places].join(' ')

export function helpOf(made: Command): string {
  const all: Record<string, Flag> = { ...made.flags, ...everywhere }
  const flags = Object.entries(all).map(([name, { value, prose, many }]) => {
    const left = `  --${name}${value === undefined ? '' : ` ${value}`}`
    return `${left.padEnd(30)}  ${prose}${many ? ' (may be given several times)' : ''}`
  })
  return [
    `${usageOf(made)} [flags]`,
    `  ${made.summary}`,
    ...(made.notes === undefined ? [] : ['', made.notes]),
    '',
    'Flags:',
    ...flags,
    '',
    made.examples.length === 1 ? 'Example:' : 'Examples:',
    ...made.examples.map((example) => `  ${example}`),
    '',
    `Exit codes: 0 done, 1 not done${made.second === undefined ? '' : `, 2 ${made.second}`}.`,
  ].join('\n')
}

function readArguments(made: Command, args: string[]): Given {
  const flags: Record<string, Flag> = { ...made.flags, ...everywhere }
  const values = new Map<string, string[]>()
  const places: string[] = []
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!
    if (arg === '--') {
      places.push(...args.slice(at + 1))
      break
    }
    // A single - stands for stdin.
    if (!arg.startsWith('-') || arg === '-') {
      places.push(arg)
      continue
    }
    const [dashed, joined] = splitOnce(arg)
    const name = dashed.replace(/^--?/, '')
    const flag = dashed.startsWith('--') && Object.hasOwn(flags, name) ? flags[name] : undefined
    if (flag === undefined) throw unknownFlag(made, dashed, name, Object.keys(flags))
    if (values.has(name) && flag.many !== true) throw new CommandError(`--${name} was given twice.`)
    if (flag.value === undefined) {
      if (joined !== undefined) throw new CommandError(`--${name} takes no value.`)
      values.set(name, [])
      continue
    }
    const value = joined ?? args[++at]
    if (value === undefined || (joined === undefined && value.startsWith('--'))) {
      throw new CommandError(`--${name} needs a value: --${name} ${flag.value}`)
    }
    values.set(name, [...(values.get(name) ?? []), value])
  }
  checkPlaces(made, places)
  return {
    places,
    text: (name) => values.get(name)?.[0],
    list: (name) => values.get(name) ?? [],
    on: (name) => values.has(name),
  }
}

const splitOnce = (arg: string): [string, string | undefined] => {
  const at = arg.indexOf('=')
  return at === -1 ? [arg, undefined] : [arg.slice(0, at), arg.slice(at + 1)]
}

function unknownFlag(made: Command, dashed: string, name: string, known: string[]): CommandError {
  const near = nearest(name, known)
  const advice = near === undefined ? `See gatehouse ${made.name} --help.` : `Did you mean --${near}?`
  return new CommandError(`Unknown flag ${dashed}. ${advice}`)
}

function checkPlaces(made: Command, places: string[]): void {
  const needed = made.places.filter((place) => !place.startsWith('['))
  const missing = needed[places.length]
  if (missing !== undefined) throw new CommandError(`${missing} is missing: ${usageOf(made)}`)
  if (places.length > made.places.length) {
    throw new CommandError(`"${places[made.places.length]}" is one too many: ${usageOf(made)}`)
  }
}

/** Whether it is in its range is the node's to say. */
export function wholeNumber(flag: string, text: string): number {
  if (!/^-?\d{1,10}$/.test(text)) throw new CommandError(`--${flag} is "${text}", but must be a whole number.`)
  return Number(text)
}

/** The known name that was probably meant; undefined where none is near. */
export function nearest(name: string, known: string[]): string | undefined {
  const started = known.filter((candidate) => name.length >= 3 && candidate.startsWith(name))
  if (started.length === 1) return started[0]
  const [best] = known
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .sort((a, b) => a.distance - b.distance)
  return best === undefined || best.distance > Math.max(2, name.length / 3) ? undefined : best.candidate
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]!
}
