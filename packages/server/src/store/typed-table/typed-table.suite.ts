/** What a typed table promises, on whichever database: run by `typed-table.test.ts` and `typed-table.postgres.test.ts`. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import type { Column, Row } from '@gatehouse/contract/columns.ts'
import { type ErrorName, GatehouseError } from '@gatehouse/contract/errors.ts'
import { everything, parseQuery, type Query } from '@gatehouse/contract/query.ts'
import { sql } from 'kysely'
import type { AnyTables, Database, Dialect } from '../dialect/database.ts'
import { mapDatabaseError } from '../dialect/failure.ts'
import { typedTableModelSuite } from './model.suite.ts'
import { countRows, getRow, selectRows } from './read.ts'
import {
  addColumn,
  createIndex,
  createTable,
  dropColumn,
  dropIndex,
  dropTable,
  listIndexes,
  renameColumn,
} from './structure.ts'
import type { TypedTable } from './table.ts'
import { deleteRows, insertRows, updateRows, upsertRow } from './write.ts'

const itemId: Column = { name: 'item_id', type: 'uuid' }

const everyType: Column[] = [
  itemId,
  { name: 'text', type: 'string' },
  { name: 'id', type: 'uuid' },
  { name: 'small', type: 'int' },
  { name: 'large', type: 'bigint' },
  { name: 'single', type: 'float' },
  { name: 'precise', type: 'double' },
  { name: 'on', type: 'bool' },
  { name: 'at', type: 'timestamp' },
  { name: 'bytes', type: 'blob' },
  { name: 'data', type: 'jsonb' },
]

const filter = (...conditions: unknown[]): Query => parseQuery([conditions])
const all: Query = { ...everything, pageSize: 'all' }

const refused = (kind: ErrorName, words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof GatehouseError, `not a GatehouseError: ${error}`)
  assert.equal(error.kind, kind, error.detail)
  assert.match(`${error.detail} ${error.hint ?? ''}`, words)
  return true
}

export function typedTableSuite(name: string, open: () => Promise<Database>): void {
  describe(`typed tables on ${name}`, () => {
    let database: Database
    let db: AnyTables
    let dialect: Dialect
    let count = 0

    before(async () => {
      database = await open()
      db = database.db
      dialect = database.dialect
    })
    after(() => database.close())

    const make = (columns: Column[] = everyType): Promise<TypedTable> =>
      createTable(db, dialect, { table: `c_${count++}`, key: 'item_id', columns })

    const people = async (): Promise<TypedTable> => {
      const table = await make([
        itemId,
        { name: 'name', type: 'string' },
        { name: 'age', type: 'int' },
        { name: 'active', type: 'bool' },
      ])
      await insertRows(db, dialect, table, [
        { name: 'Al', age: 30, active: true },
        { name: 'Bo', age: 40, active: false },
        { name: 'Cy', age: 50, active: true },
        { name: 'Di' },
      ])
      return table
    }

    const namesFound = async (table: TypedTable, query: Query): Promise<unknown[]> =>
      (await selectRows(db, dialect, table, query)).rows.map((row) => row.name)

    test('every column type gives back what it was given', async () => {
      const table = await make()
      const row = {
        text: 'Zoë\'s "quoted" \\ 😀 \n line',
        id: '123e4567-e89b-12d3-a456-426614174000',
        small: -2147483648,
        large: 9007199254740991,
        single: 0.1,
        precise: 5e-324,
        on: false,
        at: '2026-01-31T10:20:30.004Z',
        bytes: 'AAECAw==',
        data: { list: [1, 'two', null, { three: true }], 'key with "': 1.5e300, empty: {} },
      }
      const [key] = await insertRows(db, dialect, table, [row])
      assert.deepEqual(await getRow(db, dialect, table, key), { item_id: key, ...row })
      const other = { precise: 1.7976931348623157e308, large: -9007199254740991, on: true, data: 'only text', text: '' }
      const [second] = await insertRows(db, dialect, table, [other])
      const read = await getRow(db, dialect, table, second)
      assert.deepEqual(read, { item_id: second, id: null, small: null, single: null, at: null, bytes: null, ...other })
      assert.equal(JSON.stringify(read?.precise), '1.7976931348623157e+308')
    })

    test('values in the forms that clients send come back in one form', async () => {
      const table = await make()
      const forms: [Row, Row][] = [
        [{ on: 'true' }, { on: true }],
        [{ on: 'false' }, { on: false }],
        [{ id: '123E4567-E89B-12D3-A456-426614174000' }, { id: '123e4567-e89b-12d3-a456-426614174000' }],
        [{ at: '2026-01-31T12:20:30+02:00' }, { at: '2026-01-31T10:20:30.000Z' }],
        [{ at: '2026-01-31 10:20:30.1239' }, { at: '2026-01-31T10:20:30.123Z' }],
        [{ at: '2026-01-31' }, { at: '2026-01-31T00:00:00.000Z' }],
        [{ at: '0001-01-01T00:00:00Z' }, { at: '0001-01-01T00:00:00.000Z' }],
        [{ at: '9999-12-31T23:59:59.999Z' }, { at: '9999-12-31T23:59:59.999Z' }],
        [{ at: '1899-12-31T23:59:59.5-0530' }, { at: '1900-01-01T05:29:59.500Z' }],
        [
          { small: -0, precise: -0 },
          { small: 0, precise: 0 },
        ],
        [{ text: 42 }, { text: '42' }],
        [{ text: true }, { text: 'true' }],
        [{ data: '{"a":[1]}' }, { data: { a: [1] } }],
        [{ data: '{not json' }, { data: '{not json' }],
        [{ data: 0 }, { data: 0 }],
        [{ data: false }, { data: false }],
        [
          { text: null, data: undefined },
          { text: null, data: null },
        ],
      ]
      for (const [given, expected] of forms) {
        const [key] = await insertRows(db, dialect, table, [given])
        const read = await getRow(db, dialect, table, key)
        for (const [column, value] of Object.entries(expected)) assert.deepEqual(read?.[column], value, column)
      }
    })

    test('refuses a value that its column cannot hold, naming column and type, and keeps nothing', async () => {
      const table = await make()
      let deep: unknown = 1
      for (let depth = 0; depth < 5_000; depth++) deep = [deep]
      const wrong: [string, unknown, RegExp][] = [
        ['small', '5', /"small" of type int needs a whole JSON number, not a string/],
        ['small', 1.5, /not the number 1.5/],
        ['small', 2147483648, /-2147483648 to 2147483647, not 2147483648/],
        ['large', 2 ** 53, /"large" of type bigint/],
        ['large', '1', /not a string/],
        ['precise', '1.5', /"precise" of type double needs a JSON number/],
        ['precise', Number.NaN, /needs a JSON number/],
        ['single', Number.POSITIVE_INFINITY, /needs a JSON number/],
        ['on', 1, /"on" of type bool needs true or false, not the number 1/],
        ['on', 'yes', /needs true or false/],
        ['text', {}, /"text" of type string needs a string, not an object/],
        ['text', ['a'], /not an array/],
        ['text', 'a\0b', /NUL/],
        ['text', 'a\ud800', /surrogate/],
        ['bytes', { a: 1 }, /"bytes" of type blob/],
        ['id', 'not-a-uuid', /"id" of type uuid/],
        ['id', '{123e4567-e89b-12d3-a456-426614174000}', /uuid/],
        ['at', 1769854830, /"at" of type timestamp needs an ISO 8601 time/],
        ['at', '2026-02-30', /does not exist/],
        ['at', '2025-02-29T00:00:00Z', /does not exist/],
        ['at', '2026-01-01T24:00:00Z', /does not exist/],
        ['at', '2026-01-01T00:00:60Z', /does not exist/],
        ['at', '0000-12-31T00:00:00Z', /years 1 to 9999/],
        ['at', '9999-12-31T23:00:00-02:00', /years 1 to 9999/],
        ['at', 'now', /ISO 8601/],
        ['at', '', /ISO 8601/],
        ['at', 'infinity', /ISO 8601/],
        ['data', { deep: ['\0'] }, /NUL/],
        ['data', { '\0': 1 }, /NUL/],
        ['data', ['\udc00'], /surrogate/],
        ['data', deep, /deeper than 100/],
        ['data', { n: Number.POSITIVE_INFINITY }, /finite/],
        ['item_id', 'mine', /"item_id" of type uuid/],
      ]
      for (const [column, value, words] of wrong) {
        await assert.rejects(insertRows(db, dialect, table, [{}, { [column]: value }]), refused('badValue', words))
        if (column !== 'item_id') {
          await assert.rejects(updateRows(db, dialect, table, all, { [column]: value }), refused('badValue', words))
        }
      }
      assert.equal(await countRows(db, dialect, table, all), 0)
    })

    test('an error about a value does not repeat it', async () => {
      const table = await make()
      const secret = 'hunter2-hunter2'
      for (const column of ['small', 'on', 'at', 'id', 'precise']) {
        await assert.rejects(insertRows(db, dialect, table, [{ [column]: secret }]), (error: GatehouseError) => {
          assert.ok(!`${error.detail}${error.hint}`.includes(secret))
          return true
        })
      }
    })

    test('every operator finds the right rows', async () => {
      const table = await people()
      const found = (condition: unknown) => namesFound(table, filter(condition))
      assert.deepEqual(await found({ EQ: [{ age: 40 }] }), ['Bo'])
      assert.deepEqual(await found({ GT: [{ age: 40 }] }), ['Cy'])
      assert.deepEqual(await found({ GTE: [{ age: 40 }] }), ['Bo', 'Cy'])
      assert.deepEqual(await found({ LT: [{ age: 40 }] }), ['Al'])
      assert.deepEqual(await found({ LTE: [{ age: 40 }] }), ['Al', 'Bo'])
      assert.deepEqual(await found({ RE: [{ name: '^[AB]' }] }), ['Al', 'Bo'])
      assert.deepEqual(await found({ EQ: [{ active: 'true' }] }), ['Al', 'Cy'])
      assert.deepEqual(await found({ GT: [{ name: 'Bo' }] }), ['Cy', 'Di'])
      assert.deepEqual(await found({ EQ: [{ age: 41 }] }), [])
    })

    test('a row without a value is found by EQ null alone', async () => {
      const table = await people()
      const found = (condition: unknown) => namesFound(table, filter(condition))
      assert.deepEqual(await found({ NEQ: [{ age: 40 }] }), ['Al', 'Cy'])
      assert.deepEqual(await found({ EQ: [{ age: null }] }), ['Di'])
      assert.deepEqual(await found({ NEQ: [{ age: null }] }), ['Al', 'Bo', 'Cy'])
      assert.deepEqual(await found({ LT: [{ age: 1000 }] }), ['Al', 'Bo', 'Cy'])
    })

    test('conditions of a group hold together, groups side by side', async () => {
      const table = await people()
      const found = (groups: unknown) => namesFound(table, parseQuery(groups))
      assert.deepEqual(await found([[{ GT: [{ age: 30 }] }, { EQ: [{ active: true }] }]]), ['Cy'])
      assert.deepEqual(await found([[{ EQ: [{ age: 30 }, { active: false }] }]]), [])
      assert.deepEqual(await found([[{ EQ: [{ age: 30 }] }], [{ EQ: [{ name: 'Di' }] }]]), ['Al', 'Di'])
    })

    test('a query may have as many groups and conditions as the language allows', async () => {
      const table = await people()
      const groups = Array.from({ length: 1_000 }, (_, index) => [
        { EQ: [{ age: index * 10 }] },
        { NEQ: [{ name: 'x' }] },
      ])
      assert.deepEqual(await namesFound(table, parseQuery(groups)), ['Al', 'Bo', 'Cy'])
      const wide = [Array.from({ length: 2_000 }, (_, index) => ({ NEQ: [{ name: `n${index}` }] }))]
      assert.deepEqual(await namesFound(table, parseQuery(wide)), ['Al', 'Bo', 'Cy', 'Di'])
    })

    test('a filter that its column cannot hold is an error and never no filter', async () => {
      const table = await make()
      await insertRows(db, dialect, table, [{ small: 1 }, {}])
      const wrong: [unknown, RegExp][] = [
        [{ EQ: [{ small: '1' }] }, /"small" of type int/],
        [{ GT: [{ small: 1.5 }] }, /whole JSON number/],
        [{ EQ: [{ id: 'x' }] }, /UUID/],
        [{ GT: [{ at: 'yesterday' }] }, /ISO 8601/],
        [{ EQ: [{ on: 'maybe' }] }, /true or false/],
        [{ EQ: [{ text: 'a\0' }] }, /NUL/],
        [{ EQ: [{ text: '\ud800' }] }, /surrogate/],
        [{ EQ: [{ missing: 1 }] }, /no column "missing".*item_id, text/],
        [{ EQ: [{ TEXT: 'a' }] }, /no column "TEXT"/],
        [{ RE: [{ small: '1' }] }, /RE needs a text/],
        [{ RE: [{ at: '2026' }] }, /RE needs a text/],
        [{ RE: [{ text: '(' }] }, /not valid/],
        [{ RE: [{ text: '(?=a)' }] }, /not valid/],
        [{ RE: [{ text: '(a)\\1' }] }, /not valid/],
        [{ RE: [{ text: 'a'.repeat(1_001) }] }, /1000 is the most/],
        [{ RE: [{ text: '(a{200}){200}' }] }, /not valid|too large/],
        [{ EQ: [{ data: 1 }] }, /cannot be compared as a whole/],
        [{ EQ: [{ 'text->>a': 1 }] }, /needs a jsonb column/],
        [{ EQ: [{ 'data->>': 1 }] }, /not a path/],
        [{ EQ: [{ 'data->a': 1 }] }, /not a path/],
        [{ EQ: [{ "data->>'a": 1 }] }, /not a path/],
        [{ EQ: [{ 'data->>a"b': 1 }] }, /not a path/],
        [{ GT: [{ 'data->>a': true }] }, /EQ and NEQ can/],
      ]
      for (const [condition, words] of wrong) {
        const query = filter(condition)
        await assert.rejects(selectRows(db, dialect, table, query), refused('badQuery', words))
        await assert.rejects(countRows(db, dialect, table, query), refused('badQuery', words))
        await assert.rejects(deleteRows(db, dialect, table, query), refused('badQuery', words))
        await assert.rejects(updateRows(db, dialect, table, query, { text: 'x' }), refused('badQuery', words))
      }
      assert.equal(await countRows(db, dialect, table, all), 2)
    })

    test('unset values come first in ascending order and last in descending', async () => {
      const table = await people()
      const sorted = (sort: unknown) => namesFound(table, parseQuery({ SORT: sort }))
      assert.deepEqual(await sorted([{ ASC: 'age' }]), ['Di', 'Al', 'Bo', 'Cy'])
      assert.deepEqual(await sorted([{ DESC: 'age' }]), ['Cy', 'Bo', 'Al', 'Di'])
      assert.deepEqual(await sorted([{ DESC: 'active' }, { DESC: 'age' }]), ['Cy', 'Al', 'Bo', 'Di'])
    })

    test('texts sort by code point, whatever language the database speaks', async () => {
      const table = await make()
      const texts = ['a', 'B', '_', 'Z', 'é', 'e', '😀', '\uffee', 'aa', 'a b', '']
      await insertRows(
        db,
        dialect,
        table,
        texts.map((text) => ({ text })),
      )
      const { rows } = await selectRows(db, dialect, table, parseQuery({ SORT: [{ ASC: 'text' }] }))
      const expected = [...texts].sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)))
      assert.deepEqual(
        rows.map((row) => row.text),
        expected,
      )
      const { rows: later } = await selectRows(db, dialect, table, filter({ GTE: [{ text: 'Z' }] }))
      assert.deepEqual(later.map((row) => row.text).sort(), texts.filter((text) => text !== 'B' && text !== '').sort())
    })

    test('rows come in the order they were made unless a query sorts them', async () => {
      const table = await people()
      const texts = Array.from({ length: 450 }, (_, index) => `p${index}`)
      await insertRows(
        db,
        dialect,
        table,
        texts.map((name) => ({ name })),
      )
      assert.deepEqual(await namesFound(table, all), ['Al', 'Bo', 'Cy', 'Di', ...texts])
    })

    test('pages hold every row once, and say whether another follows', async () => {
      const table = await make([itemId, { name: 'n', type: 'int' }])
      await insertRows(
        db,
        dialect,
        table,
        Array.from({ length: 25 }, (_, index) => ({ n: index % 3 })),
      )
      const seen: unknown[] = []
      const more: boolean[] = []
      for (let page = 1; page <= 4; page++) {
        const query = parseQuery({ SORT: [{ DESC: 'n' }], PAGESIZE: 10, PAGENUM: page })
        const result = await selectRows(db, dialect, table, query)
        seen.push(...result.rows.map((row) => row.item_id))
        more.push(result.more)
      }
      assert.deepEqual(more, [true, true, false, false])
      assert.equal(new Set(seen).size, 25)
      const exact = await selectRows(db, dialect, table, parseQuery({ PAGESIZE: 25 }))
      assert.deepEqual([exact.rows.length, exact.more], [25, false])
      const far = await selectRows(db, dialect, table, parseQuery({ PAGESIZE: 2 ** 31 - 1, PAGENUM: 4_000_000 }))
      assert.deepEqual(far, { rows: [], more: false })
    })

    test('a query without a page size gives 100 rows', async () => {
      const table = await make([itemId])
      await insertRows(
        db,
        dialect,
        table,
        Array.from({ length: 101 }, () => ({})),
      )
      const { rows, more } = await selectRows(db, dialect, table, parseQuery(undefined))
      assert.deepEqual([rows.length, more], [100, true])
      assert.equal((await selectRows(db, dialect, table, parseQuery({ ALL: true }))).rows.length, 101)
    })

    test('gives the selected columns only', async () => {
      const table = await people()
      const { rows } = await selectRows(
        db,
        dialect,
        table,
        parseQuery({ SELECTCOLUMNS: ['age', 'name', 'age'], PAGESIZE: 1 }),
      )
      assert.deepEqual(rows, [{ age: 30, name: 'Al' }])
      await assert.rejects(
        selectRows(db, dialect, table, parseQuery({ SELECTCOLUMNS: ['nope'] })),
        refused('badQuery', /no column "nope"/),
      )
      await assert.rejects(
        selectRows(db, dialect, table, parseQuery({ SORT: [{ ASC: 'nope' }] })),
        refused('badQuery', /no column "nope"/),
      )
    })

    test('counts what matches, whatever page the query names', async () => {
      const table = await people()
      assert.equal(await countRows(db, dialect, table, parseQuery({ PAGESIZE: 1, PAGENUM: 9 })), 4)
      assert.equal(await countRows(db, dialect, table, filter({ EQ: [{ active: true }] })), 2)
    })

    test('groups give each combination once, with its number of rows', async () => {
      const table = await people()
      const grouped = (query: object) => selectRows(db, dialect, table, parseQuery(query))
      assert.deepEqual(await grouped({ GROUPBY: ['active'] }), {
        rows: [
          { active: null, count: 1 },
          { active: false, count: 1 },
          { active: true, count: 2 },
        ],
        more: false,
      })
      const first = await grouped({ GROUPBY: ['active'], SORT: [{ DESC: 'active' }], PAGESIZE: 1 })
      assert.deepEqual(first, { rows: [{ active: true, count: 2 }], more: true })
      await assert.rejects(grouped({ GROUPBY: ['active'], SELECTCOLUMNS: ['age'] }), refused('badQuery', /not among/))
      await assert.rejects(grouped({ GROUPBY: ['nope'] }), refused('badQuery', /no column/))
    })

    test('a path into jsonb compares by the type of what is there', async () => {
      const table = await make()
      const rows: [string, unknown][] = [
        ['number', { v: 5, list: [{ k: 'x' }] }],
        ['text', { v: '5' }],
        ['fraction', { v: 0.5 }],
        ['ten', { v: 10 }],
        ['true', { v: true }],
        ['false', { v: false }],
        ['null', { v: null }],
        ['none', { w: 1 }],
        ['list', [5]],
        ['zero', { '0': 'key', 'a-b c': 1, v: {} }],
      ]
      await insertRows(db, dialect, table, [...rows.map(([text, data]) => ({ text, data })), { text: 'unset' }])
      const found = async (condition: unknown): Promise<unknown[]> =>
        (await selectRows(db, dialect, table, filter(condition))).rows.map((row) => row.text)
      assert.deepEqual(await found({ EQ: [{ 'data->>v': 5 }] }), ['number'])
      assert.deepEqual(await found({ EQ: [{ 'data->>v': '5' }] }), ['number', 'text'])
      assert.deepEqual(await found({ GT: [{ 'data->>v': 1 }] }), ['number', 'ten'])
      assert.deepEqual(await found({ LT: [{ 'data->>v': 5 }] }), ['fraction'])
      assert.deepEqual(await found({ GTE: [{ 'data->>v': '10' }] }), ['text'])
      assert.deepEqual(await found({ EQ: [{ 'data->>v': true }] }), ['true'])
      assert.deepEqual(await found({ EQ: [{ 'data->>v': 'false' }] }), ['false'])
      assert.deepEqual(await found({ NEQ: [{ 'data->>v': 5 }] }), ['text', 'fraction', 'ten', 'true', 'false', 'zero'])
      assert.deepEqual(await found({ EQ: [{ 'data->>v': null }] }), ['null', 'none', 'list', 'unset'])
      assert.deepEqual(await found({ NEQ: [{ 'data->>w': null }] }), ['none'])
      assert.deepEqual(await found({ RE: [{ 'data->>v': '^5$' }] }), ['text'])
      assert.deepEqual(await found({ EQ: [{ 'data->list->0->>k': 'x' }] }), ['number'])
      assert.deepEqual(await found({ EQ: [{ "data->'list'->0->>'k'": 'x' }] }), ['number'])
      assert.deepEqual(await found({ EQ: [{ 'data->>0': 5 }] }), ['list'])
      assert.deepEqual(await found({ EQ: [{ "data->>'0'": 'key' }] }), ['zero'])
      assert.deepEqual(await found({ EQ: [{ "data->>'a-b c'": 1 }] }), ['zero'])
      assert.deepEqual(await found({ EQ: [{ 'data->>a-b c': 1 }] }), ['zero'])
    })

    test('patterns mean the same on every database', async () => {
      const table = await make()
      const texts = [
        'foo bar',
        'foobar',
        'a\nb',
        'A1',
        'x_y',
        'tab\there',
        'ü',
        'a.b',
        'a+b',
        '{,5}',
        'end\n',
        ']',
        '\\',
        '\v',
      ]
      await insertRows(
        db,
        dialect,
        table,
        texts.map((text) => ({ text })),
      )
      const cases: [string, string[]][] = [
        ['foo\\b', ['foo bar']],
        ['foo\\B', ['foobar']],
        ['a.b', ['a.b', 'a+b']],
        ['(?s)a.b', ['a\nb', 'a.b', 'a+b']],
        ['^b', []],
        ['(?m)^b', ['a\nb']],
        ['d$', []],
        ['(?m)d$', ['end\n']],
        ['^a\\d$', []],
        ['(?i)^a\\d$', ['A1']],
        ['^\\w+$', ['foobar', 'A1', 'x_y']],
        ['^\\W$', ['ü', ']', '\\', '\v']],
        ['\\s', ['foo bar', 'a\nb', 'tab\there', 'end\n']],
        ['^[[:upper:]]\\x31', ['A1']],
        ['(?P<first>fo+) ', ['foo bar']],
        ['^\\{,5\\}$', ['{,5}']],
        ['^{,5}$', ['{,5}']],
        ['^[]]$', [']']],
        ['^[^]a-z]', ['A1', 'ü', '{,5}', '\\', '\v']],
        ['^[\\]\\\\-]$', [']', '\\']],
        ['^(?:a|)b?\\.', ['a.b']],
        ['^*A', ['A1']],
        ['o{2}?b', ['foobar']],
        ['^[a\\+\\.]{3}$', []],
        ['\\x{fc}', ['ü']],
        ['a[+.]b|^ü', ['ü', 'a.b', 'a+b']],
        ['\\Aa[^x]b\\z', ['a\nb', 'a.b', 'a+b']],
      ]
      for (const [pattern, expected] of cases) {
        const { rows } = await selectRows(db, dialect, table, filter({ RE: [{ text: pattern }] }))
        assert.deepEqual(
          rows.map((row) => row.text),
          expected,
          pattern,
        )
      }
      for (const pattern of ['a(?i)b', '(?i:a)', '\\pL', '\\Qa.b\\E', '[[:^alpha:]]', '[\\D]', 'a{256}']) {
        await assert.rejects(
          selectRows(db, dialect, table, filter({ RE: [{ text: pattern }] })),
          refused('badQuery', /RE/),
        )
      }
    })

    test('RE finds a uuid by its text', async () => {
      const table = await make()
      await insertRows(db, dialect, table, [{ id: '123e4567-e89b-12d3-a456-426614174000', text: 'x' }, {}])
      const { rows } = await selectRows(db, dialect, table, filter({ RE: [{ id: '^123e.*000$' }] }))
      assert.deepEqual(
        rows.map((row) => row.text),
        ['x'],
      )
    })

    test('inserts any number of rows and gives their keys in order', async () => {
      const table = await make()
      const rows = Array.from({ length: 1_234 }, (_, index) =>
        index % 2 ? { small: index } : { text: `t${index}`, on: true },
      )
      const given = '123e4567-e89b-42d3-a456-426614174000'
      const keys = await insertRows(db, dialect, table, [...rows, {}, { item_id: given.toUpperCase() }])
      assert.equal(keys.length, 1_236)
      assert.equal(keys.at(-1), given)
      assert.equal(new Set(keys).size, keys.length)
      for (const key of keys) assert.match(key, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
      assert.equal((await getRow(db, dialect, table, keys[1_001]))?.small, 1_001)
      const empty = await getRow(db, dialect, table, keys[1_234])
      assert.deepEqual(
        Object.keys(empty ?? {}),
        everyType.map((column) => column.name),
      )
      assert.ok(Object.entries(empty ?? {}).every(([column, value]) => (value === null) === (column !== 'item_id')))
      assert.deepEqual(await insertRows(db, dialect, table, []), [])
    })

    test('inserts wide rows too, whatever number of values one statement may carry', async () => {
      const wide = Array.from({ length: 400 }, (_, index): Column => ({ name: `n${index}`, type: 'int' }))
      const table = await make([itemId, ...wide])
      const row = Object.fromEntries(wide.map((column, index) => [column.name, index]))
      const keys = await insertRows(
        db,
        dialect,
        table,
        Array.from({ length: 170 }, () => row),
      )
      assert.equal(await countRows(db, dialect, table, all), 170)
      assert.deepEqual(await getRow(db, dialect, table, keys[169]), { item_id: keys[169], ...row })
    })

    test('refuses a key that is taken, and one unknown column among many rows', async () => {
      const table = await make()
      const [key] = await insertRows(db, dialect, table, [{ text: 'first' }])
      await assert.rejects(
        insertRows(db, dialect, table, [{ item_id: key }]),
        refused('conflict', /"item_id" must be unique/),
      )
      await assert.rejects(
        insertRows(db, dialect, table, [{ text: 'a' }, { nope: 1 }]),
        refused('badValue', /no column "nope"/),
      )
      const hostile = JSON.parse('{"__proto__": 1}') as Row
      await assert.rejects(insertRows(db, dialect, table, [hostile]), refused('badValue', /__proto__/))
      for (const row of [null, 5, 'x', []] as unknown as Row[]) {
        await assert.rejects(
          async () => insertRows(db, dialect, table, [row]),
          refused('badValue', /must be an object/),
        )
      }
      assert.equal(await countRows(db, dialect, table, all), 1)
    })

    test('finds a row by its key, and nothing by what is no key', async () => {
      const table = await make()
      const [key] = await insertRows(db, dialect, table, [{ text: 'me' }])
      assert.equal((await getRow(db, dialect, table, key?.toUpperCase()))?.text, 'me')
      for (const wrong of ['x', '', null, undefined, 5, {}, "' or 1=1 --"]) {
        assert.equal(await getRow(db, dialect, table, wrong), undefined)
      }
    })

    test('changes the rows that match, and no other, and gives their keys', async () => {
      const table = await people()
      const changed = await updateRows(db, dialect, table, filter({ GTE: [{ age: 40 }] }), { active: null, name: 'X' })
      const { rows } = await selectRows(db, dialect, table, all)
      assert.deepEqual(
        rows.map((row) => [row.name, row.age, row.active]),
        [
          ['Al', 30, true],
          ['X', 40, null],
          ['X', 50, null],
          ['Di', null, null],
        ],
      )
      assert.deepEqual(
        [...changed].sort(),
        rows
          .filter((row) => row.name === 'X')
          .map((row) => row.item_id)
          .sort(),
      )
      assert.deepEqual(await updateRows(db, dialect, table, filter({ EQ: [{ age: 1 }] }), { name: 'Y' }), [])
      await assert.rejects(updateRows(db, dialect, table, all, {}), refused('noChanges', /no column/))
      await assert.rejects(updateRows(db, dialect, table, all, { nope: 1 }), refused('badValue', /no column "nope"/))
    })

    test('takes the key among the changes of its own row, and never changes it', async () => {
      const table = await people()
      const { rows } = await selectRows(db, dialect, table, all)
      const key = rows[0]?.item_id
      const own = filter({ EQ: [{ item_id: key }] })
      assert.deepEqual(await updateRows(db, dialect, table, own, { item_id: key, name: 'Renamed' }), [key])
      assert.deepEqual(await updateRows(db, dialect, table, own, { item_id: key }), [key])
      await assert.rejects(
        updateRows(db, dialect, table, all, { item_id: key, name: 'All' }),
        refused('badValue', /cannot be changed/),
      )
      await assert.rejects(
        updateRows(db, dialect, table, own, { item_id: null }),
        refused('badValue', /cannot be empty/),
      )
      const none = filter({ EQ: [{ age: 99 }] })
      assert.deepEqual(await updateRows(db, dialect, table, none, { item_id: key, name: 'None' }), [])
      assert.deepEqual(await namesFound(table, all), ['Renamed', 'Bo', 'Cy', 'Di'])
    })

    test('deletes the rows that match and gives their keys', async () => {
      const table = await people()
      const { rows } = await selectRows(db, dialect, table, filter({ EQ: [{ active: true }] }))
      const deleted = await deleteRows(db, dialect, table, filter({ EQ: [{ active: true }] }))
      assert.deepEqual([...deleted].sort(), rows.map((row) => row.item_id).sort())
      assert.deepEqual(await namesFound(table, all), ['Bo', 'Di'])
      assert.equal((await deleteRows(db, dialect, table, parseQuery(null))).length, 2)
    })

    test('an upsert makes a row or changes the one that is there, keeping its key and other columns', async () => {
      const table = await people()
      await createIndex(db, dialect, table, 'name', true)
      const made = await upsertRow(db, dialect, table, { name: 'Ed', age: 1 }, 'name')
      assert.equal(made.created, true)
      assert.deepEqual(made.row, { item_id: made.row.item_id, name: 'Ed', age: 1, active: null })
      const changed = await upsertRow(db, dialect, table, { name: 'Ed', active: 'true' }, 'name')
      assert.deepEqual(changed, { row: { ...made.row, active: true }, created: false })
      const same = await upsertRow(db, dialect, table, { name: 'Ed' }, 'name')
      assert.deepEqual(same, changed)
      const byKey = await upsertRow(db, dialect, table, { item_id: made.row.item_id, age: 2 }, 'item_id')
      assert.deepEqual(byKey, { row: { ...changed.row, age: 2 }, created: false })
      const other = await upsertRow(
        db,
        dialect,
        table,
        { item_id: '123e4567-e89b-42d3-a456-426614174000', name: 'Ed', age: 3 },
        'name',
      )
      assert.deepEqual(other, { row: { ...changed.row, age: 3 }, created: false })
      assert.equal(await countRows(db, dialect, table, all), 5)
    })

    test('an upsert needs a unique index and a value', async () => {
      const table = await people()
      await createIndex(db, dialect, table, 'name', false)
      const attempt = (row: Row, column: string) => upsertRow(db, dialect, table, row, column)
      await assert.rejects(attempt({ name: 'Al' }, 'name'), refused('badQuery', /"name" has no unique index/))
      await assert.rejects(attempt({ name: 'Al' }, 'nope'), refused('badQuery', /no column "nope"/))
      await createIndex(db, dialect, table, 'age', true)
      await assert.rejects(attempt({ name: 'Al' }, 'age'), refused('badValue', /no value for the conflict column/))
      await assert.rejects(attempt({ age: 'x' }, 'age'), refused('badValue', /whole JSON number/))
      assert.equal(await countRows(db, dialect, table, all), 4)
    })

    test('a unique index refuses a second row with the same value, on insert and on change', async () => {
      const table = await people()
      await createIndex(db, dialect, table, 'name', true)
      await assert.rejects(
        insertRows(db, dialect, table, [{ name: 'Al' }]),
        refused('conflict', /"name" must be unique/),
      )
      await assert.rejects(
        updateRows(db, dialect, table, filter({ EQ: [{ name: 'Bo' }] }), { name: 'Al' }),
        refused('conflict', /"name" must be unique/),
      )
      await insertRows(db, dialect, table, [{}, {}])
      assert.equal(await countRows(db, dialect, table, all), 6)
      await dropIndex(db, dialect, table, 'name', true)
      await insertRows(db, dialect, table, [{ name: 'Al' }])
      await assert.rejects(
        createIndex(db, dialect, table, 'name', true),
        refused('conflict', /same value in several rows/),
      )
    })

    test('a text too long for its index is kept or clearly refused', async () => {
      const table = await make()
      // Random, since PostgreSQL packs what repeats.
      const text = randomBytes(20_000).toString('hex')
      await createIndex(db, dialect, table, 'text', true)
      const kept = await insertRows(db, dialect, table, [{ text }]).catch((error) => {
        refused('badValue', /too long/)(error)
        return []
      })
      assert.equal(await countRows(db, dialect, table, all), kept.length)
      assert.equal(kept.length, dialect.kind === 'sqlite' ? 1 : 0)
    })

    test('lists indexes by column, as the wire names them', async () => {
      const table = await make()
      assert.deepEqual(await listIndexes(db, dialect, table), [{ name: 'item_id', type: 'Primary Key' }])
      await createIndex(db, dialect, table, 'text', false)
      await createIndex(db, dialect, table, 'text', true)
      await createIndex(db, dialect, table, 'at', false)
      assert.deepEqual(await listIndexes(db, dialect, table), [
        { name: 'item_id', type: 'Primary Key' },
        { name: 'at', type: 'Nonunique Index' },
        { name: 'text', type: 'Unique Index' },
        { name: 'text', type: 'Nonunique Index' },
      ])
      await assert.rejects(
        createIndex(db, dialect, table, 'text', true),
        refused('conflict', /already has a unique index/),
      )
      await assert.rejects(
        createIndex(db, dialect, table, 'data', false),
        refused('badCollection', /cannot have an index/),
      )
      await assert.rejects(createIndex(db, dialect, table, 'nope', false), refused('badCollection', /no column/))
      await dropIndex(db, dialect, table, 'text', false)
      await assert.rejects(dropIndex(db, dialect, table, 'text', false), refused('badCollection', /no plain index/))
      await assert.rejects(dropIndex(db, dialect, table, 'item_id', true), refused('badCollection', /no unique index/))
      assert.equal((await listIndexes(db, dialect, table)).length, 3)
    })

    test('a column keeps its values and indexes when it is renamed, and its old name is free again', async () => {
      let table = await people()
      await createIndex(db, dialect, table, 'name', true)
      await createIndex(db, dialect, table, 'name', false)
      table = await renameColumn(db, dialect, table, 'name', 'Full Name')
      assert.deepEqual(
        table.columns.map((column) => column.name),
        ['item_id', 'Full Name', 'age', 'active'],
      )
      const { rows } = await selectRows(db, dialect, table, filter({ EQ: [{ 'Full Name': 'Al' }] }))
      assert.equal(rows[0]?.age, 30)
      await assert.rejects(
        insertRows(db, dialect, table, [{ 'Full Name': 'Al' }]),
        refused('conflict', /"Full Name" must be unique/),
      )
      table = await addColumn(db, dialect, table, { name: 'name', type: 'int' })
      await createIndex(db, dialect, table, 'name', true)
      assert.deepEqual(
        (await listIndexes(db, dialect, table)).map((index) => index.name),
        ['item_id', 'Full Name', 'Full Name', 'name'],
      )
      table = await renameColumn(db, dialect, table, 'name', 'NAME')
      assert.equal((await selectRows(db, dialect, table, all)).rows[0]?.NAME, null)
    })

    test('a new column is unset everywhere, a dropped one is gone with its indexes', async () => {
      let table = await people()
      table = await addColumn(db, dialect, table, { name: 'extra', type: 'jsonb' })
      await updateRows(db, dialect, table, filter({ EQ: [{ name: 'Al' }] }), { extra: [1] })
      const read = async () => (await selectRows(db, dialect, table, all)).rows
      assert.deepEqual(
        (await read()).map((row) => row.extra),
        [[1], null, null, null],
      )
      await createIndex(db, dialect, table, 'age', true)
      table = await dropColumn(db, dialect, table, 'age')
      assert.deepEqual(Object.keys((await read())[0] ?? {}), ['item_id', 'name', 'active', 'extra'])
      assert.deepEqual(await listIndexes(db, dialect, table), [{ name: 'item_id', type: 'Primary Key' }])
      table = await addColumn(db, dialect, table, { name: 'age', type: 'string' })
      assert.equal((await read())[0]?.age, null)
    })

    test('refuses names that a column cannot have, and ones that differ in case only', async () => {
      const table = await people()
      const add = (name: unknown, type = 'string') => addColumn(db, dialect, table, { name, type } as unknown as Column)
      const wrong: [unknown, RegExp][] = [
        ['', /needs a name/],
        [5, /needs a name/],
        ['name', /already there/],
        ['NAME', /"name" is already there.*case/],
        ['Item_ID', /already there/],
        [' lead', /space/],
        ['trail ', /space/],
        ['a"b', /not allowed/],
        ["a'b", /not allowed/],
        ['a->b', /not allowed/],
        ['a\nb', /not allowed/],
        ['a\0b', /not allowed/],
        ['a;b', /not allowed/],
        ['a\ud800', /not allowed/],
        ['x'.repeat(64), /63 bytes/],
        ['é'.repeat(32), /63 bytes/],
        ['ctid', /reserved/],
        ['__proto__', /reserved/],
      ]
      for (const [name, words] of wrong) await assert.rejects(add(name), refused('badCollection', words))
      await assert.rejects(add('fine', 'text'), refused('badCollection', /type "text" does not exist.*string, uuid/))
      await assert.rejects(renameColumn(db, dialect, table, 'name', 'AGE'), refused('badCollection', /already there/))
      await assert.rejects(renameColumn(db, dialect, table, 'nope', 'x'), refused('badCollection', /no column/))
      await assert.rejects(
        renameColumn(db, dialect, table, 'item_id', 'x'),
        refused('badCollection', /cannot be renamed/),
      )
      await assert.rejects(dropColumn(db, dialect, table, 'item_id'), refused('badCollection', /cannot be dropped/))
      await assert.rejects(dropColumn(db, dialect, table, 'Name'), refused('badCollection', /no column "Name"/))
      await assert.rejects(
        make([itemId, { name: 'a', type: 'int' }, { name: 'A', type: 'int' }]),
        refused('badCollection', /there/),
      )
      await assert.rejects(make([{ name: 'item_id', type: 'int' }]), refused('badCollection', /uuid or string/))
      await assert.rejects(make([{ name: 'other', type: 'uuid' }]), refused('badCollection', /no column "item_id"/))
    })

    test('takes the names that real systems use, SQL words included', async () => {
      const names = [
        'Last Name',
        'select',
        'order',
        'rowid',
        'oid',
        'temp (°C)'.replace('°', ''),
        'a.b',
        'Größe',
        '温度',
        'x as y',
        'a-b',
        '1st',
        'constructor',
        'toString',
        'count',
        '%',
        'é'.repeat(31),
      ]
      const table = await make([itemId, ...names.map((name): Column => ({ name, type: 'string' }))])
      const row = Object.fromEntries(names.map((name, index) => [name, `v${index}`]))
      const [key] = await insertRows(db, dialect, table, [row])
      assert.deepEqual(await getRow(db, dialect, table, key), { item_id: key, ...row })
      for (const [index, name] of names.entries()) {
        await createIndex(db, dialect, table, name, true)
        const query = parseQuery({
          FILTERS: [[{ EQ: [{ [name]: `v${index}` }] }]],
          SORT: [{ DESC: name }],
          SELECTCOLUMNS: [name],
        })
        assert.deepEqual((await selectRows(db, dialect, table, query)).rows, [{ [name]: `v${index}` }])
        await assert.rejects(
          insertRows(db, dialect, table, [{ [name]: `v${index}` }]),
          (error: GatehouseError) => error.kind === 'conflict' && error.detail.includes(JSON.stringify(name)),
        )
      }
    })

    test('SQL in a value is a text like any other', async () => {
      const table = await people()
      const attacks = [
        "'; drop table c_0; --",
        "' or '1'='1",
        '$1',
        '?',
        ':name',
        '\\',
        '\\"',
        '%',
        "''",
        '$' + '{x}',
        '*/ select /*',
      ]
      for (const text of attacks) {
        const [key] = await insertRows(db, dialect, table, [{ name: text }])
        assert.deepEqual(await namesFound(table, filter({ EQ: [{ name: text }] })), [text])
        assert.deepEqual(await updateRows(db, dialect, table, filter({ EQ: [{ name: text }] }), { name: `${text}!` }), [
          key,
        ])
        assert.deepEqual(await deleteRows(db, dialect, table, filter({ EQ: [{ name: `${text}!` }] })), [key])
      }
      assert.deepEqual(await namesFound(table, all), ['Al', 'Bo', 'Cy', 'Di'])
    })

    test('SQL in a name is no column', async () => {
      const table = await people()
      const attacks = [
        'name" or 1=1 --',
        'name = name or name',
        '*',
        '1',
        'count(*)',
        'item_id"; drop table x; --',
        'c_0.name',
        'name as x',
      ]
      for (const attack of attacks) {
        const queries = [
          { FILTERS: [[{ EQ: [{ [attack]: 'x' }] }]] },
          { FILTERS: [[{ NEQ: [{ [attack]: null }] }]] },
          { SORT: [{ ASC: attack }] },
          { SELECTCOLUMNS: [attack] },
          { GROUPBY: [attack] },
        ]
        for (const query of queries) {
          await assert.rejects(selectRows(db, dialect, table, parseQuery(query)), refused('badQuery', /no column/))
        }
        await assert.rejects(insertRows(db, dialect, table, [{ [attack]: 1 }]), refused('badValue', /no column/))
        await assert.rejects(updateRows(db, dialect, table, all, { [attack]: 1 }), refused('badValue', /no column/))
        await assert.rejects(upsertRow(db, dialect, table, { name: 'a' }, attack), refused('badQuery', /no column/))
        await assert.rejects(createIndex(db, dialect, table, attack, true), refused('badCollection', /no column/))
        await assert.rejects(dropColumn(db, dialect, table, attack), refused('badCollection', /no column/))
      }
      assert.equal(await countRows(db, dialect, table, all), 4)
    })

    test('SQL in a path into jsonb is a key like any other, or refused', async () => {
      const table = await make()
      await insertRows(db, dialect, table, [{ data: { a: 1 } }])
      for (const key of ["a'", "a') or (1=1", 'a") or 1=1 --', "a'::text", "a' or '1", '$.a', '"a"', 'a\\']) {
        const query = filter({ EQ: [{ [`data->>${key}`]: 1 }] })
        const rows = await selectRows(db, dialect, table, query).then(
          (result) => result.rows.length,
          (error) => (error instanceof GatehouseError && error.kind === 'badQuery' ? 0 : 1),
        )
        assert.equal(rows, 0, key)
      }
    })

    test('what failed in a transaction is undone, the structure included', async () => {
      const table = await people()
      await assert.rejects(
        db.transaction().execute(async (trx) => {
          const wider = await addColumn(trx, dialect, table, { name: 'extra', type: 'int' })
          await insertRows(trx, dialect, wider, [{ name: 'Ed', extra: 1 }])
          await createIndex(trx, dialect, wider, 'extra', true)
          await insertRows(trx, dialect, wider, [{ name: 'Fa', extra: 1 }])
        }),
        refused('conflict', /"extra"/),
      )
      assert.deepEqual(await namesFound(table, all), ['Al', 'Bo', 'Cy', 'Di'])
      await addColumn(db, dialect, table, { name: 'extra', type: 'int' })
      assert.equal((await listIndexes(db, dialect, table)).length, 1)
    })

    test('a dropped table is gone', async () => {
      const table = await people()
      await createIndex(db, dialect, table, 'name', true)
      await dropTable(db, dialect, table)
      await assert.rejects(selectRows(db, dialect, table, all), { kind: 'conflict' })
      await make([itemId])
    })

    test('tells conflicts from other failures of the database', async () => {
      await sql`create table plain (a integer primary key, b text unique)`.execute(db)
      await sql`insert into plain values (1, 'x')`.execute(db)
      const failure = async (statement: Promise<unknown>) =>
        mapDatabaseError(
          await statement.then(
            () => undefined,
            (error) => error,
          ),
        )
      const conflict = await failure(sql`insert into plain values (2, 'x')`.execute(db))
      assert.ok(conflict?.kind === 'conflict' && conflict.column === 'b')
      const key = await failure(sql`insert into plain values (1, 'y')`.execute(db))
      assert.ok(key?.kind === 'conflict' && key.column === 'a')
      assert.equal(await failure(sql`select nonsense from plain`.execute(db)), undefined)
      assert.equal(mapDatabaseError(new Error('other')), undefined)
      assert.equal(mapDatabaseError('other'), undefined)
    })

    typedTableModelSuite(() => ({ db, dialect, table: `m_${count++}` }))
  })
}
