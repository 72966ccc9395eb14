/**
 * Where a sign-in is only tried or replayed: `Date` goes by the time that it is for, and what is random comes from a seed, so
 * that one run can be like another. The first that a run begins with; in all other runs it changes nothing.
 */
export function installStage(library, native) {
  const { own } = library
  library.atBegin(({ timeShift, seed }) => {
    if (typeof timeShift === 'number' && timeShift !== 0) shiftTime(timeShift)
    if (typeof seed === 'number') seedRandom(seed)
  })

  function seedRandom(seed) {
    let state = seed >>> 0
    // mulberry32: nothing that it makes protects anything.
    const next = () => {
      state = (state + 0x6d2b79f5) >>> 0
      let mixed = Math.imul(state ^ (state >>> 15), state | 1)
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
      return (mixed ^ (mixed >>> 14)) >>> 0
    }
    Math.random = () => next() / 4294967296
    native.random = (bytes) => Uint8Array.from({ length: bytes }, () => next() & 255)
  }

  function shiftTime(shift) {
    const { Date: RealDate } = globalThis
    const { now: realNow } = RealDate
    const { construct } = Reflect
    const now = () => realNow() + shift
    RealDate.now = now
    own.now = now
    const shifted = new Proxy(RealDate, {
      construct: (target, given, asked) => construct(target, given.length === 0 ? [now()] : given, asked),
      apply: () => new RealDate(now()).toString(),
    })
    RealDate.prototype.constructor = shifted
    globalThis.Date = shifted
  }
}
