/**
 * What a developer asks of a trial, read from what he sent: which code, which sign-ins one after the other, what they come
 * with, and what the world answers. Running it is `trial.ts`.
 */
import { isIP } from 'node:net'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { readReference } from './references.ts'
import { readStubs, type Stub } from './stubs.ts'

export const trialLimits = { steps: 10, stubs: 50 } as const

/** In the place of what would be true; absent where that is to stand. Times in milliseconds. */
export type StepContext = {
  address?: string
  userAgent?: string
  /** The origin of the web page that asks, as browsers say it. */
  page?: string
  /** The clock of the node, and of the service. */
  time?: number
}

/** What the sign-in finds of earlier ones, by `req.context.proven`. */
export type Past = {
  failures?: { password?: number; second_factor?: number; address?: number }
  lastSignIn?: { at: number; address: string; factors: string } | null
}

export type TrialStep = { params: Record<string, unknown>; context: StepContext }

export type Trial = {
  /** '' for the auth service that is set. */
  service: string
  version: number | undefined
  code: string | undefined
  requires: string | undefined
  /** The password of the first step is taken to be that of its account. */
  assumePassword: boolean
  past: Past
  steps: TrialStep[]
  stubs: Stub[]
}

const bad = (detail: string, hint?: string): GatehouseError =>
  new GatehouseError('badRequest', detail, hint === undefined ? {} : { hint })

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const known = [
  ...['service', 'version', 'code', 'requires', 'assume_password'],
  ...['params', 'context', 'steps', 'stubs'],
]

/** Throws badRequest. */
export function readTrial(body: Record<string, unknown>): Trial {
  demandShallow(body)
  for (const name of Object.keys(body)) {
    if (!known.includes(name)) throw bad(`A trial knows no "${name.slice(0, 40)}".`, `It knows ${known.join(', ')}.`)
  }
  const { assume_password: assumed = false } = body
  if (typeof assumed !== 'boolean') throw bad('assume_password must be true or false.')
  const shared = readContext(body.context, 'context', true)
  return {
    ...readCandidate(body),
    assumePassword: assumed,
    past: shared.past,
    steps: readSteps(body, shared),
    stubs: readStubs(body.stubs, trialLimits.stubs),
  }
}

const deepest = 100

/** What is deeper could overflow the stack of whoever looks through it. */
function demandShallow(value: unknown, depth = 0): void {
  if (depth > deepest) throw bad(`The body is nested deeper than ${deepest}.`)
  if (typeof value !== 'object' || value === null) return
  for (const part of Object.values(value)) demandShallow(part, depth + 1)
}

export type Candidate = Pick<Trial, 'service' | 'version' | 'code' | 'requires'>

/** Which code is tried: a service by name, as it is, in an older version, or with other code. Throws badRequest. */
export function readCandidate(body: Record<string, unknown>): Candidate {
  const text = (name: string): string | undefined => {
    const value = body[name]
    if (value === undefined || value === null) return undefined
    if (typeof value !== 'string') throw bad(`${name} must be a text.`)
    return value
  }
  const { version } = body
  if (version !== undefined && version !== null && !(Number.isInteger(version) && (version as number) > 0)) {
    throw bad('version must be the number of a version of the service.')
  }
  const code = text('code')
  if (code === '') throw bad('code is empty.')
  if (code !== undefined && typeof version === 'number') throw bad('Give version or code, not both.')
  const requires = text('requires')
  if (requires !== undefined && code === undefined) throw bad('requires goes with code.')
  return { service: text('service') ?? '', version: (version as number | null) ?? undefined, code, requires }
}

function readSteps(body: Record<string, unknown>, shared: ReadContext): TrialStep[] {
  if (body.steps !== undefined && body.params !== undefined) throw bad('Give params for one step, or steps; not both.')
  const given = body.steps ?? (body.params === undefined ? undefined : [{ params: body.params }])
  if (!Array.isArray(given) || given.length === 0 || given.length > trialLimits.steps) {
    throw bad(`A trial needs params, or a list "steps" of 1 to ${trialLimits.steps} steps, each {params, context?}.`)
  }
  let latest = shared.context.time ?? Number.NEGATIVE_INFINITY
  return given.map((one, index) => {
    const where = `Step ${index + 1}`
    if (!isObject(one) || !isObject(one.params)) throw bad(`${where} needs params, the body of a sign-in.`)
    if (one.params.grant_type === 'refresh_token') throw bad(`${where} is a refresh, which asks no auth service.`)
    demandEarlier(one.params, index + 1)
    const own = readContext(one.context, `${where}: context`, false)
    if ((own.context.time ?? latest) < latest) throw bad(`${where} is earlier than the step before.`)
    latest = own.context.time ?? latest
    // Only the first is set to the shared time: the clock goes on from there.
    const { time, ...rest } = shared.context
    const context = { ...rest, ...(index === 0 && time !== undefined && { time }), ...own.context }
    return { params: { ...shared.claims, ...own.claims, ...one.params }, context }
  })
}

/** References lead to answers that are there by then. */
function demandEarlier(value: unknown, step: number): void {
  if (typeof value === 'string') {
    const reference = readReference(value)
    if (reference !== undefined && (reference.step < 1 || reference.step >= step)) {
      throw bad(
        `Step ${step} refers to step ${reference.step}, which is no earlier one.`,
        'A text that begins with $ and a digit, and is none, is written with $$.',
      )
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) demandEarlier(part, step)
  }
}

type ReadContext = { context: StepContext; claims: Record<string, unknown>; past: Past }

const contextNames = ['address', 'user_agent', 'page', 'time', 'position', 'device']
const pastNames = ['failures', 'last_sign_in']

/** `position` and `device` are what the client claims, so they go into the body, where a client has them. */
function readContext(given: unknown, where: string, withPast: boolean): ReadContext {
  if (given === undefined || given === null) return { context: {}, claims: {}, past: {} }
  if (!isObject(given)) throw bad(`${where} must be an object.`)
  const names = withPast ? [...contextNames, ...pastNames] : contextNames
  for (const name of Object.keys(given)) {
    if (!names.includes(name)) throw bad(`${where} knows no "${name.slice(0, 40)}".`, `It knows ${names.join(', ')}.`)
  }
  const { address, user_agent: userAgent, page, time, position, device } = given
  if (address !== undefined && (typeof address !== 'string' || isIP(address) === 0)) {
    throw bad(`${where}.address must be an IP address.`)
  }
  if (userAgent !== undefined && (typeof userAgent !== 'string' || userAgent.length > 1000)) {
    throw bad(`${where}.user_agent must be a text.`)
  }
  if (page !== undefined && (typeof page !== 'string' || URL.parse(page)?.origin !== page)) {
    throw bad(`${where}.page must be the origin of a web page, like "https://app.example.com".`)
  }
  return {
    context: {
      ...(page !== undefined && { page }),
      ...(address !== undefined && { address }),
      ...(userAgent !== undefined && { userAgent }),
      ...(time !== undefined && { time: readTime(time, `${where}.time`) }),
    },
    claims: { ...(position !== undefined && { position }), ...(device !== undefined && { device }) },
    past: withPast ? readPast(given, where) : {},
  }
}

function readTime(value: unknown, where: string): number {
  const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/
  const at = typeof value === 'string' && form.test(value) ? Date.parse(value) : Number.NaN
  if (!(at >= 0 && at < 4_102_444_800_000)) {
    throw bad(`${where} must be a time like "2026-01-31T10:20:30Z", from 1970 to 2099.`)
  }
  return at
}

function readPast(given: Record<string, unknown>, where: string): Past {
  const past: Past = {}
  const { failures, last_sign_in: last } = given
  if (failures !== undefined) {
    if (!isObject(failures)) throw bad(`${where}.failures must be an object.`)
    for (const [name, count] of Object.entries(failures)) {
      if (!['password', 'second_factor', 'address'].includes(name)) throw bad(`${where}.failures knows no "${name}".`)
      if (!Number.isInteger(count) || (count as number) < 0 || (count as number) > 1000) {
        throw bad(`${where}.failures.${name} must be a whole number up to 1000.`)
      }
    }
    past.failures = failures as NonNullable<Past['failures']>
  }
  if (last === null) past.lastSignIn = null
  else if (last !== undefined) {
    if (!isObject(last)) throw bad(`${where}.last_sign_in must be an object or null.`)
    const { time, address = '', factors = 'password' } = last
    if (typeof address !== 'string' || typeof factors !== 'string') {
      throw bad(`${where}.last_sign_in holds time, and the texts address and factors.`)
    }
    past.lastSignIn = { at: readTime(time, `${where}.last_sign_in.time`), address, factors }
  }
  return past
}
