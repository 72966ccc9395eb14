/**
 * Answers that tell how far they are: one JSON value a line, any number of times how far, then the result or why there is
 * none. What comes of it is an answer like any other.
 */
import type { Answer, Progress } from './api.ts'
import type { Output } from './output.ts'

export const isStream = (response: Response): boolean =>
  response.headers.get('content-type')?.startsWith('application/x-ndjson') === true

/** Larger than any result, and small enough for memory. */
const longestLine = 256 * 1024 * 1024

/** Reads to the last line, which is the answer. Throws what the connection does, and BrokenOff where it ends before. */
export async function readStream(response: Response, onProgress: (progress: Progress) => void): Promise<Answer> {
  const { headers } = response
  for await (const line of linesOf(response)) {
    const value = JSON.parse(line) as Record<string, unknown> | null
    if (value === null || typeof value !== 'object') continue
    if ('result' in value) return { status: 200, text: JSON.stringify(value.result), headers }
    if ('error' in value) {
      const status = Number(value.statusCode)
      // Whatever a node says of an error, it is none of success.
      return { status: status >= 400 ? status : 500, text: JSON.stringify({ error: value.error }), headers }
    }
    const progress = readProgress(value.progress)
    if (progress !== undefined) onProgress(progress)
  }
  throw Object.assign(new Error('the answer ended early'), { code: 'BrokenOff' })
}

async function* linesOf(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let pieces: string[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    const parts = decoder.decode(chunk as Uint8Array, { stream: true }).split('\n')
    for (const [index, part] of parts.entries()) {
      pieces.push(part)
      length += part.length
      if (length > longestLine) throw new Error('the answer is too long')
      if (index === parts.length - 1) break
      const line = pieces.join('')
      pieces = []
      length = 0
      if (line.trim() !== '') yield line
    }
  }
  const last = pieces.join('') + decoder.decode()
  if (last.trim() !== '') yield last
}

function readProgress(value: unknown): Progress | undefined {
  const { phase, done, total } = (value ?? {}) as Record<string, unknown>
  if (typeof phase !== 'string' || typeof done !== 'number') return undefined
  return { phase, done, ...(typeof total === 'number' && total > 0 && { total }) }
}

const phases: Record<string, string> = {
  asking: 'Asking',
  fetching: 'Fetching',
  unpacking: 'Unpacking',
  preparing: 'Preparing',
  passwords: 'Making passwords',
  collections: 'Collections',
  rows: 'Rows',
  users: 'Users',
  code: 'Code',
  keeping: 'Keeping',
}

/** Shows how far it is, at a terminal. */
export const showProgress =
  (output: Output) =>
  ({ phase, done, total }: Progress): void => {
    const name = Object.hasOwn(phases, phase) ? phases[phase]! : phase
    output.progress(total === undefined ? `${name} … ${done}` : `${name} … ${done} of ${total}`)
  }
