/** `gatehouse audit verify`: walks the chains of the audit in the node's own database. */
import { openNode } from '@gatehouse/server/app.ts'
import { createLog } from '@gatehouse/server/base/log.ts'
import { verifyAudit } from '@gatehouse/server/store/tables/audit.ts'
import { createOutput } from './output.ts'
import { ownNodeConfig, takeSwitches } from './own-node.ts'

const verifyHelp = `gatehouse audit verify [--json]
  walks the chain of each node that wrote to this database; exits 1 where a row does not fit

Takes --data, --database-url and --key-file as "gatehouse start" does, and works beside a running node.
Write the hash of the last row down elsewhere, and a later walk can be held against it.

Example: gatehouse audit verify --data /var/lib/gatehouse`

export async function verify(args: string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(verifyHelp)
    return 0
  }
  const { on, rest } = takeSwitches(args, ['json'])
  const output = createOutput(on.json)
  const { store, chain } = await openNode(ownNodeConfig(rest), createLog({ format: 'silent', level: 'silent' }))
  try {
    const found = (await verifyAudit(store, chain)).map(({ node, rows, head, problem }) => ({
      node,
      rows,
      removed: head?.removed ?? 0,
      last: head?.position ?? 0,
      hash: head?.hash ?? '',
      problem: problem ?? null,
    }))
    const lines = found.map(({ node, rows, removed, last, hash, problem }) =>
      problem === null
        ? `ok    node ${node}: ${rows} rows${removed === 0 ? '' : `, ${removed} older ones removed`}, up to row ${last}, ${hash}`
        : `FAIL  node ${node}: ${problem}`,
    )
    output.result(found, { text: lines.length === 0 ? 'The audit has no row yet.' : lines.join('\n') })
    return found.every(({ problem }) => problem === null) ? 0 : 1
  } finally {
    await store.close()
  }
}
