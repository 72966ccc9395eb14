/**
 * Where LIMIT is a parameter SQLite looks at what is bound to it when it plans, and plans anew whenever something is bound
 * again, which is each time. So the number stands in the text; there are few of them.
 */
import { type LimitNode, SqliteQueryCompiler, ValueNode } from 'kysely'

export class PlannedOnceCompiler extends SqliteQueryCompiler {
  protected override visitLimit(node: LimitNode): void {
    const rows = ValueNode.is(node.limit) ? node.limit.value : undefined
    if (Number.isSafeInteger(rows)) this.append(`limit ${rows}`)
    else super.visitLimit(node)
  }
}
