/** What a sign-in takes in one system while another takes all that it can get: loops, memory, calls, guesses. */
import { join } from 'node:path'
import type { Children } from './children.ts'
import type { Measured, Pace } from './closed-loop.ts'
import { openGround, openSlowServer } from './loopback.ts'
import { median } from './measure.ts'
import type { NodeOptions } from './node-process.ts'
import { systemHeaders } from './scene.ts'

export type Hostile = {
  title: string
  /** Medians over the rounds, in milliseconds. */
  alone: { p50: number; p99: number; perSecond: number }
  beside: { p50: number; p99: number; perSecond: number }
  /** Of the p99. */
  ratio: number
  /** What the hostile system was answered, all rounds together. */
  answers: Record<string, number>
}

const password = 'the plant is quiet'
const decide = `function decide(req, resp) {
  ClearBlade.init({ systemKey: req.systemKey, systemSecret: req.systemSecret, email: req.params.email,
    password: req.params.password,
    callback: function (err, body) { if (err) resp.error('no'); else resp.success(body); } });
}`
const attacks = (slow: string): Record<string, string> => ({
  loops: 'function loops() { for (;;) try { throw 1 } catch (e) { continue } }',
  allocates: 'function allocates() { var all = []; for (;;) all.push(new Array(10000).fill(all.length)) }',
  callsOut: `function callsOut(req, resp) {
  var left = 500;
  var next = function () {
    if (left-- === 0) return resp.success('done');
    Requests().get({ uri: ${JSON.stringify(slow)} }, next);
  };
  for (var lane = 0; lane < 20; lane++) next();
}`,
})

/** As many people as sign in at once, so that none waits for himself. */
const inFlight = 4

/** In turn, round by round: nobody else there, and the hostile system at full load. */
export async function besideHostile(
  children: Children,
  options: NodeOptions,
  rounds: number,
  seconds: number,
): Promise<Hostile[]> {
  const slow = await openSlowServer(5)
  const ground = await openGround(children, options)
  const { node, develop, newSystem, newService, headers } = ground
  const load = children.worker(join(import.meta.dirname, 'load.ts'))
  const crowd = children.worker(join(import.meta.dirname, 'hostile-load.ts'))
  try {
    const plain = await newSystem('plain')
    const guarded = await newSystem('guarded')
    const hostile = await newSystem('hostile')
    const emails = Array.from({ length: inFlight }, (_, n) => `user-${n}@example.com`)
    for (const { key } of [plain, guarded, hostile]) {
      await Promise.all(emails.map((email) => develop('POST', `/admin/user/${key}`, { email, password })))
    }
    await newService(guarded, 'decide', decide)
    const changes = { services: [{ itemInfo: { name: 'decide' }, permissions: 1 }] }
    await develop('PUT', `/admin/user/${guarded.key}/roles`, { id: 'Anonymous', changes })
    await develop('PUT', '/admin/v/4/systemmanagement', { id: guarded.key, auth_service: 'decide' })
    for (const [name, code] of Object.entries(attacks(slow.url))) {
      await newService(hostile, name, code, { execution_timeout: 3 })
    }
    const rows: Hostile[] = []
    const pace: Pace = { inFlight, warmSeconds: 0.5, seconds }
    for (const [title, system] of [
      ['password sign-in', plain],
      ['sign-in through an auth service', guarded],
    ] as const) {
      const requests = emails.map((email) => {
        const body = { email, password }
        return { method: 'POST' as const, path: '/api/v/1/user/auth', headers: systemHeaders(system), body }
      })
      const measured = () =>
        load.ask<Measured>('send', { load: { port: node.port, requests, expect: '"user_token":"gh' }, pace })
      const [alone, beside]: [Measured[], Measured[]] = [[], []]
      const answers: Record<string, number> = {}
      for (let round = 0; round < rounds; round++) {
        alone.push(await measured())
        await crowd.ask('begin', {
          port: node.port,
          system: hostile,
          services: Object.keys(attacks('')),
          headers,
          emails,
        })
        beside.push(await measured())
        const told = await crowd.ask<Record<string, number>>('end', {})
        for (const [what, times] of Object.entries(told)) answers[what] = (answers[what] ?? 0) + times
      }
      const [quiet, loud] = [middle(alone), middle(beside)]
      rows.push({ title, alone: quiet, beside: loud, ratio: loud.p99 / quiet.p99, answers })
    }
    return rows
  } finally {
    await Promise.all([load.end(), crowd.end()])
    await node.end()
    slow.close()
  }
}

const middle = (rounds: readonly Measured[]) => ({
  p50: median(rounds.map(({ p50 }) => p50)),
  p99: median(rounds.map(({ p99 }) => p99)),
  perSecond: median(rounds.map(({ perSecond }) => perSecond)),
})
