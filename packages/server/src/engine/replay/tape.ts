/**
 * The calls of a recorded sign-in, to answer those of another run from. A call is matched by its name and arguments, in the
 * order in which there are several of one kind; nothing is ever answered that was not asked in the same words.
 *
 * Times are the exception: code that asks for what is older than a quarter of an hour names another moment in every run. So
 * times near that of the sign-in are compared by how far they are from its beginning, and a few seconds are no difference.
 */
import { day, second } from '../../base/clock.ts'
import type { Answered } from './stage.ts'

const slackMs = 5 * second

type Shape = { key: string; times: number[] }

export class NotRecorded extends Error {
  override readonly name = 'NotRecorded'
  readonly call: string

  constructor(call: string) {
    super(`It asks ${call}, which the record does not have.`)
    this.call = call
  }
}

export class Tape {
  readonly #left: { shape: Shape; answered: Answered }[]
  readonly #at: number
  /** What was answered, with the arguments that it was asked with. */
  readonly answered: Answered[] = []

  constructor(calls: readonly Answered[], at: number) {
    this.#at = at
    this.#left = calls.map((answered) => ({ shape: shapeOf(answered.name, answered.args, at), answered }))
  }

  /** Throws NotRecorded. */
  answer(name: string, args: unknown): Answered {
    const shape = shapeOf(name, args, this.#at)
    const index = this.#left.findIndex((one) => isSame(one.shape, shape))
    const found = this.#left[index]
    if (found === undefined) throw new NotRecorded(name)
    this.#left.splice(index, 1)
    const answered = { ...found.answered, args }
    this.answered.push(answered)
    return answered
  }
}

const isSame = (one: Shape, other: Shape): boolean =>
  one.key === other.key && one.times.every((time, index) => Math.abs(time - other.times[index]!) <= slackMs)

/** Arguments with their names in order, and times taken out. */
function shapeOf(name: string, args: unknown, at: number): Shape {
  const times: number[] = []
  const plain = (value: unknown): unknown => {
    if (typeof value === 'string' || typeof value === 'number') {
      const time = timeIn(value)
      if (time === undefined || Math.abs(time - at) > day) return value
      times.push(time - at)
      return typeof value === 'string' ? '<time>' : { '<time>': typeof value }
    }
    if (Array.isArray(value)) return value.map(plain)
    if (typeof value !== 'object' || value === null) return value
    const names = Object.keys(value).sort()
    return names.map((one) => [one, plain((value as Record<string, unknown>)[one])])
  }
  return { key: JSON.stringify([name, plain(args)]), times }
}

function timeIn(value: string | number): number | undefined {
  if (typeof value === 'number') return value > 1e12 ? value : value > 1e9 && value < 1e10 ? value * 1000 : undefined
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(value) ? Date.parse(value) : undefined
}
