/** How a refusal of something inside a package is worded: the entry is named, and shown so that it cannot fool the reader. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'

/** @param what - `archive`, `repository` or `folder` */
export function refused(what: string, entry: string, because: string, cause?: unknown): GatehouseError {
  return new GatehouseError('badPackage', `The ${what} was refused: "${printable(entry)}" ${because}.`, {
    hint: 'Nothing was changed. Take this entry out, or ask the author of the package for a clean copy.',
    ...(cause === undefined ? {} : { cause }),
  })
}

/** A name as it may stand in a message: one line, nothing invisible, not endless. */
export function printable(text: string): string {
  const shown = text.replace(
    /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu,
    (each) => `\\u{${each.codePointAt(0)!.toString(16).padStart(4, '0')}}`,
  )
  return shown.length > 160 ? `${shown.slice(0, 80)}…${shown.slice(-72)}` : shown
}
