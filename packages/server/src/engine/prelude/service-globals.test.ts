/** What editors are told of a run's globals is what a run has. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  builtLibraries,
  librariesNotBuilt,
  serviceGlobals,
  serviceGlobalsNotBuilt,
} from '@gatehouse/contract/service-globals.ts'
import { nativeLibraries } from './prelude.ts'
import { openRuns } from './test-run.ts'

const runs = await openRuns()

/** Value of `body` in a run that requires `library`. */
async function seen(library: string | undefined, body: string): Promise<unknown> {
  const setting = { natives: library === undefined ? [] : [library], req: { context: {} } }
  const { result } = await runs.service(`${listing}\nresp.success(${body})`, setting)
  assert.equal(result[0], 'success', String(result[1]))
  return result[1]
}

const listing = `
function names(object) {
  var found = []
  for (var at = object; at && at !== Object.prototype && at !== Function.prototype; at = Object.getPrototypeOf(at)) {
    Object.getOwnPropertyNames(at).forEach(function (name) { if (found.indexOf(name) < 0) found.push(name) })
  }
  return found
}`

/** What every object of the blocking library shows of its session. */
const ofSession = new Set(['user', 'URI', 'systemKey', 'systemSecret', 'constructor', 'query', 'data'])
const ofState = new Set(['Queries', 'Order', 'Columns', 'PageSize', 'PageNumber'])

test('the names of native libraries are those of the engine', () => {
  assert.deepEqual([...Object.keys(builtLibraries), ...librariesNotBuilt].sort(), [...nativeLibraries].sort())
})

test('globals are there where their library is required, and nowhere else', async () => {
  const javascript = new Set(Object.getOwnPropertyNames(globalThis))
  const without = (await seen(undefined, 'names(globalThis)')) as string[]
  for (const [name, { library }] of Object.entries(serviceGlobals)) {
    assert.equal(without.includes(name), library === undefined, name)
  }
  for (const library of Object.keys(builtLibraries)) {
    const more = ((await seen(library, 'names(globalThis)')) as string[]).filter((name) => !without.includes(name))
    const told = Object.entries(serviceGlobals).filter(([, one]) => one.library === library)
    assert.deepEqual(
      more,
      told.map(([name]) => name),
      library,
    )
  }
  const untold = without.filter((name) => !(name in serviceGlobals) && !javascript.has(name))
  const known = ['svc', 'names', 'child_process', 'Temporal', 'escape', 'unescape']
  assert.deepEqual(
    untold.filter((name) => !known.includes(name) && !name.startsWith('__')),
    [],
  )
})

describe('members', () => {
  for (const [name, { library, members, objects }] of Object.entries(serviceGlobals)) {
    if (members !== undefined) {
      test(`of ${name}`, async () => {
        const there = (await seen(library, `names(${name})`)) as string[]
        assert.deepEqual(told(members, serviceGlobalsNotBuilt[name]), there.sort())
      })
    }
    for (const [maker, methods] of Object.entries(objects ?? {})) {
      const path = maker === '' ? name : `${name}.${maker}`
      test(`of what ${path}() makes`, async () => {
        const there = (await seen(library, `names(${path}('a'))`)) as string[]
        const own = there.filter((method) => !ofSession.has(method) && !ofState.has(method))
        assert.deepEqual(told(methods, serviceGlobalsNotBuilt[path]), own.sort())
      })
    }
  }
})

const told = (members: Readonly<Record<string, string>>, notBuilt: readonly string[] = []): string[] =>
  [...Object.keys(members), ...notBuilt].sort()
