/**
 * Typed tables against a model in plain JavaScript: random rows and queries must give exactly what the model gives, on each
 * database, and so the same on both.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Column, Row } from '@gatehouse/contract/columns.ts'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { Condition, Operator, Query, Sort } from '@gatehouse/contract/query.ts'
import fc from 'fast-check'
import type { AnyTables, Dialect } from '../dialect/database.ts'
import { countRows, getRow, selectRows } from './read.ts'
import { createIndex, createTable } from './structure.ts'
import { deleteRows, insertRows, updateRows } from './write.ts'

type Place = { db: AnyTables; dialect: Dialect; table: string }

type Value = string | number | boolean | null

const columns: Column[] = [
  { name: 'item_id', type: 'uuid' },
  { name: 's', type: 'string' },
  { name: 'i', type: 'int' },
  { name: 'l', type: 'bigint' },
  { name: 'd', type: 'double' },
  { name: 'b', type: 'bool' },
  { name: 't', type: 'timestamp' },
  { name: 'u', type: 'uuid' },
]

/** Patterns with what JavaScript calls the same. */
const patterns: [string, RegExp][] = [
  ['^a', /^a/],
  ['b$', /b$/],
  ['a.b', /a[^\n]b/],
  ['[^a]', /[^a]/],
  ['^\\w+$', /^\w+$/],
  ['\\bA', /\bA/],
  ['(?i)é|B', /[éÉbB]/],
  ['^$', /^$/],
  ['.{3,}', /[^\n]{3,}/u],
]

const text = fc.oneof(
  fc.constantFrom('', 'a', 'A', 'b', 'ab', 'a b', 'é', 'z', '\n', 'Z', '_', '😀', '\uffee', "'", '%'),
  fc.string({ unit: fc.constantFrom('a', 'b', 'A', ' ', 'é', '\n', '😀', '\uffee'), maxLength: 4 }),
)

const values: Record<string, fc.Arbitrary<Value>> = {
  s: text,
  i: fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
  l: fc.oneof(fc.integer({ min: -3, max: 3 }), fc.maxSafeInteger()),
  d: fc.oneof(
    fc.constantFrom(0, 0.1, -0.1, 0.1 + 0.2, 1e300, -1e-300, 5e-324, 3),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  ),
  b: fc.boolean(),
  t: fc
    .date({ min: new Date('0001-01-02T00:00:00Z'), max: new Date('9999-12-30T00:00:00Z'), noInvalidDate: true })
    .map((date) => date.toISOString()),
  u: fc.uuid(),
}

const filterable = Object.keys(values)

const row = fc.record(
  Object.fromEntries(filterable.map((name) => [name, fc.option(values[name] ?? fc.constant(null), { freq: 4 })])),
)

type Draw = { rows: Row[]; any: Condition[][]; sort: Sort[]; size: number; page: number; changes: Row }

const draw: fc.Arbitrary<Draw> = fc.array(row, { maxLength: 25 }).chain((rows) => {
  // Half of the compared values come from the rows, so that conditions do find some.
  const condition = fc.constantFrom(...filterable).chain((column): fc.Arbitrary<Condition> => {
    const present = rows.map((one) => one[column] as Value).filter((value) => value !== null)
    const any = values[column] ?? fc.constant(null)
    const value = present.length > 0 ? fc.oneof(any, fc.constantFrom(...present)) : any
    const compare = fc.record({
      column: fc.constant(column),
      operator: fc.constantFrom<Operator>('EQ', 'NEQ', 'GT', 'GTE', 'LT', 'LTE'),
      value,
    })
    const unset = fc.record({
      column: fc.constant(column),
      operator: fc.constantFrom<Operator>('EQ', 'NEQ'),
      value: fc.constant(null),
    })
    const match = fc
      .constantFrom(...patterns)
      .map(([pattern]): Condition => ({ column: 's', operator: 'RE', value: pattern }))
    return fc.oneof({ weight: 6, arbitrary: compare }, { weight: 1, arbitrary: unset }, { weight: 1, arbitrary: match })
  })
  return fc.record({
    rows: fc.constant(rows),
    any: fc.array(fc.array(condition, { minLength: 1, maxLength: 3 }), { maxLength: 3 }),
    sort: fc.array(
      fc.record({ column: fc.constantFrom(...filterable), direction: fc.constantFrom<'asc' | 'desc'>('asc', 'desc') }),
      { maxLength: 3 },
    ),
    size: fc.integer({ min: 1, max: 10 }),
    page: fc.integer({ min: 1, max: 3 }),
    changes: row,
  })
})

export function typedTableModelSuite(place: () => Place): void {
  for (const indexed of [false, true]) {
    test(`random rows and queries give what a plain model gives${indexed ? ', with indexes too' : ''}`, async () => {
      const { db, dialect, table: name } = place()
      const table = await createTable(db, dialect, { table: name, key: 'item_id', columns })
      if (indexed) for (const column of filterable) await createIndex(db, dialect, table, column, false)
      await fc.assert(
        fc.asyncProperty(draw, async ({ rows, any, sort, size, page, changes }) => {
          await deleteRows(db, dialect, table, { ...whole, any: [] })
          const keys = await insertRows(db, dialect, table, rows)
          const model = rows.map((one, index): Row => ({ item_id: keys[index], ...one }))
          const query: Query = { ...whole, any, sort, pageSize: size, pageNumber: page }
          const expected = ordered(
            model.filter((one) => holds(one, any)),
            sort,
          )

          const everyRow = await selectRows(db, dialect, table, { ...query, pageSize: 'all' })
          assert.deepEqual(everyRow.rows, expected)
          const one = await selectRows(db, dialect, table, query)
          assert.deepEqual(one.rows, expected.slice(size * (page - 1), size * page))
          assert.equal(one.more, expected.length > size * page)
          assert.equal(await countRows(db, dialect, table, query), expected.length)

          const matching = expected.map((found) => found.item_id).sort()
          const changed = await updateRows(db, dialect, table, query, changes)
          assert.deepEqual(changed.sort(), matching)
          const after = model.map((before) => (matching.includes(before.item_id) ? { ...before, ...changes } : before))
          assert.deepEqual((await selectRows(db, dialect, table, whole)).rows, ordered(after, []))

          const gone = after.filter((found) => holds(found, any)).map((found) => found.item_id)
          const deleted = await deleteRows(db, dialect, table, query)
          assert.deepEqual(deleted.sort(), gone.sort())
        }),
        { numRuns: 120 },
      )
    })
  }

  test('whatever comes, a value is kept as it was or refused, and no query is the fault of the database', async () => {
    const { db, dialect, table: name } = place()
    const wide: Column[] = [
      ...columns,
      { name: 'x', type: 'blob' },
      { name: 'f', type: 'float' },
      { name: 'j', type: 'jsonb' },
    ]
    const table = await createTable(db, dialect, { table: name, key: 'item_id', columns: wide })
    await createIndex(db, dialect, table, 'i', true)
    await fc.assert(
      fc.asyncProperty(
        anyRow,
        fc.array(fc.array(anyCondition, { minLength: 1, maxLength: 2 }), { maxLength: 2 }),
        async (row, any) => {
          const keys = await orRefused(insertRows(db, dialect, table, [row]))
          if (keys !== undefined) {
            const read = await getRow(db, dialect, table, keys[0])
            for (const column of wide) {
              const given = row[column.name]
              const kept = read?.[column.name]
              if (given === undefined || given === null) assert.ok(column.name === 'item_id' || kept === null)
              else if (column.type === 'jsonb') assert.deepEqual(kept, jsonOf(given))
              else if (column.type === 'string' || column.type === 'blob') assert.equal(kept, String(given))
              else if (typeof given === 'number') assert.equal(kept, given + 0)
              else assert.equal(String(kept).toLowerCase().slice(0, 4), String(given).toLowerCase().slice(0, 4))
            }
          }
          const query: Query = { ...whole, any }
          const before = await countRows(db, dialect, table, whole)
          const found = await orRefused(selectRows(db, dialect, table, query))
          assert.equal(await orRefused(countRows(db, dialect, table, query)), found?.rows.length)
          const deleted = await orRefused(deleteRows(db, dialect, table, query))
          assert.equal(await countRows(db, dialect, table, whole), before - (deleted?.length ?? 0))
          assert.equal(deleted?.length, found?.rows.length)
        },
      ),
      { numRuns: 300 },
    )
  })
}

/** What a jsonb column keeps of a value: a text that is a JSON object or array counts as that. */
function jsonOf(given: unknown): unknown {
  if (typeof given !== 'string') return JSON.parse(JSON.stringify(given))
  try {
    const parsed: unknown = JSON.parse(given)
    return typeof parsed === 'object' && parsed !== null ? parsed : given
  } catch {
    return given
  }
}

/** undefined for a clear refusal; every other failure is a failure of the test. */
async function orRefused<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    assert.ok(error instanceof GatehouseError, `threw ${error instanceof Error ? error.stack : error}`)
    assert.ok(error.status < 500)
    return undefined
  }
}

const anyName = fc.constantFrom(...columns.map((column) => column.name), 'x', 'f', 'j', 'nope', 'I', '__proto__')

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '\0',
    '\ud800',
    "'",
    '"',
    '2026-01-31',
    '5',
    'true',
    '(',
    '[',
    '\\',
    'a{9}{9}',
    '$',
    '?',
    '{}',
    '[1',
    '1e400',
  ),
)

const anyValue: fc.Arbitrary<unknown> = fc.oneof(
  anyText,
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.jsonValue(),
  ...Object.values(values),
)

const anyRow: fc.Arbitrary<Row> = fc.dictionary(anyName, anyValue, { maxKeys: 4 })

const anyCondition = fc.record({
  column: fc.oneof(
    anyName,
    fc.tuple(fc.constantFrom('j->>', 'j->a->>', 's->>', 'j->'), anyText).map((parts) => parts.join('')),
  ),
  operator: fc.constantFrom<Operator>('EQ', 'NEQ', 'GT', 'GTE', 'LT', 'LTE', 'RE'),
  value: fc.oneof(anyText, fc.double(), fc.integer(), fc.boolean(), ...Object.values(values)),
})

const whole: Query = { any: [], sort: [], pageSize: 'all', pageNumber: 1, columns: undefined, groupBy: [] }

const holds = (row: Row, any: Condition[][]): boolean =>
  any.length === 0 || any.some((group) => group.every((condition) => meets(row[condition.column] as Value, condition)))

function meets(value: Value, condition: Condition): boolean {
  if (condition.value === null) return (value === null) === (condition.operator === 'EQ')
  if (value === null) return false
  if (condition.operator === 'RE') {
    return patterns.some(([pattern, expression]) => pattern === condition.value && expression.test(String(value)))
  }
  const order = compare(value, condition.value)
  const passes = { EQ: order === 0, NEQ: order !== 0, GT: order > 0, GTE: order >= 0, LT: order < 0, LTE: order <= 0 }
  return passes[condition.operator]
}

function compare(left: Value, right: Value): number {
  if (left === null || right === null) return Number(left !== null) - Number(right !== null)
  if (typeof left === 'string') return Buffer.compare(Buffer.from(left), Buffer.from(String(right)))
  return Number(left) - Number(right) > 0 ? 1 : Number(left) === Number(right) ? 0 : -1
}

function ordered(rows: Row[], sort: Sort[]): Row[] {
  return [...rows].sort((left, right) => {
    for (const { column, direction } of sort) {
      const order = compare(left[column] as Value, right[column] as Value)
      if (order !== 0) return direction === 'asc' ? order : -order
    }
    return compare(left.item_id as string, right.item_id as string)
  })
}
