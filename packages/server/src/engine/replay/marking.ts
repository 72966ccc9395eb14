/** What is marked in a sign-in that was seen, and its calls and answers with marks. */
import type { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { Script } from '../../sandbox/job.ts'
import type { Args } from '../host/table.ts'
import type { Run } from '../run.ts'
import { Marks } from './marks.ts'

/** A call as it was asked and answered, secrets and all: never kept. */
export type Raw = { name: string; args: unknown } & ({ value: unknown } | { refused: GatehouseError })

/**
 * Everything that is struck from logs, and what stands under the name of a secret. What the code itself spells out stays: it
 * chooses its way, and whoever wrote the code knows it; but not an e-mail or a password that was passed to `init`.
 */
export function marksOf(
  spelledOut: ReadonlySet<string>,
  { params, raw, run }: { params: Record<string, unknown>; raw: readonly Raw[]; run: Run },
): Marks {
  const given = passed(raw)
  // Where somebody says to be is what rules go by.
  const open = new Set(textsIn(params.position))
  const marks = new Marks((text) => (spelledOut.has(text) || open.has(text)) && !given.has(text))
  marks.addNamed(params)
  for (const secret of run.tree.secrets) marks.add(secret)
  for (const one of raw) {
    if (one.name.startsWith('auth.')) marks.addNamed(one.args)
    if ('value' in one) marks.addNamed(one.name === 'http.request' ? bodyIn(one.value) : one.value)
  }
  return marks
}

/** Whatever stands between two quotation marks, one after the other: literals are among it. */
export function literalsIn(scripts: readonly Script[]): Set<string> {
  const found = new Set<string>()
  for (const { code } of scripts) {
    for (const quote of [`'`, '"']) {
      for (let from = code.indexOf(quote); from !== -1; ) {
        const to = code.indexOf(quote, from + 1)
        if (to !== -1 && to - from <= longestLiteral) found.add(code.slice(from + 1, to))
        from = to
      }
    }
  }
  return found
}

const longestLiteral = 200

/** E-mails and passwords that were passed to `init` or registration. */
function passed(raw: readonly Raw[]): Set<unknown> {
  const given = raw.flatMap(({ name, args }): unknown[] => {
    if (!['auth.password', 'auth.register', 'users.create'].includes(name)) return []
    const { email, password } = ((args as Args).info ?? args) as Args
    return [email, password]
  })
  return new Set(given)
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value === 'number') return [String(value)]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}

export function markedAnswer(
  marks: Marks,
  one: Raw,
): { value: unknown } | { refused: { kind: string; detail: string } } {
  if ('refused' in one) {
    const { kind, detail, hint } = one.refused
    return { refused: { kind, detail: String(marks.on(detail)), ...(hint !== undefined && { hint: marks.on(hint) }) } }
  }
  return { value: marks.on(one.name === 'http.request' ? withoutHeaders(one.value) : one.value) ?? null }
}

/** What a server of elsewhere answered, where it is JSON. */
function bodyIn(value: unknown): unknown {
  try {
    return JSON.parse(String((value as { text?: unknown }).text))
  } catch {
    return undefined
  }
}

/** Of the headers only what tells how to read the body; others hold cookies and keys. */
function withoutHeaders(value: unknown): unknown {
  const answer = value as Record<string, unknown>
  const headers = (answer.headers ?? {}) as Record<string, unknown>
  const type = headers['content-type']
  return { ...answer, headers: type === undefined ? {} : { 'content-type': type } }
}
