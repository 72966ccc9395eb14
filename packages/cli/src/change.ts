/**
 * Changes that a person looks at before they are made: a dry run says what would happen, what is in the way ends it, what
 * widens standing power is asked for one by one, and the rest in one question. Or flags answer beforehand.
 */
import { CommandError } from './failure.ts'
import type { Flag, Given } from './flags.ts'
import type { Output } from './output.ts'
import { changesView, type Report } from './package-view.ts'
import { askLine } from './prompt.ts'

export const changeFlags = {
  'dry-run': { prose: 'say what would happen and change nothing' },
  yes: { prose: 'do not ask; standing power still needs --allow' },
  allow: { value: 'NAME', prose: 'a widening of standing power that is meant, by its name', many: true },
  overwrite: { value: 'KIND/NAME', prose: 'what was changed on both sides and gives way', many: true },
} as const satisfies Record<string, Flag>

type ChangeFlag = keyof typeof changeFlags

export const runAsFlag = {
  'run-as': {
    value: 'SERVICE=EMAIL',
    prose: 'whom a service runs as, where no such user comes along',
    many: true,
  },
} as const satisfies Record<string, Flag>

/** Whom services may run as, for the body of a request. Throws CommandError. */
export function readRunAs(given: Given<'run-as'>): { confirm_run_as?: Record<string, string> } {
  const pairs = given.list('run-as').map((text): [string, string] => {
    const at = text.indexOf('=')
    if (at < 1 || at === text.length - 1) {
      throw new CommandError(`--run-as is "${text}", but must be like setUp=runner@example.com.`)
    }
    return [text.slice(0, at), text.slice(at + 1)]
  })
  return pairs.length === 0 ? {} : { confirm_run_as: Object.fromEntries(pairs) }
}

export const atTerminal = (): boolean => process.stdin.isTTY === true

/** Before anything is asked of a node: whether there will be somebody to say yes. Throws CommandError. */
export function demandSomebody(given: Given<'yes' | 'dry-run'>, doing: string): void {
  if (given.on('yes') || given.on('dry-run') || atTerminal()) return
  throw new CommandError(
    `${doing} needs --yes where there is no terminal to ask at. Look first what it would do: --dry-run.`,
  )
}

export async function isYes(question: string): Promise<boolean> {
  return /^y(?:es)?$/i.test(await askLine(`${question} [y/N] `))
}

/**
 * Goes through what a dry run found. Answers the names of widenings that are meant. Throws CommandError, and nothing is to
 * be changed then.
 * @param question - such as "Import?"; not asked with --yes
 */
export async function settle(
  planned: Report,
  given: Given<ChangeFlag>,
  output: Output,
  question: string,
): Promise<string[]> {
  if (!given.on('yes')) output.tell(changesView(planned))
  demandFree(planned)
  const allowed = new Set(given.list('allow'))
  const open = planned.widening.filter(({ name }) => !allowed.has(name))
  if (open.length > 0 && !atTerminal()) throw widens(open)
  if (open.length > 0) output.say('This would widen power that stands in the system. Each is for you to allow:')
  for (const { name, message } of open) {
    output.say(`${message} (${name})`)
    if (!(await isYes('Allow it?'))) throw new CommandError('Nothing was changed.')
    allowed.add(name)
  }
  if (!given.on('yes') && !(await isYes(question))) throw new CommandError('Nothing was changed.')
  return [...allowed]
}

/** Says which of the flags name nothing that there is: a misspelt one would be taken for an answer. */
export function warnOfUnheard({ items }: Report, given: Given<'overwrite' | 'run-as'>, output: Output): void {
  const named = new Set(items.map(({ kind, name }) => `${kind}/${name}`))
  for (const name of given.list('overwrite')) {
    if (!named.has(name))
      output.warn(`--overwrite ${quoted(name)} names nothing that there is. It must be like service/valves.`)
  }
  for (const name of Object.keys(readRunAs(given).confirm_run_as ?? {})) {
    if (!named.has(`service/${name}`)) output.warn(`--run-as ${quoted(name)}=…: there is no such service here.`)
  }
}

const mostTold = 20

/** Throws CommandError naming what is in the way. */
function demandFree({ items }: Report): void {
  const conflicts = items.filter(({ action }) => action === 'conflict')
  if (conflicts.length === 0) return
  const told = conflicts.map(({ kind, name, reason }) => `${kind}/${name}: ${reason ?? 'It is in the way.'}`)
  const both = conflicts.filter(({ givesWay }) => givesWay === true)
  const advice =
    both.length === 0
      ? 'Leave these out, or change them there first.'
      : `To let the newer one win, add: ${both.map(({ kind, name }) => `--overwrite ${quoted(`${kind}/${name}`)}`).join(' ')}`
  throw new CommandError(`Nothing was changed. These are in the way:\n${listed(told)}\n${advice}`, {
    conflicts: conflicts.map(({ kind, name, reason }) => ({ kind, name, reason })),
  })
}

function widens(open: Report['widening']): CommandError {
  const told = open.map(({ name, message }) => `${message} (${name})`)
  const flags = open.map(({ name }) => `--allow ${quoted(name)}`).join(' ')
  return new CommandError(
    `Nothing was changed. This would widen power that stands in the system:\n${listed(told)}\nIf all of it is meant, add: ${flags}`,
    { widening: open },
  )
}

const listed = (lines: string[]): string =>
  [
    ...lines.slice(0, mostTold).map((line) => `- ${line}`),
    ...(lines.length > mostTold ? [`- And ${lines.length - mostTold} more.`] : []),
  ].join('\n')

/** As a shell takes it for one word. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
