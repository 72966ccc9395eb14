/**
 * Where a sign-in is tried for another time than the present, `Date` goes by that time. Before all other parts, which take
 * their references to built-ins from what this leaves.
 */
export function installClock(_library, _native, facts) {
  const shift = facts.timeShift
  if (typeof shift !== 'number' || shift === 0) return
  const { Date: RealDate } = globalThis
  const { now: realNow } = RealDate
  const { construct } = Reflect
  const now = () => realNow() + shift
  RealDate.now = now
  const shifted = new Proxy(RealDate, {
    construct: (target, given, asked) => construct(target, given.length === 0 ? [now()] : given, asked),
    apply: () => new RealDate(now()).toString(),
  })
  RealDate.prototype.constructor = shifted
  globalThis.Date = shifted
}
