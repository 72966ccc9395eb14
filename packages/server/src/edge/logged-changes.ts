/** Changes of the log as they are looked at for one frame: what they name, and what of it is not there any more. */
import type { LoggedChange } from '../store/down/read.ts'

/** `again`: asked for once more, also where it is copied once; either all of those that are looked at together, or none. */
export type Change = LoggedChange & { again?: true }

export const isRename = ({ columns }: LoggedChange): boolean => columns.includes('renamed')

export const idsIn = (
  changes: readonly LoggedChange[],
  kinds: readonly string[],
  idOf: (change: LoggedChange) => string = ({ id }) => id,
): string[] => [...new Set(changes.filter(({ kind }) => kinds.includes(kind)).map(idOf))]

export const missing = (ids: readonly string[], put: readonly { id: string }[]): string[] =>
  ids.filter((id) => !put.some((one) => one.id === id))
