import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { GatehouseError } from './errors.ts'
import { everything, isUnfiltered, operators, parseQuery, parseQueryText, queryLimits } from './query.ts'

const refused = (words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof GatehouseError)
  assert.equal(error.kind, 'badQuery')
  assert.equal(error.status, 400)
  assert.match(`${error.detail} ${error.hint ?? ''}`, words)
  return true
}

const eq = (column: string, value: unknown) => ({ column, operator: 'EQ', value })

describe('the query language', () => {
  test('nothing, in every form that clients send it, is every row in pages of 100', () => {
    const empties: unknown[] = [
      undefined,
      null,
      {},
      [],
      [[]],
      '',
      ' ',
      'undefined',
      'null',
      '{}',
      '[]',
      '[[]]',
      '{"FILTERS":[]}',
      { FILTERS: null },
      { FILTERS: [[]], PAGENUM: 0, PAGESIZE: 0, SELECTCOLUMNS: null, SORT: [] },
      { Queries: [[]], Order: null, Columns: [], Distinct: '', RawQuery: '', GroupBy: [], PrimaryKey: ['item_id'] },
    ]
    for (const empty of empties) {
      const query = parseQuery(empty)
      assert.deepEqual(query, everything, JSON.stringify(empty))
      assert.ok(isUnfiltered(query))
    }
  })

  test('reads each operator', () => {
    for (const operator of operators) {
      const query = parseQuery({ FILTERS: [[{ [operator]: [{ name: '^A' }] }]] })
      assert.deepEqual(query.any, [[{ column: 'name', operator, value: '^A' }]])
      assert.ok(!isUnfiltered(query))
    }
  })

  test('pairs under one operator, operators in one condition and conditions in one group all hold together', () => {
    const merged = parseQuery([[{ EQ: [{ a: 1 }, { b: 2 }] }, { GT: [{ c: 3 }] }]])
    const single = parseQuery([[{ EQ: [{ a: 1 }] }, { EQ: [{ b: 2 }] }, { GT: [{ c: 3 }] }]])
    assert.deepEqual(merged, single)
    assert.deepEqual(parseQuery([[{ EQ: [{ a: 1, b: 2 }], GT: { c: 3 } }]]), single)
    assert.equal(single.any[0]?.length, 3)
  })

  test('groups are alternatives', () => {
    assert.deepEqual(parseQuery([[{ EQ: [{ a: 1 }] }], [{ EQ: [{ b: null }] }]]).any, [[eq('a', 1)], [eq('b', null)]])
  })

  test('reads sort, page, columns and groups', () => {
    const query = parseQueryText(
      '{"SORT":[{"DESC":"age"},{"ASC":"name"}],"PAGESIZE":10,"PAGENUM":2,"SELECTCOLUMNS":["name","age"],"GROUPBY":["a"]}',
    )
    assert.deepEqual(query, {
      any: [],
      sort: [
        { column: 'age', direction: 'desc' },
        { column: 'name', direction: 'asc' },
      ],
      pageSize: 10,
      pageNumber: 2,
      columns: ['name', 'age'],
      groupBy: ['a'],
    })
    assert.equal(parseQuery({ PAGESIZE: '25', PAGENUM: '' }).pageSize, 25)
    assert.equal(parseQuery({ ALL: true, PAGESIZE: 5, PAGENUM: 3 }).pageSize, 'all')
    assert.equal(parseQuery({ ALL: false, PAGESIZE: 5 }).pageSize, 5)
  })

  test('reads the state object of newer services as the same query', () => {
    const state = parseQuery({
      PrimaryKey: [],
      Order: [
        { SortOrder: false, OrderKey: 'age' },
        { SortOrder: 'ASC', OrderKey: 'name' },
      ],
      PageSize: 10,
      PageNumber: 2,
      Queries: [[{ Operator: 'EQ', Field: 'a', Value: 1 }], [{ Operator: 'RE', Field: 'b', Value: '^x' }]],
      Columns: ['name'],
      Distinct: '',
      GroupBy: null,
      RawQuery: '',
    })
    const wire = parseQuery({
      FILTERS: [[{ EQ: [{ a: 1 }] }], [{ RE: [{ b: '^x' }] }]],
      SORT: [{ DESC: 'age' }, { ASC: 'name' }],
      PAGESIZE: 10,
      PAGENUM: 2,
      SELECTCOLUMNS: ['name'],
    })
    assert.deepEqual(state, wire)
  })

  test('an empty group beside others is refused, since it would undo them', () => {
    assert.throws(() => parseQuery([[], [{ EQ: [{ a: 1 }] }]]), refused(/FILTERS\[0\] is empty/))
    assert.throws(() => parseQuery([[{ EQ: [{ a: 1 }] }], []]), refused(/FILTERS\[1\] is empty/))
    assert.throws(() => parseQuery([[], []]), refused(/FILTERS\[0\] is empty/))
  })

  test('a condition that lost its value is an error and never no filter', () => {
    for (const condition of [{ EQ: [{}] }, { EQ: [] }, { EQ: null }, {}, { EQ: [{ a: undefined }] }, { EQ: {} }]) {
      assert.throws(() => parseQuery([[condition]]), refused(/FILTERS\[0\]\[0\]/), JSON.stringify(condition))
    }
    assert.throws(
      () => parseQuery({ Queries: [[{ Operator: 'EQ', Field: 'a' }]] }),
      refused(/Queries\[0\]\[0\].*no value/),
    )
  })

  test('says which operator it does not know, also the one the Go SDK makes up', () => {
    assert.throws(() => parseQuery([[{ IN: [{ a: [1] }] }]]), refused(/unknown operator "IN".*EQ, NEQ, GT/))
    assert.throws(() => parseQuery([[{ eq: [{ a: 1 }] }]]), refused(/unknown operator "eq"/))
    assert.throws(
      () => parseQuery({ FILTERS: [[{ WHAT_THE_HELL_ARE_YOU_DOING: [{ name: ['a', 'b'] }] }]] }),
      refused(/operator that the Go SDK does not know.*one OR group for each/),
    )
    assert.throws(() => parseQuery({ Queries: [[{ Operator: 5, Field: 'a', Value: 1 }]] }), refused(/unknown operator/))
  })

  test('names the place of whatever it cannot read', () => {
    const wrong: [unknown, RegExp][] = [
      ['{', /not valid JSON/],
      ['"[]"', /not a string/],
      [5, /not a number/],
      [true, /not a boolean/],
      [{ FILTER: [] }, /unknown key "FILTER".*FILTERS/],
      [{ filters: [] }, /unknown key "filters"/],
      [{ FILTERS: {} }, /FILTERS must be an array, not an object/],
      [{ FILTERS: 'a' }, /FILTERS must be an array, not a string/],
      [[{ EQ: [{ a: 1 }] }], /FILTERS\[0\] must be an array of conditions/],
      [[[[{ EQ: [{ a: 1 }] }]]], /FILTERS\[0\]\[0\] must be an object/],
      [[[{ EQ: 'a' }]], /FILTERS\[0\]\[0\]\.EQ must be an array/],
      [[[{ EQ: [['a', 1]] }]], /FILTERS\[0\]\[0\]\.EQ\[0\] must be an object/],
      [[[{ EQ: [{ a: [1] }] }]], /EQ on "a"\) needs a string, a number, a boolean or null/],
      [[[{ EQ: [{ a: { $ne: 1 } }] }]], /not an object/],
      [[[{ GT: [{ a: null }] }]], /only EQ and NEQ can/],
      [[[{ RE: [{ a: 5 }] }]], /needs a pattern as a string/],
      [[[{ EQ: [{ '': 1 }] }]], /needs the name of a column/],
      [{ SORT: [{ UP: 'a' }] }, /SORT\[0\] must be/],
      [{ SORT: [{ ASC: 'a', DESC: 'b' }] }, /SORT\[0\] must be/],
      [{ SORT: [{ ASC: 5 }] }, /SORT\[0\]\.ASC needs the name/],
      [{ SORT: ['a'] }, /SORT\[0\] must be/],
      [{ PAGESIZE: -1 }, /PAGESIZE must be a whole number/],
      [{ PAGESIZE: 1.5 }, /PAGESIZE/],
      [{ PAGENUM: 'one' }, /PAGENUM/],
      [{ PAGESIZE: 2 ** 31 }, /PAGESIZE/],
      [{ PAGESIZE: 2 ** 31 - 1, PAGENUM: 2 ** 31 - 1 }, /PAGENUM is too large/],
      [{ SELECTCOLUMNS: 'a' }, /SELECTCOLUMNS must be an array/],
      [{ SELECTCOLUMNS: [null] }, /SELECTCOLUMNS\[0\]/],
      [{ GROUPBY: [{}] }, /GROUPBY\[0\]/],
      [{ ALL: 'yes' }, /ALL must be true or false/],
      [{ Queries: [], FILTERS: [] }, /unknown key "FILTERS"/],
      [{ RawQuery: '{"a":1}' }, /RawQuery is not offered/],
      [{ Distinct: 'a' }, /Distinct is not offered/],
      [{ Order: [{ OrderKey: 'a' }] }, /Order\[0\]\.SortOrder/],
      [{ Queries: [[{ Operator: 'EQ', Field: 'a', Value: 1, Extra: 1 }]] }, /unknown key "Extra"/],
    ]
    for (const [input, words] of wrong) assert.throws(() => parseQuery(input), refused(words), JSON.stringify(input))
  })

  test('has an end to everything', () => {
    const many = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item)
    const condition = { EQ: [{ a: 1 }] }
    const wrong: unknown[] = [
      many(queryLimits.groups + 1, [condition]),
      [many(queryLimits.conditions + 1, condition)],
      [[{ EQ: many(queryLimits.conditions + 1, { a: 1 }) }]],
      [[{ EQ: many(queryLimits.conditions, { a: 1 }) }, condition]],
      { SORT: many(queryLimits.sorts + 1, { ASC: 'a' }) },
      { SELECTCOLUMNS: many(queryLimits.columns + 1, 'a') },
      { GROUPBY: many(queryLimits.columns + 1, 'a') },
      [[{ EQ: [{ ['a'.repeat(queryLimits.name + 1)]: 1 }] }]],
      [[{ EQ: [{ a: 'a'.repeat(queryLimits.value + 1) }] }]],
      ' '.repeat(queryLimits.text + 1),
    ]
    for (const input of wrong) assert.throws(() => parseQuery(input), refused(/is the most/))
    assert.equal(parseQuery(many(queryLimits.groups, [condition])).any.length, queryLimits.groups)
    assert.throws(() => parseQueryText('['.repeat(400_000) + ']'.repeat(400_000)), refused(/FILTERS|JSON/))
  })

  test('an error stays short, whatever was sent', () => {
    const long = 'x'.repeat(250)
    for (const input of [{ [long]: 1 }, [[{ [long]: [] }]], [[{ GT: [{ [long]: null }] }]]]) {
      assert.throws(
        () => parseQuery(input),
        (error: GatehouseError) => error.detail.length < 250,
      )
    }
  })

  test('whatever is sent, it gives a query or a clear refusal, and every group has a condition', () => {
    const check = (parse: () => ReturnType<typeof parseQuery>): void => {
      try {
        const query = parse()
        assert.ok(query.any.every((group) => group.length > 0))
        assert.ok(query.pageNumber >= 1 && (query.pageSize === 'all' || query.pageSize >= 1))
      } catch (error) {
        assert.ok(error instanceof GatehouseError, `threw ${error}`)
        assert.equal(error.kind, 'badQuery')
      }
    }
    const key = fc.constantFrom(
      'FILTERS',
      'SORT',
      'PAGESIZE',
      'PAGENUM',
      'SELECTCOLUMNS',
      'GROUPBY',
      'ALL',
      'Queries',
      'Order',
    )
    const condition = fc.dictionary(
      fc.constantFrom(...operators, 'IN', '__proto__'),
      fc.oneof(fc.array(fc.dictionary(fc.string(), fc.anything(), { maxKeys: 2 }), { maxLength: 3 }), fc.anything()),
      { maxKeys: 2 },
    )
    const near = fc.oneof(fc.array(fc.array(condition, { maxLength: 3 }), { maxLength: 3 }), fc.anything())
    fc.assert(fc.property(fc.anything(), (input) => check(() => parseQuery(input))))
    fc.assert(fc.property(fc.dictionary(key, near), (input) => check(() => parseQuery(input))))
    fc.assert(fc.property(near, (input) => check(() => parseQuery(input))))
    fc.assert(fc.property(fc.string(), (text) => check(() => parseQueryText(text))))
    fc.assert(
      fc.property(fc.dictionary(key, fc.jsonValue()), (input) => check(() => parseQueryText(JSON.stringify(input)))),
    )
  })

  test('a query that says something is never read as every row', () => {
    const value = fc.oneof(fc.string(), fc.integer(), fc.boolean())
    const pair = fc.dictionary(fc.string({ minLength: 1 }), value, { minKeys: 1, maxKeys: 2 })
    const condition = fc.dictionary(fc.constantFrom('EQ', 'NEQ', 'GT'), fc.array(pair, { minLength: 1 }), {
      minKeys: 1,
      maxKeys: 2,
    })
    fc.assert(
      fc.property(
        fc.array(fc.array(condition, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
        (filters) => {
          assert.ok(!isUnfiltered(parseQuery(filters)))
          assert.deepEqual(parseQuery({ FILTERS: filters }).any, parseQuery(filters).any)
          assert.deepEqual(parseQueryText(JSON.stringify(filters)), parseQuery(filters))
        },
      ),
    )
  })
})
