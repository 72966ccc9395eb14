/** Keys that stand in code as typed: the offer after a push, and the command that moves them into the system's secrets. */
import { type Api, RefusedError, segment } from './api.ts'
import { type Command, command } from './flags.ts'
import type { Output } from './output.ts'
import type { CodeKind } from './push.ts'
import { chooseSystem, openNode, systemFlags } from './target.ts'

type TypedSecret = { constant: string; line: number; secret: string; hosts: string[] }

const pathOf = (kind: CodeKind, key: string, name: string): string =>
  `/admin/v/4/system/${key}/code/${kind}/${segment(name)}/typed-secrets`

/** Says what looks like a key and how to move it. A node that does not know the question has nothing to offer. */
export async function offerMove(api: Api, kind: CodeKind, key: string, name: string, output: Output): Promise<void> {
  let found: TypedSecret[]
  try {
    found = await api.call<TypedSecret[]>('GET', pathOf(kind, key, name))
  } catch (error) {
    if (error instanceof RefusedError) return
    throw error
  }
  for (const { constant, line } of found)
    output.warn(`${constant} in line ${line} looks like a key, and stands in the code.`)
  if (found.length > 0) output.say(`To move it into the system's secrets: gatehouse ${kind} secrets ${name} --move`)
}

export const secretsCommand = (kind: CodeKind): Command =>
  command({
    name: `${kind} secrets`,
    summary: `keys that stand in a ${kind} as typed, and moving them into the system's secrets`,
    places: ['NAME'],
    flags: {
      ...systemFlags,
      move: { prose: 'make secrets of them, and a version of the code that says secret:NAME in their place' },
      constant: { value: 'NAME', prose: 'move this constant, whatever it looks like', many: true },
      host: {
        value: 'HOST',
        prose: 'a host that requests may send them to, in place of what the code shows',
        many: true,
      },
    },
    notes: `A secret is known to the node alone: it goes to its hosts and to the message channel. Older versions keep what was
typed, so let the provider make another key.`,
    examples: [
      `gatehouse ${kind} secrets Constants`,
      `gatehouse ${kind} secrets Constants --move --constant SMTP_PASSWORD`,
    ],
    async run(given, output) {
      const name = given.places[0]!
      const api = await openNode(given)
      const { key } = await chooseSystem(api, given.text('system'), output)
      const path = pathOf(kind, key, name)
      const [chosen, hosts] = [given.list('constant'), given.list('host')]
      const found = await api.call<TypedSecret[]>('GET', path)
      if (!given.on('move')) {
        output.result(found, found.length === 0 ? undefined : viewOf(found))
        if (found.length === 0) output.say(`Nothing in ${name} looks like a key.`)
        return 0
      }
      const wanted = chosen.length > 0 ? chosen : found.map((one) => one.constant)
      const move = wanted.map((constant) => ({ constant, ...(hosts.length > 0 && { hosts }) }))
      const { version, moved } = await api.call<{ version: number; moved: TypedSecret[] }>('POST', path, {
        body: { move },
      })
      output.say(`Version ${version} of ${name} names ${moved.map((one) => `secret:${one.secret}`).join(', ')}.`)
      output.say('Older versions keep what was typed: let the provider make another key, and write it to the secret.')
      output.result({ name, version, moved }, viewOf(moved))
      return 0
    },
  })

const viewOf = (list: TypedSecret[]) => ({
  heads: ['CONSTANT', 'LINE', 'SECRET', 'HOSTS'],
  rows: list.map((one) => [one.constant, String(one.line), one.secret, one.hosts.join(', ')]),
})
