/**
 * Answers that go on: rows of a system as they come, as lines of JSON, for whoever holds the developer's token in a header. The
 * node looks into the database, so what happened on another node comes too. What is new is `domain/auth/follow.ts`.
 *
 * Lines are `{"rows": [...]}`, oldest first, the first of them at once, also where it is empty; `{"beat": true}` while nothing
 * happens; and `{"end": why}` where it does not go on. Who was cut off asks again with `?after=` the newest `at` it has.
 */
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { second } from '../base/clock.ts'
import type { SystemScope } from '../domain/access/scope.ts'
import { demandFollowing, Following, mayStillFollow } from '../domain/auth/follow.ts'
import { EdgeFollowing } from '../edge/status.ts'
import type { Followed } from '../store/tables/followed.ts'
import { Reply } from './route.ts'

/** Milliseconds, and how many at once. */
const rules = {
  /** Between two looks while something happens; each that finds nothing waits twice as long as the one before. */
  shortest: 200,
  longest: 1 * second,
  /** The far look, and the question whether it may go on. */
  farEvery: 5 * second,
  beatEvery: 15 * second,
  rowsPerLine: 200,
  perDeveloper: 12,
  perNode: 300,
} as const

export class Followers {
  readonly #open = new Map<AbortController, string>()
  #ended = false

  /** Throws permissionDenied, noRoute, tooManyRequests. */
  async follow(scope: SystemScope, what: Followed | 'edges', after: number | undefined): Promise<Reply> {
    await demandFollowing(scope, what)
    // Edges come as they are: all at first, then each that is another, or gone.
    const following = what === 'edges' ? new EdgeFollowing(scope) : new Following(scope, what, after)
    const { caller } = scope
    const developer = caller.kind === 'developer' ? caller.developerId : ''
    const own = [...this.#open.values()].filter((one) => one === developer).length
    if (own >= rules.perDeveloper || this.#open.size >= rules.perNode || this.#ended) {
      throw new GatehouseError('tooManyRequests', 'Too many pages follow what happens at once.', {
        hint: 'Close some of them.',
        retryAfter: 5,
      })
    }
    const ending = new AbortController()
    this.#open.set(ending, developer)
    const stream = new PassThrough()
    // Past the end of the connection there is nobody to tell.
    stream.on('error', () => {})
    stream.once('close', () => ending.abort())
    void tell(scope, following, stream, ending.signal)
      .catch((error: unknown) => {
        if (!ending.signal.aborted) scope.log.warn({ err: error }, 'Rows could not be followed; the page asks again')
      })
      .finally(() => {
        this.#open.delete(ending)
        stream.end()
      })
    return new Reply(stream, {
      headers: { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
    })
  }

  /** Ends all of them, and takes no more. */
  close(): void {
    this.#ended = true
    for (const ending of this.#open.keys()) ending.abort()
  }
}

type Source = Pick<Following, 'look' | 'rows'>

async function tell(scope: SystemScope, following: Source, stream: PassThrough, signal: AbortSignal): Promise<void> {
  const say = async (line: unknown): Promise<void> => {
    if (stream.write(`${JSON.stringify(line)}\n`)) return
    // Who reads slowly keeps nothing waiting but himself.
    await once(stream, 'drain', { signal })
  }
  let [wait, farAt, saidAt, isFirst] = [rules.shortest as number, 0, performance.now(), true]
  while (!signal.aborted) {
    const now = performance.now()
    const far = now >= farAt
    if (far) farAt = now + rules.farEvery
    const ids = await following.look({ far })
    if ((far || ids.length > 0) && !(await mayStillFollow(scope))) {
      return say({ end: 'The session has ended, or the system is not yours any more.' })
    }
    for (let at = 0; at < ids.length || isFirst; at += rules.rowsPerLine) {
      const wanted = ids.slice(at, at + rules.rowsPerLine)
      const rows = new Map((await following.rows(wanted)).map((row) => [row.id, row]))
      await say({ rows: wanted.flatMap((id) => rows.get(id) ?? []) })
      isFirst = false
      saidAt = performance.now()
    }
    if (performance.now() - saidAt >= rules.beatEvery) {
      await say({ beat: true })
      saidAt = performance.now()
    }
    wait = ids.length > 0 ? rules.shortest : Math.min(rules.longest, wait * 2)
    await pause(wait, undefined, { signal, ref: false })
  }
}
