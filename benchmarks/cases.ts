/** What is measured under load, and against which bare cost. */
import type { BareFacts, BareWork } from './bare/worker.ts'
import type { Load, Request } from './load.ts'
import { newReading, perSite, sites } from './rows.ts'
import { type Scene, systemHeaders } from './scene.ts'

/** Where the two sides are. */
export type Place = { port: number; scene: Scene; bare: BareFacts }

type Bare = { what: string } & ({ load: Load } | { work: BareWork })

export type Case = {
  /** For `--only`. */
  name: string
  title: string
  node: (place: Place) => Load
  /** The first is the one to look at; a second tells where the rest goes. */
  against: (place: Place) => Bare[]
}

/** 19 MiB, 2 passes. */
const hashes: Bare[] = [
  { what: "argon2id by Node's own crypto", work: 'argon2idOfNode' },
  { what: 'argon2id by the library that the node uses', work: 'argon2id' },
]

const signIns = ({ port, scene }: Place, system: Scene['plain']): Load => ({
  port,
  // A user for each connection: of one account few passwords are checked at a time.
  requests: scene.emails.map((email) => ({
    method: 'POST',
    path: '/api/v/1/user/auth',
    headers: systemHeaders(system),
    body: { email, password: scene.password },
  })),
  // A refusal is a 200 too, with an empty token.
  expect: '"user_token":"gh',
})

const asUser = (scene: Scene) => ({ 'ClearBlade-UserToken': scene.token })

const runs = ({ port, scene }: Place, service: string, params: object[]): Load => ({
  port,
  requests: params.map((body) => ({
    method: 'POST',
    path: `/api/v/1/code/${scene.plain.key}/${service}`,
    headers: asUser(scene),
    body,
  })),
  expect: '"success":true',
})

const fetches = ({ port, scene }: Place, queries: object[], expect: string): Load => ({
  port,
  requests: queries.map((query) => ({
    method: 'GET',
    path: `/api/v/1/data/${scene.readings.collection}?query=${encodeURIComponent(JSON.stringify(query))}`,
    headers: asUser(scene),
  })),
  expect,
})

const equal = (column: string, value: string) => [[{ EQ: [{ [column]: value }] }]]

const fastify = (place: Place, requests: Request[], expect: string, does: string): Bare => ({
  what: `Fastify${does}`,
  load: { port: place.bare.port, requests, expect },
})

export const cases: readonly Case[] = [
  {
    name: 'sign-in',
    title: 'password sign-in',
    node: (place) => signIns(place, place.scene.plain),
    against: () => hashes,
  },
  {
    name: 'auth-service',
    title: 'sign-in through an auth service that calls `init`',
    node: (place) => signIns(place, place.scene.guarded),
    against: () => hashes,
  },
  {
    name: 'two-step',
    title: 'sign-in in two steps: password, then the code of an app',
    node: ({ port, scene }) => ({
      port,
      twoSteps: { headers: systemHeaders(scene.secured), password: scene.password, people: scene.people },
    }),
    against: () => hashes,
  },
  {
    name: 'constant',
    title: 'service that returns a constant',
    node: (place) => runs(place, 'constant', [{}]),
    against: () => [{ what: 'sandbox, 2 processes', work: 'constant' }],
  },
  {
    name: 'read-create',
    title: 'service that reads and creates a row',
    node: (place) => {
      const params = place.scene.readings.keys.map((id) => ({ id }))
      return runs(place, 'readAndCreate', params)
    },
    against: () => [{ what: 'sandbox, 2 processes, host calls answered from memory', work: 'readAndCreate' }],
  },
  {
    name: 'fetch',
    title: 'fetch a row by its id',
    node: (place) => {
      const queries = place.scene.readings.keys.map((key) => ({ FILTERS: equal('item_id', key) }))
      return fetches(place, queries, '"TOTAL":1')
    },
    against: (place) => {
      const requests = place.bare.keys.map((key): Request => ({ method: 'GET', path: `/row/${key}` }))
      return [fastify(place, requests, '"TOTAL":1', ` and the same select by ${place.bare.database}`)]
    },
  },
  {
    name: 'create',
    title: 'create a row',
    node: ({ port, scene }) => {
      const path = `/api/v/1/data/${scene.copies}`
      return {
        port,
        requests: [{ method: 'POST', path, headers: asUser(scene), body: newReading }],
        expect: '"item_id":"',
      }
    },
    against: (place) => [
      { what: `insert by ${place.bare.database}, as durable, no HTTP`, work: 'insert' },
      fastify(
        place,
        [{ method: 'POST', path: '/row', body: newReading }],
        '"item_id":"',
        ` and an insert by ${place.bare.database}, as durable`,
      ),
    ],
  },
  {
    name: 'filter',
    title: `${perSite} rows by filter`,
    node: (place) => {
      const queries = sites.map((site) => ({ FILTERS: equal('site', site), PAGESIZE: perSite }))
      return fetches(place, queries, `"TOTAL":${perSite}`)
    },
    against: (place) => {
      const requests = sites.map((site): Request => ({ method: 'GET', path: `/site/${site}` }))
      return [fastify(place, requests, `"TOTAL":${perSite}`, ` and the same select by ${place.bare.database}`)]
    },
  },
  {
    name: 'token',
    title: 'token check (`checkauth`)',
    node: ({ port, scene }) => {
      const headers = { ...systemHeaders(scene.plain), ...asUser(scene) }
      return {
        port,
        requests: [{ method: 'POST', path: '/api/v/1/user/checkauth', headers, body: {} }],
        expect: '"is_authenticated":true',
      }
    },
    against: (place) => [
      fastify(place, [{ method: 'POST', path: '/hello', body: {} }], '"is_authenticated":true', ', a constant answer'),
    ],
  },
]
