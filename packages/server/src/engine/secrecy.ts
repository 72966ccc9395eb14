/**
 * What must not come back out of a run: passwords, codes, tokens and proofs, struck from its log, its errors and the record
 * of its failure.
 */
import type { Outcome } from '../sandbox/job.ts'
import type { Run, Tree } from './run.ts'

/** What a service was given or gave away in this run. What is shorter would strike half of every line. */
export function keepOut(run: Run, ...texts: unknown[]): void {
  for (const text of texts) if (typeof text === 'string' && text.length >= 3) run.tree.secrets.add(text)
}

/** Passwords and codes in the body of a sign-in must not come back out of its log. */
export function keepSecrets(tree: Tree, value: unknown): void {
  if (typeof value === 'string' && value.length >= 3) tree.secrets.add(value)
  else if (typeof value === 'number') tree.secrets.add(String(value))
  else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) keepSecrets(tree, part)
}

export function logText(tree: Tree, outcome: Outcome): string {
  const lines = outcome.logs.map(({ text }) => text)
  if (outcome.logsCut) lines.push('(the log was cut here: it reached its limit)')
  return struck(tree, lines.join('\n'))
}

/** The text without what was passed to `init` or registration, and without tokens and proofs. */
export function struck(tree: Tree, text: string): string {
  let clean = text
  // Long ones first, so that one that holds another goes as a whole.
  for (const secret of [...tree.secrets].sort((a, b) => b.length - a.length)) {
    if (secret.length >= 3) clean = clean.replaceAll(secret, '[struck]')
  }
  return clean.replace(/\bgh[a-z]_[A-Za-z0-9_-]{20,}/g, '[struck]')
}

/** The same value, its texts without what was passed to `init` or registration. */
export function withoutSecrets(tree: Tree, value: unknown): unknown {
  if (typeof value === 'string') return struck(tree, value)
  if (Array.isArray(value)) return value.map((part) => withoutSecrets(tree, part))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withoutSecrets(tree, part)]))
}
