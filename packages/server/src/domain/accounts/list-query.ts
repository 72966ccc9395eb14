/**
 * The query language on lists that are short and held in memory: roles, open sessions. Rows of tables are the database's
 * business. The answers are those of a typed table: names are columns, a value of another type is an error, RE is linear.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { Condition, Query } from '@gatehouse/contract/query.ts'
import { comparePattern } from '../../store/dialect/pattern.ts'

type Value = string | number

/** What a list may be asked by. Keys are lower case; queries may write them in any (`name`, `Name`, `ID`). */
export type ListColumns<T> = Readonly<Record<string, (item: T) => Value>>

/** The items that a query finds, in its order, whatever page it names. Throws badQuery. */
export function findInList<T>(items: readonly T[], columns: ListColumns<T>, query: Query): T[] {
  if (query.groupBy.length > 0) throw new GatehouseError('badQuery', 'This list cannot be grouped.')
  const groups = query.any.map((group) => group.map((condition) => test(columns, condition)))
  const found = items.filter(
    (item) => groups.length === 0 || groups.some((group) => group.every((holds) => holds(item))),
  )
  const orders = query.sort.map(({ column, direction }) => ({
    read: columnNamed(columns, column),
    sign: direction === 'asc' ? 1 : -1,
  }))
  return found.sort((left, right) => {
    for (const { read, sign } of orders) {
      const order = compare(read(left), read(right))
      if (order !== 0) return order * sign
    }
    return 0
  })
}

/** The page of a found list that the query names. */
export function pageOf<T>(found: T[], query: Query): T[] {
  if (query.pageSize === 'all') return found
  const start = query.pageSize * (query.pageNumber - 1)
  return found.slice(start, start + query.pageSize)
}

const compare = (left: Value, right: Value): number => (left < right ? -1 : left > right ? 1 : 0)

function columnNamed<T>(columns: ListColumns<T>, name: string): (item: T) => Value {
  const key = name.toLowerCase()
  const read = Object.hasOwn(columns, key) ? columns[key] : undefined
  if (read !== undefined) return read
  throw new GatehouseError('badQuery', `There is no column ${JSON.stringify(name.slice(0, 80))} to search by.`, {
    hint: `Columns are ${Object.keys(columns).join(', ')}.`,
  })
}

function test<T>(columns: ListColumns<T>, { column, operator, value }: Condition): (item: T) => boolean {
  const read = columnNamed(columns, column)
  // Nothing in these lists is without a value.
  if (value === null) return () => operator === 'NEQ'
  if (operator === 'RE') {
    const pattern = comparePattern(String(value))
    return (item) => pattern.test(textOf(column, read(item)))
  }
  const holds = comparisons[operator]
  return (item) => {
    const actual = read(item)
    if (typeof actual === 'number' && typeof value !== 'number') {
      throw new GatehouseError('badQuery', `The column "${column}" is compared with numbers.`)
    }
    return holds(compare(actual, typeof actual === 'number' ? (value as number) : String(value)))
  }
}

function textOf(column: string, value: Value): string {
  if (typeof value === 'string') return value
  throw new GatehouseError('badQuery', `RE needs a text, and the column "${column}" holds numbers.`)
}

const comparisons = {
  EQ: (order: number) => order === 0,
  NEQ: (order: number) => order !== 0,
  GT: (order: number) => order > 0,
  GTE: (order: number) => order >= 0,
  LT: (order: number) => order < 0,
  LTE: (order: number) => order <= 0,
} as const
