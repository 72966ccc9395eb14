/** So many things in flight, each followed by the next as soon as it is done: how many a second, and how long each took. */

export type Measured = {
  perSecond: number
  /** Milliseconds. */
  p50: number
  p99: number
  /** Share of one core that the measuring process itself used; near 1 it is the measure that is measured. */
  ownCores: number
}

export type Pace = { inFlight: number; warmSeconds: number; seconds: number }

/**
 * Keeps `inFlight` lanes busy with `once`. What ends while warming up or after the time is not counted. Rejects with the
 * first failure, when all lanes have come to rest.
 */
export async function closedLoop(
  pace: Pace,
  once: (lane: number, turn: number) => Promise<unknown>,
): Promise<Measured> {
  const began = performance.now()
  const from = began + pace.warmSeconds * 1000
  const until = from + pace.seconds * 1000
  const cpu = process.cpuUsage()
  const times: number[] = []
  let failure: { error: unknown } | undefined
  const keepBusy = async (lane: number): Promise<void> => {
    for (let turn = 0; failure === undefined; turn++) {
      const sent = performance.now()
      if (sent >= until) return
      try {
        await once(lane, turn)
      } catch (error) {
        failure ??= { error }
      }
      const done = performance.now()
      if (done >= from && done < until) times.push(done - sent)
    }
  }
  await Promise.all(Array.from({ length: pace.inFlight }, (_, lane) => keepBusy(lane)))
  if (failure !== undefined) throw failure.error
  const { user, system } = process.cpuUsage(cpu)
  times.sort((a, b) => a - b)
  return {
    perSecond: times.length / pace.seconds,
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    ownCores: (user + system) / 1000 / (performance.now() - began),
  }
}

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
