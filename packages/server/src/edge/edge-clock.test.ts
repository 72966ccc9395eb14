/** What the clock of an edge promises whatever is done to the clock of its machine. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createTestApp, type TestApp } from '../../../../test/support/app.ts'
import { type Clock, day, hour, minute, second } from '../base/clock.ts'
import { EdgeClock, edgeClockRules } from './edge-clock.ts'

describe('the clock of an edge', () => {
  let app: TestApp
  const ends: (() => unknown)[] = []
  before(async () => {
    app = await createTestApp({ after: (end: () => unknown) => void ends.push(end) })
  })
  after(async () => {
    for (const end of ends.reverse()) await end()
  })

  /** A machine whose clock can be set, and an edge on it that can be started again. */
  function machine(name: string, start: number) {
    const at = { wall: start, steady: 0 }
    const wall: Clock = { now: () => at.wall, steady: () => at.steady }
    let clock: EdgeClock | undefined
    return {
      pass(ms: number) {
        at.wall += ms
        at.steady += ms
      },
      set(wallTime: number) {
        at.wall = wallTime
      },
      /** Off and on: the steady clock of a machine begins anew. */
      async start(): Promise<EdgeClock> {
        await clock?.close()
        at.steady = 0
        clock = new EdgeClock({ system: name, name }, wall)
        await clock.open(app.app.means.store, app.app.means.log)
        ends.push(() => clock!.close())
        return clock
      },
    }
  }
  const start = Date.UTC(2026, 10, 26)

  test('goes on by the steady clock when it is set back, and is in doubt until the platform is heard', async () => {
    const box = machine('back', start)
    const clock = await box.start()
    await clock.hear({ now: start, identity: true })
    box.pass(hour)
    assert.deepEqual([clock.now(), clock.doubt()], [start + hour, ''])
    box.set(start - day)
    assert.equal(clock.now(), start + hour)
    assert.match(clock.doubt(), /went back/)
    box.pass(hour)
    assert.deepEqual([clock.now(), clock.identityAge()], [start + 2 * hour, 2 * hour])
    // Put right by hand it stays in doubt: nobody here knows that it is right.
    box.set(start + 2 * hour)
    assert.match(clock.doubt(), /went back/)
    await clock.hear({ now: start + 2 * hour, identity: false })
    assert.deepEqual([clock.doubt(), clock.now(), clock.identityAge()], ['', start + 2 * hour, 2 * hour])
  })

  test('set forward it is in doubt over restarts, and the word of the platform alone takes the time back', async () => {
    const box = machine('forward', start)
    let clock = await box.start()
    await clock.hear({ now: start, identity: true })
    box.set(start + 365 * day)
    assert.match(clock.doubt(), /jumped/)
    assert.equal(clock.identityAge(), 365 * day)
    clock = await box.start()
    assert.match(clock.doubt(), /jumped/)
    box.set(start + minute)
    clock = await box.start()
    assert.ok(clock.now() >= start + 365 * day, 'never below what was counted')
    await clock.hear({ now: start + minute, identity: true })
    assert.deepEqual([clock.doubt(), clock.now(), clock.identityAge()], ['', start + minute, 0])
  })

  test('starting in 1970 it counts from what is on disk, and a clock that is set meanwhile ends no doubt', async () => {
    const box = machine('1970', start)
    await (await box.start()).hear({ now: start, identity: true })
    box.pass(hour)
    await (await box.start()).hear({ now: start + hour, identity: true })
    box.set(5_000)
    const clock = await box.start()
    assert.ok(clock.now() >= start + hour)
    assert.match(clock.doubt(), /went back/)
    box.set(start + 3 * hour)
    assert.ok(clock.now() >= start + 3 * hour, 'what it says now is later, and later counts')
    assert.notEqual(clock.doubt(), '')
    box.pass(second)
    await clock.hear({ now: start + 3 * hour, identity: true })
    assert.equal(clock.doubt(), '')
  })

  test('a new edge that starts in 1970 has the time of its platform with the first word', async () => {
    const box = machine('new', 1_000)
    const clock = await box.start()
    assert.equal(clock.identityAge(), Number.POSITIVE_INFINITY)
    await clock.hear({ now: start, identity: true })
    box.pass(minute)
    assert.deepEqual([clock.now(), clock.doubt(), clock.identityAge()], [start + minute, '', minute])
  })

  test('a clock that is kept right raises no doubt, and never counts back', async () => {
    const box = machine('kept right', start)
    const clock = await box.start()
    let last = clock.now()
    for (const correction of [-edgeClockRules.backMs / 2, 2 * minute, -20_000, 4 * minute]) {
      box.pass(hour)
      box.set(last + hour + correction)
      const now = clock.now()
      assert.ok(now >= last + hour - 1, String(correction))
      assert.equal(clock.doubt(), '')
      last = now
      // Which is what time servers do: one moment later it stands where it should.
      box.set(last)
    }
  })

  test('a platform whose own clock went back is not heard', async () => {
    const box = machine('platform', start)
    const clock = await box.start()
    await clock.hear({ now: start, identity: true })
    await clock.hear({ now: start - hour, identity: true })
    assert.match(clock.doubt(), /platform went back/)
    box.pass(hour)
    await clock.hear({ now: start + hour, identity: true })
    assert.equal(clock.doubt(), '')
  })
})
