/** Token checks alone, and beside two hundred guesses of passwords at once: what guessing takes from those who are in. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Children, Worker } from './children.ts'
import type { Measured, Pace } from './closed-loop.ts'
import type { Load } from './load.ts'
import { openGround } from './loopback.ts'
import { median } from './measure.ts'
import type { NodeOptions } from './node-process.ts'
import { systemHeaders } from './scene.ts'

const atOnce = 200
const accounts = 50
/** Less than any 429 says. */
const pauseMs = 500
const password = 'the plant is quiet'

export type Guesses = {
  atOnce: number
  alone: number
  beside: number
  ratio: number
  /** What the guesses were answered, by status and code of the error. */
  answers: Map<string, number>
}

export async function besideGuesses(
  children: Children,
  load: Worker,
  options: NodeOptions,
  pace: Pace,
  rounds: number,
): Promise<Guesses> {
  const { node, newSystem, develop } = await openGround(children, options)
  const system = await newSystem('guessed')
  const headers = systemHeaders(system)
  const emails = Array.from({ length: accounts }, (_, n) => `user-${n}@example.com`)
  for (const email of emails) await develop('POST', `/admin/user/${system.key}`, { email, password })
  const url = `http://127.0.0.1:${node.port}/api/v/1/user/auth`
  const signIn = (email: string, secret: string) =>
    fetch(url, { method: 'POST', headers, body: JSON.stringify({ email, password: secret }) })
  const { user_token: token } = (await (await signIn(emails[0]!, password)).json()) as { user_token: string }
  const checks: Load = {
    port: node.port,
    requests: [
      {
        ...{ method: 'POST', path: '/api/v/1/user/checkauth', body: {} },
        headers: { ...headers, 'ClearBlade-UserToken': token },
      },
    ],
    expect: '"is_authenticated":true',
  }
  const answers = new Map<string, number>()
  let isOver = false
  const guess = async (lane: number): Promise<void> => {
    for (let turn = 0; !isOver; turn++) {
      const response = await signIn(emails[(lane + turn) % accounts]!, `wrong ${lane} ${turn}`)
      const code = /"code":(\d+)/.exec(await response.text())?.[1] ?? ''
      const said = `${response.status} ${code}`.trim()
      answers.set(said, (answers.get(said) ?? 0) + 1)
      // Whoever goes on without waiting floods the node with requests, whatever they ask; that is another measure.
      if (response.status === 429) await wait(pauseMs)
    }
  }
  const rate = async (): Promise<number> => (await load.ask<Measured>('send', { load: checks, pace })).perSecond
  const [alone, beside]: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    alone.push(await rate())
    isOver = false
    const guessing = Promise.all(Array.from({ length: atOnce }, (_, lane) => guess(lane)))
    beside.push(await rate())
    isOver = true
    await guessing
  }
  await node.end()
  const [quiet, busy] = [median(alone), median(beside)]
  return { atOnce, alone: quiet, beside: busy, ratio: busy / quiet, answers }
}
