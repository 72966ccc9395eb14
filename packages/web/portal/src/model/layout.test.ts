/** Where things stand at a width. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { breakpointAt, breakpoints, type Cols, type Layouts, nearestFilled, type Place, placesAt } from './layout.ts'

const cols: Cols = { xl: 12, lg: 12, md: 10, sm: 6, xs: 4, xxs: 2 }
const at = (i: string, x: number, y: number, w: number, h: number): Place => ({ i, x, y, w, h })

test('a breakpoint begins at its width', () => {
  assert.deepEqual([2000, 1600, 1599, 1200, 996, 768, 480, 479, 0].map(breakpointAt), [
    ...['xl', 'xl', 'lg', 'lg', 'md', 'sm', 'xs', 'xxs', 'xxs'],
  ])
})

test('an empty breakpoint has the nearest filled one, of two the wider', () => {
  const layouts: Layouts = { lg: [at('a', 0, 0, 1, 1)], xs: [at('a', 0, 0, 1, 1)], md: [] }
  assert.deepEqual(
    breakpoints.map(({ name }) => nearestFilled(layouts, name)),
    ['lg', 'lg', 'lg', 'xs', 'xs', 'xs'],
  )
  assert.equal(nearestFilled({}, 'lg'), undefined)
})

test('what is laid out for a wide screen stands below each other on a narrow one', () => {
  const layouts: Layouts = { lg: [at('left', 0, 0, 6, 4), at('right', 6, 0, 6, 4)] }
  assert.deepEqual(placesAt(layouts, 'lg', ['right', 'left'], cols), layouts.lg)
  // In the order in which they are read, whatever the order in the config.
  assert.deepEqual(placesAt(layouts, 'xxs', ['right', 'left'], cols), [at('left', 0, 0, 2, 4), at('right', 0, 4, 2, 4)])
})

test('holes close upwards, and what the layout does not name comes last over the whole width', () => {
  const places = placesAt({ lg: [at('a', 0, 7, 6, 2), at('gone', 0, 0, 12, 7)] }, 'lg', ['b', 'a'], cols)
  assert.deepEqual(places, [at('a', 0, 0, 6, 2), at('b', 0, 2, 12, 1)])
})

test('whatever a layout says, everything has its place inside the columns and nothing lies over anything', () => {
  const place = fc.record({
    i: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    x: fc.integer({ min: 0, max: 30 }),
    y: fc.integer({ min: 0, max: 30 }),
    w: fc.integer({ min: 1, max: 30 }),
    h: fc.integer({ min: 1, max: 9 }),
  })
  const ids = ['a', 'b', 'c', 'd', 'e', 'f']
  fc.assert(
    fc.property(fc.array(place), fc.array(place), fc.constantFrom(...breakpoints), (lg, xs, { name }) => {
      const places = placesAt({ lg, xs }, name, ids, cols)
      assert.deepEqual(places.map(({ i }) => i).sort(), ids)
      for (const one of places) {
        assert.ok(one.x >= 0 && one.y >= 0 && one.x + one.w <= cols[name], JSON.stringify(one))
        for (const other of places) {
          const apart =
            one.i === other.i ||
            one.x + one.w <= other.x ||
            other.x + other.w <= one.x ||
            one.y + one.h <= other.y ||
            other.y + other.h <= one.y
          assert.ok(apart, `${JSON.stringify(one)} lies over ${JSON.stringify(other)}`)
        }
      }
    }),
  )
})
