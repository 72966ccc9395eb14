/** Where time comes from, so that tests can hold it still. All times in Gatehouse are milliseconds since 1970. */
export type Clock = {
  now(): number
  /** Milliseconds since some moment, by a clock that nobody sets: what `now` is held against. Without it the machine's. */
  steady?(): number
}

export const systemClock: Clock = { now: () => Date.now(), steady: () => performance.now() }

export const second = 1000
export const minute = 60 * second
export const hour = 60 * minute
export const day = 24 * hour
