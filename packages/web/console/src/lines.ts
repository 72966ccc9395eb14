/** Calls whose answer tells how far they are, one JSON value a line: `{progress}` any number of times, then `{result}` or `{error}`. */
import { ApiError, readFailure, readJson, send } from './api.ts'

export type Progress = { phase: string; done: number; total?: number }

export type Telling = { body: unknown; onProgress?: (progress: Progress) => void; signal?: AbortSignal | undefined }

/** Rejects with ApiError, also where the answer breaks off: then nobody knows whether the work was done. */
export async function askTelling<T>(path: string, { body, onProgress, signal }: Telling): Promise<T> {
  const response = await send(path, { method: 'POST', body, signal, accept: 'application/x-ndjson' })
  for await (const line of linesOf(response)) {
    const value = readJson(line) as Record<string, unknown> | null | undefined
    if (typeof value !== 'object' || value === null) continue
    if ('result' in value) return value.result as T
    if ('error' in value) throw readFailure(Number(value.statusCode) || 500, line)
    const progress = value.progress as Progress | undefined
    if (typeof progress?.phase === 'string') onProgress?.(progress)
  }
  throw new ApiError(
    0,
    'The connection ended before the node had answered.',
    'Look whether it was done before you repeat it.',
    '',
  )
}

/** Where the connection breaks, the reading rejects; lines of nothing are left out. */
export async function* linesOf(response: Response): AsyncGenerator<string> {
  if (response.body === null) return
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    const lines = (rest + value).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.trim() !== '') yield line
  }
  if (rest.trim() !== '') yield rest
}

const words: Record<string, string> = {
  asking: 'Asking',
  fetching: 'Fetching',
  unpacking: 'Unpacking',
  preparing: 'Preparing',
  passwords: 'Making passwords',
  collections: 'Collections',
  rows: 'Rows',
  users: 'Users',
  code: 'Code',
  keeping: 'Keeping what is not active',
}

export const phaseWords = (phase: string): string => (Object.hasOwn(words, phase) ? words[phase]! : phase)
