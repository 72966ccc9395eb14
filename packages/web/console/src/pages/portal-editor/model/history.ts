/** What was edited, step by step, to be undone and done again. */
import type { Work } from './portal.ts'

export type History = {
  past: readonly Work[]
  now: Work
  future: readonly Work[]
  /** Of the last step: one of the same name joins it, so that a word is undone as a whole. */
  joins: string | undefined
}

const longest = 200

export const begin = (now: Work): History => ({ past: [], now, future: [], joins: undefined })

export function step(history: History, now: Work, joins?: string): History {
  if (now === history.now) return history
  const same = joins !== undefined && joins === history.joins
  return { past: same ? history.past : [...history.past, history.now].slice(-longest), now, future: [], joins }
}

export function undo({ past, now, future, joins }: History): History {
  const before = past.at(-1)
  if (before === undefined) return { past, now, future, joins }
  return { past: past.slice(0, -1), now: before, future: [now, ...future], joins: undefined }
}

export function redo({ past, now, future, joins }: History): History {
  const [after, ...rest] = future
  if (after === undefined) return { past, now, future, joins }
  return { past: [...past, now], now: after, future: rest, joins: undefined }
}
