/**
 * Answers of work that takes long: for whoever accepts lines of JSON, how far it is while it goes on and the result or the
 * error at the end; for everybody else the result alone, as any other answer. A caller who goes away does not stop it.
 */
import { PassThrough } from 'node:stream'
import { errorEnvelope } from '@gatehouse/contract/errors.ts'
import type { NodeScope } from '../domain/access/scope.ts'
import { noteError, readError } from './errors.ts'
import { Reply, type RouteInput } from './route.ts'

export type Progress = { phase: string; done: number; total?: number }

const lines = 'application/x-ndjson'

/** No phase is told more often than this. */
const intervalMs = 100

/**
 * Lines are `{"progress": {phase, done, total?}}`, then one `{"result": …}`, or `{"error": …, "statusCode": …}` as in the
 * envelope; the status of the whole is 200, since it is sent before the end is known.
 */
export async function withProgress(
  scope: NodeScope,
  { headers }: Pick<RouteInput<unknown>, 'headers'>,
  work: (onProgress: (progress: Progress) => void) => Promise<unknown>,
): Promise<unknown> {
  if (!String(headers.accept ?? '').includes(lines)) return work(() => {})
  const stream = new PassThrough()
  // Past the end of the connection there is nobody to tell.
  stream.on('error', () => {})
  const tell = (line: unknown): void => {
    if (stream.writable) stream.write(`${JSON.stringify(line)}\n`)
  }
  let last = { phase: '', at: 0 }
  const onProgress = (progress: Progress): void => {
    const at = performance.now()
    const isEnd = progress.done === progress.total
    if (progress.phase === last.phase && at - last.at < intervalMs && !isEnd) return
    last = { phase: progress.phase, at }
    tell({ progress })
  }
  void work(onProgress)
    .then((result) => tell({ result }))
    .catch((error: unknown) => {
      const known = readError(error)
      tell(errorEnvelope(known, noteError(scope.log, error, known, {})))
    })
    .finally(() => stream.end())
  return new Reply(stream, {
    headers: { 'content-type': lines, 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
  })
}
