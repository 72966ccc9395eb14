/** The process that plays a hostile system: it keeps every kind of attack busy until it is told to end. Any answer will do. */
import { answerQuestions } from './children.ts'
import { systemHeaders } from './scene.ts'

type Attack = {
  port: number
  system: { key: string; secret: string }
  /** Each is run by `lanesPerService` requests at a time, as developer. */
  services: string[]
  headers: Record<string, string>
  /** Whose passwords are guessed. */
  emails: string[]
}

const lanesPerService = 8
const guessingLanes = 16

let under: { stopped: boolean; over: Promise<unknown>; answers: Map<string, number> } | undefined

async function begin(attack: Attack): Promise<void> {
  const state = { stopped: false, answers: new Map<string, number>(), over: Promise.resolve() as Promise<unknown> }
  const origin = `http://127.0.0.1:${attack.port}`
  const guess = { ...systemHeaders(attack.system), 'content-type': 'application/json' }
  const keepAsking = async (what: string, path: string, headers: Record<string, string>, body: () => object) => {
    while (!state.stopped) {
      const response = await fetch(origin + path, { method: 'POST', headers, body: JSON.stringify(body()) })
      await response.text()
      const name = `${what} ${response.status}`
      state.answers.set(name, (state.answers.get(name) ?? 0) + 1)
    }
  }
  const lanes = attack.services.flatMap((name) =>
    Array.from({ length: lanesPerService }, () =>
      keepAsking(name, `/api/v/1/code/${attack.system.key}/${name}`, attack.headers, () => ({})),
    ),
  )
  for (let lane = 0; lane < guessingLanes; lane++) {
    let turn = 0
    const email = attack.emails[lane % attack.emails.length]!
    const body = () => ({ email, password: `a guess ${lane} ${++turn}` })
    lanes.push(keepAsking('guess', '/api/v/1/user/auth', guess, body))
  }
  state.over = Promise.all(lanes)
  under = state
}

/** Answers how often each attack got which status. */
async function end(): Promise<Record<string, number>> {
  const state = under!
  state.stopped = true
  await state.over
  return Object.fromEntries(state.answers)
}

answerQuestions({ begin, end })
