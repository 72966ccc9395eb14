/** Sign-ins in two steps, as load: the password, then a code of the user's authenticator app. */
import { stepAt, totpCode } from '../packages/server/src/domain/accounts/totp.ts'
import type { Request } from './load.ts'

/** `secret` of the authenticator app, as hex. */
export type Person = { email: string; userId: string; secret: string }

export type TwoSteps = { headers: Record<string, string>; password: string; people: Person[] }

const path = '/api/v/1/user/auth'

/**
 * Each code counts once, and only the step before and after the present one are good: a person signs in three times at
 * first and then every half minute, so there must be many of them.
 */
export class Crowd {
  readonly #given: TwoSteps
  readonly #lastStep = new Map<string, number>()
  #next = 0

  constructor(given: TwoSteps) {
    this.#given = given
  }

  /** Signs one person in. Throws where a step did not end as it should, or where everybody's codes are used up. */
  async signIn(send: (request: Request) => Promise<string>): Promise<void> {
    const { headers, password } = this.#given
    const { person, step } = this.#someone()
    const ask = (body: object): Request => ({ method: 'POST', path, headers, body })
    const first = await send(ask({ email: person.email, password }))
    const id = /"factor_id":"([^"]+)"/.exec(first)?.[1]
    if (id === undefined) throw new Error(`No factor_id in ${first.slice(0, 500)}`)
    const second = await send(ask({ email: person.email, factor_id: id, code: totpCode(person.secret, step) }))
    if (!second.includes('"user_token":"gh')) throw new Error(`No token in ${second.slice(0, 500)}`)
  }

  #someone(): { person: Person; step: number } {
    const { people } = this.#given
    const now = stepAt(Date.now())
    for (let tried = 0; tried < people.length; tried++) {
      const person = people[this.#next++ % people.length]!
      const step = Math.max(now, (this.#lastStep.get(person.email) ?? 0) + 1)
      if (step > now + 1) continue
      this.#lastStep.set(person.email, step)
      return { person, step }
    }
    throw new Error('All codes of this half minute are used. Take fewer or shorter rounds.')
  }
}
