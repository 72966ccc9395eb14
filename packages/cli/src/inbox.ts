/** `gatehouse inbox`: what services of a system sent in development, instead of to a phone. */
import { setTimeout as wait } from 'node:timers/promises'
import { type Api, RefusedError } from './api.ts'
import { CommandError } from './failure.ts'
import { command, runCommand } from './flags.ts'
import { jsonText, type Output } from './output.ts'
import { chooseSystem, openNode, systemFlags } from './target.ts'

type Message = { id: string; to: string; from: string; body: string; at: string }
type Shown = Omit<Message, 'id'>

const betweenLooks = 1_000

const inboxCommand = command({
  name: 'inbox',
  summary: 'messages that a system sent in development, oldest first',
  places: [],
  flags: {
    ...systemFlags,
    watch: { prose: 'go on, and print each message as it comes; ends with Ctrl+C' },
  },
  notes: `A development node keeps what services send to https://api.twilio.com for a day, and sends none of it to a phone.
With --watch, --json prints one JSON value on each line.`,
  examples: ['gatehouse inbox', 'gatehouse inbox --system plant --json', 'gatehouse inbox --watch'],
  async run(given, output) {
    const api = await openNode(given)
    const { key } = await chooseSystem(api, given.text('system'), output)
    const messages = await read(api, key)
    if (given.on('watch')) return watch(api, key, messages, output)
    const shown = messages.map(showOf)
    output.result(shown, shown.length === 0 ? undefined : table(shown))
    if (shown.length === 0) output.say('The inbox is empty: nothing was sent within a day.')
    return 0
  },
})

export const inbox = (args: string[]): Promise<number> => runCommand(inboxCommand, args)

async function read(api: Api, key: string, since?: string): Promise<Message[]> {
  const query = { limit: '500', ...(since !== undefined && { since }) }
  try {
    return await api.call<Message[]>('GET', `/admin/v/4/system/${key}/inbox`, { query })
  } catch (error) {
    if (!(error instanceof RefusedError) || error.status !== 404) throw error
    throw new CommandError(`${api.url} has no inbox: there is one in development only. Messages go to the providers.`)
  }
}

/** Asks again from a moment before the last one, since several may have come at the same time. */
async function watch(api: Api, key: string, first: Message[], output: Output): Promise<number> {
  let seen = new Set<string>()
  let fresh = first
  let since: string | undefined
  for (;;) {
    for (const message of fresh) print(showOf(message), output)
    const last = fresh.at(-1)
    if (last !== undefined) {
      since = new Date(Date.parse(last.at) - 1).toISOString()
      seen = new Set([...[...seen].slice(-500), ...fresh.map(({ id }) => id)])
    }
    await wait(betweenLooks)
    fresh = (await read(api, key, since)).filter(({ id }) => !seen.has(id))
  }
}

const showOf = ({ to, from, body, at }: Message): Shown => ({ to, from, body, at })

function print(message: Shown, output: Output): void {
  // Line ends of the value itself are escaped in JSON, so those that are left are between its parts.
  if (output.json) console.log(jsonText(message).replace(/\n */g, ''))
  else output.result(message, { text: `${message.at}  ${message.to}  ${message.body}` })
}

const table = (messages: Shown[]) => ({
  heads: ['AT', 'TO', 'FROM', 'MESSAGE'],
  rows: messages.map(({ at, to, from, body }) => [at, to, from, body]),
})
