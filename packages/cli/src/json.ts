/** JSON that a person wrote, read with the place of a mistake and without repeating a piece of it, which may be secret. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { readJson } from '@gatehouse/server/deploy/format/json.ts'
import { CommandError } from './failure.ts'

/**
 * Throws CommandError.
 * @param where - the file, as the message names it
 * @param advice - a sentence after the message
 */
export function parseJson(where: string, bytes: Buffer, advice?: string): unknown {
  try {
    return readJson(where, bytes).value
  } catch (error) {
    if (!(error instanceof GatehouseError)) throw error
    throw new CommandError(advice === undefined ? error.detail : `${error.detail} ${advice}`)
  }
}
