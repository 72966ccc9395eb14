/** What the load was told, for each thing that it did: what the node must still know after it was killed. No I/O here. */

/** `begun`: no answer came, so it may have happened or not; the next look at the node decides it. */
export type Row = { state: 'begun' | 'there' | 'leaving' | 'gone'; id?: string; deleted?: true }

export type Session = {
  token: string
  refresh: string
  system: 'plain' | 'guarded'
  state: 'open' | 'ending' | 'ended'
}

/** One code of an authenticator app and the sign-ins that it was sent with: it opens one session at most. */
export type Code = { userId: string; email: string; challenge: string; code: string; granted: number; open: boolean }

export type Ledger = {
  rows: Map<number, Row>
  /** Rows of requests that were refused. */
  refused: Set<number>
  /** Rows that somebody read, answered or not. */
  seen: Map<string, number>
  /** A row for each lane that changes one: the last value that was answered, and the last that was sent. */
  counters: { id: string; answered: number; sent: number }[]
  imports: Map<number, 'begun' | 'done' | 'not'>
  sessions: Session[]
  /** Refresh tokens that were spent and answered. */
  spent: { refresh: string; session: Session }[]
  codes: Code[]
  /** Settings by their name; `all` are the names that the plain system was given, and whether it was answered. */
  names: { answered: number; sent: number; all: Map<number, boolean> }
  descriptions: { answered: number; sent: number }
  /** How often each kind of work was answered. */
  done: Map<string, number>
  /** How often each kind of work was refused or cut off, by what was said. */
  undone: Map<string, number>
  /** What must never be, in words. */
  wrong: string[]
}

export const newLedger = (): Ledger => ({
  rows: new Map(),
  refused: new Set(),
  seen: new Map(),
  counters: [],
  imports: new Map(),
  sessions: [],
  spent: [],
  codes: [],
  names: { answered: 0, sent: 0, all: new Map() },
  descriptions: { answered: 0, sent: 0 },
  done: new Map(),
  undone: new Map(),
  wrong: [],
})

export const count = (counts: Map<string, number>, name: string): void => {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
