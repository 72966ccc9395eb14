/** `gatehouse edge review`: who signed in at an edge while its link was cut, and what would have been decided otherwise. */
import { command } from './flags.ts'
import { chooseSystem, openNode, systemFlags } from './target.ts'

type Finding = { what: string; words: string; since: number | null }
type Row = {
  at: number
  user_id: string
  email: string
  decision: string
  factors: string
  address: string
  otherwise: Finding[]
  not_known: Finding[]
}
type Review = {
  from: number | null
  until: number
  sign_ins: number
  otherwise: number
  not_known: number
  rows: Row[]
  left_out: number
}

const timeOf = (ms: number | null): string => (ms === null ? 'not known' : new Date(ms).toISOString())

export const review = command({
  name: 'edge review',
  summary: 'who signed in at an edge while its link was cut, and what the platform would have decided otherwise',
  places: ['NAME'],
  flags: systemFlags,
  notes: `What the edge did is its own word. What the platform knew at that time is from its log: what cannot be told from it is
shown as not known. The command ends with 2 where something would have been decided otherwise.`,
  examples: ['gatehouse edge review hall-3 --system plant'],
  async run(given, output) {
    const api = await openNode(given)
    const { key } = await chooseSystem(api, given.text('system'), output)
    const path = `/admin/v/4/system/${key}/edges/${encodeURIComponent(given.places[0]!)}/reviews`
    const found = await api.call<Review[]>('GET', path)
    const parts = found.map((one) => ({
      head: `${timeOf(one.from)} to ${timeOf(one.until)}: ${one.sign_ins} sign-ins, ${one.otherwise} otherwise, ${one.not_known} not known`,
      view: {
        heads: ['AT', 'USER', 'WAS', 'BY', 'FROM', 'WOULD BE OTHERWISE', 'NOT KNOWN'],
        rows: one.rows.map((row) => [
          ...[timeOf(row.at), row.email || row.user_id, row.decision, row.factors, row.address],
          ...[wordsOf(row.otherwise), wordsOf(row.not_known)],
        ]),
      },
    }))
    if (parts.length === 0) output.say('Nobody signed in there while its link was cut.')
    const left = found.reduce((sum, one) => sum + one.left_out, 0)
    if (left > 0) output.warn(`${left} more are left out.`)
    output.result(found, parts.length === 0 ? undefined : { parts })
    return found.some((one) => one.otherwise > 0) ? 2 : 0
  },
})

const wordsOf = (found: readonly Finding[]): string =>
  found.map(({ words, since }) => (since === null ? words : `${words} Since ${timeOf(since)}.`)).join(' ')
