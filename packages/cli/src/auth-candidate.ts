/** Which code `gatehouse auth …` asks: the auth service as it is, a version of it, another service, or code from a file. */
import { CommandError } from './failure.ts'
import { type Flag, type Given, wholeNumber } from './flags.ts'
import { readText } from './push.ts'

export const candidateFlags = {
  service: { value: 'NAME', prose: 'a service of the system; else its auth service' },
  version: { value: 'N', prose: 'an older version of it' },
  code: { value: 'FILE', prose: 'other code for it, which is not saved; - is stdin' },
  requires: { value: 'A,B', prose: 'with --code: the libraries it requires, where they are others' },
} as const satisfies Record<string, Flag>

export async function readCandidate(given: Given<keyof typeof candidateFlags>): Promise<Record<string, unknown>> {
  const [service, version, file, requires] = [
    given.text('service'),
    given.text('version'),
    given.text('code'),
    given.text('requires'),
  ]
  if (version !== undefined && file !== undefined) throw new CommandError('Give --version or --code, not both.')
  return {
    ...(service !== undefined && { service }),
    ...(version !== undefined && { version: wholeNumber('version', version) }),
    ...(file !== undefined && { code: await readText(file) }),
    ...(requires !== undefined && { requires }),
  }
}
