/** `gatehouse audit`: who changed what and from where, as the node answers it. Walking the chains is `audit-verify.ts`. */
import { command, runCommand, wholeNumber } from './flags.ts'
import { chooseSystem, nodeFlag, openNode } from './target.ts'

type Row = {
  at: string
  system: string
  kind: string
  action: string
  subject: string
  who: string
  address: string
  details: Record<string, unknown>
}

const auditCommand = command({
  name: 'audit',
  summary: 'who changed what and from where, newest first',
  places: [],
  flags: {
    system: { value: 'KEY', prose: 'key or name of a system; without it, of all that you may see' },
    kind: { value: 'KIND', prose: 'settings, auth-service, service, rights, user, secret, import, developer, …' },
    who: { value: 'E-MAIL', prose: 'what this developer or user did' },
    since: { value: 'TIME', prose: 'from then on, as 2026-11-25 or 2026-11-25T08:00:00Z' },
    until: { value: 'TIME', prose: 'before then' },
    limit: { value: 'NUMBER', prose: 'how many; 100 without it' },
    ...nodeFlag,
  },
  notes: `Rows are there for 90 days, or as long as --audit-days of the node says. No command changes or removes one.
"gatehouse audit verify", on the machine of the node, walks the chains of hashes and says the first row that does not
fit; it takes the options of "gatehouse start".`,
  examples: ['gatehouse audit --system plant', 'gatehouse audit --kind secret --json', 'gatehouse audit verify'],
  async run(given, output) {
    const api = await openNode(given)
    const named = given.text('system')
    const system = named === undefined ? undefined : (await chooseSystem(api, named, output)).key
    const most = given.text('limit') === undefined ? 100 : wholeNumber('limit', given.text('limit')!)
    const texts = { system, ...pick(given, ['kind', 'who', 'since', 'until']) }
    const asked = Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== undefined)) as Record<
      string,
      string
    >
    const rows: Row[] = []
    let cursor: string | null = null
    do {
      const limit = String(Math.min(500, most - rows.length))
      const query: Record<string, string> = { ...asked, limit, ...(cursor !== null && { cursor }) }
      const page: { rows: Row[]; next: string | null } = await api.call('GET', '/admin/audit', { query })
      rows.push(...page.rows)
      cursor = page.next
    } while (cursor !== null && rows.length < most)
    output.result(
      rows,
      rows.length === 0
        ? undefined
        : {
            heads: ['AT', 'WHO', 'FROM', 'WHAT', 'SUBJECT', 'SYSTEM'],
            rows: rows.map((row) => [
              row.at,
              row.who,
              row.address,
              `${row.kind}: ${row.action}`,
              row.subject,
              row.system,
            ]),
          },
    )
    if (rows.length === 0) output.say('There is no such row.')
    return 0
  },
})

const pick = <Name extends string>(given: { text(name: Name): string | undefined }, names: readonly Name[]) =>
  Object.fromEntries(names.map((name) => [name, given.text(name)]))

export const audit = async (args: string[]): Promise<number> =>
  args[0] === 'verify' ? (await import('./audit-verify.ts')).verify(args.slice(1)) : runCommand(auditCommand, args)
